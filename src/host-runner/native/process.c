/* The life of this process: tied to that of its core, and ended without running what a module left behind. */
#include "shim.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

/*
 * Asks for SIGKILL when the core dies, then looks whether it died before that: the core holds the other end of
 * `pipe_fd` as long as it lives. 0: it lives; -1: it is gone.
 */
MM_EXPORT int32_t mm_follow_parent(int32_t pipe_fd)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return -1;
    /* A process that the module leaves behind must not hold the core's pipe open. */
    fcntl(pipe_fd, F_SETFD, FD_CLOEXEC);
    struct pollfd end = {.fd = pipe_fd, .events = POLLIN};
    if (poll(&end, 1, 0) < 0)
        return -1;
    return end.revents & (POLLHUP | POLLERR | POLLNVAL) ? -1 : 0;
}

/* What a module prints arrives line by line, also the last lines before a crash. */
MM_EXPORT void mm_flush_lines(void) { setvbuf(stdout, NULL, _IOLBF, BUFSIZ); }

/*
 * Ends the process at once but for unwritten output: after cleanup, static destructors of a module would run while its
 * threads still do.
 */
MM_EXPORT void mm_exit(int32_t code)
{
    fflush(NULL);
    _exit(code);
}
