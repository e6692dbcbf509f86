/* Memory of the module, where a bad pointer must not fault, or must fault in the right place. */
#include "shim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int mm_read_memory(const struct iovec *to, const struct iovec *from, unsigned long count)
{
    ssize_t length = 0;
    for (unsigned long i = 0; i < count; i++)
        length += (ssize_t)from[i].iov_len;
    const int saved = errno;
    const ssize_t copied = process_vm_readv(getpid(), to, count, from, count, 0);
    /* Less than asked for: the rest cannot be read. */
    const int failed = copied == length ? 0 : copied >= 0 ? EFAULT : errno;
    errno = saved;
    return failed;
}

enum { SMALLEST_PAGE = 4096 };

/* Whether 8 bytes can be read: the kernel reads them before it looks at the first argument, which is invalid. */
static int can_read(const uint8_t *at)
{
    enum { NO_SUCH_WAY = -1 };
    return syscall(SYS_rt_sigprocmask, NO_SUCH_WAY, at, NULL, sizeof(uint64_t)) == 0 || errno != EFAULT;
}

/* Looks at a word of each page, and at the last word. */
static int can_read_all(const uint8_t *at, size_t length)
{
    const uint8_t *const last = at + length - sizeof(uint64_t);
    int can = can_read(last);
    for (; can && at < last; at += SMALLEST_PAGE)
        can = can_read(at);
    return can;
}

int mm_read_safely(void *to, const void *from, size_t length)
{
    const struct iovec here = {to, length}, there = {(void *)(uintptr_t)from, length};
    const int saved = errno;
    int failed = mm_read_memory(&here, &there, 1);
    if (failed && failed != EFAULT && can_read_all(from, length)) {
        memcpy(to, from, length);
        failed = 0;
    }
    errno = saved;
    return failed;
}

uint64_t mm_peek(const uint8_t *at)
{
    uint64_t value = 0;
    return mm_read_safely(&value, at, sizeof value) == 0 ? value : 0;
}

_Noreturn void mm_give_up(const char *what)
{
    char text[128];
    const int length = snprintf(text, sizeof text, "mesibo-modules host: the module has overwritten %s of its process\n", what);
    ssize_t written = write(STDERR_FILENO, text, (size_t)length);
    (void)written;
    abort();
}

void mm_touch(const void *bytes, size_t length)
{
    const volatile uint8_t *at = bytes;
    for (size_t i = 0; i < length; i += SMALLEST_PAGE)
        (void)at[i];
    if (length > 0)
        (void)at[length - 1];
}
