/*
 * Included by module.h: asserts, at compile time, that every field lies where the chosen ABI has it (LP64: x86-64 and
 * arm64 Linux). A module that compiles therefore agrees with the loader to the byte.
 */
#ifndef MESIBO_MODULE_LAYOUT_H
#define MESIBO_MODULE_LAYOUT_H

#ifdef __cplusplus
#define MESIBO_ASSERT_ static_assert
#else
#define MESIBO_ASSERT_ _Static_assert
#endif
#define MESIBO_AT_(type, field, at) MESIBO_ASSERT_(offsetof(type, field) == (at), #type "." #field " is not at " #at)
#define MESIBO_SIZE_(type, size) MESIBO_ASSERT_(sizeof(type) == (size), #type " is not " #size " bytes")

MESIBO_AT_(mesibo_message_params_t, aid, 0);
MESIBO_AT_(mesibo_message_params_t, id, 8);
MESIBO_AT_(mesibo_message_params_t, refid, 16);
MESIBO_AT_(mesibo_message_params_t, groupid, 24);
MESIBO_AT_(mesibo_message_params_t, flags, 32);
MESIBO_AT_(mesibo_message_params_t, type, 40);
MESIBO_AT_(mesibo_message_params_t, expiry, 48);
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
MESIBO_AT_(mesibo_message_params_t, uflags, 56);
MESIBO_AT_(mesibo_message_params_t, status, 64);
MESIBO_AT_(mesibo_message_params_t, sid, 72);
MESIBO_AT_(mesibo_message_params_t, device, 80);
MESIBO_AT_(mesibo_message_params_t, reserved_0, 88);
MESIBO_AT_(mesibo_message_params_t, reserved_1, 96);
MESIBO_AT_(mesibo_message_params_t, reserved_2, 104);
MESIBO_AT_(mesibo_message_params_t, reserved_3, 112);
MESIBO_AT_(mesibo_message_params_t, to, 120);
MESIBO_AT_(mesibo_message_params_t, from, 128);
MESIBO_SIZE_(mesibo_message_params_t, 136);
#elif MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
MESIBO_AT_(mesibo_message_params_t, to_online, 56);
MESIBO_AT_(mesibo_message_params_t, reserved_0, 64);
MESIBO_AT_(mesibo_message_params_t, reserved_1, 72);
MESIBO_AT_(mesibo_message_params_t, reserved_2, 80);
MESIBO_AT_(mesibo_message_params_t, reserved_3, 88);
MESIBO_AT_(mesibo_message_params_t, to, 96);
MESIBO_AT_(mesibo_message_params_t, from, 104);
MESIBO_SIZE_(mesibo_message_params_t, 112);
#else
MESIBO_AT_(mesibo_message_params_t, to_online, 56);
MESIBO_AT_(mesibo_message_params_t, to, 64);
MESIBO_AT_(mesibo_message_params_t, from, 72);
MESIBO_SIZE_(mesibo_message_params_t, 80);
#endif

MESIBO_AT_(mesibo_module_t, version, 0);
MESIBO_AT_(mesibo_module_t, flags, 8);
MESIBO_AT_(mesibo_module_t, name, 16);
#if MESIBO_HAS_EXPORTS
MESIBO_AT_(mesibo_module_t, description, 24);
MESIBO_AT_(mesibo_module_t, ctx, 32);
MESIBO_AT_(mesibo_module_t, config, 40);
MESIBO_AT_(mesibo_module_t, on_cleanup, 48);
MESIBO_AT_(mesibo_module_t, on_message, 56);
MESIBO_AT_(mesibo_module_t, on_message_status, 64);
MESIBO_AT_(mesibo_module_t, on_call, 72);
MESIBO_AT_(mesibo_module_t, on_call_status, 80);
MESIBO_AT_(mesibo_module_t, on_login, 88);
#else
MESIBO_AT_(mesibo_module_t, cleanup, 24);
MESIBO_AT_(mesibo_module_t, on_message, 32);
MESIBO_AT_(mesibo_module_t, on_message_status, 40);
MESIBO_AT_(mesibo_module_t, on_call, 48);
MESIBO_AT_(mesibo_module_t, on_call_status, 56);
MESIBO_AT_(mesibo_module_t, signature, 64);
MESIBO_AT_(mesibo_module_t, send_message, 72);
MESIBO_AT_(mesibo_module_t, http, 80);
MESIBO_AT_(mesibo_module_t, log, 88);
MESIBO_SIZE_(mesibo_module_t, 96);
#endif
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
MESIBO_AT_(mesibo_module_t, signature, 96);
MESIBO_AT_(mesibo_module_t, reserved_0, 104);
MESIBO_AT_(mesibo_module_t, reserved_1, 112);
MESIBO_AT_(mesibo_module_t, reserved_2, 120);
MESIBO_AT_(mesibo_module_t, reserved_3, 128);
MESIBO_AT_(mesibo_module_t, reserved_4, 136);
MESIBO_AT_(mesibo_module_t, reserved_5, 144);
MESIBO_AT_(mesibo_module_t, reserved_6, 152);
MESIBO_AT_(mesibo_module_t, reserved_7, 160);
MESIBO_AT_(mesibo_module_t, invoke, 168);
MESIBO_SIZE_(mesibo_module_t, 176);
#elif MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
MESIBO_AT_(mesibo_module_t, on_config, 96);
MESIBO_AT_(mesibo_module_t, custom_fns, 104);
MESIBO_AT_(mesibo_module_t, signature, 112);
MESIBO_AT_(mesibo_module_t, reserved_0, 120);
MESIBO_AT_(mesibo_module_t, reserved_1, 128);
MESIBO_AT_(mesibo_module_t, reserved_2, 136);
MESIBO_AT_(mesibo_module_t, reserved_3, 144);
MESIBO_AT_(mesibo_module_t, reserved_4, 152);
MESIBO_AT_(mesibo_module_t, reserved_5, 160);
MESIBO_AT_(mesibo_module_t, reserved_6, 168);
MESIBO_AT_(mesibo_module_t, reserved_7, 176);
MESIBO_AT_(mesibo_module_t, invoke, 184);
MESIBO_SIZE_(mesibo_module_t, 192);
#endif

MESIBO_AT_(mesibo_user_t, flags, 0);
MESIBO_AT_(mesibo_user_t, online, 8);
MESIBO_AT_(mesibo_user_t, address, 16);
MESIBO_AT_(mesibo_user_t, reserved_0, 24);
MESIBO_AT_(mesibo_user_t, reserved_1, 32);
MESIBO_AT_(mesibo_user_t, reserved_2, 40);
MESIBO_AT_(mesibo_user_t, reserved_3, 48);
MESIBO_SIZE_(mesibo_user_t, 56);

MESIBO_AT_(module_config_item_t, name, 0);
MESIBO_AT_(module_config_item_t, value, 8);
MESIBO_SIZE_(module_config_item_t, 16);
MESIBO_AT_(module_config_t, count, 0);
MESIBO_AT_(module_config_t, items, 8);

#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
MESIBO_AT_(mesibo_http_t, url, 0);
MESIBO_AT_(mesibo_http_t, post, 8);
MESIBO_AT_(mesibo_http_t, content_type, 16);
MESIBO_AT_(mesibo_http_t, extra_header, 24);
MESIBO_AT_(mesibo_http_t, user_agent, 32);
MESIBO_AT_(mesibo_http_t, referrer, 40);
MESIBO_AT_(mesibo_http_t, origin, 48);
MESIBO_AT_(mesibo_http_t, cookie, 56);
MESIBO_AT_(mesibo_http_t, encoding, 64);
MESIBO_AT_(mesibo_http_t, cache_control, 72);
MESIBO_AT_(mesibo_http_t, accept, 80);
MESIBO_AT_(mesibo_http_t, etag, 88);
MESIBO_AT_(mesibo_http_t, ims, 96);
MESIBO_AT_(mesibo_http_t, conn_timeout, 104);
MESIBO_AT_(mesibo_http_t, header_timeout, 112);
MESIBO_AT_(mesibo_http_t, body_timeout, 120);
MESIBO_AT_(mesibo_http_t, total_timeout, 128);
MESIBO_AT_(mesibo_http_t, on_data, 136);
MESIBO_AT_(mesibo_http_t, on_status, 144);
MESIBO_AT_(mesibo_http_t, on_close, 152);
MESIBO_SIZE_(mesibo_http_t, 160);

MESIBO_AT_(mesibo_socket_t, url, 0);
MESIBO_AT_(mesibo_socket_t, ws_protocol, 8);
MESIBO_AT_(mesibo_socket_t, keepalive, 16);
MESIBO_AT_(mesibo_socket_t, verify_host, 24);
MESIBO_AT_(mesibo_socket_t, ssl_ctx, 32);
MESIBO_AT_(mesibo_socket_t, on_connect, 40);
MESIBO_AT_(mesibo_socket_t, on_write, 48);
MESIBO_AT_(mesibo_socket_t, on_data, 56);
MESIBO_AT_(mesibo_socket_t, on_close, 64);
MESIBO_SIZE_(mesibo_socket_t, 72);

MESIBO_AT_(mesibo_fcgi_t, USER, 0);
MESIBO_AT_(mesibo_fcgi_t, SCRIPT_FILENAME, 8);
MESIBO_AT_(mesibo_fcgi_t, QUERY_STRING, 16);
MESIBO_AT_(mesibo_fcgi_t, CONTENT_TYPE, 24);
MESIBO_AT_(mesibo_fcgi_t, SCRIPT_NAME, 32);
MESIBO_AT_(mesibo_fcgi_t, REQUEST_URI, 40);
MESIBO_AT_(mesibo_fcgi_t, DOCUMENT_URI, 48);
MESIBO_AT_(mesibo_fcgi_t, DOCUMENT_ROOT, 56);
MESIBO_AT_(mesibo_fcgi_t, SERVER_PROTOCOL, 64);
MESIBO_AT_(mesibo_fcgi_t, REQUEST_SCHEME, 72);
MESIBO_AT_(mesibo_fcgi_t, REMOTE_ADDR, 80);
MESIBO_AT_(mesibo_fcgi_t, REMOTE_PORT, 88);
MESIBO_AT_(mesibo_fcgi_t, SERVER_ADDR, 96);
MESIBO_AT_(mesibo_fcgi_t, SERVER_PORT, 104);
MESIBO_AT_(mesibo_fcgi_t, SERVER_NAME, 112);
MESIBO_AT_(mesibo_fcgi_t, HTTP_HOST, 120);
MESIBO_AT_(mesibo_fcgi_t, HTTP_CONNECTION, 128);
MESIBO_AT_(mesibo_fcgi_t, HTTP_CACHE_CONTROL, 136);
MESIBO_AT_(mesibo_fcgi_t, HTTP_UPGRADE_INSECURE_REQUESTS, 144);
MESIBO_AT_(mesibo_fcgi_t, HTTP_USER_AGENT, 152);
MESIBO_AT_(mesibo_fcgi_t, HTTP_ACCEPT, 160);
MESIBO_AT_(mesibo_fcgi_t, HTTP_ACCEPT_ENCODING, 168);
MESIBO_AT_(mesibo_fcgi_t, HTTP_ACCEPT_LANGUAGE, 176);
MESIBO_AT_(mesibo_fcgi_t, body, 184);
MESIBO_AT_(mesibo_fcgi_t, bodylen, 192);
MESIBO_SIZE_(mesibo_fcgi_t, 200);
#else
MESIBO_AT_(module_http_option_t, proxy, 0);
MESIBO_AT_(module_http_option_t, content_type, 8);
MESIBO_AT_(module_http_option_t, extra_header, 16);
MESIBO_AT_(module_http_option_t, user_agent, 24);
MESIBO_AT_(module_http_option_t, referrer, 32);
MESIBO_AT_(module_http_option_t, origin, 40);
MESIBO_AT_(module_http_option_t, cookie, 48);
MESIBO_AT_(module_http_option_t, encoding, 56);
MESIBO_AT_(module_http_option_t, cache_control, 64);
MESIBO_AT_(module_http_option_t, accept, 72);
MESIBO_AT_(module_http_option_t, etag, 80);
MESIBO_AT_(module_http_option_t, ims, 88);
MESIBO_AT_(module_http_option_t, maxredirects, 96);
MESIBO_AT_(module_http_option_t, conn_timeout, 104);
MESIBO_AT_(module_http_option_t, header_timeout, 112);
MESIBO_AT_(module_http_option_t, body_timeout, 120);
MESIBO_AT_(module_http_option_t, total_timeout, 128);
MESIBO_AT_(module_http_option_t, retries, 136);
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
MESIBO_AT_(module_http_option_t, synchronous, 144);
MESIBO_SIZE_(module_http_option_t, 152);
#else
MESIBO_SIZE_(module_http_option_t, 144);
#endif
#endif

#endif
