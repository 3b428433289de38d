/* SPDX-License-Identifier: MIT */
/* cleanup - release a local when it leaves its scope; hand it over with take() */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *pointer) {
        free(*(void **)pointer);
}

static inline void cleanup_closep(int *fd) {
        if (*fd >= 0)
                close(*fd);
}

static inline void cleanup_fclosep(FILE **file) {
        if (*file)
                fclose(*file);
}

#define _cleanup_free_ __attribute__((cleanup(cleanup_freep)))
#define _cleanup_close_ __attribute__((cleanup(cleanup_closep)))
#define _cleanup_fclose_ __attribute__((cleanup(cleanup_fclosep)))

/* The value of a pointer variable, which becomes NULL: the new owner releases it. */
#define take(pointer)                                          \
        ({                                                     \
                __typeof__(pointer) *taken_from_ = &(pointer); \
                __typeof__(pointer) taken_ = *taken_from_;     \
                *taken_from_ = NULL;                           \
                taken_;                                        \
        })

static inline int take_fd(int *fd) {
        int taken = *fd;
        *fd = -1;
        return taken;
}

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

#endif
