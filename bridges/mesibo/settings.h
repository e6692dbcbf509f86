/* The settings of an operator: in the block of the module, or in a file if the server has no blocks for modules. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#define SETTINGS_FILE "/etc/mesibo/bridge.conf"
#define SETTINGS_VARIABLE "MESIBO_BRIDGE_CONFIG" /* names another file */

struct settings {
    char socket[108]; /* of the gateway of the core */
    char server[65];  /* the name of this server there */
    uint32_t deadline_ms;
    int all_callbacks;    /* register all of them, whatever the chain has */
    int send_from_thread; /* the server allows sends from a thread of ours */
    int resend;           /* messages are consumed at once, and sent after their verdict */
};

enum { PROBLEM_MAX = 512 };

void settings_defaults(struct settings *settings);
/* Each returns 0; or -1, with the mistake and the remedy in `problem`, which has PROBLEM_MAX bytes. */
int settings_set(struct settings *settings, const char *name, const char *value, char *problem);
/* Reads the file that SETTINGS_VARIABLE names; it must exist. Without that variable reads SETTINGS_FILE, which need not exist. */
int settings_read_file(struct settings *settings, char *problem);
/* Whether they fit together. */
int settings_check(const struct settings *settings, char *problem);

#endif
