/** The hosts of one module, each with its role. */

import type { Host } from '../host/host.js';

/** What a host is there for. */
export type Role =
  /** It takes calls, from the moment that it is ready. */
  | 'serving'
  /** It starts beside the serving hosts, with new settings or a new file, and waits to take over. */
  | 'preparing'
  /** Another one has taken over from it: it finishes what it holds. */
  | 'retiring'
  /** The same, and it lives on: it may have to take over again. It gets no calls meanwhile. */
  | 'kept';

const ROLES = ['serving', 'preparing', 'retiring', 'kept'] as const satisfies readonly Role[];

/** Every host that is not dead. */
export class HostSet {
  readonly #hosts: Record<Role, Host[]> = { serving: [], preparing: [], retiring: [], kept: [] };

  /** Those of a role, the oldest first. Never changed in place, so who has it sees one state. */
  in(role: Role): readonly Host[] {
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
  roleOf(host: Host): Role | null {
    for (const role of ROLES) {
      if (this.#hosts[role].includes(host)) return role;
    }
    return null;
  }

  /** Takes a host in, or gives one another role. */
  place(host: Host, role: Role): void {
    this.remove(host);
    this.#hosts[role] = [...this.#hosts[role], host];
  }

  /** @returns the role that it had; `null`: it was none of them */
  remove(host: Host): Role | null {
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
