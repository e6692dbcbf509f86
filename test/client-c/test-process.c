/* What belongs to the process: signals, forks, descriptors. */
#define _GNU_SOURCE
#include "core.h"
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef EFFORT
#define EFFORT 1
#endif

static struct seen seen;
static const struct mmc_params PARAMS = {.id = 1, .to = "bob", .from = "alice"};

static enum mmc_reason ask(mmc_client *client)
{
    struct mmc_outcome outcome;
    mmc_message(client, &PARAMS, "text", 4, &outcome);
    return outcome.reason;
}

static volatile sig_atomic_t alarms;
static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void answer_all_of_one(struct core *core)
{
    const int fd = core_meet(core);
    while (core_see(fd, &seen))
        core_pass(fd, seen.id);
    close(fd);
}

static void signals_do_not_disturb_it(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    sigset_t alarm_only, before;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm_only, &before);
    script_start(&script, &core, answer_all_of_one);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    /* Without SA_RESTART: every call of the system may end with EINTR. */
    const struct sigaction action = {.sa_handler = on_alarm};
    CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
    const struct itimerval often = {.it_interval.tv_usec = 300, .it_value.tv_usec = 300};
    CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    for (int i = 0; i < 20000 / EFFORT || alarms < 20; i++)
        CHECK_EQ(ask(client), MMC_DECIDED);
    mmc_close(client);
    /* A deadline is a deadline, however often a signal comes. */
    const struct itimerval never = {0};
    script_join(&script);
    client = client_of(&core, 100);
    const uint64_t start = now_ms();
    CHECK_EQ(ask(client), MMC_LATE);
    CHECK(now_ms() - start >= 99);
    CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
    mmc_close(client);
    core_remove(&core);
}

static void a_broken_pipe_is_no_signal(void)
{
    struct core core;
    core_open(&core, 64);
    signal(SIGPIPE, SIG_DFL);
    mmc_client *client = client_of(&core, 50);
    CHECK_EQ(ask(client), MMC_LATE);
    const int fd = core_accept(&core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 1024, 256, ALL_CALLBACKS);
    close(fd);
    core_close(&core);
    CHECK_EQ(ask(client), MMC_UNREACHABLE);
    mmc_close(client);
    core_remove(&core);
}

/* ---- forks ---- */

static mmc_client *shared;

static void meet_two(struct core *core)
{
    static struct seen parents, childs;
    const int parent = core_accept(core);
    CHECK(core_see(parent, &parents));
    core_welcome(parent, 1024, 256, ALL_CALLBACKS);
    char parents_instance[65];
    strcpy(parents_instance, parents.instance);
    CHECK(core_see(parent, &parents));
    core_pass(parent, parents.id);
    /* The child comes over a connection of its own, as another instance. */
    const int child = core_accept(core);
    CHECK(core_see(child, &childs));
    CHECK(strcmp(childs.instance, parents_instance) != 0);
    core_welcome(child, 1024, 256, ALL_CALLBACKS);
    CHECK(core_see(child, &childs));
    core_pass(child, childs.id);
    CHECK(core_is_closed(child)); /* it exits */
    /* The parent's is as it was. */
    CHECK(core_see(parent, &parents));
    core_pass(parent, parents.id);
    CHECK(core_is_closed(parent));
    close(parent);
    close(child);
}

static void a_child_has_a_connection_of_its_own(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, meet_two);
    shared = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    const pid_t pid = fork();
    if (pid == 0) {
        CHECK_EQ(ask(shared), MMC_DECIDED);
        end_child();
    }
    join_child(pid);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    CHECK_EQ(counters_of(shared).connects, 1);
    mmc_close(shared);
    script_join(&script);
    core_remove(&core);
}

static void a_child_closes_its_copies_and_the_parent_keeps_its_own(void)
{
    struct core core;
    struct script script;
    int ready[2], go[2];
    core_open(&core, 64);
    CHECK_EQ(pipe(ready), 0);
    CHECK_EQ(pipe(go), 0);
    script_start(&script, &core, answer_all_of_one);
    shared = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    const pid_t pid = fork();
    if (pid == 0) {
        core_close(&core);
        mmc_close(shared);
        CHECK_EQ(write(ready[1], "x", 1), 1);
        char byte;
        close(go[1]);
        CHECK_EQ(read(go[0], &byte, 1), 0);
        end_child();
    }
    char byte;
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    /* The core sees the end of the parent's connection although the child still lives. */
    mmc_close(shared);
    script_join(&script);
    close(go[1]);
    join_child(pid);
    core_remove(&core);
}

/* ---- descriptors ---- */

static void no_descriptor_is_left_or_inherited(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    const int before = open_descriptors();
    int was_open[64];
    for (int fd = 0; fd < 64; fd++)
        was_open[fd] = fcntl(fd, F_GETFD) >= 0;
    script_start(&script, &core, answer_all_of_one);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(client), MMC_DECIDED);
    CHECK_EQ(open_descriptors(), before + 2); /* and the core's end */
    for (int fd = 0; fd < 64; fd++)
        CHECK(was_open[fd] || fcntl(fd, F_GETFD) < 0 || (fcntl(fd, F_GETFD) & FD_CLOEXEC));
    mmc_close(client);
    script_join(&script);
    CHECK_EQ(open_descriptors(), before);
    core_remove(&core);
}

static void what_is_printed_never_goes_to_the_core(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, answer_all_of_one);
    const int kept = fcntl(1, F_DUPFD_CLOEXEC, 3);
    close(0);
    close(1);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(client), MMC_DECIDED);
    /* The core's end of the socket, in this same process, may be found: it has a name, and the client's end has none. */
    for (int fd = 0; fd <= 1; fd++) {
        struct sockaddr_un name;
        socklen_t length = sizeof name;
        CHECK(getsockname(fd, (struct sockaddr *)&name, &length) < 0 || length > sizeof name.sun_family);
    }
    CHECK_EQ(ask(client), MMC_DECIDED);
    mmc_close(client);
    dup2(kept, 1);
    close(kept);
    script_join(&script);
    core_remove(&core);
}

static void answer_two_connections(struct core *core)
{
    for (int i = 0; i < 2; i++)
        answer_all_of_one(core);
}

/* A server that becomes a daemon closes all descriptors, and others get their numbers. */
static void a_descriptor_that_was_taken_away_is_let_go(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    const int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(next);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    script_start(&script, &core, answer_two_connections);
    CHECK_EQ(ask(client), MMC_DECIDED);
    const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK_EQ(dup3(file, next, O_CLOEXEC), next);
    CHECK_EQ(ask(client), MMC_DECIDED);
    CHECK(fcntl(next, F_GETFD) >= 0); /* not ours to close */
    mmc_close(client);
    script_join(&script);
    close(next);
    close(file);
    core_remove(&core);
}

/* One end of a pair gets a free number, as anything does that a program opens next. */
static void open_stranger(int number, int pair[2])
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    if (pair[0] == number)
        return;
    const int other = pair[1] == number ? fcntl(pair[1], F_DUPFD_CLOEXEC, number + 1) : pair[1];
    CHECK_EQ(dup3(pair[0], number, O_CLOEXEC), number);
    close(pair[0]);
    pair[0] = number;
    pair[1] = other;
}

static void check_untouched(const int pair[2])
{
    CHECK(core_is_quiet(pair[1], 0)); /* neither written to nor closed */
    CHECK_EQ(write(pair[0], "x", 1), 1);
    char byte;
    CHECK_EQ(read(pair[1], &byte, 1), 1);
}

static void no_message_goes_to_what_has_the_number_of_a_connection(void)
{
    struct core core;
    struct script script;
    int pair[2];
    core_open(&core, 64);
    const int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(next);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    script_start(&script, &core, answer_two_connections);
    CHECK_EQ(ask(client), MMC_DECIDED);
    close(next);
    open_stranger(next, pair);
    CHECK_EQ(ask(client), MMC_DECIDED);
    check_untouched(pair);
    mmc_close(client);
    check_untouched(pair);
    script_join(&script);
    close(pair[0]);
    close(pair[1]);
    core_remove(&core);
}

static void no_answer_goes_to_what_has_the_number_of_a_connection(void)
{
    struct core core;
    int pair[2];
    core_open(&core, 64);
    const int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(next);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    struct mmc_send send;
    start_taking(&core, client);
    const int fd = core_meet(&core);
    CHECK_EQ(mmc_next_send(client, &send, 0), 0);
    CHECK_EQ(mmc_sends_fd(client), next);
    close(next);
    open_stranger(next, pair);
    CHECK_EQ(mmc_sends_fd(client), -1);
    CHECK_EQ(mmc_acknowledge(client, "echo/1"), -1);
    CHECK_EQ(mmc_refuse(client, "echo/1"), -1);
    check_untouched(pair);
    mmc_next_send(client, &send, 0);
    check_untouched(pair);
    CHECK(core_is_closed(fd));
    close(fd);
    mmc_close(client);
    check_untouched(pair);
    close(pair[0]);
    close(pair[1]);
    core_remove(&core);
}

static void what_a_child_opened_under_the_number_of_a_connection_stays_open(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    const int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(next);
    shared = client_of(&core, PATIENCE_MS);
    script_start(&script, &core, meet_two);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    const pid_t pid = fork();
    if (pid == 0) {
        int pair[2];
        close(next);
        open_stranger(next, pair);
        CHECK_EQ(ask(shared), MMC_DECIDED);
        check_untouched(pair);
        end_child();
    }
    join_child(pid);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    mmc_close(shared);
    script_join(&script);
    core_remove(&core);
}

static void a_child_that_never_calls_keeps_no_connection_open(void)
{
    struct core core;
    struct script script;
    int go[2];
    core_open(&core, 64);
    CHECK_EQ(pipe(go), 0);
    script_start(&script, &core, answer_all_of_one);
    shared = client_of(&core, PATIENCE_MS);
    CHECK_EQ(ask(shared), MMC_DECIDED);
    const pid_t pid = fork();
    if (pid == 0) {
        char byte;
        close(go[1]);
        CHECK_EQ(read(go[0], &byte, 1), 0);
        end_child();
    }
    mmc_close(shared);
    script_join(&script); /* the core sees the end */
    close(go[1]);
    join_child(pid);
    core_remove(&core);
}

const struct test process_tests[] = {
    TEST("process", signals_do_not_disturb_it),
    TEST("process", a_broken_pipe_is_no_signal),
    TEST("process", a_child_has_a_connection_of_its_own),
    TEST("process", a_child_closes_its_copies_and_the_parent_keeps_its_own),
    TEST("process", no_descriptor_is_left_or_inherited),
    TEST("process", what_is_printed_never_goes_to_the_core),
    TEST("process", a_descriptor_that_was_taken_away_is_let_go),
    TEST("process", no_message_goes_to_what_has_the_number_of_a_connection),
    TEST("process", no_answer_goes_to_what_has_the_number_of_a_connection),
    TEST("process", what_a_child_opened_under_the_number_of_a_connection_stays_open),
    TEST("process", a_child_that_never_calls_keeps_no_connection_open),
    END,
};
