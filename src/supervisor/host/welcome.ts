/** What a host is told at its beginning. */

import type { ModuleSpec } from '../../config/types.js';
import { type CoreFrame, REFUSES_HTTP, type Surroundings } from '../../wire/codec.js';
import type { LoadableFile } from '../builds/build.js';
import type { Refusal } from './death.js';

/** For whom, and by which protocol. */
export interface Welcomed {
  protocol: number;
  generation: number;
  maxMessageBytes: number;
  /** `null`: the process was started where the module is to be. */
  surroundings: Surroundings | null;
}

/** Why a host of an older protocol cannot be what the settings want; `null`: it can. */
export function findProtocolProblem(
  { shadowOf, shadowHttp }: Pick<ModuleSpec, 'shadowOf' | 'shadowHttp'>,
  protocol: number,
): Refusal | null {
  if (shadowOf === null || shadowHttp || protocol >= REFUSES_HTTP) return null;
  const what = `its host speaks protocol ${protocol}, which cannot refuse the http requests of a shadow`;
  return { code: 'HANDSHAKE_FAILED', message: `${what}; install the same version of core and host` };
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
