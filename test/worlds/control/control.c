/*
 * A plain server in C: it loads one module with an ordinary dlopen, calls its init and hands it each text. It shares no code
 * with our loaders; what a module does here is what a module does in a process.
 *
 *   control FILE INIT TEXT...     what the module does is told on descriptor 3; 0 to 2 are the module's
 */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOLD = 3 };

static FILE *told;

MESIBO_EXPORT mesibo_int_t mesibo_vlog(mesibo_module_t *mod, mesibo_uint_t level, const char *format, va_list arguments)
{
	(void)mod;
	fprintf(told, "log %lu ", (unsigned long)level);
	vfprintf(told, format, arguments);
	fputc('\n', told);
	fflush(told);
	return MESIBO_RESULT_OK;
}

MESIBO_EXPORT mesibo_int_t mesibo_log(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	mesibo_int_t result = mesibo_vlog(mod, level, format, arguments);
	va_end(arguments);
	return result;
}

MESIBO_EXPORT mesibo_int_t mesibo_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message,
					  mesibo_uint_t len)
{
	(void)mod;
	fprintf(told, "send %s %.*s\n", params->to, (int)len, message);
	fflush(told);
	return MESIBO_RESULT_OK;
}

static void give(mesibo_module_t *module, const char *text, mesibo_uint_t id)
{
	/* As a server does it: a buffer that is the module's for the length of the call, with a NUL behind it. */
	char from[] = "alice", to[] = "bob", *message = strdup(text);
	mesibo_message_params_t params = {.id = id, .from = from, .to = to};
	mesibo_int_t result = module->on_message(module, &params, message, strlen(text));
	fprintf(told, "answer %s %s\n", (int)result == MESIBO_RESULT_CONSUMED ? "consumed" : "pass", message);
	fflush(told);
	free(message);
}

int main(int argc, char **argv)
{
	mesibo_module_t module = {.version = MESIBO_MODULE_VERSION, .name = "world", .signature = MESIBO_MODULE_SIGNATURE};
	/* Like the sockets and files of any server: not for what a module starts. */
	if (argc < 3 || fcntl(TOLD, F_SETFD, FD_CLOEXEC) != 0 || (told = fdopen(TOLD, "w")) == NULL) {
		fprintf(stderr, "usage: control FILE INIT TEXT... 3>TOLD\n");
		return 2;
	}
	void *file = dlopen(argv[1], RTLD_LAZY);
	void *symbol = file != NULL ? dlsym(file, argv[2]) : NULL;
	if (symbol == NULL) {
		fprintf(told, "refused %s\n", dlerror());
		return 1;
	}
	mesibo_module_init_fn init;
	memcpy(&init, &symbol, sizeof init);
	mesibo_int_t result = init(MESIBO_MODULE_VERSION, &module, sizeof module);
	if (result != MESIBO_RESULT_OK) {
		fprintf(told, "refused init returned %ld\n", (long)result);
		return 1;
	}
	for (int i = 3; i < argc; i++)
		give(&module, argv[i], (mesibo_uint_t)i - 2);
	if (module.on_cleanup != NULL)
		module.on_cleanup(&module);
	return 0;
}
