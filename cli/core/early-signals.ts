/** Import this before everything that takes time to load. A core that is just starting then survives a reload signal. */

import { endEarlySignals, surviveEarlySignals } from '../../src/daemon/signals.js';

if (process.argv.includes('start') && !process.argv.includes('--daemon')) surviveEarlySignals();

export { endEarlySignals };
