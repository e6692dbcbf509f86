/* The chain, with nothing between its modules: each works on what the one before it left. */
#include "reference.h"

#include <stdlib.h>

static const char *const NAMES[FUNCTIONS] = {"on_message", "on_message_status", "on_login", "on_call", "on_call_status"};
enum { CONSUMED = 1 };

void run_chain(struct event *event, struct module *const *chain, size_t count)
{
    struct module **called = calloc(count + 1, sizeof *called);
    int *results = calloc(count + 1, sizeof *results);
    const struct module *by = NULL;
    size_t calls = 0;
    if (called == NULL || results == NULL)
        abort();
    for (size_t i = 0; i < count && by == NULL; i++) {
        struct module *module = chain[i];
        if (!module->abi->wants(module, event->function))
            continue;
        tell_call(module, NAMES[event->function], event->number);
        running = module;
        int result = module->abi->call(module, event);
        running = NULL;
        /* What a module wrote there, beyond its length, is no business of the next one. */
        if (event->payload != NULL)
            event->payload[event->length] = 0;
        if (result == CONSUMED)
            by = module;
        called[calls] = module;
        results[calls++] = result;
    }
    tell_outcome(event, by, called, results, calls);
    free(called);
    free(results);
}
