/* The module of the tests in the `exports-2020` layout. */
#include "fake.h"

#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

#define MODULE(field) (int32_t)offsetof(mesibo_module_t, field)
#define PARAMS(field) (int32_t)offsetof(mesibo_message_params_t, field)

static const int32_t layout[FAKE_LAYOUT_FIELDS] = {
    3, (int32_t)sizeof(mesibo_module_t),
    MODULE(version), MODULE(name), MODULE(config), MODULE(description), MODULE(signature),
    MODULE(on_cleanup), MODULE(on_message), MODULE(on_message_status), MODULE(on_call), MODULE(on_call_status),
    MODULE(on_login), MODULE(on_config),
    /* send_message, http, log */
    -1, -1, -1,
    (int32_t)sizeof(mesibo_message_params_t),
    PARAMS(aid), PARAMS(id), PARAMS(refid), PARAMS(groupid), PARAMS(flags), PARAMS(type), PARAMS(expiry),
    PARAMS(uflags), PARAMS(status), PARAMS(sid), PARAMS(device),
    /* to_online */
    -1,
    PARAMS(to), PARAMS(from), PARAMS(reserved_1), PARAMS(reserved_2),
    /* http_synchronous */
    -1,
    /* json_arguments */
    4,
};

static mesibo_module_t *own;

static struct fake_event event_of(uint32_t callback, mesibo_module_t *module, mesibo_message_params_t *params)
{
    struct fake_event event = {.callback = callback, .module = module, .params = params};
    if (params != NULL) {
        uint64_t *scalars[FAKE_SCALARS] = {&params->aid,    &params->id,     &params->refid, &params->groupid,
                                           &params->flags,  &params->type,   &params->expiry, &params->uflags,
                                           &params->status, &params->sid,    &params->device};
        for (unsigned i = 0; i < FAKE_SCALARS; i++)
            event.scalars[i] = scalars[i];
        event.to = &params->to;
        event.from = &params->from;
        event.to_alias = &params->reserved_1;
        event.from_alias = &params->reserved_2;
    }
    return event;
}

static mesibo_int_t on_message(mesibo_module_t *module, mesibo_message_params_t *params, char *message,
                               mesibo_uint_t len)
{
    struct fake_event event = event_of(FAKE_MESSAGE, module, params);
    event.message = message;
    event.length = len;
    return fake_dispatch(&event);
}

/* With the third argument of the earlier ABI, which is passed in this one too. */
static mesibo_int_t on_message_status(mesibo_module_t *module, mesibo_message_params_t *params, mesibo_uint_t status)
{
    struct fake_event event = event_of(FAKE_STATUS, module, params);
    event.status = status;
    return fake_dispatch(&event);
}

static mesibo_int_t on_call(mesibo_module_t *module)
{
    struct fake_event event = event_of(FAKE_CALL, module, NULL);
    return fake_dispatch(&event);
}

static mesibo_int_t on_call_status(mesibo_module_t *module)
{
    struct fake_event event = event_of(FAKE_CALL_STATUS, module, NULL);
    return fake_dispatch(&event);
}

static mesibo_int_t on_login(mesibo_module_t *module, mesibo_user_t *user)
{
    struct fake_event event = event_of(FAKE_LOGIN, module, NULL);
    event.flags = user->flags;
    event.online = user->online;
    event.address = user->address;
    return fake_dispatch(&event);
}

static mesibo_int_t on_config(mesibo_module_t *module, mesibo_uint_t type, void *value)
{
    struct fake_event event = event_of(FAKE_CONFIG, module, NULL);
    event.type = type;
    event.value = value;
    return fake_dispatch(&event);
}

static mesibo_int_t on_cleanup(mesibo_module_t *module)
{
    struct fake_event event = event_of(FAKE_CLEANUP, module, NULL);
    return fake_dispatch(&event);
}

typedef mesibo_int_t (*status_callback)(mesibo_module_t *, mesibo_message_params_t *);

static void set_callbacks(void *module, uint32_t callbacks)
{
    mesibo_module_t *mod = module;
    mod->on_message = callbacks & FAKE_MESSAGE ? on_message : NULL;
    mod->on_message_status = callbacks & FAKE_STATUS ? (status_callback)(uintptr_t)on_message_status : NULL;
    mod->on_call = callbacks & FAKE_CALL ? on_call : NULL;
    mod->on_call_status = callbacks & FAKE_CALL_STATUS ? on_call_status : NULL;
    mod->on_login = callbacks & FAKE_LOGIN ? on_login : NULL;
    mod->on_config = callbacks & FAKE_CONFIG ? on_config : NULL;
    mod->on_cleanup = callbacks & FAKE_CLEANUP ? on_cleanup : NULL;
}

static mesibo_int_t init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
    own = mod;
    fake_init = (struct fake_init){
        .calls = fake_init.calls + 1,
        .version = version,
        .length = len,
        .module = mod,
        .field_version = mod->version,
        .signature = mod->signature,
        .name = mod->name,
        .config = mod->config,
    };
    set_callbacks(mod, fake_callbacks);
    return fake_init_returns;
}

static void set_description(const char *text) { own->description = text; }

static int64_t send(uint64_t groupid, const char *to, const char *from, const char *message, uint64_t length)
{
    mesibo_message_params_t params = {.aid = 1, .id = 2, .groupid = groupid, .uflags = 1};
    params.to = (char *)(uintptr_t)to;
    params.from = (char *)(uintptr_t)from;
    return mesibo_message(own, &params, message, length);
}

static int64_t send_without_params(void) { return mesibo_message(own, NULL, "x", 1); }

const struct fake_abi fake_2020 = {
    .name = "exports-2020",
    .layout = layout,
    .module_size = sizeof(mesibo_module_t),
    .callbacks = FAKE_MESSAGE | FAKE_STATUS | FAKE_LOGIN | FAKE_CALL | FAKE_CALL_STATUS | FAKE_CLEANUP,
    .init = (void *)(uintptr_t)init,
    .set_description = set_description,
    .set_callbacks = set_callbacks,
    .send = send,
    .send_without_params = send_without_params,
};
