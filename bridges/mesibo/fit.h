/* Puts a message that modules changed back into its place, where the length cannot change. */
#ifndef FIT_H
#define FIT_H

#include <stddef.h>

/*
 * Writes `changed` into the `length` bytes of `message`, never beyond. A shorter text is filled up with NULs. A longer text is
 * cut, but not in the middle of a UTF-8 character. Returns how many bytes of `changed` are there.
 */
size_t fit(char *message, size_t length, const char *changed, size_t changed_length);

#endif
