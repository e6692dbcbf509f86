/*
 * Alternate stacks for the threads of a module. They are started by pthread_create(), which the module, the libraries that came
 * with it, and the library of C++ call through entries of their own tables. Those entries are made to lead here.
 */
#include "crash.h"
#include "elf-object.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char function[] = "pthread_create";

/* ---- what the entries lead to ---- */

struct thread_start {
    void *(*run)(void *);
    void *data;
};

static void *run_thread(void *given)
{
    const struct thread_start start = *(struct thread_start *)given;
    free(given);
    mm_give_alt_stack(0);
    return start.run(start.data);
}

static int create_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *data)
{
    struct thread_start *start = malloc(sizeof *start);
    /* What the module has opened itself meanwhile may start threads too. */
    mm_cover_threads();
    if (start == NULL)
        return pthread_create(thread, attributes, run, data);
    *start = (struct thread_start){run, data};
    const int failed = pthread_create(thread, attributes, run_thread, start);
    if (failed)
        free(start);
    return failed;
}

/* ---- the entries ---- */

static uintptr_t address_of(int (*pointer)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))
{
    uintptr_t address;
    memcpy(&address, &pointer, sizeof address);
    return address;
}

static int is_in(const struct dl_phdr_info *info, uintptr_t address)
{
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD &&
            address - (info->dlpi_addr + info->dlpi_phdr[i].p_vaddr) < info->dlpi_phdr[i].p_memsz)
            return 1;
    return 0;
}

/* What is read-only since it was relocated is so again afterwards. */
static void write_entry(const struct mm_object *object, uintptr_t *entry, uintptr_t value)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)entry & ~(page - 1);
    const int is_read_only = start >= (object->relro & ~(page - 1)) && (uintptr_t)entry < object->relro_end;
    if (is_read_only && mprotect((void *)start, page, PROT_READ | PROT_WRITE) != 0)
        return;
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
    if (is_read_only)
        mprotect((void *)start, page, PROT_READ);
}

/* An entry that leads to somebody else's function stays. One that is not bound yet leads into its own object. */
static void cover_entry(const struct mm_object *object, const struct dl_phdr_info *info, const ElfW(Rela) *relocation)
{
    const uint32_t symbol = (uint32_t)ELF64_R_SYM(relocation->r_info), type = (uint32_t)ELF64_R_TYPE(relocation->r_info);
    if (symbol == 0 || relocation->r_addend != 0 ||
        (type != MM_RELOC_JUMP_SLOT && type != MM_RELOC_GLOB_DAT && type != MM_RELOC_ADDRESS) ||
        strcmp(mm_symbol_name(object, symbol), function) != 0 || object->symbols[symbol].st_shndx != SHN_UNDEF)
        return;
    uintptr_t *entry = (uintptr_t *)(object->base + relocation->r_offset);
    const uintptr_t now = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
    if (now == address_of(pthread_create) || (type == MM_RELOC_JUMP_SLOT && is_in(info, now)))
        write_entry(object, entry, address_of(create_thread));
}

static void cover_object(const struct dl_phdr_info *info)
{
    struct mm_object object;
    if (!mm_read_object(&object, info))
        return;
    for (size_t i = 0; i < object.relocation_count; i++)
        cover_entry(&object, info, &object.relocations[i]);
    for (size_t i = 0; i < object.lazy_count; i++)
        cover_entry(&object, info, &object.lazy[i]);
}

static int is_cpp_library(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash != NULL ? slash + 1 : path, "libstdc++.so", strlen("libstdc++.so")) == 0;
}

/* Objects come in the order in which they were loaded: what is behind this one came with the module, or later. */
static int look_at_object(struct dl_phdr_info *info, size_t size, void *data)
{
    int *is_behind = data;
    (void)size;
    if (is_in(info, address_of(create_thread)))
        *is_behind = 1;
    else if (*is_behind || is_cpp_library(info->dlpi_name))
        cover_object(info);
    return 0;
}

static int count_loaded(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    *(unsigned long long *)data = info->dlpi_adds;
    return 1;
}

/* The list is locked meanwhile, so that no object goes. Nothing is done where nothing was loaded since the last time. */
void mm_cover_threads(void)
{
    static unsigned long long covered;
    unsigned long long loaded = 0;
    int is_behind = 0;
    if (!mm_crash_is_open())
        return;
    dl_iterate_phdr(count_loaded, &loaded);
    if (__atomic_exchange_n(&covered, loaded, __ATOMIC_ACQ_REL) != loaded)
        dl_iterate_phdr(look_at_object, &is_behind);
}
