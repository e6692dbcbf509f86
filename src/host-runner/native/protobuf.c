/* Reading protobuf. Every length is checked before it is used. */
#include "protobuf.h"

#include <string.h>

/* Groups within groups; proto3 has none, but an unknown field may be one. */
enum { MAX_VARINT = 10, MAX_TAG = 5, MAX_DEPTH = 100 };

static uint32_t fail(struct mm_reader *in)
{
    in->failed = 1;
    in->at = in->end;
    return 0;
}

static uint32_t read_long_varint(struct mm_reader *in)
{
    uint64_t value = 0;
    for (int i = 0; i < MAX_VARINT && in->at < in->end; i++) {
        const uint8_t byte = *in->at++;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return (uint32_t)value;
    }
    return fail(in);
}

uint32_t mm_read_varint(struct mm_reader *in)
{
    if (in->at < in->end && *in->at < 0x80)
        return *in->at++;
    return read_long_varint(in);
}

uint32_t mm_next_field(struct mm_reader *in)
{
    if (in->at >= in->end)
        return 0;
    const uint8_t *before = in->at;
    const uint32_t tag = mm_read_varint(in);
    if (in->failed || in->at - before > MAX_TAG || (in->at - before == MAX_TAG && in->at[-1] > 0x0f) || tag < 8)
        return fail(in);
    return tag;
}

static void read_fixed(struct mm_reader *in, void *value, size_t size)
{
    if ((size_t)(in->end - in->at) < size) {
        fail(in);
        return;
    }
    memcpy(value, in->at, size);
    in->at += size;
}

uint64_t mm_read_fixed64(struct mm_reader *in)
{
    uint64_t value = 0;
    read_fixed(in, &value, sizeof value);
    return value;
}

uint32_t mm_read_fixed32(struct mm_reader *in)
{
    uint32_t value = 0;
    read_fixed(in, &value, sizeof value);
    return value;
}

struct mm_reader mm_read_bytes(struct mm_reader *in)
{
    const uint8_t *before = in->at;
    const uint32_t length = mm_read_varint(in);
    /* No more than 31 bits: what a fifth byte has beyond them would be cut off. */
    if (in->at - before > MAX_TAG || (in->at - before == MAX_TAG && in->at[-1] > 0x07) || length > (uint64_t)(in->end - in->at))
        fail(in);
    if (in->failed)
        return (struct mm_reader){in->at, in->at, 1};
    const struct mm_reader content = {in->at, in->at + length, 0};
    in->at += length;
    return content;
}

static void skip_group(struct mm_reader *in, uint32_t field)
{
    uint32_t open[MAX_DEPTH] = {field};
    for (int depth = 1; depth > 0 && !in->failed;) {
        const uint32_t tag = mm_next_field(in);
        /* A group has its own end mark; the end of the enclosing message does not end it. */
        if (tag == 0)
            fail(in);
        else if ((tag & 7) == MM_GROUP && depth == MAX_DEPTH)
            fail(in);
        else if ((tag & 7) == MM_GROUP)
            open[depth++] = tag >> 3;
        else if ((tag & 7) != MM_END_GROUP)
            mm_skip_field(in, tag);
        else if (open[--depth] != tag >> 3)
            fail(in);
    }
}

void mm_skip_field(struct mm_reader *in, uint32_t tag)
{
    switch (tag & 7) {
    case MM_VARINT:
        mm_read_varint(in);
        break;
    case MM_FIXED64:
        mm_read_fixed64(in);
        break;
    case MM_BYTES:
        mm_read_bytes(in);
        break;
    case MM_FIXED32:
        mm_read_fixed32(in);
        break;
    case MM_GROUP:
        skip_group(in, tag >> 3);
        break;
    default:
        fail(in);
    }
}
