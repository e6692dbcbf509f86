/*
 * crashy: fails on request, to show that nothing else fails with it. What it does depends on a message's first word:
 *
 *   crash   writes to address 0 (SIGSEGV)
 *   abort   calls abort() (SIGABRT)
 *   exit    calls exit(0), as a library that gives up does
 *   hang    never returns
 *
 * Anything else passes. It needs no configuration, so it is built for the table ABI, which is the default.
 */
#define _GNU_SOURCE /* sleep */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mesibo/module.h>

/* True when the message is `word`, or begins with it and goes on with white space. */
static int begins_with(const char *message, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	if (len < word_len || memcmp(message, word, word_len) != 0) return 0;
	return len == word_len || strchr(" \t\r\n", message[word_len]) != NULL;
}

static int crashy_on_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message,
			     mesibo_uint_t len)
{
	/* volatile, or the compiler would be free to leave out a write that cannot work. */
	volatile int *volatile nowhere = NULL;

	(void)params;
	if (!message) return MESIBO_RESULT_PASS;

	/* Lines that are logged before a fault are not lost: they are the last that the operator sees of the process. */
	if (begins_with(message, len, "crash")) {
		mod->log(mod, 0, "about to write to address 0\n");
		*nowhere = 1;
	}
	if (begins_with(message, len, "abort")) {
		mod->log(mod, 0, "about to abort\n");
		abort();
	}
	if (begins_with(message, len, "exit")) {
		mod->log(mod, 0, "about to exit\n");
		exit(0);
	}
	if (begins_with(message, len, "hang")) {
		mod->log(mod, 0, "about to hang\n");
		for (;;) sleep(1);
	}
	return MESIBO_RESULT_PASS;
}

MESIBO_EXPORT int mesibo_module_crashy_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	MESIBO_MODULE_SANITY_CHECK(mod, mod->version, len);

	mod->on_message = crashy_on_message;
	return MESIBO_RESULT_OK;
}
