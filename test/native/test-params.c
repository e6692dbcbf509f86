/* Which parts of its message a callback changes, and which of these the result has. */
#include "calls.h"
#include "fake.h"

#include <stdlib.h>
#include <string.h>

enum { RING = 512 * KIB, LARGEST = 4 * KIB };

/* A message in which nothing is zero, and the same message as the module's answer must have it. */
static struct parts before, after;
static int64_t (*change)(struct fake_event *event);
static char own[MM_ADDRESS_MAX + 2];

static int64_t apply(struct fake_event *event) { return change(event); }

static void begin(void)
{
    start(RING, LARGEST, FAKE_MESSAGE | FAKE_STATUS);
    fake_on_event = apply;
    before = (struct parts){
        .event = MM_MESSAGE, .seq = 42, .to = "bob", .from = "alice", .payload = "hello", .payload_length = 5};
    for (unsigned i = 0; i < MM_SCALARS; i++)
        before.scalars[i] = UINT64_C(0xf000000000000000) + i;
}

/* Runs `before` and expects `after` with this much of it changed; then the same call unchanged, which must stay so. */
static int64_t nothing(struct fake_event *event) { return event == NULL; }
static void becomes(int64_t (*made)(struct fake_event *event), uint32_t changed)
{
    change = made;
    run_call(&before);
    if (!(changed & MM_PAYLOAD_CHANGED)) {
        after.payload = NULL;
        after.payload_length = 0;
    }
    expect_result(42, 0, changed, &after);
    expect_end();
    change = nothing;
    run_call(&before);
    expect_result(42, 0, 0, NULL);
    expect_end();
}

static unsigned index_changed;
static int64_t change_one_scalar(struct fake_event *event)
{
    if (event->scalars[index_changed] != NULL)
        *event->scalars[index_changed] ^= UINT64_C(0x8000000000000001);
    return 0;
}

static void each_scalar(void)
{
    begin();
    for (index_changed = 0; index_changed < MM_SCALARS; index_changed++) {
        int has = abi == &fake_2020 || index_changed <= EXPIRY;
        after = before;
        after.scalars[index_changed] ^= UINT64_C(0x8000000000000001);
        becomes(change_one_scalar, has ? MM_PARAMS_CHANGED : 0);
    }
}

static uint64_t online;
static int64_t set_to_online(struct fake_event *event)
{
    *event->to_online = online;
    return 0;
}

/* Of uflags a module of this ABI sees one bit; the others pass it by. */
static void to_online_is_the_first_bit_of_uflags(void)
{
    begin();
    static const struct {
        uint64_t uflags, set, then;
    } cases[] = {{0xf6, 1, 0xf7}, {0xf6, 2, 0xf7}, {0xf7, 0, 0xf6},
                 {0xf6, 0, 0xf6}, {0xf7, 1, 0xf7}, {0xf7, UINT64_MAX, 0xf7}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        before.scalars[UFLAGS] = cases[i].uflags;
        after = before;
        after.scalars[UFLAGS] = cases[i].then;
        online = cases[i].set;
        becomes(set_to_online, cases[i].then != cases[i].uflags ? MM_PARAMS_CHANGED : 0);
    }
}

static int64_t shout(struct fake_event *event)
{
    for (uint64_t i = 0; i < event->length; i++)
        event->message[i] -= 'a' - 'A';
    return 0;
}
static int64_t put_a_nul(struct fake_event *event)
{
    event->message[1] = 0;
    return 0;
}
static int64_t change_and_change_back(struct fake_event *event)
{
    shout(event);
    memcpy(event->message, "hello", 5);
    return 0;
}
static int64_t write_over_the_nul(struct fake_event *event)
{
    event->message[event->length] = 'x';
    return 0;
}

static void bytes_in_place(void)
{
    begin();
    after = before;
    after.payload = "HELLO";
    becomes(shout, MM_PAYLOAD_CHANGED);
    after.payload = "h\0llo";
    after.payload_length = 5;
    becomes(put_a_nul, MM_PAYLOAD_CHANGED);
    becomes(change_and_change_back, 0);
    becomes(write_over_the_nul, 0);
    before.payload_length = 0;
    becomes(write_over_the_nul, 0);
}

static int64_t shout_and_expire(struct fake_event *event)
{
    *event->scalars[EXPIRY] = 3600;
    *event->to = NULL;
    return shout(event);
}

static void bytes_and_params_at_once(void)
{
    begin();
    after = before;
    after.payload = "HELLO";
    after.scalars[EXPIRY] = 3600;
    after.to = NULL;
    becomes(shout_and_expire, MM_PARAMS_CHANGED | MM_PAYLOAD_CHANGED);
}

static char *new_to, *new_from;
static int64_t repoint(struct fake_event *event)
{
    *event->to = new_to;
    *event->from = new_from;
    return 0;
}

static void repointed(char *to, char *from, uint32_t changed)
{
    new_to = to;
    new_from = from;
    after = before;
    after.to = to;
    after.from = from;
    becomes(repoint, changed);
}

static void addresses_repointed(void)
{
    begin();
    char other[] = "carol", same_to[] = "bob", same_from[] = "alice", empty[] = "";
    char longer[] = "bobby", shorter[] = "ali";
    repointed(other, same_from, MM_PARAMS_CHANGED);
    repointed(same_to, other, MM_PARAMS_CHANGED);
    repointed(same_to, same_from, 0);
    repointed(longer, shorter, MM_PARAMS_CHANGED);
    repointed(NULL, same_from, MM_PARAMS_CHANGED);
    repointed(same_to, NULL, MM_PARAMS_CHANGED);
    repointed(NULL, NULL, MM_PARAMS_CHANGED);
    repointed(empty, empty, MM_PARAMS_CHANGED);
    before.to = before.from = NULL;
    repointed(NULL, NULL, 0);
    repointed(empty, NULL, MM_PARAMS_CHANGED);
    repointed(other, same_from, MM_PARAMS_CHANGED);
    before.to = before.from = "";
    repointed(empty, empty, 0);
    repointed(NULL, empty, MM_PARAMS_CHANGED);
}

static int64_t swap_addresses(struct fake_event *event)
{
    char *to = *event->to;
    *event->to = *event->from;
    *event->from = to;
    return 0;
}
static int64_t repoint_aliases(struct fake_event *event)
{
    *event->to_alias = (uintptr_t)new_to;
    *event->from_alias = (uintptr_t)new_from;
    return 0;
}
static int64_t repoint_one_of_each(struct fake_event *event)
{
    *event->to = new_to;
    *event->from_alias = (uintptr_t)new_from;
    return 0;
}
static int64_t repoint_to_in_both_places(struct fake_event *event)
{
    *event->to = new_to;
    *event->to_alias = (uintptr_t)new_from;
    return 0;
}

/* A module of 2019 that runs as one of 2020 knows no other place. When both changed, the real field counts. */
static void addresses_repointed_where_2019_has_them(void)
{
    static char carol[] = "carol", dave[] = "dave";
    begin();
    new_to = carol;
    new_from = dave;
    after = before;
    after.to = carol;
    after.from = dave;
    becomes(repoint_aliases, MM_PARAMS_CHANGED);
    becomes(repoint_one_of_each, MM_PARAMS_CHANGED);
    after.from = before.from;
    becomes(repoint_to_in_both_places, MM_PARAMS_CHANGED);
    new_to = new_from = NULL;
    after.to = after.from = NULL;
    becomes(repoint_aliases, MM_PARAMS_CHANGED);
    before.to = before.from = NULL;
    new_to = carol;
    after.to = carol;
    becomes(repoint_aliases, MM_PARAMS_CHANGED);
}

static int64_t edit_addresses(struct fake_event *event)
{
    (*event->to)[0] = 'r';
    (*event->from)[2] = 0;
    return 0;
}
static int64_t address_in_the_message(struct fake_event *event)
{
    *event->to = event->message + 2;
    return 0;
}

static void addresses_in_place(void)
{
    begin();
    after = before;
    after.to = "alice";
    after.from = "bob";
    becomes(swap_addresses, MM_PARAMS_CHANGED);
    after.to = "rob";
    after.from = "al";
    becomes(edit_addresses, MM_PARAMS_CHANGED);
    after = before;
    after.to = "llo";
    becomes(address_in_the_message, MM_PARAMS_CHANGED);
}

static void an_address_of_64_kib(void)
{
    begin();
    memset(own, 'x', MM_ADDRESS_MAX);
    repointed(own, own, MM_PARAMS_CHANGED);
    before.to = before.from = own;
    char same[] = "alice";
    repointed(same, own, MM_PARAMS_CHANGED);
}

static int64_t too_long(struct fake_event *event)
{
    *event->scalars[TYPE] = 5;
    (*event->from)[0] = 'A';
    *event->to = own;
    return shout(event);
}

static void a_longer_one_keeps_both_and_says_so(void)
{
    begin();
    memset(own, 'x', MM_ADDRESS_MAX + 1);
    after = before;
    after.scalars[TYPE] = 5;
    after.payload = "HELLO";
    change = too_long;
    run_call(&before);
    uint32_t level = 99;
    CHECK_TEXT(next_line(&level), "an address was changed to one longer than 65536 bytes: both keep what they were");
    CHECK_EQ(level, 0);
    expect_result(42, 0, MM_PARAMS_CHANGED | MM_PAYLOAD_CHANGED, &after);
    expect_end();
}

static int64_t change_the_id(struct fake_event *event)
{
    *event->scalars[ID] = 1;
    return 0;
}

static void a_status_too(void)
{
    begin();
    before.event = MM_STATUS;
    before.payload_length = 0;
    after = before;
    after.scalars[ID] = 1;
    becomes(change_the_id, MM_PARAMS_CHANGED);
}

/* The largest result, with everything that the ring takes before it: the room for it was kept free. */
static int64_t fill_the_ring_and_change_everything(struct fake_event *event)
{
    while (mm_dropped_logs() == 0)
        mesibo_log(event->module, 0, "%.500s", own);
    while (abi->send(0, "b", "a", "m", 1) == 0)
        continue;
    *event->to = *event->from = own;
    event->message[event->length - 1] ^= 1;
    return 0;
}

static void the_largest_result_fits_behind_a_full_ring(void)
{
    static char payload[LARGEST], expected[LARGEST];
    begin();
    memset(own, 'x', MM_ADDRESS_MAX);
    fill_pattern(payload, sizeof payload, 1);
    memcpy(expected, payload, sizeof payload);
    expected[sizeof expected - 1] ^= 1;
    before.payload = payload;
    before.payload_length = sizeof payload;
    after = before;
    after.to = after.from = own;
    after.payload = expected;
    for (int round = 0; round < 3; round++) { /* the ring's end comes in between */
        *(volatile uint64_t *)&mm_box->dropped_logs = 0;
        change = fill_the_ring_and_change_everything;
        run_call(&before);
        CHECK_EQ(mm_dropped_logs(), 1);
        const uint32_t room = RING - (MM_ADDRESS_MAX * 2 + LARGEST + MM_RESULT_ROOM);
        /* A line takes its head, three tags, two lengths of two bytes, the text, and the call. */
        const uint32_t line = (16 + 3 + 3 + 500 + 9 + 7) & ~7u;
        const uint32_t lines = room / 2 / line;
        /* A send its head, "b", "a", "m" and three messages each with tag and length, two numbers, and the call. */
        const uint32_t sends = (room - lines * line) / ((16 + 2 + 2 + 3 * 3 + 3 * 9 + 9 + 7) & ~7u);
        for (uint32_t i = 0; i < lines + sends; i++)
            CHECK_EQ(next_entry()->kind, i < lines ? LOG : SENT);
        expect_result(42, 0, MM_PARAMS_CHANGED | MM_PAYLOAD_CHANGED, &after);
        expect_end();
    }
}

const struct test params_tests[] = {
    BOTH("params", each_scalar),
    {"params: to_online_is_the_first_bit_of_uflags (exports-2019)", to_online_is_the_first_bit_of_uflags, &fake_2019},
    {"params: to_online_is_the_first_bit_of_uflags (table)", to_online_is_the_first_bit_of_uflags, &fake_table},
    BOTH("params", bytes_in_place),
    BOTH("params", bytes_and_params_at_once),
    BOTH("params", addresses_repointed),
    BOTH("params", addresses_in_place),
    ONCE("params", addresses_repointed_where_2019_has_them),
    BOTH("params", an_address_of_64_kib),
    BOTH("params", a_longer_one_keeps_both_and_says_so),
    BOTH("params", a_status_too),
    ONCE("params", the_largest_result_fits_behind_a_full_ring),
    END,
};
