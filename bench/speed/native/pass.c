/*
 * The module of all rows: passes every message. Two texts make it do something else, for figures that are not rates: "crash"
 * ends its process, "rest" takes a second.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

static int says(const char *message, mesibo_uint_t len, const char *text)
{
	return len == strlen(text) && memcmp(message, text, len) == 0;
}

static mesibo_result_t on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message, mesibo_uint_t len)
{
	(void)mod, (void)params;
	if (says(message, len, "crash")) abort();
	if (says(message, len, "rest")) nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	return MESIBO_RESULT_PASS;
}

MESIBO_EXPORT mesibo_int_t mesibo_module_pass_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);
	/* Only one ABI has this function, so a loader knows the ABI for certain. */
	mesibo_log(mod, 0, "ready\n");
	mod->on_message = on_message;
	return MESIBO_RESULT_OK;
}
