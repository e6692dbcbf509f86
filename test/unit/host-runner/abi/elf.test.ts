import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModuleLoadError } from '../../../../src/errors.js';
import { readElf } from '../../../../src/host-runner/abi/elf.js';

const CC = process.env.CC ?? 'cc';
const SOURCE = `
#include <math.h>
#include <stdio.h>
int from_elsewhere(double);
extern int weak_one(void) __attribute__((weak));
static int private_one(void) { return printf("x"); }
__attribute__((visibility("hidden"))) int hidden_one(void) { return private_one(); }
int mesibo_module_word_init(void) { return from_elsewhere(1.0) + hidden_one() + (weak_one ? weak_one() : 0); }
int exported_data = 1;
`;

let dir: string;
/** A sound shared object, and its bytes for tests that spoil them. */
let sound: string;
let bytes: Buffer;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'elf-test-'));
  sound = compile('sound', SOURCE, ['-shared', '-Wl,--hash-style=gnu', '-Wl,--no-as-needed', '-lm']);
  bytes = readFileSync(sound);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function compile(name: string, source: string, flags: string[]): string {
  const path = join(dir, name);
  writeFileSync(`${path}.c`, source);
  execFileSync(CC, ['-fPIC', '-O1', '-o', path, `${path}.c`, ...flags]);
  return path;
}

function write(name: string, content: Buffer | string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function spoil(name: string, change: (copy: Buffer) => unknown): string {
  const copy = Buffer.from(bytes);
  const changed = change(copy);
  return write(name, changed instanceof Buffer ? changed : copy);
}

function refusal(path: string, arch?: string): ModuleLoadError {
  try {
    readElf(path, arch);
  } catch (error) {
    if (error instanceof ModuleLoadError) return error;
    throw error;
  }
  throw new Error(`${path} was accepted`);
}

/** The end of the last loaded segment: what the loader maps of the file. */
function loadedEnd(file: Buffer): number {
  let end = 0;
  const at = Number(file.readBigUInt64LE(32));
  for (let i = 0; i < file.readUInt16LE(56); i++) {
    const header = file.subarray(at + i * 56);
    if (header.readUInt32LE(0) !== 1) continue;
    end = Math.max(end, Number(header.readBigUInt64LE(8)) + Number(header.readBigUInt64LE(32)));
  }
  return end;
}

describe('a sound shared object', () => {
  function expectFacts(path: string): void {
    const facts = readElf(path);
    expect(facts.path).toBe(path);
    expect(facts.machine).toBe(process.arch === 'arm64' ? 'AArch64' : 'x86-64');
    expect(facts.imports).toEqual(expect.arrayContaining(['from_elsewhere', 'printf', 'weak_one']));
    expect(facts.exports.filter((name) => !name.startsWith('_')).sort()).toEqual([
      'exported_data',
      'mesibo_module_word_init',
    ]);
    expect(facts.needed).toEqual(expect.arrayContaining(['libm.so.6', 'libc.so.6']));
    expect(facts.imports).not.toContain('mesibo_module_word_init');
  }

  it('gives imports, exports and libraries with DT_GNU_HASH alone', () => expectFacts(sound));

  it('gives them with DT_HASH alone', () => {
    expectFacts(compile('sysv', SOURCE, ['-shared', '-Wl,--hash-style=sysv', '-Wl,--no-as-needed', '-lm']));
  });

  it('gives them through a symbolic link, without section headers', () => {
    // Without the section headers, which lie behind the loaded part, and without their announcement in the header.
    const path = spoil('no-sections', (copy) => {
      copy.writeBigUInt64LE(0n, 40);
      copy.fill(0, 58, 64);
      return copy.subarray(0, loadedEnd(copy));
    });
    symlinkSync(path, join(dir, 'link'));
    expectFacts(join(dir, 'link'));
  });

  it('is read when its section headers are lost but still announced', () => {
    expectFacts(spoil('lost-sections', (copy) => copy.subarray(0, loadedEnd(copy))));
  });

  it('gives its imports when it exports nothing', () => {
    const source = 'int from_elsewhere(void); __attribute__((constructor)) static void f(void) { from_elsewhere(); }';
    const facts = readElf(compile('imports-only', source, ['-shared', '-nostdlib', '-Wl,--hash-style=gnu']));
    expect(facts.imports).toContain('from_elsewhere');
    expect(facts.exports).toEqual([]);
  });

  it('may have many symbols', () => {
    const names = Array.from({ length: 500 }, (_, i) => `f${i}`);
    const source = names.map((name) => `int ${name}(void) { return 0; }`).join('\n');
    const facts = readElf(compile('many', source, ['-shared', '-nostdlib']));
    expect(facts.exports.filter((name) => /^f\d+$/.test(name)).length).toBe(500);
  });
});

describe('a file that cannot be used', () => {
  it('is missing', () => {
    const path = join(dir, 'nowhere.so');
    expect(refusal(path).code).toBe('MODULE_FILE_MISSING');
    expect(refusal(path).message).toBe(`${path}: there is no such file; build the module, or correct its path`);
    expect(refusal(join(sound, 'below-a-file.so')).code).toBe('MODULE_FILE_MISSING');
  });

  it('is a directory, a FIFO or a device', () => {
    const fifo = join(dir, 'fifo.so');
    execFileSync('mkfifo', [fifo]);
    expect(refusal(dir)).toMatchObject({
      code: 'MODULE_FILE_UNREADABLE',
      message: expect.stringContaining('directory'),
    });
    expect(refusal(fifo)).toMatchObject({
      code: 'MODULE_FILE_UNREADABLE',
      message: expect.stringContaining('regular'),
    });
    expect(refusal('/dev/zero').code).toBe('MODULE_FILE_UNREADABLE');
  });

  it('has an impossible name', () => {
    expect(refusal('/tmp/\0.so').code).toBe('MODULE_FILE_UNREADABLE');
  });

  it.skipIf(process.getuid?.() === 0)('may not be read', () => {
    const path = write('secret.so', bytes);
    chmodSync(path, 0);
    expect(refusal(path)).toMatchObject({ code: 'MODULE_FILE_UNREADABLE', message: expect.stringContaining('denied') });
  });

  it('is empty', () => {
    expect(refusal(write('empty.so', '')).code).toBe('MODULE_FILE_EMPTY');
  });

  it.each([
    ['text', 'int main(void) { return 0; }\n'],
    ['one byte', '\x7f'],
    ['an archive', '!<arch>\n'],
  ])('is %s', (name, content) => {
    expect(refusal(write(`${name}.so`, content)).code).toBe('MODULE_NOT_ELF');
  });

  it('is an object file', () => {
    const error = refusal(compile('object.o', 'int x;', ['-c']));
    expect(error.code).toBe('MODULE_NOT_ELF');
    expect(error.message).toContain('an object file (.o), not a shared object; link the module with -shared');
  });

  it.each([['-pie'], ['-no-pie']])('is a program, linked with %s', (flag) => {
    const error = refusal(compile(`program${flag}`, 'int main(void) { return 0; }', [flag]));
    expect(error.code).toBe('MODULE_NOT_ELF');
    expect(error.message).toContain('it is a program, not a shared object');
  });
});

describe('a file for another machine', () => {
  it.each([
    { built: 'AArch64', arch: 'x64', host: 'x86-64', bits: 2, order: 1, machine: 183 },
    { built: 'x86-64', arch: 'arm64', host: 'AArch64', bits: 2, order: 1, machine: 62 },
    { built: '32-bit x86', arch: 'x64', host: 'x86-64', bits: 1, order: 1, machine: 3 },
    { built: '32-bit x86-64', arch: 'x64', host: 'x86-64', bits: 1, order: 1, machine: 62 },
    { built: 'big-endian S/390', arch: 'x64', host: 'x86-64', bits: 2, order: 2, machine: 22 },
    { built: 'machine 4711', arch: 'x64', host: 'x86-64', bits: 2, order: 1, machine: 4711 },
  ])('is named: $built on $arch', ({ built, arch, host, bits, order, machine }) => {
    const path = spoil('foreign', (copy) => {
      copy.writeUInt8(bits, 4);
      copy.writeUInt8(order, 5);
      if (order === 1) copy.writeUInt16LE(machine, 18);
      else copy.writeUInt16BE(machine, 18);
    });
    const error = refusal(path, arch);
    expect(error.code).toBe('MODULE_WRONG_ARCHITECTURE');
    expect(error.message).toBe(
      `${path}: it was built for ${built}, and this host is ${host}; build the module on this host`,
    );
  });
});

describe('a truncated file', () => {
  it.each([4, 5, 63])('ends in the header, after %i bytes', (length) => {
    expect(refusal(spoil(`short-${length}`, (copy) => copy.subarray(0, length))).code).toBe('MODULE_FILE_TRUNCATED');
  });

  it('ends in the program headers', () => {
    expect(refusal(spoil('short-table', (copy) => copy.subarray(0, 100))).code).toBe('MODULE_FILE_TRUNCATED');
  });

  it('ends one byte before what is loaded, and says where', () => {
    const end = loadedEnd(bytes);
    const error = refusal(spoil('short-load', (copy) => copy.subarray(0, end - 1)));
    expect(error.code).toBe('MODULE_FILE_TRUNCATED');
    expect(error.message).toContain(
      `ends at byte ${end - 1}, but its loaded part goes on to byte ${end}; build or copy it`,
    );
  });
});

describe('a damaged file', () => {
  it('gives one readable line and nothing else, whatever byte is wrong', () => {
    // Every byte that this reader looks at lies in the headers, the dynamic section or the tables that it names.
    const path = join(dir, 'garbled.so');
    let refused = 0;
    let random = 12345;
    for (let round = 0; round < 1500; round++) {
      const copy = Buffer.from(bytes);
      for (let change = 0; change < 1 + (round % 8); change++) {
        random = (Math.imul(random, 1103515245) + 12345) >>> 0;
        const at = (random >>> 8) % (round % 2 === 0 ? 1024 : copy.length);
        copy.writeUInt8(round % 3 === 0 ? 0xff : random & 0xff, at);
      }
      writeFileSync(path, copy);
      try {
        readElf(path);
      } catch (error) {
        if (!(error instanceof ModuleLoadError)) throw error;
        expect(error.message).toMatch(/^[^\n]*garbled\.so: [^\n]+; [^\n]+$/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('has a hash chain without an end', () => {
    const path = spoil('endless-chain', (copy) => {
      // A chain ends at a value whose lowest bit is set; without any the walk runs to the end of the first segment.
      const end = Number(copy.readBigUInt64LE(programHeader(copy, 1) + 32));
      for (let at = findChain(copy); at + 4 <= end; at += 4) copy.writeUInt8(copy.readUInt8(at) & 0xfe, at);
      return copy;
    });
    expect(refusal(path).message).toContain('the file is damaged: its hash table lies outside of what is loaded');
  });

  it('has no dynamic section', () => {
    const path = spoil('static', (copy) => void copy.writeUInt32LE(0, programHeader(copy, 2)));
    expect(refusal(path).message).toContain('it has no dynamic section; link the module with -shared');
  });
});

/** Where the first program header of a type is. */
function programHeader(copy: Buffer, type: number): number {
  let at = Number(copy.readBigUInt64LE(32));
  while (copy.readUInt32LE(at) !== type) at += 56;
  return at;
}

/** Where the chains of DT_GNU_HASH end: at the hash of an exported name, with the lowest bit set. */
function findChain(copy: Buffer): number {
  for (const name of ['exported_data', 'mesibo_module_word_init']) {
    let hash = 5381;
    for (const char of name) hash = (Math.imul(hash, 33) + char.charCodeAt(0)) >>> 0;
    const word = Buffer.alloc(4);
    word.writeUInt32LE((hash | 1) >>> 0);
    const at = copy.indexOf(word);
    if (at > 0) return at;
  }
  throw new Error('the hash table was not found');
}
