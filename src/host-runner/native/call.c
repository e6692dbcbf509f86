/* The calls into the module: init, the events of a batch, cleanup. Runs on the host's main thread only. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

#define SIGNATURE UINT64_C(0xAA55773388FF1100)
#define MODULE_VERSION 1
enum { MESSAGE_ID = 1, STATUS = 8 }; /* their places among the scalars */

struct mm_abi mm_abi;
void *mm_module;

static uint8_t *scratch; /* the module's own copy of addresses and payload, which it may write to */
static size_t scratch_size;

struct user {
    uint64_t flags, online;
    char *address;
    uint64_t reserved[4];
};

typedef int64_t (*init_2)(void *module, uint64_t length);
typedef int64_t (*init_3)(int64_t version, void *module, int64_t length);
typedef int64_t (*event_1)(void *module);
typedef int64_t (*event_config)(void *module, uint64_t type, void *value);
typedef int64_t (*event_login)(void *module, struct user *user);
typedef int64_t (*event_message)(void *module, void *params, const char *message, uint64_t length);
typedef int64_t (*event_status)(void *module, void *params, uint64_t status);

static uint64_t field(int32_t offset)
{
    uint64_t value = 0;
    if (offset >= 0)
        memcpy(&value, (uint8_t *)mm_module + offset, sizeof value);
    return value;
}

static void set_field(int32_t offset, uint64_t value)
{
    if (offset >= 0)
        memcpy((uint8_t *)mm_module + offset, &value, sizeof value);
}

/* `abi`: a struct mm_abi, as src/host-runner/abi/layout.ts writes it. -1 when its size is not ours. */
MM_EXPORT int32_t mm_set_abi(const uint8_t *abi, uint32_t length)
{
    if (length != sizeof mm_abi)
        return -1;
    memcpy(&mm_abi, abi, length);
    return 0;
}

static int32_t call_init(void *init)
{
    if (mm_abi.init_arguments == 2)
        return (int32_t)((init_2)init)(mm_module, (uint64_t)mm_abi.module_size);
    return (int32_t)((init_3)init)(MODULE_VERSION, mm_module, mm_abi.module_size);
}

/* Shows the module its configuration once it has started, if it asked for that; the result means nothing. */
static void call_config(void)
{
    uint64_t callback = field(mm_abi.on_config);
    if (callback != 0)
        ((event_config)callback)(mm_module, 0, mm_config_block());
}

/* What the structure's `name` was: modules overwrite the field. */
static char *passed_name;

/* Fills the module structure and calls `init`; returns what it returned. */
MM_EXPORT int32_t mm_init(void *init, const char *name)
{
    /* Larger than any ABI's structure, for modules that were built against another one. */
    mm_module = calloc(1, 4096);
    passed_name = strdup(name);
    if (mm_module == NULL || passed_name == NULL)
        return -1;
    set_field(mm_abi.version, MODULE_VERSION);
    set_field(mm_abi.signature, SIGNATURE);
    set_field(mm_abi.name, (uintptr_t)passed_name);
    set_field(mm_abi.config, (uintptr_t)mm_config_block());
    set_field(mm_abi.send_message, (uintptr_t)mesibo_message);
    set_field(mm_abi.http, (uintptr_t)mesibo_http);
    set_field(mm_abi.log, (uintptr_t)mesibo_log);
    mm_box->current_start = mm_now();
    __atomic_store_n(&mm_box->phase, MM_INIT, __ATOMIC_RELEASE);
    int32_t returned = call_init(init);
    if (returned == 0)
        call_config();
    return returned;
}

/* Which callbacks the module set: bit 0 on_message, then on_message_status, on_login, on_call, on_call_status, cleanup. */
MM_EXPORT uint32_t mm_callbacks(void)
{
    const int32_t offsets[] = {mm_abi.on_message, mm_abi.on_message_status, mm_abi.on_login,
                               mm_abi.on_call,    mm_abi.on_call_status,    mm_abi.cleanup};
    uint32_t set = 0;
    for (unsigned i = 0; i < sizeof offsets / sizeof offsets[0]; i++)
        if (field(offsets[i]) != 0)
            set |= 1u << i;
    return set;
}

/* Copies the module's description; returns its length, cut at `capacity`. */
MM_EXPORT uint32_t mm_description(uint8_t *out, uint32_t capacity)
{
    const char *text = (const char *)(uintptr_t)field(mm_abi.description);
    size_t length = text != NULL ? strnlen(text, capacity) : 0;
    if (length > 0)
        memcpy(out, text, length);
    return (uint32_t)length;
}

static int grow_scratch(size_t needed)
{
    if (needed <= scratch_size)
        return 0;
    uint8_t *larger = realloc(scratch, needed);
    if (larger == NULL)
        return -1;
    scratch = larger;
    scratch_size = needed;
    return 0;
}

static int same(const char *now, uint32_t now_length, const char *before, uint32_t length)
{
    if (now == NULL || before == NULL)
        return now == before;
    return now_length == length && memcmp(now, before, length) == 0;
}

static void finish(const struct mm_result *result)
{
    uint64_t position;
    struct mm_record *record = mm_reserve_result(mm_result_entry_bytes(result), &position);
    if (record == NULL)
        abort(); /* mm_has_room() was asked before the call */
    mm_write_result((uint8_t *)(record + 1), result);
    mm_commit(record, position);
}

/* What a callback returned that was begun at `started`. */
static struct mm_result result_of(const struct mm_call *call, int64_t value, uint64_t started)
{
    const uint64_t micros = (mm_now() - started) / 1000u;
    return (struct mm_result){
        .seq = call->seq,
        .value = (int32_t)value,
        .micros = micros > UINT32_MAX ? UINT32_MAX : (uint32_t)micros,
    };
}

static struct mm_message message_of(const struct mm_block *block)
{
    const char *to = (const char *)(block + 1), *from = to + block->to_length + 1;
    struct mm_message message = {
        .to = block->present & MM_HAS_TO ? to : NULL,
        .from = block->present & MM_HAS_FROM ? from : NULL,
        .payload = from + block->from_length + 1,
        .to_length = block->to_length,
        .from_length = block->from_length,
        .payload_length = block->payload_length,
    };
    memcpy(message.scalars, block->scalars, sizeof message.scalars);
    return message;
}

static char *put_text(char **at, const char *text, uint32_t length)
{
    char *copy = *at;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = 0;
    *at += length + 1;
    return copy;
}

/* The same message in memory that the module may write to; each text has a NUL behind it. */
static struct mm_message copy_for_module(const struct mm_message *message)
{
    struct mm_message copy = *message;
    if (grow_scratch((size_t)message->to_length + message->from_length + message->payload_length + 3) != 0)
        abort(); /* out of memory: the call gets its default verdict, and the host a fresh start */
    char *at = (char *)scratch;
    copy.to = message->to != NULL ? put_text(&at, message->to, message->to_length) : NULL;
    copy.from = message->from != NULL ? put_text(&at, message->from, message->from_length) : NULL;
    copy.payload = put_text(&at, message->payload, message->payload_length);
    return copy;
}

/* What the callback changed; `after` becomes the message as it is now. */
static uint32_t find_changes(const uint8_t *params, const struct mm_message *before, const struct mm_message *written,
                             struct mm_message *after)
{
    *after = *written;
    mm_read_changes(params, after, written);
    if (mm_measure(after) != 0) {
        mm_complain("an address was changed to one longer than %u bytes: both keep what they were", MM_ADDRESS_MAX);
        after->to = before->to;
        after->from = before->from;
        after->to_length = before->to_length;
        after->from_length = before->from_length;
    }
    uint32_t changed = 0;
    if (memcmp(after->scalars, before->scalars, sizeof after->scalars) != 0 ||
        !same(after->to, after->to_length, before->to, before->to_length) ||
        !same(after->from, after->from_length, before->from, before->from_length))
        changed |= MM_PARAMS_CHANGED;
    if (before->payload_length > 0 && memcmp(after->payload, before->payload, before->payload_length) != 0)
        changed |= MM_PAYLOAD_CHANGED;
    return changed;
}

/* Makes one call with its message or status and records what came of it. */
static void call_with_params(const struct mm_call *call, uint64_t callback)
{
    const struct mm_message before = message_of(&call->block);
    const struct mm_message written = copy_for_module(&before);
    _Alignas(16) uint8_t params[256];
    mm_write_params(params, &written);

    uint64_t started = mm_box->current_start;
    int64_t value;
    if (call->event == MM_STATUS)
        value = ((event_status)callback)(mm_module, params, before.scalars[STATUS]);
    else
        value = ((event_message)callback)(mm_module, params, written.payload, written.payload_length);
    struct mm_result result = result_of(call, value, started);
    struct mm_message after;
    result.changed = find_changes(params, &before, &written, &after);
    result.message = &after;
    finish(&result);
}

static void call_without_params(const struct mm_call *call, uint64_t callback)
{
    const uint64_t started = mm_box->current_start;
    int64_t value;
    if (call->event == MM_LOGIN) {
        struct mm_message login = message_of(&call->block);
        login.from = NULL;
        login.from_length = login.payload_length = 0;
        const struct mm_message copy = copy_for_module(&login);
        struct user user = {login.scalars[0], login.scalars[1], (char *)(uintptr_t)copy.to, {0}};
        value = ((event_login)callback)(mm_module, &user);
    } else {
        value = ((event_1)callback)(mm_module);
    }
    const struct mm_result result = result_of(call, value, started);
    finish(&result);
}

static void execute(const struct mm_call *call)
{
    const int32_t offsets[] = {-1, mm_abi.on_message, mm_abi.on_message_status, mm_abi.on_login, mm_abi.on_call, mm_abi.on_call_status};
    uint64_t now = mm_now();
    if (call->not_after != 0 && now > call->not_after) {
        finish(&(struct mm_result){.seq = call->seq, .changed = MM_EXPIRED});
        return;
    }
    mm_begin(call->event, call->event,
             call->event == MM_MESSAGE || call->event == MM_STATUS ? call->block.scalars[MESSAGE_ID] : 0);
    __atomic_store_n(&mm_box->current_seq, call->seq, __ATOMIC_RELEASE);
    /* Read at each call: a module may set or clear its callbacks as it runs. */
    uint64_t callback = call->event < sizeof offsets / sizeof offsets[0] ? field(offsets[call->event]) : 0;
    if (callback == 0)
        finish(&(struct mm_result){.seq = call->seq});
    else if (call->event == MM_MESSAGE || call->event == MM_STATUS)
        call_with_params(call, callback);
    else
        call_without_params(call, callback);
    __atomic_store_n(&mm_box->current_seq, 0, __ATOMIC_RELEASE);
    mm_finish();
}

/*
 * Executes up to `count` calls that stand one after the other in `calls`, until `micros` have passed or the box has no
 * room for another result. Returns how many were executed.
 */
MM_EXPORT uint32_t mm_run(const uint8_t *calls, uint32_t count, uint32_t micros)
{
    const uint64_t until = mm_now() + micros * UINT64_C(1000);
    uint32_t executed = 0;
    mm_quiet = 1;
    while (executed < count && mm_has_room()) {
        const struct mm_call *call = (const struct mm_call *)calls;
        execute(call);
        calls += call->size;
        executed++;
        if (mm_now() >= until)
            break;
    }
    mm_quiet = 0;
    return executed;
}

MM_EXPORT void mm_cleanup(void)
{
    uint64_t callback = field(mm_abi.cleanup);
    mm_box->current_start = mm_now();
    __atomic_store_n(&mm_box->phase, MM_CLEANUP, __ATOMIC_RELEASE);
    if (callback != 0)
        ((event_1)callback)(mm_module);
}
