#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include "server-abi.h"

__attribute__((visibility("default"))) mesibo_int_t mesibo_log(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...)
{
    va_list arguments;
    (void)mod, (void)level;
    va_start(arguments, format);
    server_logs(format, arguments);
    va_end(arguments);
    return 0;
}

__attribute__((visibility("default"))) mesibo_int_t mesibo_message(mesibo_module_t *mod, mesibo_message_params_t *params,
                                                                   const char *payload, mesibo_uint_t length)
{
    CHECK(mod == module);
    const struct mmc_params given = from_server(params);
    return server_sends(&given, payload, length);
}

static int load(const char *const *settings)
{
    mesibo_module_init_fn init;
    size_t count = 0;
    make_module();
    while (settings != NULL && settings[2 * count] != NULL)
        count++;
    if (settings != NULL) {
        module->config = calloc(1, sizeof *module->config + count * sizeof *module->config->items);
        CHECK(module->config != NULL);
        module->config->count = (mesibo_int_t)count;
        for (size_t i = 0; i < count; i++)
            module->config->items[i] = (module_config_item_t){(char *)settings[2 * i], (char *)settings[2 * i + 1]};
    }
    *(void **)&init = open_bridge("exports-2020", "mesibo_module_bridge_init", &handle);
    const int result = (int)init(MESIBO_MODULE_VERSION, module, sizeof *module);
    free(module->config);
    module->config = NULL;
    copied = *module;
    return result;
}

static int status(struct mmc_params *params)
{
    mesibo_message_params_t given = to_server(params);
    const int result = (int)copied.on_message_status(module, &given);
    *params = from_server(&given);
    return result;
}

static int login(const char *address, uint64_t online, uint64_t flags)
{
    mesibo_user_t user = {.address = (char *)address, .online = online, .flags = flags};
    return (int)copied.on_login(module, &user);
}

const struct server_abi server_2020 = {"exports-2020", 1, load, callbacks, message, status, login, call, call_status, unload};
