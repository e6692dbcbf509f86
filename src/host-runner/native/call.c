/* The calls into the module: init, the events of a batch, cleanup. Runs on the host's main thread only. */
#include "batch.h"

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

/* Shows the module its configuration after the start, if it asked for that. The result is ignored. */
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
    /* Larger than the structure of any ABI, for modules that were built for another ABI. */
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
    if (mm_box->phase != MM_INIT_BY_DEFAULT)
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

/* What a callback returned that ran from `started` to `ended`. */
static struct mm_result result_of(const struct mm_call *call, int64_t value, uint64_t started, uint64_t ended)
{
    const uint64_t micros = (ended - started) / 1000u;
    return (struct mm_result){
        .seq = call->seq,
        .value = (int32_t)value,
        .micros = micros > UINT32_MAX ? UINT32_MAX : (uint32_t)micros,
    };
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

/* Makes one call with its message or status and records what came of it; returns when its callback ended. */
static uint64_t call_with_params(const struct mm_call *call, uint64_t callback, uint64_t started)
{
    const struct mm_message *before = &call->message;
    const struct mm_message written = copy_for_module(before);
    _Alignas(16) uint8_t params[256];
    mm_write_params(params, &written);

    int64_t value;
    if (call->event == MM_STATUS)
        value = ((event_status)callback)(mm_module, params, before->scalars[STATUS]);
    else
        value = ((event_message)callback)(mm_module, params, written.payload, written.payload_length);
    const uint64_t ended = mm_now();
    struct mm_result result = result_of(call, value, started, ended);
    struct mm_message after;
    result.changed = find_changes(params, before, &written, &after);
    result.message = &after;
    finish(&result);
    return ended;
}

static uint64_t call_without_params(const struct mm_call *call, uint64_t callback, uint64_t started)
{
    int64_t value;
    if (call->event == MM_LOGIN) {
        const struct mm_message copy = copy_for_module(&call->message);
        struct user user = {copy.scalars[0], copy.scalars[1], (char *)(uintptr_t)copy.to, {0}};
        value = ((event_login)callback)(mm_module, &user);
    } else {
        value = ((event_1)callback)(mm_module);
    }
    const uint64_t ended = mm_now();
    const struct mm_result result = result_of(call, value, started, ended);
    finish(&result);
    return ended;
}

static uint64_t execute(const struct mm_call *call, uint64_t now)
{
    const int32_t offsets[] = {-1, mm_abi.on_message, mm_abi.on_message_status, mm_abi.on_login, mm_abi.on_call, mm_abi.on_call_status};
    const int has_params = call->event == MM_MESSAGE || call->event == MM_STATUS;
    mm_begin(now, call->event, call->event, has_params ? call->message.scalars[MESSAGE_ID] : 0);
    mm_note_origin(call->seq, call->origin, call->origin_length);
    __atomic_store_n(&mm_box->current_seq, call->seq, __ATOMIC_RELEASE);
    /* Read at each call: a module may set or clear its callbacks as it runs. */
    const uint64_t callback = field(offsets[call->event]);
    uint64_t ended = now;
    if (callback == 0)
        finish(&(struct mm_result){.seq = call->seq});
    else if (has_params)
        ended = call_with_params(call, callback, now);
    else
        ended = call_without_params(call, callback, now);
    __atomic_store_n(&mm_box->current_seq, 0, __ATOMIC_RELEASE);
    mm_finish();
    return ended;
}

/*
 * Makes the next calls of a lane of this frame, until `micros` have passed or the box has no room for another result. The
 * clock is read once a call: the next one begins when the one before it has ended. Returns how many were made.
 */
MM_EXPORT uint32_t mm_run(const uint8_t *frame, uint32_t length, struct mm_batch *batch, uint32_t lane, uint32_t micros)
{
    uint64_t now = mm_now();
    const uint64_t until = now + micros * UINT64_C(1000);
    uint32_t made = 0;
    struct mm_call call;
    mm_quiet = 1;
    while (mm_has_room() && mm_next_call(frame, length, batch, (enum mm_lane)lane, &call)) {
        const uint64_t budget = call.budget_micros * UINT64_C(1000);
        if (budget != 0 && now > batch->received + budget)
            finish(&(struct mm_result){.seq = call.seq, .changed = MM_EXPIRED});
        else
            now = execute(&call, now);
        made++;
        if (now >= until)
            break;
    }
    mm_quiet = 0;
    return made;
}

MM_EXPORT void mm_cleanup(void)
{
    uint64_t callback = field(mm_abi.cleanup);
    mm_box->current_start = mm_now();
    __atomic_store_n(&mm_box->phase, MM_CLEANUP, __ATOMIC_RELEASE);
    if (callback != 0)
        ((event_1)callback)(mm_module);
}
