import type { GlobalOptions } from '../../input/options.js';

/** What may be typed behind `quarantine`. */
export interface QuarantineOptions extends GlobalOptions {
  module?: string;
  all?: boolean;
  json?: boolean;
}
