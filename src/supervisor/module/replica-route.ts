/** The way of calls from the queue of a module to the hosts of one of its replicas. */

import type { Lane } from '../../wire/event-kinds.js';
import type { PendingCall } from '../calls/pending-call.js';
import type { CallRoute } from '../calls/shard.js';
import type { Host } from '../host/host.js';
import type { HostSet } from './host-set.js';

/** What it asks. */
export interface ReplicaRouteOptions {
  hosts: HostSet;
  /** Whether a call with this deadline can still reach a host. */
  canWait: (deadlineMs: number) => boolean;
  /** Whether the host must not get the message. */
  isWithheld: (pending: PendingCall, host: Host) => boolean;
  /** Takes a call that the host must not get. */
  withhold: (pending: PendingCall, nowMs: number) => void;
}

/** To the host that serves. */
export class ReplicaRoute implements CallRoute {
  readonly #options: ReplicaRouteOptions;
  readonly #hosts: HostSet;
  readonly canWait: (deadlineMs: number) => boolean;

  constructor(options: ReplicaRouteOptions) {
    this.#options = options;
    this.#hosts = options.hosts;
    this.canWait = options.canWait;
  }

  credit(lane: Lane): number {
    // Calls keep their order: what was handed over before comes first.
    if (this.#hosts.isFinishing) return 0;
    let credit = 0;
    for (const host of this.#hosts.in('serving')) credit += host.credit(lane);
    return credit;
  }

  call(pending: PendingCall, nowMs: number): void {
    const host = this.#hosts.first;
    if (host === null) return;
    const { isWithheld, withhold } = this.#options;
    // Here and not where it comes in: what has waited since then may have become known meanwhile.
    if (isWithheld(pending, host)) withhold(pending, nowMs);
    else host.call(pending, nowMs);
  }

  takeFinished(): void {
    for (const host of this.#hosts.all) host.takeFinished();
  }

  isReady(): boolean {
    for (const host of this.#hosts.in('serving')) if (host.state === 'ready') return true;
    return false;
  }

  load(): number {
    return this.#hosts.inFlight;
  }
}
