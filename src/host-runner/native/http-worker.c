/* Whether there is an http worker, and the commands that wait for it. The lock of the requests guards all of it. */
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NO_TEXT UINT32_C(0xffffffff)

static struct mm_http_command *command_first, *command_last;
/* Coming: the main thread has started it, and it boots by itself. */
static int worker_coming, worker_attached, worker_woken;
 static int worker_missed; /* by a request that was refused because there was none */
static pid_t worker_thread;
static int worker_pipe[2] = {-1, -1};

/* ---- commands ---- */

static struct mm_http_command *make_command(uint32_t kind, uint64_t size)
{
    size = (size + 7) & ~UINT64_C(7);
    struct mm_http_command *command = calloc(1, sizeof *command + size);
    if (command == NULL)
        return NULL;
    command->size = (uint32_t)size;
    memcpy(command->bytes, &kind, 4);
    memcpy(command->bytes + 4, &command->size, 4);
    command->written = 16;
    return command;
}

static void put(struct mm_http_command *command, const void *bytes, uint32_t length)
{
    memcpy(command->bytes + command->written, bytes, length);
    command->written += length;
}

static void write_byte(int fd)
{
    int saved = errno;
    /* A full pipe has a byte in it already, which is all that is wanted. */
    ssize_t written = write(fd, "", 1);
    (void)written;
    errno = saved;
}

void mm_http_push(struct mm_http_command *command, uint64_t id)
{
    memcpy(command->bytes + 8, &id, 8);
    if (command_last != NULL)
        command_last->next = command;
    else
        command_first = command;
    command_last = command;
    if (!worker_attached) {
        mm_wake(); /* the main thread starts it */
    } else if (!worker_woken) {
        worker_woken = 1;
        write_byte(worker_pipe[1]);
    }
}

void mm_http_tell_worker(uint32_t kind, uint64_t id)
{
    struct mm_http_command *command = make_command(kind, 16);
    /* Without memory the worker continues. It learns at its next piece of data that nobody wants it. */
    if (command != NULL)
        mm_http_push(command, id);
}

void mm_http_measure(const struct mm_http_ask *ask, uint32_t lengths[MM_HTTP_TEXTS])
{
    for (int i = 0; i < MM_HTTP_TEXTS; i++)
        lengths[i] = ask->texts[i] != NULL ? (uint32_t)strnlen(ask->texts[i], MM_HTTP_MAX_BYTES) : 0;
}

/* Copies a text of the module, which may be gone since it was measured. 0, or -1. */
static int put_text(struct mm_http_command *command, const char *text, uint32_t length)
{
    const struct iovec here = {command->bytes + command->written, length}, there = {(void *)(uintptr_t)text, length};
    const int failed = length > 0 ? mm_read_memory(&here, &there, 1) : 0;
    if (failed == EFAULT)
        return -1;
    if (failed)
        memcpy(here.iov_base, text, length);
    command->written += length;
    return 0;
}

struct mm_http_command *mm_http_encode(const struct mm_http_ask *ask, const uint32_t lengths[MM_HTTP_TEXTS])
{
    uint64_t size = 16 + sizeof ask->numbers;
    for (int i = 0; i < MM_HTTP_TEXTS; i++)
        size += 4 + lengths[i];
    struct mm_http_command *command = size <= MM_HTTP_MAX_BYTES ? make_command(MM_HTTP_REQUEST, size) : NULL;
    if (command == NULL)
        return NULL;
    put(command, ask->numbers, sizeof ask->numbers);
    for (int i = 0; i < MM_HTTP_TEXTS; i++) {
        uint32_t length = ask->texts[i] != NULL ? lengths[i] : NO_TEXT;
        put(command, &length, 4);
        if (ask->texts[i] != NULL && put_text(command, ask->texts[i], length) != 0) {
            free(command);
            return NULL;
        }
    }
    return command;
}

void mm_http_drop_commands(void)
{
    for (struct mm_http_command *command = command_first, *next; command != NULL; command = next) {
        next = command->next;
        free(command);
    }
    command_first = command_last = NULL;
}

/* ---- whether there is one ---- */

int mm_http_has_worker(void) { return worker_coming || worker_attached; }

int mm_http_worker_is_gone(void)
{
    return worker_attached && syscall(SYS_tgkill, getpid(), worker_thread, 0) != 0 && errno == ESRCH;
}

void mm_http_want_worker(void)
{
    worker_missed = 1;
    mm_wake();
}

void mm_http_detach_worker(void) { worker_attached = worker_coming = 0; }

/* ---- what the main thread calls ---- */

/* A worker was started. */
MM_EXPORT void mm_http_worker_comes(void)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    worker_coming = 1;
    mm_http_unlock(&hold);
}

/* Whether a worker is wanted: something waits for one, and there is none. */
MM_EXPORT int32_t mm_http_wants_worker(void)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    int wanted = (command_first != NULL || worker_missed) && !worker_attached;
    worker_missed = 0;
    mm_http_unlock(&hold);
    return wanted;
}

/* ---- what the worker calls, beside its reports in http-requests.c ---- */

/* The read end of the pipe that gets a byte when there is something to take; -1 when there is none to be had. */
MM_EXPORT int32_t mm_http_wake_fd(void)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    /* A new pair for each worker: the one before it may have closed its end. */
    if (worker_pipe[1] >= 0)
        close(worker_pipe[1]);
    worker_pipe[1] = -1;
    int made = pipe2(worker_pipe, O_CLOEXEC | O_NONBLOCK) == 0;
    worker_attached = made;
    worker_coming = 0;
    worker_thread = (pid_t)syscall(SYS_gettid);
    worker_woken = made && command_first != NULL;
    if (worker_woken)
        write_byte(worker_pipe[1]);
    mm_http_unlock(&hold);
    return made ? worker_pipe[0] : -1;
}

/* To be called before taking on a wake byte, so that what comes after it wakes again. */
MM_EXPORT void mm_http_clear_wake(void)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    worker_woken = 0;
    mm_http_unlock(&hold);
}

/* Copies the next command; returns its size, and nothing was taken when that is over `capacity`. 0: there is none. */
MM_EXPORT uint32_t mm_http_take(uint8_t *out, uint32_t capacity)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    struct mm_http_command *command = command_first;
    uint32_t size = command != NULL ? command->size : 0;
    if (command != NULL && size <= capacity) {
        command_first = command->next;
        if (command_first == NULL)
            command_last = NULL;
        memcpy(out, command->bytes, size);
        free(command);
    }
    mm_http_unlock(&hold);
    return size;
}
