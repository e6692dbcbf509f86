/* One ABI. The including file chooses MESIBO_MODULE_ABI, and defines how init is called and settings are given. */
#include <mesibo/module.h>

#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "server.h"

/* The structures of the module, as servers have them. Each load makes new ones, so nobody sees older values. They are never freed: a late
 * thread must not find other memory there. */
enum { LOADS = 256 };
/* Volatile: nothing reads them, and if the compiler left them out, they would count as leaks. */
static mesibo_module_t *volatile made[LOADS];
static mesibo_module_t *module;
static size_t loads;
static void *handle;
/* The callbacks as they were after init: servers may have copied them. */
static mesibo_module_t copied;

static mesibo_message_params_t to_server(const struct mmc_params *params)
{
    return (mesibo_message_params_t){
        .aid = params->aid, .id = params->id, .refid = params->refid, .groupid = params->groupid,
        .flags = params->flags, .type = params->type, .expiry = params->expiry,
#if MESIBO_HAS_EXPORTS
        .uflags = params->uflags, .status = params->status, .sid = params->sid, .device = params->device,
        .reserved_0 = 0xdead,
#else
        .to_online = params->uflags,
#endif
        .to = (char *)params->to, .from = (char *)params->from};
}

static struct mmc_params from_server(const mesibo_message_params_t *params)
{
    return (struct mmc_params){
        .aid = params->aid, .id = params->id, .refid = params->refid, .groupid = params->groupid,
        .flags = params->flags, .type = params->type, .expiry = params->expiry,
#if MESIBO_HAS_EXPORTS
        .uflags = params->uflags, .status = params->status, .sid = params->sid, .device = params->device,
#else
        .uflags = params->to_online,
#endif
        .to = params->to, .from = params->from};
}

static void make_module(void)
{
    CHECK(loads < LOADS);
    module = made[loads++] = calloc(1, sizeof *module);
    CHECK(module != NULL);
    module->version = MESIBO_MODULE_VERSION;
    module->signature = MESIBO_MODULE_SIGNATURE;
    module->name = "bridge";
}

static unsigned callbacks(void)
{
    unsigned bits = 0;
    bits |= copied.on_message != NULL ? MMC_ON_MESSAGE : 0;
    bits |= copied.on_message_status != NULL ? MMC_ON_MESSAGE_STATUS : 0;
    bits |= copied.on_call != NULL ? MMC_ON_CALL : 0;
    bits |= copied.on_call_status != NULL ? MMC_ON_CALL_STATUS : 0;
#if MESIBO_HAS_EXPORTS
    bits |= copied.on_login != NULL ? MMC_ON_LOGIN : 0;
#endif
    return bits;
}

static int message(struct mmc_params *params, char *text, size_t length)
{
    mesibo_message_params_t given = to_server(params);
    const int result = (int)copied.on_message(module, &given, text, length);
    *params = from_server(&given);
#if MESIBO_HAS_EXPORTS
    CHECK_EQ(given.reserved_0, 0xdead);
#endif
    return result;
}

static int call(void) { return (int)copied.on_call(module); }

static int call_status(void) { return (int)copied.on_call_status(module); }

static void unload(void)
{
#if MESIBO_HAS_EXPORTS
    copied.on_cleanup(module);
#else
    copied.cleanup(module);
#endif
    CHECK_EQ(dlclose(handle), 0);
}
