/* Between json.c, which extracts values, and json-text.c, which knows what a JSON text looks like. */
#ifndef MESIBO_JSON_H
#define MESIBO_JSON_H

#include <stddef.h>

/* Stands for the opening quote of a string that was extracted before, and ends with a NUL instead of a quote. */
#define MM_EXTRACTED '\002'

/* Up to where a text may be read. */
struct mm_text {
    char *end;
    int ends_with_nul; /* *end can be read too, and is NUL */
};

/* The quote that ends the string whose content begins at `at`; NULL: it has no end, or its content is invalid. */
char *mm_find_quote(char *at, const char *end);
/*
 * Decodes the byte or the escape at `*at`, in a string that mm_find_quote() has seen to its quote at `end`, into 1 to 4
 * bytes; never more than it took. Returns their number.
 */
size_t mm_decode(const char **at, const char *end, char *out);
/* Whether the string up to its quote is this key. */
int mm_is_key(const char *at, const char *quote, const char *key);
/* The NUL of a string that was extracted before, from behind its mark on; NULL: there is none. */
char *mm_find_extracted_end(char *inside, const struct mm_text *text);
/* The end of the number, word, object or array at `at`; NULL: there is none, or it is malformed, cut off or too deep. */
char *mm_find_end(char *at, const struct mm_text *text);

#endif
