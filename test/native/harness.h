/*
 * What the tests share. Each test runs in a process of its own with a box of its own, because the shim's state lives as
 * long as its process does; a check that fails prints what it was and ends that process.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "shim.h"

#include <stdio.h>

/* The shim's exports, as the JavaScript side declares them. */
int32_t mm_open_box(int32_t fd);
void mm_set_max_message(uint32_t bytes);
int32_t mm_wake_fd(void);
void mm_clear_wake(void);
void mm_set_phase(uint32_t phase);
int32_t mm_drain(uint8_t *out, uint32_t capacity);
void mm_set_log_rate(uint32_t lines_per_second);
uint32_t mm_layout(uint32_t *out, uint32_t capacity);
int32_t mm_set_abi(const uint8_t *abi, uint32_t length);
int32_t mm_set_config(const uint8_t *packed, uint32_t length, uint32_t count);
int32_t mm_init(void *init, const char *name);
uint32_t mm_callbacks(void);
uint32_t mm_description(uint8_t *out, uint32_t capacity);
struct mm_batch;
uint32_t mm_run(const uint8_t *frame, uint32_t length, struct mm_batch *batch, uint32_t lane, uint32_t micros);
void mm_cleanup(void);
uint32_t mm_spare_threads(void);
int32_t mm_limit_core(int32_t on);
int32_t mm_http_wants_worker(void);
void mm_http_worker_comes(void);
void mm_http_worker_lost(const char *why);
int32_t mm_http_pending(void);
uint32_t mm_http_run(uint32_t micros);
void mm_http_close(void);
int32_t mm_http_wake_fd(void);
void mm_http_clear_wake(void);
uint32_t mm_http_take(uint8_t *out, uint32_t capacity);
int32_t mm_http_status(uint64_t id, uint32_t status, const char *type);
int32_t mm_http_data(uint64_t id, uint32_t progress, const uint8_t *bytes, uint32_t length);

/* By how much the repeated tests do less where everything is slow; 1 by default. */
#ifndef EFFORT
#define EFFORT 1
#endif

enum { KIB = 1024, MIB = 1024 * 1024 };

/* ---- checks ---- */

#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_EQ(actual, expected) check_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_BYTES(actual, actual_length, expected, expected_length)                                                  \
    check_bytes(actual, actual_length, expected, expected_length, #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text(actual, expected, #actual, __FILE__, __LINE__)

void check_that(int holds, const char *what, const char *file, int line);
void check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, int line);
void check_bytes(const void *actual, size_t actual_length, const void *expected, size_t expected_length,
                 const char *what, const char *file, int line);
void check_text(const char *actual, const char *expected, const char *what, const char *file, int line);

/* ---- tests ---- */

struct fake_abi;
struct test {
    const char *name;
    void (*run)(void);
    const struct fake_abi *abi;
};
/* The layout that the running test's module has. */
extern const struct fake_abi *abi;

#define ONCE(suite, function) {suite ": " #function, function, &fake_2020}
/* In each ABI. */
#define BOTH(suite, function)                                                                                          \
    {suite ": " #function " (table)", function, &fake_table},                                                          \
    {suite ": " #function " (exports-2019)", function, &fake_2019},                                                    \
    {suite ": " #function " (exports-2020)", function, &fake_2020}
#define END {NULL, NULL, NULL}

/* Ends a process that a test forked, without the checks at the end of a test. */
_Noreturn void leave(int code);

/* ---- boxes and what is in them ---- */

/* A memory file with a fresh header, as the core makes it. */
int box_file(uint64_t ring_size);
/* Opens a fresh box in this process. */
void box_open(uint64_t ring_size, uint32_t max_message);
/* box_open(), then init of the test's module with these callbacks (the bits of mm_callbacks). */
void start(uint64_t ring_size, uint32_t max_message, uint32_t callbacks);

/* A Report as the core gets it. The ring points into the frame; NULL: it has none. */
struct report {
    uint64_t start, position, dropped_logs, limited_logs, refused_sends;
    const uint8_t *ring;
    uint32_t length;
};
/* Reads a frame of the shim, which must be a report and exact. */
struct report read_report(const uint8_t *frame, uint32_t length);
/* Drains one frame of at most `capacity` bytes; its ring is valid until the next call. If the position has not moved, there was no frame.
 * */
struct report drain(uint32_t capacity);
/* Drains all that is committed and acknowledges it; next_record() then goes through it. Returns the bytes taken. */
uint32_t take(void);
/* The next record taken, or NULL behind the last. */
const struct mm_record *next_record(void);
/* The next record taken, which must be a log line: its text, with a NUL added, until the next call. */
const char *next_line(uint32_t *level);
/* take(), and nothing must be there. */
void take_nothing(void);

/* Printable bytes that follow from `seed`. */
void fill_pattern(char *out, size_t length, uint64_t seed);
int is_pattern(const void *bytes, size_t length, uint64_t seed);

/* A sequence of random numbers that is the same in each run. */
uint32_t next_random(uint32_t *state);

#endif
