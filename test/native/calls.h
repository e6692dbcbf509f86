/* Calls as the core sends them, by proto/module.proto alone; and the results that a test expects. */
#ifndef CALLS_H
#define CALLS_H

#include "batch.h"
#include "entries.h"
#include "harness.h"

/* A message, a status or a login in parts. */
struct parts {
    uint32_t event; /* enum mm_event */
    uint64_t seq;
    uint32_t budget_micros, wait_micros; /* how long it waits before it is run */
    uint64_t scalars[MM_SCALARS];
    const char *to, *from;
    const void *payload;
    uint32_t payload_length;
    const char *origin; /* of the call; NULL: none */
};

enum { AID, ID, REFID, GROUPID, FLAGS, TYPE, EXPIRY, UFLAGS, STATUS, SID, DEVICE };

/* Bytes that grow as they are written, for one call, one record, or several in a row. */
struct bytes {
    uint8_t *data;
    size_t length, capacity;
};
void put_u32(struct bytes *bytes, uint32_t value);
void put_u64(struct bytes *bytes, uint64_t value);
void put_text(struct bytes *bytes, const void *text, size_t length); /* and a NUL */
void put_varint(struct bytes *bytes, uint64_t value);
/* Fields of protobuf. */
void put_number(struct bytes *bytes, uint32_t field, uint64_t value);
void put_fixed64(struct bytes *bytes, uint32_t field, uint64_t value);
void put_field(struct bytes *bytes, uint32_t field, const void *content, size_t length);
void pad(struct bytes *bytes);
void release(struct bytes *bytes);

/* Appends one call to a batch. */
void put_call(struct bytes *batch, const struct parts *parts);

/* A frame of the core with one batch, from its receipt on. */
struct frame {
    struct bytes bytes;
    struct mm_batch batch;
};
void open_frame(struct frame *frame, const struct bytes *batch);
uint32_t run_frame(struct frame *frame, enum mm_lane lane, uint32_t micros);
void close_frame(struct frame *frame);
/* Runs calls, each in a frame of its own and without a limit in time; returns how many were executed. */
uint32_t run_calls(const struct parts *parts, uint32_t count);
/* Runs one call and takes what it wrote; next_record() then goes through it. */
void run_call(const struct parts *parts);
/* These parameters, as the core reads them. */
void expect_params(const struct entry *entry, const struct parts *expected);
/*
 * The next record taken must be this result. With `changed` params or payload, `after` is the message as
 * the record must have it.
 */
void expect_result(uint64_t seq, int32_t value, uint32_t changed, const struct parts *after);
void expect_end(void);

#endif
