/*
 * What the fixtures of the worlds share. Each is a module `world` with facilities; a message whose text names one shows it,
 * by lines in the log that are the same in every process. Any other text is answered: it is sent back with a ? and consumed.
 *
 *   static void show_environ(void) { say("PATH is %s", getenv("PATH") ? "set" : "missing"); }
 *   WORLD({"environ", show_environ}, {"spawn", show_spawn})
 */
#ifndef WORLD_H
#define WORLD_H

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

#include <stdio.h>
#include <string.h>

struct facility {
	const char *name;
	void (*show)(void);
};

/* Set before the first facility is shown; facilities in other files of the module use it too. */
extern mesibo_module_t *world __attribute__((visibility("hidden")));

#define say(...) mesibo_log(world, 0, __VA_ARGS__)

/* What main.c of a fixture is made of. `init` is a facility that is shown when there is one of that name. */
#define WORLD(...) \
	mesibo_module_t *world; \
	static const struct facility facilities[] = {__VA_ARGS__}; \
	static int show(const char *name) \
	{ \
		for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++) \
			if (strcmp(facilities[i].name, name) == 0) \
				return facilities[i].show(), 1; \
		return 0; \
	} \
	static mesibo_int_t on_message(mesibo_module_t *mod, mesibo_message_params_t *params, char *message, mesibo_uint_t len) \
	{ \
		char answer[64]; \
		mesibo_message_params_t back = *params; \
		if (show(message)) \
			return MESIBO_RESULT_PASS; \
		back.to = params->from; \
		back.from = params->to; \
		snprintf(answer, sizeof answer, "%.*s?", (int)len, message); \
		mesibo_message(mod, &back, answer, strlen(answer)); \
		return MESIBO_RESULT_CONSUMED; \
	} \
	MESIBO_EXPORT mesibo_int_t mesibo_module_world_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len) \
	{ \
		MESIBO_MODULE_SANITY_CHECK(mod, version, len); \
		world = mod; \
		mod->on_message = on_message; \
		show("init"); \
		return MESIBO_RESULT_OK; \
	}

#endif
