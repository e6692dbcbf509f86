/* What a module calls to make an http request, and the callbacks that it gets. */
#include "http.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* MODULE_HTTP_STATE_RESPBODY: the only state that modules see; some free their context at any other state. */
enum { BODY = 3, DONE = 100, FAILED = -1 };

typedef int64_t (*data_callback)(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size);
typedef int64_t (*status_callback)(void *data, int64_t status, const char *type);
typedef void (*close_callback)(void *data, int64_t result);

/* ---- callbacks ---- */

/* Returns whether the module wants more. */
static int tell_data(const struct mm_http_request *request, int64_t progress, const char *bytes, uint32_t length)
{
    if (request->on_data == 0)
        return 1;
    return (int32_t)((data_callback)request->on_data)(request->data, BODY, progress, bytes, length) >= 0;
}

static int tell_end(const struct mm_http_request *request, int failed)
{
    /* The module may free its context in any of these callbacks, so nothing touches the context after one. */
    if (failed && request->on_close == 0)
        tell_data(request, FAILED, "", 0);
    else if (failed || tell_data(request, DONE, "", 0)) {
        if (request->on_close != 0)
            ((close_callback)request->on_close)(request->data, failed ? FAILED : 0);
    }
    return 0;
}

/* Makes the callbacks of one event, without the lock. Returns whether more may follow. */
static int tell(const struct mm_http_request *request, const struct mm_http_event *event)
{
    switch (event->kind) {
    case MM_HTTP_STATUS:
        if (request->on_status != 0)
            ((status_callback)request->on_status)(request->data, event->value, event->bytes);
        return 1;
    case MM_HTTP_DATA:
        return tell_data(request, event->value, event->bytes, event->length);
    default:
        if (event->value != 0 && event->length > 0)
            mm_complain("http: %s failed: %s", request->label, event->bytes);
        return tell_end(request, event->value != 0);
    }
}

/*
 * Makes waiting callbacks, one of each request after the other, until `micros` have passed or the box has no room for
 * what they may send. Returns how many events were told.
 */
MM_EXPORT uint32_t mm_http_run(uint32_t micros)
{
    const uint64_t until = mm_now() + micros * UINT64_C(1000);
    uint32_t told = 0;
    struct mm_hold hold;
    mm_quiet = 1;
    mm_http_lock(&hold);
    struct mm_http_request *request;
    while (mm_has_room() && (request = mm_http_next_ready()) != NULL) {
        struct mm_http_event *event = mm_http_next_event(request);
        mm_http_unlock(&hold);
        mm_begin(mm_now(), MM_HTTP, request->cause_event, request->cause_id);
        mm_begin_http(&request->cause);
        int more = tell(request, event);
        mm_finish_http();
        mm_finish();
        free(event);
        told++;
        mm_http_lock(&hold);
        if (more)
            mm_http_requeue(request);
        else
            mm_http_forget(request);
        if (mm_now() >= until)
            break;
    }
    mm_http_unlock(&hold);
    mm_quiet = 0;
    return told;
}

/* ---- requests ---- */

/* A synchronous request, and the event that its callback is at work on. */
struct attended {
    struct mm_http_request *request;
    struct mm_http_event *event;
};

/* Over, or left by a thread that a callback has ended or that was cancelled in one. */
static void leave_request(void *given)
{
    struct attended *attended = given;
    struct mm_hold hold;
    mm_http_lock(&hold);
    free(attended->event);
    mm_http_forget(attended->request);
    mm_http_unlock(&hold);
}

/* Makes the callbacks of the next event, once there is one. Returns whether more may follow. */
static int tell_next(struct attended *attended)
{
    struct mm_hold hold;
    mm_http_lock(&hold);
    free(attended->event);
    while ((attended->event = mm_http_next_event(attended->request)) == NULL)
        mm_http_wait(&hold);
    mm_http_unlock(&hold);
    return tell(attended->request, attended->event);
}

/* Makes the callbacks of a synchronous request, on the thread that asked, until its end. */
static void attend(struct mm_http_request *request)
{
    struct attended attended = {.request = request};
    pthread_cleanup_push(leave_request, &attended);
    while (tell_next(&attended))
        continue;
    pthread_cleanup_pop(1);
}

/* Set before the module is loaded. */
static int refuses;

MM_EXPORT void mm_refuse_http(void) { refuses = 1; }

/* Said once: a module may ask for each message. */
static int refuse(const char *function)
{
    static int said;
    __atomic_fetch_add(&mm_box->refused_http, 1, __ATOMIC_RELAXED);
    if (!__atomic_exchange_n(&said, 1, __ATOMIC_RELAXED))
        mm_complain("%s refused: the module is a shadow, and its http requests are not made unless shadow_http = yes "
                    "(said once)", function);
    return -1;
}

static int64_t ask_for(const struct mm_http_ask *ask, const char *function)
{
    const char *url = ask->texts[MM_HTTP_URL];
    if (!mm_may_write())
        return -1;
    if (refuses)
        return refuse(function);
    if (url == NULL || url[0] == 0) {
        mm_complain("%s refused: the URL is %s", function, url == NULL ? "NULL" : "empty");
        return -1;
    }
    const char *why;
    struct mm_http_request *request = mm_http_open_request(ask, &why);
    if (request == NULL) {
        mm_complain("%s refused: %s", function, why);
        return -1;
    }
    /* An asynchronous one may be over, and its memory gone, by now. */
    if (ask->synchronous)
        attend(request);
    return 0;
}

static uint64_t read_number(const uint8_t *base, int32_t offset)
{
    uint64_t value;
    memcpy(&value, base + offset, sizeof value);
    return value;
}

/* `texts` pointers that follow each other from `offset`, in the order of enum mm_http_texts. */
static void read_texts(struct mm_http_ask *ask, enum mm_http_texts first, const uint8_t *base, int32_t offset)
{
    for (int i = first; i < MM_HTTP_TEXTS; i++)
        ask->texts[i] = (const char *)(uintptr_t)read_number(base, offset + (i - (int)first) * 8);
}

/*
 * The header of October 2019 has the same options without this field, and a file does not say which header it was built with.
 * So the value may be anything, or lie outside of the structure. Only 1 counts as a request.
 */
static int wants_to_wait(const uint8_t *options)
{
    static int said;
    if (mm_abi.http_synchronous < 0)
        return 0;
    const uint64_t value = mm_peek(options + mm_abi.http_synchronous);
    if (value > 1 && !__atomic_exchange_n(&said, 1, __ATOMIC_RELAXED))
        mm_complain("http: synchronous is %#lx, neither 0 nor 1, and is taken for 0: options of the header of October 2019 "
                    "end before it, and with a later header it must be 1 (said once)",
                    (unsigned long)value);
    return value == 1;
}

MM_EXPORT int64_t mesibo_http(void *module, const char *url, const char *post, void *callback, void *data, void *options)
{
    (void)module;
    struct mm_http_ask ask = {.on_data = (uintptr_t)callback, .data = data};
    if (options != NULL) {
        read_texts(&ask, MM_HTTP_PROXY, options, 0);
        for (int i = 0; i < 7; i++)
            ask.numbers[i] = read_number(options, 88 + i * 8);
        ask.synchronous = wants_to_wait(options);
    }
    ask.texts[MM_HTTP_URL] = url;
    ask.texts[MM_HTTP_POST] = post;
    return ask_for(&ask, "http");
}

MM_EXPORT int64_t mesibo_util_http(void *request, void *data)
{
    if (request == NULL) {
        mm_complain("mesibo_util_http refused: the request is NULL");
        return -1;
    }
    const uint8_t *base = request;
    struct mm_http_ask ask = {
        .on_data = read_number(base, 136),
        .on_status = read_number(base, 144),
        .on_close = read_number(base, 152),
        .data = data,
    };
    read_texts(&ask, MM_HTTP_CONTENT_TYPE, base, 16);
    ask.texts[MM_HTTP_URL] = (const char *)(uintptr_t)read_number(base, 0);
    ask.texts[MM_HTTP_POST] = (const char *)(uintptr_t)read_number(base, 8);
    ask.numbers[0] = read_number(base, 96);
    for (int i = 0; i < 4; i++)
        ask.numbers[2 + i] = read_number(base, 104 + i * 8);
    return ask_for(&ask, "mesibo_util_http");
}
