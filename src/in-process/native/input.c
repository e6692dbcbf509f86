/*
 * What is asked for, a line each:
 *
 *   message [modules=0,2,1] [aid=N id=N ...] [to=HEX] [from=HEX] [payload=HEX]
 *   status  the same, without payload; what became of the message is status=N
 *   login   [modules=...] [address=HEX] [flags=N] [online=N]
 *   call, call-status   [modules=...]
 *
 * `modules` are places in the order of the command line, all of them unless given; numbers are decimal or 0x hexadecimal;
 * an address that is not given is NULL.
 */
#include "reference.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const FUNCTION_NAMES[FUNCTIONS] = {"message", "status", "login", "call", "call-status"};
static const char *const SCALAR_KEYS[SCALARS] = {"aid",    "id",     "refid",  "groupid", "flags", "type",
                                                 "expiry", "uflags", "status", "sid",     "device"};

static char *buffer;
static size_t filled, taken, room;
static uint64_t lines;

struct request {
    struct event event;
    struct module **chain;
    size_t count;
    const char *problem;
};

/* ---- lines ---- */

/* Waits for more to read, and makes the callbacks of requests meanwhile. */
static void wait_for(int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = http_fd(), .events = POLLIN}};
    flush_output();
    do {
        run_http_callbacks();
        flush_output();
    } while ((poll(fds, 2, -1) < 0 && errno == EINTR) || fds[0].revents == 0);
}

/* The next line without its end, valid until the next call; NULL at the end. */
static char *read_line(int fd)
{
    for (;;) {
        char *start = buffer + taken, *end = filled > taken ? memchr(start, '\n', filled - taken) : NULL;
        if (end != NULL) {
            *end = 0;
            taken = (size_t)(end - buffer) + 1;
            return start;
        }
        if (taken > 0) {
            memmove(buffer, start, filled - taken);
            filled -= taken;
            taken = 0;
        }
        if (filled + 1 >= room) {
            room = room == 0 ? 1 << 16 : room * 2;
            buffer = realloc(buffer, room);
            if (buffer == NULL)
                abort();
        }
        wait_for(fd);
        ssize_t got = read(fd, buffer + filled, room - filled - 1);
        if (got <= 0 && errno != EINTR)
            return NULL;
        if (got > 0)
            filled += (size_t)got;
    }
}

/* ---- words ---- */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* Memory of exactly these bytes and a NUL, so that memory checkers see any access beyond it. */
static char *read_hex(const char *text, size_t *length)
{
    size_t digits = strlen(text);
    char *bytes = digits % 2 == 0 ? malloc(digits / 2 + 1) : NULL;
    if (bytes == NULL)
        return NULL;
    for (size_t i = 0; i < digits; i += 2) {
        int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) {
            free(bytes);
            return NULL;
        }
        bytes[i / 2] = (char)(high << 4 | low);
    }
    bytes[digits / 2] = 0;
    *length = digits / 2;
    return bytes;
}

static void read_bytes(struct request *request, const char *text, char **out, size_t *length)
{
    free(*out);
    *out = read_hex(text, length);
    if (*out == NULL)
        request->problem = "expected bytes as an even number of hexadecimal digits";
}

static uint64_t read_number(struct request *request, const char *text, char **end)
{
    errno = 0;
    uint64_t number = strtoull(text, end, 0);
    if (*end == text || errno != 0 || *text == '-')
        request->problem = "expected a number from 0 to 2^64-1";
    return number;
}

static void read_chain(struct request *request, char *text)
{
    request->count = 0;
    while (*text != 0 && request->problem == NULL) {
        uint64_t place = read_number(request, text, &text);
        if (place >= module_count || (*text != 0 && *text != ','))
            request->problem = "expected places of modules, such as 0,2,1";
        else if (request->count == 2 * module_count)
            request->problem = "a chain of so many modules is not expected";
        else
            request->chain[request->count++] = &modules[place];
        text += *text == ',';
    }
}

static void read_scalar(struct request *request, const char *key, const char *value)
{
    struct event *event = &request->event;
    uint64_t *place = NULL;
    char *end;
    if (event->function == ON_LOGIN) {
        place = strcmp(key, "flags") == 0 ? &event->flags : strcmp(key, "online") == 0 ? &event->online : NULL;
    } else {
        for (int i = 0; i < SCALARS; i++)
            if (strcmp(key, SCALAR_KEYS[i]) == 0)
                place = &event->params.scalars[i];
    }
    if (place == NULL)
        request->problem = "it has a word that is not known";
    else
        *place = read_number(request, value, &end);
}

static void read_word(struct request *request, char *word)
{
    struct event *event = &request->event;
    size_t length;
    char *value = strchr(word, '=');
    if (value == NULL) {
        request->problem = "expected words of the form key=value";
        return;
    }
    *value++ = 0;
    if (strcmp(word, "modules") == 0)
        read_chain(request, value);
    else if (strcmp(word, "to") == 0)
        read_bytes(request, value, &event->params.to, &length);
    else if (strcmp(word, "from") == 0)
        read_bytes(request, value, &event->params.from, &length);
    else if (strcmp(word, "address") == 0)
        read_bytes(request, value, &event->address, &length);
    else if (strcmp(word, "payload") == 0)
        read_bytes(request, value, &event->payload, &event->length);
    else
        read_scalar(request, word, value);
}

/* ---- what they ask for ---- */

static void read_function(struct request *request, const char *word)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (strcmp(word, FUNCTION_NAMES[i]) == 0) {
            request->event.function = (enum function)i;
            return;
        }
    request->problem = "expected message, status, login, call or call-status";
}

static void perform(char *line)
{
    struct request request = {.event.number = ++lines, .count = module_count};
    struct event *event = &request.event;
    char *rest, *word = strtok_r(line, " ", &rest);
    if (word == NULL)
        return;
    request.chain = calloc(2 * module_count + 1, sizeof *request.chain);
    if (request.chain == NULL)
        abort();
    for (size_t i = 0; i < module_count; i++)
        request.chain[i] = &modules[i];
    read_function(&request, word);
    while (request.problem == NULL && (word = strtok_r(NULL, " ", &rest)) != NULL)
        read_word(&request, word);
    if (request.problem == NULL && event->function == ON_MESSAGE && event->payload == NULL)
        event->payload = calloc(1, 1);
    /* A module may point them elsewhere. */
    char *to = event->params.to, *from = event->params.from;
    if (request.problem == NULL)
        run_chain(event, request.chain, request.count);
    else
        tell_problem(request.problem, lines);
    free(to);
    free(from);
    free(event->address);
    free(event->payload);
    free(request.chain);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What modules asked for comes to its end, or the time is over; `wait_ms` -1: without a limit. */
static void finish_requests(int64_t wait_ms)
{
    const int64_t until = now_ms() + wait_ms;
    while (http_is_open()) {
        struct pollfd answers = {.fd = http_fd(), .events = POLLIN};
        run_http_callbacks();
        flush_output();
        const int64_t left = wait_ms < 0 ? -1 : until - now_ms();
        if (wait_ms >= 0 && left <= 0) {
            tell_open_http();
            break;
        }
        if (http_is_open())
            poll(&answers, 1, (int)left);
    }
}

void serve(int fd, int64_t wait_ms)
{
    char *line;
    while ((line = read_line(fd)) != NULL) {
        perform(line);
        run_http_callbacks();
    }
    finish_requests(wait_ms);
    free(buffer);
}
