/*
 * Which call caused something, and where the event of that call came from. What a module sends goes to the server from which
 * the event came. The core may be dead when somebody reads this, so the record of the message says it.
 */
#include "shim.h"

#include <string.h>

/*
 * What the main thread executed last, by the number of the call. Any thread may read a slot while it is being written. A slot
 * is valid if it has the number of the call both before and after the read.
 */
enum { SLOTS = 8, WORDS = MM_ORIGIN_MAX / 8 };
static struct slot {
    uint64_t seq;
    uint64_t length;
    uint64_t words[WORDS];
} slots[SLOTS];

/* A slot is lost only if the main thread makes as many calls as there are slots meanwhile. After so many tries the box was
 * overwritten.
 */
enum { MAX_TRIES = 1000 };

/* The call that led to the http request whose callback runs; 0: no such callback runs. */
static uint64_t http_seq;
/* Of a thread that the module has started in a call. */
static __thread struct mm_cause thread_cause;

void mm_note_origin(uint64_t seq, const uint8_t *origin, uint32_t length)
{
    struct slot *slot = &slots[seq % SLOTS];
    __atomic_store_n(&slot->seq, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->length, length, __ATOMIC_RELEASE);
    for (uint32_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, origin + at, length - at < 8 ? length - at : 8);
        __atomic_store_n(&slot->words[at / 8], word, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&slot->seq, seq, __ATOMIC_RELEASE);
}

/* Returns whether the slot had the origin of this call during the whole read. */
static int read_origin(uint64_t seq, struct mm_cause *cause)
{
    const struct slot *slot = &slots[seq % SLOTS];
    if (__atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE) != seq)
        return 0;
    const uint64_t length = __atomic_load_n(&slot->length, __ATOMIC_ACQUIRE);
    cause->length = length <= MM_ORIGIN_MAX ? (uint32_t)length : 0;
    for (uint32_t at = 0; at < cause->length; at += 8) {
        const uint64_t word = __atomic_load_n(&slot->words[at / 8], __ATOMIC_ACQUIRE);
        memcpy(cause->origin + at, &word, sizeof word);
    }
    return __atomic_load_n(&slot->seq, __ATOMIC_RELAXED) == seq;
}

uint64_t mm_during(void)
{
    const uint64_t seq = __atomic_load_n(&mm_box->current_seq, __ATOMIC_ACQUIRE);
    return seq != 0 ? seq : __atomic_load_n(&http_seq, __ATOMIC_ACQUIRE);
}

static void copy_cause(struct mm_cause *to, const struct mm_cause *from)
{
    to->seq = from->seq;
    to->length = from->length;
    if (from->length > 0)
        memcpy(to->origin, from->origin, from->length);
}

void mm_find_cause(struct mm_cause *cause)
{
    cause->seq = 0;
    cause->length = 0;
    if (!mm_may_write())
        return;
    if (thread_cause.seq != 0) {
        copy_cause(cause, &thread_cause);
        return;
    }
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        cause->seq = mm_during();
        if (cause->seq == 0 || read_origin(cause->seq, cause))
            return;
        cause->length = 0;
    }
}

void mm_set_thread_cause(const struct mm_cause *cause) { copy_cause(&thread_cause, cause); }

void mm_begin_http(const struct mm_cause *cause)
{
    if (cause->seq != 0)
        mm_note_origin(cause->seq, cause->origin, cause->length);
    __atomic_store_n(&http_seq, cause->seq, __ATOMIC_RELEASE);
}

void mm_finish_http(void) { __atomic_store_n(&http_seq, 0, __ATOMIC_RELEASE); }
