/*
 * Requests of modules. Another process does the network: a request goes to it over a pipe, in the form that the shim has for
 * its worker. The results come back in frames,
 *
 *   u32 kind: 1 status, 2 data, 3 end;  u32 length;  u64 id;  i64 value: status, progress, or 0 or -1;  `length` bytes
 *
 * which a thread reads. Callbacks are made between other calls; those of a synchronous request by the thread that waits.
 */
#include "reference.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum command { REQUEST = 1, CANCEL = 2 };
enum kind { GOT_STATUS = 1, GOT_DATA = 2, GOT_END = 3 };
enum { DONE = 100, NO_TEXT = -1 };

struct frame {
    uint32_t kind, length;
    uint64_t id;
    int64_t value;
};

struct answer {
    struct answer *next;
    struct frame frame;
    char bytes[];
};

struct request {
    struct request *next;
    struct module *module;
    struct http_ask ask; /* without its texts */
    uint64_t id;
    struct answer *first, *last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static struct request *requests;
static uint64_t last_id;
static int requests_fd = -1, answers_fd = -1, wake[2] = {-1, -1};
static int ignores, is_closed, is_reading, is_lost;

/* ---- the pipes ---- */

void open_http(int requests_to, int answers_from)
{
    requests_fd = requests_to;
    answers_fd = answers_from;
    if (requests_fd >= 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        abort();
}

void ignore_http(void) { ignores = 1; }

int http_threads(void) { return is_reading; }

int http_fd(void) { return wake[0]; }

static void wake_main(void)
{
    /* A full pipe wakes as well. */
    ssize_t written = write(wake[1], "", 1);
    (void)written;
}

static int read_all(void *out, size_t length)
{
    for (size_t at = 0; at < length;) {
        ssize_t got = read(answers_fd, (char *)out + at, length - at);
        if (got == 0 || (got < 0 && errno != EINTR))
            return -1;
        if (got > 0)
            at += (size_t)got;
    }
    return 0;
}

static void write_all(const void *bytes, size_t length)
{
    pthread_mutex_lock(&write_lock);
    for (size_t at = 0; at < length;) {
        ssize_t written = write(requests_fd, (const char *)bytes + at, length - at);
        if (written < 0 && errno != EINTR)
            break; /* the reader sees the end of the other pipe */
        if (written > 0)
            at += (size_t)written;
    }
    pthread_mutex_unlock(&write_lock);
}

/* With the lock. What nobody waits for any more is dropped. */
static void deliver(struct answer *answer)
{
    struct request *request = requests;
    while (request != NULL && request->id != answer->frame.id)
        request = request->next;
    if (request == NULL) {
        free(answer);
        return;
    }
    if (request->last != NULL)
        request->last->next = answer;
    else
        request->first = answer;
    request->last = answer;
    if (request->ask.synchronous)
        pthread_cond_broadcast(&arrived);
    else
        wake_main();
}

static void *read_answers(void *unused)
{
    struct frame frame;
    (void)unused;
    while (read_all(&frame, sizeof frame) == 0) {
        struct answer *answer = calloc(1, sizeof *answer + frame.length + 1);
        if (answer == NULL)
            abort();
        answer->frame = frame;
        if (read_all(answer->bytes, frame.length) != 0) {
            free(answer);
            break;
        }
        pthread_mutex_lock(&lock);
        deliver(answer);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    is_lost = 1;
    for (struct request *request = requests; request != NULL; request = request->next) {
        struct answer *failure = calloc(1, sizeof *failure + 1);
        if (failure == NULL)
            abort();
        failure->frame = (struct frame){.kind = GOT_END, .id = request->id, .value = -1};
        deliver(failure);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int start_reading(void)
{
    pthread_t thread;
    if (!is_reading && pthread_create(&thread, NULL, read_answers, NULL) == 0) {
        pthread_detach(thread);
        is_reading = 1;
    }
    return is_reading && !is_lost;
}

/* ---- commands ---- */

static void send_command(enum command kind, uint64_t id, const struct http_ask *ask)
{
    size_t size = 16, at = 16;
    if (ask != NULL) {
        size += sizeof ask->numbers;
        for (int i = 0; i < HTTP_TEXTS; i++)
            size += 4 + (ask->texts[i] != NULL ? strlen(ask->texts[i]) : 0);
    }
    const uint32_t head[2] = {kind, (uint32_t)((size + 7) & ~(size_t)7)};
    char *command = calloc(1, head[1]);
    if (command == NULL)
        abort();
    memcpy(command, head, 8);
    memcpy(command + 8, &id, 8);
    if (ask != NULL) {
        memcpy(command + at, ask->numbers, sizeof ask->numbers);
        at += sizeof ask->numbers;
        for (int i = 0; i < HTTP_TEXTS; i++) {
            const char *text = ask->texts[i];
            const int32_t length = text != NULL ? (int32_t)strlen(text) : NO_TEXT;
            memcpy(command + at, &length, 4);
            at += 4;
            if (text != NULL)
                memcpy(command + at, text, (size_t)length);
            at += text != NULL ? (size_t)length : 0;
        }
    }
    write_all(command, head[1]);
    free(command);
}

/* ---- callbacks ---- */

/* Returns whether the module wants more. */
static int tell_data(const struct request *request, int64_t progress, const char *bytes, uint32_t length)
{
    const struct http_ask *ask = &request->ask;
    return ask->on_data == NULL || ask->calls->on_data(ask->on_data, ask->cbdata, progress, bytes, length) >= 0;
}

/* Makes the callbacks of one answer, without the lock; returns whether more may follow. */
static int tell(const struct request *request, const struct answer *answer)
{
    const struct http_ask *ask = &request->ask;
    const struct frame *frame = &answer->frame;
    tell_call(request->module, "an http callback", 0);
    if (frame->kind == GOT_STATUS) {
        if (ask->on_status != NULL)
            ask->calls->on_status(ask->on_status, ask->cbdata, frame->value, answer->bytes);
        return 1;
    }
    if (frame->kind == GOT_DATA) {
        int more = tell_data(request, frame->value, answer->bytes, frame->length);
        if (!more)
            send_command(CANCEL, request->id, NULL);
        return more;
    }
    /* A module may free its context in any callback that may be the last. */
    const int failed = frame->value != 0;
    if (failed && frame->length > 0)
        tell_complaint(request->module, "http failed: %s", answer->bytes);
    if (failed && ask->on_close == NULL)
        tell_data(request, -1, "", 0);
    else if ((failed || tell_data(request, DONE, "", 0)) && ask->on_close != NULL)
        ask->calls->on_close(ask->on_close, ask->cbdata, failed ? -1 : 0);
    return 0;
}

/* With the lock. */
static struct answer *take_answer(struct request *request)
{
    struct answer *answer = request->first;
    if (answer != NULL) {
        request->first = answer->next;
        if (request->first == NULL)
            request->last = NULL;
    }
    return answer;
}

/* With the lock. */
static void forget(struct request *request)
{
    struct request **at = &requests;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    struct answer *answer;
    while ((answer = take_answer(request)) != NULL)
        free(answer);
    free(request);
}

/* With the lock, which is let go while callbacks run. */
static void perform(struct request *request)
{
    struct module *before = running;
    struct answer *answer = take_answer(request);
    pthread_mutex_unlock(&lock);
    running = request->module;
    int more = tell(request, answer);
    running = before;
    free(answer);
    pthread_mutex_lock(&lock);
    if (!more)
        forget(request);
}

static struct request *find_ready(void)
{
    struct request *request = requests;
    while (request != NULL && (request->ask.synchronous || request->first == NULL))
        request = request->next;
    return request;
}

void run_http_callbacks(void)
{
    char bytes[256];
    struct request *request;
    if (!is_reading)
        return;
    while (read(wake[0], bytes, sizeof bytes) > 0)
        continue;
    pthread_mutex_lock(&lock);
    while ((request = find_ready()) != NULL)
        perform(request);
    pthread_mutex_unlock(&lock);
}

int http_is_open(void)
{
    int is_open = 0;
    pthread_mutex_lock(&lock);
    for (struct request *request = requests; request != NULL; request = request->next)
        is_open |= !request->ask.synchronous;
    pthread_mutex_unlock(&lock);
    return is_open;
}

/* With the lock; of all modules where `module` is NULL. */
static struct request *find_open(const struct module *module, const struct request *behind)
{
    struct request *request = behind != NULL ? behind->next : requests;
    while (request != NULL && (request->ask.synchronous || (module != NULL && request->module != module)))
        request = request->next;
    return request;
}

void tell_open_http(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < module_count; i++) {
        size_t count = 0;
        for (const struct request *request = NULL; (request = find_open(&modules[i], request)) != NULL;)
            count++;
        if (count == 1)
            tell_complaint(&modules[i], "an http request is still open, and ends now; a larger --wait waits longer");
        else if (count > 1)
            tell_complaint(&modules[i], "%zu http requests are still open, and end now; a larger --wait waits longer", count);
    }
    pthread_mutex_unlock(&lock);
}

/* With the lock. What has arrived of it is dropped, unless its end has. */
static void fail(struct request *request)
{
    struct answer *answer;
    if (request->last != NULL && request->last->frame.kind == GOT_END)
        return;
    while ((answer = take_answer(request)) != NULL)
        free(answer);
    answer = calloc(1, sizeof *answer + 1);
    if (answer == NULL)
        abort();
    answer->frame = (struct frame){.kind = GOT_END, .id = request->id, .value = -1};
    request->first = request->last = answer;
    send_command(CANCEL, request->id, NULL);
}

void close_http(void)
{
    struct request *request;
    pthread_mutex_lock(&lock);
    is_closed = 1;
    while ((request = find_open(NULL, NULL)) != NULL) {
        fail(request);
        perform(request);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- asking ---- */

static void wait_to_end(uint64_t id)
{
    for (;;) {
        struct request *request = requests;
        while (request != NULL && request->id != id)
            request = request->next;
        if (request == NULL)
            return;
        if (request->first != NULL)
            perform(request);
        else
            pthread_cond_wait(&arrived, &lock);
    }
}

int64_t ask_http(struct module *module, const struct http_ask *ask)
{
    if (ignores)
        return 0;
    if (is_forked())
        return -1;
    if (ask->texts[URL] == NULL || ask->texts[URL][0] == 0) {
        tell_complaint(module, "http refused: there is no URL");
        return -1;
    }
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL)
        abort();
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_mutex_lock(&lock);
    const int refused = is_closed;
    const int accepted = !refused && requests_fd >= 0 && start_reading();
    if (accepted) {
        const uint64_t id = ++last_id;
        *request = (struct request){.next = requests, .module = module, .ask = *ask, .id = id};
        requests = request;
        send_command(REQUEST, id, ask);
        if (ask->synchronous)
            wait_to_end(id);
    }
    pthread_mutex_unlock(&lock);
    pthread_setcancelstate(state, &state);
    if (accepted)
        return 0;
    free(request);
    if (refused)
        return -1;
    tell_complaint(module, "http refused: nobody is there to do requests; start it with --http, or with mesibo-modules run");
    return -1;
}
