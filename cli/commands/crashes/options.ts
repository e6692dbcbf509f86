import type { GlobalOptions } from '../../input/options.js';

/** What may be typed behind `crashes`. */
export interface CrashesOptions extends GlobalOptions {
  module?: string;
  all?: boolean;
  body?: boolean;
  gdb?: boolean;
  valgrind?: boolean;
  anyBuild?: boolean;
  config?: string;
  json?: boolean;
}
