/* Events on their way to the core, and what the modules made of them on its way back. */
#include "bridge.h"

#include "fit.h"

#include <string.h>

/* ---- whether the core is asked ---- */

static void tell_skipped(struct bridge *bridge, const char *now_or_again)
{
    struct counters *counters = &bridge->counters;
    const uint64_t number = atomic_exchange(&counters->untold, 0);
    if (number > 0)
        bridge_log(bridge, 0, "%llu %s passed without the modules: the core is away or late%s", (unsigned long long)number,
                   number == 1 ? "event has" : "events have", now_or_again);
}

enum breaker_answer may_ask(struct bridge *bridge)
{
    struct counters *counters = &bridge->counters;
    const uint64_t now = clock_now();
    const enum breaker_answer answer = breaker_ask(&bridge->breaker, now);
    if (answer != BREAKER_NO)
        return answer;
    atomic_fetch_add(&counters->skipped, 1);
    atomic_fetch_add(&counters->untold, 1);
    if (is_due(&counters->tell_at, now)) {
        tell_skipped(bridge, "");
        atomic_store(&counters->is_missing_told, 1);
    }
    return BREAKER_NO;
}

/* The core has refused the connection of this thread, because it has no place for one more. It refuses at once, and goes on
 * deciding for threads that have a connection. */
static _Thread_local int is_turned_away;

/* Reasons that say nothing about the core. */
static int is_own_trouble(enum mmc_reason reason)
{
    return reason == MMC_TOO_LARGE || reason == MMC_NO_MEMORY || (reason == MMC_UNREACHABLE && is_turned_away);
}

static int is_missing(enum mmc_reason reason)
{
    return reason == MMC_UNREACHABLE || reason == MMC_LATE || reason == MMC_GARBLED;
}

/* Logs that the core is missing, at most once a second: a core may come and go. Its return is logged only after such a line. */
static void tell_missing(struct bridge *bridge, enum mmc_reason reason)
{
    struct counters *counters = &bridge->counters;
    if (!is_due(&counters->tell_missing_at, clock_now()))
        return;
    atomic_store(&counters->is_missing_told, 1);
    bridge_log(bridge, 0, "the core is away or late (%s): events pass without the modules until it decides again",
               mmc_reason_name(reason));
}

static void tell_return(struct bridge *bridge)
{
    if (!atomic_exchange(&bridge->counters.is_missing_told, 0))
        return;
    tell_skipped(bridge, "; now it decides again");
    bridge_log(bridge, 0, "the core decides again");
}

void note_outcome(struct bridge *bridge, enum breaker_answer asked, const struct mmc_outcome *outcome)
{
    if (is_own_trouble(outcome->reason))
        return;
    is_turned_away = outcome->reason == MMC_REFUSED && outcome->event_id == 0;
    if (is_missing(outcome->reason)) {
        if (breaker_failed(&bridge->breaker, asked, clock_now()))
            tell_missing(bridge, outcome->reason);
    } else if (breaker_succeeded(&bridge->breaker))
        tell_return(bridge);
}

/* ---- messages ---- */

static void put_back(struct bridge *bridge, char *message, size_t length, const struct mmc_outcome *outcome)
{
    const size_t kept = fit(message, length, outcome->payload, outcome->length);
    if (outcome->length == length)
        return;
    atomic_fetch_add(&bridge->counters.misfits, 1);
    if (is_due(&bridge->counters.tell_misfit_at, clock_now()))
        bridge_log(bridge, 0,
                   "modules made %zu bytes of a message of %zu, and this server keeps the length: %s (%llu such messages so far)",
                   outcome->length, length, kept < outcome->length ? "it was cut" : "it was filled up with NULs",
                   (unsigned long long)atomic_load(&bridge->counters.misfits));
}

static int ask_now(struct bridge *bridge, struct mmc_params *params, char *message, size_t length, int *changed)
{
    const enum breaker_answer asked = may_ask(bridge);
    if (asked == BREAKER_NO)
        return MMC_PASS;
    struct mmc_outcome outcome;
    mmc_message(bridge->client, params, message, length, &outcome);
    note_outcome(bridge, asked, &outcome);
    if (outcome.payload_changed)
        put_back(bridge, message, length, &outcome);
    /* A send may bring the next event of this thread. */
    const int may_deliver = keep_addresses(bridge, &outcome.params, params);
    if (outcome.params_changed) {
        *params = outcome.params;
        *changed = 1;
    }
    if (may_deliver)
        deliver_in_callback(bridge);
    return outcome.verdict == MMC_CONSUMED;
}

int bridge_message(void *mod, struct mmc_params *params, char *message, size_t length, int *changed)
{
    const struct call call = bridge_enter(mod);
    struct bridge *bridge = call.bridge;
    int verdict = MMC_PASS;
    /* A server may show a message to the module that sends it. The core would not. */
    if (bridge != NULL && !is_sending()) {
        deliver_in_callback(bridge);
        enum breaker_answer asked;
        if (!is_resending(bridge))
            verdict = ask_now(bridge, params, message, length, changed);
        else if ((asked = may_ask(bridge)) != BREAKER_NO)
            verdict = resend_later(bridge, asked, params, message, length) ? MMC_CONSUMED : MMC_PASS;
    }
    bridge_leave(&call);
    return verdict;
}

/* ---- other events ---- */

int bridge_status(void *mod, struct mmc_params *params, int *changed)
{
    const struct call call = bridge_enter(mod);
    struct bridge *bridge = call.bridge;
    struct mmc_outcome outcome = {.verdict = MMC_PASS};
    if (bridge != NULL && !report_status(bridge, params)) {
        deliver_in_callback(bridge);
        const enum breaker_answer asked = may_ask(bridge);
        if (asked != BREAKER_NO) {
            mmc_status(bridge->client, params, &outcome);
            note_outcome(bridge, asked, &outcome);
        }
        if (outcome.params_changed) {
            keep_addresses(bridge, &outcome.params, params);
            *params = outcome.params;
            *changed = 1;
        }
    }
    bridge_leave(&call);
    return outcome.verdict == MMC_CONSUMED;
}

typedef void (*ask_function)(mmc_client *client, const void *what, struct mmc_outcome *outcome);

/* An event without parameters. */
static int ask_simply(void *mod, ask_function ask, const void *what)
{
    const struct call call = bridge_enter(mod);
    struct mmc_outcome outcome = {.verdict = MMC_PASS};
    if (call.bridge != NULL) {
        deliver_in_callback(call.bridge);
        const enum breaker_answer asked = may_ask(call.bridge);
        if (asked != BREAKER_NO) {
            ask(call.bridge->client, what, &outcome);
            note_outcome(call.bridge, asked, &outcome);
            deliver_in_callback(call.bridge);
        }
    }
    bridge_leave(&call);
    return outcome.verdict == MMC_CONSUMED;
}

struct login {
    const char *address;
    uint64_t online, flags;
};

static void ask_login(mmc_client *client, const void *what, struct mmc_outcome *outcome)
{
    const struct login *login = what;
    mmc_login(client, login->address, login->online, login->flags, outcome);
}

static void ask_call(mmc_client *client, const void *what, struct mmc_outcome *outcome)
{
    (void)what;
    mmc_call(client, outcome);
}

static void ask_call_status(mmc_client *client, const void *what, struct mmc_outcome *outcome)
{
    (void)what;
    mmc_call_status(client, outcome);
}

int bridge_login(void *mod, const char *address, uint64_t online, uint64_t flags)
{
    const struct login login = {address != NULL ? address : "", online, flags};
    return ask_simply(mod, ask_login, &login);
}

int bridge_call(void *mod) { return ask_simply(mod, ask_call, NULL); }

int bridge_call_status(void *mod) { return ask_simply(mod, ask_call_status, NULL); }
