/*
 * mesibo_util_json_extract: the value of a key, made a C string where it stands.
 *
 * A module goes on with the same text: for another key, or for the same once more. So what stands around a value keeps
 * its meaning, and an extracted value says that it is one:
 *
 *   "key" : "say \"hi\"" ,    becomes    "key" : #say "hi"0  ,     # a byte 2, which JSON does not have; 0 a NUL
 *   "key" : 12 ,              becomes    "key" 120 ,               the value moves to the colon: room for its NUL
 *
 * Nothing outside of the key's colon and the end of its value is ever written, and nothing at all when nothing is found.
 */
#include "shim.h"

#include <string.h>

#define EXTRACTED '\002'
/* How deep an object or an array may be nested that is extracted itself. */
#define DEPTH_MAX 1024u

struct text {
    char *end;
    int ends_with_nul; /* *end can be read, and is NUL */
};

/* What is found: the value from `start`, and where to go on behind it. */
struct value {
    char *start, *next;
};

/* A NUL is the end of a value that was extracted before. */
static int is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0; }

static char *skip_space(char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

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

/* Decodes what stands at `*at`, a byte or an escape that find_quote() has seen; never more bytes than it took. */
static size_t decode(const char **at, const char *end, char *out)
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

/* The quote that ends the string whose inside begins at `at`; NULL: it has no end, or what stands in it cannot be. */
static char *find_quote(char *at, const char *end)
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

static int is_key(const char *at, const char *quote, const char *key)
{
    while (at < quote) {
        char bytes[4];
        size_t count = decode(&at, quote, bytes);
        if (strncmp(key, bytes, count) != 0)
            return 0;
        key += count;
    }
    return *key == 0;
}

/* Ends the string from behind its opening quote where its closing one stands, or before. */
static void extract_string(char *inside, char *quote)
{
    char *out = inside;
    for (const char *at = inside; at < quote;) {
        char bytes[4];
        size_t count = decode(&at, quote, bytes);
        memcpy(out, bytes, count);
        out += count;
    }
    inside[-1] = EXTRACTED;
    *out = 0;
    memset(out + 1, ' ', (size_t)(quote - out));
}

/* The NUL of a string that was extracted before, from behind its mark on; NULL: there is none. */
static char *find_extracted_end(char *inside, const struct text *text)
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

/* Brackets must match; what stands between them need not make sense. */
static char *find_bracket_end(char *at, const struct text *text)
{
    uint64_t is_array[DEPTH_MAX / 64] = {0};
    uint32_t depth = 0;
    for (; at < text->end; at++) {
        switch (*at) {
        case '"':
            at = find_quote(at + 1, text->end);
            break;
        case EXTRACTED:
            at = find_extracted_end(at + 1, text);
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

static char *find_end(char *at, const struct text *text)
{
    if (at == text->end)
        return NULL;
    return *at == '{' || *at == '[' ? find_bracket_end(at, text) : find_word_end(at, text->end);
}

/* ---- a key's value ---- */

/* The value behind the colon; start NULL: it is malformed. */
static struct value extract(char *colon, const struct text *text)
{
    const struct value none = {NULL, NULL};
    char *at = skip_space(colon + 1, text->end), *end;
    if (at < text->end && *at == '"') {
        end = find_quote(at + 1, text->end);
        if (end == NULL)
            return none;
        extract_string(at + 1, end);
        return (struct value){at + 1, end + 1};
    }
    if (at < text->end && *at == EXTRACTED) {
        end = find_extracted_end(at + 1, text);
        return end == NULL ? none : (struct value){at + 1, end < text->end ? end + 1 : end};
    }
    end = find_end(at, text);
    if (end == NULL)
        return none;
    /* What the text ends with may have been longer. */
    if (*at != '{' && *at != '[' && (end == text->end || *end == 0 || strchr(" \t\n\r,}]", *end) == NULL))
        return none;
    size_t length = (size_t)(end - at);
    memmove(colon, at, length);
    colon[length] = 0;
    memset(colon + length + 1, ' ', (size_t)(end - colon) - length - 1);
    return (struct value){colon, end};
}

/* The value in the place of its colon, as it was left when it was extracted before; start NULL: it was not. */
static struct value extract_again(char *at, const struct text *text)
{
    char *end = find_end(at, text);
    if (end != NULL && end < text->end && *end == 0)
        return (struct value){at, end + 1};
    if (end != NULL && end == text->end && text->ends_with_nul)
        return (struct value){at, end};
    return (struct value){NULL, NULL};
}

static struct value find(char *at, const struct text *text, const char *key)
{
    const struct value none = {NULL, NULL};
    while (at < text->end) {
        if (*at == EXTRACTED) {
            at = find_extracted_end(at + 1, text);
            if (at == NULL)
                return none;
        } else if (*at == '"') {
            char *name = at + 1, *quote = find_quote(name, text->end);
            if (quote == NULL)
                return none;
            at = quote + 1;
            if (!is_key(name, quote, key))
                continue;
            char *behind = skip_space(at, text->end);
            if (behind < text->end && *behind == ':')
                return extract(behind, text);
            if (behind < text->end && strchr("{[-0123456789tfn", *behind) != NULL)
                return extract_again(behind, text);
        } else {
            at++;
        }
    }
    return none;
}

/*
 * One symbol with two signatures: (src, key, next), src ending with a NUL, and (src, len, key, next). Which of them is
 * meant is known from the module's ABI; where it has no such function nothing is read.
 */
MM_EXPORT char *mesibo_util_json_extract(char *src, uintptr_t second, uintptr_t third, uintptr_t fourth)
{
    const int has_length = mm_abi.json_arguments == 4;
    if (!has_length && mm_abi.json_arguments != 3)
        return NULL;
    const int64_t length = has_length ? (int64_t)second : 0;
    const char *key = (const char *)(has_length ? third : second);
    char **next = (char **)(has_length ? fourth : third);
    if (src == NULL || key == NULL || (has_length && length <= 0))
        return NULL;
    struct text text = {src + (has_length ? (size_t)length : strlen(src)), !has_length};
    struct value value = find(src, &text, key);
    if (value.start != NULL && next != NULL)
        *next = value.next;
    return value.start;
}
