/* No end at all, or a late one. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

/* Longer than the deadline and shorter than the hang of the rows that use it. */
enum { LATE_SECONDS = 3 };

static volatile int turns;

static void loop(mesibo_module_t *mod)
{
	(void)mod;
	for (;;) turns++; /* dies: loop */
}

static void deadlock(mesibo_module_t *mod)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	(void)mod;
	pthread_mutex_lock(&mutex);
	pthread_mutex_lock(&mutex); /* dies: deadlock */
}

static void late(mesibo_module_t *mod)
{
	struct timespec left = { .tv_sec = LATE_SECONDS };

	(void)mod;
	while (nanosleep(&left, &left) != 0) continue;
}

static void sigstop(mesibo_module_t *mod)
{
	(void)mod;
	kill(getpid(), SIGSTOP); /* dies: sigstop */
}

/* For cleanup: neither the core's word nor its SIGTERM ends the process. */
static void ignore_sigterm(mesibo_module_t *mod)
{
	(void)mod;
	signal(SIGTERM, SIG_IGN);
	for (;;) pause();
}

/* Makes the core its tracer, as some do who do not want to be looked at. */
static void traced_loop(mesibo_module_t *mod)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) abort();
	loop(mod);
}

static void traced_segv(mesibo_module_t *mod)
{
	(void)mod;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) abort();
	raise(SIGSEGV);
}

/* Forks a process, which leaves the session, that traces this one. */
static void child_traces_loop(mesibo_module_t *mod)
{
	int ready[2];
	char byte;
	const pid_t host = getpid();

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (pipe(ready) != 0) abort();
	switch (fork()) {
	case -1:
		abort();
	case 0:
		if (setsid() < 0 || ptrace(PTRACE_SEIZE, host, NULL, NULL) != 0) _exit(1);
		if (write(ready[1], "", 1) != 1) _exit(1);
		for (;;) pause();
	default:
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1) abort();
		loop(mod);
	}
}

const struct fault stall_faults[] = {
	{ "loop", loop },
	{ "traced-loop", traced_loop },
	{ "traced-segv", traced_segv },
	{ "child-traces-loop", child_traces_loop },
	{ "deadlock", deadlock },
	{ "late", late },
	{ "sigstop", sigstop },
	{ "ignore-sigterm", ignore_sigterm },
	{ NULL, NULL },
};
