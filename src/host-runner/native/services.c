/* What a module may call: sending, configuration, small helpers, and the services that this version does not have. */
#include "crash.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>

/* ---- sending ---- */

/* How much is copied over the stack, which may be small. */
enum { SMALL = 2048 };
enum { GROUPID = 3 }; /* its place among the scalars */

static struct mm_record *reserve_send(uint32_t length, uint64_t *position)
{
    struct mm_record *record = mm_may_write() && mm_sends_are_closed() ? NULL : mm_reserve(length, position);
    if (record == NULL && mm_may_write())
        __atomic_fetch_add(&mm_box->refused_sends, 1, __ATOMIC_RELAXED);
    return record;
}

/* Sends an Entry that is ours already. */
static int64_t send_copy(const uint8_t *entry, uint32_t length)
{
    uint64_t position;
    struct mm_hold hold;
    mm_hold(&hold);
    struct mm_record *record = reserve_send(length, &position);
    if (record != NULL) {
        memcpy(record + 1, entry, length);
        mm_commit(record, position);
    }
    mm_release(&hold);
    return record != NULL ? 0 : -1;
}

static __attribute__((noinline)) int64_t send_small(const struct mm_message *message, const struct mm_cause *cause)
{
    uint8_t entry[SMALL];
    mm_fill(mm_write_sent(entry, message, cause), message);
    return send_copy(entry, mm_sent_entry_bytes(message, cause));
}

/* Copies twice. Used if the system does not let a process read its own memory, or if that memory could not be read. */
static int64_t send_by_heap(const struct mm_message *message, const struct mm_cause *cause)
{
    struct mm_hold hold;
    /* Here a bad pointer faults, and a handler that jumps out leaves nothing behind. */
    mm_touch(message->to, message->to_length);
    mm_touch(message->from, message->from_length);
    mm_touch(message->payload, message->payload_length);
    mm_hold(&hold);
    uint8_t *entry = malloc(mm_sent_entry_bytes(message, cause));
    mm_release(&hold);
    if (entry == NULL)
        return -1;
    mm_fill(mm_write_sent(entry, message, cause), message);
    int64_t result = send_copy(entry, mm_sent_entry_bytes(message, cause));
    mm_hold(&hold);
    free(entry);
    mm_release(&hold);
    return result;
}

/* A void record. The copied part of it must not look like a record to a reader. */
static void make_void(struct mm_record *record)
{
    memset(record + 1, 0, record->length);
    record->length = 0;
}

static struct iovec piece(const void *bytes, uint32_t length) { return (struct iovec){(void *)(uintptr_t)bytes, length}; }

/* As mm_fill(), without a fault: 0, or an errno as of mm_read_memory(). */
static int fill_by_kernel(struct mm_places places, const struct mm_message *message)
{
    const struct iovec there[] = {piece(message->to, message->to_length), piece(message->from, message->from_length),
                                  piece(message->payload, message->payload_length)};
    const struct iovec here[] = {piece(places.to, message->to_length), piece(places.from, message->from_length),
                                 piece(places.payload, message->payload_length)};
    return mm_read_memory(here, there, 3);
}

static int64_t send_large(const struct mm_message *message, const struct mm_cause *cause)
{
    static int denied;
    if (__atomic_load_n(&denied, __ATOMIC_RELAXED))
        return send_by_heap(message, cause);
    uint64_t position;
    struct mm_hold hold;
    int failed = 0;
    mm_hold(&hold);
    struct mm_record *record = reserve_send(mm_sent_entry_bytes(message, cause), &position);
    if (record != NULL) {
        failed = fill_by_kernel(mm_write_sent((uint8_t *)(record + 1), message, cause), message);
        if (failed)
            make_void(record);
        mm_commit(record, position);
    }
    mm_release(&hold);
    if (record == NULL)
        return -1;
    if (failed && failed != EFAULT)
        __atomic_store_n(&denied, 1, __ATOMIC_RELAXED);
    return failed ? send_by_heap(message, cause) : 0;
}

MM_EXPORT int64_t mesibo_message(void *module, void *params, const char *message, uint64_t length)
{
    (void)module;
    if (params == NULL) {
        mm_complain("send_message refused: params is NULL");
        return -1;
    }
    if (length > mm_max_message) {
        mm_complain("send_message refused: %lu bytes are more than max_message (%u)", (unsigned long)length, mm_max_message);
        return -1;
    }
    if (message == NULL && length > 0) {
        mm_complain("send_message refused: message is NULL, but its length is %lu", (unsigned long)length);
        return -1;
    }
    struct mm_message sent = {.payload = message, .payload_length = (uint32_t)length};
    mm_read_params(params, &sent);
    if (sent.to == NULL && sent.scalars[GROUPID] == 0) {
        mm_complain("send_message refused: neither to nor groupid is set");
        return -1;
    }
    if (mm_measure(&sent) != 0) {
        mm_complain("send_message refused: an address is longer than %u bytes", MM_ADDRESS_MAX);
        return -1;
    }
    struct mm_cause cause;
    mm_find_cause(&cause);
    return mm_sent_entry_bytes(&sent, &cause) <= SMALL ? send_small(&sent, &cause) : send_large(&sent, &cause);
}

/* ---- configuration ---- */

struct setting {
    char *name, *value;
};
struct config {
    int64_t count;
    struct setting settings[];
};
static struct config *config;

/* `packed`: count pairs of NUL-terminated strings, key and value. Kept for the life of the process. */
MM_EXPORT int32_t mm_set_config(const uint8_t *packed, uint32_t length, uint32_t count)
{
    if (count == 0)
        return 0;
    char *text = malloc(length + 1u);
    config = calloc(1, sizeof *config + count * sizeof(struct setting));
    if (text == NULL || config == NULL)
        return -1;
    memcpy(text, packed, length);
    text[length] = 0;
    config->count = count;
    for (uint32_t i = 0; i < count; i++) {
        config->settings[i].name = text;
        config->settings[i].value = text + strlen(text) + 1;
        text = config->settings[i].value + strlen(config->settings[i].value) + 1;
    }
    return 0;
}

void *mm_config_block(void) { return config != NULL && config->count > 0 ? config : NULL; }

MM_EXPORT char *mesibo_util_getconfig(void *module, const char *name)
{
    (void)module;
    for (int64_t i = 0; name != NULL && config != NULL && i < config->count; i++)
        if (strcmp(config->settings[i].name, name) == 0)
            return config->settings[i].value;
    return NULL;
}

/* ---- helpers ---- */

MM_EXPORT int64_t mesibo_util_usec(void) { return (int64_t)(mm_now() / 1000u); }

struct thread_start {
    void *(*run)(void *);
    void *data;
    struct mm_cause cause;
    char name[16]; /* what the system takes of it; empty: none */
};

/* The thread sets its own name, because a detached thread may have ended at any time. */
static void *run_thread(void *given)
{
    struct thread_start start = *(struct thread_start *)given;
    free(given);
    if (start.name[0] != 0)
        prctl(PR_SET_NAME, start.name);
    mm_set_thread_cause(&start.cause);
    mm_give_alt_stack(0);
    return start.run(start.data);
}

MM_EXPORT void mesibo_util_create_thread(void *(*run)(void *), void *data, size_t stack_size, const char *name)
{
    if (run == NULL) {
        mm_complain("mesibo_util_create_thread failed: its function is NULL");
        return;
    }
    struct thread_start *start = calloc(1, sizeof *start);
    if (start == NULL) {
        mm_complain("mesibo_util_create_thread failed: no memory");
        return;
    }
    start->run = run;
    start->data = data;
    mm_find_cause(&start->cause);
    if (name != NULL)
        strncpy(start->name, name, sizeof start->name - 1);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack_size > 0)
        pthread_attr_setstacksize(&attributes, stack_size);
    int failed = pthread_create(&thread, &attributes, run_thread, start);
    pthread_attr_destroy(&attributes);
    if (failed) {
        free(start);
        mm_complain("mesibo_util_create_thread failed: %s", strerror(failed));
    }
}

/* ---- services that modules may import, and that this version answers with a refusal ---- */

static int64_t refuse(int *said, const char *function)
{
    if (!__atomic_exchange_n(said, 1, __ATOMIC_RELAXED))
        mm_complain("%s is not offered by this version: it returned failure (said once)", function);
    return -1;
}
#define REFUSE()                                                                                                       \
    static int said;                                                                                                   \
    return refuse(&said, __func__)

MM_EXPORT int64_t mesibo_util_fcgi(void *request, const char *host, int64_t port, int64_t keepalive, void *callback, void *data)
{
    (void)request, (void)host, (void)port, (void)keepalive, (void)callback, (void)data;
    REFUSE();
}

MM_EXPORT int64_t mesibo_util_socket_connect(void *socket, void *data)
{
    (void)socket, (void)data;
    REFUSE();
}

MM_EXPORT int64_t mesibo_util_socket_write(int64_t socket, const char *bytes, int64_t length)
{
    (void)socket, (void)bytes, (void)length;
    REFUSE();
}

MM_EXPORT void mesibo_util_socket_close(int64_t socket)
{
    static int said;
    (void)socket;
    refuse(&said, __func__);
}
