/*
 * No test: a shared object that the tests of hide.c load before they hide, as Node loads addons. It looks up what it calls in
 * the program: at its first call, or in the variant that is built with -z now, when it is loaded.
 */
int exported_function(int value);
int exported_by_resolver(int value);
extern int exported_variable;
extern __thread int exported_thread_local;

int addon_calls_function(int value);
int addon_calls_resolved(int value);
int addon_reads_variable(void);
int addon_reads_thread_local(void);

int addon_calls_function(int value) { return exported_function(value); }
int addon_calls_resolved(int value) { return exported_by_resolver(value); }
int addon_reads_variable(void) { return exported_variable; }
int addon_reads_thread_local(void) { return exported_thread_local; }
