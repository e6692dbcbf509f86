/* Addresses that modules put into the parameters of a message or a status: where they are, for the server. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bridge.h"

#include <stdlib.h>
#include <string.h>

/* A copy, in the place of the one that is KEPT addresses old. A fork at any point here leaves only whole addresses in the child. */
static int keep(struct addresses *addresses, const char **address, const char *given)
{
    char *copy = *address != given && *address != NULL ? strdup(*address) : NULL;
    if (copy == NULL)
        return *address == given || *address == NULL;
    pthread_mutex_lock(&addresses->lock);
    char **place = &addresses->kept[addresses->next++ % KEPT], *const oldest = *place;
    *place = copy;
    pthread_mutex_unlock(&addresses->lock);
    free(oldest);
    *address = copy;
    return 1;
}

int keep_addresses(struct bridge *bridge, struct mmc_params *params, const struct mmc_params *given)
{
    return keep(&bridge->addresses, &params->to, given->to) & keep(&bridge->addresses, &params->from, given->from);
}
