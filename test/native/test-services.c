/* Configuration, threads, clock, and the functions that answer with a refusal. */
#include "calls.h"
#include "fake.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/prctl.h>

char *mesibo_util_getconfig(void *module, const char *name);
int64_t mesibo_util_usec(void);
void mesibo_util_create_thread(void *(*run)(void *), void *data, size_t stack_size, const char *name);
int64_t mesibo_util_http(void *request, void *data);
int64_t mesibo_util_fcgi(void *request, const char *host, int64_t port, int64_t keepalive, void *callback, void *data);
int64_t mesibo_util_socket_connect(void *socket, void *data);
int64_t mesibo_util_socket_write(int64_t socket, const char *bytes, int64_t length);
void mesibo_util_socket_close(int64_t socket);

static void getconfig_finds_the_first_of_a_name(void)
{
    static const char packed[] = "words\0alpha,beta\0empty\0\0words\0second";
    start(256 * KIB, KIB, 0);
    CHECK(mesibo_util_getconfig(mm_module, "words") == NULL);
    CHECK_EQ(mm_set_config((const uint8_t *)packed, sizeof packed, 3), 0);
    CHECK_TEXT(mesibo_util_getconfig(mm_module, "words"), "alpha,beta");
    CHECK_TEXT(mesibo_util_getconfig(NULL, "empty"), "");
    CHECK(mesibo_util_getconfig(mm_module, "absent") == NULL);
    CHECK(mesibo_util_getconfig(mm_module, "Words") == NULL);
    CHECK(mesibo_util_getconfig(mm_module, "") == NULL);
    CHECK(mesibo_util_getconfig(mm_module, NULL) == NULL);
}

static void a_value_may_be_cut_in_place(void)
{
    static const char packed[] = "words\0alpha,beta\0next\0whole";
    start(256 * KIB, KIB, 0);
    CHECK_EQ(mm_set_config((const uint8_t *)packed, sizeof packed, 2), 0);
    char *rest, *words = mesibo_util_getconfig(mm_module, "words");
    CHECK_TEXT(strtok_r(words, ",", &rest), "alpha");
    CHECK_TEXT(strtok_r(NULL, ",", &rest), "beta");
    CHECK(mesibo_util_getconfig(mm_module, "words") == words);
    CHECK_TEXT(words, "alpha");
    CHECK_TEXT(mesibo_util_getconfig(mm_module, "next"), "whole");
}

static sem_t finished;
static char thread_name[16];
static size_t thread_stack;

/* Waits until it is detached, which may be after its start. The alarm ends the test if that never happens. */
static void *look_around(void *data)
{
    for (int state = PTHREAD_CREATE_JOINABLE; state != PTHREAD_CREATE_DETACHED;) {
        pthread_attr_t attributes;
        CHECK_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
        pthread_attr_getdetachstate(&attributes, &state);
        pthread_attr_getstacksize(&attributes, &thread_stack);
        pthread_attr_destroy(&attributes);
    }
    mesibo_log(NULL, 1, "from a thread with %s", (const char *)data);
    sem_post(&finished);
    return NULL;
}

static void a_thread_runs_detached_with_its_data(void)
{
    start(256 * KIB, KIB, 0);
    CHECK_EQ(sem_init(&finished, 0, 0), 0);
    static const size_t stacks[] = {0, 1, 256 * KIB}; /* 1 is too small: the default */
    for (int i = 0; i < 3; i++) {
        mesibo_util_create_thread(look_around, "data", stacks[i], NULL);
        CHECK_EQ(sem_wait(&finished), 0);
        CHECK(i < 2 ? thread_stack >= 1 * MIB : thread_stack < 1 * MIB);
        take();
        CHECK_TEXT(next_line(NULL), "from a thread with data");
        expect_end();
    }
}

static void *wait_for_the_name(void *data)
{
    while (strcmp(thread_name, data) != 0)
        prctl(PR_GET_NAME, thread_name);
    sem_post(&finished);
    return NULL;
}

static void a_threads_name_is_cut_to_what_the_system_takes(void)
{
    start(256 * KIB, KIB, 0);
    CHECK_EQ(sem_init(&finished, 0, 0), 0);
    mesibo_util_create_thread(wait_for_the_name, "short", 0, "short");
    CHECK_EQ(sem_wait(&finished), 0);
    mesibo_util_create_thread(wait_for_the_name, "fifteen letters", 0, "fifteen letters and more");
    CHECK_EQ(sem_wait(&finished), 0);
    take_nothing();
}

static void *end_at_once(void *data) { return data; }

/* A thread may be over, and its stack gone, before its creator goes on. */
static void a_thread_that_ends_at_once_does_no_harm(void)
{
    start(256 * KIB, KIB, 0);
    for (int i = 0; i < 1000 / EFFORT; i++)
        mesibo_util_create_thread(end_at_once, NULL, 64 * MIB, "brief");
    take_nothing();
}

static void a_thread_that_cannot_be_made_is_a_line(void)
{
    start(256 * KIB, KIB, 0);
    mesibo_util_create_thread(end_at_once, NULL, (size_t)1 << 50, "huge");
    take();
    const char *line = next_line(NULL);
    CHECK(strncmp(line, "mesibo_util_create_thread failed: ", 34) == 0);
    expect_end();
}

static void a_thread_without_a_function_is_a_line(void)
{
    start(256 * KIB, KIB, 0);
    mesibo_util_create_thread(NULL, NULL, 0, "none");
    take();
    CHECK_TEXT(next_line(NULL), "mesibo_util_create_thread failed: its function is NULL");
    expect_end();
}

static void usec_is_monotonic_and_in_microseconds(void)
{
    int64_t before = mesibo_util_usec();
    CHECK(before > 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = mesibo_util_usec();
        CHECK(now >= before);
        before = now;
    }
    uint64_t first = mm_now();
    int64_t between = mesibo_util_usec();
    uint64_t last = mm_now();
    CHECK((uint64_t)between >= first / 1000 && (uint64_t)between <= last / 1000);
}

static int64_t util_fcgi(void) { return mesibo_util_fcgi(NULL, "h", 1, 1, NULL, NULL); }
static int64_t util_connect(void) { return mesibo_util_socket_connect(NULL, NULL); }
static int64_t util_write(void) { return mesibo_util_socket_write(1, "x", 1); }
static int64_t util_close(void)
{
    mesibo_util_socket_close(1);
    return -1;
}

static void what_is_not_offered_fails_and_says_so_once(void)
{
    static const struct {
        const char *name;
        int64_t (*call)(void);
    } services[] = {{"mesibo_util_fcgi", util_fcgi},
                    {"mesibo_util_socket_connect", util_connect},
                    {"mesibo_util_socket_write", util_write},
                    {"mesibo_util_socket_close", util_close}};
    start(256 * KIB, KIB, 0);
    for (unsigned i = 0; i < sizeof services / sizeof services[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "%s is not offered by this version: it returned failure (said once)",
                 services[i].name);
        CHECK_EQ(services[i].call(), -1);
        CHECK_EQ(services[i].call(), -1);
        take();
        uint32_t level = 99;
        CHECK_TEXT(next_line(&level), line);
        CHECK_EQ(level, 0);
        expect_end();
    }
}

const struct test service_tests[] = {
    ONCE("services", getconfig_finds_the_first_of_a_name),
    ONCE("services", a_value_may_be_cut_in_place),
    ONCE("services", a_thread_runs_detached_with_its_data),
    ONCE("services", a_threads_name_is_cut_to_what_the_system_takes),
    ONCE("services", a_thread_that_ends_at_once_does_no_harm),
    ONCE("services", a_thread_that_cannot_be_made_is_a_line),
    ONCE("services", a_thread_without_a_function_is_a_line),
    ONCE("services", usec_is_monotonic_and_in_microseconds),
    ONCE("services", what_is_not_offered_fails_and_says_so_once),
    END,
};
