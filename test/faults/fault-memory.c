/* What the processor, the kernel or the allocator notices. */
#include <alloca.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"

/* volatile: otherwise the compiler may leave out code that cannot work. */
static volatile int *volatile nowhere;
static volatile int zero, one = 1;
static char *volatile block, *volatile neighbour;

static void segv(mesibo_module_t *mod)
{
	(void)mod;
	*nowhere = 1; /* dies: segv */
}

static void call_null(mesibo_module_t *mod)
{
	void (*volatile function)(void) = NULL;

	(void)mod;
	function(); /* dies: call-null */
}

static void call_abort(mesibo_module_t *mod)
{
	(void)mod;
	abort(); /* dies: abort */
}

/* Reads behind the end of a file that is mapped farther than it goes. */
static void bus(mesibo_module_t *mod)
{
	int fd = memfd_create("short", MFD_CLOEXEC);
	volatile char *map = mmap(NULL, 65536, PROT_READ, MAP_SHARED, fd, 0);

	(void)mod;
	if (fd < 0 || map == MAP_FAILED) return;
	(void)map[0]; /* dies: bus */
}

static void fpe(mesibo_module_t *mod)
{
	(void)mod;
#if defined(__x86_64__)
	zero = one / zero; /* dies: fpe */
#else
	raise(SIGFPE); /* dies: fpe */ /* a division by 0 is 0 there */
#endif
}

static void ill(mesibo_module_t *mod)
{
	(void)mod;
#if defined(__x86_64__)
	__asm__ volatile("ud2"); /* dies: ill */
#elif defined(__aarch64__)
	__asm__ volatile(".inst 0x00000000"); /* dies: ill */
#else
	raise(SIGILL); /* dies: ill */
#endif
}

static int descend(int depth) /* dies: recursion */
{ /* dies: recursion */
	volatile char frame[512];

	frame[0] = (char)depth; /* dies: recursion */
	return zero ? depth : descend(depth + 1) + frame[0]; /* dies: recursion */
}

static void recursion(mesibo_module_t *mod)
{
	(void)mod;
	zero = descend(0);
}

/* One frame larger than the stack: it must not reach what lies beyond. */
static void large_frame(mesibo_module_t *mod)
{
	volatile size_t size = 12 * 1024 * 1024;
	volatile char *frame = alloca(size); /* dies: large-frame */

	(void)mod;
	frame[0] = 1; /* dies: large-frame */
}

static void double_free(mesibo_module_t *mod)
{
	(void)mod;
	block = malloc(100);
	neighbour = block;
	free(block);
	free(neighbour); /* dies: double-free */
}

/* Too large for the thread's own cache, whose blocks are not checked. */
static void heap_overrun(mesibo_module_t *mod)
{
	volatile size_t size = 4000;

	(void)mod;
	block = malloc(size);
	neighbour = malloc(size);
	if (!block || !neighbour) return;
	memset(block, 'x', size + 64);
	free(neighbour); /* dies: heap-overrun */
	free(block); /* dies: heap-overrun */
}

const struct fault memory_faults[] = {
	{ "segv", segv },
	{ "call-null", call_null },
	{ "abort", call_abort },
	{ "bus", bus },
	{ "fpe", fpe },
	{ "ill", ill },
	{ "recursion", recursion },
	{ "large-frame", large_frame },
	{ "double-free", double_free },
	{ "heap-overrun", heap_overrun },
	{ NULL, NULL },
};
