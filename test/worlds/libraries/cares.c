/* c-ares: version, a channel, and a name that needs no server. */
#include "../world.h"

#include <ares.h>
#include <netdb.h>
#include <sys/socket.h>

static void answered(void *data, int status, int timeouts, struct hostent *host)
{
	(void)data, (void)timeouts;
	say("%s: %s", ares_strerror(status), host != NULL ? host->h_name : "nobody");
}

static void show_cares(void)
{
	ares_channel channel;
	int number = 0;
	ares_library_init(ARES_LIB_INIT_ALL);
	say("runs %s (%x), built for %s", ares_version(&number), (unsigned)number, ARES_VERSION_STR);
	say("init %d", ares_init(&channel));
	ares_gethostbyname(channel, "127.0.0.1", AF_INET, answered, NULL);
	ares_destroy(channel);
}

WORLD({"cares", show_cares})
