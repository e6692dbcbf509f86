import Long from 'long';
import { expect, it } from 'vitest';
import { buildCard, keptCalls } from '../../../src/crashes/build-card.js';
import { parseCard } from '../../../src/crashes/parse-card.js';
import { makeDeathCall, makeEvidence, makeNote } from '../../helpers/death-evidence.js';

const long = (value: number) => Long.fromNumber(value, true);
const message = (id: number, text: string) => {
  const params = { id: long(id), type: long(2), from: Buffer.from('alice'), to: Buffer.from('bob') };
  return { message: { params, payload: Buffer.from(text) } };
};
const executing = { kind: 'message', cause: null } as const;

it('has the fault, the thread, the frames by file and offset, and the call', () => {
  const call = makeDeathCall(7, message(4711, 'boom'), null);
  const card = buildCard(makeEvidence({ executing, call, calls: [makeDeathCall(6, message(1, 'fine'))] }));
  expect(card).toMatchObject({
    id: 'm-20261130T120000Z-3',
    time: '2026-11-30T12:00:00.500Z',
    signal: 'SIGSEGV',
    signalCode: 'SEGV_MAPERR',
    address: '0x0',
    buildId: 'aa',
    thread: { id: 42, name: 'mm:m', isMain: true },
    callback: 'on_message',
    message: { seq: 7, id: '4711', from: 'alice', to: 'bob', type: '2', bytes: 4, verdict: null, isKept: true },
    frames: [
      { object: '/opt/m/m.so', offset: '0x1123', isOfModule: true, function: null },
      { object: '/lib/x/libother.so', offset: '0x456', isOfModule: false },
    ],
    calls: [
      { seq: 6, verdict: 'pass', isKept: false },
      { seq: 7, isKept: true },
    ],
  });
  expect(parseCard(JSON.stringify(card), card.id)).toEqual(card);
});

it.each([
  ['last', ['boom']],
  ['all', ['one', 'boom']],
  ['no', []],
] as const)('keeps the bodies that crash_body = %s asks for', (crashBody, bodies) => {
  const withoutBody = { ...makeDeathCall(5, message(5, 'gone')), isWhole: false };
  const calls = [withoutBody, makeDeathCall(6, message(6, 'one'))];
  const evidence = makeEvidence({ executing, call: makeDeathCall(7, message(7, 'boom'), null), calls, crashBody });
  const kept = [...keptCalls(evidence)];
  expect(kept.map(({ payload }) => Buffer.from(payload, 'base64').toString())).toEqual(bodies);
  const card = buildCard(evidence);
  expect(card.calls.filter(({ isKept }) => isKept)).toHaveLength(bodies.length);
  expect(JSON.stringify(card)).not.toContain(Buffer.from('boom').toString('base64'));
});

it('keeps addresses that are not UTF-8, and all 64 bits, as they are', () => {
  const params = { id: Long.MAX_UNSIGNED_VALUE, from: Buffer.from([0xff, 0xfe]) };
  const call = makeDeathCall(1, { message: { params, payload: Buffer.from([0, 255]) } }, null);
  const [kept] = keptCalls(makeEvidence({ executing, call }));
  expect(kept).toEqual({
    seq: 1,
    kind: 'message',
    scalars: { id: '18446744073709551615' },
    from: Buffer.from([0xff, 0xfe]).toString('base64'),
    to: null,
    payload: 'AP8=',
  });
});

it('keeps a login with its address, and a call without anything', () => {
  const login = { address: Buffer.from('carol'), online: long(1), flags: long(6) };
  const kept = (parts: Parameters<typeof makeDeathCall>[1]) => {
    const [one] = keptCalls(makeEvidence({ call: makeDeathCall(1, parts, null) }));
    return one;
  };
  const from = Buffer.from('carol').toString('base64');
  expect(kept({ login })).toMatchObject({ kind: 'login', scalars: { online: '1', flags: '6' }, from, payload: '' });
  expect(kept({ call: {} })).toMatchObject({ kind: 'call', scalars: {}, from: null, to: null, payload: '' });
});

it('keeps the newest bodies when all of them are too large', () => {
  const large = { message: { params: {}, payload: Buffer.alloc(30 << 20) } };
  const calls = [1, 2, 3, 4].map((seq) => makeDeathCall(seq, large));
  const card = buildCard(makeEvidence({ crashBody: 'all', calls }));
  expect(card.calls.map(({ isKept }) => isKept)).toEqual([false, false, true, true]);
});

it('names the message that led to a callback of an http request, as far as it is known', () => {
  const cause = { kind: 'message', messageId: 9n } as const;
  const calls = [makeDeathCall(3, message(9, 'fetch'))];
  const known = buildCard(makeEvidence({ executing: { kind: 'http', cause }, calls }));
  expect(known).toMatchObject({ callback: 'an http callback', message: { id: '9', from: 'alice', bytes: 5 } });
  const forgotten = buildCard(makeEvidence({ executing: { kind: 'http', cause } }));
  expect(forgotten.message).toMatchObject({ id: '9', kind: 'message', from: null, isKept: false });
});

it.each([
  ['init', 'init'],
  ['init-by-default', 'init'],
  ['loading', 'the loading of its file'],
  ['booting', null],
  ['cleanup', 'cleanup'],
] as const)('says what a module that did not serve was doing: %s', (phase, callback) => {
  expect(buildCard(makeEvidence({ phase, served: false, note: 'none' })).callback).toBe(callback);
});

it('a note that says nonsense about its own signal does not change how the process ended', () => {
  const card = buildCard(makeEvidence({ note: makeNote({ signal: 8 }) }));
  expect(card).toMatchObject({ signal: 'SIGSEGV', noFrames: expect.stringContaining('SIGFPE') });
});
