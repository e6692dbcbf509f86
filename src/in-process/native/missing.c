/* Functions that a loaded module wants and nothing provides. */
#include "reference.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

enum { NAMES_ROOM = 4096 };

/* The part of a loaded file that says what it imports. Its addresses are already those in memory. */
struct imports {
    const ElfW(Sym) *symbols;
    const char *names;
    size_t count;
};

/* Imports come first in the table of symbols: DT_GNU_HASH says where they end, DT_HASH how long the table is. */
static struct imports find_imports(const ElfW(Dyn) *dynamic)
{
    struct imports found = {NULL, NULL, 0};
    const uint32_t *hash = NULL, *gnu_hash = NULL;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        const void *at = (const void *)dynamic->d_un.d_ptr;
        if (dynamic->d_tag == DT_SYMTAB)
            found.symbols = at;
        else if (dynamic->d_tag == DT_STRTAB)
            found.names = at;
        else if (dynamic->d_tag == DT_HASH)
            hash = at;
        else if (dynamic->d_tag == DT_GNU_HASH)
            gnu_hash = at;
    }
    if (gnu_hash != NULL)
        found.count = gnu_hash[1];
    else if (hash != NULL)
        found.count = hash[1];
    if (found.symbols == NULL || found.names == NULL)
        found.count = 0;
    return found;
}

/* One a line, without the last line feed; returns their length. */
static size_t list_missing(void *handle, char *names, size_t room)
{
    struct link_map *map = NULL;
    size_t length = 0;
    names[0] = '\0';
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
        return 0;
    const struct imports imports = find_imports(map->l_ld);
    for (size_t i = 1; i < imports.count; i++) {
        const ElfW(Sym) *symbol = &imports.symbols[i];
        if (symbol->st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) != STB_GLOBAL)
            continue;
        const char *name = imports.names + symbol->st_name;
        const size_t size = strlen(name) + 1;
        if (length + size >= room || dlsym(handle, name) != NULL || dlsym(RTLD_DEFAULT, name) != NULL)
            continue;
        memcpy(names + length, name, size);
        length += size;
        names[length - 1] = '\n';
    }
    if (length > 0)
        names[--length] = '\0';
    return length;
}

int tell_what_is_missing(const struct module *module, void *handle)
{
    char names[NAMES_ROOM];
    if (list_missing(handle, names, sizeof names) == 0)
        return 0;
    tell_missing(module, names);
    return 1;
}
