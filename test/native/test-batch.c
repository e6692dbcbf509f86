/* Frames of the core: in every form that protobuf allows, and damaged in every way. */
#include "calls.h"
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { RING = 512 * KIB, LARGEST = 4 * KIB };

static int32_t accept_bytes(const struct bytes *bytes, struct mm_batch *batch)
{
    return mm_accept(bytes->data, (uint32_t)bytes->length, batch);
}

static void put_hex(struct bytes *bytes, const char *hex)
{
    for (unsigned byte; *hex != 0; hex += 2) {
        for (; *hex == ' '; hex++)
            continue;
        CHECK_EQ(sscanf(hex, "%2x", &byte), 1);
        put_text(bytes, &(uint8_t){(uint8_t)byte}, 1);
        bytes->length--; /* without the NUL */
    }
}

/* A field of bytes, each given in hexadecimal, around others. */
static void wrap(struct bytes *bytes, uint32_t field)
{
    struct bytes outer = {0};
    put_field(&outer, field, bytes->data, bytes->length);
    release(bytes);
    *bytes = outer;
}

/* ---- what is a batch ---- */

static uint32_t events;
static char seen[64];

static int64_t remember(struct fake_event *event)
{
    if (event->callback == FAKE_MESSAGE)
        snprintf(seen, sizeof seen, "%s/%s/%lu/%.*s", *event->to ? *event->to : "-", *event->from ? *event->from : "-",
                 (unsigned long)*event->scalars[ID], (int)event->length, event->message);
    else
        snprintf(seen, sizeof seen, "event %u", event->callback);
    events++;
    return 1;
}

static void begin(void)
{
    start(RING, LARGEST, UINT32_MAX);
    fake_on_event = remember;
}

/* The call, of which this is the content, reaches its callback as `expected` says, with the number 7. */
static void reads(const char *call, const char *expected)
{
    struct bytes bytes = {0};
    struct frame frame;
    put_hex(&bytes, call);
    wrap(&bytes, 1);
    events = 0;
    open_frame(&frame, &bytes);
    CHECK_EQ(run_frame(&frame, MM_MESSAGES, UINT32_MAX) + run_frame(&frame, MM_NOTIFICATIONS, UINT32_MAX), 1);
    CHECK_EQ(events, 1);
    CHECK_TEXT(seen, expected);
    take();
    expect_result(7, 1, 0, NULL);
    expect_end();
    close_frame(&frame);
    release(&bytes);
}

#define SEQ "09 0700000000000000"
#define PARAMS "0a 0f 62 01 62 6a 01 61 11 0500000000000000"
#define UNKNOWN "f8 07 81808080808080808001 f9 07 0000000000000000 fa 07 02 6869 fd 07 00000000 fb 07 08 01 0b 0c fc 07"

static void a_call_in_every_form_that_protobuf_allows(void)
{
    begin();
    reads(SEQ "1a 15" PARAMS "12 02 6869", "b/a/5/hi");
    reads("1a 15 12 02 6869" PARAMS SEQ, "b/a/5/hi");
    reads(UNKNOWN SEQ UNKNOWN "1a 67" UNKNOWN PARAMS "12 02 6869" UNKNOWN, "b/a/5/hi");
    /* Lengths and tags that are longer than necessary. */
    reads("8900 0700000000000000 9a8000 9680808000" PARAMS "12 8200 6869", "b/a/5/hi");
    /* Of a field that comes twice the last one counts; of a message, the fields of both. */
    reads("09 0900000000000000" SEQ "1a 05 12 03 666f6f 1a 11" PARAMS "1a 04 12 02 6869", "b/a/5/hi");
    reads(SEQ "1a 11" PARAMS "1a 07 0a 05 62 03 626f62", "bob/a/5/");
    /* Of several events the last. */
    reads(SEQ "1a 15" PARAMS "12 02 6869 32 00", "event 8");
    reads(SEQ "22 00 1a 00", "-/-/0/");
    reads(SEQ "22 00", "event 2");
    reads(SEQ "2a 00", "event 4");
    reads(SEQ "32 02 7800", "event 8");
    reads(SEQ "3a 00", "event 16");
}

static void a_payload_may_stand_in_the_box(void)
{
    begin();
    /* Written as the core writes there; the module's process may only read it. */
    uint8_t *payloads = (uint8_t *)(uintptr_t)mm_payloads;
    CHECK_EQ(mprotect(payloads, RING, PROT_READ | PROT_WRITE), 0);
    memcpy(payloads + 100, "hello", 5);
    payloads[RING - 1] = '!';
    CHECK_EQ(mprotect(payloads, RING, PROT_READ), 0);
    reads(SEQ "1a 0c 1a 0a 0d 64000000 15 05000000", "-/-/0/hello");
    reads(SEQ "1a 1d" PARAMS "1a 0a 0d 65000000 15 03000000", "b/a/5/ell");
    reads(SEQ "1a 0c 1a 0a 15 01000000 0d ffff0700", "-/-/0/!");
    reads(SEQ "1a 02 1a 00", "-/-/0/");
    reads(SEQ "1a 07 1a 05 0d 00000800", "-/-/0/");
    /* When there are both, the place counts. */
    reads(SEQ "1a 10 1a 0a 0d 64000000 15 05000000 12 02 6869", "-/-/0/hello");
    reads(SEQ "1a 10 12 02 6869 1a 0a 0d 64000000 15 05000000", "-/-/0/hello");
}

static void a_batch_may_be_in_parts(void)
{
    begin();
    struct bytes calls = {0}, bytes = {0}, none = {0};
    struct frame frame = {0};
    for (uint64_t seq = 1; seq <= 6; seq++) {
        put_call(&calls, &(struct parts){.event = seq % 2 == 0 ? MM_MESSAGE : MM_CALL, .seq = seq, .to = "b"});
        put_number(&calls, 99, seq);
        put_field(&bytes, 3, calls.data, calls.length);
        put_field(&bytes, 3, none.data, none.length);
        put_fixed64(&bytes, 98, seq);
        release(&calls);
    }
    frame.bytes = bytes;
    CHECK_EQ(accept_bytes(&bytes, &frame.batch), MM_ACCEPTED);
    CHECK_EQ(frame.batch.left[MM_MESSAGES], 3);
    CHECK_EQ(frame.batch.left[MM_NOTIFICATIONS], 3);
    CHECK_EQ(run_frame(&frame, MM_MESSAGES, 0), 1);
    CHECK_EQ(run_frame(&frame, MM_NOTIFICATIONS, UINT32_MAX), 3);
    CHECK_EQ(run_frame(&frame, MM_MESSAGES, UINT32_MAX), 2);
    take();
    for (const uint64_t *seq = (const uint64_t[]){2, 1, 3, 5, 4, 6, 0}; *seq != 0; seq++)
        expect_result(*seq, 1, 0, NULL);
    expect_end();
    close_frame(&frame);
}

static void other_frames_are_told_apart(void)
{
    static const char *const others[] = {"", "2a00", "0a00", "1200", "2200", "3200", "3a00", "1a00 2200", "7800"};
    static const char *const batches[] = {"1a00", "2200 1a00", "7a00 1a00", "1a00 7a00", "1a00 f807 00", "1a00 1a00"};
    struct mm_batch batch;
    begin();
    for (size_t i = 0; i < sizeof others / sizeof others[0] + sizeof batches / sizeof batches[0]; i++) {
        const size_t other = sizeof others / sizeof others[0];
        struct bytes bytes = {0};
        put_hex(&bytes, i < other ? others[i] : batches[i - other]);
        CHECK_EQ(accept_bytes(&bytes, &batch), i < other ? MM_OTHER_FRAME : MM_ACCEPTED);
        release(&bytes);
    }
}

static void an_acknowledgement_is_taken(void)
{
    begin();
    mesibo_log(mm_module, 0, "line");
    const uint64_t position = drain(KIB).position;
    struct bytes bytes = {0};
    struct mm_batch batch;
    put_fixed64(&bytes, 2, position);
    wrap(&bytes, 3);
    CHECK_EQ(mm_box->tail, 0);
    CHECK_EQ(accept_bytes(&bytes, &batch), MM_ACCEPTED);
    CHECK_EQ(mm_box->tail, position);
    release(&bytes);
}

/* ---- what is none ---- */

static void damage_is_found_at_the_receipt(void)
{
    /* As the content of a call. */
    static const char *const calls[] = {
        "09 07000000000000", "10", "10 ff", "10 ffffffffffffffffffff01", "1a", "1a 01", "1a 02 12 01", "1a 03 12 02 78",
        "1a 04 0a 03 62 02 78", "1a 02 0a 01", "22 01 62", "22 02 62 01", "22 05 09 00000000", "2a 01 1a", "32 01 78",
        "3a 02 7a 01", "00 00", "7e 00", "7f", "7b", "7c", "7b 7b 7c", "7b 8401", "1a 01 7b", "f8808080 8000 00",
        "f8ffffff 1f 00", "1a 8180808080 00 00", "7a ffffffff 0f", "7a ffffffff 07", "7a 82808080 10 0000", "7d 000000", "79 00",
        /* Places that end behind the memory for them. */
        "1a 07 1a 05 15 01000800", "1a 0c 1a 0a 0d ffff0700 15 02000000", "1a 0c 1a 0a 0d ffffffff 15 ffffffff",
        "1a 07 1a 05 0d 01000800", "1a 06 1a 04 0d 000000", "1a 01 1a", "1a 02 1a 01",
    };
    begin();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct bytes bytes = {0};
        struct mm_batch batch;
        put_hex(&bytes, calls[i]);
        wrap(&bytes, 1);
        wrap(&bytes, 3);
        if (accept_bytes(&bytes, &batch) != MM_DAMAGED)
            fprintf(stderr, "accepted: %s\n", calls[i]);
        CHECK_EQ(accept_bytes(&bytes, &batch), MM_DAMAGED);
        release(&bytes);
    }
    CHECK_EQ(events, 0);
}

static void groups_without_end_are_refused(void)
{
    enum { DEPTH = 100 };
    begin();
    for (int depth = DEPTH - 1; depth <= 200000; depth = depth <= DEPTH ? depth + 1 : depth * 10) {
        struct bytes bytes = {0};
        struct mm_batch batch;
        for (int i = 0; i < depth; i++)
            put_hex(&bytes, "7b");
        for (int i = 0; i < depth; i++)
            put_hex(&bytes, "7c");
        wrap(&bytes, 3);
        CHECK_EQ(accept_bytes(&bytes, &batch), depth <= DEPTH ? MM_ACCEPTED : MM_DAMAGED);
        release(&bytes);
    }
}

/* Exactly as much memory as there are bytes, so that the sanitizer sees a read of one more. */
static void take_every_call(const uint8_t *bytes, uint32_t length)
{
    uint8_t *frame = malloc(length > 0 ? length : 1);
    struct mm_batch batch;
    struct mm_call call;
    if (length > 0)
        memcpy(frame, bytes, length);
    if (mm_accept(frame, length, &batch) == MM_ACCEPTED)
        for (int lane = 0; lane < MM_LANES; lane++) {
            uint32_t left = batch.left[lane];
            uint64_t sum = 0;
            for (; mm_next_call(frame, length, &batch, (enum mm_lane)lane, &call); left--) {
                const struct mm_message *message = &call.message;
                for (uint32_t i = 0; i < message->to_length; i++)
                    sum += (uint8_t)message->to[i];
                for (uint32_t i = 0; i < message->from_length; i++)
                    sum += (uint8_t)message->from[i];
                for (uint32_t i = 0; i < message->payload_length; i++)
                    sum += (uint8_t)message->payload[i];
                CHECK(call.event <= MM_CALL_STATUS);
            }
            CHECK_EQ(left, 0);
            CHECK(sum < UINT64_C(256) * 3 * length + 1);
        }
    free(frame);
}

static void damage(struct bytes *bytes, uint32_t *random)
{
    static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1a, 0x62, 0x6a, 0x0b, 0x0c, 0x09, 0x10};
    for (uint32_t many = 1 + next_random(random) % 4; many > 0; many--) {
        const size_t at = next_random(random) % bytes->length;
        const size_t length = next_random(random) % 16;
        switch (next_random(random) % 5) {
        case 0:
            bytes->data[at] ^= (uint8_t)(1u << next_random(random) % 8);
            break;
        case 1:
            bytes->data[at] = telling[next_random(random) % sizeof telling];
            break;
        case 2:
            bytes->length = at + 1;
            break;
        case 3: /* something stands twice */
            if (at + 2 * length <= bytes->length)
                memmove(bytes->data + at + length, bytes->data + at, length);
            break;
        default: /* something is missing */
            if (at + length < bytes->length) {
                memmove(bytes->data + at, bytes->data + at + length, bytes->length - at - length);
                bytes->length -= length;
            }
        }
    }
}

static void a_damaged_frame_is_refused_or_read_within_its_bounds(void)
{
    enum { ROUNDS = 1000000 / EFFORT };
    uint32_t random = 77;
    struct bytes batch = {0}, whole = {0}, copy = {0};
    box_open(RING, LARGEST);
    static const struct parts parts[] = {
        {.event = MM_MESSAGE, .seq = 1, .budget_micros = 5000000, .scalars = {1, 2, 3}, .to = "bob", .from = "alice", .payload = "hello", .payload_length = 5},
        {.event = MM_STATUS, .seq = 2, .scalars = {[STATUS] = UINT64_MAX}, .to = ""},
        {.event = MM_LOGIN, .seq = 3, .scalars = {1, 1}, .to = "someone"},
        {.event = MM_CALL, .seq = 4},
        {.event = MM_CALL_STATUS, .seq = 5},
        {.event = MM_MESSAGE, .seq = 6, .to = "bob"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        put_call(&batch, &parts[i]);
    put_fixed64(&batch, 2, 1);
    put_hex(&batch, UNKNOWN);
    put_field(&whole, 3, batch.data, batch.length);
    take_every_call(whole.data, (uint32_t)whole.length);
    for (uint32_t length = 0; length < whole.length; length++)
        take_every_call(whole.data, length);
    for (int round = 0; round < ROUNDS; round++) {
        copy.length = 0;
        put_text(&copy, whole.data, whole.length);
        copy.length--;
        damage(&copy, &random);
        take_every_call(copy.data, (uint32_t)copy.length);
    }
    release(&copy);
    release(&whole);
    release(&batch);
}

const struct test batch_tests[] = {
    ONCE("batch", a_call_in_every_form_that_protobuf_allows),
    ONCE("batch", a_payload_may_stand_in_the_box),
    ONCE("batch", a_batch_may_be_in_parts),
    ONCE("batch", other_frames_are_told_apart),
    ONCE("batch", an_acknowledgement_is_taken),
    ONCE("batch", damage_is_found_at_the_receipt),
    ONCE("batch", groups_without_end_are_refused),
    ONCE("batch", a_damaged_frame_is_refused_or_read_within_its_bounds),
    END,
};
