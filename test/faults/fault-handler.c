/* A crash under a handler that the module installed in place of the earlier one. */
#include <signal.h>
#include <unistd.h>

#include "faults.h"

static volatile int *volatile nowhere;

static void leave(int signal)
{
	(void)signal;
	_exit(9);
}

static void stay(int signal)
{
	(void)signal;
	for (;;) pause(); /* dies: handler-loops */
}

static void crash_behind(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(SIGSEGV, &action, NULL);
	*nowhere = 1;
}

static void handler_exits(mesibo_module_t *mod)
{
	(void)mod;
	crash_behind(leave);
}

static void handler_loops(mesibo_module_t *mod)
{
	(void)mod;
	crash_behind(stay);
}

const struct fault handler_faults[] = {
	{ "handler-exits", handler_exits },
	{ "handler-loops", handler_loops },
	{ NULL, NULL },
};
