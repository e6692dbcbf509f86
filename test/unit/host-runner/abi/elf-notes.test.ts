import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModuleLoadError } from '../../../../src/errors.js';
import { readElf } from '../../../../src/host-runner/abi/elf.js';
import { PACKAGE_ROOT } from '../../../../src/paths.js';

const INCLUDE = join(PACKAGE_ROOT, 'modules/include');
const STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', `-I${INCLUDE}`, '-fPIC', '-shared'];
const COMPILERS = (
  [
    ['gcc', 'c', '-std=c11'],
    ['clang', 'c', '-std=c11'],
    ['g++', 'c++', '-std=c++11'],
    ['clang++', 'c++', '-std=c++20'],
  ] as const
).filter(([compiler]) => spawnSync(compiler, ['--version']).error === undefined);
const HAS_GOLD = spawnSync('ld.gold', ['--version']).error === undefined;
const ABIS = { table: 1, 'exports-2019': 2019, 'exports-2020': 2020 } as const;
type Abi = keyof typeof ABIS;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'notes-test-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function source(abi: Abi | null): string {
  const macro = abi === null ? '' : `#define MESIBO_MODULE_ABI MESIBO_ABI_${abi.toUpperCase().replace('-', '_')}\n`;
  const body = 'mesibo_module_word_init(mesibo_module_t *mod) { return mod == NULL; }\n';
  return `${macro}#include <mesibo/module.h>\nMESIBO_EXPORT int mesibo_module_word_init(mesibo_module_t *mod);\nint ${body}`;
}

function write(name: string, content: string | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function build(name: string, [compiler, language]: readonly string[], files: string[], flags: string[]): string {
  const path = join(dir, `${name}.so`);
  execFileSync(compiler as string, [...STRICT, ...flags, '-o', path, '-x', language as string, ...files]);
  return path;
}

const marksOf = (path: string) => readElf(path).notes;
const markOf = (abi: Abi, isChosen = true) => ({ abi, number: ABIS[abi], version: 1, isChosen });

describe.each(COMPILERS)('%s', (...compiler) => {
  const [, , standard] = compiler;

  it.each(Object.keys(ABIS) as Abi[])('writes a note for %s, which strip leaves', (abi) => {
    const path = build('each', compiler, [write('each.src', source(abi))], [standard, '-O2']);
    execFileSync('strip', ['--strip-all', path]);
    expect(marksOf(path)).toEqual({ marks: [markOf(abi)], damage: null });
  });

  it('says when the source chose no ABI', () => {
    const path = build('default', compiler, [write('default.src', source(null))], [standard]);
    expect(marksOf(path)).toEqual({ marks: [markOf('table', false)], damage: null });
  });

  it.each([
    ['-O0', '-g'],
    ['-O3', '-flto'],
    ['-Os', '-ffunction-sections', '-fdata-sections', '-fvisibility=hidden', '-Wl,--gc-sections', '-s'],
    ...(HAS_GOLD ? [['-O2', '-fuse-ld=gold', '-Wl,--gc-sections', '-Wl,--strip-all']] : []),
  ])('keeps it with %s %s', (...flags) => {
    const path = build('flags', compiler, [write('flags.src', source('exports-2020'))], [standard, ...flags]);
    expect(marksOf(path)).toEqual({ marks: [markOf('exports-2020')], damage: null });
  });

  it('writes one for each source, in which they may differ', () => {
    const helper = '#include <mesibo/module.h>\nint helper(void);\nint helper(void) { return 1; }\n';
    const files = [write('one.src', source('exports-2019')), write('helper.src', helper)];
    expect(marksOf(build('two', compiler, files, [standard, '-flto', '-O2'])).marks).toEqual(
      expect.arrayContaining([markOf('exports-2019'), markOf('table', false)]),
    );
    const macro = '-DMESIBO_MODULE_ABI=MESIBO_ABI_EXPORTS_2019';
    expect(marksOf(build('same', compiler, files, [standard, macro])).marks).toEqual([markOf('exports-2019')]);
  });
});

describe('a faulty note', () => {
  const OWNER = Buffer.from('mesibo\0\0', 'latin1');
  let sound: Buffer;
  /** Where the note begins. */
  let at: number;
  beforeAll(() => {
    const path = build('sound', ['cc', 'c'], [write('sound.src', source('exports-2020'))], []);
    sound = readFileSync(path);
    at = sound.indexOf(OWNER) - 12;
  });

  function spoil(change: (copy: Buffer) => void): ReturnType<typeof marksOf> {
    const copy = Buffer.from(sound);
    change(copy);
    return marksOf(write('spoilt.so', copy));
  }

  it('has an unknown number', () => {
    expect(spoil((copy) => copy.writeUInt32LE(2031, at + 20))).toEqual({
      marks: [{ abi: null, number: 2031, version: 1, isChosen: true }],
      damage: null,
    });
  });

  it.each([
    ['an owner that is too long', 0],
    ['a text that is too long', 4],
  ])('has %s', (_, word) => {
    const { marks, damage } = spoil((copy) => copy.writeUInt32LE(0xffffffff, at + word));
    expect([marks, damage]).toEqual([[], 'its note does not fit into the notes of the file']);
  });

  it('is too short', () => {
    expect(spoil((copy) => copy.writeUInt32LE(8, at + 4)).damage).toBe('its note is too short');
  });

  it('has another type, and is ignored', () => {
    expect(spoil((copy) => copy.writeUInt32LE(2, at + 8))).toEqual({ marks: [], damage: null });
  });

  it.each([
    ['begins behind the file', 8, 0xffffffffffffn],
    ['is longer than the file', 32, 0xffffffffffffn],
    ['is longer than any number', 32, 0xffffffffffffffffn],
  ])('is in a segment that %s', (_, field, value) => {
    const found = spoil((copy) => {
      for (let header = Number(copy.readBigUInt64LE(32)), i = 0; i < copy.readUInt16LE(56); i++, header += 56)
        if (copy.readUInt32LE(header) === 4) copy.writeBigUInt64LE(value, header + field);
    });
    expect(found).toEqual({ marks: [], damage: 'its notes lie outside of the file' });
  });

  it('is at worst left out, whatever byte of the notes or of their headers is wrong', () => {
    const fates = { sound: 0, other: 0, none: 0, damaged: 0, refused: 0 };
    let random = 4711;
    const next = (below: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return (random >>> 8) % below;
    };
    for (let round = 0; round < 3000; round++) {
      try {
        const { marks, damage } = spoil((copy) => {
          for (let change = 0; change <= round % 4; change++) {
            const place = next(3) === 0 ? 64 + next(56 * copy.readUInt16LE(56)) : at - 40 + next(80);
            copy.writeUInt8(round % 3 === 0 ? 0xff : next(256), place);
          }
        });
        if (damage !== null) fates.damaged += 1;
        else if (marks.length === 0) fates.none += 1;
        else if (marks.some(({ number }) => number !== 2020)) fates.other += 1;
        else fates.sound += 1;
      } catch (error) {
        if (!(error instanceof ModuleLoadError)) throw error;
        fates.refused += 1;
      }
    }
    for (const count of Object.values(fates)) expect(count).toBeGreaterThan(20);
  });
});
