/* Binds now what the loaded objects would look up in the exporter at their first call. */
#include "hide.h"

#include <dlfcn.h>

/* The exporter's symbol that a lazy relocation leads to; 0: none. */
static uint32_t target_of(const struct mm_hiding *hiding, const struct mm_object *object, const ElfW(Rela) *lazy)
{
    const uint32_t symbol = (uint32_t)ELF64_R_SYM(lazy->r_info);
    if (symbol == 0)
        return 0;
    const int own = object != hiding->exporter && object->is_symbolic && object->symbols[symbol].st_shndx != SHN_UNDEF;
    const char *name = mm_symbol_name(object, symbol);
    const uint32_t target = own ? 0 : mm_find_symbol(hiding->exporter, name, mm_gnu_hash(name), 0);
    return target != 0 && mm_is_found(&hiding->exporter->symbols[target]) ? target : 0;
}

static int is_slot(const ElfW(Rela) *lazy) { return ELF64_R_TYPE(lazy->r_info) == MM_RELOC_JUMP_SLOT; }

void mm_keep_lazy(struct mm_hiding *hiding)
{
    for (size_t i = 0; i < hiding->objects->count; i++) {
        const struct mm_object *object = &hiding->objects->list[i];
        for (size_t j = 0; !object->binds_now && j < object->lazy_count; j++) {
            const uint32_t target = is_slot(&object->lazy[j]) ? 0 : target_of(hiding, object, &object->lazy[j]);
            if (target != 0)
                hiding->kept[target] = MM_KEPT_LAZY;
        }
    }
}

/* Where the dynamic linker would bind it to: a library that was preloaded may come before the exporter. */
static uint32_t bind_slot(const struct mm_object *object, const ElfW(Rela) *lazy)
{
    uintptr_t *slot = (uintptr_t *)(object->base + lazy->r_offset);
    const int is_read_only = (uintptr_t)slot >= object->relro && (uintptr_t)slot < object->relro_end;
    const uintptr_t address = (uintptr_t)dlsym(RTLD_DEFAULT, mm_symbol_name(object, (uint32_t)ELF64_R_SYM(lazy->r_info)));
    /* What is read-only was bound when the object was loaded. */
    if (is_read_only || address == 0 || *slot == address)
        return 0;
    __atomic_store_n(slot, address, __ATOMIC_RELEASE);
    return 1;
}

uint32_t mm_bind_slots(const struct mm_hiding *hiding)
{
    uint32_t bound = 0;
    for (size_t i = 0; i < hiding->objects->count; i++) {
        const struct mm_object *object = &hiding->objects->list[i];
        for (size_t j = 0; !object->binds_now && j < object->lazy_count; j++) {
            const uint32_t target = is_slot(&object->lazy[j]) ? target_of(hiding, object, &object->lazy[j]) : 0;
            if (target != 0 && hiding->kept[target] == MM_HIDDEN)
                bound += bind_slot(object, &object->lazy[j]);
        }
    }
    return bound;
}
