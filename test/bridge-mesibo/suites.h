/* The tests of the bridge. Each runs in a process of its own, with a server of either ABI. */
#ifndef SUITES_H
#define SUITES_H

#include "harness.h"
#include "server.h"
#include "serving.h"

extern const struct test pure_tests[], life_tests[], message_tests[], absent_tests[], bridge_send_tests[], resend_tests[],
    bridge_process_tests[], bridge_thread_tests[];

#ifndef EFFORT
#define EFFORT 1
#endif

/* Loads the bridge for that core with two more settings; a name may be NULL. */
void load_for(struct serving *serving, const char *name, const char *value, const char *other, const char *other_value);
/* A message from alice to bob. */
int say(const char *text);
/* Nothing but a callback. */
void touch(void);

#endif
