/* Open requests, the lock that guards them, and the reports of the http worker about them. */
#include "http.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAX_OPEN = 10000, MAX_WAITING = 1024 * 1024, CLOSE_SECONDS = 1, LOOK_SECONDS = 1 };
#define BILLION UINT64_C(1000000000)
#define MAX_WAITING_TOTAL (UINT64_C(64) * 1024 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Counts what happened to synchronous requests. No condition variable: a thread that leaves one in the middle breaks it. */
static uint32_t happened;
static struct mm_http_request *open_first;
static uint32_t open_count, synchronous_count;
static uint64_t open_bytes, waiting_total, last_id;
static struct mm_http_request *ready_first, *ready_last;
static int closed;

void mm_http_lock(struct mm_hold *hold)
{
    mm_hold(hold);
    pthread_mutex_lock(&lock);
}

void mm_http_unlock(const struct mm_hold *hold)
{
    pthread_mutex_unlock(&lock);
    mm_release(hold);
}

/* With the lock: wakes the threads that wait for their synchronous requests. */
static void tell_waiting(void)
{
    __atomic_fetch_add(&happened, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &happened, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/*
 * With the lock, given up meanwhile: waits for tell_waiting(), up to `nanoseconds`. The module's signal handlers run, and
 * may leave. Returns whether the time has passed.
 */
static int wait_unlocked(struct mm_hold *hold, uint64_t nanoseconds)
{
    const struct timespec limit = {(time_t)(nanoseconds / BILLION), (long)(nanoseconds % BILLION)};
    const uint32_t seen = __atomic_load_n(&happened, __ATOMIC_ACQUIRE);
    mm_http_unlock(hold);
    const int saved = errno;
    const int passed = syscall(SYS_futex, &happened, FUTEX_WAIT_PRIVATE, seen, &limit, NULL, 0) != 0 && errno == ETIMEDOUT;
    errno = saved;
    mm_http_lock(hold);
    return passed;
}

/* ---- requests ---- */

/* Whether the text after the colon is not a port. Then it may be part of a password that contains a / or the like. */
static int may_hide_password(const char *host, size_t length)
{
    const char *colon = host[0] == '[' ? NULL : memrchr(host, ':', length);
    if (colon == NULL)
        return 0;
    const size_t digits = strspn(colon + 1, "0123456789");
    return digits == 0 || digits != (size_t)(host + length - colon - 1);
}

/* "GET http://host/path", without a password before the host and without a query, which may hold a key. */
static void write_label(char *out, size_t size, const struct mm_http_ask *ask)
{
    const char *url = ask->texts[MM_HTTP_URL];
    const char *scheme = strstr(url, "://");
    const char *host = scheme != NULL && strcspn(url, "/?#") > (size_t)(scheme - url) ? scheme + 3 : url;
    const size_t host_length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', host_length);
    const char *rest = at != NULL ? at + 1 : host;
    if (at == NULL && may_hide_password(host, host_length))
        rest = "...";
    const size_t shown = strcspn(rest, "?#");
    snprintf(out, size, "%s %.*s%.*s", ask->texts[MM_HTTP_POST] != NULL ? "POST" : "GET",
             host - url < 16 ? (int)(host - url) : 0, url, shown < 200 ? (int)shown : 200, rest);
}

/* With the lock. The core reads it in the box. */
static void set_open_count(uint32_t count)
{
    open_count = count;
    __atomic_store_n(&mm_box->open_requests, count, __ATOMIC_RELEASE);
}

static void link_request(struct mm_http_request *request)
{
    request->next = open_first;
    if (open_first != NULL)
        open_first->previous = request;
    open_first = request;
    set_open_count(open_count + 1);
    open_bytes += request->bytes;
    synchronous_count += request->synchronous ? 1 : 0;
}

/* The thread that JavaScript runs on, which starts the worker. */
static int is_main_thread(void) { return syscall(SYS_gettid) == getpid(); }

static const char *find_refusal(const struct mm_http_command *command, int synchronous)
{
    if (closed)
        return "the module is being stopped";
    /* It would wait for a worker that only this thread can start. */
    if (synchronous && !mm_http_has_worker() && is_main_thread()) {
        mm_http_want_worker();
        return "the host's http worker has ended; there is one again from the next callback on";
    }
    if (open_count >= MAX_OPEN)
        return "10000 requests are open";
    if (command->size > MM_HTTP_MAX_BYTES - open_bytes)
        return "the open requests hold 64 MiB";
    return NULL;
}

/* With the lock: gives it its place, and its command to the worker. */
static void admit(struct mm_http_request *request, struct mm_http_command *command)
{
    request->id = ++last_id;
    mm_find_cause(&request->cause);
    /* On a thread other than the callback's, it may end meanwhile. Then this is the old value or the next one. */
    if (__atomic_load_n(&mm_box->current_event, __ATOMIC_ACQUIRE) != 0) {
        request->cause_event = __atomic_load_n(&mm_box->cause_event, __ATOMIC_RELAXED);
        request->cause_id = __atomic_load_n(&mm_box->cause_id, __ATOMIC_RELAXED);
    }
    link_request(request);
    mm_http_push(command, request->id);
}

struct mm_http_request *mm_http_open_request(const struct mm_http_ask *ask, const char **why)
{
    struct mm_hold hold;
    uint32_t lengths[MM_HTTP_TEXTS];
    char label[sizeof((struct mm_http_request *)NULL)->label];
    mm_http_measure(ask, lengths);
    write_label(label, sizeof label, ask);
    /* From here on, because a thread that does not return from malloc blocks all others that need memory. */
    mm_hold(&hold);
    struct mm_http_request *request = calloc(1, sizeof *request);
    struct mm_http_command *command = mm_http_encode(ask, lengths);
    *why = "it is too large, or there is no memory for it";
    if (request != NULL && command != NULL) {
        request->on_data = ask->on_data;
        request->on_status = ask->on_status;
        request->on_close = ask->on_close;
        request->data = ask->data;
        request->synchronous = ask->synchronous;
        request->bytes = command->size;
        memcpy(request->label, label, sizeof label);
        pthread_mutex_lock(&lock);
        *why = find_refusal(command, ask->synchronous);
        if (*why == NULL)
            admit(request, command);
        pthread_mutex_unlock(&lock);
    }
    if (*why != NULL) {
        free(request);
        free(command);
        request = NULL;
    }
    mm_release(&hold);
    return request;
}

static struct mm_http_request *find_request(uint64_t id)
{
    for (struct mm_http_request *request = open_first; request != NULL; request = request->next)
        if (request->id == id)
            return request;
    return NULL;
}

void mm_http_forget(struct mm_http_request *request)
{
    if (!request->ended)
        mm_http_tell_worker(MM_HTTP_CANCEL, request->id);
    for (struct mm_http_event *event = request->first, *next; event != NULL; event = next) {
        next = event->next;
        free(event);
    }
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        open_first = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    set_open_count(open_count - 1);
    open_bytes -= request->bytes;
    waiting_total -= request->waiting;
    synchronous_count -= request->synchronous ? 1 : 0;
    if (request->synchronous)
        tell_waiting();
    free(request);
}

/* ---- events ---- */

/* The memory that an event really takes: a server may send its response byte by byte. */
static uint64_t weight(const struct mm_http_event *event) { return sizeof *event + 16 + event->length; }

static void line_up(struct mm_http_request *request)
{
    if (request->ready)
        return;
    request->ready = 1;
    request->next_ready = NULL;
    if (ready_last != NULL)
        ready_last->next_ready = request;
    else
        __atomic_store_n(&ready_first, request, __ATOMIC_RELEASE);
    ready_last = request;
}

void mm_http_requeue(struct mm_http_request *request)
{
    request->ready = 0;
    if (request->first != NULL)
        line_up(request);
}

struct mm_http_request *mm_http_next_ready(void)
{
    struct mm_http_request *request = ready_first;
    if (request == NULL)
        return NULL;
    __atomic_store_n(&ready_first, request->next_ready, __ATOMIC_RELEASE);
    if (ready_first == NULL)
        ready_last = NULL;
    return request;
}

struct mm_http_event *mm_http_next_event(struct mm_http_request *request)
{
    struct mm_http_event *event = request->first;
    if (event == NULL)
        return NULL;
    request->first = event->next;
    if (request->first == NULL)
        request->last = NULL;
    if (event->kind == MM_HTTP_DATA) {
        request->waiting -= weight(event);
        waiting_total -= weight(event);
        if (request->paused && request->waiting <= MAX_WAITING / 2) {
            request->paused = 0;
            mm_http_tell_worker(MM_HTTP_RESUME, request->id);
        }
    }
    return event;
}

static void push_event(struct mm_http_request *request, struct mm_http_event *event)
{
    event->next = NULL;
    if (request->last != NULL)
        request->last->next = event;
    else
        request->first = event;
    request->last = event;
    if (event->kind == MM_HTTP_END)
        request->ended = 1;
    if (request->synchronous) {
        tell_waiting();
    } else {
        line_up(request);
        mm_wake();
    }
}

static struct mm_http_event *make_event(enum mm_http_event_kind kind, int64_t value, const void *bytes, uint32_t length)
{
    struct mm_http_event *event = malloc(sizeof *event + length + 1u);
    if (event == NULL)
        return NULL;
    event->kind = kind;
    event->value = value;
    event->length = length;
    if (length > 0)
        memcpy(event->bytes, bytes, length);
    event->bytes[length] = 0;
    return event;
}

/* With the lock. Everything that is open ends as a failure, if it has not ended. */
static void fail_all(const char *why)
{
    for (struct mm_http_request *request = open_first; request != NULL; request = request->next) {
        if (request->ended)
            continue;
        struct mm_http_event *event = make_event(MM_HTTP_END, -1, why, (uint32_t)strlen(why));
        if (event == NULL)
            abort(); /* out of memory: the module would wait for ever */
        mm_http_tell_worker(MM_HTTP_CANCEL, request->id);
        push_event(request, event);
    }
}

/* With the lock. Requests that the worker had, and those that it has not taken, fail. */
static void lose_worker(const char *why)
{
    mm_http_detach_worker();
    fail_all(why);
    mm_http_drop_commands();
}

/* The main thread cannot learn that the worker has ended while it waits here. */
void mm_http_wait(struct mm_hold *hold)
{
    if (wait_unlocked(hold, LOOK_SECONDS * BILLION) && mm_http_worker_is_gone())
        lose_worker("the http worker of the host was lost");
}

/* ---- what the main thread calls, beside mm_http_run ---- */

/* The worker has ended by itself. The next request wants a new one. */
MM_EXPORT void mm_http_worker_lost(const char *why)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    lose_worker(why);
    mm_http_unlock(&hold);
}

/*
 * The module is being stopped: no more requests are taken, and open ones fail. mm_http_run makes the failure callbacks. For
 * synchronous requests their own threads make them; this waits for these threads for a short time.
 */
MM_EXPORT void mm_http_close(void)
{
    struct mm_hold hold;
    const uint64_t until = mm_now() + CLOSE_SECONDS * BILLION;
    mm_http_lock(&hold);
    closed = 1;
    fail_all("the module is being stopped");
    for (uint64_t now; synchronous_count > 0 && (now = mm_now()) < until;)
        wait_unlocked(&hold, until - now);
    mm_http_unlock(&hold);
}

/* 1: callbacks are waiting for mm_http_run. Without the lock, because it is called at each turn. */
MM_EXPORT int32_t mm_http_pending(void) { return __atomic_load_n(&ready_first, __ATOMIC_ACQUIRE) != NULL; }

/* ---- what the worker reports ---- */

static int32_t report(uint64_t id, struct mm_http_event *event)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    struct mm_http_request *request = event != NULL ? find_request(id) : NULL;
    int32_t flow = -1;
    if (request != NULL && !request->ended) {
        if (event->kind == MM_HTTP_DATA) {
            request->waiting += weight(event);
            waiting_total += weight(event);
            request->paused = request->waiting > MAX_WAITING || waiting_total > MAX_WAITING_TOTAL;
        }
        push_event(request, event);
        flow = request->paused ? 0 : 1;
        event = NULL;
    }
    mm_http_unlock(&hold);
    free(event);
    return flow;
}

/* The response has begun. 1: go on; 0: wait for RESUME; -1: nobody wants it any more. `type` is a content type or "". */
MM_EXPORT int32_t mm_http_status(uint64_t id, uint32_t status, const char *type)
{
    return report(id, make_event(MM_HTTP_STATUS, status, type, (uint32_t)strlen(type)));
}

/* A piece of the body; returns as mm_http_status. `progress`: 1 to 99. */
MM_EXPORT int32_t mm_http_data(uint64_t id, uint32_t progress, const uint8_t *bytes, uint32_t length)
{
    struct mm_http_event *event = make_event(MM_HTTP_DATA, progress, bytes, length);
    int failed = event == NULL;
    int32_t flow = report(id, event);
    if (failed)
        mm_http_end(id, -1, "there is no memory for its response");
    return flow;
}

/* The end of a request: 0, or -1 and a reason for the log, which may be "". */
MM_EXPORT void mm_http_end(uint64_t id, int32_t result, const char *why)
{
    struct mm_http_event *event = make_event(MM_HTTP_END, result, why, (uint32_t)strlen(why));
    if (event == NULL)
        abort(); /* out of memory: the module would wait for ever */
    report(id, event);
}
