import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeModules, type NotifyEnvironment, ServiceManager } from '../../../src/daemon/service-manager.js';
import { crashed, serving, statusOf } from '../../helpers/statuses.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function manager(env: NotifyEnvironment) {
  const told: string[] = [];
  return { told, it: new ServiceManager(env, 7, (path, text) => told.push(`${path}: ${text}`)) };
}

const NOTIFY_SOCKET = '/run/notify';

it('gets the start, a reload and the stop, with more time while they last', () => {
  const { told, it: manager_ } = manager({ NOTIFY_SOCKET: '@abstract' });
  manager_.starting();
  vi.advanceTimersByTime(20_000);
  manager_.ready();
  vi.advanceTimersByTime(60_000);
  manager_.reloading();
  manager_.reloaded();
  manager_.stopping();
  manager_.close();
  vi.advanceTimersByTime(60_000);
  const more = '@abstract: EXTEND_TIMEOUT_USEC=30000000';
  expect(told).toEqual([
    ...[more, more, more, '@abstract: READY=1'],
    expect.stringMatching(/^@abstract: RELOADING=1\nMONOTONIC_USEC=\d+$/),
    ...['@abstract: READY=1', '@abstract: STOPPING=1', more],
  ]);
});

it('does not hear of a reload during a start or a stop, which goes on', () => {
  const { told, it: manager_ } = manager({ NOTIFY_SOCKET });
  function reload(): void {
    manager_.reloading();
    manager_.reloaded();
  }
  manager_.starting();
  reload();
  vi.advanceTimersByTime(10_000);
  manager_.ready();
  manager_.stopping();
  reload();
  manager_.ready();
  vi.advanceTimersByTime(10_000);
  manager_.close();
  const more = 'EXTEND_TIMEOUT_USEC=30000000';
  expect(told.map((line) => line.replace('/run/notify: ', ''))).toEqual([
    ...[more, more, 'READY=1', 'STOPPING=1', more, more],
  ]);
});

it('gets the state of modules when that has changed, at most once a second', () => {
  const { told, it: manager_ } = manager({ NOTIFY_SOCKET });
  for (const status of [statusOf(serving), statusOf(serving), statusOf(serving, crashed)]) {
    for (let i = 0; i < 10; i++) manager_.status(() => status);
    vi.advanceTimersByTime(1000);
  }
  expect(told).toEqual([
    '/run/notify: STATUS=1 of 1 modules serve',
    '/run/notify: STATUS=1 of 2 modules serve; crashy: backoff',
  ]);
});

describe('the watchdog', () => {
  it.each<[NotifyEnvironment, number]>([
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '10000000' }, 2],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7' }, 2],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '10000000', WATCHDOG_PID: '8' }, 0],
    [{ WATCHDOG_USEC: '10000000' }, 0],
    [{ NOTIFY_SOCKET }, 0],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: 'soon' }, 0],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '0' }, 0],
    [{ NOTIFY_SOCKET: 'nonsense', WATCHDOG_USEC: '10000000' }, 0],
  ])('%j is heard %d times in 10 s', (env, times) => {
    const { told } = manager(env);
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual(Array.from({ length: times }, () => '/run/notify: WATCHDOG=1'));
  });
});

it('describes modules in a line, however many there are', () => {
  expect(describeModules(statusOf())).toBe('0 of 0 modules serve');
  expect(describeModules(statusOf(...Array.from({ length: 500 }, () => crashed))).length).toBe(1000);
});
