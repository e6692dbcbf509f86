/** Names and lines of addresses, with real compilers and real programs. */

import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Elf } from '../../../src/stacks/elf/elf.js';
import type { ModuleFiles } from '../../../src/stacks/module-files.js';
import type { RawFrame } from '../../../src/stacks/raw-frame.js';
import { Symbolizer, type SymbolizerSettings } from '../../../src/stacks/symbolizer.js';
import type { CrashObject } from '../../../src/wire/crash-note.js';
import { addressOf, compile, has, pathOf, run } from '../../helpers/compiled.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const PLAIN = `
static int __attribute__((noinline)) inner(int *at)
{
	return *at; /* here */
}

int outer(int *at)
{
	int value = inner(at); /* called */
	return value + 1;
}
`;

const BASE = 0x7000_0000_0000n;

async function objectOf(path: string): Promise<CrashObject> {
  const elf = await Elf.open(path);
  if (elf === null) throw new Error(`${path} cannot be read`);
  await elf.close();
  return { start: BASE, end: BASE + 0x1_0000_0000n, base: BASE, buildId: elf.buildId, path, isDeleted: false };
}

function frame(object: CrashObject, address: bigint, isReturn = false): RawFrame {
  return { address: object.base + address, object, isReturn };
}

function filesOf(path: string, ...others: string[]): ModuleFiles {
  return { path, others };
}

/** Looks up some bytes into `inner`. */
async function lookUp(path: string, settings: SymbolizerSettings = {}, object?: CrashObject, at = path) {
  const frames = [frame(object ?? (await objectOf(path)), addressOf(at, 'inner') + 8n)];
  return new Symbolizer(settings).symbolize(frames, { files: filesOf(path) });
}

describe.each([['addr2line'], ['eu-addr2line']])('with %s', (tool) => {
  it.runIf(has(tool))('functions of C have their file and line', async () => {
    const { path, source, lineOf } = compile('plain.c', PLAIN);
    const object = await objectOf(path);
    // The call is the instruction before the one that it returns to, whose line is another one.
    const outer = addressOf(path, 'outer');
    const call = /call.*\n\s*([0-9a-f]+):/.exec(
      run('objdump', '-d', '--no-show-raw-insn', `--start-address=${outer}`, path),
    );
    const frames = [frame(object, addressOf(path, 'inner') + 8n), frame(object, BigInt(`0x${call?.[1]}`), true)];
    const {
      frames: found,
      by,
      remark,
    } = await new Symbolizer({ path: pathOf(tool) }).symbolize(frames, {
      files: filesOf(path),
    });
    expect([by, remark]).toEqual([tool, null]);
    expect(found.map((one) => [one.function, one.source, one.line, one.isOfModule, one.isInlined])).toEqual([
      ['inner', source, lineOf('here'), true, false],
      ['outer', source, lineOf('called'), true, false],
    ]);
    expect(found[0]).toMatchObject({ object: path, buildId: object.buildId, functionOffset: null });
    expect(found[0]?.address).toBe(`0x${(frames[0]?.address ?? 0n).toString(16)}`);
  });

  it.runIf(has(tool))(
    'functions of C++ that were put into others have a frame each, with names as people write them',
    async () => {
      const { path, source, lineOf } = compile(
        'inlined.cc',
        `
namespace shop {
template <class T> struct Basket {
	T *items;
	__attribute__((always_inline)) T first() const
	{
		asm volatile(".globl fault_here\\nfault_here: nop"); // here
		return *items;
	}
};
__attribute__((noinline)) int price(int *at)
{
	auto look = [&](const Basket<int> &basket) __attribute__((always_inline)) {
		return basket.first(); // in the lambda
	};
	return look(Basket<int>{at}); // in price
}
}
int (*keep)(int *) = shop::price;
`,
        ['-g', '-O1'],
      );
      const object = await objectOf(path);
      const at = addressOf(path, 'fault_here');
      const { frames } = await new Symbolizer({ path: pathOf(tool) }).symbolize([frame(object, at)], { files: null });
      expect(frames.map(({ line, isInlined }) => [line, isInlined])).toEqual([
        [lineOf('// here'), true],
        [lineOf('// in the lambda'), true],
        [lineOf('// in price'), false],
      ]);
      expect(frames.every((one) => one.source === source)).toBe(true);
      expect(frames[0]?.function).toMatch(/^shop::Basket<int>::first\(\) const$|^first$/);
      expect(frames[2]?.function).toMatch(/^shop::price\(int\*\)$/);
    },
  );
});

describe('without debug information', () => {
  it('functions have their names and how far behind their begin it was', async () => {
    const { path } = compile('plain.c', PLAIN, ['-O0']);
    const { frames, by, remark } = await lookUp(path);
    expect(frames[0]).toMatchObject({ function: 'inner', functionOffset: 8, source: null, line: null });
    expect(by).toBe('the symbol table');
    expect(remark).toBe('plain.so has no debug information: build it with -g to see file and line');
  });

  it('names of C++ are as people write them', async () => {
    const { path } = compile('a.cc', 'namespace ns { int twice(int a) { return 2 * a; } }', ['-O0']);
    const object = await objectOf(path);
    const frames = [frame(object, addressOf(path, '_ZN2ns5twiceEi') + 4n)];
    const named = await new Symbolizer().symbolize(frames, { files: null });
    expect(named.frames[0]).toMatchObject({ function: 'ns::twice(int)', functionOffset: 4 });
    const ofElfutils = await new Symbolizer({ path: pathOf('eu-addr2line') }).symbolize(frames, { files: null });
    expect(ofElfutils.frames[0]).toMatchObject({ function: 'ns::twice(int)', functionOffset: 4, source: null });
    const withoutTools = await new Symbolizer({ path: '' }).symbolize(frames, { files: null });
    expect(withoutTools.frames[0]).toMatchObject({ function: '_ZN2ns5twiceEi', functionOffset: 4 });
  });

  it('a stripped file names what it exports, and gives offsets for the rest', async () => {
    const { path } = compile('plain.c', PLAIN, ['-O0']);
    const [inner, outer] = [addressOf(path, 'inner'), addressOf(path, 'outer')];
    run('strip', path);
    const object = await objectOf(path);
    const frames = [frame(object, inner + 8n), frame(object, outer + 9n, true)];
    const named = await new Symbolizer().symbolize(frames, { files: filesOf(path) });
    expect(named.frames[0]).toMatchObject({ function: null, offset: `0x${(inner + 8n).toString(16)}`, object: path });
    expect(named.frames[1]).toMatchObject({ function: 'outer', functionOffset: 9 });
  });
});

describe('a separate debug file', () => {
  /** The file without its debug information, and that information beside it. */
  function split(text = PLAIN): { path: string; debug: string; source: string; line: number } {
    const { path, source, lineOf } = compile('plain.c', text);
    const debug = `${path}.debug`;
    run('objcopy', '--only-keep-debug', path, debug);
    return { path, debug, source, line: lineOf('here') };
  }

  it('is found by the name in the file, beside it', async () => {
    const { path, debug, source, line } = split();
    run('objcopy', '--strip-all', `--add-gnu-debuglink=${debug}`, path);
    const { frames, remark } = await lookUp(path, {}, undefined, debug);
    expect(frames[0]).toMatchObject({ function: 'inner', source, line });
    expect(remark).toBeNull();
  });

  it('is found in .debug, and by its build id', async () => {
    const { path, debug, source, line } = split();
    run('objcopy', '--strip-all', `--add-gnu-debuglink=${debug}`, path);
    const hidden = join(dirname(path), '.debug', basename(debug));
    mkdirSync(dirname(hidden));
    run('mv', debug, hidden);
    expect((await lookUp(path, {}, undefined, hidden)).frames[0]).toMatchObject({ source, line });

    const { buildId } = await objectOf(path);
    const debugFolder = makeTempDir();
    const place = join(debugFolder, '.build-id', `${buildId?.slice(0, 2)}`, `${buildId?.slice(2)}.debug`);
    mkdirSync(dirname(place), { recursive: true });
    run('mv', hidden, place);
    expect((await lookUp(path, { debugFolder }, undefined, place)).frames[0]).toMatchObject({ source, line });
  });

  it('of another build is not used', async () => {
    const { path, debug } = split();
    const other = split(`\n\n\n/* later */\n${PLAIN}int more(void) { return 1; }\n`);
    run('objcopy', '--strip-debug', `--add-gnu-debuglink=${debug}`, path);
    copyFileSync(other.debug, debug);
    const { frames, remark } = await lookUp(path);
    expect(frames[0]).toMatchObject({ function: 'inner', source: null, line: null });
    expect(remark).toContain(`${debug} belongs to another build`);
  });
});

describe('a file that was replaced', () => {
  it('is not believed, and its copy is used', async () => {
    const { path, source, lineOf } = compile('plain.c', PLAIN);
    const object = await objectOf(path);
    const copy = join(makeTempDir(), 'plain.so');
    copyFileSync(path, copy);
    copyFileSync(compile('plain.c', `int more(void) { return 1; }\n${PLAIN}`).path, path);
    const frames = [frame(object, addressOf(copy, 'inner') + 8n)];
    const alone = await new Symbolizer().symbolize(frames, { files: filesOf(path) });
    expect(alone.frames[0]).toMatchObject({ function: null, source: null });
    expect(alone.remark).toBe(`${path} is not the file that was loaded: it was replaced`);
    const kept = await new Symbolizer().symbolize(frames, { files: filesOf(path, copy) });
    expect(kept.frames[0]).toMatchObject({ function: 'inner', source, line: lineOf('here'), object: path });
    expect(kept.remark).toBeNull();
  });

  it('without build ids is recognised by its identity', async () => {
    const { path } = compile('plain.c', PLAIN, ['-g', '-O0', '-Wl,--build-id=none']);
    const object = await objectOf(path);
    expect(object.buildId).toBeNull();
    const frames = [frame(object, addressOf(path, 'inner') + 8n)];
    const files = { ...filesOf(path), identity: 'another one' };
    const { remark } = await new Symbolizer().symbolize(frames, { files });
    expect(remark).toContain('it was replaced');
    const same = await new Symbolizer().symbolize(frames, { files: filesOf(path) });
    expect(same.frames[0]).toMatchObject({ function: 'inner' });
  });

  it('or is gone, is said', async () => {
    const { path } = compile('plain.c', PLAIN);
    const object = await objectOf(path);
    const frames = [frame({ ...object, path: '/nowhere/plain.so' }, 0x1000n)];
    const { frames: found, remark } = await new Symbolizer().symbolize(frames, { files: null });
    expect(remark).toBe('/nowhere/plain.so cannot be read');
    expect(found[0]).toMatchObject({ object: '/nowhere/plain.so', offset: '0x1000', function: null });
  });
});

describe('programs that are missing or misbehave', () => {
  /** A program of this name that runs this text of a shell. */
  function fake(name: string, text: string): string {
    const folder = makeTempDir();
    writeFileSync(join(folder, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
    return folder;
  }

  it('what would help is said when none is installed, and the names are there all the same', async () => {
    const { path } = compile('plain.c', PLAIN);
    const { frames, by, remark } = await lookUp(path, { path: makeTempDir() });
    expect(frames[0]).toMatchObject({ function: 'inner', functionOffset: 8, source: null });
    expect([by, remark]).toEqual([
      'the symbol table',
      'install binutils or elfutils to see file and line: addr2line is not installed',
    ]);
  });

  it('one that hangs is ended, with what it has started', async () => {
    const { path } = compile('plain.c', PLAIN);
    const folder = fake('addr2line', 'sleep 1000 & echo $! >&2; wait');
    const { frames, remark } = await lookUp(path, { path: folder, limitMs: 300 });
    expect(frames[0]).toMatchObject({ function: 'inner', functionOffset: 8 });
    expect(remark).toBe('addr2line could not say file and line: it took longer than 0.3 s and was ended');
  });

  it('one that fails is followed by the other one', async () => {
    const { path, lineOf } = compile('plain.c', PLAIN);
    const folder = fake('addr2line', 'echo broken >&2; exit 3');
    const both = `${folder}:${pathOf('eu-addr2line')}`;
    const { frames, by } = await lookUp(path, { path: both });
    expect(by).toBe('eu-addr2line');
    expect(frames[0]?.line).toBe(lineOf('here'));
    expect((await lookUp(path, { path: folder })).remark).toContain('it exited with 3: broken');
  });

  it('one that prints a gigabyte is ended, and little of it is kept', async () => {
    const { path } = compile('plain.c', PLAIN);
    const folder = fake('addr2line', 'head -c 1073741824 /dev/zero');
    const before = process.memoryUsage().rss;
    const { remark } = await lookUp(path, { path: folder });
    expect(remark).toContain('it printed more than');
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  });

  it('one that answers nonsense changes nothing', async () => {
    const { path } = compile('plain.c', PLAIN);
    const folder = fake('addr2line', 'printf "0x\\n\\n\\n??\\n0x00000000000000zz\\n"; head -c 100000 /dev/urandom');
    const { frames } = await lookUp(path, { path: folder });
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ function: 'inner', functionOffset: 8 });
  });
});

describe('bad files', () => {
  it('names of 5 MB are cut, and nothing is held up', async () => {
    const name = 'n'.repeat(5 * 1024 * 1024);
    const { path } = compile('plain.c', `${PLAIN}int long_one(int *at) { return inner(at); }\n`, ['-g', '-O0']);
    const map = join(makeTempDir(), 'map');
    writeFileSync(map, `long_one ${name}\n`);
    run('objcopy', `--redefine-syms=${map}`, '--strip-debug', path);
    const object = await objectOf(path);
    const at = BigInt(`0x${/^([0-9a-f]+) T n/m.exec(run('sh', '-c', `nm '${path}' | cut -c1-30`))?.[1]}`);
    const { frames } = await new Symbolizer().symbolize([frame(object, at + 1n)], { files: null });
    expect(frames[0]?.function).toMatch(/^n+$/);
    expect(frames[0]?.function?.length).toBeLessThanOrEqual(4096);
  });

  it('that are cut short, or have impossible tables, are taken for what they are', async () => {
    const { path } = compile('plain.c', PLAIN);
    const object = await objectOf(path);
    const frames = [frame(object, addressOf(path, 'inner') + 8n)];
    const bytes = readFileSync(path);
    for (let i = 0; i < 300; i++) {
      const damaged = Buffer.from(i % 2 === 0 ? bytes : bytes.subarray(0, (i * 7919) % bytes.length));
      // The header and the tables of sections, where damage leads furthest.
      for (let j = 0; j < 8 && damaged.length > 64; j++) {
        const at = j < 4 ? 16 + ((i * 31 + j * 17) % 48) : damaged.length - 1 - ((i * 131 + j * 977) % 2048);
        if (at > 0 && at < damaged.length) damaged[at] = (i * 37 + j * 101) % 256;
      }
      writeFileSync(path, damaged);
      const { frames: found } = await new Symbolizer({ path: '' }).symbolize(frames, { files: null });
      expect(found).toHaveLength(1);
    }
  });
});

it('a crash that repeats is looked up once', async () => {
  const { path } = compile('plain.c', PLAIN);
  const folder = makeTempDir();
  const count = join(folder, 'count');
  writeFileSync(
    join(folder, 'addr2line'),
    `#!/bin/sh\necho x >>'${count}'\nexec ${run('which', 'addr2line').trim()} "$@"\n`,
  );
  chmodSync(join(folder, 'addr2line'), 0o755);
  const object = await objectOf(path);
  const frames = [frame(object, addressOf(path, 'inner') + 8n)];
  const symbolizer = new Symbolizer({ path: folder });
  const all = await Promise.all(Array.from({ length: 20 }, () => symbolizer.symbolize(frames, { files: null })));
  expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(run('cat', count)).toBe('x\n');
});
