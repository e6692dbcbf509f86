/* What modules log, in every form that the ABIs have; and what the shim itself logs about a module's calls. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `text` is ours: see mm_hold. */
static void write_line(uint64_t level, const char *text, uint32_t length)
{
    const uint32_t shown = level > UINT32_MAX ? UINT32_MAX : (uint32_t)level;
    uint64_t position;
    struct mm_hold hold;
    if (!mm_may_write())
        return;
    const uint64_t during = mm_during();
    mm_hold(&hold);
    struct mm_record *record = mm_reserve_log(mm_log_entry_bytes(shown, length, during), &position);
    if (record != NULL) {
        mm_write_log((uint8_t *)(record + 1), shown, text, length, during);
        mm_commit(record, position);
    } else {
        __atomic_fetch_add(&mm_box->dropped_logs, 1, __ATOMIC_RELAXED);
    }
    mm_release(&hold);
}

/* A signal handler that takes a thread out of the allocator leaves it locked for all others. */
static char *take_room(size_t bytes)
{
    struct mm_hold hold;
    mm_hold(&hold);
    char *room = malloc(bytes);
    mm_release(&hold);
    return room;
}

static void give_room(char *room)
{
    struct mm_hold hold;
    mm_hold(&hold);
    free(room);
    mm_release(&hold);
}

/* Formats outside the box: a bad pointer among the arguments must not leave a half-written record behind. */
void mm_vlog(uint64_t level, const char *format, va_list arguments)
{
    char small[2048];
    va_list again;
    va_copy(again, arguments);
    int needed = vsnprintf(small, sizeof small, format, arguments);
    if (needed < 0) {
        size_t length = strnlen(format, sizeof small);
        memcpy(small, format, length);
        write_line(level, small, (uint32_t)length);
    } else if ((size_t)needed < sizeof small) {
        write_line(level, small, (uint32_t)needed);
    } else {
        /* One byte over the limit is kept, so that the core sees that the line was cut. */
        size_t length = (size_t)needed <= MM_LOG_MAX ? (size_t)needed : MM_LOG_MAX + 1;
        char *large = take_room(length + 1);
        if (large != NULL) {
            /* Another thread may have shortened an argument meanwhile. */
            int written = vsnprintf(large, length + 1, format, again);
            write_line(level, large, written >= 0 && (size_t)written < length ? (uint32_t)written : (uint32_t)length);
            give_room(large);
        } else {
            write_line(level, small, sizeof small - 1);
        }
    }
    va_end(again);
}

void mm_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    mm_vlog(0, format, arguments);
    va_end(arguments);
}

MM_EXPORT int64_t mesibo_vlog(void *module, uint64_t level, const char *format, va_list arguments)
{
    (void)module;
    if (format == NULL)
        return -1;
    mm_vlog(level, format, arguments);
    return 0;
}

MM_EXPORT int64_t mesibo_log(void *module, uint64_t level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int64_t result = -1;
    (void)module;
    if (format != NULL) {
        mm_vlog(level, format, arguments);
        result = 0;
    }
    va_end(arguments);
    return result;
}
