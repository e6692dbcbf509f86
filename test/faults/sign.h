/* Marks that modules leave in a message: a number of seven digits behind a label such as "pid=". */
#ifndef SIGN_H
#define SIGN_H

#include <stdio.h>
#include <string.h>

enum { SIGN_DIGITS = 7 };

/* Writes `value` behind the label, when the message has that label and room for the number. */
static inline void sign(char *message, size_t length, const char *label, unsigned long value)
{
	char *found = memmem(message, length, label, strlen(label));
	char digits[24];

	if (!found) return;
	found += strlen(label);
	if (message + length - found < SIGN_DIGITS) return;
	snprintf(digits, sizeof digits, "%0*lu", SIGN_DIGITS, value % 10000000);
	memcpy(found, digits, SIGN_DIGITS);
}

#endif
