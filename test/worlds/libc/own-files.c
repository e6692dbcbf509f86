/* What a module finds beside its .so: a library by $ORIGIN, its own path by dladdr, a file, and a plugin. */
#include "../world.h"

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>

const char *beside_text(void);

/* The path of a file beside this one. */
static char *beside(const char *name)
{
	static char path[PATH_MAX];
	Dl_info here = {.dli_fname = NULL};
	dladdr((void *)beside, &here);
	char *own = strdup(here.dli_fname);
	snprintf(path, sizeof path, "%s/%s", dirname(own), name);
	free(own);
	return path;
}

static void show_origin(void) { say("%s", beside_text()); }

static void show_dladdr(void)
{
	Dl_info here = {.dli_fname = NULL};
	struct link_map *map = NULL;
	if (dladdr1((void *)beside, &here, (void **)&map, RTLD_DL_LINKMAP) == 0)
		return;
	char *own = strdup(here.dli_fname);
	say("file %s, %s path; link map %s", basename(own), own[0] == '/' || strchr(here.dli_fname, '/') ? "with a" : "without",
	    strcmp(map->l_name, here.dli_fname) == 0 ? "agrees" : "differs");
	free(own);
	FILE *file = fopen(beside("own-files.so"), "r");
	char magic[4] = "";
	if (file != NULL && fread(magic, 1, 4, file) == 4)
		say("opened: %.3s", magic + 1);
	if (file != NULL)
		fclose(file);
}

static int print_object(struct dl_phdr_info *info, size_t size, void *found)
{
	(void)size;
	*(int *)found += strstr(info->dlpi_name, "own-files.so") != NULL || strstr(info->dlpi_name, "libbeside.so") != NULL;
	return 0;
}

static void show_objects(void)
{
	int found = 0;
	dl_iterate_phdr(print_object, &found);
	void *self = dlopen(beside("own-files.so"), RTLD_LAZY | RTLD_NOLOAD);
	say("objects found %d; by its path again: %s", found, self != NULL ? "yes" : "no");
	say("own init: %s", self != NULL && dlsym(self, "mesibo_module_world_init") != NULL ? "found" : "missing");
	say("library %s", dlsym(RTLD_NEXT, "beside_text") != NULL ? "next" : "not next");
}

WORLD({"origin", show_origin}, {"dladdr", show_dladdr}, {"objects", show_objects})
