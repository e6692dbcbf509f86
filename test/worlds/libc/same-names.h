/* Names of functions that a Node.js executable exports, for a module that has its own of the same name. */
#ifndef SAME_NAMES_H
#define SAME_NAMES_H

#define SAME_NAMES(F) \
	F(uv_run) F(uv_version) F(uv_default_loop) F(SSL_new) F(OpenSSL_version) F(EVP_sha256) F(CRYPTO_malloc) F(deflate) \
	F(inflate) F(zlibVersion) F(crc32) F(nghttp2_version) F(ares_version) F(llhttp_init) F(BrotliDecoderVersion) \
	F(sqlite3_libversion) F(ZSTD_versionNumber) F(node_module_register) F(uv_mutex_lock)

#endif
