/* What the tests of the C client share. Each test runs in a process of its own; a check that fails ends that process. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct test {
    const char *name;
    void (*run)(void);
};
#define TEST(suite, function) {suite ": " #function, function}
#define END {NULL, NULL}
extern const struct test event_tests[], bad_core_tests[], process_tests[], thread_tests[], send_tests[], fuzz_tests[],
    queue_tests[], queue_fault_tests[], queue_process_tests[];

#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_EQ(actual, expected) check_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text(actual, expected, #actual, __FILE__, __LINE__)
#define CHECK_HAS(actual, part) check_has(actual, part, #actual, __FILE__, __LINE__)
#define CHECK_BYTES(actual, actual_length, expected, expected_length)                                                  \
    check_bytes(actual, actual_length, expected, expected_length, #actual, __FILE__, __LINE__)

void check_that(int holds, const char *what, const char *file, int line);
void check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, int line);
void check_text(const char *actual, const char *expected, const char *what, const char *file, int line);
void check_has(const char *actual, const char *part, const char *what, const char *file, int line);
void check_bytes(const void *actual, size_t actual_length, const void *expected, size_t expected_length,
                 const char *what, const char *file, int line);

/* A bound on events that should come at once; under valgrind, on a busy machine, they come late. */
enum { PATIENCE_MS = 30000 };

uint64_t now_ms(void);
/* A round of waiting, till `end` of now_ms(). It sleeps a little: memcheck runs one thread at a time, and the wait is for another thread.
 * */
#define WAIT_ON(end) wait_on(end, __FILE__, __LINE__)
void wait_on(uint64_t end, const char *file, int line);
/* Descriptors that are open, without those of the sanitizer. */
int open_descriptors(void);
uint32_t next_random(uint32_t *state);
/* Ends a process that a test forked, when all is well there. It becomes another program: at any other end valgrind would look for leaks,
 * and find memory of threads that this process does not have. */
_Noreturn void end_child(void);
/* Waits for a process that ends so. */
void join_child(int pid);
/* What this thread does right after free() and socket(), for example a fork in the middle of the client's work. */
extern _Thread_local void (*behind_free)(void), (*behind_socket)(void);
/* How often this thread has called send(). */
extern _Thread_local int writes;
/* Runs a test in a process of its own. 0: it failed; the message has this name before that of the test, unless it is NULL. */
int succeeds(const struct test *test, const char *of);
/* Ends a process in which something is wrong. */
_Noreturn void leave(int code);

#endif
