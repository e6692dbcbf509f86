/* What a module sees of its process, and what the programs that it starts see. */
#include "../world.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void show_environ(void)
{
	int count = 0, path = 0;
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		count++;
		path += strncmp(*entry, "PATH=", 5) == 0;
	}
	say("environ is %s, it has %s, PATH %d times", environ != NULL ? "there" : "NULL", count > 0 ? "entries" : "none", path);
	say("same as getenv: %d", getenv("PATH") != NULL && environ != NULL);
	setenv("WORLD_SET", "by setenv", 1);
	putenv((char *)"WORLD_PUT=by putenv");
	int found = 0;
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
		found += strcmp(*entry, "WORLD_SET=by setenv") == 0 || strcmp(*entry, "WORLD_PUT=by putenv") == 0;
	say("set and put: found %d in environ; getenv says %s", found, getenv("WORLD_PUT"));
	say("secure_getenv says %s", secure_getenv("WORLD_SET"));
	unsetenv("WORLD_SET");
	say("unset: %s", getenv("WORLD_SET") == NULL ? "gone" : "there");
}

/* The first line that a command printed. */
static void say_first_line(const char *what, FILE *from)
{
	char line[256] = "nothing\n";
	if (from == NULL) {
		say("%s: errno %d", what, errno);
		return;
	}
	if (fgets(line, sizeof line, from) != NULL)
		line[strcspn(line, "\n")] = 0;
	say("%s: %s", what, line);
}

static void show_spawn(void)
{
	int pipes[2], status = -1;
	pid_t pid;
	posix_spawn_file_actions_t actions;
	const char *const words[] = {"sh", "-c", "echo \"$WORLD_CHILD from ${PATH:+a path}\"", NULL};
	setenv("WORLD_CHILD", "hello", 1);
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	int failed = posix_spawnp(&pid, "sh", &actions, NULL, (char *const *)words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	FILE *out = fdopen(pipes[0], "r");
	say_first_line("posix_spawn", out);
	fclose(out);
	if (failed == 0)
		waitpid(pid, &status, 0);
	say("posix_spawn: %d, status %d", failed, status);
}

static void show_system(void)
{
	say("system: exit %d", WEXITSTATUS(system("exit 3")));
	say("system reads a file: %d", system("cat /etc/hostname >/dev/null"));
	say("system prints: %d", system("echo system to stdout; echo system to stderr >&2"));
	FILE *out = popen("echo popen says ${WORLD_CHILD:-nothing}", "r");
	say_first_line("popen", out);
	say("popen: %d", out != NULL ? pclose(out) : -1);
	FILE *in = popen("read line; echo \"popen was told $line\"", "w");
	if (in != NULL)
		fputs("a line\n", in);
	say("popen to it: %d", in != NULL ? pclose(in) : -1);
}

static void show_fork(void)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(getenv("PATH") != NULL ? 7 : 8);
	waitpid(pid, &status, 0);
	say("forked child: %d", WEXITSTATUS(status));
	pid = fork();
	if (pid == 0) {
		execlp("sh", "sh", "-c", "echo executed by a child", (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	say("executed child: %d", WEXITSTATUS(status));
}

/* 0 to 2 and nothing else: the shell's own pipes and files are gone by then. */
static void show_descriptors(void)
{
	FILE *out = popen("exec ls /proc/self/fd | tr '\\n' ' '", "r");
	say_first_line("open in a child", out);
	pclose(out);
	say("open here: %d %d %d", fcntl(0, F_GETFD) >= 0, fcntl(1, F_GETFD) >= 0, fcntl(2, F_GETFD) >= 0);
}

WORLD({"environ", show_environ}, {"spawn", show_spawn}, {"system", show_system}, {"fork", show_fork},
      {"descriptors", show_descriptors})
