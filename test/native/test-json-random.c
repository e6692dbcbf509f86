/* mesibo_util_json_extract and random documents with known values; and what it finds in them after damage. */
#include "fake.h"
#include "json-source.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LEAVES = 64, DOCUMENT_ROOM = 64 * KIB };

struct leaf {
    char key[16], value[64];
};

struct document {
    char *text;
    size_t length;
    struct leaf leaves[MOST_LEAVES];
    unsigned count;
};

static uint32_t seed;
static uint32_t below(uint32_t limit) { return next_random(&seed) % limit; }

static void put(struct document *document, const char *text)
{
    size_t length = strlen(text);
    CHECK(document->length + length < DOCUMENT_ROOM);
    memcpy(document->text + document->length, text, length + 1);
    document->length += length;
}

static void put_space(struct document *document)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r ", "  "};
    put(document, spaces[below(7)]);
}

static const struct {
    const char *written, *meant;
} pieces[] = {
    {"a", "a"},          {"key0", "key0"},           {" ", " "},
    {"{", "{"},          {"]", "]"},                 {":", ":"},
    {",", ","},          {"\\\"", "\""},             {"\\\\", "\\"},
    {"\\n", "\n"},       {"\\u0041", "A"},           {"\\u00fc", "\xc3\xbc"},
    {"\\u20ac", "\xe2\x82\xac"}, {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"}, {"\\udfff", "\xef\xbf\xbd"},
    {"\xc3\xa4", "\xc3\xa4"}, {"\\/", "/"},          {"\002", "\002"},
};

static void put_string(struct document *document, char *value)
{
    put(document, "\"");
    *value = 0;
    for (uint32_t left = below(10); left > 0; left--) {
        unsigned which = below(sizeof pieces / sizeof pieces[0]);
        put(document, pieces[which].written);
        strcat(value, pieces[which].meant);
    }
    put(document, "\"");
}

static void put_scalar(struct document *document, char *value)
{
    static const char *const words[] = {"true", "false", "null", "0", "-1", "12.5", "-0.0e-7", "184467440737"};
    if (below(2) == 0) {
        put_string(document, value);
    } else {
        strcpy(value, words[below(8)]);
        put(document, value);
    }
}

/* Containers have keys that no leaf has, so no leaf is searched for twice. */
static void put_value(struct document *document, int depth)
{
    char unused[64];
    const int is_object = below(3) > 0;
    if (depth > 6 || document->count == MOST_LEAVES) {
        put_scalar(document, unused);
        return;
    }
    put(document, is_object ? "{" : "[");
    for (uint32_t left = below(6), first = 1; left > 0; left--, first = 0) {
        put(document, first ? "" : ",");
        put_space(document);
        const int is_leaf = below(3) > 0 && document->count < MOST_LEAVES;
        if (!is_object) {
            if (is_leaf)
                put_scalar(document, unused);
            else
                put_value(document, depth + 1);
        } else if (is_leaf) {
            struct leaf *leaf = &document->leaves[document->count];
            sprintf(leaf->key, "key%u", document->count);
            put(document, "\"");
            put(document, below(4) == 0 ? "\\u006bey" : "key");
            put(document, leaf->key + 3);
            put(document, "\"");
            put_space(document);
            put(document, ":");
            put_space(document);
            put_scalar(document, leaf->value);
            document->count++;
        } else {
            put(document, "\"container\":");
            put_value(document, depth + 1);
        }
        put_space(document);
    }
    put(document, is_object ? "}" : "]");
}

static struct document make_document(void)
{
    struct document document = {.text = malloc(DOCUMENT_ROOM)};
    CHECK(document.text != NULL);
    do {
        document.length = document.count = 0;
        put_value(&document, 0);
    } while (document.count == 0);
    return document;
}

/* With a length: all of them in any order, and each stays as it was. */
static void check_any_order(const struct document *document)
{
    struct source source = make_source(document->text, document->length, 4);
    char *values[MOST_LEAVES] = {NULL};
    for (unsigned i = 0; i < 2 * document->count; i++) {
        unsigned which = below(document->count);
        values[which] = extract(&source, document->leaves[which].key);
        for (unsigned k = 0; k < document->count; k++)
            if (values[k] != NULL || k == which)
                CHECK_TEXT(values[k], document->leaves[k].value);
    }
    free(source.text);
}

/* Without one: from the last to the first, or by `next` from the first to the last. */
static void check_both_directions(const struct document *document)
{
    struct source source = make_source(document->text, document->length, 3);
    for (unsigned i = document->count; i-- > 0;)
        CHECK_TEXT(extract(&source, document->leaves[i].key), document->leaves[i].value);
    free(source.text);
    WITH_BOTH(arguments) {
        source = make_source(document->text, document->length, arguments);
        char *next = source.text;
        for (unsigned i = 0; i < document->count; i++)
            CHECK_TEXT(extract_at(&source, next, document->leaves[i].key, &next), document->leaves[i].value);
        free(source.text);
    }
}

static void random_documents_give_their_values(void)
{
    box_open(256 * KIB, KIB);
    seed = 20;
    for (int round = 0; round < 5000 / EFFORT; round++) {
        struct document document = make_document();
        check_any_order(&document);
        check_both_directions(&document);
        expect_nothing(document.text, document.length, "absent");
        free(document.text);
    }
}

/* The sanitizer sees each byte read or written beside the text. */
static void extract_all(const struct source *source)
{
    static const char *const keys[] = {"key0", "key1", "container", "key2", "absent", "", "key0"};
    char *before = malloc(source->length + 1), *next = source->text;
    for (unsigned i = 0; i < 2 * sizeof keys / sizeof keys[0]; i++) {
        memcpy(before, source->text, source->length);
        char *from = below(2) == 0 ? source->text : next;
        char *value = extract_at(source, from, keys[i / 2], &next);
        if (value == NULL) {
            CHECK_EQ(memcmp(before, source->text, source->length), 0);
            continue;
        }
        const char *end = source->text + source->length;
        CHECK(value > source->text && value < end + (source->arguments == 3));
        CHECK(memchr(value, 0, (size_t)(end - value) + (source->arguments == 3)) != NULL);
        CHECK(next > from && next <= end);
    }
    free(before);
}

static void random_damage_does_no_harm(void)
{
    static const char bytes[] = "\"\"\"\\{}[]:,u0k \001\002\003\xff\xc3-1tn\0\0";
    box_open(256 * KIB, KIB);
    seed = 21;
    for (int round = 0; round < 20000 / EFFORT; round++) {
        struct document document = make_document();
        for (uint32_t left = 1 + below(8); left > 0; left--) {
            uint32_t at = below((uint32_t)document.length);
            if (below(4) == 0)
                document.length = at + 1; /* cut off */
            document.text[at] = bytes[below(sizeof bytes)];
        }
        struct source source = make_source(document.text, document.length, 4);
        extract_all(&source);
        free(source.text);
        document.text[document.length] = 0;
        source = make_source(document.text, strlen(document.text), 3);
        extract_all(&source);
        free(source.text);
        free(document.text);
    }
}

static void random_bytes_do_no_harm(void)
{
    static const char bytes[] = "\"\"\"\"kkk::\\u00{}[],e1\002\002\0 ";
    box_open(256 * KIB, KIB);
    seed = 22;
    for (int round = 0; round < 100000 / EFFORT; round++) {
        char text[64];
        const size_t length = 1 + below(sizeof text - 1);
        for (size_t i = 0; i < length; i++)
            text[i] = bytes[below(sizeof bytes - 1)];
        text[length] = 0;
        WITH_BOTH(arguments) {
            struct source source = make_source(text, arguments == 3 ? strlen(text) : length, arguments);
            char *value = extract(&source, "k");
            if (value != NULL)
                CHECK(extract(&source, "k") != NULL || arguments == 4);
            extract_all(&source);
            free(source.text);
        }
    }
}

const struct test json_random_tests[] = {
    ONCE("json", random_documents_give_their_values),
    ONCE("json", random_damage_does_no_harm),
    ONCE("json", random_bytes_do_no_harm),
    END,
};
