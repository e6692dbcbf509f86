import type { Callback } from 'mesibo-modules';
import { afterEach, expect, it } from 'vitest';
import { fixtureModule, patientConfig, TestCore } from './core.js';

const ALL: Callback[] = ['on_message', 'on_message_status', 'on_login', 'on_call', 'on_call_status'];
const some = fixtureModule('sends-many');
const all = fixtureModule('all-callbacks-2020');

let core: TestCore;
afterEach(() => core.close());

it('the callbacks of the chain are those of all its modules, and each change is announced', async () => {
  core = new TestCore({ modules: [some] });
  const told: Callback[][] = [];
  core.supervisor.on('callbacks', (callbacks) => told.push(callbacks));
  expect(core.supervisor.callbacks()).toEqual([]);
  await core.supervisor.open();
  // Nobody knows yet what they have.
  expect(core.supervisor.callbacks()).toEqual(ALL);
  await core.start();
  expect(core.supervisor.callbacks()).toEqual(['on_message']);
  await core.supervisor.reload(patientConfig({ modules: [some, all] }));
  expect(core.supervisor.callbacks()).toEqual(ALL);
  await core.supervisor.reload(patientConfig({ modules: [some] }));
  expect(core.supervisor.callbacks()).toEqual(['on_message']);
  await core.supervisor.reload(patientConfig({ modules: [] }));
  expect(core.supervisor.callbacks()).toEqual([]);
  expect(told).toEqual([ALL, ['on_message'], ALL, ['on_message'], []]);
});
