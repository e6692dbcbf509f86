/*
 * The reference: any number of modules, of any ABI, in one process, called one after the other as a server without supervision
 * would call them. It knows the ABIs only from <mesibo/module.h> and shares nothing with the host-runner, so that a mistake in
 * one shows as a difference from the other.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

enum scalar { AID, ID, REFID, GROUPID, FLAGS, TYPE, EXPIRY, UFLAGS, STATUS, SID, DEVICE, SCALARS };
enum function { ON_MESSAGE, ON_MESSAGE_STATUS, ON_LOGIN, ON_CALL, ON_CALL_STATUS, FUNCTIONS };

/* What the parameters of all ABIs hold together. */
struct params {
    uint64_t scalars[SCALARS];
    char *to, *from;
};

/* One event on its way through the chain; modules change it as they like. */
struct event {
    enum function function;
    uint64_t number; /* of the line it was asked for in, from 1 */
    struct params params;
    char *payload;
    size_t length;
    /* a login */
    char *address;
    uint64_t flags, online;
};

struct setting {
    char *name, *value;
};

struct module {
    const char *name, *path, *init_symbol;
    const struct abi *candidates[4]; /* the last one is NULL */
    const struct abi *abi;
    struct setting *settings;
    size_t setting_count;
    void *handle, *init;
    void *instance;    /* its mesibo_module_t */
    char *passed_name; /* what instance->name was: modules overwrite it */
};

/* One ABI: written once, in abi.h, and compiled with each version of the header. */
struct abi {
    const char *name;
    int json_arguments;
    /* Makes the instance and calls init, then on_config; what init returned. */
    int (*start)(struct module *module);
    int (*wants)(const struct module *module, enum function function);
    /* Makes one call; `event` has what the module made of it. */
    int (*call)(struct module *module, struct event *event);
    void (*cleanup)(struct module *module);
    const char *(*describe)(const struct module *module);
    /* What a module of this ABI gave to send_message. */
    void (*read_params)(const void *params, struct params *out);
};

extern const struct abi abi_table, abi_2019, abi_2020;

extern struct module *modules;
extern size_t module_count;
/* The module whose function this thread executes, if it is one of ours. */
extern __thread struct module *running;

/* ---- main.c ---- */

/* The process is killed when its parent dies; to be said again in a child. */
void end_with_parent(void);

/* ---- missing.c ---- */

/* Tells what a module that was opened lazily wants and nothing provides; 0: there is nothing of that kind. */
int tell_what_is_missing(const struct module *module, void *handle);

/* ---- end.c ---- */

/* Ends the process, also while threads of modules run. */
_Noreturn void end_process(int code);

/* ---- crash.c ---- */

/* Notes from now on in the file why the process ends; see struct mm_crash in shim.h. -1: it does not. Returns 0 or an errno. */
int open_crash(int fd);
/* Whether this program ends the process itself. */
extern int is_ending;
/* The threads that loaded modules start, and this thread of a module, can note that their stack is used up. */
void cover_threads(void);
void prepare_thread(void);

/* ---- load.c ---- */

/* Tries its ABIs where there are several. */
void choose_abi(struct module *module);
/* Loads and starts a module with the ABI that was chosen; NULL, or why it could not be. */
const char *load_module(struct module *module);
/* The module that makes this call: by the instance that it passed, or else by what this thread executes, or else by the place
 * of its code.
 */
struct module *find_caller(const void *instance, const void *return_address);

/* ---- chain.c ---- */

/* Hands the event to these modules in order, and tells what became of it. */
void run_chain(struct event *event, struct module *const *chain, size_t count);

/* ---- input.c ---- */

/* Reads and performs what is asked for, to the end of `fd`. */
void serve(int fd, int64_t wait_ms);

/* ---- output.c ---- */

void open_output(int fd, int announce);
/* Whether this is a child that a module forked; what it does is ignored. */
int is_forked(void);
/* Writes out what is kept; before a fork, and before anything that may take long. */
void flush_output(void);
/* In a forked child that tries an ABI: from now on each line says so. */
void mark_trial(const char *abi);
void tell_loaded(const struct module *module);
void tell_refused(const struct module *module, const char *why);
/* That a function is about to be called, if the reader wants to know. */
void tell_call(const struct module *module, const char *function, uint64_t number);
void tell_log(const struct module *module, uint64_t level, const char *text, size_t length);
void tell_send(const struct module *module, const struct params *params, const char *payload, size_t length);
/* Symbols that nothing provides, one a line. */
void tell_missing(const struct module *module, const char *symbols);
void tell_complaint(const struct module *module, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tell_outcome(const struct event *event, const struct module *by, struct module *const *chain, const int *results,
                  size_t count);
void tell_problem(const char *text, uint64_t number);
void tell_end(void);

/* ---- services.c ---- */

/* The most that a module may send, in bytes. */
extern uint64_t max_message;

void log_line(struct module *module, uint64_t level, const char *format, va_list arguments);
int64_t send_message(struct module *module, const void *params, const char *message, uint64_t length);

/* ---- http.c ---- */

/* What a module asks for, whichever ABI it says it in; in the order in which the protocol has the texts. */
enum http_text {
    URL, POST, PROXY, CONTENT_TYPE, EXTRA_HEADER, USER_AGENT, REFERRER, ORIGIN, COOKIE, ENCODING, CACHE_CONTROL, ACCEPT, ETAG,
    HTTP_TEXTS
};
enum http_number { IMS, MAXREDIRECTS, CONN_TIMEOUT, HEADER_TIMEOUT, BODY_TIMEOUT, TOTAL_TIMEOUT, RETRIES, HTTP_NUMBERS = 8 };

/* Calls the module's functions, whose types differ between the ABIs; 0 or what they return. */
struct http_calls {
    int (*on_data)(void *function, void *cbdata, int64_t progress, const char *bytes, int64_t size);
    void (*on_status)(void *function, void *cbdata, int64_t status, const char *type);
    void (*on_close)(void *function, void *cbdata, int64_t result);
};

struct http_ask {
    const char *texts[HTTP_TEXTS];
    uint64_t numbers[HTTP_NUMBERS];
    void *on_data, *on_status, *on_close, *cbdata;
    const struct http_calls *calls;
    int synchronous;
};

void open_http(int requests_fd, int answers_fd);
/* In a process that is thrown away: from now on requests are accepted and nothing comes of them. */
void ignore_http(void);
/* Requests that are open fail, each with its last callback. From here on requests are refused: nothing will be called back. */
void close_http(void);
int64_t ask_http(struct module *module, const struct http_ask *ask);
/* Readable when callbacks of requests wait to be made. */
int http_fd(void);
/* Makes the callbacks that wait. */
void run_http_callbacks(void);
int http_is_open(void);
/* Says of each module how many of its requests are open, and that they end with the process. */
void tell_open_http(void);
/* How many threads of its own it has. */
int http_threads(void);

#endif
