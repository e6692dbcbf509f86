#include "fit.h"

#include <string.h>

/* How many bytes a character has, by its first byte; 0: this byte begins none. */
static size_t character_size(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Up to `most` bytes, without a part of a character at their end. Bytes that are not text are cut exactly at `most`. */
static size_t cut(const char *text, size_t length, size_t most)
{
    if (length <= most)
        return length;
    for (size_t back = 1; back <= 3 && back <= most; back++) {
        const unsigned char byte = (unsigned char)text[most - back];
        if ((byte & 0xc0) != 0x80)
            return character_size(byte) > back ? most - back : most;
    }
    return most;
}

size_t fit(char *message, size_t length, const char *changed, size_t changed_length)
{
    const size_t kept = cut(changed, changed_length, length);
    if (kept > 0)
        memmove(message, changed, kept);
    if (kept < length)
        memset(message + kept, 0, length - kept);
    return kept;
}
