/** How a program tells what it measured: one line of JSON, the last that it prints. */

import type { Sample } from '../figures/statistics.js';

export function tell(sample: Sample): void {
  console.log(JSON.stringify(sample));
}
