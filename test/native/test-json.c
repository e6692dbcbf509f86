/* mesibo_util_json_extract: what it finds, how it changes the text, and that it never goes beyond the text. */
#include "calls.h"
#include "fake.h"
#include "json-source.h"

#include <stdlib.h>
#include <string.h>

/* ---- one value ---- */

static const struct {
    const char *text, *key, *value;
} found[] = {
    /* every kind of value */
    {"{\"k\":\"v\"}", "k", "v"},
    {"{\"k\":\"\"}", "k", ""},
    {"{\"k\":1}", "k", "1"},
    {"{\"k\":-0.25e+10}", "k", "-0.25e+10"},
    {"{\"k\":0}", "k", "0"},
    {"{\"k\":1E5,\"b\":2}", "k", "1E5"},
    {"{\"k\":18446744073709551616}", "k", "18446744073709551616"},
    {"{\"k\":true}", "k", "true"},
    {"{\"k\":false ,\"b\":2}", "k", "false"},
    {"{\"k\":null\n}", "k", "null"},
    {"{\"k\":{}}", "k", "{}"},
    {"{\"k\":[]}", "k", "[]"},
    {"{\"k\":{\"a\":[1,{\"b\":\"}]\"}], \"c\" : null}}", "k", "{\"a\":[1,{\"b\":\"}]\"}], \"c\" : null}"},
    {"{\"k\":[1,[2,{}],\"\\\"]\"]}", "k", "[1,[2,{}],\"\\\"]\"]"},
    /* space */
    {" \t\r\n{ \"k\" \n:\t \"v\" } ", "k", "v"},
    {"{ \"k\" :  12 , \"b\":2}", "k", "12"},
    {"{\"k\": [ 1 ] }", "k", "[ 1 ]"},
    /* any depth, document order */
    {"{\"a\":{\"b\":[{\"c\":1},{\"k\":\"deep\"}]}}", "k", "deep"},
    {"[[[{\"k\":3}]]]", "k", "3"},
    {"{\"a\":{\"k\":1},\"k\":2}", "k", "1"},
    {"{\"k\":1,\"a\":{\"k\":2}}", "k", "1"},
    /* what only looks like the key */
    {"{\"a\":\"k\",\"k\":\"v\"}", "k", "v"},
    {"{\"a\":\"\\\"k\\\":1\",\"k\":\"v\"}", "k", "v"},
    {"[\"k\",{\"k\":5}]", "k", "5"},
    {"{\"kk\":1,\"\":2,\"K\":3,\"k\":4}", "k", "4"},
    {"{\"\":\"nameless\"}", "", "nameless"},
    /* escapes in values */
    {"{\"k\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "k", "\"\\/\b\f\n\r\t"},
    {"{\"k\":\"a\\u0041\\u00e9\\u20AC\\ud83d\\ude00z\"}", "k", "aA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"},
    {"{\"k\":\"\\uDBFF\\uDFFF\"}", "k", "\xf4\x8f\xbf\xbf"},
    {"{\"k\":\"\\ud800\"}", "k", "\xef\xbf\xbd"},
    {"{\"k\":\"\\udc00x\"}", "k", "\xef\xbf\xbdx"},
    {"{\"k\":\"\\ud800\\u0041\"}", "k", "\xef\xbf\xbd\x41"},
    {"{\"k\":\"\\ud800\\ud83d\\ude00\"}", "k", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
    {"{\"k\":\"\\ud83d\\n\"}", "k", "\xef\xbf\xbd\n"},
    {"{\"k\":\"a\\u0000b\"}", "k", "a\xef\xbf\xbd\x62"},
    {"{\"k\":\"raw \xe2\x82\xac, and \xff, and \t\"}", "k", "raw \xe2\x82\xac, and \xff, and \t"},
    {"{\"k\":\"{[\"}", "k", "{["},
    /* escapes in keys */
    {"{\"\\u006b\":1}", "k", "1"},
    {"{\"a\\\"b\\u20ac\":1}", "a\"b\xe2\x82\xac", "1"},
    {"{\"k\\u0000\":1,\"k\":2}", "k", "2"},
    /* what is broken elsewhere */
    {"{\"k\":\"v\"", "k", "v"},
    {"{\"k\":1,", "k", "1"},
    {"{\"k\":{}", "k", "{}"},
    {"{]\"k\":1}", "k", "1"},
    {"\"k\":1}", "k", "1"},
    {"{\"k\":1}}}}]", "k", "1"},
    {"{\"k\":\"v\",\"b\":\"without end", "k", "v"},
    {"\xef\xbb\xbf{\"k\":1}", "k", "1"},
};

static void a_value_is_found(void)
{
    box_open(256 * KIB, KIB);
    for (unsigned i = 0; i < sizeof found / sizeof found[0]; i++)
        WITH_BOTH(arguments) {
            struct source source = make_source(found[i].text, strlen(found[i].text), arguments);
            char *value = extract(&source, found[i].key);
            CHECK_TEXT(value, found[i].value);
            CHECK(value > source.text && value + strlen(value) < source.text + source.length);
            /* Once more, and it is the same. */
            CHECK(extract(&source, found[i].key) == value);
            CHECK_TEXT(value, found[i].value);
            free(source.text);
        }
}

#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *text;
    size_t length;
} not_found[] = {
    {BYTES("{}")},
    {BYTES("{\"a\":1}")},
    {BYTES("{\"a\":\"k\"}")},
    {BYTES("[\"k\"]")},
    {BYTES("\"k\"")},
    {BYTES("k")},
    {BYTES("k:1")},
    {BYTES("{'k':1}")},
    {BYTES("{k:1}")},
    /* a key without a value */
    {BYTES("{\"k\"}")},
    {BYTES("{\"k\":}")},
    {BYTES("{\"k\":,}")},
    {BYTES("{\"k\":]")},
    {BYTES("{\"k\":")},
    {BYTES("{\"k\": ")},
    {BYTES("{\"k\"")},
    {BYTES("{\"k")},
    {BYTES("{\"k\" 1}")},
    {BYTES("{\"k\"{}}")},
    {BYTES("{\"k\" \"v\"}")},
    /* one that is cut off */
    {BYTES("{\"k\":\"")},
    {BYTES("{\"k\":\"v")},
    {BYTES("{\"k\":\"v\\")},
    {BYTES("{\"k\":\"v\\\"")},
    {BYTES("{\"k\":\"v\\u12")},
    {BYTES("{\"k\":\"v\\u1234")},
    {BYTES("{\"k\":1")},
    {BYTES("{\"k\":-")},
    {BYTES("{\"k\":1.")},
    {BYTES("{\"k\":tru")},
    {BYTES("{\"k\":true")},
    {BYTES("{\"k\":{")},
    {BYTES("{\"k\":[1,2")},
    {BYTES("{\"k\":[\"]")},
    {BYTES("{\"k\":{\"a\":1")},
    /* one that cannot be */
    {BYTES("{\"k\":01}")},
    {BYTES("{\"k\":+1}")},
    {BYTES("{\"k\":.5}")},
    {BYTES("{\"k\":1.}")},
    {BYTES("{\"k\":1e}")},
    {BYTES("{\"k\":-}")},
    {BYTES("{\"k\":0x10}")},
    {BYTES("{\"k\":1\"}")},
    {BYTES("{\"k\":truth}")},
    {BYTES("{\"k\":TRUE}")},
    {BYTES("{\"k\":NaN}")},
    {BYTES("{\"k\":'v'}")},
    {BYTES("{\"k\":v}")},
    {BYTES("{\"k\"::1}")},
    {BYTES("{\"k\":\"\\x41\"}")},
    {BYTES("{\"k\":\"\\u00g0\"}")},
    {BYTES("{\"k\":\"\\u 12\"}")},
    {BYTES("{\"k\":[}]}")},
    {BYTES("{\"k\":{]}}")},
    {BYTES("{\"k\":[{\"a\":\"\\q\"}]}")},
    /* a string before it has no end, or is none */
    {BYTES("{\"a\":\"b,\"k\":1}")},
    {BYTES("{\"a\":\"\\q\",\"k\":1}")},
    /* bytes that an extraction would have left */
    {BYTES("{\"a\":\002b,\"k\":1")},
};

static void what_is_not_there_is_null_and_changes_nothing(void)
{
    box_open(256 * KIB, KIB);
    for (unsigned i = 0; i < sizeof not_found / sizeof not_found[0]; i++) {
        expect_nothing(not_found[i].text, not_found[i].length, "k");
        expect_nothing(not_found[i].text, not_found[i].length, "absent");
    }
}

/* With a length, a NUL is an ordinary byte: no string holds one, and a number does not end with it. */
static void a_nul_in_the_text_is_not_stepped_over_in_a_value(void)
{
    static const char string[] = "{\"k\":\"a\0b\",\"l\":1}", number[] = "{\"k\":1\0}";
    box_open(256 * KIB, KIB);
    struct source source = make_source(string, sizeof string - 1, 4);
    CHECK(extract(&source, "k") == NULL);
    CHECK_BYTES(source.text, source.length, string, sizeof string - 1);
    free(source.text);
    source = make_source(number, sizeof number - 1, 4);
    CHECK(extract(&source, "k") == NULL);
    free(source.text);
    source = make_source("\0{\"k\":1}", 8, 4);
    CHECK_TEXT(extract(&source, "k"), "1");
    free(source.text);
}

static void bad_arguments_are_null(void)
{
    char text[] = "{\"k\":1}", *next = text;
    box_open(256 * KIB, KIB);
    mm_abi.json_arguments = 3;
    CHECK(extract_3(NULL, "k", &next) == NULL);
    CHECK(extract_3(text, NULL, &next) == NULL);
    CHECK(extract_3(NULL, NULL, NULL) == NULL);
    mm_abi.json_arguments = 4;
    CHECK(extract_4(NULL, 7, "k", &next) == NULL);
    CHECK(extract_4(text, 7, NULL, &next) == NULL);
    CHECK(extract_4(text, 0, "k", &next) == NULL);
    CHECK(extract_4(text, -1, "k", &next) == NULL);
    CHECK(extract_4(text, INT64_MIN, "k", &next) == NULL);
    mm_abi.json_arguments = 0;
    CHECK(extract_4(text, 7, "k", &next) == NULL);
    CHECK(extract_3(text, "k", &next) == NULL);
    CHECK(next == text);
    CHECK_TEXT(text, "{\"k\":1}");
}

/* ---- the same text again ---- */

static const char order[] = "{\"id\":7,\"who\":{\"name\":\"A \\\"B\\\"\",\"tags\":[1,2]},\"text\" : \"hi\", \"n\": 1.5 ,\"last\":null}";

static void with_a_length_all_keys_are_found_in_any_order(void)
{
    static const struct {
        const char *key, *value;
    } keys[] = {{"id", "7"}, {"name", "A \"B\""}, {"tags", "[1,2]"}, {"text", "hi"}, {"n", "1.5"}, {"last", "null"}};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    box_open(256 * KIB, KIB);
    uint32_t state = 7;
    for (int round = 0; round < 1000 / EFFORT; round++) {
        struct source source = make_source(order, sizeof order - 1, 4);
        char *values[KEYS] = {NULL};
        for (int i = 0; i < 3 * KEYS; i++) {
            unsigned which = next_random(&state) % KEYS;
            char *value = extract(&source, keys[which].key);
            CHECK(value != NULL && (values[which] == NULL || values[which] == value));
            values[which] = value;
            CHECK(extract(&source, "absent") == NULL);
            /* What was extracted before stays as it is. */
            for (unsigned k = 0; k < KEYS; k++)
                if (values[k] != NULL)
                    CHECK_TEXT(values[k], keys[k].value);
        }
        free(source.text);
    }
}

static void an_object_may_be_searched_itself(void)
{
    box_open(256 * KIB, KIB);
    WITH_BOTH(arguments) {
        struct source source = make_source(order, sizeof order - 1, arguments);
        char *object = extract(&source, "who");
        CHECK_TEXT(object, "{\"name\":\"A \\\"B\\\"\",\"tags\":[1,2]}");
        struct source inner = {object, strlen(object), arguments};
        CHECK(extract(&inner, "text") == NULL);
        CHECK_TEXT(extract(&inner, "tags"), "[1,2]");
        CHECK_TEXT(extract(&inner, "name"), "A \"B\"");
        free(source.text);
    }
}

/* What was extracted inside cuts the text of the object, and hides nothing behind it. */
static void an_object_may_have_been_searched_before(void)
{
    static const char text[] = "{\"who\":{\"tags\" :  [1, 2] ,\"n\": 3},\"last\":4}";
    box_open(256 * KIB, KIB);
    struct source source = make_source(text, sizeof text - 1, 4);
    CHECK_TEXT(extract(&source, "tags"), "[1, 2]");
    char *next;
    CHECK_TEXT(extract_at(&source, source.text, "who", &next), "{\"tags\" [1, 2]");
    CHECK_TEXT(extract_at(&source, next, "last", NULL), "4");
    CHECK_TEXT(extract(&source, "n"), "3");
    free(source.text);
}

/* A text that ends at its first NUL: the extracted value is its last. */
static void without_a_length_a_value_ends_the_text_seen_from_its_start(void)
{
    box_open(256 * KIB, KIB);
    struct source source = make_source(order, sizeof order - 1, 3);
    CHECK_TEXT(extract(&source, "n"), "1.5");
    CHECK(extract(&source, "last") == NULL);
    CHECK_TEXT(extract(&source, "n"), "1.5");
    CHECK_TEXT(extract(&source, "text"), "hi");
    CHECK_TEXT(extract(&source, "name"), "A \"B\"");
    CHECK_TEXT(extract(&source, "name"), "A \"B\"");
    CHECK(extract(&source, "text") == NULL);
    CHECK_TEXT(extract(&source, "id"), "7");
    free(source.text);
}

static void next_leads_from_value_to_value(void)
{
    static const char list[] = "[{\"k\":\"a\"},{\"k\":{\"k\":0}},{\"k\" : 12 },{\"k\":[]},{\"k\":\"\\n\"},{\"k\":null}]";
    static const char *const values[] = {"a", "{\"k\":0}", "12", "[]", "\n", "null"};
    box_open(256 * KIB, KIB);
    WITH_BOTH(arguments) {
        struct source source = make_source(list, sizeof list - 1, arguments);
        char *next = source.text;
        for (int i = 0; i < 6; i++)
            CHECK_TEXT(extract_at(&source, next, "k", &next), values[i]);
        char *last = next;
        CHECK(last > source.text && last < source.text + source.length);
        CHECK(extract_at(&source, next, "k", &next) == NULL);
        CHECK(next == last);
        free(source.text);
    }
}

/* The keys of a text in their order, each looked for behind the one before. */
static void next_serves_any_key(void)
{
    static const char *const keys[] = {"id", "name", "tags", "text", "n", "last"};
    static const char *const values[] = {"7", "A \"B\"", "[1,2]", "hi", "1.5", "null"};
    box_open(256 * KIB, KIB);
    WITH_BOTH(arguments) {
        struct source source = make_source(order, sizeof order - 1, arguments);
        char *next = source.text, *extracted[6];
        for (int i = 0; i < 6; i++)
            extracted[i] = extract_at(&source, next, keys[i], &next);
        for (int i = 0; i < 6; i++)
            CHECK_TEXT(extracted[i], values[i]);
        CHECK(extract_at(&source, source.text + source.length, "k", &next) == NULL);
        free(source.text);
    }
}

/* ---- size ---- */

static void a_million_brackets_do_no_harm(void)
{
    enum { MILLION = 1000000 };
    static const char *const openings[] = {"[", "{", "{\"k\":[", "[{\"k\":", "\"k\"["};
    box_open(256 * KIB, KIB);
    char *text = malloc(6 * MILLION + 8);
    for (unsigned i = 0; i < sizeof openings / sizeof openings[0]; i++) {
        size_t length = 0;
        for (int n = 0; n < MILLION / EFFORT; n++)
            length += (size_t)sprintf(text + length, "%s", openings[i]);
        expect_nothing(text, length, "k");
        expect_nothing(text, length, "absent");
        if (i > 1)
            continue;
        /* A key is found behind them all. */
        strcpy(text + length, "\"k\":1}");
        WITH_BOTH(arguments) {
            struct source source = make_source(text, length + 6, arguments);
            CHECK_TEXT(extract(&source, "k"), "1");
            free(source.text);
        }
    }
    free(text);
}

static void a_value_is_nested_up_to_the_limit(void)
{
    char text[4096];
    box_open(256 * KIB, KIB);
    for (int depth = 1023; depth <= 1025; depth++)
        WITH_BOTH(arguments) {
            int length = sprintf(text, "{\"k\":%0*d%0*d}", depth, 0, depth, 0);
            memset(text + 5, '[', (size_t)depth);
            memset(text + 5 + depth, ']', (size_t)depth);
            struct source source = make_source(text, (size_t)length, arguments);
            char *value = extract(&source, "k");
            CHECK(depth <= 1024 ? value != NULL && strlen(value) == 2 * (size_t)depth : value == NULL);
            free(source.text);
        }
}

static void a_megabyte_of_escapes_is_one_value(void)
{
    enum { COUNT = 100000 };
    box_open(256 * KIB, KIB);
    struct bytes text = {0}, expected = {0};
    put_text(&text, "{\"k\":\"", 6);
    text.length--;
    for (int i = 0; i < COUNT; i++) {
        put_text(&text, "\\ud83d\\ude00", 12);
        text.length--;
        put_text(&expected, "\xf0\x9f\x98\x80", 4);
        expected.length--;
    }
    put_text(&text, "\"}", 2);
    put_text(&expected, "", 0);
    WITH_BOTH(arguments) {
        struct source source = make_source(text.data, text.length - 1, arguments);
        CHECK_TEXT(extract(&source, "k"), (const char *)expected.data);
        free(source.text);
    }
    release(&text);
    release(&expected);
}

const struct test json_tests[] = {
    ONCE("json", a_value_is_found),
    ONCE("json", what_is_not_there_is_null_and_changes_nothing),
    ONCE("json", a_nul_in_the_text_is_not_stepped_over_in_a_value),
    ONCE("json", bad_arguments_are_null),
    ONCE("json", with_a_length_all_keys_are_found_in_any_order),
    ONCE("json", an_object_may_be_searched_itself),
    ONCE("json", an_object_may_have_been_searched_before),
    ONCE("json", without_a_length_a_value_ends_the_text_seen_from_its_start),
    ONCE("json", next_leads_from_value_to_value),
    ONCE("json", next_serves_any_key),
    ONCE("json", a_million_brackets_do_no_harm),
    ONCE("json", a_value_is_nested_up_to_the_limit),
    ONCE("json", a_megabyte_of_escapes_is_one_value),
    END,
};
