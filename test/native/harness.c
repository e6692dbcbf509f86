#include "harness.h"
#include "entries.h"
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const struct fake_abi *abi;

static _Alignas(8) uint8_t taken[16 * MIB];
static uint32_t taken_bytes, taken_at;
/* More than any record here takes. At the end of each test the sanitizer searches all of this for pointers, so it is no larger. */
enum { FRAME_MAX = 2 * MIB };

void leave(int code)
{
    fflush(NULL);
    _exit(code);
}

void check_that(int holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    leave(1);
}

void check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, int line)
{
    if (actual == expected)
        return;
    fprintf(stderr, "%s:%d: %s is %ld (%#lx), expected %ld (%#lx)\n", file, line, what, (long)actual,
            (unsigned long)actual, (long)expected, (unsigned long)expected);
    leave(1);
}

void check_bytes(const void *actual, size_t actual_length, const void *expected, size_t expected_length,
                 const char *what, const char *file, int line)
{
    const uint8_t *a = actual, *e = expected;
    if (actual_length != expected_length)
        fprintf(stderr, "%s:%d: %s has %zu bytes, expected %zu\n", file, line, what, actual_length, expected_length);
    size_t common = actual_length < expected_length ? actual_length : expected_length;
    for (size_t i = 0; i < common; i++)
        if (a[i] != e[i]) {
            fprintf(stderr, "%s:%d: byte %zu of %s is %#x, expected %#x\n", file, line, i, what, a[i], e[i]);
            leave(1);
        }
    if (actual_length != expected_length)
        leave(1);
}

void check_text(const char *actual, const char *expected, const char *what, const char *file, int line)
{
    if (actual != NULL && strcmp(actual, expected) == 0)
        return;
    fprintf(stderr, "%s:%d: %s is \"%.200s\", expected \"%.200s\"\n", file, line, what, actual ? actual : "(NULL)",
            expected);
    leave(1);
}

int box_file(uint64_t ring_size)
{
    int fd = memfd_create("box", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_EQ(ftruncate(fd, (off_t)(MM_RING_OFFSET + 2 * ring_size)), 0);
    struct mm_box header = {.version = MM_BOX_VERSION, .generation = 1, .ring_size = ring_size};
    memcpy(&header.magic, "MBLKBOX1", 8);
    CHECK_EQ(pwrite(fd, &header, sizeof header, 0), sizeof header);
    return fd;
}

void box_open(uint64_t ring_size, uint32_t max_message)
{
    CHECK_EQ(mm_open_box(box_file(ring_size)), 0);
    mm_set_max_message(max_message);
    CHECK_EQ(mm_set_abi((const uint8_t *)abi->layout, FAKE_LAYOUT_BYTES), 0);
}

void start(uint64_t ring_size, uint32_t max_message, uint32_t callbacks)
{
    box_open(ring_size, max_message);
    fake_callbacks = callbacks;
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    mm_set_phase(MM_SERVING);
}

static uint32_t read_length(const uint8_t **at)
{
    uint32_t length = 0, shift = 0;
    for (; **at >= 0x80; shift += 7)
        length |= (uint32_t)(*(*at)++ & 0x7f) << shift;
    return length | (uint32_t)*(*at)++ << shift;
}

struct report read_report(const uint8_t *frame, uint32_t length)
{
    struct report report = {0};
    uint64_t *const counts[8] = {[2] = &report.position,     [3] = &report.dropped_logs, [4] = &report.limited_logs,
                                 [5] = &report.refused_sends, [6] = &report.start};
    const uint8_t *at = frame, *end = frame + length;
    CHECK(length > 2 && *at++ == (4 << 3 | 2));
    const uint32_t inner = read_length(&at);
    CHECK_EQ(inner, (uint32_t)(end - at));
    while (at < end) {
        const uint8_t tag = *at++;
        if (tag == (7 << 3 | 2)) {
            report.length = read_length(&at);
            report.ring = at;
            at += report.length;
        } else {
            CHECK((tag & 7) == 1 && tag >> 3 < 8 && counts[tag >> 3] != NULL);
            memcpy(counts[tag >> 3], at, 8);
            at += 8;
        }
    }
    CHECK(at == end);
    CHECK(report.position >= report.start + report.length);
    return report;
}

struct report drain(uint32_t capacity)
{
    static uint8_t frame[FRAME_MAX];
    static _Alignas(8) uint8_t ring[FRAME_MAX];
    static uint64_t last;
    CHECK(capacity <= sizeof frame);
    const int32_t length = mm_drain(frame, capacity);
    CHECK(length >= 0 && (uint32_t)length <= capacity);
    struct report report = {.start = last, .position = last};
    if (length > 0)
        report = read_report(frame, (uint32_t)length);
    if (report.length > 0)
        report.ring = memcpy(ring, report.ring, report.length); /* aligned, as in the ring */
    CHECK(report.start >= last && report.position >= last);
    CHECK_EQ(report.position > last, length > 0);
    last = report.position;
    return report;
}

uint32_t take(void)
{
    struct report report = {0};
    taken_bytes = taken_at = 0;
    for (uint64_t before = mm_box->tail; (report = drain(FRAME_MAX)).position != before; before = report.position) {
        CHECK(report.length <= sizeof taken - taken_bytes);
        if (report.length > 0)
            memcpy(taken + taken_bytes, report.ring, report.length);
        taken_bytes += report.length;
    }
    mm_acknowledge(report.position);
    return taken_bytes;
}

const struct mm_record *next_record(void)
{
    if (taken_at == taken_bytes)
        return NULL;
    const struct mm_record *record = (const struct mm_record *)(taken + taken_at);
    CHECK(record->size >= sizeof *record && record->size % 8 == 0 && record->size <= taken_bytes - taken_at);
    taken_at += record->size;
    return record;
}

const char *next_line(uint32_t *level)
{
    static char text[MM_LOG_MAX + 2];
    const struct entry *entry = next_entry();
    CHECK(entry != NULL);
    CHECK_EQ(entry->kind, LOG);
    CHECK(entry->payload_length < sizeof text);
    memcpy(text, entry->payload, entry->payload_length);
    text[entry->payload_length] = 0;
    if (level != NULL)
        *level = entry->level;
    return text;
}

void take_nothing(void) { CHECK_EQ(take(), 0); }

void fill_pattern(char *out, size_t length, uint64_t seed)
{
    uint32_t letter = (uint32_t)(seed % 26);
    for (size_t i = 0; i < length; i++) {
        out[i] = (char)('a' + letter);
        letter = letter == 25 ? 0 : letter + 1;
    }
}

int is_pattern(const void *bytes, size_t length, uint64_t seed)
{
    const char *text = bytes;
    uint32_t letter = (uint32_t)(seed % 26);
    for (size_t i = 0; i < length; i++) {
        if (text[i] != (char)('a' + letter))
            return 0;
        letter = letter == 25 ? 0 : letter + 1;
    }
    return 1;
}

uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}
