/*
 * Messages through our client in C, from one thread. With "queue" as many are in flight as the load says. With "blocking" it is
 * one call after the other. Called with a load, the socket of the gateway, "queue" or "blocking", and the pids of core
 * and host. CPU time is that of core and host, and of this program as `client`.
 */
#define _GNU_SOURCE /* clock_gettime */
#include <mesibo-modules.h>
#include <string.h>

#include "meter.h"
#include "sample.h"

enum { OUTCOMES = 256 };

static void must_be_decided(const struct mmc_outcome *outcome)
{
	if (outcome->reason == MMC_DECIDED) return;
	fprintf(stderr, "a default verdict: %s: %s\n", mmc_reason_name(outcome->reason), mmc_last_error());
	exit(1);
}

static void call_one_by_one(mmc_client *client, const struct mmc_params *params, const char *payload, size_t bytes)
{
	struct mmc_outcome outcome;

	for (double began = now_micros(); began < meter.until;) {
		mmc_message(client, params, payload, bytes, &outcome);
		must_be_decided(&outcome);
		const double now = now_micros();

		note(began, now);
		began = now;
	}
}

static void keep_in_flight(mmc_client *client, size_t window, const struct mmc_params *params, const char *payload, size_t bytes)
{
	mmc_queue *queue = mmc_open_queue(client, window, 0);
	double *began = must_allocate(window * sizeof(*began));
	static struct mmc_outcome outcomes[OUTCOMES];

	if (!queue) exit(1);
	for (size_t i = 0; i < window; i++) {
		began[i] = now_micros();
		if (mmc_submit_message(queue, params, payload, bytes, &began[i]) != 0) exit(1);
	}
	for (double now = 0; now < meter.until;) {
		const size_t number = mmc_collect(queue, outcomes, OUTCOMES, 10000);

		now = now_micros();
		for (size_t i = 0; i < number; i++) {
			double *since = outcomes[i].context;

			must_be_decided(&outcomes[i]);
			note(*since, now);
			*since = now;
			if (mmc_submit_message(queue, params, payload, bytes, since) != 0) exit(1);
		}
	}
}

int main(int count, char **args)
{
	const load_t load = read_load(count, args);
	const struct mmc_options options = { .path = count > 6 ? args[6] : "", .server = "bench", .deadline_ms = 60000 };
	const int is_blocking = count > 7 && strcmp(args[7], "blocking") == 0;
	/* As programs/message.ts has it. */
	const uint64_t base = 1ull << 60;
	const struct mmc_params params = { .aid = base + 1, .id = base + 2, .refid = base + 3, .groupid = base + 4,
					   .flags = 5, .type = 6, .expiry = 7, .uflags = 1, .status = 9,
					   .sid = base + 5, .device = 11,
					   .to = "bob@example.com", .from = "alice@example.com" };
	mmc_client *client = mmc_open(&options);

	if (!client) {
		fprintf(stderr, "%s\n", mmc_last_error());
		return 1;
	}
	char *payload = must_allocate(load.bytes);

	memset(payload, 'x', load.bytes);
	begin(&load, args + 8, count - 8);
	if (is_blocking)
		call_one_by_one(client, &params, payload, load.bytes);
	else
		keep_in_flight(client, load.window, &params, payload, load.bytes);
	tell();
	return 0;
}
