/*
 * filter: a profanity filter. A message that contains a blocked word goes no further.
 *
 *   module filter {
 *       blocked_words = alpha, beta, gamma
 *   }
 *
 * Words are compared whole and without regard to case (ASCII): "beta" blocks "Beta!", and not "alphabeta".
 */
#define _GNU_SOURCE /* strdup, strtok_r */
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* This ABI, because the filter reads its configuration. */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

/* Everything that the module keeps between calls. mod->ctx points to it, so there is no global state. */
typedef struct {
	char *setting; /* the configured list, cut into words in place */
	char **words;  /* pointers into it */
	size_t *lengths;
	size_t count;
} filter_t;

static void free_filter(filter_t *filter)
{
	if (!filter) return;
	free(filter->setting);
	free(filter->words);
	free(filter->lengths);
	free(filter);
}

/* Cuts white space off both ends, in place. */
static char *trim(char *word)
{
	while (isspace((unsigned char)*word)) word++;
	size_t len = strlen(word);
	while (len > 0 && isspace((unsigned char)word[len - 1])) word[--len] = '\0';
	return word;
}

/* Makes the list of words from a setting such as "alpha, beta ,gamma"; NULL when there is no memory for it. */
static filter_t *parse_words(const char *setting)
{
	filter_t *filter = calloc(1, sizeof(*filter));
	if (!filter) return NULL;

	size_t most = 1;
	for (const char *p = setting; *p; p++) {
		if (*p == ',') most++;
	}
	filter->setting = strdup(setting);
	filter->words = calloc(most, sizeof(*filter->words));
	filter->lengths = calloc(most, sizeof(*filter->lengths));
	if (!filter->setting || !filter->words || !filter->lengths) {
		free_filter(filter);
		return NULL;
	}

	char *rest = NULL;
	for (char *part = strtok_r(filter->setting, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		char *word = trim(part);
		if (!*word) continue;
		filter->words[filter->count] = word;
		filter->lengths[filter->count++] = strlen(word);
	}
	return filter;
}

/* The bytes of a word: letters, digits and every byte of a non-ASCII character. */
static bool is_word_byte(char c)
{
	unsigned char byte = (unsigned char)c;
	return byte >= 0x80 || byte == '_' || isalnum(byte);
}

/* True when `word` stands in `text` as a whole word. `text` may hold NULs: only `len` says where it ends. */
static bool contains_word(const char *text, size_t len, const char *word, size_t word_len)
{
	for (size_t at = 0; word_len <= len && at <= len - word_len; at++) {
		if (at > 0 && is_word_byte(text[at - 1])) continue;
		if (at + word_len < len && is_word_byte(text[at + word_len])) continue;
		if (strncasecmp(text + at, word, word_len) == 0) return true;
	}
	return false;
}

static mesibo_int_t filter_on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message,
				      mesibo_uint_t len)
{
	const filter_t *filter = mod->ctx;

	/* An empty message may come without a buffer. */
	if (!filter || !params || !message) return MESIBO_RESULT_PASS;

	for (size_t i = 0; i < filter->count; i++) {
		if (!contains_word(message, len, filter->words[i], filter->lengths[i])) continue;
		mesibo_log(mod, 0, "blocked a message from %s: it contains \"%s\"\n",
			   params->from ? params->from : "(nobody)", filter->words[i]);
		return MESIBO_RESULT_CONSUMED;
	}
	return MESIBO_RESULT_PASS;
}

static mesibo_int_t filter_on_cleanup(mesibo_module_t *mod)
{
	free_filter(mod->ctx);
	mod->ctx = NULL;
	return MESIBO_RESULT_OK;
}

MESIBO_EXPORT mesibo_int_t mesibo_module_filter_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	/* Refuses a loader that this file was not compiled for. Nothing in `mod` can be trusted before this line. */
	MESIBO_MODULE_SANITY_CHECK(mod, version, len);

	const char *setting = mesibo_util_getconfig(mod, "blocked_words");
	filter_t *filter = parse_words(setting ? setting : "");
	if (!filter) {
		mesibo_log(mod, 0, "no memory for the list of blocked words\n");
		return MESIBO_RESULT_FAIL;
	}
	if (filter->count == 0) mesibo_log(mod, 0, "blocked_words is not set: every message passes\n");

	mod->description = "Blocks messages that contain a configured word";
	mod->ctx = filter;
	mod->on_message = filter_on_message;
	mod->on_cleanup = filter_on_cleanup;
	/* Callbacks that stay NULL are not called, and their events cost nothing. */
	return MESIBO_RESULT_OK;
}
