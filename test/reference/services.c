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

/* What a core takes at most, whatever its max_message says. */
#define MAX_MESSAGE (UINT64_C(64) * 1024 * 1024)

static const char *find_fault(const struct params *params, const char *message, uint64_t length)
{
    if (length > MAX_MESSAGE)
        return "it is longer than 64 MiB";
    if (message == NULL && length > 0)
        return "message is NULL, and its length is not 0";
    if (params->to == NULL && params->scalars[GROUPID] == 0)
        return "neither to nor groupid is set";
    return NULL;
}

int64_t send_message(struct module *module, const void *params, const char *message, uint64_t length)
{
    struct params sent = {.to = NULL};
    const char *fault = "params is NULL";
    if (module == NULL || is_forked())
        return MESIBO_RESULT_FAIL;
    if (params != NULL) {
        module->abi->read_params(params, &sent);
        fault = find_fault(&sent, message, length);
    }
    if (fault != NULL) {
        tell_complaint(module, "send_message refused: %s", fault);
        return MESIBO_RESULT_FAIL;
    }
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    tell_send(module, &sent, message, length);
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
    return start.run(start.data);
}

EXPORT void mesibo_util_create_thread(void *(*run)(void *), void *data, size_t stack_size, const char *name)
{
    struct module *module = find_caller(NULL, __builtin_return_address(0));
    if (run == NULL) {
        tell_complaint(module, "mesibo_util_create_thread failed: the function is NULL");
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
