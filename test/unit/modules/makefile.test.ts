import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readElf } from '../../../src/host-runner/abi/elf.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { SAMPLES } from '../../helpers/samples.js';

const HAS_CXX = spawnSync(process.env.CXX ?? 'c++', ['--version']).error === undefined;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'makefile-test-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A folder of modules with these files. */
function makeModules(name: string, files: Record<string, string>) {
  const root = join(dir, name, 'modules');
  cpSync(join(PACKAGE_ROOT, 'modules/Makefile'), join(root, 'Makefile'));
  cpSync(join(PACKAGE_ROOT, 'modules/include'), join(root, 'include'), { recursive: true });
  const write = (file: string, source: string) => {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), source);
  };
  for (const [file, source] of Object.entries(files)) write(file, source);
  // A variable that somebody has set counts as one that he gives to make.
  const { CFLAGS: _, CXXFLAGS: __, CPPFLAGS: ___, LDFLAGS: ____, MAKEFLAGS: _____, ...env } = process.env;
  const run = (...args: string[]) => spawnSync('make', ['-s', '-C', root, ...args], { encoding: 'utf8', env });
  const make = (...args: string[]) => {
    const { status, stdout, stderr } = run(...args);
    if (status !== 0) throw new Error(stderr);
    return stdout + stderr;
  };
  /** Why it fails. */
  const fail = (...args: string[]) => /: \*\*\* (.*)\. {2}Stop\.\n$/.exec(run(...args).stderr)?.[1];
  const built = (module: string) => join(root, `build/module_${module}.so`);
  const exports = (module: string) => readElf(built(module)).exports;
  return { root, write, make, fail, built, exports };
}
const INIT =
  'MESIBO_EXPORT int mesibo_module_one_init(mesibo_module_t *m, mesibo_uint_t l) { return m && l && part(); }';
const TWO = 'int two(void);\nint two(void) { return 2; }\n';

it('builds any folder, from all its files, and one alone by its name', () => {
  const { make, built } = makeModules('modules', {
    'one/one.c': `#include <mesibo/module.h>\nint part(void);\n${INIT}\n`,
    'one/part.c': 'int part(void);\nint part(void) { return 0; }\n',
    'two/two.c': TWO,
  });
  expect(make('one')).toBe('');
  expect(readElf(built('one')).exports).toEqual(expect.arrayContaining(['mesibo_module_one_init', 'part']));
  expect(() => readFileSync(built('two'))).toThrow('ENOENT');
  expect(make('-j2')).toBe('');
  expect(readElf(built('two')).exports).toContain('two');
});

it.skipIf(!HAS_CXX).each(['cpp', 'cc', 'cxx'])('builds a module of C and C++ (.%s) together', (ending) => {
  const { make, built } = makeModules(`mixed-${ending}`, {
    [`one/one.${ending}`]: `#include <mesibo/module.h>\n#include <stdexcept>\n#include "part.h"\n${INIT}
void fail() { throw std::runtime_error("no"); }\n`,
    // C that is no C++.
    'one/part.c': '#include "part.h"\nint part(void) { int new = 0; return new; }\n',
    'one/part.h': '#ifdef __cplusplus\nextern "C"\n#endif\nint part(void);\n',
  });
  expect(make()).toBe('');
  expect(readElf(built('one')).exports).toEqual(expect.arrayContaining(['mesibo_module_one_init', 'part']));
  expect(readElf(built('one')).needed).toContain('libstdc++.so.6');
});

it('has the functions of POSIX and glibc without any #define', () => {
  const { make } = makeModules('gnu11', {
    'two/own.c': '#define _GNU_SOURCE 1\n#include <string.h>\n',
    'two/two.c': `#include <stdlib.h>\n#include <string.h>\n#include <strings.h>\n#include <unistd.h>\n${TWO}
char *use(const char *text);
char *use(const char *text) { usleep(1); return strcasestr(text, "x") || !strcasecmp(text, "y") ? strdup(text) : NULL; }\n`,
  });
  expect(make()).toBe('');
});

it('leaves out what is in C++ where there is no compiler for it, and says so', () => {
  const { make, built } = makeModules('without-cxx', {
    'two/two.c': TWO,
    'one/one.cpp': 'int one() { return 1; }\n',
  });
  expect(make('CXX=no-such-compiler')).toBe('without one: there is no C++ compiler (no-such-compiler)\n');
  expect(readElf(built('two')).exports).toContain('two');
  expect(() => make('one', 'CXX=no-such-compiler')).toThrow('no-such-compiler');
});

it('does not build again what is built, also without its objects', () => {
  const { make, built } = makeModules('again', { 'two/two.c': TWO });
  make();
  const before = statSync(built('two'));
  rmSync(join(dirname(built('two')), 'objects'), { recursive: true });
  make();
  expect(statSync(built('two'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
});

describe('names', () => {
  const NAME = 'the name of a module has only A-Z a-z 0-9 _';
  const FILE = 'the name of a source file has only A-Z a-z 0-9 _ . + -';
  const files = (...names: string[]) => Object.fromEntries([['two/two.c', TWO], ...names.map((name) => [name, TWO])]);

  it('a folder with another name stops a build of all by its name, and no build of another module', () => {
    const odd = ['my mod', 'my-mod', 'a#b', 'a:b', 'a%b', "it's", 'a"b', 'a(b', 'a)b', 'a$b', 'a,b', 'a=b', 'a;b', 'ä'];
    const { make, fail, exports } = makeModules('folders', files(...odd.map((name) => `${name}/x.c`)));
    const said = fail();
    for (const name of odd) expect(said).toContain(`modules/${name}: ${NAME}`);
    for (const name of ['my mod', 'my-mod', 'a#b', "it's", 'a%b']) expect(fail(name)).toBe(`modules/${name}: ${NAME}`);
    expect(make('two')).toBe('');
    expect(exports('two')).toContain('two');
    expect(make('clean')).toBe('');
    expect(() => exports('two')).toThrow('there is no such file');
  });

  it('a file with another name stops a build of its module', () => {
    const odd = ['a b.c', 'a#b.cpp', "it's.cc", 'a:b.c', 'a=b.cxx', 'a$b.c'];
    const { make, fail } = makeModules('files', files('one/one.c', ...odd.map((name) => `one/${name}`)));
    for (const goals of [[], ['one'], ['install-one'], ['install', 'DESTDIR=/nowhere']]) {
      const said = fail(...goals);
      for (const name of odd) expect(said).toContain(`modules/one/${name}: ${FILE}`);
    }
    expect(make('two')).toBe('');
  });

  it('some names are taken', () => {
    const taken = ['all', 'build', 'clean', 'include', 'install'];
    const { make, fail } = makeModules('taken', files(...taken.map((name) => `${name}/x.c`)));
    expect(fail()).toBe(
      taken.map((name) => `modules/${name}: this name is taken; give the module another one`).join('; '),
    );
    expect(make('two')).toBe('');
  });

  it('files that are no sources may have any name', () => {
    const { make, exports } = makeModules('others', files('my notes/a b.txt', 'two/read me.md', 'two/.#two.c'));
    expect(make()).toBe('');
    expect(exports('two')).toContain('two');
  });

  it('a folder of which nothing can be built says what could be', () => {
    const nothing = ['upper/one.C', 'cp/one.cp', 'plus/one.c++', 'below/src/one.c', 'empty/README.md'];
    const { make, fail } = makeModules('nothing', files(...nothing));
    for (const folder of nothing.map((file) => file.split('/')[0] as string)) {
      const why = 'nothing to build; put the sources (*.c, *.cpp, *.cc or *.cxx) directly into this folder';
      expect(fail(folder)).toBe(`modules/${folder}: ${why}`);
      expect(fail(`install-${folder}`)).toBe(`modules/${folder}: ${why}`);
    }
    expect(make()).toBe('');
  });
});

describe('builds again', () => {
  it('after a change of a header in a folder below, and after it is gone', () => {
    const { root, write, make, exports } = makeModules('deep', {
      'two/two.c': '#include "parts/deep/part.h"\n',
      'two/parts/deep/part.h': 'int first;\n',
    });
    make();
    write('two/parts/deep/part.h', 'int second;\n');
    make();
    expect(exports('two')).toEqual(['second']);
    rmSync(join(root, 'two/parts'), { recursive: true });
    write('two/two.c', 'int third;\n');
    make();
    expect(exports('two')).toEqual(['third']);
  });

  it.skipIf(!HAS_CXX).each(['h', 'hpp', 'hh', 'hxx', 'inc'])('after a change of a .%s file', (ending) => {
    const { write, make, exports } = makeModules(`header ${ending}`, {
      'two/two.cpp': `#include "part.${ending}"\n`,
      [`two/part.${ending}`]: 'int first;\n',
    });
    make();
    write(`two/part.${ending}`, 'int second;\n');
    make();
    expect(exports('two')).toEqual(['second']);
  });

  it('without a source that is gone, and only that module', () => {
    const { root, make, built, exports } = makeModules('gone', {
      'one/one.c': 'int one;\n',
      'two/two.c': 'int two;\n',
      'two/extra.c': 'int extra;\n',
    });
    make();
    const before = statSync(built('one')).ino;
    rmSync(join(root, 'two/extra.c'));
    make();
    expect(exports('two')).toEqual(['two']);
    expect(statSync(built('one')).ino).toBe(before);
  });

  it.each([['CFLAGS=-O0 -DNAME=other'], [`CPPFLAGS=-DNAME=other -DTEXT='"a b"'`], ['CC=cc -DNAME=other']])(
    'with %s, and not twice',
    (setting) => {
      const source = '#ifndef NAME\n#define NAME usual\n#endif\nint NAME;\n';
      const { make, built, exports } = makeModules(`set ${setting.replaceAll('/', ' ')}`, { 'two/two.c': source });
      make();
      make(setting);
      expect(exports('two')).toEqual(['other']);
      const before = statSync(built('two')).ino;
      make(setting);
      expect(statSync(built('two')).ino).toBe(before);
      make();
      expect(exports('two')).toEqual(['usual']);
    },
  );

  it('after a change of its module.mk', () => {
    const { write, make, exports } = makeModules('own makefile', {
      'two/two.c': 'int NAME;\n',
      'two/module.mk': 'build/module_two.so: CPPFLAGS += -DNAME=first\n',
    });
    make();
    write('two/module.mk', 'build/module_two.so: CPPFLAGS += -DNAME=second\n');
    make();
    expect(exports('two')).toEqual(['second']);
  });
});

it('a warning ends no build of an author, who may have it end one', () => {
  const source = 'int two(void);\nint two(void) { int unused; return 2; }\n';
  const { make, exports } = makeModules('warned', { 'two/two.c': source });
  expect(make()).toContain('unused variable');
  expect(exports('two')).toContain('two');
  expect(() => make('WARNINGS=-Wall -Werror')).toThrow('unused');
});

it('the samples have no warning', () => {
  const files = SAMPLES.map((name) => [name, join(PACKAGE_ROOT, 'modules', name)] as const);
  const { root, make } = makeModules('samples', {});
  for (const [name, from] of files) cpSync(from, join(root, name), { recursive: true });
  expect(make('WARNINGS=-Wall -Wextra -Werror')).toMatch(HAS_CXX ? /^$/ : /^without reminder/);
});
