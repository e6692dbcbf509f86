/*
 * translate: sends each message on in another language.
 *
 *   module translate {
 *       url = https://translate.example.com/v2
 *       target = de
 *       key = the service's access key
 *   }
 *
 * The module holds the message back (it consumes it) and asks the service. Then it sends the answer, the string
 * "translatedText" of a JSON document, from the same sender to the same recipient. If the service cannot be reached, or its
 * answer makes no sense, the module sends the message as it was. (A crash of this module loses the messages that it holds
 * back at that moment.)
 *
 * Built for exports-2019, to show the form that http has there: one callback, and a table of options.
 */
#define _GNU_SOURCE /* strdup */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2019
#include <mesibo/module.h>

#define MAX_RESPONSE (1024 * 1024)

typedef struct {
	const char *url;
	const char *target;
	char *key_header; /* or NULL */
} translate_t;

/* A message that is held back. */
typedef struct {
	mesibo_module_t *mod;
	mesibo_message_params_t params;
	char *to, *from;
	char *text; /* as it was */
	size_t text_len;
	char *response;
	size_t response_len;
} held_t;

static void free_held(held_t *held)
{
	if (!held) return;
	free(held->to);
	free(held->from);
	free(held->text);
	free(held->response);
	free(held);
}

static char *copy_bytes(const char *bytes, size_t len)
{
	char *copy = malloc(len + 1);
	if (!copy) return NULL;
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

/* Copies all that must outlive on_message; NULL when there is no memory. */
static held_t *hold(mesibo_module_t *mod, const mesibo_message_params_t *params, const char *message, size_t len)
{
	held_t *held = calloc(1, sizeof(*held));
	if (!held) return NULL;
	held->mod = mod;
	held->params = *params;
	held->to = params->to ? strdup(params->to) : NULL;
	held->from = params->from ? strdup(params->from) : NULL;
	held->text = copy_bytes(message, len);
	held->text_len = len;
	if (!held->text || (params->to && !held->to) || (params->from && !held->from)) {
		free_held(held);
		return NULL;
	}
	held->params.to = held->to;
	held->params.from = held->from;
	return held;
}

/* A module does not get its own messages: no message is translated twice. */
static void send_on(held_t *held, const char *text, size_t len)
{
	if (mesibo_message(held->mod, &held->params, text, len) != 0)
		mesibo_log(held->mod, 0, "message %lu was refused\n", held->params.id);
}

static int append(held_t *held, const char *bytes, size_t len)
{
	if (held->response_len + len > MAX_RESPONSE) return -1;
	/* One byte more, for the NUL that mesibo_util_json_extract looks for in this ABI. */
	char *larger = realloc(held->response, held->response_len + len + 1);
	if (!larger) return -1;
	memcpy(larger + held->response_len, bytes, len);
	held->response = larger;
	held->response_len += len;
	held->response[held->response_len] = '\0';
	return 0;
}

/*
 * Called with progress 1 to 99 for each piece of the response, then once with 100; or once with a negative progress, and
 * nothing after it.
 */
static int on_response(void *cbdata, mesibo_int_t state, mesibo_int_t progress, const char *buffer,
				   mesibo_int_t size)
{
	held_t *held = cbdata;

	(void)state; /* always MODULE_HTTP_STATE_RESPBODY */
	int failed = progress < 0 || (size > 0 && append(held, buffer, (size_t)size) != 0);
	if (!failed && progress < 100) return MESIBO_RESULT_OK;

	char *text = NULL;
	if (!failed && held->response) text = mesibo_util_json_extract(held->response, "translatedText", NULL);
	/* Every value is a string here. null, a list, an object and an empty string are not translations. */
	if (text && (!*text || strchr("{[", *text) || strcmp(text, "null") == 0)) text = NULL;
	if (!text) mesibo_log(held->mod, 0, "message %lu is sent as it was: there is no translation\n", held->params.id);
	if (text) send_on(held, text, strlen(text));
	else send_on(held, held->text, held->text_len);
	free_held(held);
	/* This ends the request when the response grew too large. Otherwise the request has ended already. */
	return MESIBO_RESULT_FAIL;
}

/* "target=de&q=good+morning": the format of a form, which is the default content type of a request with a body. */
static char *make_form(const char *target, const char *text, size_t len)
{
	char *form = malloc(strlen(target) + sizeof("target=&q=") + 3 * len);
	if (!form) return NULL;
	char *out = form + sprintf(form, "target=%s&q=", target);
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (isalnum(byte) || (byte && strchr("-._~", byte))) *out++ = (char)byte;
		else out += sprintf(out, "%%%02X", byte);
	}
	*out = '\0';
	return form;
}

static mesibo_result_t on_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message,
				  mesibo_uint_t len)
{
	const translate_t *translate = mod->ctx;

	if (len == 0 || (params->flags & (MESIBO_FLAG_PRESENCE | MESIBO_FLAG_TRANSIENT | MESIBO_FLAG_MEDIA)))
		return MESIBO_RESULT_PASS;

	held_t *held = hold(mod, params, message, len);
	char *form = make_form(translate->target, message, len);
	module_http_option_t options = {
		.extra_header = translate->key_header,
		.accept = "application/json",
		.total_timeout = 10,
	};
	int asked = held && form && mesibo_http(mod, translate->url, form, on_response, held, &options) == 0;
	if (!held || !form) mesibo_log(mod, 0, "message %lu goes on as it was: there is no memory\n", params->id);
	free(form);
	if (asked) return MESIBO_RESULT_CONSUMED;
	free_held(held);
	return MESIBO_RESULT_PASS;
}

static mesibo_result_t on_cleanup(mesibo_module_t *mod)
{
	translate_t *translate = mod->ctx;

	mod->ctx = NULL;
	if (!translate) return MESIBO_RESULT_OK;
	free(translate->key_header);
	free(translate);
	return MESIBO_RESULT_OK;
}

MESIBO_EXPORT int mesibo_module_translate_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);

	const char *url = mesibo_util_getconfig(mod, "url");
	const char *target = mesibo_util_getconfig(mod, "target");
	const char *key = mesibo_util_getconfig(mod, "key");
	if (!url || !url[0] || !target || !target[0]) {
		mesibo_log(mod, 0, "url, the service to ask, and target, the language to translate to, must be set\n");
		return MESIBO_RESULT_FAIL;
	}

	translate_t *translate = calloc(1, sizeof(*translate));
	if (!translate) return MESIBO_RESULT_FAIL;
	translate->url = url;
	translate->target = target;
	if (key && key[0]) {
		size_t room = sizeof("X-Api-Key: ") + strlen(key);
		translate->key_header = malloc(room);
		if (!translate->key_header) {
			free(translate);
			return MESIBO_RESULT_FAIL;
		}
		snprintf(translate->key_header, room, "X-Api-Key: %s", key);
	}

	mod->description = "Sends messages on in another language";
	mod->ctx = translate;
	mod->on_message = on_message;
	mod->on_cleanup = on_cleanup;
	return MESIBO_RESULT_OK;
}
