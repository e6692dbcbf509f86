/*
 * The bridge: a module of a real server. It hands each event to a core, and answers with the decision of the core's modules. All
 * ABIs share this part. Each ABI of the server has one file, abi-*.c, which translates.
 *
 * The server loads it like any module, so it must bear a lot. Callbacks come from any thread and from within mesibo_message().
 * The process forks. The server unloads it while callbacks run. So the object stays mapped (-z nodelete), and a struct bridge is
 * never freed, but used again: a late callback finds that there is no core.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <mesibo-modules.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "breaker.h"
#include "loop.h"
#include "settings.h"

/* What a server offers to a module, whichever ABI it has. */
struct server {
    void (*log)(void *mod, unsigned level, const char *line);
    int (*send)(void *mod, const struct mmc_params *params, const char *payload, size_t length);
};

/* Sends that went out. With them, statuses find their send, and no send goes out twice. */
enum { SENT_SETS = 1024, SENT_WAYS = 4, RECENT = 1024 };
struct sent {
    char *sent_id;
    uint64_t id, groupid, from, to; /* of the message; addresses are hashes, 0 for none */
    uint64_t age;
};
struct sends {
    pthread_mutex_t lock;
    struct sent table[SENT_SETS][SENT_WAYS];
    uint64_t recent[RECENT]; /* hashes of sent_ids */
    size_t next_recent;
    uint64_t age;
    atomic_int is_delivering;
    atomic_uint_fast64_t next_at; /* the connection failed; it is not tried before */
    atomic_uint wait_ms;
};

/* The last addresses that modules have put into parameters. The server uses them after the callback, and may call the module then. */
enum { KEPT = 256 };
struct addresses {
    pthread_mutex_t lock;
    char *kept[KEPT];
    size_t next;
};

/* Messages that were consumed, and go out after their verdict. */
struct resends {
    pthread_mutex_t lock; /* over the queue */
    mmc_queue *queue;
    struct loop loop;
    atomic_int is_off; /* the server hands the bridge its own messages */
};

/* The thread, where the server allows one. */
struct worker {
    pthread_t thread;
    atomic_int is_there, is_ending, is_over;
    pthread_mutex_t lock; /* over `wake` */
    struct wake {
        int fds[2]; /* a byte for the second one wakes the thread that waits for the first one */
        dev_t device[2];
        ino_t inode[2];
    } wake;
};

struct counters {
    atomic_uint_fast64_t skipped, untold, tell_at; /* events that the breaker let pass */
    atomic_uint_fast64_t tell_missing_at;
    atomic_int is_missing_told;
    atomic_uint_fast64_t misfits, tell_misfit_at;
    atomic_uint_fast64_t sent, unsent, resent;
    atomic_uint_fast64_t lost_resends, tell_lost_at;
    atomic_uint_fast64_t overflows, tell_overflow_at;
};

struct bridge {
    struct bridge *next; /* in the list of all bridges that were ever made */
    _Atomic(void *) mod; /* the module that the server knows; NULL: not in use */
    struct server server;
    struct settings settings;
    mmc_client *client;
    struct breaker breaker;
    struct counters counters;
    struct sends sends;
    struct resends resends;
    struct addresses addresses;
    struct worker worker;
    _Atomic pid_t pid;        /* the process that the state is of; negative: about to begin */
    atomic_uint inside;       /* callbacks that run */
    atomic_int is_closing;
};

/* ---- bridge.c ---- */

/* Begins with these settings. NULL: the module refuses, and has logged the reason. Sets which callbacks to register: the bits of
 * mmc_read_callbacks(). */
struct bridge *bridge_open(void *mod, const struct server *server, const struct settings *settings, uint32_t *callbacks);
/* The server unloads the module. Messages that wait for their verdict go out as they are. */
void bridge_close(void *mod);

/* A callback, between enter and leave. */
struct call {
    struct bridge *bridge; /* NULL: the module is closed, and the event passes */
    pid_t pid;
    int error, cancel_state;
};
struct call bridge_enter(void *mod);
void bridge_leave(const struct call *call);

void bridge_log(struct bridge *bridge, unsigned level, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint64_t clock_now(void);
#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
/* Whether it is time to tell something again, once a second; `at` is when. */
int is_due(atomic_uint_fast64_t *at, uint64_t now);

/* ---- events.c ---- */

/* Each returns the verdict. `params` become those that the modules left; *changed is 1 if they differ. */
int bridge_message(void *mod, struct mmc_params *params, char *message, size_t length, int *changed);
int bridge_status(void *mod, struct mmc_params *params, int *changed);
int bridge_login(void *mod, const char *address, uint64_t online, uint64_t flags);
int bridge_call(void *mod);
int bridge_call_status(void *mod);
/* Tells the breaker the result of an event that it let through with this answer. */
void note_outcome(struct bridge *bridge, enum breaker_answer asked, const struct mmc_outcome *outcome);
/* Whether an event goes to the core; counts and tells those that do not. */
enum breaker_answer may_ask(struct bridge *bridge);

/* ---- addresses.c ---- */

/* Lets the parameters of an outcome point to addresses that stay for a while. 0: there is no memory for that. One of them then
 * points to memory that the next event of this thread changes. */
int keep_addresses(struct bridge *bridge, struct mmc_params *params, const struct mmc_params *given);

/* ---- sends.c ---- */

/* Sends through the server what modules have sent so far. */
void deliver_sends(struct bridge *bridge);
/* The same within a callback: if there is a thread, the thread does it. */
void deliver_in_callback(struct bridge *bridge);
/* Whether this thread is in the server's send function, which may call back. */
int is_sending(void);
/* A hash of an address; 0 for none. */
uint64_t hash_address(const char *address);
/* Calls it. */
int send_by_server(struct bridge *bridge, const struct mmc_params *params, const char *payload, size_t length);
/* Whether the status is of a message that a module of the core sent; then it is reported. */
int report_status(struct bridge *bridge, const struct mmc_params *params);
void begin_sends(struct bridge *bridge);
/* Frees what is remembered. */
void end_sends(struct bridge *bridge);

/* ---- resend.c ---- */

/* Whether messages are consumed at once. */
int is_resending(struct bridge *bridge);
/* Takes a message; 0: there is no place for it, or no memory. */
int resend_later(struct bridge *bridge, enum breaker_answer asked, const struct mmc_params *params, const char *message,
                 size_t length);
/* Sends messages that have their verdict, and messages whose time is over. */
void resend_decided(struct bridge *bridge);
/* Sends all, at the latest at the deadline. */
void resend_all(struct bridge *bridge);
/* What to wait for. */
struct mmc_poll resend_poll(struct bridge *bridge);

/* ---- worker.c ---- */

/* Starts the thread, if this process has none. Where it cannot be started, the next callback tries again. */
void start_worker(struct bridge *bridge);
int has_worker(struct bridge *bridge);
void wake_worker(struct bridge *bridge);
/* Returns 0 when the thread still runs then: it waits in the server, or it is the caller itself. */
int stop_worker(struct bridge *bridge, uint64_t until);
/* At the beginning, and in a child process, where the thread is the parent's. */
void forget_worker(struct bridge *bridge);

#endif
