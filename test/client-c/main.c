/* Runs the tests whose names contain the argument; all without one. */
#define _GNU_SOURCE
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct test *const suites[] = {event_tests, bad_core_tests, process_tests,     thread_tests,       send_tests,
                                            fuzz_tests,  queue_tests,    queue_fault_tests, queue_process_tests};

static int succeeds(const struct test *test)
{
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(300);
        test->run();
        /* Not leave(): the sanitizer and valgrind look for leaks at the end. */
        exit(0);
    }
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 1;
    if (WIFSIGNALED(status))
        fprintf(stderr, "FAILED %s: %s\n", test->name, strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "FAILED %s: exit code %d\n", test->name, WEXITSTATUS(status));
    return 0;
}

int main(int argc, char **argv)
{
    int run = 0, failed = 0;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        for (const struct test *test = suites[i]; test->name != NULL; test++) {
            if (argc > 1 && strstr(test->name, argv[1]) == NULL)
                continue;
            run++;
            failed += !succeeds(test);
        }
    printf("%d tests of the C client, %d failed\n", run, failed);
    return failed > 0 || run == 0;
}
