#define _GNU_SOURCE
#include "server.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"

const struct server_abi *server;
const char *bridges_folder;
int (*on_send)(const struct mmc_params *params, const char *payload, size_t length);

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more_logged = PTHREAD_COND_INITIALIZER;
static char log_text[1 << 20];
static size_t log_length;

void *open_bridge(const char *abi, const char *symbol, void **handle)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/module_bridge.so", bridges_folder, abi);
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*handle == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(*handle != NULL);
    void *found = dlsym(*handle, symbol);
    CHECK(found != NULL);
    return found;
}

int server_sends(const struct mmc_params *params, const char *payload, size_t length)
{
    return on_send != NULL ? on_send(params, payload, length) : 0;
}

void server_logs(const char *format, va_list arguments)
{
    pthread_mutex_lock(&log_lock);
    const size_t left = sizeof log_text - log_length;
    const int length = vsnprintf(log_text + log_length, left, format, arguments);
    CHECK(length >= 0 && (size_t)length < left);
    log_length += (size_t)length;
    pthread_cond_broadcast(&more_logged);
    pthread_mutex_unlock(&log_lock);
}

const char *logged(void)
{
    static _Thread_local char copy[sizeof log_text];
    pthread_mutex_lock(&log_lock);
    memcpy(copy, log_text, log_length + 1);
    pthread_mutex_unlock(&log_lock);
    return copy;
}

void await_log(const char *part)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&log_lock);
    while (strstr(log_text, part) == NULL)
        if (pthread_cond_timedwait(&more_logged, &log_lock, &until) != 0)
            break;
    pthread_mutex_unlock(&log_lock);
    CHECK_HAS(logged(), part);
}
