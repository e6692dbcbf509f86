/* What goes to the core: committed records as they are in the ring, in frames of the protocol; and how much of it the core has
 * taken over.
 */
#include "shim.h"

#include <string.h>

enum { FRAME_REPORT = 4 };
enum report_field { REPORT_POSITION = 2, REPORT_DROPPED = 3, REPORT_LIMITED = 4, REPORT_REFUSED = 5, REPORT_START = 6, REPORT_RING = 7 };
/* Of a frame beside its records. */
enum { FRAME_HEAD_MAX = 64 };

static uint64_t drained;
static uint64_t limited_logs;

/* ---- log_rate: so many lines in each second, which begins with the first of them ---- */

static struct {
    uint32_t per_second; /* 0: all */
    uint32_t passed;
    uint64_t began;
} gate;

MM_EXPORT void mm_set_log_rate(uint32_t lines_per_second) { gate.per_second = lines_per_second; }

/* Whether one more line may pass; one that may is counted. */
static int admits(uint64_t now)
{
    if (gate.per_second == 0)
        return 1;
    if (gate.began == 0 || now - gate.began >= UINT64_C(1000000000)) {
        gate.began = now;
        gate.passed = 0;
    }
    if (gate.passed >= gate.per_second)
        return 0;
    gate.passed++;
    return 1;
}

/* ---- which records travel next ---- */

/*
 * Lines beyond log_rate are written to the box like all others, so that the last lines before a crash are there. They are
 * sorted out here: a short run of them travels as one void record. A long run ends the segment.
 */
enum { GAPS = 32, GAP_MAX = 4096 };
struct gap {
    uint64_t from, to;
};

struct segment {
    uint64_t start, end;
    struct gap gaps[GAPS];
    uint32_t gap_count;
    uint32_t needed; /* non-zero: the next record alone takes more than the buffer has */
};

/* The size of the record at `drained`, which is read once; 0: another thread is still writing it. */
static uint32_t next_size(uint64_t head)
{
    const volatile struct mm_record *record = mm_record_at(drained);
    if (__atomic_load_n(&record->commit, __ATOMIC_ACQUIRE) != (drained ^ MM_RECORD_MAGIC))
        return 0;
    const uint32_t size = record->size;
    if (size < sizeof *record || size % 8 != 0 || size > head - drained)
        mm_give_up("the black box");
    return size;
}

static int is_line(uint64_t position)
{
    const struct mm_record *record = mm_record_at(position);
    return record->length > 0 && *(const uint8_t *)(record + 1) == mm_line_tag;
}

/* Whether the segment may continue after the lines that were left out since its end. */
static int bridges(struct segment *segment)
{
    if (segment->end == drained)
        return 1;
    if (segment->end == segment->start) { /* nothing is in it yet */
        segment->start = segment->end = drained;
        return 1;
    }
    return segment->gap_count < GAPS && drained - segment->end <= GAP_MAX;
}

static void add(struct segment *segment, uint32_t size)
{
    if (segment->end != drained)
        segment->gaps[segment->gap_count++] = (struct gap){segment->end, drained};
    segment->end = drained + size;
}

/* Finds the committed records that fit into `room`, in order; stops before one that another thread is still writing. */
static void find_segment(struct segment *segment, uint32_t room)
{
    const uint64_t head = __atomic_load_n(&mm_box->head, __ATOMIC_ACQUIRE);
    uint32_t size;
    uint64_t now = 0;
    if (head - drained > mm_ring_size)
        mm_give_up("the black box");
    segment->start = segment->end = drained;
    segment->gap_count = segment->needed = 0;
    while (drained != head && (size = next_size(head)) != 0) {
        if (!bridges(segment))
            break;
        if (drained + size - segment->start > room) {
            if (segment->end == segment->start)
                segment->needed = size;
            break;
        }
        if (gate.per_second != 0 && is_line(drained)) {
            now = now != 0 ? now : mm_now();
            if (!admits(now)) {
                limited_logs++;
                drained += size;
                continue;
            }
        }
        add(segment, size);
        drained += size;
    }
}

static void make_void(uint8_t *at, uint64_t position, uint32_t size)
{
    const struct mm_record record = {position ^ MM_RECORD_MAGIC, size, 0};
    memset(at, 0, size);
    memcpy(at, &record, sizeof record);
}

/* ---- frames ---- */

static uint32_t count_bytes(uint64_t count) { return count != 0 ? 9 : 0; }

static uint8_t *put_count(uint8_t *at, uint32_t field, uint64_t count)
{
    return count != 0 ? mm_put_fixed64(at, field, count) : at;
}

static uint32_t write_frame(uint8_t *out, const struct segment *segment)
{
    const uint32_t length = (uint32_t)(segment->end - segment->start);
    const uint64_t dropped = mm_dropped_logs(), refused = mm_refused_sends();
    const uint32_t report = 9 + 9 + count_bytes(dropped) + count_bytes(limited_logs) + count_bytes(refused) +
                            (length > 0 ? mm_field_bytes(length) : 0);
    uint8_t *at = mm_put_length(out, FRAME_REPORT, report);
    at = mm_put_fixed64(at, REPORT_POSITION, drained);
    at = put_count(at, REPORT_DROPPED, dropped);
    at = put_count(at, REPORT_LIMITED, limited_logs);
    at = put_count(at, REPORT_REFUSED, refused);
    at = mm_put_fixed64(at, REPORT_START, segment->start);
    if (length == 0)
        return (uint32_t)(at - out);
    at = mm_put_length(at, REPORT_RING, length);
    memcpy(at, mm_record_at(segment->start), length);
    for (uint32_t i = 0; i < segment->gap_count; i++) {
        const struct gap *gap = &segment->gaps[i];
        make_void(at + (gap->from - segment->start), gap->from, (uint32_t)(gap->to - gap->from));
    }
    return (uint32_t)(at + length - out);
}

/*
 * Writes the next HostFrame, a Report, to `out`; it takes at most `capacity` bytes. Returns its length; 0: there is nothing
 * to report; or, negative, the capacity that the next record needs.
 */
MM_EXPORT int32_t mm_drain(uint8_t *out, uint32_t capacity)
{
    struct segment segment;
    const uint64_t before = drained;
    if (capacity < FRAME_HEAD_MAX)
        return -FRAME_HEAD_MAX;
    find_segment(&segment, capacity - FRAME_HEAD_MAX);
    if (drained != before)
        return (int32_t)write_frame(out, &segment);
    return -(int32_t)(segment.needed != 0 ? segment.needed + FRAME_HEAD_MAX : 0);
}

MM_EXPORT void mm_acknowledge(uint64_t position)
{
    if (position <= drained && position >= mm_box->tail)
        __atomic_store_n(&mm_box->tail, position, __ATOMIC_RELEASE);
}

MM_EXPORT uint64_t mm_refused_sends(void) { return __atomic_load_n(&mm_box->refused_sends, __ATOMIC_RELAXED); }

MM_EXPORT uint64_t mm_dropped_logs(void) { return __atomic_load_n(&mm_box->dropped_logs, __ATOMIC_RELAXED); }
