/* The notes of a host's end, in its black box. */
#include "crash.h"

/* From here on the box has a note of a fault that ends this process. 0, or a negative errno. */
MM_EXPORT int32_t mm_watch_crashes(void)
{
    return mm_crash_open((struct mm_crash *)((uint8_t *)mm_box + MM_CRASH_OFFSET), mm_stack_start);
}

/* The threads that the objects loaded by now will start get alternate stacks. */
MM_EXPORT void mm_cover_loaded(void) { mm_cover_threads(); }
