/*
 * The frames of the thread that noted its end. The tables that tell how to go from one frame to the next are the module's, and
 * so is the stack: both may be damaged. A fault of the walk, or a walk that takes too long, ends the walk and nothing else.
 */
#include "crash.h"

#include <setjmp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

enum { GUARDS = 2 };
#define WALK_NANOSECONDS UINT64_C(2000000000)
static const int guarded[GUARDS] = {SIGSEGV, SIGBUS};

static struct walk {
    struct mm_crash *area;
    uint64_t pc;       /* begins at this frame; 0: at the first one above `frame` */
    uintptr_t frame;
    int has_begun;
    pid_t thread; /* 0: nobody walks */
    sigjmp_buf way_out;
} walk;

/* ---- around a walk ---- */

static void leave_walk(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (walk.thread == (pid_t)syscall(SYS_gettid))
        siglongjmp(walk.way_out, 1);
    mm_wait_for_end();
    mm_end_by(signal, info);
}

struct guard {
    struct sigaction before[GUARDS];
    sigset_t mask;
    int timer; /* as the kernel numbers it; -1: there is none */
};

static void begin_guard(struct guard *guard)
{
    struct sigaction action = {.sa_sigaction = leave_walk, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigset_t open;
    sigfillset(&action.sa_mask);
    sigemptyset(&open);
    for (int i = 0; i < GUARDS; i++) {
        sigaction(guarded[i], &action, &guard->before[i]);
        sigaddset(&open, guarded[i]);
    }
    walk.thread = (pid_t)syscall(SYS_gettid);
    /* It sends what a fault would raise, to this thread only. */
    guard->timer = mm_start_timer(SIGSEGV, WALK_NANOSECONDS);
    pthread_sigmask(SIG_UNBLOCK, &open, &guard->mask);
}

static void end_guard(const struct guard *guard)
{
    if (guard->timer >= 0)
        syscall(SYS_timer_delete, guard->timer);
    pthread_sigmask(SIG_SETMASK, &guard->mask, NULL);
    walk.thread = 0;
    for (int i = 0; i < GUARDS; i++)
        sigaction(guarded[i], &guard->before[i], NULL);
}

/* ---- the walk ---- */

/* Counts each frame when it is there, so that those before a fault are kept. */
static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *unused)
{
    struct mm_crash *area = walk.area;
    const uint64_t address = _Unwind_GetIP(context);
    (void)unused;
    if (!walk.has_begun)
        walk.has_begun = walk.pc != 0 ? address == walk.pc : _Unwind_GetCFA(context) > walk.frame;
    if (!walk.has_begun)
        return _URC_NO_REASON;
    if (address == 0)
        return _URC_NORMAL_STOP;
    if (area->frame_count >= MM_CRASH_FRAMES) {
        area->flags |= MM_CRASH_CUT;
        return _URC_NORMAL_STOP;
    }
    area->frames[area->frame_count] = address;
    area->frame_count++;
    return _URC_NO_REASON;
}

static void walk_on(struct mm_crash *area, uint64_t pc, uintptr_t frame)
{
    static struct guard guard;
    walk.area = area;
    walk.pc = pc;
    walk.frame = frame;
    walk.has_begun = 0;
    begin_guard(&guard);
    if (sigsetjmp(walk.way_out, 0) == 0)
        _Unwind_Backtrace(note_frame, NULL);
    else
        area->flags |= MM_CRASH_CUT;
    end_guard(&guard);
}

void mm_walk_from(struct mm_crash *area, uint64_t pc)
{
    walk_on(area, pc, 0);
    /* Not even the way to that frame was found. */
    if (!walk.has_begun && area->frame_count < MM_CRASH_FRAMES)
        area->frames[area->frame_count++] = pc;
    /* No thread begins with the function that faults: nothing says how to go on from there. */
    if (area->frame_count == 1)
        area->flags |= MM_CRASH_CUT;
}

void mm_walk_above(struct mm_crash *area, const void *frame) { walk_on(area, 0, (uintptr_t)frame); }

void mm_rehearse_walk(struct mm_crash *area)
{
    area->frame_count = 0;
    walk_on(area, 0, 0);
    area->frame_count = 0;
    area->flags = 0;
}
