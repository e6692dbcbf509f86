/*
 * The native half of a module host: what a module calls, what calls a module, and the black box both write to.
 *
 * The black box is one memory file, shared with the core, which reads it when this process has died. Its layout is
 * mirrored in src/wire/black-box.ts; a test holds the two against each other through mm_layout().
 */
#ifndef MESIBO_SHIM_H
#define MESIBO_SHIM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#if UINTPTR_MAX != UINT64_MAX || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the module ABIs are defined for 64-bit little-endian machines only"
#endif

#define MM_EXPORT __attribute__((visibility("default")))

/* ---- black box layout, version 7 ---- */

#define MM_BOX_MAGIC UINT64_C(0x31584f424b4c424d) /* "MBLKBOX1" in memory order */
#define MM_RECORD_MAGIC UINT64_C(0x9e3779b97f4a7c15)
#define MM_BOX_VERSION 7u
/* The ring begins here, behind header and crash area, and behind it payloads have as much room. A multiple of every page size in use. */
#define MM_RING_OFFSET (128u * 1024u)
#define MM_ADDRESS_MAX (64u * 1024u)
#define MM_LOG_MAX (64u * 1024u)

/* MM_INIT_BY_DEFAULT: init runs with the ABI that the header has where a source chooses none, which may be a mistake. */
enum mm_phase {
    MM_BOOTING = 0,
    MM_LOADING = 1,
    MM_INIT = 2,
    MM_SERVING = 3,
    MM_CLEANUP = 4,
    MM_INIT_BY_DEFAULT = 5
};
enum mm_event { MM_MESSAGE = 1, MM_STATUS = 2, MM_LOGIN = 3, MM_CALL = 4, MM_CALL_STATUS = 5, MM_HTTP = 6 };
enum mm_changed { MM_PARAMS_CHANGED = 1, MM_PAYLOAD_CHANGED = 2, MM_EXPIRED = 4 };

struct mm_box {
    uint64_t magic;
    uint32_t version;
    uint32_t generation;
    uint64_t ring_size;
    uint64_t head;          /* absolute position behind the last reserved record */
    uint64_t tail;          /* everything before it has been taken over by the core */
    uint64_t dropped_logs;  /* lines that found the ring full */
    uint64_t refused_sends; /* sends that found the ring full, or sends_closed */
    uint32_t phase;         /* enum mm_phase */
    uint32_t wake;          /* 1: a byte is on its way to the draining side */
    uint64_t current_seq;   /* the call being executed; 0: none */
    uint64_t current_start; /* CLOCK_MONOTONIC nanoseconds at which it began */
    uint32_t current_event; /* enum mm_event: what is being executed, a call or an http callback; 0: nothing */
    uint32_t exit_called;   /* 1: the process called exit(), or returned from main */
    int32_t exit_code;      /* with which code */
    uint32_t cause_event;   /* enum mm_event: the call that led to what is being executed, most often itself; 0: none */
    uint64_t taken;         /* written by the core: everything before it has been handed on */
    uint64_t taken_sends;   /* written by the core: sends behind `taken` that have been handed on as well */
    uint64_t cause_id;      /* the id of the message that the causing call was about; 0: none, or it has none */
    uint32_t end_asked;     /* written by the core before it sends SIGTERM: that signal is the core's own */
    int32_t signal_from;    /* the process that sent the last signal of another kind; 0: one that cannot be seen from here */
    uint64_t beats;         /* how often the main thread has shown that it comes round */
    uint64_t sends_closed;  /* written by the core: 1: sends are refused, as too much waits that modules have sent */
    uint64_t open_requests; /* http requests of the module whose last callback has not returned */
    uint64_t refused_http;  /* http requests that were refused because the module is a shadow */
};

/* ---- the crash area of the box: why the process ended, as far as it could say so itself ---- */

#define MM_CRASH_OFFSET 4096u
enum { MM_CRASH_FRAMES = 256, MM_CRASH_OBJECTS = 64, MM_CRASH_PATH = 512, MM_BUILD_ID = 32 };
/* MM_CRASH_BEGUN: the handler did not come to its end. */
enum mm_crash_state { MM_CRASH_NONE = 0, MM_CRASH_READY = 1, MM_CRASH_BEGUN = 2, MM_CRASH_COMPLETE = 3 };
/*
 * MM_CRASH_MAIN: on the thread that calls the module. MM_CRASH_OVERFLOW: its stack was used up. MM_CRASH_CUT: it has more frames.
 * MM_CRASH_NO_FILES: the process could open nothing more. MM_CRASH_NO_MEMORY: it got no further MiB.
 */
enum mm_crash_flags {
    MM_CRASH_MAIN = 1,
    MM_CRASH_OVERFLOW = 2,
    MM_CRASH_CUT = 4,
    MM_CRASH_NO_FILES = 8,
    MM_CRASH_NO_MEMORY = 16
};

/* MM_OBJECT_DELETED: its path leads to another file by now, or to none. */
enum mm_object_flags { MM_OBJECT_DELETED = 1 };

/* A file of which code was running. */
struct mm_crash_object {
    uint64_t start, end; /* the mapping that the frames are in */
    uint64_t base;       /* an address minus this is the address that the file itself has for it */
    uint32_t build_id_length;
    uint8_t build_id[MM_BUILD_ID];
    char path[MM_CRASH_PATH]; /* with a NUL; cut if it is longer */
    uint32_t flags;           /* enum mm_object_flags */
};

struct mm_crash {
    uint32_t state;          /* enum mm_crash_state */
    int32_t signal;          /* 0: exit() was called, with exit_code in the header */
    int32_t code;            /* si_code */
    int32_t sender;          /* si_pid of a signal that was sent; 0: none was */
    uint64_t address;        /* si_addr of a fault */
    uint64_t pc, sp;         /* where it was executing */
    uint64_t return_address; /* who called, after a jump to nowhere: what the stack pointer points to; on arm64 the link register */
    int32_t thread;          /* as gettid() has it */
    uint32_t flags;          /* enum mm_crash_flags */
    char thread_name[16];
    uint32_t frame_count, object_count;
    uint64_t frames[MM_CRASH_FRAMES]; /* innermost first; the first is pc, the others are where calls return to */
    struct mm_crash_object objects[MM_CRASH_OBJECTS];
};

/* An Entry of the protocol (proto/module.proto) follows, and padding to the next multiple of 8. */
struct mm_record {
    uint64_t commit; /* position ^ MM_RECORD_MAGIC, stored last */
    uint32_t size;   /* the whole record, a multiple of 8 */
    uint32_t length; /* of the Entry; 0: a void record, which tells nothing */
};
/* The most that the record of a result takes beside its payload and two addresses. */
#define MM_RESULT_ROOM 192u

enum { MM_SCALARS = 11 }; /* aid id refid groupid flags type expiry uflags status sid device */

/* A message with its parameters, wherever their bytes stand. */
struct mm_message {
    uint64_t scalars[MM_SCALARS];
    const char *to, *from; /* NULL: absent */
    const char *payload;
    uint32_t to_length, from_length, payload_length;
};

/* What came of a call. */
struct mm_result {
    uint64_t seq;
    int32_t value;
    uint32_t micros;
    uint32_t changed;                 /* enum mm_changed */
    const struct mm_message *message; /* as it is now, when it changed */
};

/* ---- the ABI of this host's module, given once before it is loaded; -1: the ABI has no such field ---- */

struct mm_abi {
    int32_t init_arguments; /* 2 or 3 */
    int32_t module_size;
    int32_t version, name, config, description, signature;
    int32_t cleanup, on_message, on_message_status, on_call, on_call_status, on_login, on_config;
    int32_t send_message, http, log;
    int32_t params_size;
    int32_t scalars[MM_SCALARS];
    int32_t to_online;
    int32_t to, from;
    int32_t to_alias, from_alias; /* where a module of the ABI before looks for them */
    int32_t http_synchronous;     /* in the options of an http request */
    int32_t json_arguments;       /* of mesibo_util_json_extract: 3 or 4; 0: the ABI has no such function */
};

extern struct mm_abi mm_abi;
extern struct mm_box *mm_box;
extern uint32_t mm_max_message;

/* ---- signals.c ---- */

/*
 * Between mm_hold() and mm_release() a thread holds a lock, or has reserved a record, and all others wait for it. So it must
 * come back. It cannot be cancelled there. It runs no signal handler of the module, because that could jump out or end the
 * thread. It touches no memory of the module, because a bad pointer would end the process even if the module handles SIGSEGV.
 */
struct mm_hold {
    uint64_t signals;
    int state;
};
void mm_hold(struct mm_hold *hold);
void mm_release(const struct mm_hold *hold);

/* ---- memory.c ---- */

struct iovec;
/*
 * Copies memory of the module without a fault: `count` pieces of equal lengths. Returns 0 or an errno. EFAULT: a piece cannot
 * be read. Another one: the system does not allow this way of copying.
 */
int mm_read_memory(const struct iovec *to, const struct iovec *from, unsigned long count);
/* The same for one piece of at least 8 bytes, in every way that there is. */
int mm_read_safely(void *to, const void *from, size_t length);
/* The 8 bytes at `at`; 0 if they cannot be read. */
uint64_t mm_peek(const uint8_t *at);
/* Reads a byte of each page: where memory cannot be read, the fault comes now, on the thread that gave the pointer. */
void mm_touch(const void *bytes, size_t length);
/* The module has written where it must not. Nothing there can be trusted. The core reads from the box what still makes sense.
 */
_Noreturn void mm_give_up(const char *what);

/* ---- stack.c ---- */

/* The lowest address that the module may use of the stack on which it is called; 0: it is not guarded. */
extern uintptr_t mm_stack_start;

/* ---- box.c ---- */

/* Whether this process has a box of its own: not before it is open, not when it was refused, not in a forked child. */
int mm_may_write(void);
/*
 * Reserves a record for an Entry of `length` bytes; NULL when there is no room or mm_may_write() says no. Nothing behind it is
 * read until it is committed, so a thread of the module is in mm_hold() from here to mm_commit().
 */
struct mm_record *mm_reserve(uint32_t length, uint64_t *position);
/* The same for a log line: half of the room at most, so that a module which logs without end can still send. */
struct mm_record *mm_reserve_log(uint32_t length, uint64_t *position);
/* The same for a result; all other records leave room for one. */
struct mm_record *mm_reserve_result(uint32_t length, uint64_t *position);
void mm_commit(struct mm_record *record, uint64_t position);
/* The record at a position, as a whole: the ring is mapped twice in a row. */
void *mm_record_at(uint64_t position);
extern uint64_t mm_ring_size;
/* Where the core writes large payloads, of as many bytes as the ring has. Nothing of this process writes there. */
extern const uint8_t *mm_payloads;
/* Whether the core takes no sends now. */
int mm_sends_are_closed(void);
/* Tells the main thread of JavaScript that there is something for it. */
void mm_wake(void);
/* Notes in the box what the main thread (this one) executes from `now` on and which call led to it; and that it is over. */
void mm_begin(uint64_t now, uint32_t event, uint32_t cause_event, uint64_t cause_id);
void mm_finish(void);
/* Whether a call may begin: its result will find room. */
int mm_has_room(void);
uint64_t mm_now(void);
/* While non-zero on this thread, records do not wake the draining side: this thread drains itself afterwards. */
extern __thread int mm_quiet;

/* ---- cause.c ---- */

/* The longest that an origin may be: one that the core knows has at most a name of 64 bytes and 17 more. */
#define MM_ORIGIN_MAX 128u
/* A call that causes something, and where its event came from, as in Call.origin. */
struct mm_cause {
    uint64_t seq;    /* 0: none */
    uint32_t length; /* of the origin; 0: none */
    uint8_t origin[MM_ORIGIN_MAX];
};
/* The call that is being executed, or that led to the http request whose callback is; 0: none. */
uint64_t mm_during(void);
/* The call that causes what this thread does: the one in which the module started the thread, or mm_during(). */
void mm_find_cause(struct mm_cause *cause);
/* On the main thread, before a call becomes the current one. An origin has MM_ORIGIN_MAX bytes at most. */
void mm_note_origin(uint64_t seq, const uint8_t *origin, uint32_t length);
/* Around a callback of an http request: the call that led to the request. */
void mm_begin_http(const struct mm_cause *cause);
void mm_finish_http(void);
/* Of this thread, which the module has started. */
void mm_set_thread_cause(const struct mm_cause *cause);

/* ---- drain.c ---- */

uint64_t mm_dropped_logs(void);
uint64_t mm_refused_sends(void);
/* The core has taken over everything before `position`, so that room is free again. */
void mm_acknowledge(uint64_t position);

/* ---- entry.c ---- */

/* The bytes of an Entry. `cause` and `during` are the call because of which it is written; 0: none. */
uint32_t mm_sent_entry_bytes(const struct mm_message *message, const struct mm_cause *cause);
uint32_t mm_log_entry_bytes(uint32_t level, uint32_t length, uint64_t during);
uint32_t mm_result_entry_bytes(const struct mm_result *result);
/* Write one, of just so many bytes. */
void mm_write_log(uint8_t *at, uint32_t level, const char *text, uint32_t length, uint64_t during);
void mm_write_result(uint8_t *at, const struct mm_result *result);
/* Writes all but the texts; says where they belong. */
struct mm_places {
    uint8_t *to, *from, *payload;
};
struct mm_places mm_write_sent(uint8_t *at, const struct mm_message *message, const struct mm_cause *cause);
/* Copies the texts there. */
void mm_fill(struct mm_places places, const struct mm_message *message);
/* The first byte of an Entry that is a log line. */
extern const uint8_t mm_line_tag;
/* Parts of which frames are made too: a field with a number below 16, and the bytes of one of `length` bytes. */
uint8_t *mm_put_fixed64(uint8_t *at, uint32_t field, uint64_t value);
uint8_t *mm_put_length(uint8_t *at, uint32_t field, uint32_t length);
uint32_t mm_field_bytes(uint32_t length);

/* ---- log.c ---- */

void mm_vlog(uint64_t level, const char *format, va_list arguments);
__attribute__((format(printf, 1, 2))) void mm_complain(const char *format, ...);

/* ---- params.c ---- */

/* Writes the parameters as this ABI lays them out. */
void mm_write_params(uint8_t *params, const struct mm_message *message);
/* Reads them back; what the ABI lacks keeps its value. The lengths are not touched, see mm_measure(). */
void mm_read_params(const uint8_t *params, struct mm_message *message);
/*
 * The same after a callback that was given `written`. A module of 2019 that runs as one of 2020 sets its addresses in fields
 * that are reserved in 2020.
 */
void mm_read_changes(const uint8_t *params, struct mm_message *message, const struct mm_message *written);
/* Finds the lengths of the addresses; -1 when one is longer than MM_ADDRESS_MAX. */
int mm_measure(struct mm_message *message);

/* ---- services.c ---- */

extern void *mm_module;
/* The functions whose pointers the `table` ABI hands over, as the exports have them. */
int64_t mesibo_message(void *module, void *params, const char *message, uint64_t length);
int64_t mesibo_log(void *module, uint64_t level, const char *format, ...);
void *mm_config_block(void);

/* ---- http.c ---- */

int64_t mesibo_http(void *module, const char *url, const char *post, void *callback, void *data, void *options);
int64_t mesibo_util_http(void *request, void *data);
/* Ends a request from the worker's side; see http-requests.c. */
void mm_http_end(uint64_t id, int32_t result, const char *why);

#endif
