/* Runs the tests whose names contain the argument; all without one. */
#include "suites.h"

#include <stdlib.h>
#include <string.h>

static const struct test *const suites[] = {life_tests,   message_tests,        absent_tests,       bridge_send_tests,
                                            resend_tests, bridge_process_tests, bridge_thread_tests};

void load_for(struct serving *serving, const char *name, const char *value, const char *other, const char *other_value)
{
    const char *settings[] = {"socket", serving->core.path, "deadline", "60s", name, value, other, other_value, NULL};
    CHECK_EQ(server->load(settings), 0);
}

int say(const char *text)
{
    struct mmc_params params = {.id = 7, .to = "bob", .from = "alice"};
    const size_t length = strlen(text);
    char *message = malloc(length + 1);
    CHECK(message != NULL);
    memcpy(message, text, length + 1);
    const int verdict = server->message(&params, message, length);
    free(message);
    return verdict;
}

void touch(void) { server->call(); }

int main(int argc, char **argv)
{
    static const struct server_abi *const abis[] = {&server_2020, &server_table};
    int run = 0, failed = 0;
    bridges_folder = argv[1];
    for (size_t abi = 0; abi < 2; abi++)
        for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
            for (const struct test *test = suites[i]; test->name != NULL; test++) {
                if (argc > 2 && strstr(test->name, argv[2]) == NULL)
                    continue;
                server = abis[abi];
                run++;
                failed += !succeeds(test, server->name);
            }
    for (const struct test *test = pure_tests; test->name != NULL; test++)
        if (argc <= 2 || strstr(test->name, argv[2]) != NULL) {
            run++;
            failed += !succeeds(test, server == NULL ? NULL : server->name);
        }
    printf("%d tests of the bridge, %d failed\n", run, failed);
    return failed > 0 || run == 0;
}
