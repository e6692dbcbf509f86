/*
 * mesibo_util_json_extract: the value of a key, made a C string where it stands.
 *
 * A module goes on with the same text, for another key or for the same one again. So the text around a value keeps its meaning,
 * and an extracted value is marked as such:
 *
 *   "key" : "say \"hi\"" ,    becomes    "key" : #say "hi"0  ,     # a byte 2, which JSON does not have; 0 a NUL
 *   "key" : 12 ,              becomes    "key" 120 ,               the value moves to the colon: room for its NUL
 *
 * Nothing outside of the key's colon and the end of its value is ever written, and nothing at all when nothing is found.
 */
#include "json.h"
#include "shim.h"

#include <string.h>

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

/* Ends the string from behind its opening quote where its closing one stands, or before. */
static void extract_string(char *inside, char *quote)
{
    char *out = inside;
    for (const char *at = inside; at < quote;) {
        char bytes[4];
        size_t count = mm_decode(&at, quote, bytes);
        memcpy(out, bytes, count);
        out += count;
    }
    inside[-1] = MM_EXTRACTED;
    *out = 0;
    memset(out + 1, ' ', (size_t)(quote - out));
}

/* ---- a key's value ---- */

/* The value behind the colon; start NULL: it is malformed. */
static struct value extract(char *colon, const struct mm_text *text)
{
    const struct value none = {NULL, NULL};
    char *at = skip_space(colon + 1, text->end), *end;
    if (at < text->end && *at == '"') {
        end = mm_find_quote(at + 1, text->end);
        if (end == NULL)
            return none;
        extract_string(at + 1, end);
        return (struct value){at + 1, end + 1};
    }
    if (at < text->end && *at == MM_EXTRACTED) {
        end = mm_find_extracted_end(at + 1, text);
        return end == NULL ? none : (struct value){at + 1, end < text->end ? end + 1 : end};
    }
    end = mm_find_end(at, text);
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
static struct value extract_again(char *at, const struct mm_text *text)
{
    char *end = mm_find_end(at, text);
    if (end != NULL && end < text->end && *end == 0)
        return (struct value){at, end + 1};
    if (end != NULL && end == text->end && text->ends_with_nul)
        return (struct value){at, end};
    return (struct value){NULL, NULL};
}

static struct value find(char *at, const struct mm_text *text, const char *key)
{
    const struct value none = {NULL, NULL};
    while (at < text->end) {
        if (*at == MM_EXTRACTED) {
            at = mm_find_extracted_end(at + 1, text);
            if (at == NULL)
                return none;
        } else if (*at == '"') {
            char *name = at + 1, *quote = mm_find_quote(name, text->end);
            if (quote == NULL)
                return none;
            at = quote + 1;
            if (!mm_is_key(name, quote, key))
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
 * One symbol with two signatures: (src, key, next), where src ends with a NUL, and (src, len, key, next). The module's ABI says
 * which one is meant. If the ABI has no such function, nothing is read.
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
    struct mm_text text = {src + (has_length ? (size_t)length : strlen(src)), !has_length};
    struct value value = find(src, &text, key);
    if (value.start != NULL && next != NULL)
        *next = value.next;
    return value.start;
}
