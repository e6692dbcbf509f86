/* Memory of the module, where a bad pointer must not fault, or must fault in the right place. */
#include "shim.h"

#include <errno.h>
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

void mm_touch(const void *bytes, size_t length)
{
    enum { SMALLEST_PAGE = 4096 };
    const volatile uint8_t *at = bytes;
    for (size_t i = 0; i < length; i += SMALLEST_PAGE)
        (void)at[i];
    if (length > 0)
        (void)at[length - 1];
}
