/*
 * What this process notes of its own end: a fault, a signal, exit(). The note stands in memory that outlives the process. It
 * depends on nothing else of the host, so the reference loader has it too.
 */
#ifndef MESIBO_CRASH_H
#define MESIBO_CRASH_H

#include "shim.h"

#include <signal.h>

/*
 * Notes from now on in `area` why the process ends. `stack_start` is the lowest address that the stack of this thread may use,
 * or 0 if that is what the system says. This thread is the one that calls the module. It must be called after everybody else has installed
 * handlers. Returns 0 or a negative errno.
 */
int mm_crash_open(struct mm_crash *area, uintptr_t stack_start);
/* Whether that has been called, and did not fail. */
int mm_crash_is_open(void);
/* Notes that this thread has called exit(): the frames above the one at `frame`. */
void mm_crash_note_exit(const void *frame);

/* ---- alt-stack.c ---- */

/* Gives this thread a stack for signal handlers, unless it has one, so that a handler runs when its own stack is used up. */
void mm_give_alt_stack(uintptr_t stack_start);
/* Whether the thread that was interrupted with this alternate stack has used up its own one. */
int mm_is_overflow(const stack_t *alternate, uint64_t address, uint64_t sp);

/* ---- thread-stacks.c ---- */

/* Gives alternate stacks to threads that the objects loaded by now start from here on. */
void mm_cover_threads(void);

/* ---- crash-frames.c ---- */

/* Makes the first walk, so that a handler loads nothing. */
void mm_rehearse_walk(struct mm_crash *area);
/* Notes the frames from the one at `pc` on, which must be on the stack of this thread. */
void mm_walk_from(struct mm_crash *area, uint64_t pc);
/* Notes the frames above the function whose frame address is `frame`. */
void mm_walk_above(struct mm_crash *area, const void *frame);
/* Sends a signal to this thread after that time, unless the timer is deleted. Returns its number in the kernel; -1: there is none. */
int mm_start_timer(int signal, uint64_t nanoseconds);
/* What a handler that cannot go on does: it waits until the process ends by another thread, for a few seconds. */
void mm_wait_for_end(void);
/* Ends the process as the signal does where nobody handles it, once the handler has returned. */
void mm_end_by(int signal, siginfo_t *info);

/* ---- crash-objects.c ---- */

/* Whether there is code at an address. */
int mm_is_code(uint64_t address);
/* Notes the files that the frames noted so far are in, and the one of the return address. */
void mm_note_objects(struct mm_crash *area);

#endif
