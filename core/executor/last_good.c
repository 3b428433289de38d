/* SPDX-License-Identifier: MIT */
/*
 * last_good - STATE/config.good
 *
 * Runs in: executor.  The serialised form of the configuration in force, replaced as a whole (written under
 * another name, synced, renamed), so a crash leaves the old or the new one.
 *
 * Fails: storing may, above all on a full disk; the caller goes on and says so, because guarding with a new
 * configuration that a restart might not find is better than not guarding.
 * Limits: CONFIG_TEXT_MAX bytes.
 */
#include "executor/last_good.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/config.h"

static int write_all(int fd, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, text, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                size -= (size_t)n;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

int last_good_store(const char *state_dir, const char *text, size_t size) {
        _cleanup_close_ int directory = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
        int r;

        if (directory < 0)
                return -errno;
        unlinkat(directory, "config.good.new", 0);
        fd = openat(directory, "config.good.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text, size);
        if (r == 0 && renameat(directory, "config.good.new", directory, "config.good") < 0)
                r = -errno;
        if (r < 0)
                unlinkat(directory, "config.good.new", 0);
        else
                fsync(directory);
        return r;
}

int last_good_read(const char *state_dir, char **ret_text, size_t *ret_size) {
        _cleanup_close_ int directory = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t used = 0;

        if (directory < 0)
                return -errno;
        fd = openat(directory, "config.good", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)CONFIG_TEXT_MAX)
                return -EBADMSG;
        text = malloc((size_t)st.st_size + 1);
        if (!text)
                return -ENOMEM;
        while (used < (size_t)st.st_size) {
                ssize_t n = read(fd, text + used, (size_t)st.st_size - used);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EBADMSG;
                used += (size_t)n;
        }
        text[used] = '\0';
        *ret_text = take(text);
        *ret_size = used;
        return 0;
}
