/*
 * Threads that leave the shim in the middle: a signal handler jumps out of a call, or ends the thread. Everything else goes on, every send
 * that returned 0 is there, and none is there twice.
 */
#include "calls.h"
#include "fake.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "http.h"

enum { RING = 2 * MIB, LARGEST = 128 * KIB, PAGE = 4096 };

static __thread sigjmp_buf way_out;
static __thread volatile sig_atomic_t may_leave;
static void *volatile fault_address;

static void handle(int number, void (*action)(int, siginfo_t *, void *))
{
    struct sigaction handler = {.sa_sigaction = action, .sa_flags = SA_SIGINFO};
    sigemptyset(&handler.sa_mask);
    CHECK_EQ(sigaction(number, &handler, NULL), 0);
}

/* `bytes` that can be read, and a page behind them that cannot. */
static char *before_a_hole(size_t bytes)
{
    size_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
    char *memory = mmap(NULL, pages + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    memset(memory, 'x', pages);
    CHECK_EQ(mprotect(memory + pages, PAGE, PROT_NONE), 0);
    return memory + pages - bytes;
}

static int64_t send_id(uint64_t id, const void *message, uint64_t length)
{
    uint64_t params[17] = {[AID] = 1, [ID] = id, [15] = (uintptr_t) "bob"};
    return mesibo_message(NULL, params, message, length);
}

/* The ring holds only sends with these ids, and is empty afterwards. */
static void expect_ids(const uint64_t *ids, size_t count)
{
    take();
    size_t at = 0;
    for (const struct entry *entry; (entry = next_entry()) != NULL;) {
        if (entry->kind == VOID_RECORD)
            continue;
        CHECK_EQ(entry->kind, SENT);
        CHECK(at < count);
        CHECK_EQ(entry->scalars[ID], ids[at]);
        at++;
    }
    CHECK_EQ(at, count);
    CHECK_EQ(mm_box->head, mm_box->tail);
}

/* ---- a pointer that is bad, and a module that handles SIGSEGV ---- */

static void jump_out_of_a_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    fault_address = info->si_addr;
    siglongjmp(way_out, 1);
}

/* Sends `length` bytes of which only the first `readable` can be read; the fault must reach the module's handler. */
static void send_into_a_hole(size_t readable, size_t length)
{
    char *message = before_a_hole(readable);
    fault_address = NULL;
    if (sigsetjmp(way_out, 1) == 0) {
        send_id(1, message, length);
        CHECK(!"the send came back");
    }
    CHECK((char *)fault_address >= message + readable && (char *)fault_address < message + readable + PAGE);
    CHECK_EQ(send_id(2, "m", 1), 0);
    const uint64_t ids[] = {2};
    expect_ids(ids, 1);
}

static void send_into_holes(void)
{
    handle(SIGSEGV, jump_out_of_a_fault);
    send_into_a_hole(0, 1);
    send_into_a_hole(50, 100);
    send_into_a_hole(0, 3 * KIB);
    send_into_a_hole(3 * KIB, 4 * KIB);
    send_into_a_hole(40 * KIB, 64 * KIB);
    send_into_a_hole(0, LARGEST);
}

static void a_bad_message_faults_and_leaves_nothing_behind(void)
{
    start(RING, LARGEST, 0);
    send_into_holes();
}

static void other_bad_pointers_leave_nothing_behind(void)
{
    start(RING, LARGEST, 0);
    handle(SIGSEGV, jump_out_of_a_fault);
    char *hole = before_a_hole(0);
    uint64_t *cut = (uint64_t *)before_a_hole(16);
    for (volatile int i = 0; i < 6; i++) {
        uint64_t bad_to[17] = {[ID] = 1, [15] = (uintptr_t)hole};
        if (sigsetjmp(way_out, 1) == 0) {
            if (i == 0)
                mesibo_message(NULL, cut, "m", 1);
            else if (i == 1)
                mesibo_message(NULL, bad_to, "m", 1);
            else if (i == 2)
                mesibo_log(NULL, 0, "%s", hole);
            else if (i == 3)
                mesibo_log(NULL, 0, "%5000d %s", 1, hole);
            else if (i == 4)
                mesibo_http(NULL, hole, NULL, NULL, NULL, NULL);
            else
                mesibo_http(NULL, "http://a/", hole, NULL, NULL, NULL);
            CHECK(!"the call came back");
        }
        CHECK_EQ(send_id(2, "m", 1), 0);
        const uint64_t ids[] = {2};
        expect_ids(ids, 1);
        /* Nobody holds the lock of the requests, and the thread can be cancelled as before. */
        CHECK_EQ(mm_http_wants_worker(), 0);
        int state;
        CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state), 0);
        CHECK_EQ(state, PTHREAD_CANCEL_ENABLE);
        sigset_t mask;
        CHECK_EQ(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
        CHECK(!sigismember(&mask, SIGALRM) && !sigismember(&mask, SIGTERM));
    }
}

/* As some containers do. */
static void deny_reading_of_memory(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof rules / sizeof rules[0], .filter = rules};
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void where_a_process_may_not_read_itself_all_is_the_same(void)
{
    static char large[LARGEST];
    start(RING, LARGEST, 0);
    fill_pattern(large, sizeof large, 3);
    deny_reading_of_memory();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(send_id(7, large, sizeof large), 0);
        take();
        const struct entry *entry = next_entry();
        while (entry != NULL && entry->kind == VOID_RECORD)
            entry = next_entry();
        CHECK(entry != NULL && entry->kind == SENT);
        CHECK_BYTES(entry->payload, entry->payload_length, large, sizeof large);
        expect_end();
    }
    send_into_holes();
}

/* ---- handlers that run at any moment ---- */

enum { LEAVES = 3000 / EFFORT };

enum { IDS = MIB };
struct sender {
    uint8_t done[IDS]; /* 1: the send with this id returned 0 */
    volatile uint64_t next;
    volatile uint32_t finished;
};
static struct sender sender;
static char payload[16 * KIB];

/* One call of each kind, in turn. */
static void call_something(void)
{
    const uint64_t id = sender.next++;
    CHECK(id < IDS);
    const uint64_t length = id % 3 == 0 ? 10 * KIB : id % 200;
    if (send_id(id, payload, length) == 0)
        sender.done[id] = 1;
    if (id % 8 == 0)
        mesibo_log(NULL, 3, "line %lu", (unsigned long)id);
    if (id % 64 == 0)
        mesibo_http(NULL, "http://127.0.0.1/", "post", NULL, NULL, NULL);
}

static void leave_by_jump(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    if (may_leave) {
        may_leave = 0;
        siglongjmp(way_out, 1);
    }
}

static void start_timer(long microseconds)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    struct itimerspec times = {{0, microseconds * 1000}, {0, microseconds * 1000}};
    timer_t timer;
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    CHECK_EQ(timer_settime(timer, 0, &times, NULL), 0);
}

static void stay_within_the_ring(void)
{
    while (__atomic_load_n(&mm_box->head, __ATOMIC_ACQUIRE) - __atomic_load_n(&mm_box->tail, __ATOMIC_ACQUIRE) > RING / 4)
        sched_yield();
}

static void *jump_out_many_times(void *data)
{
    start_timer(97);
    for (volatile uint32_t jumps = 0; jumps < LEAVES; jumps++) {
        if (sigsetjmp(way_out, 1) == 0) {
            may_leave = 1;
            for (;;) {
                stay_within_the_ring();
                call_something();
            }
        }
    }
    may_leave = 0;
    __atomic_store_n(&sender.finished, 1, __ATOMIC_RELEASE);
    return data;
}

/* Takes all records: each id at most once, in order. Counts in `seen`. */
static void take_ids(uint8_t *seen, uint64_t *last)
{
    take();
    for (const struct entry *entry; (entry = next_entry()) != NULL;) {
        if (entry->kind != SENT)
            continue;
        const uint64_t id = entry->scalars[ID];
        CHECK(id < sender.next && !seen[id] && (*last == 0 || id > *last - 1));
        CHECK(is_pattern(entry->payload, entry->payload_length, 0));
        seen[id] = 1;
        *last = id + 1;
    }
}

static void take_all(void *(*run)(void *), uint8_t *seen)
{
    uint64_t last = 0, id;
    pthread_t thread;
    static uint8_t command[MIB];
    CHECK_EQ(pthread_create(&thread, NULL, run, NULL), 0);
    while (!__atomic_load_n(&sender.finished, __ATOMIC_ACQUIRE)) {
        take_ids(seen, &last);
        /* The worker's side: every request fails. */
        while (mm_http_take(command, sizeof command) > 0) {
            memcpy(&id, command + 8, sizeof id);
            mm_http_end(id, -1, "");
        }
        mm_http_run(1000);
        sched_yield();
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    take_ids(seen, &last);
    CHECK_EQ(mm_box->head, mm_box->tail);
}

static void check_done(const uint8_t *seen)
{
    uint64_t done = 0;
    for (uint64_t id = 0; id < sender.next; id++) {
        CHECK(seen[id] || !sender.done[id]);
        done += sender.done[id];
    }
    CHECK(done > 0);
    CHECK_EQ(mm_box->refused_sends, 0);
}

static void open_for_leaving(void)
{
    box_open(RING, LARGEST);
    fill_pattern(payload, sizeof payload, 0);
    mm_http_worker_comes();
}

static void a_handler_that_jumps_out_holds_up_nobody(void)
{
    static uint8_t seen[IDS];
    open_for_leaving();
    handle(SIGUSR1, leave_by_jump);
    take_all(jump_out_many_times, seen);
    check_done(seen);
}

static void end_the_thread(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    pthread_exit(NULL);
}

static void *send_until_ended(void *data)
{
    for (;;) {
        stay_within_the_ring();
        call_something();
        __atomic_store_n((uint32_t *)data, 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void *end_many_threads(void *data)
{
    for (uint32_t i = 0; i < LEAVES / 3; i++) {
        uint32_t started = 0;
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, send_until_ended, &started), 0);
        while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
            sched_yield();
        for (volatile uint32_t spin = i % 97 * 11; spin > 0; spin--)
            continue;
        CHECK_EQ(pthread_kill(thread, SIGUSR2), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
    }
    __atomic_store_n(&sender.finished, 1, __ATOMIC_RELEASE);
    return data;
}

static void a_handler_that_ends_its_thread_holds_up_nobody(void)
{
    static uint8_t seen[IDS];
    open_for_leaving();
    handle(SIGUSR2, end_the_thread);
    take_all(end_many_threads, seen);
    check_done(seen);
}

/* Sends as well, and comes back: what it interrupted is neither lost nor doubled. */
static void send_in_the_handler(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    if (may_leave) {
        may_leave = 0;
        mesibo_log(NULL, 3, "from the handler");
        may_leave = 1;
    }
}

static void *send_with_interruptions(void *data)
{
    start_timer(53);
    may_leave = 1;
    while (sender.next < 20000 / EFFORT) {
        stay_within_the_ring();
        call_something();
    }
    may_leave = 0;
    __atomic_store_n(&sender.finished, 1, __ATOMIC_RELEASE);
    return data;
}

static void a_handler_that_logs_and_comes_back_disturbs_nothing(void)
{
    static uint8_t seen[IDS];
    open_for_leaving();
    handle(SIGUSR1, send_in_the_handler);
    take_all(send_with_interruptions, seen);
    check_done(seen);
    for (uint64_t id = 0; id < sender.next; id++)
        CHECK(seen[id] && sender.done[id]);
}

/* ---- a synchronous request that its thread leaves ---- */

static void a_synchronous_request_that_is_left_holds_up_nobody(void)
{
    uint64_t options[19] = {[18] = 1}, id = 0;
    static uint8_t command[MIB];
    start(RING, LARGEST, 0);
    if (mm_abi.http_synchronous < 0)
        return;
    mm_http_worker_comes();
    handle(SIGALRM, leave_by_jump);
    const struct itimerval soon = {{0, 0}, {0, 50000}};
    if (sigsetjmp(way_out, 1) == 0) {
        may_leave = 1;
        CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
        mesibo_http(NULL, "http://127.0.0.1/slow", NULL, NULL, NULL, options);
        CHECK(!"the request came back");
    }
    /* It may end now, and others are made. */
    CHECK(mm_http_take(command, sizeof command) > 0);
    memcpy(&id, command + 8, sizeof id);
    mm_http_end(id, 0, "");
    CHECK_EQ(mesibo_http(NULL, "http://127.0.0.1/", NULL, NULL, NULL, NULL), 0);
    CHECK(mm_http_take(command, sizeof command) > 0);
    memcpy(&id, command + 8, sizeof id);
    mm_http_end(id, 0, "");
    CHECK_EQ(mm_http_pending(), 1);
    CHECK_EQ(mm_http_run(1000000), 1);
}

/* ---- threads that are not the module's ---- */

static volatile sig_atomic_t ran_on;
static uint32_t stand_by;

static void note_thread(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info, (void)context;
    ran_on = (sig_atomic_t)syscall(SYS_gettid);
}

static void *stand(void *data)
{
    __atomic_store_n(&stand_by, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&stand_by, __ATOMIC_ACQUIRE) == 1)
        poll(NULL, 0, 1);
    return data;
}

static void a_signal_for_the_process_waits_for_a_thread_of_the_module(void)
{
    pthread_t thread;
    box_open(RING, LARGEST);
    CHECK_EQ(pthread_create(&thread, NULL, stand, NULL), 0);
    while (!__atomic_load_n(&stand_by, __ATOMIC_ACQUIRE))
        sched_yield();
    CHECK_EQ(mm_spare_threads(), 0);
    handle(SIGUSR1, note_thread);
    struct mm_hold hold;
    for (int i = 0; i < 100; i++) {
        mm_hold(&hold);
        CHECK_EQ(kill(getpid(), SIGUSR1), 0);
        CHECK_EQ(ran_on, 0);
        mm_release(&hold);
        CHECK_EQ(ran_on, syscall(SYS_gettid));
        ran_on = 0;
    }
    __atomic_store_n(&stand_by, 2, __ATOMIC_RELEASE);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

const struct test leaving_tests[] = {
    ONCE("leaving", a_bad_message_faults_and_leaves_nothing_behind),
    ONCE("leaving", other_bad_pointers_leave_nothing_behind),
    ONCE("leaving", where_a_process_may_not_read_itself_all_is_the_same),
    ONCE("leaving", a_handler_that_jumps_out_holds_up_nobody),
    ONCE("leaving", a_handler_that_ends_its_thread_holds_up_nobody),
    ONCE("leaving", a_handler_that_logs_and_comes_back_disturbs_nothing),
    BOTH("leaving", a_synchronous_request_that_is_left_holds_up_nobody),
    ONCE("leaving", a_signal_for_the_process_waits_for_a_thread_of_the_module),
    END,
};
