/* The ABI `table`: the loader's functions are pointers in the instance. */
#define MESIBO_MODULE_ABI MESIBO_ABI_TABLE
#include <mesibo/module.h>

static void give_functions(mesibo_module_t *instance);

#include "abi.h"
#include "abi-http.h"

static int table_log(mesibo_module_t *instance, mesibo_uint_t level, const char *format, ...)
{
    va_list arguments;
    if (format == NULL)
        return MESIBO_RESULT_FAIL;
    va_start(arguments, format);
    log_line(find_caller(instance, __builtin_return_address(0)), level, format, arguments);
    va_end(arguments);
    return MESIBO_RESULT_OK;
}

static int table_send_message(mesibo_module_t *instance, mesibo_message_params_t *params, const char *message, mesibo_uint_t len)
{
    return (int)send_message(find_caller(instance, __builtin_return_address(0)), params, message, len);
}

static int table_http(mesibo_module_t *instance, const char *url, const char *post, mesibo_module_http_data_callback_t callback,
                      void *cbdata, module_http_option_t *options)
{
    struct module *module = find_caller(instance, __builtin_return_address(0));
    return (int)ask_with_options(module, url, post, callback, cbdata, options);
}

static void give_functions(mesibo_module_t *instance)
{
    instance->send_message = table_send_message;
    instance->http = table_http;
    instance->log = table_log;
}

const struct abi abi_table = {"table", 0, start, wants, call, cleanup, describe, read_params};
