/* The environment of a process that was started before its module was known. */
#include "shim.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/*
 * What exec laid out, behind the arguments: pointers to variables, NULL, and the auxiliary vector. Runtimes that do not use the
 * C library, such as Go's, look for their environment there.
 */
static char **block;
static size_t slots;
/* The texts of variables that only make room and may be overwritten; NULL: there are none. */
static char *room;
static size_t room_size;

static const char filler[] = "MESIBO_ROOM";

/* The last argument, which says whose process this is. NULL: there is none. See src/supervisor/runner/local/spawn.ts. */
static char *label;
static size_t label_room;
static const char unlabelled[] = "spare ";

/* Before anybody changes a variable, because that changes the block too. */
__attribute__((constructor)) static void find_block(int argc, char **argv)
{
    if (argc > 1 && strncmp(argv[argc - 1], unlabelled, sizeof unlabelled - 1) == 0) {
        label = argv[argc - 1];
        label_room = strlen(label);
    }
    block = argv + argc + 1;
    while (block[slots] != NULL) {
        if (room == NULL && strncmp(block[slots], filler, sizeof filler - 1) == 0)
            room = block[slots];
        slots++;
    }
    /* The kernel lays the texts out in their order. */
    if (room != NULL)
        room_size = (size_t)(block[slots - 1] - room) + strlen(block[slots - 1]) + 1;
}

static size_t size_of_vector(const ElfW(auxv_t) *vector)
{
    size_t count = 0;
    while (vector[count].a_type != AT_NULL)
        count++;
    return (count + 1) * sizeof *vector;
}

/*
 * Rewrites the block. The vector is copied behind the variables, where runtimes look for it. The C library continues to use the
 * first one. -1: there is no room.
 */
static int fill_block(char *texts, size_t length, uint32_t count)
{
    const void *vector = block + slots + 1;
    const size_t vector_size = size_of_vector(vector);
    if (room == NULL || length > room_size || (count + 1) * sizeof *block + vector_size > (slots + 1) * sizeof *block)
        return -1;
    memset(block, 0, (slots + 1) * sizeof *block);
    char *at = memcpy(room, texts, length);
    memset(room + length, 0, room_size - length);
    for (uint32_t i = 0; i < count; i++, at += strlen(at) + 1)
        block[i] = at;
    memcpy(block + count + 1, vector, vector_size);
    return 0;
}

/*
 * Replaces the environment of this process by `count` variables. Each is NAME=VALUE with a NUL, one behind the other. Returns
 * 0; 1 if the C library has them but the block that exec made does not; or a negative errno.
 */
MM_EXPORT int32_t mm_set_environment(const uint8_t *packed, uint32_t length, uint32_t count)
{
    /* It stays as long as the process. */
    char *texts = malloc(length > 0 ? length : 1);
    if (texts == NULL)
        return -ENOMEM;
    memcpy(texts, packed, length);
    /* From now on the C library must not use the block as its environment: it would change it. */
    clearenv();
    const int failed = fill_block(texts, length, count);
    char *at = texts;
    for (uint32_t i = 0; i < count; i++, at += strlen(at) + 1)
        if (putenv(at) != 0)
            return -ENOMEM;
    return failed ? 1 : 0;
}

/*
 * Says in the last argument and in the name of the process whose it is: for ps, pgrep -f and top. All else that a module finds of
 * itself, such as program_invocation_name, stays.
 */
MM_EXPORT void mm_label(const char *module, uint32_t generation)
{
    char name[16];
    snprintf(name, sizeof name, "mm:%s", module);
    prctl(PR_SET_NAME, name);
    if (label == NULL)
        return;
    memset(label, 0, label_room);
    snprintf(label, label_room, "%s/%u", module, generation);
}
