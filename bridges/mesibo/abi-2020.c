/* For servers of the ABI exports-2020. */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include <mesibo/module.h>

static mesibo_result_t on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params);
static mesibo_result_t on_login(mesibo_module_t *mod, mesibo_user_t *user);

#include "abi.h"

static mesibo_result_t on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params)
{
    return pass_status(mod, params, params != NULL ? params->status : 0);
}

static mesibo_result_t on_login(mesibo_module_t *mod, mesibo_user_t *user)
{
    if (user == NULL)
        return bridge_login(mod, NULL, 0, 0);
    return bridge_login(mod, user->address, user->online, user->flags);
}

static void log_line(void *mod, unsigned level, const char *line) { mesibo_log(mod, level, "%s\n", line); }

static int send_message(void *mod, const struct mmc_params *params, const char *payload, size_t length)
{
    mesibo_message_params_t made = params_of(params);
    /* Only the low half of a result means anything: servers return int as well. */
    return (int)mesibo_message(mod, &made, payload, length) == MESIBO_RESULT_OK ? 0 : -1;
}

/* Reads the structure: a server without a block for the module may not expect the function that asks for settings. */
static int read_block(const module_config_t *config, struct settings *settings, char *problem)
{
    for (mesibo_int_t i = 0; i < config->count; i++) {
        const module_config_item_t *item = &config->items[i];
        if (item->name != NULL && settings_set(settings, item->name, item->value != NULL ? item->value : "", problem) != 0)
            return -1;
    }
    return 0;
}

MESIBO_EXPORT mesibo_int_t mesibo_module_bridge_init(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len)
{
    static const struct server server = {log_line, send_message};
    struct settings settings;
    char problem[PROBLEM_MAX];
    MESIBO_MODULE_SANITY_CHECK(mod, version, len);
    settings_defaults(&settings);
    const int result = mod->config != NULL && mod->config->count > 0 ? read_block(mod->config, &settings, problem) : settings_read_file(&settings, problem);
    if (result != 0 || settings_check(&settings, problem) != 0) {
        mesibo_log(mod, 0, "bridge: %s\n", problem);
        return MESIBO_RESULT_FAIL;
    }
    return begin(mod, &server, &settings);
}
