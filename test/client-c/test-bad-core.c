/* Cores that are away, late, broken or no cores at all. */
#define _GNU_SOURCE
#include "core.h"
#include "harness.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct seen seen;
static const struct mmc_params PARAMS = {.id = 1, .to = "bob", .from = "alice"};

static enum mmc_reason ask(mmc_client *client)
{
    struct mmc_outcome outcome;
    mmc_message(client, &PARAMS, "text", 4, &outcome);
    return outcome.reason;
}

/* Asks again and again until a message has that reason; returns how often another reason came. */
static int ask_until(mmc_client *client, enum mmc_reason reason)
{
    const uint64_t end = now_ms() + PATIENCE_MS;
    int others = 0;
    while (ask(client) != reason) {
        WAIT_ON(end);
        others++;
    }
    return others;
}

static void without_a_core_the_default_comes_at_once(void)
{
    struct core core;
    core_open(&core, 64);
    core_close(&core);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    const uint64_t start = now_ms();
    for (int i = 0; i < 2000; i++)
        CHECK_EQ(ask(client), MMC_UNREACHABLE);
    CHECK(now_ms() - start < PATIENCE_MS / 2);
    CHECK_HAS(mmc_last_error(), "no core listens at /tmp/mmc-test-");
    CHECK_HAS(mmc_last_error(), "Connection refused");
    const struct mmc_counters counters = counters_of(client);
    CHECK_EQ(counters.reasons[MMC_UNREACHABLE], 2000);
    CHECK_EQ(counters.passed, 2000);
    /* The wait doubles from 5 ms to 250: so many attempts fit into the time that this took. */
    CHECK(counters.refused_connects >= 1);
    CHECK(counters.refused_connects <= 8 + (now_ms() - start) / 100);
    mmc_close(client);
    core_remove(&core);
}

static void answer_ten(struct core *core)
{
    const int fd = core_meet(core);
    for (int i = 0; i < 10; i++) {
        CHECK(core_see(fd, &seen));
        core_consume(fd, seen.id, "filter");
    }
    CHECK(core_is_closed(fd));
    close(fd);
}

static void answer_all(struct core *core)
{
    const int fd = core_meet(core);
    while (core_see(fd, &seen))
        core_pass(fd, seen.id);
    close(fd);
}

static void filtering_resumes_when_the_core_is_back(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    core_close(&core);
    unlink(core.path);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(client), MMC_UNREACHABLE);
    CHECK_HAS(mmc_last_error(), "No such file");
    CHECK_EQ(ask(client), MMC_UNREACHABLE);
    core_reopen(&core);
    script_start(&script, &core, answer_ten);
    ask_until(client, MMC_DECIDED);
    for (int i = 0; i < 9; i++)
        CHECK_EQ(ask(client), MMC_DECIDED);
    CHECK_EQ(counters_of(client).consumed, 10);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

/* Keeps the two ends of this test in step. */
static int step[2], other_step[2];
static void tell_step(const int *pair) { CHECK_EQ(write(pair[1], "x", 1), 1); }
static void await_step(const int *pair)
{
    char byte;
    CHECK_EQ(read(pair[0], &byte, 1), 1);
}

static void vanish_in_the_middle(struct core *core)
{
    int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    const uint64_t id = seen.id;
    core_write(fd, "\0\0\0\40\22", 5); /* the beginning of an outcome */
    close(fd);
    fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    CHECK(seen.id > id); /* what had no outcome is not submitted again */
    CHECK_TEXT(seen.payload, "text");
    core_pass(fd, seen.id);
    await_step(step);
    close(fd);
    /* The third message finds the second connection closed before it is sent: it goes over a third one. */
    tell_step(other_step);
    fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void an_event_is_never_submitted_twice(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    CHECK_EQ(pipe(step), 0);
    CHECK_EQ(pipe(other_step), 0);
    script_start(&script, &core, vanish_in_the_middle);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(client), MMC_UNREACHABLE);
    CHECK_HAS(mmc_last_error(), "closed the connection");
    CHECK_EQ(ask(client), MMC_DECIDED);
    tell_step(step);
    await_step(other_step);
    CHECK_EQ(ask(client), MMC_DECIDED);
    const struct mmc_counters counters = counters_of(client);
    CHECK_EQ(counters.connects, 3);
    CHECK_EQ(counters.lost, 2);
    CHECK_EQ(counters.refused_connects, 0);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

/* Passes all events until the client tells the step: it is welcomed then, and its short deadline counts for what follows. */
static void warm_up(int fd)
{
    for (;;) {
        struct pollfd polled[] = {{.fd = step[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};
        CHECK(poll(polled, 2, PATIENCE_MS) > 0);
        if (polled[0].revents)
            break;
        CHECK(core_see(fd, &seen));
        core_pass(fd, seen.id);
    }
    await_step(step);
}

static void be_warm(mmc_client *client)
{
    ask_until(client, MMC_DECIDED);
    tell_step(step);
}

/* The next event with that text: others may still come that were late. */
static void see_text(int fd, const char *text)
{
    do
        CHECK(core_see(fd, &seen));
    while (strcmp(seen.payload, text) != 0);
}

static void answer_late(struct core *core)
{
    const int fd = core_meet(core);
    warm_up(fd);
    for (int i = 0; i < 20; i++) {
        see_text(fd, "slow");
        const uint64_t id = seen.id;
        await_step(step); /* the client has given up */
        core_consume(fd, id, "late");
        see_text(fd, "fast");
        core_pass(fd, seen.id);
    }
    CHECK(core_is_closed(fd));
    close(fd);
}

static void late_outcomes_are_skipped_and_the_connection_stays(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    CHECK_EQ(pipe(step), 0);
    mmc_client *client = client_of(&core, 200);
    script_start(&script, &core, answer_late);
    be_warm(client);
    uint64_t late = counters_of(client).reasons[MMC_LATE];
    int decided = 0;
    for (int i = 0; i < 20; i++) {
        struct mmc_outcome outcome;
        mmc_message(client, &PARAMS, "slow", 4, &outcome);
        CHECK_EQ(outcome.reason, MMC_LATE);
        CHECK_HAS(mmc_last_error(), "has not decided within the deadline");
        late++;
        tell_step(step);
        /* This event is late as well until the late outcome has come, and on a slow machine even after that. It never gets the other's
         * verdict. */
        const uint64_t end = now_ms() + PATIENCE_MS;
        do {
            WAIT_ON(end);
            mmc_message(client, &PARAMS, "fast", 4, &outcome);
            CHECK_EQ(outcome.verdict, MMC_PASS);
            late += outcome.reason == MMC_LATE;
        } while (outcome.event_id == 0);
        decided += outcome.reason == MMC_DECIDED;
    }
    const struct mmc_counters counters = counters_of(client);
    CHECK(decided > 0);
    CHECK_EQ(counters.reasons[MMC_LATE], late);
    CHECK_EQ(counters.connects, 1);
    CHECK_EQ(counters.lost, 0);
    CHECK_EQ(counters.refused_connects, 0);
    CHECK(counters.late_outcomes >= 19);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void a_core_that_never_answers_costs_the_deadline(void)
{
    struct core core;
    core_open(&core, 64);
    mmc_client *client = client_of(&core, 50);
    /* It accepts nothing: the welcome never comes. */
    const uint64_t start = now_ms();
    CHECK_EQ(ask(client), MMC_LATE);
    CHECK(now_ms() - start >= 49);
    CHECK_HAS(mmc_last_error(), "has not welcomed this server within the deadline");
    CHECK_EQ(ask(client), MMC_LATE);
    /* The same connection, which is welcomed at last. */
    struct script script;
    script_start(&script, &core, answer_all);
    ask_until(client, MMC_DECIDED);
    CHECK_EQ(counters_of(client).connects, 1);
    CHECK_EQ(counters_of(client).refused_connects, 0);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void a_core_that_never_accepts_costs_the_deadline(void)
{
    struct core core;
    core_open(&core, 0);
    mmc_client *clients[8];
    const uint64_t start = now_ms();
    int full = 0;
    for (int i = 0; i < 8; i++) {
        clients[i] = client_of(&core, 50);
        CHECK_EQ(ask(clients[i]), MMC_LATE);
        full += strstr(mmc_last_error(), "has not accepted a connection") != NULL;
        CHECK_EQ(counters_of(clients[i]).refused_connects, 0);
    }
    CHECK(full > 0);
    CHECK(now_ms() - start >= 8 * 49);
    for (int i = 0; i < 8; i++)
        mmc_close(clients[i]);
    core_remove(&core);
}

static void read_slowly(struct core *core)
{
    int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024 * 1024, 256, ALL_CALLBACKS);
    warm_up(fd);
    await_step(step); /* the client has given up on a frame that it could write only in part */
    uint64_t last = 0;
    while (core_see(fd, &seen)) {
        CHECK_EQ(seen.kind, 2);
        CHECK(seen.id > last);
        last = seen.id;
        core_pass(fd, seen.id);
    }
    close(fd);
}

static void a_frame_that_was_written_in_part_is_finished_later(void)
{
    struct core core;
    struct script script;
    static char large[1024 * 1024];
    core_open(&core, 64);
    CHECK_EQ(pipe(step), 0);
    script_start(&script, &core, read_slowly);
    mmc_client *client = client_of(&core, 300);
    be_warm(client);
    struct mmc_outcome outcome;
    mmc_message(client, &PARAMS, large, sizeof large, &outcome);
    CHECK_EQ(outcome.reason, MMC_LATE);
    CHECK_HAS(mmc_last_error(), "has not read the event");
    CHECK(outcome.event_id != 0); /* it may have seen it */
    mmc_message(client, &PARAMS, large, sizeof large, &outcome);
    CHECK_EQ(outcome.reason, MMC_LATE);
    CHECK_HAS(mmc_last_error(), "does not respond");
    CHECK_EQ(outcome.event_id, 0);
    tell_step(step);
    ask_until(client, MMC_DECIDED);
    CHECK_EQ(counters_of(client).connects, 1);
    CHECK(counters_of(client).late_outcomes >= 1);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void keep_a_window_of_two(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024, 2, ALL_CALLBACKS);
    uint64_t ids[2];
    for (int i = 0; i < 2; i++) {
        CHECK(core_see(fd, &seen));
        ids[i] = seen.id;
        core_welcome(fd, 1024, 2, ALL_CALLBACKS); /* it does not stand still */
    }
    await_step(step); /* the third one is not there: the window is full */
    CHECK(core_is_quiet(fd, 0));
    core_pass(fd, ids[0]);
    core_pass(fd, ids[1]);
    while (core_see(fd, &seen))
        core_pass(fd, seen.id);
    close(fd);
}

static void no_more_events_than_the_window_are_without_an_outcome(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    CHECK_EQ(pipe(step), 0);
    script_start(&script, &core, keep_a_window_of_two);
    mmc_client *client = client_of(&core, 100);
    struct mmc_outcome outcome;
    int sent = 0;
    while (sent < 2) {
        mmc_message(client, &PARAMS, "text", 4, &outcome);
        CHECK_EQ(outcome.reason, MMC_LATE);
        sent += outcome.event_id != 0;
    }
    mmc_message(client, &PARAMS, "text", 4, &outcome);
    CHECK_EQ(outcome.reason, MMC_LATE);
    CHECK_EQ(outcome.event_id, 0);
    CHECK_HAS(mmc_last_error(), "has not decided on earlier events");
    tell_step(step);
    ask_until(client, MMC_DECIDED);
    CHECK_EQ(counters_of(client).connects, 1);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

enum { STILL_MS = 200, STILL_CALLS = 100 };

static void stand_still(struct core *core)
{
    const int fd = core_meet(core);
    warm_up(fd);
    await_step(step); /* nothing is read or said meanwhile */
    CHECK(core_see(fd, &seen));
    CHECK_TEXT(seen.payload, "text");
    CHECK(core_is_quiet(fd, 0)); /* the later ones were not handed over */
    core_pass(fd, seen.id);
    while (core_see(fd, &seen))
        core_pass(fd, seen.id);
    close(fd);
}

static void a_core_that_stands_still_costs_one_deadline(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    CHECK_EQ(pipe(step), 0);
    script_start(&script, &core, stand_still);
    mmc_client *client = client_of(&core, STILL_MS);
    be_warm(client);
    const uint64_t start = now_ms(), late = counters_of(client).reasons[MMC_LATE];
    uint64_t handed_over = 0;
    for (int i = 0; i < STILL_CALLS; i++) {
        struct mmc_outcome outcome;
        mmc_message(client, &PARAMS, "text", 4, &outcome);
        CHECK_EQ(outcome.reason, MMC_LATE);
        handed_over += outcome.event_id != 0;
    }
    CHECK_EQ(handed_over, 1);
    CHECK_HAS(mmc_last_error(), "does not respond");
    CHECK(now_ms() - start >= STILL_MS - 1);
    CHECK(now_ms() - start < STILL_MS * STILL_CALLS / 2);
    CHECK_EQ(counters_of(client).reasons[MMC_LATE], late + STILL_CALLS);
    tell_step(step);
    ask_until(client, MMC_DECIDED);
    CHECK_EQ(ask(client), MMC_DECIDED);
    CHECK_EQ(counters_of(client).connects, 1);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static mmc_client *shared;
static void *ask_once(void *value)
{
    *(enum mmc_reason *)value = ask(shared);
    return NULL;
}

static enum mmc_reason ask_in_a_new_thread(void)
{
    pthread_t thread;
    enum mmc_reason reason = MMC_OTHER;
    CHECK_EQ(pthread_create(&thread, NULL, ask_once, &reason), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return reason;
}

static int may_stop[2];
static void welcome_each(struct core *core)
{
    for (;;) {
        struct pollfd polled[] = {{.fd = core->listener, .events = POLLIN}, {.fd = may_stop[0], .events = POLLIN}};
        CHECK(poll(polled, 2, PATIENCE_MS) > 0);
        if (!polled[0].revents)
            return;
        const int fd = core_accept(core);
        while (core_see(fd, &seen))
            if (seen.kind == 1)
                core_welcome(fd, 1024, 256, ALL_CALLBACKS);
            else
                core_pass(fd, seen.id);
        close(fd);
    }
}

static void a_core_that_welcomes_nobody_does_not_stop_each_thread(void)
{
    struct core core;
    struct script script;
    core_open(&core, 128);
    CHECK_EQ(pipe(may_stop), 0);
    shared = client_of(&core, 1000);
    const uint64_t start = now_ms();
    for (int i = 0; i < 20; i++)
        CHECK_EQ(ask_in_a_new_thread(), MMC_LATE);
    CHECK(now_ms() - start < 10 * 1000);
    /* One thread at a time finds out when the core is there again. */
    script_start(&script, &core, welcome_each);
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (ask_in_a_new_thread() != MMC_DECIDED) {
        WAIT_ON(end);
        poll(NULL, 0, 10);
    }
    CHECK_EQ(ask_in_a_new_thread(), MMC_DECIDED);
    mmc_close(shared);
    tell_step(may_stop);
    script_join(&script);
    core_remove(&core);
}

#ifndef MMC_WELCOME_MS
static void a_welcome_is_not_waited_for_until_a_long_deadline(void)
{
    struct core core;
    core_open(&core, 64);
    mmc_client *client = client_of(&core, 100 * PATIENCE_MS);
    const uint64_t start = now_ms();
    CHECK_EQ(ask(client), MMC_LATE);
    CHECK(now_ms() - start >= 4999);
    CHECK_HAS(mmc_last_error(), "has not welcomed this server");
    mmc_close(client);
    core_remove(&core);
}
#endif

static void say_much_before_reading(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024 * 1024, 256, ALL_CALLBACKS);
    CHECK(!core_is_quiet(fd, PATIENCE_MS));
    for (int i = 0; i < 20000; i++)
        core_pass(fd, 12345);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void late_outcomes_are_read_while_an_event_is_written(void)
{
    struct core core;
    struct script script;
    static char large[1024 * 1024];
    core_open(&core, 64);
    script_start(&script, &core, say_much_before_reading);
    mmc_client *client = client_of(&core, PATIENCE_MS / 2);
    struct mmc_outcome outcome;
    mmc_message(client, &PARAMS, large, sizeof large, &outcome);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    CHECK_EQ(counters_of(client).late_outcomes, 20000);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

enum { REFUSALS = 8 };

static void refuse_the_second(struct core *core)
{
    int first = core_meet(core);
    CHECK(core_see(first, &seen));
    core_pass(first, seen.id);
    for (int i = 0; i < REFUSALS; i++) {
        const int fd = core_accept(core);
        CHECK(core_see(fd, &seen));
        core_fail(fd, "TOO_MANY_CONNECTIONS", "no more connections are taken", 1);
        close(fd);
    }
    close(first);
    tell_step(step);
    first = core_meet(core);
    CHECK(core_see(first, &seen));
    core_pass(first, seen.id);
    CHECK(core_is_closed(first));
    close(first);
}

static void *be_refused(void *value)
{
    while (counters_of(shared).refused_connects < REFUSALS) {
        CHECK(ask(shared) != MMC_DECIDED);
        CHECK_HAS(mmc_last_error(), "no more connections are taken");
        poll(NULL, 0, 1);
    }
    return value;
}

static void a_thread_that_is_refused_delays_no_other(void)
{
    struct core core;
    struct script script;
    pthread_t thread;
    core_open(&core, 64);
    CHECK_EQ(pipe(step), 0);
    script_start(&script, &core, refuse_the_second);
    const struct mmc_options options = {
        .path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .retry_max_ms = PATIENCE_MS};
    shared = mmc_open(&options);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    CHECK_EQ(pthread_create(&thread, NULL, be_refused, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    await_step(step);
    CHECK_EQ(ask(shared), MMC_DECIDED); /* over a new connection, at once */
    CHECK_EQ(counters_of(shared).connects, 2);
    mmc_close(shared);
    script_join(&script);
    core_remove(&core);
}

/* ---- garbage ---- */

static const struct garbage {
    const char *bytes;
    size_t length;
} GARBAGE[] = {
#define BYTES(text) {text, sizeof text - 1}
    BYTES("\377\377\377\377 a frame of 4 GiB"),
    BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"),
    BYTES("{\"welcome\":{}}\n"),
    BYTES("\0\0\0\1\22"),                               /* a tag without its field */
    BYTES("\0\0\0\2\22\5"),                             /* a message longer than its frame */
    BYTES("\0\0\0\4\22\2\11\1"),                        /* an id of one byte */
    BYTES("\0\0\0\4\22\2\20\2"),                        /* a verdict that is none */
    BYTES("\0\0\0\13\22\11\32\377\377\377\377\377\377\377\1"), /* a text of 2^56 bytes */
    BYTES("\0\0\0\15\22\13\20\377\377\377\377\377\377\377\377\377\377"), /* a number without an end */
    BYTES("\0\0\0\10\22\6\62\4\142\2a\0"),              /* an address with a NUL inside */
    BYTES("\0\0\0\4\22\2\13\14"),                       /* a group */
    BYTES("\0\0\0\2\7\1"),                              /* field 0 */
    BYTES("\0\0\0\4\12\2\10\2"),                        /* a welcome of version 2 */
    BYTES("\0\0\0\2\32\0"),                             /* a send without an id */
#undef BYTES
};
enum { GARBAGES = sizeof GARBAGE / sizeof *GARBAGE };

static void send_garbage(struct core *core)
{
    for (int i = 0; i < GARBAGES; i++) {
        const int fd = core_meet(core);
        CHECK(core_see(fd, &seen));
        core_write(fd, GARBAGE[i].bytes, GARBAGE[i].length);
        CHECK(core_is_closed(fd));
        close(fd);
    }
    const int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void garbage_gives_the_default_and_closes_the_connection(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, send_garbage);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    for (int i = 0; i < GARBAGES; i++) {
        CHECK_EQ(ask(client), MMC_GARBLED);
        CHECK_HAS(mmc_last_error(), "sent something that is not a frame of the gateway; is it a core?");
    }
    CHECK_EQ(ask(client), MMC_DECIDED);
    CHECK_EQ(counters_of(client).garbled, GARBAGES);
    CHECK_EQ(counters_of(client).lost, GARBAGES);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void refuse_the_hello(struct core *core)
{
    int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_fail(fd, "VERSION_UNKNOWN", "this core speaks version 2 only", 1);
    CHECK(core_is_closed(fd));
    close(fd);
    fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_pass(fd, 1); /* before it welcomes */
    CHECK(core_is_closed(fd));
    close(fd);
    fd = core_accept(core);
    close(fd);
    fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void a_refused_hello_is_a_refused_connection(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, refuse_the_hello);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(client), MMC_REFUSED);
    CHECK_HAS(mmc_last_error(), "this core speaks version 2 only (VERSION_UNKNOWN)");
    ask_until(client, MMC_DECIDED);
    CHECK_EQ(counters_of(client).reasons[MMC_GARBLED], 1);
    CHECK_EQ(counters_of(client).refused_connects, 3);
    CHECK_EQ(counters_of(client).connects, 1);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void half_close(struct core *core)
{
    const int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(shutdown(fd, SHUT_WR), 0);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void a_half_closed_connection_is_a_lost_one(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, half_close);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(client), MMC_UNREACHABLE);
    script_join(&script);
    mmc_close(client);
    core_remove(&core);
}

/* ---- what is told ---- */

static char lines[16][600];
static int line_count;

static void note(void *context, const char *line)
{
    CHECK(context == lines);
    CHECK(line_count < 16);
    snprintf(lines[line_count++], sizeof *lines, "%s", line);
}

static void defaults_are_told_once_a_second_with_their_number(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    core_close(&core);
    const struct mmc_options options = {
        .path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .log = note, .context = lines};
    mmc_client *client = mmc_open(&options);
    const uint64_t start = now_ms();
    int asked = 0;
    while (line_count < 2) {
        CHECK(now_ms() - start < PATIENCE_MS);
        ask(client);
        asked++;
    }
    CHECK(now_ms() - start >= 900);
    CHECK_HAS(lines[0], "1 event has the default verdict (pass): unreachable: no core listens at ");
    CHECK_HAS(lines[0], "is it running?");
    char expected[120];
    snprintf(expected, sizeof expected, "mesibo-modules: %d events have the default verdict (pass): unreachable: ", asked - 1);
    CHECK_HAS(lines[1], expected);
    core_reopen(&core);
    script_start(&script, &core, answer_ten);
    int others = ask_until(client, MMC_DECIDED);
    int at = 2;
    for (; strstr(lines[at], "events have") || strstr(lines[at], "event has"); at++)
        CHECK(at < line_count);
    CHECK_HAS(lines[at], "is there");
    for (int i = 0; i < 9; i++)
        CHECK_EQ(ask(client), MMC_DECIDED);
    mmc_close(client); /* tells the rest */
    int told = 0;
    for (int i = 2; i < line_count; i++) {
        int number = 0;
        if (sscanf(lines[i], "mesibo-modules: %d event", &number) == 1)
            told += number;
    }
    CHECK_EQ(told, others);
    script_join(&script);
    core_remove(&core);
}

static void default_by_modules(struct core *core)
{
    const char *const reasons[] = {"crash", "hang", "deadline", "down", "overload", "quarantine", "a new one"};
    const int fd = core_meet(core);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct bytes *outcome = calloc(1, sizeof *outcome);
        CHECK(core_see(fd, &seen));
        add_fixed(outcome, 1, seen.id);
        add_text(outcome, 4, reasons[i]);
        add_text(outcome, 5, "filter");
        core_frame(fd, 2, outcome);
        free(outcome);
    }
    CHECK(core_is_closed(fd));
    close(fd);
}

static void defaults_of_modules_are_counted_by_their_reason(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, default_by_modules);
    const struct mmc_options options = {
        .path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .log = note, .context = lines};
    mmc_client *client = mmc_open(&options);
    for (enum mmc_reason reason = MMC_CRASH; reason < MMC_REASONS; reason++)
        CHECK_EQ(ask(client), reason);
    CHECK_HAS(mmc_last_error(), "module filter could not decide (a new one)");
    CHECK_EQ(line_count, MMC_REASONS - MMC_CRASH);
    CHECK_TEXT(lines[0], "mesibo-modules: 1 event has the default verdict of a module: crash: module filter could not decide (crash)");
    for (enum mmc_reason reason = MMC_CRASH; reason < MMC_REASONS; reason++)
        CHECK_EQ(counters_of(client).reasons[reason], 1);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

const struct test bad_core_tests[] = {
    TEST("bad core", without_a_core_the_default_comes_at_once),
    TEST("bad core", filtering_resumes_when_the_core_is_back),
    TEST("bad core", an_event_is_never_submitted_twice),
    TEST("bad core", late_outcomes_are_skipped_and_the_connection_stays),
    TEST("bad core", a_core_that_never_answers_costs_the_deadline),
    TEST("bad core", a_core_that_never_accepts_costs_the_deadline),
    TEST("bad core", a_frame_that_was_written_in_part_is_finished_later),
    TEST("bad core", no_more_events_than_the_window_are_without_an_outcome),
    TEST("bad core", a_core_that_stands_still_costs_one_deadline),
    TEST("bad core", a_core_that_welcomes_nobody_does_not_stop_each_thread),
#ifndef MMC_WELCOME_MS
    TEST("bad core", a_welcome_is_not_waited_for_until_a_long_deadline),
#endif
    TEST("bad core", late_outcomes_are_read_while_an_event_is_written),
    TEST("bad core", a_thread_that_is_refused_delays_no_other),
    TEST("bad core", garbage_gives_the_default_and_closes_the_connection),
    TEST("bad core", a_refused_hello_is_a_refused_connection),
    TEST("bad core", a_half_closed_connection_is_a_lost_one),
    TEST("bad core", defaults_are_told_once_a_second_with_their_number),
    TEST("bad core", defaults_of_modules_are_counted_by_their_reason),
    END,
};
