/* The life of this process. It ends with its core, and without running what a module left behind. */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MICROS = 200000 };
static pid_t parent;

/*
 * Ends the process when the core's end of the pipe is closed. If the module has closed this end, the pipe says nothing; then
 * the only sign is that the parent has changed.
 */
static void *watch_core(void *pipe_fd)
{
    struct pollfd end = {.fd = (int)(intptr_t)pipe_fd, .events = 0};
    while (poll(&end, 1, -1) < 0 || end.revents == 0)
        continue;
    while ((end.revents & POLLNVAL) && getppid() == parent)
        usleep(LOOK_MICROS);
    kill(getpid(), SIGKILL);
    return NULL;
}

/* The kernel forgets the parent-death signal when the process changes its user: then this is what is left. */
static void start_watch(int32_t pipe_fd)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    /* Signals are for the module's threads, not for this one. */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (pthread_create(&thread, NULL, watch_core, (void *)(intptr_t)pipe_fd) == 0)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/*
 * Asks for SIGKILL when the core dies, then checks that the core has not died already: it holds the other end of `pipe_fd`
 * while it lives. 0: it lives; -1: it is gone.
 */
MM_EXPORT int32_t mm_follow_parent(int32_t pipe_fd)
{
    parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return -1;
    /* Some systems let only ancestors look at a process. What takes the stack of a host that hangs is a child of the core. */
    prctl(PR_SET_PTRACER, (unsigned long)parent, 0, 0, 0);
    /* A process that the module leaves behind must not hold the core's pipe open. */
    fcntl(pipe_fd, F_SETFD, FD_CLOEXEC);
    struct pollfd end = {.fd = pipe_fd, .events = POLLIN};
    if (poll(&end, 1, 0) < 0)
        return -1;
    if (end.revents & (POLLHUP | POLLERR | POLLNVAL))
        return -1;
    start_watch(pipe_fd);
    return 0;
}

static void *flush_all(void *unused)
{
    fflush(NULL);
    return unused;
}

/*
 * Writes out what C streams hold. Standard output comes first. Then fflush(NULL) gets one second: it could wait for ever for
 * the lock of a stream on which a thread of the module waits for input.
 */
static void flush_streams(void)
{
    pthread_t thread;
    struct timespec until;
    fflush(stdout);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (pthread_create(&thread, NULL, flush_all, NULL) == 0)
        pthread_timedjoin_np(thread, NULL, &until);
}

/*
 * Lets a crash leave a core file as large as the hard limit allows, or none. 0; 1: the hard limit allows none; or a
 * negative errno.
 */
MM_EXPORT int32_t mm_limit_core(int32_t on)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0)
        return -errno;
    if (on && limit.rlim_max == 0)
        return 1;
    limit.rlim_cur = on ? limit.rlim_max : 0;
    return setrlimit(RLIMIT_CORE, &limit) == 0 ? 0 : -errno;
}

/*
 * Marks the process and everything that it will start; see src/wire/process-mark.ts. The hard limit stays, because a core that
 * this process starts may want to mark its own processes. -1: the hard limit is too low for that.
 */
MM_EXPORT int32_t mm_mark_process(uint64_t mark)
{
    struct rlimit locks;
    if (getrlimit(RLIMIT_LOCKS, &locks) != 0)
        return -1;
    locks.rlim_cur = mark;
    return setrlimit(RLIMIT_LOCKS, &locks);
}

/*
 * Writes out buffered output and ends the process at once. A normal exit would run a module's static destructors while its
 * threads still run.
 */
MM_EXPORT void mm_exit(int32_t code)
{
    flush_streams();
    _exit(code);
}

/*
 * Notes the exit and ends the process. The module's own exit handlers have run by now. Earlier handlers are Node's: they crash
 * when another thread calls exit(), and wait for ever in a forked child, so they are skipped.
 */
static void leave(int code, void *unused)
{
    (void)unused;
    if (mm_may_write()) {
        if (!__atomic_load_n(&mm_box->end_asked, __ATOMIC_ACQUIRE))
            mm_crash_note_exit(__builtin_frame_address(0));
        mm_box->exit_code = code;
        __atomic_store_n(&mm_box->exit_called, 1, __ATOMIC_RELEASE);
    }
    mm_exit(code);
}

/* From here on exit() is noted in the box, because JavaScript would not learn of it. Signals and _exit() are not noted. */
MM_EXPORT int32_t mm_watch_exit(void) { return on_exit(leave, NULL); }

/* What a module prints arrives line by line, also the last lines before a crash. */
MM_EXPORT void mm_flush_lines(void) { setvbuf(stdout, NULL, _IOLBF, BUFSIZ); }

static void ignore(int signal) { (void)signal; }

/*
 * Processes that the module starts inherit what a plain process would hand on. Node marks the standard descriptors for closing
 * and ignores two signals (SIGPIPE, SIGXFSZ). An empty handler has the same effect here and is not inherited.
 */
MM_EXPORT void mm_share_stdio(void)
{
    const struct sigaction nothing = {.sa_handler = ignore, .sa_flags = SA_RESTART | SA_ONSTACK};
    struct sigaction now;
    for (int fd = 0; fd <= 2; fd++)
        fcntl(fd, F_SETFD, 0);
    for (int number = 1; number < SIGRTMIN; number++)
        if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            sigaction(number, &nothing, NULL);
}
