/* Calls as the JavaScript side lays them out, by the byte; and what of results a test expects. */
#ifndef CALLS_H
#define CALLS_H

#include "entries.h"
#include "harness.h"

/* A message, a status or a login in parts. */
struct parts {
    uint32_t event; /* enum mm_event */
    uint64_t seq, not_after;
    uint64_t scalars[MM_SCALARS];
    const char *to, *from;
    const void *payload;
    uint32_t payload_length;
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
void put_block(struct bytes *bytes, const struct parts *parts);
void pad(struct bytes *bytes);
void release(struct bytes *bytes);

/* Appends one call. */
void put_call(struct bytes *calls, const struct parts *parts);
/* Runs calls in one mm_run without a limit in time; returns how many were executed. */
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
