/* SPDX-License-Identifier: MIT */
/*
 * breadcrumb - one page of memory that survives the watcher
 *
 * Made by the executor, which keeps it over all lives of the watcher; mapped by each watcher from an inherited
 * fd.  Whoever maps it owns the mapping and unmaps it; fds stay the caller's.
 *
 * The memfd is sealed against shrinking, growing and further seals: truncated by a watcher gone bad, it would
 * kill the executor with SIGBUS at its next look.  Nothing else in it is protected from the watcher, so the
 * executor reads it through breadcrumb_read() only, which copies first and believes afterwards.
 *
 * The watcher switches the activity off, writes the name, then switches the new activity on, so that a death in
 * between reads as "nothing" and never as the new activity with half a name.
 *
 * Fails: negative errno from the kernel; -EPROTO for an fd that is not such a page.
 * Limits: names are cut at 255 bytes; one activity at a time, no nesting.
 */
#include "wire/breadcrumb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BREADCRUMB_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int map(int fd, struct breadcrumb **ret_breadcrumb) {
        void *memory = mmap(NULL, sizeof(struct breadcrumb), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (memory == MAP_FAILED)
                return -errno;
        *ret_breadcrumb = memory;
        return 0;
}

int breadcrumb_new(int *ret_fd, struct breadcrumb **ret_breadcrumb) {
        _cleanup_close_ int fd = memfd_create("spoolguard-breadcrumb", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return -errno;
        if (ftruncate(fd, sizeof(struct breadcrumb)) < 0 || fcntl(fd, F_ADD_SEALS, BREADCRUMB_SEALS) < 0)
                return -errno;
        r = map(fd, ret_breadcrumb);
        if (r < 0)
                return r;
        *ret_fd = take_fd(&fd);
        return 0;
}

int breadcrumb_map(int fd, struct breadcrumb **ret_breadcrumb) {
        struct stat status;
        int seals = fcntl(fd, F_GET_SEALS);

        if (seals < 0 || fstat(fd, &status) < 0)
                return -errno;
        if ((seals & BREADCRUMB_SEALS) != BREADCRUMB_SEALS || status.st_size != sizeof(struct breadcrumb))
                return -EPROTO;
        return map(fd, ret_breadcrumb);
}

struct breadcrumb *breadcrumb_unmap(struct breadcrumb *breadcrumb) {
        if (breadcrumb)
                munmap(breadcrumb, sizeof(*breadcrumb));
        return NULL;
}

void breadcrumb_set(struct breadcrumb *breadcrumb, enum breadcrumb_activity activity, const char *what) {
        __atomic_store_n(&breadcrumb->activity, BREADCRUMB_NONE, __ATOMIC_SEQ_CST);
        /* byte for byte, not text_copy(): file names need not be UTF-8, and `skip` is compared with them */
        strncpy(breadcrumb->what, what ?: "", sizeof(breadcrumb->what) - 1);
        __atomic_store_n(&breadcrumb->activity, activity, __ATOMIC_SEQ_CST);
}

void breadcrumb_read(const struct breadcrumb *breadcrumb, struct breadcrumb *ret_copy) {
        memcpy(ret_copy, breadcrumb, sizeof(*ret_copy));
        if (ret_copy->activity > BREADCRUMB_PARSING)
                ret_copy->activity = BREADCRUMB_NONE;
        ret_copy->what[sizeof(ret_copy->what) - 1] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(ret_copy->skip); i++)
                ret_copy->skip[i][sizeof(ret_copy->skip[i]) - 1] = '\0';
}
