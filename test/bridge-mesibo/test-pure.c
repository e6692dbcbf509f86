/* The breaker and the fitting, which need no core. */
#include "breaker.h"
#include "fit.h"
#include "loop.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

/* ---- breaker ---- */

static void open_at(struct breaker *breaker, uint64_t now)
{
    for (int i = 1; i < BREAKER_FAILURES; i++) {
        CHECK_EQ(breaker_ask(breaker, now), BREAKER_YES);
        CHECK_EQ(breaker_failed(breaker, BREAKER_YES, now), 0);
    }
    CHECK_EQ(breaker_failed(breaker, BREAKER_YES, now), 1);
}

static void failures_in_a_row_open_it(void)
{
    struct breaker breaker = {0};
    open_at(&breaker, 1000 * MS);
    CHECK_EQ(breaker_ask(&breaker, 1000 * MS), BREAKER_NO);
    CHECK_EQ(breaker_ask(&breaker, 1100 * MS - 1), BREAKER_NO);
    CHECK_EQ(breaker_ask(&breaker, 1100 * MS), BREAKER_TRY);
    /* One tries; the others wait on. */
    CHECK_EQ(breaker_ask(&breaker, 1100 * MS), BREAKER_NO);
}

static void a_success_between_failures_keeps_it_closed(void)
{
    struct breaker breaker = {0};
    for (int i = 0; i < 10 * BREAKER_FAILURES; i++) {
        CHECK_EQ(breaker_failed(&breaker, BREAKER_YES, 1), 0);
        CHECK_EQ(breaker_succeeded(&breaker), 0);
    }
    CHECK_EQ(breaker_ask(&breaker, 2), BREAKER_YES);
}

static void a_try_that_fails_doubles_the_wait_up_to_a_bound(void)
{
    struct breaker breaker = {0};
    uint64_t now = 1000 * MS, wait = BREAKER_FIRST_WAIT_MS * MS;
    open_at(&breaker, now);
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(breaker_ask(&breaker, now + wait - 1), BREAKER_NO);
        now += wait;
        CHECK_EQ(breaker_ask(&breaker, now), BREAKER_TRY);
        CHECK_EQ(breaker_failed(&breaker, BREAKER_TRY, now), 0);
        wait = 2 * wait < BREAKER_LONGEST_WAIT_MS * MS ? 2 * wait : BREAKER_LONGEST_WAIT_MS * MS;
    }
}

static void many_that_fail_at_once_make_the_wait_no_longer(void)
{
    struct breaker breaker = {0};
    open_at(&breaker, 1000 * MS);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(breaker_failed(&breaker, BREAKER_YES, 1010 * MS), 0);
    CHECK_EQ(breaker_ask(&breaker, 1100 * MS), BREAKER_TRY);
}

static void a_success_closes_it_and_the_next_wait_is_the_first_one_again(void)
{
    struct breaker breaker = {0};
    open_at(&breaker, 1000 * MS);
    CHECK_EQ(breaker_ask(&breaker, 1100 * MS), BREAKER_TRY);
    breaker_failed(&breaker, BREAKER_TRY, 1100 * MS);
    CHECK_EQ(breaker_succeeded(&breaker), 1);
    CHECK_EQ(breaker_ask(&breaker, 1100 * MS), BREAKER_YES);
    open_at(&breaker, 2000 * MS);
    CHECK_EQ(breaker_ask(&breaker, 2100 * MS), BREAKER_TRY);
}

/* ---- loop ---- */

static void the_same_message_within_a_second_is_a_loop(void)
{
    struct loop loop = {0};
    for (int i = 1; i < LOOP_MESSAGES; i++) {
        CHECK_EQ(loop_note(&loop, 7, 1000 * MS), 0);
        CHECK_EQ(loop_note(&loop, 8, 1000 * MS), 0);
    }
    CHECK_EQ(loop_note(&loop, 7, 2000 * MS), 1);
    /* A message that comes only now and then is not a loop. */
    for (uint64_t i = 0; i < 10 * LOOP_MESSAGES; i++)
        CHECK_EQ(loop_note(&loop, 9, (5000 + 100 * i) * MS), 0);
}

/* ---- fit ---- */

static void check_fit(const char *before, const char *changed, const char *after, size_t after_length)
{
    const size_t length = strlen(before);
    /* Exactly this much memory: the sanitizer sees any access beyond it. */
    char *message = malloc(length > 0 ? length : 1);
    CHECK(message != NULL);
    memcpy(message, before, length);
    fit(message, length, changed, strlen(changed));
    CHECK_BYTES(message, length, after, after_length);
    free(message);
}

static void it_fits_exactly(void)
{
    check_fit("hello", "HELLO", "HELLO", 5);
    check_fit("hello", "abc", "abc\0\0", 5);
    check_fit("hello", "", "\0\0\0\0\0", 5);
    check_fit("hello", "abcdefgh", "abcde", 5);
    check_fit("", "abc", "", 0);
    check_fit("a", "abc", "a", 1);
}

static void text_is_not_cut_in_a_character(void)
{
    check_fit("12345", "abcd\xc3\xab", "abcd\0", 5);
    check_fit("12345", "abc\xe2\x82\xac", "abc\0\0", 5);
    check_fit("12345", "ab\xf0\x9f\x98\x80", "ab\0\0\0", 5);
    check_fit("12345", "abc\xc3\xab more", "abc\xc3\xab", 5);
    check_fit("1", "\xe2\x82\xac", "\0", 1);
    check_fit("12", "\xf0\x9f\x98\x80", "\0\0", 2);
}

static void what_is_no_text_is_cut_right_there(void)
{
    check_fit("12345", "\x80\x80\x80\x80\x80\x80", "\x80\x80\x80\x80\x80", 5);
    check_fit("12345", "abcd\xff\xff", "abcd\xff", 5);
    check_fit("1", "\x80\x80", "\x80", 1);
}

static void nothing_is_written_beyond_whatever_comes(void)
{
    uint32_t random = 12345;
    for (int i = 0; i < 20000 / EFFORT; i++) {
        const size_t length = next_random(&random) % 9, changed_length = next_random(&random) % 12;
        char *message = malloc(length > 0 ? length : 1), *changed = malloc(changed_length > 0 ? changed_length : 1);
        CHECK(message != NULL && changed != NULL);
        for (size_t at = 0; at < changed_length; at++)
            changed[at] = (char)(next_random(&random) % 4 * 64 + next_random(&random) % 64);
        const size_t kept = fit(message, length, changed, changed_length);
        CHECK(kept <= length && kept <= changed_length && kept + 3 >= (length < changed_length ? length : changed_length));
        CHECK(memcmp(message, changed, kept) == 0);
        for (size_t at = kept; at < length; at++)
            CHECK_EQ(message[at], 0);
        free(message);
        free(changed);
    }
}

const struct test pure_tests[] = {
    TEST("breaker", failures_in_a_row_open_it),
    TEST("breaker", a_success_between_failures_keeps_it_closed),
    TEST("breaker", a_try_that_fails_doubles_the_wait_up_to_a_bound),
    TEST("breaker", many_that_fail_at_once_make_the_wait_no_longer),
    TEST("breaker", a_success_closes_it_and_the_next_wait_is_the_first_one_again),
    TEST("loop", the_same_message_within_a_second_is_a_loop),
    TEST("fit", it_fits_exactly),
    TEST("fit", text_is_not_cut_in_a_character),
    TEST("fit", what_is_no_text_is_cut_right_there),
    TEST("fit", nothing_is_written_beyond_whatever_comes),
    END,
};
