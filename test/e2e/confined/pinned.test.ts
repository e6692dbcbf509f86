/** A file that the configuration pins, and what `check` says of what cannot be had. */

import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine } from '../../helpers/command.js';
import { fixture, makeTempDir } from '../core.js';
import { ConfinedCore } from './confined.js';

const digestOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
let folder: string;
let file: string;

beforeEach(() => {
  folder = makeTempDir();
  file = join(folder, 'confined.so');
  copyFileSync(fixture('confined'), file);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a pinned file', () => {
  it('is loaded if it has the digest, from a copy that only the core can change', async () => {
    const confined = await ConfinedCore.start({ path: file, sha256: digestOf(file).toUpperCase() });
    expect(await confined.tell('user')).toHaveLength(1);
    // The file is replaced. The next process is still of the pinned build.
    copyFileSync(fixture('slow'), join(folder, 'other'));
    renameSync(join(folder, 'other'), file);
    await confined.end('dump');
    await confined.servesAfter(1);
    expect(await confined.tell('user')).toHaveLength(1);
    await confined.close();
  });

  it('is not loaded if it has another', async () => {
    const confined = await ConfinedCore.start({ path: file, sha256: '0'.repeat(64) });
    const says = new RegExp(`its sha256 is ${digestOf(file)}; the configuration pins 0{64}; put the pinned file`);
    expect(confined.core.lives('exited')).toMatchObject([{ cause: 'start', text: expect.stringMatching(says) }]);
    expect(confined.core.lives('ready')).toEqual([]);
    await confined.close();
  });
});

describe('check', () => {
  it('names what this machine cannot do, and what helps', async () => {
    const command = new CommandLine(folder);
    const config = join(folder, 'mesibo.conf');
    writeFileSync(config, `module confined {\n path = ${file}\n abi = table\n sandbox { user = no-such-user }\n}\n`);
    const { code, stdout, stderr } = await command.run('check', '--config', config);
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/sandbox \{ user = no-such-user \}: the system has no such user; make it/);
  });

  it('is content with limits that can be kept', async () => {
    const command = new CommandLine(folder);
    const config = join(folder, 'mesibo.conf');
    const limits = 'limits { memory = 256MiB ; nofile = 256 ; core = 0 }';
    writeFileSync(config, `module confined {\n path = ${file}\n abi = table\n ${limits}\n}\n`);
    expect(await command.run('check', '--config', config)).toMatchObject({ code: 0, stderr: '' });
  });
});
