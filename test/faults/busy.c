/*
 * table. Does a bit of everything for each message: logs a line, sends a message back, makes capitals of the text, sets
 * expiry, and repoints `from` to its own "busy" for every second one. A message that begins with "k" kills the process.
 */
#include <ctype.h>
#include <signal.h>
#include <string.h>

#include <mesibo/module.h>

static char own_name[] = "busy";

static int on_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message, mesibo_uint_t len)
{
	/* The bytes are the module's to change, whatever this ABI's prototype says. */
	char *text = (char *)(uintptr_t)message;
	mesibo_message_params_t reply;

	if (len > 0 && text[0] == 'k') raise(SIGKILL);
	mod->log(mod, params->id % 3, "message %lu of %lu bytes\n", (unsigned long)params->id, (unsigned long)len);
	memset(&reply, 0, sizeof reply);
	reply.id = params->id;
	reply.to = params->from;
	reply.from = own_name;
	mod->send_message(mod, &reply, message, len);
	for (mesibo_uint_t i = 0; i < len; i++) text[i] = (char)toupper((unsigned char)text[i]);
	params->expiry = 60;
	if (params->id % 2 == 1) params->from = own_name;
	return params->id % 3 == 0 ? MESIBO_RESULT_CONSUMED : MESIBO_RESULT_PASS;
}

static int on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params, mesibo_uint_t status)
{
	mod->log(mod, 0, "status %lu of message %lu\n", (unsigned long)status, (unsigned long)params->id);
	return MESIBO_RESULT_PASS;
}

MESIBO_EXPORT int mesibo_module_busy_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);
	mod->on_message = on_message;
	mod->on_message_status = on_message_status;
	return 0;
}
