/*
 * autoreply: answers each message with one of its own, and lets the original through.
 *
 *   module autoreply {
 *       reply = I am away and will answer tomorrow.
 *       reply_type = 7001
 *   }
 *
 * A reply carries `reply_type` as its type, and a message of that type is never answered: two responders that write to
 * each other would otherwise never stop. Group messages and notices that ask for no attention are not answered either.
 */
#define _GNU_SOURCE /* strdup */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* This ABI, because the module reads its configuration. */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

#define DEFAULT_REPLY "Thank you. Your message has arrived."
#define DEFAULT_REPLY_TYPE 7001

typedef struct {
	char *text;
	mesibo_uint_t type;
} autoreply_t;

/* True for a message that a person sent to this address and may expect an answer to. */
static int deserves_reply(const autoreply_t *autoreply, const mesibo_message_params_t *params)
{
	if (!params->from || !params->from[0]) return 0; /* nobody to answer */
	if (!params->to || !params->to[0]) return 0;     /* nobody to answer for */
	if (strcmp(params->from, params->to) == 0) return 0;
	if (params->groupid) return 0;
	if (params->flags & (MESIBO_FLAG_PRESENCE | MESIBO_FLAG_TRANSIENT)) return 0;
	return params->type != autoreply->type;
}

static mesibo_int_t autoreply_on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message,
					 mesibo_uint_t len)
{
	const autoreply_t *autoreply = mod->ctx;
	mesibo_message_params_t reply;

	(void)message;
	(void)len;
	if (!autoreply || !params || !deserves_reply(autoreply, params)) return MESIBO_RESULT_PASS;

	/* Begin with zeros: fields that are not set here would hold old bytes of the stack. */
	memset(&reply, 0, sizeof(reply));
	if (getrandom(&reply.id, sizeof(reply.id), 0) != (ssize_t)sizeof(reply.id)) reply.id = params->id + 1;
	reply.aid = params->aid;
	reply.refid = params->id; /* clients show it as an answer to that message */
	reply.type = autoreply->type;
	reply.to = params->from;
	reply.from = params->to;

	/* Everything is copied before the call returns, so nothing here needs to outlive it. */
	if (mesibo_message(mod, &reply, autoreply->text, strlen(autoreply->text)) != 0) {
		mesibo_log(mod, 0, "the reply to %s was refused\n", params->from);
	}
	return MESIBO_RESULT_PASS;
}

static mesibo_int_t autoreply_on_cleanup(mesibo_module_t *mod)
{
	autoreply_t *autoreply = mod->ctx;

	mod->ctx = NULL;
	if (!autoreply) return MESIBO_RESULT_OK;
	free(autoreply->text);
	free(autoreply);
	return MESIBO_RESULT_OK;
}

MESIBO_EXPORT mesibo_int_t mesibo_module_autoreply_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);

	/* A setting that is not in the file is NULL. */
	const char *text = mesibo_util_getconfig(mod, "reply");
	const char *type = mesibo_util_getconfig(mod, "reply_type");
	mesibo_uint_t reply_type = DEFAULT_REPLY_TYPE;
	if (type) {
		char *end = NULL;
		reply_type = strtoul(type, &end, 10);
		if (type[0] < '0' || type[0] > '9' || *end || reply_type == 0) {
			mesibo_log(mod, 0, "reply_type = %s: expected a number above 0\n", type);
			return MESIBO_RESULT_FAIL;
		}
	}

	autoreply_t *autoreply = calloc(1, sizeof(*autoreply));
	if (autoreply) autoreply->text = strdup(text && *text ? text : DEFAULT_REPLY);
	if (!autoreply || !autoreply->text) {
		mesibo_log(mod, 0, "no memory for the reply\n");
		free(autoreply);
		return MESIBO_RESULT_FAIL;
	}
	autoreply->type = reply_type;

	mod->description = "Answers each message with a configured text";
	mod->ctx = autoreply;
	mod->on_message = autoreply_on_message;
	mod->on_cleanup = autoreply_on_cleanup;
	return MESIBO_RESULT_OK;
}
