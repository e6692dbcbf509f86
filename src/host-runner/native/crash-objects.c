/*
 * The files that frames are in. The kernel says what is mapped where; the files' own headers, where they are mapped, say the
 * rest. Nothing is loaded, locked or allocated, and nothing that the module may have damaged is read without a check.
 */
#include "crash.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

/* ---- what is mapped ---- */

struct mapping {
    uint64_t start, end, offset;
    uint64_t device, inode; /* 0: no file */
    int has_code;
    const char *path; /* ends with a NUL */
    uint64_t file_start; /* where the beginning of the file is mapped; 0: nowhere */
};

typedef void visit(const struct mapping *mapping, void *data);

static uint64_t read_number(const char **at, unsigned base)
{
    uint64_t value = 0;
    for (;; (*at)++) {
        const char c = **at;
        const unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (digit >= base)
            return value;
        value = value * base + digit;
    }
}

/* "start-end perms offset major:minor inode   path" */
static void read_line(const char *at, struct mapping *mapping)
{
    enum { HEXADECIMAL = 16, DECIMAL = 10 };
    mapping->start = read_number(&at, HEXADECIMAL);
    at += *at == '-';
    mapping->end = read_number(&at, HEXADECIMAL);
    at += *at == ' ';
    mapping->has_code = strnlen(at, 4) == 4 && at[2] == 'x';
    at += strcspn(at, " ");
    at += *at == ' ';
    mapping->offset = read_number(&at, HEXADECIMAL);
    at += *at == ' ';
    mapping->device = read_number(&at, HEXADECIMAL) << 32;
    at += *at == ':';
    mapping->device |= read_number(&at, HEXADECIMAL);
    at += *at == ' ';
    mapping->inode = read_number(&at, DECIMAL);
    mapping->path = at + strspn(at, " ");
}

/* The mappings of a file come in a row, the beginning of the file first. */
static void find_start(struct mapping *mapping, const struct mapping *before)
{
    const int is_same = mapping->inode != 0 && mapping->device == before->device && mapping->inode == before->inode;
    mapping->file_start = is_same ? before->file_start : 0;
    if (mapping->offset == 0)
        mapping->file_start = mapping->start;
}

/* The module may have used up all descriptors: then standard input gives way, which the process has no more use for. */
static int open_maps(void)
{
    static const char path[] = "/proc/self/maps";
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 || errno != EMFILE)
        return fd;
    close(STDIN_FILENO);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Only one thread notes an end, so the buffer is there once. It holds the longest path; the rest of a longer line is left out. */
static void visit_mappings(visit *look, void *data)
{
    static char text[8192];
    struct mapping before = {0}, mapping;
    size_t used = 0;
    int skips = 0;
    const int fd = open_maps();
    for (ssize_t got; fd >= 0 && (got = read(fd, text + used, sizeof text - 1 - used)) > 0;) {
        used += (size_t)got;
        char *at = text, *end;
        while ((end = memchr(at, '\n', used - (size_t)(at - text))) != NULL) {
            *end = 0;
            read_line(at, &mapping);
            find_start(&mapping, &before);
            if (!skips)
                look(&mapping, data);
            skips = 0;
            before = mapping;
            at = end + 1;
        }
        used -= (size_t)(at - text);
        memmove(text, at, used);
        if (used == sizeof text - 1) {
            skips = 1;
            used = 0;
        }
    }
    if (fd >= 0)
        close(fd);
}

struct question {
    uint64_t address;
    int has_code;
};

static void look_for_code(const struct mapping *mapping, void *data)
{
    struct question *question = data;
    if (question->address >= mapping->start && question->address < mapping->end)
        question->has_code = mapping->has_code;
}

int mm_is_code(uint64_t address)
{
    struct question question = {.address = address};
    visit_mappings(look_for_code, &question);
    return question.has_code;
}

/* ---- what its headers say ---- */

static int read_safely(void *to, uint64_t from, size_t length)
{
    return mm_read_safely(to, (const void *)(uintptr_t)from, length) == 0;
}

static void copy_build_id(struct mm_crash_object *object, uint64_t at, uint32_t length)
{
    object->build_id_length = length < MM_BUILD_ID ? length : MM_BUILD_ID;
    if (!read_safely(object->build_id, at, object->build_id_length))
        object->build_id_length = 0;
}

/* Goes through the notes of a segment. */
static void find_build_id(struct mm_crash_object *object, const ElfW(Phdr) *segment)
{
    enum { NOTES = 64 };
    const uint64_t step = segment->p_align == 8 ? 8 : 4;
    uint64_t at = object->base + segment->p_vaddr;
    const uint64_t end = at + segment->p_memsz;
    for (int i = 0; i < NOTES && object->build_id_length == 0; i++) {
        struct {
            ElfW(Nhdr) header;
            char name[4];
        } note;
        if (at + sizeof note > end || !read_safely(&note, at, sizeof note))
            return;
        const uint64_t name = (note.header.n_namesz + step - 1) & ~(step - 1);
        const uint64_t content = at + sizeof note.header + name;
        if (note.header.n_type == NT_GNU_BUILD_ID && note.header.n_namesz == 4 && memcmp(note.name, "GNU", 4) == 0)
            copy_build_id(object, content, note.header.n_descsz);
        at = content + ((note.header.n_descsz + step - 1) & ~(step - 1));
    }
}

/* The segment whose mapping this is says where the file wants to be. */
static void read_headers(struct mm_crash_object *object, const struct mapping *mapping)
{
    enum { SEGMENTS = 64 };
    ElfW(Phdr) segments[SEGMENTS];
    ElfW(Ehdr) header;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    object->base = mapping->start - mapping->offset;
    if (mapping->file_start == 0 || !read_safely(&header, mapping->file_start, sizeof header) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof segments[0])
        return;
    const size_t count = header.e_phnum < SEGMENTS ? header.e_phnum : SEGMENTS;
    if (count == 0 || !read_safely(segments, mapping->file_start + header.e_phoff, count * sizeof segments[0]))
        return;
    for (size_t i = 0; i < count; i++) {
        const uint64_t from = segments[i].p_offset & ~(page - 1);
        if (segments[i].p_type == PT_LOAD && mapping->offset >= from &&
            mapping->offset < segments[i].p_offset + segments[i].p_filesz)
            object->base = mapping->start - (mapping->offset - from) - (segments[i].p_vaddr & ~(page - 1));
    }
    for (size_t i = 0; i < count && object->build_id_length == 0; i++)
        if (segments[i].p_type == PT_NOTE)
            find_build_id(object, &segments[i]);
}

/* ---- the note ---- */

static int has_frames(const struct mm_crash *area, const struct mapping *mapping)
{
    int found = area->return_address >= mapping->start && area->return_address < mapping->end;
    for (uint32_t i = 0; i < area->frame_count && !found; i++)
        found = area->frames[i] >= mapping->start && area->frames[i] < mapping->end;
    return found;
}

static int is_noted(const struct mm_crash *area, const struct mapping *mapping)
{
    for (uint32_t i = 0; i < area->object_count; i++)
        if (area->objects[i].start == mapping->start)
            return 1;
    return 0;
}

static void write_path(struct mm_crash_object *object, const char *path)
{
    static const char deleted[] = " (deleted)";
    size_t length = strlen(path);
    const size_t rest = strlen(deleted);
    if (length > rest && strcmp(path + length - rest, deleted) == 0) {
        object->flags |= MM_OBJECT_DELETED;
        length -= rest;
    }
    length = length < MM_CRASH_PATH ? length : MM_CRASH_PATH - 1;
    memcpy(object->path, path, length);
    object->path[length] = 0;
}

static void note_object(const struct mapping *mapping, void *data)
{
    struct mm_crash *area = data;
    if (!mapping->has_code || mapping->path[0] == 0 || area->object_count >= MM_CRASH_OBJECTS ||
        !has_frames(area, mapping) || is_noted(area, mapping))
        return;
    struct mm_crash_object *object = &area->objects[area->object_count];
    memset(object, 0, sizeof *object);
    object->start = mapping->start;
    object->end = mapping->end;
    write_path(object, mapping->path);
    read_headers(object, mapping);
    area->object_count++;
}

void mm_note_objects(struct mm_crash *area) { visit_mappings(note_object, area); }
