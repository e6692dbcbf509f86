/*
 * What is told: a line of JSON each, all bytes in hexadecimal, all 64-bit numbers as strings. Lines are kept until there
 * is nothing else to do, unless each call is announced: then a crash must not take them along.
 */
#include "reference.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT_BYTES = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int output = 1, announces;
static pid_t owner;
static const char *trial;
static char *line;
static size_t used, room;
static int cancel_state; /* before it was locked, of the thread that writes a line */

static const char *const SCALAR_NAMES[SCALARS] = {"aid",    "id",     "refid",  "groupid", "flags", "type",
                                                  "expiry", "uflags", "status", "sid",     "device"};

/* ---- writing ---- */

static void write_out(void)
{
    for (size_t at = 0; at < used;) {
        ssize_t written = write(output, line + at, used - at);
        if (written > 0)
            at += (size_t)written;
        else if (written < 0 && errno != EINTR && errno != EAGAIN)
            break; /* nobody reads any more */
    }
    used = 0;
}

static void grow(size_t more)
{
    if (used + more <= room)
        return;
    room = (used + more) * 2;
    line = realloc(line, room);
    if (line == NULL)
        abort();
}

static void put(const char *text)
{
    size_t length = strlen(text);
    grow(length);
    memcpy(line + used, text, length);
    used += length;
}

static void put_hex(const char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    grow(2 * length);
    for (size_t i = 0; i < length; i++) {
        line[used++] = digits[(unsigned char)bytes[i] >> 4];
        line[used++] = digits[bytes[i] & 15];
    }
}

static void put_number(uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    put(text);
}

static void put_signed(int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    put(text);
}

static void put_bytes(const char *key, const char *bytes, size_t length)
{
    put(",\"");
    put(key);
    put("\":");
    if (bytes == NULL) {
        put("null");
        return;
    }
    put("\"");
    put_hex(bytes, length);
    put("\"");
}

static void put_string(const char *key, const char *text) { put_bytes(key, text, text != NULL ? strlen(text) : 0); }

/* Names are C identifiers. */
static void put_name(const char *key, const char *name)
{
    put(",\"");
    put(key);
    put(name != NULL ? "\":\"" : "\":null");
    if (name == NULL)
        return;
    put(name);
    put("\"");
}

static void put_params(const struct params *params)
{
    put(",\"params\":{");
    for (int i = 0; i < SCALARS; i++) {
        put(i == 0 ? "\"" : ",\"");
        put(SCALAR_NAMES[i]);
        put("\":\"");
        put_number(params->scalars[i]);
        put("\"");
    }
    put_string("to", params->to);
    put_string("from", params->from);
    put("}");
}

/*
 * Begins a line. Returns 0 in a child that the module forked: nothing may be touched there, because another thread may have
 * held the lock during the fork, and it is never released.
 */
static int begin(const char *event, const struct module *module)
{
    if (is_forked())
        return 0;
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_mutex_lock(&lock);
    cancel_state = state;
    put("{\"event\":\"");
    put(event);
    put("\"");
    put_name("module", module != NULL ? module->name : NULL);
    if (trial != NULL)
        put_name("trial", trial);
    return 1;
}

static void end(void)
{
    int state = cancel_state;
    put("}\n");
    if (announces || used > KEPT_BYTES)
        write_out();
    pthread_mutex_unlock(&lock);
    pthread_setcancelstate(state, &state);
}

void open_output(int fd, int announce)
{
    output = fd;
    announces = announce;
    owner = getpid();
}

int is_forked(void) { return getpid() != owner; }

void flush_output(void)
{
    pthread_mutex_lock(&lock);
    write_out();
    pthread_mutex_unlock(&lock);
}

void mark_trial(const char *abi)
{
    owner = getpid();
    trial = abi;
}

/* ---- what is told ---- */

void tell_loaded(const struct module *module)
{
    if (!begin("loaded", module))
        return;
    put_name("abi", module->abi->name);
    put_string("description", module->abi->describe(module));
    end();
}

void tell_refused(const struct module *module, const char *why)
{
    if (!begin("refused", module))
        return;
    put_string("why", why);
    end();
}

void tell_call(const struct module *module, const char *function, uint64_t number)
{
    if (!announces)
        return;
    if (!begin("call", module))
        return;
    put_string("function", function);
    put(",\"number\":");
    put_number(number);
    end();
}

void tell_log(const struct module *module, uint64_t level, const char *text, size_t length)
{
    if (!begin("log", module))
        return;
    put(",\"level\":");
    put_number(level > UINT32_MAX ? UINT32_MAX : level);
    put_bytes("text", text, length);
    end();
}

void tell_complaint(const struct module *module, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!begin("complaint", module))
        return;
    put_string("text", text);
    end();
}

void tell_missing(const struct module *module, const char *symbols)
{
    if (!begin("missing", module))
        return;
    put_string("path", module->path);
    put_string("symbols", symbols);
    end();
}

void tell_send(const struct module *module, const struct params *params, const char *payload, size_t length)
{
    if (!begin("send", module))
        return;
    put_params(params);
    put_bytes("payload", payload != NULL ? payload : "", length);
    end();
}

void tell_outcome(const struct event *event, const struct module *by, struct module *const *chain, const int *results,
                  size_t count)
{
    if (!begin("outcome", by))
        return;
    put(",\"number\":");
    put_number(event->number);
    put(",\"trace\":[");
    for (size_t i = 0; i < count; i++) {
        put(i == 0 ? "[\"" : ",[\"");
        put(chain[i]->name);
        put("\",");
        put_signed(results[i]);
        put("]");
    }
    put("]");
    if (event->function == ON_MESSAGE || event->function == ON_MESSAGE_STATUS) {
        put_params(&event->params);
        put_bytes("payload", event->payload, event->length);
    }
    end();
}

void tell_problem(const char *text, uint64_t number)
{
    if (!begin("problem", NULL))
        return;
    put_string("text", text);
    put(",\"number\":");
    put_number(number);
    end();
}

void tell_end(void)
{
    if (!begin("end", NULL))
        return;
    end();
    flush_output();
}
