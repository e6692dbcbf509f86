/* Descriptors and output. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

enum { FLOOD_LINES = 50000 };

/* Opens files until no descriptor is left. The limit is lowered first, so this takes little memory. */
static void leak_descriptors(mesibo_module_t *mod)
{
	struct rlimit limit;

	(void)mod;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 512;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (open("/dev/null", O_RDONLY) >= 0) continue;
}

/* All at once, while the thread of the callback waits for the next message: it notices this only after the callback. */
static void close_everything(mesibo_module_t *mod)
{
	struct timespec calm = { .tv_nsec = 50 * 1000 * 1000 };

	(void)mod;
	nanosleep(&calm, NULL);
	if (syscall(SYS_close_range, 0u, ~0u, 0u) == 0) return;
	for (int fd = 0; fd < 65536; fd++) close(fd);
}

static void flood_stdout(mesibo_module_t *mod)
{
	(void)mod;
	for (int i = 0; i < FLOOD_LINES; i++) printf("line %d of a flood\n", i);
}

static void flood_log(mesibo_module_t *mod)
{
	for (int i = 0; i < FLOOD_LINES; i++) mesibo_log(mod, 9, "line %d of a flood\n", i);
}

const struct fault resource_faults[] = {
	{ "leak-descriptors", leak_descriptors },
	{ "close-everything", close_everything },
	{ "flood-stdout", flood_stdout },
	{ "flood-log", flood_log },
	{ NULL, NULL },
};
