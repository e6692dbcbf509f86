/* The thread of a bridge, if the server allows one. It sends the messages of modules, and messages that have their verdict. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_WAIT_MS = 1000, SHORTEST_WAIT_MS = 20, FIRST_WAIT_MS = 200 };

/* ---- waking it. Descriptors belong to the program, which may have closed them and used their numbers for something else ---- */

static int is_own(const struct wake *wake, int end)
{
    struct stat now;
    return wake->fds[end] >= 0 && fstat(wake->fds[end], &now) == 0 && now.st_dev == wake->device[end] &&
           now.st_ino == wake->inode[end];
}

static void close_wake(struct wake *wake)
{
    for (int end = 0; end < 2; end++) {
        if (is_own(wake, end))
            close(wake->fds[end]);
        wake->fds[end] = -1;
    }
}

/* Not one of the standard descriptors: what others print there must not come here. */
static int move_up(int fd)
{
    if (fd > STDERR_FILENO)
        return fd;
    const int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return higher;
}

static void open_wake(struct wake *wake)
{
    if (is_own(wake, 0) && is_own(wake, 1))
        return;
    close_wake(wake);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, wake->fds) != 0) {
        wake->fds[0] = wake->fds[1] = -1;
        return;
    }
    for (int end = 0; end < 2; end++) {
        struct stat made;
        wake->fds[end] = move_up(wake->fds[end]);
        if (wake->fds[end] >= 0 && fstat(wake->fds[end], &made) == 0) {
            wake->device[end] = made.st_dev;
            wake->inode[end] = made.st_ino;
        }
    }
}

void wake_worker(struct bridge *bridge)
{
    struct worker *worker = &bridge->worker;
    pthread_mutex_lock(&worker->lock);
    /* When there is no descriptor left, the thread soon looks by itself. */
    if (is_own(&worker->wake, 1) && send(worker->wake.fds[1], "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE)
        close_wake(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

/* What the thread waits for, and what was there. */
static int wake_fd(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    open_wake(&worker->wake);
    const int fd = worker->wake.fds[0];
    pthread_mutex_unlock(&worker->lock);
    return fd;
}

static void read_wake(struct worker *worker)
{
    char bytes[256];
    pthread_mutex_lock(&worker->lock);
    while (is_own(&worker->wake, 0) && recv(worker->wake.fds[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
    pthread_mutex_unlock(&worker->lock);
}

/* ---- the thread ---- */

static int shorter(int one, int other) { return one < 0 || (other >= 0 && other < one) ? other : one; }

static int until_next_try(struct bridge *bridge)
{
    const uint64_t now = clock_now(), at = atomic_load(&bridge->sends.next_at);
    const uint64_t wait_ms = at > now ? (at - now) / MS + 1 : 0;
    return wait_ms > SHORTEST_WAIT_MS ? (int)wait_ms : SHORTEST_WAIT_MS;
}

static void wait_for_work(struct bridge *bridge)
{
    struct mmc_poll queue = {.fd = -1, .timeout_ms = -1};
    const int sends = mmc_sends_fd(bridge->client);
    int timeout_ms = sends >= 0 ? LONGEST_WAIT_MS : until_next_try(bridge);
    struct pollfd polled[] = {{.fd = wake_fd(&bridge->worker), .events = POLLIN}, {.fd = sends, .events = POLLIN}, {.fd = -1}};
    if (bridge->settings.resend) {
        queue = resend_poll(bridge);
        polled[2] = (struct pollfd){.fd = queue.fd, .events = queue.is_unwritten ? POLLIN | POLLOUT : POLLIN};
        timeout_ms = shorter(timeout_ms, queue.timeout_ms);
    }
    if (polled[0].fd < 0)
        timeout_ms = shorter(timeout_ms, SHORTEST_WAIT_MS);
    poll(polled, 3, timeout_ms);
    read_wake(&bridge->worker);
}

static void *work(void *given)
{
    struct bridge *bridge = given;
    /* The server may not be ready before init has returned. A message that waits for its verdict shows that it is. */
    poll(&(struct pollfd){.fd = wake_fd(&bridge->worker), .events = POLLIN}, 1, FIRST_WAIT_MS);
    while (!atomic_load(&bridge->worker.is_ending)) {
        if (bridge->settings.resend)
            resend_decided(bridge);
        deliver_sends(bridge);
        wait_for_work(bridge);
    }
    atomic_store(&bridge->worker.is_over, 1);
    return NULL;
}

int has_worker(struct bridge *bridge) { return atomic_load_explicit(&bridge->worker.is_there, memory_order_relaxed); }

void start_worker(struct bridge *bridge)
{
    struct worker *worker = &bridge->worker;
    sigset_t all, before;
    int nobody = 0;
    if (atomic_load_explicit(&worker->is_there, memory_order_relaxed) ||
        !atomic_compare_exchange_strong(&worker->is_there, &nobody, 1))
        return;
    atomic_store(&worker->is_ending, 0);
    atomic_store(&worker->is_over, 0);
    wake_fd(worker);
    /* Signals of the server are for threads of the server. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&worker->thread, NULL, work, bridge);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        atomic_store(&worker->is_there, 0);
}

int stop_worker(struct bridge *bridge, uint64_t until)
{
    struct worker *worker = &bridge->worker;
    if (!atomic_load(&worker->is_there))
        return 1;
    atomic_store(&worker->is_ending, 1);
    wake_worker(bridge);
    /* It may wait in the server for a lock. The thread that unloads the module may hold that lock. */
    while (!atomic_load(&worker->is_over) && clock_now() < until && !pthread_equal(worker->thread, pthread_self()))
        poll(NULL, 0, 1);
    if (!atomic_load(&worker->is_over)) {
        pthread_detach(worker->thread);
        return 0;
    }
    pthread_join(worker->thread, NULL);
    close_wake(&worker->wake);
    atomic_store(&worker->is_there, 0);
    return 1;
}

void forget_worker(struct bridge *bridge)
{
    struct worker *worker = &bridge->worker;
    pthread_mutex_init(&worker->lock, NULL);
    /* These are copies of the parent's descriptors: a byte written there would wake the parent. */
    close_wake(&worker->wake);
    atomic_store(&worker->is_there, 0);
}
