/* What goes to the core and what comes back, when both behave well. */
#define _GNU_SOURCE
#include "core.h"
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct seen seen;

static const struct mmc_params EVERY_FIELD = {.aid = 1,
                                              .id = 0xfedcba9876543210,
                                              .refid = 3,
                                              .groupid = 4,
                                              .flags = 5,
                                              .type = 6,
                                              .expiry = 7,
                                              .uflags = 8,
                                              .status = 9,
                                              .sid = UINT64_MAX,
                                              .device = 11,
                                              .to = "bob",
                                              .from = ""};

static void check_every_field(const struct mmc_params *params)
{
    CHECK_EQ(params->aid, 1);
    CHECK_EQ(params->id, 0xfedcba9876543210);
    CHECK_EQ(params->refid, 3);
    CHECK_EQ(params->groupid, 4);
    CHECK_EQ(params->flags, 5);
    CHECK_EQ(params->type, 6);
    CHECK_EQ(params->expiry, 7);
    CHECK_EQ(params->uflags, 8);
    CHECK_EQ(params->status, 9);
    CHECK_EQ(params->sid, UINT64_MAX);
    CHECK_EQ(params->device, 11);
}

static void see_message(struct core *core)
{
    const int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 2);
    CHECK_EQ(seen.event, 3);
    check_every_field(&seen.params);
    CHECK_TEXT(seen.params.to, "bob");
    CHECK_TEXT(seen.params.from, "");
    CHECK_BYTES(seen.payload, seen.length, "hi\0there", 8);
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void a_message_arrives_whole_and_passes_as_it_was(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, see_message);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    struct mmc_outcome outcome;
    errno = 77;
    CHECK_EQ(mmc_message(client, &EVERY_FIELD, "hi\0there", 8, &outcome), MMC_PASS);
    CHECK_EQ(errno, 77);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    CHECK(!outcome.params_changed && !outcome.payload_changed);
    CHECK(outcome.event_id != 0);
    CHECK(outcome.params.to == EVERY_FIELD.to);
    CHECK_BYTES(outcome.payload, outcome.length, "hi\0there", 8);
    CHECK(outcome.by == NULL && outcome.default_reason == NULL);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void change_all(struct core *core)
{
    static struct bytes params, outcome;
    const int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    for (unsigned field = 1; field <= 11; field++)
        add_fixed(&params, field, field == 2 ? 0xfedcba9876543210 : field == 10 ? UINT64_MAX : field == 11 ? 11 : field);
    add_text(&params, 12, "carol");
    add_fixed(&outcome, 1, seen.id);
    add_number(&outcome, 2, 1);
    add_text(&outcome, 3, "filter");
    add_text(&outcome, 4, "hang");
    add_text(&outcome, 5, "slow");
    add_bytes(&outcome, 6, params.at, params.length);
    add_bytes(&outcome, 7, "n\0w", 3);
    add_text(&outcome, 8, "a trace that nobody asked for");
    add_number(&outcome, 99, 1); /* a field of a later version */
    /* Byte by byte. */
    struct bytes *whole = calloc(1, sizeof *whole);
    whole->length = 4;
    add_bytes(whole, 2, outcome.at, outcome.length);
    whole->at[3] = (uint8_t)(whole->length - 4);
    CHECK(whole->length < 256);
    for (size_t i = 0; i < whole->length; i++) {
        core_write(fd, whole->at + i, 1);
        sched_yield();
    }
    free(whole);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void changes_come_back_even_byte_by_byte(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, change_all);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    const struct mmc_params params = {.id = 1, .to = "bob", .from = "alice"};
    struct mmc_outcome outcome;
    CHECK_EQ(mmc_message(client, &params, "old", 3, &outcome), MMC_CONSUMED);
    CHECK(outcome.params_changed && outcome.payload_changed);
    check_every_field(&outcome.params);
    CHECK_TEXT(outcome.params.to, "carol");
    CHECK(outcome.params.from == NULL);
    CHECK_BYTES(outcome.payload, outcome.length + 1, "n\0w", 4);
    CHECK_TEXT(outcome.by, "filter");
    CHECK_EQ(outcome.reason, MMC_HANG);
    CHECK_TEXT(outcome.default_reason, "hang");
    CHECK_TEXT(outcome.default_by, "slow");

    /* Into a buffer of the caller. */
    char buffer[64];
    const char *before = outcome.by;
    const size_t needed = mmc_keep(&outcome, buffer, 1);
    CHECK_EQ(needed, sizeof "n?w" + sizeof "carol" + sizeof "filter" + sizeof "hang" + sizeof "slow");
    CHECK(outcome.by == before);
    CHECK_EQ(mmc_keep(&outcome, buffer, needed), needed);
    mmc_close(client);
    CHECK((const char *)outcome.payload >= buffer && (const char *)outcome.payload < buffer + needed);
    CHECK_BYTES(outcome.payload, outcome.length + 1, "n\0w", 4);
    CHECK_TEXT(outcome.params.to, "carol");
    CHECK_TEXT(outcome.by, "filter");
    CHECK_TEXT(outcome.default_reason, "hang");
    CHECK_TEXT(outcome.default_by, "slow");
    script_join(&script);
    core_remove(&core);
}

static void see_each_kind(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.kind, 1);
    CHECK_TEXT(seen.server, "test");
    CHECK(seen.instance != NULL && strlen(seen.instance) > 4 && strlen(seen.instance) <= 64);
    CHECK_EQ(seen.takes_sends, 0);
    core_welcome(fd, 64 * 1024, 256, ALL_CALLBACKS);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.event, 4);
    check_every_field(&seen.params);
    core_pass(fd, seen.id);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.event, 5);
    CHECK_TEXT(seen.address, "alice");
    CHECK_EQ(seen.online, 1);
    CHECK_EQ(seen.flags, 1ull << 40);
    core_consume(fd, seen.id, "gate");
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.event, 6);
    core_pass(fd, seen.id);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.event, 7);
    core_pass(fd, seen.id);
    close(fd);
}

static void each_kind_of_event_travels(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, see_each_kind);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    struct mmc_outcome outcome;
    CHECK_EQ(mmc_status(client, &EVERY_FIELD, NULL), MMC_PASS);
    CHECK_EQ(mmc_login(client, "alice", 1, 1ull << 40, &outcome), MMC_CONSUMED);
    CHECK_TEXT(outcome.by, "gate");
    CHECK_EQ(mmc_call(client, NULL), MMC_PASS);
    CHECK_EQ(mmc_call_status(client, NULL), MMC_PASS);
    CHECK_EQ(counters_of(client).events, 4);
    CHECK_EQ(counters_of(client).reasons[MMC_DECIDED], 4);
    CHECK_EQ(counters_of(client).consumed, 1);
    CHECK_EQ(counters_of(client).connects, 1);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void want_other_callbacks(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 64 * 1024, 256, 1 << 2);
    CHECK(core_see(fd, &seen)); /* the login: the message before it was not sent */
    CHECK_EQ(seen.event, 5);
    core_pass(fd, seen.id);
    core_welcome(fd, 64 * 1024, 256, 1 << 0);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.event, 3);
    core_consume(fd, seen.id, "filter");
    CHECK(core_is_closed(fd));
    close(fd);
}

static void what_no_module_wants_is_not_sent_until_that_changes(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, want_other_callbacks);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    const struct mmc_params params = {.id = 1};
    struct mmc_outcome outcome;
    CHECK_EQ(mmc_message(client, &params, "a", 1, &outcome), MMC_PASS);
    CHECK_EQ(outcome.reason, MMC_UNWANTED);
    CHECK_EQ(outcome.event_id, 0);
    CHECK_EQ(mmc_login(client, "alice", 1, 0, &outcome), MMC_PASS);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    /* The next welcome is read in passing, as soon as it is there. */
    const uint64_t end = now_ms() + PATIENCE_MS;
    do {
        WAIT_ON(end);
        mmc_message(client, &params, "b", 1, &outcome);
    } while (outcome.reason == MMC_UNWANTED);
    CHECK_EQ(outcome.verdict, MMC_CONSUMED);
    CHECK(counters_of(client).reasons[MMC_UNWANTED] >= 1);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void welcome_small_messages(struct core *core)
{
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 5, 256, ALL_CALLBACKS);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.length, 5);
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void what_is_too_large_is_not_sent(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, welcome_small_messages);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    static char address[64 * 1024 + 2];
    memset(address, 'a', sizeof address - 1);
    struct mmc_params params = {.id = 1};
    struct mmc_outcome outcome;
    CHECK_EQ(mmc_message(client, &params, "123456", 6, &outcome), MMC_PASS);
    CHECK_EQ(outcome.reason, MMC_TOO_LARGE);
    CHECK_HAS(mmc_last_error(), "6 bytes, more than max_message of the core (5)");
    params.to = address;
    mmc_message(client, &params, "12345", 5, &outcome);
    CHECK_EQ(outcome.reason, MMC_TOO_LARGE);
    CHECK_HAS(mmc_last_error(), "an address has more than");
    mmc_login(client, address, 1, 0, &outcome);
    CHECK_EQ(outcome.reason, MMC_TOO_LARGE);
    params.to = NULL;
    mmc_message(client, &params, "12345", 5, &outcome);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void refuse_one(struct core *core)
{
    static struct bytes outcome, failure;
    const int fd = core_meet(core);
    CHECK(core_see(fd, &seen));
    add_text(&failure, 1, "CORE_STOPPING");
    add_text(&failure, 2, "the core is stopping");
    add_fixed(&outcome, 1, seen.id);
    add_bytes(&outcome, 9, failure.at, failure.length);
    core_frame(fd, 2, &outcome);
    CHECK(core_see(fd, &seen));
    failure.length = 0;
    add_text(&failure, 1, "EVENT_ID_TAKEN");
    add_text(&failure, 2, "twice");
    add_fixed(&failure, 4, seen.id);
    core_frame(fd, 4, &failure);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void a_refused_event_has_the_default_and_the_connection_stays(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, refuse_one);
    const struct mmc_options options = {
        .path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .on_default = MMC_CONSUMED};
    mmc_client *client = mmc_open(&options);
    const struct mmc_params params = {.id = 1};
    struct mmc_outcome outcome;
    CHECK_EQ(mmc_message(client, &params, "a", 1, &outcome), MMC_CONSUMED);
    CHECK_EQ(outcome.reason, MMC_REFUSED);
    CHECK_HAS(mmc_last_error(), "the core is stopping (CORE_STOPPING)");
    CHECK_EQ(mmc_message(client, &params, "b", 1, &outcome), MMC_CONSUMED);
    CHECK_EQ(outcome.reason, MMC_REFUSED);
    CHECK_HAS(mmc_last_error(), "twice (EVENT_ID_TAKEN)");
    CHECK_EQ(mmc_message(client, &params, "c", 1, &outcome), MMC_PASS);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    CHECK_EQ(counters_of(client).connects, 1);
    CHECK_EQ(counters_of(client).reasons[MMC_REFUSED], 2);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void echo_large(struct core *core)
{
    static char large[1024 * 1024];
    static uint8_t head[64];
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, sizeof large, 256, ALL_CALLBACKS);
    CHECK(core_see(fd, &seen));
    CHECK_EQ(seen.length, sizeof large);
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(seen.payload[i] + 1);
    static struct bytes start;
    start.length = 0;
    add_fixed(&start, 1, seen.id);
    add_varint(&start, 7 << 3 | 2);
    add_varint(&start, sizeof large);
    static struct bytes frame;
    add_varint(&frame, 2 << 3 | 2);
    add_varint(&frame, start.length + sizeof large);
    const size_t length = frame.length + start.length + sizeof large;
    for (int i = 0; i < 4; i++)
        head[i] = (uint8_t)(length >> (24 - 8 * i));
    core_write(fd, head, 4);
    core_write(fd, frame.at, frame.length);
    core_write(fd, start.at, start.length);
    core_write(fd, large, sizeof large);
    CHECK(core_see(fd, &seen));
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void a_message_of_a_megabyte_goes_both_ways(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, echo_large);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    static char large[1024 * 1024];
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(i * 7);
    const struct mmc_params params = {.id = 1};
    struct mmc_outcome outcome;
    CHECK_EQ(mmc_message(client, &params, large, sizeof large, &outcome), MMC_PASS);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    CHECK_EQ(outcome.length, sizeof large);
    for (size_t i = 0; i < sizeof large; i++)
        CHECK(((const char *)outcome.payload)[i] == (char)(i * 7 + 1));
    CHECK_EQ(((const char *)outcome.payload)[sizeof large], 0);
    mmc_message(client, &params, "small", 5, &outcome);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void options_that_cannot_be_used_are_refused(void)
{
    struct mmc_options options = {.server = "test"};
    CHECK(mmc_open(&options) == NULL);
    CHECK_HAS(mmc_last_error(), "options.path is missing");
    static char long_path[200];
    memset(long_path, 'a', sizeof long_path - 1);
    options.path = long_path;
    CHECK(mmc_open(&options) == NULL);
    CHECK_HAS(mmc_last_error(), "options.path has 199 bytes; the system allows 107");
    options.path = "/tmp/x";
    const char *const names[] = {NULL, "", "a b", long_path};
    for (int i = 0; i < 4; i++) {
        options.server = names[i];
        CHECK(mmc_open(&options) == NULL);
        CHECK_HAS(mmc_last_error(), "options.server is not the name of a server");
    }
    CHECK(mmc_open(NULL) == NULL);
    mmc_close(NULL);
    CHECK_TEXT(mmc_reason_name(MMC_LATE), "late");
    CHECK_TEXT(mmc_reason_name(MMC_OTHER), "other");
    CHECK_TEXT(mmc_reason_name((enum mmc_reason)99), "unknown");
}

enum { LARGE = 200 * 1024 };

static void change_to_large(struct core *core)
{
    static struct bytes params, outcome;
    static char payload[LARGE];
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, LARGE, 256, ALL_CALLBACKS);
    CHECK(core_see(fd, &seen));
    memset(payload, 'x', sizeof payload);
    add_text(&params, 12, "carol");
    add_fixed(&outcome, 1, seen.id);
    add_bytes(&outcome, 6, params.at, params.length);
    add_bytes(&outcome, 7, payload, sizeof payload);
    core_frame(fd, 2, &outcome);
    /* There is more to read before each of the next ones. */
    for (int i = 0; i < 2; i++) {
        core_welcome(fd, LARGE, 256, ALL_CALLBACKS);
        core_pass(fd, 12345);
        CHECK(core_see(fd, &seen));
        CHECK_EQ(seen.kind, i == 0 ? 4 : 2); /* a report, then an event */
        CHECK_TEXT(seen.params.to, "carol");
    }
    CHECK_BYTES(seen.payload, seen.length, payload, sizeof payload);
    core_pass(fd, seen.id);
    CHECK(core_is_closed(fd));
    close(fd);
}

static void an_outcome_may_be_given_to_the_next_event(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, change_to_large);
    mmc_client *client = client_of(&core, PATIENCE_MS);
    const struct mmc_params params = {.id = 1, .to = "bob"};
    struct mmc_outcome outcome;
    CHECK_EQ(mmc_message(client, &params, "old", 3, &outcome), MMC_PASS);
    CHECK(outcome.params_changed && outcome.payload_changed);
    CHECK_EQ(mmc_report(client, "echo/1", 3, &outcome.params), 0);
    CHECK_EQ(mmc_message(client, &outcome.params, outcome.payload, outcome.length, &outcome), MMC_PASS);
    CHECK_EQ(outcome.reason, MMC_DECIDED);
    CHECK_TEXT(outcome.params.to, "carol"); /* as it was given */
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

static void pass_two_connections(struct core *core)
{
    for (int i = 0; i < 2; i++) {
        const int fd = core_meet(core);
        CHECK(core_see(fd, &seen));
        core_pass(fd, seen.id);
        CHECK(core_is_closed(fd));
        close(fd);
    }
}

static void ids_of_two_clients_are_far_apart(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, pass_two_connections);
    mmc_client *clients[] = {client_of(&core, PATIENCE_MS), client_of(&core, PATIENCE_MS)};
    uint64_t ids[2];
    for (int i = 0; i < 2; i++) {
        struct mmc_outcome outcome;
        mmc_message(clients[i], &EVERY_FIELD, "text", 4, &outcome);
        CHECK_EQ(outcome.reason, MMC_DECIDED);
        ids[i] = outcome.event_id;
        mmc_close(clients[i]);
    }
    CHECK((ids[0] > ids[1] ? ids[0] - ids[1] : ids[1] - ids[0]) > UINT32_MAX);
    script_join(&script);
    core_remove(&core);
}

const struct test event_tests[] = {
    TEST("events", an_outcome_may_be_given_to_the_next_event),
    TEST("events", ids_of_two_clients_are_far_apart),
    TEST("events", a_message_arrives_whole_and_passes_as_it_was),
    TEST("events", changes_come_back_even_byte_by_byte),
    TEST("events", each_kind_of_event_travels),
    TEST("events", what_no_module_wants_is_not_sent_until_that_changes),
    TEST("events", what_is_too_large_is_not_sent),
    TEST("events", a_refused_event_has_the_default_and_the_connection_stays),
    TEST("events", a_message_of_a_megabyte_goes_both_ways),
    TEST("events", options_that_cannot_be_used_are_refused),
    END,
};
