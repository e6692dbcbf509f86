import { createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { fixtureModule, startCore, type TestCore } from './core.js';

const NAME = 'leaves_calls';
const MIB = 1024 * 1024;

let core: TestCore;
let server: Server | undefined;
afterEach(async () => {
  await core.close();
  server?.close();
  server = undefined;
});

async function start(): Promise<void> {
  core = await startCore([fixtureModule('leaves-calls', { deadlineMs: 60_000, hangMs: null, logRate: null })], {
    blackBoxBytes: 64 * MIB,
    chainDeadlineMs: 60_000,
  });
}

/** What the module did is there: each message whose send returned 0 once, in order; the host serves on. */
async function expectAllThere(): Promise<number> {
  const said = (line: string) => /^sent (\d+)$/.exec(line);
  await core.until(() => core.lines(NAME).some((line) => said(line)));
  const lines = core.lines(NAME);
  const returned = lines.flatMap(
    (line) => /^returned 0:(.*)$/.exec(line)?.[1]?.split(' ').filter(Boolean).map(Number) ?? [],
  );
  expect(returned.length).toBe(Number(lines.map(said).find(Boolean)?.[1]));
  const sent = core.sent.map(({ payload }) => Number.parseInt(payload.toString(), 10));
  expect(sent).toEqual([...new Set(sent)].sort((a, b) => a - b));
  const missing = new Set(returned);
  for (const number of sent) missing.delete(number);
  expect([...missing]).toEqual([]);
  expect(core.module(NAME)).toMatchObject({ generation: 1, crashes: { total: 0 } });
  expect((await core.send('and now')).trace).toMatchObject([{ verdict: 'pass', default: null }]);
  return returned.length;
}

it('a module that jumps out of a fault in a call of the API goes on, and everything still works', async () => {
  await start();
  expect((await core.send('fault')).trace).toMatchObject([{ verdict: 'consumed', default: null }]);
  expect(await expectAllThere()).toBe(4);
  expect(core.lines(NAME)).toContain('left 4 calls');
});

it('a timer that takes a module out of its sends at any moment loses and doubles nothing', async () => {
  await start();
  const { trace } = await core.send('jump 500');
  expect(trace, core.module(NAME).lastError ?? '').toMatchObject([{ verdict: 'consumed', default: null }]);
  expect(await expectAllThere()).toBeGreaterThan(0);
});

it('threads that end in the middle of a send hold up nothing', async () => {
  await start();
  expect((await core.send('end 60')).trace).toMatchObject([{ verdict: 'consumed', default: null }]);
  expect(await expectAllThere()).toBeGreaterThan(0);
});

it('an alarm takes a module out of a synchronous request, and the next request is made', async () => {
  await start();
  let asked = 0;
  const pid = core.module(NAME).pid as number;
  // Whoever asks is not answered, but interrupted.
  server = createServer(() => {
    asked += 1;
    process.kill(pid, 'SIGALRM');
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  for (const round of [1, 2]) {
    expect((await core.send(`alarm http://127.0.0.1:${port}/`)).trace).toMatchObject([{ verdict: 'consumed' }]);
    await core.until(() => core.lines(NAME).filter((line) => line === 'the request was left').length === round);
  }
  expect(core.lines(NAME)).not.toContain('the request came back');
  expect(asked).toBe(2);
  await expectAllThere();
});

it('only the thread of the module runs its signal handlers', async () => {
  await start();
  await core.send('threads');
  await core.until(() => core.lines(NAME).some((line) => line.startsWith('sent')));
  expect(core.lines(NAME).filter((line) => line.endsWith('takes signals'))).toEqual(['main takes signals']);
});
