import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { makeTempDir } from '../helpers/temp-dir.js';

const page = readFileSync(fileURLToPath(new URL('../../docs/operating.md', import.meta.url)), 'utf8');

it('the example of a program for on_event sends a mail', () => {
  const [, script = ''] = /```sh\n(#!\/bin\/sh\n[\s\S]*?)```/.exec(page) ?? [];
  const dir = makeTempDir();
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const install = (path: string, body: string) => {
    writeFileSync(path, body);
    chmodSync(path, 0o755);
  };
  install(join(dir, 'tell'), script);
  install(join(bin, 'sendmail'), `#!/bin/sh\necho "to $1"\ncat\n`);
  install(join(bin, 'mesibo-modules'), '#!/bin/sh\necho "asked: $*"\n');
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    MESIBO_EVENT: 'crash',
    MESIBO_MODULE: 'filter',
    MESIBO_RUN_DIR: '/run/x',
  };
  const run = (more: object) => spawnSync(join(dir, 'tell'), { env: { ...env, ...more }, encoding: 'utf8' });
  const { stdout, stderr, status } = run({ MESIBO_REASON: 'it died', MESIBO_SKIPPED: '2' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout.split('\n')).toEqual([
    'to operator@example.org',
    'Subject: module filter: crash',
    '',
    'it died',
    '2 more like this were not told.',
    'asked: --run-dir /run/x status',
    '',
  ]);
  expect(run({ MESIBO_REASON: 'r', MESIBO_SKIPPED: '0', MESIBO_MODULE: '' }).stdout).not.toContain('more like this');
});
