/*
 * skeleton: has every callback, and does nothing. To make a module of it, copy the folder. Rename the folder, its file and the
 * init function at the end. The names must agree: modules/NAME/NAME.c has mesibo_module_NAME_init. Then delete what the new
 * module does not need.
 *
 *   module skeleton {
 *       trace = yes
 *   }
 *
 * With trace = yes it logs each call. Otherwise it logs nothing.
 *
 * Callbacks run one at a time, on one thread. The arguments of a callback (params, message, addresses, user) belong to the
 * caller, and are gone when the callback returns. Copy what you need later.
 */
#include <stdlib.h>
#include <string.h>

/*
 * The ABI to prefer for a new module. The others, and what is different there:
 *
 *   MESIBO_ABI_EXPORTS_2019  on_message gets a const char *, on_message_status the status as a third argument, http is
 *                            one function with one callback (modules/translate), and there is no on_config.
 *   MESIBO_ABI_TABLE         besides: the functions are called through the module, mod->log(mod, 0, ...), there are no
 *                            settings, no ctx, no description and no on_login; on_cleanup is called cleanup, callbacks
 *                            return int, and init is not given a version (modules/crashy).
 */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

/* Everything that the module keeps between calls. mod->ctx points to it, so there is no global state. */
typedef struct {
	int trace;
} skeleton_t;

/*
 * Logs when trace = yes. The format is that of printf. Level 0 is info in the log.
 *
 * Only this ABI has mesibo_vlog.
 */
static void MESIBO_PRINTF(2, 3) trace(mesibo_module_t *mod, const char *format, ...)
{
	const skeleton_t *skeleton = mod->ctx;
	va_list args;

	if (!skeleton->trace) return;
	va_start(args, format);
	mesibo_vlog(mod, 0, format, args);
	va_end(args);
}

/* An address may be NULL, as that of a group message is. */
static const char *text_of(const char *address)
{
	return address ? address : "(nobody)";
}

/*
 * Each message, before its recipient gets it.
 *
 * MESIBO_RESULT_PASS lets it go on. MESIBO_RESULT_CONSUMED stops it here: no later module and no recipient sees it. You may
 * write to the len bytes of message, and to params: later modules and the recipient see your changes. The length cannot
 * change. To send another text, consume the message and send one with mesibo_message.
 *
 * message may hold NULs, so only len says where it ends. message[len] can be read and is NUL. Do not wait in here: every later
 * message would wait too, and after the deadline this one passes without the module.
 *
 * exports-2019 and table: const char *message.
 */
static mesibo_result_t skeleton_on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message,
					   mesibo_uint_t len)
{
	(void)message;
	trace(mod, "on_message: %s to %s, id %lu, %lu bytes\n", text_of(params->from), text_of(params->to), params->id, len);
	return MESIBO_RESULT_PASS;
}

/*
 * The status of a message: one between users, or one that this module sent. The latter has the id that it was sent with.
 * params->status is a MESIBO_MODULE_MSGSTATUS_... When you consume the status, nobody else gets it.
 *
 * exports-2019 and table: the status is a third argument, mesibo_uint_t status, and params has no such field.
 */
static mesibo_result_t skeleton_on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params)
{
	trace(mod, "on_message_status: id %lu has the status %lu\n", params->id, params->status);
	return MESIBO_RESULT_PASS;
}

/* A call begins. There are no details of it. When you consume it, no later module gets it. */
static mesibo_result_t skeleton_on_call(mesibo_module_t *mod)
{
	trace(mod, "on_call\n");
	return MESIBO_RESULT_PASS;
}

/* A call has changed its state. */
static mesibo_result_t skeleton_on_call_status(mesibo_module_t *mod)
{
	trace(mod, "on_call_status\n");
	return MESIBO_RESULT_PASS;
}

/* A user has come online (user->online is 1) or gone. table: does not exist. */
static mesibo_result_t skeleton_on_login(mesibo_module_t *mod, mesibo_user_t *user)
{
	trace(mod, "on_login: %s is %s\n", text_of(user->address), user->online ? "online" : "offline");
	return MESIBO_RESULT_PASS;
}

/*
 * The settings, once, right after init has returned. type is 0. value is mod->config, which is NULL when there are none. Init
 * can read the same settings, and can refuse wrong ones. The result of this callback is ignored.
 *
 * exports-2019 and table: does not exist.
 */
static mesibo_result_t skeleton_on_config(mesibo_module_t *mod, mesibo_uint_t type, void *value)
{
	const module_config_t *config = value;

	if (type != 0 || !config) return MESIBO_RESULT_OK;
	for (mesibo_int_t i = 0; i < config->count; i++)
		trace(mod, "on_config: %s = %s\n", config->items[i].name, config->items[i].value);
	return MESIBO_RESULT_OK;
}

/*
 * The last call, when the module is stopped. The process ends after it. After a crash it is not called, so save important data
 * earlier.
 *
 * table: cleanup.
 */
static mesibo_result_t skeleton_on_cleanup(mesibo_module_t *mod)
{
	trace(mod, "on_cleanup\n");
	free(mod->ctx);
	mod->ctx = NULL;
	return MESIBO_RESULT_OK;
}

/*
 * The first call. Any result but MESIBO_RESULT_OK refuses to serve. Then log why, in words that help the author of the
 * configuration.
 *
 * exports-2019: returns int. table: int mesibo_module_NAME_init(mesibo_module_t *mod, mesibo_uint_t len).
 */
MESIBO_EXPORT mesibo_int_t mesibo_module_skeleton_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	/* Refuses a loader that this file was not compiled for. Nothing in mod can be trusted before this line. */
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);

	/* A setting that is not in the file is NULL. */
	const char *setting = mesibo_util_getconfig(mod, "trace");
	if (setting && strcmp(setting, "yes") != 0 && strcmp(setting, "no") != 0) {
		mesibo_log(mod, 0, "trace = %s: expected yes or no\n", setting);
		return MESIBO_RESULT_FAIL;
	}

	skeleton_t *skeleton = calloc(1, sizeof(*skeleton));
	if (!skeleton) return MESIBO_RESULT_FAIL;
	skeleton->trace = setting && strcmp(setting, "yes") == 0;

	/* One line, shown to the operator. mod->name is the configured name. */
	mod->description = "Has every callback, and does nothing";
	mod->ctx = skeleton;

	/* A callback that stays NULL is not called, and its event costs nothing: keep only those that do something. */
	mod->on_message = skeleton_on_message;
	mod->on_message_status = skeleton_on_message_status;
	mod->on_call = skeleton_on_call;
	mod->on_call_status = skeleton_on_call_status;
	mod->on_login = skeleton_on_login;
	mod->on_config = skeleton_on_config;
	mod->on_cleanup = skeleton_on_cleanup;
	return MESIBO_RESULT_OK;
}
