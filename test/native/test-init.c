/* What init finds, and what the module is asked once it is loaded. */
#include "fake.h"
#include "harness.h"

#include <string.h>

static void init_gets_its_arguments_in_order(void)
{
    box_open(256 * KIB, 1024);
    CHECK_EQ(mm_init(abi->init, "the name"), 0);
    CHECK_EQ(fake_init.calls, 1);
    CHECK_EQ(fake_init.version, abi == &fake_table ? 0 : 1);
    CHECK_EQ(fake_init.length, abi->module_size);
    CHECK(fake_init.module == mm_module);
}

static void init_finds_the_structure_filled(void)
{
    char name[] = "the name";
    box_open(256 * KIB, 1024);
    CHECK_EQ(mm_init(abi->init, name), 0);
    CHECK_EQ(fake_init.field_version, 1);
    CHECK_EQ(fake_init.signature, 0xAA55773388FF1100ul);
    memset(name, 'x', sizeof name - 1); /* the caller's, during the call only */
    CHECK_TEXT(fake_init.name, "the name");
    CHECK(fake_init.config == NULL);
    int table = abi == &fake_table;
    CHECK(fake_init.send_message == (table ? (void *)(uintptr_t)mesibo_message : NULL));
    CHECK(fake_init.http == (table ? (void *)(uintptr_t)mesibo_http : NULL));
    CHECK(fake_init.log == (table ? (void *)(uintptr_t)mesibo_log : NULL));
}

/* A module that was built for a larger structure reads zeros, not somebody else's memory. */
static void the_structure_is_zero_where_nothing_is_filled(void)
{
    box_open(256 * KIB, 1024);
    fake_callbacks = 0;
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    uint8_t module[4096];
    memcpy(module, mm_module, sizeof module);
    /* flags, ctx, custom_fns, invoke and what is reserved are among the rest. */
    const int32_t filled[] = {mm_abi.version, mm_abi.name, mm_abi.signature, mm_abi.send_message, mm_abi.http, mm_abi.log};
    for (unsigned i = 0; i < sizeof filled / sizeof filled[0]; i++)
        if (filled[i] >= 0)
            memset(module + filled[i], 0, 8);
    for (uint32_t i = 0; i < sizeof module; i++)
        CHECK_EQ(module[i], 0);
}

static void init_finds_the_configuration(void)
{
    static const char packed[] = "colour\0green\0empty\0\0colour\0second";
    box_open(256 * KIB, 1024);
    CHECK_EQ(mm_set_config((const uint8_t *)packed, sizeof packed, 3), 0);
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    if (abi == &fake_table) {
        CHECK(fake_init.config == NULL);
        return;
    }
    const struct {
        int64_t count;
        struct {
            const char *name, *value;
        } items[];
    } *config = fake_init.config;
    CHECK(config != NULL);
    CHECK_EQ(config->count, 3);
    CHECK_TEXT(config->items[0].name, "colour");
    CHECK_TEXT(config->items[0].value, "green");
    CHECK_TEXT(config->items[1].name, "empty");
    CHECK_TEXT(config->items[1].value, "");
    CHECK_TEXT(config->items[2].name, "colour");
    CHECK_TEXT(config->items[2].value, "second");
}

static void an_empty_configuration_is_none(void)
{
    box_open(256 * KIB, 1024);
    CHECK_EQ(mm_set_config((const uint8_t *)"", 0, 0), 0);
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    CHECK(fake_init.config == NULL);
}

static int64_t next_return;
static int64_t init_2(void *module, uint64_t length)
{
    CHECK(module != NULL && length == abi->module_size);
    return next_return;
}
static int64_t init_3(int64_t version, void *module, int64_t length)
{
    CHECK_EQ(version, 1);
    return init_2(module, (uint64_t)length);
}

static int32_t init_that_returns(int64_t value)
{
    next_return = value;
    void *init = abi == &fake_table ? (void *)(uintptr_t)init_2 : (void *)(uintptr_t)init_3;
    return mm_init(init, "fake");
}

static void only_the_low_32_bits_of_inits_result_count(void)
{
    static const struct {
        int64_t returned;
        int32_t read;
    } cases[] = {{0, 0},
                 {-1, -1},
                 {0x7700000000, 0},
                 {0xffffffff, -1},
                 {0x7700000001, 1},
                 {(int64_t)0xdeadbeef80000000, INT32_MIN}};
    static void *kept[sizeof cases / sizeof cases[0]], *names[sizeof cases / sizeof cases[0]];
    box_open(256 * KIB, 1024);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(init_that_returns(cases[i].returned), cases[i].read);
        /* The shim holds on to one structure per process; these stay reachable from here. */
        kept[i] = mm_module;
        memcpy(&names[i], (uint8_t *)mm_module + 16, sizeof names[i]);
    }
    CHECK(kept[0] != kept[1] && names[0] != names[1]);
}

static void callbacks_are_seen_one_by_one(void)
{
    start(256 * KIB, 1024, 0);
    CHECK_EQ(mm_callbacks(), 0);
    for (uint32_t bit = 1; bit <= FAKE_CLEANUP; bit <<= 1) {
        abi->set_callbacks(fake_init.module, bit);
        CHECK_EQ(mm_callbacks(), bit & abi->callbacks);
    }
    abi->set_callbacks(fake_init.module, UINT32_MAX);
    CHECK_EQ(mm_callbacks(), abi->callbacks);
}

static void the_description_is_cut_at_the_capacity(void)
{
    char out[16];
    start(256 * KIB, 1024, 0);
    CHECK_EQ(mm_description((uint8_t *)out, sizeof out), 0);
    if (abi->set_description == NULL)
        return;
    static const struct {
        const char *text;
        uint32_t length;
    } cases[] = {{"", 0}, {"short", 5}, {"exactly sixteen.", 16}, {"one more than 16!", 16}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(out, '?', sizeof out);
        abi->set_description(cases[i].text);
        CHECK_EQ(mm_description((uint8_t *)out, sizeof out), cases[i].length);
        CHECK_BYTES(out, cases[i].length, cases[i].text, cases[i].length);
        CHECK(cases[i].length == sizeof out || out[cases[i].length] == '?');
    }
    CHECK_EQ(mm_description((uint8_t *)out, 0), 0);
}

static int configs;
static struct fake_event config;
static int64_t remember_config(struct fake_event *event)
{
    configs++;
    config = *event;
    CHECK_EQ(fake_init.calls, 1);
    CHECK_EQ(mm_box->phase, MM_INIT);
    return -1; /* which means nothing */
}

static void start_with_config(int64_t returned)
{
    box_open(256 * KIB, 1024);
    fake_callbacks = FAKE_CONFIG;
    fake_on_event = remember_config;
    fake_init_returns = returned;
}

static void on_config_is_called_once_after_init(void)
{
    static const char packed[] = "colour\0green";
    start_with_config(0);
    CHECK_EQ(mm_set_config((const uint8_t *)packed, sizeof packed, 1), 0);
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    CHECK_EQ(configs, 1);
    CHECK_EQ(config.callback, FAKE_CONFIG);
    CHECK(config.module == mm_module);
    CHECK_EQ(config.type, 0);
    CHECK(config.value != NULL && config.value == fake_init.config);
}

static void on_config_without_settings_gets_null(void)
{
    config.value = &config;
    start_with_config(0);
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    CHECK_EQ(configs, 1);
    CHECK(config.value == NULL);
}

static void on_config_is_not_called_after_a_refusal(void)
{
    start_with_config(-1);
    CHECK_EQ(mm_init(abi->init, "fake"), -1);
    CHECK_EQ(configs, 0);
}

/* Where exports-2020 has on_config, exports-2019 has the signature. */
static void the_earlier_ones_have_no_on_config(void)
{
    start_with_config(0);
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    CHECK_EQ(configs, 0);
}

const struct test init_tests[] = {
    BOTH("init", init_gets_its_arguments_in_order),
    BOTH("init", init_finds_the_structure_filled),
    BOTH("init", the_structure_is_zero_where_nothing_is_filled),
    BOTH("init", init_finds_the_configuration),
    BOTH("init", an_empty_configuration_is_none),
    BOTH("init", only_the_low_32_bits_of_inits_result_count),
    BOTH("init", callbacks_are_seen_one_by_one),
    ONCE("init", on_config_is_called_once_after_init),
    ONCE("init", on_config_without_settings_gets_null),
    ONCE("init", on_config_is_not_called_after_a_refusal),
    {"init: the_earlier_ones_have_no_on_config (table)", the_earlier_ones_have_no_on_config, &fake_table},
    {"init: the_earlier_ones_have_no_on_config (exports-2019)", the_earlier_ones_have_no_on_config, &fake_2019},
    BOTH("init", the_description_is_cut_at_the_capacity),
    END,
};
