/** Orders, one after the other. */

import { expect, it } from 'vitest';
import { makeConfig } from '../../../../src/config/make.js';
import { Roster } from '../../../../src/supervisor/module/roster.js';
import { Orders } from '../../../../src/supervisor/orders/orders.js';
import { StoppedModules } from '../../../../src/supervisor/orders/stopped-modules.js';
import { PlayedModule } from '../../../helpers/played-module.js';

it('what fails after an order stands in the way of no other order, and of no stop', async () => {
  const config = makeConfig({ modules: [] });
  const nothing = () => undefined;
  const events = { message: () => null, lifecycle: nothing, log: nothing, died: nothing };
  const roster = new Roster(new PlayedModule().around, { ...events, wentBack: nothing, callbacks: nothing });
  const orders = new Orders(
    {
      ...{ roster, stopped: new StoppedModules(null), config: () => config },
      ...{ requireRunning: nothing, adopt: nothing, underway: async () => undefined },
      carriedOut: () => {
        throw new Error('a fault of ours');
      },
    },
    Promise.resolve(),
  );
  const own = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const surfaced = new Promise<Error>((done) => process.once('uncaughtException', done));
  try {
    await orders.planReload(config, null);
    await orders.settled();
    expect((await surfaced).message).toBe('a fault of ours');
  } finally {
    for (const listener of own) process.on('uncaughtException', listener);
  }
});
