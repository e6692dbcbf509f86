/** The hosts of one module, each with its role. */

import type { Host } from '../host/host.js';
import type { HostRole } from '../types.js';

const ROLES = ['serving', 'preparing', 'retiring', 'kept'] as const satisfies readonly HostRole[];

/** Every host that is not dead. */
export class HostSet {
  readonly #hosts: Record<HostRole, Host[]> = { serving: [], preparing: [], retiring: [], kept: [] };

  /** Those of a role, the oldest first. Never changed in place, so who has it sees one state. */
  in(role: HostRole): readonly Host[] {
    return this.#hosts[role];
  }

  /** The first that serves, or is going to; `null`: there is none. */
  get first(): Host | null {
    return this.#hosts.serving[0] ?? null;
  }

  get all(): Host[] {
    const { serving, retiring, kept, preparing } = this.#hosts;
    return [...serving, ...retiring, ...kept, ...preparing];
  }

  /** `null`: it is none of them. */
  roleOf(host: Host): HostRole | null {
    for (const role of ROLES) {
      if (this.#hosts[role].includes(host)) return role;
    }
    return null;
  }

  /** Takes a host in, or gives one another role. */
  place(host: Host, role: HostRole): void {
    this.remove(host);
    this.#hosts[role] = [...this.#hosts[role], host];
  }

  /** @returns the role that it had; `null`: it was none of them */
  remove(host: Host): HostRole | null {
    const role = this.roleOf(host);
    if (role !== null) this.#hosts[role] = this.#hosts[role].filter((other) => other !== host);
    return role;
  }

  /** Whether calls are still with a host that was taken over from. */
  get isFinishing(): boolean {
    for (const host of this.#hosts.retiring) if (host.inFlight > 0) return true;
    for (const host of this.#hosts.kept) if (host.inFlight > 0) return true;
    return false;
  }

  /** Calls that they hold. */
  get inFlight(): number {
    let inFlight = 0;
    for (const role of ROLES) for (const host of this.#hosts[role]) inFlight += host.inFlight;
    return inFlight;
  }
}
