#define _GNU_SOURCE
#include "core.h"
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void add_varint(struct bytes *bytes, uint64_t value)
{
    do {
        CHECK(bytes->length < sizeof bytes->at);
        bytes->at[bytes->length++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value > 0);
}

void add_number(struct bytes *bytes, unsigned field, uint64_t value)
{
    add_varint(bytes, field * 8);
    add_varint(bytes, value);
}

void add_fixed(struct bytes *bytes, unsigned field, uint64_t value)
{
    add_varint(bytes, field * 8 + 1);
    CHECK(bytes->length + 8 <= sizeof bytes->at);
    for (int i = 0; i < 8; i++, value >>= 8)
        bytes->at[bytes->length++] = (uint8_t)value;
}

void add_bytes(struct bytes *bytes, unsigned field, const void *value, size_t length)
{
    add_varint(bytes, field * 8 + 2);
    add_varint(bytes, length);
    CHECK(bytes->length + length <= sizeof bytes->at);
    memcpy(bytes->at + bytes->length, value, length);
    bytes->length += length;
}

void add_text(struct bytes *bytes, unsigned field, const char *text) { add_bytes(bytes, field, text, strlen(text)); }

static void listen_at(struct core *core, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, core->path);
    core->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(core->listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(listen(core->listener, backlog), 0);
}

void core_open(struct core *core, int backlog)
{
    strcpy(core->directory, "/tmp/mmc-test-XXXXXX");
    CHECK(mkdtemp(core->directory) != NULL);
    snprintf(core->path, sizeof core->path, "%s/gateway.sock", core->directory);
    listen_at(core, backlog);
}

void core_close(struct core *core)
{
    close(core->listener);
    core->listener = -1;
}

void core_reopen(struct core *core)
{
    unlink(core->path);
    listen_at(core, 64);
}

void core_remove(struct core *core)
{
    if (core->listener >= 0)
        close(core->listener);
    unlink(core->path);
    rmdir(core->directory);
}

static int is_readable(int fd, int timeout_ms)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    int ready;
    while ((ready = poll(&polled, 1, timeout_ms)) < 0 && errno == EINTR)
        ;
    return ready == 1;
}

int core_is_called(struct core *core, int timeout_ms) { return is_readable(core->listener, timeout_ms); }

int core_accept(struct core *core)
{
    CHECK(core_is_called(core, PATIENCE_MS));
    int fd;
    while ((fd = accept4(core->listener, NULL, NULL, SOCK_CLOEXEC)) < 0 && errno == EINTR)
        ;
    CHECK(fd >= 0);
    return fd;
}

void core_write(int fd, const void *bytes, size_t length)
{
    for (const char *at = bytes; length > 0;) {
        const ssize_t written = send(fd, at, length, MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return; /* the client has closed it; other checks show what it did */
        at += written;
        length -= (size_t)written;
    }
}

void core_frame(int fd, unsigned field, const struct bytes *message)
{
    static _Thread_local struct bytes frame;
    frame.length = 4;
    add_bytes(&frame, field, message->at, message->length);
    const uint32_t length = (uint32_t)frame.length - 4;
    for (int i = 0; i < 4; i++)
        frame.at[i] = (uint8_t)(length >> (24 - 8 * i));
    core_write(fd, frame.at, frame.length);
}

/* Exactly so many bytes; 0 at the end of the connection. */
static int read_all(int fd, uint8_t *at, size_t length)
{
    while (length > 0) {
        CHECK(is_readable(fd, PATIENCE_MS));
        const ssize_t got = recv(fd, at, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        at += got;
        length -= (size_t)got;
    }
    return 1;
}

int64_t core_read(int fd, uint8_t *frame, size_t size)
{
    uint8_t head[4];
    if (!read_all(fd, head, 4))
        return -1;
    const uint32_t length = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    CHECK(length <= size);
    return read_all(fd, frame, length) ? (int64_t)length : -1;
}

int core_is_closed(int fd)
{
    char byte;
    ssize_t got;
    if (!is_readable(fd, PATIENCE_MS))
        return 0;
    while ((got = recv(fd, &byte, 1, 0)) < 0 && errno == EINTR)
        ;
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

int core_is_quiet(int fd, int timeout_ms) { return !is_readable(fd, timeout_ms); }

void core_welcome(int fd, uint32_t max_message, uint32_t window, unsigned callbacks)
{
    static const char *const names[] = {"on_message", "on_message_status", "on_login", "on_call", "on_call_status"};
    static _Thread_local struct bytes welcome;
    welcome.length = 0;
    add_number(&welcome, 1, 1);
    add_text(&welcome, 2, "1.2.3");
    add_number(&welcome, 3, max_message);
    add_number(&welcome, 4, window);
    for (int i = 0; i < 5; i++)
        if (callbacks & 1u << i)
            add_text(&welcome, 5, names[i]);
    add_number(&welcome, 6, 5000);
    core_frame(fd, 1, &welcome);
}

int core_meet(struct core *core)
{
    static _Thread_local struct seen seen;
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 1);
    core_welcome(fd, 64 * 1024, 256, ALL_CALLBACKS);
    return fd;
}

void core_pass(int fd, uint64_t id)
{
    static _Thread_local struct bytes outcome;
    outcome.length = 0;
    add_fixed(&outcome, 1, id);
    core_frame(fd, 2, &outcome);
}

void core_consume(int fd, uint64_t id, const char *by)
{
    static _Thread_local struct bytes outcome;
    outcome.length = 0;
    add_fixed(&outcome, 1, id);
    add_number(&outcome, 2, 1);
    add_text(&outcome, 3, by);
    core_frame(fd, 2, &outcome);
}

void core_fail(int fd, const char *code, const char *message, int is_fatal)
{
    static _Thread_local struct bytes failure;
    failure.length = 0;
    add_text(&failure, 1, code);
    add_text(&failure, 2, message);
    if (is_fatal)
        add_number(&failure, 3, 1);
    core_frame(fd, 4, &failure);
}

void core_send(int fd, const char *sent_id, const char *payload)
{
    static _Thread_local struct bytes send, params;
    send.length = params.length = 0;
    add_fixed(&params, 2, 99);
    add_text(&params, 12, "bob");
    add_text(&params, 13, "robot");
    add_text(&send, 1, sent_id);
    add_text(&send, 2, "echo");
    add_bytes(&send, 3, params.at, params.length);
    add_text(&send, 4, payload);
    add_fixed(&send, 5, 0xfedcba9876543210);
    core_frame(fd, 3, &send);
}

/* ---- what a server sent ---- */

struct cursor {
    uint8_t *at, *end;
};

static uint64_t take_varint(struct cursor *cursor)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        CHECK(cursor->at < cursor->end && shift < 64);
        value |= (uint64_t)(*cursor->at & 0x7f) << shift;
        if (*cursor->at++ < 0x80)
            return value;
    }
}

static uint64_t take_fixed(struct cursor *cursor)
{
    uint64_t value = 0;
    CHECK(cursor->end - cursor->at >= 8);
    for (int i = 7; i >= 0; i--)
        value = value << 8 | cursor->at[i];
    cursor->at += 8;
    return value;
}

static struct cursor take_message(struct cursor *cursor)
{
    const uint64_t length = take_varint(cursor);
    CHECK(length <= (uint64_t)(cursor->end - cursor->at));
    struct cursor inner = {cursor->at, cursor->at + length};
    cursor->at += length;
    return inner;
}

/* Moved back by one byte, into the place of its length, to make room for a NUL behind it. */
static char *take_text(struct cursor *cursor)
{
    struct cursor bytes = take_message(cursor);
    const size_t length = (size_t)(bytes.end - bytes.at);
    memmove(bytes.at - 1, bytes.at, length);
    bytes.at[-1 + (ptrdiff_t)length] = 0;
    return (char *)bytes.at - 1;
}

static void take_params(struct cursor *outer, struct mmc_params *params)
{
    uint64_t *const scalars[] = {&params->aid,    &params->id,     &params->refid,  &params->groupid,
                                 &params->flags,  &params->type,   &params->expiry, &params->uflags,
                                 &params->status, &params->sid,    &params->device};
    struct cursor cursor = take_message(outer);
    while (cursor.at < cursor.end) {
        const uint64_t tag = take_varint(&cursor);
        if (tag == (12 << 3 | 2))
            params->to = take_text(&cursor);
        else if (tag == (13 << 3 | 2))
            params->from = take_text(&cursor);
        else {
            CHECK((tag & 7) == 1 && tag >> 3 >= 1 && tag >> 3 <= 11);
            *scalars[(tag >> 3) - 1] = take_fixed(&cursor);
        }
    }
}

static void take_event(struct seen *seen, struct cursor *cursor)
{
    CHECK_EQ(take_varint(cursor), 1 << 3 | 1);
    seen->id = take_fixed(cursor);
    const uint64_t tag = take_varint(cursor);
    CHECK_EQ(tag & 7, 2);
    seen->event = (unsigned)(tag >> 3);
    if (seen->event == 4) {
        take_params(cursor, &seen->params);
        return;
    }
    struct cursor body = take_message(cursor);
    while (body.at < body.end) {
        const uint64_t field = take_varint(&body);
        if (seen->event == 3 && field == (1 << 3 | 2))
            take_params(&body, &seen->params);
        else if (seen->event == 3 && field == (2 << 3 | 2)) {
            struct cursor payload = body;
            payload = take_message(&payload);
            seen->length = (size_t)(payload.end - payload.at);
            seen->payload = take_text(&body);
        } else if (seen->event == 5 && field == (1 << 3 | 1))
            seen->flags = take_fixed(&body);
        else if (seen->event == 5 && field == (2 << 3 | 1))
            seen->online = take_fixed(&body);
        else if (seen->event == 5 && field == (3 << 3 | 2))
            seen->address = take_text(&body);
        else
            CHECK(!"a known field");
    }
}

static void take_hello(struct seen *seen, struct cursor *cursor)
{
    while (cursor->at < cursor->end) {
        const uint64_t tag = take_varint(cursor);
        if (tag == (1 << 3) || tag == (2 << 3))
            CHECK_EQ(take_varint(cursor), 1);
        else if (tag == (3 << 3 | 2))
            seen->server = take_text(cursor);
        else if (tag == (4 << 3 | 2))
            seen->instance = take_text(cursor);
        else if (tag == (5 << 3))
            seen->takes_sends = take_varint(cursor);
        else if (tag == (6 << 3))
            seen->window = take_varint(cursor);
        else
            CHECK(!"a known field");
    }
}

static void take_answer(struct seen *seen, struct cursor *cursor)
{
    while (cursor->at < cursor->end) {
        const uint64_t tag = take_varint(cursor);
        if (tag == (1 << 3 | 2))
            seen->sent_id = take_text(cursor);
        else if (tag == (2 << 3) && seen->kind == 3)
            seen->is_refused = take_varint(cursor);
        else if (tag == (2 << 3))
            seen->status = take_varint(cursor);
        else if (tag == (3 << 3 | 2) && seen->kind == 4)
            take_params(cursor, &seen->params);
        else
            CHECK(!"a known field");
    }
}

int core_see(int fd, struct seen *seen)
{
    memset((char *)seen + sizeof seen->frame, 0, sizeof *seen - sizeof seen->frame);
    const int64_t length = core_read(fd, seen->frame, sizeof seen->frame);
    if (length < 0)
        return 0;
    struct cursor frame = {seen->frame, seen->frame + length};
    const uint64_t tag = take_varint(&frame);
    CHECK_EQ(tag & 7, 2);
    seen->kind = (unsigned)(tag >> 3);
    struct cursor message = take_message(&frame);
    CHECK(frame.at == frame.end);
    if (seen->kind == 1)
        take_hello(seen, &message);
    else if (seen->kind == 2)
        take_event(seen, &message);
    else if (seen->kind == 3 || seen->kind == 4)
        take_answer(seen, &message);
    else
        CHECK(!"a known kind");
    CHECK(message.at == message.end);
    return 1;
}

static void *run_script(void *value)
{
    struct script *script = value;
    script->run(script->core);
    return NULL;
}

void script_start(struct script *script, struct core *core, void (*run)(struct core *core))
{
    script->core = core;
    script->run = run;
    CHECK_EQ(pthread_create(&script->thread, NULL, run_script, script), 0);
}

void script_join(struct script *script) { CHECK_EQ(pthread_join(script->thread, NULL), 0); }

void start_taking(struct core *core, mmc_client *client)
{
    struct mmc_send send;
    /* A call with no time left gives up when the machine is slow. */
    for (const uint64_t end = now_ms() + PATIENCE_MS; !core_is_called(core, 0);) {
        WAIT_ON(end);
        CHECK_EQ(mmc_next_send(client, &send, 0), -1);
    }
}

mmc_client *client_of(const struct core *core, uint32_t deadline_ms)
{
    const struct mmc_options options = {.path = core->path, .server = "test", .deadline_ms = deadline_ms};
    mmc_client *client = mmc_open(&options);
    CHECK(client != NULL);
    return client;
}

struct mmc_counters counters_of(mmc_client *client)
{
    struct mmc_counters counters;
    mmc_read_counters(client, &counters);
    return counters;
}
