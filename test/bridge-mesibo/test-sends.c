/* What modules of the core send. */
#define _GNU_SOURCE
#include "suites.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct serving serving;
static const struct mmc_params SENT = {.id = 99, .flags = 3, .to = "bob", .from = "robot"};

/* What the server was given, a line each. */
static char got[4096];
static pthread_mutex_t got_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t sender;

static int take(const struct mmc_params *params, const char *payload, size_t length)
{
    char line[256];
    CHECK_EQ(payload[length], 0);
    snprintf(line, sizeof line, "%llu to %s from %s: %s\n", (unsigned long long)params->id, params->to ? params->to : "-", params->from ? params->from : "-", payload);
    pthread_mutex_lock(&got_lock);
    strcat(got, line);
    sender = pthread_self();
    pthread_mutex_unlock(&got_lock);
    return 0;
}

static int has_got(const char *text)
{
    pthread_mutex_lock(&got_lock);
    const int found = strcmp(got, text) == 0;
    pthread_mutex_unlock(&got_lock);
    return found;
}

static int refuse(const struct mmc_params *params, const char *payload, size_t length)
{
    take(params, payload, length);
    return -1;
}

static void begin(int (*send)(const struct mmc_params *, const char *, size_t))
{
    on_send = send;
    serving_start(&serving, NULL);
    load_for(&serving, NULL, NULL, NULL, NULL);
    await_sends(&serving, touch);
}

static void finish(void)
{
    server->unload();
    serving_end(&serving);
}

/* Calls callbacks until the core has heard that. */
static void touch_until_heard(const char *part)
{
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (!has_heard(&serving, part)) {
        touch();
        poll(NULL, 0, 1);
        WAIT_ON(end);
    }
}

static void they_go_out_within_callbacks(void)
{
    begin(take);
    serving_send(&serving, "s1", &SENT, "one");
    serving_send(&serving, "s2", &SENT, "two");
    /* Nothing goes out without a callback. */
    CHECK(core_is_quiet(serving.core.listener, 100));
    CHECK(has_got(""));
    touch_until_heard("takes s2\n");
    CHECK(has_heard(&serving, "takes s1\n"));
    CHECK(has_got("99 to bob from robot: one\n99 to bob from robot: two\n"));
    CHECK(pthread_equal(sender, pthread_self()));
    finish();
    CHECK_HAS(logged(), "2 sends went out, 0 were refused by this server");
}

static void what_the_server_does_not_take_is_refused(void)
{
    begin(refuse);
    serving_send(&serving, "s1", &SENT, "one");
    touch_until_heard("refuses s1\n");
    await_log("the server did not take a message that module echo sent");
    finish();
}

static void their_statuses_go_to_their_module(void)
{
    begin(take);
    serving_send(&serving, "s1", &SENT, "one");
    touch_until_heard("takes s1\n");
    const int events = atomic_load(&serving.events);
    struct mmc_params status = {.id = 99, .status = 2, .to = "bob", .from = "robot"};
    CHECK_EQ(server->status(&status), 0);
    await_heard(&serving, "reports 2 of s1\n");
    /* A server may say it the other way round. */
    status = (struct mmc_params){.id = 99, .status = 3, .to = "robot", .from = "bob"};
    CHECK_EQ(server->status(&status), 0);
    await_heard(&serving, "reports 3 of s1\n");
    CHECK_EQ(atomic_load(&serving.events), events);
    /* Another message has the same id: its status goes through the chain. */
    status = (struct mmc_params){.id = 99, .status = 2, .to = "bob", .from = "alice"};
    CHECK_EQ(server->status(&status), 0);
    CHECK_EQ(atomic_load(&serving.events), events + 1);
    status = (struct mmc_params){.id = 99, .status = 2, .to = "carol", .from = "robot"};
    CHECK_EQ(server->status(&status), 0);
    CHECK_EQ(atomic_load(&serving.events), events + 2);
    finish();
}

static void a_message_without_sender_takes_no_status_of_others(void)
{
    const struct mmc_params nobody = {.id = 13, .to = "bob"}, group = {.id = 14, .groupid = 5, .from = "robot"};
    begin(take);
    serving_send(&serving, "s1", &nobody, "one");
    serving_send(&serving, "s2", &group, "two");
    touch_until_heard("takes s2\n");
    const int events = atomic_load(&serving.events);
    struct mmc_params status = {.id = 13, .status = 2, .to = "bob", .from = "alice"};
    CHECK_EQ(server->status(&status), 0);
    CHECK_EQ(atomic_load(&serving.events), events + 1);
    status = (struct mmc_params){.id = 13, .status = 2, .to = "bob"};
    CHECK_EQ(server->status(&status), 0);
    await_heard(&serving, "reports 2 of s1\n");
    /* Each member of a group tells it. */
    status = (struct mmc_params){.id = 14, .groupid = 5, .status = 3, .to = "robot", .from = "carol"};
    CHECK_EQ(server->status(&status), 0);
    await_heard(&serving, "reports 3 of s2\n");
    CHECK_EQ(atomic_load(&serving.events), events + 1);
    finish();
}

static void one_that_comes_again_goes_out_once(void)
{
    begin(take);
    serving_send(&serving, "s1", &SENT, "one");
    touch_until_heard("takes s1\n");
    drop_sends(&serving);
    await_sends(&serving, touch);
    /* The core has lost the answer. */
    serving_send(&serving, "s1", &SENT, "one");
    serving_send(&serving, "s2", &SENT, "two");
    touch_until_heard("takes s2\n");
    CHECK(has_got("99 to bob from robot: one\n99 to bob from robot: two\n"));
    finish();
}

static void many_are_remembered_and_the_oldest_forgotten(void)
{
    begin(take);
    for (int i = 0; i < 40; i++) {
        char sent_id[16];
        struct mmc_params params = SENT;
        snprintf(sent_id, sizeof sent_id, "s%d", i);
        params.id = 1024 * (uint64_t)(i + 1); /* all in one place */
        serving_send(&serving, sent_id, &params, "text");
    }
    touch_until_heard("takes s39\n");
    struct mmc_params status = {.id = 1024 * 40, .status = 2, .to = "bob", .from = "robot"};
    server->status(&status);
    await_heard(&serving, "reports 2 of s39\n");
    const int events = atomic_load(&serving.events);
    status.id = 1024;
    server->status(&status);
    CHECK_EQ(atomic_load(&serving.events), events + 1);
    finish();
}

/* ---- a server that calls back ---- */

static int call_back(const struct mmc_params *params, const char *payload, size_t length)
{
    struct mmc_params same = *params;
    char *copy = strndup(payload, length);
    CHECK_EQ(server->message(&same, copy, length), 0);
    free(copy);
    struct mmc_params status = {.id = params->id, .status = 1, .to = params->to, .from = params->from};
    CHECK_EQ(server->status(&status), 0);
    CHECK_EQ(server->call(), 0);
    return take(params, payload, length);
}

static void it_may_be_called_back_within_a_send(void)
{
    begin(call_back);
    const int events = atomic_load(&serving.events);
    serving_send(&serving, "s1", &SENT, "one");
    serving_send(&serving, "s2", &SENT, "two");
    touch_until_heard("takes s2\n");
    await_heard(&serving, "reports 1 of s2\n");
    CHECK(has_got("99 to bob from robot: one\n99 to bob from robot: two\n"));
    /* Calls went to the core, but no message: a module does not see its own sends. */
    CHECK(!has_heard(&serving, "message"));
    CHECK(atomic_load(&serving.events) > events);
    finish();
}

/* ---- from a thread ---- */

static int is_blocked;
static int look_at_signals(const struct mmc_params *params, const char *payload, size_t length)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    is_blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGALRM) && sigismember(&mask, SIGUSR1);
    return take(params, payload, length);
}

static void a_thread_sends_where_the_server_allows_it(void)
{
    on_send = look_at_signals;
    serving_start(&serving, NULL);
    load_for(&serving, "send_from_thread", "yes", NULL, NULL);
    await_sends(&serving, NULL);
    serving_send(&serving, "s1", &SENT, "one");
    await_heard(&serving, "takes s1\n");
    CHECK(has_got("99 to bob from robot: one\n"));
    CHECK(!pthread_equal(sender, pthread_self()));
    CHECK(is_blocked);
    /* Also after the core was away. */
    serving_stop(&serving);
    serving_start(&serving, NULL);
    await_sends(&serving, NULL);
    serving_send(&serving, "s2", &SENT, "two");
    await_heard(&serving, "takes s2\n");
    finish();
}

static void the_thread_may_be_called_back(void)
{
    on_send = call_back;
    serving_start(&serving, NULL);
    load_for(&serving, "send_from_thread", "yes", NULL, NULL);
    await_sends(&serving, NULL);
    serving_send(&serving, "s1", &SENT, "one");
    serving_send(&serving, "s2", &SENT, "two");
    await_heard(&serving, "takes s2\n");
    finish();
}

/* ---- unloading in the middle of a send ---- */

static pthread_mutex_t server_lock = PTHREAD_MUTEX_INITIALIZER;
static int wait_for_the_server(const struct mmc_params *params, const char *payload, size_t length)
{
    take(params, payload, length);
    pthread_mutex_lock(&server_lock);
    pthread_mutex_unlock(&server_lock);
    take(params, payload, length);
    return 0;
}

static void await_got(const char *text)
{
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (!has_got(text)) {
        poll(NULL, 0, 1);
        WAIT_ON(end);
    }
}

/* A server may have one lock for all, and unload the module with it. */
static void unload_does_not_wait_for_ever_for_the_thread(void)
{
    const char *settings[] = {"socket", NULL, "deadline", "50ms", "send_from_thread", "yes", NULL};
    on_send = wait_for_the_server;
    serving_start(&serving, NULL);
    settings[1] = serving.core.path;
    CHECK_EQ(server->load(settings), 0);
    await_sends(&serving, NULL);
    pthread_mutex_lock(&server_lock);
    serving_send(&serving, "s1", &SENT, "one");
    await_got("99 to bob from robot: one\n");
    server->unload();
    CHECK_HAS(logged(), "the thread of the bridge still runs; what it uses is kept");
    CHECK_EQ(say("hello"), 0);
    /* The thread goes on, and finds that there is nothing left to do. */
    pthread_mutex_unlock(&server_lock);
    await_got("99 to bob from robot: one\n99 to bob from robot: one\n");
    load_for(&serving, "send_from_thread", "yes", NULL, NULL);
    CHECK_EQ(say("hello"), 0);
    finish();
}

static atomic_int is_unloaded;
static int unload_in_send(const struct mmc_params *params, const char *payload, size_t length)
{
    server->unload();
    atomic_store(&is_unloaded, 1);
    return take(params, payload, length);
}

static void it_may_be_unloaded_within_a_send(void)
{
    begin(unload_in_send);
    const uint64_t end = now_ms() + PATIENCE_MS;
    serving_send(&serving, "s1", &SENT, "one");
    while (!atomic_load(&is_unloaded)) {
        touch();
        WAIT_ON(end);
    }
    CHECK_HAS(logged(), "a callback still runs; what it uses is kept");
    CHECK_EQ(say("hello"), 0);
    serving_end(&serving);
}

static void it_may_be_unloaded_by_its_thread(void)
{
    on_send = unload_in_send;
    serving_start(&serving, NULL);
    load_for(&serving, "send_from_thread", "yes", "resend", "yes");
    await_sends(&serving, NULL);
    serving_send(&serving, "s1", &SENT, "one");
    await_got("99 to bob from robot: one\n");
    CHECK_HAS(logged(), "the thread of the bridge still runs; what it uses is kept");
    CHECK_EQ(say("hello"), 0);
    serving_end(&serving);
}

const struct test bridge_send_tests[] = {
    TEST("sends", they_go_out_within_callbacks),
    TEST("sends", what_the_server_does_not_take_is_refused),
    TEST("sends", their_statuses_go_to_their_module),
    TEST("sends", a_message_without_sender_takes_no_status_of_others),
    TEST("sends", one_that_comes_again_goes_out_once),
    TEST("sends", many_are_remembered_and_the_oldest_forgotten),
    TEST("sends", it_may_be_called_back_within_a_send),
    TEST("sends threads", a_thread_sends_where_the_server_allows_it),
    TEST("sends threads", the_thread_may_be_called_back),
    TEST("sends threads", unload_does_not_wait_for_ever_for_the_thread),
    TEST("sends threads", it_may_be_unloaded_within_a_send),
    TEST("sends threads", it_may_be_unloaded_by_its_thread),
    END,
};
