/* Converts between the union of all parameters, as on the wire, and the structure of this host's ABI. */
#include "shim.h"

#include <string.h>

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

void mm_write_params(uint8_t *params, const struct mm_message *message)
{
    memset(params, 0, (size_t)mm_abi.params_size);
    for (int i = 0; i < MM_SCALARS; i++)
        store(params, mm_abi.scalars[i], message->scalars[i]);
    store(params, mm_abi.to_online, message->scalars[UFLAGS] & 1u);
    store(params, mm_abi.to, (uintptr_t)message->to);
    store(params, mm_abi.from, (uintptr_t)message->from);
    store(params, mm_abi.to_alias, (uintptr_t)message->to);
    store(params, mm_abi.from_alias, (uintptr_t)message->from);
}

void mm_read_params(const uint8_t *params, struct mm_message *message)
{
    uint64_t *scalars = message->scalars;
    for (int i = 0; i < MM_SCALARS; i++)
        if (mm_abi.scalars[i] >= 0)
            scalars[i] = fetch(params, mm_abi.scalars[i]);
    if (mm_abi.to_online >= 0)
        scalars[UFLAGS] = (scalars[UFLAGS] & ~UINT64_C(1)) | (fetch(params, mm_abi.to_online) != 0);
    message->to = (const char *)(uintptr_t)fetch(params, mm_abi.to);
    message->from = (const char *)(uintptr_t)fetch(params, mm_abi.from);
}

/* What stands in the field itself, unless only the alias was changed. */
static const char *latest(const uint8_t *params, int32_t alias, const char *written, const char *now)
{
    return alias >= 0 && now == written ? (const char *)(uintptr_t)fetch(params, alias) : now;
}

void mm_read_changes(const uint8_t *params, struct mm_message *message, const struct mm_message *written)
{
    mm_read_params(params, message);
    message->to = latest(params, mm_abi.to_alias, written->to, message->to);
    message->from = latest(params, mm_abi.from_alias, written->from, message->from);
}

int mm_measure(struct mm_message *message)
{
    const size_t to = message->to != NULL ? strnlen(message->to, MM_ADDRESS_MAX + 1) : 0;
    const size_t from = message->from != NULL ? strnlen(message->from, MM_ADDRESS_MAX + 1) : 0;
    if (to > MM_ADDRESS_MAX || from > MM_ADDRESS_MAX)
        return -1;
    message->to_length = (uint32_t)to;
    message->from_length = (uint32_t)from;
    return 0;
}
