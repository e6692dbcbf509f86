/*
 * The header that a module includes. A module is a shared object that exports mesibo_module_<name>_init. The loader calls
 * this function once, and the module fills in the callbacks that it wants. From then on the loader calls them, one at a time.
 *
 * There are three binary interfaces (ABIs). Define MESIBO_MODULE_ABI before the #include to choose one:
 *
 *   MESIBO_ABI_TABLE         the default: the loader's functions are pointers in mesibo_module_t
 *   MESIBO_ABI_EXPORTS_2019  the loader's functions are symbols: mesibo_log, mesibo_message, mesibo_http...
 *   MESIBO_ABI_EXPORTS_2020  likewise, with sockets, FastCGI and more: the one to choose for a new module
 *
 * All sources of a module must choose the same. module-layout.h, which belongs to this file, asserts every offset.
 * module-note.h, which belongs to it too, writes the choice into the compiled file, so that a loader need not guess it.
 */
#ifndef MESIBO_MODULE_H
#define MESIBO_MODULE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define MESIBO_ABI_TABLE 1
#define MESIBO_ABI_EXPORTS_2019 2019
#define MESIBO_ABI_EXPORTS_2020 2020

/*
 * The default is for sources that are older than the choice. A new one has, before its #include:
 *
 *   #define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
 */
#ifndef MESIBO_MODULE_ABI
#define MESIBO_MODULE_ABI MESIBO_ABI_TABLE
#define MESIBO_MODULE_ABI_CHOSEN_ 0
#else
#define MESIBO_MODULE_ABI_CHOSEN_ 1
#endif

#if MESIBO_MODULE_ABI == MESIBO_ABI_TABLE
#define MESIBO_HAS_EXPORTS 0
#elif MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019 || MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
#define MESIBO_HAS_EXPORTS 1
#else
#error "MESIBO_MODULE_ABI must be MESIBO_ABI_TABLE, MESIBO_ABI_EXPORTS_2019 or MESIBO_ABI_EXPORTS_2020"
#endif

/* Put it before init. The loader then finds init with any -fvisibility, and C++ does not mangle its name. */
#ifdef __cplusplus
#define MESIBO_EXPORT extern "C" __attribute__((__visibility__("default")))
#else
#define MESIBO_EXPORT __attribute__((__visibility__("default")))
#endif

#define MESIBO_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))

#ifdef __cplusplus
extern "C" {
#endif

typedef uintptr_t mesibo_uint_t;
typedef intptr_t mesibo_int_t;

/* What a callback returns. */
#if MESIBO_HAS_EXPORTS
typedef mesibo_int_t mesibo_result_t;
#else
typedef int mesibo_result_t;
#endif

#define MESIBO_MODULE_SIGNATURE 0xAA55773388FF1100
#define MESIBO_MODULE_VERSION 1

#define MESIBO_RESULT_OK 0
#define MESIBO_RESULT_PASS 0     /* go on to the next module, and then to the recipient */
#define MESIBO_RESULT_CONSUMED 1 /* stop here: nobody else sees it */
#define MESIBO_RESULT_FAIL (-1)

/* params->flags */
#define MESIBO_FLAG_DELIVERYRECEIPT 0x1
#define MESIBO_FLAG_READRECEIPT 0x2
#define MESIBO_FLAG_TRANSIENT 0x4
#define MESIBO_FLAG_PRESENCE 0x8
#define MESIBO_FLAG_MEDIA 0x100
#define MESIBO_FLAG_OUTGOING 0x10000

/* params->uflags */
#define MESIBO_UFLAG_TO_ONLINE 0x1 /* the destination is online */

/* The status in on_message_status. */
#define MESIBO_MODULE_MSGSTATUS_SENT 1
#define MESIBO_MODULE_MSGSTATUS_DELIVERED 2
#define MESIBO_MODULE_MSGSTATUS_READ 3
#define MESIBO_MODULE_MSGSTATUS_FAIL 0x80
#define MESIBO_MODULE_MSGSTATUS_NOTACTIVE 0x81
#define MESIBO_MODULE_MSGSTATUS_INBOXFULL 0x82
#define MESIBO_MODULE_MSGSTATUS_INVALIDDEST 0x83
#define MESIBO_MODULE_MSGSTATUS_NOINCOMING 0x86
#define MESIBO_MODULE_MSGSTATUS_BLOCKED 0x88

typedef struct mesibo_module_s mesibo_module_t;

/* The parameters of a message. They belong to the loader, and are valid during the callback. A callback may change them in place. */
typedef struct mesibo_message_params_s {
	mesibo_uint_t aid;     /* application */
	mesibo_uint_t id;      /* of the message; unique for a sender */
	mesibo_uint_t refid;   /* another message that this one refers to */
	mesibo_uint_t groupid; /* 0: one to one */
	mesibo_uint_t flags;   /* MESIBO_FLAG_... */
	mesibo_uint_t type;    /* the application's own */
	mesibo_uint_t expiry;  /* seconds to live */
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
	mesibo_uint_t uflags; /* MESIBO_UFLAG_... */
	mesibo_uint_t status; /* in on_message_status: what became of the message */
	mesibo_uint_t sid;
	mesibo_uint_t device;
#else
	mesibo_uint_t to_online;
#endif
#if MESIBO_HAS_EXPORTS
	mesibo_uint_t reserved_0, reserved_1, reserved_2, reserved_3;
#endif
	char *to, *from; /* NUL-terminated; may be NULL */
} mesibo_message_params_t;

typedef struct mesibo_user_s {
	mesibo_uint_t flags;
	mesibo_uint_t online;
	char *address;
	mesibo_uint_t reserved_0, reserved_1, reserved_2, reserved_3;
} mesibo_user_t;

/* The module's own settings, in the order of the configuration file. */
typedef struct module_config_item_s {
	char *name;
	char *value;
} module_config_item_t;

/* Such an array is C99. clang warns of it in C++ despite __extension__. */
#if defined(__cplusplus) && defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc99-extensions"
#endif
typedef struct module_config_s {
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
	mesibo_int_t count;
#else
	int count;
#endif
#if defined(__clang__) && defined(__cplusplus)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc99-extensions"
#endif
	__extension__ module_config_item_t items[];
#if defined(__clang__) && defined(__cplusplus)
#pragma clang diagnostic pop
#endif
} module_config_t;
#if defined(__cplusplus) && defined(__clang__)
#pragma clang diagnostic pop
#endif

typedef enum {
	MODULE_HTTP_STATE_REQUEST,
	MODULE_HTTP_STATE_REQBODY,
	MODULE_HTTP_STATE_RESPHEADER,
	MODULE_HTTP_STATE_RESPBODY, /* the only state that is delivered */
	MODULE_HTTP_STATE_DONE
} module_http_state_t;

/* progress: 1..99 for a chunk, 100 once and last, negative on failure. Return a negative value to end the request. */
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
typedef mesibo_int_t (*mesibo_http_ondata_t)(void *cbdata, mesibo_int_t state, mesibo_int_t progress,
					     const char *buffer, mesibo_int_t size);
typedef mesibo_int_t (*mesibo_http_onstatus_t)(void *cbdata, mesibo_int_t status, const char *response_type);
typedef void (*mesibo_http_onclose_t)(void *cbdata, mesibo_int_t result);
typedef mesibo_http_ondata_t mesibo_module_http_data_callback_t;

/* A request for mesibo_util_http. Timeouts are in seconds, 0 is the default. With post NULL it is a GET. */
typedef struct mesibo_http_s {
	const char *url;
	const char *post;
	const char *content_type;
	const char *extra_header;
	const char *user_agent;
	const char *referrer;
	const char *origin;
	const char *cookie;
	const char *encoding;
	const char *cache_control;
	const char *accept;
	const char *etag;
	mesibo_uint_t ims; /* If-Modified-Since */
	mesibo_uint_t conn_timeout, header_timeout, body_timeout, total_timeout;
	mesibo_http_ondata_t on_data;
	mesibo_http_onstatus_t on_status;
	mesibo_http_onclose_t on_close; /* once, last */
} mesibo_http_t;

typedef void (*mesibo_socket_onconnect_t)(void *cbdata, mesibo_int_t asock, mesibo_int_t fd);
typedef void (*mesibo_socket_onwrite_t)(void *cbdata);
typedef mesibo_int_t (*mesibo_socket_ondata_t)(void *cbdata, const char *data, mesibo_int_t len);
typedef void (*mesibo_socket_onclose_t)(void *cbdata, mesibo_int_t type);

/* url: tcp://host:port, tls://host:port, ws://... or wss://... */
typedef struct mesibo_socket_s {
	const char *url;
	const char *ws_protocol;
	mesibo_uint_t keepalive;
	mesibo_uint_t verify_host;
	void *ssl_ctx;
	mesibo_socket_onconnect_t on_connect;
	mesibo_socket_onwrite_t on_write; /* the buffer has drained */
	mesibo_socket_ondata_t on_data;
	mesibo_socket_onclose_t on_close; /* once, last */
} mesibo_socket_t;

typedef mesibo_int_t (*mesibo_fcgi_ondata_t)(void *cbdata, mesibo_int_t result, const char *buffer, mesibo_int_t size);

/* The parameters of a FastCGI request, with the names that the application sees, and its body. */
typedef struct mesibo_fcgi_s {
	char *USER;
	char *SCRIPT_FILENAME;
	char *QUERY_STRING;
	char *CONTENT_TYPE;
	char *SCRIPT_NAME;
	char *REQUEST_URI;
	char *DOCUMENT_URI;
	char *DOCUMENT_ROOT;
	char *SERVER_PROTOCOL;
	char *REQUEST_SCHEME;
	char *REMOTE_ADDR;
	char *REMOTE_PORT;
	char *SERVER_ADDR;
	char *SERVER_PORT;
	char *SERVER_NAME;
	char *HTTP_HOST;
	char *HTTP_CONNECTION;
	char *HTTP_CACHE_CONTROL;
	char *HTTP_UPGRADE_INSECURE_REQUESTS;
	char *HTTP_USER_AGENT;
	char *HTTP_ACCEPT;
	char *HTTP_ACCEPT_ENCODING;
	char *HTTP_ACCEPT_LANGUAGE;
	char *body;
	uint64_t bodylen;
} mesibo_fcgi_t;
#else
typedef int (*mesibo_module_http_data_callback_t)(void *cbdata, mesibo_int_t state, mesibo_int_t progress,
						  const char *buffer, mesibo_int_t size);

/* Options of an http request; NULL and 0 are the defaults. Timeouts are seconds. */
typedef struct module_http_option_s {
	const char *proxy;
	const char *content_type;
	const char *extra_header;
	const char *user_agent;
	const char *referrer;
	const char *origin;
	const char *cookie;
	const char *encoding;
	const char *cache_control;
	const char *accept;
	const char *etag;
	mesibo_uint_t ims; /* If-Modified-Since */
	mesibo_uint_t maxredirects;
	mesibo_uint_t conn_timeout, header_timeout, body_timeout, total_timeout;
	mesibo_uint_t retries;
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
	mesibo_uint_t synchronous; /* the call returns after the last callback */
#endif
} module_http_option_t;
#endif

/*
 * The module. The loader fills in version, name, config and signature (and send_message, http and log in the table ABI)
 * before it calls init; init fills in the rest. A callback left NULL is not called, and its event costs nothing.
 * `message` has `len` bytes, which may include NULs, and one more that is NUL.
 */
struct mesibo_module_s {
	mesibo_uint_t version;
	mesibo_uint_t flags;
	const char *name; /* the configured name */
#if MESIBO_HAS_EXPORTS
	const char *description; /* shown to the operator */
	void *ctx;               /* the module's own */
	module_config_t *config; /* NULL when there are no settings; see mesibo_util_getconfig */
	mesibo_result_t (*on_cleanup)(mesibo_module_t *mod);
#else
	mesibo_result_t (*cleanup)(mesibo_module_t *mod);
#endif
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
	mesibo_result_t (*on_message)(mesibo_module_t *mod, mesibo_message_params_t *params, char *message,
				      mesibo_uint_t len);
	mesibo_result_t (*on_message_status)(mesibo_module_t *mod, mesibo_message_params_t *params);
#else
	mesibo_result_t (*on_message)(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message,
				      mesibo_uint_t len);
	mesibo_result_t (*on_message_status)(mesibo_module_t *mod, mesibo_message_params_t *params,
					     mesibo_uint_t status);
#endif
	mesibo_result_t (*on_call)(mesibo_module_t *mod);
	mesibo_result_t (*on_call_status)(mesibo_module_t *mod);
#if MESIBO_HAS_EXPORTS
	mesibo_result_t (*on_login)(mesibo_module_t *mod, mesibo_user_t *user);
#endif
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
	mesibo_result_t (*on_config)(mesibo_module_t *mod, mesibo_uint_t type, void *value);
	void *custom_fns;
#endif
	mesibo_uint_t signature;
#if MESIBO_HAS_EXPORTS
	mesibo_uint_t reserved_0, reserved_1, reserved_2, reserved_3;
	mesibo_uint_t reserved_4, reserved_5, reserved_6, reserved_7;
	void *invoke;
#else
	/* The loader's functions. They may be called from any thread and copy what they are given. 0, or -1 if refused. */
	int (*send_message)(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message,
			    mesibo_uint_t len);
	int (*http)(mesibo_module_t *mod, const char *url, const char *post, mesibo_module_http_data_callback_t cb,
		    void *cbdata, module_http_option_t *opt);
	/* Level 0 is info in the log, 1 is debug, and higher ones are trace. All levels are kept and shown. */
	int (*log)(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...) MESIBO_PRINTF(3, 4);
#endif
};

/* The type of mesibo_module_<name>_init. It returns 0, or anything else to refuse, usually after logging why. */
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
typedef mesibo_int_t (*mesibo_module_init_fn)(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len);
#elif MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
typedef int (*mesibo_module_init_fn)(mesibo_int_t version, mesibo_module_t *mod, mesibo_int_t len);
#else
typedef int (*mesibo_module_init_fn)(mesibo_module_t *mod, mesibo_uint_t len);
#endif

/* The loader's functions. They may be called from any thread and copy what they are given. */
#if MESIBO_HAS_EXPORTS
/* Level 0 is info in the log, 1 is debug, and higher ones are trace. All levels are kept and shown. */
mesibo_int_t mesibo_log(mesibo_module_t *mod, mesibo_uint_t level, const char *format, ...) MESIBO_PRINTF(3, 4);
/* Sends a message; 0, or -1 if refused. Its status comes back through on_message_status. */
mesibo_int_t mesibo_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message,
			    mesibo_uint_t len);
/* The value of a setting, or NULL. The module may change this memory. */
char *mesibo_util_getconfig(mesibo_module_t *mod, const char *name);
void mesibo_util_create_thread(void *(*fn)(void *), void *data, size_t stacksize, const char *name);
#endif
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
mesibo_int_t mesibo_http(mesibo_module_t *mod, const char *url, const char *post,
			 mesibo_module_http_data_callback_t cb, void *cbdata, module_http_option_t *opt);
/*
 * Returns the value of the first `key` in the JSON text `src`, at any depth. The value becomes a string in place:
 *
 *   a string                       its content without escapes (\u0000 and half a surrogate pair become U+FFFD)
 *   a number, true, false, null    as it is written
 *   an object or an array          its JSON text, up to 1,024 levels deep
 *
 * Unless next is NULL, `*next` is set to the place behind the value: look from there for the next such key, or another one.
 * Returns NULL when there is no such key, or when its value is malformed or cut off. Then src and *next stay as they are.
 *
 * The NUL behind the value now ends the text `src`: from its start, a second call finds only keys before that NUL, and this
 * one again. So go on from *next, or extract keys in the reverse of their order in the text.
 */
char *mesibo_util_json_extract(char *src, const char *key, char **next);
#endif
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2020
mesibo_int_t mesibo_vlog(mesibo_module_t *mod, mesibo_uint_t level, const char *format, va_list args)
	MESIBO_PRINTF(3, 0);
mesibo_int_t mesibo_util_http(mesibo_http_t *request, void *cbdata);
mesibo_int_t mesibo_util_fcgi(mesibo_fcgi_t *request, const char *host, mesibo_int_t port, mesibo_int_t keepalive,
			      mesibo_fcgi_ondata_t cb, void *cbdata);
/* A socket for write and close, or -1. */
mesibo_int_t mesibo_util_socket_connect(mesibo_socket_t *socket, void *cbdata);
mesibo_int_t mesibo_util_socket_write(mesibo_int_t sock, const char *data, mesibo_int_t len);
void mesibo_util_socket_close(mesibo_int_t sock);
/*
 * Returns the value of the first `key` in the JSON text `src` of `len` bytes, at any depth. The value becomes a string in
 * place:
 *
 *   a string                       its content without escapes (\u0000 and half a surrogate pair become U+FFFD)
 *   a number, true, false, null    as it is written
 *   an object or an array          its JSON text, up to 1,024 levels deep
 *
 * Unless next is NULL, `*next` is set to the place behind the value: look from there, in the `len - (*next - src)` bytes that
 * are left, for the next such key. Returns NULL when there is no such key, or when its value is malformed or cut off. Then
 * src and *next stay as they are. Nothing behind len is read or written: src need not end with a NUL.
 *
 * You may search the same src again, for any key in any order. Values that were returned before stay as they are, with one
 * exception: a value found inside an object ends the text of that object there.
 */
char *mesibo_util_json_extract(char *src, mesibo_int_t len, const char *key, char **next);
/* Microseconds, monotonic. */
mesibo_int_t mesibo_util_usec(void);
#endif

/*
 * Call this first in init: it refuses a loader that this module was not compiled for. It checks the version before `m`,
 * because another ABI passes `m` elsewhere. In the table ABI pass (m)->version. Nothing is logged there, because a struct
 * that does not fit has no log that can be trusted.
 */
#if MESIBO_HAS_EXPORTS
#define MESIBO_MODULE_REFUSE_(m, what) \
	do { \
		mesibo_log((m), 0, "module %s mismatch\n", (what)); \
		return MESIBO_RESULT_FAIL; \
	} while (0)
#else
#define MESIBO_MODULE_REFUSE_(m, what) return MESIBO_RESULT_FAIL
#endif
#define MESIBO_MODULE_SANITY_CHECK(m, version_, len) \
	do { \
		if ((version_) != MESIBO_MODULE_VERSION) MESIBO_MODULE_REFUSE_(m, "version"); \
		if ((size_t)(len) != sizeof(mesibo_module_t)) MESIBO_MODULE_REFUSE_(m, "size"); \
		if ((m)->signature != MESIBO_MODULE_SIGNATURE) MESIBO_MODULE_REFUSE_(m, "signature"); \
	} while (0)

#ifdef __cplusplus
}
#endif

#ifdef __LP64__
#include "module-layout.h"
#endif
#ifdef __ELF__
#include "module-note.h"
#endif

#endif
