/* What the tests of queues share: a scripted core with a client and its queue, and events that are counted. */
#ifndef QUEUE_H
#define QUEUE_H

#include "core.h"

#include <stddef.h>

enum { EVENTS_MAX = 8192 };

/* The message of all tests; each event is named by a number, which comes back with its outcome. */
extern const struct mmc_params PARAMS;
void *context_of(int number);
int number_of(const struct mmc_outcome *outcome);

/* Submits a message from memory that is gone before anything is written. Returns what mmc_submit_message() does. */
int submit_text(mmc_queue *queue, int number, const char *text);
/* Submits "text NUMBER", which must be taken. */
void submit(mmc_queue *queue, int number);
void submit_all(mmc_queue *queue, int from, int to);
/* The number in such a text. */
int number_in(const char *text);

/* Collects at least one outcome, and checks that its event had none before. */
size_t collect_some(mmc_queue *queue, struct mmc_outcome *outcomes, size_t most);
/* Collects that many into `got`. The memory that they point to may be gone. */
extern struct mmc_outcome got[EVENTS_MAX];
void collect(mmc_queue *queue, size_t number);
/* How many of the first outcomes in `got` have that reason. */
int count_reason(size_t number, enum mmc_reason reason);
size_t events_of(mmc_queue *queue);

/* Keeps the two ends of a test in step. */
extern int step[2], other_step[2];
void tell_step(const int *pair);
void await_step(const int *pair);

struct stage {
    struct core core;
    struct script script;
    mmc_client *client;
    mmc_queue *queue;
};
/* A core with that script (NULL: none), a client, and a queue of the client. */
struct stage *set_up(void (*script)(struct core *core), uint32_t deadline_ms, size_t events, size_t bytes);
/* Closes the client, and waits for the script. */
void tear_down(struct stage *stage);

/* Scripts. */
void answer_all(struct core *core);
void answer_two_connections(struct core *core);

#endif
