/* What the programs in C share: the arguments, the clock, and a sorted list's percentiles. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What a program is called with, as programs/arguments.ts has it: WINDOW BYTES MODULES WARM_MS MEASURE_MS. */
typedef struct {
	size_t window, bytes;
	double warm_micros, measure_micros;
} load_t;

static inline load_t read_load(int count, char **args)
{
	if (count < 6) {
		fprintf(stderr, "usage: %s WINDOW BYTES MODULES WARM_MS MEASURE_MS\n", args[0]);
		exit(2);
	}
	return (load_t){ .window = strtoul(args[1], NULL, 10),
			 .bytes = strtoul(args[2], NULL, 10),
			 .warm_micros = atof(args[4]) * 1000,
			 .measure_micros = atof(args[5]) * 1000 };
}

static inline double now_micros(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline void *must_allocate(size_t bytes)
{
	void *room = calloc(1, bytes);

	if (room) return room;
	perror("no memory");
	exit(1);
}

#endif
