/*
 * The calls of a batch, read in the frame in which they came. Nothing is copied before a callback gets it. Large payloads are
 * in memory that the core shares with this process.
 */
#include "batch.h"
#include "protobuf.h"

#include <string.h>

enum { FRAME_BATCH = MM_TAG(3, MM_BYTES), BATCH_CALL = MM_TAG(1, MM_BYTES), BATCH_ACKNOWLEDGED = MM_TAG(2, MM_FIXED64) };
enum { CALL_SEQ = MM_TAG(1, MM_FIXED64), CALL_BUDGET = MM_TAG(2, MM_VARINT), CALL_ORIGIN = MM_TAG(8, MM_BYTES) };
/* The field of an event in Call has the number of the event in the box, plus 2: a message is 1 in the box, and field 3. */
enum { FIRST_EVENT_FIELD = 3, LAST_EVENT_FIELD = 7 };
enum { MESSAGE_PARAMS = MM_TAG(1, MM_BYTES), MESSAGE_PAYLOAD = MM_TAG(2, MM_BYTES), MESSAGE_PLACE = MM_TAG(3, MM_BYTES) };
enum { PLACE_AT = MM_TAG(1, MM_FIXED32), PLACE_BYTES = MM_TAG(2, MM_FIXED32) };
enum { PARAMS_TO = MM_TAG(12, MM_BYTES), PARAMS_FROM = MM_TAG(13, MM_BYTES) };
enum { LOGIN_FLAGS = MM_TAG(1, MM_FIXED64), LOGIN_ONLINE = MM_TAG(2, MM_FIXED64), LOGIN_ADDRESS = MM_TAG(3, MM_BYTES) };
/* Every other kind of frame is one of these fields. */
enum { LAST_FRAME_FIELD = 7 };

static const char nothing[1];

static void read_text(struct mm_reader *in, const char **text, uint32_t *length)
{
    const struct mm_reader bytes = mm_read_bytes(in);
    *text = (const char *)bytes.at;
    *length = (uint32_t)(bytes.end - bytes.at);
}

/* The inner message is part of the outer one. When the inner one is damaged, the outer one is, too. */
static void leave(struct mm_reader *outer, const struct mm_reader *inner)
{
    if (!inner->failed)
        return;
    outer->failed = 1;
    outer->at = outer->end;
}

static void read_params(struct mm_reader *outer, struct mm_message *message)
{
    struct mm_reader in = mm_read_bytes(outer);
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;) {
        if ((tag & 7) == MM_FIXED64 && tag >> 3 <= MM_SCALARS)
            message->scalars[(tag >> 3) - 1] = mm_read_fixed64(&in);
        else if (tag == PARAMS_TO)
            read_text(&in, &message->to, &message->to_length);
        else if (tag == PARAMS_FROM)
            read_text(&in, &message->from, &message->from_length);
        else
            mm_skip_field(&in, tag);
    }
    leave(outer, &in);
}

static void read_place(struct mm_reader *outer, struct mm_call *call)
{
    struct mm_reader in = mm_read_bytes(outer);
    call->place.is_there = 1;
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;) {
        if (tag == PLACE_AT)
            call->place.at = mm_read_fixed32(&in);
        else if (tag == PLACE_BYTES)
            call->place.bytes = mm_read_fixed32(&in);
        else
            mm_skip_field(&in, tag);
    }
    leave(outer, &in);
}

static void read_message(struct mm_reader *outer, struct mm_call *call)
{
    struct mm_reader in = mm_read_bytes(outer);
    struct mm_message *message = &call->message;
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;) {
        if (tag == MESSAGE_PARAMS)
            read_params(&in, message);
        else if (tag == MESSAGE_PAYLOAD)
            read_text(&in, &message->payload, &message->payload_length);
        else if (tag == MESSAGE_PLACE)
            read_place(&in, call);
        else
            mm_skip_field(&in, tag);
    }
    leave(outer, &in);
}

/* Its two integers stand in the first two places, and its address is `to`. */
static void read_login(struct mm_reader *outer, struct mm_message *message)
{
    struct mm_reader in = mm_read_bytes(outer);
    message->to = message->to != NULL ? message->to : nothing;
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;) {
        if (tag == LOGIN_FLAGS || tag == LOGIN_ONLINE)
            message->scalars[(tag >> 3) - 1] = mm_read_fixed64(&in);
        else if (tag == LOGIN_ADDRESS)
            read_text(&in, &message->to, &message->to_length);
        else
            mm_skip_field(&in, tag);
    }
    leave(outer, &in);
}

static void read_empty(struct mm_reader *outer)
{
    struct mm_reader in = mm_read_bytes(outer);
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;)
        mm_skip_field(&in, tag);
    leave(outer, &in);
}

/* One that is too long is left out: it means nothing here. */
static void read_origin(struct mm_reader *in, struct mm_call *call)
{
    const struct mm_reader bytes = mm_read_bytes(in);
    const size_t length = (size_t)(bytes.end - bytes.at);
    call->origin = bytes.at;
    call->origin_length = length <= MM_ORIGIN_MAX ? (uint32_t)length : 0;
}

/* Of several events the last one counts; of the same one twice, the fields of both. */
static void read_event(struct mm_reader *in, struct mm_call *call, uint32_t event)
{
    if (call->event != event) {
        memset(&call->message, 0, sizeof call->message);
        memset(&call->place, 0, sizeof call->place);
    }
    call->event = event;
    if (event == MM_MESSAGE)
        read_message(in, call);
    else if (event == MM_STATUS)
        read_params(in, &call->message);
    else if (event == MM_LOGIN)
        read_login(in, &call->message);
    else
        read_empty(in);
}

/* A payload that does not travel in the frame. It is invalid if it ends after the area that the core can write to. */
static void find_payload(struct mm_reader *in, struct mm_call *call)
{
    if ((uint64_t)call->place.at + call->place.bytes > mm_ring_size) {
        in->failed = 1;
        return;
    }
    call->message.payload = (const char *)mm_payloads + call->place.at;
    call->message.payload_length = call->place.bytes;
}

/* Reads the call that begins at the length of its field. */
static void read_call(struct mm_reader *outer, struct mm_call *call)
{
    struct mm_reader in = mm_read_bytes(outer);
    memset(call, 0, sizeof *call);
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;) {
        if (tag == CALL_SEQ)
            call->seq = mm_read_fixed64(&in);
        else if (tag == CALL_BUDGET)
            call->budget_micros = mm_read_varint(&in);
        else if ((tag & 7) == MM_BYTES && tag >> 3 >= FIRST_EVENT_FIELD && tag >> 3 <= LAST_EVENT_FIELD)
            read_event(&in, call, (tag >> 3) - FIRST_EVENT_FIELD + MM_MESSAGE);
        else if (tag == CALL_ORIGIN)
            read_origin(&in, call);
        else
            mm_skip_field(&in, tag);
    }
    if (call->place.is_there)
        find_payload(&in, call);
    if (call->message.payload == NULL)
        call->message.payload = nothing;
    leave(outer, &in);
}

static enum mm_lane lane_of(const struct mm_call *call)
{
    return call->event == MM_MESSAGE ? MM_MESSAGES : MM_NOTIFICATIONS;
}

/* Looks at every call, and at every field of it. */
static void check_batch(struct mm_reader *outer, struct mm_batch *batch, uint64_t *acknowledged)
{
    struct mm_reader in = mm_read_bytes(outer);
    struct mm_call call;
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;) {
        if (tag == BATCH_CALL) {
            read_call(&in, &call);
            batch->left[lane_of(&call)]++;
        } else if (tag == BATCH_ACKNOWLEDGED) {
            *acknowledged = mm_read_fixed64(&in);
        } else {
            mm_skip_field(&in, tag);
        }
    }
    leave(outer, &in);
}

MM_EXPORT int32_t mm_accept(const uint8_t *frame, uint32_t length, struct mm_batch *batch)
{
    struct mm_reader in = {frame, frame + length, 0};
    uint64_t acknowledged = 0;
    int is_batch = 0;
    memset(batch, 0, sizeof *batch);
    for (uint32_t tag; (tag = mm_next_field(&in)) != 0;) {
        if (tag == FRAME_BATCH)
            check_batch(&in, batch, &acknowledged);
        else
            mm_skip_field(&in, tag);
        if ((tag & 7) == MM_BYTES && tag >> 3 <= LAST_FRAME_FIELD)
            is_batch = tag == FRAME_BATCH;
    }
    if (in.failed)
        return MM_DAMAGED;
    if (!is_batch)
        return MM_OTHER_FRAME;
    batch->received = mm_now();
    mm_acknowledge(acknowledged);
    return MM_ACCEPTED;
}

/*
 * Reads one field at `place`, and moves `place` behind it. Returns whether that was a call of this lane. The frame may have
 * several batches.
 */
static int read_on(const uint8_t *frame, uint32_t length, struct mm_place *place, enum mm_lane lane, struct mm_call *call)
{
    const int inside = place->at < place->batch_end;
    struct mm_reader in = {frame + place->at, frame + (inside ? place->batch_end : length), 0};
    const uint32_t tag = mm_next_field(&in);
    int found = 0;
    if (tag == 0)
        mm_give_up("calls");
    if (inside && tag == BATCH_CALL) {
        read_call(&in, call);
        found = lane_of(call) == lane;
    } else if (!inside && tag == FRAME_BATCH) {
        const struct mm_reader content = mm_read_bytes(&in);
        place->batch_end = (uint32_t)(content.end - frame);
        in.at = content.at;
    } else {
        mm_skip_field(&in, tag);
    }
    if (in.failed)
        mm_give_up("calls");
    place->at = (uint32_t)(in.at - frame);
    return found;
}

/* The frame was checked when it came. Nothing fails here unless the module has overwritten it since. */
int mm_next_call(const uint8_t *frame, uint32_t length, struct mm_batch *batch, enum mm_lane lane, struct mm_call *call)
{
    if (batch->left[lane] == 0)
        return 0;
    while (!read_on(frame, length, &batch->places[lane], lane, call))
        continue;
    batch->left[lane]--;
    return 1;
}
