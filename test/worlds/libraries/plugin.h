/* What a plugin exports. */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <stddef.h>

void describe_plugin(char *text, size_t size);

#endif
