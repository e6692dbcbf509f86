/*
 * Signals from outside. A service manager that ends a whole service sends SIGTERM to hosts too, but the core ends them in its
 * own order. So a host reports the signal to the core and goes on. It uses handlers and not SIG_IGN, because processes that a
 * module starts would inherit SIG_IGN. A module can install its own handler, as in any process.
 */
#include "shim.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int core_fd = -1;
static struct stat core_end; /* what `core_fd` was: a module may have closed it, and opened something else under its number */
static pid_t self;

/* What the signal does where nobody handles it, once the handler has returned. */
static void obey(int signal)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
    kill(getpid(), signal);
}

/* Whether another process has sent it. A signal that a module sends itself, or lets a timer send, is its own affair. */
static int is_from_outside(const siginfo_t *info)
{
    return (info->si_code == SI_USER || info->si_code == SI_QUEUE) && info->si_pid != self;
}

static int tell_core(uint8_t signal, pid_t from)
{
    struct stat now;
    if (fstat(core_fd, &now) != 0 || now.st_dev != core_end.st_dev || now.st_ino != core_end.st_ino)
        return -1;
    __atomic_store_n(&mm_box->signal_from, from, __ATOMIC_RELEASE);
    /* A full buffer holds many such bytes already, which is all that is wanted. */
    return send(core_fd, &signal, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 || errno == EAGAIN ? 0 : -1;
}

static void note(int signal, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    /* A forked child of the module has this handler too, until it executes another program. */
    if (getpid() != self || !is_from_outside(info) || __atomic_load_n(&mm_box->end_asked, __ATOMIC_ACQUIRE) ||
        tell_core((uint8_t)signal, info->si_pid) != 0)
        obey(signal);
    errno = saved;
}

/* Signals are reported through `fd`, a socket whose other end the core holds. To be called once the box is open. */
MM_EXPORT void mm_take_signals(int32_t fd)
{
    static const int told[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
    struct sigaction noting = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};

    core_fd = fd;
    self = getpid();
    if (fstat(fd, &core_end) != 0)
        memset(&core_end, 0, sizeof core_end);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        sigaction(told[i], &noting, NULL);
}
