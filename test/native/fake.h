/* A module that does what a test says, once in each ABI's layout. It sees the loader through module.h, as any does. */
#ifndef FAKE_H
#define FAKE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_LAYOUT_FIELDS = 36, FAKE_LAYOUT_BYTES = FAKE_LAYOUT_FIELDS * 4, FAKE_SCALARS = 11 };
enum { FAKE_MESSAGE = 1, FAKE_STATUS = 2, FAKE_LOGIN = 4, FAKE_CALL = 8, FAKE_CALL_STATUS = 16, FAKE_CLEANUP = 32 };
enum { FAKE_CONFIG = 64 }; /* no event, and no bit of mm_callbacks */

/* One call of a callback, the same for both layouts. Pointers lead to the structures themselves. */
struct fake_event {
    uint32_t callback; /* FAKE_MESSAGE... */
    void *module, *params;
    uint64_t *scalars[FAKE_SCALARS]; /* NULL: this ABI has no such field */
    uint64_t *to_online;             /* the same */
    char **to, **from;
    uint64_t *to_alias, *from_alias; /* reserved_1 and reserved_2 of exports-2020 */
    char *message;
    uint64_t length;
    uint64_t status; /* the third argument of on_message_status */
    uint64_t flags, online;
    char *address;
    uint64_t type; /* of on_config, with its value */
    void *value;
};

/* What init was called with and found. */
struct fake_init {
    int calls;
    int64_t version, length; /* version: 0 where it is no argument */
    void *module;
    uint64_t field_version, signature;
    const char *name;
    void *config;
    void *send_message, *http, *log;
};

struct fake_abi {
    const char *name;
    const int32_t *layout; /* a struct mm_abi, from the offsets of module.h */
    uint32_t module_size;
    uint32_t callbacks; /* those that the ABI has */
    void *init;
    void (*set_description)(const char *text);
    void (*set_callbacks)(void *module, uint32_t callbacks);
    /* Sends `length` bytes; NULL where the module has it so. */
    int64_t (*send)(uint64_t groupid, const char *to, const char *from, const char *message, uint64_t length);
    int64_t (*send_without_params)(void);
};
extern const struct fake_abi fake_table, fake_2019, fake_2020;

extern uint32_t fake_callbacks;     /* which callbacks init sets */
extern int64_t fake_init_returns;   /* what init returns */
extern struct fake_init fake_init;  /* what it saw */
extern int64_t (*fake_on_event)(struct fake_event *event); /* NULL: everything passes */

int64_t fake_dispatch(struct fake_event *event);

#endif
