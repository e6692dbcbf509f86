import { describe, expect, test } from 'vitest';
import { listToJson, renderList } from '../../../../cli/render/list.js';
import { renderOverview } from '../../../../cli/render/status.js';
import { findTroubles, isWell } from '../../../../cli/render/troubles.js';
import type { View } from '../../../../cli/render/view.js';
import { countColumns } from '../../../../cli/text/columns.js';
import type { CoreStatus, ModuleStatus, ServerStatus } from '../../../../src/supervisor/types.js';
import { NOW, serving, statusOf } from '../../../helpers/statuses.js';

const view: View = { nowMs: NOW, width: 100, colour: false, options: [] };
const GATEWAY = '/run/mesibo-modules/gateway.sock';
const prosody: ServerStatus = { name: 'prosody', connections: 2, takesSends: true, inProgress: 3, unacknowledged: 64 };
const waiting: ModuleStatus = { ...serving, sends: { ...serving.sends, total: 9, waiting: 5 } };

function core(...servers: ServerStatus[]): CoreStatus {
  const status = statusOf(serving, { ...waiting, name: 'autoreply' });
  status.core.gateway = GATEWAY;
  const sends = { waiting: 5, away: [], bytes: 120, delivered: 4, refused: 0, expired: 0, consumed: 0 };
  return { ...status, servers, sends };
}

function tell(status: CoreStatus): string[] {
  return findTroubles(status, NOW).map(({ level, what, remedy }) => `${level}: ${what} -> ${remedy}`);
}

test('servers are a table below that of the modules', () => {
  const other: ServerStatus = {
    name: 'b'.repeat(64),
    connections: 1,
    takesSends: false,
    inProgress: 0,
    unacknowledged: 0,
  };
  const lines = renderOverview(core(prosody, other), view).split('\n');
  expect(lines.slice(6, 9)).toEqual([
    'SERVER                                    CONNECTIONS  IN PROGRESS  TAKES SENDS  TO ACKNOWLEDGE',
    'prosody                                             2            3  yes                      64',
    'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...            1            0  no                        0',
  ]);
  for (const width of [60, 80]) {
    const narrow = renderOverview(core(prosody, other), { ...view, width }).split('\n');
    expect(Math.max(...narrow.map(countColumns))).toBeLessThanOrEqual(width);
  }
});

test('when none is connected, the address for connections is shown, if there is one', () => {
  expect(renderOverview(core(), view)).toContain(`\n\nno server is connected to ${GATEWAY}\n`);
  const shared = core();
  shared.core.gatewayGroup = 'chat';
  expect(renderOverview(shared, view)).toContain(`${GATEWAY}, where the group chat may connect\n`);
  const closed = statusOf(serving);
  expect(renderOverview(closed, view)).not.toContain('server');
});

test('the address where the core answers over HTTP is shown', () => {
  const open = core();
  open.core.http = '127.0.0.1:7780';
  expect(renderOverview(open, view)).toContain('\n\nanswers over HTTP at 127.0.0.1:7780\n\nno server is connected to');
  const ways =
    /let a server that takes sends connect to \S+, or read them at \/v1\/sends, over HTTP at 127\.0\.0\.1:7780/;
  expect(tell(open)).toContainEqual(expect.stringMatching(ways));
  open.core.gateway = null;
  expect(renderOverview(open, view)).toContain('\n\nanswers over HTTP at 127.0.0.1:7780\n');
  expect(tell(open)).toContainEqual(expect.stringContaining('read them at /v1/sends, over HTTP at 127.0.0.1:7780'));
  expect(renderOverview(core(prosody), view)).not.toContain('HTTP');
});

test('a core in a program is distinguished from one with a process of its own', () => {
  const status = statusOf(serving);
  expect(renderOverview(status, view)).toMatch(/^core 1\.2\.3, pid 7,/);
  status.core.embedded = true;
  expect(renderOverview(status, view)).toMatch(/^core 1\.2\.3 in a program, pid 7,/);
});

describe('messages that wait', () => {
  test('are a warning, with what to do, when no server takes them; the core counts as well nevertheless', () => {
    const waits = '5 messages that modules sent wait, and no server takes them (autoreply: 5)';
    const connect = `let a server that takes sends connect to ${GATEWAY}`;
    expect(tell(core())).toEqual([`warning: ${waits} -> ${connect}`]);
    expect(tell(core({ ...prosody, takesSends: false }))).toEqual([`warning: ${waits} -> ${connect}`]);
    expect(isWell(core())).toBe(true);
    const closed = core();
    closed.core.gateway = null;
    expect(tell(closed)).toEqual([
      `warning: ${waits} -> let the program that embeds the core take them, with takeSends`,
    ]);
  });

  test('are a note when a server takes them, and are left out when none waits', () => {
    expect(tell(core(prosody))).toEqual([
      'note: 5 messages that modules sent wait for a server (autoreply: 5) -> null',
    ]);
    const none = core();
    expect(tell({ ...none, sends: none.sends && { ...none.sends, waiting: 0 } })).toEqual([]);
    expect(tell({ ...none, sends: null })).toEqual([]);
  });

  test('are a warning when a server takes them, but some are for another one that is away', () => {
    const status = core(prosody);
    const waits = '5 messages that modules sent wait for a server (autoreply: 5)';
    const given = 'what waits longer than send_ttl is given up';
    const withAway = (...away: { server: string; waiting: number }[]) =>
      tell({ ...status, sends: status.sends && { ...status.sends, away } });
    expect(withAway({ server: 'irc', waiting: 3 })).toEqual([
      `warning: ${waits}; only a server that is away takes some of them (irc: 3) -> let it connect and take sends; ${given}`,
    ]);
    expect(withAway({ server: 'irc', waiting: 3 }, { server: '(program)', waiting: 1 })).toEqual([
      `warning: ${waits}; only servers that are away take some of them (irc: 3, (program): 1) -> let them connect and take sends; ${given}`,
    ]);
    const older = { ...status.sends } as Partial<CoreStatus['sends'] & {}>;
    delete older.away;
    expect(tell({ ...status, sends: older as CoreStatus['sends'] })).toEqual([`note: ${waits} -> null`]);
  });

  test('are listed by module, when there are any', () => {
    const { modules } = core();
    expect(renderList(modules, view).split('\n')[0]).toContain('SENDS WAIT');
    expect(renderList(modules, view).split('\n')[2]).toMatch(/^autoreply .*filter\.so +5$/);
    expect(renderList([serving], view)).not.toContain('SENDS WAIT');
    expect(JSON.parse(listToJson(modules))).toMatchObject([{ waiting: 0 }, { name: 'autoreply', waiting: 5 }]);
  });
});

test('a core of another version that says nothing about servers is shown, too', () => {
  const { servers: _, sends: __, ...older } = statusOf(serving);
  expect(renderOverview(older as CoreStatus, view)).toContain('filter  serving');
  expect(findTroubles(older as CoreStatus, NOW)).toEqual([]);
});
