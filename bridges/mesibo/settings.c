#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* secure_getenv */
#endif
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_DEADLINE_MS = 600000, LINE_BYTES = 512 };

void settings_defaults(struct settings *settings)
{
    *settings = (struct settings){
        .socket = "/run/mesibo-modules/gateway.sock", .server = "mesibo", .deadline_ms = 50};
}

static int is_server_name(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    const size_t length = strlen(text);
    return length >= 1 && length <= 64 && strspn(text, allowed) == length;
}

/* A whole number and its unit, ms or s. 0: it is none, or out of bounds. */
static uint32_t read_duration(const char *text)
{
    char *unit;
    if (!isdigit((unsigned char)text[0]))
        return 0;
    errno = 0;
    const unsigned long long number = strtoull(text, &unit, 10);
    const unsigned scale = strcmp(unit, "ms") == 0 ? 1 : strcmp(unit, "s") == 0 ? 1000 : 0;
    if (errno != 0 || scale == 0 || number > LONGEST_DEADLINE_MS / scale)
        return 0;
    return (uint32_t)number * scale;
}

/* 1: the first word; 0: the second one; -1: neither. */
static int read_choice(const char *text, const char *first, const char *second)
{
    if (strcmp(text, first) == 0)
        return 1;
    return strcmp(text, second) == 0 ? 0 : -1;
}

static int refuse(char *problem, const char *name, const char *value, const char *expected)
{
    snprintf(problem, PROBLEM_MAX, "%.40s = %.120s: expected %s", name, value, expected);
    return -1;
}

static int set_choice(int *place, const char *name, const char *value, const char *first, const char *second, char *problem)
{
    const int choice = read_choice(value, first, second);
    if (choice >= 0) {
        *place = choice;
        return 0;
    }
    char expected[32];
    snprintf(expected, sizeof expected, "%s or %s", first, second);
    return refuse(problem, name, value, expected);
}

int settings_set(struct settings *settings, const char *name, const char *value, char *problem)
{
    if (strcmp(name, "socket") == 0) {
        if (value[0] != '/' || strlen(value) >= sizeof settings->socket)
            return refuse(problem, name, value, "an absolute path of at most 107 bytes");
        strcpy(settings->socket, value);
        return 0;
    }
    if (strcmp(name, "server") == 0) {
        if (!is_server_name(value))
            return refuse(problem, name, value, "1 to 64 of A-Z a-z 0-9 _ . -");
        strcpy(settings->server, value);
        return 0;
    }
    if (strcmp(name, "deadline") == 0) {
        const uint32_t deadline_ms = read_duration(value);
        if (deadline_ms == 0)
            return refuse(problem, name, value, "a time from 1ms to 600s, such as 50ms");
        settings->deadline_ms = deadline_ms;
        return 0;
    }
    if (strcmp(name, "callbacks") == 0)
        return set_choice(&settings->all_callbacks, name, value, "all", "chain", problem);
    if (strcmp(name, "send_from_thread") == 0)
        return set_choice(&settings->send_from_thread, name, value, "yes", "no", problem);
    if (strcmp(name, "resend") == 0)
        return set_choice(&settings->resend, name, value, "yes", "no", problem);
    snprintf(problem, PROBLEM_MAX,
             "%.40s is not a setting; there are socket, server, deadline, callbacks, send_from_thread and resend", name);
    return -1;
}

int settings_check(const struct settings *settings, char *problem)
{
    if (!settings->resend || settings->send_from_thread)
        return 0;
    snprintf(problem, PROBLEM_MAX,
             "resend = yes needs send_from_thread = yes: without a thread, a message would wait for the next callback");
    return -1;
}

/* ---- the file ---- */

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    text[length] = 0;
    return text;
}

/* A line that is empty or a comment sets nothing. */
static int read_line(struct settings *settings, char *line, char *problem)
{
    char *name = trim(line);
    if (name[0] == 0 || name[0] == '#')
        return 0;
    char *value = strchr(name, '=');
    if (value == NULL) {
        snprintf(problem, PROBLEM_MAX, "expected a line such as deadline = 50ms");
        return -1;
    }
    *value++ = 0;
    return settings_set(settings, trim(name), trim(value), problem);
}

static int read_lines(struct settings *settings, FILE *file, const char *path, char *problem)
{
    char line[LINE_BYTES], why[PROBLEM_MAX];
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        int result = -1;
        if (strchr(line, '\n') == NULL && !feof(file))
            snprintf(why, sizeof why, "the line is longer than %d bytes", LINE_BYTES - 2);
        else
            result = read_line(settings, line, why);
        if (result != 0) {
            snprintf(problem, PROBLEM_MAX, "%.200s:%d: %.250s", path, number, why);
            return -1;
        }
    }
    if (!ferror(file))
        return 0;
    snprintf(problem, PROBLEM_MAX, "%.200s cannot be read: %s", path, strerror(errno));
    return -1;
}

int settings_read_file(struct settings *settings, char *problem)
{
    const char *named = secure_getenv(SETTINGS_VARIABLE), *path = named != NULL ? named : SETTINGS_FILE;
    FILE *file = fopen(path, "re");
    if (file == NULL && named == NULL && errno == ENOENT)
        return 0;
    if (file == NULL) {
        snprintf(problem, PROBLEM_MAX, "%.200s cannot be opened: %s", path, strerror(errno));
        return -1;
    }
    const int result = read_lines(settings, file, path, problem);
    fclose(file);
    return result;
}
