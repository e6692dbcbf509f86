#include "breaker.h"

#define MS UINT64_C(1000000)

enum breaker_answer breaker_ask(struct breaker *breaker, uint64_t now_ns)
{
    uint_fast64_t retry_at = atomic_load_explicit(&breaker->retry_at, memory_order_relaxed);
    if (retry_at == 0)
        return BREAKER_YES;
    if (now_ns < retry_at)
        return BREAKER_NO;
    /* Of many threads, one tries; the others go on waiting. */
    const uint_fast64_t next = now_ns + atomic_load(&breaker->wait_ms) * MS;
    return atomic_compare_exchange_strong(&breaker->retry_at, &retry_at, next) ? BREAKER_TRY : BREAKER_NO;
}

int breaker_succeeded(struct breaker *breaker)
{
    if (atomic_load_explicit(&breaker->failures, memory_order_relaxed) == 0)
        return 0;
    atomic_store(&breaker->failures, 0);
    return atomic_exchange(&breaker->retry_at, 0) != 0;
}

/* Many threads may fail at the same time. Only the first one opens the breaker, and only one that tried makes the wait longer. */
int breaker_failed(struct breaker *breaker, enum breaker_answer asked, uint64_t now_ns)
{
    if (atomic_fetch_add(&breaker->failures, 1) + 1 < BREAKER_FAILURES)
        return 0;
    uint_fast64_t closed = 0;
    if (asked == BREAKER_TRY) {
        const unsigned wait = 2 * atomic_load(&breaker->wait_ms);
        atomic_store(&breaker->wait_ms, wait < BREAKER_LONGEST_WAIT_MS ? wait : BREAKER_LONGEST_WAIT_MS);
        atomic_store(&breaker->retry_at, now_ns + atomic_load(&breaker->wait_ms) * MS);
        return 0;
    }
    if (atomic_load(&breaker->retry_at) == 0)
        atomic_store(&breaker->wait_ms, BREAKER_FIRST_WAIT_MS);
    return atomic_compare_exchange_strong(&breaker->retry_at, &closed, now_ns + BREAKER_FIRST_WAIT_MS * MS);
}
