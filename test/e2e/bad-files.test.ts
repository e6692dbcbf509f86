import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorCode, ModuleOptions } from 'mesibo-modules';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture, fixtureModule, sample, startCore, type TestCore } from './core.js';

/** Files that no compiler makes. */
const directory = mkdtempSync(join(tmpdir(), 'mm-bad-'));
const whole = readFileSync(sample('filter'));
const foreign = Buffer.from(whole);
foreign.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
const files = {
  empty: '',
  text: 'a text, not a shared object, '.repeat(10),
  truncated: whole.subarray(0, whole.length / 2),
  header_only: whole.subarray(0, 40),
  foreign,
};

const bad = (name: keyof typeof files) => ({ name, path: join(directory, `${name}.so`) });
const start: Partial<ModuleOptions> = { abi: 'table', startTimeoutMs: 4000 };

/** Each: the module, the code, and what the one line must say beside the module's name and the file. */
const cases: [ReturnType<typeof fixtureModule>, ErrorCode, RegExp][] = [
  [
    { name: 'missing', path: '/nonexistent/missing.so' },
    'MODULE_FILE_MISSING',
    /there is no such file; .*correct its path$/,
  ],
  [{ name: 'nowhere' }, 'MODULE_FILE_MISSING', /looked for .*\/mesibo_nowhere\.so, .*; install it or set path$/],
  [{ name: 'folder', path: directory }, 'MODULE_FILE_UNREADABLE', /it is a directory; name the \.so file/],
  [bad('empty'), 'MODULE_FILE_EMPTY', /the file is empty; build or copy it again$/],
  [bad('text'), 'MODULE_NOT_ELF', /it is not an ELF file; /],
  [bad('truncated'), 'MODULE_FILE_TRUNCATED', /the file ends at byte \d+, .*copy it again$/],
  [bad('header_only'), 'MODULE_FILE_TRUNCATED', /copy it again$/],
  [bad('foreign'), 'MODULE_WRONG_ARCHITECTURE', /it was built for .*, and this host is .*; build/],
  [fixtureModule('no-init'), 'MODULE_NO_INIT', /exports no mesibo_module_no_init_init; define that function/],
  [
    fixtureModule('init-returns-minus-one', { abi: 'table' }),
    'MODULE_INIT_REFUSED',
    /_init returned -1, .*: "the licence file is missing", "looked for it in \/nowhere\/licence"$/,
  ],
  [
    fixtureModule('init-hangs', start),
    'MODULE_START_TIMEOUT',
    /its init did not return in time; start_timeout is 4s; raise it/,
  ],
  [
    fixtureModule('init-crashes', { abi: 'table' }),
    'MODULE_START_CRASHED',
    /SIGSEGV in its init; run the init under a debugger; .*"about to crash in init"$/,
  ],
  [
    fixtureModule('unresolved-symbol'),
    'MODULE_UNRESOLVED_SYMBOL',
    /nothing provides the symbol something_that_nothing_provides; link/,
  ],
  [
    fixtureModule('init-calls-missing', { abi: 'table' }),
    'MODULE_UNRESOLVED_SYMBOL',
    /nothing provides the symbol a_function_that_nothing_provides; link the module with the library that defines it/,
  ],
  [
    fixtureModule('constructor-aborts'),
    'MODULE_START_CRASHED',
    /SIGABRT while being loaded: a constructor .*; load it under a debugger$/,
  ],
];

let core: TestCore;
beforeAll(async () => {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, `${name}.so`), content);
  core = await startCore([
    ...cases.map(([module]) => module),
    fixtureModule('mangled-init'),
    { name: 'crashy', path: sample('crashy') },
  ]);
});
afterAll(async () => {
  await core.close();
  rmSync(directory, { recursive: true });
});

it.each(cases.map(([module, code, says]) => [module.name, module, code, says] as const))(
  '%s',
  (name, module, code, says) => {
    const error = core.report.refused.find((refusal) => refusal.module === name)?.error;
    expect(error).toMatchObject({ code, module: name });
    expect(error?.message).toMatch(says);
    expect(error?.message).toMatch(new RegExp(`^module ${name}: ${module.path ? `${module.path}: ` : ''}`));
    expect(error?.message).not.toContain('\n');
    expect(core.module(name)).toMatchObject({ state: 'failed', desired: 'up', lastError: error?.message });
  },
);

it('refuses these and no others, and the others run', async () => {
  expect(core.report.refused.map(({ module }) => module)).toEqual(cases.map(([module]) => module.name));
  const { trace } = await core.send('hello');
  const failed = trace.filter((entry) => entry.default === 'down').map((entry) => entry.module);
  expect(failed).toEqual(cases.map(([module]) => module.name));
  expect(trace.slice(-2)).toMatchObject([
    { module: 'mangled_init', default: null },
    { module: 'crashy', default: null },
  ]);
});

it('calls an init that is exported under its C++ name only, with a warning', () => {
  const [warning] = core.lines('mangled_init', 'supervisor').filter((line) => line.includes('C++'));
  expect(warning).toMatch(/^module mangled_init: .*mangled-init\.so: it exports .* under its C\+\+ name .*extern "C"$/);
});

it.runIf(process.getuid?.() !== 0)('a file that may not be read', async () => {
  mkdirSync(join(directory, 'private'));
  const path = join(directory, 'private', 'module.so');
  writeFileSync(path, readFileSync(fixture('slow')));
  chmodSync(path, 0);
  const other = await startCore([{ name: 'private', path }]);
  expect(other.report.refused[0]?.error).toMatchObject({ code: 'MODULE_FILE_UNREADABLE' });
  await other.close();
});
