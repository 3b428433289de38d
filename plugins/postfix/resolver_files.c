/* SPDX-License-Identifier: MIT */
/*
 * resolver_files - the files by which names are looked up: the host's, and their copies for services in a chroot
 *
 * Runs in the watcher, for the sensor `resolver`, and in a child of the executor, which refreshes the copies.  Both
 * have to call the same copies stale, or the one would ask for what the other refuses.  What counts is the content
 * without comments, since some programs write the time of the day into the head of a resolv.conf that is otherwise
 * as before; and of two that differ, which one is the younger: a copy that was written after the host's file is
 * an admin's own.
 *
 * Owns nothing; a file that is no regular one is not waited for.  Cannot fail: what cannot be read is unknown.
 * Limits: RESOLVER_FILE_MAX of a file.  A file whose clock was turned back looks like the older one, and a copy is
 * then left alone that could be refreshed.
 */
#include "postfix/resolver_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/resolv_conf.h"

#define WORD_MAX 64

const struct resolver_file_row resolver_file_rows[RESOLVER_FILES] = {
        [RESOLVER_RESOLV_CONF] = {"resolv.conf", RESOLVER_USE_ALWAYS, true},
        [RESOLVER_HOSTS] = {"hosts", RESOLVER_USE_NATIVE, true},
        [RESOLVER_NSSWITCH] = {"nsswitch.conf", RESOLVER_USE_NATIVE, true},
        [RESOLVER_HOST_CONF] = {"host.conf", RESOLVER_USE_NATIVE, true},
        [RESOLVER_SERVICES] = {"services", RESOLVER_USE_NEVER, true},
        [RESOLVER_LOCALTIME] = {"localtime", RESOLVER_USE_NEVER, false},
        [RESOLVER_NSS_MDNS] = {"nss_mdns.config", RESOLVER_USE_NEVER, true},
};

static bool is_blank(char byte) {
        return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t size) {
        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
        return hash;
}

/* Lines without the blanks at their end; those that say nothing are left out. */
static uint64_t hash_text(const char *text, size_t size) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        while (size > 0) {
                const char *newline = memchr(text, '\n', size);
                size_t whole = newline ? (size_t)(newline - text) : size, kept = whole;

                while (kept > 0 && is_blank(text[kept - 1]))
                        kept--;
                if (kept > 0 && *text != '#' && *text != ';')
                        hash = hash_bytes(hash_bytes(hash, text, kept), "\n", 1);
                whole += newline ? 1 : 0;
                text += whole;
                size -= whole;
        }
        return hash;
}

static int64_t later(int64_t a, int64_t b) {
        return a > b ? a : b;
}

static int read_content(int fd, bool is_text, uint64_t *ret_hash) {
        char *text = malloc(RESOLVER_FILE_MAX);
        size_t size = 0;
        ssize_t n = 1;
        int r = 0;

        if (!text)
                return -ENOMEM;
        while (n > 0 && size < RESOLVER_FILE_MAX) {
                n = read(fd, text + size, RESOLVER_FILE_MAX - size);
                if (n < 0)
                        r = -errno;
                else
                        size += (size_t)n;
        }
        if (r == 0 && size == RESOLVER_FILE_MAX)
                r = -EFBIG;
        if (r == 0)
                *ret_hash = is_text ? hash_text(text, size)
                                    : hash_bytes(UINT64_C(0xcbf29ce484222325), text, size);
        free(text);
        return r;
}

static int look(int fd, const char *path, bool is_text, struct resolver_file *file) {
        struct stat status, link;

        if (fstat(fd, &status) < 0 || lstat(path, &link) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return -EINVAL;
        file->written_seconds = later(status.st_mtim.tv_sec, link.st_mtim.tv_sec);
        file->changed_seconds =
                later(file->written_seconds, later(status.st_ctim.tv_sec, link.st_ctim.tv_sec));
        return read_content(fd, is_text, &file->hash);
}

void resolver_file_look(const char *path, bool is_text, struct resolver_file *ret_file) {
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        *ret_file = (struct resolver_file){.error = fd < 0 ? -errno : 0};
        if (fd < 0)
                return;
        ret_file->error = look(fd, path, is_text, ret_file);
        close(fd);
}

static enum resolver_copy judge_copy(const struct resolver_file *host, const struct resolver_file *copy) {
        if (host->error == -ENOENT)
                return RESOLVER_COPY_SAME;
        if (host->error < 0 || (copy->error < 0 && copy->error != -ENOENT))
                return RESOLVER_COPY_UNKNOWN;
        if (copy->error == -ENOENT)
                return RESOLVER_COPY_MISSING;
        if (host->hash == copy->hash)
                return RESOLVER_COPY_SAME;
        return copy->written_seconds > host->changed_seconds ? RESOLVER_COPY_OWN : RESOLVER_COPY_DRIFTED;
}

bool resolver_copy_is_stale(enum resolver_copy copy) {
        return copy == RESOLVER_COPY_DRIFTED || copy == RESOLVER_COPY_MISSING;
}

enum resolver_copy resolver_files_compare(const char *root, const char *spool, enum resolver_file_id id) {
        const struct resolver_file_row *row = &resolver_file_rows[id];
        struct resolver_file host, copy;
        char path[2 * PATH_MAX];

        snprintf(path, sizeof(path), "%s/etc/%s", root, row->name);
        resolver_file_look(path, row->is_text, &host);
        snprintf(path, sizeof(path), "%s/etc/%s", spool, row->name);
        resolver_file_look(path, row->is_text, &copy);
        return judge_copy(&host, &copy);
}

/* The first address behind the keyword of a line; false: it has another keyword. */
static bool name_server_of(const char *line, size_t size, char ret_word[static WORD_MAX]) {
        static const char keyword[] = "nameserver";
        size_t length = sizeof(keyword) - 1, n = 0;

        ret_word[0] = '\0';
        if (size <= length || memcmp(line, keyword, length) != 0 || !is_blank(line[length]))
                return false;
        while (length < size && is_blank(line[length]))
                length++;
        while (length < size && !is_blank(line[length]) && n + 1 < WORD_MAX)
                ret_word[n++] = line[length++];
        ret_word[n] = '\0';
        return true;
}

/* For people: a word of a file that may hold anything. */
static void make_printable(char *word) {
        for (; *word; word++)
                if (*word < ' ' || *word > '~')
                        *word = '?';
}

/* What a server is, resolv_conf.c says; here are only the words for a file that has none. */
bool resolver_conf_is_usable(const char *text, size_t size, char ret_why[static RESOLVER_WHY_MAX]) {
        struct resolv_conf conf;
        char word[WORD_MAX];
        unsigned number = 0;

        resolv_conf_parse(text, size, &conf);
        if (conf.n_listed > 0)
                return true;
        snprintf(ret_why, RESOLVER_WHY_MAX, size == 0 ? "it is empty" : "it names no name server");
        while (size > 0) {
                const char *newline = memchr(text, '\n', size);
                size_t whole = newline ? (size_t)(newline - text) : size;

                number++;
                if (name_server_of(text, whole, word)) {
                        make_printable(word);
                        snprintf(ret_why, RESOLVER_WHY_MAX, "line %u: \"nameserver %.60s\" is no address",
                                number, word);
                }
                whole += newline ? 1 : 0;
                text += whole;
                size -= whole;
        }
        return false;
}
