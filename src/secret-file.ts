/** A file with a secret in its first line, which nobody but its owner may read. */

import { closeSync, constants, fstatSync } from 'node:fs';
import { DirectoryError } from './errors.js';
import { openFile, readBeginning } from './own-files.js';

/** A longer first line is not meant as a token. */
const MAX_BYTES = 4096;
const OTHERS = 0o077;

/** Of the system's errors, those that an operator meets. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of its path is a file and no folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ELOOP: 'its path has links that lead in a circle',
  EISDIR: 'it is a folder',
};

/**
 * Reads the secret. The file belongs to this user or to root, and has the mode 0600 or less. Its first line counts, without the
 * white space around it.
 *
 * @param setting - the setting that names the file
 * @throws DirectoryError `SECRET_UNUSABLE`; it never says anything of what is in the file
 */
export function readSecretFile(path: string, setting: string): string {
  const reason = (why: string, cause?: unknown) => unusable(path, setting, why, cause);
  let fd: number;
  try {
    fd = openFile(path, constants.O_RDONLY);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw reason(REASONS[code ?? ''] ?? code ?? message, cause);
  }
  try {
    // Of what was opened, whatever stands there by now.
    const { uid, mode } = fstatSync(fd);
    if (uid !== 0 && uid !== process.geteuid?.()) throw reason(`it belongs to the user ${uid}`);
    if ((mode & OTHERS) !== 0) throw reason(`it has the mode 0${(mode & 0o777).toString(8)}, so others may use it`);
    const secret = firstLine(readBeginning(fd, MAX_BYTES + 1));
    if (secret === '') throw reason('its first line is empty');
    if (secret.length > MAX_BYTES) throw reason(`its first line has more than ${MAX_BYTES} bytes`);
    if (!/^[\x21-\x7e]+$/.test(secret)) throw reason('its first line has characters that are not printable ASCII');
    return secret;
  } finally {
    closeSync(fd);
  }
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').trim();
}

function unusable(path: string, setting: string, why: string, cause: unknown): DirectoryError {
  const remedy = `give ${setting} a file that belongs to the core's user or to root, has the mode 0600, and holds the secret in its first line`;
  return new DirectoryError('SECRET_UNUSABLE', `the file ${path} of ${setting} cannot be used (${why})`, {
    remedy,
    cause,
  });
}
