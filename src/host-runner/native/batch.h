/* Calls on their way into the module. A frame of the core is kept as it came until all its calls are made. */
#ifndef MESIBO_BATCH_H
#define MESIBO_BATCH_H

#include "shim.h"

#include <stddef.h>

/* Calls of a lane are made in their order. A host that holds both kinds takes turns between them. */
enum mm_lane { MM_MESSAGES = 0, MM_NOTIFICATIONS = 1, MM_LANES = 2 };

/* How far a lane has come in a frame. */
struct mm_place {
    uint32_t at, batch_end;
};

/* What is known about a frame; src/host-runner/lane.ts keeps it with the frame. */
struct mm_batch {
    uint64_t received;       /* CLOCK_MONOTONIC, in nanoseconds */
    uint32_t left[MM_LANES]; /* calls that are not made yet */
    struct mm_place places[MM_LANES];
};
/* BATCH in src/host-runner/shim.ts has the same numbers. */
_Static_assert(sizeof(struct mm_batch) == 32 && offsetof(struct mm_batch, left) == 8, "shim.ts has another layout");

/*
 * A call; its bytes stand in the frame, those of a large payload in mm_payloads. For a login, scalars are flags and online, and `to`
 * is the address.
 */
struct mm_call {
    uint64_t seq;
    uint32_t event;         /* enum mm_event; 0: one that is not known */
    uint32_t budget_micros; /* how long after its receipt it may begin; 0: at any time */
    struct mm_message message;
    const uint8_t *origin; /* where its event came from, as the core says it */
    uint32_t origin_length;
    struct { /* of a payload in mm_payloads */
        uint32_t at, bytes;
        int is_there;
    } place;
};

enum mm_acceptance { MM_ACCEPTED = 0, MM_OTHER_FRAME = 1, MM_DAMAGED = -1 };
/* Looks at a frame of the core as a whole, and takes its acknowledgement; returns an enum mm_acceptance. */
int32_t mm_accept(const uint8_t *frame, uint32_t length, struct mm_batch *batch);
/* The next call of a lane; 0: there is none. */
int mm_next_call(const uint8_t *frame, uint32_t length, struct mm_batch *batch, enum mm_lane lane, struct mm_call *call);

#endif
