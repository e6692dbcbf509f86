import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ABI_NAMES, type AbiName } from '../../src/config/types.js';
import { LAYOUTS } from '../../src/host-runner/abi/index.js';
import { type AbiLayout, encodeLayout } from '../../src/host-runner/abi/layout.js';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { EXPECTED_LAYOUT } from '../helpers/box-layout.js';

const FOLDER = join(PACKAGE_ROOT, 'test/native');
/** MESIBO_TEST_FULL=1 does all of the random and concurrent work. */
const EFFORT = process.env.MESIBO_TEST_FULL ? 1 : 4;
const PROGRAM = join(FOLDER, `build/address-${EFFORT}`);

/** Runs to the end and throws with all that was printed, unless it succeeded. */
function run(command: string, ...args: string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return stdout;
  const end = error?.message ?? (signal ? `was killed by ${signal}` : `ended with ${status}`);
  throw new Error(`${[command, ...args].join(' ')} ${end}\n${stdout}${stderr}`);
}

beforeAll(() => run('make', '-s', '-C', FOLDER, 'all', `EFFORT=${EFFORT}`), 300_000);

describe('the shim by itself, under sanitizers', () => {
  it('passes its own tests', () => {
    expect(run('make', '-s', '-C', FOLDER, 'check', `EFFORT=${EFFORT}`)).toMatch(/^[1-9]\d* native tests, 0 failed\n$/);
  }, 300_000);
});

describe('layouts, as the C compiler sees them', () => {
  let compiled: Record<AbiName | 'box', number[]>;
  beforeAll(() => {
    compiled = JSON.parse(run(PROGRAM, '--layouts'));
  });

  function encoded(layout: AbiLayout): number[] {
    const bytes = encodeLayout(layout);
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt32LE(i * 4));
  }

  it.each(ABI_NAMES)('%s: the offsets in abi/ are those of module.h', (abi) => {
    expect(encoded(LAYOUTS[abi])).toEqual(compiled[abi]);
  });

  it('black box and records: src/wire/ and shim.h agree', () => {
    expect(compiled.box).toEqual(EXPECTED_LAYOUT);
  });
});
