/* Messages that a module sends: how they are written, and which are refused with which words. */
#include "calls.h"
#include "fake.h"

#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

enum { RING = 512 * KIB, LARGEST = 4 * KIB };

/* The next record taken must be this message, with the origin that `parts` have. */
static void expect_send(uint64_t during, const struct parts *parts)
{
    const struct entry *entry = next_entry();
    CHECK(entry != NULL);
    CHECK_EQ(entry->kind, SENT);
    CHECK_EQ(entry->during, during);
    expect_params(entry, parts);
    CHECK_BYTES(entry->payload, entry->payload_length, parts->payload, parts->payload_length);
    const char *origin = parts->origin != NULL ? parts->origin : "";
    CHECK_BYTES(entry->origin, entry->origin_length, origin, strlen(origin));
}

static struct parts sent(uint64_t groupid, const char *to, const char *from, const char *message, uint32_t length)
{
    struct parts parts = {.to = to, .from = from, .payload = message, .payload_length = length};
    parts.scalars[AID] = 1;
    parts.scalars[ID] = 2;
    parts.scalars[GROUPID] = groupid;
    parts.scalars[UFLAGS] = 1;
    return parts;
}

static void accepted(uint64_t groupid, const char *to, const char *from, const char *message, uint32_t length)
{
    CHECK_EQ(abi->send(groupid, to, from, message, length), 0);
    take();
    struct parts parts = sent(groupid, to, from, message, length);
    expect_send(0, &parts);
    expect_end();
}

static void what_is_sent_is_written_exactly(void)
{
    static char largest[LARGEST], address[MM_ADDRESS_MAX + 1];
    fill_pattern(largest, sizeof largest, 1);
    fill_pattern(address, MM_ADDRESS_MAX, 2);
    start(RING, LARGEST, 0);
    accepted(0, "bob", "alice", "hello", 5);
    accepted(0, "bob", NULL, "with\0a NUL", 10);
    accepted(0, "", "", "", 0);
    accepted(0, "bob", "alice", NULL, 0);
    accepted(9, NULL, "alice", "to a group", 10);
    accepted(UINT64_MAX, "bob", NULL, "to one in a group", 17);
    accepted(0, address, address, largest, sizeof largest);
}

static void what_is_sent_is_copied(void)
{
    start(RING, LARGEST, 0);
    char to[] = "bob", message[] = "hello";
    CHECK_EQ(abi->send(0, to, NULL, message, 5), 0);
    memset(to, 'x', 3);
    memset(message, 'x', 5);
    take();
    struct parts parts = sent(0, "bob", NULL, "hello", 5);
    expect_send(0, &parts);
}

static int64_t answers(struct fake_event *event)
{
    CHECK_EQ(abi->send(0, *event->from, *event->to, event->message, event->length), 0);
    event->message[0] = 'H';
    return 1;
}

/* In the order in which it happened: sent, then changed, and both of the same call. */
static void a_callback_may_send_its_own_message_on(void)
{
    start(RING, LARGEST, FAKE_MESSAGE);
    fake_on_event = answers;
    struct parts call = {.event = MM_MESSAGE, .seq = 6, .to = "b", .from = "a"};
    call.payload = "hello";
    call.payload_length = 5;
    run_call(&call);
    struct parts parts = sent(0, "a", "b", "hello", 5);
    expect_send(6, &parts);
    call.payload = "Hello";
    expect_result(6, 1, MM_PAYLOAD_CHANGED, &call);
    expect_end();
}

static int64_t answers_large_and_small(struct fake_event *event)
{
    static char large[LARGEST];
    (void)event;
    CHECK_EQ(abi->send(0, "a", "b", "small", 5), 0);
    CHECK_EQ(abi->send(0, "a", "b", large, sizeof large), 0);
    return 1;
}

static void expect_origin(uint64_t seq, const char *origin, const char *expected)
{
    static const char large[LARGEST];
    struct parts call = {.event = MM_MESSAGE, .seq = seq, .to = "b", .from = "a", .origin = origin};
    run_call(&call);
    struct parts parts = sent(0, "a", "b", "small", 5);
    parts.origin = expected;
    expect_send(seq, &parts);
    parts.payload = large;
    parts.payload_length = sizeof large;
    expect_send(seq, &parts);
    expect_result(seq, 1, 0, NULL);
    expect_end();
}

/* The core may be dead when the record is read, so the record itself names the origin of its call's event. */
static void what_is_sent_says_where_its_call_came_from(void)
{
    char longest[MM_ORIGIN_MAX + 2] = {0};
    start(RING, LARGEST, FAKE_MESSAGE);
    fake_on_event = answers_large_and_small;
    expect_origin(1, "prosody 7", "prosody 7");
    expect_origin(2, NULL, NULL);
    expect_origin(3, "x", "x");
    /* In the place of an earlier one. */
    expect_origin(1 + 1024, "other 8", "other 8");
    memset(longest, 'o', MM_ORIGIN_MAX);
    expect_origin(4, longest, longest);
    longest[MM_ORIGIN_MAX] = 'o';
    expect_origin(5, longest, NULL);
    expect_origin(6, "", NULL);
    /* By itself. */
    CHECK_EQ(abi->send(0, "a", "b", "small", 5), 0);
    take();
    struct parts parts = sent(0, "a", "b", "small", 5);
    expect_send(0, &parts);
}

static void refused(int64_t returned, const char *line)
{
    uint32_t level = 99;
    CHECK_EQ(returned, -1);
    take();
    CHECK_TEXT(next_line(&level), line);
    CHECK_EQ(level, 0);
    expect_end();
    CHECK_EQ(mm_box->refused_sends, 0); /* those are the ones without room */
}

static void refusals_say_why(void)
{
    static char too_long[MM_ADDRESS_MAX + 2], message[LARGEST + 1];
    start(RING, LARGEST, 0);
    fill_pattern(too_long, sizeof too_long - 1, 0);
    refused(abi->send_without_params(), "send_message refused: params is NULL");
    refused(abi->send(0, NULL, "a", "m", 1), "send_message refused: neither to nor groupid is set");
    refused(abi->send(0, "b", "a", NULL, 7), "send_message refused: message is NULL, but its length is 7");
    refused(abi->send(0, "b", "a", message, LARGEST + 1),
            "send_message refused: 4097 bytes are more than max_message (4096)");
    refused(abi->send(0, "b", "a", message, UINT64_MAX),
            "send_message refused: 18446744073709551615 bytes are more than max_message (4096)");
    refused(abi->send(0, "b", "a", message, UINT64_C(0x100000001)),
            "send_message refused: 4294967297 bytes are more than max_message (4096)");
    refused(abi->send(0, too_long, "a", "m", 1), "send_message refused: an address is longer than 65536 bytes");
    refused(abi->send(9, NULL, too_long, "m", 1), "send_message refused: an address is longer than 65536 bytes");
}

/* The core has too much already: nothing is written, and each attempt is counted. Earlier sends are kept. */
static void closed_sends_are_refused_until_they_are_open(void)
{
    static char large[LARGEST];
    start(RING, LARGEST, 0);
    CHECK_EQ(abi->send(0, "bob", NULL, "before", 6), 0);
    const uint64_t head = mm_box->head;
    __atomic_store_n(&mm_box->sends_closed, 1, __ATOMIC_RELAXED);
    CHECK_EQ(abi->send(0, "bob", NULL, "small", 5), -1);
    CHECK_EQ(abi->send(0, "bob", NULL, large, sizeof large), -1);
    CHECK_EQ(mm_box->head, head);
    CHECK_EQ(mm_box->refused_sends, 2);
    /* A line is no send. */
    CHECK_EQ(mesibo_log(mm_module, 0, "a line"), 0);
    __atomic_store_n(&mm_box->sends_closed, 0, __ATOMIC_RELAXED);
    CHECK_EQ(abi->send(0, "bob", NULL, "after", 5), 0);
    take();
    struct parts parts = sent(0, "bob", NULL, "before", 6);
    expect_send(0, &parts);
    CHECK_TEXT(next_line(NULL), "a line");
    parts = sent(0, "bob", NULL, "after", 5);
    expect_send(0, &parts);
    expect_end();
    CHECK_EQ(mm_box->refused_sends, 2);
}

void mesibo_util_create_thread(void *(*run)(void *), void *data, size_t stack_size, const char *name);

static sem_t answered;

static void *answers_later(void *data)
{
    (void)data;
    sem_wait(&answered);
    CHECK_EQ(abi->send(0, "a", "b", "by the thread", 13), 0);
    sem_post(&answered);
    return NULL;
}

static int64_t starts_a_thread(struct fake_event *event)
{
    (void)event;
    mesibo_util_create_thread(answers_later, NULL, 0, NULL);
    return 1;
}

/* A thread that the module started in a call answers that call, also when it is over. */
static void a_thread_sends_because_of_the_call_that_started_it(void)
{
    start(RING, LARGEST, FAKE_MESSAGE);
    fake_on_event = starts_a_thread;
    sem_init(&answered, 0, 0);
    struct parts call = {.event = MM_MESSAGE, .seq = 6, .to = "b", .from = "a", .origin = "prosody 6"};
    run_call(&call);
    expect_result(6, 1, 0, NULL);
    fake_on_event = NULL;
    /* So many that only the thread still has the origin of that call. */
    call.origin = "another";
    for (call.seq = 7; call.seq < 100; call.seq++) {
        run_call(&call);
        expect_result(call.seq, 0, 0, NULL);
    }
    sem_post(&answered);
    while (take() == 0)
        sched_yield();
    struct parts parts = sent(0, "a", "b", "by the thread", 13);
    parts.origin = "prosody 6";
    expect_send(6, &parts);
}

/* Memory that a module never filled: the fields of the structure are sent as they are, and missing ones are 0. */
static void wild_params_are_sent_as_they_are(void)
{
    _Alignas(8) uint8_t params[256];
    const char *to = "bob";
    start(RING, LARGEST, 0);
    memset(params, 0xff, sizeof params);
    memcpy(params + mm_abi.to, &to, sizeof to);
    memset(params + mm_abi.from, 0, sizeof to);
    CHECK_EQ(mesibo_message(mm_module, params, "wild", 4), 0);
    struct parts parts = {.to = to, .payload = "wild", .payload_length = 4};
    for (int i = 0; i < MM_SCALARS; i++)
        parts.scalars[i] = mm_abi.scalars[i] >= 0 ? UINT64_MAX : 0;
    if (mm_abi.to_online >= 0)
        parts.scalars[UFLAGS] = 1;
    take();
    expect_send(0, &parts);
    expect_end();
    /* Without a recipient, but with a group. */
    memset(params + mm_abi.to, 0, sizeof to);
    CHECK_EQ(mesibo_message(NULL, params, "wild", 4), 0);
    take();
    parts.to = NULL;
    expect_send(0, &parts);
    expect_end();
    memset(params, 0, sizeof params);
    refused(mesibo_message(NULL, params, "wild", 4), "send_message refused: neither to nor groupid is set");
}

const struct test send_tests[] = {
    BOTH("send", what_is_sent_is_written_exactly),
    BOTH("send", what_is_sent_is_copied),
    BOTH("send", a_callback_may_send_its_own_message_on),
    BOTH("send", what_is_sent_says_where_its_call_came_from),
    BOTH("send", refusals_say_why),
    BOTH("send", closed_sends_are_refused_until_they_are_open),
    BOTH("send", a_thread_sends_because_of_the_call_that_started_it),
    BOTH("send", wild_params_are_sent_as_they_are),
    END,
};
