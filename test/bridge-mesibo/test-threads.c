/* Callbacks from many threads, and unloading meanwhile. */
#define _GNU_SOURCE
#include "suites.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS = 8, MESSAGES = 400 / EFFORT };

static struct serving serving;
static atomic_int is_over, wrong, rounds;

static void judge(int fd, const struct seen *seen)
{
    if (seen->payload != NULL && strstr(seen->payload, "heck") != NULL)
        core_consume(fd, seen->id, "filter");
    else if (seen->payload != NULL && strncmp(seen->payload, "change", 6) == 0)
        answer_with(fd, seen->id, 0, &seen->params, "CHANGE", 6);
    else
        core_pass(fd, seen->id);
}

static void start(pthread_t *threads, void *(*run)(void *))
{
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, run, (void *)i), 0);
}

static void join(pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void *talk(void *number)
{
    for (int i = 0; i < MESSAGES; i++) {
        char text[32];
        struct mmc_params params = {.id = (uint64_t)(intptr_t)number << 32 | (uint64_t)i, .to = "bob", .from = "alice"};
        const struct mmc_params before = params;
        snprintf(text, sizeof text, "%s", i % 3 == 0 ? "what the heck" : i % 3 == 1 ? "change" : "hello");
        const int verdict = server->message(&params, text, strlen(text));
        if (verdict != (i % 3 == 0) || params.id != before.id || strcmp(params.to, "bob") != 0 ||
            (i % 3 == 1 && strcmp(text, "CHANGE") != 0))
            atomic_fetch_add(&wrong, 1);
        if (i % 7 == 0)
            touch();
    }
    return NULL;
}

static void eight_threads_get_what_is_theirs(void)
{
    pthread_t threads[THREADS];
    serving_start(&serving, judge);
    load_for(&serving, NULL, NULL, NULL, NULL);
    start(threads, talk);
    join(threads);
    CHECK_EQ(atomic_load(&wrong), 0);
    server->unload();
    serving_end(&serving);
}

static atomic_int sends;
static int count_sends(const struct mmc_params *params, const char *payload, size_t length)
{
    (void)params, (void)payload, (void)length;
    atomic_fetch_add(&sends, 1);
    return 0;
}

static void sends_go_out_once_while_eight_threads_talk(void)
{
    pthread_t threads[THREADS];
    const struct mmc_params params = {.id = 5, .to = "bob", .from = "robot"};
    on_send = count_sends;
    serving_start(&serving, judge);
    load_for(&serving, NULL, NULL, NULL, NULL);
    await_sends(&serving, touch);
    start(threads, talk);
    for (int i = 0; i < 100; i++) {
        char sent_id[16];
        snprintf(sent_id, sizeof sent_id, "s%d", i);
        serving_send(&serving, sent_id, &params, "text");
    }
    join(threads);
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (!has_heard(&serving, "takes s99\n")) {
        touch();
        WAIT_ON(end);
    }
    CHECK_EQ(atomic_load(&sends), 100);
    CHECK_EQ(atomic_load(&wrong), 0);
    server->unload();
    serving_end(&serving);
}

/* Until the bridge is gone, and a little longer. */
static void *talk_on(void *number)
{
    (void)number;
    while (!atomic_load(&is_over)) {
        say("what the heck");
        touch();
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

static void await_rounds(int more)
{
    const int from = atomic_load(&rounds);
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (atomic_load(&rounds) < from + more)
        WAIT_ON(end);
}

/* A server should stop its threads first. One that does not must not crash. */
static void unload_under(const char *name, const char *value)
{
    pthread_t threads[THREADS];
    serving_start(&serving, judge);
    load_for(&serving, name, value, NULL, NULL);
    start(threads, talk_on);
    await_rounds(50);
    server->unload();
    await_rounds(50);
    atomic_store(&is_over, 1);
    join(threads);
    CHECK_EQ(say("what the heck"), 0);
    serving_end(&serving);
}

static void unload_while_threads_are_in_callbacks(void) { unload_under(NULL, NULL); }

static void unload_with_a_thread_of_its_own(void) { unload_under("send_from_thread", "yes"); }

static void *say_once(void *number)
{
    (void)number;
    CHECK_EQ(say("what the heck"), 1);
    while (!atomic_load(&is_over))
        usleep(1000);
    return NULL;
}

/* Each thread gives back its connection when it ends, and the bridge gives back the others at the same moment. */
static void threads_end_while_it_is_unloaded(void)
{
    serving_start(&serving, judge);
    for (int round = 0; round < 30 / EFFORT + 2; round++) {
        pthread_t threads[THREADS];
        const int before = atomic_load(&serving.events);
        const uint64_t end = now_ms() + PATIENCE_MS;
        atomic_store(&is_over, 0);
        load_for(&serving, NULL, NULL, NULL, NULL);
        start(threads, say_once);
        while (atomic_load(&serving.events) < before + THREADS)
            WAIT_ON(end);
        atomic_store(&is_over, 1);
        server->unload();
        join(threads);
    }
    serving_end(&serving);
}

static void *talk_until_cancelled(void *number)
{
    (void)number;
    for (;;) {
        say("what the heck");
        touch();
        atomic_fetch_add(&rounds, 1);
        pthread_testcancel();
    }
    return NULL;
}

static void threads_may_be_cancelled(void)
{
    pthread_t threads[THREADS];
    serving_start(&serving, judge);
    load_for(&serving, NULL, NULL, NULL, NULL);
    start(threads, talk_until_cancelled);
    await_rounds(20);
    for (int i = 0; i < THREADS; i++)
        pthread_cancel(threads[i]);
    join(threads);
    CHECK_EQ(say("what the heck"), 1);
    server->unload();
    CHECK(strstr(logged(), "a callback still runs") == NULL);
    serving_end(&serving);
}

/* ---- threads that get no connection ---- */

static atomic_int asked_often;
static void *say_in_vain(void *number)
{
    (void)number;
    for (int i = 0; i < 10; i++)
        if (say("what the heck") != 0)
            atomic_fetch_add(&wrong, 1);
    atomic_fetch_add(&asked_often, 1);
    while (!atomic_load(&is_over))
        say("what the heck");
    return NULL;
}

/* They fail all the time, and this thread goes on as if they were not there. */
static void check_others_in_vain(void)
{
    pthread_t threads[THREADS];
    const uint64_t end = now_ms() + PATIENCE_MS;
    CHECK_EQ(say("what the heck"), 1);
    start(threads, say_in_vain);
    while (atomic_load(&asked_often) < THREADS)
        WAIT_ON(end);
    for (int i = 0; i < 200 / EFFORT; i++)
        CHECK_EQ(say("what the heck"), 1);
    atomic_store(&is_over, 1);
    join(threads);
    CHECK_EQ(atomic_load(&wrong), 0);
    CHECK(strstr(logged(), "the core is away or late") == NULL);
    server->unload();
    serving_end(&serving);
}

static void threads_that_the_core_turns_away_harm_no_others(void)
{
    serving.most = 2; /* this thread, and the one for sends */
    serving_start(&serving, judge);
    load_for(&serving, NULL, NULL, NULL, NULL);
    await_sends(&serving, touch);
    check_others_in_vain();
}

static void threads_without_a_descriptor_harm_no_others(void)
{
    struct rlimit few;
    serving_start(&serving, judge);
    load_for(&serving, NULL, NULL, NULL, NULL);
    await_sends(&serving, touch);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &few), 0);
    const int next = dup(0);
    CHECK(next > 0);
    close(next);
    few.rlim_cur = (rlim_t)next;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    check_others_in_vain();
}

const struct test bridge_thread_tests[] = {
    TEST("threads", eight_threads_get_what_is_theirs),
    TEST("threads", sends_go_out_once_while_eight_threads_talk),
    TEST("threads", unload_while_threads_are_in_callbacks),
    TEST("threads", unload_with_a_thread_of_its_own),
    TEST("threads", threads_end_while_it_is_unloaded),
    TEST("threads", threads_may_be_cancelled),
    TEST("threads", threads_that_the_core_turns_away_harm_no_others),
    TEST("threads", threads_without_a_descriptor_harm_no_others),
    END,
};
