/*
 * exports-2020, or exports-2019 where it is told so. A module that does one thing wrong. Its settings say what, `fault`, and where, `at`:
 *
 *   message       in on_message, at a message that begins with "f"
 *   thread        the same, on a thread of the module for which on_message waits
 *   status        in on_message_status
 *   idle          on a thread of the module, when the process gets SIGUSR2
 *   init          in init, if a link "armed" stands in the working directory
 *   constructor   in a constructor of the file, if a link "armed-constructor" stands there
 *   cleanup       in cleanup
 *   http          where it was built with ASKS, in the callback of a request that on_message makes, at a message that
 *                 begins with "f", to the setting `url`: later in exports-2020; in exports-2019 the request is
 *                 synchronous, and on_message waits for it
 *
 * The target of a link is the fault's name, since a constructor has no settings; a link is removed before the fault. A
 * message that begins with "a" makes the link and crashes: so the next start has the fault, and the one after it none.
 *
 * Right before a fault the module says so on stdout, on stderr and by mesibo_log. Every other message is signed with
 * the process behind "pid="; one that begins with "c" is consumed.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "faults.h"
#include "sign.h"

#define ARMED "armed"
#define ARMED_CONSTRUCTOR "armed-constructor"

#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
#define TEXT const char
#define STATUS_ARGUMENT , mesibo_uint_t status
#define DATA_RESULT int
#else
#define TEXT char
#define STATUS_ARGUMENT
#define DATA_RESULT mesibo_int_t
#endif

static const char *at = "message", *url;
static const struct fault *fault;
static sem_t go;

static const struct fault *find_fault(const char *name)
{
	for (const struct fault *const *topic = fault_topics; *topic; topic++)
		for (const struct fault *each = *topic; each->name; each++)
			if (strcmp(each->name, name) == 0) return each;
	return NULL;
}

static void run_fault(mesibo_module_t *mod, const struct fault *which)
{
	printf("last words on stdout\n");
	fprintf(stderr, "last words on stderr\n");
	mesibo_log(mod, 0, "last words in the log\n");
	which->run(mod);
}

static int is_at(const char *place)
{
	return strcmp(at, place) == 0;
}

void start_thread(void *(*run)(void *), void *data)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, data) != 0) abort();
	pthread_detach(thread);
}

static void *run_on_thread(void *mod)
{
	run_fault(mod, fault);
	return NULL;
}

static void *run_when_told(void *mod)
{
	while (sem_wait(&go) != 0) continue;
	run_fault(mod, fault);
	return NULL;
}

static void tell(int signal)
{
	(void)signal;
	sem_post(&go);
}

/* Makes the next start have the fault, and ends this process. */
static void arm(void)
{
	const char *name = is_at("init") ? ARMED : ARMED_CONSTRUCTOR;

	if (symlink(fault->name, name) != 0) return;
	raise(SIGSEGV); /* dies: armed */
}

#ifdef ASKS
static DATA_RESULT on_data(void *mod, mesibo_int_t state, mesibo_int_t progress, const char *buffer, mesibo_int_t size)
{
	(void)state, (void)progress, (void)buffer, (void)size;
	run_fault(mod, fault);
	return MESIBO_RESULT_FAIL; /* once is enough */
}

static void ask(mesibo_module_t *mod)
{
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
	module_http_option_t options = { .synchronous = 1 };

	mesibo_http(mod, url, NULL, on_data, mod, &options);
#else
	mesibo_http_t request = { .url = url, .on_data = on_data };

	mesibo_util_http(&request, mod);
#endif
}
#else
static void ask(mesibo_module_t *mod)
{
	(void)mod, (void)url;
	abort();
}
#endif

static mesibo_int_t on_message(mesibo_module_t *mod, mesibo_message_params_t *params, TEXT *message, mesibo_uint_t len)
{
	pthread_t thread;

	(void)params;
	if (message[0] == 'a') arm();
	if (message[0] == 'f' && is_at("message")) run_fault(mod, fault);
	if (message[0] == 'f' && is_at("thread")) {
		if (pthread_create(&thread, NULL, run_on_thread, mod) != 0) abort();
		pthread_join(thread, NULL);
	}
	if (message[0] == 'f' && is_at("http")) ask(mod);
	sign((char *)message, len, "pid=", (unsigned long)getpid());
	return message[0] == 'c' ? MESIBO_RESULT_CONSUMED : MESIBO_RESULT_PASS;
}

static mesibo_int_t on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params STATUS_ARGUMENT)
{
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
	(void)status;
#endif
	(void)params;
	if (is_at("status")) run_fault(mod, fault);
	return MESIBO_RESULT_PASS;
}

static mesibo_int_t on_cleanup(mesibo_module_t *mod)
{
	if (is_at("cleanup")) run_fault(mod, fault);
	return MESIBO_RESULT_OK;
}

__attribute__((constructor)) static void construct(void)
{
	char name[64] = { 0 };

	if (readlink(ARMED_CONSTRUCTOR, name, sizeof name - 1) < 0) return;
	unlink(ARMED_CONSTRUCTOR);
	fault = find_fault(name);
	if (fault) run_fault(NULL, fault);
}

MESIBO_EXPORT mesibo_int_t mesibo_module_faulty_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
	const char *name = mesibo_util_getconfig(mod, "fault");
	const char *place = mesibo_util_getconfig(mod, "at");
	struct sigaction action = { .sa_handler = tell, .sa_flags = SA_RESTART };

	MESIBO_MODULE_SANITY_CHECK(mod, version, len);
	fault = name ? find_fault(name) : NULL;
	if (!fault) {
		mesibo_log(mod, 0, "there is no fault %s\n", name ? name : "(none)");
		return MESIBO_RESULT_FAIL;
	}
	if (place) at = place;
	url = mesibo_util_getconfig(mod, "url");
	mod->description = fault->name;
	mod->on_message = on_message;
	mod->on_message_status = on_message_status;
	mod->on_cleanup = on_cleanup;
	if (is_at("init") && unlink(ARMED) == 0) run_fault(mod, fault);
	if (is_at("idle")) {
		sem_init(&go, 0, 0);
		sigaction(SIGUSR2, &action, NULL);
		start_thread(run_when_told, mod);
	}
	return MESIBO_RESULT_OK;
}
