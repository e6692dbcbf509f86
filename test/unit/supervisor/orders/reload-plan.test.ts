import { describe, expect, it } from 'vitest';
import { type ModuleOptions, makeConfig } from '../../../../src/config/make.js';
import { CORE_KEYS, MODULE_KEYS } from '../../../../src/config/schema.js';
import type { CoreConfig, ModuleSpec } from '../../../../src/config/types.js';
import { changedSettings } from '../../../../src/supervisor/orders/changed-settings.js';
import { inForceAfter, type Present, planReload } from '../../../../src/supervisor/orders/reload-plan.js';

function config(modules: ModuleOptions[], more: Partial<CoreConfig> = {}): CoreConfig {
  const paths = modules.map((module) => ({ path: `/m/${module.name}.so`, ...module }));
  return { ...makeConfig({ modules: paths }), ...more };
}

const identify = ({ path }: { path: string | null }) => path;

function plan(before: CoreConfig, next: CoreConfig, names: string[] | null = null, more: Partial<Present> = {}) {
  const present = before.modules.map((spec): Present => ({ spec, desired: 'up', loadedFile: spec.path, ...more }));
  return planReload(present, before, next, identify, names);
}

/** The lists of a report that have something in them. */
function filled(report: object): object {
  return Object.fromEntries(Object.entries(report).filter(([list, names]) => list !== 'changes' && names.length > 0));
}

const BEFORE = config([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);

describe('the effect of a change of one setting', () => {
  it.each<[Omit<ModuleOptions, 'name'>, string]>([
    [{}, 'unchanged'],
    [{ path: '/other.so' }, 'replaced'],
    [{ abi: 'table' }, 'replaced'],
    [{ config: { key: 'value' } }, 'replaced'],
    [{ window: 3 }, 'replaced'],
    [{ hangMs: null }, 'replaced'],
    [{ logRate: 7 }, 'replaced'],
    [{ onFailure: 'consume' }, 'configured'],
    [{ deadlineMs: 7 }, 'configured'],
    [{ startTimeoutMs: 7 }, 'configured'],
    [{ queue: 7 }, 'configured'],
    [{ overload: 'wait' }, 'configured'],
    [{ backoff: { minMs: 1, maxMs: 2 } }, 'configured'],
    [{ maxCrashes: null }, 'configured'],
    [{ stopTimeoutMs: 7 }, 'configured'],
    [{ shadowHttp: true }, 'replaced'],
    [{ match: { from: ['alice'] } }, 'configured'],
    [{ watch: true }, 'configured'],
    [{ probationMs: 7 }, 'configured'],
  ])('%j: %s', (change, list) => {
    const next = config([{ name: 'a' }, { name: 'b', ...change }, { name: 'c' }]);
    const { report, replace, configure } = plan(BEFORE, next);
    expect(report[list as 'replaced']).toContain('b');
    expect(replace.map(({ name }) => name)).toEqual(list === 'replaced' ? ['b'] : []);
    // An unchanged module too: its place in the file may have changed.
    expect(configure).toHaveLength(list === 'replaced' ? 2 : 3);
  });

  it('another file needs a new process, unless the module is stopped', () => {
    expect(filled(plan(BEFORE, BEFORE, null, { loadedFile: 'older' }).report)).toEqual({ replaced: ['a', 'b', 'c'] });
    expect(filled(plan(BEFORE, BEFORE, ['b'], { desired: 'down' }).report)).toEqual({
      unchanged: ['a', 'b', 'c'],
      stopped: ['b'],
    });
    const next = config([{ name: 'a', abi: 'table' }]);
    expect(plan(config([{ name: 'a' }]), next, null, { desired: 'down' })).toMatchObject({
      replace: [],
      configure: next.modules,
      report: { configured: ['a'] },
    });
  });

  it.each([
    ['max_message', { maxMessageBytes: 5 }],
    ['black_box', { blackBoxBytes: 5 }],
    ['gateway', { gateway: '/a.sock' }],
    ['gateway_group', { gatewayGroup: '7' }],
  ])('%s needs a restart of the core', (key, change) => {
    expect(plan(BEFORE, { ...BEFORE, ...change }).report).toMatchObject({ needRestart: [key], settings: [] });
  });

  it.each([
    ['queue_memory', { queueBytes: 5 }],
    ['heartbeat', { heartbeatMs: 5 }],
    ['log_size', { logSizeBytes: 5 }],
    ['log_keep', { logKeep: 7 }],
    ['spare_hosts', { spareHosts: 0 }],
    ['chain_deadline', { chainDeadlineMs: 5 }],
    ['on_event', { onEvent: '/bin/true' }],
    ['module_dir', { moduleDir: ['/a'] }],
    ['webhook', { webhook: 'http://h/' }],
    ['webhook_secret', { webhookSecret: '/a' }],
    ['webhook_timeout', { webhookTimeoutMs: 5 }],
  ])('%s holds from now on', (key, change) => {
    expect(plan(BEFORE, { ...BEFORE, ...change }).report).toMatchObject({ needRestart: [], settings: [key] });
  });

  it('a webhook needs a restart when the core keeps no messages', () => {
    const before = { ...BEFORE, gateway: 'off' };
    const next = { ...before, webhook: 'http://h/', queueBytes: 5 };
    expect(plan(before, next).report).toMatchObject({ needRestart: ['webhook'], settings: ['queue_memory'] });
    expect(inForceAfter(before, next)).toEqual({ ...before, queueBytes: 5 });
    expect(inForceAfter(BEFORE, { ...next, gateway: 'auto' })).toEqual({ ...next, gateway: 'auto' });
  });

  it('a setting that needs a restart keeps its value, so the next reload says so, too', () => {
    const next = { ...BEFORE, gateway: 'off', gatewayGroup: '7', maxMessageBytes: 5, blackBoxBytes: 5, logKeep: 7 };
    const inForce = inForceAfter(BEFORE, next);
    expect(inForce).toEqual({ ...BEFORE, logKeep: 7 });
    const { needRestart, settings } = plan(inForce, next).report;
    expect(needRestart.sort()).toEqual(['black_box', 'gateway', 'gateway_group', 'max_message']);
    expect(settings).toEqual([]);
  });

  it('every global setting is either', () => {
    const changed = Object.fromEntries(Object.values(CORE_KEYS).map(({ field }) => [field, 'changed']));
    const { settings, needRestart } = plan(BEFORE, { ...BEFORE, ...changed }).report;
    expect([...settings, ...needRestart].sort()).toEqual(Object.keys(CORE_KEYS).sort());
  });
});

describe('the reasons', () => {
  const changesOf = (module: Omit<ModuleOptions, 'name'>, more: Partial<Present> = {}) =>
    plan(BEFORE, config([{ name: 'a' }, { name: 'b', ...module }, { name: 'c' }]), null, more).report.changes;

  it.each<[Omit<ModuleOptions, 'name'>, string[]]>([
    [{ window: 3, deadlineMs: 7 }, ['window', 'deadline']],
    [{ maxRssBytes: 2 ** 30, sha256: 'a'.repeat(64) }, ['sha256', 'max_rss']],
    [{ limits: { memoryBytes: 2 ** 30 } }, ['limits.memory']],
    [{ sandbox: { network: 'none', noNewPrivs: true } }, ['sandbox.no_new_privs', 'sandbox.network']],
    [{ env: { TOKEN: 'secret', OTHER: '1' } }, ['env.TOKEN', 'env.OTHER']],
    [{ config: { words: 'secret' } }, ['config.words']],
  ])('are the keys of the settings that differ, and no value: %j', (module, settings) => {
    expect(changesOf(module)).toEqual([{ module: 'b', settings, file: false }]);
  });

  it('are the order, where nothing else of the own settings differs', () => {
    const before = config([{ name: 'a', config: { x: '1', y: '2' } }]);
    const { changes } = plan(before, config([{ name: 'a', config: { y: '2', x: '1' } }])).report;
    expect(changes).toEqual([{ module: 'a', settings: ['config'], file: false }]);
  });

  it('are the file, unless the module is stopped', () => {
    const file = (module: string) => ({ module, settings: [], file: true });
    expect(changesOf({}, { loadedFile: 'older' })).toEqual([file('a'), file('b'), file('c')]);
    expect(changesOf({}, { loadedFile: 'older', desired: 'down' })).toEqual([]);
  });

  it('are the path alone where another file comes with it', () => {
    expect(changesOf({ path: '/other.so' })).toEqual([{ module: 'b', settings: ['path'], file: false }]);
  });

  it('are known of a module that is left, too', () => {
    const next = config([{ name: 'a' }, { name: 'b', window: 3 }, { name: 'c' }]);
    const { left, changes } = plan(BEFORE, next, ['a']).report;
    expect([left, changes]).toEqual([['b'], [{ module: 'b', settings: ['window'], file: false }]]);
  });

  it('name every setting of a module by a key', () => {
    const known = Object.values(MODULE_KEYS).map(({ field }) => field as string);
    const others = ['limits', 'sandbox', 'env', 'config'];
    const spec = BEFORE.modules[0] as ModuleSpec;
    for (const field of [...known, ...others]) {
      if (!(field in spec)) continue;
      const settings = changedSettings(spec, { ...spec, [field]: Symbol(field) }, known as (keyof ModuleSpec)[]);
      if (known.includes(field)) expect(settings).toEqual([expect.stringMatching(/^[a-z0-9_]+$/)]);
    }
  });
});

describe('modules that come and go', () => {
  it('are added and removed, and the order is that of the file', () => {
    const { report, add, remove, order } = plan(BEFORE, config([{ name: 'd' }, { name: 'c' }, { name: 'a' }]));
    expect(filled(report)).toEqual({ added: ['d'], removed: ['b'], unchanged: ['c', 'a'] });
    expect([add.map(({ name }) => name), remove, order]).toEqual([['d'], ['b'], ['d', 'c', 'a']]);
  });

  it('are left alone when a reload is for others, where they stood', () => {
    const next = config([{ name: 'd' }, { name: 'c', window: 3 }, { name: 'a', window: 3 }]);
    const { report, order } = plan(BEFORE, next, ['a']);
    expect(filled(report)).toEqual({ replaced: ['a'], left: ['d', 'c', 'b'] });
    expect(order).toEqual(['c', 'a', 'b']);
    expect(plan(BEFORE, next, ['d', 'b'])).toMatchObject({ order: ['d', 'c', 'a'], report: { left: ['c', 'a'] } });
  });

  it('get a new generation when they are named, changed or not', () => {
    expect(filled(plan(BEFORE, BEFORE, ['b']).report)).toEqual({ replaced: ['b'], unchanged: ['a', 'c'] });
  });
});

it('a module that becomes a shadow, or joins the chain, is another module in its place', () => {
  const before = config([{ name: 'a' }, { name: 'b', shadowOf: 'a' }, { name: 'c' }]);
  const next = config([{ name: 'a' }, { name: 'b' }, { name: 'c', shadowOf: 'a' }]);
  const { report, add, remove, replace, order } = plan(before, next);
  expect(filled(report)).toEqual({ replaced: ['b', 'c'], unchanged: ['a'] });
  expect([add.map(({ name }) => name), remove, replace, order]).toEqual([['b', 'c'], ['b', 'c'], [], ['a', 'b', 'c']]);
  expect(filled(plan(before, next, ['b']).report)).toMatchObject({ replaced: ['b'], left: ['c'] });
  const other = config([{ name: 'a' }, { name: 'b', shadowOf: 'c' }, { name: 'c' }]);
  expect(filled(plan(before, other).report)).toEqual({ configured: ['b'], unchanged: ['a', 'c'] });
});
