/* A library in C: what it finds where Node and the system have a thing of the same name, and where its own is meant. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;
const char *answer(void);
/* Node has functions of these names. */
const char *uv_version_string(void);
int uv_run(void *loop, int mode);

const char *uv_version_string(void) { return "my own"; }
int uv_run(void *loop, int mode) { return loop == NULL ? mode : -1; }

static const char *owner_of(const void *address)
{
	Dl_info info;
	return dladdr(address, &info) != 0 && info.dli_sname != NULL ? info.dli_sname : "nobody";
}

const char *answer(void)
{
	static char out[512];
	char *copy = strdup("copied");
	copy = realloc(copy, 100);
	snprintf(out, sizeof out, "uv %s %d, environ %d, %s, dladdr knows %s", uv_version_string(), uv_run(NULL, 7),
		 environ != NULL && environ[0] != NULL, copy, owner_of(dlsym(RTLD_DEFAULT, "napi_create_function")));
	free(copy);
	return out;
}
