/** What comes of watched files: orders, and what is said of them. */

import { IllegalStateError, SupervisorError } from '../errors.js';
import { shortDigest } from '../short-digest.js';
import type { BuildStore } from './builds/store.js';
import type { Announcer } from './news/announcer.js';
import type { Orders } from './orders/orders.js';
import { Watches } from './watch/watches.js';

/** Watches for one supervisor; it begins with the first `follow`. */
export function watchModules({
  orders,
  builds,
  announcer,
}: {
  orders: Orders;
  builds: BuildStore;
  announcer: Announcer;
}): Watches {
  return new Watches({
    read: (path) => builds.read(path),
    reload: async (module, sha256) => {
      try {
        return await orders.renew(module, sha256);
      } catch (error) {
        // The core stops.
        if (error instanceof IllegalStateError) return { kind: 'skipped' };
        if (error instanceof SupervisorError) return { kind: 'refused', why: error.message };
        throw error;
      }
    },
    taken: (module, path, sha256) => {
      announcer.say(module, 'info', `${path} has changed; the new file (sha256 ${shortDigest(sha256)}) was taken`);
      announcer.watched({ module, problem: null });
    },
    failed: (module, path, why) => {
      const problem = `${path} has changed, and was not taken: ${why.replaceAll('\n', '; ')}`;
      announcer.say(module, 'error', problem);
      announcer.watched({ module, problem: `module ${module}: ${problem}` });
    },
    gone: (module, path) =>
      announcer.say(module, 'warn', `${path} is gone; the module goes on with the file that it has loaded`),
  });
}
