/* The module of the tests in the `table` layout. */
#include "fake.h"

#include <mesibo/module.h>

#define MODULE(field) (int32_t)offsetof(mesibo_module_t, field)
#define PARAMS(field) (int32_t)offsetof(mesibo_message_params_t, field)

static const int32_t layout[FAKE_LAYOUT_FIELDS] = {
    2, (int32_t)sizeof(mesibo_module_t),
    /* version, name, config, description, signature */
    MODULE(version), MODULE(name), -1, -1, MODULE(signature),
    MODULE(cleanup), MODULE(on_message), MODULE(on_message_status), MODULE(on_call), MODULE(on_call_status),
    /* on_login, on_config */
    -1, -1,
    MODULE(send_message), MODULE(http), MODULE(log),
    (int32_t)sizeof(mesibo_message_params_t),
    PARAMS(aid), PARAMS(id), PARAMS(refid), PARAMS(groupid), PARAMS(flags), PARAMS(type), PARAMS(expiry),
    /* uflags, status, sid, device */
    -1, -1, -1, -1,
    PARAMS(to_online), PARAMS(to), PARAMS(from),
    /* aliases, http_synchronous */
    -1, -1, -1,
    /* json_arguments */
    0,
};

static mesibo_module_t *own;

static struct fake_event event_of(uint32_t callback, mesibo_module_t *module, mesibo_message_params_t *params)
{
    struct fake_event event = {.callback = callback, .module = module, .params = params};
    if (params != NULL) {
        uint64_t *scalars[] = {&params->aid,   &params->id,   &params->refid, &params->groupid,
                               &params->flags, &params->type, &params->expiry};
        for (unsigned i = 0; i < sizeof scalars / sizeof scalars[0]; i++)
            event.scalars[i] = scalars[i];
        event.to_online = &params->to_online;
        event.to = &params->to;
        event.from = &params->from;
    }
    return event;
}

static int on_message(mesibo_module_t *module, mesibo_message_params_t *params, const char *message, mesibo_uint_t len)
{
    struct fake_event event = event_of(FAKE_MESSAGE, module, params);
    event.message = (char *)(uintptr_t)message;
    event.length = len;
    return (int)fake_dispatch(&event);
}

static int on_message_status(mesibo_module_t *module, mesibo_message_params_t *params, mesibo_uint_t status)
{
    struct fake_event event = event_of(FAKE_STATUS, module, params);
    event.status = status;
    return (int)fake_dispatch(&event);
}

static int on_call(mesibo_module_t *module)
{
    struct fake_event event = event_of(FAKE_CALL, module, NULL);
    return (int)fake_dispatch(&event);
}

static int on_call_status(mesibo_module_t *module)
{
    struct fake_event event = event_of(FAKE_CALL_STATUS, module, NULL);
    return (int)fake_dispatch(&event);
}

static int cleanup(mesibo_module_t *module)
{
    struct fake_event event = event_of(FAKE_CLEANUP, module, NULL);
    return (int)fake_dispatch(&event);
}

static void set_callbacks(void *module, uint32_t callbacks)
{
    mesibo_module_t *mod = module;
    mod->on_message = callbacks & FAKE_MESSAGE ? on_message : NULL;
    mod->on_message_status = callbacks & FAKE_STATUS ? on_message_status : NULL;
    mod->on_call = callbacks & FAKE_CALL ? on_call : NULL;
    mod->on_call_status = callbacks & FAKE_CALL_STATUS ? on_call_status : NULL;
    mod->cleanup = callbacks & FAKE_CLEANUP ? cleanup : NULL;
}

static int init(mesibo_module_t *mod, mesibo_uint_t len)
{
    own = mod;
    fake_init = (struct fake_init){
        .calls = fake_init.calls + 1,
        .length = (int64_t)len,
        .module = mod,
        .field_version = mod->version,
        .signature = mod->signature,
        .name = mod->name,
        .send_message = (void *)(uintptr_t)mod->send_message,
        .http = (void *)(uintptr_t)mod->http,
        .log = (void *)(uintptr_t)mod->log,
    };
    set_callbacks(mod, fake_callbacks);
    return (int)fake_init_returns;
}

static int64_t send(uint64_t groupid, const char *to, const char *from, const char *message, uint64_t length)
{
    mesibo_message_params_t params = {.aid = 1, .id = 2, .groupid = groupid, .to_online = 1};
    params.to = (char *)(uintptr_t)to;
    params.from = (char *)(uintptr_t)from;
    return own->send_message(own, &params, message, length);
}

static int64_t send_without_params(void) { return own->send_message(own, NULL, "x", 1); }

const struct fake_abi fake_table = {
    .name = "table",
    .layout = layout,
    .module_size = sizeof(mesibo_module_t),
    .callbacks = FAKE_MESSAGE | FAKE_STATUS | FAKE_CALL | FAKE_CALL_STATUS | FAKE_CLEANUP,
    .init = (void *)(uintptr_t)init,
    .set_description = NULL,
    .set_callbacks = set_callbacks,
    .send = send,
    .send_without_params = send_without_params,
};
