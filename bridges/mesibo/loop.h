/* Finds out whether a server hands the bridge its own messages. Pure policy: the clock is passed in. For one thread at a time. */
#ifndef LOOP_H
#define LOOP_H

#include <stdint.h>

enum { LOOP_MESSAGES = 16, LOOP_MS = 1000, LOOP_PLACES = 256 };

struct loop {
    struct {
        uint64_t message, since_ns;
        unsigned count;
    } places[LOOP_PLACES];
};

/* Notes that a message goes out; `message` is a hash of its parts that stay the same. Returns 1 when the same message went out
 * LOOP_MESSAGES times within LOOP_MS. */
int loop_note(struct loop *loop, uint64_t message, uint64_t now_ns);

#endif
