/* Init, settings and cleanup. */
#define _GNU_SOURCE
#include "suites.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct serving serving;

static void without_settings_the_defaults_hold(void)
{
    CHECK_EQ(server->load(NULL), 0);
    CHECK_HAS(logged(), "the core is not there yet, so all callbacks are registered: no core listens at "
                        "/run/mesibo-modules/gateway.sock");
    CHECK_EQ(say("hello"), 0);
    server->unload();
    CHECK_HAS(logged(), "1 events went to the core, 1 got a default verdict");
}

static void an_empty_block_is_as_none(void)
{
    const char *settings[] = {NULL};
    CHECK_EQ(server->load(settings), 0);
    CHECK_EQ(say("hello"), 0);
    server->unload();
}

/* A server may give a block to each module, also to one without settings. */
static void an_empty_block_leaves_the_file_to_be_read(void)
{
    char path[] = "/tmp/bridge-XXXXXX";
    const char *settings[] = {NULL};
    const int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, "server = a b\n", 13), 13);
    close(fd);
    if (server->has_block) {
        setenv("MESIBO_BRIDGE_CONFIG", path, 1);
        CHECK(server->load(settings) != 0);
        CHECK_HAS(logged(), "bridge: /tmp/bridge-");
        CHECK_HAS(logged(), ":1: server = a b: expected 1 to 64 of A-Z");
    }
    unlink(path);
}

static void refused(const char *name, const char *value, const char *why)
{
    const char *settings[] = {name, value, NULL};
    CHECK(server->load(settings) != 0);
    CHECK_HAS(logged(), why);
}

static void settings_that_cannot_be_are_refused_with_a_reason(void)
{
    refused("sokcet", "/run/x", "sokcet is not a setting; there are socket, server, deadline");
    refused("socket", "run/x", "socket = run/x: expected an absolute path");
    refused("server", "a b", "server = a b: expected 1 to 64 of A-Z");
    refused("deadline", "50", "deadline = 50: expected a time from 1ms to 600s, such as 50ms");
    refused("deadline", "0ms", "deadline = 0ms: expected");
    refused("deadline", "-5ms", "deadline = -5ms: expected");
    refused("deadline", "99999999999999999999s", "expected a time");
    refused("deadline", "601s", "deadline = 601s: expected");
    refused("resend", "maybe", "resend = maybe: expected yes or no");
    refused("send_from_thread", "", "send_from_thread = : expected yes or no");
    refused("callbacks", "some", "callbacks = some: expected all or chain");
    refused("resend", "yes", "resend = yes needs send_from_thread = yes");
    char longest[500];
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = 0;
    refused("socket", longest, "expected an absolute path of at most 107 bytes");
    CHECK_HAS(logged(), "bridge: ");
    if (!server->has_block)
        CHECK_HAS(logged(), ":3: sokcet is not a setting");
}

static void registers_the_callbacks_that_the_chain_has(void)
{
    serving.callbacks = MMC_ON_MESSAGE | MMC_ON_CALL;
    serving_start(&serving, NULL);
    load_for(&serving, NULL, NULL, NULL, NULL);
    CHECK_EQ(server->callbacks(), MMC_ON_MESSAGE | MMC_ON_CALL);
    server->unload();
    await_heard(&serving, "hello of mesibo\n");
    load_for(&serving, "callbacks", "all", "server", "other");
    CHECK_EQ(server->callbacks(), server->has_block ? MMC_ALL_CALLBACKS : MMC_ALL_CALLBACKS & ~MMC_ON_LOGIN);
    server->unload();
    await_heard(&serving, "hello of other\n");
    serving_end(&serving);
}

static void a_chain_without_callbacks_registers_none(void)
{
    core_open(&serving.core, 4);
    struct script script;
    void meet(struct core *core);
    script_start(&script, &serving.core, meet);
    load_for(&serving, NULL, NULL, NULL, NULL);
    CHECK_EQ(server->callbacks(), 0);
    CHECK_HAS(logged(), "no module of the core has a callback, so none is registered");
    script_join(&script);
    server->unload();
    core_remove(&serving.core);
}

void meet(struct core *core)
{
    static struct seen seen;
    const int fd = core_accept(core);
    CHECK(core_see(fd, &seen));
    core_welcome(fd, 64, 64, 0);
}

/* It accepts, and says nothing. */
static void a_core_that_stands_does_not_hold_up_the_server(void)
{
    core_open(&serving.core, 4);
    const uint64_t began = now_ms();
    load_for(&serving, NULL, NULL, NULL, NULL);
    CHECK(now_ms() - began >= 900 && now_ms() - began < 1000 + PATIENCE_MS);
    CHECK_EQ(server->callbacks() & MMC_ON_MESSAGE, MMC_ON_MESSAGE);
    CHECK_HAS(logged(), "has not welcomed this server");
    server->unload();
    core_remove(&serving.core);
}

static void it_is_loaded_again_and_again(void)
{
    serving_start(&serving, NULL);
    for (int i = 0; i < 20; i++) {
        load_for(&serving, "send_from_thread", i % 2 ? "yes" : "no", "resend", i % 4 == 3 ? "yes" : "no");
        CHECK_EQ(say("hello"), i % 4 == 3);
        server->unload();
    }
    CHECK_EQ(atomic_load(&serving.events), 20);
    serving_end(&serving);
}

static void unload_leaves_no_descriptor(void)
{
    serving_start(&serving, NULL);
    const int before = open_descriptors();
    load_for(&serving, "send_from_thread", "yes", NULL, NULL);
    say("hello");
    await_sends(&serving, NULL);
    server->unload();
    /* The core in this process closes its ends when it notices. */
    const uint64_t end = now_ms() + PATIENCE_MS;
    while (open_descriptors() > before) {
        WAIT_ON(end);
        poll(NULL, 0, 1);
    }
    serving_end(&serving);
}

const struct test life_tests[] = {
    TEST("life", without_settings_the_defaults_hold),
    TEST("life", an_empty_block_is_as_none),
    TEST("life", an_empty_block_leaves_the_file_to_be_read),
    TEST("life", settings_that_cannot_be_are_refused_with_a_reason),
    TEST("life", registers_the_callbacks_that_the_chain_has),
    TEST("life", a_chain_without_callbacks_registers_none),
    TEST("life", a_core_that_stands_does_not_hold_up_the_server),
    TEST("life", it_is_loaded_again_and_again),
    TEST("life", unload_leaves_no_descriptor),
    END,
};
