/*
 * A debugger in small: seizes the process whose id it is given, says so, and lets go when its stdin ends. The process
 * runs on meanwhile; with "stop" behind its id, its first thread is held as at a breakpoint. Exit code 0; 2 when the
 * system does not let it trace, with the reason on stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? (pid_t)atol(argv[1]) : 0;
	int hold = argc > 2 && strcmp(argv[2], "stop") == 0;
	int status;
	char byte;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0) {
		fprintf(stderr, "trace: %d: %s\n", (int)pid, strerror(errno));
		return 2;
	}
	if (hold && (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0 || waitpid(pid, &status, __WALL) != pid)) return 1;
	printf("tracing\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0) continue;
	/* The kernel lets go of what an exiting tracer held. */
	return 0;
}
