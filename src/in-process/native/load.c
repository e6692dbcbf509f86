/* From a file to a started module; and back, from a call to the module that makes it. */
#include "reference.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* An init that takes longer, with an ABI that may not be its own, hangs. */
enum { TRIAL_SECONDS = 5 };

struct module *modules;
size_t module_count;
__thread struct module *running;

/* What every host has, since Node needs it: a module that forgot to link it runs there, and so it does here. */
static void open_runtime(void)
{
    static const char *const libraries[] = {"libm.so.6", "libstdc++.so.6"};
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        dlopen(libraries[i], RTLD_LAZY | RTLD_GLOBAL);
}

/*
 * As a host does it. Where a symbol is missing the file is opened lazily: a function that nothing provides ends the process
 * where it is called.
 */
static void *open_library(struct module *module)
{
    char missing[512] = "";
    for (int tries = 0; tries < 2; tries++) {
        void *handle = dlopen(module->path, RTLD_NOW | RTLD_LOCAL);
        if (handle != NULL)
            return handle;
        snprintf(missing, sizeof missing, "%s", dlerror());
        open_runtime();
    }
    void *handle = dlopen(module->path, RTLD_LAZY | RTLD_LOCAL);
    /* It may be a library of the module that wants it. */
    if (handle != NULL && !tell_what_is_missing(module, handle))
        tell_complaint(module, "%s; calling it ends the process", missing);
    return handle;
}

static const char *open_file(struct module *module)
{
    module->handle = open_library(module);
    if (module->handle == NULL)
        return dlerror();
    cover_threads();
    module->init = dlsym(module->handle, module->init_symbol);
    return module->init != NULL ? NULL : dlerror();
}

static int start(struct module *module, const struct abi *abi)
{
    module->abi = abi;
    tell_call(module, module->init_symbol, 0);
    running = module;
    int result = abi->start(module);
    running = NULL;
    /* It may have opened libraries of its own. */
    cover_threads();
    return result;
}

/* Whether the module starts with this ABI, found out in a process that is thrown away. */
static int try_abi(struct module *module, const struct abi *abi)
{
    /* Not by the exit code: valgrind sets its own if it has found something. */
    int verdict[2];
    if (pipe2(verdict, O_CLOEXEC | O_NONBLOCK) != 0)
        abort();
    flush_output();
    pid_t child = fork();
    if (child == 0) {
        alarm(TRIAL_SECONDS);
        end_with_parent();
        mark_trial(abi->name);
        ignore_http();
        const char accepted = open_file(module) == NULL && start(module, abi) == 0;
        flush_output();
        _exit(write(verdict[1], &accepted, 1) == 1 ? 0 : 1);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    char accepted = 0;
    const int known = read(verdict[0], &accepted, 1) == 1;
    close(verdict[0]);
    close(verdict[1]);
    return known && accepted;
}

void choose_abi(struct module *module)
{
    if (module->candidates[1] == NULL)
        module->abi = module->candidates[0];
    for (int i = 0; module->abi == NULL && module->candidates[i] != NULL; i++)
        if (try_abi(module, module->candidates[i]))
            module->abi = module->candidates[i];
}

const char *load_module(struct module *module)
{
    static char why[256];
    const char *problem = open_file(module);
    if (problem != NULL)
        return problem;
    if (module->abi == NULL)
        return "it refuses to start with every ABI that it may have been built for";
    int result = start(module, module->abi);
    if (result == 0)
        return NULL;
    snprintf(why, sizeof why, "%s returned %d, which refuses to start", module->init_symbol, result);
    return why;
}

struct module *find_caller(const void *instance, const void *return_address)
{
    for (size_t i = 0; instance != NULL && i < module_count; i++)
        if (modules[i].instance == instance)
            return &modules[i];
    if (running != NULL)
        return running;
    Dl_info code, init;
    if (dladdr(return_address, &code) == 0)
        return NULL;
    for (size_t i = 0; i < module_count; i++)
        if (modules[i].init != NULL && dladdr(modules[i].init, &init) != 0 && init.dli_fbase == code.dli_fbase)
            return &modules[i];
    return NULL;
}
