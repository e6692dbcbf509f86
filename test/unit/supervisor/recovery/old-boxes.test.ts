import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findOldBoxes, findStart } from '../../../../src/supervisor/recovery/old-boxes.js';
import { type Recovered, type RecoveryOptions, recover } from '../../../../src/supervisor/recovery/recovery.js';
import { formatBoxName } from '../../../../src/supervisor/runner/local/black-box/box-file.js';
import type { LogLine, SentMessage } from '../../../../src/supervisor/types.js';
import { BOX, boxBytes, formatHeader } from '../../../../src/wire/black-box.js';
import { ORIGIN_MAX_BYTES, writeOrigin } from '../../../../src/wire/origin.js';
import type { WireParams } from '../../../../src/wire/params.js';
import { MemoryKeeper } from '../../../helpers/memory-keeper.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';
import { logRecord, resultRecord, sendRecord } from '../../wire/records.js';

const RUN = '0123456789abcdef';
const OLDER = 'fedcba9876543210';
const RING = 64 * 1024;

let directory: string;
let sent: SentMessage[];
let lines: LogLine[];
beforeEach(() => {
  directory = makeTempDir();
  sent = [];
  lines = [];
});

type Record = (position: number) => Buffer;
const send =
  (text: string): Record =>
  (at) =>
    sendRecord(at, { to: Buffer.from('alice'), payload: Buffer.from(text) });
const log =
  (text: string): Record =>
  (at) =>
    logRecord(at, 1, Buffer.from(text));
const result: Record = (at) => resultRecord(at, 1, 0, 0);

interface Made {
  module?: string | null;
  generation?: number;
  runId?: string;
  tail?: number;
  isShadow?: boolean;
  taken?: [position: number, sends: number];
}

/** Makes the box of a killed core; returns its path. `tail` and `taken` count records. */
function makeOld(
  records: Record[],
  { module = 'm', generation = 1, runId = RUN, tail = 0, isShadow, taken }: Made = {},
): string {
  const bytes = Buffer.alloc(boxBytes(RING));
  formatHeader(generation, RING).copy(bytes);
  const positions = [0];
  for (const record of records) {
    const at = positions.at(-1) as number;
    positions.push(at + record(at).copy(bytes, BOX.ringOffset + at));
  }
  bytes.writeBigUInt64LE(BigInt(positions.at(-1) as number), BOX.head);
  bytes.writeBigUInt64LE(BigInt(positions[tail] as number), BOX.tail);
  if (taken) {
    bytes.writeBigUInt64LE(BigInt(positions[taken[0]] as number), BOX.taken);
    bytes.writeBigUInt64LE(BigInt(taken[1]), BOX.takenSends);
  }
  const path = join(directory, formatBoxName({ runId, module, generation, ...(isShadow ? { isShadow } : {}) }));
  writeFileSync(path, bytes, { mode: 0o600 });
  return path;
}

function run(options: Partial<RecoveryOptions> = {}): Promise<Recovered> {
  return recover({
    boxDir: directory,
    runIds: [RUN, OLDER],
    unreadUntil: () => null,
    message: (message) => void sent.push(message),
    keeper: null,
    log: (line) => void lines.push(line),
    proceed: () => true,
    ...options,
  });
}

const texts = () => sent.map(({ payload }) => payload.toString());

describe('the boxes of killed cores', () => {
  it('are handed on in order and removed; nobody waits for their verdicts any more', async () => {
    makeOld([send('1'), log('a\n'), result, send('2')]);
    expect(await run()).toEqual({ boxes: 1, sends: 2, lines: 1, problems: [], unsafe: [], unread: [], complete: true });
    expect(texts()).toEqual(['1', '2']);
    expect(sent[0]).toMatchObject({ module: 'm', generation: 1, params: { to: 'alice' } });
    expect(lines).toMatchObject([{ module: 'm', generation: 1, source: 'module', level: 1, text: 'a' }]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('say which server a message is for, except those of an older version', async () => {
    const sendFor =
      (origin: Uint8Array): Record =>
      (at) =>
        sendRecord(at, { to: Buffer.from('alice') }, 5, origin);
    const said = Buffer.alloc(ORIGIN_MAX_BYTES);
    const origin = { server: 'prosody', eventId: 2n ** 64n - 1n, hops: 3 };
    makeOld([sendFor(said.subarray(0, writeOrigin(said, 0, origin))), send('2'), sendFor(Buffer.from([0x09, 1]))]);
    await run();
    expect(sent.map(({ cause }) => cause)).toEqual([origin, null, null]);
  });

  it('of a module come in the order of runs and generations, and boxes without an owner stay', async () => {
    makeOld([send('4')], { generation: 10 });
    makeOld([send('3')], { generation: 9 });
    makeOld([send('2')], { generation: 12, runId: OLDER });
    makeOld([send('1')], { generation: 11, runId: OLDER });
    const other = makeOld([send('x')], { runId: 'aaaaaaaaaaaaaaaa' });
    writeFileSync(join(directory, 'mesibo-modules-notes'), '');
    await run();
    expect(texts()).toEqual(['1', '2', '3', '4']);
    expect(existsSync(other)).toBe(true);
    expect(readdirSync(directory)).toHaveLength(2);
  });

  it('of spare hosts are removed unread', async () => {
    const spare = makeOld([send('x')], { module: null, generation: 2 });
    expect(await run()).toEqual({ boxes: 0, sends: 0, lines: 0, problems: [], unsafe: [], unread: [], complete: true });
    expect([texts(), existsSync(spare)]).toEqual([[], false]);
  });

  it.each([
    ['nothing was handed on', {}, ['1', '2', '3', '4']],
    ['the host knows that two records were', { tail: 2 }, ['3', '4']],
    ['the core has noted one', { taken: [0, 1] }, ['2', '3', '4']],
    ['the core has noted all', { taken: [4, 0] }, []],
    ['the core has noted one behind what the host knows of', { tail: 2, taken: [2, 1] }, ['4']],
    ['the host knows of more than the core has noted', { tail: 3, taken: [1, 1] }, ['4']],
    ['more was noted than there is', { taken: [0, 9] }, []],
  ] as [string, Made, string[]][])('where %s', async (_, made, expected) => {
    makeOld([send('1'), send('2'), send('3'), send('4')], made);
    await run();
    expect(texts()).toEqual(expected);
  });

  it('are skipped with a reason when they cannot be read, and stay for another core until their time is over', async () => {
    const bad = makeOld([send('1')], { generation: 1 });
    writeFileSync(bad, Buffer.alloc(boxBytes(RING), 'x'));
    const short = makeOld([send('1')], { generation: 2 });
    truncateSync(short, 100);
    const huge = makeOld([send('1')], { generation: 3 });
    truncateSync(huge, 2 ** 40);
    const impossible = makeOld([send('1')], { generation: 4 });
    const bytes = readFileSync(impossible);
    bytes.writeBigUInt64LE(2n ** 63n, BOX.head);
    writeFileSync(impossible, bytes);
    symlinkSync('/etc/passwd', join(directory, formatBoxName({ runId: RUN, module: 'm', generation: 5 })));
    const older = makeOld([send('1')], { generation: 6 });
    const layout = readFileSync(older);
    layout.writeUInt32LE(BOX.version - 1, 8);
    writeFileSync(older, layout);
    makeOld([send('good')], { generation: 7 });
    const until = Date.UTC(2030, 0, 1);
    const first = await run({ unreadUntil: () => until });
    expect([first.boxes, first.complete]).toEqual([2, true]);
    const unread = [bad, short, huge, impossible, older];
    expect(first.unread.map(({ path }) => path)).toEqual(unread);
    expect(readdirSync(directory).sort()).toEqual(unread.map((path) => basename(path)).sort());
    const stays = 'it stays until 2030-01-01T00:00:00.000Z for a core that can, or until you remove it';
    const version = `its layout has version ${BOX.version - 1}, and this core reads version ${BOX.version}: a core of another version was killed`;
    expect(first.problems).toEqual([
      `the black box ${bad} cannot be read: its header was overwritten; ${stays}`,
      `the black box ${short} cannot be read: it has 100 bytes; ${stays}`,
      `the black box ${huge} cannot be read: it has 1099511627776 bytes; ${stays}`,
      `the black box ${impossible} cannot be read: the positions in its header are impossible; ${stays}`,
      expect.stringMatching(/-5 cannot be read: ELOOP/),
      `the black box ${older} cannot be read: ${version}; ${stays}`,
    ]);
    expect(texts()).toEqual(['good']);
    const { problems, boxes } = await run({ unreadUntil: () => null });
    expect([boxes, readdirSync(directory)]).toEqual([5, []]);
    expect(problems.at(-1)).toBe(
      `the black box ${older} cannot be read: ${version}; it was removed, as it has waited for a day`,
    );
    expect(statSync('/etc/passwd').size).toBeGreaterThan(0);
  });

  it.each([
    ['before it had a size', 0],
    ['before it had all of its memory', 5000],
    ['before it had its header', boxBytes(RING)],
  ])('are removed without a word where their core was killed while it made them: %s', async (_, size) => {
    const path = makeOld([]);
    writeFileSync(path, Buffer.alloc(size));
    const { boxes, problems, unread } = await run({ unreadUntil: () => Date.UTC(2030, 0, 1) });
    expect([boxes, problems, unread, existsSync(path)]).toEqual([1, [], [], false]);
  });

  it('may hold messages that no module can have sent, which are counted', async () => {
    const bad: Record = (at) => sendRecord(at, { to: Buffer.from('a\0b'), payload: Buffer.from('x') });
    const path = makeOld([send('1'), bad, send('2')]);
    const { sends, problems } = await run();
    expect({ sends, texts: texts() }).toEqual({ sends: 2, texts: ['1', '2'] });
    expect(problems).toEqual([
      `the black box ${path} held 1 messages of module m that are over 64 MiB or damaged; they were not handed on`,
    ]);
  });

  it('stay for the next core when this one is stopped, with a note of what was handed on', async () => {
    const records = Array.from({ length: 9 }, (_, i) => send(String(i)));
    makeOld(records, { taken: [2, 1] });
    const path = makeOld([send('x')], { generation: 2 });
    expect(await run({ proceed: () => sent.length < 3 })).toMatchObject({ complete: false, sends: 3 });
    expect(existsSync(path)).toBe(true);
    expect(await run()).toMatchObject({ complete: true, sends: 4 });
    expect(texts()).toEqual(['3', '4', '5', '6', '7', '8', 'x']);
  });

  it('give each message an id by its place, the same at each reading', async () => {
    const records = [send('1'), log('a\n'), send('2')];
    const positions = [0, 1, 2].map((count) => records.slice(0, count).reduce((at, make) => at + make(at).length, 0));
    makeOld(records, { generation: 3 });
    makeOld(records, { generation: 3, runId: OLDER });
    await run();
    const ids = [OLDER, RUN].flatMap((runId) => [`${runId}-m-3-0`, `${runId}-m-3-${positions[2]}`]);
    expect(sent.map(({ sentId }) => sentId)).toEqual(ids);
    const first = sent.map(({ params }) => params.id);
    expect(new Set(first).size).toBe(4);
    expect(first.every((id) => id > 0n && id < 2n ** 62n)).toBe(true);
    sent = [];
    makeOld(records, { generation: 3 });
    makeOld(records, { generation: 3, runId: OLDER });
    await run();
    expect(sent.map(({ params }) => params.id)).toEqual(first);
  });

  it('stay until everything read from them is safe with a keeper', async () => {
    const first = makeOld([send('1'), send('2')], { generation: 1 });
    const second = makeOld([send('3')], { generation: 2 });
    const keeper = new MemoryKeeper({ isHeld: true });
    const message = (message: SentMessage, params: WireParams) => keeper.keep(message, params);
    const running = run({ keeper, message });
    await keeper.until(() => keeper.kept.length === 2 && keeper.waiting === 1);
    expect([existsSync(first), existsSync(second)]).toEqual([true, true]);
    keeper.settle();
    await keeper.until(() => keeper.kept.length === 3 && keeper.waiting === 1);
    expect([existsSync(first), existsSync(second)]).toEqual([false, true]);
    keeper.settle();
    expect(await running).toMatchObject({ boxes: 2, sends: 3, complete: true });
    expect(existsSync(second)).toBe(false);
  });

  it('of shadows wait for no keeper, and for no other core: what is in them goes nowhere', async () => {
    makeOld([send('1'), log('a\n')], { isShadow: true });
    const damaged = makeOld([send('2')], { isShadow: true, generation: 2 });
    truncateSync(damaged, 100);
    const keeper = new MemoryKeeper({ isHeld: true });
    keeper.keep({ sentId: 'x' } as SentMessage, {});
    const found = await run({ keeper, unreadUntil: () => Date.now() + 60_000 });
    expect(found).toMatchObject({ boxes: 2, sends: 0, lines: 1, unsafe: [], unread: [] });
    expect(found.problems).toEqual([expect.stringContaining('it was removed, as its module was a shadow')]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('are read from the begin by the next core when their messages were not safe with a keeper', async () => {
    makeOld([send('1'), send('2')]);
    const lost = new MemoryKeeper({ isHeld: true });
    // The core is killed here: nobody goes on with it.
    void run({ keeper: lost, message: (message, params) => lost.keep(message, params) });
    await lost.until(() => lost.waiting === 1);
    const keeper = new MemoryKeeper();
    expect(await run({ keeper, message: (message, params) => keeper.keep(message, params) })).toMatchObject({
      sends: 2,
    });
    expect(keeper.kept.map(({ sentId }) => sentId)).toEqual(lost.kept.map(({ sentId }) => sentId));
  });

  it('stay for the next core when this one is stopped, and are read from the safe position on', async () => {
    makeOld([1, 2, 3, 4, 5].map((number) => send(String(number))));
    const keeper = new MemoryKeeper();
    const message = (message: SentMessage, params: WireParams) => keeper.keep(message, params);
    expect(await run({ keeper, message, proceed: () => keeper.kept.length < 2 })).toMatchObject({ complete: false });
    expect(await run({ keeper, message })).toMatchObject({ complete: true, sends: 3 });
    expect(keeper.kept.map(({ payload }) => payload.toString())).toEqual(['1', '2', '3', '4', '5']);
  });

  it('are none when there is no directory', async () => {
    expect(findOldBoxes(join(directory, 'none'), [RUN])).toEqual([]);
    mkdirSync(join(directory, 'closed'));
    chmodSync(join(directory, 'closed'), 0);
    expect(findOldBoxes(join(directory, 'closed'), [RUN])).toEqual([]);
  });
});

describe('the position to go on from', () => {
  const at = (tail: number, position: number, sends: number, head = 1000) =>
    findStart({ head, tail, handedOn: { position, sends } }, 4096);
  it.each([
    [at(0, 0, 0), { position: 0, sends: 0 }],
    [at(100, 200, 3), { position: 200, sends: 3 }],
    [at(200, 200, 3), { position: 200, sends: 3 }],
    [at(300, 200, 3), { position: 300, sends: 0 }],
    // Overwritten by the module.
    [at(100, 2000, 3), { position: 100, sends: 0 }],
    [at(2000, 100, 3), null],
    [at(0, 0, 0, 5000), null],
    [at(0, 0, 0, 2 ** 64), null],
  ])('case %#', (start, expected) => {
    expect(start).toEqual(expected);
  });
});
