/* Descriptors and output. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "faults.h"

enum { FLOOD_LINES = 50000 };

/* Opens files until there is none to be had. The limit is lowered first, so that this takes no memory to speak of. */
static void leak_descriptors(mesibo_module_t *mod)
{
	struct rlimit limit;

	(void)mod;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 512;
	setrlimit(RLIMIT_NOFILE, &limit);
	while (open("/dev/null", O_RDONLY) >= 0) continue;
}

static void close_everything(mesibo_module_t *mod)
{
	long limit = sysconf(_SC_OPEN_MAX);

	(void)mod;
	if (limit < 0 || limit > 65536) limit = 65536;
	for (int fd = 0; fd < limit; fd++) close(fd);
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
