/* The ring by one thread: around its end, acknowledged, drained in pieces; the wake pipe; a child that forks off. */
#include "calls.h"
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING = 256 * KIB };

/* A line whose level is its number, so a line that is lost, doubled or torn is noticed. */
static void write_numbered(uint32_t number, uint32_t length)
{
    static char text[KIB];
    uint64_t position;
    fill_pattern(text, length, number);
    struct mm_record *record = mm_reserve(mm_log_entry_bytes(number, length, 0), &position);
    CHECK(record != NULL);
    mm_write_log((uint8_t *)(record + 1), number, text, length, 0);
    mm_commit(record, position);
}

static uint32_t check_numbered(const uint8_t *at, uint64_t position, uint32_t number)
{
    const struct mm_record *record = (const struct mm_record *)at;
    CHECK_EQ(record->commit, position ^ UINT64_C(0x9e3779b97f4a7c15));
    const struct entry entry = read_entry(record);
    CHECK_EQ(entry.kind, LOG);
    CHECK_EQ(entry.level, number);
    CHECK(is_pattern(entry.payload, entry.payload_length, number));
    return record->size;
}

static void millions_of_records_around_the_ring(void)
{
    enum { RECORDS = 2000000 / EFFORT };
    uint64_t position = 0;
    uint32_t written = 0, read = 0, random = 1;
    box_open(RING, 1);
    while (read < RECORDS) {
        for (uint32_t many = next_random(&random) % 200; many > 0 && written < RECORDS; many--)
            write_numbered(written++, next_random(&random) % 64);
        for (struct report report; (report = drain(256 + next_random(&random) % 8192)).position != position;) {
            CHECK_EQ(report.start, position);
            for (uint32_t at = 0; at < report.length; read++)
                at += check_numbered(report.ring + at, position + at, read);
            position = report.position;
        }
        CHECK_EQ(position, mm_box->head);
        mm_acknowledge(position);
        CHECK_EQ(mm_box->tail, position);
    }
    CHECK(position > 50 / EFFORT * RING);
}

static void only_what_was_drained_is_acknowledged(void)
{
    box_open(RING, 1);
    write_numbered(1, 0);
    mm_acknowledge(24);
    CHECK_EQ(mm_box->tail, 0);
    take();
    CHECK_EQ(mm_box->tail, 24);
    write_numbered(2, 0);
    mm_acknowledge(0);
    CHECK_EQ(mm_box->tail, 24);
    mm_acknowledge(48);
    CHECK_EQ(mm_box->tail, 24);
    take();
    mm_acknowledge(UINT64_MAX);
    CHECK_EQ(mm_box->tail, 48);
}

static void what_is_not_committed_holds_back_what_follows(void)
{
    uint64_t position;
    box_open(RING, 1);
    write_numbered(1, 0);
    struct mm_record *open = mm_reserve(0, &position);
    CHECK(open != NULL);
    write_numbered(2, 0);
    CHECK_EQ(take(), 24);
    take_nothing();
    mm_commit(open, position);
    CHECK_EQ(take(), 16 + 24);
}

static void a_record_that_does_not_fit_the_buffer_stays(void)
{
    enum { HEAD = 64 }; /* what the shim keeps free for the frame itself */
    static uint8_t out[HEAD + 256];
    box_open(RING, 1);
    write_numbered(1, 0);
    write_numbered(2, 64);
    write_numbered(3, 0);
    CHECK_EQ(mm_drain(out, 0), -HEAD);
    CHECK_EQ(mm_drain(out, HEAD + 23), -(HEAD + 24));
    CHECK_EQ(drain(HEAD + 24 + 87).length, 24);
    CHECK_EQ(mm_drain(out, HEAD + 87), -(HEAD + 88));
    CHECK_EQ(drain(HEAD + 88 + 24).length, 88 + 24);
    CHECK_EQ(mm_drain(out, sizeof out), 0);
}

/*
 * A writer that read `head`, and was not scheduled until others had moved head and tail past it, sees a tail that is
 * ahead. That is not a full ring. With one thread, the test has to write this state into the box itself.
 */
static void a_tail_ahead_of_a_writers_head_is_no_full_ring(void)
{
    uint64_t position;
    box_open(RING, 1);
    mm_box->tail = 4096;
    CHECK(mm_reserve(0, &position) != NULL);
}

/* ---- the wake pipe ---- */

static int bytes_in_pipe(void)
{
    char bytes[16];
    ssize_t got = read(mm_wake_fd(), bytes, sizeof bytes);
    if (got >= 0)
        return (int)got;
    CHECK_EQ(errno, EAGAIN);
    return 0;
}

static int64_t logs(struct fake_event *event)
{
    mesibo_log(event->module, 0, "line");
    return 0;
}

static void one_byte_wakes_until_it_is_cleared(void)
{
    start(RING, KIB, FAKE_CALL | FAKE_CLEANUP);
    fake_on_event = logs;
    CHECK_EQ(bytes_in_pipe(), 0);
    for (int i = 0; i < 3; i++)
        mesibo_log(mm_module, 0, "line");
    CHECK_EQ(bytes_in_pipe(), 1);
    mesibo_log(mm_module, 0, "line");
    CHECK_EQ(abi->send(0, "b", "a", "m", 1), 0);
    CHECK_EQ(bytes_in_pipe(), 0);
    mm_clear_wake();
    take();
    CHECK_EQ(bytes_in_pipe(), 0);
    CHECK_EQ(abi->send(0, "b", "a", "m", 1), 0);
    CHECK_EQ(bytes_in_pipe(), 1);
    mm_clear_wake();
    struct parts call = {.event = MM_CALL, .seq = 1};
    run_call(&call); /* the caller drains after running calls */
    CHECK_EQ(bytes_in_pipe(), 0);
    mm_cleanup();
    CHECK_EQ(bytes_in_pipe(), 1);
}

/* ---- a module that forks ---- */

static void write_as_a_child(void)
{
    mesibo_log(mm_module, 0, "from the child");
    CHECK_EQ(abi->send(0, "b", "a", "m", 1), -1);
    CHECK_EQ(abi->send(0, NULL, NULL, "m", 1), -1);
    mesibo_http(mm_module, "http://h", NULL, NULL, NULL, NULL);
}

static void a_forked_child_leaves_the_box_alone(void)
{
    static uint8_t before[MM_RING_OFFSET + RING];
    start(RING, KIB, 0);
    mesibo_log(mm_module, 0, "from the parent");
    memcpy(before, mm_box, sizeof before);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        write_as_a_child();
        pid_t grandchild = fork();
        if (grandchild == 0) {
            write_as_a_child();
            leave(0);
        }
        int status = -1;
        leave(waitpid(grandchild, &status, 0) != grandchild || status != 0);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_BYTES(mm_box, sizeof before, before, sizeof before);
    CHECK_EQ(bytes_in_pipe(), 1);
    mesibo_log(mm_module, 0, "still here");
    take();
    CHECK_TEXT(next_line(NULL), "from the parent");
    CHECK_TEXT(next_line(NULL), "still here");
    expect_end();
}

const struct test ring_tests[] = {
    ONCE("ring", millions_of_records_around_the_ring),
    ONCE("ring", only_what_was_drained_is_acknowledged),
    ONCE("ring", what_is_not_committed_holds_back_what_follows),
    ONCE("ring", a_record_that_does_not_fit_the_buffer_stays),
    ONCE("ring", a_tail_ahead_of_a_writers_head_is_no_full_ring),
    ONCE("ring", one_byte_wakes_until_it_is_cleared),
    BOTH("ring", a_forked_child_leaves_the_box_alone),
    END,
};
