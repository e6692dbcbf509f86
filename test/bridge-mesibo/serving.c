#define _GNU_SOURCE
#include "serving.h"

#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

enum { CONNECTIONS = 64 };

/* ---- what it says ---- */

static void add_params(struct bytes *bytes, unsigned field, const struct mmc_params *params)
{
    static _Thread_local struct bytes inner;
    const uint64_t scalars[] = {params->aid,  params->id,     params->refid,  params->groupid, params->flags, params->type,
                                params->expiry, params->uflags, params->status, params->sid,    params->device};
    inner.length = 0;
    for (unsigned i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (scalars[i] != 0)
            add_fixed(&inner, i + 1, scalars[i]);
    if (params->to != NULL)
        add_text(&inner, 12, params->to);
    if (params->from != NULL)
        add_text(&inner, 13, params->from);
    add_bytes(bytes, field, inner.at, inner.length);
}

void answer_with(int fd, uint64_t id, int verdict, const struct mmc_params *params, const char *payload, size_t length)
{
    static _Thread_local struct bytes outcome;
    outcome.length = 0;
    add_fixed(&outcome, 1, id);
    if (verdict != 0)
        add_number(&outcome, 2, (uint64_t)verdict);
    if (params != NULL)
        add_params(&outcome, 6, params);
    if (payload != NULL)
        add_bytes(&outcome, 7, payload, length);
    core_frame(fd, 2, &outcome);
}

void serving_send(struct serving *serving, const char *sent_id, const struct mmc_params *params, const char *payload)
{
    static _Thread_local struct bytes send;
    send.length = 0;
    add_text(&send, 1, sent_id);
    add_text(&send, 2, "echo");
    add_params(&send, 3, params);
    add_text(&send, 4, payload);
    pthread_mutex_lock(&serving->lock);
    CHECK(serving->sends >= 0);
    core_frame(serving->sends, 3, &send);
    pthread_mutex_unlock(&serving->lock);
}

/* ---- what it hears ---- */

__attribute__((format(printf, 2, 3))) static void hear(struct serving *serving, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&serving->lock);
    const size_t before = serving->heard != NULL ? strlen(serving->heard) : 0;
    serving->heard = realloc(serving->heard, before + strlen(line) + 1);
    CHECK(serving->heard != NULL);
    strcpy(serving->heard + before, line);
    pthread_cond_broadcast(&serving->more);
    pthread_mutex_unlock(&serving->lock);
}

static struct timespec patience(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    return until;
}

int has_heard(struct serving *serving, const char *part)
{
    pthread_mutex_lock(&serving->lock);
    const int found = serving->heard != NULL && strstr(serving->heard, part) != NULL;
    pthread_mutex_unlock(&serving->lock);
    return found;
}

void await_heard(struct serving *serving, const char *part)
{
    const struct timespec until = patience();
    pthread_mutex_lock(&serving->lock);
    while (serving->heard == NULL || strstr(serving->heard, part) == NULL)
        if (pthread_cond_timedwait(&serving->more, &serving->lock, &until) != 0)
            break;
    CHECK_HAS(serving->heard != NULL ? serving->heard : "", part);
    pthread_mutex_unlock(&serving->lock);
}

void await_sends(struct serving *serving, void (*call)(void))
{
    const uint64_t end = now_ms() + PATIENCE_MS;
    for (;;) {
        if (call != NULL)
            call();
        struct timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 2000000;
        if (soon.tv_nsec >= 1000000000) {
            soon.tv_nsec -= 1000000000;
            soon.tv_sec++;
        }
        pthread_mutex_lock(&serving->lock);
        if (serving->sends < 0)
            pthread_cond_timedwait(&serving->more, &serving->lock, &soon);
        const int is_there = serving->sends >= 0;
        pthread_mutex_unlock(&serving->lock);
        if (is_there)
            return;
        WAIT_ON(end);
    }
}

void drop_sends(struct serving *serving)
{
    pthread_mutex_lock(&serving->lock);
    CHECK(serving->sends >= 0);
    shutdown(serving->sends, SHUT_RDWR);
    serving->sends = -1;
    pthread_mutex_unlock(&serving->lock);
}

/* ---- serving ---- */

static void set_sends(struct serving *serving, int fd)
{
    pthread_mutex_lock(&serving->lock);
    serving->sends = fd;
    pthread_cond_broadcast(&serving->more);
    pthread_mutex_unlock(&serving->lock);
}

/* Reads one frame, and does what belongs to it. Returns 0 at the end of the connection. */
static int serve_frame(struct serving *serving, int fd)
{
    static struct seen seen;
    if (!core_see(fd, &seen))
        return 0;
    if (seen.kind == 1 && serving->most > 0 && serving->welcomed == serving->most) {
        core_fail(fd, "TOO_MANY_SERVERS", "there is no place for one more", 1);
        return 0;
    }
    if (seen.kind == 1) {
        serving->welcomed++;
        core_welcome(fd, serving->max_message, 256, serving->callbacks);
        if (seen.takes_sends)
            set_sends(serving, fd);
        hear(serving, "hello of %s\n", seen.server);
    } else if (seen.kind == 2) {
        atomic_fetch_add(&serving->events, 1);
        if (serving->answer != NULL)
            serving->answer(fd, &seen);
        else
            core_pass(fd, seen.id);
    } else if (seen.kind == 3)
        hear(serving, "%s %s\n", seen.is_refused ? "refuses" : "takes", seen.sent_id);
    else
        hear(serving, "reports %llu of %s\n", (unsigned long long)seen.status, seen.sent_id);
    return 1;
}

static void *serve(void *given)
{
    struct serving *serving = given;
    struct pollfd polled[CONNECTIONS + 2] = {{.fd = serving->stop[0], .events = POLLIN},
                                             {.fd = serving->core.listener, .events = POLLIN}};
    nfds_t count = 2;
    while (poll(polled, count, -1) > 0 && polled[0].revents == 0) {
        if (atomic_load(&serving->is_standing)) {
            poll(polled, 1, 1);
            continue;
        }
        for (nfds_t i = count; i-- > 2;)
            if (polled[i].revents != 0 && !serve_frame(serving, polled[i].fd)) {
                pthread_mutex_lock(&serving->lock);
                if (serving->sends == polled[i].fd)
                    serving->sends = -1;
                pthread_mutex_unlock(&serving->lock);
                close(polled[i].fd);
                polled[i] = polled[--count];
            }
        if (polled[1].revents != 0) {
            CHECK(count < CONNECTIONS + 2);
            polled[count++] = (struct pollfd){.fd = core_accept(&serving->core), .events = POLLIN};
            atomic_fetch_add(&serving->connections, 1);
        }
    }
    /* A test sends over them under the lock. */
    pthread_mutex_lock(&serving->lock);
    while (count-- > 2)
        close(polled[count].fd);
    pthread_mutex_unlock(&serving->lock);
    return NULL;
}

void serving_start(struct serving *serving, void (*answer)(int fd, const struct seen *seen))
{
    if (serving->core.path[0] == 0)
        core_open(&serving->core, 64);
    else
        core_reopen(&serving->core);
    if (serving->callbacks == 0)
        serving->callbacks = ALL_CALLBACKS;
    serving->max_message = 64 * 1024;
    serving->answer = answer;
    serving->sends = -1;
    pthread_mutex_init(&serving->lock, NULL);
    pthread_cond_init(&serving->more, NULL);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, serving->stop), 0);
    CHECK_EQ(pthread_create(&serving->thread, NULL, serve, serving), 0);
}

void serving_stop(struct serving *serving)
{
    CHECK_EQ(send(serving->stop[1], "", 1, MSG_NOSIGNAL), 1);
    CHECK_EQ(pthread_join(serving->thread, NULL), 0);
    close(serving->stop[0]);
    close(serving->stop[1]);
    core_close(&serving->core);
    free(serving->heard);
    serving->heard = NULL;
    serving->sends = -1;
}

void serving_end(struct serving *serving)
{
    serving_stop(serving);
    core_remove(&serving->core);
    serving->core.path[0] = 0;
}
