/* Notes why the process ends, as a host does, for who started it with --crash. */
#include "reference.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../host-runner/native/crash.h"

int is_ending;

/* Runs when the exit handlers of modules have run. */
static void note_exit(int code, void *unused)
{
    (void)code, (void)unused;
    if (!is_ending)
        mm_crash_note_exit(__builtin_frame_address(0));
}

int open_crash(int fd)
{
    const size_t size = sizeof(struct mm_crash);
    struct stat info;
    if (fd < 0)
        return 0;
    if (fstat(fd, &info) != 0 || (info.st_size < (off_t)size && ftruncate(fd, (off_t)size) != 0))
        return errno;
    void *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (area == MAP_FAILED)
        return errno;
    close(fd);
    const int failed = mm_crash_open(area, 0);
    if (failed == 0)
        on_exit(note_exit, NULL);
    return -failed;
}

void cover_threads(void) { mm_cover_threads(); }

void prepare_thread(void) { mm_give_alt_stack(0); }
