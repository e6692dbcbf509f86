/** How an ABI lays out its structures, in the form that the shim takes it. */

import type { AbiName } from '../../config/types.js';
import { SCALARS } from '../../wire/params.js';

/** Byte offsets of one ABI; `null`: the ABI has no such field. Every field is 8 bytes wide. */
export interface AbiLayout {
  name: AbiName;
  /** `init(module, length)` or `init(version, module, length)`. */
  initArguments: 2 | 3;
  /** `json_extract(src, key, next)` or `json_extract(src, len, key, next)`; 0: there is none. */
  jsonArguments: 0 | 3 | 4;
  module: {
    size: number;
    version: number;
    name: number;
    config: number | null;
    description: number | null;
    signature: number;
    cleanup: number;
    onMessage: number;
    onMessageStatus: number;
    onCall: number;
    onCallStatus: number;
    onLogin: number | null;
    /** Called once, right after init; not one of the events. */
    onConfig: number | null;
    sendMessage: number | null;
    http: number | null;
    log: number | null;
  };
  params: {
    size: number;
    scalars: Partial<Record<(typeof SCALARS)[number], number>>;
    toOnline: number | null;
    to: number;
    from: number;
    /** Where modules of the older ABI look for the addresses, and change them. */
    toAlias: number | null;
    fromAlias: number | null;
  };
  /** In the options of an http request. */
  http: { synchronous: number | null };
}

/** The layout as `struct mm_abi` of the shim: 32-bit integers, -1 for what is absent. */
export function encodeLayout(layout: AbiLayout): Buffer {
  const { module: m, params: p, http } = layout;
  const module = [m.size, m.version, m.name, m.config, m.description, m.signature];
  const callbacks = [m.cleanup, m.onMessage, m.onMessageStatus, m.onCall, m.onCallStatus, m.onLogin, m.onConfig];
  const functions = [m.sendMessage, m.http, m.log];
  const scalars = SCALARS.map((field) => p.scalars[field] ?? null);
  const addresses = [p.toOnline, p.to, p.from, p.toAlias, p.fromAlias];
  const fields = [
    layout.initArguments,
    ...module,
    ...callbacks,
    ...functions,
    p.size,
    ...scalars,
    ...addresses,
    http.synchronous,
    layout.jsonArguments,
  ];
  return Buffer.from(Int32Array.from(fields, (offset) => offset ?? -1).buffer);
}
