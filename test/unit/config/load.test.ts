import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig, strictError } from '../../../src/config/load.js';
import { catchConfigError, parse } from './helpers.js';

const folder = mkdtempSync(join(tmpdir(), 'config-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function makePipe(): string {
  const file = join(folder, 'pipe.conf');
  rmSync(file, { force: true });
  expect(spawnSync('mkfifo', [file]).status).toBe(0);
  return file;
}

describe('loadConfig', () => {
  it('reads a file and finds modules beside it', () => {
    mkdirSync(join(folder, 'lib'));
    write('lib/mesibo_mod_b.so', '');
    const file = write('good.conf', '\uFEFFmodule_dir = lib\r\nmodule = b\r\nmodule a {\r\n path = a.so\r\n}\r\n');
    const config = loadConfig(file);
    expect(config.file).toBe(file);
    expect(config.modules.map(({ path }) => path)).toEqual([join(folder, 'lib/mesibo_mod_b.so'), join(folder, 'a.so')]);
  });

  it('warns of a program of on_event that cannot be run, and has --strict refuse it', () => {
    mkdirSync(join(folder, 'programs'));
    chmodSync(write('not-executable', '#!/bin/sh\n'), 0o644);
    chmodSync(write('executable', '#!/bin/sh\n'), 0o755);
    const warningsOf = (program: string) =>
      loadConfig(write('event.conf', `\n on_event = ${program}\nmodule = m\n`)).warnings;
    expect(warningsOf('executable')).toEqual([]);
    for (const [program, why] of [
      ['nowhere', 'it does not exist'],
      ['programs', 'it is not a file'],
      ['not-executable', 'you may not execute it'],
    ] as const) {
      const message = `on_event: ${join(folder, program)} cannot be run, ${why}; until it can, nobody is told of events`;
      expect(warningsOf(program)).toEqual([
        { position: { file: join(folder, 'event.conf'), line: 2, column: 2 }, message },
      ]);
    }
    expect(strictError(loadConfig(join(folder, 'event.conf')))?.message).toContain('event.conf:2:2: on_event: ');
  });

  it('keeps characters beyond ASCII', () => {
    const file = write('words.conf', 'module m {\n word = \u00FCber \u{1F600}\uFFFD\n}');
    expect(loadConfig(file).modules[0]?.config).toEqual([['word', '\u00FCber \u{1F600}\uFFFD']]);
  });

  it.each([
    ['missing.conf', 'it does not exist; write it, or name another one with --config'],
    ['.', 'it is a folder; name the file in it'],
    ['plain/below.conf', 'a part of its path is not a folder'],
    ['circle', 'its symbolic links lead in a circle'],
  ])('says why it cannot read %s', (name, reason) => {
    write('plain', '');
    rmSync(join(folder, 'circle'), { force: true });
    symlinkSync('circle', join(folder, 'circle'));
    const file = join(folder, name);
    const error = catchConfigError(() => loadConfig(file));
    expect(error).toMatchObject({ code: 'CONFIG_UNREADABLE', file, line: 0, column: 0 });
    expect(error.message).toContain(`${file}: the configuration cannot be read: ${reason}`);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it.skipIf(process.getuid?.() === 0)('says that it may not read', () => {
    const file = write('closed.conf', '');
    chmodSync(file, 0);
    expect(catchConfigError(() => loadConfig(file)).message).toContain('is denied');
  });

  it('waits for the writer of a pipe, but not for ever', async () => {
    const file = makePipe();
    expect(catchConfigError(() => loadConfig(file, { silenceMs: 100 })).message).toContain(
      'it is a pipe or a device, and nothing came from it for 0.1 s; start what writes into it',
    );
    const writer = spawn('sh', ['-c', 'sleep 0.2; { printf "log_"; sleep 0.2; echo "keep = 3"; } > "$0"', file]);
    const ended = once(writer, 'exit');
    expect(loadConfig(file).logKeep).toBe(3);
    await ended;
  });

  it('takes a device without content as an empty file', () => {
    expect(loadConfig('/dev/null').modules).toEqual([]);
  });

  it('does not wait for a pipe, where it must not', () => {
    const file = makePipe();
    const { message } = catchConfigError(() => loadConfig(file, { neverWait: true }));
    expect(message).toContain('it is a pipe or a device, which a running core does not wait for; put it into a file');
    expect(catchConfigError(() => loadConfig(folder, { neverWait: true })).message).toContain('it is a folder');
  });

  it('gives up on a file without an end', () => {
    expect(catchConfigError(() => loadConfig('/dev/zero')).message).toContain('it is larger than 16 MiB');
  });

  it.each([
    [[0x61, 0x3d, 0xff], '1:3: found the byte 0xff'],
    [[0xff, 0xfe, 0x61, 0x00], '1:1: found the byte 0xff, expected text in UTF-8'],
    [[0xef, 0xbb, 0xbf, 0xe9], '1:1: found the byte 0xe9'],
    [[0x0a, 0xc3, 0xa4, 0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbd, 0xc3], '2:4: found the byte 0xc3'],
    [[0xed, 0xa0, 0x80], '1:1: found the byte 0xed'],
  ])('places bytes that are not UTF-8: %j', (bytes, message) => {
    const error = catchConfigError(() => loadConfig(write('bytes.conf', Uint8Array.from(bytes))));
    expect(error.code).toBe('CONFIG_SYNTAX');
    expect(error.message).toContain(`bytes.conf:${message}`);
  });
});

describe('strictError', () => {
  it('is none without warnings', () => expect(strictError(parse('log_keep = 1'))).toBeNull());

  it('has every warning on a line of its own, at its place', () => {
    const error = strictError(parse('prot = 1\nmodule m {\n  dedline = 1s\n}'));
    expect(error).toMatchObject({ code: 'CONFIG_VALUE', line: 1, column: 1 });
    const lines = error?.message.split('\n');
    expect(lines).toHaveLength(2);
    expect(lines?.[0]).toMatch(/^\/etc\/m\.conf:1:1: unknown setting "prot"/);
    expect(lines?.[1]).toMatch(/^\/etc\/m\.conf:3:3: module m: "dedline"/);
  });
});
