#define _GNU_SOURCE
#include "queue.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct mmc_params PARAMS = {.id = 1, .to = "bob", .from = "alice"};
struct mmc_outcome got[EVENTS_MAX];
static int outcomes_of[EVENTS_MAX];

void *context_of(int number)
{
    CHECK(number >= 0 && number < EVENTS_MAX);
    return &outcomes_of[number];
}

int number_of(const struct mmc_outcome *outcome)
{
    const ptrdiff_t number = (int *)outcome->context - outcomes_of;
    CHECK(number >= 0 && number < EVENTS_MAX);
    return (int)number;
}

int submit_text(mmc_queue *queue, int number, const char *text)
{
    char *copy = strdup(text), *to = strdup("bob");
    const struct mmc_params params = {.id = (uint64_t)number, .to = to, .from = "alice"};
    const int result = mmc_submit_message(queue, &params, copy, strlen(copy), context_of(number));
    free(copy);
    free(to);
    return result;
}

void submit(mmc_queue *queue, int number)
{
    char text[32];
    snprintf(text, sizeof text, "text %d", number);
    CHECK_EQ(submit_text(queue, number, text), 0);
}

void submit_all(mmc_queue *queue, int from, int to)
{
    for (int number = from; number < to; number++)
        submit(queue, number);
}

int number_in(const char *text)
{
    int number = -1;
    CHECK_EQ(sscanf(text, "text %d", &number), 1);
    return number;
}

size_t collect_some(mmc_queue *queue, struct mmc_outcome *outcomes, size_t most)
{
    const size_t number = mmc_collect(queue, outcomes, most, PATIENCE_MS);
    CHECK(number > 0 && number <= most);
    for (size_t i = 0; i < number; i++)
        CHECK_EQ(++outcomes_of[number_of(&outcomes[i])], 1);
    return number;
}

void collect(mmc_queue *queue, size_t number)
{
    for (size_t there = 0; there < number;)
        there += collect_some(queue, got + there, number - there);
}

int count_reason(size_t number, enum mmc_reason reason)
{
    int count = 0;
    for (size_t i = 0; i < number; i++)
        count += got[i].reason == reason;
    return count;
}

size_t events_of(mmc_queue *queue)
{
    struct mmc_poll wait;
    mmc_poll_queue(queue, &wait);
    return wait.events;
}

int step[2], other_step[2];

void tell_step(const int *pair) { CHECK_EQ(write(pair[1], "x", 1), 1); }

void await_step(const int *pair)
{
    char byte;
    CHECK_EQ(read(pair[0], &byte, 1), 1);
}

struct stage *set_up(void (*script)(struct core *core), uint32_t deadline_ms, size_t events, size_t bytes)
{
    static struct stage stage;
    CHECK_EQ(pipe(step), 0);
    CHECK_EQ(pipe(other_step), 0);
    core_open(&stage.core, 64);
    stage.client = client_of(&stage.core, deadline_ms);
    stage.queue = mmc_open_queue(stage.client, events, bytes);
    CHECK(stage.queue != NULL);
    if (script != NULL)
        script_start(&stage.script, &stage.core, script);
    return &stage;
}

void tear_down(struct stage *stage)
{
    mmc_close(stage->client);
    if (stage->script.run != NULL)
        script_join(&stage->script);
    core_remove(&stage->core);
}

static struct seen seen;

void answer_all(struct core *core)
{
    const int fd = core_meet(core);
    while (core_see(fd, &seen))
        core_pass(fd, seen.id);
    close(fd);
}

void answer_two_connections(struct core *core)
{
    answer_all(core);
    answer_all(core);
}
