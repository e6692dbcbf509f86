/* Opening a box, and what its header says. */
#include "fake.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static void takes_a_right_box_and_closes_the_descriptor(void)
{
    int fd = box_file(256 * KIB);
    CHECK_EQ(mm_open_box(fd), 0);
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
    CHECK(mm_wake_fd() >= 0);
    CHECK_EQ(mm_box->phase, MM_BOOTING);
    CHECK_EQ(mm_box->head, 0);
    CHECK_EQ(mm_box->tail, 0);
    CHECK_EQ(mm_box->current_seq, 0);
    CHECK_EQ(mm_dropped_logs(), 0);
    take_nothing();
}

static int with_header_at(size_t offset, const void *bytes, size_t length)
{
    int fd = box_file(256 * KIB);
    CHECK_EQ(pwrite(fd, bytes, length, (off_t)offset), length);
    return mm_open_box(fd);
}

static void refuses_a_wrong_magic(void) { CHECK_EQ(with_header_at(0, "MBLKBOX2", 8), -EPROTO); }
static void refuses_a_wrong_version(void) { CHECK_EQ(with_header_at(8, "\1\0\0\0", 4), -EPROTO); }

static void refuses_a_size_that_is_not_the_headers(void)
{
    uint64_t other = 128 * KIB;
    CHECK_EQ(with_header_at(offsetof(struct mm_box, ring_size), &other, sizeof other), -EPROTO);
}

static void refuses_a_file_without_a_ring(void)
{
    int fd = box_file(256 * KIB);
    CHECK_EQ(ftruncate(fd, MM_RING_OFFSET), 0);
    CHECK_EQ(mm_open_box(fd), -EINVAL);
    CHECK_EQ(ftruncate(fd, 0), 0);
    CHECK_EQ(mm_open_box(fd), -EINVAL);
}

static void refuses_a_ring_that_is_no_whole_page(void)
{
    int fd = box_file(256 * KIB + 8);
    CHECK_EQ(mm_open_box(fd), -EINVAL);
}

static void refuses_a_closed_descriptor(void)
{
    int fd = box_file(256 * KIB);
    close(fd);
    CHECK_EQ(mm_open_box(fd), -EBADF);
}

/* A module that is loaded before the box, or without one, may log and send all the same. */
static void harms_nothing_before_a_box_is_open(void)
{
    CHECK_EQ(mesibo_log(NULL, 0, "nobody hears this"), 0);
    CHECK_EQ(mm_set_abi((const uint8_t *)abi->layout, FAKE_LAYOUT_BYTES), 0);
    uint64_t params[17] = {[3] = 1};
    CHECK_EQ(mesibo_message(NULL, params, "", 0), -1);
}

static void harms_nothing_after_a_box_was_refused(void)
{
    refuses_a_wrong_magic();
    CHECK_EQ(mesibo_log(NULL, 0, "nobody hears this"), 0);
}

static void refuses_a_layout_of_another_size(void)
{
    CHECK_EQ(mm_set_abi((const uint8_t *)abi->layout, FAKE_LAYOUT_BYTES - 4), -1);
    CHECK_EQ(mm_set_abi((const uint8_t *)abi->layout, FAKE_LAYOUT_BYTES), 0);
}

static int64_t sees_cleanup(struct fake_event *event)
{
    CHECK_EQ(event->callback, FAKE_CLEANUP);
    CHECK_EQ(mm_box->phase, MM_CLEANUP);
    mesibo_log(event->module, 0, "goodbye");
    return 0;
}

static void phases_are_in_the_header(void)
{
    int fd = box_file(256 * KIB);
    const struct mm_box *seen = mmap(NULL, MM_RING_OFFSET, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(seen != MAP_FAILED);
    CHECK_EQ(mm_open_box(fd), 0);
    CHECK_EQ(mm_set_abi((const uint8_t *)abi->layout, FAKE_LAYOUT_BYTES), 0);
    CHECK_EQ(seen->phase, MM_BOOTING);
    mm_set_phase(MM_LOADING);
    CHECK_EQ(seen->phase, MM_LOADING);
    fake_callbacks = FAKE_CLEANUP;
    fake_on_event = sees_cleanup;
    uint64_t before = mm_now();
    CHECK_EQ(mm_init(abi->init, "fake"), 0);
    CHECK_EQ(seen->phase, MM_INIT);
    CHECK(seen->current_start >= before && seen->current_start <= mm_now());
    mm_set_phase(MM_SERVING);
    CHECK_EQ(seen->phase, MM_SERVING);
    mm_cleanup();
    CHECK_EQ(seen->phase, MM_CLEANUP);
    take();
    CHECK_TEXT(next_line(NULL), "goodbye");
    abi->set_callbacks(fake_init.module, 0);
    mm_cleanup();
    take_nothing();
}

const struct test open_tests[] = {
    ONCE("open", takes_a_right_box_and_closes_the_descriptor),
    ONCE("open", refuses_a_wrong_magic),
    ONCE("open", refuses_a_wrong_version),
    ONCE("open", refuses_a_size_that_is_not_the_headers),
    ONCE("open", refuses_a_file_without_a_ring),
    ONCE("open", refuses_a_ring_that_is_no_whole_page),
    ONCE("open", refuses_a_closed_descriptor),
    ONCE("open", harms_nothing_before_a_box_is_open),
    ONCE("open", harms_nothing_after_a_box_was_refused),
    ONCE("open", refuses_a_layout_of_another_size),
    BOTH("open", phases_are_in_the_header),
    END,
};
