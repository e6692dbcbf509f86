/*
 * The bridge for mesibo servers, called as a server calls it: one message after the other, from one thread. Called with a load, the
 * socket of the gateway, the file of the bridge, and the pids of core and host. CPU time is as in client.c.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

#include "meter.h"
#include "sample.h"

static int lines;

/* A bridge that is well says nothing. */
mesibo_int_t mesibo_log(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...)
{
	va_list arguments;

	(void)mod, (void)level;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	lines++;
	return 0;
}

mesibo_int_t mesibo_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message, mesibo_uint_t len)
{
	(void)mod, (void)params, (void)message, (void)len;
	return 0;
}

static void load_bridge(const char *path, const char *socket, mesibo_module_t *mod)
{
	static char names[2][16] = { "socket", "deadline" }, deadline[] = "60s";
	module_config_t *config = must_allocate(sizeof(*config) + 2 * sizeof(*config->items));
	void *library = dlopen(path, RTLD_NOW);
	mesibo_module_init_fn init = NULL;

	if (library) *(void **)&init = dlsym(library, "mesibo_module_bridge_init");
	if (!init) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	config->count = 2;
	config->items[0] = (module_config_item_t){ names[0], (char *)socket };
	config->items[1] = (module_config_item_t){ names[1], deadline };
	mod->version = MESIBO_MODULE_VERSION;
	mod->signature = MESIBO_MODULE_SIGNATURE;
	mod->config = config;
	if (init(MESIBO_MODULE_VERSION, mod, sizeof(*mod)) != MESIBO_RESULT_OK || !mod->on_message) exit(1);
}

int main(int count, char **args)
{
	const load_t load = read_load(count, args);
	static char to[] = "bob@example.com", from[] = "alice@example.com";
	/* As programs/message.ts has it. */
	const mesibo_uint_t base = 1ull << 60;
	mesibo_message_params_t params = { .aid = base + 1, .id = base + 2, .refid = base + 3, .groupid = base + 4,
					   .flags = 5, .type = 6, .expiry = 7, .uflags = 1, .status = 9,
					   .sid = base + 5, .device = 11, .to = to, .from = from };
	mesibo_module_t mod = { 0 };
	char *payload = must_allocate(load.bytes + 1);

	load_bridge(count > 7 ? args[7] : "", count > 6 ? args[6] : "", &mod);
	memset(payload, 'x', load.bytes);
	begin(&load, args + 8, count - 8);
	for (double began = now_micros(); began < meter.until && lines == 0;) {
		mod.on_message(&mod, &params, payload, load.bytes);
		const double now = now_micros();

		note(began, now);
		began = now;
	}
	if (lines > 0) return 1;
	tell();
	mod.on_cleanup(&mod);
	return 0;
}
