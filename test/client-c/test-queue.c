/* Queues: many events in flight from one thread, with a core that behaves. */
#define _GNU_SOURCE
#include "harness.h"
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef EFFORT
#define EFFORT 1
#endif

static struct seen seen;

static void answer_backwards(struct core *core)
{
    static struct bytes params, outcome;
    const int fd = core_meet(core);
    uint64_t ids[5];
    for (unsigned i = 0; i < 5; i++) {
        CHECK(core_see(fd, &seen));
        CHECK_EQ(seen.kind, 2);
        CHECK_EQ(seen.event, 3 + i);
        ids[i] = seen.id;
        if (i == 0) {
            CHECK_EQ(seen.params.id, 5);
            CHECK_TEXT(seen.params.to, "bob");
            CHECK_TEXT(seen.params.from, "alice");
            CHECK_BYTES(seen.payload, seen.length, "hello", 5);
        } else if (i == 2) {
            CHECK_TEXT(seen.address, "carol");
            CHECK_EQ(seen.online, 1);
            CHECK_EQ(seen.flags, 77);
        }
    }
    core_pass(fd, ids[4]);
    core_pass(fd, ids[3]);
    core_consume(fd, ids[2], "gate");
    core_pass(fd, ids[1]);
    add_fixed(&params, 2, 99);
    add_text(&params, 12, "dave");
    add_fixed(&outcome, 1, ids[0]);
    add_text(&outcome, 4, "crash");
    add_text(&outcome, 5, "filter");
    add_bytes(&outcome, 6, params.at, params.length);
    add_bytes(&outcome, 7, "n\0w", 3);
    core_frame(fd, 2, &outcome);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void each_kind_of_event_travels_and_outcomes_come_in_any_order(void)
{
    struct stage *stage = set_up(answer_backwards, PATIENCE_MS, 0, 0);
    errno = 77;
    CHECK_EQ(submit_text(stage->queue, 5, "hello"), 0);
    CHECK_EQ(mmc_submit_status(stage->queue, &PARAMS, context_of(6)), 0);
    CHECK_EQ(mmc_submit_login(stage->queue, "carol", 1, 77, context_of(7)), 0);
    CHECK_EQ(mmc_submit_call(stage->queue, context_of(8)), 0);
    CHECK_EQ(mmc_submit_call_status(stage->queue, context_of(9)), 0);
    CHECK_EQ(counters_of(stage->client).connects, 0); /* nothing travels before the first mmc_collect() */
    for (int number = 9; number >= 5; number--) {
        struct mmc_outcome outcome;
        CHECK_EQ(collect_some(stage->queue, &outcome, 1), 1);
        CHECK_EQ(number_of(&outcome), number);
        CHECK(outcome.event_id != 0);
        CHECK_EQ(outcome.verdict, number == 7 ? MMC_CONSUMED : MMC_PASS);
        CHECK_EQ(outcome.reason, number == 5 ? MMC_CRASH : MMC_DECIDED);
        CHECK_EQ(outcome.params_changed, number == 5);
        CHECK_EQ(outcome.payload_changed, number == 5);
        if (number == 7)
            CHECK_TEXT(outcome.by, "gate");
        if (number != 5) {
            CHECK(outcome.payload == NULL && outcome.length == 0 && outcome.params.to == NULL);
            continue;
        }
        CHECK_EQ(outcome.params.id, 99);
        CHECK_TEXT(outcome.params.to, "dave");
        CHECK(outcome.params.from == NULL);
        CHECK_BYTES(outcome.payload, outcome.length + 1, "n\0w", 4);
        CHECK_TEXT(outcome.default_by, "filter");
    }
    CHECK_EQ(errno, 77);
    CHECK_EQ(mmc_collect(stage->queue, got, 1, PATIENCE_MS), 0); /* it holds none, so it does not wait */
    const struct mmc_counters counters = counters_of(stage->client);
    CHECK_EQ(counters.events, 5);
    CHECK_EQ(counters.consumed, 1);
    CHECK_EQ(counters.changed, 1);
    CHECK_EQ(counters.reasons[MMC_DECIDED], 4);
    CHECK_EQ(counters.reasons[MMC_CRASH], 1);
    CHECK_EQ(counters.connects, 1);
    tear_down(stage);
}

enum { MANY = 8000 / EFFORT, WINDOW = 37 };

/* Holds up to a window of events, and answers one of them by chance. */
static void hold_a_window(struct core *core)
{
    static struct bytes outcome;
    uint64_t ids[WINDOW];
    static char payloads[WINDOW][32];
    uint32_t random = 4711;
    int held = 0, answered = 0;
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 64 * 1024, WINDOW, ALL_CALLBACKS);
    while (answered < MANY) {
        while (held < WINDOW && answered + held < MANY && (held == 0 || !core_is_quiet(fd, 0))) {
            CHECK(core_see(fd, &seen));
            ids[held] = seen.id;
            strcpy(payloads[held++], seen.payload);
        }
        if (held == WINDOW)
            CHECK(core_is_quiet(fd, 0)); /* the window is full */
        const uint32_t one = next_random(&random) % (uint32_t)held;
        outcome.length = 0;
        add_fixed(&outcome, 1, ids[one]);
        add_text(&outcome, 7, payloads[one]);
        core_frame(fd, 2, &outcome);
        ids[one] = ids[--held];
        memmove(payloads[one], payloads[held], sizeof *payloads);
        answered++;
    }
    CHECK(core_is_closed(fd));
    close(fd);
}

static void thousands_are_in_flight_and_the_window_is_kept(void)
{
    struct stage *stage = set_up(hold_a_window, PATIENCE_MS, 1000, 0);
    int submitted = 0, collected = 0;
    while (collected < MANY) {
        while (submitted < MANY && events_of(stage->queue) < 1000)
            submit(stage->queue, submitted++);
        struct mmc_outcome outcomes[20];
        const size_t number = collect_some(stage->queue, outcomes, 20);
        for (size_t i = 0; i < number; i++) {
            char text[32];
            snprintf(text, sizeof text, "text %d", number_of(&outcomes[i]));
            CHECK_EQ(outcomes[i].reason, MMC_DECIDED);
            CHECK_BYTES(outcomes[i].payload, outcomes[i].length, text, strlen(text));
        }
        collected += (int)number;
    }
    CHECK_EQ(events_of(stage->queue), 0);
    CHECK_EQ(counters_of(stage->client).events, MANY);
    CHECK_EQ(counters_of(stage->client).reasons[MMC_DECIDED], MANY);
    CHECK_EQ(counters_of(stage->client).late_outcomes, 0);
    tear_down(stage);
}

static void events_go_in_one_write(void)
{
    struct stage *stage = set_up(answer_all, PATIENCE_MS, 0, 0);
    submit(stage->queue, 0);
    collect(stage->queue, 1);
    const int before = writes;
    for (int i = 1; i <= 200; i++)
        submit(stage->queue, i);
    CHECK_EQ(writes, before);
    CHECK_EQ(mmc_collect(stage->queue, got, 0, 0), 0);
    CHECK_EQ(writes, before + 1);
    collect(stage->queue, 200);
    CHECK_EQ(writes, before + 1);
    CHECK_EQ(count_reason(200, MMC_DECIDED), 200);
    tear_down(stage);
}

static void a_full_queue_takes_no_more(void)
{
    static char large[40 * 1024];
    struct stage *stage = set_up(answer_all, PATIENCE_MS, 3, sizeof large);
    for (int i = 0; i < 3; i++)
        submit(stage->queue, i);
    CHECK_EQ(submit_text(stage->queue, 3, "no place"), -1);
    CHECK_HAS(mmc_last_error(), "the queue is full: it holds 3 events of 3");
    collect(stage->queue, 1);
    submit(stage->queue, 3); /* the outcome that was collected made a place */
    CHECK_EQ(submit_text(stage->queue, 4, "no place"), -1);
    collect(stage->queue, 3);
    /* Many bytes: one event may always have them. */
    memset(large, 'x', sizeof large - 1);
    CHECK_EQ(submit_text(stage->queue, 5, large), 0);
    CHECK_EQ(submit_text(stage->queue, 6, "no place"), -1);
    CHECK_HAS(mmc_last_error(), "bytes of 40960; collect outcomes first");
    collect(stage->queue, 1);
    CHECK_EQ(counters_of(stage->client).events, 5); /* what was not taken is not counted */
    CHECK_EQ(counters_of(stage->client).reasons[MMC_DECIDED], 5);
    CHECK(mmc_open_queue(stage->client, SIZE_MAX / 64, 0) == NULL);
    CHECK_HAS(mmc_last_error(), "there is no memory for a queue of");
    tear_down(stage);
}

static void refuse_each_way(struct core *core)
{
    static struct bytes outcome, failure;
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 5, 256, 1 << 0 | 1 << 1); /* messages and statuses */
    CHECK(core_see(fd, &seen));
    CHECK_TEXT(seen.payload, "12345");
    add_text(&failure, 1, "CORE_STOPPING");
    add_text(&failure, 2, "the core is stopping");
    add_fixed(&outcome, 1, seen.id);
    add_bytes(&outcome, 9, failure.at, failure.length);
    core_frame(fd, 2, &outcome);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.event, 4);
    add_fixed(&failure, 4, seen.id);
    core_frame(fd, 4, &failure);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void what_is_not_sent_or_refused_says_why(void)
{
    struct stage *stage = set_up(refuse_each_way, PATIENCE_MS, 0, 0);
    static char address[64 * 1024 + 2];
    memset(address, 'a', sizeof address - 1);
    CHECK_EQ(submit_text(stage->queue, 0, "123456"), 0);
    CHECK_EQ(mmc_submit_login(stage->queue, address, 1, 0, context_of(1)), 0);
    CHECK_EQ(mmc_submit_login(stage->queue, "carol", 1, 0, context_of(2)), 0);
    CHECK_EQ(submit_text(stage->queue, 3, "12345"), 0);
    CHECK_EQ(mmc_submit_status(stage->queue, &PARAMS, context_of(4)), 0);
    collect(stage->queue, 5);
    const enum mmc_reason reasons[] = {MMC_TOO_LARGE, MMC_TOO_LARGE, MMC_UNWANTED, MMC_REFUSED, MMC_REFUSED};
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(got[i].reason, reasons[number_of(&got[i])]);
        CHECK_EQ(got[i].event_id != 0, number_of(&got[i]) >= 3);
        CHECK_EQ(got[i].verdict, MMC_PASS);
    }
    CHECK_EQ(counters_of(stage->client).connects, 1);
    CHECK_EQ(counters_of(stage->client).lost, 0);
    tear_down(stage);
}

static void echo_large(struct core *core)
{
    static struct bytes outcome;
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024 * 1024, 256, ALL_CALLBACKS);
    while (core_see(fd, &seen)) {
        outcome.length = 0;
        add_fixed(&outcome, 1, seen.id);
        add_bytes(&outcome, 7, seen.payload, seen.length);
        core_frame(fd, 2, &outcome);
    }
    close(fd);
}

/* More than the socket takes at once, in both directions. */
static void large_messages_are_written_and_read_in_parts(void)
{
    enum { LARGE = 200 * 1024, NUMBER = 20 };
    struct stage *stage = set_up(echo_large, PATIENCE_MS, 0, 0);
    static char large[NUMBER][LARGE];
    for (int i = 0; i < NUMBER; i++) {
        memset(large[i], 'a' + i, LARGE);
        CHECK_EQ(mmc_submit_message(stage->queue, &PARAMS, large[i], LARGE, context_of(i)), 0);
    }
    for (int left = NUMBER; left > 0;) {
        struct mmc_outcome outcomes[3];
        const size_t number = collect_some(stage->queue, outcomes, 3);
        for (size_t i = 0; i < number; i++)
            CHECK(outcomes[i].length == LARGE && memcmp(outcomes[i].payload, large[number_of(&outcomes[i])], LARGE) == 0);
        left -= (int)number;
    }
    tear_down(stage);
}

const struct test queue_tests[] = {
    TEST("queue", each_kind_of_event_travels_and_outcomes_come_in_any_order),
    TEST("queue", thousands_are_in_flight_and_the_window_is_kept),
    TEST("queue", events_go_in_one_write),
    TEST("queue", a_full_queue_takes_no_more),
    TEST("queue", what_is_not_sent_or_refused_says_why),
    TEST("queue", large_messages_are_written_and_read_in_parts),
    END,
};
