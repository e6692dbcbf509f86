/** Files with a secret: which are taken, and that their content is never shown. */

import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { SupervisorError } from '../../src/errors.js';
import { readSecretFile } from '../../src/secret-file.js';
import { findSecretProblem } from '../../src/secrets.js';
import { makeTempDir } from '../helpers/temp-dir.js';

const SECRET = 'do-not-tell-anybody';

function makeFile(content: string | Buffer = `${SECRET}\n`, mode = 0o600): string {
  const path = join(makeTempDir(), 'secret');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function reasonOf(path: string): string {
  try {
    return `read: ${readSecretFile(path, 'http_token')}`;
  } catch (error) {
    expect(error).toMatchObject({ code: 'SECRET_UNUSABLE' });
    const { what, remedy } = error as SupervisorError;
    expect(what).toContain(`the file ${path} of http_token cannot be used (`);
    expect(`${remedy}`).toContain('has the mode 0600, and holds the secret in its first line');
    expect((error as Error).message).not.toContain(SECRET);
    expect(findSecretProblem(path, 'http_token')).toBe((error as Error).message);
    return what.replace(/^.*?\(/, '').replace(/\)$/, '');
  }
}

it.each([
  [`${SECRET}\n`, 0o600],
  [`  ${SECRET} \r\nmore`, 0o400],
  [SECRET, 0o700],
])('the first line of %j with the mode %o is the secret', (content, mode) => {
  const path = makeFile(content, mode);
  expect(readSecretFile(path, 'http_token')).toBe(SECRET);
  expect(findSecretProblem(path, 'http_token')).toBeNull();
});

it.each([
  [0o640, 'it has the mode 0640, so others may use it'],
  [0o604, 'it has the mode 0604, so others may use it'],
  [0o620, 'it has the mode 0620, so others may use it'],
  [0o601, 'it has the mode 0601, so others may use it'],
])('one that others may use is refused: %o', (mode, reason) => {
  expect(reasonOf(makeFile(`${SECRET}\n`, mode))).toBe(reason);
});

it.each([
  ['', 'its first line is empty'],
  [`\n${SECRET}`, 'its first line is empty'],
  [`${SECRET} ${SECRET}`, 'its first line has characters that are not printable ASCII'],
  [`${SECRET}\0`, 'its first line has characters that are not printable ASCII'],
  [`${SECRET}ü`, 'its first line has characters that are not printable ASCII'],
  [SECRET.repeat(1000), 'its first line has more than 4096 bytes'],
])('a first line that is not a secret is refused (%#)', (content, reason) => {
  expect(reasonOf(makeFile(content))).toBe(reason);
});

it('a path that is not a file is refused, without waiting for it', () => {
  const directory = makeTempDir();
  const at = (name: string) => join(directory, name);
  expect(reasonOf(at('nothing'))).toBe('there is no such file');
  mkdirSync(at('folder'));
  expect(reasonOf(at('folder'))).toBe('it is not a regular file');
  execFileSync('mkfifo', ['-m', '600', at('pipe')]);
  expect(reasonOf(at('pipe'))).toBe('it is not a regular file');
  symlinkSync('loop', at('loop'));
  expect(reasonOf(at('loop'))).toBe('its path has links that lead in a circle');
  const path = makeFile();
  symlinkSync(path, at('link'));
  expect(reasonOf(at('link'))).toBe(`read: ${SECRET}`);
});

it.runIf(process.geteuid?.() === 0)('one of another user is refused, as its owner could change it', () => {
  const path = makeFile();
  chownSync(path, 12_345, 12_345);
  expect(reasonOf(path)).toBe('it belongs to the user 12345');
});
