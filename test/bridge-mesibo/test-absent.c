/* A core that is away, late, or hangs. */
#define _GNU_SOURCE
#include "suites.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct serving serving;

static void consume_all(int fd, const struct seen *seen) { core_consume(fd, seen->id, "filter"); }

static void load_with_deadline(const char *deadline)
{
    const char *settings[] = {"socket", serving.core.path, "deadline", deadline, NULL};
    CHECK_EQ(server->load(settings), 0);
}

/* The time until the core is asked again: the longest wait of the breaker, and one of the client. */
static void say_until_consumed(void)
{
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (say("hello") != 1) {
        WAIT_ON(end);
        poll(NULL, 0, 1);
    }
}

static void without_a_core_events_pass_at_once(void)
{
    core_open(&serving.core, 4);
    core_close(&serving.core);
    load_with_deadline("50ms");
    const uint64_t began = now_ms();
    for (int i = 0; i < 10000 / EFFORT; i++)
        CHECK_EQ(say("hello"), 0);
    /* One deadline for each would take minutes. */
    CHECK(now_ms() - began < 10000);
    await_log("unreachable: no core listens at");
    await_log("the core is away or late (unreachable): events pass without the modules until it decides again");
    CHECK_HAS(logged(), "passed without the modules: the core is away or late");
    server->unload();
    CHECK_HAS(logged(), "more passed while it was away or late");
    core_remove(&serving.core);
}

static void when_it_comes_it_is_asked_again(void)
{
    core_open(&serving.core, 4);
    core_close(&serving.core);
    load_with_deadline("60s");
    for (int i = 0; i < 100; i++)
        CHECK_EQ(say("hello"), 0);
    serving_start(&serving, consume_all);
    say_until_consumed();
    await_log("the core decides again");
    CHECK_HAS(logged(), "now it decides again");
    /* And a restart of it, in between. */
    serving_stop(&serving);
    CHECK_EQ(say("hello"), 0);
    serving_start(&serving, consume_all);
    say_until_consumed();
    server->unload();
    serving_end(&serving);
}

/* It takes events, and decides on none. */
static void keep_silent(int fd, const struct seen *seen) { (void)fd, (void)seen; }

static void a_core_that_is_late_costs_few_deadlines(void)
{
    serving_start(&serving, keep_silent);
    load_with_deadline("50ms");
    const uint64_t began = now_ms();
    CHECK_EQ(say("hello"), 0);
    CHECK(now_ms() - began >= 49);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(say("hello"), 0);
    CHECK(now_ms() - began < 20000);
    await_log("late: the core at");
    server->unload();
    serving_end(&serving);
}

/* It decides on statuses, so it does not hang; but it decides on no message. */
static void answer_others(int fd, const struct seen *seen)
{
    if (seen->event != 3)
        core_pass(fd, seen->id);
    else
        core_fail(fd, "SOMETHING", "that is not about this event", 0);
}

static void a_core_that_is_late_but_alive_costs_few_deadlines(void)
{
    serving_start(&serving, answer_others);
    load_with_deadline("20ms");
    const uint64_t began = now_ms();
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(say("hello"), 0);
    CHECK(now_ms() - began < 10000);
    await_log("the core is away or late (late)");
    serving.answer = consume_all;
    say_until_consumed();
    server->unload();
    serving_end(&serving);
}

static void one_that_stands_still_and_goes_on_is_asked_again(void)
{
    serving_start(&serving, consume_all);
    load_with_deadline("100ms");
    say_until_consumed();
    atomic_store(&serving.is_standing, 1);
    const uint64_t began = now_ms();
    for (int i = 0; i < 1000; i++)
        say("hello");
    CHECK(now_ms() - began < 20000);
    atomic_store(&serving.is_standing, 0);
    say_until_consumed();
    server->unload();
    serving_end(&serving);
}

static void sounds_like_no_core(struct core *core)
{
    static struct seen seen;
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void what_listens_may_be_no_core(void)
{
    struct script script;
    core_open(&serving.core, 64);
    script_start(&script, &serving.core, sounds_like_no_core);
    load_with_deadline("50ms");
    CHECK_HAS(logged(), "all callbacks are registered: the process that listens at");
    CHECK_HAS(logged(), "is it a core?");
    for (int i = 0; i < 100; i++)
        CHECK_EQ(say("hello"), 0);
    server->unload();
    script_join(&script);
    core_remove(&serving.core);
}

static int count_of(const char *part)
{
    int count = 0;
    for (const char *at = logged(); (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* After each absence the core decides on an event. */
static void a_core_that_comes_and_goes_does_not_fill_the_log(void)
{
    core_open(&serving.core, 4);
    core_close(&serving.core);
    load_with_deadline("50ms");
    const uint64_t began = now_ms();
    for (int i = 0; i < 8; i++) {
        for (int message = 0; message < 5; message++)
            CHECK_EQ(say("hello"), 0);
        serving_start(&serving, consume_all);
        say_until_consumed();
        serving_stop(&serving);
    }
    const int most = 2 + (int)((now_ms() - began) / 1000);
    CHECK(count_of("events pass without the modules until") <= most);
    CHECK(count_of("the core decides again") <= most);
    server->unload();
    core_remove(&serving.core);
}

/* It ends again so soon that this is not logged, and stays away. */
static void its_return_is_told_where_its_absence_was(void)
{
    core_open(&serving.core, 4);
    core_close(&serving.core);
    load_with_deadline("50ms");
    for (int i = 0; i < 10; i++)
        CHECK_EQ(say("hello"), 0);
    serving_start(&serving, consume_all);
    say_until_consumed();
    serving_stop(&serving);
    const int told = count_of("passed without the modules");
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (count_of("passed without the modules") == told) {
        CHECK_EQ(say("hello"), 0);
        WAIT_ON(end);
        poll(NULL, 0, 1);
    }
    serving_start(&serving, consume_all);
    say_until_consumed();
    CHECK_EQ(count_of("the core decides again"), 2);
    server->unload();
    serving_end(&serving);
}

const struct test absent_tests[] = {
    TEST("absent", without_a_core_events_pass_at_once),
    TEST("absent", when_it_comes_it_is_asked_again),
    TEST("absent", a_core_that_is_late_costs_few_deadlines),
    TEST("absent", a_core_that_is_late_but_alive_costs_few_deadlines),
    TEST("absent", one_that_stands_still_and_goes_on_is_asked_again),
    TEST("absent", a_core_that_comes_and_goes_does_not_fill_the_log),
    TEST("absent", its_return_is_told_where_its_absence_was),
    TEST("absent", what_listens_may_be_no_core),
    END,
};
