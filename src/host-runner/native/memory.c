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

/* Whether 8 bytes can be read: the kernel reads them before it looks at the first argument, which is invalid. */
static int can_read(const uint8_t *at)
{
    enum { NO_SUCH_WAY = -1 };
    return syscall(SYS_rt_sigprocmask, NO_SUCH_WAY, at, NULL, sizeof(uint64_t)) == 0 || errno != EFAULT;
}

uint64_t mm_peek(const uint8_t *at)
{
    uint64_t value = 0;
    const struct iovec here = {&value, sizeof value}, there = {(void *)(uintptr_t)at, sizeof value};
    const int saved = errno;
    const int failed = mm_read_memory(&here, &there, 1);
    if (failed)
        value = 0;
    if (failed && failed != EFAULT && can_read(at))
        memcpy(&value, at, sizeof value);
    errno = saved;
    return value;
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
    enum { SMALLEST_PAGE = 4096 };
    const volatile uint8_t *at = bytes;
    for (size_t i = 0; i < length; i += SMALLEST_PAGE)
        (void)at[i];
    if (length > 0)
        (void)at[length - 1];
}
