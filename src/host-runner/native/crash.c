/*
 * The handler of the signals that a thread raises by its own fault. It notes what is known, and then lets the signal do what it
 * would have done: the process ends by the same signal, with the same core file. It calls nothing that may take a lock or memory.
 */
#include "crash.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static struct mm_crash *area;
static pid_t process, main_thread;
static pid_t writer; /* the thread that writes the note; 0: none */
/* In a page that a fork wipes: a child of the module must not write into the note of its parent. */
static volatile uint32_t *is_owner;
/* Node's own use of the signal: it ends functions of WebAssembly that leave their memory. NULL: there is no such function. */
static int (*handle_webassembly)(int signal, siginfo_t *info, void *context);

static pid_t thread_id(void) { return (pid_t)syscall(SYS_gettid); }

/* ---- registers ---- */

#if defined(__x86_64__)
static uint64_t *pc_of(ucontext_t *context) { return (uint64_t *)&context->uc_mcontext.gregs[REG_RIP]; }
static uint64_t *sp_of(ucontext_t *context) { return (uint64_t *)&context->uc_mcontext.gregs[REG_RSP]; }
/* A call has put the return address on the stack. */
static uint64_t caller_of(ucontext_t *context) { return mm_peek((const uint8_t *)(uintptr_t)*sp_of(context)); }
enum { CALL_BYTES = 8 };
#elif defined(__aarch64__)
static uint64_t *pc_of(ucontext_t *context) { return (uint64_t *)&context->uc_mcontext.pc; }
static uint64_t *sp_of(ucontext_t *context) { return (uint64_t *)&context->uc_mcontext.sp; }
static uint64_t caller_of(ucontext_t *context) { return context->uc_mcontext.regs[30]; }
enum { CALL_BYTES = 0 };
#else
#error "the crash handler knows the registers of x86-64 and arm64 only"
#endif

/* ---- the end ---- */

int mm_start_timer(int signal, uint64_t nanoseconds)
{
    enum { A_SECOND = 1000000000 };
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal};
    const struct itimerspec limit = {
        .it_value = {.tv_sec = (time_t)(nanoseconds / A_SECOND), .tv_nsec = (long)(nanoseconds % A_SECOND)}};
    int timer = -1;
    event._sigev_un._tid = thread_id();
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0)
        return -1;
    syscall(SYS_timer_settime, timer, 0, &limit, NULL);
    return timer;
}

/*
 * Whether the same instruction raises the signal again when the handler returns. A trap goes on behind it. A stack pointer that
 * is no address raises SIGBUS, and then SIGSEGV, because the kernel cannot go back to it.
 */
static int comes_again(int signal, const siginfo_t *info)
{
    if (signal == SIGBUS)
        return info->si_code > 0 && info->si_code != SI_KERNEL;
    return info->si_code > 0 && (signal == SIGSEGV || signal == SIGFPE || signal == SIGILL);
}

/*
 * A fault ends the process when it comes again, with all that the system says of it. If it does not come, because another thread
 * has mapped the memory meanwhile, a timer ends the process. Other signals are sent again, and wait until the handler returns.
 * Faults are not sent: valgrind and QEMU take a fault that was sent for one of their own.
 */
void mm_end_by(int signal, siginfo_t *info)
{
    enum { MOMENT = 1000000000 }; /* valgrind on a busy machine takes part of it */
    const struct sigaction action = {.sa_handler = SIG_DFL};
    const pid_t self = getpid(), thread = thread_id();
    sigaction(signal, &action, NULL);
    if (comes_again(signal, info) && mm_start_timer(signal, MOMENT) >= 0)
        return;
    if (syscall(SYS_rt_tgsigqueueinfo, self, thread, signal, info) != 0)
        syscall(SYS_tgkill, self, thread, signal);
}

void mm_wait_for_end(void)
{
    enum { LOOKS = 300, LOOK_NANOSECONDS = 10000000 };
    const struct timespec moment = {.tv_nsec = LOOK_NANOSECONDS};
    for (int i = 0; i < LOOKS; i++)
        nanosleep(&moment, NULL);
}

/* ---- the note ---- */

/* Not in a forked child, which has the handler too until it executes another program. */
static int may_note(void) { return area != NULL && *is_owner && getpid() == process; }

/* Whether this thread writes the note. If another one does, that one ends the process. */
static int take_turn(void)
{
    pid_t nobody = 0;
    const pid_t self = thread_id();
    if (__atomic_compare_exchange_n(&writer, &nobody, self, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return 1;
    if (nobody != self)
        mm_wait_for_end();
    return 0;
}

/* What the process cannot have more of: a module often ends because of that. */
static uint32_t what_is_used_up(void)
{
    enum { PIECE = 1 << 20 };
    uint32_t flags = 0;
    const int fd = (int)syscall(SYS_eventfd2, 0, O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    else if (errno == EMFILE)
        flags |= MM_CRASH_NO_FILES;
    void *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece != MAP_FAILED)
        munmap(piece, PIECE);
    else
        flags |= MM_CRASH_NO_MEMORY;
    return flags;
}

static void begin_note(int signal)
{
    __atomic_store_n(&area->state, MM_CRASH_BEGUN, __ATOMIC_RELEASE);
    memset(&area->signal, 0, offsetof(struct mm_crash, frames) - offsetof(struct mm_crash, signal));
    area->signal = signal;
    area->thread = thread_id();
    area->flags = (area->thread == main_thread ? MM_CRASH_MAIN : 0) | what_is_used_up();
    prctl(PR_GET_NAME, area->thread_name);
}

static void complete_note(void) { __atomic_store_n(&area->state, MM_CRASH_COMPLETE, __ATOMIC_RELEASE); }

static int was_sent(const siginfo_t *info)
{
    return info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL;
}

/*
 * After a jump to nowhere no function is known there, so the walk begins at the caller, as if the call had returned. The
 * registers are put back: they belong to what the core file shows.
 */
static void note_frames(ucontext_t *context)
{
    uint64_t *pc = pc_of(context), *sp = sp_of(context);
    area->frames[0] = *pc;
    area->frame_count = 1;
    mm_note_objects(area);
    if (!mm_is_code(*pc) && mm_is_code(area->return_address)) {
        *pc = area->return_address;
        *sp += CALL_BYTES;
        mm_walk_from(area, *pc);
        *pc = area->pc;
        *sp = area->sp;
    } else {
        area->frame_count = 0;
        mm_walk_from(area, *pc);
    }
    mm_note_objects(area);
}

static void note(int signal, siginfo_t *info, ucontext_t *context)
{
    begin_note(signal);
    area->code = info->si_code;
    area->sender = was_sent(info) ? info->si_pid : 0;
    area->address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
    area->pc = *pc_of(context);
    area->sp = *sp_of(context);
    area->return_address = caller_of(context);
    if ((signal == SIGSEGV || signal == SIGBUS) && mm_is_overflow(&context->uc_stack, area->address, area->sp))
        area->flags |= MM_CRASH_OVERFLOW;
    note_frames(context);
    complete_note();
}

static void handle(int signal, siginfo_t *info, void *context)
{
    if (signal == SIGSEGV && handle_webassembly != NULL && handle_webassembly(signal, info, context))
        return;
    if (may_note() && take_turn())
        note(signal, info, context);
    mm_end_by(signal, info);
}

void mm_crash_note_exit(const void *frame)
{
    if (!may_note() || !take_turn())
        return;
    begin_note(0);
    mm_walk_above(area, frame);
    /* It is where a call returns to. The first frame of a note is where the thread was, which is in that call. */
    if (area->frame_count > 0)
        area->pc = --area->frames[0];
    mm_note_objects(area);
    complete_note();
    /* What runs from here to the end may still fault. */
    __atomic_store_n(&writer, 0, __ATOMIC_RELEASE);
}

/* ---- the start ---- */

static int own_page(void)
{
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint32_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || madvise(page, size, MADV_WIPEONFORK) != 0)
        return -errno;
    *page = 1;
    is_owner = page;
    return 0;
}

/* All other signals wait meanwhile. A fault in the handler finds its signal blocked, and so ends the process at once. */
static int install(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (sigaction(faults[i], &action, NULL) != 0)
            return -errno;
    return 0;
}

int mm_crash_is_open(void) { return area != NULL; }

int mm_crash_open(struct mm_crash *note, uintptr_t stack_start)
{
    const int failed = own_page();
    if (failed)
        return failed;
    const void *found = dlsym(RTLD_DEFAULT, "_ZN2v829TryHandleWebAssemblyTrapPosixEiP9siginfo_tPv");
    memcpy(&handle_webassembly, &found, sizeof found);
    process = getpid();
    main_thread = thread_id();
    area = note;
    mm_give_alt_stack(stack_start);
    mm_rehearse_walk(area);
    area->frame_count = 0;
    __atomic_store_n(&area->state, MM_CRASH_READY, __ATOMIC_RELEASE);
    return install();
}
