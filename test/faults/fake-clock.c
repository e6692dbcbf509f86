/*
 * Preloaded into a process, this moves its wall clock: by as many seconds as stand in the file that FAKE_CLOCK_FILE
 * names, read at each look at the clock. The monotonic clocks stay as they are, as they do when somebody sets a
 * machine's clock.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset_seconds(void)
{
	const char *path = getenv("FAKE_CLOCK_FILE");
	char text[32] = { 0 };
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0) return 0;
	ssize_t got = read(fd, text, sizeof text - 1);
	close(fd);
	return got > 0 ? strtol(text, NULL, 10) : 0;
}

static int is_wall_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	int failed;

	if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	failed = real(clock, now);
	if (!failed && is_wall_clock(clock)) now->tv_sec += offset_seconds();
	return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out) *out = now.tv_sec;
	return now.tv_sec;
}
