/* Hiding: the exports of this program stand for Node's symbols in a host. */
#include "fake.h"
#include "harness.h"
#include "hide.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

SHOWN int exported_function(int value);
SHOWN int exported_by_resolver(int value);
SHOWN int napi_made_up(void);
extern SHOWN int exported_variable;
extern SHOWN __thread int exported_thread_local;

int exported_function(int value) { return value + 1; }
int exported_variable = 2;
__thread int exported_thread_local = 3;
int napi_made_up(void) { return 4; }

/* Resolvers run before a sanitizer does, and must not be instrumented. */
static int resolved(int value) { return value + 10; }
__attribute__((no_sanitize("address", "undefined"))) static int (*choose(void))(int) { return resolved; }
int exported_by_resolver(int value) __attribute__((ifunc("choose")));

/* Beside the program, where make puts them. */
static void *open_beside(const char *name)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    CHECK(length > 0);
    path[length] = 0;
    strcpy(strrchr(path, '/') + 1, name);
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL)
        fprintf(stderr, "%s\n", dlerror());
    CHECK(handle != NULL);
    return handle;
}

static int call(void *handle, const char *name, int value)
{
    int (*function)(int) = NULL;
    *(void **)&function = dlsym(handle, name);
    CHECK(function != NULL);
    return function(value);
}

static struct mm_hidden hide(void)
{
    struct mm_hidden hidden;
    const char *problem = mm_hide_symbols((const void *)(uintptr_t)exported_function, &hidden);
    CHECK_TEXT(problem != NULL ? problem : "hidden", "hidden");
    return hidden;
}

static void hides_its_own_and_keeps_what_others_have(void)
{
    CHECK(dlsym(RTLD_DEFAULT, "exported_function") != NULL);
    const struct mm_hidden hidden = hide();
    const char *const gone[] = {"exported_function", "exported_by_resolver", "exported_variable", "exported_thread_local"};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        CHECK(dlsym(RTLD_DEFAULT, gone[i]) == NULL);
    CHECK(dlsym(RTLD_DEFAULT, "napi_made_up") != NULL);
    CHECK(dlsym(RTLD_DEFAULT, "malloc") != NULL);
    CHECK(dlsym(RTLD_DEFAULT, "environ") != NULL);
    CHECK_EQ(hidden.kept[MM_KEPT_ADDON], 1);
    uint32_t kept = 0;
    for (int i = 0; i < MM_KEPT_KINDS; i++)
        kept += hidden.kept[i];
    CHECK_EQ(kept, hidden.defined);
    CHECK(hidden.made_local < 64);
}

static void is_done_twice_without_harm(void)
{
    const struct mm_hidden first = hide(), second = hide();
    CHECK_EQ(first.kept[MM_HIDDEN], second.kept[MM_HIDDEN]);
    CHECK_EQ(second.made_local, 0);
    CHECK(dlsym(RTLD_DEFAULT, "napi_made_up") != NULL);
}

static void addon_goes_on(const char *file)
{
    void *addon = open_beside(file);
    hide();
    CHECK_EQ(call(addon, "addon_calls_function", 1), 2);
    CHECK_EQ(call(addon, "addon_calls_resolved", 1), 11);
    CHECK_EQ(call(addon, "addon_reads_variable", 0), 2);
    CHECK_EQ(call(addon, "addon_reads_thread_local", 0), 3);
}

static void an_addon_that_binds_lazily_goes_on(void) { addon_goes_on("hide-addon.so"); }
static void an_addon_that_binds_at_once_goes_on(void) { addon_goes_on("hide-addon-now.so"); }
static void an_addon_with_tls_descriptors_goes_on(void) { addon_goes_on("hide-addon-desc.so"); }

static void an_addon_with_only_the_older_hash_goes_on(void) { addon_goes_on("hide-addon-sysv.so"); }

static void a_module_has_its_own_functions_and_the_systems(void)
{
    open_beside("hide-addon.so");
    hide();
    void *module = open_beside("hide-module.so");
    CHECK_EQ(call(module, "module_calls_function", 5), -5);
    CHECK_EQ(call(module, "module_reads_variable", 0), -2);
    int (*length)(const char *) = NULL;
    *(void **)&length = dlsym(module, "module_length_of_copy");
    CHECK_EQ(length("text"), 4);
    CHECK_EQ(exported_function(5), 6);
}

/* What a debugger and our crash card ask. */
static void a_hidden_function_is_known_by_its_address(void)
{
    Dl_info info;
    hide();
    CHECK(dladdr((const void *)(uintptr_t)exported_function, &info) != 0);
    CHECK_TEXT(info.dli_sname, "exported_function");
}

static int is_writable(const void *address)
{
    uintptr_t from, to;
    char line[512], flags[5];
    int writable = -1;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %4s", &from, &to, flags) == 3 && from <= (uintptr_t)address && (uintptr_t)address < to)
            writable = flags[1] == 'w';
    fclose(maps);
    return writable;
}

static void memory_is_as_read_only_as_before(void)
{
    struct mm_objects objects;
    CHECK_EQ(mm_list_objects(&objects), 0);
    const struct mm_object *own = mm_object_of(&objects, (const void *)(uintptr_t)exported_function);
    CHECK(own != NULL);
    const int before[] = {is_writable(own->gnu_hash), is_writable(own->symbols)};
    hide();
    CHECK_EQ(is_writable(own->gnu_hash), before[0]);
    CHECK_EQ(is_writable(own->symbols), before[1]);
    mm_free_objects(&objects);
}

static void says_why_nothing_is_hidden(void)
{
    struct mm_hidden hidden;
    CHECK_TEXT(mm_hide_symbols(NULL, &hidden), "nothing that is loaded exports Node's symbols");
    CHECK_TEXT(mm_hide_symbols(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &hidden), "Node's symbols have versions");
    void *old = open_beside("hide-addon-sysv.so");
    CHECK_TEXT(mm_hide_symbols(dlsym(old, "addon_calls_function"), &hidden),
               "Node's symbols are in a table of another kind than DT_GNU_HASH");
    CHECK(dlsym(RTLD_DEFAULT, "exported_function") != NULL);
}

static void every_symbol_is_found_by_the_reader(void)
{
    struct mm_objects objects;
    CHECK_EQ(mm_list_objects(&objects), 0);
    uint32_t found = 0;
    for (size_t i = 0; i < objects.count; i++) {
        const struct mm_object *object = &objects.list[i];
        for (uint32_t j = object->gnu_hash != NULL ? mm_first_hashed(object) : object->symbol_count; j < object->symbol_count; j++) {
            const char *name = mm_symbol_name(object, j);
            const uint32_t hash = mm_gnu_hash(name);
            CHECK_EQ(mm_hash_of(object, j), hash & ~1u);
            CHECK(mm_find_symbol(object, name, hash, j - 1) == j);
            found++;
        }
    }
    CHECK(found > 1000);
    mm_free_objects(&objects);
}

const struct test hide_tests[] = {
    ONCE("hide", hides_its_own_and_keeps_what_others_have),
    ONCE("hide", is_done_twice_without_harm),
    ONCE("hide", an_addon_that_binds_lazily_goes_on),
    ONCE("hide", an_addon_that_binds_at_once_goes_on),
    ONCE("hide", an_addon_with_tls_descriptors_goes_on),
    ONCE("hide", an_addon_with_only_the_older_hash_goes_on),
    ONCE("hide", a_module_has_its_own_functions_and_the_systems),
    ONCE("hide", a_hidden_function_is_known_by_its_address),
    ONCE("hide", memory_is_as_read_only_as_before),
    ONCE("hide", says_why_nothing_is_hidden),
    ONCE("hide", every_symbol_is_found_by_the_reader),
    END,
};
