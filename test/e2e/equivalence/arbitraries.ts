/** Random scenarios. */

import fc from 'fast-check';
import { SCALARS } from '../../../src/wire/params.js';
import { describeScenario, MODULES, type Occurrence, type ScalarName, type Scenario } from './scenario.js';

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
/** The modules of one chain, at most; rarely so many that the last ones are never reached. */
const MAX_CHAIN = 6;
const MAX_RULES = 8;
const MAX_PAYLOAD = 4096;
const SCALAR_NAMES = SCALARS.filter((name): name is ScalarName => name !== 'refid');

const u64 = fc.oneof(
  { weight: 2, arbitrary: fc.bigInt(0n, 16n) },
  { weight: 2, arbitrary: fc.bigInt(0n, MAX_U64) },
  { weight: 1, arbitrary: fc.constantFrom(MAX_U64, 1n << 63n, (1n << 63n) - 1n, 1n << 32n, 0xffff_ffffn, 1n << 53n) },
);

/** No NUL: C strings. */
const addressBytes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('alice', 'bob', '', 'x'.repeat(300), 'Zoë') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '?')) },
);
const address = fc.oneof(
  { weight: 5, arbitrary: addressBytes.map((text) => Buffer.from(text, 'utf8')) },
  { weight: 1, arbitrary: fc.uint8Array({ min: 1, maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constant(null) },
);

const payload = fc.record({
  length: fc.oneof(fc.nat(3), fc.nat(64), fc.nat(MAX_PAYLOAD)),
  kind: fc.constantFrom('bytes', 'text', 'zeros'),
  seed: fc.nat(),
});

const hex = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('hex') || '-');
/** What stands in a C string. */
const hexText = fc.uint8Array({ min: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('hex') || '-');

// 1 in its lower half consumes, and nothing else does.
const result = fc.constantFrom(0n, 1n, 1n, 2n, MAX_U64, 0x1_0000_0001n, 0x1_0000_0000n);
const field = fc.constantFrom(...SCALARS);
const where = fc.oneof(fc.constantFrom('null', 'other'), hexText);
const what = fc.oneof(fc.constant('message'), hex);

const words = (...parts: fc.Arbitrary<unknown>[]) => fc.tuple(...parts).map((values) => values.join(' '));
const verb = (name: string) => fc.constant(name);
const action = fc.oneof(
  { weight: 2, arbitrary: words(verb('return'), result) },
  { weight: 3, arbitrary: words(verb('byte'), fc.nat(MAX_PAYLOAD), fc.integer({ min: 1, max: 255 })) },
  { weight: 1, arbitrary: words(verb('fill'), fc.nat(80), fc.nat(80), fc.constantFrom(0, 65, 255)) },
  { weight: 3, arbitrary: words(fc.constantFrom('set', 'add'), field, u64) },
  { weight: 3, arbitrary: words(fc.constantFrom('to', 'from'), where) },
  { weight: 2, arbitrary: words(fc.constantFrom('send', 'post'), fc.integer({ min: 1, max: 3 }), what) },
  { weight: 1, arbitrary: words(verb('log'), fc.nat(9), hexText) },
  { weight: 3, arbitrary: verb('see') },
);
const rule = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.nat(3), action)
  .map(([by, rest, does]) => `${by} ${rest % by} ${does}`);

const scalars = fc.record(
  Object.fromEntries(SCALAR_NAMES.map((name) => [name, u64])) as Record<ScalarName, typeof u64>,
  { requiredKeys: [] },
);

const occurrence: fc.Arbitrary<Occurrence> = fc.record({
  function: fc.constantFrom('message', 'message', 'message', 'message', 'status'),
  chain: fc.nat(3),
  scalars,
  refidUpper: fc.oneof(fc.constant(0), fc.nat(0xffff_ffff)),
  to: address,
  from: address,
  payload,
});

const places = MODULES.map((_, place) => place);
const chain = fc.shuffledSubarray(places, { minLength: 1, maxLength: MAX_CHAIN });

/**
 * Scenarios with this many events at most.
 *
 * @param maxEvents - most scenarios have about as many
 */
export function scenarios(maxEvents: number): fc.Arbitrary<Scenario> {
  const rules = fc.array(rule, { maxLength: MAX_RULES, size: 'max' });
  return fc
    .record({
      rules: fc.array(rules, { minLength: places.length, maxLength: places.length }),
      chains: fc.array(chain, { minLength: 1, maxLength: 4, size: 'max' }),
      events: fc.array(occurrence, { minLength: 1, maxLength: maxEvents, size: 'max' }),
    })
    .map((scenario) => Object.assign(scenario, { [fc.toStringMethod]: () => describeScenario(scenario) }));
}
