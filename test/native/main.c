/* Runs the tests, each in a process of its own; or, with `--layouts`, prints what the compiler made of the layouts. */
#include "fake.h"
#include "harness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_EACH = 60 * EFFORT };

extern const struct test open_tests[], batch_tests[], init_tests[], run_tests[], bounds_tests[], params_tests[],
    log_tests[], send_tests[], service_tests[], http_tests[], json_tests[], json_random_tests[], sample_tests[],
    ring_tests[], thread_tests[], leaving_tests[], kill_tests[], hide_tests[], crash_tests[];

static const struct test *const suites[] = {
    open_tests,    batch_tests,  init_tests,   run_tests,  bounds_tests,  params_tests,  log_tests,     send_tests, service_tests,
    http_tests,    json_tests,   json_random_tests, sample_tests, ring_tests,   thread_tests,
    leaving_tests, kill_tests,   hide_tests,   crash_tests,
};

static int passes(const struct test *test)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS_EACH);
        abi = test->abi;
        test->run();
        exit(0); /* not _exit: this is where leaks are looked for */
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        const char *why = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "see above";
        fprintf(stderr, "FAILED %s (%s)\n", test->name, why);
        return 0;
    }
    return 1;
}

static void print_numbers(const char *name, const int32_t *numbers, uint32_t count, const char *end)
{
    printf("\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++)
        printf("%s%d", i > 0 ? "," : "", numbers[i]);
    printf("]%s", end);
}

static int print_layouts(void)
{
    uint32_t box[128];
    uint32_t count = mm_layout(box, 128);
    printf("{");
    print_numbers(fake_table.name, fake_table.layout, FAKE_LAYOUT_FIELDS, ",");
    print_numbers(fake_2019.name, fake_2019.layout, FAKE_LAYOUT_FIELDS, ",");
    print_numbers(fake_2020.name, fake_2020.layout, FAKE_LAYOUT_FIELDS, ",");
    print_numbers("box", (const int32_t *)box, count, "}\n");
    return 0;
}

/* At the end of a cancelled thread the sanitizer would report its notes about frames that were never left. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "use_sigaltstack=0"; }

int main(int count, char **arguments)
{
    const char *only = count > 1 ? arguments[1] : "";
    if (strcmp(only, "--layouts") == 0)
        return print_layouts();
    int run = 0, failed = 0;
    for (unsigned i = 0; i < sizeof suites / sizeof suites[0]; i++)
        for (const struct test *test = suites[i]; test->name != NULL; test++)
            if (strstr(test->name, only) != NULL) {
                run++;
                failed += !passes(test);
            }
    printf("%d native tests, %d failed\n", run, failed);
    return failed > 0 || run == 0;
}
