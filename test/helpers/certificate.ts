/** A certificate for servers of this machine, which nobody trusts unless told to. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeTempDir } from './temp-dir.js';

/** Whether one can be made here. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** Makes one that is good for 127.0.0.1 and localhost; `file` goes with the test. */
export function makeCertificate(): { key: Buffer; cert: Buffer; file: string } {
  const folder = makeTempDir();
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = spawnSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'].concat(
      ['-subj', '/CN=test', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ['-keyout', key, '-out', file],
    ),
    { encoding: 'utf8' },
  );
  expect(made.status, made.stderr).toBe(0);
  return { key: readFileSync(key), cert: readFileSync(file), file };
}
