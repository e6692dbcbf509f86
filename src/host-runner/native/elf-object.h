/* Reads the dynamic section of an object that is loaded into this process: its symbols and its relocations. */
#ifndef MESIBO_ELF_OBJECT_H
#define MESIBO_ELF_OBJECT_H

#include <features.h>
#ifndef __GLIBC__
#error "module hosts need glibc: of other C libraries (musl) it is not known how they look names up"
#endif

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
enum {
    MM_RELOC_COPY = R_X86_64_COPY,
    MM_RELOC_JUMP_SLOT = R_X86_64_JUMP_SLOT,
    MM_RELOC_GLOB_DAT = R_X86_64_GLOB_DAT,
    MM_RELOC_ADDRESS = R_X86_64_64
};
#elif defined(__aarch64__)
enum {
    MM_RELOC_COPY = R_AARCH64_COPY,
    MM_RELOC_JUMP_SLOT = R_AARCH64_JUMP_SLOT,
    MM_RELOC_GLOB_DAT = R_AARCH64_GLOB_DAT,
    MM_RELOC_ADDRESS = R_AARCH64_ABS64
};
#else
#error "the loader knows the relocations of x86-64 and arm64 only"
#endif

struct mm_object {
    uintptr_t base;
    const char *path; /* as the dynamic linker knows it; "" for the executable */
    const ElfW(Dyn) *dynamic;
    ElfW(Sym) *symbols;
    const char *strings;
    size_t strings_size;
    const uint32_t *gnu_hash; /* NULL: it has only the older table */
    uint32_t symbol_count;
    const ElfW(Rela) *relocations, *lazy; /* `lazy`: DT_JMPREL */
    size_t relocation_count, lazy_count;
    uintptr_t relro, relro_end; /* read-only since it was relocated */
    int binds_now;              /* nothing of it is bound later */
    int is_symbolic;            /* its references find its own symbols first */
    int has_versions;           /* it gives its own symbols versions */
};

/* All objects of this process, in the order in which they were loaded. */
struct mm_objects {
    struct mm_object *list;
    size_t count;
};

/* What the bloom filter of DT_GNU_HASH holds for a name: two bits of one word. */
struct mm_bloom {
    ElfW(Addr) *words;
    uint32_t count, shift;
};

/* Reads one that dl_iterate_phdr() has found. 0: it has no symbols. */
int mm_read_object(struct mm_object *object, const struct dl_phdr_info *info);
/* Lists what is loaded; to be freed with mm_free_objects(). -1: no memory. */
int mm_list_objects(struct mm_objects *objects);
void mm_free_objects(struct mm_objects *objects);
/* The object that defines what is at `address`; NULL: none. */
const struct mm_object *mm_object_of(const struct mm_objects *objects, const void *address);

const char *mm_symbol_name(const struct mm_object *object, uint32_t index);
uint32_t mm_gnu_hash(const char *name);
struct mm_bloom mm_bloom_of(const struct mm_object *object);
/* The two bits of its word that are set for a name of this hash. */
ElfW(Addr) mm_bloom_bits(const struct mm_bloom *bloom, uint32_t hash);
/* The word in which they are. */
uint32_t mm_bloom_word(const struct mm_bloom *bloom, uint32_t hash);
/* The first symbol of this name behind `after` (0: the first of all) in an object with DT_GNU_HASH; 0: there is none. */
uint32_t mm_find_symbol(const struct mm_object *object, const char *name, uint32_t hash, uint32_t after);
/* The first symbol that DT_GNU_HASH knows, and its part of each symbol's hash: all but the lowest bit. */
uint32_t mm_first_hashed(const struct mm_object *object);
uint32_t mm_hash_of(const struct mm_object *object, uint32_t index);

/* The name by which others need it: its DT_SONAME, or the name of its file. */
const char *mm_object_name(const struct mm_object *object);
/* Whether `object` is one of those that `by` names as needed. */
int mm_is_needed(const struct mm_object *object, const struct mm_object *by);

#endif
