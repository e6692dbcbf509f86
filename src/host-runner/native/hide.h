/*
 * Hides what only Node needs among the symbols that its executable exports, so that a module's libraries find their own.
 *
 * A symbol can be found by name when the bloom filter of DT_GNU_HASH has its two bits. The filter is rewritten with only the
 * bits of the symbols that stay. A hidden symbol that this filter still lets pass is made local, so lookups skip it. Both
 * changes are in this process's memory only.
 */
#ifndef MESIBO_HIDE_H
#define MESIBO_HIDE_H

#include "elf-object.h"

/* Why a symbol stays; MM_HIDDEN: it does not. */
enum mm_kept {
    MM_HIDDEN = 0,
    MM_KEPT_COPY = 1,    /* the executable's copy of a library's variable */
    MM_KEPT_LIBRARY = 2, /* a library that the exporter needs defines it too, and has bound to the exporter's */
    MM_KEPT_ADDON = 3,   /* Node-API, for addons that are loaded later */
    MM_KEPT_LAZY = 4,    /* somebody looks it up later in another way than by a jump slot */
    MM_KEPT_KINDS
};

struct mm_hiding {
    const struct mm_objects *objects;
    const struct mm_object *exporter;
    uint8_t *kept; /* an enum mm_kept for each of its symbols */
};

enum { MM_SHARED_BYTES = 512 };

/* What was done. */
struct mm_hidden {
    uint32_t defined; /* all that DT_GNU_HASH knows */
    uint32_t kept[MM_KEPT_KINDS]; /* by enum mm_kept; the first is what is hidden */
    uint32_t made_local;          /* of the hidden: what the filter alone does not hide */
    uint32_t bound;               /* jump slots that were written */
    char shared[MM_SHARED_BYTES]; /* libraries that the exporter needs beside the runtime of C and C++ */
};

/* Hides the symbols of the object that defines what is at `address`; NULL, or the reason for which nothing is hidden. */
const char *mm_hide_symbols(const void *address, struct mm_hidden *hidden);

/* Whether an exporter's entry is one that a lookup may end at. */
int mm_is_found(const ElfW(Sym) *symbol);

/* ---- bind.c ---- */

/* Keeps what lazy relocations that are not jump slots will look up. */
void mm_keep_lazy(struct mm_hiding *hiding);
/* Writes the jump slots that would be bound to a hidden symbol at their first call; returns how many. */
uint32_t mm_bind_slots(const struct mm_hiding *hiding);

#endif
