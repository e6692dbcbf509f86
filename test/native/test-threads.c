/* A module's own threads: they log and send while the main thread drains, acknowledges, or waits for them. */
#include "calls.h"
#include "fake.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING = 512 * KIB, LARGEST = KIB, WRITERS = 4, EACH = 40000 / EFFORT };

struct writer {
    pthread_t thread;
    uint32_t number;
    uint64_t wrote_lines, refused; /* by the writer */
    uint64_t next_send, next_line; /* by the reader */
    uint64_t taken;                /* by the reader, atomically: what it has acknowledged */
    uint64_t leeway;               /* how far the writer may be ahead of that */
};
static struct writer writers[WRITERS];
static uint32_t running;

static uint64_t seed_of(uint32_t writer, uint64_t count) { return writer * 1000003u + count; }

static void send_one(struct writer *self, uint64_t count, uint32_t length)
{
    char payload[LARGEST], to[64] = {0};
    uint32_t to_length = (uint32_t)(count % sizeof to);
    fill_pattern(payload, length, seed_of(self->number, count));
    fill_pattern(to, to_length, count);
    uint64_t params[17] = {[AID] = self->number, [ID] = count, [15] = (uintptr_t)to};
    while (mesibo_message(NULL, params, payload, length) != 0) {
        self->refused++;
        sched_yield();
    }
}

static void *write_many(void *data)
{
    struct writer *self = data;
    uint32_t random = self->number + 1;
    for (uint64_t sends = 0, lines = 0; sends + lines < EACH;) {
        while (sends + lines - __atomic_load_n(&self->taken, __ATOMIC_ACQUIRE) >= self->leeway)
            sched_yield();
        uint32_t length = next_random(&random) % LARGEST;
        if (next_random(&random) % 4 != 0) {
            send_one(self, sends++, length);
        } else {
            char text[LARGEST + 1] = {0};
            fill_pattern(text, length, seed_of(self->number, lines));
            mesibo_log(NULL, self->number, "%lu %s", (unsigned long)lines, text);
            self->wrote_lines = ++lines;
        }
    }
    __atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
    return NULL;
}

static uint32_t check_send(const struct entry *sent)
{
    CHECK(sent->scalars[AID] < WRITERS);
    struct writer *from = &writers[sent->scalars[AID]];
    CHECK_EQ(sent->scalars[ID], from->next_send);
    from->next_send++;
    CHECK(sent->to != NULL && sent->from == NULL);
    CHECK_EQ(sent->to_length, sent->scalars[ID] % 64);
    CHECK(is_pattern(sent->to, sent->to_length, sent->scalars[ID]));
    CHECK(is_pattern(sent->payload, sent->payload_length, seed_of(from->number, sent->scalars[ID])));
    return from->number;
}

/* Lines may be dropped where the ring is full; those that are kept are in order. */
static uint32_t check_line(const struct entry *line)
{
    CHECK(line->level < WRITERS);
    struct writer *from = &writers[line->level];
    const char *text = line->payload, *end = text + line->payload_length;
    uint64_t count = 0;
    for (; text < end && *text != ' '; text++)
        count = count * 10 + (uint64_t)(*text - '0');
    CHECK(text < end && count >= from->next_line);
    from->next_line = count + 1;
    CHECK(is_pattern(text + 1, (size_t)(end - text - 1), seed_of(from->number, count)));
    return from->number;
}

struct totals {
    uint64_t sends, lines;
};

/* Lets the writers run until everything is written and read. */
static struct totals run_writers(uint64_t leeway)
{
    struct totals totals = {0, 0};
    box_open(RING, LARGEST);
    running = WRITERS;
    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.number = i, .leeway = leeway};
        CHECK_EQ(pthread_create(&writers[i].thread, NULL, write_many, &writers[i]), 0);
    }
    for (uint32_t left = WRITERS; left > 0;) {
        left = __atomic_load_n(&running, __ATOMIC_ACQUIRE);
        uint32_t each[WRITERS] = {0};
        if (take() == 0)
            sched_yield();
        for (const struct entry *entry; (entry = next_entry()) != NULL;) {
            CHECK_EQ(entry->during, 0);
            CHECK(entry->kind == SENT || entry->kind == LOG);
            if (entry->kind == SENT)
                totals.sends++;
            else
                totals.lines++;
            each[entry->kind == SENT ? check_send(entry) : check_line(entry)]++;
        }
        for (uint32_t i = 0; i < WRITERS; i++)
            __atomic_fetch_add(&writers[i].taken, each[i], __ATOMIC_RELEASE);
    }
    for (uint32_t i = 0; i < WRITERS; i++)
        CHECK_EQ(pthread_join(writers[i].thread, NULL), 0);
    take_nothing();
    return totals;
}

static void a_ring_that_is_full_at_times_loses_no_send(void)
{
    struct totals totals = run_writers(UINT64_MAX);
    uint64_t refused = 0, lines = 0;
    for (uint32_t i = 0; i < WRITERS; i++) {
        refused += writers[i].refused;
        lines += writers[i].wrote_lines;
    }
    CHECK_EQ(totals.sends + lines, (uint64_t)WRITERS * EACH);
    CHECK_EQ(mm_box->refused_sends, refused);
    CHECK_EQ(totals.lines + mm_dropped_logs(), lines);
}

static void a_ring_with_room_refuses_nothing(void)
{
    struct totals totals = run_writers(32); /* 4 * 32 records of 1.3 KiB at the most fit, also into the half for lines */
    CHECK_EQ(mm_box->refused_sends, 0);
    CHECK_EQ(mm_dropped_logs(), 0);
    CHECK_EQ(totals.sends + totals.lines, (uint64_t)WRITERS * EACH);
}

/* ---- the reader sleeps, and is woken for each record ---- */

enum { WAKES = 20000 / EFFORT };
static uint64_t acknowledged;

static void *write_when_all_was_read(void *data)
{
    for (uint64_t i = 0; i < WAKES; i++) {
        while (__atomic_load_n(&acknowledged, __ATOMIC_ACQUIRE) < i)
            sched_yield();
        mesibo_log(NULL, 0, "%lu", (unsigned long)i);
    }
    return data;
}

/* A lost wake leaves the reader waiting for ever, and the alarm ends the test. */
static void no_record_is_left_without_a_wake(void)
{
    box_open(RING, LARGEST);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, write_when_all_was_read, NULL), 0);
    for (uint64_t seen = 0; seen < WAKES;) {
        char byte;
        while (read(mm_wake_fd(), &byte, 1) != 1)
            sched_yield();
        mm_clear_wake();
        for (uint64_t count = 0; take() > 0; __atomic_store_n(&acknowledged, seen += count, __ATOMIC_RELEASE))
            for (count = 0; next_record() != NULL;)
                count++;
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* ---- a callback that waits for its thread ---- */

static void *log_and_send(void *data)
{
    mesibo_log(NULL, 0, "from the thread");
    CHECK_EQ(abi->send(0, "b", "a", "m", 1), 0);
    return data;
}

static int64_t join_a_thread(struct fake_event *event)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, log_and_send, event), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return 1;
}

static void a_callback_may_wait_for_a_thread_that_logs_and_sends(void)
{
    start(RING, LARGEST, FAKE_CALL);
    fake_on_event = join_a_thread;
    struct parts call = {.event = MM_CALL, .seq = 11};
    CHECK_EQ(run_calls(&call, 1), 1);
    char bytes[4];
    CHECK_EQ(read(mm_wake_fd(), bytes, sizeof bytes), 1); /* the thread does not know who drains */
    take();
    for (int kind = LOG; kind >= SENT; kind--) {
        const struct entry *entry = next_entry();
        CHECK(entry != NULL && (int)entry->kind == kind);
        CHECK_EQ(entry->during, 11);
    }
    expect_result(11, 1, 0, NULL);
    expect_end();
}

/* ---- a thread that sends in the middle of everything ---- */

/* How many calls of another thread have an origin. */
enum { WITH_ORIGIN = 4000 / EFFORT };
static uint32_t is_over;

static void *send_until_it_is_over(void *data)
{
    for (uint64_t i = 0; !__atomic_load_n(&is_over, __ATOMIC_ACQUIRE); i++) {
        uint64_t params[17] = {[ID] = i, [15] = (uintptr_t) "b"};
        mesibo_message(NULL, params, "m", 1);
    }
    return data;
}

/* Each call has an origin that tells its number, or none. */
static const char *origin_of(uint64_t seq)
{
    static char text[MM_ORIGIN_MAX + 1];
    const int length = (int)(seq * 37 % 100);
    snprintf(text, sizeof text, "%020lu%0*d", (unsigned long)seq, length, 0);
    return seq % 5 == 0 ? NULL : text;
}

/* Returns whether it has one. */
static int check_origin(const struct entry *sent)
{
    const char *origin = sent->during != 0 ? origin_of(sent->during) : NULL;
    CHECK_BYTES(sent->origin, sent->origin_length, origin != NULL ? origin : "", origin != NULL ? strlen(origin) : 0);
    return origin != NULL;
}

static int64_t give_way(struct fake_event *event)
{
    (void)event;
    sched_yield();
    return 1;
}

/* The module has started the thread by itself: its sends belong to the call that is executed then, if there is one. */
static void a_thread_never_takes_the_origin_of_another_call(void)
{
    start(RING, LARGEST, FAKE_CALL);
    fake_on_event = give_way;
    pthread_t thread;
    int found = 0;
    is_over = 0;
    CHECK_EQ(pthread_create(&thread, NULL, send_until_it_is_over, NULL), 0);
    for (uint64_t seq = 1; found < WITH_ORIGIN; seq++) {
        struct parts call = {.event = MM_CALL, .seq = seq, .origin = origin_of(seq)};
        CHECK_EQ(run_calls(&call, 1), 1);
        take();
        for (const struct entry *entry; (entry = next_entry()) != NULL;)
            if (entry->kind == SENT)
                found += check_origin(entry);
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    while (take() > 0)
        continue;
}

/* ---- threads that are cancelled at any instruction ---- */

enum { CANCELLED = 2000 / EFFORT };

static void *write_until_cancelled(void *data)
{
    int old;
    (void)data;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
    for (uint64_t i = 0;; i++) {
        uint64_t params[17] = {[ID] = i, [15] = (uintptr_t) "b"};
        mesibo_log(NULL, 0, "line %lu", (unsigned long)i);
        mesibo_message(NULL, params, "m", 1);
        __atomic_store_n(&running, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void a_cancelled_thread_leaves_no_record_half_written(void)
{
    start(RING, LARGEST, 0);
    for (uint32_t i = 0; i < CANCELLED; i++) {
        pthread_t thread;
        running = 0;
        CHECK_EQ(pthread_create(&thread, NULL, write_until_cancelled, NULL), 0);
        while (!__atomic_load_n(&running, __ATOMIC_ACQUIRE))
            sched_yield();
        for (volatile uint32_t spin = i % 97 * 11; spin > 0; spin--)
            continue;
        CHECK_EQ(pthread_cancel(thread), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        take();
        CHECK_EQ(mm_box->head, mm_box->tail);
    }
}

const struct test thread_tests[] = {
    ONCE("threads", a_cancelled_thread_leaves_no_record_half_written),
    ONCE("threads", a_ring_that_is_full_at_times_loses_no_send),
    ONCE("threads", a_ring_with_room_refuses_nothing),
    ONCE("threads", no_record_is_left_without_a_wake),
    ONCE("threads", a_thread_never_takes_the_origin_of_another_call),
    BOTH("threads", a_callback_may_wait_for_a_thread_that_logs_and_sends),
    END,
};
