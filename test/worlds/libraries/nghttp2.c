/* nghttp2: version, and headers packed and unpacked. */
#include "../world.h"

#include <nghttp2/nghttp2.h>

static void show_nghttp2(void)
{
	nghttp2_hd_deflater *deflater;
	nghttp2_hd_inflater *inflater;
	nghttp2_nv header = {(uint8_t *)"x-name", (uint8_t *)"value", 6, 5, NGHTTP2_NV_FLAG_NONE}, back;
	uint8_t packed[128];
	int flags = 0;
	say("runs %s, built for %s", nghttp2_version(0)->version_str, NGHTTP2_VERSION);
	nghttp2_hd_deflate_new(&deflater, 4096);
	nghttp2_hd_inflate_new(&inflater);
	const ssize_t length = nghttp2_hd_deflate_hd(deflater, packed, sizeof packed, &header, 1);
	const ssize_t used = nghttp2_hd_inflate_hd2(inflater, &back, &flags, packed, (size_t)length, 1);
	say("%zd bytes, %zd used, %s: %s", length, used, back.name, back.value);
	nghttp2_hd_deflate_del(deflater);
	nghttp2_hd_inflate_del(inflater);
	say("%s", nghttp2_strerror(NGHTTP2_ERR_PROTO));
}

WORLD({"nghttp2", show_nghttp2})
