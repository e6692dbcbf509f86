/* Consumes messages at once, and sends them after their verdict: for servers that must never wait. */
#include "bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message that was consumed, with all that it had. */
struct message {
    struct mmc_params params;
    enum breaker_answer asked;
    size_t length;
    char bytes[]; /* the payload and a NUL, and the addresses */
};

static char *put_text(char *at, const char **text)
{
    if (*text == NULL)
        return at;
    const size_t size = strlen(*text) + 1;
    memcpy(at, *text, size);
    *text = at;
    return at + size;
}

static size_t text_size(const char *text) { return text != NULL ? strlen(text) + 1 : 0; }

static struct message *copy(const struct mmc_params *params, const char *payload, size_t length)
{
    struct message *message = malloc(sizeof *message + length + 1 + text_size(params->to) + text_size(params->from));
    if (message == NULL)
        return NULL;
    message->params = *params;
    message->length = length;
    if (length > 0)
        memcpy(message->bytes, payload, length);
    message->bytes[length] = 0;
    put_text(put_text(message->bytes + length + 1, &message->params.to), &message->params.from);
    return message;
}

static void tell_overflow(struct bridge *bridge)
{
    struct counters *counters = &bridge->counters;
    const uint64_t number = atomic_fetch_add(&counters->overflows, 1) + 1;
    if (is_due(&counters->tell_overflow_at, clock_now()))
        bridge_log(bridge, 0, "too many messages wait for their verdict; %llu have passed without the modules so far",
                   (unsigned long long)number);
}

int is_resending(struct bridge *bridge)
{
    return bridge->settings.resend && !atomic_load_explicit(&bridge->resends.is_off, memory_order_relaxed) && has_worker(bridge);
}

/* A server that hands a module its own messages would do so for ever. It ends when the bridge waits for verdicts instead. A message
 * without an id cannot be told from others. */
static void look_for_loop(struct bridge *bridge, const struct mmc_params *params)
{
    struct resends *resends = &bridge->resends;
    const uint64_t prime = UINT64_C(0x100000001b3);
    const uint64_t hash = ((params->id * prime ^ params->groupid) * prime ^ hash_address(params->from)) * prime ^ hash_address(params->to);
    if (params->id == 0 || !loop_note(&resends->loop, hash, clock_now()) || atomic_exchange(&resends->is_off, 1))
        return;
    bridge_log(bridge, 0,
               "this server gives the bridge back what it sends: message %llu went out %d times within a second. From now on each "
               "message waits for its verdict, as with resend = no",
               (unsigned long long)params->id, LOOP_MESSAGES);
}

int resend_later(struct bridge *bridge, enum breaker_answer asked, const struct mmc_params *params, const char *payload,
                 size_t length)
{
    struct resends *resends = &bridge->resends;
    struct message *message = copy(params, payload, length);
    int is_taken = 0;
    if (message != NULL) {
        message->asked = asked;
        pthread_mutex_lock(&resends->lock);
        is_taken = mmc_submit_message(resends->queue, &message->params, message->bytes, length, message) == 0;
        pthread_mutex_unlock(&resends->lock);
    }
    if (is_taken)
        wake_worker(bridge);
    else {
        free(message);
        tell_overflow(bridge);
    }
    return is_taken;
}

static void conclude(struct bridge *bridge, const struct mmc_outcome *outcome)
{
    struct message *message = outcome->context;
    struct counters *counters = &bridge->counters;
    note_outcome(bridge, message->asked, outcome);
    if (outcome->verdict != MMC_CONSUMED) {
        const struct mmc_params *params = outcome->params_changed ? &outcome->params : &message->params;
        const char *payload = outcome->payload_changed ? outcome->payload : message->bytes;
        const size_t length = outcome->payload_changed ? outcome->length : message->length;
        look_for_loop(bridge, params);
        if (send_by_server(bridge, params, payload, length) == 0)
            atomic_fetch_add(&counters->resent, 1);
        else {
            const uint64_t number = atomic_fetch_add(&counters->lost_resends, 1) + 1;
            if (is_due(&counters->tell_lost_at, clock_now()))
                bridge_log(bridge, 0, "the server did not take %llu messages back so far: they are lost",
                           (unsigned long long)number);
        }
    }
    free(message);
}

enum { OUTCOMES = 64 };

static size_t collect(struct bridge *bridge, struct mmc_outcome *outcomes, uint32_t timeout_ms)
{
    struct resends *resends = &bridge->resends;
    pthread_mutex_lock(&resends->lock);
    const size_t number = mmc_collect(resends->queue, outcomes, OUTCOMES, timeout_ms);
    pthread_mutex_unlock(&resends->lock);
    /* Valid until the next mmc_collect(), and only one thread calls it. */
    for (size_t i = 0; i < number; i++)
        conclude(bridge, &outcomes[i]);
    return number;
}

void resend_decided(struct bridge *bridge)
{
    struct mmc_outcome outcomes[OUTCOMES];
    while (collect(bridge, outcomes, 0) == OUTCOMES)
        ;
}

struct mmc_poll resend_poll(struct bridge *bridge)
{
    struct mmc_poll wait;
    pthread_mutex_lock(&bridge->resends.lock);
    mmc_poll_queue(bridge->resends.queue, &wait);
    pthread_mutex_unlock(&bridge->resends.lock);
    return wait;
}

void resend_all(struct bridge *bridge)
{
    struct mmc_outcome outcomes[OUTCOMES];
    /* Each event has its outcome at its deadline at the latest. */
    while (resend_poll(bridge).events > 0)
        collect(bridge, outcomes, bridge->settings.deadline_ms);
}
