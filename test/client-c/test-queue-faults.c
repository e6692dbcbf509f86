/* Queues, with cores that are away, late, broken or no cores at all. */
#define _GNU_SOURCE
#include "harness.h"
#include "queue.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct seen seen;

static char lines[16][600];
static int line_count;
static void note(void *context, const char *line)
{
    (void)context;
    CHECK(line_count < 16);
    snprintf(lines[line_count++], sizeof *lines, "%s", line);
}

static void without_a_core_the_default_comes_at_once(void)
{
    struct core core;
    core_open(&core, 64);
    core_close(&core);
    const struct mmc_options options = {
        .path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .on_default = MMC_CONSUMED, .log = note};
    mmc_client *client = mmc_open(&options);
    mmc_queue *queue = mmc_open_queue(client, 0, 0);
    const uint64_t start = now_ms();
    for (int i = 0; i < 1000; i++)
        submit(queue, i);
    CHECK_EQ(mmc_submit_login(queue, "carol", 1, 0, context_of(1000)), 0);
    collect(queue, 1001);
    CHECK(now_ms() - start < PATIENCE_MS / 2);
    for (int i = 0; i <= 1000; i++) {
        CHECK_EQ(number_of(&got[i]), i);
        CHECK_EQ(got[i].reason, MMC_UNREACHABLE);
        CHECK_EQ(got[i].verdict, i < 1000 ? MMC_CONSUMED : MMC_PASS);
        CHECK_EQ(got[i].event_id, 0);
    }
    CHECK_EQ(counters_of(client).reasons[MMC_UNREACHABLE], 1001);
    CHECK_HAS(lines[0], "1 event has the default verdict (messages: consumed): unreachable: no core listens at ");
    /* Events in the queue when it is closed are counted and reported, too. */
    submit(queue, 1001);
    mmc_close_queue(queue);
    CHECK_EQ(counters_of(client).reasons[MMC_UNREACHABLE], 1002);
    mmc_close(client);
    int told = 0, number = 0;
    for (int i = 0; i < line_count; i++)
        told += sscanf(lines[i], "mesibo-modules: %d event", &number) == 1 ? number : 0;
    CHECK_EQ(told, 1002);
    core_remove(&core);
}

/* Has a window of 4, answers two of the first four, and leaves in the middle of the next outcome. */
static void vanish_in_flight(struct core *core)
{
    uint64_t ids[4];
    int fd = core_accept(core), last = 3;
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024, 4, ALL_CALLBACKS);
    for (int i = 0; i < 4; i++) {
        CHECK(core_see(fd, &seen));
        CHECK_EQ(number_in(seen.payload), i);
        ids[i] = seen.id;
    }
    core_consume(fd, ids[2], "filter");
    core_consume(fd, ids[1], "filter");
    core_write(fd, "\0\0\0\40\22", 5); /* the beginning of an outcome */
    close(fd);
    fd = core_meet(core);
    while (core_see(fd, &seen)) {
        CHECK(number_in(seen.payload) > last); /* none that came before */
        last = number_in(seen.payload);
        core_pass(fd, seen.id);
    }
    CHECK_EQ(last, 9);
    close(fd);
}

static void a_core_that_goes_takes_along_only_what_it_has(void)
{
    struct stage *stage = set_up(vanish_in_flight, PATIENCE_MS, 0, 0);
    submit_all(stage->queue, 0, 10);
    collect(stage->queue, 10);
    for (int i = 0; i < 10; i++) {
        const int number = number_of(&got[i]);
        CHECK_EQ(got[i].verdict, number == 1 || number == 2 ? MMC_CONSUMED : MMC_PASS);
        if (number == 0 || number == 3)
            CHECK_EQ(got[i].reason, MMC_UNREACHABLE);
        else if (number != 4 && number != 5) /* those two may have been on their way */
            CHECK_EQ(got[i].reason, MMC_DECIDED);
        CHECK(got[i].event_id != 0);
    }
    CHECK_EQ(counters_of(stage->client).lost, 1);
    CHECK_EQ(counters_of(stage->client).connects, 2);
    tear_down(stage);
}

static void go_when_told(struct core *core)
{
    const int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    await_step(step);
    close(fd);
    tell_step(other_step);
    answer_all(core);
}

static void an_old_connection_that_has_ended_costs_nothing(void)
{
    struct stage *stage = set_up(go_when_told, PATIENCE_MS, 0, 0);
    submit(stage->queue, 0);
    collect(stage->queue, 1);
    submit_all(stage->queue, 1, 50);
    tell_step(step);
    await_step(other_step);
    submit_all(stage->queue, 50, 100);
    collect(stage->queue, 99);
    CHECK_EQ(count_reason(99, MMC_DECIDED), 99);
    CHECK_EQ(counters_of(stage->client).connects, 2);
    tear_down(stage);
}

/* Answers and leaves at once, with events that it has not read: its answers still count. */
static void answer_and_go(struct core *core)
{
    uint64_t ids[10];
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024, 20, ALL_CALLBACKS);
    for (int i = 0; i < 10; i++) {
        CHECK(core_see(fd, &seen));
        ids[i] = seen.id;
    }
    await_step(step);
    for (int i = 0; i < 10; i++)
        core_consume(fd, ids[i], "filter");
    close(fd);
    core_close(core);
    tell_step(other_step);
}

static void outcomes_that_were_written_before_the_end_are_read(void)
{
    struct stage *stage = set_up(answer_and_go, PATIENCE_MS, 0, 0);
    submit_all(stage->queue, 0, 30);
    /* The welcome is read and events are written, before the core answers and goes. */
    while (counters_of(stage->client).connects == 0)
        CHECK_EQ(mmc_collect(stage->queue, got, 1, 1), 0);
    tell_step(step);
    await_step(other_step);
    CHECK_EQ(collect_some(stage->queue, got, 1), 1); /* the others are read, and not given yet */
    submit_all(stage->queue, 30, 40);                /* these find that nothing can be written any more */
    collect(stage->queue, 39);
    const struct mmc_counters counters = counters_of(stage->client);
    CHECK_EQ(counters.consumed, 10);
    CHECK_EQ(counters.reasons[MMC_DECIDED], 10);
    CHECK_EQ(counters.reasons[MMC_UNREACHABLE], 30);
    CHECK_EQ(counters.lost, 1);
    tear_down(stage);
}

enum { SHORT_MS = 300 };

static void be_welcome(struct stage *stage)
{
    const uint64_t end = now_ms() + PATIENCE_MS;
    struct mmc_outcome outcome;
    do {
        WAIT_ON(end);
        CHECK_EQ(mmc_submit_call(stage->queue, NULL), 0);
        CHECK_EQ(mmc_collect(stage->queue, &outcome, 1, PATIENCE_MS), 1);
    } while (outcome.reason != MMC_DECIDED);
}

static void answer_late(struct core *core)
{
    const int fd = core_meet(core);
    uint64_t ids[20];
    do {
        CHECK(core_see(fd, &seen));
        if (seen.event == 6)
            core_pass(fd, seen.id);
    } while (seen.event == 6);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(number_in(seen.payload), i);
        ids[i] = seen.id;
        if (i % 2 == 1)
            core_pass(fd, seen.id);
        if (i < 19)
            CHECK(core_see(fd, &seen));
    }
    await_step(step); /* the client has given up the others */
    for (int i = 0; i < 20; i += 2)
        core_consume(fd, ids[i], "late");
    while (core_see(fd, &seen))
        core_pass(fd, seen.id);
    close(fd);
}

static void late_outcomes_are_skipped_and_deadlines_come_in_order(void)
{
    struct stage *stage = set_up(answer_late, SHORT_MS, 0, 0);
    be_welcome(stage);
    const uint64_t start = now_ms(), before = counters_of(stage->client).reasons[MMC_LATE];
    submit_all(stage->queue, 0, 20);
    collect(stage->queue, 20);
    CHECK(now_ms() - start >= SHORT_MS - 1);
    int last = -2;
    for (int i = 0; i < 20; i++) {
        if (got[i].reason == MMC_DECIDED)
            continue; /* on a slow machine not all of those that it answered */
        CHECK_EQ(got[i].reason, MMC_LATE);
        CHECK(number_of(&got[i]) > last);
        last = number_of(&got[i]);
    }
    CHECK(count_reason(20, MMC_LATE) >= 10);
    CHECK_EQ(counters_of(stage->client).reasons[MMC_LATE], before + (uint64_t)count_reason(20, MMC_LATE));
    tell_step(step);
    for (const uint64_t end = now_ms() + PATIENCE_MS; counters_of(stage->client).late_outcomes < 10;) {
        WAIT_ON(end);
        be_welcome(stage);
    }
    CHECK_EQ(counters_of(stage->client).consumed, 0);
    CHECK_EQ(counters_of(stage->client).connects, 1);
    CHECK_EQ(counters_of(stage->client).lost, 0);
    tear_down(stage);
}

/* Answers a call, then ten events, and ten more when told. */
static void answer_in_two_parts(struct core *core)
{
    const int fd = core_meet(core);
    uint64_t ids[20];
    do {
        CHECK(core_see(fd, &seen));
        if (seen.event == 6)
            core_pass(fd, seen.id);
    } while (seen.event == 6);
    for (int i = 0; i < 20; i++) {
        ids[i] = seen.id;
        CHECK(i == 19 || core_see(fd, &seen));
    }
    for (int i = 0; i < 10; i++)
        core_pass(fd, ids[i]);
    tell_step(other_step);
    await_step(step);
    for (int i = 10; i < 20; i++)
        core_pass(fd, ids[i]);
    tell_step(other_step);
    CHECK(core_is_closed(fd));
    close(fd);
}

/* This program is busy until after the deadline: some outcomes are read by then and not given, and others are not read. */
static void outcomes_that_came_in_time_are_not_late(void)
{
    struct stage *stage = set_up(answer_in_two_parts, SHORT_MS, 0, 0);
    be_welcome(stage);
    const uint64_t start = now_ms();
    submit_all(stage->queue, 0, 20);
    CHECK_EQ(mmc_collect(stage->queue, got, 0, 0), 0);
    await_step(other_step);
    size_t there = collect_some(stage->queue, got, 3);
    tell_step(step);
    await_step(other_step);
    poll(NULL, 0, SHORT_MS + 10);
    while (there < 20)
        there += collect_some(stage->queue, got + there, 20 - there);
    /* A second later it would be too late for that. */
    CHECK(count_reason(20, MMC_DECIDED) == 20 || now_ms() - start > SHORT_MS + 900);
    tear_down(stage);
}

enum { LARGE = 100 * 1024 };

static void stop_reading(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, LARGE, 256, ALL_CALLBACKS);
    await_step(step);
    int last = -1;
    while (core_see(fd, &seen)) {
        CHECK_EQ(seen.kind, 2);
        if (seen.event == 3 && seen.length == LARGE) {
            CHECK_EQ(seen.params.id, last + 1);
            last = (int)seen.params.id;
            for (size_t i = 0; i < seen.length; i++)
                CHECK_EQ(seen.payload[i], 'a' + last);
        }
        core_pass(fd, seen.id);
    }
    CHECK(last >= 0 && last < 19); /* what waited behind them got the default, and is not handed over any more */
    close(fd);
}

static void a_core_that_stops_reading_costs_one_deadline(void)
{
    struct stage *stage = set_up(stop_reading, 5 * SHORT_MS, 0, 0);
    static char large[LARGE];
    for (int i = 0; i < 20; i++) {
        memset(large, 'a' + i, sizeof large);
        const struct mmc_params params = {.id = (uint64_t)i};
        CHECK_EQ(mmc_submit_message(stage->queue, &params, large, sizeof large, context_of(i)), 0);
    }
    collect(stage->queue, 20);
    CHECK_EQ(count_reason(20, MMC_LATE), 20);
    /* Then it hangs: the next ones do not wait. */
    struct mmc_outcome outcome;
    const uint64_t start = now_ms();
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(mmc_submit_call(stage->queue, NULL), 0);
        CHECK_EQ(mmc_collect(stage->queue, &outcome, 1, PATIENCE_MS), 1);
        CHECK_EQ(outcome.reason, MMC_LATE);
        CHECK_EQ(outcome.event_id, 0);
    }
    CHECK_HAS(mmc_last_error(), "does not respond");
    CHECK(now_ms() - start < 50 * 5 * SHORT_MS);
    tell_step(step);
    be_welcome(stage);
    CHECK_EQ(counters_of(stage->client).connects, 1);
    tear_down(stage);
}

static void welcome_when_told(struct core *core)
{
    await_step(step);
    answer_all(core);
}

static void a_welcome_may_come_late(void)
{
    struct stage *stage = set_up(welcome_when_told, SHORT_MS, 0, 0);
    submit_all(stage->queue, 0, 50);
    const uint64_t start = now_ms();
    collect(stage->queue, 50);
    CHECK(now_ms() - start >= SHORT_MS - 1);
    CHECK_EQ(count_reason(50, MMC_LATE), 50);
    CHECK_HAS(mmc_last_error(), "has not welcomed this server within the deadline");
    tell_step(step);
    be_welcome(stage);
    CHECK_EQ(counters_of(stage->client).connects, 1);
    CHECK_EQ(counters_of(stage->client).refused_connects, 0);
    tear_down(stage);
}

static void a_core_that_never_accepts_costs_the_deadline(void)
{
    struct core core;
    core_open(&core, 0);
    mmc_client *client = client_of(&core, SHORT_MS);
    mmc_queue *queues[8];
    for (int i = 0; i < 8; i++) {
        queues[i] = mmc_open_queue(client, 0, 0);
        submit_all(queues[i], 10 * i, 10 * i + 10);
        mmc_collect(queues[i], got, 0, 0);
    }
    for (int i = 0; i < 8; i++) {
        collect(queues[i], 10);
        CHECK_EQ(count_reason(10, MMC_LATE), 10);
    }
    CHECK_EQ(counters_of(client).refused_connects, 0);
    mmc_close(client);
    core_remove(&core);
}

static void answer_six_connections(struct core *core)
{
    for (int i = 0; i < 6; i++)
        answer_all(core);
}

static void a_core_may_accept_late(void)
{
    struct core core;
    struct script script;
    struct mmc_poll wait;
    core_open(&core, 0);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    mmc_queue *queues[6];
    for (int i = 0; i < 6; i++) {
        queues[i] = mmc_open_queue(client, 0, 0);
        submit(queues[i], i);
        CHECK_EQ(mmc_collect(queues[i], got, 1, 0), 0);
    }
    mmc_poll_queue(queues[5], &wait);
    CHECK_EQ(wait.fd, -1); /* the listener had no place any more */
    CHECK(wait.timeout_ms >= 0 && wait.timeout_ms < SHORT_MS);
    script_start(&script, &core, answer_six_connections);
    for (int i = 0; i < 6; i++) {
        collect(queues[i], 1);
        CHECK_EQ(got[0].reason, MMC_DECIDED);
        mmc_close_queue(queues[i]);
    }
    script_join(&script);
    mmc_close(client);
    core_remove(&core);
}

static void refuse_the_hello(struct core *core)
{
    int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_fail(fd, "TOO_MANY_SERVERS", "too many connections are open", 1);
    CHECK(core_is_closed(fd));
    close(fd);
    answer_all(core);
}

static void a_refused_hello_gives_the_default_and_is_tried_again(void)
{
    struct stage *stage = set_up(refuse_the_hello, PATIENCE_MS, 0, 0);
    submit_all(stage->queue, 0, 10);
    collect(stage->queue, 10);
    CHECK_EQ(count_reason(10, MMC_REFUSED), 10);
    be_welcome(stage);
    CHECK_EQ(counters_of(stage->client).refused_connects, 1);
    CHECK_EQ(counters_of(stage->client).connects, 1);
    tear_down(stage);
}

/* A sound outcome with changes, and garbage right behind it. */
static void send_garbage(struct core *core)
{
    static struct bytes outcome, frame;
    static const uint8_t garbage[] = "\0\0\0\2\7\1";
    const int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    const uint64_t id = seen.id;
    CHECK(core_see(fd, &seen));
    add_fixed(&outcome, 1, id);
    memset(outcome.at + outcome.length + 4, 'x', 100 * 1024);
    add_varint(&outcome, 7 << 3 | 2);
    add_varint(&outcome, 100 * 1024);
    outcome.length += 100 * 1024;
    outcome.at[outcome.length - 1] = 'x';
    frame.length = 4;
    add_bytes(&frame, 2, outcome.at, outcome.length);
    for (int i = 0; i < 4; i++)
        frame.at[i] = (uint8_t)((frame.length - 4) >> (24 - 8 * i));
    memcpy(frame.at + frame.length, garbage, 6);
    core_write(fd, frame.at, frame.length + 6);
    CHECK(core_is_closed(fd));
    close(fd);
    answer_all(core);
}

static void garbage_gives_the_default_and_spoils_no_outcome_before_it(void)
{
    struct stage *stage = set_up(send_garbage, PATIENCE_MS, 0, 0);
    struct mmc_outcome outcomes[10];
    submit_all(stage->queue, 0, 2);
    size_t there = collect_some(stage->queue, outcomes, 10);
    CHECK_EQ(number_of(&outcomes[0]), 0);
    CHECK_EQ(outcomes[0].reason, MMC_DECIDED);
    CHECK_EQ(outcomes[0].length, 100 * 1024);
    for (size_t i = 0; i < outcomes[0].length; i++)
        CHECK_EQ(((const char *)outcomes[0].payload)[i], 'x');
    if (there == 1)
        there += collect_some(stage->queue, outcomes + 1, 1);
    CHECK_EQ(number_of(&outcomes[1]), 1);
    CHECK_EQ(outcomes[1].reason, MMC_GARBLED);
    CHECK_EQ(counters_of(stage->client).garbled, 1);
    be_welcome(stage);
    tear_down(stage);
}

static void answer_what_was_not_asked(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024, 1, ALL_CALLBACKS);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id + 1); /* that one waits still, and is not decided by this */
    core_pass(fd, 0);
    core_pass(fd, UINT64_MAX);
    core_consume(fd, seen.id, "filter");
    core_pass(fd, seen.id);
    while (core_see(fd, &seen))
        core_consume(fd, seen.id, "filter");
    close(fd);
}

static void outcomes_of_no_event_in_flight_are_skipped(void)
{
    struct stage *stage = set_up(answer_what_was_not_asked, PATIENCE_MS, 0, 0);
    submit(stage->queue, 0);
    submit(stage->queue, 1);
    collect(stage->queue, 2);
    CHECK_EQ(counters_of(stage->client).consumed, 2);
    CHECK_EQ(counters_of(stage->client).events, 2);
    tear_down(stage);
}

const struct test queue_fault_tests[] = {
    TEST("queue", without_a_core_the_default_comes_at_once),
    TEST("queue", a_core_that_goes_takes_along_only_what_it_has),
    TEST("queue", an_old_connection_that_has_ended_costs_nothing),
    TEST("queue", outcomes_that_were_written_before_the_end_are_read),
    TEST("queue", late_outcomes_are_skipped_and_deadlines_come_in_order),
    TEST("queue", outcomes_that_came_in_time_are_not_late),
    TEST("queue", a_core_that_stops_reading_costs_one_deadline),
    TEST("queue", a_welcome_may_come_late),
    TEST("queue", a_core_that_never_accepts_costs_the_deadline),
    TEST("queue", a_core_may_accept_late),
    TEST("queue", a_refused_hello_gives_the_default_and_is_tried_again),
    TEST("queue", garbage_gives_the_default_and_spoils_no_outcome_before_it),
    TEST("queue", outcomes_of_no_event_in_flight_are_skipped),
    END,
};
