/* For servers of the ABI table. They give a module no settings, so those come from a file. */
#define MESIBO_MODULE_ABI MESIBO_ABI_TABLE
#include <mesibo/module.h>

static mesibo_result_t on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params, mesibo_uint_t status);

#include "abi.h"

#include <stdio.h>

static mesibo_result_t on_message_status(mesibo_module_t *mod, mesibo_message_params_t *params, mesibo_uint_t status)
{
    return pass_status(mod, params, status);
}

static void log_line(void *mod, unsigned level, const char *line)
{
    mesibo_module_t *module = mod;
    if (module->log != NULL)
        module->log(module, level, "%s\n", line);
}

static int send_message(void *mod, const struct mmc_params *params, const char *payload, size_t length)
{
    mesibo_module_t *module = mod;
    mesibo_message_params_t made = params_of(params);
    return module->send_message != NULL && module->send_message(module, &made, payload, length) == MESIBO_RESULT_OK ? 0 : -1;
}

/* Servers differ in what they put into `version` before init, so that is not looked at. */
MESIBO_EXPORT int mesibo_module_bridge_init(mesibo_module_t *mod, mesibo_uint_t len)
{
    static const struct server server = {log_line, send_message};
    struct settings settings;
    char problem[PROBLEM_MAX];
    if (len != sizeof *mod || mod->signature != MESIBO_MODULE_SIGNATURE)
        return MESIBO_RESULT_FAIL;
    settings_defaults(&settings);
    if (settings_read_file(&settings, problem) != 0 || settings_check(&settings, problem) != 0) {
        char line[PROBLEM_MAX + 16];
        snprintf(line, sizeof line, "bridge: %s", problem);
        log_line(mod, 0, line);
        return MESIBO_RESULT_FAIL;
    }
    return begin(mod, &server, &settings);
}
