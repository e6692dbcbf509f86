/*
 * A chat server of one page. Each line of its input is a message, such as "alice bob what the heck". The modules look at it. The
 * server prints the message as they left it, and also the messages that modules send.
 *
 *     cc -std=c11 -pthread -o example example.c mesibo-modules.c
 *     ./example /run/mesibo-modules/gateway.sock
 */
#include "mesibo-modules.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_bool is_done;

static void log_line(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "%s\n", line);
}

static void deliver(const char *from, const char *to, const char *text, size_t length)
{
    printf("%s to %s: %.*s\n", from, to, (int)length, text);
    fflush(stdout);
}

/* Prints what modules send, until the server ends. A send comes again until it is acknowledged. */
static void *deliver_sends(void *value)
{
    mmc_client *client = value;
    struct mmc_send send;
    while (!is_done) {
        if (mmc_next_send(client, &send, 200) != 1)
            continue;
        deliver(send.params.from, send.params.to, send.payload, send.length);
        mmc_acknowledge(client, send.sent_id);
        mmc_report(client, send.sent_id, 2, NULL); /* delivered */
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct mmc_options options = {.path = argc > 1 ? argv[1] : NULL, .server = "example", .log = log_line};
    mmc_client *client = mmc_open(&options);
    if (client == NULL) {
        fprintf(stderr, "example: %s\n", mmc_last_error());
        return 2;
    }
    pthread_t sends;
    pthread_create(&sends, NULL, deliver_sends, client);

    char line[4096], from[64], to[64];
    int text = 0;
    for (uint64_t id = 1; fgets(line, sizeof line, stdin) != NULL; id++) {
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%63s %63s %n", from, to, &text) < 2)
            continue;
        const struct mmc_params params = {.id = id, .from = from, .to = to};
        struct mmc_outcome outcome;
        if (mmc_message(client, &params, line + text, strlen(line + text), &outcome) == MMC_CONSUMED)
            printf("consumed by %s\n", outcome.by != NULL ? outcome.by : "default");
        else
            deliver(outcome.params.from, outcome.params.to, outcome.payload, outcome.length);
        fflush(stdout);
    }

    is_done = 1;
    pthread_join(sends, NULL);
    mmc_close(client);
    return 0;
}
