/* The samples in the shim, under the sanitizers: 10,000 messages in all, and every kind of answer to their http requests. */
#include "calls.h"
#include "fake.h"
#include "harness.h"

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"

enum { MESSAGES = 2000 / EFFORT, /* for each sample */
        BATCH = 50, SLICE = 1000000, TEXT_MAX = 300 };

/* ---- a stand-in for the http worker ---- */

static int is_over;

/* Answers of a service: the expected one, with and without escapes; anything else; nothing; half of it. */
static const char *const answers[] = {
    "{\"data\":{\"list\":[{\"reply\":\"hi \\\"you\\\" \\ud83d\\ude00\",\"translatedText\":\"hallo\"}]}}",
    "{\"reply\":[1,2],\"translatedText\":{\"a\":null}}",
    "{\"error\":{\"code\":404}}",
    "<html>",
    "",
    "{\"reply\":\"hal",
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };

static void answer(uint64_t id, unsigned turn)
{
    static const uint8_t zeros[64 * KIB];
    const char *text = answers[turn % ANSWERS];
    const uint32_t length = (uint32_t)strlen(text), half = length / 2;
    if (turn % 11 == 0) {
        mm_http_end(id, -1, "nobody listens there");
        return;
    }
    mm_http_status(id, turn % 7 == 0 ? 500 : 200, "application/json");
    mm_http_data(id, 50, (const uint8_t *)text, half);
    mm_http_data(id, 99, (const uint8_t *)text + half, length - half);
    if (turn % 13 == 0) /* more than any answer to a message */
        while (mm_http_data(id, 99, zeros, sizeof zeros) == 1)
            continue;
    mm_http_end(id, turn % 5 == 0 ? -1 : 0, "it broke off");
}

static void *do_requests(void *unused)
{
    const int fd = mm_http_wake_fd();
    uint8_t *room = malloc(64 * KIB);
    for (unsigned turn = 0; !__atomic_load_n(&is_over, __ATOMIC_ACQUIRE);) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        char bytes[64];
        if (poll(&waiting, 1, 20) > 0 && read(fd, bytes, sizeof bytes) > 0)
            mm_http_clear_wake();
        while (mm_http_take(room, 64 * KIB) > 0) {
            uint32_t kind;
            uint64_t id;
            memcpy(&kind, room, 4);
            memcpy(&id, room + 8, 8);
            if (kind == MM_HTTP_REQUEST)
                answer(id, turn++);
        }
    }
    free(room);
    close(fd);
    return unused;
}

/* ---- the messages ---- */

static void put_message(struct bytes *calls, uint64_t seq, uint32_t *random)
{
    static const char *const addresses[] = {"alice", "bob", "bot", "", NULL};
    char text[TEXT_MAX];
    struct parts parts = {.event = MM_MESSAGE, .seq = seq, .payload = text};
    parts.scalars[ID] = seq;
    parts.scalars[FLAGS] = next_random(random) % 8 == 0 ? 1u << (next_random(random) % 4) : 0;
    parts.to = addresses[next_random(random) % 5];
    parts.from = addresses[next_random(random) % 5];
    parts.payload_length = next_random(random) % TEXT_MAX;
    for (uint32_t i = 0; i < parts.payload_length; i++)
        text[i] = (char)(next_random(random) % 4 == 0 ? ' ' : next_random(random));
    if (parts.payload_length > 8 && next_random(random) % 3 == 0)
        memcpy(text + 3, " heck ", 6);
    if (parts.payload_length > 0 && text[0] >= 'a' && text[0] <= 'z')
        text[0] = '.'; /* no word that crashy fails at */
    put_call(calls, &parts);
}

static void call_back(void)
{
    while (mm_http_pending()) {
        mm_http_run(SLICE);
        take();
    }
}

static void run_batch(const struct bytes *calls, uint32_t count)
{
    struct frame frame;
    open_frame(&frame, calls);
    while (count > 0) {
        count -= run_frame(&frame, MM_MESSAGES, SLICE);
        take();
    }
    close_frame(&frame);
}

static void run_sample(const struct fake_abi *abi, const char *name, const char *settings, uint32_t bytes, uint32_t count)
{
    char path[128], symbol[128];
    pthread_t worker;
    uint32_t random = 2020;
    box_open(4 * MIB, 64 * KIB);
    CHECK_EQ(mm_set_abi((const uint8_t *)abi->layout, FAKE_LAYOUT_BYTES), 0);
    CHECK_EQ(mm_set_config((const uint8_t *)settings, bytes, count), 0);
    snprintf(path, sizeof path, "../../modules/build/module_%s.so", name);
    snprintf(symbol, sizeof symbol, "mesibo_module_%s_init", name);
    void *library = dlopen(path, RTLD_NOW);
    CHECK_TEXT(library != NULL ? "" : dlerror(), "");
    mm_http_worker_comes();
    CHECK_EQ(pthread_create(&worker, NULL, do_requests, NULL), 0);
    CHECK_EQ(mm_init(dlsym(library, symbol), name), 0);
    mm_set_phase(MM_SERVING);
    for (uint64_t seq = 1; seq <= MESSAGES; seq += BATCH) {
        struct bytes calls = {0};
        for (uint64_t i = 0; i < BATCH; i++)
            put_message(&calls, seq + i, &random);
        run_batch(&calls, BATCH);
        release(&calls);
        call_back();
    }
    mm_http_close();
    call_back();
    mm_cleanup();
    __atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
    pthread_join(worker, NULL);
}

#define SAMPLE(abi, name, settings, count) run_sample(&abi, name, settings, sizeof settings, count)

static void filter(void) { SAMPLE(fake_2020, "filter", "blocked_words\0heck, darn", 1); }
static void autoreply(void) { SAMPLE(fake_2020, "autoreply", "reply\0Thank you.", 1); }
static void chatbot(void) { SAMPLE(fake_2020, "chatbot", "address\0bot\0url\0http://h/q\0token\0t", 3); }
static void translate(void) { SAMPLE(fake_2019, "translate", "url\0http://h/t\0target\0de\0key\0k", 3); }
static void crashy(void) { SAMPLE(fake_table, "crashy", "", 0); }
static void skeleton(void) { SAMPLE(fake_2020, "skeleton", "trace\0yes", 1); }

const struct test sample_tests[] = {
    ONCE("samples", filter), ONCE("samples", autoreply), ONCE("samples", chatbot),
    ONCE("samples", translate), ONCE("samples", crashy),    ONCE("samples", skeleton),
    END,
};
