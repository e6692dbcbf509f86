/* Many threads at once. */
#define _GNU_SOURCE
#include "core.h"
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef EFFORT
#define EFFORT 1
#endif

enum { THREADS = 8, CALLS = 4000 / EFFORT };

/* A core for many: a thread for each connection, which answers with what it was sent. */
static atomic_int connections, open_connections;

static void *echo(void *value)
{
    const int fd = (int)(intptr_t)value;
    struct seen *seen = calloc(1, sizeof *seen);
    struct bytes *outcome = calloc(1, sizeof *outcome);
    while (core_see(fd, seen)) {
        if (seen->kind == 1) {
            core_welcome(fd, 64 * 1024, 256, ALL_CALLBACKS);
            continue;
        }
        outcome->length = 0;
        add_fixed(outcome, 1, seen->id);
        if (seen->length % 3 == 1) {
            add_number(outcome, 2, 1);
            add_text(outcome, 3, "filter");
        }
        add_bytes(outcome, 7, seen->payload, seen->length);
        core_frame(fd, 2, outcome);
    }
    close(fd);
    free(outcome);
    free(seen);
    atomic_fetch_sub(&open_connections, 1);
    return NULL;
}

/* Ends when the listener is shut down. */
static void serve(struct core *core)
{
    pthread_t threads[1024];
    int number = 0, fd;
    while ((fd = accept4(core->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR) {
        if (fd < 0)
            continue;
        CHECK(number < 1024);
        atomic_fetch_add(&connections, 1);
        atomic_fetch_add(&open_connections, 1);
        CHECK_EQ(pthread_create(&threads[number++], NULL, echo, (void *)(intptr_t)fd), 0);
    }
    for (int i = 0; i < number; i++)
        pthread_join(threads[i], NULL);
}

static void stop_serving(struct core *core, struct script *script)
{
    shutdown(core->listener, SHUT_RDWR);
    script_join(script);
}

static mmc_client *shared;

static void *call_often(void *value)
{
    const int self = (int)(intptr_t)value;
    char text[64], kept[256];
    for (int i = 0; i < CALLS; i++) {
        const struct mmc_params params = {.id = (uint64_t)i + 1, .to = "bob"};
        const int length = snprintf(text, sizeof text, "thread %d, call %d%.*s", self, i, i % 5, "-----");
        struct mmc_outcome outcome;
        const enum mmc_verdict verdict = mmc_message(shared, &params, text, (size_t)length, &outcome);
        CHECK_EQ(outcome.reason, MMC_DECIDED);
        CHECK_EQ(verdict, length % 3 == 1);
        CHECK(mmc_keep(&outcome, kept, sizeof kept) <= sizeof kept);
        CHECK_BYTES(outcome.payload, outcome.length, text, (size_t)length);
    }
    return NULL;
}

static void each_has_a_connection_and_its_own_answers(void)
{
    struct core core;
    struct script script;
    pthread_t threads[THREADS];
    core_open(&core, 64);
    script_start(&script, &core, serve);
    shared = client_of(&core, PATIENCE_MS);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, call_often, (void *)(intptr_t)i), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(counters_of(shared).events, THREADS * CALLS);
    CHECK_EQ(counters_of(shared).reasons[MMC_DECIDED], THREADS * CALLS);
    CHECK_EQ(connections, THREADS);
    mmc_close(shared);
    stop_serving(&core, &script);
    core_remove(&core);
}

static void *call_once(void *value)
{
    const struct mmc_params params = {.id = 1};
    struct mmc_outcome outcome;
    mmc_message(shared, &params, "text", 4, &outcome);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    return value;
}

static void a_thread_that_ends_closes_its_connection(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, serve);
    shared = client_of(&core, PATIENCE_MS);
    const int before = open_descriptors();
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, call_once, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    for (const uint64_t end = now_ms() + PATIENCE_MS; open_connections > 0; poll(NULL, 0, 1))
        WAIT_ON(end);
    CHECK_EQ(connections, 100);
    CHECK_EQ(open_descriptors(), before);
    mmc_close(shared);
    stop_serving(&core, &script);
    core_remove(&core);
}

static void *call_in_vain(void *value)
{
    const struct mmc_params params = {.id = 1};
    for (int i = 0; i < CALLS; i++) {
        struct mmc_outcome outcome;
        mmc_message(shared, &params, "text", 4, &outcome);
        CHECK_EQ(outcome.reason, MMC_UNREACHABLE);
        CHECK_HAS(mmc_last_error(), "no core listens at");
    }
    return value;
}

static atomic_int told;
static void add_told(void *context, const char *line)
{
    int number = 0;
    CHECK(context == &told);
    CHECK_EQ(sscanf(line, "mesibo-modules: %d event", &number), 1);
    atomic_fetch_add(&told, number);
}

static void the_defaults_of_all_are_counted_and_told(void)
{
    struct core core;
    pthread_t threads[THREADS];
    core_open(&core, 64);
    core_close(&core);
    const struct mmc_options options = {.path = core.path, .server = "test", .log = add_told, .context = &told};
    shared = mmc_open(&options);
    const uint64_t start = now_ms();
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, call_in_vain, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    const struct mmc_counters counters = counters_of(shared);
    CHECK_EQ(counters.reasons[MMC_UNREACHABLE], THREADS * CALLS);
    /* Of several attempts that were refused together, one makes the wait longer. Each of them may have been on its way. */
    CHECK(counters.refused_connects <= THREADS * (8 + (now_ms() - start) / 100));
    mmc_close(shared);
    CHECK_EQ(told, THREADS * CALLS);
    core_remove(&core);
}

#ifndef __SANITIZE_THREAD__ /* which allows no threads after a fork of a process with threads */
/* A process forks while others are in the middle of calls: the child starts afresh, whatever they held. */
static void a_fork_in_the_middle_of_calls_is_safe(void)
{
    struct core core;
    struct script script;
    pthread_t threads[THREADS];
    core_open(&core, 64);
    script_start(&script, &core, serve);
    shared = client_of(&core, PATIENCE_MS);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, call_often, (void *)(intptr_t)i), 0);
    for (int i = 0; i < 10; i++) {
        call_once(NULL);
        const pid_t pid = fork();
        if (pid == 0) {
            alarm(60);
            call_once(NULL);
            pthread_t own;
            CHECK_EQ(pthread_create(&own, NULL, call_once, NULL), 0);
            CHECK_EQ(pthread_join(own, NULL), 0);
            CHECK(mmc_acknowledge(shared, "none") == -1);
            end_child();
        }
        join_child(pid);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(counters_of(shared).lost, 0);
    CHECK_EQ(connections, THREADS + 1 + 20);
    mmc_close(shared);
    stop_serving(&core, &script);
    core_remove(&core);
}

static int paused[2], resumed[2];

static void pause_here(void)
{
    char byte;
    behind_free = NULL;
    CHECK_EQ(write(paused[1], "x", 1), 1);
    CHECK_EQ(read(resumed[0], &byte, 1), 1);
}

static void *call_and_pause_in_the_end(void *value)
{
    call_once(NULL);
    behind_free = pause_here; /* the next is what the end of the thread gives back */
    return value;
}

static void a_fork_while_a_thread_ends_is_safe(void)
{
    struct core core;
    struct script script;
    pthread_t thread;
    char byte;
    core_open(&core, 64);
    CHECK_EQ(pipe(paused), 0);
    CHECK_EQ(pipe(resumed), 0);
    script_start(&script, &core, serve);
    shared = client_of(&core, PATIENCE_MS);
    CHECK_EQ(pthread_create(&thread, NULL, call_and_pause_in_the_end, NULL), 0);
    CHECK_EQ(read(paused[0], &byte, 1), 1);
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        call_once(NULL);
        mmc_close(shared);
        end_child();
    }
    join_child(pid);
    CHECK_EQ(write(resumed[1], "x", 1), 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    mmc_close(shared);
    stop_serving(&core, &script);
    core_remove(&core);
}

/* Gives the other thread time to fork; it forks at once unless it waits for this thread. */
static void let_fork(void)
{
    behind_socket = NULL;
    CHECK_EQ(write(paused[1], "x", 1), 1);
    struct pollfd polled = {.fd = resumed[0], .events = POLLIN};
    poll(&polled, 1, 1000);
}

static void *connect_slowly(void *value)
{
    behind_socket = let_fork;
    call_once(NULL);
    return value;
}

static void a_fork_while_a_socket_is_made_leaves_no_copy(void)
{
    struct core core;
    struct script script;
    pthread_t thread;
    char byte;
    core_open(&core, 64);
    CHECK_EQ(pipe(paused), 0);
    CHECK_EQ(pipe(resumed), 0);
    shared = client_of(&core, PATIENCE_MS);
    const int before = open_descriptors();
    CHECK_EQ(pthread_create(&thread, NULL, connect_slowly, NULL), 0);
    CHECK_EQ(read(paused[0], &byte, 1), 1);
    const pid_t pid = fork();
    if (pid == 0) {
        CHECK_EQ(mmc_acknowledge(shared, "none"), -1);
        CHECK_EQ(open_descriptors(), before);
        end_child();
    }
    CHECK_EQ(write(resumed[1], "x", 1), 1);
    join_child(pid);
    script_start(&script, &core, serve);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    mmc_close(shared);
    stop_serving(&core, &script);
    core_remove(&core);
}
#endif

const struct test thread_tests[] = {
    TEST("threads", each_has_a_connection_and_its_own_answers),
    TEST("threads", a_thread_that_ends_closes_its_connection),
    TEST("threads", the_defaults_of_all_are_counted_and_told),
#ifndef __SANITIZE_THREAD__
    TEST("threads", a_fork_in_the_middle_of_calls_is_safe),
    TEST("threads", a_fork_while_a_thread_ends_is_safe),
    TEST("threads", a_fork_while_a_socket_is_made_leaves_no_copy),
#endif
    END,
};
