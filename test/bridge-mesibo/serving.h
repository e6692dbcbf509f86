/* A core that serves any number of connections in a thread of its own, and treats each event as the test says. */
#ifndef SERVING_H
#define SERVING_H

#include "core.h"

#include <stdatomic.h>

struct serving {
    struct core core;
    unsigned callbacks;
    uint32_t max_message;
    /* Answers an event, in the thread that serves; NULL: all pass. */
    void (*answer)(int fd, const struct seen *seen);
    pthread_t thread;
    int stop[2];
    pthread_mutex_t lock;
    pthread_cond_t more;
    char *heard; /* events, acknowledgements and reports, a line each */
    int sends;   /* the connection that takes sends; -1: none */
    atomic_int events, connections;
    int most, welcomed; /* more connections are turned away; 0: no limit */
    atomic_int is_standing; /* reads nothing, and answers nothing */
};
/* Begins with all callbacks and messages of 64 KiB. */
void serving_start(struct serving *serving, void (*answer)(int fd, const struct seen *seen));
/* Ends it as a core ends: all connections, and its socket. */
void serving_stop(struct serving *serving);
/* Stops it for good. */
void serving_end(struct serving *serving);
/* Waits until a line was heard that has this in it. */
void await_heard(struct serving *serving, const char *part);
int has_heard(struct serving *serving, const char *part);
/* Waits until a connection takes sends. `call` is done again and again meanwhile; it may be NULL. */
void await_sends(struct serving *serving, void (*call)(void));
void serving_send(struct serving *serving, const char *sent_id, const struct mmc_params *params, const char *payload);
/* Ends the connection that takes sends. */
void drop_sends(struct serving *serving);

/* Writes an outcome. What is NULL is unchanged. */
void answer_with(int fd, uint64_t id, int verdict, const struct mmc_params *params, const char *payload, size_t length);

#endif
