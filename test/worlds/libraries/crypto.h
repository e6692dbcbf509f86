/* What crypto.c and the plugin show of OpenSSL. */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* "OpenSSL <version>, sha256 of abc <hex>" */
static inline void describe_crypto(char *text, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	int at = snprintf(text, size, "%s, sha256 of abc ", OpenSSL_version(OPENSSL_VERSION));
	EVP_Digest("abc", 3, digest, &length, EVP_sha256(), NULL);
	for (unsigned int i = 0; i < length && i < 8; i++)
		at += snprintf(text + at, size - (size_t)at, "%02x", digest[i]);
}

#endif
