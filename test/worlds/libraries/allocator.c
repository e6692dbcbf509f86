/*
 * A library that brings a malloc and free of its own, such as tcmalloc: what one allocates the other must be able to free.
 * Built with tcmalloc and with jemalloc.
 */
#include "../world.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

static void show_mixed(void)
{
	char *text = realloc(strdup("duplicated by the C library"), 200);
	strcat(text, ", grown by the module");
	say("%s, room %d", text, malloc_usable_size(text) >= 200);
	free(text);
	char *line = NULL;
	if (asprintf(&line, "printed %d", 7) > 0)
		say("%s", line);
	free(line);
	void *aligned = NULL;
	say("aligned %d", posix_memalign(&aligned, 64, 100));
	free(aligned);
	char *path = realpath("/", NULL);
	say("realpath %s", path);
	free(path);
}

static void *allocate(void *data)
{
	void *blocks[100];
	for (size_t i = 0; i < 100; i++)
		blocks[i] = calloc(1, i * 100 + 1);
	for (size_t i = 0; i < 100; i += 2)
		free(blocks[i]);
	for (size_t i = 1; i < 100; i += 2)
		free(realloc(blocks[i], 10));
	return data;
}

static void show_threads(void)
{
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, allocate, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	say("allocated in threads");
}

WORLD({"mixed", show_mixed}, {"threads", show_threads})
