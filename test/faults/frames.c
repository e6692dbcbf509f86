/*
 * Reads frames as a host does, and prints what it read: for each frame of standard input (a length of 4 bytes, then the frame)
 * an answer of the same form, which test/faults/fuzz-batch.test.ts knows. All numbers are little-endian.
 */
#include "../../src/host-runner/native/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAME_MAX = 1 << 20, ANSWER_MAX = 16 << 20, PAYLOADS = 1 << 16 };
static const uint32_t absent = UINT32_MAX;

/* ---- what the reader of batches needs of the shim ---- */

static uint64_t acknowledged;

/* A byte tells its place. */
static uint8_t payloads[PAYLOADS];
const uint8_t *mm_payloads = payloads;
uint64_t mm_ring_size = PAYLOADS;

uint64_t mm_now(void) { return 1; }

void mm_acknowledge(uint64_t position) { acknowledged = position; }

/* Says that memory was overwritten. Nobody has overwritten any here. */
_Noreturn void mm_give_up(const char *what)
{
    fprintf(stderr, "%s: a frame that was accepted cannot be read\n", what);
    abort();
}

/* ---- answers ---- */

static uint8_t answer[ANSWER_MAX];
static size_t length;

static void put(const void *bytes, size_t count)
{
    if (count > sizeof answer - length) {
        fprintf(stderr, "an answer is too long\n");
        exit(1);
    }
    if (count > 0)
        memcpy(answer + length, bytes, count);
    length += count;
}

static void put_u32(uint32_t value) { put(&value, sizeof value); }

static void put_u64(uint64_t value) { put(&value, sizeof value); }

static void put_text(const char *text, uint32_t count)
{
    put_u32(text != NULL ? count : absent);
    put(text, text != NULL ? count : 0);
}

static void put_call(const struct mm_call *call)
{
    put_u64(call->seq);
    put_u32(call->event);
    put_u32(call->budget_micros);
    for (int i = 0; i < MM_SCALARS; i++)
        put_u64(call->message.scalars[i]);
    put_text(call->message.to, call->message.to_length);
    put_text(call->message.from, call->message.from_length);
    put_text(call->message.payload, call->message.payload_length);
    put_text(call->origin_length > 0 ? (const char *)call->origin : "", call->origin_length);
}

static void read_frame(const uint8_t *frame, uint32_t count)
{
    struct mm_batch batch;
    struct mm_call call;
    length = 0;
    acknowledged = 0;
    const int32_t accepted = mm_accept(frame, count, &batch);
    put_u32((uint32_t)accepted);
    if (accepted != MM_ACCEPTED)
        return;
    put_u64(acknowledged);
    for (int lane = 0; lane < MM_LANES; lane++) {
        put_u32(batch.left[lane]);
        while (mm_next_call(frame, count, &batch, (enum mm_lane)lane, &call))
            put_call(&call);
    }
}

/* ---- standard input and output ---- */

/* Memory behind which nothing may be read: a frame ends where it ends. */
static uint8_t *make_fence(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *room = mmap(NULL, FRAME_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + FRAME_MAX, page, PROT_NONE) != 0) {
        perror("fence");
        exit(1);
    }
    return room + FRAME_MAX;
}

int main(void)
{
    uint8_t *fence = make_fence();
    for (uint32_t at = 0; at < PAYLOADS; at++)
        payloads[at] = (uint8_t)(at * 7);
    for (uint32_t count; fread(&count, sizeof count, 1, stdin) == 1;) {
        if (count > FRAME_MAX || fread(fence - count, 1, count, stdin) != count) {
            fprintf(stderr, "a frame of %u bytes is not whole, or too long\n", count);
            return 1;
        }
        read_frame(fence - count, count);
        const uint32_t size = (uint32_t)length;
        fwrite(&size, sizeof size, 1, stdout);
        fwrite(answer, 1, length, stdout);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
