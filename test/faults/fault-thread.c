/* Threads of the module that are where they should not be, or end where they should not. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

enum { CANCELLED_LOGGERS = 200, BUSY_THREADS = 2 };

static void nap(long micros)
{
	struct timespec left = { .tv_nsec = micros * 1000 };

	nanosleep(&left, NULL);
}

static void *log_for_ever(void *mod)
{
	for (;;) {
		mesibo_log(mod, 9, "still here\n");
		nap(1000);
	}
	return NULL;
}

/* A thread that is alive, and at work, when the process is to end. */
static void leave_a_thread(mesibo_module_t *mod)
{
	start_thread(log_for_ever, mod);
}

static char long_line[2000];
static unsigned long logged;

static void *log_until_cancelled(void *mod)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		mesibo_log(mod, 9, "%s\n", long_line);
		__atomic_fetch_add(&logged, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Ends threads wherever they are in mesibo_log, one after the other. */
static void cancel_loggers(mesibo_module_t *mod)
{
	memset(long_line, 'x', sizeof long_line - 1);
	for (int i = 0; i < CANCELLED_LOGGERS; i++) {
		unsigned long before = __atomic_load_n(&logged, __ATOMIC_RELAXED);
		pthread_t thread;
		if (pthread_create(&thread, NULL, log_until_cancelled, mod) != 0) abort();
		while (__atomic_load_n(&logged, __ATOMIC_RELAXED) == before) continue;
		pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
}

struct writer {
	mesibo_module_t *mod;
	int number;
};

/* Counts, in the log and in messages that it sends; a send that is refused is sent again. */
static void *count_for_ever(void *data)
{
	const struct writer *writer = data;
	char name[] = "counter";
	mesibo_message_params_t params;

	for (unsigned long count = 0;; count++) {
		char text[64];
		size_t length = (size_t)snprintf(text, sizeof text, "thread %d count %lu", writer->number, count);
		memset(&params, 0, sizeof params);
		params.to = params.from = name;
		while (mesibo_message(writer->mod, &params, text, length) != 0) nap(100);
		mesibo_log(writer->mod, 9, "%s\n", text);
		nap(50);
	}
	return NULL;
}

static void *kill_soon(void *unused)
{
	struct timespec now;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &now);
	nap(now.tv_nsec / 1000 % 20000);
	kill(getpid(), SIGKILL);
	return NULL;
}

/* While threads write into the black box as fast as it takes them, another kills the process at any moment. */
static void killed_at_work(mesibo_module_t *mod)
{
	static struct writer writers[BUSY_THREADS];

	for (int i = 0; i < BUSY_THREADS; i++) {
		writers[i] = (struct writer){ mod, i };
		start_thread(count_for_ever, &writers[i]);
	}
	start_thread(kill_soon, NULL);
}

const struct fault thread_faults[] = {
	{ "leave-a-thread", leave_a_thread },
	{ "cancel-loggers", cancel_loggers },
	{ "killed-at-work", killed_at_work },
	{ NULL, NULL },
};
