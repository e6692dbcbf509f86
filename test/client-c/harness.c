#define _GNU_SOURCE
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void leave(int code)
{
    fflush(NULL);
    _exit(code);
}

void check_that(int holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    leave(1);
}

void check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file, int line)
{
    if (actual == expected)
        return;
    fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", file, line, what, (long long)actual, (long long)expected);
    leave(1);
}

void check_text(const char *actual, const char *expected, const char *what, const char *file, int line)
{
    if (actual != NULL && strcmp(actual, expected) == 0)
        return;
    fprintf(stderr, "%s:%d: %s is \"%.300s\", expected \"%.300s\"\n", file, line, what, actual ? actual : "(NULL)",
            expected);
    leave(1);
}

void check_has(const char *actual, const char *part, const char *what, const char *file, int line)
{
    if (actual != NULL && strstr(actual, part) != NULL)
        return;
    fprintf(stderr, "%s:%d: %s is \"%.300s\", without \"%s\"\n", file, line, what, actual ? actual : "(NULL)", part);
    leave(1);
}

void check_bytes(const void *actual, size_t actual_length, const void *expected, size_t expected_length,
                 const char *what, const char *file, int line)
{
    if (actual_length == expected_length && memcmp(actual, expected, expected_length) == 0)
        return;
    fprintf(stderr, "%s:%d: %s has %zu bytes:", file, line, what, actual_length);
    for (size_t i = 0; i < actual_length && i < 200; i++)
        fprintf(stderr, " %02x", ((const uint8_t *)actual)[i]);
    fprintf(stderr, "\nexpected %zu bytes:", expected_length);
    for (size_t i = 0; i < expected_length && i < 200; i++)
        fprintf(stderr, " %02x", ((const uint8_t *)expected)[i]);
    fprintf(stderr, "\n");
    leave(1);
}

uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void wait_on(uint64_t end, const char *file, int line)
{
    check_that(now_ms() < end, "now_ms() < end", file, line);
    usleep(1000);
}

int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory != NULL);
    int number = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        number += entry->d_name[0] != '.';
    closedir(directory);
    return number - 1;
}

uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* The linker puts these in the place of the functions of the system: see the Makefile. */
_Thread_local void (*behind_free)(void), (*behind_socket)(void);
_Thread_local int writes;
void __real_free(void *memory);
int __real_socket(int domain, int type, int protocol);
void __wrap_free(void *memory);
int __wrap_socket(int domain, int type, int protocol);
ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);

void __wrap_free(void *memory)
{
    __real_free(memory);
    if (behind_free != NULL)
        behind_free();
}

int __wrap_socket(int domain, int type, int protocol)
{
    const int fd = __real_socket(domain, type, protocol);
    if (behind_socket != NULL)
        behind_socket();
    return fd;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
    writes++;
    return __real_send(fd, bytes, length, flags);
}

void end_child(void)
{
    execlp("true", "true", (char *)NULL);
    abort();
}

void join_child(int pid)
{
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}

int succeeds(const struct test *test, const char *of)
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
    const char *before = of == NULL ? "" : of, *between = of == NULL ? "" : ": ";
    if (WIFSIGNALED(status))
        fprintf(stderr, "FAILED %s%s%s: %s\n", before, between, test->name, strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "FAILED %s%s%s: exit code %d\n", before, between, test->name, WEXITSTATUS(status));
    return 0;
}
