/** The group whose members may connect to the gateway: gives it access, and finds what keeps it out. */

import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DirectoryError, type SupervisorError } from '../errors.js';
import { findGroup, hasAccessList } from '../groups.js';

/** The permissions of a folder to pass through it, and of a socket to connect. */
const PASS = { group: 0o010, others: 0o001 };
const OWNER_AND_GROUP = 0o660;

/** One group. */
export class GatewayGroup {
  readonly #name: string;
  readonly #gid: number;
  /** The gateway's socket. */
  readonly #path: string;

  /** @throws SupervisorError `GATEWAY_UNUSABLE` for one that the system does not have */
  constructor(name: string, path: string) {
    const gid = findGroup(name);
    if (gid === null) {
      const what = `the socket for chat servers ${path} cannot be given to the group ${name}, which this system does not have`;
      const remedy = 'make the group, for example with groupadd, or set "gateway_group" to another one';
      throw new DirectoryError('GATEWAY_UNUSABLE', what, { remedy });
    }
    this.#name = name;
    this.#gid = gid;
    this.#path = path;
  }

  /**
   * Lets the group connect to a socket that nobody but this user may use yet.
   *
   * @throws SupervisorError `GATEWAY_UNUSABLE`
   */
  admitTo(socket: string): void {
    this.#give(this.#path, () => {
      // In this order: no other group may ever connect.
      chownSync(socket, -1, this.#gid);
      chmodSync(socket, OWNER_AND_GROUP);
    });
  }

  /**
   * Lets the group through a folder of this user's, unless it may pass already. What is in it keeps its own permissions, and its
   * names are not shown.
   *
   * @throws SupervisorError `GATEWAY_UNUSABLE`
   */
  letThrough(folder: string): void {
    if (this.#mayPass(folder)) return;
    this.#give(`the folder ${folder}`, () => {
      const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      try {
        const mode = fstatSync(fd).mode & 0o7777;
        // The old group must not get in, and this one no further than needed.
        const kept = mode & (0o7700 | PASS.others);
        fchmodSync(fd, kept);
        try {
          fchownSync(fd, -1, this.#gid);
        } catch (error) {
          fchmodSync(fd, mode);
          throw error;
        }
        fchmodSync(fd, kept | PASS.group);
      } finally {
        closeSync(fd);
      }
    });
  }

  /** Says which folder keeps the group away from the socket, and what to do; `null`: none does. */
  problem(): string | null {
    try {
      for (let folder = realpathSync(dirname(this.#path)); ; folder = dirname(folder)) {
        if (!this.#mayPass(folder)) return this.#describeBarrier(folder);
        if (folder === dirname(folder)) return null;
      }
    } catch {
      // Others report what cannot be looked at.
      return null;
    }
  }

  #mayPass(folder: string): boolean {
    const { mode, gid } = statSync(folder);
    // With an access list these are the permissions that it gives at most.
    if (hasAccessList(folder)) return (mode & (PASS.group | PASS.others)) !== 0;
    // What others may do does not count for the group of the folder.
    return (mode & (gid === this.#gid ? PASS.group : PASS.others)) !== 0;
  }

  #describeBarrier(folder: string): string {
    const info = statSync(folder);
    const mode = (info.mode & 0o7777).toString(8).padStart(4, '0');
    const whose = info.gid === this.#gid ? 'g' : 'o';
    const what = `the group ${this.#name} cannot connect to ${this.#path}, because ${folder} has the mode ${mode}`;
    return `${what}; let the group pass, for example with chmod ${whose}+x, or set "gateway" to a path that it can reach`;
  }

  #give(what: string, give: () => void): void {
    try {
      give();
    } catch (cause) {
      throw this.#refused(what, cause as NodeJS.ErrnoException);
    }
  }

  #refused(what: string, cause: NodeJS.ErrnoException): SupervisorError {
    const who = `user ${process.geteuid?.()}`;
    const isForeign = cause.code === 'EPERM';
    const why = isForeign ? `${who} is not a member of it` : `${cause.code ?? cause.message}`;
    const subject = what === this.#path ? `the socket for chat servers ${what}` : what;
    const remedy = isForeign
      ? 'make that user a member and start the core again, or set "gateway_group" to a group that the user is a member of'
      : 'set "gateway_group" to another group, or to none';
    return new DirectoryError('GATEWAY_UNUSABLE', `${subject} cannot be given to the group ${this.#name} (${why})`, {
      remedy,
      cause,
    });
  }
}
