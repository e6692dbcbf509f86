/*
 * One ABI, as the header says it is for the MESIBO_MODULE_ABI that the including file has chosen. That file also says
 * how on_message_status is called, and what an ABI has that the others lack.
 */
#include <mesibo/module.h>

#include <stdlib.h>
#include <string.h>

#include "reference.h"

/* Room for the instance of any ABI: a module that is started with a wrong ABI may write beyond its own. */
enum { INSTANCE_BYTES = 4096 };

typedef mesibo_result_t (*status_function)(mesibo_module_t *, mesibo_message_params_t *, mesibo_uint_t);

static void write_params(const struct params *from, mesibo_message_params_t *to)
{
    const uint64_t *scalars = from->scalars;
    *to = (mesibo_message_params_t){
        .aid = scalars[AID],
        .id = scalars[ID],
        .refid = scalars[REFID],
        .groupid = scalars[GROUPID],
        .flags = scalars[FLAGS],
        .type = scalars[TYPE],
        .expiry = scalars[EXPIRY],
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
        .uflags = scalars[UFLAGS],
        .status = scalars[STATUS],
        .sid = scalars[SID],
        .device = scalars[DEVICE],
        /* Where a module of 2019 looks for them. */
        .reserved_1 = (mesibo_uint_t)from->to,
        .reserved_2 = (mesibo_uint_t)from->from,
#else
        .to_online = scalars[UFLAGS] & MESIBO_UFLAG_TO_ONLINE,
#endif
        .to = from->to,
        .from = from->from,
    };
}

/* What this ABI does not have stays in `to` as it is. */
static void read_params(const void *given, struct params *to)
{
    const mesibo_message_params_t *from = given;
    uint64_t *scalars = to->scalars;
    scalars[AID] = from->aid;
    scalars[ID] = from->id;
    scalars[REFID] = from->refid;
    scalars[GROUPID] = from->groupid;
    scalars[FLAGS] = from->flags;
    scalars[TYPE] = from->type;
    scalars[EXPIRY] = from->expiry;
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
    scalars[UFLAGS] = from->uflags;
    scalars[STATUS] = from->status;
    scalars[SID] = from->sid;
    scalars[DEVICE] = from->device;
#else
    if (from->to_online)
        scalars[UFLAGS] |= MESIBO_UFLAG_TO_ONLINE;
    else
        scalars[UFLAGS] &= ~(uint64_t)MESIBO_UFLAG_TO_ONLINE;
#endif
    to->to = from->to;
    to->from = from->from;
}

static void read_changes(const mesibo_message_params_t *now, struct params *params)
{
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
    /* A module of 2019 repoints what it takes for them. */
    char *const to = params->to, *const from = params->from;
    read_params(now, params);
    if (params->to == to)
        params->to = (char *)now->reserved_1;
    if (params->from == from)
        params->from = (char *)now->reserved_2;
#else
    read_params(now, params);
#endif
}

#if MESIBO_HAS_EXPORTS
static module_config_t *make_config(const struct module *module)
{
    if (module->setting_count == 0)
        return NULL;
    module_config_t *config = calloc(1, sizeof *config + module->setting_count * sizeof config->items[0]);
    if (config == NULL)
        abort();
    config->count = (__typeof__(config->count))module->setting_count;
    for (size_t i = 0; i < module->setting_count; i++)
        config->items[i] = (module_config_item_t){module->settings[i].name, module->settings[i].value};
    return config;
}
#endif

static mesibo_module_t *make_instance(struct module *module)
{
    mesibo_module_t *instance = calloc(1, INSTANCE_BYTES);
    /* A copy: modules write to it. */
    module->passed_name = strdup(module->name);
    if (instance == NULL || module->passed_name == NULL)
        abort();
    instance->version = MESIBO_MODULE_VERSION;
    instance->signature = MESIBO_MODULE_SIGNATURE;
    instance->name = module->passed_name;
#if MESIBO_HAS_EXPORTS
    instance->config = make_config(module);
#else
    give_functions(instance);
#endif
    module->instance = instance;
    return instance;
}

static int start(struct module *module)
{
    mesibo_module_t *instance = make_instance(module);
    mesibo_module_init_fn init;
    memcpy(&init, &module->init, sizeof init);
#if MESIBO_HAS_EXPORTS
    int result = (int)init(MESIBO_MODULE_VERSION, instance, sizeof *instance);
#else
    int result = init(instance, sizeof *instance);
#endif
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
    if (result == 0 && instance->on_config != NULL)
        instance->on_config(instance, 0, instance->config);
#endif
    return result;
}

static int wants(const struct module *module, enum function function)
{
    const mesibo_module_t *instance = module->instance;
    switch (function) {
    case ON_MESSAGE:
        return instance->on_message != NULL;
    case ON_MESSAGE_STATUS:
        return instance->on_message_status != NULL;
    case ON_CALL:
        return instance->on_call != NULL;
    case ON_CALL_STATUS:
        return instance->on_call_status != NULL;
#if MESIBO_HAS_EXPORTS
    case ON_LOGIN:
        return instance->on_login != NULL;
#endif
    default:
        return 0;
    }
}

/* Samples return int where the header says mesibo_int_t: only the low half of a result means anything. */
static int call(struct module *module, struct event *event)
{
    mesibo_module_t *instance = module->instance;
    mesibo_message_params_t params;
    mesibo_result_t result = 0;
    write_params(&event->params, &params);
    switch (event->function) {
    case ON_MESSAGE:
        result = instance->on_message(instance, &params, event->payload, event->length);
        read_changes(&params, &event->params);
        break;
    case ON_MESSAGE_STATUS: {
        /* A third argument in 2020 too, for a module that was built for 2019. */
        status_function function;
        memcpy(&function, &instance->on_message_status, sizeof function);
        result = function(instance, &params, event->params.scalars[STATUS]);
        read_changes(&params, &event->params);
        break;
    }
    case ON_CALL:
        result = instance->on_call(instance);
        break;
    case ON_CALL_STATUS:
        result = instance->on_call_status(instance);
        break;
#if MESIBO_HAS_EXPORTS
    case ON_LOGIN: {
        mesibo_user_t user = {.flags = event->flags, .online = event->online, .address = event->address};
        result = instance->on_login(instance, &user);
        break;
    }
#endif
    default:
        break;
    }
    return (int)result;
}

static void cleanup(struct module *module)
{
    mesibo_module_t *instance = module->instance;
#if MESIBO_HAS_EXPORTS
    if (instance->on_cleanup != NULL)
        instance->on_cleanup(instance);
#else
    if (instance->cleanup != NULL)
        instance->cleanup(instance);
#endif
}

static const char *describe(const struct module *module)
{
#if MESIBO_HAS_EXPORTS
    return ((const mesibo_module_t *)module->instance)->description;
#else
    (void)module;
    return NULL;
#endif
}
