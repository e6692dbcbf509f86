/** What a supervisor is given. */

import type { CoreKind } from '../../lock-file.js';
import type { SendKeeper } from './sends.js';

/** Where a supervisor keeps what it needs while it runs. */
export interface SupervisorOptions {
  /** Keeps what modules send until somebody has taken it; without one, listeners of `message` take it. */
  sendKeeper?: SendKeeper;
  /** Made with mode 0700 when it does not exist; only its owner may be able to write to it. One core at a time. */
  runDir: string;
  /**
   * Where what must outlive a run is kept, as which ABI a file was found to have; without it that is forgotten. Copies of the
   * modules' files are in it too; without it they are in the run directory, until the stop. Made with mode 0700 when it does
   * not exist. One core at a time.
   */
  stateDir?: string;
  /** Where black boxes are made; a memory file system. */
  boxDir?: string;
  /**
   * Makes this process the parent of what hosts leave behind, which is then ended with its host; without it, when the
   * supervisor stops. Only for a process that has no other children than those it starts with Node on this thread, and
   * for one supervisor in it at a time.
   */
  subreaper?: boolean;
  /** What commands are told of who holds the run directory; only {@link Core} sets it, which serves them. */
  kind?: CoreKind;
  /** Called when it takes events, which is before its modules are ready. */
  onTaking?: () => void;
  /** Called at a stop when every host is gone, before the directories are given back; it must not reject. */
  beforeRelease?: () => Promise<void>;
}
