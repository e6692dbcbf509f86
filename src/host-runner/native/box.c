/* The black box: mapping it, reserving and committing records, waking the draining side. */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct mm_box *mm_box;
uint32_t mm_max_message;
__thread int mm_quiet;

static uint8_t *ring;       /* mapped twice in a row, so that no record is ever split */
uint64_t mm_ring_size;      /* our own copies: what stands in the box may be overwritten by the module */
const uint8_t *mm_payloads;
static uint64_t headroom;   /* what a result may need */
static int wake_pipe[2] = {-1, -1};
/* In a page that a fork wipes: a child of the module must not write into the box of its parent. */
static volatile uint32_t *is_owner;

uint64_t mm_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int map_ring(int fd, uint64_t size)
{
    uint8_t *base = mmap(NULL, MM_RING_OFFSET + 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return -errno;
    const int protection = PROT_READ | PROT_WRITE;
    if (mmap(base, MM_RING_OFFSET + size, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
        return -errno;
    if (mmap(base + MM_RING_OFFSET + size, size, protection, MAP_SHARED | MAP_FIXED, fd, MM_RING_OFFSET) == MAP_FAILED)
        return -errno;
    mm_box = (struct mm_box *)base;
    ring = base + MM_RING_OFFSET;
    return 0;
}

static int map_payloads(int fd, uint64_t size)
{
    void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)(MM_RING_OFFSET + size));
    if (base == MAP_FAILED)
        return -errno;
    mm_payloads = base;
    return 0;
}

static int own_page(void)
{
    void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || madvise(page, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK) != 0)
        return -errno;
    is_owner = page;
    *is_owner = 1;
    return 0;
}

/* Maps the box behind `fd` and makes the wake pipe; 0, or a negative errno. */
MM_EXPORT int32_t mm_open_box(int32_t fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return -errno;
    if (info.st_size <= (off_t)MM_RING_OFFSET)
        return -EINVAL;
    mm_ring_size = ((uint64_t)info.st_size - MM_RING_OFFSET) / 2;
    int failed = map_ring(fd, mm_ring_size);
    if (failed)
        return failed;
    if (mm_box->magic != MM_BOX_MAGIC || mm_box->version != MM_BOX_VERSION || mm_box->ring_size != mm_ring_size)
        return -EPROTO;
    failed = map_payloads(fd, mm_ring_size);
    if (failed)
        return failed;
    failed = own_page();
    if (failed)
        return failed;
    if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        return -errno;
    close(fd);
    return 0;
}

/* The largest payload of a message; it decides how much room is kept for a result. */
MM_EXPORT void mm_set_max_message(uint32_t bytes)
{
    mm_max_message = bytes;
    headroom = MM_RESULT_ROOM + bytes + 2ull * MM_ADDRESS_MAX;
}

/* The read end of the pipe that gets a byte when there is something to drain. */
MM_EXPORT int32_t mm_wake_fd(void) { return wake_pipe[0]; }

/* To be called before draining on a wake byte, so that later records wake again. */
MM_EXPORT void mm_clear_wake(void)
{
    /* An exchange, not a store: it makes visible what was committed before a writer found the flag set. */
    __atomic_exchange_n(&mm_box->wake, 0, __ATOMIC_SEQ_CST);
}

/*
 * A sign of life of the main thread's loop. When a module has closed every descriptor, the loop would abort the process in
 * its next round. So the thread stops here. The core's connection is closed too: the core ends the process and says why.
 */
MM_EXPORT void mm_beat(void)
{
    __atomic_add_fetch(&mm_box->beats, 1, __ATOMIC_RELAXED);
    mm_cover_threads();
    while (fcntl(wake_pipe[0], F_GETFD) < 0 && fcntl(wake_pipe[1], F_GETFD) < 0) pause();
}

MM_EXPORT void mm_set_phase(uint32_t phase) { __atomic_store_n(&mm_box->phase, phase, __ATOMIC_RELEASE); }

void mm_begin(uint64_t now, uint32_t event, uint32_t cause_event, uint64_t cause_id)
{
    mm_box->current_start = now;
    __atomic_store_n(&mm_box->cause_event, cause_event, __ATOMIC_RELAXED);
    __atomic_store_n(&mm_box->cause_id, cause_id, __ATOMIC_RELAXED);
    __atomic_store_n(&mm_box->current_event, event, __ATOMIC_RELEASE);
}

void mm_finish(void) { __atomic_store_n(&mm_box->current_event, 0, __ATOMIC_RELEASE); }

int mm_has_room(void)
{
    return __atomic_load_n(&mm_box->head, __ATOMIC_ACQUIRE) + headroom -
               __atomic_load_n(&mm_box->tail, __ATOMIC_ACQUIRE) <= mm_ring_size;
}

int mm_may_write(void) { return is_owner != NULL && *is_owner; }

void *mm_record_at(uint64_t position) { return ring + position % mm_ring_size; }

/* An Entry of `length` bytes; `limit` is the part of the ring that may be in use with it. */
static struct mm_record *reserve(uint32_t length, uint64_t limit, uint64_t *position)
{
    if (!mm_may_write())
        return NULL;
    const uint32_t size = (uint32_t)(sizeof(struct mm_record) + length + 7) & ~7u;
    uint64_t head = __atomic_load_n(&mm_box->head, __ATOMIC_RELAXED);
    do {
        uint64_t tail = __atomic_load_n(&mm_box->tail, __ATOMIC_ACQUIRE);
        /* Signed: an old head may be behind the tail. The ring is not full then; the exchange fails, and is tried again. */
        if (size > limit || (int64_t)(head + size - tail) > (int64_t)limit)
            return NULL;
    } while (!__atomic_compare_exchange_n(&mm_box->head, &head, head + size, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    struct mm_record *record = mm_record_at(head);
    record->size = size;
    record->length = length;
    if (length > 0)
        memset((uint8_t *)record + size - 8, 0, 8); /* what the Entry leaves of it */
    *position = head;
    return record;
}

struct mm_record *mm_reserve(uint32_t length, uint64_t *position)
{
    return reserve(length, mm_ring_size > headroom ? mm_ring_size - headroom : 0, position);
}

struct mm_record *mm_reserve_log(uint32_t length, uint64_t *position)
{
    return reserve(length, mm_ring_size > headroom ? (mm_ring_size - headroom) / 2 : 0, position);
}

struct mm_record *mm_reserve_result(uint32_t length, uint64_t *position)
{
    return reserve(length, mm_ring_size, position);
}

int mm_sends_are_closed(void) { return __atomic_load_n(&mm_box->sends_closed, __ATOMIC_RELAXED) != 0; }

void mm_commit(struct mm_record *record, uint64_t position)
{
    __atomic_store_n(&record->commit, position ^ MM_RECORD_MAGIC, __ATOMIC_RELEASE);
    if (!mm_quiet)
        mm_wake();
}

void mm_wake(void)
{
    if (__atomic_exchange_n(&mm_box->wake, 1, __ATOMIC_SEQ_CST) != 0)
        return;
    /* A full pipe has a byte in it already, which is all that is wanted. */
    int saved = errno;
    ssize_t written = write(wake_pipe[1], "", 1);
    (void)written;
    errno = saved;
}

/* The layout as the compiler sees it, for the test that holds it against src/wire/black-box.ts. */
MM_EXPORT uint32_t mm_layout(uint32_t *out, uint32_t capacity)
{
    const uint32_t layout[] = {
        MM_BOX_VERSION,
        MM_RING_OFFSET,
        offsetof(struct mm_box, generation),
        offsetof(struct mm_box, ring_size),
        offsetof(struct mm_box, head),
        offsetof(struct mm_box, tail),
        offsetof(struct mm_box, dropped_logs),
        offsetof(struct mm_box, refused_sends),
        offsetof(struct mm_box, phase),
        offsetof(struct mm_box, current_seq),
        offsetof(struct mm_box, current_start),
        offsetof(struct mm_box, current_event),
        offsetof(struct mm_box, exit_called),
        offsetof(struct mm_box, exit_code),
        offsetof(struct mm_box, taken),
        offsetof(struct mm_box, taken_sends),
        offsetof(struct mm_box, cause_event),
        offsetof(struct mm_box, cause_id),
        offsetof(struct mm_box, end_asked),
        offsetof(struct mm_box, signal_from),
        offsetof(struct mm_box, beats),
        offsetof(struct mm_box, sends_closed),
        offsetof(struct mm_box, open_requests),
        offsetof(struct mm_box, refused_http),
        sizeof(struct mm_box),
        sizeof(struct mm_record),
        MM_CRASH_OFFSET,
        offsetof(struct mm_crash, state),
        offsetof(struct mm_crash, signal),
        offsetof(struct mm_crash, code),
        offsetof(struct mm_crash, sender),
        offsetof(struct mm_crash, address),
        offsetof(struct mm_crash, pc),
        offsetof(struct mm_crash, sp),
        offsetof(struct mm_crash, return_address),
        offsetof(struct mm_crash, thread),
        offsetof(struct mm_crash, flags),
        offsetof(struct mm_crash, thread_name),
        offsetof(struct mm_crash, frame_count),
        offsetof(struct mm_crash, object_count),
        offsetof(struct mm_crash, frames),
        MM_CRASH_FRAMES,
        offsetof(struct mm_crash, objects),
        MM_CRASH_OBJECTS,
        sizeof(struct mm_crash_object),
        sizeof(struct mm_crash),
        offsetof(struct mm_crash_object, start),
        offsetof(struct mm_crash_object, end),
        offsetof(struct mm_crash_object, base),
        offsetof(struct mm_crash_object, build_id_length),
        offsetof(struct mm_crash_object, build_id),
        MM_BUILD_ID,
        offsetof(struct mm_crash_object, path),
        MM_CRASH_PATH,
        offsetof(struct mm_crash_object, flags),
    };
    const uint32_t count = sizeof layout / sizeof layout[0];
    if (count <= capacity)
        memcpy(out, layout, sizeof layout);
    return count;
}
