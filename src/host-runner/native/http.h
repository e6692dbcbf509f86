/*
 * Requests of the module. Three parties share them. The module asks and is called back. The host's main thread makes the
 * callbacks. The http worker, a JavaScript thread, does the network. One lock guards all of it and is held only briefly: never
 * while a callback runs or a thread waits.
 */
#ifndef MESIBO_SHIM_HTTP_H
#define MESIBO_SHIM_HTTP_H

#include "shim.h"

enum mm_http_command_kind { MM_HTTP_REQUEST = 1, MM_HTTP_CANCEL = 2, MM_HTTP_RESUME = 3 };
enum mm_http_numbers { MM_HTTP_NUMBERS = 8 };
enum mm_http_texts {
    MM_HTTP_URL, MM_HTTP_POST, MM_HTTP_PROXY, MM_HTTP_CONTENT_TYPE, MM_HTTP_EXTRA_HEADER, MM_HTTP_USER_AGENT, MM_HTTP_REFERRER,
    MM_HTTP_ORIGIN, MM_HTTP_COOKIE, MM_HTTP_ENCODING, MM_HTTP_CACHE_CONTROL, MM_HTTP_ACCEPT, MM_HTTP_ETAG, MM_HTTP_TEXTS
};

/* What a module asks for, in any ABI. The strings belong to the module and are valid until mm_http_open() returns. */
struct mm_http_ask {
    const char *texts[MM_HTTP_TEXTS];
    uint64_t numbers[MM_HTTP_NUMBERS]; /* ims, maxredirects, four timeouts, retries, 0 */
    uint64_t on_data, on_status, on_close; /* functions of the module; 0: none */
    void *data;
    int synchronous;
};

enum mm_http_event_kind { MM_HTTP_STATUS, MM_HTTP_DATA, MM_HTTP_END };

/* One thing to tell the module. */
struct mm_http_event {
    struct mm_http_event *next;
    enum mm_http_event_kind kind;
    int64_t value;   /* status, progress or result */
    uint32_t length; /* of `bytes`, behind which stands a NUL */
    char bytes[];    /* content type or data */
};

/* An open request: from the call until its last callback. */
struct mm_http_request {
    struct mm_http_request *previous, *next; /* among all that are open */
    struct mm_http_request *next_ready;      /* among those whose turn it is on the main thread */
    uint64_t id;
    uint64_t on_data, on_status, on_close;
    void *data;
    int synchronous;
    int ended;  /* its end is among the events: nothing comes after it */
    int paused; /* the worker waits to be told that there is room */
    int ready;  /* it is in the queue of the main thread, or in its hands: not to be queued */
    uint32_t cause_event;
    uint64_t cause_id;
    struct mm_cause cause; /* the call because of which the module asked */
    uint64_t bytes;   /* what was asked, as it counts against the limit */
    uint64_t waiting; /* what the data among the events takes */
    struct mm_http_event *first, *last;
    char label[256]; /* for log lines: method and URL, without a password */
};

/* What the worker is told, on its way. */
struct mm_http_command {
    struct mm_http_command *next;
    uint32_t size;
    uint32_t written; /* while it is being made */
    uint8_t bytes[];  /* kind, size, id, and what is asked for; the worker reads them */
};

/* What a request may take, and all that are open together. */
#define MM_HTTP_MAX_BYTES (UINT64_C(64) * 1024 * 1024)

/* ---- http-worker.c: with the lock, all but the first two ---- */

/* The lengths of its texts; 0 for NULL. A bad pointer faults here, so call it without mm_hold(). */
void mm_http_measure(const struct mm_http_ask *ask, uint32_t lengths[MM_HTTP_TEXTS]);
/* The command of a request, without its id; NULL when it is too large, without memory, or its texts are gone. */
struct mm_http_command *mm_http_encode(const struct mm_http_ask *ask, const uint32_t lengths[MM_HTTP_TEXTS]);
/* Hands a command over; the worker owns it from then on. */
void mm_http_push(struct mm_http_command *command, uint64_t id);
/* Tells the worker that a request is cancelled, or may go on. */
void mm_http_tell_worker(uint32_t kind, uint64_t id);
/* Drops the commands that no worker has taken. */
void mm_http_drop_commands(void);
/* Whether one runs or boots. */
int mm_http_has_worker(void);
/* Whether one ran and its thread has ended. */
int mm_http_worker_is_gone(void);
/* Lets the main thread start one, although no command waits for it. */
void mm_http_want_worker(void);
/* From now on there is none. */
void mm_http_detach_worker(void);

/* ---- http-requests.c: the lock, and what it guards ---- */

void mm_http_lock(struct mm_hold *hold);
void mm_http_unlock(const struct mm_hold *hold);
/* Makes a request and hands it to the worker; NULL when it is refused, and `*why` says why. Takes the lock itself. */
struct mm_http_request *mm_http_open_request(const struct mm_http_ask *ask, const char **why);
/* With the lock: the next event of a request, or NULL. The caller frees it. Tells the worker when there is room again. */
struct mm_http_event *mm_http_next_event(struct mm_http_request *request);
/* With the lock, which it gives up meanwhile: waits until a synchronous request may have an event. */
void mm_http_wait(struct mm_hold *hold);
/* With the lock: the request whose turn it is, or NULL. It is the caller's until it requeues or forgets it. */
struct mm_http_request *mm_http_next_ready(void);
/* With the lock: puts it at the end of the line if it has more to tell. */
void mm_http_requeue(struct mm_http_request *request);
/* With the lock: removes it with its events and memory. Tells the worker, unless it knows. */
void mm_http_forget(struct mm_http_request *request);

#endif
