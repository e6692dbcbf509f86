/*
 * Stacks for signal handlers. A thread whose stack is used up can run no handler on it. Where a thread has no other stack, the
 * process still ends by the same signal, but nothing is noted.
 */
#include "crash.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

/* What the handler and the walk take, beside the registers that the kernel stores. */
enum { HANDLER_BYTES = 64 * 1024 };
/* A large frame steps over the guard of a stack, and is meant all the same. */
enum { REACH = 16 * 1024 * 1024, CLOSE = 64 * 1024 };
#define MAGIC UINT64_C(0x4b434154535f4d4d)

/* Stands behind an alternate stack. The handler finds it there, because thread-local variables may not be there yet. */
struct owner {
    uint64_t magic;
    uintptr_t stack_start; /* the lowest address of the thread's own stack; 0: not known */
};

static pthread_key_t key;
static int has_key;
static size_t page, stack_bytes;

static uintptr_t find_stack_start(void)
{
    pthread_attr_t attributes;
    void *start = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return 0;
    if (pthread_attr_getstack(&attributes, &start, &size) != 0)
        start = NULL;
    pthread_attr_destroy(&attributes);
    return (uintptr_t)start;
}

static size_t mapping_bytes(void) { return page + stack_bytes + page; }

/* At the end of the thread. It may have another stack by now, which is not ours. */
static void take_back(void *mapping)
{
    stack_t now;
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == (char *)mapping + page) {
        const stack_t none = {.ss_flags = SS_DISABLE};
        if (sigaltstack(&none, NULL) != 0)
            return;
    }
    munmap(mapping, mapping_bytes());
}

static void prepare(void)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    stack_bytes = (HANDLER_BYTES + getauxval(AT_MINSIGSTKSZ) + page - 1) & ~(page - 1);
    has_key = pthread_key_create(&key, take_back) == 0;
}

/* A guard, the stack, its owner. */
static char *map_stack(uintptr_t stack_start)
{
    char *mapping = mmap(NULL, mapping_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    mprotect(mapping, page, PROT_NONE);
    struct owner *owner = (struct owner *)(mapping + page + stack_bytes);
    owner->magic = MAGIC;
    owner->stack_start = stack_start != 0 ? stack_start : find_stack_start();
    return mapping;
}

void mm_give_alt_stack(uintptr_t stack_start)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    stack_t now;
    if (!mm_crash_is_open())
        return;
    pthread_once(&once, prepare);
    if (!has_key || sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
        return;
    char *mapping = map_stack(stack_start);
    if (mapping == NULL)
        return;
    const stack_t stack = {.ss_sp = mapping + page, .ss_size = stack_bytes};
    if (sigaltstack(&stack, NULL) != 0 || pthread_setspecific(key, mapping) != 0)
        take_back(mapping);
}

int mm_is_overflow(const stack_t *alternate, uint64_t address, uint64_t sp)
{
    struct owner owner;
    const uint64_t at = (uint64_t)(uintptr_t)alternate->ss_sp + alternate->ss_size;
    if (alternate->ss_sp == NULL || mm_read_safely(&owner, (const void *)(uintptr_t)at, sizeof owner) != 0 ||
        owner.magic != MAGIC || owner.stack_start == 0)
        return 0;
    return address < owner.stack_start && owner.stack_start - address <= REACH && sp < owner.stack_start + CLOSE;
}
