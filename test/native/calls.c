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

void put_block(struct bytes *bytes, const struct parts *parts)
{
    size_t to = parts->to != NULL ? strlen(parts->to) : 0;
    size_t from = parts->from != NULL ? strlen(parts->from) : 0;
    for (int i = 0; i < MM_SCALARS; i++)
        put_u64(bytes, parts->scalars[i]);
    put_u32(bytes, (uint32_t)to);
    put_u32(bytes, (uint32_t)from);
    put_u32(bytes, parts->payload_length);
    put_u32(bytes, (parts->to != NULL ? 1u : 0u) | (parts->from != NULL ? 2u : 0u));
    put_text(bytes, parts->to, to);
    put_text(bytes, parts->from, from);
    put_text(bytes, parts->payload, parts->payload_length);
}

void put_call(struct bytes *calls, const struct parts *parts)
{
    size_t begin = calls->length;
    put_u32(calls, 0);
    put_u32(calls, parts->event);
    put_u64(calls, parts->seq);
    put_u64(calls, parts->not_after);
    put_block(calls, parts);
    pad(calls);
    uint32_t size = (uint32_t)(calls->length - begin);
    memcpy(calls->data + begin, &size, sizeof size);
}

uint32_t run_calls(const struct parts *parts, uint32_t count)
{
    struct bytes calls = {0};
    for (uint32_t i = 0; i < count; i++)
        put_call(&calls, &parts[i]);
    uint32_t executed = mm_run(calls.data, count, UINT32_MAX);
    release(&calls);
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
