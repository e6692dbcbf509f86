/* Between the union of all parameters, as the wire has it, and the structure of this host's ABI. */
#include "shim.h"

#include <string.h>
#include <sys/uio.h>

enum { UFLAGS = 7 };

static void store(uint8_t *base, int32_t offset, uint64_t value)
{
    if (offset >= 0)
        memcpy(base + offset, &value, sizeof value);
}

static uint64_t fetch(const uint8_t *base, int32_t offset)
{
    uint64_t value;
    memcpy(&value, base + offset, sizeof value);
    return value;
}

void mm_write_params(uint8_t *params, const struct mm_block *block, struct mm_strings strings)
{
    memset(params, 0, (size_t)mm_abi.params_size);
    for (int i = 0; i < MM_SCALARS; i++)
        store(params, mm_abi.scalars[i], block->scalars[i]);
    store(params, mm_abi.to_online, block->scalars[UFLAGS] & 1u);
    store(params, mm_abi.to, (uintptr_t)strings.to);
    store(params, mm_abi.from, (uintptr_t)strings.from);
    store(params, mm_abi.to_alias, (uintptr_t)strings.to);
    store(params, mm_abi.from_alias, (uintptr_t)strings.from);
}

struct mm_strings mm_read_params(const uint8_t *params, struct mm_block *block)
{
    for (int i = 0; i < MM_SCALARS; i++)
        if (mm_abi.scalars[i] >= 0)
            block->scalars[i] = fetch(params, mm_abi.scalars[i]);
    if (mm_abi.to_online >= 0)
        block->scalars[UFLAGS] = (block->scalars[UFLAGS] & ~UINT64_C(1)) | (fetch(params, mm_abi.to_online) != 0);
    return (struct mm_strings){
        .to = (const char *)(uintptr_t)fetch(params, mm_abi.to),
        .from = (const char *)(uintptr_t)fetch(params, mm_abi.from),
    };
}

/* What stands in the field itself, unless only the alias was changed. */
static const char *latest(const uint8_t *params, int32_t alias, const char *written, const char *now)
{
    return alias >= 0 && now == written ? (const char *)(uintptr_t)fetch(params, alias) : now;
}

struct mm_strings mm_read_changes(const uint8_t *params, struct mm_block *block, struct mm_strings written)
{
    struct mm_strings now = mm_read_params(params, block);
    now.to = latest(params, mm_abi.to_alias, written.to, now.to);
    now.from = latest(params, mm_abi.from_alias, written.from, now.from);
    return now;
}

int mm_measure(struct mm_block *block, struct mm_strings strings)
{
    size_t to = strings.to != NULL ? strnlen(strings.to, MM_ADDRESS_MAX + 1) : 0;
    size_t from = strings.from != NULL ? strnlen(strings.from, MM_ADDRESS_MAX + 1) : 0;
    if (to > MM_ADDRESS_MAX || from > MM_ADDRESS_MAX)
        return -1;
    block->to_length = (uint32_t)to;
    block->from_length = (uint32_t)from;
    block->present = (strings.to != NULL ? MM_HAS_TO : 0u) | (strings.from != NULL ? MM_HAS_FROM : 0u);
    return 0;
}

uint32_t mm_block_bytes(const struct mm_block *block)
{
    return (uint32_t)sizeof *block + block->to_length + block->from_length + block->payload_length + 3;
}

static uint8_t *put(uint8_t *out, const void *bytes, uint32_t length)
{
    if (length > 0)
        memcpy(out, bytes, length);
    out[length] = 0;
    return out + length + 1;
}

void mm_copy_block(uint8_t *out, const struct mm_block *block, struct mm_strings strings, const void *payload)
{
    memcpy(out, block, sizeof *block);
    out = put(out + sizeof *block, strings.to, block->to_length);
    out = put(out, strings.from, block->from_length);
    put(out, payload, block->payload_length);
}

static struct iovec piece(const void *bytes, uint32_t length) { return (struct iovec){(void *)(uintptr_t)bytes, length}; }

int mm_read_block(uint8_t *out, const struct mm_block *block, struct mm_strings strings, const void *payload)
{
    uint8_t *to = out + sizeof *block, *from = to + block->to_length + 1, *body = from + block->from_length + 1;
    memcpy(out, block, sizeof *block);
    to[block->to_length] = from[block->from_length] = body[block->payload_length] = 0;
    const struct iovec there[] = {piece(strings.to, block->to_length), piece(strings.from, block->from_length),
                                  piece(payload, block->payload_length)};
    const struct iovec here[] = {piece(to, block->to_length), piece(from, block->from_length),
                                 piece(body, block->payload_length)};
    return mm_read_memory(here, there, 3);
}
