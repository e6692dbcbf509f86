/* A mesibo server, as far as a module sees it, of either ABI. It loads the bridge that is under test. */
#ifndef SERVER_H
#define SERVER_H

#include <mesibo-modules.h>
#include <stdarg.h>
#include <stddef.h>

/* What differs between the ABIs of servers. */
struct server_abi {
    const char *name;
    int has_block; /* it gives modules their settings; else they are in a file */
    /* Loads the bridge with these settings: names and values in turn, then NULL. NULL alone: no settings. Returns the result of init. */
    int (*load)(const char *const *settings);
    unsigned (*callbacks)(void);
    /* Calls the module, whether or not it has registered the callback. `params` get its changes. */
    int (*message)(struct mmc_params *params, char *message, size_t length);
    int (*status)(struct mmc_params *params);
    int (*login)(const char *address, uint64_t online, uint64_t flags);
    int (*call)(void);
    int (*call_status)(void);
    /* Cleanup, and dlclose(). */
    void (*unload)(void);
};
extern const struct server_abi server_2020, server_table;
/* The one of this test. */
extern const struct server_abi *server;

/* Where the bridge of an ABI is. */
extern const char *bridges_folder;
void *open_bridge(const char *abi, const char *symbol, void **handle);

/* What the module asks of the server; tests set it. 0: accepted. */
extern int (*on_send)(const struct mmc_params *params, const char *payload, size_t length);
int server_sends(const struct mmc_params *params, const char *payload, size_t length);
void server_logs(const char *format, va_list arguments);
/* All that was logged; valid until the next call of this thread. */
const char *logged(void);
/* Waits until it was. */
void await_log(const char *part);

#endif
