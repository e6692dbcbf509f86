/* libcurl: version of all that it uses, a file, a request to a server in a thread of the module, one to nobody. */
#include "../world.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t collect(char *bytes, size_t size, size_t count, void *into)
{
	strncat(into, bytes, size * count < 200 ? size * count : 200);
	return size * count;
}

static void get(const char *what, const char *url)
{
	char body[512] = "";
	long status = 0;
	CURL *curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	const CURLcode result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	body[strcspn(body, "\r\n")] = 0;
	say("%s: %s, status %ld, body %s", what, curl_easy_strerror(result), status, body);
}

/* Answers one request. */
static void *serve(void *listener)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nserved";
	char request[4096];
	const int connection = accept(*(int *)listener, NULL, NULL);
	if (read(connection, request, sizeof request) > 0 && write(connection, answer, sizeof answer - 2) < 0)
		abort();
	close(connection);
	return NULL;
}

static void show_version(void)
{
	curl_global_init(CURL_GLOBAL_ALL);
	say("%s", curl_version());
}

static void show_requests(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof address;
	pthread_t thread;
	char url[64];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		return;
	snprintf(url, sizeof url, "http://localhost:%d/", ntohs(address.sin_port));
	pthread_create(&thread, NULL, serve, &listener);
	get("http", url);
	pthread_join(thread, NULL);
	close(listener);
	get("file", "file:///proc/sys/kernel/ostype");
	get("refused", url);
	get("scheme", "nonsense://x");
}

WORLD({"version", show_version}, {"requests", show_requests})
