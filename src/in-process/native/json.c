/*
 * mesibo_util_json_extract, with the code of the shim: two implementations could differ in details. The number of arguments is
 * that of the caller's ABI.
 */
#include "../../host-runner/native/shim.h"

static __thread struct mm_abi caller_abi;

#undef MM_EXPORT
#define MM_EXPORT static
#define mm_abi caller_abi
#define mesibo_util_json_extract extract_value
#include "../../host-runner/native/json.c"
#undef mesibo_util_json_extract
#undef mm_abi

#include "reference.h"

EXPORT char *mesibo_util_json_extract(char *src, uintptr_t second, uintptr_t third, uintptr_t fourth)
{
    const struct module *module = find_caller(NULL, __builtin_return_address(0));
    if (module == NULL)
        return NULL;
    caller_abi.json_arguments = module->abi->json_arguments;
    return extract_value(src, second, third, fourth);
}
