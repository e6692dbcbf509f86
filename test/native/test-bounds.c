/* Running calls: what the header says meanwhile, which calls are not begun, and when a run ends. */
#include "calls.h"
#include "fake.h"

#include <string.h>

enum { RING = 512 * KIB, LARGEST = 4 * KIB };

static uint32_t events;
static int64_t answer;

static int64_t count(struct fake_event *event)
{
    (void)event;
    events++;
    return answer;
}

static void begin(void)
{
    start(RING, LARGEST, UINT32_MAX);
    fake_on_event = count;
}

static int64_t sees_itself_in_the_header(struct fake_event *event)
{
    CHECK_EQ(mm_box->current_seq, 77);
    CHECK_EQ(mm_box->current_event, event->callback == FAKE_STATUS ? MM_STATUS : MM_CALL);
    CHECK(mm_box->current_start <= mm_now() && mm_now() - mm_box->current_start < 60u * EFFORT * 1000000000ul);
    CHECK_EQ(mm_box->phase, MM_SERVING);
    mesibo_log(event->module, 2, "at work");
    return count(event);
}

static void the_call_being_executed_is_in_the_header(void)
{
    begin();
    fake_on_event = sees_itself_in_the_header;
    const uint32_t kinds[] = {MM_STATUS, MM_CALL};
    for (int i = 0; i < 2; i++) {
        run_call(&(struct parts){.event = kinds[i], .seq = 77, .to = "b"});
        CHECK_EQ(mm_box->current_seq, 0);
        const struct entry *line = next_entry();
        CHECK(line != NULL && line->kind == LOG);
        CHECK_EQ(line->during, 77);
        expect_result(77, 0, 0, NULL);
        expect_end();
    }
}

static void a_call_past_its_time_is_not_begun(void)
{
    begin();
    struct parts calls[] = {{.event = MM_MESSAGE, .seq = 1, .budget_micros = 1, .wait_micros = 2, .to = "b"},
                            {.event = MM_MESSAGE, .seq = 2, .budget_micros = UINT32_MAX, .to = "b"},
                            {.event = MM_CALL, .seq = 3, .budget_micros = 2000, .wait_micros = 2001},
                            {.event = MM_MESSAGE, .seq = 4, .budget_micros = 0, .wait_micros = 1000, .to = "b"}};
    answer = 1;
    CHECK_EQ(run_calls(calls, 4), 4);
    CHECK_EQ(events, 2);
    take();
    expect_result(1, 0, MM_EXPIRED, NULL);
    expect_result(2, 1, 0, NULL);
    expect_result(3, 0, MM_EXPIRED, NULL);
    expect_result(4, 1, 0, NULL);
    expect_end();
}

static int64_t takes_two_milliseconds(struct fake_event *event)
{
    for (uint64_t until = mm_now() + 2000000; mm_now() < until;)
        ;
    return count(event);
}

static void a_run_ends_after_its_slice(void)
{
    begin();
    struct bytes calls = {0};
    struct frame frame;
    for (uint64_t i = 1; i <= 5; i++)
        put_call(&calls, &(struct parts){.event = MM_CALL, .seq = i});
    open_frame(&frame, &calls);
    fake_on_event = takes_two_milliseconds;
    CHECK_EQ(run_frame(&frame, MM_NOTIFICATIONS, 1000), 1);
    take();
    const struct entry *result = next_entry();
    CHECK(result != NULL && result->kind == RESULT);
    CHECK(result->micros >= 1999);
    expect_end();
    fake_on_event = count;
    CHECK_EQ(run_frame(&frame, MM_NOTIFICATIONS, 0), 1);
    CHECK_EQ(run_frame(&frame, MM_MESSAGES, 1000), 0);
    CHECK_EQ(run_frame(&frame, MM_NOTIFICATIONS, UINT32_MAX), 3);
    CHECK_EQ(run_frame(&frame, MM_NOTIFICATIONS, UINT32_MAX), 0);
    CHECK_EQ(events, 5);
    close_frame(&frame);
    release(&calls);
}

static int64_t changes_a_byte(struct fake_event *event)
{
    event->message[0] ^= 1;
    return count(event);
}

/* Results that nobody acknowledges: at some point the next call is not begun. It begins once there is room again. */
static void without_room_nothing_is_begun(void)
{
    static char payload[LARGEST];
    begin();
    fake_on_event = changes_a_byte;
    struct bytes calls = {0};
    struct frame frame;
    for (int i = 0; i < 400; i++)
        put_call(&calls, &(struct parts){.event = MM_MESSAGE, .payload = payload, .payload_length = LARGEST});
    open_frame(&frame, &calls);
    uint32_t executed = run_frame(&frame, MM_MESSAGES, UINT32_MAX);
    CHECK(executed > 10 && executed < 200);
    CHECK_EQ(events, executed);
    CHECK_EQ(run_frame(&frame, MM_MESSAGES, UINT32_MAX), 0);
    const struct report report = drain(2 * RING);
    CHECK(report.length > 0);
    CHECK_EQ(run_frame(&frame, MM_MESSAGES, UINT32_MAX), 0); /* drained is not acknowledged */
    CHECK_EQ(events, executed);
    CHECK_EQ(mm_box->current_seq, 0);
    mm_acknowledge(report.position);
    CHECK_EQ(run_frame(&frame, MM_MESSAGES, UINT32_MAX), executed);
    close_frame(&frame);
    release(&calls);
}

const struct test bounds_tests[] = {
    BOTH("bounds", the_call_being_executed_is_in_the_header),
    BOTH("bounds", a_call_past_its_time_is_not_begun),
    ONCE("bounds", a_run_ends_after_its_slice),
    BOTH("bounds", without_room_nothing_is_begun),
    END,
};
