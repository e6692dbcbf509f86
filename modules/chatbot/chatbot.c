/*
 * chatbot: answers messages to one address with the answers of a REST service.
 *
 *   module chatbot {
 *       address = helpdesk
 *       url = https://bot.example.com/query
 *       token = the service's access token
 *       response_field = reply
 *       apology = I did not get that. Please try again.
 *   }
 *
 * The service gets a POST with {"query":"...","session":"..."}: the text of the message and who wrote it. The module sends
 * back the string `response_field` of the JSON answer, at any depth. It consumes a message to the bot, because nobody else
 * will read it. When the service does not answer, it sends the apology.
 */
#define _GNU_SOURCE /* strdup, asprintf */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* This ABI, because the module reads its configuration and wants the status of a response. */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

/* A larger answer cannot be the answer to a chat message. */
#define MAX_RESPONSE (256 * 1024)
#define DEFAULT_FIELD "reply"
#define DEFAULT_APOLOGY "Sorry, I cannot answer right now. Please try again later."

/* Settings. They live as long as the module, and so does what mesibo_util_getconfig returns. */
typedef struct {
	const char *address;
	const char *url;
	const char *response_field;
	const char *apology;
	char *authorization; /* a header line, or NULL */
} chatbot_t;

/* One query in progress. It has all that its callbacks need: params and message are gone by then. */
typedef struct {
	mesibo_module_t *mod;
	mesibo_message_params_t reply;
	char *to, *from;
	mesibo_int_t status;
	char *response;
	size_t len;
} query_t;

static void free_query(query_t *query)
{
	if (!query) return;
	free(query->to);
	free(query->from);
	free(query->response);
	free(query);
}

/* The parameters of the answer to a message. The addresses are those of the message. */
static mesibo_message_params_t make_reply(const mesibo_message_params_t *params)
{
	mesibo_message_params_t reply = {
		.aid = params->aid,
		.refid = params->id, /* clients show it as an answer to that message */
		.to = params->from,
		.from = params->to,
	};
	if (getrandom(&reply.id, sizeof(reply.id), 0) != (ssize_t)sizeof(reply.id)) reply.id = params->id + 1;
	return reply;
}

/* NULL when there is no memory. */
static query_t *make_query(mesibo_module_t *mod, const mesibo_message_params_t *reply)
{
	query_t *query = calloc(1, sizeof(*query));
	if (!query) return NULL;
	query->mod = mod;
	query->to = strdup(reply->to);
	query->from = strdup(reply->from);
	if (!query->to || !query->from) {
		free_query(query);
		return NULL;
	}
	query->reply = *reply;
	query->reply.to = query->to;
	query->reply.from = query->from;
	return query;
}

static void answer(mesibo_module_t *mod, mesibo_message_params_t *reply, const char *text)
{
	if (mesibo_message(mod, reply, text, strlen(text)) != 0)
		mesibo_log(mod, 0, "the answer to %s was refused\n", reply->to);
}

static void apologise(mesibo_module_t *mod, mesibo_message_params_t *reply)
{
	answer(mod, reply, ((const chatbot_t *)mod->ctx)->apology);
}

static void log_no_memory(mesibo_module_t *mod, const mesibo_message_params_t *reply)
{
	mesibo_log(mod, 0, "there is no memory to answer %s\n", reply->to);
}

/* ---- the response, in the order of the calls: on_status, on_data as often as there is data, on_close ---- */

static mesibo_int_t query_on_status(void *cbdata, mesibo_int_t status, const char *response_type)
{
	query_t *query = cbdata;

	(void)response_type;
	query->status = status;
	return MESIBO_RESULT_OK;
}

static mesibo_int_t query_on_data(void *cbdata, mesibo_int_t state, mesibo_int_t progress, const char *buffer,
				  mesibo_int_t size)
{
	query_t *query = cbdata;

	(void)state;
	(void)progress; /* on_close says how it ended */
	if (size <= 0) return MESIBO_RESULT_OK;
	int fits = query->len + (size_t)size <= MAX_RESPONSE;
	char *larger = fits ? realloc(query->response, query->len + (size_t)size) : NULL;
	if (!larger) {
		if (fits) log_no_memory(query->mod, &query->reply);
		else mesibo_log(query->mod, 0, "the service's answer to %s is too long\n", query->to);
		apologise(query->mod, &query->reply);
		/* A negative result ends the request: nothing is called after it, so this is the place to clean up. */
		free_query(query);
		return MESIBO_RESULT_FAIL;
	}
	query->response = larger;
	memcpy(query->response + query->len, buffer, (size_t)size);
	query->len += (size_t)size;
	return MESIBO_RESULT_OK;
}

/* The last call of each request, whatever its end. It comes before the module's cleanup, even when the server stops. */
static void query_on_close(void *cbdata, mesibo_int_t result)
{
	query_t *query = cbdata;
	const chatbot_t *chatbot = query->mod->ctx;
	char *text = NULL;

	/* An HTTP error is a response like any other, but its text would be a bad chat message. */
	if (result == MESIBO_RESULT_OK && query->status >= 200 && query->status < 300 && query->response)
		text = mesibo_util_json_extract(query->response, (mesibo_int_t)query->len, chatbot->response_field, NULL);
	/* Every value is a string here. null, a list, an object and an empty string are not answers. */
	if (text && (!*text || strchr("{[", *text) || strcmp(text, "null") == 0)) text = NULL;
	if (!text)
		mesibo_log(query->mod, 0, "no \"%s\" in the service's answer (status %d) to %s\n", chatbot->response_field,
			   (int)query->status, query->to);
	answer(query->mod, &query->reply, text ? text : chatbot->apology);
	free_query(query);
}

/* ---- the request ---- */

/* Writes `text` as the inside of a JSON string; `out` must have room for six times its length. */
static char *put_json(char *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (byte == '"' || byte == '\\') {
			*out++ = '\\';
			*out++ = (char)byte;
		} else if (byte < 0x20) {
			out += sprintf(out, "\\u%04x", byte);
		} else {
			*out++ = (char)byte;
		}
	}
	return out;
}

/* The body of the request; NULL when there is no memory. */
static char *make_body(const char *text, size_t len, const char *session)
{
	static const char query[] = "{\"query\":\"", and_session[] = "\",\"session\":\"", end[] = "\"}";
	size_t session_len = strlen(session);
	char *body = malloc(sizeof(query) + sizeof(and_session) + sizeof(end) + 6 * (len + session_len));
	if (!body) return NULL;
	char *out = stpcpy(body, query);
	out = put_json(out, text, len);
	out = stpcpy(out, and_session);
	out = put_json(out, session, session_len);
	stpcpy(out, end);
	return body;
}

static mesibo_int_t chatbot_on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message,
				       mesibo_uint_t len)
{
	const chatbot_t *chatbot = mod->ctx;

	if (!params->to || strcmp(params->to, chatbot->address) != 0) return MESIBO_RESULT_PASS;
	if (!params->from || !params->from[0] || strcmp(params->from, params->to) == 0) return MESIBO_RESULT_PASS;
	if (params->flags & (MESIBO_FLAG_PRESENCE | MESIBO_FLAG_TRANSIENT)) return MESIBO_RESULT_PASS;

	mesibo_message_params_t reply = make_reply(params);
	query_t *query = make_query(mod, &reply);
	char *body = make_body(message, len, params->from);
	mesibo_http_t request = {
		.url = chatbot->url,
		.post = body,
		.content_type = "application/json",
		.accept = "application/json",
		.extra_header = chatbot->authorization,
		.total_timeout = 30,
		.on_status = query_on_status,
		.on_data = query_on_data,
		.on_close = query_on_close,
	};
	/* Asynchronous: the callbacks come later, when no other callback of this module runs. Strings are copied by then. */
	int asked = query && body && mesibo_util_http(&request, query) == 0;
	if (!query || !body) log_no_memory(mod, &reply);
	free(body);
	if (!asked) {
		/* The reason is in the log. No callback will come. */
		apologise(mod, &reply);
		free_query(query);
	}
	return MESIBO_RESULT_CONSUMED;
}

/* ---- the module ---- */

static mesibo_int_t chatbot_on_cleanup(mesibo_module_t *mod)
{
	chatbot_t *chatbot = mod->ctx;

	mod->ctx = NULL;
	if (!chatbot) return MESIBO_RESULT_OK;
	free(chatbot->authorization);
	free(chatbot);
	return MESIBO_RESULT_OK;
}

static const char *setting(mesibo_module_t *mod, const char *name, const char *otherwise)
{
	const char *value = mesibo_util_getconfig(mod, name);
	return value && value[0] ? value : otherwise;
}

MESIBO_EXPORT mesibo_int_t mesibo_module_chatbot_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);

	const char *address = setting(mod, "address", NULL);
	const char *url = setting(mod, "url", NULL);
	const char *token = setting(mod, "token", NULL);
	if (!address || !url) {
		mesibo_log(mod, 0, "%s is not set: the bot needs address, whose messages it answers, and url, the service to ask\n",
			   address ? "url" : "address");
		return MESIBO_RESULT_FAIL;
	}

	chatbot_t *chatbot = calloc(1, sizeof(*chatbot));
	if (!chatbot) return MESIBO_RESULT_FAIL;
	chatbot->address = address;
	chatbot->url = url;
	chatbot->response_field = setting(mod, "response_field", DEFAULT_FIELD);
	chatbot->apology = setting(mod, "apology", DEFAULT_APOLOGY);
	if (token && asprintf(&chatbot->authorization, "Authorization: Bearer %s", token) < 0) {
		free(chatbot);
		return MESIBO_RESULT_FAIL;
	}

	mod->description = "Answers messages to an address with what a REST service says";
	mod->ctx = chatbot;
	mod->on_message = chatbot_on_message;
	mod->on_cleanup = chatbot_on_cleanup;
	return MESIBO_RESULT_OK;
}
