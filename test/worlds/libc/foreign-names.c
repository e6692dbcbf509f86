/* Whether a module that links no library sees one, by a weak reference or by a look-up. */
#include "../world.h"
#include "same-names.h"

#include <dlfcn.h>

#define DECLARE(name) extern int name(void) __attribute__((weak));
SAME_NAMES(DECLARE)

static void show_weak(void)
{
#define WEAK(name) \
	if (name != NULL) \
		say("a weak " #name " is there");
	SAME_NAMES(WEAK)
	say("weak references looked at");
}

static void show_lookup(void)
{
	static const char *const names[] = {"_ZN2v87Isolate3NewERKNS0_12CreateParamsE", "_ZN4node5StartEiPPc", "malloc", "mesibo_log"};
#define LOOKUP(name) \
	if (dlsym(RTLD_DEFAULT, #name) != NULL) \
		say(#name " is found");
	SAME_NAMES(LOOKUP)
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		say("%s: %s", names[i], dlsym(RTLD_DEFAULT, names[i]) != NULL ? "found" : "not found");
}

WORLD({"weak", show_weak}, {"lookup", show_lookup})
