/* Messages that are consumed at once, and go out after their verdict. */
#define _GNU_SOURCE
#include "suites.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct serving serving;

static char got[1 << 16];
static size_t got_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static int take(const struct mmc_params *params, const char *payload, size_t length)
{
    char line[256];
    snprintf(line, sizeof line, "%llu to %s: %.*s\n", (unsigned long long)params->id, params->to, (int)length, payload);
    pthread_mutex_lock(&lock);
    strcat(got, line);
    got_count++;
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
    return 0;
}

static void await_count(size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&lock);
    while (got_count < count)
        if (pthread_cond_timedwait(&more, &lock, &until) != 0)
            break;
    CHECK_EQ(got_count, count);
    pthread_mutex_unlock(&lock);
}

static void begin(const char *deadline, void (*answer)(int fd, const struct seen *seen))
{
    on_send = take;
    serving_start(&serving, answer);
    const char *settings[] = {"socket", serving.core.path, "deadline",         deadline,
                              "resend", "yes",             "send_from_thread", "yes", NULL};
    CHECK_EQ(server->load(settings), 0);
}

static void finish(void)
{
    server->unload();
    serving_end(&serving);
}

static const struct mmc_params CHANGED = {.id = 8, .to = "carol", .from = "alice"};

/* Blocks, changes to something longer, or passes. */
static void judge(int fd, const struct seen *seen)
{
    if (strstr(seen->payload, "heck") != NULL)
        core_consume(fd, seen->id, "filter");
    else if (strcmp(seen->payload, "longer") == 0)
        answer_with(fd, seen->id, 0, &CHANGED, "a longer text", 13);
    else
        core_pass(fd, seen->id);
}

static void it_consumes_at_once_and_sends_what_passes(void)
{
    begin("60s", judge);
    CHECK_EQ(say("hello"), 1);
    CHECK_EQ(say("what the heck"), 1);
    CHECK_EQ(say("longer"), 1);
    CHECK_EQ(say("bye"), 1);
    await_count(3);
    CHECK_TEXT(got, "7 to bob: hello\n8 to carol: a longer text\n7 to bob: bye\n");
    finish();
    CHECK_EQ(got_count, 3);
}

static void keep_silent(int fd, const struct seen *seen) { (void)fd, (void)seen; }

static void the_server_never_waits(void)
{
    begin("2s", keep_silent);
    const uint64_t began = now_ms();
    for (int i = 0; i < 100; i++)
        CHECK_EQ(say("hello"), 1);
    CHECK(now_ms() - began < 1500);
    /* At the deadline they go out as they are. */
    await_count(100);
    CHECK(now_ms() - began >= 1900);
    await_log("late: ");
    finish();
}

static void unload_waits_for_what_is_undecided(void)
{
    begin("300ms", keep_silent);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(say("hello"), 1);
    server->unload();
    CHECK_EQ(got_count, 10);
    serving_end(&serving);
}

static void without_a_core_messages_pass_or_go_out(void)
{
    begin("60s", NULL);
    serving_stop(&serving);
    size_t sent = 0;
    for (int i = 0; i < 200; i++)
        sent += (size_t)say("hello");
    await_count(sent);
    /* Once that is known, they pass. */
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (say("hello") != 0)
        WAIT_ON(end);
    await_log("the core is away or late (unreachable)");
    serving_start(&serving, judge);
    while (atomic_load(&serving.events) == 0) {
        say("what the heck");
        WAIT_ON(end);
    }
    finish();
}

static void statuses_of_what_was_sent_back_go_through_the_chain(void)
{
    begin("60s", judge);
    CHECK_EQ(say("hello"), 1);
    await_count(1);
    const int events = atomic_load(&serving.events);
    struct mmc_params status = {.id = 7, .status = 2, .to = "bob", .from = "alice"};
    serving.answer = NULL;
    CHECK_EQ(server->status(&status), 0);
    CHECK_EQ(atomic_load(&serving.events), events + 1);
    finish();
}

static int take_nothing(const struct mmc_params *params, const char *payload, size_t length)
{
    take(params, payload, length);
    return -1;
}

static void what_the_server_does_not_take_back_is_told(void)
{
    begin("60s", judge);
    on_send = take_nothing;
    CHECK_EQ(say("hello"), 1);
    await_log("the server did not take 1 messages back so far: they are lost");
    finish();
}

/* ---- a server that shows a module what the module sends ---- */

enum { AGAIN = 64 };
static struct mmc_params again[AGAIN];
static size_t again_count;
static int offers;

static int offer_later(const struct mmc_params *params, const char *payload, size_t length)
{
    (void)payload, (void)length;
    pthread_mutex_lock(&lock);
    CHECK(again_count < AGAIN);
    again[again_count++] = (struct mmc_params){.id = params->id, .to = "bob", .from = "alice"};
    pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
    return 0;
}

/* It takes the message, and its loop offers it to the bridge later. Returns the verdict. */
static int offer(struct mmc_params *params)
{
    char text[] = "hello";
    offers++;
    return server->message(params, text, 5);
}

static void a_message_that_is_offered_again_and_again_ends(void)
{
    struct mmc_params params = {.id = 77, .to = "bob", .from = "alice"};
    begin("60s", judge);
    on_send = offer_later;
    while (offer(&params) == 1) {
        pthread_mutex_lock(&lock);
        while (again_count == 0)
            pthread_cond_wait(&more, &lock);
        params = again[--again_count];
        pthread_mutex_unlock(&lock);
    }
    CHECK(offers >= 16 && offers < 1000);
    CHECK_HAS(logged(), "this server gives the bridge back what it sends: message 77 went out 16 times within a second");
    /* The modules still decide. */
    CHECK_EQ(say("what the heck"), 1);
    CHECK_EQ(say("hello"), 0);
    CHECK_EQ(again_count, 0);
    finish();
}

static void many_come_back_in_order(void)
{
    enum { MANY = 2000 / EFFORT };
    begin("60s", judge);
    char *expected = calloc(1, 40 * MANY);
    CHECK(expected != NULL);
    for (int i = 0; i < MANY; i++) {
        char text[16];
        snprintf(text, sizeof text, "m%d", i);
        struct mmc_params params = {.id = (uint64_t)i + 1, .to = "bob", .from = "alice"};
        CHECK_EQ(server->message(&params, text, strlen(text)), 1);
        snprintf(expected + strlen(expected), 40, "%d to bob: %s\n", i + 1, text);
    }
    await_count(MANY);
    CHECK_TEXT(got, expected);
    free(expected);
    finish();
}

const struct test resend_tests[] = {
    TEST("resend threads", it_consumes_at_once_and_sends_what_passes),
    TEST("resend threads", the_server_never_waits),
    TEST("resend threads", unload_waits_for_what_is_undecided),
    TEST("resend threads", without_a_core_messages_pass_or_go_out),
    TEST("resend threads", statuses_of_what_was_sent_back_go_through_the_chain),
    TEST("resend threads", what_the_server_does_not_take_back_is_told),
    TEST("resend threads", a_message_that_is_offered_again_and_again_ends),
    TEST("resend threads", many_come_back_in_order),
    END,
};
