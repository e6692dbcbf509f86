#define _GNU_SOURCE
#define MESIBO_MODULE_ABI MESIBO_ABI_TABLE
#include "server-abi.h"

#include <unistd.h>

static int log_line(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...)
{
    va_list arguments;
    (void)mod, (void)level;
    va_start(arguments, format);
    server_logs(format, arguments);
    va_end(arguments);
    return 0;
}

static int send_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *payload, mesibo_uint_t length)
{
    CHECK(mod == module);
    const struct mmc_params given = from_server(params);
    return server_sends(&given, payload, length);
}

/* The settings stand in a file. */
static int load(const char *const *settings)
{
    mesibo_module_init_fn init;
    char path[] = "/tmp/mmb-test-XXXXXX";
    make_module();
    module->log = log_line;
    module->send_message = send_message;
    if (settings != NULL) {
        FILE *file = fdopen(mkstemp(path), "w");
        CHECK(file != NULL);
        fprintf(file, "# of a test\n\n");
        for (; *settings != NULL; settings += 2)
            fprintf(file, "  %s=%s  \n", settings[0], settings[1]);
        fclose(file);
        setenv("MESIBO_BRIDGE_CONFIG", path, 1);
    }
    *(void **)&init = open_bridge("table", "mesibo_module_bridge_init", &handle);
    const int result = init(module, sizeof *module);
    unsetenv("MESIBO_BRIDGE_CONFIG");
    if (settings != NULL)
        unlink(path);
    copied = *module;
    return result;
}

static int status(struct mmc_params *params)
{
    mesibo_message_params_t given = to_server(params);
    const int result = copied.on_message_status(module, &given, params->status);
    *params = from_server(&given);
    return result;
}

static int login(const char *address, uint64_t online, uint64_t flags)
{
    (void)address, (void)online, (void)flags;
    CHECK(!"a callback that this ABI has");
    return 0;
}

const struct server_abi server_table = {"table", 0, load, callbacks, message, status, login, call, call_status, unload};
