/* Running calls: which callback gets what. */
#include "calls.h"
#include "fake.h"

#include <string.h>

enum { RING = 512 * KIB, LARGEST = 4 * KIB };
#define ALL UINT32_MAX

static uint32_t events;
static struct fake_event last;
static int64_t answer;

static int64_t remember(struct fake_event *event)
{
    events++;
    last = *event;
    return answer;
}

static void begin(void)
{
    start(RING, LARGEST, ALL);
    fake_on_event = remember;
}

static void a_message_passes_or_is_consumed(void)
{
    const int64_t answers[] = {0, 1, -1, 0x700000001, (int64_t)0xffffffff00000000};
    begin();
    for (unsigned i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct parts call = {.event = MM_MESSAGE, .seq = 10 + i, .to = "b", .from = "a"};
        call.payload = "hi";
        call.payload_length = 2;
        answer = answers[i];
        run_call(&call);
        CHECK_EQ(events, i + 1);
        CHECK_EQ(last.callback, FAKE_MESSAGE);
        CHECK(last.module == mm_module);
        CHECK_EQ(last.length, 2);
        expect_result(10 + i, (int32_t)answers[i], 0, NULL);
        expect_end();
    }
}

static int64_t read_everything(struct fake_event *event)
{
    const struct parts *sent = (const struct parts *)(uintptr_t)*event->scalars[REFID];
    if (sent->to != NULL)
        CHECK_TEXT(*event->to, sent->to);
    else
        CHECK(*event->to == NULL);
    if (sent->from != NULL)
        CHECK_TEXT(*event->from, sent->from);
    else
        CHECK(*event->from == NULL);
    for (int i = 0; i < MM_SCALARS; i++)
        if (event->scalars[i] != NULL)
            CHECK_EQ(*event->scalars[i], sent->scalars[i]);
    if (event->to_online != NULL)
        CHECK_EQ(*event->to_online, sent->scalars[UFLAGS] & 1);
    if (event->callback == FAKE_MESSAGE) {
        CHECK_EQ(event->length, sent->payload_length);
        CHECK_BYTES(event->message, event->length, sent->payload, sent->payload_length);
        CHECK_EQ(event->message[event->length], 0);
    }
    return remember(event);
}

/* Runs a message whose callback compares everything that it gets; nothing is reported as changed. */
static void arrives_whole(struct parts *call)
{
    call->event = MM_MESSAGE;
    call->seq = UINT64_MAX;
    call->scalars[REFID] = (uintptr_t)call;
    fake_on_event = read_everything;
    uint32_t before = events;
    run_call(call);
    CHECK_EQ(events, before + 1);
    expect_result(UINT64_MAX, 0, 0, NULL);
    expect_end();
}

static void messages_of_every_kind_arrive_whole(void)
{
    begin();
    arrives_whole(&(struct parts){.payload = ""});
    arrives_whole(&(struct parts){.to = "", .from = "", .payload = "\0\xff\xfe\0", .payload_length = 4});
    arrives_whole(&(struct parts){.to = "to", .payload = "no from", .payload_length = 7});
    arrives_whole(&(struct parts){.from = "from", .payload = "no to", .payload_length = 5});
    struct parts counted = {.to = "b", .from = "a"};
    for (unsigned i = 0; i < MM_SCALARS; i++)
        counted.scalars[i] = 0x100 + i;
    arrives_whole(&counted);
    counted.scalars[UFLAGS] |= 1;
    arrives_whole(&counted);
    struct parts largest_numbers = {.to = "b", .from = "a"};
    memset(largest_numbers.scalars, 0xff, sizeof largest_numbers.scalars);
    arrives_whole(&largest_numbers);
}

static void a_message_of_1_mib_and_addresses_of_64_kib_arrive_whole(void)
{
    static char payload[MIB], address[MM_ADDRESS_MAX + 1];
    start(4 * MIB, sizeof payload, ALL);
    fill_pattern(payload, sizeof payload, 3);
    fill_pattern(address, MM_ADDRESS_MAX, 5);
    arrives_whole(
        &(struct parts){.to = address, .from = address, .payload = payload, .payload_length = sizeof payload});
    arrives_whole(&(struct parts){.to = "b", .payload = "small again", .payload_length = 11});
}

static int64_t sees_aliases(struct fake_event *event)
{
    CHECK_EQ(*event->to_alias, (uintptr_t)*event->to);
    CHECK_EQ(*event->from_alias, (uintptr_t)*event->from);
    return remember(event);
}

static void the_addresses_stand_where_2019_has_them_too(void)
{
    begin();
    fake_on_event = sees_aliases;
    run_call(&(struct parts){.event = MM_MESSAGE, .to = "b", .from = "a"});
    run_call(&(struct parts){.event = MM_MESSAGE, .to = "b"});
    CHECK_EQ(events, 2);
}

static void a_status_is_an_argument_and_a_parameter(void)
{
    begin();
    struct parts call = {.event = MM_STATUS, .seq = 7, .to = "b", .from = "a"};
    call.scalars[REFID] = (uintptr_t)&call;
    call.scalars[ID] = 5;
    call.scalars[STATUS] = 0x1234567890;
    fake_on_event = read_everything;
    answer = 1;
    run_call(&call);
    CHECK_EQ(last.callback, FAKE_STATUS);
    CHECK_EQ(last.status, 0x1234567890);
    expect_result(7, 1, 0, NULL);
    expect_end();
}

static int64_t cuts_the_address(struct fake_event *event)
{
    CHECK_TEXT(event->address, "someone");
    event->address[0] = 0;
    return remember(event);
}

static void a_login_has_flags_online_and_an_address(void)
{
    begin();
    struct parts call = {.event = MM_LOGIN, .seq = 8, .to = "someone"};
    call.scalars[0] = UINT64_MAX;
    call.scalars[1] = 1;
    fake_on_event = cuts_the_address;
    answer = 1;
    run_call(&call);
    CHECK_EQ(events, 1);
    CHECK_EQ(last.callback, FAKE_LOGIN);
    CHECK_EQ(last.flags, UINT64_MAX);
    CHECK_EQ(last.online, 1);
    expect_result(8, 1, 0, NULL);
    expect_end();
}

static void a_login_is_no_event_of_table(void)
{
    begin();
    run_call(&(struct parts){.event = MM_LOGIN, .seq = 8, .to = "someone"});
    CHECK_EQ(events, 0);
    expect_result(8, 0, 0, NULL);
}

static void calls_reach_their_callbacks(void)
{
    begin();
    answer = 1;
    run_call(&(struct parts){.event = MM_CALL, .seq = 1});
    CHECK_EQ(last.callback, FAKE_CALL);
    expect_result(1, 1, 0, NULL);
    answer = -1;
    run_call(&(struct parts){.event = MM_CALL_STATUS, .seq = 2});
    CHECK_EQ(last.callback, FAKE_CALL_STATUS);
    expect_result(2, -1, 0, NULL);
    expect_end();
    CHECK_EQ(events, 2);
}

static void a_callback_that_is_null_passes(void)
{
    start(RING, LARGEST, 0);
    fake_on_event = remember;
    answer = 1;
    for (uint32_t event = 0; event <= 7; event++) { /* also those that are none */
        run_call(&(struct parts){.event = event, .seq = event, .to = "b"});
        expect_result(event, 0, 0, NULL);
        expect_end();
    }
    CHECK_EQ(events, 0);
    abi->set_callbacks(mm_module, FAKE_MESSAGE); /* set later than in init */
    run_call(&(struct parts){.event = MM_MESSAGE, .seq = 9});
    expect_result(9, 1, 0, NULL);
}

const struct test run_tests[] = {
    BOTH("run", a_message_passes_or_is_consumed),
    BOTH("run", messages_of_every_kind_arrive_whole),
    BOTH("run", a_message_of_1_mib_and_addresses_of_64_kib_arrive_whole),
    ONCE("run", the_addresses_stand_where_2019_has_them_too),
    BOTH("run", a_status_is_an_argument_and_a_parameter),
    {"run: a_login_has_flags_online_and_an_address (exports-2019)", a_login_has_flags_online_and_an_address, &fake_2019},
    ONCE("run", a_login_has_flags_online_and_an_address),
    {"run: a_login_is_no_event_of_table", a_login_is_no_event_of_table, &fake_table},
    BOTH("run", calls_reach_their_callbacks),
    BOTH("run", a_callback_that_is_null_passes),
    END,
};
