/* Lines that a module logs: every conversion, every length, and a ring without room for them. */
#include "calls.h"
#include "fake.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

int64_t mesibo_vlog(void *module, uint64_t level, const char *format, va_list arguments);

/* Whether the shim's line is what printf would have printed. */
#define SAME_AS_PRINTF(...)                                                                                            \
    do {                                                                                                               \
        char expected[1024];                                                                                           \
        snprintf(expected, sizeof expected, __VA_ARGS__);                                                              \
        CHECK_EQ(mesibo_log(mm_module, 1, __VA_ARGS__), 0);                                                            \
        take();                                                                                                        \
        CHECK_TEXT(next_line(NULL), expected);                                                                         \
        CHECK(next_record() == NULL);                                                                                  \
    } while (0)

static void begin(void) { start(512 * KIB, KIB, 0); }

static void integers_of_every_width(void)
{
    begin();
    SAME_AS_PRINTF("%d %i %u %o %x %X %c %%", -1, -2, 3u, 8u, 0xabcu, 0xabcu, 'c');
    SAME_AS_PRINTF("%hhd %hd %ld %lld %jd %zd %td", -1, -2, -3L, -4LL, (intmax_t)-5, (ssize_t)-6, (ptrdiff_t)-7);
    SAME_AS_PRINTF("%hhu %hu %lu %llu %ju %zu", 255, 65535, UINT64_MAX, UINT64_MAX + 0ULL, UINTMAX_MAX, SIZE_MAX);
    SAME_AS_PRINTF("[%5d] [%-5d] [%05d] [%+d] [% d] [%#x] [%#o] [%*d] [%-*d] [%.3d]", 1, 2, 3, 4, 5, 6u, 7u,
                   8, 9, 8, 9, 10);
    SAME_AS_PRINTF("%d %d %d %d %d %d %d %d", 1, -2, 3, -4, 5, -6, 7, -8);
    SAME_AS_PRINTF("%2$d before %1$d", 1, 2);
    SAME_AS_PRINTF("%p %p %p", (void *)begin, NULL, (void *)UINTPTR_MAX);
}

static void floating_point(void)
{
    begin();
    SAME_AS_PRINTF("%5.2f %f %F %e %E %g %G %a %A", 3.14159, 1e10, -0.0, 1e-5, 1e5, 1e100, 1e-100, 0.1, 0.1);
    SAME_AS_PRINTF("%.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f %.1f", 1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 7.7, 8.8, 9.9);
    SAME_AS_PRINTF("%d %g %s %g %lu %g %c %g %d %g %d %g %d %g %d %g %d %g %g", 1, 1.5, "two", 2.5, 3ul, 3.5, '4', 4.5,
                   5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10.5);
    SAME_AS_PRINTF("%f %f %f %Lf %Lg", (double)INFINITY, -(double)INFINITY, (double)NAN, 1.25L, 1e4000L);
    SAME_AS_PRINTF("%*.*f|%-10.1f|%+.0f|%#.0f", 10, 3, 3.14159, 2.5, 3.5, 4.0);
}

static void strings(void)
{
    begin();
    SAME_AS_PRINTF("%s|%10s|%-10s|%.2s|%.*s|%*s|%-*.*s|", "abc", "right", "left",
                   "cut", 3, "no NUL here", 6, "wide", 8, 2, "xyz");
    SAME_AS_PRINTF("%.*s and %.0s.", -1, "all of it", "nothing");
    SAME_AS_PRINTF("%ls %lc", L"wide", (wint_t)'w');
    SAME_AS_PRINTF("line\nbreaks\r\n\tand \x01 controls \xff\xfe");
    errno = ENOENT;
    SAME_AS_PRINTF("%m");
    const char *no_nul = memcpy(malloc(3), "abc", 3);
    CHECK_EQ(mesibo_log(mm_module, 0, "%.*s", 3, no_nul), 0);
    take();
    CHECK_TEXT(next_line(NULL), "abc");
    free((void *)(uintptr_t)no_nul);
    const char *none = "";
    CHECK_EQ(mesibo_log(mm_module, 0, none), 0);
    take();
    CHECK_TEXT(next_line(NULL), "");
}

/* A format that printf cannot print is better logged raw than lost. */
static void a_format_that_fails_is_logged_itself(void)
{
    begin();
    const wchar_t broken[] = {0x7fffffff, 0};
    setlocale(LC_ALL, "C");
    CHECK_EQ(mesibo_log(mm_module, 0, "value: %ls", broken), 0);
    take();
    CHECK_TEXT(next_line(NULL), "value: %ls");
}

static void errno_is_left_alone(void)
{
    begin();
    errno = EXDEV;
    mesibo_log(mm_module, 0, "%3000d", 1);
    CHECK_EQ(errno, EXDEV);
}

static int64_t logged_by_list(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int64_t result = mesibo_vlog(mm_module, 7, format, arguments);
    va_end(arguments);
    return result;
}

static void no_format_is_refused(void)
{
    begin();
    CHECK_EQ(mesibo_log(mm_module, 0, NULL), -1);
    CHECK_EQ(mesibo_log(NULL, 0, "without a module"), 0);
    take();
    CHECK_TEXT(next_line(NULL), "without a module");
    CHECK(next_record() == NULL);
}

static void vlog_takes_a_list(void)
{
    uint32_t level;
    begin();
    CHECK_EQ(logged_by_list("%d %s %.1f", 1, "two", 3.0), 0);
    CHECK_EQ(logged_by_list("%2500d", 1), 0);
    CHECK_EQ(logged_by_list(NULL), -1);
    take();
    CHECK_TEXT(next_line(&level), "1 two 3.0");
    CHECK_EQ(level, 7);
    CHECK_EQ(strlen(next_line(NULL)), 2500);
    CHECK(next_record() == NULL);
}

/* Around the two buffers: one on the stack, one of a line's largest length. */
static void lines_of_every_length(void)
{
    static const uint32_t lengths[] = {0, 1, 2046, 2047, 2048, 2049, 4096, MM_LOG_MAX - 1, MM_LOG_MAX,
                                       MM_LOG_MAX + 1, MM_LOG_MAX + 2, 200000};
    static char text[200001];
    begin();
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memset(text, 0, sizeof text);
        fill_pattern(text, lengths[i], i);
        CHECK_EQ(mesibo_log(mm_module, 0, "%s", text), 0);
        take();
        text[MM_LOG_MAX + 1] = 0; /* one byte over the limit says that there was more */
        CHECK_TEXT(next_line(NULL), text);
        CHECK(next_record() == NULL);
    }
}

static void a_record_is_exact(void)
{
    begin();
    CHECK_EQ(mesibo_log(NULL, 3, "five%c", '5'), 0);
    take();
    struct bytes expected = {0};
    put_u64(&expected, UINT64_C(0x9e3779b97f4a7c15)); /* of position 0 */
    put_u32(&expected, 32);
    put_u32(&expected, 11);
    put_text(&expected, "\x1a\x09\x08\x03\x12\x05"
                        "five5",
             11);
    pad(&expected);
    const struct mm_record *record = next_record();
    CHECK(record != NULL);
    CHECK_BYTES(record, record->size, expected.data, expected.length);
    release(&expected);
}

/* Returns how many lines the core gets; `limited` becomes the count of those that it never gets. */
static uint32_t count_lines(uint64_t *limited)
{
    uint32_t lines = 0;
    for (struct report report; (report = drain(64 * KIB)).position != mm_box->tail; mm_acknowledge(report.position)) {
        *limited = report.limited_logs;
        for (uint32_t at = 0; at < report.length;) {
            const struct mm_record *record = (const struct mm_record *)(report.ring + at);
            CHECK_EQ(record->commit, (report.start + at) ^ UINT64_C(0x9e3779b97f4a7c15));
            lines += read_entry(record).kind == LOG;
            at += record->size;
        }
    }
    return lines;
}

static void so_many_lines_pass_in_a_second_that_begins_with_the_first(void)
{
    enum { RATE = 3 };
    uint64_t limited = 0;
    begin();
    mm_set_log_rate(RATE);
    usleep(300000 / EFFORT);
    for (int i = 0; i < 10; i++)
        mesibo_log(mm_module, 0, "line");
    const uint64_t began = mm_now();
    CHECK_EQ(count_lines(&limited), RATE);
    CHECK_EQ(limited, 10 - RATE);
    for (uint32_t passed = 0; passed == 0; usleep(10000)) {
        const uint64_t before = limited;
        mesibo_log(mm_module, 0, "one more");
        passed = count_lines(&limited);
        CHECK_EQ(limited, passed == 0 ? before + 1 : before);
        CHECK(passed == 0 || mm_now() - began >= UINT64_C(990000000));
    }
    CHECK_EQ(mm_dropped_logs(), 0);
}

/* Other records go on, whatever is between them: they stay in order, and each names its own position. */
static void lines_over_the_rate_leave_no_gap_that_cannot_be_read(void)
{
    uint64_t limited = 0, next_id = 0, logged = 0;
    uint32_t random = 5;
    static char text[4 * KIB];
    begin();
    memset(text, 'x', sizeof text - 1);
    mm_set_log_rate(1);
    mesibo_log(mm_module, 0, "the one that passes");
    CHECK_EQ(count_lines(&limited), 1);
    const uint64_t began = mm_now();
    for (int round = 0; round < 200 / EFFORT; round++) {
        uint64_t sent = 0;
        for (int i = 0; i < 60; i++) {
            const uint32_t kind = next_random(&random) % 4;
            const uint64_t params[17] = {[ID] = next_id + sent + 1, [15] = (uintptr_t) "b"};
            if (kind == 0) {
                CHECK_EQ(mesibo_message(NULL, (void *)(uintptr_t)params, "m", 1), 0);
                sent++;
            } else {
                mesibo_log(mm_module, 0, "%.*s", (int)(next_random(&random) % (kind == 1 ? 2000 : 30)), text);
                logged++;
            }
        }
        if (mm_now() - began > UINT64_C(900000000))
            break; /* the next second has come */
        take();
        for (const struct entry *entry; (entry = next_entry()) != NULL;) {
            CHECK(entry->kind == SENT || entry->kind == VOID_RECORD);
            if (entry->kind == SENT)
                CHECK_EQ(entry->scalars[ID], ++next_id);
            else
                CHECK(entry->during == 0);
        }
    }
    CHECK(next_id > 0 && logged > 0);
}

static void odd_arguments(void)
{
    uint32_t level;
    begin();
    CHECK_EQ(mesibo_log(mm_module, 0, NULL), -1);
    CHECK_EQ(mesibo_log(NULL, 0, "no module"), 0);
    CHECK_EQ(mesibo_log(mm_module, UINT64_C(0x100000000), "level"), 0);
    take();
    CHECK_TEXT(next_line(&level), "no module");
    CHECK_TEXT(next_line(&level), "level");
    CHECK_EQ(level, UINT32_MAX);
    CHECK(next_record() == NULL);
}

/* Lines take half of the ring at most; sends take what is left, and are refused when there is none. */
static void a_full_ring_drops_and_counts(void)
{
    begin();
    uint32_t kept = 0, sent = 0;
    for (; mm_dropped_logs() == 0; kept++)
        CHECK_EQ(mesibo_log(mm_module, 0, "%0100u", kept), 0);
    kept--;
    for (int i = 0; i < 9; i++)
        CHECK_EQ(mesibo_log(mm_module, 0, "%0100d", i), 0);
    CHECK_EQ(mm_dropped_logs(), 10);
    const uint64_t lines_end = mm_box->head;
    while (abi->send(0, "b", "a", "m", 1) == 0)
        sent++;
    CHECK_EQ(mm_box->refused_sends, 1);
    CHECK(mm_box->head - lines_end + 512 >= lines_end);
    struct parts call = {.event = MM_CALL, .seq = 5};
    CHECK_EQ(run_calls(&call, 1), 1);
    take();
    for (uint32_t i = 0; i < kept; i++)
        CHECK_EQ(strtoul(next_line(NULL), NULL, 10), i);
    for (uint32_t i = 0; i < sent; i++)
        CHECK_EQ(next_entry()->kind, SENT);
    expect_result(5, 0, 0, NULL);
    expect_end();
    CHECK_EQ(mesibo_log(mm_module, 0, "again"), 0);
    CHECK_EQ(abi->send(0, "b", "a", "m", 1), 0);
    CHECK_EQ(mm_dropped_logs(), 10);
    CHECK_EQ(mm_box->refused_sends, 1);
}

/* A ring that is smaller than what a result may need has no room for anything else, and nothing overflows. */
static void a_ring_that_is_too_small_takes_nothing(void)
{
    start(64 * KIB, KIB, 0);
    CHECK_EQ(mesibo_log(mm_module, 0, "line"), 0);
    CHECK_EQ(abi->send(0, "b", "a", "m", 1), -1);
    struct parts call = {.event = MM_CALL, .seq = 5};
    CHECK_EQ(run_calls(&call, 1), 0);
    CHECK_EQ(mm_dropped_logs(), 1);
    CHECK_EQ(mm_box->refused_sends, 1);
    take_nothing();
}

const struct test log_tests[] = {
    ONCE("log", integers_of_every_width),
    ONCE("log", floating_point),
    ONCE("log", strings),
    ONCE("log", a_format_that_fails_is_logged_itself),
    ONCE("log", errno_is_left_alone),
    ONCE("log", no_format_is_refused),
    ONCE("log", vlog_takes_a_list),
    ONCE("log", lines_of_every_length),
    ONCE("log", a_record_is_exact),
    ONCE("log", so_many_lines_pass_in_a_second_that_begins_with_the_first),
    ONCE("log", lines_over_the_rate_leave_no_gap_that_cannot_be_read),
    ONCE("log", odd_arguments),
    BOTH("log", a_full_ring_drops_and_counts),
    ONCE("log", a_ring_that_is_too_small_takes_nothing),
    END,
};
