/* Requests of the module: the commands to the worker, the callbacks of the module, and who may do what at which time. */
#include "fake.h"
#include "calls.h"
#include "harness.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http.h"

enum { SLICE = 1000000 };

/* ---- the worker's side ---- */

static uint8_t *taken;
static uint32_t taken_size;
static const uint32_t room = 80u * MIB;

/* Takes the next command; returns its kind, or 0. */
static uint32_t take_command(uint64_t *id)
{
    uint32_t kind = 0;
    if (taken == NULL)
        taken = malloc(room);
    taken_size = mm_http_take(taken, room);
    if (taken_size == 0)
        return 0;
    CHECK_EQ(taken_size % 8, 0);
    memcpy(&kind, taken, 4);
    memcpy(id, taken + 8, 8);
    return kind;
}

static uint64_t take_request(void)
{
    uint64_t id = 0;
    CHECK_EQ(take_command(&id), MM_HTTP_REQUEST);
    return id;
}

static uint64_t number_at(int index)
{
    uint64_t value;
    memcpy(&value, taken + 16 + index * 8, 8);
    return value;
}

/* The text of the request that was taken last, or "(null)". */
static const char *text_at(int index)
{
    static char text[1024];
    const uint8_t *at = taken + 16 + MM_HTTP_NUMBERS * 8;
    for (int i = 0;; i++) {
        uint32_t length;
        memcpy(&length, at, 4);
        at += 4;
        if (i == index) {
            if (length == UINT32_MAX)
                return "(null)";
            memcpy(text, at, length);
            text[length] = 0;
            return text;
        }
        if (length != UINT32_MAX)
            at += length;
    }
}

/* ---- the module's side ---- */

static char told[4096];
static int64_t data_returns;
static void *last_data;

static void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = strlen(told);
    vsnprintf(told + length, sizeof told - length, format, arguments);
    va_end(arguments);
}

static void expect_told(const char *expected)
{
    CHECK_TEXT(told, expected);
    told[0] = 0;
}

static int64_t on_data(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    last_data = data;
    CHECK_EQ(state, 3);
    CHECK(buffer != NULL);
    CHECK_EQ(buffer[size], 0);
    tell("data(%d,%.*s) ", (int)progress, (int)size, buffer);
    return data_returns;
}

static int64_t on_status(void *data, int64_t status, const char *type)
{
    (void)data;
    tell("status(%d,%s) ", (int)status, type);
    return -1; /* makes no difference */
}

static void on_close(void *data, int64_t result)
{
    last_data = data;
    tell("close(%d) ", (int)result);
}

/* The options of the older ABIs, by the byte. */
static uint64_t options[19];
/* The request of exports-2020, by the byte. */
static uint64_t request[20];

static int64_t ask_old(const char *url, const char *post)
{
    return mesibo_http(mm_module, url, post, (void *)on_data, &options, options);
}

static int64_t ask_2020(const char *url, int with_close)
{
    memset(request, 0, sizeof request);
    request[0] = (uintptr_t)url;
    request[17] = (uintptr_t)on_data;
    request[18] = (uintptr_t)on_status;
    request[19] = with_close ? (uintptr_t)on_close : 0;
    return mesibo_util_http(request, &request);
}

static void begin_test(void) { start(1 * MIB, KIB, 0); }

static void expect_line(const char *text)
{
    uint32_t level = 99;
    CHECK_TEXT(next_line(&level), text);
    CHECK_EQ(level, 0);
}

/* ---- tests ---- */

static void every_option_of_the_older_abis_reaches_the_worker(void)
{
    begin_test();
    static const char *const texts[] = {"proxy", "type", "extra", "agent", "referrer", "origin", "cookie",
                                        "gzip",  "cache", "accept", "etag"};
    for (int i = 0; i < 11; i++)
        options[i] = (uintptr_t)texts[i];
    for (int i = 0; i < 7; i++)
        options[11 + i] = 101 + (uint64_t)i;
    options[18] = 1; /* behind the options of the table ABI: it must not be read */
    CHECK_EQ(ask_old("http://host/", "a=b"), 0);
    CHECK_EQ(take_request(), 1);
    CHECK_TEXT(text_at(MM_HTTP_URL), "http://host/");
    CHECK_TEXT(text_at(MM_HTTP_POST), "a=b");
    for (int i = 0; i < 11; i++)
        CHECK_TEXT(text_at(MM_HTTP_PROXY + i), texts[i]);
    for (int i = 0; i < 7; i++)
        CHECK_EQ(number_at(i), 101 + i);
    uint64_t id;
    CHECK_EQ(take_command(&id), 0);
    mm_http_close();
    mm_http_run(SLICE);
}

static void every_field_of_2020_reaches_the_worker(void)
{
    begin_test();
    static const char *const texts[] = {"http://h", "post",   "type", "extra", "agent", "referrer", "origin",
                                        "cookie",   "gzip",   "cache", "accept", "etag"};
    for (int i = 0; i < 12; i++)
        request[i] = (uintptr_t)texts[i];
    for (int i = 0; i < 5; i++)
        request[12 + i] = 101 + (uint64_t)i;
    CHECK_EQ(mesibo_util_http(request, NULL), 0);
    take_request();
    CHECK_TEXT(text_at(MM_HTTP_URL), "http://h");
    CHECK_TEXT(text_at(MM_HTTP_POST), "post");
    CHECK_TEXT(text_at(MM_HTTP_PROXY), "(null)");
    for (int i = 2; i < 12; i++)
        CHECK_TEXT(text_at(MM_HTTP_CONTENT_TYPE + i - 2), texts[i]);
    CHECK_EQ(number_at(0), 101);
    CHECK_EQ(number_at(1), 0); /* redirects */
    for (int i = 1; i < 5; i++)
        CHECK_EQ(number_at(1 + i), 101 + i);
    CHECK_EQ(number_at(6), 0); /* retries */
    mm_http_close();
    mm_http_run(SLICE);
}

static void what_is_not_given_is_nothing(void)
{
    begin_test();
    CHECK_EQ(mesibo_http(NULL, "host", NULL, NULL, NULL, NULL), 0);
    uint64_t id = take_request();
    for (int i = MM_HTTP_POST; i < MM_HTTP_TEXTS; i++)
        CHECK_TEXT(text_at(i), "(null)");
    for (int i = 0; i < MM_HTTP_NUMBERS; i++)
        CHECK_EQ(number_at(i), 0);
    /* And nobody is called. */
    CHECK_EQ(mm_http_status(id, 200, ""), 1);
    CHECK_EQ(mm_http_data(id, 5, (const uint8_t *)"x", 1), 1);
    mm_http_end(id, 0, "");
    CHECK_EQ(mm_http_run(SLICE), 3);
    CHECK_EQ(mm_http_pending(), 0);
    CHECK_EQ(mm_http_data(id, 5, (const uint8_t *)"x", 1), -1);
}

static void a_response_is_its_chunks_then_100(void)
{
    begin_test();
    CHECK_EQ(ask_old("http://h", NULL), 0);
    uint64_t id = take_request();
    CHECK_EQ(mm_http_status(id, 404, "text/plain"), 1);
    CHECK_EQ(mm_http_data(id, 30, (const uint8_t *)"abc", 3), 1);
    CHECK_EQ(mm_http_run(SLICE), 2);
    expect_told("data(30,abc) ");
    CHECK_EQ(mm_http_data(id, 99, (const uint8_t *)"de", 2), 1);
    mm_http_end(id, 0, "");
    mm_http_run(SLICE);
    expect_told("data(99,de) data(100,) ");
    CHECK(last_data == &options);
    take_nothing();
}

static void an_empty_response_is_100_alone(void)
{
    begin_test();
    ask_old("http://h", NULL);
    uint64_t id = take_request();
    mm_http_status(id, 204, "");
    mm_http_end(id, 0, "");
    mm_http_run(SLICE);
    expect_told("data(100,) ");
}

static void a_failure_is_one_negative_progress_and_a_line(void)
{
    begin_test();
    ask_old("http://user:secret@h/path?key=secret@z", "post");
    uint64_t id = take_request();
    mm_http_status(id, 200, "");
    mm_http_data(id, 1, (const uint8_t *)"abc", 3);
    mm_http_end(id, -1, "it broke off");
    mm_http_run(SLICE);
    expect_told("data(1,abc) data(-1,) ");
    take();
    expect_line("http: POST http://h/path failed: it broke off");
    CHECK(next_record() == NULL);
    mm_http_end(id, -1, "again");
    CHECK_EQ(mm_http_pending(), 0);
}

static void labels_hide_passwords_and_are_cut(void)
{
    begin_test();
    static char long_url[70000];
    memset(long_url, 'u', sizeof long_url - 1);
    static const char *const urls[][2] = {{"user:pw@host:8/x", "GET host:8/x"},
                                          {"https://a@b@host", "GET https://host"},
                                          {"host/path@x", "GET host/path@x"},
                                          {"host?u=http://a:b@c", "GET host"},
                                          {"host/#a:b@c", "GET host/"},
                                          {"http://a:p/w@host/x", "GET http://..."},
                                          {"http://a:p?w@host", "GET http://..."},
                                          {"http:/a:p@host", "GET ..."},
                                          {"http://host:80/b@c", "GET http://host:80/b@c"},
                                          {"http://[::1]/b", "GET http://[::1]/b"},
                                          {"://", "GET ://"},
                                          {"@", "GET "}};
    for (unsigned i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char line[300];
        ask_old(urls[i][0], NULL);
        mm_http_end(take_request(), -1, "no");
        mm_http_run(SLICE);
        take();
        snprintf(line, sizeof line, "http: %s failed: no", urls[i][1]);
        expect_line(line);
    }
    ask_old(long_url, NULL);
    mm_http_end(take_request(), -1, "no");
    mm_http_run(SLICE);
    take();
    CHECK(strlen(next_line(NULL)) < 300);
}

static void a_response_in_2020_is_status_data_close(void)
{
    begin_test();
    CHECK_EQ(ask_2020("http://h", 1), 0);
    uint64_t id = take_request();
    mm_http_status(id, 200, "application/json");
    mm_http_data(id, 50, (const uint8_t *)"{}", 2);
    mm_http_end(id, 0, "");
    mm_http_run(SLICE);
    expect_told("status(200,application/json) data(50,{}) data(100,) close(0) ");
    CHECK(last_data == &request);
}

static void a_failure_in_2020_is_close_alone_or_data_without_one(void)
{
    begin_test();
    ask_2020("http://h", 1);
    uint64_t id = take_request();
    mm_http_status(id, 200, "");
    mm_http_data(id, 50, (const uint8_t *)"{}", 2);
    mm_http_end(id, -1, "");
    mm_http_run(SLICE);
    expect_told("status(200,) data(50,{}) close(-1) ");
    ask_2020("http://h", 0);
    mm_http_end(take_request(), -1, "");
    mm_http_run(SLICE);
    expect_told("data(-1,) ");
    take_nothing(); /* no reason was given: no line */
}

static void any_callback_may_be_null(void)
{
    begin_test();
    for (int missing = 0; missing < 3; missing++) {
        ask_2020("http://h", 1);
        uint64_t id = take_request();
        mm_http_end(id, -1, "");
        mm_http_run(SLICE);
        told[0] = 0;
        request[17 + missing] = 0;
        CHECK_EQ(mesibo_util_http(request, NULL), 0);
        id = take_request();
        mm_http_status(id, 200, "");
        mm_http_data(id, 50, (const uint8_t *)"{}", 2);
        mm_http_end(id, 0, "");
        mm_http_run(SLICE);
        static const char *const expected[] = {"status(200,) close(0) ", "data(50,{}) data(100,) close(0) ",
                                               "status(200,) data(50,{}) data(100,) "};
        expect_told(expected[missing]);
    }
}

static void a_negative_result_ends_the_request(void)
{
    begin_test();
    data_returns = INT64_C(0xffffffff); /* -1 in its low 32 bits */
    ask_2020("http://h", 1);
    uint64_t id = take_request(), cancelled = 0;
    mm_http_status(id, 200, "");
    mm_http_data(id, 50, (const uint8_t *)"{}", 2);
    mm_http_data(id, 60, (const uint8_t *)"{}", 2);
    mm_http_run(SLICE);
    expect_told("status(200,) data(50,{}) ");
    CHECK_EQ(take_command(&cancelled), MM_HTTP_CANCEL);
    CHECK_EQ(cancelled, id);
    CHECK_EQ(mm_http_data(id, 70, (const uint8_t *)"{}", 2), -1);
    mm_http_end(id, 0, "");
    CHECK_EQ(mm_http_run(SLICE), 0);
    /* At the last piece there is nothing left to end, and close is not called either. */
    ask_2020("http://h", 1);
    mm_http_end(take_request(), 0, "");
    mm_http_run(SLICE);
    expect_told("data(100,) ");
    CHECK_EQ(take_command(&cancelled), 0);
}

static int64_t free_on_failure(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    (void)state, (void)buffer, (void)size;
    ++*(int *)data;
    if (progress < 0 || progress == 100)
        free(data);
    return progress < 0 ? -1 : 0;
}

static void free_on_close(void *data, int64_t result)
{
    ++*(int *)data;
    (void)result;
    free(data);
}

/* Under AddressSanitizer: the context is not touched after either of the last callbacks. */
static void a_context_may_be_freed_in_its_last_callback(void)
{
    begin_test();
    for (int result = -1; result <= 0; result++) {
        mesibo_http(NULL, "h", NULL, (void *)free_on_failure, calloc(1, sizeof(int)), NULL);
        mm_http_end(take_request(), result, "why");
        mm_http_run(SLICE);
        memset(request, 0, sizeof request);
        request[0] = (uintptr_t)"h";
        request[19] = (uintptr_t)free_on_close;
        mesibo_util_http(request, calloc(1, sizeof(int)));
        mm_http_end(take_request(), result, "why");
        mm_http_run(SLICE);
        request[17] = (uintptr_t)free_on_failure;
        request[19] = 0;
        mesibo_util_http(request, calloc(1, sizeof(int)));
        mm_http_end(take_request(), result, "why");
        mm_http_run(SLICE);
    }
    CHECK_EQ(mm_http_pending(), 0);
}

static void refusals_say_why(void)
{
    begin_test();
    CHECK_EQ(mesibo_http(NULL, NULL, NULL, NULL, NULL, NULL), -1);
    CHECK_EQ(mesibo_http(NULL, "", NULL, NULL, NULL, NULL), -1);
    CHECK_EQ(mesibo_util_http(NULL, NULL), -1);
    CHECK_EQ(ask_2020(NULL, 1), -1);
    take();
    expect_line("http refused: the URL is NULL");
    expect_line("http refused: the URL is empty");
    expect_line("mesibo_util_http refused: the request is NULL");
    expect_line("mesibo_util_http refused: the URL is NULL");
    uint64_t id;
    CHECK_EQ(take_command(&id), 0);
}

static void ten_thousand_may_be_open(void)
{
    start(4 * MIB, KIB, 0);
    for (int i = 0; i < 10000; i++)
        CHECK_EQ(ask_old("http://h", NULL), 0);
    CHECK_EQ(ask_old("http://h", NULL), -1);
    take();
    expect_line("http refused: 10000 requests are open");
    for (int i = 1; i <= 10000; i++) {
        CHECK_EQ(take_request(), i);
        if (i % 2 == 0)
            mm_http_end((uint64_t)i, 0, "");
    }
    while (mm_http_run(SLICE) > 0)
        told[0] = 0;
    CHECK_EQ(ask_old("http://h", NULL), 0);
    mm_http_close();
    while (mm_http_run(SLICE) > 0)
        told[0] = 0, take();
}

static void what_is_asked_is_bounded(void)
{
    begin_test();
    char *post = malloc(30 * MIB + 1);
    memset(post, 'p', 30 * MIB);
    post[30 * MIB] = 0;
    CHECK_EQ(ask_old("http://h", post), 0);
    CHECK_EQ(ask_old("http://h", post), 0);
    CHECK_EQ(ask_old("http://h", post), -1);
    take();
    expect_line("http refused: the open requests hold 64 MiB");
    CHECK(mm_http_take(taken, 8) > 30 * MIB); /* too little room: it stays */
    uint64_t first = take_request();
    mm_http_end(first, 0, "");
    mm_http_run(SLICE);
    CHECK_EQ(ask_old("http://h", post), 0);
    mm_http_close();
    mm_http_run(SLICE);
    free(post);
}

static void a_slow_module_pauses_the_worker(void)
{
    begin_test();
    data_returns = 0;
    ask_old("http://h", NULL);
    uint64_t id = take_request(), resumed = 0;
    uint8_t *chunk = calloc(1, 64 * KIB);
    int chunks = 1;
    while (mm_http_data(id, 1, chunk, 64 * KIB) == 1)
        chunks++;
    CHECK_EQ(chunks, 16); /* the one that goes over a MiB is taken too */
    CHECK_EQ(mm_http_run(0), 1);
    for (int i = 0; i < 20 && take_command(&resumed) == 0; i++)
        CHECK_EQ(mm_http_run(0), 1);
    CHECK_EQ(resumed, id);
    CHECK_EQ(mm_http_data(id, 1, chunk, 64 * KIB), 1);
    mm_http_close();
    mm_http_run(SLICE);
    free(chunk);
}

static void pieces_of_a_byte_count_with_what_they_take(void)
{
    begin_test();
    ask_old("http://h", NULL);
    uint64_t id = take_request();
    int pieces = 1;
    while (mm_http_data(id, 1, (const uint8_t *)"x", 1) == 1)
        pieces++;
    CHECK(pieces < MIB / 32);
    mm_http_close();
    mm_http_run(SLICE);
    while (mm_http_run(SLICE) > 0)
        told[0] = 0;
}

static uint64_t racing_id;

static void *report_more(void *unused)
{
    CHECK_EQ(mm_http_data(racing_id, 50, (const uint8_t *)"more", 4), 1);
    return unused;
}

static int64_t end_while_more_comes(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    pthread_t worker;
    on_data(data, state, progress, buffer, size);
    CHECK_EQ(pthread_create(&worker, NULL, report_more, NULL), 0);
    pthread_join(worker, NULL);
    return -1;
}

/* Under AddressSanitizer: what comes while the callback runs does not put the request in line again. */
static void a_request_may_be_ended_while_more_comes(void)
{
    begin_test();
    mesibo_http(NULL, "h", NULL, (void *)end_while_more_comes, NULL, NULL);
    racing_id = take_request();
    mm_http_data(racing_id, 10, (const uint8_t *)"x", 1);
    mm_http_run(SLICE);
    expect_told("data(10,x) ");
    CHECK_EQ(mm_http_pending(), 0);
    CHECK_EQ(mm_http_run(SLICE), 0);
}

static void callbacks_take_turns_between_requests(void)
{
    begin_test();
    uint64_t ids[2];
    for (int i = 0; i < 2; i++) {
        ask_old("http://h", NULL);
        ids[i] = take_request();
    }
    for (int i = 0; i < 3; i++)
        mm_http_data(ids[0], 1, (const uint8_t *)"a", 1);
    mm_http_data(ids[1], 1, (const uint8_t *)"b", 1);
    mm_http_run(SLICE);
    expect_told("data(1,a) data(1,b) data(1,a) data(1,a) ");
    mm_http_close();
    mm_http_run(SLICE);
}

static void a_close_fails_what_is_open_and_refuses_more(void)
{
    begin_test();
    ask_old("http://one", NULL);
    ask_2020("http://two", 1);
    uint64_t first = take_request(), second = take_request();
    mm_http_data(first, 10, (const uint8_t *)"abc", 3);
    mm_http_close();
    CHECK_EQ(ask_old("http://three", NULL), -1);
    CHECK_EQ(mm_http_data(second, 1, (const uint8_t *)"x", 1), -1);
    mm_http_run(SLICE);
    expect_told("data(10,abc) close(-1) data(-1,) ");
    uint64_t id;
    CHECK_EQ(take_command(&id), MM_HTTP_CANCEL);
    CHECK_EQ(take_command(&id), MM_HTTP_CANCEL);
    CHECK_EQ(take_command(&id), 0);
    take();
    expect_line("http refused: the module is being stopped");
    expect_line("http: GET http://two failed: the module is being stopped");
    expect_line("http: GET http://one failed: the module is being stopped");
}

static int64_t ask_again(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    on_data(data, state, progress, buffer, size);
    if (progress == 100)
        CHECK_EQ(ask_old("http://again", NULL), 0);
    return 0;
}

static void a_callback_may_ask_again(void)
{
    begin_test();
    mesibo_http(NULL, "h", NULL, (void *)ask_again, NULL, NULL);
    mm_http_end(take_request(), 0, "");
    mm_http_run(SLICE);
    uint64_t id = take_request();
    CHECK_TEXT(text_at(MM_HTTP_URL), "http://again");
    mm_http_end(id, 0, "");
    mm_http_run(SLICE);
    expect_told("data(100,) data(100,) ");
}

static int64_t look_at_the_box(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    (void)data, (void)state, (void)buffer, (void)size;
    tell("event %u because of %u %lu ", mm_box->current_event, mm_box->cause_event, mm_box->cause_id);
    CHECK_EQ(mm_box->current_seq, 0);
    CHECK(mm_now() - mm_box->current_start < UINT64_C(60000000000));
    if (progress == 100 && data == NULL)
        mesibo_http(NULL, "h", NULL, (void *)look_at_the_box, &options, NULL);
    return 0;
}

static void the_box_names_the_call_that_asked(void)
{
    begin_test();
    mm_box->current_event = MM_MESSAGE;
    mm_box->cause_event = MM_MESSAGE;
    mm_box->cause_id = 77;
    mesibo_http(NULL, "h", NULL, (void *)look_at_the_box, NULL, NULL);
    mm_box->current_event = 0;
    mm_http_end(take_request(), 0, "");
    mm_http_run(SLICE);
    expect_told("event 6 because of 1 77 ");
    CHECK_EQ(mm_box->current_event, 0);
    /* Asked for inside of that callback: the same cause. */
    mm_http_end(take_request(), 0, "");
    mm_http_run(SLICE);
    expect_told("event 6 because of 1 77 ");
    /* Asked for while nothing ran. */
    mesibo_http(NULL, "h", NULL, (void *)look_at_the_box, &options, NULL);
    mm_http_end(take_request(), 0, "");
    mm_http_run(SLICE);
    expect_told("event 6 because of 0 0 ");
}

static int64_t send_and_ask_again(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    (void)state, (void)buffer, (void)size;
    if (progress != 100)
        return 0;
    CHECK_EQ(abi->send(0, "a", "b", "the answer", 10), 0);
    if (data == NULL)
        CHECK_EQ(mesibo_http(NULL, "h", NULL, (void *)send_and_ask_again, &options, NULL), 0);
    return 0;
}

static int64_t ask_in_a_call(struct fake_event *event)
{
    (void)event;
    CHECK_EQ(mesibo_http(NULL, "h", NULL, (void *)send_and_ask_again, NULL, NULL), 0);
    return 1;
}

static void expect_answer(uint64_t during, const char *origin)
{
    mm_http_end(take_request(), 0, "");
    mm_http_run(SLICE);
    take();
    const struct entry *entry = next_entry();
    CHECK(entry != NULL);
    CHECK_EQ(entry->kind, SENT);
    CHECK_EQ(entry->during, during);
    CHECK_BYTES(entry->origin, entry->origin_length, origin, strlen(origin));
    expect_end();
}

static void what_a_callback_sends_is_because_of_the_call_that_asked(void)
{
    start(1 * MIB, KIB, FAKE_MESSAGE);
    fake_on_event = ask_in_a_call;
    struct parts call = {.event = MM_MESSAGE, .seq = 9, .to = "b", .from = "a", .origin = "prosody 9"};
    run_call(&call);
    expect_result(9, 1, 0, NULL);
    /* So many that only the request still has the message. */
    fake_on_event = NULL;
    call.origin = "another";
    for (call.seq = 10; call.seq < 100; call.seq++) {
        run_call(&call);
        expect_result(call.seq, 0, 0, NULL);
    }
    expect_answer(9, "prosody 9");
    /* Asked for inside of that callback: the same call. */
    expect_answer(9, "prosody 9");
    /* Asked for while nothing ran. */
    mesibo_http(NULL, "h", NULL, (void *)send_and_ask_again, &options, NULL);
    expect_answer(0, "");
    CHECK_EQ(abi->send(0, "a", "b", "by itself", 9), 0);
    take();
    CHECK_EQ(next_entry()->during, 0);
}

static void no_callback_begins_without_room(void)
{
    begin_test();
    ask_old("http://h", NULL);
    mm_http_end(take_request(), 0, "");
    uint64_t position;
    uint32_t size = 512;
    while (mm_has_room()) {
        void *record = mm_reserve_result(size, &position);
        mm_commit(record, position);
    }
    CHECK_EQ(mm_http_run(SLICE), 0);
    CHECK_EQ(mm_http_pending(), 1);
    take();
    CHECK_EQ(mm_http_run(SLICE), 1);
    expect_told("data(100,) ");
}

/* ---- the worker as a thread ---- */

static void wait_for_byte(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    CHECK_EQ(poll(&waiting, 1, -1), 1);
    char bytes[64];
    CHECK(read(fd, bytes, sizeof bytes) > 0);
}

static const char *stand_in_answer;

/* Answers each request with a status and some data, until there are `count`. */
static void *stand_in(void *given)
{
    int fd = mm_http_wake_fd(), left = *(int *)given;
    uint8_t *room = malloc(4096);
    while (left > 0) {
        wait_for_byte(fd);
        mm_http_clear_wake();
        while (mm_http_take(room, 4096) > 0) {
            uint32_t kind;
            uint64_t id;
            memcpy(&kind, room, 4);
            memcpy(&id, room + 8, 8);
            if (kind != MM_HTTP_REQUEST)
                continue;
            mm_http_status(id, 200, "");
            if (stand_in_answer != NULL)
                mm_http_data(id, 50, (const uint8_t *)stand_in_answer, (uint32_t)strlen(stand_in_answer));
            mm_http_end(id, stand_in_answer != NULL ? 0 : -1, "no answer");
            left--;
        }
    }
    free(room);
    close(fd);
    return NULL;
}

static pthread_t start_worker(int *count)
{
    pthread_t worker;
    mm_http_worker_comes();
    CHECK_EQ(pthread_create(&worker, NULL, stand_in, count), 0);
    return worker;
}

static void a_synchronous_request_returns_after_its_callbacks(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    options[18] = 1;
    data_returns = 0;
    int count = 2;
    stand_in_answer = "hello";
    pthread_t worker = start_worker(&count);
    CHECK_EQ(ask_old("http://h", NULL), 0);
    expect_told("data(50,hello) data(100,) ");
    data_returns = -1;
    CHECK_EQ(ask_old("http://h", NULL), 0);
    expect_told("data(50,hello) ");
    CHECK_EQ(mm_http_pending(), 0);
    pthread_join(worker, NULL);
}

/* Asks with options that end where they did in October 2019, in front of what the test puts there. */
static void ask_with_144_bytes(void *short_options)
{
    memset(short_options, 0, 144);
    CHECK_EQ(mesibo_http(mm_module, "http://h", NULL, (void *)on_data, NULL, short_options), 0);
    take_request();
}

static void options_that_end_before_synchronous_are_no_wish_to_wait(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    mm_http_worker_comes();

    uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    CHECK_EQ(munmap(page + 4096, 4096), 0);
    ask_with_144_bytes(page + 4096 - 144);
    take_nothing();

    const uint64_t behind[] = {2, UINT64_MAX, (uintptr_t)page, UINT64_C(1) << 32};
    for (int i = 0; i < 4; i++) {
        memcpy(page + 144, &behind[i], 8);
        ask_with_144_bytes(page);
    }
    take();
    expect_line("http: synchronous is 0x2, neither 0 nor 1, and is taken for 0: options of the header of October 2019 end "
                "before it, and with a later header it must be 1 (said once)");
    CHECK(next_record() == NULL);

    void *heap = malloc(144);
    ask_with_144_bytes(heap);
    free(heap);
}

static void a_synchronous_request_that_fails_returns_too(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    options[18] = 1;
    int count = 1;
    stand_in_answer = NULL;
    pthread_t worker = start_worker(&count);
    CHECK_EQ(ask_old("http://h", NULL), 0);
    expect_told("data(-1,) ");
    pthread_join(worker, NULL);
}

static void a_synchronous_request_without_a_worker_is_refused(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    options[18] = 1;
    CHECK_EQ(mm_http_wants_worker(), 0);
    CHECK_EQ(ask_old("http://h", NULL), -1);
    expect_told("");
    take();
    expect_line("http refused: the host's http worker has ended; there is one again from the next callback on");
    CHECK_EQ(mm_http_wants_worker(), 1);
    CHECK_EQ(mm_http_wants_worker(), 0);
    mm_http_worker_comes();
    mm_http_worker_lost("it cannot be started");
    CHECK_EQ(ask_old("http://h", NULL), -1);
}

/* Takes one request and dies of it. */
static void *die(void *unused)
{
    int fd = mm_http_wake_fd();
    wait_for_byte(fd);
    uint64_t id;
    CHECK_EQ(take_command(&id), MM_HTTP_REQUEST);
    return unused;
}

static void a_synchronous_request_fails_when_the_worker_dies(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    options[18] = 1;
    pthread_t worker;
    mm_http_worker_comes();
    CHECK_EQ(pthread_create(&worker, NULL, die, NULL), 0);
    CHECK_EQ(ask_old("http://h", NULL), 0);
    expect_told("data(-1,) ");
    take();
    expect_line("http: GET http://h failed: the http worker of the host was lost");
    pthread_join(worker, NULL);
}

static int64_t count_data(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    (void)state, (void)buffer, (void)size;
    if (progress == 100)
        ++*(int *)data;
    return 0;
}

static void *ask_often(void *given)
{
    uint64_t own[19] = {0};
    own[18] = 1;
    for (int i = 0; i < 100 / EFFORT + 1; i++) {
        int done = 0;
        CHECK_EQ(mesibo_http(NULL, "h", "p", (void *)count_data, &done, own), 0);
        CHECK_EQ(done, 1);
        CHECK_EQ(mesibo_http(NULL, "h", NULL, (void *)count_data, given, NULL), 0);
    }
    return NULL;
}

static void threads_ask_while_the_main_thread_calls_back(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    enum { THREADS = 4, EACH = 100 / EFFORT + 1 };
    int count = THREADS * EACH * 2, done = 0;
    stand_in_answer = "x";
    pthread_t worker = start_worker(&count), threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, ask_often, &done), 0);
    while (done < THREADS * EACH) {
        mm_http_run(1000);
        take();
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(worker, NULL);
}

static void *ask_and_wait(void *given)
{
    uint64_t own[19] = {0};
    own[18] = 1;
    sem_post(given);
    mesibo_http(NULL, "h", NULL, (void *)on_data, NULL, own);
    return NULL;
}

static void a_close_ends_the_wait_of_a_thread(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    sem_t began;
    sem_init(&began, 0, 0);
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, ask_and_wait, &began), 0);
    sem_wait(&began);
    while (!mm_http_wants_worker())
        usleep(1000);
    mm_http_close();
    expect_told("data(-1,) ");
    pthread_join(thread, NULL);
}

static int64_t end_this_thread(void *data, int64_t state, int64_t progress, const char *buffer, int64_t size)
{
    (void)state, (void)progress, (void)buffer, (void)size;
    if (data != NULL)
        pthread_exit(NULL);
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return 0;
}

static void *ask_and_end(void *data)
{
    uint64_t own[19] = {0};
    own[18] = 1;
    mesibo_http(NULL, "h", NULL, (void *)end_this_thread, data, own);
    CHECK(!"the thread has ended");
    return NULL;
}

static void a_thread_that_ends_in_a_callback_leaves_no_request(void)
{
    begin_test();
    mm_abi.http_synchronous = 144;
    enum { MORE_THAN_MAY_BE_OPEN = 10010 };
    int count = EFFORT == 1 ? MORE_THAN_MAY_BE_OPEN : 20;
    stand_in_answer = "x";
    pthread_t worker = start_worker(&count);
    for (int i = 0, all = count; i < all; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, ask_and_end, i % 2 ? &thread : NULL), 0);
        pthread_join(thread, NULL);
    }
    pthread_join(worker, NULL);
    take_nothing(); /* none was refused */
}

static void *ask_until_cancelled(void *unused)
{
    int before;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    for (;;)
        mesibo_http(NULL, "h", NULL, NULL, NULL, NULL);
    return unused;
}

static void a_cancelled_thread_leaves_no_lock(void)
{
    start(4 * MIB, KIB, 0);
    for (int i = 0; i < 200 / EFFORT; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, ask_until_cancelled, NULL), 0);
        usleep((useconds_t)(i % 7) * 100);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
        uint64_t id;
        while (take_command(&id) == MM_HTTP_REQUEST)
            mm_http_end(id, 0, "");
        while (mm_http_run(SLICE) > 0)
            continue;
        take();
    }
}

static void a_worker_is_wanted_when_there_is_none(void)
{
    begin_test();
    CHECK_EQ(mm_http_wants_worker(), 0);
    ask_old("http://h", NULL);
    CHECK_EQ(mm_http_wants_worker(), 1);
    CHECK_EQ(mm_box->wake, 1); /* the main thread is told */
    int fd = mm_http_wake_fd();
    CHECK_EQ(mm_http_wants_worker(), 0);
    wait_for_byte(fd); /* what was asked before is there to be taken */
    mm_http_clear_wake();
    uint64_t id = take_request();
    close(fd);
    mm_http_worker_lost("the worker was lost");
    ask_2020("http://again", 1);
    CHECK_EQ(mm_http_wants_worker(), 1);
    mm_http_run(SLICE);
    expect_told("data(-1,) ");
    CHECK_EQ(mm_http_data(id, 1, (const uint8_t *)"x", 1), -1);
    fd = mm_http_wake_fd();
    wait_for_byte(fd);
    mm_http_end(take_request(), 0, "");
    mm_http_run(SLICE);
    expect_told("data(100,) close(0) ");
    close(fd);
}

static void a_forked_child_asks_for_nothing(void)
{
    begin_test();
    pid_t child = fork();
    if (child == 0)
        leave(ask_old("http://h", NULL) == -1 ? 0 : 1);
    int status = 1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    uint64_t id;
    CHECK_EQ(take_command(&id), 0);
}

const struct test http_tests[] = {
    ONCE("http", every_option_of_the_older_abis_reaches_the_worker),
    ONCE("http", every_field_of_2020_reaches_the_worker),
    ONCE("http", what_is_not_given_is_nothing),
    ONCE("http", a_response_is_its_chunks_then_100),
    ONCE("http", an_empty_response_is_100_alone),
    ONCE("http", a_failure_is_one_negative_progress_and_a_line),
    ONCE("http", labels_hide_passwords_and_are_cut),
    ONCE("http", a_response_in_2020_is_status_data_close),
    ONCE("http", a_failure_in_2020_is_close_alone_or_data_without_one),
    ONCE("http", any_callback_may_be_null),
    ONCE("http", a_negative_result_ends_the_request),
    ONCE("http", a_context_may_be_freed_in_its_last_callback),
    ONCE("http", refusals_say_why),
    ONCE("http", ten_thousand_may_be_open),
    ONCE("http", what_is_asked_is_bounded),
    ONCE("http", a_slow_module_pauses_the_worker),
    ONCE("http", pieces_of_a_byte_count_with_what_they_take),
    ONCE("http", a_request_may_be_ended_while_more_comes),
    ONCE("http", callbacks_take_turns_between_requests),
    ONCE("http", a_close_fails_what_is_open_and_refuses_more),
    ONCE("http", a_callback_may_ask_again),
    ONCE("http", the_box_names_the_call_that_asked),
    ONCE("http", what_a_callback_sends_is_because_of_the_call_that_asked),
    ONCE("http", no_callback_begins_without_room),
    ONCE("http", a_worker_is_wanted_when_there_is_none),
    ONCE("http", options_that_end_before_synchronous_are_no_wish_to_wait),
    ONCE("http", a_synchronous_request_without_a_worker_is_refused),
    ONCE("http", a_forked_child_asks_for_nothing),
    ONCE("threads: http", a_synchronous_request_returns_after_its_callbacks),
    ONCE("threads: http", a_synchronous_request_that_fails_returns_too),
    ONCE("threads: http", a_synchronous_request_fails_when_the_worker_dies),
    ONCE("threads: http", threads_ask_while_the_main_thread_calls_back),
    ONCE("threads: http", a_close_ends_the_wait_of_a_thread),
    ONCE("threads: http", a_thread_that_ends_in_a_callback_leaves_no_request),
    ONCE("threads: http", a_cancelled_thread_leaves_no_lock),
    END,
};
