import { performance } from 'node:perf_hooks';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { PendingCall } from '../../src/supervisor/calls/pending-call.js';
import { ADDRESS_MAX_BYTES, type WireParams } from '../../src/wire/params.js';
import { seeded } from '../helpers/random.js';
import { BOX_BYTES, type Burial, bury, MAX_MESSAGE_BYTES, type Remains } from './burial.js';
import { DAMAGE, findRecords } from './damage.js';
import { CALLS, KILLER, leaveRemains, makeCalls } from './remains.js';

/** Boxes that are damaged in each way. */
const CASES = process.env.MESIBO_TEST_FULL ? 5000 : 250;
/** A thousand times what a burial takes. */
const ENDLESS_MS = 5000;

// The first lies at the beginning of its ring, the others where it has gone round.
let boxes: Remains[];
beforeAll(() => {
  boxes = [1, 9, 30].map((rounds, i) => leaveRemains(makeCalls(i), rounds));
});

function copyOf({ header, ring, ...rest }: Remains): Remains {
  return { header: Buffer.from(header), ring: Buffer.from(ring), ...rest };
}

const nameOf = ({ event }: PendingCall) => Number(event.params.id ?? 0);

describe('the black box of a host that was killed', () => {
  it('has wrapped around, and is full of records', () => {
    expect(boxes.map(({ taken }) => taken > BOX_BYTES)).toEqual([false, false, true]);
    for (const box of boxes) expect(findRecords(box).length).toBeGreaterThan(CALLS);
  });

  it('undamaged, tells the truth about every call', () => {
    for (const box of boxes) {
      for (const searched of [false, true]) {
        const { calls, answered, sent, logs, end } = bury(copyOf(box), 'SIGKILL', searched);
        expect(answered.map(([call]) => call)).toEqual(calls.slice(0, KILLER));
        expect(end.lost).toEqual([calls[KILLER]]);
        expect(end.unseen).toEqual(calls.slice(KILLER + 1));
        for (const [call, { verdict, params, payload }] of answered) {
          const id = nameOf(call);
          if (call.event.kind !== 'message') continue;
          const text = call.event.payload.toString();
          expect(verdict).toBe(id % 3 === 0 ? 'consumed' : 'pass');
          expect(Number(params?.expiry)).toBe(60);
          expect(Buffer.from(params?.from ?? []).toString()).toBe(id % 2 === 1 ? 'busy' : 'alice');
          expect(Buffer.from(payload ?? call.event.payload).toString()).toBe(text.toUpperCase());
        }
        const served = calls.slice(0, KILLER);
        const messages = served.filter(({ event }) => event.kind === 'message');
        expect(sent.map(({ params }) => Number(params?.id ?? 0))).toEqual(messages.map(nameOf));
        expect(logs).toHaveLength(served.length);
      }
    }
  });
});

describe('a damaged black box', () => {
  it.each(Object.entries(DAMAGE))(
    `(%s) costs verdicts at most, in ${CASES} cases`,
    (_, damage) => {
      const alloc = vi.spyOn(Buffer, 'alloc');
      for (let seed = 0; seed < CASES; seed++) {
        const next = seeded(seed);
        const remains = copyOf(boxes[next(boxes.length)] as Remains);
        damage(remains, next);
        alloc.mockClear();
        const beganMs = performance.now();
        const signal = ([null, 'SIGSEGV', 'SIGKILL'] as const)[next(3)] ?? null;
        const burial = attempt(seed, () => bury(remains, signal, next(2) === 0));
        const problem = findProblem(burial);
        if (problem) throw new Error(`seed ${seed}: ${problem}`);
        expect(performance.now() - beganMs, `seed ${seed}`).toBeLessThan(ENDLESS_MS);
        const largest = Math.max(0, ...alloc.mock.calls.map(([size]) => size));
        expect(largest, `seed ${seed}`).toBeLessThanOrEqual(BOX_BYTES);
      }
    },
    600_000,
  );
});

function attempt<T>(seed: number, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(`seed ${seed} threw`, { cause });
  }
}

/** A result that the core must never make of a box, whatever its content; `null`: there is none. */
function findProblem({ calls, answered, sent, logs, end }: Burial): string | null {
  const fates = [...answered.map(([call]) => call), ...end.lost, ...end.unseen];
  if (fates.length !== calls.length) return `${fates.length} fates for ${calls.length} calls`;
  if (new Set(fates).size !== fates.length) return 'a call has two fates';
  if (fates.some((call) => !calls.includes(call))) return 'a call that was not held has a fate';
  for (const [{ event }, { params, payload }] of answered) {
    const before = event.payloadBytes;
    if (payload && payload.length !== before) return `a payload of ${before} bytes became one of ${payload.length}`;
    const problem = findAddressProblem(params);
    if (problem) return problem;
  }
  for (const { params, payload } of sent) {
    if ((payload?.length ?? 0) > MAX_MESSAGE_BYTES) return `a message of ${payload?.length} bytes was sent`;
    const problem = findAddressProblem(params);
    if (problem) return problem;
  }
  if (logs.some(({ text }) => (text?.length ?? 0) > BOX_BYTES)) return 'a line is longer than the box';
  return null;
}

function findAddressProblem(params: WireParams | null | undefined): string | null {
  for (const address of [params?.to, params?.from]) {
    if (address && address.length > ADDRESS_MAX_BYTES) return `an address of ${address.length} bytes`;
    if (address && Buffer.from(address).includes(0)) return 'an address with a NUL inside';
  }
  return null;
}
