/* SPDX-License-Identifier: MIT */
/*
 * disk_mounts - what is mounted at a path, under which name people know it, and whether it can be written
 *
 * Runs in the watcher.  Pure: it gets the text of a mountinfo file.  The covering mount alone is not the name,
 * because the unit's sandbox mounts parts of a file system over themselves (ReadWritePaths=): of all mounts of the
 * same device on the way to the path, the one that shows the most of the file system is meant.
 *
 * The device is that of the super block, which all subvolumes of a btrfs have in common; stat() has another one for
 * each of them.  And the options of the super block are the only place where a file system says that it has shut
 * itself to writers after an error: ext4 says "emergency_ro" there, or "ro" before Linux 6.15, and with the new word
 * neither statvfs() nor the options of the mount show anything.
 *
 * Owns nothing.  Lines that are not whole are skipped.  Limits: 255 bytes of a mount point, 511 of other fields.
 */
#include <string.h>

#include "disk/disk.h"

#define NAME_BYTES 512

struct mount {
        char device[DISK_DEVICE_BYTES], root[NAME_BYTES], point[NAME_BYTES];
        bool is_read_only, is_shut;
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

struct span {
        const char *start, *end;
};

/* A field as it is, of any length: the options of an overlay have thousands of bytes. */
static bool take_span(const char **text, const char *end, struct span *ret_span) {
        const char *space = memchr(*text, ' ', (size_t)(end - *text));

        *ret_span = (struct span){*text, space ? space : end};
        *text = space ? space + 1 : end;
        return ret_span->end > ret_span->start;
}

static bool is_word(const struct span *span, const char *word) {
        size_t length = (size_t)(span->end - span->start);

        return length == strlen(word) && memcmp(span->start, word, length) == 0;
}

/* Among words with commas between them. */
static bool has_word(const struct span *options, const char *word) {
        struct span one = {.end = options->start};

        for (const char *p = options->start; p < options->end; p = one.end + 1) {
                const char *comma = memchr(p, ',', (size_t)(options->end - p));

                one = (struct span){p, comma ? comma : options->end};
                if (is_word(&one, word))
                        return true;
        }
        return false;
}

static bool parse_line(const char *line, const char *end, struct mount *ret_mount) {
        static const char *const shut[] = {"ro", "emergency_ro", "shutdown"};
        struct span options, field;

        for (int i = 0; i < 2; i++) /* its own number and its parent's */
                if (!take_span(&line, end, &field))
                        return false;
        if (!take_field(&line, end, ret_mount->device, sizeof(ret_mount->device)) ||
                !take_field(&line, end, ret_mount->root, sizeof(ret_mount->root)) ||
                !take_field(&line, end, ret_mount->point, sizeof(ret_mount->point)) ||
                !take_span(&line, end, &options))
                return false;
        ret_mount->is_read_only = has_word(&options, "ro");
        do /* what it shares with whom */
                if (!take_span(&line, end, &field))
                        return false;
        while (!is_word(&field, "-"));
        for (int i = 0; i < 2; i++) /* type and source */
                if (!take_span(&line, end, &field))
                        return false;
        if (!take_span(&line, end, &options))
                return false;
        ret_mount->is_shut = false;
        for (size_t i = 0; i < sizeof(shut) / sizeof(shut[0]); i++)
                ret_mount->is_shut |= has_word(&options, shut[i]);
        return true;
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

bool disk_mounts_find(const char *mountinfo, const char *path, struct disk_mount *ret_mount) {
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
        if (strlen(best.point) >= sizeof(ret_mount->point))
                return false;
        *ret_mount = (struct disk_mount){.is_read_only = top.is_read_only, .is_shut = top.is_shut};
        memcpy(ret_mount->device, top.device, sizeof(top.device));
        memcpy(ret_mount->point, best.point, strlen(best.point) + 1);
        return true;
}
