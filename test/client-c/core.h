/* A scripted core: the tests say byte by byte what it does. It has an encoder and a decoder of its own. */
#ifndef CORE_H
#define CORE_H

#include "mesibo-modules.h"

#include <pthread.h>

/* A message under construction, or the bytes of one. */
struct bytes {
    uint8_t at[256 * 1024];
    size_t length;
};
void add_varint(struct bytes *bytes, uint64_t value);
void add_number(struct bytes *bytes, unsigned field, uint64_t value);
void add_fixed(struct bytes *bytes, unsigned field, uint64_t value);
void add_bytes(struct bytes *bytes, unsigned field, const void *value, size_t length);
void add_text(struct bytes *bytes, unsigned field, const char *text);

struct core {
    char directory[64], path[96];
    int listener;
};
/* Begins to listen, in a directory of its own. */
void core_open(struct core *core, int backlog);
/* Stops listening; the path stays. */
void core_close(struct core *core);
/* Listens at the same path again. */
void core_reopen(struct core *core);
void core_remove(struct core *core);
int core_accept(struct core *core);
/* Whether a connection comes within that time. */
int core_is_called(struct core *core, int timeout_ms);

/* Writes one field of CoreFrame as a frame. */
void core_frame(int fd, unsigned field, const struct bytes *message);
void core_write(int fd, const void *bytes, size_t length);
/* Reads a frame; returns its length, or -1 at the end of the connection. */
int64_t core_read(int fd, uint8_t *frame, size_t size);
/* Whether the other end closes the connection, having sent nothing more. */
int core_is_closed(int fd);
/* Whether there is nothing to read within that time. */
int core_is_quiet(int fd, int timeout_ms);

enum { ALL_CALLBACKS = 31 };
void core_welcome(int fd, uint32_t max_message, uint32_t window, unsigned callbacks);
/* Accepts, reads the hello, and welcomes: 64 KiB, 256, all callbacks. */
int core_meet(struct core *core);
void core_pass(int fd, uint64_t id);
void core_consume(int fd, uint64_t id, const char *by);
void core_fail(int fd, const char *code, const char *message, int is_fatal);
void core_send(int fd, const char *sent_id, const char *payload);

/* What a server sent. Text and bytes stand in `frame`, with a NUL behind them. */
struct seen {
    uint8_t frame[2 * 1024 * 1024];
    unsigned kind; /* of ServerFrame */
    uint64_t id;
    unsigned event; /* of Event */
    struct mmc_params params;
    char *payload;
    size_t length;
    char *server, *instance, *sent_id, *address;
    uint64_t takes_sends, window, is_refused, status, online, flags;
};
/* Reads a frame, which must be one. Returns 0 at the end of the connection. */
int core_see(int fd, struct seen *seen);

/* Runs a script beside the test. */
struct script {
    pthread_t thread;
    void (*run)(struct core *core);
    struct core *core;
};
void script_start(struct script *script, struct core *core, void (*run)(struct core *core));
void script_join(struct script *script);

/* Lets a client connect for sends, without waiting for a welcome. */
void start_taking(struct core *core, mmc_client *client);
/* A client of that core, named "test". */
mmc_client *client_of(const struct core *core, uint32_t deadline_ms);
struct mmc_counters counters_of(mmc_client *client);

#endif
