/* SPDX-License-Identifier: MIT */
/*
 * fuzz_process - any bytes as pid/master.pid and as two processes of /proc, NUL between them
 *
 * Anybody may call his process as he likes.  What is found is one of the two, and has the name and the parent that
 * was looked for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "postfix/master.h"

#define MASTER 17
#define CHILD 23

static char root[] = "/dev/shm/fuzz-process-XXXXXX"; /* a disk would be asked a thousand times a second */
static int files[3]; /* master.pid and the two; open for good, and written again for each input */
static const char *const paths[] = {"pid/master.pid", "proc/17/stat", "proc/23/stat"};
static const char *const folders[] = {"pid", "proc/17", "proc/23", "proc"};

static void insist(bool holds) {
        if (!holds)
                abort();
}

static void path_of(const char *name, char path[static 64]) {
        snprintf(path, 64, "%s/%s", root, name);
}

static void clean(void) {
        char path[64];

        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                path_of(paths[i], path);
                unlink(path);
        }
        for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
                path_of(folders[i], path);
                rmdir(path);
        }
        rmdir(root);
}

static void set_up(void) {
        char path[64];

        insist(mkdtemp(root) != NULL);
        for (size_t i = sizeof(folders) / sizeof(folders[0]); i-- > 0;) {
                path_of(folders[i], path);
                insist(mkdir(path, 0700) == 0);
        }
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                path_of(paths[i], path);
                files[i] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                insist(files[i] >= 0);
        }
        atexit(clean);
}

static bool begins(const char *text, size_t size, const char *start) {
        return size >= strlen(start) && memcmp(text, start, strlen(start)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *at = (const char *)data, *end = at + size, *texts[3];
        size_t lengths[3];
        struct master_process qmgr;
        pid_t master = 0;

        if (files[0] == 0)
                set_up();
        for (size_t i = 0; i < 3; i++) {
                texts[i] = at;
                lengths[i] = strnlen(at, (size_t)(end - at));
                at += lengths[i] < (size_t)(end - at) ? lengths[i] + 1 : lengths[i];
                insist(ftruncate(files[i], 0) == 0 &&
                        pwrite(files[i], texts[i], lengths[i], 0) == (ssize_t)lengths[i]);
        }
        if (master_find(root, root, &master)) {
                const char *stat = master == MASTER ? texts[1] : texts[2];
                const char *name = memchr(stat, '(', lengths[master == MASTER ? 1 : 2]);

                insist(master == MASTER || master == CHILD);
                insist(name && begins(name, (size_t)(end - name), "(master)"));
        }
        if (master_find_qmgr(root, MASTER, &qmgr))
                insist(qmgr.pid == MASTER || qmgr.pid == CHILD);
        return 0;
}
