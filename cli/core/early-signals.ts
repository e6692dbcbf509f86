/** Imported before everything else that takes time: a core that is just being started survives a reload signal. */

import { endEarlySignals, surviveEarlySignals } from '../../src/daemon/signals.js';

if (process.argv.includes('start') && !process.argv.includes('--daemon')) surviveEarlySignals();

export { endEarlySignals };
