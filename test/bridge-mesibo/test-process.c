/* What belongs to the process: forks, signals, descriptors. */
#define _GNU_SOURCE
#include "suites.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static struct serving serving;

static void judge(int fd, const struct seen *seen)
{
    if (seen->payload != NULL && strstr(seen->payload, "heck") != NULL)
        core_consume(fd, seen->id, "filter");
    else
        core_pass(fd, seen->id);
}

static void begin(const char *name, const char *value)
{
    serving_start(&serving, judge);
    load_for(&serving, name, value, NULL, NULL);
}

static void finish(void)
{
    server->unload();
    serving_end(&serving);
}

/* ---- forks ---- */

/* Servers fork workers, which call the module too. */
static void children_and_their_parent_have_connections_of_their_own(void)
{
    begin(NULL, NULL);
    CHECK_EQ(say("what the heck"), 1);
    for (int round = 0; round < 5; round++) {
        const pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < 20; i++) {
                CHECK_EQ(say("what the heck"), 1);
                CHECK_EQ(say("hello"), 0);
            }
            end_child();
        }
        for (int i = 0; i < 20; i++) {
            CHECK_EQ(say("hello"), 0);
            CHECK_EQ(say("what the heck"), 1);
        }
        join_child(child);
    }
    finish();
}

/* A server loads its modules, becomes a daemon at once, and then begins. A sanitizer does not survive a fork while a thread starts, so
 * the thread is at work by then. */
static void a_server_may_become_a_daemon_after_init(void)
{
    begin("send_from_thread", "yes");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    await_sends(&serving, NULL);
#endif
    const pid_t child = fork();
    if (child == 0) {
        CHECK_EQ(say("what the heck"), 1);
        server->unload();
        end_child();
    }
    join_child(child);
    finish();
}

static int sent_in_child[2];
static int tell_parent(const struct mmc_params *params, const char *payload, size_t length)
{
    (void)params;
    CHECK_EQ(send(sent_in_child[1], payload, length, MSG_NOSIGNAL), length);
    return 0;
}

/* The thread is the parent's; a child has its own from its first callback on. */
static void the_thread_is_there_in_a_child_too(void)
{
    const struct mmc_params params = {.id = 1, .to = "bob", .from = "robot"};
    char text[8] = "";
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sent_in_child), 0);
    begin("send_from_thread", "yes");
    await_sends(&serving, NULL);
    on_send = tell_parent;
    const pid_t child = fork();
    if (child == 0) {
        char go;
        CHECK_EQ(say("what the heck"), 1);
        CHECK_EQ(recv(sent_in_child[1], &go, 1, 0), 1);
        server->unload();
        end_child();
    }
    /* The parent has its connection for sends. The child takes over once the parent's connection has ended. */
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (atomic_load(&serving.events) == 0) {
        WAIT_ON(end);
    }
    drop_sends(&serving);
    await_sends(&serving, NULL);
    serving_send(&serving, "s1", &params, "one");
    await_heard(&serving, "takes s1\n");
    CHECK_EQ(recv(sent_in_child[0], text, sizeof text, 0), 3);
    CHECK_EQ(send(sent_in_child[0], "", 1, 0), 1);
    join_child(child);
    finish();
}

static int fork_in_send(const struct mmc_params *params, const char *payload, size_t length)
{
    (void)params, (void)payload, (void)length;
    const pid_t child = fork();
    if (child == 0)
        return 0; /* and goes on as the server did */
    join_child(child);
    return 0;
}

static void a_fork_within_a_callback_is_no_harm(void)
{
    const struct mmc_params params = {.id = 1, .to = "bob", .from = "robot"};
    begin(NULL, NULL);
    await_sends(&serving, touch);
    on_send = fork_in_send;
    const pid_t parent = getpid();
    serving_send(&serving, "s1", &params, "one");
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (!has_heard(&serving, "takes s1\n") && getpid() == parent) {
        touch();
        WAIT_ON(end);
    }
    if (getpid() != parent) {
        CHECK_EQ(say("what the heck"), 1);
        server->unload();
        end_child();
    }
    CHECK_EQ(say("what the heck"), 1);
    finish();
}

/* ---- signals ---- */

static volatile sig_atomic_t alarms;
static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void signals_do_not_disturb_it(void)
{
    struct sigaction action = {.sa_handler = on_alarm}, before;
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    /* The thread of the core does not get them. */
    pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
    begin("send_from_thread", "yes");
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    sigaction(SIGALRM, &action, &before); /* without SA_RESTART */
    const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 200 || alarms < 20; i++)
        CHECK_EQ(say(i % 2 ? "what the heck" : "hello"), i % 2);
    setitimer(ITIMER_REAL, &never, NULL);
    finish();
}

static void a_core_that_ends_raises_no_signal(void)
{
    begin(NULL, NULL);
    CHECK_EQ(say("hello"), 0);
    serving_stop(&serving);
    struct sigaction now;
    for (int i = 0; i < 50; i++)
        CHECK_EQ(say("hello"), 0);
    sigaction(SIGPIPE, NULL, &now);
    CHECK(now.sa_handler == SIG_DFL);
    server->unload();
    core_remove(&serving.core);
}

/* ---- descriptors ---- */

/* Those of the core in this process stay. */
static void close_all_of_the_bridge(int below, int from)
{
    for (int fd = from; fd < below; fd++)
        close(fd);
}

static void a_server_may_close_all_descriptors(void)
{
    serving_start(&serving, judge);
    const int first = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(first);
    load_for(&serving, "send_from_thread", "yes", "resend", "no");
    CHECK_EQ(say("what the heck"), 1);
    CHECK(first >= 3);
    /* In a child, to spare the core: it closes all its descriptors, as a daemon does. */
    const pid_t child = fork();
    if (child == 0) {
        CHECK_EQ(say("what the heck"), 1);
        close_all_of_the_bridge(256, 3);
        CHECK_EQ(say("what the heck"), 1);
        const int mine = fcntl(0, F_DUPFD_CLOEXEC, 3);
        close_all_of_the_bridge(mine, 3);
        close_all_of_the_bridge(256, mine + 1);
        CHECK_EQ(say("what the heck"), 1);
        CHECK(fcntl(mine, F_GETFD) >= 0);
        server->unload();
        CHECK(fcntl(mine, F_GETFD) >= 0);
        end_child();
    }
    join_child(child);
    finish();
}

const struct test bridge_process_tests[] = {
    TEST("process", children_and_their_parent_have_connections_of_their_own),
    TEST("process", a_server_may_become_a_daemon_after_init),
    TEST("process", the_thread_is_there_in_a_child_too),
    TEST("process", a_fork_within_a_callback_is_no_harm),
    TEST("process", signals_do_not_disturb_it),
    TEST("process", a_core_that_ends_raises_no_signal),
    TEST("process", a_server_may_close_all_descriptors),
    END,
};
