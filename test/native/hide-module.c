/* No test: a shared object that the tests of hide.c load afterwards. Its functions have the names of the program's. */
#include <stdlib.h>
#include <string.h>

int exported_function(int value);
extern int exported_variable;
int module_calls_function(int value);
int module_reads_variable(void);
int module_length_of_copy(const char *text);

int exported_variable = -2;
int exported_function(int value) { return -value; }
int module_calls_function(int value) { return exported_function(value); }
int module_reads_variable(void) { return exported_variable; }

int module_length_of_copy(const char *text)
{
    char *copy = strdup(text);
    const int length = copy != NULL ? (int)strlen(copy) : -1;
    free(copy);
    return length;
}
