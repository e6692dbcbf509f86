/* How a message that modules changed is put back where its length cannot change. */
#ifndef FIT_H
#define FIT_H

#include <stddef.h>

/*
 * Writes `changed` into the `length` bytes of `message`, never beyond. What is shorter is filled up with NULs. What is longer is
 * cut, and not in the middle of a character of UTF-8. Returns how many bytes of `changed` are there.
 */
size_t fit(char *message, size_t length, const char *changed, size_t changed_length);

#endif
