/*
 * table. Stands behind the faulty module and numbers the messages that come through, behind "seen=". A missing number is a lost message; a
 * number that comes twice is a message that was seen twice.
 */
#include <mesibo/module.h>

#include "sign.h"

static unsigned long seen;

static int on_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message, mesibo_uint_t len)
{
	(void)mod, (void)params;
	/* The bytes are the module's to change, whatever this ABI's prototype says. */
	sign((char *)(uintptr_t)message, len, "seen=", ++seen);
	return MESIBO_RESULT_PASS;
}

static int on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params, mesibo_uint_t status)
{
	(void)mod, (void)params, (void)status;
	return MESIBO_RESULT_PASS;
}

MESIBO_EXPORT int mesibo_module_witness_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);
	mod->on_message = on_message;
	mod->on_message_status = on_message_status;
	return 0;
}
