/* No end at all, or a late one. */
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

/* Longer than the deadline and shorter than the hang of the rows that use it. */
enum { LATE_SECONDS = 3 };

static volatile int turns;

static void loop(mesibo_module_t *mod)
{
	(void)mod;
	for (;;) turns++;
}

static void deadlock(mesibo_module_t *mod)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	(void)mod;
	pthread_mutex_lock(&mutex);
	pthread_mutex_lock(&mutex);
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
	kill(getpid(), SIGSTOP);
}

/* For cleanup: neither the core's word nor its SIGTERM ends the process. */
static void ignore_sigterm(mesibo_module_t *mod)
{
	(void)mod;
	signal(SIGTERM, SIG_IGN);
	for (;;) pause();
}

const struct fault stall_faults[] = {
	{ "loop", loop },
	{ "deadlock", deadlock },
	{ "late", late },
	{ "sigstop", sigstop },
	{ "ignore-sigterm", ignore_sigterm },
	{ NULL, NULL },
};
