/* 1,700 bytes of static TLS, which must be reserved when the module is loaded. */
#include "../world.h"

#include <pthread.h>

static __thread char room[1700] __attribute__((tls_model("initial-exec"))) = "initial";

static void *use(void *text)
{
	memset(room, *(const char *)text, sizeof room - 1);
	return room[sizeof room - 2] == *(const char *)text ? text : NULL;
}

static void show_tls(void)
{
	void *result = NULL;
	pthread_t thread;
	say("here %s", room);
	pthread_create(&thread, NULL, use, (void *)"t");
	pthread_join(thread, &result);
	say("in a thread %s, here still %s", result != NULL ? "written" : "lost", room);
}

WORLD({"tls", show_tls})
