/* SPDX-License-Identifier: MIT */
/*
 * logs_spare_name - what a compressed log is called while it waits elsewhere
 *
 * Runs in children of the executor.  Pure.  The name is all that is known of a copy after a crash, so it holds the
 * whole path: "rotated-log:%2Fvar%2Flog%2Fmail.log.1.gz".  A person can read it, too.  '/', '%' and what is not
 * printable ASCII are written as two hexadecimal digits.  Each path has one such name and no other is accepted, so
 * nothing that lies there by chance is taken for one of ours.
 *
 * Owns nothing.  Limits: a path whose name would be longer than a file name may be cannot wait.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "logs/logs_spare.h"

#define PREFIX "rotated-log:"
#define NAME_BYTES 255 /* of ext4, xfs and btrfs */

static bool is_plain(unsigned char c) {
        return c > 0x20 && c < 0x7f && c != '/' && c != '%';
}

static int append(const char *text, size_t *used, char name[static LOGS_NAME_MAX]) {
        for (; *text; text++) {
                unsigned char c = (unsigned char)*text;
                size_t width = is_plain(c) ? 1 : 3;

                if (*used + width > NAME_BYTES)
                        return -ENAMETOOLONG;
                snprintf(name + *used, LOGS_NAME_MAX - *used, is_plain(c) ? "%c" : "%%%02X", c);
                *used += width;
        }
        return 0;
}

int logs_spare_name(const char *directory, const char *name, char ret_name[static LOGS_NAME_MAX]) {
        size_t used = strlen(PREFIX);
        int r;

        memcpy(ret_name, PREFIX, sizeof(PREFIX));
        r = append(directory, &used, ret_name);
        if (r == 0)
                r = append("/", &used, ret_name);
        return r == 0 ? append(name, &used, ret_name) : r;
}

static int digit(char c) {
        const char *const digits = "0123456789ABCDEF", *found = c ? strchr(digits, c) : NULL;

        return found ? (int)(found - digits) : -1;
}

int logs_spare_parse(const char *name, char ret_path[static LOGS_PATH_MAX]) {
        char again[LOGS_NAME_MAX], *slash;
        size_t used = 0;

        if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || strlen(name) > NAME_BYTES)
                return -EINVAL;
        for (const char *at = name + strlen(PREFIX); *at; at++, used++) {
                int high, low;

                if (*at != '%') {
                        ret_path[used] = *at;
                        continue;
                }
                high = digit(at[1]);
                low = high < 0 ? -1 : digit(at[2]);
                if (low < 0 || (high == 0 && low == 0))
                        return -EINVAL;
                ret_path[used] = (char)(high * 16 + low);
                at += 2;
        }
        ret_path[used] = '\0';
        slash = strrchr(ret_path, '/');
        if (!slash || slash == ret_path || ret_path[0] != '/' || slash[1] == '\0')
                return -EINVAL;
        *slash = '\0';
        used = (size_t)(slash - ret_path);
        if (logs_spare_name(ret_path, slash + 1, again) < 0 || strcmp(again, name) != 0)
                return -EINVAL;
        ret_path[used] = '/';
        return 0;
}
