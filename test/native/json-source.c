#include "json-source.h"

#include <stdlib.h>
#include <string.h>

struct source make_source(const void *text, size_t length, int arguments)
{
    const size_t room = length + (arguments == 3 ? 1 : 0);
    struct source source = {malloc(room > 0 ? room : 1), length, arguments};
    CHECK(source.text != NULL);
    memcpy(source.text, text, room);
    return source;
}

char *extract_at(const struct source *source, char *from, const char *key, char **next)
{
    mm_abi.json_arguments = source->arguments;
    if (source->arguments == 3)
        return extract_3(from, key, next);
    return extract_4(from, source->text + source->length - from, key, next);
}

char *extract(const struct source *source, const char *key) { return extract_at(source, source->text, key, NULL); }

void expect_nothing(const char *text, size_t length, const char *key)
{
    WITH_BOTH(arguments) {
        struct source source = make_source(text, length, arguments);
        char mark, *next = &mark;
        CHECK(extract_at(&source, source.text, key, &next) == NULL);
        CHECK(next == &mark);
        CHECK_BYTES(source.text, length, text, length);
        free(source.text);
    }
}
