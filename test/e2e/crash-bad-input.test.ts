/** Crashes under bad conditions: the core serves, and its cards stay small. */

import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Core, makeConfig } from 'mesibo-modules';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { CARDS_DIRECTORY, type CrashCard } from '../../src/crashes/card.js';
import { parseCard } from '../../src/crashes/parse-card.js';
import { compile, run } from '../helpers/compiled.js';
import { makeTempDir } from '../helpers/temp-dir.js';

/** "w": writes to nowhere; "d": the same, far down the stack; "g": fills the crash area with what the number gives, and ends. */
const SOURCE = `
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mesibo/module.h>

enum { AREA = 4096, AREA_BYTES = 80 + 8 * 256 + 64 * 576 };
static volatile int *volatile nowhere;

int write_nowhere(void)
{
	return *nowhere = 1; /* a write */
}
static int descend(int depth)
{
	return depth == 0 ? write_nowhere() : descend(depth - 1) + 1; /* a step */
}
static void write_garbage(unsigned seed)
{
	char line[1024], way[8];
	unsigned long from, to;
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned char *area = NULL;

	while (maps && fgets(line, sizeof line, maps))
		if (strstr(line, "/mesibo-modules-") && sscanf(line, "%lx-%lx %7s", &from, &to, way) == 3 && way[1] == 'w' && !area)
			area = (unsigned char *)from + AREA;
	if (!area) exit(99);
	for (int i = 0; i < AREA_BYTES; i++) area[i] = (unsigned char)rand_r(&seed);
	area[0] = 3; /* complete */
	area[1] = area[2] = area[3] = 0;
	raise(SIGKILL);
}
static int sad_on_message(mesibo_module_t *mod, mesibo_message_params_t *p, const char *message, mesibo_uint_t len)
{
	(void)mod, (void)p, (void)len;
	switch (*message) {
	case 'w': write_nowhere(); break;
	case 'd': return descend(100000) & 1;
	case 'g': write_garbage((unsigned)p->id); break;
	}
	return MESIBO_RESULT_CONSUMED;
}
int mesibo_module_sad_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);
	mod->on_message = sad_on_message;
	return MESIBO_RESULT_OK;
}
`;

const patience = { timeout: 120_000, interval: 100 };
const MAX_CARD_BYTES = 512 * 1024;
let core: Core | null = null;
let stateDir: string;
afterEach(async () => {
  await core?.stop();
  core = null;
});

async function start(path: string, state = makeTempDir()): Promise<Core> {
  stateDir = state;
  const module = {
    name: 'sad',
    path,
    abi: 'table' as const,
    deadlineMs: 60_000,
    startTimeoutMs: 60_000,
    maxCrashes: null,
    backoff: { minMs: 1, maxMs: 1 },
    quarantine: null,
  };
  core = new Core(makeConfig({ chainDeadlineMs: 60_000, modules: [module] }), {
    runDir: join(makeTempDir(), 'run'),
    stateDir,
  });
  expect(await core.start()).toMatchObject({ refused: [] });
  return core;
}

let messages = 0;
/** The module dies of a message, and consumes the next one. */
async function die(word: string): Promise<void> {
  const params = () => ({ from: 'alice', to: 'bob', id: ++messages });
  expect(await core?.onMessage(params(), Buffer.from(word))).toMatchObject({ trace: [{ default: 'crash' }] });
  expect(await core?.onMessage(params(), Buffer.from('fine'))).toMatchObject({ verdict: 'consumed' });
}

/** Cards that are finished, oldest first. */
function readCards(): CrashCard[] {
  const directory = join(stateDir, CARDS_DIRECTORY);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const text = readFileSync(join(directory, name), 'utf8');
      expect(text.length).toBeLessThan(MAX_CARD_BYTES);
      return parseCard(text, name.replace(/\.json$/, ''));
    })
    .filter(({ symbols }) => !symbols.isPending)
    .sort((a, b) => a.generation - b.generation);
}

async function waitForCards(count: number): Promise<CrashCard[]> {
  await expect.poll(() => readCards().length, patience).toBe(count);
  return readCards();
}

async function cardOf(word: string): Promise<CrashCard> {
  await die(word);
  const [card] = await waitForCards(1);
  return card as CrashCard;
}

describe('a module', () => {
  it('that has 100,000 frames on its stack has the innermost ones on its card', { timeout: 240_000 }, async () => {
    const module = compile('sad.c', SOURCE);
    await start(module.path);
    const { frames, isCut, noFrames } = await cardOf('deep');
    expect(frames[0]).toMatchObject({ function: 'write_nowhere', line: module.lineOf('a write') });
    expect(frames[1]).toMatchObject({ function: 'descend', line: module.lineOf('a step') });
    expect([isCut, frames.length <= 256, frames.length > 100]).toEqual([true, true, true]);
    expect(noFrames).toMatch(/the stack is deeper/);
  });

  it('with a name of 5 MB has a card with a part of it', { timeout: 240_000 }, async () => {
    const { path } = compile('sad.c', SOURCE, ['-O0']);
    const map = join(makeTempDir(), 'map');
    run(
      'sh',
      '-c',
      `printf 'write_nowhere ' > ${map}; head -c 5242880 /dev/zero | tr '\\0' n >> ${map}; echo >> ${map}`,
    );
    run('objcopy', `--redefine-syms=${map}`, path);
    await start(path);
    const { frames } = await cardOf('write');
    expect(frames[0]?.function).toMatch(/^n{100,4096}$/);
    expect((core as Core).status().modules[0]?.lastCrash?.function).toBe(frames[0]?.function);
  });

  it('with the debug file of another build has functions, no lines, and the reason', { timeout: 240_000 }, async () => {
    const { path } = compile('sad.c', SOURCE);
    const other = compile('sad.c', `\n\n\n${SOURCE}int more(void) { return 1; }\n`);
    const debug = `${path}.debug`;
    for (const file of [path, other.path]) run('objcopy', '--only-keep-debug', file, `${file}.debug`);
    run('objcopy', '--strip-debug', `--add-gnu-debuglink=${debug}`, path);
    copyFileSync(`${other.path}.debug`, debug);
    await start(path);
    const { frames, symbols } = await cardOf('write');
    expect(frames[0]).toMatchObject({ function: 'write_nowhere', source: null, line: null });
    expect(symbols.remark).toMatch(/belongs to another build/);
  });

  it('that fills the crash area with garbage has a card that claims no more than is sure', {
    timeout: 240_000,
  }, async () => {
    await start(compile('sad.c', SOURCE).path);
    const deaths = 10;
    for (let i = 0; i < deaths; i++) await die('garbage');
    for (const card of await waitForCards(deaths)) {
      expect(card).toMatchObject({ cause: 'crash', signal: 'SIGKILL', exitCode: null, callback: 'on_message' });
      expect(card.frames.length).toBeLessThanOrEqual(256);
      expect(card.frames.filter((frame) => frame.function !== null || frame.source !== null)).toEqual([]);
      expect(card.noFrames).not.toBeNull();
    }
  });
});

/** A small disk of this test's own; `null`: this process may not mount one. */
function mountDisk(): string | null {
  const disk = makeTempDir();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]).status !== 0) return null;
  onTestFinished(() => void spawnSync('umount', ['-l', disk]));
  return disk;
}

/** Takes all the room of a disk. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(fd);
  }
}

const CRASHES = 5;
const problems = () => (core as Core).status().core.problems.filter((text) => text.includes('crash cards cannot'));

describe('a state directory', () => {
  it.each([
    ['full', (disk: string) => fill(join(disk, 'filler')), (disk: string) => rmSync(join(disk, 'filler'))],
    [
      'read-only',
      // Laid over it, because a disk with files that are being written cannot become read-only.
      (disk: string) => {
        const state = join(disk, 'state');
        execFileSync('mount', ['--bind', state, state]);
        execFileSync('mount', ['-o', 'remount,bind,ro', state]);
      },
      (disk: string) => execFileSync('umount', ['-l', join(disk, 'state')]),
    ],
  ])(
    'that is %s for a while keeps the module from nothing, and has the next cards',
    {
      timeout: 240_000,
    },
    async (_, spoil, repair) => {
      const disk = mountDisk();
      // Nobody but root may mount one.
      if (disk === null) return expect(process.getuid?.()).not.toBe(0);
      await start(compile('sad.c', SOURCE).path, join(disk, 'state'));
      await die('write');
      await waitForCards(1);
      spoil(disk);
      for (let i = 0; i < CRASHES; i++) await die('write');
      await expect.poll(() => problems().length, patience).toBe(1);
      expect(problems()[0]).toMatch(/make room there, or make it writable/);
      const before = readCards().length;
      repair(disk);
      await die('write');
      await expect.poll(() => readCards().at(-1)?.generation, patience).toBe(CRASHES + 2);
      expect(readCards().length).toBeGreaterThan(before);
      expect(problems()).toEqual([]);
      expect((core as Core).status().modules[0]).toMatchObject({ state: 'serving', crashes: { total: CRASHES + 2 } });
    },
  );
});
