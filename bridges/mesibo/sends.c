/* Messages that modules of the core send: sends them through the server, and hands their statuses back. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

enum { SENDS_AT_A_TIME = 64, FIRST_WAIT_MS = 10, LONGEST_WAIT_MS = 1000 };

static _Thread_local int sending; /* this thread is in the server's function, so deep */

int is_sending(void) { return sending > 0; }

int send_by_server(struct bridge *bridge, const struct mmc_params *params, const char *payload, size_t length)
{
    void *mod = atomic_load(&bridge->mod);
    sending++;
    const int result = mod != NULL ? bridge->server.send(mod, params, payload, length) : -1;
    sending--;
    return result;
}

/* ---- what went out ---- */

static uint64_t hash(const char *text)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);
    for (; *text != 0; text++)
        value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return value != 0 ? value : 1;
}

uint64_t hash_address(const char *address) { return address != NULL ? hash(address) : 0; }

/* Ids are often counted, so that the last bits spread them well enough. */
static struct sent *set_of(struct sends *sends, uint64_t id) { return sends->table[(id ^ id >> 32) % SENT_SETS]; }

static int is_recent(struct sends *sends, const char *sent_id)
{
    const uint64_t wanted = hash(sent_id);
    int found = 0;
    pthread_mutex_lock(&sends->lock);
    for (size_t i = 0; i < RECENT && !found; i++)
        found = sends->recent[i] == wanted;
    pthread_mutex_unlock(&sends->lock);
    return found;
}

/* Called before the message goes out: its status may come meanwhile. A status names the message by its id; without an id it is
 * not recognised. */
static void remember(struct sends *sends, const struct mmc_send *send)
{
    char *sent_id = send->params.id != 0 ? strdup(send->sent_id) : NULL;
    pthread_mutex_lock(&sends->lock);
    sends->recent[sends->next_recent++ % RECENT] = hash(send->sent_id);
    if (sent_id != NULL) {
        struct sent *set = set_of(sends, send->params.id), *oldest = set;
        for (struct sent *sent = set; sent < set + SENT_WAYS; sent++)
            if (sent->age < oldest->age)
                oldest = sent;
        free(oldest->sent_id);
        *oldest = (struct sent){.sent_id = sent_id,
                                .id = send->params.id,
                                .groupid = send->params.groupid,
                                .from = hash_address(send->params.from),
                                .to = hash_address(send->params.to),
                                .age = ++sends->age};
    }
    pthread_mutex_unlock(&sends->lock);
}

/* One that did not go out may come again. */
static void forget(struct sends *sends, const struct mmc_send *send)
{
    const uint64_t gone = hash(send->sent_id);
    pthread_mutex_lock(&sends->lock);
    for (size_t i = 0; i < RECENT; i++)
        if (sends->recent[i] == gone)
            sends->recent[i] = 0;
    for (struct sent *sent = set_of(sends, send->params.id), *end = sent + SENT_WAYS; sent < end; sent++)
        if (sent->sent_id != NULL && strcmp(sent->sent_id, send->sent_id) == 0) {
            free(sent->sent_id);
            *sent = (struct sent){0};
        }
    pthread_mutex_unlock(&sends->lock);
}

/* Whether the status is of that message. A server may name who reports the status and to whom, or who wrote the message and to
 * whom. In a group, any member may report it. */
static int is_of(const struct sent *sent, const struct mmc_params *params, uint64_t from, uint64_t to)
{
    if (sent->sent_id == NULL || sent->id != params->id || sent->groupid != params->groupid)
        return 0;
    if (sent->groupid != 0 && sent->from != 0 && (sent->from == from || sent->from == to))
        return 1;
    return (sent->from == from && sent->to == to) || (sent->from == to && sent->to == from);
}

/* The youngest one that the status is of; a copy, or NULL. */
static char *find_sent_id(struct sends *sends, const struct mmc_params *params)
{
    const uint64_t from = hash_address(params->from), to = hash_address(params->to);
    const struct sent *found = NULL;
    pthread_mutex_lock(&sends->lock);
    for (struct sent *sent = set_of(sends, params->id), *end = sent + SENT_WAYS; sent < end; sent++)
        if (is_of(sent, params, from, to) && (found == NULL || sent->age > found->age))
            found = sent;
    char *sent_id = found != NULL ? strdup(found->sent_id) : NULL;
    pthread_mutex_unlock(&sends->lock);
    return sent_id;
}

int report_status(struct bridge *bridge, const struct mmc_params *params)
{
    char *sent_id = params->id != 0 ? find_sent_id(&bridge->sends, params) : NULL;
    if (sent_id == NULL)
        return 0;
    if (may_ask(bridge) != BREAKER_NO)
        mmc_report(bridge->client, sent_id, (uint32_t)params->status, params);
    free(sent_id);
    return 1;
}

/* ---- going out ---- */

/* Returns 0 when the answer has not reached the core: going on is useless. */
static int deliver(struct bridge *bridge, const struct mmc_send *send)
{
    struct sends *sends = &bridge->sends;
    if (is_recent(sends, send->sent_id)) /* its answer was lost */
        return mmc_acknowledge(bridge->client, send->sent_id) == 0;
    remember(sends, send);
    if (send_by_server(bridge, &send->params, send->payload, send->length) == 0) {
        atomic_fetch_add(&bridge->counters.sent, 1);
        return mmc_acknowledge(bridge->client, send->sent_id) == 0;
    }
    forget(sends, send);
    atomic_fetch_add(&bridge->counters.unsent, 1);
    bridge_log(bridge, 0, "the server did not take a message that module %s sent", send->module);
    return mmc_refuse(bridge->client, send->sent_id) == 0;
}

static void wait_longer(struct sends *sends, uint64_t now)
{
    const unsigned waited = atomic_load(&sends->wait_ms), wait = waited == 0 ? FIRST_WAIT_MS : 2 * waited;
    atomic_store(&sends->wait_ms, wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS);
    atomic_store(&sends->next_at, now + atomic_load(&sends->wait_ms) * MS);
}

void deliver_sends(struct bridge *bridge)
{
    struct sends *sends = &bridge->sends;
    const uint64_t began = clock_now();
    int nobody = 0, result = 1;
    if (is_sending() || began < atomic_load(&sends->next_at) || atomic_load(&bridge->is_closing) ||
        !atomic_compare_exchange_strong(&sends->is_delivering, &nobody, 1))
        return;
    struct mmc_send send;
    /* A callback takes no longer than a deadline for it. */
    const uint64_t until = began + bridge->settings.deadline_ms * MS;
    for (int i = 0; i < SENDS_AT_A_TIME && result == 1 && clock_now() <= until && !atomic_load(&bridge->is_closing); i++) {
        result = mmc_next_send(bridge->client, &send, 0);
        if (result == 1 && !deliver(bridge, &send))
            result = -1;
    }
    if (result == -1)
        wait_longer(sends, clock_now());
    else
        atomic_store(&sends->wait_ms, 0);
    atomic_store(&sends->is_delivering, 0);
}

void deliver_in_callback(struct bridge *bridge)
{
    if (!has_worker(bridge))
        deliver_sends(bridge);
}

void begin_sends(struct bridge *bridge)
{
    memset(&bridge->sends, 0, sizeof bridge->sends);
    pthread_mutex_init(&bridge->sends.lock, NULL);
}

void end_sends(struct bridge *bridge)
{
    for (size_t set = 0; set < SENT_SETS; set++)
        for (size_t way = 0; way < SENT_WAYS; way++)
            free(bridge->sends.table[set][way].sent_id);
    begin_sends(bridge);
}
