/*
 * Messages through our client in C: a thread for each that is in flight, as in a server that has a thread for each connection.
 * Called with a load and the socket of the gateway.
 */
#define _GNU_SOURCE /* clock_gettime */
#include <mesibo-modules.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "sample.h"

enum { KEPT = 1000000 };

static struct {
	mmc_client *client;
	char *payload;
	size_t bytes;
	double from, until;
} shared;

typedef struct {
	pthread_t thread;
	float *took;
	size_t count, room;
} caller_t;

static void note(caller_t *caller, double micros)
{
	if (caller->count == caller->room) {
		caller->room = caller->room ? 2 * caller->room : 1024;
		caller->took = realloc(caller->took, caller->room * sizeof(*caller->took));
		if (!caller->took) exit(1);
	}
	caller->took[caller->count++] = (float)micros;
}

static void *call(void *context)
{
	caller_t *caller = context;
	/* As programs/message.ts has it. */
	const uint64_t base = 1ull << 60;
	const struct mmc_params params = { .aid = base + 1, .id = base + 2, .refid = base + 3, .groupid = base + 4,
					   .flags = 5, .type = 6, .expiry = 7, .uflags = 1, .status = 9,
					   .sid = base + 5, .device = 11,
					   .to = "bob@example.com", .from = "alice@example.com" };
	struct mmc_outcome outcome;

	for (double began = now_micros(); began < shared.until;) {
		mmc_message(shared.client, &params, shared.payload, shared.bytes, &outcome);
		if (outcome.reason != MMC_DECIDED) {
			fprintf(stderr, "a default verdict: %s: %s\n", mmc_reason_name(outcome.reason), mmc_last_error());
			exit(1);
		}
		const double now = now_micros();

		if (now >= shared.from && now < shared.until) note(caller, now - began);
		began = now;
	}
	return NULL;
}

static int by_size(const void *left, const void *right)
{
	const float a = *(const float *)left, b = *(const float *)right;

	return (a > b) - (a < b);
}

static void tell(caller_t *callers, size_t window, double micros)
{
	float *took = must_allocate(KEPT * sizeof(*took));
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < window; i++) {
		count += callers[i].count;
		for (size_t j = 0; j < callers[i].count && kept < KEPT; j++) took[kept++] = callers[i].took[j];
	}
	if (kept == 0) exit(1);
	qsort(took, kept, sizeof(*took), by_size);
	printf("{\"rate\":%.0f,\"p50\":%.2f,\"p99\":%.2f}\n", (double)count / micros * 1e6, (double)took[kept / 2],
	       (double)took[kept * 99 / 100]);
}

int main(int count, char **args)
{
	const load_t load = read_load(count, args);
	const struct mmc_options options = { .path = count > 6 ? args[6] : "", .server = "bench", .deadline_ms = 60000 };

	shared.client = mmc_open(&options);
	if (!shared.client) {
		fprintf(stderr, "%s\n", mmc_last_error());
		return 1;
	}
	shared.payload = must_allocate(load.bytes);
	memset(shared.payload, 'x', load.bytes);
	shared.bytes = load.bytes;
	shared.from = now_micros() + load.warm_micros;
	shared.until = shared.from + load.measure_micros;
	caller_t *callers = must_allocate(load.window * sizeof(*callers));

	for (size_t i = 0; i < load.window; i++)
		if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0) return 1;
	for (size_t i = 0; i < load.window; i++) pthread_join(callers[i].thread, NULL);
	tell(callers, load.window, load.measure_micros);
	return 0;
}
