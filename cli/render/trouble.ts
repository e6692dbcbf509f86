/** What is wrong, as a person reads it. */

import type { Sentence } from '../../src/sentence.js';

/** One thing that a person should know. */
export interface Trouble {
  /** `error`: verdicts are not what they should be. `warning`: something happened. `note`: an operator ordered it. */
  level: 'error' | 'warning' | 'note';
  /** `null`: of the core, or of several. */
  module: string | null;
  what: string | Sentence;
  /** What helps, most often a command; `null`: nothing does, or `what` says it. */
  remedy: string | Sentence | null;
}
