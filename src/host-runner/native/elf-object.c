#include "elf-object.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

/* The dynamic linker adds the base where it can write. The kernel's own object keeps its linked addresses. */
static uintptr_t locate(const struct mm_object *object, uintptr_t value)
{
    return value < object->base ? value + object->base : value;
}

static const uint32_t *gnu_chains(const uint32_t *gnu)
{
    const uint32_t buckets = gnu[0], words = gnu[2];
    return (const uint32_t *)((const ElfW(Addr) *)(gnu + 4) + words) + buckets;
}

/* DT_GNU_HASH does not say how many symbols there are: the last one ends the chain of the last bucket. */
static uint32_t count_symbols(const uint32_t *gnu)
{
    const uint32_t buckets = gnu[0], first = gnu[1];
    const uint32_t *chains = gnu_chains(gnu), *bucket = chains - buckets;
    uint32_t last = 0;
    for (uint32_t i = 0; i < buckets; i++)
        last = bucket[i] > last ? bucket[i] : last;
    if (last < first)
        return first;
    while (!(chains[last - first] & 1))
        last++;
    return last + 1;
}

static void read_entry(struct mm_object *object, const ElfW(Dyn) *entry)
{
    const uintptr_t value = entry->d_un.d_val, at = locate(object, value);
    switch (entry->d_tag) {
    case DT_SYMTAB: object->symbols = (ElfW(Sym) *)at; break;
    case DT_STRTAB: object->strings = (const char *)at; break;
    case DT_STRSZ: object->strings_size = value; break;
    case DT_GNU_HASH: object->gnu_hash = (const uint32_t *)at; break;
    case DT_HASH: object->symbol_count = ((const uint32_t *)at)[1]; break;
    case DT_RELA: object->relocations = (const ElfW(Rela) *)at; break;
    case DT_RELASZ: object->relocation_count = value / sizeof(ElfW(Rela)); break;
    case DT_JMPREL: object->lazy = (const ElfW(Rela) *)at; break;
    case DT_PLTRELSZ: object->lazy_count = value / sizeof(ElfW(Rela)); break;
    case DT_BIND_NOW: object->binds_now = 1; break;
    case DT_SYMBOLIC: object->is_symbolic = 1; break;
    case DT_VERDEF: object->has_versions = 1; break;
    case DT_FLAGS:
        object->binds_now |= (value & DF_BIND_NOW) != 0;
        object->is_symbolic |= (value & DF_SYMBOLIC) != 0;
        break;
    case DT_FLAGS_1: object->binds_now |= (value & DF_1_NOW) != 0; break;
    }
}

int mm_read_object(struct mm_object *object, const struct dl_phdr_info *info)
{
    *object = (struct mm_object){.base = info->dlpi_addr, .path = info->dlpi_name};
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uintptr_t at = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_DYNAMIC)
            object->dynamic = (const ElfW(Dyn) *)at;
        if (segment->p_type == PT_GNU_RELRO) {
            object->relro = at;
            object->relro_end = at + segment->p_memsz;
        }
    }
    if (object->dynamic == NULL)
        return 0;
    for (const ElfW(Dyn) *entry = object->dynamic; entry->d_tag != DT_NULL; entry++)
        read_entry(object, entry);
    if (object->symbols == NULL || object->strings == NULL)
        return 0;
    if (object->gnu_hash != NULL)
        object->symbol_count = count_symbols(object->gnu_hash);
    return 1;
}

static int add_object(struct dl_phdr_info *info, size_t size, void *data)
{
    struct mm_objects *objects = data;
    (void)size;
    struct mm_object *list = realloc(objects->list, (objects->count + 1) * sizeof *list);
    if (list == NULL)
        return -1;
    objects->list = list;
    objects->count += (size_t)mm_read_object(&list[objects->count], info);
    return 0;
}

int mm_list_objects(struct mm_objects *objects)
{
    *objects = (struct mm_objects){0};
    if (dl_iterate_phdr(add_object, objects) == 0)
        return 0;
    mm_free_objects(objects);
    return -1;
}

void mm_free_objects(struct mm_objects *objects)
{
    free(objects->list);
    *objects = (struct mm_objects){0};
}

const struct mm_object *mm_object_of(const struct mm_objects *objects, const void *address)
{
    Dl_info info;
    struct link_map *map = NULL;
    if (dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL)
        return NULL;
    for (size_t i = 0; i < objects->count; i++)
        if (objects->list[i].dynamic == map->l_ld)
            return &objects->list[i];
    return NULL;
}

/* ---- symbols ---- */

const char *mm_symbol_name(const struct mm_object *object, uint32_t index)
{
    return object->strings + object->symbols[index].st_name;
}

uint32_t mm_gnu_hash(const char *name)
{
    uint32_t hash = 5381;
    for (; *name != '\0'; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

struct mm_bloom mm_bloom_of(const struct mm_object *object)
{
    const uint32_t *gnu = object->gnu_hash;
    return (struct mm_bloom){.words = (ElfW(Addr) *)(gnu + 4), .count = gnu[2], .shift = gnu[3]};
}

enum { WORD_BITS = 8 * sizeof(ElfW(Addr)) };

ElfW(Addr) mm_bloom_bits(const struct mm_bloom *bloom, uint32_t hash)
{
    return (ElfW(Addr))1 << hash % WORD_BITS | (ElfW(Addr))1 << (hash >> bloom->shift) % WORD_BITS;
}

uint32_t mm_bloom_word(const struct mm_bloom *bloom, uint32_t hash) { return hash / WORD_BITS & (bloom->count - 1); }

uint32_t mm_first_hashed(const struct mm_object *object) { return object->gnu_hash[1]; }

uint32_t mm_hash_of(const struct mm_object *object, uint32_t index)
{
    return gnu_chains(object->gnu_hash)[index - object->gnu_hash[1]] & ~1u;
}

uint32_t mm_find_symbol(const struct mm_object *object, const char *name, uint32_t hash, uint32_t after)
{
    const struct mm_bloom bloom = mm_bloom_of(object);
    const ElfW(Addr) bits = mm_bloom_bits(&bloom, hash);
    if ((bloom.words[mm_bloom_word(&bloom, hash)] & bits) != bits)
        return 0;
    const uint32_t *gnu = object->gnu_hash, *chains = gnu_chains(gnu), *bucket = chains - gnu[0];
    const uint32_t first = gnu[1];
    uint32_t index = bucket[hash % gnu[0]];
    if (index < first)
        return 0;
    for (;; index++) {
        const uint32_t chain = chains[index - first];
        if (index > after && (chain | 1) == (hash | 1) && strcmp(mm_symbol_name(object, index), name) == 0)
            return index;
        if (chain & 1)
            return 0;
    }
}

/* ---- who needs whom ---- */

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

const char *mm_object_name(const struct mm_object *object)
{
    for (const ElfW(Dyn) *entry = object->dynamic; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_SONAME)
            return object->strings + entry->d_un.d_val;
    return file_name(object->path);
}

int mm_is_needed(const struct mm_object *object, const struct mm_object *by)
{
    const char *name = mm_object_name(object);
    for (const ElfW(Dyn) *entry = by->dynamic; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_NEEDED && strcmp(file_name(by->strings + entry->d_un.d_val), name) == 0)
            return 1;
    return 0;
}
