/* A plugin that is linked with OpenSSL and zlib; its module is linked with neither. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "crypto.h"
#include "plugin.h"

void describe_plugin(char *text, size_t size)
{
	describe_crypto(text, size);
	size_t length = strlen(text);
	snprintf(text + length, size - length, ", zlib %s, crc %08lx", zlibVersion(), crc32(0, (const Bytef *)"abc", 3));
}
