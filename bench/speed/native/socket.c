/*
 * The best that two processes can do. One sends messages of our size over a Unix stream socket. The other answers each with
 * as many bytes as our verdict has. Both read and write as many messages at a time as there are.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"

/* As programs/message.ts has them: a message beside its payload, and a verdict. */
enum { FRAME_BYTES = 166, ANSWER_BYTES = 40, KEPT = 20000000 };

static void must_write(int fd, const char *bytes, size_t left)
{
	while (left > 0) {
		const ssize_t written = write(fd, bytes, left);

		/* The other side has ended, and with it the measurement. */
		if (written <= 0) exit(0);
		bytes += written;
		left -= (size_t)written;
	}
}

/* Copies the slot of each whole message to its answer; returns how many there were. */
static size_t answer_all(const char *in, size_t have, size_t size, char *out)
{
	const size_t whole = have / size;

	for (size_t i = 0; i < whole; i++) memcpy(out + i * ANSWER_BYTES, in + i * size, sizeof(uint64_t));
	return whole;
}

static void serve(int fd, size_t window, size_t size)
{
	char *in = must_allocate(window * size), *out = must_allocate(window * ANSWER_BYTES);
	size_t have = 0;

	for (;;) {
		const ssize_t got = read(fd, in + have, window * size - have);

		if (got <= 0) exit(0);
		have += (size_t)got;
		const size_t whole = answer_all(in, have, size, out);

		must_write(fd, out, whole * ANSWER_BYTES);
		have -= whole * size;
		memmove(in, in + whole * size, have);
	}
}

static int by_size(const void *left, const void *right)
{
	const float a = *(const float *)left, b = *(const float *)right;

	return (a > b) - (a < b);
}

static void offer(int fd, load_t load)
{
	const size_t size = FRAME_BYTES + load.bytes;
	char *out = must_allocate(load.window * size), *in = must_allocate(load.window * ANSWER_BYTES);
	double *offered = must_allocate(load.window * sizeof(*offered));
	float *took = must_allocate(KEPT * sizeof(*took));
	size_t have = 0, count = 0, kept;
	double now = now_micros(), from = now + load.warm_micros;
	const double until = from + load.measure_micros;

	for (uint64_t slot = 0; slot < load.window; slot++) {
		offered[slot] = now;
		memcpy(out + slot * size, &slot, sizeof(slot));
	}
	must_write(fd, out, load.window * size);
	while (now < until) {
		const ssize_t got = read(fd, in + have, load.window * ANSWER_BYTES - have);

		if (got <= 0) exit(1);
		have += (size_t)got;
		now = now_micros();
		const size_t whole = have / ANSWER_BYTES;

		for (size_t i = 0; i < whole; i++) {
			uint64_t slot;

			memcpy(&slot, in + i * ANSWER_BYTES, sizeof(slot));
			if (now >= from && count++ < KEPT) took[count - 1] = (float)(now - offered[slot]);
			offered[slot] = now;
			memcpy(out + i * size, &slot, sizeof(slot));
		}
		must_write(fd, out, whole * size);
		have -= whole * ANSWER_BYTES;
		memmove(in, in + whole * ANSWER_BYTES, have);
	}
	kept = count < KEPT ? count : KEPT;
	qsort(took, kept, sizeof(*took), by_size);
	printf("{\"rate\":%.0f,\"p50\":%.2f,\"p99\":%.2f}\n", (double)count / (now - from) * 1e6,
	       (double)took[kept / 2], (double)took[kept * 99 / 100]);
}

int main(int count, char **args)
{
	const load_t load = read_load(count, args);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
		perror("socketpair");
		return 1;
	}
	const pid_t child = fork();

	if (child == 0) {
		close(ends[0]);
		serve(ends[1], load.window, FRAME_BYTES + load.bytes);
	}
	close(ends[1]);
	offer(ends[0], load);
	close(ends[0]);
	waitpid(child, NULL, 0);
	return 0;
}
