/* Refers to a function that nobody has. It loads where functions are bound at their first call, and that call never comes. */
#include "../world.h"

void nobody_has_this_function(void);

static void show_missing(void) { nobody_has_this_function(); }
static void show_loaded(void) { say("loaded"); }

WORLD({"missing", show_missing}, {"loaded", show_loaded})
