/* Runs the tests whose names contain the argument; all without one. */
#include "harness.h"

#include <string.h>

static const struct test *const suites[] = {event_tests, bad_core_tests, process_tests,     thread_tests,       send_tests,
                                            fuzz_tests,  queue_tests,    queue_fault_tests, queue_process_tests};

int main(int argc, char **argv)
{
    int run = 0, failed = 0;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        for (const struct test *test = suites[i]; test->name != NULL; test++) {
            if (argc > 1 && strstr(test->name, argv[1]) == NULL)
                continue;
            run++;
            failed += !succeeds(test, NULL);
        }
    printf("%d tests of the C client, %d failed\n", run, failed);
    return failed > 0 || run == 0;
}
