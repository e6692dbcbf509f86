/** What a host is told at its beginning. */

import type { ModuleSpec } from '../../config/types.js';
import type { CoreFrame, Surroundings } from '../../wire/codec.js';
import type { LoadableFile } from '../builds/build.js';

/** For whom, and by which protocol. */
export interface Welcomed {
  protocol: number;
  generation: number;
  maxMessageBytes: number;
  /** `null`: the process was started where the module is to be. */
  surroundings: Surroundings | null;
}

/** The frame that says what to load, and within which limits. */
export function makeWelcome(
  { name, abi, config, umask, coreFiles, logRate, sha256, shadowOf, shadowHttp }: ModuleSpec,
  { path, build, identity }: LoadableFile,
  { protocol, generation, maxMessageBytes, surroundings }: Welcomed,
): CoreFrame {
  return {
    welcome: {
      protocol,
      module: name,
      generation,
      path,
      ...(abi ? { abi } : {}),
      ...(build && identity ? { sha256: build.sha256, fileIdentity: identity } : {}),
      ...(sha256 === null ? {} : { sha256, pinned: true }),
      settings: config.map(([key, value]) => ({ key, value })),
      maxMessage: maxMessageBytes,
      logRate: logRate ?? 0,
      ...(umask === null ? {} : { umask }),
      ...(surroundings === null ? {} : { surroundings }),
      ...(shadowOf === null ? {} : { shadowOf }),
      ...(shadowOf === null || shadowHttp ? {} : { refuseHttp: true }),
      ...(coreFiles === 'inherit' ? {} : { coreFiles: coreFiles === 'on' }),
    },
  };
}
