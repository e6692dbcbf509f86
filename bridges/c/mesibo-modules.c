/*
 * The client of mesibo-modules.h. It speaks proto/gateway.proto, in protobuf.
 *
 * Memory and threads. Each thread has a slot with its connection, found by a thread-specific key. Slots are only added to their
 * list, so the list needs no lock. A slot is used again when its thread has ended. The connection for sends belongs to the
 * thread that is in mmc_next_send(); once it is welcomed, others write on it, under `sends_lock`. A queue and its connection
 * belong to the thread that is in a call of the queue.
 *
 * Descriptors belong to the program, which may close them all and use their numbers again. A connection remembers its socket.
 * Before a call uses the number, it checks that it still belongs to that socket.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "mesibo-modules.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MMC_WELCOME_MS
#define MMC_WELCOME_MS 5000 /* the longest wait for a welcome */
#endif

enum {
    PROTOCOL = 1,
    HEADER = 4,                  /* bytes of length before a message */
    FRAME_EXTRA = 1024 * 1024,   /* a frame may have this and max_message */
    ADDRESS_MAX = 64 * 1024,
    SENT_ID_MAX = 200,
    KEPT_BUFFER = 64 * 1024,     /* a larger one is given back at the next call */
    UNWRITTEN_MAX = 1024 * 1024, /* answers to sends that the core has not read */
    ERROR_MAX = 320,
    QUEUE_EVENTS = 1024,         /* what a queue may hold when nothing is said */
    QUEUE_BYTES = 16 * 1024 * 1024,
    CHAIN_DEADLINE_MS = 5000,    /* until the core has said its own */
    FIRST_RETRY_MS = 5,
    PROBE_MS = 100,              /* the longest wait for a welcome after another connection got none in time */
    STILL_MS = 30000,            /* how often one event tries a core that stands still */
};
#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* Where the fields of params stand whose numbers are 1 to 11. */
static const size_t SCALARS[] = {
    offsetof(struct mmc_params, aid),    offsetof(struct mmc_params, id),      offsetof(struct mmc_params, refid),
    offsetof(struct mmc_params, groupid), offsetof(struct mmc_params, flags),  offsetof(struct mmc_params, type),
    offsetof(struct mmc_params, expiry), offsetof(struct mmc_params, uflags),  offsetof(struct mmc_params, status),
    offsetof(struct mmc_params, sid),    offsetof(struct mmc_params, device),
};
enum { SCALAR_COUNT = sizeof SCALARS / sizeof *SCALARS, TO = 12, FROM = 13 };

/* Kinds of events: their numbers in Event, and the names of their callbacks. */
enum kind { MESSAGE = 3, STATUS, LOGIN, CALL, CALL_STATUS };
static const char *const CALLBACKS[] = {[MESSAGE] = "on_message",
                                        [STATUS] = "on_message_status",
                                        [LOGIN] = "on_login",
                                        [CALL] = "on_call",
                                        [CALL_STATUS] = "on_call_status"};

static const char *const REASONS[MMC_REASONS] = {
    [MMC_DECIDED] = "decided",     [MMC_UNWANTED] = "unwanted",   [MMC_UNREACHABLE] = "unreachable",
    [MMC_LATE] = "late",           [MMC_REFUSED] = "refused",     [MMC_TOO_LARGE] = "too-large",
    [MMC_GARBLED] = "garbled",     [MMC_NO_MEMORY] = "no-memory", [MMC_CRASH] = "crash",
    [MMC_HANG] = "hang",           [MMC_DEADLINE] = "deadline",   [MMC_DOWN] = "down",
    [MMC_OVERLOAD] = "overload",   [MMC_QUARANTINE] = "quarantine", [MMC_OTHER] = "other",
};

struct buffer {
    uint8_t *bytes;
    size_t begin, end, capacity; /* what is in it stands from begin to end */
};

struct connection {
    int fd;       /* -1: none */
    dev_t device; /* with the inode: the socket that the descriptor is of */
    ino_t inode;
    uint64_t generation; /* how many sockets there were */
    int welcomed;
    int takes_sends;
    struct buffer in, out;
    uint64_t owed;        /* events without an outcome */
    uint64_t heard;       /* how often something was read */
    uint64_t heard_before; /* the same when the event was asked */
    uint64_t still_until; /* nothing came: events get the default at once until then; 0: something came */
    uint64_t retry_at;    /* only this connection was refused; it is not tried before */
    unsigned retry_ms;
    int is_drained; /* the last read, if it was not long ago, took all that was there */
    uint32_t max_message, window, callbacks;
};

struct slot {
    struct slot *next;
    _Atomic pid_t owner; /* the process that uses it; 0: nobody */
    atomic_uintptr_t thread;
    atomic_int is_busy; /* a call uses the buffers */
    atomic_int is_ending; /* its thread ends, and gives it back */
    struct connection connection;
    int holds_outcome;  /* the last outcome stands in connection.in */
    struct buffer last; /* where it is kept, to be given to the next event */
};

/* An event of a queue, until its outcome is collected. */
struct task {
    struct task *next, *previous; /* in its list */
    uint64_t id;
    uint64_t since; /* its deadline counts from here: an earlier event always has the earlier deadline */
    void *context;
    size_t frame, payload; /* bytes */
    uint64_t heard;        /* as the connection had it when the core got the event */
    enum kind kind;
    enum progress { FREE = 0, WAITS, SENT, FINISHED } progress;
    enum mmc_reason reason; /* of one that is finished by a default */
    enum mmc_verdict verdict;
};

struct tasks {
    struct task *first, *last;
};

struct mmc_queue {
    struct mmc_queue *next; /* of the client's, under sockets_lock */
    mmc_client *client;
    struct connection connection;
    atomic_int is_busy;    /* a call uses the buffers */
    struct buffer waiting; /* the frames of the tasks that wait, one behind the other */
    struct tasks waits, sent, finished;
    struct task *table; /* a task stands where the last bits of its id say */
    uint64_t mask;
    size_t events, most_events, most_bytes;
    uint64_t welcome_until; /* it waits for a welcome until then; 0: it does not */
    uint64_t dial_at;       /* the listener had no place for a connection; none is tried before */
    int is_ending;          /* nothing can be written any more; what was sent before may still be read */
    int is_ready;           /* something was submitted, or more is to be collected: mmc_collect() need not wait */
};

struct mmc_client {
    struct mmc_client *next; /* of all, under sockets_lock */
    int is_closing;          /* under ends_lock */
    struct mmc_queue *queues; /* under sockets_lock */
    struct sockaddr_un address;
    char server[65];
    struct mmc_options options;
    pthread_key_t key;
    _Atomic(struct slot *) slots;
    _Atomic pid_t pid;          /* the process that the state below is of; negative: about to begin */
    atomic_uint_fast64_t epoch; /* with the pid: the instance of the server */
    atomic_uint_fast64_t next_id;
    struct refusal {
        atomic_uint_fast64_t retry_at; /* no connection is tried before; 0: it may be */
        atomic_uint retry_ms;
        char why[ERROR_MAX]; /* under refusal_lock */
    } refusals[2]; /* of connections for events, and for sends: either may be refused alone */
    pthread_mutex_t refusal_lock;
    atomic_int is_away; /* a connection for events was refused, and none was welcomed since */
    atomic_uint chain_deadline_ms;
    atomic_uint_fast64_t silent_until; /* a welcome did not come in time; none is awaited before; 0: all came */

    pthread_mutex_t sends_lock;
    atomic_int is_sends_locked, is_taking;
    int has_writer; /* a thread waits for room, and writes what is unwritten then; under sends_lock */
    struct connection sends;

    atomic_uint_fast64_t untold, untold_of[MMC_REASONS], tell_at[MMC_REASONS];
    atomic_uint_fast64_t passed, consumed, changed, reasons[MMC_REASONS];
    atomic_uint_fast64_t connects, refused_connects, lost, garbled, late_outcomes;
    atomic_uint_fast64_t taken_sends, acknowledged, refused_sends, reports;
};

/* ---- errors, time, waiting ---- */

static _Thread_local char last_error[ERROR_MAX];

__attribute__((format(printf, 2, 3))) static enum mmc_reason fail(enum mmc_reason reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return reason;
}

static void count(atomic_uint_fast64_t *counter) { atomic_fetch_add_explicit(counter, 1, memory_order_relaxed); }

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/* Waits for a descriptor, or only for the time when it is -1. Returns 0 when the time is over. */
static int wait_for(int fd, short events, uint64_t until)
{
    struct pollfd polled = {.fd = fd, .events = events};
    for (;;) {
        const uint64_t now = now_ns();
        const uint64_t left = until > now ? until - now : 0;
        const struct timespec limit = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};
        const int ready = ppoll(&polled, 1, &limit, NULL);
        if (ready > 0)
            return 1;
        if (ready == 0 || errno != EINTR)
            return ready < 0; /* what is wrong with the descriptor shows when it is used */
    }
}

/* ---- buffers ---- */

static int make_room(struct buffer *buffer, size_t more)
{
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
    if (more <= buffer->capacity - buffer->end)
        return 1;
    if (more > SIZE_MAX / 4)
        return 0;
    /* Only if it frees as much as it moves: so small steps through a large buffer cost nothing. */
    if (buffer->begin > 0 && buffer->begin >= buffer->end - buffer->begin) {
        memmove(buffer->bytes, buffer->bytes + buffer->begin, buffer->end - buffer->begin);
        buffer->end -= buffer->begin;
        buffer->begin = 0;
    }
    if (more <= buffer->capacity - buffer->end)
        return 1;
    size_t capacity = buffer->capacity > 0 ? 2 * buffer->capacity : 8192;
    if (capacity - buffer->end < more)
        capacity = buffer->end + more;
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL)
        return 0;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return 1;
}

static void empty(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

static void trim(struct buffer *buffer)
{
    if (buffer->begin == buffer->end && buffer->capacity > KEPT_BUFFER)
        empty(buffer);
}

/* ---- writing protobuf; there must be room ---- */

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_fixed64(uint8_t *at, unsigned field, uint64_t value)
{
    *at++ = (uint8_t)(field << 3 | 1);
    for (int i = 0; i < 8; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* The tag and length of a field of bytes; its numbers here are below 16. */
static size_t head_size(size_t length) { return 1 + varint_size(length); }

static uint8_t *put_head(uint8_t *at, unsigned field, size_t length)
{
    *at++ = (uint8_t)(field << 3 | 2);
    return put_varint(at, length);
}

static uint8_t *put_bytes(uint8_t *at, unsigned field, const void *bytes, size_t length)
{
    at = put_head(at, field, length);
    if (length > 0)
        memcpy(at, bytes, length);
    return at + length;
}

static uint64_t scalar(const struct mmc_params *params, size_t i)
{
    uint64_t value;
    memcpy(&value, (const char *)params + SCALARS[i], sizeof value);
    return value;
}

struct lengths {
    size_t to, from, params;
};

static struct lengths measure(const struct mmc_params *params)
{
    struct lengths lengths = {0};
    for (size_t i = 0; i < SCALAR_COUNT; i++)
        lengths.params += scalar(params, i) != 0 ? 9 : 0;
    if (params->to != NULL) {
        lengths.to = strlen(params->to);
        lengths.params += head_size(lengths.to) + lengths.to;
    }
    if (params->from != NULL) {
        lengths.from = strlen(params->from);
        lengths.params += head_size(lengths.from) + lengths.from;
    }
    return lengths;
}

static uint8_t *put_params(uint8_t *at, unsigned field, const struct mmc_params *params, const struct lengths *lengths)
{
    at = put_head(at, field, lengths->params);
    for (size_t i = 0; i < SCALAR_COUNT; i++)
        if (scalar(params, i) != 0)
            at = put_fixed64(at, (unsigned)i + 1, scalar(params, i));
    if (params->to != NULL)
        at = put_bytes(at, TO, params->to, lengths->to);
    if (params->from != NULL)
        at = put_bytes(at, FROM, params->from, lengths->from);
    return at;
}

/* Begins a frame whose message is one field of `length` bytes; NULL: no memory. finish() comes behind its last byte. */
static uint8_t *begin_frame(struct buffer *out, unsigned field, size_t length)
{
    const size_t message = head_size(length) + length;
    if (length > UINT32_MAX - 2 * HEADER || !make_room(out, HEADER + message))
        return NULL;
    uint8_t *at = out->bytes + out->end;
    for (int i = 0; i < HEADER; i++)
        *at++ = (uint8_t)(message >> 8 * (HEADER - 1 - i));
    return put_head(at, field, length);
}

static void finish(struct buffer *out, const uint8_t *at) { out->end = (size_t)(at - out->bytes); }

/* ---- reading protobuf ---- */

struct reader {
    uint8_t *at, *end;
    int is_broken;
};

static uint64_t read_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        const uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->is_broken = 1;
    reader->at = reader->end;
    return 0;
}

static uint8_t *step(struct reader *reader, uint64_t length)
{
    uint8_t *at = reader->at;
    if (length > (uint64_t)(reader->end - at)) {
        reader->is_broken = 1;
        reader->at = reader->end;
        return NULL;
    }
    reader->at += length;
    return at;
}

/* The tag of the next field; 0: there is none, or the rest is not protobuf. */
static uint32_t next_tag(struct reader *reader)
{
    if (reader->at >= reader->end)
        return 0;
    const uint64_t tag = read_varint(reader);
    if (tag >= 8 && tag <= UINT32_MAX)
        return (uint32_t)tag;
    reader->is_broken = 1;
    return 0;
}

static uint64_t read_fixed64(struct reader *reader)
{
    const uint8_t *at = step(reader, 8);
    uint64_t value = 0;
    for (int i = 0; at != NULL && i < 8; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static struct reader read_message(struct reader *reader)
{
    const uint64_t length = read_varint(reader);
    uint8_t *at = step(reader, length);
    if (reader->is_broken)
        return (struct reader){.is_broken = 1};
    return (struct reader){at, at + length, 0};
}

/* Bytes. They move one place ahead, to where their length stood, so that a NUL fits behind them. */
static char *read_text(struct reader *reader, size_t *length)
{
    struct reader bytes = read_message(reader);
    if (bytes.is_broken)
        return NULL;
    *length = (size_t)(bytes.end - bytes.at);
    char *text = (char *)bytes.at - 1;
    memmove(text, bytes.at, *length);
    text[*length] = 0;
    return text;
}

/* The same; a NUL inside makes the frame a broken one. */
static const char *read_string(struct reader *reader)
{
    size_t length = 0;
    const char *text = read_text(reader, &length);
    if (text != NULL && memchr(text, 0, length) != NULL)
        reader->is_broken = 1;
    return text;
}

static void skip(struct reader *reader, uint32_t tag)
{
    if ((tag & 7) == 0)
        read_varint(reader);
    else if ((tag & 7) == 1)
        step(reader, 8);
    else if ((tag & 7) == 2)
        step(reader, read_varint(reader));
    else if ((tag & 7) == 5)
        step(reader, 4);
    else
        reader->is_broken = 1;
}

#define TAG(field, type) ((field) << 3 | (type))
enum { VARINT = 0, FIXED64 = 1, BYTES = 2 };

static int read_params(struct reader *outer, struct mmc_params *params)
{
    struct reader reader = read_message(outer);
    memset(params, 0, sizeof *params);
    for (uint32_t tag; (tag = next_tag(&reader)) != 0;) {
        const uint32_t field = tag >> 3;
        if ((tag & 7) == FIXED64 && field <= SCALAR_COUNT) {
            const uint64_t value = read_fixed64(&reader);
            memcpy((char *)params + SCALARS[field - 1], &value, sizeof value);
        } else if (tag == TAG(TO, BYTES))
            params->to = read_string(&reader);
        else if (tag == TAG(FROM, BYTES))
            params->from = read_string(&reader);
        else
            skip(&reader, tag);
    }
    return !reader.is_broken;
}

struct failure {
    const char *code, *message;
    int is_fatal, has_event;
    uint64_t event_id;
};

static int read_failure(struct reader *outer, struct failure *failure)
{
    struct reader reader = read_message(outer);
    *failure = (struct failure){.code = "", .message = ""};
    for (uint32_t tag; (tag = next_tag(&reader)) != 0;) {
        if (tag == TAG(1, BYTES))
            failure->code = read_string(&reader);
        else if (tag == TAG(2, BYTES))
            failure->message = read_string(&reader);
        else if (tag == TAG(3, VARINT))
            failure->is_fatal = read_varint(&reader) != 0;
        else if (tag == TAG(4, FIXED64)) {
            failure->event_id = read_fixed64(&reader);
            failure->has_event = 1;
        } else
            skip(&reader, tag);
    }
    return !reader.is_broken;
}

/* What this call waits for, and what came. */
struct answer {
    uint64_t id; /* of the awaited event; 0: none */
    const struct mmc_queue *queue; /* the queue whose events are all awaited; `id` is then that of the event that came; NULL: none */
    int is_there;
    enum mmc_reason reason;
    uint64_t verdict;
    int has_params, has_payload;
    struct mmc_params params;
    const char *payload, *by, *default_reason, *default_by;
    size_t length;
    struct mmc_send *send; /* where a send goes; NULL: none is awaited */
};

/* `answer` is empty before, apart from what it waits for. */
static int read_outcome(struct reader *outer, struct answer *answer)
{
    struct reader reader = read_message(outer);
    struct failure failure;
    for (uint32_t tag; (tag = next_tag(&reader)) != 0;) {
        if (tag == TAG(1, FIXED64))
            answer->id = read_fixed64(&reader);
        else if (tag == TAG(2, VARINT))
            answer->verdict = read_varint(&reader);
        else if (tag == TAG(3, BYTES))
            answer->by = read_string(&reader);
        else if (tag == TAG(4, BYTES))
            answer->default_reason = read_string(&reader);
        else if (tag == TAG(5, BYTES))
            answer->default_by = read_string(&reader);
        else if (tag == TAG(6, BYTES)) {
            answer->has_params = 1;
            if (!read_params(&reader, &answer->params))
                return 0;
        } else if (tag == TAG(7, BYTES)) {
            answer->has_payload = 1;
            answer->payload = read_text(&reader, &answer->length);
        } else if (tag == TAG(9, BYTES)) {
            if (!read_failure(&reader, &failure))
                return 0;
            answer->reason = fail(MMC_REFUSED, "the core refused the event: %s (%s)", failure.message, failure.code);
        } else
            skip(&reader, tag);
    }
    return !reader.is_broken && answer->verdict <= MMC_CONSUMED;
}

static int read_send(struct reader *outer, struct mmc_send *send)
{
    struct reader reader = read_message(outer);
    *send = (struct mmc_send){.sent_id = "", .module = "", .payload = ""};
    for (uint32_t tag; (tag = next_tag(&reader)) != 0;) {
        if (tag == TAG(1, BYTES))
            send->sent_id = read_string(&reader);
        else if (tag == TAG(2, BYTES))
            send->module = read_string(&reader);
        else if (tag == TAG(3, BYTES)) {
            if (!read_params(&reader, &send->params))
                return 0;
        } else if (tag == TAG(4, BYTES))
            send->payload = read_text(&reader, &send->length);
        else if (tag == TAG(5, FIXED64))
            send->cause = read_fixed64(&reader);
        else
            skip(&reader, tag);
    }
    return !reader.is_broken && send->sent_id[0] != 0 && strlen(send->sent_id) <= SENT_ID_MAX;
}

static void note_welcome(mmc_client *client, struct connection *connection)
{
    connection->retry_at = connection->retry_ms = 0;
    struct refusal *refusal = &client->refusals[connection->takes_sends];
    count(&client->connects);
    atomic_store(&refusal->retry_ms, 0);
    atomic_store(&refusal->retry_at, 0);
    if (!connection->takes_sends)
        atomic_store(&client->silent_until, 0);
    if (connection->takes_sends || !atomic_exchange(&client->is_away, 0) || client->options.log == NULL)
        return;
    char line[ERROR_MAX];
    snprintf(line, sizeof line, "mesibo-modules: the core at %s is there", client->address.sun_path);
    client->options.log(client->options.context, line);
}

static int read_welcome(mmc_client *client, struct connection *connection, struct reader *outer)
{
    struct reader reader = read_message(outer);
    uint64_t version = 0, max_message = 0, window = 0, chain_deadline_ms = CHAIN_DEADLINE_MS;
    uint32_t callbacks = 0;
    for (uint32_t tag; (tag = next_tag(&reader)) != 0;) {
        if (tag == TAG(1, VARINT))
            version = read_varint(&reader);
        else if (tag == TAG(3, VARINT))
            max_message = read_varint(&reader);
        else if (tag == TAG(4, VARINT))
            window = read_varint(&reader);
        else if (tag == TAG(5, BYTES)) {
            const char *name = read_string(&reader);
            for (unsigned kind = MESSAGE; name != NULL && kind <= CALL_STATUS; kind++)
                callbacks |= strcmp(name, CALLBACKS[kind]) == 0 ? 1u << kind : 0;
        } else if (tag == TAG(6, VARINT))
            chain_deadline_ms = read_varint(&reader);
        else
            skip(&reader, tag);
    }
    if (reader.is_broken || version != PROTOCOL || max_message > UINT32_MAX || window > UINT32_MAX)
        return 0;
    if (!connection->welcomed)
        note_welcome(client, connection);
    connection->welcomed = 1;
    connection->max_message = (uint32_t)max_message;
    connection->window = window > 0 ? (uint32_t)window : 1;
    connection->callbacks = callbacks;
    /* A day is enough for any chain; the sum of deadlines cannot overflow then. */
    atomic_store(&client->chain_deadline_ms, chain_deadline_ms < 86400000 ? (unsigned)chain_deadline_ms : 86400000u);
    return 1;
}

/* ---- one connection ---- */

/* Held while a socket is made or closed, so that a fork happens before or after that. Also protects the list of clients. */
static pthread_mutex_t sockets_lock = PTHREAD_MUTEX_INITIALIZER;
/* Held while an ending thread looks for its slot, or a client is about to close. Taken before sockets_lock. Frees nothing. */
static pthread_mutex_t ends_lock = PTHREAD_MUTEX_INITIALIZER;
static mmc_client *clients;

/* Whether its descriptor still belongs to its socket. */
static int is_own(const struct connection *connection)
{
    struct stat now;
    return fstat(connection->fd, &now) == 0 && now.st_dev == connection->device && now.st_ino == connection->inode;
}

/* Under sockets_lock. */
static void close_own(struct connection *connection)
{
    if (connection->fd >= 0 && is_own(connection))
        close(connection->fd);
    connection->fd = -1;
}

static void reset(struct connection *connection)
{
    pthread_mutex_lock(&sockets_lock);
    close_own(connection);
    pthread_mutex_unlock(&sockets_lock);
    if (connection->welcomed) /* others may look at it: see take_sends() */
        connection->welcomed = 0;
    connection->owed = 0;
    connection->still_until = 0;
    connection->in.begin = connection->in.end = connection->out.begin = connection->out.end = 0;
}

/* Its input stays until the next call: outcomes may point there. */
static void hang_up(struct connection *connection)
{
    reset(connection);
    trim(&connection->out);
}

static unsigned longer_wait(const mmc_client *client, unsigned waited)
{
    const unsigned most = client->options.retry_max_ms;
    const unsigned wait = waited == 0 ? FIRST_RETRY_MS : waited < most / 2 ? 2 * waited : most;
    return wait < most ? wait : most;
}

static void note_refusal(mmc_client *client, const struct connection *connection)
{
    struct refusal *refusal = &client->refusals[connection->takes_sends];
    count(&client->refused_connects);
    if (!connection->takes_sends)
        atomic_store(&client->is_away, 1);
    pthread_mutex_lock(&client->refusal_lock);
    memcpy(refusal->why, last_error, sizeof refusal->why);
    pthread_mutex_unlock(&client->refusal_lock);
}

/* Nobody listens: all connections are tried later, and until then the reason is last_error. When many threads find this at the
 * same time, only one makes the wait longer. */
static void back_off(mmc_client *client, const struct connection *connection, uint64_t tried_at)
{
    struct refusal *refusal = &client->refusals[connection->takes_sends];
    note_refusal(client, connection);
    uint_fast64_t before = atomic_load(&refusal->retry_at);
    if (before > tried_at)
        return;
    const unsigned wait = longer_wait(client, atomic_load(&refusal->retry_ms));
    if (atomic_compare_exchange_strong(&refusal->retry_at, &before, now_ns() + wait * MS))
        atomic_store(&refusal->retry_ms, wait);
}

/* The core accepted this connection and ended it before the welcome. It does so when it has too many: only this one waits. */
static void back_off_alone(mmc_client *client, struct connection *connection)
{
    note_refusal(client, connection);
    connection->retry_ms = longer_wait(client, connection->retry_ms);
    connection->retry_at = now_ns() + connection->retry_ms * MS;
}

static enum mmc_reason still_refused(mmc_client *client, struct refusal *refusal)
{
    pthread_mutex_lock(&client->refusal_lock);
    memcpy(last_error, refusal->why, sizeof refusal->why);
    pthread_mutex_unlock(&client->refusal_lock);
    return MMC_UNREACHABLE;
}

/* It ended by itself: one that was never welcomed was refused. */
static enum mmc_reason lose(mmc_client *client, struct connection *connection, enum mmc_reason reason)
{
    if (connection->welcomed)
        count(&client->lost);
    else if (connection->takes_sends)
        back_off(client, connection, now_ns());
    else
        back_off_alone(client, connection);
    hang_up(connection);
    return reason;
}

/* The program closed the descriptor. Its number may belong to something else now, which is not touched. */
static enum mmc_reason taken_away(mmc_client *client, struct connection *connection)
{
    if (connection->welcomed)
        count(&client->lost);
    hang_up(connection);
    return fail(MMC_UNREACHABLE, "this program closed the connection to the core at %s", client->address.sun_path);
}

static enum mmc_reason lost(mmc_client *client, struct connection *connection)
{
    return lose(client, connection, fail(MMC_UNREACHABLE, "the core at %s closed the connection", client->address.sun_path));
}

static enum mmc_reason garbled(mmc_client *client, struct connection *connection)
{
    count(&client->garbled);
    const char *what = "the process that listens at %s sent something that is not a frame of the gateway; is it a core?";
    return lose(client, connection, fail(MMC_GARBLED, what, client->address.sun_path));
}

/* Writes what the core takes at once. 1: all; 0: not all; -1: the connection has ended. */
static int flush(struct connection *connection)
{
    struct buffer *out = &connection->out;
    while (out->begin < out->end) {
        const ssize_t written =
            send(connection->fd, out->bytes + out->begin, out->end - out->begin, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written >= 0)
            out->begin += (size_t)written;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        else if (errno != EINTR)
            return -1;
    }
    return 1;
}

/* Reads what has arrived. 1: something; 0: nothing; -1: the connection has ended; -2: no memory. */
static int receive(struct connection *connection)
{
    struct buffer *in = &connection->in;
    if (!make_room(in, 4096))
        return -2;
    for (;;) {
        const ssize_t got = recv(connection->fd, in->bytes + in->end, in->capacity - in->end, MSG_DONTWAIT);
        if (got > 0) {
            in->end += (size_t)got;
            connection->is_drained = in->end < in->capacity;
            connection->heard++;
            connection->still_until = 0;
            return 1;
        }
        if (got < 0 && errno == EINTR)
            continue;
        connection->is_drained = 1;
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
    }
}

/* The next whole frame. 1: there is one; 0: none; -1: the core announces one that is too long. */
static int next_frame(struct connection *connection, struct reader *frame)
{
    struct buffer *in = &connection->in;
    const size_t held = in->end - in->begin;
    if (held < HEADER)
        return 0;
    const uint8_t *at = in->bytes + in->begin;
    const uint32_t length = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    if (length > (uint64_t)FRAME_EXTRA + connection->max_message)
        return -1;
    if (held - HEADER < length)
        return 0;
    *frame = (struct reader){in->bytes + in->begin + HEADER, in->bytes + in->begin + HEADER + length, 0};
    in->begin += HEADER + length;
    return 1;
}

static struct task *find_sent(const struct mmc_queue *queue, uint64_t id);

static int awaits(const struct answer *answer, uint64_t id)
{
    return answer->queue != NULL ? find_sent(answer->queue, id) != NULL : answer->id != 0 && id == answer->id;
}

/* Reads one frame. MMC_DECIDED: it was one; else why the connection has ended. */
static enum mmc_reason take_frame(mmc_client *client, struct connection *connection, struct reader *frame, struct answer *answer)
{
    const uint32_t tag = next_tag(frame);
    int is_sound = !frame->is_broken;
    if (tag == TAG(1, BYTES))
        is_sound = read_welcome(client, connection, frame);
    else if (tag == TAG(2, BYTES)) {
        struct answer read = {.queue = answer->queue, .send = answer->send};
        is_sound = connection->welcomed && read_outcome(frame, &read);
        connection->owed -= is_sound && connection->owed > 0;
        if (is_sound && awaits(answer, read.id)) {
            *answer = read;
            answer->is_there = 1;
        } else if (is_sound)
            count(&client->late_outcomes);
    } else if (tag == TAG(3, BYTES)) {
        struct mmc_send other;
        is_sound = connection->welcomed && read_send(frame, answer->send != NULL ? answer->send : &other);
        answer->is_there |= is_sound && answer->send != NULL;
    } else if (tag == TAG(4, BYTES)) {
        struct failure failure;
        is_sound = read_failure(frame, &failure);
        if (is_sound) {
            fail(MMC_REFUSED, "the core says: %s (%s)", failure.message, failure.code);
            if (failure.has_event && awaits(answer, failure.event_id)) {
                answer->id = failure.event_id;
                answer->is_there = 1;
                answer->reason = MMC_REFUSED;
            }
            if (failure.is_fatal)
                return lose(client, connection, MMC_REFUSED);
        }
    } else if (tag != 0) {
        skip(frame, tag);
        is_sound = !frame->is_broken;
    }
    return is_sound ? MMC_DECIDED : garbled(client, connection);
}

/* Reads the whole frames that are there, up to the awaited one. */
static enum mmc_reason take_frames(mmc_client *client, struct connection *connection, struct answer *answer)
{
    struct reader frame;
    int there = 0;
    while (!answer->is_there && (there = next_frame(connection, &frame)) == 1) {
        const enum mmc_reason reason = take_frame(client, connection, &frame, answer);
        if (reason != MMC_DECIDED)
            return reason;
    }
    return there < 0 ? garbled(client, connection) : MMC_DECIDED;
}

/* Reads the frames that are there, then once what has arrived, and the frames in it. */
static enum mmc_reason read_on(mmc_client *client, struct connection *connection, struct answer *answer)
{
    const enum mmc_reason reason = take_frames(client, connection, answer);
    if (reason != MMC_DECIDED || answer->is_there)
        return reason;
    const int got = receive(connection);
    if (got == -2)
        return lose(client, connection, fail(MMC_NO_MEMORY, "there is no memory for what the core sends"));
    if (got == -1)
        return lost(client, connection);
    return got == 0 ? MMC_DECIDED : take_frames(client, connection, answer);
}

static enum mmc_reason late(const mmc_client *client, const char *what)
{
    return fail(MMC_LATE, "the core at %s %s within the deadline", client->address.sun_path, what);
}

/* Waits until the answer is there; without an id to wait for, until the core has welcomed the connection. */
static enum mmc_reason wait_for_core(mmc_client *client, struct connection *connection, uint64_t until, struct answer *answer)
{
    while (answer->id != 0 ? !answer->is_there : !connection->welcomed) {
        const short events = connection->out.begin < connection->out.end ? POLLIN | POLLOUT : POLLIN;
        if (!wait_for(connection->fd, events, until))
            return late(client, connection->welcomed ? "has not decided" : "has not welcomed this server");
        if (!is_own(connection))
            return taken_away(client, connection);
        const enum mmc_reason reason = flush(connection) < 0 ? lost(client, connection) : read_on(client, connection, answer);
        if (reason != MMC_DECIDED)
            return reason;
    }
    return MMC_DECIDED;
}

/* Writes all, until then. It reads meanwhile: a core whose outcomes nobody reads may stop reading. MMC_LATE, without a text: a part
 * is unwritten. */
static enum mmc_reason write_all(mmc_client *client, struct connection *connection, uint64_t until, struct answer *answer)
{
    enum mmc_reason reason = MMC_DECIDED;
    int done;
    while (reason == MMC_DECIDED && !answer->is_there && (done = flush(connection)) != 1) {
        if (done < 0)
            return lost(client, connection);
        if (!wait_for(connection->fd, POLLIN | POLLOUT, until))
            return MMC_LATE;
        reason = is_own(connection) ? read_on(client, connection, answer) : taken_away(client, connection);
    }
    return reason;
}

static int open_socket(struct connection *connection)
{
    struct stat made;
    pthread_mutex_lock(&sockets_lock);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && fd <= STDERR_FILENO) {
        /* Standard input or output is closed: text that others print there must not go to the core. */
        const int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        close(fd);
        fd = higher;
    }
    if (fd >= 0 && fstat(fd, &made) == 0) {
        connection->device = made.st_dev;
        connection->inode = made.st_ino;
    }
    connection->fd = fd;
    connection->generation++;
    pthread_mutex_unlock(&sockets_lock);
    return fd >= 0;
}

/* connect(), which may wait for a place in the queue of the listener. It is tried once in any case. Returns 0 or an errno. */
static int connect_until(int fd, const struct sockaddr_un *address, uint64_t until)
{
    for (int is_first = 1;; is_first = 0) {
        const uint64_t now = now_ns();
        if (until <= now && !is_first)
            return EAGAIN;
        const uint64_t micros = (until > now ? until - now : 0) / 1000 + 1;
        const struct timeval limit = {.tv_sec = (time_t)(micros / 1000000), .tv_usec = (suseconds_t)(micros % 1000000)};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EISCONN)
            return 0;
        if (errno != EINTR)
            return errno;
    }
}

static enum mmc_reason no_connection(const mmc_client *client, int error)
{
    const char *path = client->address.sun_path;
    if (error == ENOENT || error == ECONNREFUSED)
        return fail(MMC_UNREACHABLE, "no core listens at %s (%s); is it running?", path, strerror(error));
    return fail(MMC_UNREACHABLE, "%s cannot be connected to: %s", path, strerror(error));
}

static int put_hello(mmc_client *client, struct connection *connection)
{
    char instance[48];
    const int instance_length = snprintf(instance, sizeof instance, "%ld-%llx", (long)getpid(),
                                         (unsigned long long)atomic_load(&client->epoch));
    const size_t server_length = strlen(client->server);
    const uint32_t window = client->options.sends_window;
    const size_t length = 4 + head_size(server_length) + server_length + head_size((size_t)instance_length) +
                          (size_t)instance_length + (connection->takes_sends ? 3 + varint_size(window) : 0);
    uint8_t *at = begin_frame(&connection->out, 1, length);
    if (at == NULL)
        return 0;
    *at++ = TAG(1, VARINT);
    *at++ = PROTOCOL;
    *at++ = TAG(2, VARINT);
    *at++ = PROTOCOL;
    at = put_bytes(at, 3, client->server, server_length);
    at = put_bytes(at, 4, instance, (size_t)instance_length);
    if (connection->takes_sends) {
        *at++ = TAG(5, VARINT);
        *at++ = 1;
        *at++ = TAG(6, VARINT);
        at = put_varint(at, window);
    }
    finish(&connection->out, at);
    return 1;
}

/* Connects, and says hello. */
static enum mmc_reason dial(mmc_client *client, struct connection *connection, uint64_t until)
{
    struct refusal *refusal = &client->refusals[connection->takes_sends];
    const uint64_t now = now_ns();
    if (now < atomic_load(&refusal->retry_at) || now < connection->retry_at)
        return still_refused(client, refusal);
    if (!open_socket(connection))
        return fail(MMC_NO_MEMORY, "no socket can be made: %s", strerror(errno));
    const int error = connect_until(connection->fd, &client->address, until);
    if (error != 0)
        hang_up(connection);
    if (error == EAGAIN)
        return late(client, "has not accepted a connection");
    if (error != 0) {
        no_connection(client, error);
        back_off(client, connection, now);
        return MMC_UNREACHABLE;
    }
    if (!put_hello(client, connection)) {
        hang_up(connection);
        return fail(MMC_NO_MEMORY, "there is no memory for a connection");
    }
    return flush(connection) < 0 ? lost(client, connection) : MMC_DECIDED;
}

/* Until when to wait for a welcome. When one did not come in time, the other threads do not wait for theirs: one at a time
 * tries, for a short while, once a second. A result not after `now` means: do not wait. */
static uint64_t welcome_until(mmc_client *client, uint64_t now, uint64_t until)
{
    uint_fast64_t silent = atomic_load(&client->silent_until);
    if (now < silent)
        return now;
    const uint64_t limit = now + (silent == 0 ? MMC_WELCOME_MS : PROBE_MS) * MS;
    if (silent != 0 && !atomic_compare_exchange_strong(&client->silent_until, &silent, limit + SECOND))
        return now;
    return limit < until ? limit : until;
}

/* Connects if needed, and waits for the welcome. */
static enum mmc_reason become_welcome(mmc_client *client, struct connection *connection, uint64_t until)
{
    struct answer nothing = {0};
    const uint64_t now = now_ns(), limit = welcome_until(client, now, until);
    enum mmc_reason reason = MMC_DECIDED;
    if (connection->fd < 0)
        reason = dial(client, connection, limit > now ? limit : now + MS);
    if (reason == MMC_DECIDED)
        reason = wait_for_core(client, connection, limit, &nothing);
    if (reason == MMC_LATE && limit > now)
        atomic_store(&client->silent_until, now_ns() + SECOND);
    return reason;
}

/* Reads what came since the last call, and connects if needed. */
static enum mmc_reason make_ready(mmc_client *client, struct connection *connection, uint64_t until)
{
    struct answer nothing = {0};
    enum mmc_reason reason = MMC_DECIDED;
    if (connection->fd >= 0)
        reason = is_own(connection) ? read_on(client, connection, &nothing) : taken_away(client, connection);
    if (reason == MMC_NO_MEMORY)
        return reason;
    if (connection->fd < 0 || !connection->welcomed)
        return become_welcome(client, connection, until);
    return reason;
}

/* Whether nothing came from the core since an event was late. Writes the unwritten rest of that event if possible. */
static int stands_still(struct connection *connection, uint64_t now)
{
    if (connection->still_until != 0 && flush(connection) == 1 && connection->owed == 0)
        connection->still_until = 0;
    return connection->still_until > now;
}

static enum mmc_reason still(const mmc_client *client)
{
    return fail(MMC_LATE, "the core at %s does not respond: it has sent nothing since an event was late", client->address.sun_path);
}

/* ---- slots, and what a fork leaves ---- */

static void forget_buffers(struct connection *connection)
{
    connection->in = connection->out = (struct buffer){0};
}

/* Keeps the memory of the last outcome, which may be given to an event or a report. New input goes elsewhere. */
static int set_outcome_aside(struct slot *slot)
{
    struct buffer *in = &slot->connection.in, other = slot->last;
    if (!slot->holds_outcome)
        return 1;
    slot->last = (struct buffer){0};
    other.begin = other.end = 0;
    trim(&other);
    const size_t unread = in->end - in->begin;
    if (unread > 0 && !make_room(&other, unread)) {
        slot->last = other;
        return 0;
    }
    if (unread > 0)
        memcpy(other.bytes, in->bytes + in->begin, unread);
    other.end = unread;
    slot->last = *in;
    *in = other;
    slot->holds_outcome = 0;
    return 1;
}

/* Whether the slot is of a client that is not closed. Under ends_lock. */
static int is_of_client(const struct slot *slot)
{
    int found = 0;
    pthread_mutex_lock(&sockets_lock);
    for (mmc_client *client = clients; client != NULL && !found; client = client->next)
        for (const struct slot *at = atomic_load(&client->slots); at != NULL && !found; at = at->next)
            found = at == slot && !client->is_closing;
    pthread_mutex_unlock(&sockets_lock);
    return found;
}

static void give_back(struct slot *slot)
{
    if (atomic_load(&slot->owner) != getpid() || atomic_load(&slot->thread) != (uintptr_t)pthread_self())
        return;
    atomic_store(&slot->is_busy, 1);
    hang_up(&slot->connection);
    empty(&slot->connection.in);
    empty(&slot->connection.out);
    empty(&slot->last);
    slot->holds_outcome = 0;
    atomic_store(&slot->is_busy, 0);
    atomic_store(&slot->owner, 0);
}

/* Another thread may close the client meanwhile. Its slots are gone then. */
static void end_thread(void *value)
{
    struct slot *slot = value;
    pthread_mutex_lock(&ends_lock);
    const int is_there = is_of_client(slot);
    if (is_there)
        atomic_store(&slot->is_ending, 1);
    pthread_mutex_unlock(&ends_lock);
    if (!is_there)
        return;
    give_back(slot);
    atomic_store(&slot->is_ending, 0);
}

/* Waits for ending threads, and lets no other thread begin to end. */
static void await_ends(mmc_client *client)
{
    pthread_mutex_lock(&ends_lock);
    client->is_closing = 1;
    pthread_mutex_unlock(&ends_lock);
    for (struct slot *slot = atomic_load(&client->slots); slot != NULL; slot = slot->next)
        while (atomic_load(&slot->is_ending))
            sched_yield();
}

static void begin_process(mmc_client *client, pid_t pid)
{
    const uint64_t now = clock_ns(CLOCK_REALTIME);
    uint64_t first = 0;
    atomic_store(&client->epoch, now);
    /* Ids count up from a random number, so that no two clients or processes of a server have the same. */
    if (getrandom(&first, sizeof first, GRND_NONBLOCK) != (ssize_t)sizeof first)
        first = now ^ (uint64_t)pid << 40 ^ (uint64_t)(uintptr_t)client;
    atomic_store(&client->next_id, first >> 1);
    pthread_mutex_init(&client->sends_lock, NULL);
    atomic_store(&client->is_sends_locked, 0);
    atomic_store(&client->is_taking, 0);
    client->has_writer = 0;
    atomic_store(&client->silent_until, 0);
    pthread_mutex_init(&client->refusal_lock, NULL);
    for (int i = 0; i < 2; i++) {
        atomic_store(&client->refusals[i].retry_at, 0);
        atomic_store(&client->refusals[i].retry_ms, 0);
    }
}

static void forget_tasks(struct mmc_queue *queue)
{
    memset(queue->table, 0, (queue->mask + 1) * sizeof *queue->table);
    queue->waits = queue->sent = queue->finished = (struct tasks){0};
    queue->waiting.begin = queue->waiting.end = 0;
    queue->events = 0;
    queue->welcome_until = queue->dial_at = 0;
    queue->is_ending = queue->is_ready = 0;
}

/* ---- forks ---- */

static _Atomic pid_t lock_pid; /* the process that sockets_lock is of; negative: about to begin */

static void before_fork(void)
{
    pthread_mutex_lock(&ends_lock);
    pthread_mutex_lock(&sockets_lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&sockets_lock);
    pthread_mutex_unlock(&ends_lock);
}

/* Closes the copies of the parent's connections at once. The parent does not notice. after_fork() does the rest. */
static void after_fork_in_child(void)
{
    const int error = errno;
    for (mmc_client *client = clients; client != NULL; client = client->next) {
        for (struct slot *slot = atomic_load(&client->slots); slot != NULL; slot = slot->next)
            close_own(&slot->connection);
        for (struct mmc_queue *queue = client->queues; queue != NULL; queue = queue->next)
            close_own(&queue->connection);
        close_own(&client->sends);
    }
    atomic_store(&lock_pid, getpid());
    pthread_mutex_unlock(&sockets_lock);
    pthread_mutex_unlock(&ends_lock);
    errno = error;
}

/* The id of this process. It stands in a page that the kernel empties in a child, however the child was made. Asking the kernel
 * each time costs more than all the rest of submitting an event. NULL: the kernel is too old for such a page, and is asked. */
static _Atomic pid_t *known_pid;

static void know_pid(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at != MAP_FAILED && madvise(at, page, MADV_WIPEONFORK) == 0)
        known_pid = at;
    else if (at != MAP_FAILED)
        munmap(at, page);
}

static pid_t own_pid(void)
{
    pid_t pid = known_pid != NULL ? atomic_load_explicit(known_pid, memory_order_relaxed) : getpid();
    if (pid == 0) {
        pid = getpid();
        atomic_store_explicit(known_pid, pid, memory_order_relaxed);
    }
    return pid;
}

static int watches_forks;
static void watch_forks(void)
{
    know_pid();
    atomic_store(&lock_pid, getpid());
    watches_forks = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}

/* A process that was made without the handlers, as by _Fork(), may have a lock that a thread of its parent held. */
static void own_lock(pid_t pid)
{
    pid_t before = atomic_load(&lock_pid);
    if (before != pid && before != -pid && atomic_compare_exchange_strong(&lock_pid, &before, -pid)) {
        pthread_mutex_init(&sockets_lock, NULL);
        pthread_mutex_init(&ends_lock, NULL);
        atomic_store(&lock_pid, pid);
    }
    while (atomic_load(&lock_pid) != pid)
        sched_yield();
}

/* At the first call in a child process. A thread may have been changing buffers during the fork, so none of their content is
 * used. */
static void after_fork(mmc_client *client, pid_t before, pid_t pid)
{
    if (before == -pid || !atomic_compare_exchange_strong(&client->pid, &before, -pid)) {
        while (atomic_load(&client->pid) != pid)
            sched_yield();
        return;
    }
    own_lock(pid);
    const struct slot *own = pthread_getspecific(client->key);
    const uintptr_t self = (uintptr_t)pthread_self();
    for (struct slot *slot = atomic_load(&client->slots); slot != NULL; slot = slot->next) {
        atomic_store(&slot->is_ending, 0);
        if (atomic_load(&slot->owner) == 0)
            continue;
        if (atomic_load(&slot->is_busy)) {
            forget_buffers(&slot->connection);
            slot->last = (struct buffer){0};
            slot->holds_outcome = 0;
        }
        reset(&slot->connection); /* frees nothing: this thread may still look at its last outcome */
        atomic_store(&slot->is_busy, 0);
        slot->connection.retry_at = slot->connection.retry_ms = 0;
        atomic_store(&slot->owner, slot == own && atomic_load(&slot->thread) == self ? pid : 0);
    }
    for (struct mmc_queue *queue = client->queues; queue != NULL; queue = queue->next) {
        if (atomic_load(&queue->is_busy)) {
            forget_buffers(&queue->connection);
            queue->waiting = (struct buffer){0};
        }
        reset(&queue->connection); /* frees nothing, as above */
        forget_tasks(queue);
        queue->connection.retry_at = queue->connection.retry_ms = 0;
        atomic_store(&queue->is_busy, 0);
    }
    if (atomic_load(&client->is_taking) || atomic_load(&client->is_sends_locked))
        forget_buffers(&client->sends);
    hang_up(&client->sends);
    begin_process(client, pid);
    atomic_store(&client->pid, pid);
}

/* What every call begins and ends with. */
struct visit {
    int error, cancel_state;
};

static struct visit begin_visit(mmc_client *client)
{
    struct visit visit = {.error = errno};
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &visit.cancel_state);
    const pid_t pid = own_pid(), known = atomic_load(&client->pid);
    if (known != pid)
        after_fork(client, known, pid);
    return visit;
}

static void end_visit(const struct visit *visit)
{
    int ignored;
    pthread_setcancelstate(visit->cancel_state, &ignored);
    errno = visit->error;
}

/* The slot of this thread; NULL: no memory. */
static struct slot *own_slot(mmc_client *client)
{
    const pid_t pid = atomic_load(&client->pid);
    const uintptr_t self = (uintptr_t)pthread_self();
    struct slot *slot = pthread_getspecific(client->key);
    if (slot != NULL && atomic_load(&slot->owner) == pid && atomic_load(&slot->thread) == self)
        return slot;
    for (slot = atomic_load(&client->slots); slot != NULL; slot = slot->next) {
        pid_t nobody = 0;
        if (atomic_compare_exchange_strong(&slot->owner, &nobody, pid))
            break;
    }
    const int is_new = slot == NULL;
    if (is_new && (slot = calloc(1, sizeof *slot)) == NULL)
        return NULL;
    if (is_new) {
        slot->connection.fd = -1;
        atomic_store(&slot->owner, pid);
    }
    atomic_store(&slot->thread, self);
    slot->connection.retry_at = slot->connection.retry_ms = 0;
    if (is_new) {
        slot->next = atomic_load(&client->slots);
        while (!atomic_compare_exchange_weak(&client->slots, &slot->next, slot))
            ;
    }
    if (pthread_setspecific(client->key, slot) == 0)
        return slot;
    atomic_store(&slot->owner, 0);
    return NULL;
}

static uint64_t deadline_of(mmc_client *client, uint64_t now)
{
    const uint64_t own = client->options.deadline_ms;
    return now + (own > 0 ? own : atomic_load(&client->chain_deadline_ms) + UINT64_C(1000)) * MS;
}

/* ---- the log ---- */

/* `why` may be "". */
static void tell(mmc_client *client, enum mmc_reason reason, uint64_t number, const char *why)
{
    char line[ERROR_MAX + 160];
    const char *whose = reason >= MMC_CRASH                             ? "the default verdict of a module"
                        : client->options.on_default == MMC_CONSUMED ? "the default verdict (messages: consumed)"
                                                                      : "the default verdict (pass)";
    snprintf(line, sizeof line, "mesibo-modules: %llu %s %s: %s%s%s", (unsigned long long)number,
             number == 1 ? "event has" : "events have", whose, REASONS[reason], why[0] != 0 ? ": " : "", why);
    client->options.log(client->options.context, line);
}

/* Logs the defaults that were not logged yet: those of each reason at most once a second, or with `all` every one now. last_error
 * is the text of `latest`. */
static void tell_due(mmc_client *client, uint64_t now, int all, enum mmc_reason latest)
{
    for (int reason = MMC_UNREACHABLE; reason < MMC_REASONS; reason++) {
        uint_fast64_t at = atomic_load(&client->tell_at[reason]);
        if (atomic_load(&client->untold_of[reason]) == 0 || (now < at && !all))
            continue;
        if (!atomic_compare_exchange_strong(&client->tell_at[reason], &at, now + SECOND))
            continue;
        const uint64_t number = atomic_exchange(&client->untold_of[reason], 0);
        atomic_fetch_sub(&client->untold, number);
        if (number > 0)
            tell(client, (enum mmc_reason)reason, number, (int)latest == reason ? last_error : "");
    }
}

static void account(mmc_client *client, const struct mmc_outcome *outcome)
{
    count(&client->reasons[outcome->reason]);
    count(outcome->verdict == MMC_CONSUMED ? &client->consumed : &client->passed);
    if (outcome->params_changed || outcome->payload_changed)
        count(&client->changed);
    if (client->options.log == NULL)
        return;
    if (outcome->reason > MMC_UNWANTED) {
        count(&client->untold);
        count(&client->untold_of[outcome->reason]);
    }
    if (atomic_load_explicit(&client->untold, memory_order_relaxed) != 0)
        tell_due(client, now_ns(), 0, outcome->reason);
}

/* ---- events ---- */

struct event {
    enum kind kind;
    const struct mmc_params *params; /* of a message or a status */
    struct lengths lengths;
    const void *payload; /* of a message */
    size_t length;
    const char *address; /* of a login */
    uint64_t online, flags;
};

static size_t body_size(const struct event *event)
{
    switch (event->kind) {
    case MESSAGE:
        return head_size(event->lengths.params) + event->lengths.params + head_size(event->length) + event->length;
    case STATUS:
        return event->lengths.params;
    case LOGIN:
        return 18 + head_size(event->length) + event->length;
    default:
        return 0;
    }
}

static int put_event(struct buffer *out, uint64_t id, const struct event *event)
{
    const size_t body = body_size(event);
    uint8_t *at = begin_frame(out, 2, 9 + head_size(body) + body);
    if (at == NULL)
        return 0;
    at = put_fixed64(at, 1, id);
    if (event->kind == STATUS)
        at = put_params(at, STATUS, event->params, &event->lengths);
    else
        at = put_head(at, event->kind, body);
    if (event->kind == MESSAGE) {
        at = put_params(at, 1, event->params, &event->lengths);
        at = put_bytes(at, 2, event->payload, event->length);
    } else if (event->kind == LOGIN) {
        at = put_fixed64(at, 1, event->flags);
        at = put_fixed64(at, 2, event->online);
        at = put_bytes(at, 3, event->address, event->length);
    }
    finish(out, at);
    return 1;
}

static enum mmc_reason check_addresses(const struct event *event)
{
    if (event->lengths.to <= ADDRESS_MAX && event->lengths.from <= ADDRESS_MAX &&
        (event->kind != LOGIN || event->length <= ADDRESS_MAX))
        return MMC_DECIDED;
    return fail(MMC_TOO_LARGE, "an address has more than the %d bytes that it may have", ADDRESS_MAX);
}

/* Whether the core of that connection takes such an event. MMC_UNWANTED: it need not have it. */
static enum mmc_reason check_event(const struct connection *connection, enum kind kind, size_t payload)
{
    const size_t most = connection->max_message;
    if (!(connection->callbacks & 1u << kind))
        return MMC_UNWANTED;
    if (payload > most)
        return fail(MMC_TOO_LARGE, "a payload has %zu bytes, more than max_message of the core (%zu)", payload, most);
    return MMC_DECIDED;
}

static size_t payload_of(const struct event *event) { return event->kind == MESSAGE ? event->length : 0; }

/* When the core owes much, or has not read the last event, there is no place for another one. */
static enum mmc_reason wait_for_place(mmc_client *client, struct connection *connection, uint64_t until)
{
    struct answer nothing = {0};
    enum mmc_reason reason = write_all(client, connection, until, &nothing);
    if (reason == MMC_LATE)
        return late(client, "has not read earlier events");
    while (reason == MMC_DECIDED && connection->owed >= connection->window) {
        if (!wait_for(connection->fd, POLLIN, until))
            return late(client, "has not decided on earlier events");
        reason = is_own(connection) ? read_on(client, connection, &nothing) : taken_away(client, connection);
    }
    return reason;
}

/* Puts an event on its way. `is_whole` tells whether the core may have got all of it. */
static enum mmc_reason submit(mmc_client *client, struct connection *connection, uint64_t until, const struct event *event,
                              struct answer *answer, int *is_whole)
{
    enum mmc_reason reason = make_ready(client, connection, until);
    if (reason != MMC_DECIDED)
        return reason;
    if ((reason = check_event(connection, event->kind, payload_of(event))) != MMC_DECIDED ||
        (reason = check_addresses(event)) != MMC_DECIDED)
        return reason;
    if (stands_still(connection, now_ns()))
        return still(client);
    connection->heard_before = connection->heard;
    if ((reason = wait_for_place(client, connection, until)) != MMC_DECIDED)
        return reason;
    answer->id = atomic_fetch_add(&client->next_id, 1) + 1;
    if (!put_event(&connection->out, answer->id, event))
        return fail(MMC_NO_MEMORY, "there is no memory for an event of %zu bytes", event->length);
    connection->owed++;
    reason = write_all(client, connection, until, answer);
    *is_whole = reason == MMC_DECIDED || reason == MMC_LATE;
    return reason == MMC_LATE ? late(client, "has not read the event") : reason;
}

static enum mmc_reason ask(mmc_client *client, struct connection *connection, const struct event *event, struct answer *answer)
{
    const uint64_t until = deadline_of(client, now_ns());
    int is_whole = 0;
    trim(&connection->in);
    trim(&connection->out);
    const int was_open = connection->fd >= 0;
    enum mmc_reason reason = submit(client, connection, until, event, answer, &is_whole);
    /* An old connection that has ended shows it only now. The core has not got the event, so it may go over a new one. */
    if (reason == MMC_UNREACHABLE && was_open && !is_whole && connection->fd < 0)
        reason = submit(client, connection, until, event, answer, &is_whole);
    if (!is_whole)
        answer->id = 0;
    if (reason == MMC_DECIDED && !answer->is_there)
        reason = wait_for_core(client, connection, until, answer);
    if (answer->is_there)
        return answer->reason;
    const uint64_t now = now_ns();
    const int has_heard = connection->heard != connection->heard_before;
    if (reason == MMC_LATE && connection->welcomed && !has_heard && connection->still_until <= now)
        connection->still_until = now + STILL_MS * MS;
    return reason;
}

static enum mmc_reason reason_of(const char *text)
{
    for (int reason = MMC_CRASH; reason < MMC_OTHER; reason++)
        if (strcmp(text, REASONS[reason]) == 0)
            return (enum mmc_reason)reason;
    return MMC_OTHER;
}

/* Completes an outcome whose reason is known: with the decision of the core, or with the default. Counts it. */
static void conclude(mmc_client *client, enum kind kind, const struct answer *answer, struct mmc_outcome *outcome)
{
    if (outcome->reason != MMC_DECIDED) {
        const int is_default = outcome->reason != MMC_UNWANTED && kind == MESSAGE;
        outcome->verdict = is_default ? client->options.on_default : MMC_PASS;
    } else {
        outcome->verdict = (enum mmc_verdict)answer->verdict;
        outcome->by = answer->by;
        outcome->default_by = answer->default_by;
        outcome->default_reason = answer->default_reason;
        if (answer->default_reason != NULL && answer->default_reason[0] != 0)
            outcome->reason = fail(reason_of(answer->default_reason), "module %s could not decide (%s)",
                                   answer->default_by != NULL ? answer->default_by : "?", answer->default_reason);
        outcome->params_changed = answer->has_params;
        outcome->payload_changed = answer->has_payload;
        if (answer->has_params)
            outcome->params = answer->params;
        if (answer->has_payload) {
            outcome->payload = answer->payload;
            outcome->length = answer->length;
        }
    }
    account(client, outcome);
}

static enum mmc_verdict decide(mmc_client *client, const struct event *event, struct mmc_outcome *given)
{
    const struct visit visit = begin_visit(client);
    struct answer answer = {0};
    struct mmc_outcome outcome = {.payload = event->kind == MESSAGE ? event->payload : NULL};
    outcome.length = event->kind == MESSAGE ? event->length : 0;
    if (event->params != NULL)
        outcome.params = *event->params;
    struct slot *slot = own_slot(client);
    if (slot == NULL)
        outcome.reason = fail(MMC_NO_MEMORY, "there is no memory for a connection of this thread");
    else {
        atomic_store(&slot->is_busy, 1);
        if (set_outcome_aside(slot))
            outcome.reason = ask(client, &slot->connection, event, &answer);
        else
            outcome.reason = fail(MMC_NO_MEMORY, "there is no memory for what the core sends");
        slot->holds_outcome |= answer.is_there;
        atomic_store(&slot->is_busy, 0);
    }
    outcome.event_id = answer.id;
    conclude(client, event->kind, &answer, &outcome);
    if (given != NULL)
        *given = outcome;
    end_visit(&visit);
    return outcome.verdict;
}

static struct event message_event(const struct mmc_params *params, const void *payload, size_t length)
{
    return (struct event){MESSAGE, params, measure(params), payload, length, NULL, 0, 0};
}

static struct event status_event(const struct mmc_params *params)
{
    return (struct event){STATUS, params, measure(params), NULL, 0, NULL, 0, 0};
}

static struct event login_event(const char *address, uint64_t online, uint64_t flags)
{
    return (struct event){LOGIN, NULL, {0}, NULL, strlen(address), address, online, flags};
}

enum mmc_verdict mmc_message(mmc_client *client, const struct mmc_params *params, const void *payload, size_t length,
                             struct mmc_outcome *outcome)
{
    const struct event event = message_event(params, payload, length);
    return decide(client, &event, outcome);
}

enum mmc_verdict mmc_status(mmc_client *client, const struct mmc_params *params, struct mmc_outcome *outcome)
{
    const struct event event = status_event(params);
    return decide(client, &event, outcome);
}

enum mmc_verdict mmc_login(mmc_client *client, const char *address, uint64_t online, uint64_t flags,
                           struct mmc_outcome *outcome)
{
    const struct event event = login_event(address, online, flags);
    return decide(client, &event, outcome);
}

enum mmc_verdict mmc_call(mmc_client *client, struct mmc_outcome *outcome)
{
    return decide(client, &(struct event){.kind = CALL}, outcome);
}

enum mmc_verdict mmc_call_status(mmc_client *client, struct mmc_outcome *outcome)
{
    return decide(client, &(struct event){.kind = CALL_STATUS}, outcome);
}

static size_t keep_bytes(const void **pointer, size_t length, char **at)
{
    if (*pointer == NULL)
        return 0;
    if (*at != NULL) {
        memmove(*at, *pointer, length);
        (*at)[length] = 0;
        *pointer = *at;
        *at += length + 1;
    }
    return length + 1;
}

static size_t keep_text(const char **pointer, char **at)
{
    const void *bytes = *pointer;
    const size_t size = bytes != NULL ? keep_bytes(&bytes, strlen(*pointer), at) : 0;
    *pointer = bytes;
    return size;
}

static size_t keep_all(struct mmc_outcome *outcome, char *at)
{
    return keep_bytes(&outcome->payload, outcome->length, &at) + keep_text(&outcome->params.to, &at) +
           keep_text(&outcome->params.from, &at) + keep_text(&outcome->by, &at) +
           keep_text(&outcome->default_reason, &at) + keep_text(&outcome->default_by, &at);
}

size_t mmc_keep(struct mmc_outcome *outcome, void *buffer, size_t size)
{
    const size_t needed = keep_all(outcome, NULL);
    if (needed > 0 && needed <= size)
        keep_all(outcome, buffer);
    return needed;
}

/* ---- queues ---- */

static void append(struct tasks *tasks, struct task *task)
{
    task->next = NULL;
    task->previous = tasks->last;
    *(tasks->last != NULL ? &tasks->last->next : &tasks->first) = task;
    tasks->last = task;
}

static void take_out(struct tasks *tasks, struct task *task)
{
    *(task->previous != NULL ? &task->previous->next : &tasks->first) = task->next;
    *(task->next != NULL ? &task->next->previous : &tasks->last) = task->previous;
}

static struct task *find_sent(const struct mmc_queue *queue, uint64_t id)
{
    struct task *task = &queue->table[id & queue->mask];
    return task->progress == SENT && task->id == id ? task : NULL;
}

/* At most half of the table is in use, so an id with a free place comes soon. */
static struct task *new_task(mmc_queue *queue)
{
    for (;;) {
        const uint64_t id = atomic_fetch_add(&queue->client->next_id, 1) + 1;
        struct task *task = &queue->table[id & queue->mask];
        if (task->progress != FREE)
            continue;
        *task = (struct task){.id = id};
        queue->events++;
        return task;
    }
}

static void free_task(mmc_queue *queue, struct task *task)
{
    task->progress = FREE;
    queue->events--;
}

/* Gives a task the default. Of the waiting tasks, only the first may get it: its frame is dropped. */
static void give_default(mmc_queue *queue, struct task *task, enum mmc_reason reason)
{
    struct mmc_outcome outcome = {.reason = reason};
    conclude(queue->client, task->kind, NULL, &outcome);
    if (task->progress == SENT)
        take_out(&queue->sent, task);
    else {
        if (task->progress == WAITS)
            take_out(&queue->waits, task);
        queue->waiting.begin += task->frame;
        task->id = 0; /* the core has not got it */
    }
    task->progress = FINISHED;
    task->reason = reason;
    task->verdict = outcome.verdict;
    append(&queue->finished, task);
}

static void give_default_to_waiting(mmc_queue *queue, enum mmc_reason reason)
{
    while (queue->waits.first != NULL)
        give_default(queue, queue->waits.first, reason);
}

/* The connection has ended. The core may have acted on events that were sent. Waiting ones go over the next connection, if this one
 * was welcomed. */
static void give_up(mmc_queue *queue, enum mmc_reason reason, int was_welcomed)
{
    while (queue->sent.first != NULL)
        give_default(queue, queue->sent.first, reason);
    if (!was_welcomed)
        give_default_to_waiting(queue, reason);
    queue->welcome_until = 0;
    queue->is_ending = 0;
}

/* Gives the outcomes that have arrived. It reads at most once, and not after an outcome, which points into the input. */
static size_t give_arrived(mmc_queue *queue, struct mmc_outcome *outcomes, size_t most)
{
    mmc_client *client = queue->client;
    struct connection *connection = &queue->connection;
    size_t number = 0;
    if (connection->fd < 0)
        return 0;
    if (!is_own(connection)) {
        const int was_welcomed = connection->welcomed;
        give_up(queue, taken_away(client, connection), was_welcomed);
        return 0;
    }
    connection->is_drained = 0;
    if (connection->in.begin == connection->in.end)
        make_room(&connection->in, KEPT_BUFFER); /* or less, in receive() */
    for (int is_first = 1; number < most; is_first = 0) {
        struct answer answer = {.queue = queue};
        const int was_welcomed = connection->welcomed;
        const enum mmc_reason reason =
            is_first ? read_on(client, connection, &answer) : take_frames(client, connection, &answer);
        if (reason != MMC_DECIDED)
            give_up(queue, reason, was_welcomed);
        if (reason != MMC_DECIDED || !answer.is_there)
            break;
        struct task *task = find_sent(queue, answer.id);
        struct mmc_outcome *outcome = &outcomes[number++];
        *outcome = (struct mmc_outcome){.reason = answer.reason, .event_id = task->id, .context = task->context};
        conclude(client, task->kind, &answer, outcome);
        take_out(&queue->sent, task);
        free_task(queue, task);
    }
    return number;
}

static size_t give_finished(mmc_queue *queue, struct mmc_outcome *outcomes, size_t most)
{
    struct task *task;
    size_t number = 0;
    for (; number < most && (task = queue->finished.first) != NULL; number++) {
        outcomes[number] = (struct mmc_outcome){
            .verdict = task->verdict, .reason = task->reason, .event_id = task->id, .context = task->context};
        take_out(&queue->finished, task);
        free_task(queue, task);
    }
    return number;
}

static void give_late(mmc_queue *queue, uint64_t now)
{
    mmc_client *client = queue->client;
    struct connection *connection = &queue->connection;
    struct task *task;
    while ((task = queue->sent.first) != NULL && deadline_of(client, task->since) <= now) {
        if (connection->heard == task->heard && connection->still_until <= now)
            connection->still_until = now + STILL_MS * MS;
        give_default(queue, task, late(client, "has not decided"));
    }
    while ((task = queue->waits.first) != NULL && deadline_of(client, task->since) <= now) {
        const char *what = !connection->welcomed                           ? "has not welcomed this server"
                           : connection->out.begin < connection->out.end ? "has not read earlier events"
                                                                           : "has not decided on earlier events";
        give_default(queue, task, late(client, what));
    }
}

/* Connects if needed. MMC_DECIDED: the connection is welcomed, or still waits for its welcome. Otherwise waiting events get the
 * default now. */
static enum mmc_reason approach(mmc_queue *queue, uint64_t now)
{
    mmc_client *client = queue->client;
    struct connection *connection = &queue->connection;
    if (connection->welcomed) {
        queue->welcome_until = 0;
        return MMC_DECIDED;
    }
    if (queue->welcome_until == 0) {
        const uint64_t until = welcome_until(client, now, UINT64_MAX);
        queue->welcome_until = until > now ? until : 0;
    }
    if (connection->fd < 0 && now >= queue->dial_at) {
        const enum mmc_reason reason = dial(client, connection, now + MS);
        if (reason == MMC_LATE)
            queue->dial_at = now + FIRST_RETRY_MS * MS;
        else if (reason != MMC_DECIDED) {
            queue->welcome_until = 0;
            return reason;
        }
    }
    if (queue->welcome_until > now)
        return MMC_DECIDED;
    if (queue->welcome_until != 0)
        atomic_store(&client->silent_until, now + SECOND);
    queue->welcome_until = 0;
    return late(client, "has not welcomed this server");
}

/* Hands tasks over to the buffer that is written next, as many as the core takes. */
static void admit(mmc_queue *queue, uint64_t now)
{
    mmc_client *client = queue->client;
    struct connection *connection = &queue->connection;
    struct buffer *out = &connection->out;
    struct task *task;
    while ((task = queue->waits.first) != NULL) {
        enum mmc_reason reason = check_event(connection, task->kind, task->payload);
        if (reason == MMC_DECIDED && connection->still_until > now)
            reason = still(client);
        if (reason == MMC_DECIDED &&
            (queue->is_ending || connection->owed >= connection->window || out->end - out->begin >= KEPT_BUFFER))
            return;
        if (reason == MMC_DECIDED && !make_room(out, task->frame))
            reason = fail(MMC_NO_MEMORY, "there is no memory for an event of %zu bytes", task->payload);
        if (reason != MMC_DECIDED) {
            give_default(queue, task, reason);
            continue;
        }
        memcpy(out->bytes + out->end, queue->waiting.bytes + queue->waiting.begin, task->frame);
        out->end += task->frame;
        queue->waiting.begin += task->frame;
        connection->owed++;
        if (connection->still_until != 0) /* this one is still tried */
            connection->still_until = now + STILL_MS * MS;
        task->heard = connection->heard;
        task->progress = SENT;
        take_out(&queue->waits, task);
        append(&queue->sent, task);
    }
}

/* Writes what waits, as far as the core takes it now. */
static void write_waiting(mmc_queue *queue, uint64_t now)
{
    struct connection *connection = &queue->connection;
    int done = 1;
    const enum mmc_reason reason = queue->waits.first != NULL ? approach(queue, now) : MMC_DECIDED;
    if (reason != MMC_DECIDED)
        give_default_to_waiting(queue, reason);
    if (connection->fd < 0 || queue->is_ending)
        return;
    do {
        if (connection->welcomed)
            admit(queue, now);
        if (connection->out.begin == connection->out.end)
            return;
        done = flush(connection);
    } while (done == 1);
    if (done == 0)
        return;
    /* Outcomes from before the end may still be there. The read that takes the last of them also finds the end. */
    queue->is_ending = 1;
    connection->out.begin = connection->out.end = 0;
    shutdown(connection->fd, SHUT_RDWR);
}

/* When something is due, not after `until`. */
static uint64_t next_due(const mmc_queue *queue, uint64_t until)
{
    const struct task *const oldest[] = {queue->sent.first, queue->waits.first};
    for (int i = 0; i < 2; i++) {
        const uint64_t due = oldest[i] != NULL ? deadline_of(queue->client, oldest[i]->since) : until;
        until = due < until ? due : until;
    }
    if (queue->waits.first == NULL || queue->connection.welcomed)
        return until;
    if (queue->welcome_until != 0 && queue->welcome_until < until)
        until = queue->welcome_until;
    return queue->connection.fd < 0 && queue->dial_at < until ? queue->dial_at : until;
}

static size_t collect(mmc_queue *queue, struct mmc_outcome *outcomes, size_t most, uint64_t until)
{
    struct connection *connection = &queue->connection;
    if (queue->events == 0) {
        trim(&queue->waiting);
        trim(&connection->out);
        trim(&connection->in);
    }
    for (;;) {
        const uint64_t now = now_ns();
        size_t number = give_arrived(queue, outcomes, most);
        /* This program may have been busy for long. Outcomes that came in time are still unread. */
        const int has_all = connection->fd < 0 || (number < most && connection->is_drained);
        give_late(queue, has_all ? now : now > SECOND ? now - SECOND : 0);
        write_waiting(queue, now);
        number += give_finished(queue, outcomes + number, most - number);
        queue->is_ready = number == most && queue->events > 0;
        if (number > 0 || most == 0 || queue->events == 0 || now >= until)
            return number;
        const short events = connection->out.begin < connection->out.end ? POLLIN | POLLOUT : POLLIN;
        wait_for(connection->fd, events, next_due(queue, until));
    }
}

size_t mmc_collect(mmc_queue *queue, struct mmc_outcome *outcomes, size_t most, uint32_t timeout_ms)
{
    const struct visit visit = begin_visit(queue->client);
    atomic_store(&queue->is_busy, 1);
    const size_t number = collect(queue, outcomes, most, now_ns() + timeout_ms * MS);
    atomic_store(&queue->is_busy, 0);
    end_visit(&visit);
    return number;
}

static size_t held(const struct buffer *buffer) { return buffer->end - buffer->begin; }

static int has_place(const mmc_queue *queue, const struct event *event)
{
    const size_t bytes = held(&queue->waiting) + held(&queue->connection.out), more = body_size(event);
    const int is_full = bytes > 0 && (bytes >= queue->most_bytes || more > queue->most_bytes - bytes);
    if (queue->events < queue->most_events && !is_full)
        return 1;
    fail(MMC_REFUSED, "the queue is full: it holds %zu events of %zu, and %zu bytes of %zu; collect outcomes first",
         queue->events, queue->most_events, bytes, queue->most_bytes);
    return 0;
}

static void put_in(mmc_queue *queue, const struct event *event, void *context)
{
    const size_t before = held(&queue->waiting);
    struct task *task = new_task(queue);
    task->since = now_ns();
    task->context = context;
    task->kind = event->kind;
    task->payload = payload_of(event);
    enum mmc_reason reason = check_addresses(event);
    if (reason == MMC_DECIDED && !put_event(&queue->waiting, task->id, event))
        reason = fail(MMC_NO_MEMORY, "there is no memory for an event of %zu bytes", event->length);
    if (reason != MMC_DECIDED) {
        give_default(queue, task, reason);
        return;
    }
    task->frame = held(&queue->waiting) - before;
    task->progress = WAITS;
    append(&queue->waits, task);
}

static int submit_to(mmc_queue *queue, const struct event *event, void *context)
{
    const struct visit visit = begin_visit(queue->client);
    int result = -1;
    atomic_store(&queue->is_busy, 1);
    if (has_place(queue, event)) {
        put_in(queue, event, context);
        queue->is_ready = 1;
        result = 0;
    }
    atomic_store(&queue->is_busy, 0);
    end_visit(&visit);
    return result;
}

int mmc_submit_message(mmc_queue *queue, const struct mmc_params *params, const void *payload, size_t length, void *context)
{
    const struct event event = message_event(params, payload, length);
    return submit_to(queue, &event, context);
}

int mmc_submit_status(mmc_queue *queue, const struct mmc_params *params, void *context)
{
    const struct event event = status_event(params);
    return submit_to(queue, &event, context);
}

int mmc_submit_login(mmc_queue *queue, const char *address, uint64_t online, uint64_t flags, void *context)
{
    const struct event event = login_event(address, online, flags);
    return submit_to(queue, &event, context);
}

int mmc_submit_call(mmc_queue *queue, void *context)
{
    return submit_to(queue, &(struct event){.kind = CALL}, context);
}

int mmc_submit_call_status(mmc_queue *queue, void *context)
{
    return submit_to(queue, &(struct event){.kind = CALL_STATUS}, context);
}

void mmc_poll_queue(mmc_queue *queue, struct mmc_poll *poll)
{
    const struct visit visit = begin_visit(queue->client);
    const struct connection *connection = &queue->connection;
    const uint64_t now = now_ns(), due = next_due(queue, now + INT_MAX * MS);
    const int is_connected = connection->fd >= 0 && is_own(connection);
    *poll = (struct mmc_poll){.fd = is_connected ? connection->fd : -1,
                              .is_unwritten = is_connected && held(&connection->out) > 0,
                              .timeout_ms = due > now ? (int)((due - now + MS - 1) / MS) : 0,
                              .connection = connection->generation,
                              .events = queue->events};
    if (queue->events == 0)
        poll->timeout_ms = -1;
    else if (queue->is_ready || queue->finished.first != NULL || (connection->fd >= 0 && !is_connected))
        poll->timeout_ms = 0;
    end_visit(&visit);
}

/* It stays in the list until its socket is closed, so that a fork meanwhile leaves no copy of the socket. */
static void end_queue(mmc_queue *queue)
{
    atomic_store(&queue->is_busy, 1);
    if (queue->sent.first != NULL || queue->waits.first != NULL)
        give_up(queue, fail(MMC_UNREACHABLE, "this program closed the queue"), 0);
    hang_up(&queue->connection);
    pthread_mutex_lock(&sockets_lock);
    for (mmc_queue **at = &queue->client->queues; *at != NULL; at = &(*at)->next)
        if (*at == queue) {
            *at = queue->next;
            break;
        }
    pthread_mutex_unlock(&sockets_lock);
    empty(&queue->connection.in);
    empty(&queue->connection.out);
    empty(&queue->waiting);
    free(queue->table);
    free(queue);
}

mmc_queue *mmc_open_queue(mmc_client *client, size_t events, size_t bytes)
{
    const struct visit visit = begin_visit(client);
    const size_t most_events = events > 0 ? events : QUEUE_EVENTS;
    size_t places = 2;
    while (places / 2 < most_events && places < SIZE_MAX / 4 / sizeof(struct task))
        places *= 2;
    mmc_queue *queue = calloc(1, sizeof *queue);
    if (queue != NULL && places / 2 >= most_events)
        queue->table = calloc(places, sizeof *queue->table);
    if (queue == NULL || queue->table == NULL) {
        fail(MMC_NO_MEMORY, "there is no memory for a queue of %zu events", most_events);
        free(queue);
        queue = NULL;
    } else {
        queue->client = client;
        queue->connection.fd = -1;
        queue->mask = places - 1;
        queue->most_events = most_events;
        queue->most_bytes = bytes > 0 ? bytes : QUEUE_BYTES;
        pthread_mutex_lock(&sockets_lock);
        queue->next = client->queues;
        client->queues = queue;
        pthread_mutex_unlock(&sockets_lock);
    }
    end_visit(&visit);
    return queue;
}

void mmc_close_queue(mmc_queue *queue)
{
    if (queue == NULL)
        return;
    const struct visit visit = begin_visit(queue->client);
    end_queue(queue);
    end_visit(&visit);
}

/* ---- sends ---- */

static void lock_sends(mmc_client *client)
{
    pthread_mutex_lock(&client->sends_lock);
    atomic_store(&client->is_sends_locked, 1);
}

static void unlock_sends(mmc_client *client)
{
    atomic_store(&client->is_sends_locked, 0);
    pthread_mutex_unlock(&client->sends_lock);
}

/* Waits a little before a connection is tried again, but not beyond `until`. */
static int wait_to_retry(mmc_client *client, uint64_t until)
{
    const uint64_t now = now_ns(), at = atomic_load(&client->refusals[1].retry_at), soon = now + FIRST_RETRY_MS * MS;
    const uint64_t then = at > soon ? at : soon;
    wait_for(-1, 0, then < until ? then : until);
    return now_ns() < until;
}

/* The frames that are there, without a read. Others write on the connection once it is welcomed, so it ends under the lock. */
static enum mmc_reason take_sends(mmc_client *client, struct answer *answer, int reads)
{
    lock_sends(client);
    struct connection *connection = &client->sends;
    client->has_writer = 0;
    enum mmc_reason reason = is_own(connection) ? take_frames(client, connection, answer) : taken_away(client, connection);
    if (reason == MMC_DECIDED && !answer->is_there && reads)
        reason = flush(connection) < 0 ? lost(client, connection) : read_on(client, connection, answer);
    unlock_sends(client);
    return reason;
}

/* What to wait for. The thread that waits for room then writes the answers of others too, so they need not wait. */
static short events_of_sends(mmc_client *client)
{
    lock_sends(client);
    const int unwritten = flush(&client->sends) == 0;
    if (unwritten)
        client->has_writer = 1;
    unlock_sends(client);
    return unwritten ? POLLIN | POLLOUT : POLLIN;
}

static void stop_waiting(mmc_client *client)
{
    lock_sends(client);
    client->has_writer = 0;
    unlock_sends(client);
}

static int next_send(mmc_client *client, struct mmc_send *send, uint64_t until)
{
    struct connection *connection = &client->sends;
    struct answer answer = {.send = send};
    enum mmc_reason reason = MMC_DECIDED;
    trim(&connection->in);
    if (connection->fd >= 0 && !is_own(connection)) {
        lock_sends(client);
        taken_away(client, connection);
        unlock_sends(client);
    }
    for (int is_first = 1;; is_first = 0) {
        if (connection->fd < 0) {
            /* Even a call without time connects. */
            const uint64_t now = now_ns();
            reason = dial(client, connection, is_first && until < now + MS ? now + MS : until);
            if (reason != MMC_DECIDED && !wait_to_retry(client, until))
                return -1;
            if (reason != MMC_DECIDED)
                continue;
        }
        reason = take_sends(client, &answer, !is_first);
        while (reason == MMC_DECIDED && !answer.is_there) {
            const int is_in_time = wait_for(connection->fd, events_of_sends(client), until);
            reason = is_in_time ? take_sends(client, &answer, 1) : MMC_LATE;
        }
        if (answer.is_there)
            return 1;
        if (reason == MMC_LATE)
            stop_waiting(client);
        if (reason == MMC_LATE && connection->welcomed)
            return 0;
        if (reason == MMC_LATE)
            late(client, "has not welcomed this server");
        if (reason == MMC_LATE || !wait_to_retry(client, until))
            return -1;
    }
}

int mmc_next_send(mmc_client *client, struct mmc_send *send, uint32_t timeout_ms)
{
    const struct visit visit = begin_visit(client);
    int result = -1, nobody = 0;
    if (atomic_compare_exchange_strong(&client->is_taking, &nobody, 1)) {
        result = next_send(client, send, now_ns() + timeout_ms * MS);
        atomic_store(&client->is_taking, 0);
    } else
        fail(MMC_REFUSED, "another thread of this server is in mmc_next_send() already");
    if (result == 1)
        count(&client->taken_sends);
    end_visit(&visit);
    return result;
}

int mmc_sends_fd(mmc_client *client)
{
    const struct visit visit = begin_visit(client);
    lock_sends(client);
    const int fd = client->sends.welcomed && is_own(&client->sends) ? client->sends.fd : -1;
    unlock_sends(client);
    end_visit(&visit);
    return fd;
}

/* Writes the frame that begin_frame() and finish() have put behind the unwritten rest. When the core does not take it now, a thread
 * waits for room and writes it: the one in mmc_next_send(), else this one, which does not hold the lock meanwhile. */
static int write_answer(mmc_client *client, struct connection *connection)
{
    const uint64_t generation = connection->generation, until = deadline_of(client, now_ns());
    const int fd = connection->fd;
    int done = flush(connection), is_in_time = 1;
    while (done == 0 && is_in_time && !client->has_writer) {
        client->has_writer = 1;
        unlock_sends(client);
        is_in_time = wait_for(fd, POLLOUT, until);
        lock_sends(client);
        client->has_writer = 0;
        const int is_there = connection->welcomed && connection->generation == generation && is_own(connection);
        done = is_there ? flush(connection) : -2;
    }
    if (done >= 0)
        return 0;
    /* The thread that reads finds the end of the connection, and closes it. */
    if (done == -1)
        shutdown(fd, SHUT_RDWR);
    fail(MMC_UNREACHABLE, "the core at %s closed the connection", client->address.sun_path);
    return -1;
}

static int can_answer(const struct connection *connection, size_t more)
{
    if (!connection->welcomed || !is_own(connection)) {
        fail(MMC_UNREACHABLE, "there is no connection for sends; they come again at the next one");
        return 0;
    }
    if (connection->out.end - connection->out.begin + more <= UNWRITTEN_MAX)
        return 1;
    fail(MMC_LATE, "the core does not read what this server answers");
    return 0;
}

static int check_sent_id(const char *sent_id)
{
    const size_t length = strlen(sent_id);
    if (length > 0 && length <= SENT_ID_MAX)
        return 1;
    fail(MMC_REFUSED, "the sent_id has %zu bytes; give one that mmc_next_send() gave", length);
    return 0;
}

static int answer_send(mmc_client *client, const char *sent_id, int is_refused)
{
    const struct visit visit = begin_visit(client);
    struct connection *connection = &client->sends;
    const size_t length = strlen(sent_id);
    int result = -1;
    const int is_sound = check_sent_id(sent_id);
    lock_sends(client);
    if (is_sound && can_answer(connection, length)) {
        uint8_t *at = begin_frame(&connection->out, 3, head_size(length) + length + (is_refused ? 2 : 0));
        if (at == NULL)
            fail(MMC_NO_MEMORY, "there is no memory for an answer");
        else {
            at = put_bytes(at, 1, sent_id, length);
            if (is_refused) {
                *at++ = TAG(2, VARINT);
                *at++ = 1;
            }
            finish(&connection->out, at);
            result = write_answer(client, connection);
        }
    }
    unlock_sends(client);
    if (result == 0)
        count(is_refused ? &client->refused_sends : &client->acknowledged);
    end_visit(&visit);
    return result;
}

int mmc_acknowledge(mmc_client *client, const char *sent_id) { return answer_send(client, sent_id, 0); }

int mmc_refuse(mmc_client *client, const char *sent_id) { return answer_send(client, sent_id, 1); }

struct report {
    const char *sent_id;
    uint32_t status;
    const struct mmc_params *params; /* NULL: as they were sent */
    struct lengths lengths;
    size_t length;
};

/* Makes a report; 0: the core would refuse it. */
static int make_report(struct report *report)
{
    const size_t id_length = strlen(report->sent_id);
    report->length = head_size(id_length) + id_length + 1 + varint_size(report->status);
    if (report->params != NULL) {
        report->lengths = measure(report->params);
        report->length += head_size(report->lengths.params) + report->lengths.params;
    }
    if (report->lengths.to <= ADDRESS_MAX && report->lengths.from <= ADDRESS_MAX)
        return check_sent_id(report->sent_id);
    fail(MMC_TOO_LARGE, "an address has more than the %d bytes that it may have", ADDRESS_MAX);
    return 0;
}

static int put_report(struct connection *connection, const struct report *report)
{
    uint8_t *at = begin_frame(&connection->out, 4, report->length);
    if (at == NULL) {
        fail(MMC_NO_MEMORY, "there is no memory for a report");
        return 0;
    }
    at = put_bytes(at, 1, report->sent_id, strlen(report->sent_id));
    *at++ = TAG(2, VARINT);
    at = put_varint(at, report->status);
    if (report->params != NULL)
        at = put_params(at, 3, report->params, &report->lengths);
    finish(&connection->out, at);
    return 1;
}

static int write_report(mmc_client *client, struct connection *connection, const struct report *report)
{
    const uint64_t until = deadline_of(client, now_ns());
    struct answer nothing = {0};
    if (make_ready(client, connection, until) != MMC_DECIDED)
        return -1;
    if (stands_still(connection, now_ns())) {
        still(client);
        return -1;
    }
    enum mmc_reason reason = write_all(client, connection, until, &nothing);
    if (reason == MMC_LATE)
        late(client, "has not read earlier events");
    if (reason != MMC_DECIDED || !put_report(connection, report))
        return -1;
    reason = write_all(client, connection, until, &nothing);
    return reason == MMC_DECIDED || reason == MMC_LATE ? 0 : -1;
}

/* Over the connection of this thread, when there is none for sends. */
static int report_by_slot(mmc_client *client, const struct report *report)
{
    struct slot *slot = own_slot(client);
    if (slot == NULL) {
        fail(MMC_NO_MEMORY, "there is no memory for a connection of this thread");
        return -1;
    }
    int result = -1;
    atomic_store(&slot->is_busy, 1);
    if (set_outcome_aside(slot))
        result = write_report(client, &slot->connection, report);
    else
        fail(MMC_NO_MEMORY, "there is no memory for what the core sends");
    atomic_store(&slot->is_busy, 0);
    return result;
}

int mmc_report(mmc_client *client, const char *sent_id, uint32_t status, const struct mmc_params *params)
{
    const struct visit visit = begin_visit(client);
    struct report report = {.sent_id = sent_id, .status = status, .params = params};
    int result = -1;
    if (make_report(&report)) {
        lock_sends(client);
        const int is_connected = client->sends.welcomed && is_own(&client->sends);
        if (is_connected && can_answer(&client->sends, report.length) && put_report(&client->sends, &report))
            result = write_answer(client, &client->sends);
        unlock_sends(client);
        if (!is_connected)
            result = report_by_slot(client, &report);
    }
    if (result == 0)
        count(&client->reports);
    end_visit(&visit);
    return result;
}

/* ---- clients ---- */

static int is_server_name(const char *name)
{
    const char *allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    return name != NULL && name[0] != 0 && strlen(name) <= 64 && strspn(name, allowed) == strlen(name);
}

static int check_options(const struct mmc_options *options)
{
    const size_t most = sizeof((struct sockaddr_un *)0)->sun_path;
    if (options == NULL || options->path == NULL || options->path[0] == 0)
        fail(MMC_REFUSED, "options.path is missing; give the path of gateway.sock in the run directory of the core");
    else if (strlen(options->path) >= most)
        fail(MMC_REFUSED, "options.path has %zu bytes; the system allows %zu", strlen(options->path), most - 1);
    else if (!is_server_name(options->server))
        fail(MMC_REFUSED, "options.server is not the name of a server; give 1 to 64 of A-Z a-z 0-9 _ . -");
    else if (options->on_default != MMC_PASS && options->on_default != MMC_CONSUMED)
        fail(MMC_REFUSED, "options.on_default is %d; give MMC_PASS or MMC_CONSUMED", (int)options->on_default);
    else
        return 1;
    return 0;
}

mmc_client *mmc_open(const struct mmc_options *options)
{
    const int error = errno;
    mmc_client *client = NULL;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    if (check_options(options)) {
        client = calloc(1, sizeof *client);
        if (client == NULL || !watches_forks || pthread_key_create(&client->key, end_thread) != 0) {
            fail(MMC_NO_MEMORY, "there is no memory for a client, or no thread-specific key");
            free(client);
            client = NULL;
        }
    }
    if (client != NULL) {
        client->options = *options;
        client->address.sun_family = AF_UNIX;
        strcpy(client->address.sun_path, options->path);
        strcpy(client->server, options->server);
        client->options.path = client->address.sun_path;
        client->options.server = client->server;
        if (client->options.retry_max_ms == 0)
            client->options.retry_max_ms = 250;
        if (client->options.sends_window == 0)
            client->options.sends_window = 64;
        client->sends.fd = -1;
        client->sends.takes_sends = 1;
        atomic_store(&client->chain_deadline_ms, CHAIN_DEADLINE_MS);
        begin_process(client, getpid());
        atomic_store(&client->pid, getpid());
        own_lock(getpid());
        pthread_mutex_lock(&sockets_lock);
        client->next = clients;
        clients = client;
        pthread_mutex_unlock(&sockets_lock);
    }
    errno = error;
    return client;
}

int mmc_read_callbacks(mmc_client *client, uint32_t timeout_ms, uint32_t *callbacks)
{
    const struct visit visit = begin_visit(client);
    struct slot *slot = own_slot(client);
    enum mmc_reason reason = MMC_NO_MEMORY;
    if (slot != NULL) {
        atomic_store(&slot->is_busy, 1);
        if (set_outcome_aside(slot))
            reason = make_ready(client, &slot->connection, now_ns() + timeout_ms * MS);
        if (reason == MMC_DECIDED)
            *callbacks = slot->connection.callbacks >> MESSAGE;
        atomic_store(&slot->is_busy, 0);
    }
    if (reason == MMC_NO_MEMORY)
        fail(reason, "there is no memory for a connection of this thread");
    end_visit(&visit);
    return reason == MMC_DECIDED ? 0 : -1;
}

static void clear(struct connection *connection)
{
    hang_up(connection);
    empty(&connection->in);
    empty(&connection->out);
}

void mmc_close(mmc_client *client)
{
    if (client == NULL)
        return;
    const struct visit visit = begin_visit(client);
    while (client->queues != NULL)
        end_queue(client->queues);
    if (client->options.log != NULL)
        tell_due(client, now_ns(), 1, MMC_DECIDED);
    pthread_setspecific(client->key, NULL);
    pthread_key_delete(client->key);
    await_ends(client);
    /* Before the client leaves the list: a fork meanwhile leaves no copy of a socket. */
    for (struct slot *slot = atomic_load(&client->slots); slot != NULL; slot = slot->next)
        hang_up(&slot->connection);
    hang_up(&client->sends);
    pthread_mutex_lock(&sockets_lock);
    for (mmc_client **at = &clients; *at != NULL; at = &(*at)->next)
        if (*at == client) {
            *at = client->next;
            break;
        }
    pthread_mutex_unlock(&sockets_lock);
    for (struct slot *slot = atomic_load(&client->slots), *next; slot != NULL; slot = next) {
        next = slot->next;
        clear(&slot->connection);
        empty(&slot->last);
        free(slot);
    }
    clear(&client->sends);
    pthread_mutex_destroy(&client->sends_lock);
    pthread_mutex_destroy(&client->refusal_lock);
    free(client);
    end_visit(&visit);
}

void mmc_read_counters(mmc_client *client, struct mmc_counters *counters)
{
    *counters = (struct mmc_counters){
        .passed = atomic_load(&client->passed),
        .consumed = atomic_load(&client->consumed),
        .changed = atomic_load(&client->changed),
        .connects = atomic_load(&client->connects),
        .refused_connects = atomic_load(&client->refused_connects),
        .lost = atomic_load(&client->lost),
        .garbled = atomic_load(&client->garbled),
        .late_outcomes = atomic_load(&client->late_outcomes),
        .sends = atomic_load(&client->taken_sends),
        .acknowledged = atomic_load(&client->acknowledged),
        .refused_sends = atomic_load(&client->refused_sends),
        .reports = atomic_load(&client->reports),
    };
    for (int reason = 0; reason < MMC_REASONS; reason++)
        counters->reasons[reason] = atomic_load(&client->reasons[reason]);
    counters->events = counters->passed + counters->consumed;
}

const char *mmc_reason_name(enum mmc_reason reason)
{
    return reason >= MMC_DECIDED && reason < MMC_REASONS ? REASONS[reason] : "unknown";
}

const char *mmc_last_error(void) { return last_error; }
