/* JSON texts in memory of their own, and mesibo_util_json_extract with either of its signatures. */
#ifndef JSON_SOURCE_H
#define JSON_SOURCE_H

#include "harness.h"

/* The two signatures of the one symbol, as modules of the two ABIs declare them. */
char *extract_3(char *src, const char *key, char **next) __asm__("mesibo_util_json_extract");
char *extract_4(char *src, int64_t len, const char *key, char **next) __asm__("mesibo_util_json_extract");

/* A text at the very end of its memory: that ends after the NUL with three arguments, before it with four. */
struct source {
    char *text;
    size_t length;
    int arguments;
};

/* A copy of `text`, which ends with a NUL. */
struct source make_source(const void *text, size_t length, int arguments);
/* Searches what is left of the text at `from`. */
char *extract_at(const struct source *source, char *from, const char *key, char **next);
/* Searches the whole text, without `next`. */
char *extract(const struct source *source, const char *key);
/* Extracting the key from the text must return NULL and change nothing, with either signature. */
void expect_nothing(const char *text, size_t length, const char *key);

#define WITH_BOTH(arguments) for (int arguments = 3; arguments <= 4; arguments++)

#endif
