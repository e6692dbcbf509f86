/** The page of metrics: its commands, with curl and promtool. */

import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { ADDRESS, FIND, PORT } from './http.js';
import { file, printed, type Step, sh } from './steps.js';

/** The address is known only once the core runs. */
const look: Step = (block, clone) => {
  const [start = '', figure = ''] = block.text.split('\ncurl ');
  sh({ after: FIND, prints: ['consumed by filter'] })({ ...block, text: start }, clone);
  sh({ change: [ADDRESS] })({ ...block, text: `curl ${figure}` }, clone);
};

/** A step for each of its blocks. */
export const METRICS: Step[] = [
  file('mesibo.conf', { change: [PORT] }),
  look,
  printed,
  sh({
    before: `ln -s '${join(PACKAGE_ROOT, 'etc')}' etc`,
    where: [{ line: 'promtool', can: 'promtool --version', prints: 'rules found' }],
  }),
];
