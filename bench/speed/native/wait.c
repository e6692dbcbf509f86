/* Passes every message, each after two milliseconds in which it needs no CPU: as a module does that asks a database. */
#include <time.h>

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

static mesibo_result_t on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message, mesibo_uint_t len)
{
	(void)mod, (void)params, (void)message, (void)len;
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	return MESIBO_RESULT_PASS;
}

MESIBO_EXPORT mesibo_int_t mesibo_module_wait_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);
	/* Only one ABI has this function, so a loader knows the ABI for certain. */
	mesibo_log(mod, 0, "ready\n");
	mod->on_message = on_message;
	return MESIBO_RESULT_OK;
}
