#include "entries.h"

#include <string.h>

struct cursor {
    const uint8_t *at, *end;
};

static uint32_t read_varint(struct cursor *in)
{
    uint32_t value = 0, shift = 0, byte;
    do {
        CHECK(in->at < in->end && shift < 35);
        byte = *in->at++;
        value |= (byte & 0x7f) << shift;
        shift += 7;
    } while (byte >= 0x80);
    CHECK(shift == 7 || byte != 0); /* the shortest form */
    return value;
}

static uint64_t read_fixed64(struct cursor *in)
{
    uint64_t value;
    CHECK(in->end - in->at >= 8);
    memcpy(&value, in->at, sizeof value);
    in->at += 8;
    return value;
}

/* Goes into a field that holds bytes. */
static struct cursor read_bytes(struct cursor *in)
{
    const uint32_t length = read_varint(in);
    CHECK(length <= (size_t)(in->end - in->at));
    const struct cursor inner = {in->at, in->at + length};
    in->at += length;
    return inner;
}

static uint32_t read_text(struct cursor *in, const char **text)
{
    const struct cursor bytes = read_bytes(in);
    *text = (const char *)bytes.at;
    return (uint32_t)(bytes.end - bytes.at);
}

static void read_params(struct cursor in, struct entry *entry)
{
    for (uint32_t last = 0, tag; in.at < in.end; last = tag >> 3) {
        tag = read_varint(&in);
        CHECK(tag >> 3 > last);
        if (tag == (12 << 3 | 2)) {
            entry->to_length = read_text(&in, &entry->to);
        } else if (tag == (13 << 3 | 2)) {
            entry->from_length = read_text(&in, &entry->from);
        } else {
            CHECK((tag & 7) == 1 && tag >> 3 >= 1 && tag >> 3 <= MM_SCALARS);
            entry->scalars[(tag >> 3) - 1] = read_fixed64(&in);
            CHECK(entry->scalars[(tag >> 3) - 1] != 0);
        }
    }
}

static void read_result(struct cursor in, struct entry *entry)
{
    CHECK_EQ(read_varint(&in), 1 << 3 | 1);
    entry->during = read_fixed64(&in);
    for (uint32_t last = 1, tag; in.at < in.end; last = tag >> 3) {
        tag = read_varint(&in);
        CHECK(tag >> 3 > last);
        if (tag == (2 << 3 | 0)) {
            const uint32_t value = read_varint(&in);
            entry->value = (int32_t)(value >> 1) ^ -(int32_t)(value & 1);
        } else if (tag == (3 << 3 | 0)) {
            entry->micros = read_varint(&in);
        } else if (tag == (4 << 3 | 0)) {
            CHECK_EQ(read_varint(&in), 1);
            entry->changed |= MM_EXPIRED;
        } else if (tag == (5 << 3 | 2)) {
            read_params(read_bytes(&in), entry);
            entry->changed |= MM_PARAMS_CHANGED;
        } else {
            CHECK_EQ(tag, 6 << 3 | 2);
            entry->payload_length = read_text(&in, &entry->payload);
            entry->changed |= MM_PAYLOAD_CHANGED;
        }
    }
}

static void read_sent(struct cursor in, struct entry *entry)
{
    CHECK_EQ(read_varint(&in), 1 << 3 | 2);
    read_params(read_bytes(&in), entry);
    if (in.at < in.end) {
        CHECK_EQ(read_varint(&in), 2 << 3 | 2);
        entry->payload_length = read_text(&in, &entry->payload);
        CHECK(entry->payload_length > 0);
    }
    CHECK(in.at == in.end);
}

static void read_log(struct cursor in, struct entry *entry)
{
    uint32_t tag = read_varint(&in);
    if (tag == (1 << 3 | 0)) {
        entry->level = read_varint(&in);
        CHECK(entry->level > 0);
        tag = read_varint(&in);
    }
    CHECK_EQ(tag, 2 << 3 | 2);
    entry->payload_length = read_text(&in, &entry->payload);
    CHECK(in.at == in.end);
}

static void read_kind(struct cursor *in, struct entry *entry)
{
    const uint32_t tag = read_varint(in);
    CHECK((tag & 7) == 2);
    entry->kind = (enum entry_kind)(tag >> 3);
    const struct cursor inner = read_bytes(in);
    if (entry->kind == RESULT) {
        read_result(inner, entry);
    } else if (entry->kind == SENT) {
        read_sent(inner, entry);
    } else {
        CHECK_EQ(entry->kind, LOG);
        read_log(inner, entry);
    }
}

struct entry read_entry(const struct mm_record *record)
{
    struct entry entry = {.kind = VOID_RECORD};
    const uint8_t *content = (const uint8_t *)(record + 1);
    struct cursor in = {content, content + record->length};
    CHECK(record->size % 8 == 0 && record->length <= record->size - sizeof *record);
    if (record->length > 0) {
        CHECK_EQ(record->size, (sizeof *record + record->length + 7) & ~7ul);
        read_kind(&in, &entry);
    }
    if (in.at < in.end) {
        CHECK_EQ(read_varint(&in), 4 << 3 | 1);
        CHECK(entry.kind != RESULT);
        entry.during = read_fixed64(&in);
    }
    if (in.at < in.end) {
        CHECK_EQ(read_varint(&in), 5 << 3 | 2);
        CHECK_EQ(entry.kind, SENT);
        entry.origin_length = read_text(&in, &entry.origin);
        CHECK(entry.origin_length > 0);
    }
    CHECK(in.at == in.end);
    for (const uint8_t *rest = in.end; rest < (const uint8_t *)record + record->size; rest++)
        CHECK_EQ(*rest, 0);
    return entry;
}

const struct entry *next_entry(void)
{
    static struct entry entry;
    const struct mm_record *record = next_record();
    if (record == NULL)
        return NULL;
    entry = read_entry(record);
    return &entry;
}
