#include "calls.h"
#include "entries.h"

#include <stdlib.h>
#include <string.h>

static void put(struct bytes *bytes, const void *from, size_t length)
{
    if (bytes->length + length > bytes->capacity) {
        bytes->capacity = 2 * (bytes->length + length) + 64;
        bytes->data = realloc(bytes->data, bytes->capacity);
        CHECK(bytes->data != NULL);
    }
    if (length > 0)
        memcpy(bytes->data + bytes->length, from, length);
    bytes->length += length;
}

void put_u32(struct bytes *bytes, uint32_t value) { put(bytes, &value, sizeof value); }
void put_u64(struct bytes *bytes, uint64_t value) { put(bytes, &value, sizeof value); }

void put_text(struct bytes *bytes, const void *text, size_t length)
{
    put(bytes, text, length);
    put(bytes, "", 1);
}

void pad(struct bytes *bytes)
{
    while (bytes->length % 8 != 0)
        put(bytes, "", 1);
}

void release(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

void put_varint(struct bytes *bytes, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put(bytes, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
    put(bytes, &(uint8_t){(uint8_t)value}, 1);
}

void put_number(struct bytes *bytes, uint32_t field, uint64_t value)
{
    put_varint(bytes, field << 3);
    put_varint(bytes, value);
}

void put_fixed64(struct bytes *bytes, uint32_t field, uint64_t value)
{
    put_varint(bytes, field << 3 | 1);
    put_u64(bytes, value);
}

void put_field(struct bytes *bytes, uint32_t field, const void *content, size_t length)
{
    put_varint(bytes, field << 3 | 2);
    put_varint(bytes, length);
    put(bytes, content, length);
}

/* What was written so far becomes a field in other bytes. */
static void move_into(struct bytes *bytes, uint32_t field, struct bytes *content)
{
    put_field(bytes, field, content->data, content->length);
    release(content);
}

static void put_params(struct bytes *bytes, uint32_t field, const struct parts *parts)
{
    struct bytes params = {0};
    for (uint32_t i = 0; i < MM_SCALARS; i++)
        if (parts->scalars[i] != 0)
            put_fixed64(&params, i + 1, parts->scalars[i]);
    if (parts->to != NULL)
        put_field(&params, 12, parts->to, strlen(parts->to));
    if (parts->from != NULL)
        put_field(&params, 13, parts->from, strlen(parts->from));
    move_into(bytes, field, &params);
}

static void put_event(struct bytes *call, const struct parts *parts)
{
    struct bytes event = {0};
    if (parts->event == MM_MESSAGE) {
        put_params(&event, 1, parts);
        put_field(&event, 2, parts->payload, parts->payload_length);
        move_into(call, 3, &event);
    } else if (parts->event == MM_STATUS) {
        put_params(call, 4, parts);
    } else if (parts->event == MM_LOGIN) {
        put_fixed64(&event, 1, parts->scalars[0]);
        put_fixed64(&event, 2, parts->scalars[1]);
        put_field(&event, 3, parts->to, parts->to != NULL ? strlen(parts->to) : 0);
        move_into(call, 5, &event);
    } else if (parts->event == MM_CALL || parts->event == MM_CALL_STATUS) {
        put_field(call, parts->event + 2, NULL, 0);
    }
}

void put_call(struct bytes *batch, const struct parts *parts)
{
    struct bytes call = {0};
    put_fixed64(&call, 1, parts->seq);
    if (parts->budget_micros != 0)
        put_number(&call, 2, parts->budget_micros);
    put_event(&call, parts);
    if (parts->origin != NULL)
        put_field(&call, 8, parts->origin, strlen(parts->origin));
    move_into(batch, 1, &call);
}

/* ---- frames ---- */

void open_frame(struct frame *frame, const struct bytes *batch)
{
    *frame = (struct frame){0};
    put_field(&frame->bytes, 3, batch->data, batch->length);
    CHECK_EQ(mm_accept(frame->bytes.data, (uint32_t)frame->bytes.length, &frame->batch), MM_ACCEPTED);
}

uint32_t run_frame(struct frame *frame, enum mm_lane lane, uint32_t micros)
{
    return mm_run(frame->bytes.data, (uint32_t)frame->bytes.length, &frame->batch, lane, micros);
}

void close_frame(struct frame *frame) { release(&frame->bytes); }

uint32_t run_calls(const struct parts *parts, uint32_t count)
{
    uint32_t executed = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes batch = {0};
        struct frame frame;
        put_call(&batch, &parts[i]);
        open_frame(&frame, &batch);
        for (const uint64_t until = mm_now() + parts[i].wait_micros * UINT64_C(1000); mm_now() < until;)
            continue;
        executed += run_frame(&frame, parts[i].event == MM_MESSAGE ? MM_MESSAGES : MM_NOTIFICATIONS, UINT32_MAX);
        close_frame(&frame);
        release(&batch);
    }
    return executed;
}

void run_call(const struct parts *parts)
{
    CHECK_EQ(run_calls(parts, 1), 1);
    take();
}

/* What must be there of a message whose texts end with a NUL. */
static void expect_text(const char *actual, uint32_t length, const char *expected)
{
    CHECK_EQ(actual != NULL, expected != NULL);
    if (expected != NULL)
        CHECK_BYTES(actual, length, expected, strlen(expected));
}

void expect_params(const struct entry *entry, const struct parts *expected)
{
    for (int i = 0; i < MM_SCALARS; i++)
        CHECK_EQ(entry->scalars[i], expected->scalars[i]);
    expect_text(entry->to, entry->to_length, expected->to);
    expect_text(entry->from, entry->from_length, expected->from);
}

void expect_result(uint64_t seq, int32_t value, uint32_t changed, const struct parts *after)
{
    const struct entry *entry = next_entry();
    CHECK(entry != NULL);
    CHECK_EQ(entry->kind, RESULT);
    CHECK_EQ(entry->during, seq);
    CHECK_EQ(entry->value, value);
    CHECK(entry->micros < 60u * EFFORT * 1000000u);
    CHECK_EQ(entry->changed, changed);
    if (changed & MM_PARAMS_CHANGED)
        expect_params(entry, after);
    if (changed & MM_PAYLOAD_CHANGED)
        CHECK_BYTES(entry->payload, entry->payload_length, after->payload, after->payload_length);
}

void expect_end(void) { CHECK(next_record() == NULL); }
