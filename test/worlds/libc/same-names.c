/* A module with functions that are named like those of the libraries in Node, as one that brings its own zlib has. */
#include "../world.h"
#include "same-names.h"

#include <dlfcn.h>

#define DECLARE(name) int name(void);
SAME_NAMES(DECLARE)
int sum_in_library(void);

/* Called through the dynamic linker, as any function of default visibility is. */
static void show_called(void)
{
	int sum = 0;
#define CALL(name) sum += name();
	SAME_NAMES(CALL)
	say("sum here %d, in the library %d", sum, sum_in_library());
}

static void show_found(void)
{
#define SAY(name) \
	if (dlsym(RTLD_DEFAULT, #name) != (void *)name) \
		say("another " #name " is found first");
	SAME_NAMES(SAY)
	say("looked up");
}

WORLD({"called", show_called}, {"found", show_found})
