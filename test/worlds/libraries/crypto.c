/* OpenSSL: version, digests, a cipher, random numbers, errors. Built with the shared library and with the static one. */
#include "../world.h"
#include "crypto.h"

#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

static void show_version(void)
{
	char text[256];
	describe_crypto(text, sizeof text);
	say("%s", text);
	say("built for %s, runs %lx", OPENSSL_VERSION_TEXT, OpenSSL_version_num());
	say("provider %d", OSSL_PROVIDER_available(NULL, "default"));
}

static void show_cipher(void)
{
	const unsigned char key[16] = "0123456789abcdef";
	unsigned char out[64], tag[EVP_MAX_MD_SIZE];
	unsigned int tag_length = 0;
	int length = 0, rest = 0;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	EVP_EncryptInit_ex(context, EVP_aes_128_cbc(), NULL, key, key);
	EVP_EncryptUpdate(context, out, &length, (const unsigned char *)"a message", 9);
	EVP_EncryptFinal_ex(context, out + length, &rest);
	EVP_CIPHER_CTX_free(context);
	say("aes %d bytes, %02x%02x", length + rest, out[0], out[15]);
	HMAC(EVP_sha1(), key, sizeof key, out, 16, tag, &tag_length);
	say("hmac %u bytes, %02x%02x", tag_length, tag[0], tag[19]);
	say("random %d", RAND_bytes(out, sizeof out));
}

static void show_errors(void)
{
	char text[256];
	EVP_MD *none = EVP_MD_fetch(NULL, "no-such-digest", NULL);
	ERR_error_string_n(ERR_get_error(), text, sizeof text);
	say("fetched %s: %s", none == NULL ? "nothing" : "something", text);
}

WORLD({"version", show_version}, {"cipher", show_cipher}, {"errors", show_errors})
