/** The pages that somebody follows from top to bottom, followed. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { makeTempDir } from '../helpers/temp-dir.js';

const page = (name: string) => readFileSync(join(PACKAGE_ROOT, 'docs', name), 'utf8');

/** What looks like the clone that the pages speak of: built, with its own modules folder. */
function makeClone(): { root: string; env: NodeJS.ProcessEnv } {
  const root = makeTempDir();
  cpSync(join(PACKAGE_ROOT, 'modules'), join(root, 'modules'), { recursive: true });
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const main = join(PACKAGE_ROOT, 'dist/cli/main.js');
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  const { MESIBO_DEBUG: _, ...env } = process.env;
  return { root, env: { ...env, PATH: `${bin}:${env.PATH}`, MESIBO_RUN_DIR: join(root, 'run'), NO_COLOR: '1' } };
}

it('docs/getting-started.md works, block by block', () => {
  const { root, env } = makeClone();
  const sh = (script: string) => spawnSync('sh', ['-ec', script], { cwd: root, env, encoding: 'utf8' });
  const blocks = [...page('getting-started.md').matchAll(/```(sh)?\n([\s\S]*?)```/g)].map(([, kind, text = '']) => ({
    kind,
    text,
  }));
  const said: string[] = [];
  try {
    for (const { kind, text } of blocks) {
      if (text.trim() === 'npm install') continue;
      if (kind !== 'sh') {
        if (text.startsWith('module filter {')) writeFileSync(join(root, 'mesibo.conf'), text);
        // What the block before has printed, but for its times.
        else expect(said.at(-1)?.replaceAll(/[\d.]+ ms/g, 'N ms')).toBe(text.replaceAll(/[\d.]+ ms/g, 'N ms'));
        continue;
      }
      const { status, stdout, stderr } = sh(text);
      expect({ text, status, stderr: status === 0 ? '' : stderr }).toEqual({ text, status: 0, stderr: '' });
      said.push(stdout);
    }
    const all = said.join('');
    for (const words of [
      'module hello is ready',
      'module filter: ok',
      'consumed by filter',
      /filter +serving/,
      'blocked a message from alice',
    ]) {
      expect(all).toMatch(words);
    }
  } finally {
    sh('npx mesibo-modules stop || true');
  }
});

it('docs/embedding.md has a program that runs', () => {
  const { root, env } = makeClone();
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page('embedding.md')) ?? [];
  const path = join(root, 'modules/build/module_filter.so');
  writeFileSync(
    join(root, 'mesibo.conf'),
    `module filter { path = ${path} ; blocked_words = heck }\nmodule = missing\n`,
  );
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(dirname(join(PACKAGE_ROOT, 'package.json')), join(root, 'node_modules/mesibo-modules'));
  writeFileSync(
    join(root, 'server.mjs'),
    code.replace('/run/my-server', join(root, 'run')).replace('/var/lib/my-server', root),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, ['server.mjs'], { cwd: root, env, encoding: 'utf8' });
  expect(stderr).toMatch(/^module missing: no file found; looked for .*\n$/);
  expect(stdout.trim().split('\n').at(-1)).toBe('consumed by filter');
  expect(status).toBe(0);
});
