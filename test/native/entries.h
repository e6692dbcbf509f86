/* Entries as the core reads them, by proto/module.proto alone: this shares no code with the shim. */
#ifndef ENTRIES_H
#define ENTRIES_H

#include "harness.h"

enum entry_kind { VOID_RECORD = 0, RESULT = 1, SENT = 2, LOG = 3 };

/* What a record says; the bytes stand in it. Texts have no NUL behind them; NULL: absent. */
struct entry {
    enum entry_kind kind;
    uint64_t during; /* of results: their call */
    int32_t value;
    uint32_t micros, changed, level;
    uint64_t scalars[MM_SCALARS];
    const char *to, *from, *payload;
    uint32_t to_length, from_length, payload_length;
    const char *origin; /* of the call; only in what was sent */
    uint32_t origin_length;
};

/* Reads a record, which must be exact: no longer than it needs to be, and zeros behind its Entry. */
struct entry read_entry(const struct mm_record *record);
/* The next record taken, or NULL behind the last; until the next call. */
const struct entry *next_entry(void);

#endif
