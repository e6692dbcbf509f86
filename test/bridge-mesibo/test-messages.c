/* Events on their way to the core, and what comes back. */
#include "suites.h"

#include <stdlib.h>
#include <string.h>

static struct serving serving;
static struct seen last;

static void begin(void (*answer)(int fd, const struct seen *seen))
{
    serving_start(&serving, answer);
    load_for(&serving, NULL, NULL, NULL, NULL);
}

static void finish(void)
{
    server->unload();
    serving_end(&serving);
}

static void consume_all(int fd, const struct seen *seen) { core_consume(fd, seen->id, "filter"); }

static void verdicts_are_those_of_the_chain(void)
{
    begin(NULL);
    CHECK_EQ(say("hello"), 0);
    struct mmc_params status = {.id = 5, .status = 3, .to = "bob", .from = "alice"};
    CHECK_EQ(server->status(&status), 0);
    CHECK_EQ(server->call(), 0);
    CHECK_EQ(server->call_status(), 0);
    if (server->has_block)
        CHECK_EQ(server->login("alice", 1, 0), 0);
    finish();
    begin(consume_all);
    CHECK_EQ(say("hello"), 1);
    CHECK_EQ(server->status(&status), 1);
    CHECK_EQ(server->call(), 1);
    CHECK_EQ(server->call_status(), 1);
    if (server->has_block)
        CHECK_EQ(server->login(NULL, 0, 0), 1);
    finish();
}

static void note(int fd, const struct seen *seen)
{
    last = *seen;
    core_pass(fd, seen->id);
}

static const struct mmc_params ALL = {.aid = 1, .id = UINT64_MAX, .refid = 3, .groupid = UINT64_C(1) << 63, .flags = 5,
                                      .type = 6, .expiry = 7, .uflags = 1, .status = 9, .sid = 10, .device = 11,
                                      .to = "bob", .from = ""};

static void check_scalars(const struct mmc_params *actual, const struct mmc_params *expected)
{
    CHECK_EQ(actual->aid, expected->aid);
    CHECK_EQ(actual->id, expected->id);
    CHECK_EQ(actual->refid, expected->refid);
    CHECK_EQ(actual->groupid, expected->groupid);
    CHECK_EQ(actual->flags, expected->flags);
    CHECK_EQ(actual->type, expected->type);
    CHECK_EQ(actual->expiry, expected->expiry);
    CHECK_EQ(actual->uflags, expected->uflags);
    /* The ABI table has none of these. */
    CHECK_EQ(actual->status, server->has_block ? expected->status : 0);
    CHECK_EQ(actual->sid, server->has_block ? expected->sid : 0);
    CHECK_EQ(actual->device, server->has_block ? expected->device : 0);
}

static void the_core_sees_all_that_the_server_says(void)
{
    begin(note);
    struct mmc_params params = ALL;
    char bytes[] = {'a', 0, 'b', 0};
    CHECK_EQ(server->message(&params, bytes, 3), 0);
    check_scalars(&last.params, &ALL);
    CHECK_BYTES(last.payload, last.length, "a\0b", 3);
    CHECK(last.params.to != NULL && last.params.from != NULL);
    CHECK_EQ(server->message(&params, NULL, 0), 0);
    CHECK_EQ(last.length, 0);
    params = (struct mmc_params){0};
    CHECK_EQ(server->message(&params, bytes, 1), 0);
    CHECK(last.params.to == NULL && last.params.from == NULL);
    params = (struct mmc_params){.id = 4, .status = 0x80, .from = "alice"};
    CHECK_EQ(server->status(&params), 0);
    CHECK_EQ(last.event, 4);
    CHECK_EQ(last.params.status, 0x80);
    CHECK_EQ(last.params.id, 4);
    if (server->has_block) {
        CHECK_EQ(server->login("carol", 1, 77), 0);
        CHECK_EQ(last.event, 5);
        CHECK_EQ(last.online, 1);
        CHECK_EQ(last.flags, 77);
    }
    finish();
}

static const struct mmc_params CHANGED = {.aid = 21, .id = 22, .refid = 23, .groupid = 24, .flags = 25, .type = 26,
                                          .expiry = 27, .uflags = 0, .status = 29, .sid = 30, .device = 31,
                                          .to = "a far longer address than before", .from = NULL};

static void change_params(int fd, const struct seen *seen) { answer_with(fd, seen->id, 0, &CHANGED, NULL, 0); }

static void the_server_gets_what_modules_made_of_the_parameters(void)
{
    begin(change_params);
    struct mmc_params params = ALL, expected = CHANGED;
    char text[] = "text";
    CHECK_EQ(server->message(&params, text, 4), 0);
    check_scalars(&params, &expected);
    CHECK_TEXT(params.to, CHANGED.to);
    CHECK(params.from == NULL);
    CHECK_TEXT(text, "text");
    params = ALL;
    CHECK_EQ(server->status(&params), 0);
    check_scalars(&params, &expected);
    CHECK_TEXT(params.to, CHANGED.to);
    finish();
}

static void unchanged_is_untouched(void)
{
    begin(NULL);
    struct mmc_params params = ALL;
    params.uflags = server->has_block ? 0xff01 : 2;
    const struct mmc_params before = params;
    char text[] = "text";
    CHECK_EQ(server->message(&params, text, 4), 0);
    CHECK(params.to == before.to && params.from == before.from);
    CHECK_EQ(params.uflags, before.uflags);
    CHECK_TEXT(text, "text");
    finish();
}

static void redirect(int fd, const struct seen *seen)
{
    char to[32];
    snprintf(to, sizeof to, "user number %llu", (unsigned long long)seen->params.id);
    const struct mmc_params redirected = {.id = seen->params.id, .to = to, .from = "alice"};
    answer_with(fd, seen->id, 0, &redirected, NULL, 0);
}

/* A server delivers a message after the callback, and other events come to the same thread meanwhile. */
static void addresses_stay_while_other_events_come(void)
{
    enum { MANY = 100 };
    struct mmc_params params[MANY], status = {.id = 5000, .to = "bob", .from = "alice"};
    char text[] = "text";
    begin(redirect);
    for (int i = 0; i < MANY; i++) {
        params[i] = (struct mmc_params){.id = (uint64_t)i + 1000, .to = "bob", .from = "alice"};
        CHECK_EQ(server->message(&params[i], text, 4), 0);
        if (i % 10 == 0)
            CHECK_EQ(server->status(&status), 0);
    }
    for (int i = 0; i < MANY; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "user number %d", i + 1000);
        CHECK_TEXT(params[i].to, expected);
        CHECK_TEXT(params[i].from, "alice");
    }
    CHECK_TEXT(status.to, "user number 5000");
    finish();
    CHECK_TEXT(params[MANY - 1].to, "user number 1099");
}

/* ---- bytes ---- */

static const char *instead;
static void change_payload(int fd, const struct seen *seen) { answer_with(fd, seen->id, 0, NULL, instead, strlen(instead)); }

/* In memory of exactly the length and a NUL, as servers give it. */
static void check_change(const char *before, const char *changed, const char *after, size_t after_length)
{
    struct mmc_params params = ALL;
    const size_t length = strlen(before);
    char *message = malloc(length + 1);
    CHECK(message != NULL);
    strcpy(message, before);
    instead = changed;
    CHECK_EQ(server->message(&params, message, length), 0);
    CHECK_BYTES(message, length + 1, after, after_length + 1);
    free(message);
}

static void changed_bytes_are_put_back_within_the_length(void)
{
    begin(change_payload);
    check_change("what the heck", "what the ****", "what the ****", 13);
    CHECK(strstr(logged(), "keeps the length") == NULL);
    check_change("hello", "abc", "abc\0\0", 5);
    await_log("modules made 3 bytes of a message of 5, and this server keeps the length: it was filled up with NULs (1 such");
    check_change("hello", "a longer text", "a lon", 5);
    check_change("hello", "abcd\xc3\xab", "abcd\0", 5);
    check_change("hello", "", "\0\0\0\0\0", 5);
    check_change("", "text", "", 0);
    finish();
}

static void cut_is_told(void)
{
    begin(change_payload);
    check_change("hello", "a longer text", "a lon", 5);
    await_log("modules made 13 bytes of a message of 5, and this server keeps the length: it was cut (1 such messages so far)");
    finish();
}

static void change_and_consume(int fd, const struct seen *seen) { answer_with(fd, seen->id, 1, &CHANGED, "other", 5); }

static void a_consumed_message_may_be_changed_too(void)
{
    begin(change_and_consume);
    struct mmc_params params = ALL;
    char text[] = "hello";
    CHECK_EQ(server->message(&params, text, 5), 1);
    CHECK_TEXT(text, "other");
    CHECK_TEXT(params.to, CHANGED.to);
    finish();
}

static void a_message_that_is_too_large_passes(void)
{
    begin(consume_all);
    const size_t length = 64 * 1024 + 1;
    char *message = calloc(1, length + 1);
    struct mmc_params params = ALL;
    for (int i = 0; i < 10; i++)
        CHECK_EQ(server->message(&params, message, length), 0);
    await_log("too-large: a payload has 65537 bytes, more than max_message of the core (65536)");
    /* It says nothing about the core. */
    CHECK_EQ(say("hello"), 1);
    free(message);
    finish();
}

/* A module of one server may not stand in for one of another, so the call is made without a module of this bridge. */
static void after_unload_everything_passes(void)
{
    begin(consume_all);
    CHECK_EQ(say("hello"), 1);
    server->unload();
    CHECK_EQ(say("hello"), 0);
    CHECK_EQ(server->call(), 0);
    serving_end(&serving);
}

const struct test message_tests[] = {
    TEST("messages", verdicts_are_those_of_the_chain),
    TEST("messages", the_core_sees_all_that_the_server_says),
    TEST("messages", the_server_gets_what_modules_made_of_the_parameters),
    TEST("messages", addresses_stay_while_other_events_come),
    TEST("messages", unchanged_is_untouched),
    TEST("messages", changed_bytes_are_put_back_within_the_length),
    TEST("messages", cut_is_told),
    TEST("messages", a_consumed_message_may_be_changed_too),
    TEST("messages", a_message_that_is_too_large_passes),
    TEST("messages", after_unload_everything_passes),
    END,
};
