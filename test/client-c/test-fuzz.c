/* Frames of a core, damaged at random: the client may give a default, but a sanitizer must find nothing. */
#define _GNU_SOURCE
#include "core.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef EFFORT
#define EFFORT 1
#endif

enum { ROUNDS = 4000 / EFFORT };
static struct seen seen;

/* Writes a sound frame of many fields into `out`; returns its length. */
static size_t sound_frame(uint8_t *out, uint64_t id, uint32_t *random)
{
    struct bytes *params = calloc(1, sizeof *params), *outcome = calloc(1, sizeof *outcome), *frame = calloc(1, sizeof *frame);
    for (unsigned field = 1; field <= 11; field++)
        if (next_random(random) % 2)
            add_fixed(params, field, next_random(random));
    add_text(params, 12, "bob");
    add_text(params, 13, "");
    add_fixed(outcome, 1, id);
    add_number(outcome, 2, next_random(random) % 2);
    add_text(outcome, 3, "filter");
    add_text(outcome, 4, "crash");
    add_bytes(outcome, 6, params->at, params->length);
    add_text(outcome, 7, "a payload");
    params->length = 0;
    add_text(params, 1, "CODE");
    add_text(params, 2, "a message");
    if (next_random(random) % 4 == 0)
        add_bytes(outcome, 9, params->at, params->length);
    add_bytes(frame, 1 + next_random(random) % 4, outcome->at, outcome->length);
    memcpy(out + 4, frame->at, frame->length);
    const size_t length = frame->length;
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(length >> (24 - 8 * i));
    free(params);
    free(outcome);
    free(frame);
    return length + 4;
}

static void damage_frames(struct core *core)
{
    uint32_t random = 12345;
    uint8_t frame[1024];
    for (int round = 0; round < ROUNDS;) {
        const int fd = core_accept(core);
        CHECK(core_see(fd, &seen));
        core_welcome(fd, 1024, 1000000, ALL_CALLBACKS);
        while (round < ROUNDS && core_see(fd, &seen)) {
            round++;
            const size_t length = sound_frame(frame, seen.id, &random);
            for (uint32_t damage = next_random(&random) % 4; damage > 0; damage--)
                frame[4 + next_random(&random) % (length - 4)] = (uint8_t)next_random(&random);
            core_write(fd, frame, length);
            core_pass(fd, seen.id); /* where the frame was no answer */
        }
        close(fd);
    }
}

static void damaged_frames_do_no_harm(void)
{
    struct core core;
    struct script script;
    core_open(&core, 64);
    script_start(&script, &core, damage_frames);
    const struct mmc_options options = {.path = core.path, .server = "test", .deadline_ms = PATIENCE_MS, .retry_max_ms = 1};
    mmc_client *client = mmc_open(&options);
    const struct mmc_params params = {.id = 1, .to = "bob"};
    size_t read = 0;
    int sent = 0;
    while (sent < ROUNDS) {
        struct mmc_outcome outcome;
        mmc_message(client, &params, "text", 4, &outcome);
        sent += outcome.event_id != 0;
        for (size_t i = 0; i < outcome.length; i++)
            read += ((const uint8_t *)outcome.payload)[i];
        read += outcome.params.to != NULL ? strlen(outcome.params.to) : 0;
        read += outcome.by != NULL ? strlen(outcome.by) : 0;
        read += strlen(mmc_last_error());
    }
    const struct mmc_counters counters = counters_of(client);
    CHECK(read > 0);
    CHECK(counters.garbled > 0 && counters.reasons[MMC_DECIDED] > 0 && counters.reasons[MMC_CRASH] > 0);
    CHECK_EQ(counters.reasons[MMC_LATE], 0);
    mmc_close(client);
    script_join(&script);
    core_remove(&core);
}

const struct test fuzz_tests[] = {
    TEST("fuzz", damaged_frames_do_no_harm),
    END,
};
