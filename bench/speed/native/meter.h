/* Measures round trips, one by one, and the CPU time of the processes that take part. */
#ifndef METER_H
#define METER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"

enum { KEPT = 4000000, PROCESSES = 16 };

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

/* Begins the measurement of the load now. The processes are core and hosts; this one is counted as `client`. */
static void begin(const load_t *load, char **pids, int processes)
{
	meter.took = must_allocate(KEPT * sizeof(*meter.took));
	meter.pids = pids;
	meter.processes = processes <= 0 ? 0 : processes < PROCESSES ? processes : PROCESSES;
	meter.from = now_micros() + load->warm_micros;
	meter.until = meter.from + load->measure_micros;
}

#endif
