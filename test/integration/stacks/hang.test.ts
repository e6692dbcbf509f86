/** Stacks of hosts that hang: real processes, real programs. */

import { afterEach, expect, it } from 'vitest';
import { Symbolizer } from '../../../src/stacks/symbolizer.js';
import { nameStack, takeStack } from '../../../src/stacks/take-stack.js';
import { compile, has, pathOf } from '../../helpers/compiled.js';
import { send, startHost as start } from '../../helpers/real-host.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const HEAD = `
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>
#include <mesibo/module.h>
`;
const TAIL = `
static int slow_on_message(mesibo_module_t *mod, mesibo_message_params_t *p, const char *message, mesibo_uint_t len)
{
	(void)mod, (void)p, (void)message, (void)len;
	work(); /* of the callback */
	return MESIBO_RESULT_PASS;
}
int mesibo_module_slow_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);
	mod->on_message = slow_on_message;
	START;
	return MESIBO_RESULT_OK;
}
`;
const LOOP = `
static volatile int turns;
static void __attribute__((noinline)) spin(void)
{
	for (;;) turns++; /* for ever */
}
static void work(void)
{
	spin(); /* of work */
}
#define START
`;
const DEADLOCK = `
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, two = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;
static void *other(void *data)
{
	pthread_mutex_lock(&two);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&one); /* the other one waits */
	return data;
}
static void work(void)
{
	pthread_t thread;
	pthread_barrier_init(&both, NULL, 2);
	pthread_mutex_lock(&one);
	pthread_create(&thread, NULL, other, NULL);
	pthread_setname_np(thread, "other");
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&two); /* the first one waits */
}
#define START
`;
const SLOW_START = `
static volatile int turns;
static void work(void) {}
static void __attribute__((noinline)) prepare(void)
{
	for (;;) turns++; /* in the start */
}
#define START prepare()
`;
const SLOW = `
static void work(void) { usleep(800 * 1000); }
#define START
`;

const [PATH] = [process.env.PATH];
afterEach(() => {
  process.env.PATH = PATH;
});

/** Of which three seconds are for the program, also on a machine that is busy. */
const ENOUGH_MS = 8000;

it.runIf(has('eu-stack'))('the stack of a loop names its line', async () => {
  const { path, source, lineOf } = compile('slow.c', HEAD + LOOP + TAIL);
  const { host, ready, died, close } = start(path, { hangMs: ENOUGH_MS });
  await ready;
  send(host);
  const end = await died;
  expect(end.what.kind).toBe('hung');
  const stack = await end.stack;
  expect([stack?.by, stack?.remark]).toEqual(['eu-stack', null]);
  const [main] = stack?.threads ?? [];
  expect(main).toMatchObject({ id: host.pid, isMain: true });
  expect(main?.frames.map((one) => [one.function, one.source, one.line, one.isOfModule])).toEqual([
    ['spin', source, lineOf('for ever'), true],
    ['work', source, lineOf('of work'), true],
    ['slow_on_message', source, lineOf('of the callback'), true],
  ]);
  await close();
});

it.runIf(has('gdb'))('gdb is used where it is the only one', async () => {
  const { path, source, lineOf } = compile('slow.c', HEAD + LOOP + TAIL);
  const { host, ready, died, close } = start(path, { hangMs: null });
  await ready;
  send(host);
  const begun: number[] = [];
  const options = {
    path: pathOf('gdb'),
    signal: new AbortController().signal,
    begun: (pid: number) => begun.push(pid),
  };
  const raw = await takeStack(host.pid, options);
  expect(begun).toHaveLength(1);
  const stack = raw === null ? null : await nameStack(raw, { path, others: [] }, new Symbolizer());
  expect([stack?.by, stack?.remark]).toEqual(['gdb', null]);
  expect(stack?.threads[0]?.frames.map((one) => [one.function, one.source, one.line])).toEqual([
    ['spin', source, lineOf('for ever')],
    ['work', source, lineOf('of work')],
    ['slow_on_message', source, lineOf('of the callback')],
  ]);
  host.kill();
  await died;
  await close();
});

it.runIf(has('eu-stack'))('a deadlock shows both threads', async () => {
  const { path, source, lineOf } = compile('slow.c', HEAD + DEADLOCK + TAIL);
  const { host, ready, died, close } = start(path, { hangMs: ENOUGH_MS });
  await ready;
  send(host);
  const stack = await (await died).stack;
  const ofModule = stack?.threads.map(({ isMain, name, frames }) => {
    const first = frames.find(({ isOfModule }) => isOfModule);
    return [isMain, name, first?.function, first?.source, first?.line];
  });
  expect(ofModule?.[0]?.slice(2)).toEqual(['work', source, lineOf('the first one waits')]);
  expect(ofModule?.[1]?.slice(1)).toEqual(['other', 'other', source, lineOf('the other one waits')]);
  expect(stack?.threads).toHaveLength(2);
  await close();
});

it.runIf(has('eu-stack'))('the stack of a start that takes too long names the line', async () => {
  const { path, source, lineOf } = compile('slow.c', HEAD + SLOW_START + TAIL);
  const { died, close } = start(path, { startTimeoutMs: ENOUGH_MS });
  const end = await died;
  expect(end.what.kind).toBe('start-timeout');
  const stack = await end.stack;
  expect(stack?.threads[0]?.frames[0]).toMatchObject({ function: 'prepare', source, line: lineOf('in the start') });
  await close();
});

it('without programs, what the kernel says is told, with what to install', async () => {
  const { path } = compile('slow.c', HEAD + DEADLOCK + TAIL);
  const { host, ready, died, close } = start(path, { hangMs: 1000 });
  await ready;
  process.env.PATH = makeTempDir();
  send(host);
  const stack = await (await died).stack;
  expect(stack?.by).toBe('the kernel');
  expect(stack?.remark).toMatch(/^its main thread is .*; install elfutils or gdb to see its whole stack$/);
  expect(stack?.threads[0]?.isMain).toBe(true);
  await close();
});

it('calls that are slow and end are not harmed by it', async () => {
  const { path } = compile('slow.c', HEAD + SLOW + TAIL);
  const { host, ready, died, answers, spared, close } = start(path, { hangMs: 1000 });
  await ready;
  for (let i = 1; i <= 4; i++) {
    send(host);
    await expect.poll(answers, { timeout: 20_000 }).toBe(i);
  }
  expect(host.state).toBe('ready');
  expect(spared).toEqual([]);
  host.stop();
  expect((await died).stack).toBeNull();
  await close();
});
