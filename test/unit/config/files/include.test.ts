import { spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWarning, loadConfig, parseConfig, strictError } from '../../../../src/config/load.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';
import { catchConfigError } from '../helpers.js';

/** Writes files into a folder of their own, the configuration first. */
function write(files: Record<string, string>): { folder: string; file: string } {
  const folder = makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return { folder, file: join(folder, 'm.conf') };
}

const load = (files: Record<string, string>) => loadConfig(write(files).file);
const failure = (files: Record<string, string>) => {
  const { folder, file } = write(files);
  const error = catchConfigError(() => loadConfig(file));
  return { folder, error, message: error.message.replaceAll(`${folder}/`, '') };
};

describe('an included file', () => {
  it('stands where its include does, in the order of the names as bytes', () => {
    const { modules } = load({
      'm.conf': 'module = first\ninclude = conf.d/*.conf\nmodule = last\n',
      'conf.d/10-b.conf': 'module = b',
      'conf.d/9-c.conf': 'module = c',
      'conf.d/\u00e4.conf': 'module = umlaut',
      'conf.d/Z.conf': 'module = z',
      'conf.d/a.conf': 'module = a',
      'conf.d/.hidden.conf': 'module = hidden',
      'conf.d/note.txt': 'this is no configuration',
      'conf.d/a.conf.bak': 'neither is this',
    });
    expect(modules.map(({ name }) => name)).toEqual(['first', 'b', 'c', 'z', 'a', 'umlaut', 'last']);
  });

  it('may include more, and its paths are relative to its own folder', () => {
    const { folder, file } = write({
      'm.conf': 'include = sites/one.conf\n',
      'sites/one.conf':
        'module_dir = lib\ngateway = ./g.sock\nhttp = unix:h.sock\ninclude = more/*.conf\nmodule = found\n' +
        'module a { path = a.so ; directory = work }',
      'sites/more/two.conf': 'module b { path = b.so }\n',
      'sites/lib/mesibo_found.so': '',
    });
    const { modules, moduleDir, gateway, http } = loadConfig(file);
    expect(modules.map(({ path }) => path)).toEqual(
      ['sites/more/b.so', 'sites/lib/mesibo_found.so', 'sites/a.so'].map((path) => join(folder, path)),
    );
    expect(modules[2]?.directory).toBe(join(folder, 'sites/work'));
    expect([moduleDir, gateway, http]).toEqual([
      [join(folder, 'sites/lib')],
      join(folder, 'sites/g.sock'),
      `unix:${join(folder, 'sites/h.sock')}`,
    ]);
  });

  it.each<[what: string, text: string, said: string]>([
    [
      'a folder that is not there',
      'include = conf.d/*.conf',
      'm.conf:1:1: include: there is no folder FOLDER/conf.d, so no file is included; correct the path, or make the folder',
    ],
    [
      'a pattern that nothing fits',
      'include = sub/*.conf',
      'm.conf:1:1: include: no file fits "FOLDER/sub/*.conf", so none is included; correct the pattern, or remove this include',
    ],
    ['what other patterns mean', 'include = sub/[0-9]*.x', '("[" and "{" are ordinary characters here'],
    ['folders that nothing is in', 'include = */*.conf', 'no file fits "FOLDER/*/*.conf"'],
    ['a file', 'include = sub/a.x/*.conf', 'there is no folder FOLDER/sub/a.x'],
    [
      'a file without a setting',
      'include = sub/a.x',
      'm.conf:1:1: the included file FOLDER/sub/a.x has no setting in it',
    ],
  ])('may be nothing, with a warning: %s', (_, text, said) => {
    const { folder, file } = write({ 'm.conf': `${text}\nmodule = m`, 'sub/a.x': '# a comment\n' });
    const { modules, warnings } = loadConfig(file);
    expect(modules).toHaveLength(1);
    expect(warnings.map(describeWarning)).toEqual([expect.stringContaining(said.replaceAll('FOLDER', folder))]);
    expect(strictError(loadConfig(file))?.message).toContain(said.replaceAll('FOLDER', folder));
  });

  it('may be all, and then a configuration without modules has a warning', () => {
    const { file } = write({ 'm.conf': 'include = *.x' });
    expect(loadConfig(file).warnings.map(describeWarning)).toEqual([
      expect.stringContaining('m.conf:1:1: include: no file fits'),
      `${file}: no module is configured`,
    ]);
    expect(strictError(loadConfig(file))?.message).toContain('\n');
    writeFileSync(file, '');
    expect(strictError(loadConfig(file))?.message).toBe(`${file}: no module is configured`);
  });

  it('is not looked for where the way is a circle, and that is said', () => {
    const { folder, file } = write({ 'm.conf': 'include = */a.conf', 'd/a.conf': 'module = a' });
    symlinkSync('circle', join(folder, 'circle'));
    const { modules, warnings } = loadConfig(file);
    expect(modules.map(({ name }) => name)).toEqual(['a']);
    expect(warnings.map(describeWarning)).toEqual([
      `${file}:1:1: include: left out, ${folder}/circle cannot be read: its symbolic links lead in a circle`,
    ]);
    writeFileSync(file, '\ninclude = circle/*.conf');
    expect(catchConfigError(() => loadConfig(file))).toMatchObject({ code: 'CONFIG_UNREADABLE', file, line: 2 });
    writeFileSync(file, '\ninclude = circle/x/*.conf');
    expect(catchConfigError(() => loadConfig(file)).message).toContain('its symbolic links lead in a circle');
  });

  it.skipIf(process.getuid?.() === 0)('is not looked for in folders that may not be read, and that is said', () => {
    const { folder, file } = write({
      'm.conf': 'include = */sub/*.conf',
      'a/sub/a.conf': 'module = a',
      'b/sub/b.conf': '',
    });
    chmodSync(join(folder, 'b'), 0);
    const { modules, warnings } = loadConfig(file);
    writeFileSync(file, 'include = b/s*/*.conf');
    expect(catchConfigError(() => loadConfig(file)).code).toBe('CONFIG_UNREADABLE');
    writeFileSync(file, 'include = b/sub/*.conf');
    expect(catchConfigError(() => loadConfig(file)).code).toBe('CONFIG_UNREADABLE');
    chmodSync(join(folder, 'b'), 0o700);
    expect(modules.map(({ name }) => name)).toEqual(['a']);
    expect(warnings[0]?.message).toMatch(/^include: left out, \S+\/b\/sub cannot be read: permission/);
  });

  it('has no part that is an empty variable', () => {
    process.env.INCLUDE_TEST = '';
    const { message } = failure({ 'm.conf': 'include = ${INCLUDE_TEST}/etc/*.conf' });
    delete process.env.INCLUDE_TEST;
    expect(message).toContain(
      'm.conf:1:1: found ${INCLUDE_TEST} for include, which is empty; a part of a path cannot be',
    );
  });

  it('may have variables in its path, be absolute, in quotes, and behind others in a line', () => {
    const { folder, file } = write({ 'm.conf': '', 'a b.conf': 'module = a', 'b.conf': 'module = b' });
    writeFileSync(file, `log_keep = 1 ; include = "a b.conf" ; include = \${NOT_SET_ANYWHERE:-${folder}}/b.conf # c`);
    expect(loadConfig(file).modules.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('gives every setting its place in its own file', () => {
    const { folder, file } = write({
      'm.conf': '\ninclude = a.conf\nlog_keep = 2',
      'a.conf': 'module m {\n  deadline = 2s\n  word = x\n env { A = 1 }\n}\nlog_keep = 1',
    });
    const { modules, warnings } = loadConfig(file);
    const at = (line: number, column: number) => ({ file: join(folder, 'a.conf'), line, column });
    expect(modules[0]).toMatchObject({
      position: at(1, 8),
      origins: { deadline: at(2, 3) },
      configOrigins: [at(3, 3)],
      envOrigins: [at(4, 8)],
    });
    expect(warnings).toEqual([
      {
        position: { file, line: 3, column: 1 },
        message: `log_keep is set twice; this one holds, not the one at ${folder}/a.conf:6:1`,
      },
    ]);
    expect(strictError(loadConfig(file))?.message).toContain(`${file}:3:1: log_keep is set twice`);
  });

  it('is a setting of its own to a module', () => {
    const { modules, warnings } = load({ 'm.conf': 'module m { include = x/*.conf ; config { include = y } }' });
    expect(modules[0]?.config).toEqual([
      ['include', 'x/*.conf'],
      ['include', 'y'],
    ]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'module m: include is passed to the module, and includes nothing; did you mean it outside of the block? if it is meant for the module, put it into config { }',
      'module m: include is set twice; the module gets both, and most modules take the first, at 1:12',
    ]);
    for (const meant of ['include = "x"', 'config { include = x }', 'env { include = x }']) {
      expect(load({ 'm.conf': `module m { ${meant} }` }).warnings).toEqual([]);
    }
  });

  it('is suggested when it is mistyped', () => {
    expect(load({ 'm.conf': 'inlcude = x' }).warnings[0]?.message).toContain('did you mean include?');
  });

  it('is not read for a text', () => {
    const error = catchConfigError(() => parseConfig('\ninclude = /etc/passwd', '/m.conf', () => false));
    expect(error.message).toContain('/m.conf:2:1: found include in a text');
  });
});

describe('an include that cannot be', () => {
  it.each<[what: string, include: string, said: string]>([
    ['nothing', '', 'm.conf:2:1: found nothing for include, expected the path of a file, such as conf.d/*.conf'],
    [
      'a missing file',
      'gone.conf',
      'm.conf:2:1: the included file gone.conf cannot be read: it does not exist; write it',
    ],
    [
      'a folder',
      'sub',
      'the included file sub cannot be read: it is a folder; to include the files in it, write FOLDER/*.conf',
    ],
    ['a folder that a pattern finds', 's*', 'the included file sub cannot be read: it is a folder'],
    ['what is below a file', 'm.conf/x', 'a part of its path is not a folder'],
    ['a link to itself', 'circle', 'its symbolic links lead in a circle'],
    [
      'a link to nothing',
      'dangling.*',
      'the included file dangling.conf cannot be read: it is a symbolic link to nowhere, which does not exist; correct or remove the link',
    ],
    ['a pipe', 'pipe', 'it is a pipe, a socket or a device'],
    ['a pipe that a pattern finds', 'pip?', 'it is a pipe, a socket or a device'],
    ['a device without an end', '/dev/zero', 'it is a pipe, a socket or a device'],
    ['a huge file', 'huge', 'a configuration and all that it includes may have 16 MiB together'],
  ])('says so, of %s', (_, include, said) => {
    const { folder, file } = write({ 'm.conf': `\ninclude = ${include}`, 'sub/x.conf': '' });
    symlinkSync('circle', join(folder, 'circle'));
    symlinkSync('nowhere', join(folder, 'dangling.conf'));
    expect(spawnSync('mkfifo', [join(folder, 'pipe')]).status).toBe(0);
    writeFileSync(join(folder, 'huge'), '#'.repeat(16 * 1024 * 1024));
    const error = catchConfigError(() => loadConfig(file));
    expect(error).toMatchObject({ file, line: 2, column: 1 });
    expect(error.message.replaceAll(`${folder}/`, '')).toContain(said);
  });

  it.skipIf(process.getuid?.() === 0)('says what may not be read', () => {
    const { folder, file } = write({ 'm.conf': 'include = a.conf', 'a.conf': '', 'closed/x.conf': '' });
    chmodSync(join(folder, 'a.conf'), 0);
    expect(catchConfigError(() => loadConfig(file)).message).toContain('permission to read it');
    writeFileSync(file, 'include = closed/*.conf');
    chmodSync(join(folder, 'closed'), 0);
    expect(catchConfigError(() => loadConfig(file)).message).toMatch(/the folder \S+closed cannot be read: permission/);
    chmodSync(join(folder, 'closed'), 0o700);
  });

  it('has the mistakes of its file at their own places', () => {
    expect(failure({ 'm.conf': '\n\ninclude = a.conf', 'a.conf': '\n  module {' }).message).toMatch(/^a\.conf:2:10: /);
    const { message, error } = failure({ 'm.conf': 'include = a.conf', 'a.conf': 'module m {\n deadline = soon\n}' });
    expect(message).toMatch(/^a\.conf:2:2: module m: found "soon" for deadline/);
    expect(error.line).toBe(2);
  });

  it.each<[what: string, files: Record<string, string>, said: string]>([
    ['itself', { 'm.conf': 'include = ./m.conf' }, 'm.conf:1:1: m.conf includes itself; remove the include'],
    [
      'itself by a pattern',
      { 'm.conf': 'include = *.conf' },
      'm.conf includes itself; remove the include, or let its pattern match fewer files',
    ],
    [
      'what includes it',
      { 'm.conf': 'include = a.conf', 'a.conf': '\n include = d/b.conf', 'd/b.conf': 'include = ../a.conf' },
      'd/b.conf:1:1: found files that include each other: a.conf includes d/b.conf, which includes',
    ],
  ])('is refused, of a file that includes %s', (_, files, said) => {
    expect(failure(files).message.replace('/d/../', '/')).toContain(said);
  });

  it('is refused in a cycle, by whatever name the file is included again', () => {
    const { folder, file } = write({ 'm.conf': 'include = link.conf' });
    linkSync(file, join(folder, 'link.conf'));
    expect(catchConfigError(() => loadConfig(file)).message).toContain('found a file that includes itself');
  });

  it('is refused the second time, with the place of the first', () => {
    const { folder, file } = write({ 'm.conf': 'include = d/a.conf\ninclude = d/*', 'd/a.conf': 'module = a' });
    expect(catchConfigError(() => loadConfig(file)).message).toBe(
      `${file}:2:1: found ${folder}/d/a.conf a second time, expected each file once: it is included already at ${file}:1:1`,
    );
  });

  it('is refused where there are too many, and where they are too deep', () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`d/${i}.conf`, '']));
    expect(failure({ 'm.conf': 'include = d/*.conf', ...many }).message).toContain(
      'it stands for more than 1000 files',
    );
    delete many['d/0.conf'];
    expect(failure({ 'm.conf': 'include = d/*.conf', ...many }).message).toContain(
      'more than 1000 files in one configuration',
    );
    delete many['d/1.conf'];
    expect(load({ 'm.conf': 'include = d/*.conf', ...many }).modules).toEqual([]);
    const chain = (depth: number) => {
      return Object.fromEntries(Array.from({ length: depth }, (_, i) => [`${i}.conf`, `include = ${i + 1}.conf`]));
    };
    expect(failure({ 'm.conf': 'include = 0.conf', ...chain(16) }).message).toContain(
      '15.conf:1:1: found files that include each other 16 deep',
    );
    expect(load({ 'm.conf': 'include = 0.conf', ...chain(15), '15.conf': 'module = deep' }).modules).toHaveLength(1);
  });

  it('counts the bytes of all files together', () => {
    const part = '#'.repeat(6 * 1024 * 1024);
    const { message } = failure({ 'm.conf': `include = d/*\n${part}`, 'd/a': part, 'd/b': part });
    expect(message).toContain('the included file d/b cannot be read: a configuration and all that it includes');
  });

  it('names both places of a module that two files have', () => {
    const { message } = failure({ 'm.conf': 'include = d/*', 'd/a': 'module = m', 'd/b': '\nmodule = m' });
    expect(message).toBe('d/b:2:10: found a second module "m", expected each name once: the first is at d/a:1:10');
  });
});
