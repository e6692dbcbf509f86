/* What modules send. */
#define _GNU_SOURCE
#include "core.h"
#include "harness.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef EFFORT
#define EFFORT 1
#endif

static struct seen seen;

/* Accepts a connection for sends. */
static int meet_taker(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 1);
    CHECK_EQ(seen.takes_sends, 1);
    CHECK_EQ(seen.window, 64);
    core_welcome(fd, 64 * 1024, 256, ALL_CALLBACKS);
    return fd;
}

static void see_answer(int fd, const char *sent_id, int is_refused)
{
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 3);
    CHECK_TEXT(seen.sent_id, sent_id);
    CHECK_EQ(seen.is_refused, is_refused);
}

static void send_three(struct core *core)
{
    const int fd = meet_taker(core);
    core_send(fd, "echo/1", "one");
    core_send(fd, "echo/2", "two");
    core_send(fd, "echo/3", "");
    see_answer(fd, "echo/1", 0);
    see_answer(fd, "echo/2", 1);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 4);
    CHECK_TEXT(seen.sent_id, "echo/1");
    CHECK_EQ(seen.status, 0x80);
    CHECK_EQ(seen.params.id, 7);
    CHECK_TEXT(seen.params.to, "bob");
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 4);
    CHECK_EQ(seen.status, 3);
    CHECK(seen.params.to == NULL);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void sends_are_taken_answered_and_reported(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, send_three);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    struct mmc_send send;
    CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1);
    CHECK_TEXT(send.sent_id, "echo/1");
    CHECK_TEXT(send.module, "echo");
    CHECK_EQ(send.params.id, 99);
    CHECK_TEXT(send.params.to, "bob");
    CHECK_TEXT(send.params.from, "robot");
    CHECK_BYTES(send.payload, send.length + 1, "one", 4);
    CHECK_EQ(send.cause, 0xfedcba9876543210);
    CHECK_EQ(mmc_acknowledge(client, send.sent_id), 0);
    CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1);
    CHECK_TEXT(send.sent_id, "echo/2");
    CHECK_EQ(mmc_refuse(client, send.sent_id), 0);
    CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1);
    CHECK_BYTES(send.payload, send.length + 1, "", 1);
    CHECK_EQ(mmc_next_send(client, &send, 20), 0);
    CHECK_EQ(mmc_next_send(client, &send, 0), 0);
    const struct mmc_params params = {.id = 7, .to = "bob"};
    CHECK_EQ(mmc_report(client, "echo/1", 0x80, &params), 0);
    CHECK_EQ(mmc_report(client, "echo/1", 3, NULL), 0);
    CHECK(mmc_sends_fd(client) >= 0);
    const struct mmc_counters counters = counters_of(client);
    CHECK_EQ(counters.sends, 3);
    CHECK_EQ(counters.acknowledged, 1);
    CHECK_EQ(counters.refused_sends, 1);
    CHECK_EQ(counters.reports, 2);
    CHECK_EQ(counters.events, 0);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void send_again(struct core *core)
{
    int fd = meet_taker(core);
    core_send(fd, "echo/1", "one");
    core_send(fd, "echo/2", "two");
    see_answer(fd, "echo/1", 0);
    close(fd);
    fd = meet_taker(core);
    core_send(fd, "echo/2", "two");
    see_answer(fd, "echo/2", 0);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void what_was_not_acknowledged_comes_again(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    CHECK_EQ(mmc_acknowledge(client, "echo/0"), -1);
    CHECK_HAS(mmc_last_error(), "there is no connection for sends; they come again");
    script_start(&script, &core, send_again);
    struct mmc_send send;
    CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1);
    CHECK_EQ(mmc_acknowledge(client, send.sent_id), 0);
    CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1);
    CHECK_TEXT(send.sent_id, "echo/2");
    CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1); /* over the next connection */
    CHECK_TEXT(send.sent_id, "echo/2");
    CHECK_EQ(mmc_acknowledge(client, send.sent_id), 0);
    CHECK_EQ(counters_of(client).lost, 1);
    CHECK_EQ(counters_of(client).connects, 2);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void refuse_taker(struct core *core)
{
    int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.takes_sends, 1);
    core_fail(fd, "SERVER_NAME_TAKEN", "another process takes the sends for test", 1);
    CHECK(core_is_closed(fd));
    close(fd);
    /* An event meanwhile: the refusal does not concern its connection. */
    fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.takes_sends, 0);
    core_welcome(fd, 1024, 256, ALL_CALLBACKS);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    /* A report goes over it, as there is no connection for sends. */
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 4);
    CHECK_TEXT(seen.sent_id, "echo/1");
    close(fd);
}

static void a_name_that_is_taken_concerns_sends_alone(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, refuse_taker);
    const struct mmc_options options = {
        .path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .retry_max_ms = PATIENCE_MS};
    mmc_client *client = mmc_open(&options);
    struct mmc_send send;
    CHECK_EQ(mmc_next_send(client, &send, 2), -1);
    while (strstr(mmc_last_error(), "another process takes the sends for test (SERVER_NAME_TAKEN)") == NULL)
        CHECK_EQ(mmc_next_send(client, &send, 2), -1);
    const struct mmc_params params = {.id = 1};
    struct mmc_outcome outcome;
    mmc_message(client, &params, "text", 4, &outcome);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    CHECK_EQ(mmc_report(client, "echo/1", 2, NULL), 0);
    script_join(&script);
    mmc_close(client);
    core_remove(&core);
}

static void without_a_core_taking_waits_for_it(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    core_close(&core);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    struct mmc_send send;
    const uint64_t start = now_ms();
    CHECK_EQ(mmc_next_send(client, &send, 100), -1);
    CHECK(now_ms() - start >= 99);
    CHECK_HAS(mmc_last_error(), "no core listens at");
    CHECK_EQ(mmc_next_send(client, &send, 0), -1);
    CHECK_EQ(mmc_sends_fd(client), -1);
    core_reopen(&core);
    script_start(&script, &core, send_again);
    CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1);
    CHECK_EQ(mmc_acknowledge(client, "echo/1"), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(mmc_next_send(client, &send, PATIENCE_MS), 1);
    CHECK_EQ(mmc_acknowledge(client, "echo/2"), 0);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void polling_finds_what_a_wait_would(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, send_three);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    struct mmc_send send;
    const uint64_t end = now_ms() + PATIENCE_MS;
    int taken = 0, result;
    while (taken < 3) {
        WAIT_ON(end);
        while ((result = mmc_next_send(client, &send, 0)) == 1) {
            taken++;
            if (taken < 3)
                CHECK_EQ(taken == 1 ? mmc_acknowledge(client, send.sent_id) : mmc_refuse(client, send.sent_id), 0);
        }
        struct pollfd polled = {.fd = mmc_sends_fd(client), .events = POLLIN};
        if (taken < 3)
            poll(&polled, 1, polled.fd < 0 ? 5 : PATIENCE_MS);
    }
    const struct mmc_params params = {.id = 7, .to = "bob"};
    CHECK_EQ(mmc_report(client, "echo/1", 0x80, &params), 0);
    CHECK_EQ(mmc_report(client, "echo/1", 3, NULL), 0);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

/* ---- from many threads; their names contain "threads:" ---- */

enum { SENDS = 3000 / EFFORT, ANSWERERS = 4 };
static mmc_client *shared;

static void send_many(struct core *core)
{
    const int fd = meet_taker(core);
    char text[32];
    int sent = 0, answered = 0;
    while (answered < SENDS) {
        for (; sent < SENDS && sent - answered < 64; sent++) {
            snprintf(text, sizeof text, "%d", sent);
            core_send(fd, text, text);
        }
        CHECK(core_see(fd, &seen));
        CHECK_EQ(seen.kind, 3);
        CHECK_EQ(seen.is_refused, atoi(seen.sent_id) % 2);
        answered++;
    }
    CHECK(core_is_closed(fd));
    close(fd);
}

static int ring[2];

static void *answer(void *value)
{
    int number;
    char text[32];
    while (read(ring[0], &number, sizeof number) == sizeof number) {
        snprintf(text, sizeof text, "%d", number);
        CHECK_EQ(number % 2 ? mmc_refuse(shared, text) : mmc_acknowledge(shared, text), 0);
    }
    return value;
}

static void *poll_fd(void *value)
{
    for (int i = 0; i < 1000; i++)
        mmc_sends_fd(shared);
    return value;
}

static void answers_come_from_any_thread(void)
{
    struct core core;
    struct script script;
    pthread_t threads[ANSWERERS], poller;
    core_open(&core, 64);
    CHECK_EQ(pipe(ring), 0);
    script_start(&script, &core, send_many);
    shared = client_of(&core, PATIENCE_MS);
    for (int i = 0; i < ANSWERERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, answer, NULL), 0);
    CHECK_EQ(pthread_create(&poller, NULL, poll_fd, NULL), 0);
    for (int i = 0; i < SENDS; i++) {
        struct mmc_send send;
        CHECK_EQ(mmc_next_send(shared, &send, PATIENCE_MS), 1);
        CHECK_EQ(atoi(send.sent_id), i);
        CHECK_BYTES(send.payload, send.length, send.sent_id, strlen(send.sent_id));
        CHECK_EQ(write(ring[1], &i, sizeof i), sizeof i);
    }
    close(ring[1]);
    for (int i = 0; i < ANSWERERS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(pthread_join(poller, NULL), 0);
    CHECK_EQ(counters_of(shared).acknowledged + counters_of(shared).refused_sends, SENDS);
    mmc_close(shared);
    script_join(&script);
    close(ring[0]);
    core_remove(&core);
}

static void *take_for_long(void *value)
{
    struct mmc_send send;
    CHECK_EQ(mmc_next_send(shared, &send, PATIENCE_MS), 1);
    return value;
}

static atomic_int may_send;
static void send_when_told(struct core *core)
{
    const int fd = meet_taker(core);
    while (!may_send)
        poll(NULL, 0, 1);
    core_send(fd, "echo/1", "one");
    CHECK(core_is_closed(fd));
    close(fd);
}

static void only_one_thread_takes(void)
{
    struct core core;
    struct script script;
    pthread_t thread;
    core_open(&core, 64);
    script_start(&script, &core, send_when_told);
    shared = client_of(&core, PATIENCE_MS);
    CHECK_EQ(pthread_create(&thread, NULL, take_for_long, NULL), 0);
    while (mmc_sends_fd(shared) < 0)
        poll(NULL, 0, 1);
    struct mmc_send send;
    CHECK_EQ(mmc_next_send(shared, &send, PATIENCE_MS), -1);
    CHECK_HAS(mmc_last_error(), "another thread of this server is in mmc_next_send()");
    may_send = 1;
    CHECK_EQ(pthread_join(thread, NULL), 0);
    mmc_close(shared);
    script_join(&script);
    core_remove(&core);
}

static void a_report_that_the_core_would_refuse_is_not_sent(void)
{
    static char long_address[64 * 1024 + 2], long_id[202];
    struct core core;
    core_open(&core, 64);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    struct mmc_send send;
    start_taking(&core, client);
    const int fd = meet_taker(&core);
    CHECK_EQ(mmc_next_send(client, &send, 0), 0);
    memset(long_address, 'a', sizeof long_address - 1);
    memset(long_id, 'a', sizeof long_id - 1);
    const struct mmc_params to = {.to = long_address}, from = {.from = long_address};
    CHECK_EQ(mmc_report(client, "echo/1", 3, &to), -1);
    CHECK_HAS(mmc_last_error(), "an address has more than the 65536 bytes");
    CHECK_EQ(mmc_report(client, "echo/1", 3, &from), -1);
    CHECK_EQ(mmc_report(client, "", 3, NULL), -1);
    CHECK_EQ(mmc_report(client, long_id, 3, NULL), -1);
    CHECK_HAS(mmc_last_error(), "the sent_id has 201 bytes");
    CHECK_EQ(mmc_acknowledge(client, long_id), -1);
    CHECK_EQ(counters_of(client).reports, 0);
    mmc_close(client);
    CHECK(core_is_closed(fd)); /* with nothing before the end */
    close(fd);
    core_remove(&core);
}

enum { REPORTERS = 30, REPORT_MS = 1000 };

static void *report_once(void *value)
{
    CHECK_EQ(mmc_report(shared, "echo/2", 3, NULL), 0);
    return value;
}

static void *read_reports(void *value)
{
    static struct seen seen_here;
    const int fd = (int)(intptr_t)value;
    int last = 0;
    while (last < REPORTERS) {
        CHECK(core_see(fd, &seen_here));
        CHECK_EQ(seen_here.kind, 4);
        last += strcmp(seen_here.sent_id, "echo/2") == 0;
    }
    core_send(fd, "echo/3", "all are there");
    return NULL;
}

static void a_core_that_reads_nothing_costs_one_deadline_for_all_threads(void)
{
    static char address[60000];
    struct core core;
    pthread_t threads[REPORTERS], reader;
    struct mmc_send send;
    core_open(&core, 64);
    shared = client_of(&core, REPORT_MS);
    start_taking(&core, shared);
    const int fd = meet_taker(&core);
    CHECK_EQ(mmc_next_send(shared, &send, 0), 0);
    memset(address, 'a', sizeof address - 1);
    const struct mmc_params params = {.to = address, .from = address};
    uint64_t start;
    do {
        start = now_ms();
        CHECK_EQ(mmc_report(shared, "echo/1", 2, &params), 0);
    } while (now_ms() - start < REPORT_MS);
    start = now_ms();
    for (int i = 0; i < REPORTERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, report_once, NULL), 0);
    for (int i = 0; i < 100; i++) {
        CHECK(mmc_sends_fd(shared) >= 0);
        CHECK_EQ(mmc_next_send(shared, &send, 0), 0);
    }
    CHECK(now_ms() - start < REPORTERS * REPORT_MS / 2);
    for (int i = 0; i < REPORTERS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK(now_ms() - start < REPORTERS * REPORT_MS / 2);
    /* Who waits for sends writes the rest. */
    CHECK_EQ(pthread_create(&reader, NULL, read_reports, (void *)(intptr_t)fd), 0);
    CHECK_EQ(mmc_next_send(shared, &send, PATIENCE_MS), 1);
    CHECK_TEXT(send.sent_id, "echo/3");
    CHECK_EQ(pthread_join(reader, NULL), 0);
    mmc_close(shared);
    close(fd);
    core_remove(&core);
}

const struct test send_tests[] = {
    TEST("sends", sends_are_taken_answered_and_reported),
    TEST("sends", what_was_not_acknowledged_comes_again),
    TEST("sends", a_name_that_is_taken_concerns_sends_alone),
    TEST("sends", without_a_core_taking_waits_for_it),
    TEST("sends", polling_finds_what_a_wait_would),
    TEST("sends", a_report_that_the_core_would_refuse_is_not_sent),
    TEST("sends in threads", a_core_that_reads_nothing_costs_one_deadline_for_all_threads),
    TEST("sends in threads", answers_come_from_any_thread),
    TEST("sends in threads", only_one_thread_takes),
    END,
};
