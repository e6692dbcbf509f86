/* http as the ABIs `table` and exports-2019 have it: a data callback, and options that may be NULL. After abi.h. */

static int call_data(void *function, void *cbdata, int64_t progress, const char *bytes, int64_t size)
{
    mesibo_module_http_data_callback_t callback;
    memcpy(&callback, &function, sizeof callback);
    return callback(cbdata, MODULE_HTTP_STATE_RESPBODY, progress, bytes, size);
}

#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
/* A module that was built with the header of October 2019 has something else there, or nothing at all. */
static int wants_to_wait(const module_http_option_t *options)
{
    mesibo_uint_t value = 0;
    const struct iovec here = {&value, sizeof value}, there = {(void *)&options->synchronous, sizeof value};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == sizeof value && value == 1;
}
#endif

static int64_t ask_with_options(struct module *module, const char *url, const char *post,
                                mesibo_module_http_data_callback_t callback, void *cbdata, const module_http_option_t *options)
{
    static const struct http_calls calls = {.on_data = call_data};
    static const module_http_option_t defaults;
    const module_http_option_t *o = options != NULL ? options : &defaults;
    struct http_ask ask = {
        .texts = {url, post, o->proxy, o->content_type, o->extra_header, o->user_agent, o->referrer, o->origin, o->cookie,
                  o->encoding, o->cache_control, o->accept, o->etag},
        .numbers = {o->ims, o->maxredirects, o->conn_timeout, o->header_timeout, o->body_timeout, o->total_timeout,
                    o->retries},
        .cbdata = cbdata,
        .calls = &calls,
#if MESIBO_MODULE_ABI == MESIBO_ABI_EXPORTS_2019
        .synchronous = wants_to_wait(o),
#endif
    };
    memcpy(&ask.on_data, &callback, sizeof callback);
    return ask_http(module, &ask);
}
