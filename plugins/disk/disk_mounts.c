/* SPDX-License-Identifier: MIT */
/*
 * disk_mounts - under which name people know the file system of a path
 *
 * Runs in the watcher.  Pure: it gets the text of /proc/self/mountinfo.  The covering mount alone is not the
 * answer, because the unit's sandbox mounts parts of a file system over themselves (ReadWritePaths=): of all
 * mounts of the same device on the way to the path, the one that shows the most of the file system is meant.
 *
 * Owns nothing.  Lines that do not look like mountinfo are skipped.  Limits: NAME_BYTES of a mount point.
 */
#include <string.h>

#include "disk/disk.h"

#define NAME_BYTES 512

struct mount {
        char device[32], root[NAME_BYTES], point[NAME_BYTES];
};

/* One field up to a space, with \ooo as the kernel writes spaces and the like; false: none, or too long. */
static bool take_field(const char **text, const char *end, char *field, size_t size) {
        const char *p = *text;
        size_t n = 0;

        for (; p < end && *p != ' '; p++) {
                char c = *p;

                if (n + 1 >= size)
                        return false;
                if (c == '\\' && end - p > 3 && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
                        p[3] >= '0' && p[3] <= '7') {
                        c = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
                        p += 3;
                }
                field[n++] = c;
        }
        field[n] = '\0';
        *text = p < end ? p + 1 : p;
        return n > 0;
}

static bool parse_line(const char *line, const char *end, struct mount *ret_mount) {
        char number[32];

        for (int i = 0; i < 2; i++) /* its own number and its parent's */
                if (!take_field(&line, end, number, sizeof(number)))
                        return false;
        return take_field(&line, end, ret_mount->device, sizeof(ret_mount->device)) &&
                take_field(&line, end, ret_mount->root, sizeof(ret_mount->root)) &&
                take_field(&line, end, ret_mount->point, sizeof(ret_mount->point));
}

/* The mount point is the path or a directory above it. */
static bool covers(const char *point, const char *path) {
        size_t length = strlen(point);

        if (strcmp(point, "/") == 0)
                return path[0] == '/';
        return strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool next_covering(const char **text, const char *path, struct mount *ret_mount) {
        while (**text) {
                const char *line = *text, *end = strchrnul(line, '\n');

                *text = *end ? end + 1 : end;
                if (parse_line(line, end, ret_mount) && covers(ret_mount->point, path))
                        return true;
        }
        return false;
}

bool disk_mounts_find(const char *mountinfo, const char *path, char *ret_mount, size_t size) {
        struct mount mount, top = {.point = ""}, best;
        const char *text = mountinfo;

        /* Mounted later lies above. */
        while (next_covering(&text, path, &mount))
                if (strlen(mount.point) >= strlen(top.point))
                        top = mount;
        if (!*top.point)
                return false;
        best = top;
        for (text = mountinfo; next_covering(&text, path, &mount);)
                if (strcmp(mount.device, top.device) == 0 && strlen(mount.root) < strlen(best.root))
                        best = mount;
        if (strlen(best.point) >= size)
                return false;
        memcpy(ret_mount, best.point, strlen(best.point) + 1);
        return true;
}
