/* zlib: version, there and back, a checksum. */
#include "../world.h"

#include <zlib.h>

static void show_zlib(void)
{
	char text[1000], back[1000];
	Bytef packed[1000];
	uLongf packed_length = sizeof packed, length = sizeof back;
	memset(text, 'z', sizeof text);
	say("runs %s, built for %s, flags %lx", zlibVersion(), ZLIB_VERSION, zlibCompileFlags());
	const int compressed = compress2(packed, &packed_length, (Bytef *)text, sizeof text, 9);
	say("compress %d, uncompress %d", compressed, uncompress((Bytef *)back, &length, packed, packed_length));
	say("%lu bytes, then %lu, %s; crc %08lx", packed_length, length, memcmp(text, back, length) == 0 ? "equal" : "different",
	    crc32(0, (Bytef *)text, sizeof text));
}

WORLD({"zlib", show_zlib})
