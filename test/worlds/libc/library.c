/* What the C library keeps for the process, in variables that a program and its libraries share. */
#include "../world.h"

#include <errno.h>
#include <fenv.h>
#include <getopt.h>
#include <iconv.h>
#include <locale.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

static void show_timezone(void)
{
	struct tm local;
	const time_t noon = 1593604800; /* 2020-07-01 12:00 UTC */
	setenv("TZ", "Asia/Kolkata", 1);
	tzset();
	localtime_r(&noon, &local);
	say("timezone %ld, daylight %d, %s, %02d:%02d", timezone, daylight, tzname[0], local.tm_hour, local.tm_min);
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	localtime_r(&noon, &local);
	say("timezone %ld, daylight %d, %s, %02d:%02d", timezone, daylight, tzname[1], local.tm_hour, local.tm_min);
}

static void show_getopt(void)
{
	char *words[] = {(char *)"module", (char *)"-v", (char *)"-o", (char *)"out", (char *)"-x", (char *)"rest", NULL};
	int option;
	optind = 1;
	opterr = 0;
	while ((option = getopt(6, words, "vo:")) != -1)
		say("option %c, optarg %s, optopt %c", option, optarg != NULL ? optarg : "none", optopt != 0 ? optopt : '0');
	say("optind %d, rest %s", optind, words[optind]);
}

static void show_stdio(void)
{
	char *text = NULL, line[64] = "";
	size_t length = 0;
	fprintf(stdout, "fprintf to stdout\n");
	puts("puts");
	fflush(stdout);
	fprintf(stderr, "fprintf to stderr\n");
	FILE *memory = open_memstream(&text, &length);
	fprintf(memory, "%s %'d %.3Lf", "memory", 1234567, 2.5L);
	fclose(memory);
	say("%s, %zu bytes", text, length);
	free(text);
	FILE *file = tmpfile();
	fputs("first\nsecond\n", file);
	rewind(file);
	if (fscanf(file, "%*s %63s", line) == 1)
		say("read %s at %ld", line, ftell(file));
	fclose(file);
	say("stdout %d, stderr %d, stdin %d", fileno(stdout), fileno(stderr), fileno(stdin));
	printf("left in the buffer of stdout until the end\n");
}

static void show_locale(void)
{
	wchar_t wide[8];
	say("locale %s, decimal point %s", setlocale(LC_ALL, NULL), localeconv()->decimal_point);
	const char *utf8 = setlocale(LC_CTYPE, "C.UTF-8");
	say("in UTF-8: %s, %zd characters", utf8, (ssize_t)mbstowcs(wide, "Zo\xc3\xab", 8));
	setlocale(LC_CTYPE, "C");
	char latin[8] = "", *in = (char *)"Zo\xc3\xab", *out = latin;
	size_t in_left = 4, out_left = sizeof latin;
	iconv_t converter = iconv_open("ISO-8859-1", "UTF-8");
	const size_t converted = iconv(converter, &in, &in_left, &out, &out_left);
	say("iconv %zd, last byte %02x", (ssize_t)converted, (unsigned char)latin[2]);
	iconv_close(converter);
	say("strerror %s; %s", strerror(ENOENT), strsignal(SIGTERM));
}

static void show_math(void)
{
	volatile double two = 2, negative = -1;
	errno = 0;
	const double root = sqrt(negative);
	say("sqrt of -1 is %s, errno %d", isnan(root) ? "nan" : "a number", errno);
	say("log2 %.3f, pow %.1f", log2(two), pow(two, 10));
	say("rounding %d, tiny %d, %g", fegetround() == FE_TONEAREST, two * 1e-310 > 0, strtod("1e-310", NULL));
}

static void show_names(void)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
	struct passwd *user = getpwuid(0);
	say("uid 0 is %s", user != NULL ? user->pw_name : "nobody");
	say("localhost %d", getaddrinfo("localhost", "80", &hints, &found));
	if (found != NULL)
		freeaddrinfo(found);
}

static void *use_stack(void *bytes)
{
	const size_t length = (size_t)bytes;
	volatile char *room = __builtin_alloca(length);
	for (size_t i = 0; i < length; i += 4096)
		room[i] = 1;
	return NULL;
}

static void show_stack(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	size_t size = 0;
	use_stack((void *)(5UL << 20));
	pthread_getattr_default_np(&attributes);
	pthread_attr_getstacksize(&attributes, &size);
	say("5 MiB of stack here; threads have %zu", size);
	pthread_create(&thread, NULL, use_stack, (void *)(1UL << 20));
	pthread_join(thread, NULL);
	say("1 MiB of stack in a thread");
}

static volatile sig_atomic_t caught;
static void catch(int signal) { caught = signal; }

static void show_signals(void)
{
	struct sigaction action = {.sa_handler = catch}, before;
	sigset_t blocked;
	sigaction(SIGUSR2, &action, &before);
	raise(SIGUSR2);
	sigaction(SIGUSR2, &before, NULL);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	say("caught %d; blocked: %d %d %d", (int)caught, sigismember(&blocked, SIGUSR2), sigismember(&blocked, SIGCHLD),
	    sigismember(&blocked, SIGTERM));
}

WORLD({"timezone", show_timezone}, {"getopt", show_getopt}, {"stdio", show_stdio}, {"locale", show_locale},
      {"math", show_math}, {"names", show_names}, {"stack", show_stack}, {"signals", show_signals})
