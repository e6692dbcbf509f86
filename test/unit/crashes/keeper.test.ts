import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { CardKeeper } from '../../../src/crashes/keeper.js';
import { plainFrame, type RawFrame } from '../../../src/stacks/raw-frame.js';
import type { Symbolized } from '../../../src/stacks/symbolizer.js';
import { makeDeathCall, makeEvidence } from '../../helpers/death-evidence.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

let state: string;
let said: string[];
let keeper: CardKeeper;
beforeEach(() => {
  state = makeTempDir();
  said = [];
  keeper = makeKeeper(async (frames) => named(frames));
});

function makeKeeper(symbolize: (frames: readonly RawFrame[]) => Promise<Symbolized>): CardKeeper {
  const say = (level: string, text: string) => said.push(`${level}: ${text}`);
  return new CardKeeper({ stateDir: state, say, symbolizer: { symbolize } });
}

function named(frames: readonly RawFrame[]): Symbolized {
  const place = { function: 'boom', source: '/src/m.c', line: 42 };
  return {
    frames: frames.map((frame, i) => ({ ...plainFrame(frame, i === 0), ...(i === 0 ? place : {}) })),
    by: 'a test',
    remark: null,
  };
}

const evidenceOf = (number: number) => makeEvidence({ cardId: `m-20261130T120000Z-${number}`, generation: number });
const readCard = (number: number) =>
  JSON.parse(readFileSync(join(state, 'crashes', `m-20261130T120000Z-${number}.json`), 'utf8'));

it('writes a card, looks for the functions, writes it again, and says where it was', async () => {
  let look: () => void = () => undefined;
  const looked = new Promise<void>((resolve) => {
    look = resolve;
  });
  keeper = makeKeeper(async (frames) => {
    await looked;
    return named(frames);
  });
  keeper.died(evidenceOf(1));
  const finished = keeper.finished('m-20261130T120000Z-1');
  expect(keeper.lastOf('m')).toEqual({ id: 'm-20261130T120000Z-1', function: null, source: null, line: null });
  await expect.poll(() => readdirSync(state).length && readCard(1).symbols).toMatchObject({ isPending: true });
  expect(readCard(1).frames[0]).toMatchObject({ offset: '0x1123', function: null });
  look();
  expect(await finished).toMatchObject({ path: join(state, 'crashes', 'm-20261130T120000Z-1.json') });
  expect(readCard(1)).toMatchObject({
    symbols: { by: 'a test', isPending: false },
    frames: [{ function: 'boom' }, {}],
  });
  expect(keeper.lastOf('m')).toEqual({ id: 'm-20261130T120000Z-1', function: 'boom', source: '/src/m.c', line: 42 });
  expect(said).toEqual([
    'error: module m: crashed in boom at m.c:42; see: mesibo-modules crashes show m-20261130T120000Z-1',
  ]);
  // Who asks later gets the same.
  expect(await keeper.finished('m-20261130T120000Z-1')).toEqual(await finished);
  expect(await keeper.finished('x-20261130T120000Z-1')).toEqual({ path: null, frame: null });
  keeper.forget('m');
  expect(keeper.lastOf('m')).toBeNull();
});

it('takes the stack of a host that hung from who has looked at it', async () => {
  const frame = { ...plainFrame({ address: 1n, object: null, isReturn: false }, true), function: 'loop' };
  const threads = [{ id: 42, name: 'mm:m', isMain: true, frames: [frame] }];
  const stack = Promise.resolve({ threads, by: 'eu-stack', remark: null });
  keeper.died({ ...evidenceOf(1), cause: 'hang', signal: 'SIGKILL', note: 'ready', stack });
  await keeper.finished('m-20261130T120000Z-1');
  expect(readCard(1)).toMatchObject({
    thread: { id: 42, isMain: true },
    frames: [{ function: 'loop' }],
    noFrames: null,
    symbols: { by: 'eu-stack', isPending: false },
  });
  expect(said[0]).toContain('module m: hung in loop');
});

it('says that the stack of a host that hung could not be read', async () => {
  keeper.died({ ...evidenceOf(1), cause: 'hang', signal: 'SIGKILL', note: 'ready', stack: Promise.resolve(null) });
  await keeper.finished('m-20261130T120000Z-1');
  expect(readCard(1)).toMatchObject({ frames: [], noFrames: expect.stringContaining('from outside') });
});

it('of 300 crashes at once, has the first ones, counts the others, and goes on as before', async () => {
  for (let i = 1; i <= 300; i++) keeper.died(evidenceOf(i));
  await keeper.close();
  expect(readdirSync(join(state, 'crashes'))).toHaveLength(50);
  expect(said.filter((line) => line.startsWith('warn'))).toEqual([
    'warn: a crash has no crash card, because too many came at once',
  ]);
});

it('bounds the memory of the calls that wait', async () => {
  const large = makeDeathCall(1, { message: { params: {}, payload: Buffer.alloc(50 << 20) } }, null);
  for (let i = 1; i <= 5; i++) keeper.died({ ...evidenceOf(i), call: large, crashBody: 'no' });
  await keeper.close();
  expect(readdirSync(join(state, 'crashes'))).toHaveLength(2);
});

it('says once that cards cannot be written, tells where it was nevertheless, and goes on when they can', async () => {
  writeFileSync(join(state, 'crashes'), 'a file in the way');
  for (const i of [1, 2, 3]) {
    keeper.died(evidenceOf(i));
    expect(await keeper.finished(`m-20261130T120000Z-${i}`)).toMatchObject({ path: null, frame: { function: 'boom' } });
  }
  expect(said.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
  expect(said).toContain('error: module m: crashed in boom at m.c:42');
  // There is no card, so no id leads to one.
  expect(keeper.lastOf('m')).toEqual({ id: null, function: 'boom', source: '/src/m.c', line: 42 });
  expect(keeper.problems()).toEqual([expect.stringMatching(/^crash cards cannot be written in .*crashes \(E/)]);
  rmSync(join(state, 'crashes'));
  keeper.died(evidenceOf(4));
  await keeper.finished('m-20261130T120000Z-4');
  expect(keeper.problems()).toEqual([]);
  expect(readCard(4).id).toBe('m-20261130T120000Z-4');
});

it('leaves no card that says that somebody still looks, when the core ends', { timeout: 60_000 }, async () => {
  keeper = makeKeeper(() => new Promise(() => undefined));
  keeper.died(evidenceOf(1));
  keeper.died(evidenceOf(2));
  const finished = keeper.finished('m-20261130T120000Z-2');
  await keeper.close();
  for (const i of [1, 2]) expect(readCard(i).symbols).toMatchObject({ isPending: false, remark: expect.any(String) });
  expect(await finished).toMatchObject({ path: expect.any(String) });
  keeper.died(evidenceOf(3));
  expect(readdirSync(join(state, 'crashes'))).toHaveLength(2);
});

it('goes on when a card cannot be made, and nobody waits for that one', async () => {
  keeper.died({ ...evidenceOf(1), diedAt: new Date(Number.NaN) });
  expect(await keeper.finished('m-20261130T120000Z-1')).toEqual({ path: null, frame: null });
  expect(said[0]).toMatch(/^error: crash card m-20261130T120000Z-1 is not complete \(.*\): please report this$/);
  keeper.died(evidenceOf(2));
  expect(await keeper.finished('m-20261130T120000Z-2')).toMatchObject({ frame: { function: 'boom' } });
});

it('goes on when the functions cannot be looked for', async () => {
  keeper = makeKeeper(() => Promise.reject(new Error('no more processes')));
  keeper.died(evidenceOf(1));
  await keeper.finished('m-20261130T120000Z-1');
  expect(readCard(1).symbols).toEqual({
    by: null,
    isPending: false,
    remark: 'the functions could not be found: no more processes',
  });
});
