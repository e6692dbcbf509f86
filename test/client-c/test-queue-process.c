/* Queues and what belongs to the process: loops, threads, forks, descriptors, signals; and damaged frames. */
#define _GNU_SOURCE
#include "harness.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef EFFORT
#define EFFORT 1
#endif

static struct seen seen;

/* ---- a loop of the program ---- */

enum { TURNS = 400 + 1600 / EFFORT, IN_FLIGHT = 20, GOES = 4 };

/* Goes a few times, with events in flight. */
static void go_now_and_then(struct core *core)
{
    int last = -1;
    for (int i = 0; i <= GOES; i++) {
        const int fd = core_meet(core);
        for (int j = 0; (j < TURNS / 10 || i == GOES) && core_see(fd, &seen); j++) {
            CHECK(number_in(seen.payload) > last);
            last = number_in(seen.payload);
            core_pass(fd, seen.id);
        }
        close(fd);
    }
}

/* With epoll, which forgets a descriptor that was closed, also when the next connection has its number. */
static void a_loop_waits_for_what_the_queue_says(void)
{
    struct stage *stage = set_up(go_now_and_then, PATIENCE_MS, IN_FLIGHT, 0);
    const int loop = epoll_create1(EPOLL_CLOEXEC);
    uint64_t registered = 0;
    int submitted = 0, ended = 0, decided = 0;
    struct mmc_poll wait;
    mmc_poll_queue(stage->queue, &wait);
    CHECK_EQ(wait.fd, -1);
    CHECK_EQ(wait.timeout_ms, -1);
    CHECK_EQ(wait.events, 0);
    while (ended < TURNS) {
        for (int i = 0; i < 7 && submitted < TURNS && submitted < ended + IN_FLIGHT; i++)
            submit(stage->queue, submitted++);
        struct mmc_outcome outcomes[16];
        const size_t number = mmc_collect(stage->queue, outcomes, 16, 0);
        for (size_t i = 0; i < number; i++)
            decided += outcomes[i].reason == MMC_DECIDED;
        ended += (int)number;
        mmc_poll_queue(stage->queue, &wait);
        CHECK_EQ(wait.events, submitted - ended);
        struct epoll_event event = {.events = EPOLLIN | (wait.is_unwritten ? EPOLLOUT : 0)};
        if (wait.fd >= 0 && wait.connection != registered)
            CHECK_EQ(epoll_ctl(loop, EPOLL_CTL_ADD, wait.fd, &event), 0);
        else if (wait.fd >= 0)
            CHECK_EQ(epoll_ctl(loop, EPOLL_CTL_MOD, wait.fd, &event), 0);
        registered = wait.fd >= 0 ? wait.connection : registered;
        /* Where nothing more can be submitted, what is in flight wakes the loop before a deadline. */
        if (ended < TURNS && (submitted == ended + IN_FLIGHT || submitted == TURNS))
            CHECK(epoll_wait(loop, &event, 1, wait.timeout_ms) > 0 || wait.timeout_ms < PATIENCE_MS / 2);
    }
    CHECK_EQ(ended, TURNS);
    CHECK(decided >= TURNS - GOES * IN_FLIGHT);
    CHECK_EQ(counters_of(stage->client).connects, GOES + 1);
    CHECK_EQ(counters_of(stage->client).events, TURNS);
    submit(stage->queue, EVENTS_MAX - 1);
    mmc_poll_queue(stage->queue, &wait);
    CHECK_EQ(wait.timeout_ms, 0); /* something is to be written */
    close(loop);
    tear_down(stage);
}

static void say_nothing(struct core *core)
{
    const int fd = core_meet(core);
    while (core_see(fd, &seen))
        ;
    close(fd);
}

static void a_loop_is_woken_for_the_deadline(void)
{
    struct stage *stage = set_up(say_nothing, 400, 0, 0);
    const uint64_t start = now_ms();
    struct mmc_poll wait;
    submit(stage->queue, 0);
    while (mmc_collect(stage->queue, got, 1, 0) == 0) {
        CHECK(now_ms() - start < PATIENCE_MS);
        mmc_poll_queue(stage->queue, &wait);
        CHECK(wait.timeout_ms >= 0 && wait.timeout_ms <= 400);
        struct pollfd polled = {.fd = wait.fd, .events = (short)(POLLIN | (wait.is_unwritten ? POLLOUT : 0))};
        poll(&polled, 1, wait.timeout_ms);
    }
    CHECK_EQ(got[0].reason, MMC_LATE);
    CHECK(now_ms() - start >= 399);
    tear_down(stage);
}

static void a_queue_with_events_may_be_closed(void)
{
    struct stage *stage = set_up(say_nothing, PATIENCE_MS, 0, 0);
    const int before = open_descriptors();
    submit_all(stage->queue, 0, 100);
    while (counters_of(stage->client).connects == 0)
        CHECK_EQ(mmc_collect(stage->queue, got, 1, 1), 0);
    submit_all(stage->queue, 100, 200);
    mmc_close_queue(stage->queue);
    mmc_close_queue(NULL);
    CHECK_EQ(counters_of(stage->client).reasons[MMC_UNREACHABLE], 200);
    mmc_queue *other = mmc_open_queue(stage->client, 0, 0); /* mmc_close() closes this one */
    submit_all(other, 200, 210);
    script_join(&stage->script);
    stage->script.run = NULL;
    CHECK_EQ(open_descriptors(), before);
    tear_down(stage);
}

/* ---- threads ---- */

enum { THREADS = 6, EACH = 4000 / EFFORT };

static void *echo(void *value)
{
    const int fd = (int)(intptr_t)value;
    struct seen *own = calloc(1, sizeof *own);
    while (core_see(fd, own))
        if (own->kind == 1)
            core_welcome(fd, 1024, 50, ALL_CALLBACKS);
        else if (own->params.id % 3 == 0)
            core_consume(fd, own->id, "filter");
        else
            core_pass(fd, own->id);
    close(fd);
    free(own);
    return NULL;
}

static void serve_each(struct core *core)
{
    pthread_t threads[2 * THREADS];
    for (int i = 0; i < 2 * THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, echo, (void *)(intptr_t)core_accept(core)), 0);
    for (int i = 0; i < 2 * THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static mmc_client *shared;

/* A queue, and calls that wait, in the same thread. */
static void *use_a_queue(void *value)
{
    mmc_queue *queue = mmc_open_queue(shared, 200, 0);
    struct mmc_outcome outcomes[50];
    uint64_t submitted = 0, ended = 0;
    for (; ended < EACH; value = outcomes[0].context) {
        while (submitted < EACH && submitted < ended + 200) {
            const struct mmc_params params = {.id = ++submitted};
            CHECK_EQ(mmc_submit_message(queue, &params, "text", 4, (void *)(uintptr_t)submitted), 0);
        }
        const size_t number = mmc_collect(queue, outcomes, 50, PATIENCE_MS);
        for (size_t i = 0; i < number; i++) {
            CHECK_EQ(outcomes[i].reason, MMC_DECIDED);
            CHECK_EQ(outcomes[i].verdict, (uintptr_t)outcomes[i].context % 3 == 0);
        }
        ended += number;
        if (ended % 10 == 0)
            CHECK_EQ(mmc_message(shared, &(struct mmc_params){.id = 3}, "text", 4, NULL), MMC_CONSUMED);
    }
    CHECK_EQ(mmc_message(shared, &(struct mmc_params){.id = 1}, "text", 4, NULL), MMC_PASS);
    mmc_close_queue(queue);
    return value;
}

static void many_threads_have_a_queue_each(void)
{
    struct stage *stage = set_up(serve_each, PATIENCE_MS, 0, 0);
    pthread_t threads[THREADS];
    shared = stage->client;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, use_a_queue, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(counters_of(shared).reasons[MMC_DECIDED], counters_of(shared).events);
    CHECK(counters_of(shared).events > THREADS * EACH);
    CHECK_EQ(counters_of(shared).connects, 2 * THREADS);
    tear_down(stage);
}

static void *collect_ten(void *value)
{
    collect(value, 10);
    CHECK_EQ(count_reason(10, MMC_DECIDED), 10);
    return NULL;
}

static void threads_may_hand_a_queue_over(void)
{
    struct stage *stage = set_up(answer_all, PATIENCE_MS, 0, 0);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        submit_all(stage->queue, 10 * i, 10 * i + 10);
        CHECK_EQ(pthread_create(&thread, NULL, collect_ten, stage->queue), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    CHECK_EQ(counters_of(stage->client).connects, 1);
    tear_down(stage);
}

/* ---- forks ---- */

#ifndef __SANITIZE_THREAD__ /* which allows no threads after a fork of a process with threads */
/* Of two connections: the first one is the parent's, the other one is the child's. */
static void answer_parent_and_child(struct core *core)
{
    static struct seen childs;
    const int parent = core_meet(core);
    uint64_t ids[10];
    for (int i = 0; i < 10; i++) {
        CHECK(core_see(parent, &seen));
        CHECK_EQ(number_in(seen.payload), i);
        ids[i] = seen.id;
    }
    tell_step(step);
    const int child = core_meet(core);
    for (int i = 0; i < 5; i++) {
        CHECK(core_see(child, &childs));
        CHECK_EQ(number_in(childs.payload), 100 + i);
        core_consume(child, childs.id, "filter");
    }
    CHECK(core_is_closed(child));
    close(child);
    for (int i = 0; i < 10; i++)
        core_pass(parent, ids[i]);
    while (core_see(parent, &seen)) {
        CHECK(number_in(seen.payload) >= 10 && number_in(seen.payload) < 20);
        core_pass(parent, seen.id);
    }
    close(parent);
}

static void fork_with_events_in_flight(pid_t (*fork_process)(void))
{
    struct stage *stage = set_up(answer_parent_and_child, PATIENCE_MS, 20, 0);
    submit_all(stage->queue, 0, 10);
    while (counters_of(stage->client).connects == 0)
        CHECK_EQ(mmc_collect(stage->queue, got, 1, 1), 0);
    await_step(step);
    submit_all(stage->queue, 10, 20); /* these wait in the queue of the parent */
    const pid_t pid = fork_process();
    if (pid == 0) {
        /* The first call is a submit: the queue is empty, and takes as many as ever. */
        for (int i = 100; i < 120; i++)
            submit(stage->queue, i);
        CHECK_EQ(submit_text(stage->queue, 0, "no place"), -1);
        mmc_close_queue(stage->queue);
        mmc_queue *queue = mmc_open_queue(stage->client, 0, 0);
        submit_all(queue, 100, 105);
        collect(queue, 5);
        CHECK_EQ(count_reason(5, MMC_DECIDED), 5);
        CHECK_EQ(got[0].verdict, MMC_CONSUMED);
        _exit(0);
    }
    join_child(pid);
    collect(stage->queue, 20);
    CHECK_EQ(count_reason(20, MMC_DECIDED), 20);
    CHECK_EQ(counters_of(stage->client).consumed, 0);
    CHECK_EQ(counters_of(stage->client).lost, 0);
    tear_down(stage);
}

static void a_child_has_the_queue_empty(void) { fork_with_events_in_flight(fork); }

static void a_child_that_was_made_without_handlers_has_the_queue_empty(void) { fork_with_events_in_flight(_Fork); }

static void a_child_keeps_no_connection_of_a_queue_open(void)
{
    struct stage *stage = set_up(answer_all, PATIENCE_MS, 0, 0);
    int go[2];
    char byte;
    CHECK_EQ(pipe(go), 0);
    submit(stage->queue, 0);
    collect(stage->queue, 1);
    const pid_t pid = fork();
    if (pid == 0) {
        close(go[1]);
        CHECK_EQ(read(go[0], &byte, 1), 0);
        end_child();
    }
    mmc_close_queue(stage->queue);
    script_join(&stage->script); /* the core sees the end, though the child lives */
    stage->script.run = NULL;
    close(go[1]);
    join_child(pid);
    tear_down(stage);
}

static int forks;
static void *fork_often(void *value)
{
    for (int i = 0; i < 20; i++) {
        const pid_t pid = fork();
        if (pid == 0) {
            alarm(60);
            mmc_read_counters(value, &(struct mmc_counters){0});
            CHECK_EQ(mmc_acknowledge(value, "none"), -1); /* which empties the queues of the child */
            end_child();
        }
        join_child(pid);
        __atomic_fetch_add(&forks, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void a_fork_in_the_middle_of_a_call_is_safe(void)
{
    struct stage *stage = set_up(answer_all, PATIENCE_MS, 0, 0);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, fork_often, stage->client), 0);
    for (int i = 0; i < 100 || __atomic_load_n(&forks, __ATOMIC_SEQ_CST) < 20; i++) {
        struct mmc_outcome outcomes[50];
        for (int j = 0; j < 50; j++)
            CHECK_EQ(submit_text(stage->queue, j, "text"), 0);
        for (size_t there = 0, number; there < 50; there += number) {
            number = mmc_collect(stage->queue, outcomes, 50, PATIENCE_MS);
            for (size_t j = 0; j < number; j++)
                CHECK_EQ(outcomes[j].reason, MMC_DECIDED);
        }
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(counters_of(stage->client).lost, 0);
    tear_down(stage);
}
#endif

/* ---- descriptors and signals ---- */

static void no_event_goes_to_what_has_the_number_of_a_connection(void)
{
    struct stage *stage = set_up(answer_two_connections, PATIENCE_MS, 0, 0);
    struct mmc_poll wait;
    submit(stage->queue, 0);
    collect(stage->queue, 1);
    mmc_poll_queue(stage->queue, &wait);
    CHECK(fcntl(wait.fd, F_GETFD) & FD_CLOEXEC);
    const int number = wait.fd;
    const uint64_t connection = wait.connection;
    int pair[2];
    char byte;
    close(number);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    if (pair[0] != number) {
        CHECK_EQ(dup3(pair[0], number, O_CLOEXEC), number);
        close(pair[0]);
    }
    mmc_poll_queue(stage->queue, &wait);
    CHECK_EQ(wait.fd, -1);
    submit_all(stage->queue, 1, 10);
    collect(stage->queue, 9);
    CHECK_EQ(count_reason(9, MMC_DECIDED), 9);
    mmc_poll_queue(stage->queue, &wait);
    CHECK(wait.fd != number && wait.connection != connection);
    CHECK(core_is_quiet(pair[1], 0)); /* neither written to nor closed */
    CHECK_EQ(write(number, "x", 1), 1);
    CHECK_EQ(read(pair[1], &byte, 1), 1);
    tear_down(stage);
    CHECK_EQ(write(number, "x", 1), 1);
    close(number);
    close(pair[1]);
}

static volatile sig_atomic_t alarms;
static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void signals_do_not_disturb_it(void)
{
    sigset_t alarm_only, before;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_only, &before);
    struct stage *stage = set_up(answer_all, PATIENCE_MS, 0, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    signal(SIGPIPE, SIG_DFL);
    const struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    const struct itimerval often = {.it_interval.tv_usec = 300, .it_value.tv_usec = 300}, never = {0};
    CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
    int number = 0;
    for (int i = 0; i < 100 / EFFORT || alarms < 20; i++) {
        for (int j = 0; j < 50; j++)
            CHECK_EQ(submit_text(stage->queue, j, "text"), 0);
        for (size_t there = 0; there < 50;) {
            const size_t more = mmc_collect(stage->queue, got, 50, PATIENCE_MS);
            number += (int)more;
            there += more;
        }
    }
    CHECK_EQ(counters_of(stage->client).reasons[MMC_DECIDED], number);
    CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
    tear_down(stage);
}

/* ---- damaged frames ---- */

enum { ROUNDS = 3000 / EFFORT };

/* Answers in bursts, in which each outcome may be damaged in some bytes. */
static void damage_frames(struct core *core)
{
    static struct bytes outcome, params, frame;
    uint32_t random = 815;
    for (int round = 0; round < ROUNDS;) {
        const int fd = core_accept(core);
        CHECK(core_see(fd, &seen));
        core_welcome(fd, 1024, 1000, ALL_CALLBACKS);
        while (core_see(fd, &seen)) {
            round++;
            params.length = outcome.length = 0;
            add_fixed(&params, 1 + next_random(&random) % 11, next_random(&random));
            add_text(&params, 12, "bob");
            add_fixed(&outcome, 1, seen.id);
            add_number(&outcome, 2, next_random(&random) % 2);
            add_text(&outcome, 3, "filter");
            add_bytes(&outcome, 6, params.at, params.length);
            add_text(&outcome, 7, "a payload");
            frame.length = 4;
            add_bytes(&frame, 2 + (next_random(&random) % 8 == 0), outcome.at, outcome.length);
            for (int i = 0; i < 4; i++)
                frame.at[i] = (uint8_t)((frame.length - 4) >> (24 - 8 * i));
            if (next_random(&random) % 8 == 0)
                frame.at[4 + next_random(&random) % (frame.length - 4)] = (uint8_t)next_random(&random);
            core_write(fd, frame.at, frame.length);
            core_pass(fd, seen.id); /* where the frame was no answer */
        }
        close(fd);
    }
    core_close(core);
    tell_step(step);
}

static void damaged_frames_do_no_harm(void)
{
    struct core core;
    struct script script;
    CHECK_EQ(pipe(step), 0);
    core_open(&core, 64);
    script_start(&script, &core, damage_frames);
    const struct mmc_options options = {.path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .retry_max_ms = 1};
    mmc_client *client = mmc_open(&options);
    mmc_queue *queue = mmc_open_queue(client, 64, 0);
    struct pollfd ended = {.fd = step[0], .events = POLLIN};
    size_t read = 0, submitted = 0, collected = 0;
    for (int is_over = 0; !is_over || collected < submitted; is_over = poll(&ended, 1, 0)) {
        while (!is_over && submitted < collected + 64) {
            submitted++;
            CHECK_EQ(mmc_submit_message(queue, &PARAMS, "text", 4, NULL), 0);
        }
        struct mmc_outcome outcomes[16];
        const size_t number = mmc_collect(queue, outcomes, 16, PATIENCE_MS);
        CHECK(number > 0);
        for (size_t i = 0; i < number; i++) {
            for (size_t at = 0; at < outcomes[i].length; at++)
                read += ((const uint8_t *)outcomes[i].payload)[at];
            read += outcomes[i].params.to != NULL ? strlen(outcomes[i].params.to) : 0;
            read += outcomes[i].by != NULL ? strlen(outcomes[i].by) : 0;
        }
        collected += number;
    }
    const struct mmc_counters counters = counters_of(client);
    CHECK(read > 0);
    CHECK_EQ(counters.events, submitted);
    CHECK(counters.garbled > 0 && counters.reasons[MMC_DECIDED] > 0);
    CHECK_EQ(counters.reasons[MMC_LATE], 0);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

const struct test queue_process_tests[] = {
    TEST("queue", a_loop_waits_for_what_the_queue_says),
    TEST("queue", a_loop_is_woken_for_the_deadline),
    TEST("queue", a_queue_with_events_may_be_closed),
    TEST("queue", many_threads_have_a_queue_each),
    TEST("queue", threads_may_hand_a_queue_over),
#ifndef __SANITIZE_THREAD__
    TEST("queue", a_child_has_the_queue_empty),
    TEST("queue", a_child_that_was_made_without_handlers_has_the_queue_empty),
    TEST("queue", a_child_keeps_no_connection_of_a_queue_open),
    TEST("queue", a_fork_in_the_middle_of_a_call_is_safe),
#endif
    TEST("queue", no_event_goes_to_what_has_the_number_of_a_connection),
    TEST("queue", signals_do_not_disturb_it),
    TEST("queue", damaged_frames_do_no_harm),
    END,
};
