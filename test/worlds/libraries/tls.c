/* OpenSSL's TLS: both ends of a handshake in memory, with a key made here. */
#include "../world.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static void give_certificate(SSL_CTX *server)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	X509_sign(certificate, key, EVP_sha256());
	SSL_CTX_use_certificate(server, certificate);
	SSL_CTX_use_PrivateKey(server, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void show_handshake(void)
{
	char text[16] = "";
	SSL_CTX *contexts[2] = {SSL_CTX_new(TLS_client_method()), SSL_CTX_new(TLS_server_method())};
	BIO *bios[2];
	give_certificate(contexts[1]);
	SSL *client = SSL_new(contexts[0]), *server = SSL_new(contexts[1]);
	BIO_new_bio_pair(&bios[0], 0, &bios[1], 0);
	SSL_set_bio(client, bios[0], bios[0]);
	SSL_set_bio(server, bios[1], bios[1]);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (int i = 0; i < 10 && !(SSL_is_init_finished(client) && SSL_is_init_finished(server)); i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	say("%s with %s", SSL_get_version(client), SSL_get_cipher(client));
	SSL_write(client, "over TLS", 8);
	const int length = SSL_read(server, text, sizeof text - 1);
	say("read %d: %s", length, text);
	SSL_free(client), SSL_free(server);
	SSL_CTX_free(contexts[0]), SSL_CTX_free(contexts[1]);
}

WORLD({"handshake", show_handshake})
