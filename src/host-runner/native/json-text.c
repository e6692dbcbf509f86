/* The parts of a JSON text, as json.c needs them: where a string or another value ends, and what a string means. */
#include "json.h"

#include <stdint.h>
#include <string.h>

/* How deep objects and arrays may be nested. */
#define DEPTH_MAX 1024u

/* ---- strings ---- */

/* Four hexadecimal digits; -1: they are not. */
static int32_t parse_hex(const char *at, const char *end)
{
    int32_t value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char c = at[i], letter = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value * 16 + (letter - 'a' + 10);
        else
            return -1;
    }
    return value;
}

static size_t encode_utf8(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/*
 * The code behind `\u`, up to the closing quote at `end`, and how far it goes. What UTF-8 does not have, and what would
 * end a C string, is U+FFFD.
 */
static uint32_t decode_unicode(const char **at, const char *end)
{
    int32_t code = parse_hex(*at, end);
    *at += 4;
    if (code >= 0xd800 && code < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        const int32_t low = parse_hex(*at + 2, end);
        if (low >= 0xdc00 && low < 0xe000) {
            *at += 6;
            return 0x10000u + ((uint32_t)(code - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
        }
    }
    return code == 0 || (code >= 0xd800 && code < 0xe000) ? 0xfffdu : (uint32_t)code;
}

size_t mm_decode(const char **at, const char *end, char *out)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char c = *(*at)++;
    if (c != '\\') {
        out[0] = c;
        return 1;
    }
    const char escape = *(*at)++;
    if (escape == 'u')
        return encode_utf8(decode_unicode(at, end), out);
    const char *letter = strchr(letters, escape);
    out[0] = letter != NULL ? meant[letter - letters] : escape;
    return 1;
}

char *mm_find_quote(char *at, const char *end)
{
    for (; at < end && *at != 0; at++) {
        if (*at == '"')
            return at;
        if (*at != '\\')
            continue;
        if (++at == end || *at == 0 || strchr("\"\\/bfnrtu", *at) == NULL)
            return NULL;
        if (*at == 'u' && parse_hex(at + 1, end) < 0)
            return NULL;
    }
    return NULL;
}

int mm_is_key(const char *at, const char *quote, const char *key)
{
    while (at < quote) {
        char bytes[4];
        size_t count = mm_decode(&at, quote, bytes);
        if (strncmp(key, bytes, count) != 0)
            return 0;
        key += count;
    }
    return *key == 0;
}

char *mm_find_extracted_end(char *inside, const struct mm_text *text)
{
    char *nul = memchr(inside, 0, (size_t)(text->end - inside));
    return nul == NULL && text->ends_with_nul ? text->end : nul;
}

/* ---- other values; each returns the end of the value at `at`, or NULL ---- */

static char *skip_digits(char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static char *find_number_end(char *at, const char *end)
{
    if (at < end && *at == '-')
        at++;
    char *digits = at;
    at = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
    if (at == digits)
        return NULL;
    if (at < end && *at == '.') {
        digits = ++at;
        at = skip_digits(at, end);
        if (at == digits)
            return NULL;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        at = skip_digits(at, end);
        if (at == digits)
            return NULL;
    }
    return at;
}

static char *find_word_end(char *at, const char *end)
{
    static const char *const words[] = {"true", "false", "null"};
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(end - at) >= length && memcmp(at, words[i], length) == 0)
            return at + length;
    }
    return find_number_end(at, end);
}

/* Brackets must match; the text between them is not checked. */
static char *find_bracket_end(char *at, const struct mm_text *text)
{
    uint64_t is_array[DEPTH_MAX / 64] = {0};
    uint32_t depth = 0;
    for (; at < text->end; at++) {
        switch (*at) {
        case '"':
            at = mm_find_quote(at + 1, text->end);
            break;
        case MM_EXTRACTED:
            at = mm_find_extracted_end(at + 1, text);
            break;
        case '{':
        case '[':
            if (depth == DEPTH_MAX)
                return NULL;
            is_array[depth / 64] &= ~(UINT64_C(1) << depth % 64);
            is_array[depth / 64] |= (uint64_t)(*at == '[') << depth % 64;
            depth++;
            break;
        case '}':
        case ']':
            depth--;
            if ((is_array[depth / 64] >> depth % 64 & 1u) != (*at == ']'))
                return NULL;
            if (depth == 0)
                return at + 1;
            break;
        default:
            break;
        }
        if (at == NULL)
            return NULL;
    }
    return NULL;
}

char *mm_find_end(char *at, const struct mm_text *text)
{
    if (at == text->end)
        return NULL;
    return *at == '{' || *at == '[' ? find_bracket_end(at, text) : find_word_end(at, text->end);
}
