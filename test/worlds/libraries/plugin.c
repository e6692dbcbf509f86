/* A module that opens a plugin beside it, in each way that a module may open one. */
#include "../world.h"
#include "plugin.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>

static void open_plugin(const char *how, int flags)
{
	char path[PATH_MAX], text[256];
	Dl_info here = {.dli_fname = NULL};
	void (*describe)(char *, size_t) = NULL;
	dladdr((void *)open_plugin, &here);
	char *own = strdup(here.dli_fname);
	snprintf(path, sizeof path, "%s/plugin-crypto.so", dirname(own));
	free(own);
	void *plugin = dlopen(path, flags);
	*(void **)&describe = plugin != NULL ? dlsym(plugin, "describe_plugin") : NULL;
	if (describe == NULL) {
		say("%s: %s", how, dlerror());
		return;
	}
	describe(text, sizeof text);
	say("%s: %s; closed %d", how, text, dlclose(plugin));
}

static void show_lazy(void) { open_plugin("lazy", RTLD_LAZY); }
static void show_now(void) { open_plugin("now", RTLD_NOW | RTLD_LOCAL); }
static void show_global(void) { open_plugin("global", RTLD_NOW | RTLD_GLOBAL); }

WORLD({"lazy", show_lazy}, {"now", show_now}, {"global", show_global})
