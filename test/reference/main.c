/*
 * mesibo-reference [--input FD] [--events FD] [--http FD FD] [--announce] MODULE...
 *
 *   MODULE = --module NAME FILE INIT ABI[,ABI...] [--set KEY VALUE]...
 *
 * Loads the modules into this process, hands them what is asked for on --input (standard input unless given; the language
 * is in input.c), and tells on --events (standard output) what came of it. --announce tells each call before it is made.
 * --http names what requests are written to and answers are read from; without it modules' requests are refused.
 */
#include "reference.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    int input, events, announce, requests, answers;
};

static void fail(const char *what)
{
    fprintf(stderr, "mesibo-reference: %s; the usage stands at the head of test/reference/main.c\n", what);
    exit(2);
}

static const char *take(char ***arguments)
{
    if (**arguments == NULL)
        fail("an option lacks what belongs to it");
    return *(*arguments)++;
}

/* What we were given is not for processes that modules start. */
static int take_fd(char ***arguments)
{
    int fd = atoi(take(arguments));
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static const struct abi *find_abi(const char *name, size_t length)
{
    const struct abi *const all[] = {&abi_table, &abi_2019, &abi_2020};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strlen(all[i]->name) == length && memcmp(all[i]->name, name, length) == 0)
            return all[i];
    fail("there is no such ABI");
    return NULL;
}

static void read_abis(struct module *module, const char *list)
{
    for (int i = 0; i < 3 && *list != 0; i++) {
        size_t length = strcspn(list, ",");
        module->candidates[i] = find_abi(list, length);
        list += length + (list[length] == ',');
    }
    if (module->candidates[0] == NULL)
        fail("a module lacks its ABI");
}

static void add_module(char ***arguments)
{
    modules = realloc(modules, (module_count + 1) * sizeof *modules);
    if (modules == NULL)
        abort();
    struct module *module = &modules[module_count++];
    *module = (struct module){.name = take(arguments)};
    module->path = take(arguments);
    module->init_symbol = take(arguments);
    read_abis(module, take(arguments));
}

static void add_setting(char ***arguments)
{
    if (module_count == 0)
        fail("--set belongs behind a module");
    struct module *module = &modules[module_count - 1];
    module->settings = realloc(module->settings, (module->setting_count + 1) * sizeof *module->settings);
    if (module->settings == NULL)
        abort();
    struct setting *setting = &module->settings[module->setting_count++];
    setting->name = strdup(take(arguments));
    setting->value = strdup(take(arguments));
}

static struct options read_options(char **arguments)
{
    struct options options = {.events = 1, .requests = -1, .answers = -1};
    while (*arguments != NULL) {
        const char *option = *arguments++;
        if (strcmp(option, "--input") == 0) {
            options.input = take_fd(&arguments);
        } else if (strcmp(option, "--events") == 0) {
            options.events = take_fd(&arguments);
        } else if (strcmp(option, "--http") == 0) {
            options.requests = take_fd(&arguments);
            options.answers = take_fd(&arguments);
        } else if (strcmp(option, "--announce") == 0) {
            options.announce = 1;
        } else if (strcmp(option, "--module") == 0) {
            add_module(&arguments);
        } else if (strcmp(option, "--set") == 0) {
            add_setting(&arguments);
        } else {
            fail("there is no such option");
        }
    }
    return options;
}

int main(int count, char **arguments)
{
    (void)count;
    struct options options = read_options(arguments + 1);
    open_output(options.events, options.announce);
    open_http(options.requests, options.answers);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < module_count; i++) {
        const char *problem = load_module(&modules[i]);
        if (problem != NULL) {
            tell_refused(&modules[i], problem);
            tell_end();
            return 1;
        }
        tell_loaded(&modules[i]);
    }
    serve(options.input);
    for (size_t i = module_count; i-- > 0;) {
        tell_call(&modules[i], "cleanup", 0);
        running = &modules[i];
        modules[i].abi->cleanup(&modules[i]);
        running = NULL;
    }
    tell_end();
    return 0;
}
