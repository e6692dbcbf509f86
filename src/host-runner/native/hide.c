#include "hide.h"
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int mm_is_found(const ElfW(Sym) *symbol)
{
    /* It has an address and no section: pointers to a library's function lead there. */
    return ELF64_ST_BIND(symbol->st_info) != STB_LOCAL && (symbol->st_shndx != SHN_UNDEF || symbol->st_value != 0);
}

/* Zeroed memory outside of the heap, where it would stay as long as the host. */
static void *borrow(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

static void give_back(void *memory, size_t size)
{
    if (memory != NULL)
        munmap(memory, size);
}

/* ---- what stays ---- */

static void keep_copies(struct mm_hiding *hiding)
{
    const struct mm_object *exporter = hiding->exporter;
    for (size_t i = 0; i < exporter->relocation_count; i++)
        if (ELF64_R_TYPE(exporter->relocations[i].r_info) == MM_RELOC_COPY)
            hiding->kept[ELF64_R_SYM(exporter->relocations[i].r_info)] = MM_KEPT_COPY;
}

static void keep_name(struct mm_hiding *hiding, const char *name, enum mm_kept why)
{
    const uint32_t hash = mm_gnu_hash(name);
    uint32_t index = 0;
    while ((index = mm_find_symbol(hiding->exporter, name, hash, index)) != 0)
        if (hiding->kept[index] == MM_HIDDEN)
            hiding->kept[index] = (uint8_t)why;
}

static void keep_names_of(struct mm_hiding *hiding, const struct mm_object *library)
{
    for (uint32_t i = 1; i < library->symbol_count; i++)
        if (library->symbols[i].st_shndx != SHN_UNDEF && mm_is_found(&library->symbols[i]))
            keep_name(hiding, mm_symbol_name(library, i), MM_KEPT_LIBRARY);
}

static int is_runtime(const char *name)
{
    static const char *const runtime[] = {"ld-linux",   "libc.so",  "libm.so",      "libdl.so",    "libpthread.so",
                                          "librt.so",   "libgcc_s", "libstdc++.so", "libatomic.so"};
    for (size_t i = 0; i < sizeof runtime / sizeof runtime[0]; i++)
        if (strncmp(name, runtime[i], strlen(runtime[i])) == 0)
            return 1;
    return 0;
}

/* A module finds these before its own libraries. If Node is built so, they cannot be hidden, because modules may need them too.
 */
static void note_shared(struct mm_hidden *hidden, const char *name)
{
    const size_t used = strlen(hidden->shared);
    if (!is_runtime(name))
        snprintf(hidden->shared + used, sizeof hidden->shared - used, "%s%s", used > 0 ? ", " : "", name);
}

/* What `by` needs, and what these need; `seen` holds what has been done. */
static void keep_libraries(struct mm_hiding *hiding, const struct mm_object *by, uint8_t *seen, struct mm_hidden *hidden)
{
    for (size_t i = 0; i < hiding->objects->count; i++) {
        const struct mm_object *library = &hiding->objects->list[i];
        if (seen[i] || library == hiding->exporter || !mm_is_needed(library, by))
            continue;
        seen[i] = 1;
        keep_names_of(hiding, library);
        note_shared(hidden, mm_object_name(library));
        keep_libraries(hiding, library, seen, hidden);
    }
}

/* Looks for the names where they are all together. Going through the symbols would touch the whole table. */
static void keep_node_api(struct mm_hiding *hiding)
{
    static const char part[] = "api_";
    const struct mm_object *exporter = hiding->exporter;
    const char *at = exporter->strings, *end = at + exporter->strings_size;
    for (; (at = memmem(at, (size_t)(end - at), part, strlen(part))) != NULL; at += strlen(part)) {
        const char *name = at;
        while (name > exporter->strings && name[-1] != '\0')
            name--;
        if (strncmp(name, "napi_", 5) == 0 || strncmp(name, "node_api_", 9) == 0)
            keep_name(hiding, name, MM_KEPT_ADDON);
    }
}

/* ---- hiding the rest ---- */

struct wanted {
    uintptr_t at;
    int protection;
};

static int find_segment(struct dl_phdr_info *info, size_t size, void *data)
{
    struct wanted *wanted = data;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || wanted->at - (info->dlpi_addr + segment->p_vaddr) >= segment->p_memsz)
            continue;
        wanted->protection = (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
                             (segment->p_flags & PF_X ? PROT_EXEC : 0);
        return 1;
    }
    return 0;
}

/* Adds `more` to the protection that the pages of [at, at + size) were loaded with. */
static int protect(const void *at, size_t size, int more)
{
    struct wanted segment = {.at = (uintptr_t)at};
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)at & ~(page - 1);
    if (dl_iterate_phdr(find_segment, &segment) == 0)
        return -1;
    return mprotect((void *)start, (uintptr_t)at + size - start, segment.protection | more);
}

/* The filter that knows what stays, and nothing else. */
static ElfW(Addr) *make_filter(const struct mm_hiding *hiding, const struct mm_bloom *bloom)
{
    ElfW(Addr) *words = borrow(bloom->count * sizeof *words);
    for (uint32_t i = mm_first_hashed(hiding->exporter); words != NULL && i < hiding->exporter->symbol_count; i++) {
        const uint32_t hash = hiding->kept[i] != MM_HIDDEN ? mm_gnu_hash(mm_symbol_name(hiding->exporter, i)) : 0;
        if (hiding->kept[i] != MM_HIDDEN)
            words[mm_bloom_word(bloom, hash)] |= mm_bloom_bits(bloom, hash);
    }
    return words;
}

static int passes(const struct mm_bloom *bloom, uint32_t hash)
{
    const ElfW(Addr) bits = mm_bloom_bits(bloom, hash);
    return (bloom->words[mm_bloom_word(bloom, hash)] & bits) == bits;
}

static int make_local(ElfW(Sym) *symbol)
{
    if (protect(symbol, sizeof *symbol, PROT_WRITE) != 0)
        return -1;
    symbol->st_info = ELF64_ST_INFO(STB_LOCAL, ELF64_ST_TYPE(symbol->st_info));
    protect(symbol, sizeof *symbol, 0);
    return 0;
}

/* Makes symbols local that the new filter lets pass although they are to be hidden; -1: the memory cannot be written. */
static int hide_the_passing(const struct mm_hiding *hiding, const struct mm_bloom *filter, struct mm_hidden *hidden)
{
    const struct mm_object *exporter = hiding->exporter;
    for (uint32_t i = mm_first_hashed(exporter); i < exporter->symbol_count; i++) {
        hidden->defined++;
        hidden->kept[hiding->kept[i]]++;
        /* The table leaves out the lowest bit; names are read only where that may matter. */
        const uint32_t hash = mm_hash_of(exporter, i);
        if (hiding->kept[i] != MM_HIDDEN || (!passes(filter, hash) && !passes(filter, hash | 1)) ||
            !passes(filter, mm_gnu_hash(mm_symbol_name(exporter, i))))
            continue;
        if (make_local(&exporter->symbols[i]) != 0)
            return -1;
        hidden->made_local++;
    }
    return 0;
}

/* Word by word, because other threads look up names meanwhile and must always find those that stay. */
static int write_filter(const struct mm_bloom *bloom, const ElfW(Addr) *words)
{
    const size_t size = bloom->count * sizeof *words;
    if (protect(bloom->words, size, PROT_WRITE) != 0)
        return -1;
    for (uint32_t i = 0; i < bloom->count; i++)
        __atomic_store_n(&bloom->words[i], words[i], __ATOMIC_RELAXED);
    protect(bloom->words, size, 0);
    return 0;
}

static const char *hide_rest(const struct mm_hiding *hiding, struct mm_hidden *hidden)
{
    static char why[128];
    const struct mm_bloom bloom = mm_bloom_of(hiding->exporter);
    ElfW(Addr) *words = make_filter(hiding, &bloom);
    if (words == NULL)
        return "there is no memory for it";
    const struct mm_bloom filter = {.words = words, .count = bloom.count, .shift = bloom.shift};
    hidden->bound = mm_bind_slots(hiding);
    const int failed = hide_the_passing(hiding, &filter, hidden) != 0 || write_filter(&bloom, words) != 0;
    if (failed)
        snprintf(why, sizeof why, "the memory of Node's symbols cannot be made writable: %s", strerror(errno));
    give_back(words, bloom.count * sizeof *words);
    return failed ? why : NULL;
}

/* ---- all of it ---- */

static const char *hide_exporter(struct mm_hiding *hiding, struct mm_hidden *hidden)
{
    const struct mm_object *exporter = hiding->exporter;
    if (exporter == NULL)
        return "nothing that is loaded exports Node's symbols";
    if (exporter->gnu_hash == NULL)
        return "Node's symbols are in a table of another kind than DT_GNU_HASH";
    if (exporter->has_versions)
        return "Node's symbols have versions";
    uint8_t *seen = calloc(hiding->objects->count, 1);
    hiding->kept = borrow(exporter->symbol_count);
    const char *problem = "there is no memory for it";
    if (seen != NULL && hiding->kept != NULL) {
        keep_libraries(hiding, exporter, seen, hidden);
        keep_copies(hiding);
        keep_node_api(hiding);
        mm_keep_lazy(hiding);
        problem = hide_rest(hiding, hidden);
    }
    give_back(hiding->kept, exporter->symbol_count);
    free(seen);
    return problem;
}

const char *mm_hide_symbols(const void *address, struct mm_hidden *hidden)
{
    struct mm_objects objects;
    *hidden = (struct mm_hidden){0};
    if (mm_list_objects(&objects) != 0)
        return "there is no memory for it";
    struct mm_hiding hiding = {.objects = &objects, .exporter = mm_object_of(&objects, address)};
    const char *problem = hide_exporter(&hiding, hidden);
    mm_free_objects(&objects);
    return problem;
}

/*
 * Hides Node's symbols, once all addons are loaded and before the module is. `counts` has room for the numbers of a struct
 * mm_hidden, `shared` for its text. NULL, or the reason for which nothing is hidden.
 */
MM_EXPORT const char *mm_hide_node(uint32_t *counts, char *shared)
{
    struct mm_hidden hidden;
    const char *problem = mm_hide_symbols(dlsym(RTLD_DEFAULT, "napi_create_function"), &hidden);
    memcpy(counts, &hidden, offsetof(struct mm_hidden, shared));
    memcpy(shared, hidden.shared, sizeof hidden.shared);
    return problem;
}
