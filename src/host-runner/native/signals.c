/* Which thread runs a signal handler of the module, and when: never while other threads wait for that thread. */
#include "shim.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* Uses the system call itself: the library's function skips the signal that cancels a thread at any instruction. */
static uint64_t change_mask(int how, uint64_t set)
{
    uint64_t before = 0;
    syscall(SYS_rt_sigprocmask, how, &set, &before, sizeof set);
    return before;
}

void mm_hold(struct mm_hold *hold)
{
    hold->signals = change_mask(SIG_BLOCK, UINT64_MAX);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &hold->state);
}

/* In this order, so that a handler that jumps out of here finds the thread as it was. */
void mm_release(const struct mm_hold *hold)
{
    int ignored;
    pthread_setcancelstate(hold->state, &ignored);
    change_mask(SIG_SETMASK, hold->signals);
}

/* ---- threads that are none of the module's ---- */

/* The signals with a handler, without those that a thread's own fault raises and those that the C library uses. */
static uint64_t handled_signals(void)
{
    const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, 32, 33};
    uint64_t set = UINT64_MAX;
    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
        set &= ~(UINT64_C(1) << (own[i] - 1));
    return set;
}

static uint64_t mask_before;

/* Around the start of a thread by the main thread, which hands its mask on to it. */
MM_EXPORT void mm_mask_signals(void) { mask_before = change_mask(SIG_BLOCK, handled_signals()); }
MM_EXPORT void mm_unmask_signals(void) { change_mask(SIG_SETMASK, mask_before); }

static uint32_t answered;

/* Runs on each of them: its mask becomes this one when the handler returns. */
static void leave_signals(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    uint64_t *mask = (uint64_t *)&((ucontext_t *)context)->uc_sigmask;
    *mask |= handled_signals();
    __atomic_fetch_add(&answered, 1, __ATOMIC_RELEASE);
}

/* Whether the thread would run a handler for `signal`. */
static int takes(long thread, int signal)
{
    char path[64], line[256];
    unsigned long blocked;
    int open_to_it = 0;
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", thread);
    FILE *status = fopen(path, "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "SigBlk: %lx", &blocked) == 1)
            open_to_it = !(blocked >> (signal - 1) & 1);
    if (status != NULL)
        fclose(status);
    return open_to_it;
}

static uint32_t ask_others(int signal)
{
    uint32_t asked = 0;
    DIR *threads = opendir("/proc/self/task");
    for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;) {
        long thread = strtol(entry->d_name, NULL, 10);
        if (thread > 0 && thread != syscall(SYS_gettid) && takes(thread, signal))
            asked += syscall(SYS_tgkill, getpid(), thread, signal) == 0;
    }
    if (threads != NULL)
        closedir(threads);
    return asked;
}

/*
 * To be called before the module is loaded. From then on, a signal for the process goes to a thread of the module or waits for
 * one, as if there were no other threads. Node's threads are told by a signal that nothing else uses. Returns how many threads
 * did not answer.
 */
MM_EXPORT uint32_t mm_spare_threads(void)
{
    const int question = SIGRTMAX - 1; /* valgrind has the last one for itself */
    enum { LOOK_NANOSECONDS = 200000 };
    const uint64_t until = mm_now() + UINT64_C(2000000000);
    const struct timespec moment = {.tv_nsec = LOOK_NANOSECONDS};
    struct sigaction action = {.sa_sigaction = leave_signals, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK}, before;
    answered = 0;
    sigfillset(&action.sa_mask);
    if (sigaction(question, &action, &before) != 0)
        return 1;
    const uint32_t asked = ask_others(question);
    uint32_t told;
    while ((told = __atomic_load_n(&answered, __ATOMIC_ACQUIRE)) < asked && mm_now() < until)
        nanosleep(&moment, NULL);
    /* A late one must not end the process. */
    if (told >= asked)
        sigaction(question, &before, NULL);
    return asked - told;
}
