/** From the fault of a real module to the lines of its source. */

import { expect, it } from 'vitest';
import { rawFramesOf } from '../../../src/stacks/raw-frame.js';
import { Symbolizer } from '../../../src/stacks/symbolizer.js';
import { type Compiled, compile } from '../../helpers/compiled.js';
import { send, startHost } from '../../helpers/real-host.js';

const C = `
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mesibo/module.h>

static volatile int *volatile nowhere;
static void (*volatile nothing)(void);

static void __attribute__((noinline)) writes(void)
{
	*nowhere = 1; /* a write */
}
static void __attribute__((noinline)) jumps(void)
{
	nothing(); /* a jump */
	*nowhere = 2;
}
static int __attribute__((noinline)) recurses(volatile int depth)
{
	volatile char room[512];
	room[depth % 512] = 1;
	return recurses(depth + 1) + room[0]; /* a recursion */
}
static void *in_thread(void *data)
{
	writes(); /* in a thread */
	return data;
}
static void threads(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
}
static int slow_on_message(mesibo_module_t *mod, mesibo_message_params_t *p, const char *message, mesibo_uint_t len)
{
	(void)mod, (void)p, (void)len;
	switch (*message) {
	case 'w': writes(); break; /* calls writes */
	case 'j': jumps(); break; /* calls jumps */
	case 'r': return recurses(0) & 1; /* calls recurses */
	case 't': threads(); break;
	case 'a': abort(); break; /* calls abort */
	case 'e': exit(7); break; /* calls exit */
	}
	return MESIBO_RESULT_PASS;
}
int mesibo_module_slow_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);
	mod->on_message = slow_on_message;
	return MESIBO_RESULT_OK;
}
`;

/** Lets a module crash. */
async function crash({ path }: Compiled, word: string) {
  const { host, ready, died, close } = startHost(path);
  await ready;
  send(host, word);
  const { facts } = await died;
  await close();
  if (typeof facts.note === 'string') throw new Error(`the note is ${facts.note}`);
  const raw = rawFramesOf(facts.note);
  const named = await new Symbolizer().symbolize(raw, { files: { path, others: [] } });
  return { note: facts.note, ...named, raw };
}

it.each([
  ['a write to NULL', 'write', ['writes', 'a write'], ['slow_on_message', 'calls writes']],
  ['a jump to NULL', 'jump', ['jumps', 'a jump'], ['slow_on_message', 'calls jumps']],
  ['a call of exit', 'exit', ['slow_on_message', 'calls exit']],
  ['an abort', 'abort', ['slow_on_message', 'calls abort']],
  ['a fault in a thread', 'thread', ['writes', 'a write'], ['in_thread', 'in a thread']],
])('%s is in these functions', async (_, word, ...expected) => {
  const module = compile('slow.c', C);
  const { frames, remark } = await crash(module, word);
  const own = frames.filter(({ isOfModule }) => isOfModule);
  expect(own.map((one) => [one.function, one.source, one.line])).toEqual(
    expected.map(([name, text]) => [name, module.source, module.lineOf(text as string)]),
  );
  expect(remark).toBeNull();
  // Nothing of the handler above, nothing of Node.js below.
  expect(frames.map((one) => one.object).filter((path) => /node$|koffi|shim/.test(path ?? ''))).toEqual([]);
});

it('a stack overflow is in the function that recursed', async () => {
  const module = compile('slow.c', C);
  const { frames, note, raw } = await crash(module, 'recurse');
  expect([note.isOverflow, note.isCut, raw.length]).toEqual([true, true, 256]);
  expect(frames.every((one) => one.function === 'recurses' && one.source === module.source)).toBe(true);
  expect(frames[1]?.line).toBe(module.lineOf('a recursion'));
});

it('a fault in C++ is in the template, the lambda and the thread', async () => {
  const module = compile(
    'slow.cc',
    `
#include <functional>
#include <thread>
#include <mesibo/module.h>
namespace shop {
template <class T> class Shelf {
public:
	__attribute__((noinline)) T take(T *at) const
	{
		return *const_cast<volatile T *>(at); // takes
	}
};
}
static int slow_on_message(mesibo_module_t *, mesibo_message_params_t *, const char *, mesibo_uint_t)
{
	int *volatile nothing = nullptr;
	std::thread([&] {
		shop::Shelf<int>().take(nothing); // in the lambda
	}).join();
	return MESIBO_RESULT_PASS;
}
extern "C" int mesibo_module_slow_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);
	mod->on_message = slow_on_message;
	return MESIBO_RESULT_OK;
}
`,
    ['-g', '-O0', '-std=c++17'],
  );
  const { frames, note } = await crash(module, 'x');
  expect(note.thread.isMain).toBe(false);
  expect(frames[0]).toMatchObject({
    function: 'shop::Shelf<int>::take(int*) const',
    source: module.source,
    line: module.lineOf('// takes'),
  });
  expect(frames[1]).toMatchObject({ source: module.source, line: module.lineOf('// in the lambda') });
  expect(frames[1]?.function).toContain('lambda');
});
