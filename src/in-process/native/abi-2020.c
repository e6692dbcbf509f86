/* The ABI exports-2020, and the functions that only it has. */
#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020
#include "abi.h"

#include <time.h>

static int call_data(void *function, void *cbdata, int64_t progress, const char *bytes, int64_t size)
{
    mesibo_http_ondata_t callback;
    memcpy(&callback, &function, sizeof callback);
    return (int)callback(cbdata, MODULE_HTTP_STATE_RESPBODY, progress, bytes, size);
}

static void call_status(void *function, void *cbdata, int64_t status, const char *type)
{
    mesibo_http_onstatus_t callback;
    memcpy(&callback, &function, sizeof callback);
    callback(cbdata, status, type);
}

static void call_close(void *function, void *cbdata, int64_t result)
{
    mesibo_http_onclose_t callback;
    memcpy(&callback, &function, sizeof callback);
    callback(cbdata, result);
}

EXPORT mesibo_int_t mesibo_util_http(mesibo_http_t *request, void *cbdata)
{
    static const struct http_calls calls = {call_data, call_status, call_close};
    struct module *module = find_caller(NULL, __builtin_return_address(0));
    if (request == NULL) {
        tell_complaint(module, "mesibo_util_http refused: the request is NULL");
        return MESIBO_RESULT_FAIL;
    }
    const mesibo_http_t *r = request;
    struct http_ask ask = {
        .texts = {r->url, r->post, NULL, r->content_type, r->extra_header, r->user_agent, r->referrer, r->origin, r->cookie,
                  r->encoding, r->cache_control, r->accept, r->etag},
        .numbers = {r->ims, 0, r->conn_timeout, r->header_timeout, r->body_timeout, r->total_timeout},
        .cbdata = cbdata,
        .calls = &calls,
    };
    memcpy(&ask.on_data, &r->on_data, sizeof ask.on_data);
    memcpy(&ask.on_status, &r->on_status, sizeof ask.on_status);
    memcpy(&ask.on_close, &r->on_close, sizeof ask.on_close);
    return ask_http(module, &ask);
}

EXPORT mesibo_int_t mesibo_vlog(mesibo_module_t *instance, mesibo_uint_t level, const char *format, va_list arguments)
{
    if (format == NULL)
        return MESIBO_RESULT_FAIL;
    log_line(find_caller(instance, __builtin_return_address(0)), level, format, arguments);
    return MESIBO_RESULT_OK;
}

EXPORT mesibo_int_t mesibo_util_usec(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- services that this version does not have ---- */

static mesibo_int_t refuse(const char *function, const void *return_address)
{
    tell_complaint(find_caller(NULL, return_address), "%s is not offered by this version: it returned failure", function);
    return MESIBO_RESULT_FAIL;
}

EXPORT mesibo_int_t mesibo_util_fcgi(mesibo_fcgi_t *request, const char *host, mesibo_int_t port, mesibo_int_t keepalive,
                                     mesibo_fcgi_ondata_t callback, void *cbdata)
{
    (void)request, (void)host, (void)port, (void)keepalive, (void)callback, (void)cbdata;
    return refuse(__func__, __builtin_return_address(0));
}

EXPORT mesibo_int_t mesibo_util_socket_connect(mesibo_socket_t *socket, void *cbdata)
{
    (void)socket, (void)cbdata;
    return refuse(__func__, __builtin_return_address(0));
}

EXPORT mesibo_int_t mesibo_util_socket_write(mesibo_int_t socket, const char *data, mesibo_int_t length)
{
    (void)socket, (void)data, (void)length;
    return refuse(__func__, __builtin_return_address(0));
}

EXPORT void mesibo_util_socket_close(mesibo_int_t socket)
{
    (void)socket;
    refuse(__func__, __builtin_return_address(0));
}

const struct abi abi_2020 = {"exports-2020", 4, start, wants, call, cleanup, describe, read_params};
