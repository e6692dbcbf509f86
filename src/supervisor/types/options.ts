/** What a supervisor is given. */

import type { CoreKind } from '../../lock-file.js';
import type { CrashKeeper } from './deaths.js';
import type { SendKeeper } from './sends.js';

/** Where a supervisor keeps what it needs while it runs. */
export interface SupervisorOptions {
  /** Keeps what modules send until somebody has taken it; without one, listeners of `message` take it. */
  sendKeeper?: SendKeeper;
  /** Is given what is known of each death; without one that is forgotten. */
  crashKeeper?: CrashKeeper;
  /** Made with mode 0700 when it does not exist; only its owner may be able to write to it. One core at a time. */
  runDir: string;
  /**
   * Keeps what must outlive a run, such as the ABI that was found for a file; without it that is forgotten. It also holds
   * copies of the modules' files; without it they are in the run directory, until the stop. Made with mode 0700 when it does
   * not exist. One core at a time.
   */
  stateDir?: string;
  /** Where black boxes are made; a memory file system. */
  boxDir?: string;
  /**
   * Makes this process the parent of what hosts leave behind. Leftovers then end with their host; without this option they end
   * when the supervisor stops. Only for a process whose children are all started with Node on this thread, and for one
   * supervisor at a time.
   */
  subreaper?: boolean;
  /** What commands learn about the holder of the run directory. Only {@link Core}, which serves commands, sets it. */
  kind?: CoreKind;
  /** Called when it takes events, which is before its modules are ready. */
  onTaking?: () => void;
  /** Called at a stop when every host is gone, before the directories are given back; it must not reject. */
  beforeRelease?: () => Promise<void>;
}
