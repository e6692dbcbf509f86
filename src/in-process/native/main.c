/*
 * mesibo-reference [--arguments FD] [--input FD] [--events FD] [--http FD FD] [--max-message BYTES] [--announce]
 *                  [--crash FD] MODULE...
 *
 *   MODULE = --module NAME FILE INIT ABI[,ABI...] [--set KEY VALUE]...
 *
 * Loads the modules into this process, hands them what is asked for on --input (standard input unless given; the language
 * is in input.c), and tells on --events (standard output) what came of it. --announce tells each call before it is made.
 * --arguments reads more of them from a descriptor, each with a NUL behind it: everybody can see a command line.
 * --http names what requests are written to and answers are read from; without it modules' requests are refused.
 * --max-message is the most that a module may send.
 * --crash names a file in which the process notes why it ends by a fault or by exit(): a struct mm_crash of shim.h.
 * --wait is for how many milliseconds requests that are open are waited for after the last message; without it until they end.
 */
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct options {
    int input, events, announce, requests, answers, crash;
    int64_t wait_ms;
};

static void fail(const char *what)
{
    fprintf(stderr, "mesibo-reference: %s; the usage stands at the head of src/in-process/native/main.c\n", what);
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

/* Used until the end, by pieces; named here for those who look for leaks. */
char *kept_text, **kept_arguments;

/* What stands on the descriptor, cut at its NULs and put before the rest; kept for the life of the process. */
static char **read_arguments(int fd, char **rest)
{
    size_t used = 0, room = 1 << 16, count = 0, left = 0;
    char *text = malloc(room);
    for (ssize_t got = 1; text != NULL && got > 0;) {
        if (used == room)
            text = realloc(text, room *= 2);
        if (text != NULL && (got = read(fd, text + used, room - used)) > 0)
            used += (size_t)got;
    }
    if (text == NULL)
        abort();
    for (size_t i = 0; i < used; i++)
        count += text[i] == 0;
    while (rest[left] != NULL)
        left++;
    char **all = calloc(count + left + 1, sizeof *all);
    if (all == NULL)
        abort();
    char *at = text;
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        all[i] = at;
    memcpy(all + count, rest, left * sizeof *all);
    kept_text = text;
    kept_arguments = all;
    return all;
}

static struct options read_options(char **arguments)
{
    struct options options = {.events = 1, .requests = -1, .answers = -1, .crash = -1, .wait_ms = -1};
    while (*arguments != NULL) {
        const char *option = *arguments++;
        if (strcmp(option, "--input") == 0) {
            options.input = take_fd(&arguments);
        } else if (strcmp(option, "--events") == 0) {
            options.events = take_fd(&arguments);
        } else if (strcmp(option, "--http") == 0) {
            options.requests = take_fd(&arguments);
            options.answers = take_fd(&arguments);
        } else if (strcmp(option, "--arguments") == 0) {
            int fd = take_fd(&arguments);
            arguments = read_arguments(fd, arguments);
        } else if (strcmp(option, "--max-message") == 0) {
            max_message = strtoull(take(&arguments), NULL, 10);
        } else if (strcmp(option, "--crash") == 0) {
            options.crash = take_fd(&arguments);
        } else if (strcmp(option, "--wait") == 0) {
            options.wait_ms = strtoll(take(&arguments), NULL, 10);
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

void end_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

static void ignore(int number) { (void)number; }

int main(int count, char **arguments)
{
    (void)count;
    end_with_parent();
    struct options options = read_options(arguments + 1);
    open_output(options.events, options.announce);
    /* What a module prints before it dies is not lost in a buffer, whether it goes to a terminal or not. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    open_http(options.requests, options.answers);
    /* Not SIG_IGN, which what a module starts would inherit. */
    signal(SIGPIPE, ignore);
    if ((errno = open_crash(options.crash)) != 0)
        perror("mesibo-reference: a crash cannot be noted");
    /* All of them first: a process that is forked while threads of a module run may find locks that they hold. */
    for (size_t i = 0; i < module_count; i++)
        choose_abi(&modules[i]);
    for (size_t i = 0; i < module_count; i++) {
        const char *problem = load_module(&modules[i]);
        if (problem != NULL) {
            tell_refused(&modules[i], problem);
            tell_end();
            end_process(1);
        }
        tell_loaded(&modules[i]);
    }
    serve(options.input, options.wait_ms);
    close_http();
    for (size_t i = module_count; i-- > 0;) {
        tell_call(&modules[i], "cleanup", 0);
        running = &modules[i];
        modules[i].abi->cleanup(&modules[i]);
        running = NULL;
    }
    tell_end();
    end_process(0);
}
