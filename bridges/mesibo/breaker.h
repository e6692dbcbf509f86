/* Decides when a core that is away or late is not asked. Pure policy: the clock is passed in. Any thread may call it. */
#ifndef BREAKER_H
#define BREAKER_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    BREAKER_FAILURES = 3,       /* in a row open it */
    BREAKER_FIRST_WAIT_MS = 100, /* until one event tries again; doubled when it fails */
    BREAKER_LONGEST_WAIT_MS = 2000,
};

struct breaker {
    atomic_uint failures; /* in a row */
    atomic_uint wait_ms;
    atomic_uint_fast64_t retry_at; /* in nanoseconds; 0: it is closed */
};

enum breaker_answer { BREAKER_NO, BREAKER_YES, BREAKER_TRY };

/* Whether an event is handed over. While the breaker is open, one event after each wait is: it finds out whether the core answers. */
enum breaker_answer breaker_ask(struct breaker *breaker, uint64_t now_ns);
/* Notes that the core has answered. Returns 1 when that closes it. */
int breaker_succeeded(struct breaker *breaker);
/* Notes that the core has not answered an event that the breaker let through. Returns 1 when that opens it. */
int breaker_failed(struct breaker *breaker, enum breaker_answer asked, uint64_t now_ns);

#endif
