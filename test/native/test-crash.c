/* A process that notes its end: whatever the state that it faults in, it ends by the same signal and does not hang. */
#include "crash.h"
#include "fake.h"
#include "harness.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* Shared with the children that fault. */
static struct mm_crash *note;

static void make_area(void)
{
    note = mmap(NULL, sizeof *note, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(note != MAP_FAILED);
}

/* A child that notes its end does this; returns the signal that ended it. */
static int end_in(void (*die)(void))
{
    int status = 0;
    memset(note, 0, sizeof *note);
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
        CHECK_EQ(mm_limit_core(0), 0);
        CHECK_EQ(mm_crash_open(note, 0), 0);
        die();
        leave(99);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    return WTERMSIG(status);
}

static int is_noted(uint64_t address)
{
    for (uint32_t i = 0; i < note->object_count; i++)
        if (address >= note->objects[i].start && address < note->objects[i].end)
            return 1;
    return 0;
}

/* ---- every signal ---- */

static int raised;

static void raise_it(void) { raise(raised); }

static void each_signal_ends_the_process_as_it_would_have(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    make_area();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        raised = faults[i];
        CHECK_EQ(end_in(raise_it), raised);
        CHECK_EQ(note->state, MM_CRASH_COMPLETE);
        CHECK_EQ(note->signal, raised);
        CHECK_EQ(note->code, SI_TKILL);
        CHECK_EQ(note->sender, note->thread);
        CHECK_EQ(note->flags & MM_CRASH_MAIN, MM_CRASH_MAIN);
        CHECK(note->frame_count > 3 && is_noted(note->frames[0]));
    }
}

static volatile int *volatile nowhere = (volatile int *)64;

static __attribute__((noinline)) void write_nowhere(void) { *nowhere = 1; }

static void a_fault_has_its_address_and_its_frames(void)
{
    make_area();
    CHECK_EQ(end_in(write_nowhere), SIGSEGV);
    CHECK_EQ(note->state, MM_CRASH_COMPLETE);
    CHECK_EQ(note->address, 64);
    CHECK_EQ(note->frames[0], note->pc);
    CHECK(note->pc - (uint64_t)(uintptr_t)write_nowhere < 256);
    CHECK_EQ(note->sender, 0);
    CHECK(note->objects[0].build_id_length > 0);
}

/* ---- several threads ---- */

enum { THREADS = 4 };
static pthread_barrier_t barrier;

static void *fault_together(void *data)
{
    pthread_barrier_wait(&barrier);
    write_nowhere();
    return data;
}

static void fault_in_threads(void)
{
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread, NULL, fault_together, NULL), 0);
    fault_together(NULL);
}

static void threads_that_fault_at_the_same_time_leave_one_note(void)
{
    make_area();
    for (int i = 0; i < 100 / EFFORT; i++) {
        CHECK_EQ(end_in(fault_in_threads), SIGSEGV);
        CHECK_EQ(note->state, MM_CRASH_COMPLETE);
        CHECK_EQ(note->address, 64);
        CHECK_EQ(note->frames[0], note->pc);
        CHECK(note->frame_count > 1 && note->frame_count <= MM_CRASH_FRAMES);
    }
}

/* The linker holds its locks most of the time. */
static void *load_for_ever(void *ready)
{
    for (;;) {
        void *library = dlopen("build/hide-module.so", RTLD_NOW);
        if (library != NULL)
            dlclose(library);
        __atomic_store_n((int *)ready, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void fault_while_another_loads(void)
{
    static int ready;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, load_for_ever, &ready), 0);
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        sched_yield();
    write_nowhere();
}

static void a_fault_while_another_thread_loads_libraries_is_noted(void)
{
    make_area();
    for (int i = 0; i < 60 / EFFORT; i++) {
        CHECK_EQ(end_in(fault_while_another_loads), SIGSEGV);
        CHECK_EQ(note->state, MM_CRASH_COMPLETE);
    }
}

/* ---- any state ---- */

static uint32_t seed;

static uint64_t any_value(const uint8_t *stack, size_t size)
{
    switch (next_random(&seed) % 5) {
    case 0: return 0;
    case 1: return (uint64_t)next_random(&seed) << 32 | next_random(&seed);
    case 2: return (uint64_t)(uintptr_t)stack + next_random(&seed) % size;
    case 3: return (uint64_t)(uintptr_t)write_nowhere + next_random(&seed) % 64;
    default: return (uint64_t)(uintptr_t)note + next_random(&seed) % 4096;
    }
}

/* Goes on at any place, with any stack and any registers. Most often it faults at once. */
static void lose_its_way(void)
{
    enum { SIZE = 64 * KIB };
    static _Alignas(16) uint8_t stack[SIZE];
    ucontext_t context;
    for (size_t i = 0; i < SIZE; i += 8) {
        const uint64_t value = any_value(stack, SIZE);
        memcpy(stack + i, &value, sizeof value);
    }
    alarm(20 * EFFORT);
    CHECK_EQ(getcontext(&context), 0);
#if defined(__x86_64__)
    context.uc_mcontext.gregs[REG_RIP] = (greg_t)any_value(stack, SIZE);
    context.uc_mcontext.gregs[REG_RSP] = (greg_t)any_value(stack, SIZE);
    context.uc_mcontext.gregs[REG_RBP] = (greg_t)any_value(stack, SIZE);
    context.uc_mcontext.gregs[REG_RBX] = (greg_t)any_value(stack, SIZE);
#else
    context.uc_mcontext.pc = any_value(stack, SIZE);
    context.uc_mcontext.sp = any_value(stack, SIZE);
    context.uc_mcontext.regs[29] = any_value(stack, SIZE);
    context.uc_mcontext.regs[30] = any_value(stack, SIZE);
#endif
    setcontext(&context);
}

static void whatever_the_registers_are_the_process_ends_by_a_fault(void)
{
    uint32_t complete = 0;
    const uint32_t tries = 400 / EFFORT;
    make_area();
    for (uint32_t i = 0; i < tries; i++) {
        seed = 1 + i;
        const int signal = end_in(lose_its_way);
        CHECK(signal != SIGALRM && signal != SIGKILL);
        complete += note->state == MM_CRASH_COMPLETE && note->signal == signal;
    }
    /* Without an instruction of ours that wrote over the note meanwhile, each would be. */
    CHECK(complete >= tries * 9 / 10);
}

/* ---- processes and threads of the module ---- */

static void fault_behind_a_fork(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        write_nowhere();
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK_EQ(note->state, MM_CRASH_READY);
    raise(SIGTERM);
}

static void a_forked_child_leaves_no_note(void)
{
    make_area();
    CHECK_EQ(end_in(fault_behind_a_fork), SIGTERM);
    CHECK_EQ(note->state, MM_CRASH_READY);
}

static int count_mappings(void)
{
    char line[4096];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL)
        count++;
    fclose(maps);
    return count;
}

static void *have_a_stack(void *data)
{
    stack_t stack;
    mm_give_alt_stack(0);
    CHECK_EQ(sigaltstack(NULL, &stack), 0);
    CHECK(!(stack.ss_flags & SS_DISABLE) && stack.ss_size >= 64 * KIB);
    return data;
}

static void start_threads(int count)
{
    pthread_t thread;
    for (int i = 0; i < count; i++) {
        CHECK_EQ(pthread_create(&thread, NULL, have_a_stack, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
}

static void the_stack_of_a_thread_goes_with_it(void)
{
    make_area();
    CHECK_EQ(mm_crash_open(note, 0), 0);
    start_threads(10);
    const int before = count_mappings();
    start_threads(2000 / EFFORT);
    CHECK(count_mappings() < before + 50);
}

/* ---- where there is code ---- */

static void code_is_told_from_data(void)
{
    static char data[64];
    char on_stack[64];
    CHECK(mm_is_code((uint64_t)(uintptr_t)write_nowhere));
    CHECK(mm_is_code((uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "malloc")));
    CHECK(!mm_is_code((uint64_t)(uintptr_t)data));
    CHECK(!mm_is_code((uint64_t)(uintptr_t)on_stack));
    CHECK(!mm_is_code(0));
    CHECK(!mm_is_code(UINT64_MAX));
}

const struct test crash_tests[] = {
    ONCE("crash", each_signal_ends_the_process_as_it_would_have),
    ONCE("crash", a_fault_has_its_address_and_its_frames),
    ONCE("crash", threads_that_fault_at_the_same_time_leave_one_note),
    ONCE("crash", a_fault_while_another_thread_loads_libraries_is_noted),
    ONCE("crash", whatever_the_registers_are_the_process_ends_by_a_fault),
    ONCE("crash", a_forked_child_leaves_no_note),
    ONCE("crash", the_stack_of_a_thread_goes_with_it),
    ONCE("crash", code_is_told_from_data),
    END,
};
