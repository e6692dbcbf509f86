/* The stack on which the module is called. */
#include "shim.h"

#include <stdio.h>
#include <sys/mman.h>

uintptr_t mm_stack_start;

/* Where the writable mapping of the running stack begins; 0: not found. */
static uintptr_t find_bottom(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t from, to, bottom = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && bottom == 0 && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from <= here && here < to)
            bottom = from;
    if (maps != NULL)
        fclose(maps);
    return bottom;
}

/*
 * Makes the lowest `bytes` of the stack a guard. The existing guard is one page: a larger stack frame jumps over it and
 * silently overwrites what is mapped below. Returns 0, or -1 when the stack is not larger than that.
 */
MM_EXPORT int32_t mm_guard_stack(uint32_t bytes)
{
    const uintptr_t bottom = find_bottom();
    const uintptr_t left = (uintptr_t)__builtin_frame_address(0) - bottom;
    if (bottom == 0 || left <= bytes)
        return -1;
    mm_stack_start = bottom + bytes;
    return mprotect((void *)bottom, bytes, PROT_NONE);
}
