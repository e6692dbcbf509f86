/* Calls the module in this process, like a server without protection from modules. MODULE follows the load. */
#include <dlfcn.h>
#include <string.h>

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

#include "sample.h"

/* Between two looks at the clock, which take longer than a call. */
enum { CALLS = 100000 };

typedef mesibo_int_t init_t(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len);

mesibo_int_t mesibo_log(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...)
{
	(void)mod, (void)level, (void)format;
	return 0;
}

static void load_module(const char *path, mesibo_module_t *mod)
{
	void *library = dlopen(path, RTLD_NOW);
	init_t *init = NULL;

	if (library) *(void **)&init = dlsym(library, "mesibo_module_pass_init");
	if (!init) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	mod->version = MESIBO_MODULE_VERSION;
	mod->signature = MESIBO_MODULE_SIGNATURE;
	if (init(MESIBO_MODULE_VERSION, mod, sizeof(*mod)) == MESIBO_RESULT_OK) return;
	fprintf(stderr, "%s: init failed\n", path);
	exit(1);
}

int main(int count, char **args)
{
	const load_t load = read_load(count, args);
	mesibo_module_t mod = { 0 };
	mesibo_message_params_t params = { 0 };
	char *payload = must_allocate(load.bytes + 1);
	double calls = 0, began, took;

	load_module(count > 6 ? args[6] : "", &mod);
	memset(payload, 'x', load.bytes);
	began = now_micros();
	do {
		for (int i = 0; i < CALLS; i++) mod.on_message(&mod, &params, payload, load.bytes);
		calls += CALLS;
		took = now_micros() - began;
	} while (took < load.measure_micros);
	/* The calls are too short to be measured one by one: the mean stands for each. The CPU did nothing else. */
	printf("{\"rate\":%.0f,\"p50\":%.5f,\"core\":%.5f}\n", calls / took * 1e6, took / calls, took / calls);
	return 0;
}
