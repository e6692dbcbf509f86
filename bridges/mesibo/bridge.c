/* The life of a bridge: opened by init, entered by callbacks, closed by cleanup. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bridge.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_WELCOME_MS = 1000, LINE_MAX_BYTES = 1024, RESEND_EVENTS = 16384 };
#define RESEND_BYTES (64u * 1024 * 1024)

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct bridge *) bridges;

uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

void bridge_log(struct bridge *bridge, unsigned level, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list arguments;
    void *mod = atomic_load(&bridge->mod);
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (mod != NULL)
        bridge->server.log(mod, level, line);
}

/* Takes lines for the log from the client. */
static void log_of_client(void *context, const char *line) { bridge_log(context, 0, "%s", line); }

int is_due(atomic_uint_fast64_t *at, uint64_t now)
{
    uint_fast64_t due = atomic_load(at);
    return now >= due && atomic_compare_exchange_strong(at, &due, now + SECOND);
}

/* ---- entering and leaving ---- */

/* At the first callback in a child process. Threads of the parent may have been changing data during the fork, so none of it is
 * used or freed. The client does the same for itself. */
static void after_fork(struct bridge *bridge, pid_t before, pid_t pid)
{
    if (before == -pid || !atomic_compare_exchange_strong(&bridge->pid, &before, -pid)) {
        while (atomic_load(&bridge->pid) != pid)
            sched_yield();
        return;
    }
    atomic_store(&bridge->inside, 0);
    begin_sends(bridge);
    pthread_mutex_init(&opening, NULL);
    pthread_mutex_init(&bridge->resends.lock, NULL);
    pthread_mutex_init(&bridge->addresses.lock, NULL);
    forget_worker(bridge);
    atomic_store(&bridge->pid, pid);
}

static struct bridge *find(const void *mod)
{
    for (struct bridge *bridge = atomic_load(&bridges); bridge != NULL; bridge = bridge->next)
        if (atomic_load(&bridge->mod) == mod)
            return bridge;
    return NULL;
}

static _Thread_local unsigned depth; /* callbacks that this thread is in */

struct call bridge_enter(void *mod)
{
    struct call call = {.bridge = mod != NULL ? find(mod) : NULL, .pid = getpid(), .error = errno};
    if (call.bridge == NULL)
        return call;
    const pid_t known = atomic_load(&call.bridge->pid);
    if (known != call.pid)
        after_fork(call.bridge, known, call.pid);
    /* Count first, then look: the thread that closes waits for all that are counted. */
    atomic_fetch_add(&call.bridge->inside, 1);
    if (atomic_load(&call.bridge->is_closing) || atomic_load(&call.bridge->mod) != mod) {
        atomic_fetch_sub(&call.bridge->inside, 1);
        call.bridge = NULL;
        return call;
    }
    depth++;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call.cancel_state);
    if (call.bridge->settings.send_from_thread)
        start_worker(call.bridge);
    return call;
}

void bridge_leave(const struct call *call)
{
    int ignored;
    if (call->bridge == NULL)
        return;
    depth--;
    /* A process that was forked in the middle of the callback has not entered. */
    if (atomic_load(&call->bridge->pid) == call->pid && getpid() == call->pid)
        atomic_fetch_sub(&call->bridge->inside, 1);
    pthread_setcancelstate(call->cancel_state, &ignored);
    errno = call->error;
}

/* ---- opening ---- */

/* One that is not in use, or a new one. */
static struct bridge *take_bridge(void)
{
    for (struct bridge *bridge = atomic_load(&bridges); bridge != NULL; bridge = bridge->next)
        if (atomic_load(&bridge->mod) == NULL && bridge->client == NULL)
            return bridge;
    struct bridge *bridge = calloc(1, sizeof *bridge);
    if (bridge != NULL) {
        bridge->worker.wake.fds[0] = bridge->worker.wake.fds[1] = -1;
        bridge->next = atomic_load(&bridges);
        atomic_store(&bridges, bridge);
    }
    return bridge;
}

static int open_client(struct bridge *bridge)
{
    const struct settings *settings = &bridge->settings;
    const struct mmc_options options = {.path = settings->socket,
                                        .server = settings->server,
                                        .deadline_ms = settings->deadline_ms,
                                        .on_default = MMC_PASS,
                                        .log = log_of_client,
                                        .context = bridge};
    bridge->client = mmc_open(&options);
    if (bridge->client != NULL && settings->resend)
        bridge->resends.queue = mmc_open_queue(bridge->client, RESEND_EVENTS, RESEND_BYTES);
    return bridge->client != NULL && (!settings->resend || bridge->resends.queue != NULL);
}

/* All callbacks when the chain is not known: an event that it does not want costs little. */
static uint32_t find_callbacks(struct bridge *bridge)
{
    const struct settings *settings = &bridge->settings;
    uint32_t callbacks = MMC_ALL_CALLBACKS;
    const int is_known = mmc_read_callbacks(bridge->client, FIRST_WELCOME_MS, &callbacks) == 0;
    if (!is_known)
        bridge_log(bridge, 0, "the core is not there yet, so all callbacks are registered: %s", mmc_last_error());
    if (!is_known || settings->all_callbacks)
        return MMC_ALL_CALLBACKS;
    if (callbacks == 0)
        bridge_log(bridge, 0, "no module of the core has a callback, so none is registered%s",
                   settings->send_from_thread ? "" : ", and what modules send stays in the core; callbacks = all changes that");
    return callbacks;
}

static void reset(struct bridge *bridge, void *mod, const struct server *server, const struct settings *settings)
{
    bridge->server = *server;
    bridge->settings = *settings;
    memset(&bridge->breaker, 0, sizeof bridge->breaker);
    memset(&bridge->counters, 0, sizeof bridge->counters);
    bridge->resends.queue = NULL;
    bridge->resends.loop = (struct loop){0};
    atomic_store(&bridge->resends.is_off, 0);
    pthread_mutex_init(&bridge->resends.lock, NULL);
    pthread_mutex_init(&bridge->addresses.lock, NULL);
    begin_sends(bridge);
    forget_worker(bridge);
    atomic_store(&bridge->pid, getpid());
    atomic_store(&bridge->is_closing, 0);
    atomic_store(&bridge->mod, mod);
}

struct bridge *bridge_open(void *mod, const struct server *server, const struct settings *settings, uint32_t *callbacks)
{
    pthread_mutex_lock(&opening);
    struct bridge *bridge = find(mod) == NULL ? take_bridge() : NULL;
    if (bridge == NULL) {
        server->log(mod, 0, "the module is there already, or there is no memory for it");
        pthread_mutex_unlock(&opening);
        return NULL;
    }
    reset(bridge, mod, server, settings);
    if (!open_client(bridge)) {
        bridge_log(bridge, 0, "%s", mmc_last_error());
        mmc_close(bridge->client);
        bridge->client = NULL;
        atomic_store(&bridge->mod, NULL);
        bridge = NULL;
    }
    pthread_mutex_unlock(&opening);
    if (bridge != NULL)
        *callbacks = find_callbacks(bridge);
    if (bridge != NULL && settings->send_from_thread)
        start_worker(bridge);
    return bridge;
}

/* ---- closing ---- */

static void tell_counters(struct bridge *bridge)
{
    struct mmc_counters counters;
    const struct counters *own = &bridge->counters;
    uint64_t defaults = 0;
    mmc_read_counters(bridge->client, &counters);
    for (int reason = MMC_UNWANTED + 1; reason < MMC_REASONS; reason++)
        defaults += counters.reasons[reason];
    bridge_log(bridge, 0,
               "%llu events went to the core, %llu got a default verdict there or here; %llu more passed while it was away or "
               "late; %llu sends went out, %llu were refused by this server",
               (unsigned long long)counters.events, (unsigned long long)defaults,
               (unsigned long long)atomic_load(&own->skipped), (unsigned long long)atomic_load(&own->sent),
               (unsigned long long)atomic_load(&own->unsent));
}

/* Waits for callbacks that run in other threads. 0: some still do, or this thread is in one itself. */
static int is_left(struct bridge *bridge, uint64_t until)
{
    while (atomic_load(&bridge->inside) > depth && clock_now() < until)
        poll(NULL, 0, 1);
    return atomic_load(&bridge->inside) == 0;
}

/* By now each callback must have ended, and each thread of ours. */
static uint64_t patience(const struct bridge *bridge) { return clock_now() + bridge->settings.deadline_ms * MS + SECOND; }

void bridge_close(void *mod)
{
    struct bridge *bridge = mod != NULL ? find(mod) : NULL;
    const pid_t pid = getpid(), known = bridge != NULL ? atomic_load(&bridge->pid) : pid;
    if (known != pid)
        after_fork(bridge, known, pid);
    pthread_mutex_lock(&opening);
    if (bridge != NULL && !atomic_exchange(&bridge->is_closing, 1)) {
        /* A callback may start the thread. */
        const int is_empty = is_left(bridge, patience(bridge)), is_stopped = stop_worker(bridge, patience(bridge));
        if (is_stopped && bridge->resends.queue != NULL)
            resend_all(bridge);
        else if (bridge->resends.queue != NULL)
            bridge_log(bridge, 0, "%zu messages that wait for their verdict may be lost", resend_poll(bridge).events);
        tell_counters(bridge);
        if (is_empty && is_stopped) {
            mmc_close(bridge->client);
            bridge->client = NULL;
            end_sends(bridge);
        } else
            bridge_log(bridge, 0, "%s still runs; what it uses is kept", is_empty ? "the thread of the bridge" : "a callback");
        atomic_store(&bridge->mod, NULL);
    }
    pthread_mutex_unlock(&opening);
}
