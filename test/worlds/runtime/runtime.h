/* The facilities of the C++ runtime, one file each; runtime.cc lists them. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include "../world.h"

void show_constructor();
void show_iostream();
void show_numbers();
void show_exceptions();
void show_stored_exceptions();
void show_across_libraries();
void show_threads();
void show_thread_local();
void show_locale();
void show_regex();
void show_memory();
void show_random();
void show_filesystem();

#endif
