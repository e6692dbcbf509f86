/*
 * Messages through our client in C, from one thread: a queue of the client with as many in flight as the load says, or with
 * "blocking" one call after the other. Called with a load, the socket of the gateway, "queue" or "blocking", and the pids of core
 * and host. CPU time is that of core and host, and of this program as `client`.
 */
#define _GNU_SOURCE /* clock_gettime */
#include <dirent.h>
#include <mesibo-modules.h>
#include <string.h>
#include <sys/resource.h>

#include "sample.h"

enum { KEPT = 4000000, PROCESSES = 16, OUTCOMES = 256 };

static struct {
	float *took;
	size_t count;
	double from, until, began_at, ended_at;
	double cpu[PROCESSES], client;
	int processes;
	char **pids;
} meter;

/* Microseconds of CPU that all threads of a process have used, to the nanosecond. */
static double cpu_micros(const char *pid)
{
	char path[300];
	double sum = 0;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	DIR *threads = opendir(path);

	if (!threads) return 0;
	for (const struct dirent *thread; (thread = readdir(threads));) {
		snprintf(path, sizeof(path), "/proc/%s/task/%s/schedstat", pid, thread->d_name);
		FILE *file = thread->d_name[0] == '.' ? NULL : fopen(path, "r");
		double nanos = 0;

		if (file && fscanf(file, "%lf", &nanos) == 1) sum += nanos / 1000;
		if (file) fclose(file);
	}
	closedir(threads);
	return sum;
}

/* Adds, or with a sign of -1 subtracts, what was used so far. */
static void read_cpu(int sign)
{
	for (int i = 0; i < meter.processes; i++) meter.cpu[i] += sign * cpu_micros(meter.pids[i]);
	meter.client += sign * cpu_micros("self");
}

/* Notes a round trip that is over now. */
static void note(double began, double now)
{
	if (now < meter.from || now >= meter.until) return;
	if (meter.count == 0) {
		meter.began_at = now;
		read_cpu(-1);
	}
	if (meter.count < KEPT) meter.took[meter.count] = (float)(now - began);
	meter.count++;
	meter.ended_at = now;
}

static int by_size(const void *left, const void *right)
{
	const float a = *(const float *)left, b = *(const float *)right;

	return (a > b) - (a < b);
}

static void tell(void)
{
	const double count = (double)meter.count;
	const size_t kept = meter.count < KEPT ? meter.count : KEPT;
	double hosts = 0;

	if (meter.count < 2) exit(1);
	read_cpu(1);
	for (int i = 1; i < meter.processes; i++) hosts += meter.cpu[i];
	qsort(meter.took, kept, sizeof(*meter.took), by_size);
	printf("{\"rate\":%.0f,\"p50\":%.2f,\"p99\":%.2f,\"core\":%.3f,\"host\":%.3f,\"client\":%.3f}\n",
	       count / (meter.ended_at - meter.began_at) * 1e6, (double)meter.took[kept / 2],
	       (double)meter.took[kept * 99 / 100], meter.cpu[0] / count, hosts / count, meter.client / count);
}

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
	meter.took = must_allocate(KEPT * sizeof(*meter.took));
	meter.pids = args + 8;
	meter.processes = count <= 8 ? 0 : count - 8 < PROCESSES ? count - 8 : PROCESSES;
	meter.from = now_micros() + load.warm_micros;
	meter.until = meter.from + load.measure_micros;
	if (is_blocking)
		call_one_by_one(client, &params, payload, load.bytes);
	else
		keep_in_flight(client, load.window, &params, payload, load.bytes);
	tell();
	return 0;
}
