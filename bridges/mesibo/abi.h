/*
 * One ABI of the server: that of <mesibo/module.h> for the MESIBO_MODULE_ABI of the including file. The including file also has
 * init, and says how to log a line, how to send a message, and how to read the settings.
 */
#include <mesibo/module.h>

#include "bridge.h"

#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
#define MESSAGE_TEXT char
#else
#define MESSAGE_TEXT const char
#endif

/* NULL is a mistake of the server. There are no parameters then. */
static struct mmc_params read_params(const mesibo_message_params_t *from)
{
    if (from == NULL)
        return (struct mmc_params){0};
    return (struct mmc_params){
        .aid = from->aid,
        .id = from->id,
        .refid = from->refid,
        .groupid = from->groupid,
        .flags = from->flags,
        .type = from->type,
        .expiry = from->expiry,
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
        .uflags = from->uflags,
        .status = from->status,
        .sid = from->sid,
        .device = from->device,
#else
        .uflags = from->to_online != 0 ? MESIBO_UFLAG_TO_ONLINE : 0,
#endif
        .to = from->to,
        .from = from->from,
    };
}

/* The addresses point to memory of the client. A server does not write to it, although this ABI does not say const. */
static void write_params(const struct mmc_params *from, mesibo_message_params_t *to)
{
    to->aid = from->aid;
    to->id = from->id;
    to->refid = from->refid;
    to->groupid = from->groupid;
    to->flags = from->flags;
    to->type = from->type;
    to->expiry = from->expiry;
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
    to->uflags = from->uflags;
    to->status = from->status;
    to->sid = from->sid;
    to->device = from->device;
#else
    /* Servers may know more values than 1. */
    if ((to->to_online != 0) != ((from->uflags & MESIBO_UFLAG_TO_ONLINE) != 0))
        to->to_online = from->uflags & MESIBO_UFLAG_TO_ONLINE;
#endif
    to->to = (char *)from->to;
    to->from = (char *)from->from;
}

static mesibo_result_t on_message(mesibo_module_t *mod, mesibo_message_params_t *params, MESSAGE_TEXT *message, mesibo_uint_t len)
{
    struct mmc_params now = read_params(params);
    int changed = 0;
    const int verdict = bridge_message(mod, &now, (char *)message, message != NULL ? len : 0, &changed);
    if (changed && params != NULL)
        write_params(&now, params);
    return verdict;
}

static mesibo_result_t pass_status(mesibo_module_t *mod, mesibo_message_params_t *params, mesibo_uint_t status)
{
    struct mmc_params now = read_params(params);
    int changed = 0;
    now.status = status;
    const int verdict = bridge_status(mod, &now, &changed);
    if (changed && params != NULL)
        write_params(&now, params);
    return verdict;
}

static mesibo_result_t on_call(mesibo_module_t *mod) { return bridge_call(mod); }

static mesibo_result_t on_call_status(mesibo_module_t *mod) { return bridge_call_status(mod); }

static mesibo_result_t on_cleanup(mesibo_module_t *mod)
{
    bridge_close(mod);
    return MESIBO_RESULT_OK;
}

static mesibo_message_params_t params_of(const struct mmc_params *params)
{
    mesibo_message_params_t made = {0};
    write_params(params, &made);
    return made;
}

/* What both kinds of init end with. */
static int begin(mesibo_module_t *mod, const struct server *server, const struct settings *settings)
{
    uint32_t callbacks = 0;
    if (bridge_open(mod, server, settings, &callbacks) == NULL)
        return MESIBO_RESULT_FAIL;
    mod->version = MESIBO_MODULE_VERSION;
    mod->on_message = callbacks & MMC_ON_MESSAGE ? on_message : NULL;
    mod->on_message_status = callbacks & MMC_ON_MESSAGE_STATUS ? on_message_status : NULL;
    mod->on_call = callbacks & MMC_ON_CALL ? on_call : NULL;
    mod->on_call_status = callbacks & MMC_ON_CALL_STATUS ? on_call_status : NULL;
#if MESIBO_HAS_EXPORTS
    mod->on_login = callbacks & MMC_ON_LOGIN ? on_login : NULL;
    mod->on_cleanup = on_cleanup;
    mod->description = "hands events to the modules of a core";
#else
    mod->cleanup = on_cleanup;
#endif
    return MESIBO_RESULT_OK;
}
