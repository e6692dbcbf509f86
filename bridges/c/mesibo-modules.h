/*
 * The client of a core of mesibo-modules, for servers and for modules of other servers. It hands messages to the modules of the
 * core, and takes the messages that these modules send. Compile mesibo-modules.c (C11, POSIX threads, Linux) into your program.
 * There is nothing else to link.
 *
 *     struct mmc_options options = {.path = "/run/mesibo-modules/gateway.sock", .server = "my-server"};
 *     mmc_client *client = mmc_open(&options);
 *     struct mmc_params params = {.id = 7, .from = "alice", .to = "bob"};
 *     struct mmc_outcome outcome;
 *     if (mmc_message(client, &params, text, length, &outcome) == MMC_PASS)
 *         deliver(outcome.params.to, outcome.payload, outcome.length);
 *
 * Two ways. mmc_message() and the like wait for the outcome. That is simple, and right for a server with a thread for each of its
 * connections. A queue (mmc_open_queue) has many events in flight from one thread and over one connection. That is right for a
 * server with an event loop, and several times as fast.
 *
 * Threads. Every function may be called from any thread, but only one thread at a time may use a queue. Each thread that calls
 * mmc_message() and the like has a connection of its own. It is made at the first event, and closed when the thread ends. A core
 * takes a quarter as many connections as its process may have descriptors, and at most 1024. A thread beyond that gets the
 * default. It delays no thread that has a connection. The client starts no thread and sets no signal handler.
 *
 * Time. A call returns within the deadline, whatever the core does. When the core does not decide in time, or is not there, the
 * message gets the default verdict. Each default is counted, and told to the log callback. A late outcome is skipped, and the
 * connection stays open. A core that sends nothing until the deadline stands still. Later events of this connection then get the
 * default at once, with the reason MMC_LATE, until something comes from the core. Still, one event every 30 seconds is tried.
 * The client waits at most 5 seconds for a welcome, and not in each thread. After a refused connection, and only then, it
 * waits before it tries again (5 ms, doubling up to retry_max_ms). Events in that time get the default at once.
 *
 * Fork. A child process never uses the connections of its parent. fork() closes the copies in the child. A child made without the
 * handlers of pthread_atfork(), for example by _Fork(), closes them at its first call. If it makes no other call, let it call
 * mmc_close(). A queue is empty in the child: its events belong to the parent.
 *
 * Descriptors. Your program may close all descriptors, as a daemon does. The client notices that before it uses one, and connects
 * again. It does not touch a new file that has got the same number.
 *
 * The calls keep errno. They are not cancellation points. Do not call them in a signal handler.
 */
#ifndef MESIBO_MODULES_H
#define MESIBO_MODULES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mmc_client mmc_client;
typedef struct mmc_queue mmc_queue;

enum mmc_verdict {
    MMC_PASS = 0,
    MMC_CONSUMED = 1, /* do nothing more with the event */
};

/* Why an event has a default verdict, or why the modules were not asked. */
enum mmc_reason {
    MMC_DECIDED = 0,     /* they were asked, and each decided itself */
    MMC_UNWANTED,        /* no module has the callback: the event passes, and is not sent */
    MMC_UNREACHABLE,     /* nobody listens, or the connection ended before the outcome */
    MMC_LATE,            /* no outcome within the deadline */
    MMC_REFUSED,         /* the core did not take the event; mmc_last_error() says why */
    MMC_TOO_LARGE,       /* the payload is over max_message, or an address over 64 KiB */
    MMC_GARBLED,         /* the core sent something that is not a frame; the connection is closed */
    MMC_NO_MEMORY,       /* no memory, or no descriptor */
    MMC_CRASH,           /* from here on: a module could not decide, the others did; outcome.default_by names it */
    MMC_HANG,
    MMC_DEADLINE,
    MMC_DOWN,
    MMC_OVERLOAD,
    MMC_QUARANTINE,      /* the message has killed the module before */
    MMC_OTHER,           /* a reason that this client does not know; outcome.default_reason has it */
    MMC_REASONS
};

struct mmc_options {
    const char *path;   /* of the socket, gateway.sock in the run directory of the core */
    const char *server; /* the name of the server: 1 to 64 of A-Z a-z 0-9 _ . -; keep it over restarts */

    uint32_t deadline_ms;          /* of one call; 0: chain_deadline of the core and a second */
    enum mmc_verdict on_default;   /* for a message that the core did not decide; statuses, logins and calls pass */
    uint32_t retry_max_ms;         /* the longest wait after a refused connection; 0: 250 */
    uint32_t sends_window;         /* sends that mmc_next_send() gives without having their answer; 0: 64 */

    /* Takes a line for the log of the server: the first default of each reason, then at most one line a second for each reason,
     * with their number. Called from the thread whose call it is about; may call nothing of this client but mmc_read_counters().
     * NULL: nothing is logged. */
    void (*log)(void *context, const char *line);
    void *context;
};

/* The parameters of a message. NULL means that there is no address; an empty address is another thing. */
struct mmc_params {
    uint64_t aid, id, refid, groupid, flags, type, expiry, uflags, status, sid, device;
    const char *to, *from;
};

/*
 * The outcome of an event. Where modules changed nothing, a pointer is the one that you gave. Otherwise it points to memory of the
 * client, with a NUL behind the payload. That memory is valid until this thread hands the next event to this client. You may
 * hand it over with that event. mmc_keep() copies it. For outcomes of a queue see mmc_collect().
 */
struct mmc_outcome {
    enum mmc_verdict verdict;
    enum mmc_reason reason;
    uint64_t event_id;         /* a send that the event causes names it; 0: the event was not sent */
    int params_changed;        /* a module changed them */
    int payload_changed;
    struct mmc_params params;  /* of a message or status: as modules left them, else as you gave them */
    const void *payload;
    size_t length;
    const char *by;             /* the module that consumed it; NULL for a pass or a default of the client */
    const char *default_reason; /* as the core has it: crash, hang, deadline, down, overload, quarantine; NULL: none */
    const char *default_by;     /* the module of default_reason */
    void *context;              /* of a queue's event: as you gave it */
};

/* Makes a client; it connects at the first event. NULL: an option cannot be used, and mmc_last_error() says which. */
mmc_client *mmc_open(const struct mmc_options *options);

/* Closes all connections. No other thread may be in a call of the client meanwhile. NULL is allowed. */
void mmc_close(mmc_client *client);

/* The callbacks that modules have, or may have once they have started: a sum of these. An event for another callback passes. */
enum {
    MMC_ON_MESSAGE = 1,
    MMC_ON_MESSAGE_STATUS = 2,
    MMC_ON_LOGIN = 4,
    MMC_ON_CALL = 8,
    MMC_ON_CALL_STATUS = 16,
    MMC_ALL_CALLBACKS = 31,
};

/* Reads the callbacks, as the core reported them last. Connects if needed, and waits for the core up to timeout_ms. Returns 0; or
 * -1 when the core could not be reached, and mmc_last_error() says why. A server that registers callbacks uses this at its start. */
int mmc_read_callbacks(mmc_client *client, uint32_t timeout_ms, uint32_t *callbacks);

/* Hand over an event. Each always returns outcome->verdict. `outcome` may be NULL; then changes of modules are lost. */
enum mmc_verdict mmc_message(mmc_client *client, const struct mmc_params *params, const void *payload, size_t length,
                             struct mmc_outcome *outcome);
/* The status of a message: params->status, and the other parameters of the message. */
enum mmc_verdict mmc_status(mmc_client *client, const struct mmc_params *params, struct mmc_outcome *outcome);
/* A user logged in (online is 1), or out (0). */
enum mmc_verdict mmc_login(mmc_client *client, const char *address, uint64_t online, uint64_t flags,
                           struct mmc_outcome *outcome);
enum mmc_verdict mmc_call(mmc_client *client, struct mmc_outcome *outcome);
enum mmc_verdict mmc_call_status(mmc_client *client, struct mmc_outcome *outcome);

/*
 * Copies all that the outcome points to into a buffer, and lets it point there. Returns the bytes that this takes. When that is
 * more than `size`, nothing is changed: call again with a larger buffer.
 */
size_t mmc_keep(struct mmc_outcome *outcome, void *buffer, size_t size);

/*
 * Events in flight from one thread: a queue with a connection of its own. A server with an event loop opens one for each loop.
 *
 *     mmc_submit_message(queue, &params, text, length, message);           for each message that came
 *     number = mmc_collect(queue, outcomes, 64, 0);                        once in each turn of the loop
 *     for (i = 0; i < number; i++) conclude(outcomes[i].context, &outcomes[i]);
 *     mmc_poll_queue(queue, &wait);                                        what to wait for until the next turn
 *
 * Each submitted event has exactly one outcome. It comes from mmc_collect(): what the modules decided, or the default with its
 * reason. No event is handed to the core twice. When the connection ends, events that the core has not got yet go over the next
 * one. The outcomes of one conversation come in the order of its events, as far as the core decides them. A default comes as soon
 * as it is known, so it may come before the outcome of an earlier event.
 *
 * The core has a window of events at a time, 512 at first. The others wait in the queue until their deadline.
 *
 * `events` is how many the queue may hold: those that wait, those in flight, and those whose outcomes you have not collected.
 * `bytes` is how much of them it may hold unwritten; a single event may be larger. 0: 1024 events, 16 MiB. The queue takes about
 * 180 bytes for each of these events, and its buffers take up to four times as much as is in them.
 * NULL: there is no memory.
 */
mmc_queue *mmc_open_queue(mmc_client *client, size_t events, size_t bytes);

/* Closes the queue and its connection. Its events are counted as MMC_UNREACHABLE, but no outcomes can be collected. mmc_close()
 * does the same with all queues that are open. NULL is allowed. */
void mmc_close_queue(mmc_queue *queue);

/*
 * Hand over an event, without waiting. The queue copies it: params, addresses and payload are yours again at the return. The
 * queue does not look at `context`; it comes back with the outcome. Nothing is written before the next mmc_collect().
 * Returns 0: the event will have its outcome. -1: the queue is full; the event was not taken and has no outcome. Collect outcomes
 * and submit it again, or decide by yourself; mmc_last_error() says how full it is.
 */
int mmc_submit_message(mmc_queue *queue, const struct mmc_params *params, const void *payload, size_t length, void *context);
int mmc_submit_status(mmc_queue *queue, const struct mmc_params *params, void *context);
int mmc_submit_login(mmc_queue *queue, const char *address, uint64_t online, uint64_t flags, void *context);
int mmc_submit_call(mmc_queue *queue, void *context);
int mmc_submit_call_status(mmc_queue *queue, void *context);

/*
 * Writes what was submitted, in as few calls of the system as possible. Then gives outcomes, up to `most`. It waits up to
 * timeout_ms for the first one, but not when the queue holds no event. Returns how many there are. Fewer than `most`: there are
 * no more now.
 *
 * An outcome has `params` and `payload` only where modules changed them: see params_changed and payload_changed. Otherwise they are
 * 0 and NULL; find your own by `context`. Pointers are valid until the next mmc_collect() of this queue.
 */
size_t mmc_collect(mmc_queue *queue, struct mmc_outcome *outcomes, size_t most, uint32_t timeout_ms);

/* What a loop of your own waits for. Then it calls mmc_collect(), with a timeout of 0. */
struct mmc_poll {
    int fd;              /* until this is readable; -1: there is no connection */
    int is_unwritten;    /* or until it is writable */
    int timeout_ms;      /* or until this time is over; 0: call now; -1: the queue holds no event */
    uint64_t connection; /* changes with each connection, even if the descriptor is the same: register that again */
    size_t events;       /* that the queue holds */
};

void mmc_poll_queue(mmc_queue *queue, struct mmc_poll *poll);

/* A message that a module sent. Its pointers are valid until the next mmc_next_send(). */
struct mmc_send {
    const char *sent_id; /* the same when it comes again; remember the latest ones if nothing may be delivered twice */
    const char *module;
    struct mmc_params params;
    const void *payload; /* with a NUL behind it */
    size_t length;
    uint64_t cause; /* outcome.event_id of the event that caused it; 0: none of this server did */
};

/*
 * Waits up to timeout_ms for a message that a module sent. Call it again and again, from one thread. While a thread is in this
 * call, another one gets -1 at once. The first call connects for sends. A later call connects again when the connection was lost.
 * Returns 1: there is a send. Answer it by mmc_acknowledge() or mmc_refuse(). 0: none came. -1: the core could not be reached in
 * all that time, or it refused the connection; mmc_last_error() says why.
 */
int mmc_next_send(mmc_client *client, struct mmc_send *send, uint32_t timeout_ms);

/* The descriptor to poll instead of waiting: when it is readable, call mmc_next_send() with 0 until that returns 0. -1: not
 * connected; call mmc_next_send() then and now. It is another one after each lost connection. Call mmc_next_send() once a second
 * as well: it also writes answers that the core did not read at once. */
int mmc_sends_fd(mmc_client *client);

/*
 * Answer a send, from any thread. Acknowledge it when it is delivered, or will certainly be. Refuse it when it cannot be
 * delivered: its module gets the status 0x80. While the core does not read, a call waits until its deadline. A later call
 * writes the rest.
 * Returns 0: the answer is on its way. -1: the connection has ended, and the send comes again; or the core has left 1 MiB of
 * answers unread.
 */
int mmc_acknowledge(mmc_client *client, const char *sent_id);
int mmc_refuse(mmc_client *client, const char *sent_id);

/* Reports what became of a send (2 delivered, 3 read, ...), from any thread. `params` are those of the message; after a restart
 * of the core it needs all of them. NULL: as they were sent. -1: the core could not be reached, or would refuse it; the report is
 * lost, and mmc_last_error() says why. */
int mmc_report(mmc_client *client, const char *sent_id, uint32_t status, const struct mmc_params *params);

struct mmc_counters {
    uint64_t events;                /* all events; each is counted in one of the next two as well */
    uint64_t passed, consumed;      /* verdicts, default ones included */
    uint64_t changed;               /* messages that modules changed */
    uint64_t reasons[MMC_REASONS];  /* events of each reason; [MMC_DECIDED] are those without a default */
    uint64_t connects;              /* connections that the core welcomed */
    uint64_t refused_connects;
    uint64_t lost;                  /* welcomed connections that ended by themselves */
    uint64_t garbled;               /* connections closed because the core sent something that is not a frame */
    uint64_t late_outcomes;         /* came after the deadline, and were skipped */
    uint64_t sends, acknowledged, refused_sends, reports;
};

void mmc_read_counters(mmc_client *client, struct mmc_counters *counters);

/* One word for a reason, as in "unreachable". */
const char *mmc_reason_name(enum mmc_reason reason);

/* What went wrong last in this thread, for a person; "" when nothing has. Valid until the next call of this thread. */
const char *mmc_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
