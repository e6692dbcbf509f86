/* A module in C++ that shows what its runtime library does. It is built with each compiler and each kind of runtime. */
#include "runtime.h"

WORLD({"init", show_constructor}, {"iostream", show_iostream}, {"numbers", show_numbers},
      {"exceptions", show_exceptions}, {"stored", show_stored_exceptions}, {"across", show_across_libraries}, {"threads", show_threads},
      {"thread-local", show_thread_local}, {"locale", show_locale}, {"regex", show_regex}, {"memory", show_memory},
      {"random", show_random}, {"filesystem", show_filesystem})
