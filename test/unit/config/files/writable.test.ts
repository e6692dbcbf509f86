import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWriter, findWritable } from '../../../../src/config/files/writable.js';
import { loadConfig, strictError } from '../../../../src/config/load.js';

const isRoot = process.geteuid?.() === 0;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mm-'));
  for (const name of ['m.so', 'tell']) writeFileSync(join(folder, name), '', { mode: 0o755 });
  writeFileSync(join(folder, 'mesibo.conf'), 'on_event = tell\nmodule m { path = m.so }\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const load = () => loadConfig(join(folder, 'mesibo.conf'));
const messages = () => load().warnings.map(({ message }) => message);

describe.skipIf(!isRoot)('a core as root', () => {
  it('says nothing of files that only root can write', () => {
    expect(messages()).toEqual([]);
    expect(strictError(load())).toBeNull();
  });

  it('warns of a module that everybody can write, and --strict refuses it', () => {
    chmodSync(join(folder, 'm.so'), 0o777);
    expect(messages()).toEqual([
      expect.stringMatching(
        /^module m: .*m\.so runs in .* and every user can write to it \(mode 0777\); let it belong/,
      ),
    ]);
    expect(strictError(load())).toMatchObject({ code: 'CONFIG_VALUE', message: expect.stringContaining('m.so') });
  });

  it('warns of the folder, and of one further up', () => {
    const inner = join(folder, 'a', 'b');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'm.so'), '');
    writeFileSync(join(folder, 'mesibo.conf'), `module m { path = ${inner}/m.so }\n`);
    chmodSync(join(folder, 'a'), 0o777);
    expect(messages()).toEqual([expect.stringContaining(`every user can write to its folder ${folder}/a`)]);
    chmodSync(join(folder, 'a'), 0o755);
    chownSync(inner, 12_345, 12_345);
    expect(messages()).toEqual([expect.stringContaining(`its folder ${inner} belongs to user 12345`)]);
  });

  it('warns of what a link leads to, and of where the link is', () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    symlinkSync(join(folder, 'm.so'), join(open, 'link.so'));
    chmodSync(open, 0o777);
    writeFileSync(join(folder, 'mesibo.conf'), `module m { path = ${open}/link.so }\n`);
    expect(messages()).toEqual([expect.stringContaining(`every user can write to its folder ${open}`)]);
  });

  it('warns of the program of on_event, at its line', () => {
    chownSync(join(folder, 'tell'), 12_345, 0);
    expect(load().warnings).toMatchObject([
      {
        position: { line: 1 },
        message: expect.stringMatching(/^on_event: .*tell runs in the core .* it belongs to user 12345/),
      },
    ]);
  });

  it('lets the user of the module own its file', () => {
    chownSync(join(folder, 'm.so'), 12_345, 0);
    expect(messages()).toHaveLength(1);
    writeFileSync(join(folder, 'mesibo.conf'), 'module m { path = m.so ; sandbox { user = 12345 } }\n');
    expect(messages()).toEqual([]);
  });
});

it('a core of another user says nothing: the files have its own rights', () => {
  chmodSync(join(folder, 'm.so'), 0o777);
  const { modules, onEvent, file } = load();
  expect(findWritable({ modules, onEvent, file }, undefined, 1000)).toEqual([]);
});

it.each([
  [{ uid: 0, gid: 0, mode: 0o100_775 }, null],
  [{ uid: 0, gid: 5, mode: 0o100_775 }, /^group 5 can write to it/],
  [{ uid: 0, gid: 5, mode: 0o100_757 }, /^every user can write to it/],
  [{ uid: 7, gid: 0, mode: 0o100_644 }, /^it belongs to user 7/],
])('the rights %o of a file', (rights, says) => {
  const told = describeWriter('/m.so', { ...rights, isFolder: false }, [0]);
  if (says === null) expect(told).toBeNull();
  else expect(told).toMatch(says);
});

it('in a folder like /tmp only the owner of a file may replace it', () => {
  expect(describeWriter('/tmp', { uid: 0, gid: 0, mode: 0o41_777, isFolder: true }, [0])).toBeNull();
  expect(describeWriter('/x', { uid: 0, gid: 0, mode: 0o40_777, isFolder: true }, [0])).not.toBeNull();
});
