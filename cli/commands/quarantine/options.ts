import type { CrashesOptions } from '../crashes/options.js';

/** What may be typed behind `quarantine`; some of it is for `crashes replay`, which replays the message. */
export type QuarantineOptions = Omit<CrashesOptions, 'body'>;
