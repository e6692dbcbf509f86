import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreStatus, PromotionReport, ShadowReport } from 'mesibo-modules';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandLine } from '../../helpers/command.js';
import { makeTempDir, sample } from '../core.js';

let command: CommandLine;
const file = () => join(command.directory, 'mesibo.conf');
const block = (name: string, words: string, more = '') =>
  `module ${name} { path = ${sample('filter')} ; deadline = 60s ; ${more}\n  blocked_words = ${words} }\n`;
const TWO = block('filter', 'alpha') + block('filter2', 'alpha, beta', 'shadow_of = filter ;');

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  await command.start(`gateway = off\n${TWO}`);
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

async function json<T>(...args: string[]): Promise<T> {
  const { stdout, stderr } = await command.run(...args, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as T;
}

it('shows what a shadow disagrees on, without what a terminal would obey', async () => {
  const texts = ['fine', 'beta \u001b[31mred', 'alpha', 'beta \u2028end', 'fine'];
  for (const [i, text] of texts.entries()) {
    const { stdout } = await command.run('send', '--from', 'alice', '--to', 'bob', '--id', String(i + 1), text);
    expect(stdout).toMatch(text === 'alpha' ? /^consumed by filter/ : /^pass/);
    expect(stdout).not.toContain('filter2');
  }
  await expect.poll(async () => (await json<ShadowReport>('shadow', 'filter2')).compared, { timeout: 60_000 }).toBe(5);
  const { examples, totals } = await json<ShadowReport>('shadow', 'filter2');
  expect(examples.map(({ id }) => id)).toEqual(['2', '4']);
  expect(totals).toMatchObject({ agreed: 3, otherVerdict: 2 });
  const { stdout, code } = await command.run('shadow', 'filter2');
  expect(code).toBe(0);
  for (const line of [
    /shadow {8}filter2, of module filter/,
    /compared {6}5 messages/,
    /agreed {8}3 \(60\.00%\)/,
    /disagreed {5}2: 2 in the verdict, 0 in what they made of the message/,
    /from alice to bob, id 2; they differ in the verdict/,
    /"beta \\x1b\[31mred"/,
    /"beta \\u2028end"/,
    /filter: pass/,
    /filter2: consumed/,
    /filter: half within \d/,
  ]) {
    expect(stdout).toMatch(line);
  }
  expect(stdout).not.toContain('\u001b');
});

it('is a shadow in status, list and describe, and no problem when it is stopped', async () => {
  const { modules } = await json<CoreStatus>('status');
  expect(modules.map(({ name, shadowOf }) => [name, shadowOf])).toEqual([
    ['filter', null],
    ['filter2', 'filter'],
  ]);
  for (const verb of ['status', 'list']) {
    const { stdout } = await command.run(verb);
    expect(stdout).toMatch(/NAME +STATE +SHADOW OF/);
    expect(stdout).toMatch(/filter2 +serving +filter/);
  }
  expect((await command.run('describe', 'filter2')).stdout).toMatch(/shadow of +filter; to see how both compare:/);
  const stopped = await command.run('stop', 'filter2');
  expect(stopped.stderr.replace(/\s+/g, ' ')).toContain(
    'filter2 is stopped; nothing is offered to it any more; to start',
  );
  expect((await command.run('status')).code).toBe(0);
  await command.run('start', 'filter2');
});

it('counts from 0 after --reset, and by reset', async () => {
  expect((await json<ShadowReport>('shadow', 'filter2', '--reset')).compared).toBe(5);
  expect(await json<ShadowReport>('shadow', 'filter2')).toMatchObject({ compared: 0, examples: [] });
  await command.run('send', '--from', 'a', '--to', 'b', 'beta');
  await expect.poll(async () => (await json<ShadowReport>('shadow', 'filter2')).compared, { timeout: 60_000 }).toBe(1);
  await command.run('reset', 'filter2');
  expect((await json<ShadowReport>('shadow', 'filter2')).compared).toBe(0);
});

it('refuses what is no shadow, and says what helps', async () => {
  for (const verb of ['shadow', 'promote']) {
    const { code, stderr } = await command.run(verb, 'filter');
    expect(code).toBe(1);
    expect(stderr).toMatch(/module filter: it is not a shadow; set shadow_of in its block/);
    expect((await command.run(verb, 'filter3')).stderr).toMatch(/"filter3"; did you mean filter\?/);
  }
});

it('promotes, names the lines to change, and is a problem until they are', async () => {
  const { stdout, code } = await command.run('promote', 'filter2');
  expect(code).toBe(0);
  expect(stdout).toMatch(/promoted: module filter runs what filter2 ran/);
  expect(stdout).toContain(`${file()} does not say so yet. In module filter { } change:`);
  expect(stdout).toMatch(/its own settings, as module filter2 \{ \} has them/);
  expect((await command.run('send', '--from', 'a', '--to', 'b', 'beta')).stdout).toMatch(/^consumed by filter/);
  const status = await command.run('status');
  expect(status.code).toBe(1);
  expect(status.stdout.replace(/\s+/g, ' ')).toContain('module filter runs the promoted version');
  writeFileSync(file(), `gateway = off\n${block('filter', 'alpha, beta')}`);
  const reload = await json<{ replaced: string[]; removed: string[] }>('reload');
  expect(reload).toMatchObject({ replaced: [], removed: ['filter2'] });
  expect((await command.run('status')).code).toBe(0);
  expect((await command.run('send', '--from', 'a', '--to', 'b', 'beta')).stdout).toMatch(/^consumed by filter/);
});

it('promotes back by another promotion', async () => {
  writeFileSync(file(), `gateway = off\n${TWO}`);
  await command.run('reload');
  const there = await json<PromotionReport>('promote', 'filter2');
  expect(there).toMatchObject({ module: 'filter', shadow: 'filter2', toChange: [{ key: 'config', value: null }] });
  expect((await json<PromotionReport>('promote', 'filter2')).toChange).toEqual([]);
  expect((await command.run('send', '--from', 'a', '--to', 'b', 'beta')).stdout).toMatch(/^pass/);
  expect(readFileSync(file(), 'utf8')).toContain('shadow_of = filter');
  await command.run('promote', 'filter2');
  const { stdout } = await command.run('reload', '--json');
  expect((JSON.parse(stdout) as { warnings: string[] }).warnings).toContain(
    'this reload undoes the promotion of filter2: filter runs what its block says again',
  );
});

it('is refused by a configuration whose shadow has nothing to shadow', async () => {
  const wrong = join(command.directory, 'wrong.conf');
  writeFileSync(wrong, block('filter', 'a') + block('filter2', 'b', 'shadow_of = fliter ;'));
  const { code, stderr } = await command.run('check', '--config', wrong);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /wrong\.conf:3:\d+.*module filter2: found shadow_of = fliter, which is not configured; did you mean filter\?/s,
  );
});
