/* A library of the module with functions that are named like Node's, called from within it. */
#include "same-names.h"

#define DEFINE(name) \
	int name(void); \
	int name(void) { return __COUNTER__ + 100; }
SAME_NAMES(DEFINE)

int sum_in_library(void);
int sum_in_library(void)
{
	int sum = 0;
#define CALL(name) sum += name();
	SAME_NAMES(CALL)
	return sum;
}
