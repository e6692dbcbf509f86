/* The functions that both exports ABIs have, and what stands behind those of all three: logging and sending. */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2019
#include <mesibo/module.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "reference.h"

/* ---- logging ---- */

void log_line(struct module *module, uint64_t level, const char *format, va_list arguments)
{
    char *text = NULL;
    int state, length;
    /* A thread that is cancelled in here would leak the text, or keep the lock of the output. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    length = vasprintf(&text, format, arguments);
    if (length >= 0) {
        tell_log(module, level, text, (size_t)length);
        free(text);
    } else {
        tell_log(module, level, format, strlen(format));
    }
    pthread_setcancelstate(state, &state);
}

EXPORT mesibo_int_t mesibo_log(mesibo_module_t *instance, mesibo_uint_t level, const char *format, ...)
{
    va_list arguments;
    if (format == NULL)
        return MESIBO_RESULT_FAIL;
    va_start(arguments, format);
    log_line(find_caller(instance, __builtin_return_address(0)), level, format, arguments);
    va_end(arguments);
    return MESIBO_RESULT_OK;
}

/* ---- sending ---- */

enum { MAX_ADDRESS = 64 * 1024 };

uint64_t max_message = 64 * 1024 * 1024;

static int is_long(const char *address) { return address != NULL && strnlen(address, MAX_ADDRESS + 1) > MAX_ADDRESS; }

/* Whether it may be sent; what a core refuses is told as its shim tells it. */
static int may_send(struct module *module, const struct params *params, const char *message, uint64_t length)
{
    if (length > max_message)
        tell_complaint(module, "send_message refused: %lu bytes are more than max_message (%lu)", (unsigned long)length,
                       (unsigned long)max_message);
    else if (message == NULL && length > 0)
        tell_complaint(module, "send_message refused: message is NULL, but its length is %lu", (unsigned long)length);
    else if (params->to == NULL && params->scalars[GROUPID] == 0)
        tell_complaint(module, "send_message refused: neither to nor groupid is set");
    else if (is_long(params->to) || is_long(params->from))
        tell_complaint(module, "send_message refused: an address is longer than %d bytes", MAX_ADDRESS);
    else
        return 1;
    return 0;
}

int64_t send_message(struct module *module, const void *given, const char *message, uint64_t length)
{
    struct params params = {.to = NULL};
    int state;
    if (module == NULL || is_forked())
        return MESIBO_RESULT_FAIL;
    if (given == NULL) {
        tell_complaint(module, "send_message refused: params is NULL");
        return MESIBO_RESULT_FAIL;
    }
    module->abi->read_params(given, &params);
    if (!may_send(module, &params, message, length))
        return MESIBO_RESULT_FAIL;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    tell_send(module, &params, message, length);
    pthread_setcancelstate(state, &state);
    return MESIBO_RESULT_OK;
}

EXPORT mesibo_int_t mesibo_message(mesibo_module_t *instance, mesibo_message_params_t *params, const char *message,
                                   mesibo_uint_t length)
{
    return send_message(find_caller(instance, __builtin_return_address(0)), params, message, length);
}

/* ---- configuration ---- */

EXPORT char *mesibo_util_getconfig(mesibo_module_t *instance, const char *name)
{
    const struct module *module = find_caller(instance, __builtin_return_address(0));
    for (size_t i = 0; module != NULL && name != NULL && i < module->setting_count; i++)
        if (strcmp(module->settings[i].name, name) == 0)
            return module->settings[i].value;
    return NULL;
}

/* ---- threads ---- */

struct thread_start {
    void *(*run)(void *);
    void *data;
    char name[16];
};

static void *run_thread(void *given)
{
    struct thread_start start = *(struct thread_start *)given;
    free(given);
    if (start.name[0] != 0)
        prctl(PR_SET_NAME, start.name);
    prepare_thread();
    return start.run(start.data);
}

EXPORT void mesibo_util_create_thread(void *(*run)(void *), void *data, size_t stack_size, const char *name)
{
    struct module *module = find_caller(NULL, __builtin_return_address(0));
    if (run == NULL) {
        tell_complaint(module, "mesibo_util_create_thread failed: its function is NULL");
        return;
    }
    struct thread_start *start = calloc(1, sizeof *start);
    pthread_attr_t attributes;
    pthread_t thread;
    if (start == NULL)
        abort();
    *start = (struct thread_start){.run = run, .data = data};
    if (name != NULL)
        strncpy(start->name, name, sizeof start->name - 1);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack_size > 0)
        pthread_attr_setstacksize(&attributes, stack_size);
    int failed = pthread_create(&thread, &attributes, run_thread, start);
    pthread_attr_destroy(&attributes);
    if (failed) {
        free(start);
        tell_complaint(module, "mesibo_util_create_thread failed: %s", strerror(failed));
    }
}
