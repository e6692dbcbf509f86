/*
 * Entries of the protocol as they stand in the ring: protobuf, written in place. proto/module.proto has the numbers and says
 * what they mean. Every length is known before the record is reserved.
 */
#include "shim.h"

#include <string.h>

enum wire_type { VARINT = 0, FIXED64 = 1, BYTES = 2 };
/* All field numbers are below 16: a tag is one byte. */
#define TAG(field, type) ((uint8_t)((field) << 3 | (type)))
enum { FIXED64_FIELD = 9, TAG_BYTES = 1 };

enum entry_field { ENTRY_RESULT = 1, ENTRY_SENT = 2, ENTRY_LOG = 3, ENTRY_DURING = 4, ENTRY_ORIGIN = 5 };
enum result_field { RESULT_SEQ = 1, RESULT_VALUE = 2, RESULT_MICROS = 3, RESULT_EXPIRED = 4, RESULT_PARAMS = 5, RESULT_PAYLOAD = 6 };
enum sent_field { SENT_PARAMS = 1, SENT_PAYLOAD = 2 };
enum log_field { LOG_LEVEL = 1, LOG_TEXT = 2 };
enum params_field { PARAMS_FIRST_SCALAR = 1, PARAMS_TO = 12, PARAMS_FROM = 13 };

const uint8_t mm_line_tag = TAG(ENTRY_LOG, BYTES);

/* ---- sizes ---- */

static uint32_t varint_bytes(uint32_t value)
{
    uint32_t bytes = 1;
    for (; value >= 0x80; value >>= 7)
        bytes++;
    return bytes;
}

uint32_t mm_field_bytes(uint32_t length) { return TAG_BYTES + varint_bytes(length) + length; }

static uint32_t number_bytes(uint32_t value) { return value == 0 ? 0 : TAG_BYTES + varint_bytes(value); }

/* As protobuf has signed numbers: 0, -1, 1, -2... */
static uint32_t zigzag(int32_t value) { return ((uint32_t)value << 1) ^ (uint32_t)(value >> 31); }

static uint32_t params_bytes(const struct mm_message *message)
{
    uint32_t bytes = 0;
    for (int i = 0; i < MM_SCALARS; i++)
        bytes += message->scalars[i] != 0 ? FIXED64_FIELD : 0;
    if (message->to != NULL)
        bytes += mm_field_bytes(message->to_length);
    if (message->from != NULL)
        bytes += mm_field_bytes(message->from_length);
    return bytes;
}

static uint32_t sent_bytes(const struct mm_message *message)
{
    const uint32_t payload = message->payload_length;
    return mm_field_bytes(params_bytes(message)) + (payload > 0 ? mm_field_bytes(payload) : 0);
}

static uint32_t log_bytes(uint32_t level, uint32_t length) { return number_bytes(level) + mm_field_bytes(length); }

static uint32_t result_bytes(const struct mm_result *result)
{
    uint32_t bytes = FIXED64_FIELD + number_bytes(zigzag(result->value)) + number_bytes(result->micros);
    if (result->changed & MM_EXPIRED)
        bytes += number_bytes(1);
    if (result->changed & MM_PARAMS_CHANGED)
        bytes += mm_field_bytes(params_bytes(result->message));
    if (result->changed & MM_PAYLOAD_CHANGED)
        bytes += mm_field_bytes(result->message->payload_length);
    return bytes;
}

static uint32_t during_bytes(uint64_t during) { return during == 0 ? 0 : FIXED64_FIELD; }

static uint32_t cause_bytes(const struct mm_cause *cause)
{
    return during_bytes(cause->seq) + (cause->length > 0 ? mm_field_bytes(cause->length) : 0);
}

uint32_t mm_sent_entry_bytes(const struct mm_message *message, const struct mm_cause *cause)
{
    return mm_field_bytes(sent_bytes(message)) + cause_bytes(cause);
}

uint32_t mm_log_entry_bytes(uint32_t level, uint32_t length, uint64_t during)
{
    return mm_field_bytes(log_bytes(level, length)) + during_bytes(during);
}

uint32_t mm_result_entry_bytes(const struct mm_result *result) { return mm_field_bytes(result_bytes(result)); }

/* ---- writing ---- */

static uint8_t *put_varint(uint8_t *at, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_number(uint8_t *at, uint32_t field, uint32_t value)
{
    if (value == 0)
        return at;
    *at++ = TAG(field, VARINT);
    return put_varint(at, value);
}

uint8_t *mm_put_fixed64(uint8_t *at, uint32_t field, uint64_t value)
{
    *at++ = TAG(field, FIXED64);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

uint8_t *mm_put_length(uint8_t *at, uint32_t field, uint32_t length)
{
    *at++ = TAG(field, BYTES);
    return put_varint(at, length);
}

/* The field without its content, which begins at `*place`. */
static uint8_t *leave_room(uint8_t *at, uint32_t field, uint32_t length, uint8_t **place)
{
    *place = mm_put_length(at, field, length);
    return *place + length;
}

static uint8_t *put_params(uint8_t *at, uint32_t field, const struct mm_message *message, struct mm_places *places)
{
    at = mm_put_length(at, field, params_bytes(message));
    for (uint32_t i = 0; i < MM_SCALARS; i++)
        if (message->scalars[i] != 0)
            at = mm_put_fixed64(at, PARAMS_FIRST_SCALAR + i, message->scalars[i]);
    if (message->to != NULL)
        at = leave_room(at, PARAMS_TO, message->to_length, &places->to);
    if (message->from != NULL)
        at = leave_room(at, PARAMS_FROM, message->from_length, &places->from);
    return at;
}

static uint8_t *put_during(uint8_t *at, uint64_t during)
{
    return during != 0 ? mm_put_fixed64(at, ENTRY_DURING, during) : at;
}

static void put_cause(uint8_t *at, const struct mm_cause *cause)
{
    uint8_t *place;
    at = put_during(at, cause->seq);
    if (cause->length == 0)
        return;
    leave_room(at, ENTRY_ORIGIN, cause->length, &place);
    memcpy(place, cause->origin, cause->length);
}

struct mm_places mm_write_sent(uint8_t *at, const struct mm_message *message, const struct mm_cause *cause)
{
    struct mm_places places = {at, at, at};
    at = mm_put_length(at, ENTRY_SENT, sent_bytes(message));
    at = put_params(at, SENT_PARAMS, message, &places);
    if (message->payload_length > 0)
        at = leave_room(at, SENT_PAYLOAD, message->payload_length, &places.payload);
    put_cause(at, cause);
    return places;
}

void mm_fill(struct mm_places places, const struct mm_message *message)
{
    if (message->to_length > 0)
        memcpy(places.to, message->to, message->to_length);
    if (message->from_length > 0)
        memcpy(places.from, message->from, message->from_length);
    if (message->payload_length > 0)
        memcpy(places.payload, message->payload, message->payload_length);
}

void mm_write_log(uint8_t *at, uint32_t level, const char *text, uint32_t length, uint64_t during)
{
    uint8_t *place;
    at = mm_put_length(at, ENTRY_LOG, log_bytes(level, length));
    at = put_number(at, LOG_LEVEL, level);
    at = leave_room(at, LOG_TEXT, length, &place);
    memcpy(place, text, length);
    put_during(at, during);
}

void mm_write_result(uint8_t *at, const struct mm_result *result)
{
    at = mm_put_length(at, ENTRY_RESULT, result_bytes(result));
    at = mm_put_fixed64(at, RESULT_SEQ, result->seq);
    at = put_number(at, RESULT_VALUE, zigzag(result->value));
    at = put_number(at, RESULT_MICROS, result->micros);
    if (result->changed & MM_EXPIRED)
        at = put_number(at, RESULT_EXPIRED, 1);
    struct mm_places places = {at, at, at};
    struct mm_message changed = {0};
    if (result->changed & MM_PARAMS_CHANGED) {
        changed = *result->message;
        changed.payload_length = 0;
        at = put_params(at, RESULT_PARAMS, &changed, &places);
    }
    if (result->changed & MM_PAYLOAD_CHANGED) {
        changed.payload = result->message->payload;
        changed.payload_length = result->message->payload_length;
        leave_room(at, RESULT_PAYLOAD, changed.payload_length, &places.payload);
    }
    mm_fill(places, &changed);
}
