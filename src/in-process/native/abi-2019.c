/* The ABI exports-2019, and the function that only it has. */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2019
#include <sys/uio.h>
#include <unistd.h>

#include "abi.h"
#include "abi-http.h"

EXPORT mesibo_int_t mesibo_http(mesibo_module_t *instance, const char *url, const char *post,
                                mesibo_module_http_data_callback_t callback, void *cbdata, module_http_option_t *options)
{
    struct module *module = find_caller(instance, __builtin_return_address(0));
    return ask_with_options(module, url, post, callback, cbdata, options);
}

const struct abi abi_2019 = {"exports-2019", 3, start, wants, call, cleanup, describe, read_params};
