/* The end of the process. */
#include "reference.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A sanitizer looks for leaks in exit(), and may have a thread of its own. */
static int is_sanitized(void)
{
    return dlsym(RTLD_DEFAULT, "__asan_init") != NULL || dlsym(RTLD_DEFAULT, "__tsan_init") != NULL;
}

static int count_threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *entry; tasks != NULL && (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    if (tasks != NULL)
        closedir(tasks);
    return count;
}

static void *flush_all(void *unused)
{
    fflush(NULL);
    return unused;
}

/* A thread that waits for input holds the lock of its stream: fflush(NULL) would wait for ever, and is given a second. */
static void flush_streams(void)
{
    pthread_t thread;
    struct timespec until;
    fflush(stdout);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (pthread_create(&thread, NULL, flush_all, NULL) == 0)
        pthread_timedjoin_np(thread, NULL, &until);
}

/*
 * A thread that a module has left may be inside a library. The destructors of exit() would destroy that library's data, and a
 * good run would end with SIGSEGV. So they do not run, as in a host. Without such threads they do run, because tools for
 * coverage and leaks write their results then.
 */
_Noreturn void end_process(int code)
{
    is_ending = 1;
    if (count_threads() <= 1 + http_threads() || is_sanitized())
        exit(code);
    flush_streams();
    _exit(code);
}
