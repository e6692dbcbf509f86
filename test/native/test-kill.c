/*
 * A process that is killed while its threads write: committed records are found, whole and in order, by stepping over the others. The rule
 * is that of src/wire/records.ts.
 */
#include "entries.h"
#include "fake.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 320 * KIB, LARGEST = KIB, WRITERS = 3, KILLS = 50 / (EFFORT > 5 ? 5 : EFFORT) };
enum { LONGEST = sizeof(struct mm_record) + 40 + LARGEST };

static void *write_for_ever(void *data)
{
    const uint32_t number = *(const uint32_t *)data;
    uint32_t random = number + 1;
    for (uint64_t count = 0;;) {
        uint32_t length = next_random(&random) % LARGEST;
        uint64_t position;
        char text[8 + LARGEST];
        memcpy(text, &count, sizeof count);
        fill_pattern(text + 8, length, number + count);
        struct mm_record *record = mm_reserve(mm_log_entry_bytes(number, 8 + length, 0), &position);
        if (record == NULL)
            continue;
        mm_write_log((uint8_t *)(record + 1), number, text, 8 + length, 0);
        mm_commit(record, position);
        count++;
    }
    return NULL;
}

_Noreturn static void write_until_killed(int fd)
{
    static const uint32_t numbers[WRITERS] = {0, 1, 2};
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGKILL), 0); /* also when a check fails in the process that kills */
    CHECK_EQ(mm_open_box(fd), 0);
    mm_set_max_message(LARGEST);
    for (int i = 0; i < WRITERS; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, write_for_ever, (void *)(uintptr_t)&numbers[i]), 0);
    }
    for (;;)
        take();
}

static uint64_t next_count[WRITERS];
static int seen[WRITERS];

static void check_whole(const struct mm_record *record)
{
    const struct entry entry = read_entry(record);
    CHECK_EQ(entry.kind, LOG);
    CHECK(entry.level < WRITERS && entry.payload_length >= 8);
    uint64_t count;
    memcpy(&count, entry.payload, sizeof count);
    if (seen[entry.level])
        CHECK_EQ(count, next_count[entry.level]); /* none was lost in between */
    seen[entry.level] = 1;
    next_count[entry.level] = count + 1;
    CHECK(is_pattern(entry.payload + 8, entry.payload_length - 8, entry.level + count));
}

/* Goes through what stood in the ring; returns the bytes stepped over. */
static uint64_t read_ring(const uint8_t *bytes, uint64_t begin, uint64_t end)
{
    uint64_t skipped = 0;
    memset(seen, 0, sizeof seen);
    for (uint64_t at = begin; at + sizeof(struct mm_record) <= end;) {
        const struct mm_record *record = (const struct mm_record *)(bytes + (at - begin));
        if (record->commit == (at ^ MM_RECORD_MAGIC) && record->size % 8 == 0 && record->size >= sizeof *record &&
            record->size <= end - at) {
            check_whole(record);
            at += record->size;
        } else {
            skipped += 8;
            at += 8;
        }
    }
    return skipped;
}

/* Kills the writers somewhere behind `moment` bytes of records; returns the bytes found in their box. */
static uint64_t kill_writers_after(uint64_t moment)
{
    static _Alignas(8) uint8_t copy[RING];
    int fd = box_file(RING), status;
    uint8_t *map = mmap(NULL, MM_RING_OFFSET + RING, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    volatile struct mm_box *box = (volatile struct mm_box *)map;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        write_until_killed(fd);
    while (__atomic_load_n(&box->head, __ATOMIC_RELAXED) < moment)
        CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(fd);

    uint64_t tail = box->tail, length = box->head - tail;
    CHECK(length <= RING);
    for (uint64_t i = 0; i < length; i++)
        copy[i] = map[MM_RING_OFFSET + (tail + i) % RING];
    CHECK(read_ring(copy, tail, tail + length) <= WRITERS * ((LONGEST + 7) & ~7u));
    CHECK_EQ(munmap(map, MM_RING_OFFSET + RING), 0);
    return length;
}

static void what_was_committed_is_found_whole(void)
{
    uint32_t random = 20;
    uint64_t found = 0;
    for (int i = 0; i < KILLS; i++)
        found += kill_writers_after(1 + next_random(&random) % (8 * RING));
    CHECK(found > 0);
}

const struct test kill_tests[] = {
    ONCE("kill", what_was_committed_is_found_whole),
    END,
};
