/* The end of the process, asked for by the module itself. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "faults.h"

static void exit_0(mesibo_module_t *mod)
{
	(void)mod;
	exit(0); /* dies: exit-0 */
}

static void exit_7(mesibo_module_t *mod)
{
	(void)mod;
	exit(7); /* dies: exit-7 */
}

static void quick_exit_3(mesibo_module_t *mod)
{
	(void)mod;
	_exit(3);
}

static void sigkill(mesibo_module_t *mod)
{
	(void)mod;
	raise(SIGKILL);
}

static void sigterm(mesibo_module_t *mod)
{
	(void)mod;
	kill(getpid(), SIGTERM);
	for (;;) pause();
}

const struct fault exit_faults[] = {
	{ "exit-0", exit_0 },
	{ "exit-7", exit_7 },
	{ "_exit-3", quick_exit_3 },
	{ "sigkill", sigkill },
	{ "sigterm", sigterm },
	{ NULL, NULL },
};
