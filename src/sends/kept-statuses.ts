/** Statuses from servers, kept in memory while their module cannot take them. Pure. */

import type { MessageParamsInput } from '../supervisor/types.js';
import { toWireParams } from '../wire/params.js';
import type { DueStatus } from './statuses-due.js';
import type { StatusOfSend } from './types.js';

/** So much is kept for one module. */
const MAX_STATUSES = 4096;
const MAX_BYTES = 1024 * 1024;
/** What one takes beside its addresses. */
const OWN_BYTES = 200;

/** One that is kept. */
export class KeptStatus implements DueStatus {
  readonly module: string;
  readonly sentId: string;
  readonly dueStatus: number;
  readonly server: string;
  readonly given: MessageParamsInput;
  readonly cause = null;
  readonly bytes: number;

  /** @throws {MessageError} for parameters that no module could be given */
  constructor(module: string, { sentId, status, params, server }: StatusOfSend) {
    const { to, from } = toWireParams({ ...params, status });
    this.module = module;
    this.sentId = sentId;
    this.dueStatus = status;
    this.server = server;
    this.given = params;
    this.bytes = OWN_BYTES + sentId.length + (to?.length ?? 0) + (from?.length ?? 0);
  }
}

/** Counts them. */
export class KeptStatuses {
  readonly #shares = new Map<string, { count: number; bytes: number }>();

  /** @returns `false`: so many are kept for the module that this one cannot be */
  take({ module, bytes }: KeptStatus): boolean {
    const share = this.#shares.get(module) ?? { count: 0, bytes: 0 };
    if (share.count >= MAX_STATUSES || share.bytes + bytes > MAX_BYTES) return false;
    share.count += 1;
    share.bytes += bytes;
    this.#shares.set(module, share);
    return true;
  }

  /** One is no longer kept. */
  release({ module, bytes }: KeptStatus): void {
    const share = this.#shares.get(module);
    if (!share) return;
    share.count -= 1;
    share.bytes -= bytes;
    if (share.count === 0) this.#shares.delete(module);
  }
}
