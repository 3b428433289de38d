/* SPDX-License-Identifier: MIT */
/*
 * queue_routes - what main.cf and the transport table say, read again when they are others
 *
 * Runs in the watcher, as part of the sensor `queue`.  The files are looked at when there is something to publish, and
 * read when one of them was replaced or written.  Without a main.cf Postfix's defaults hold.  Of a file that is there
 * and cannot be read, what was known before holds; if that is nothing, next hops are not known: mail is counted at
 * "*" and never acted on, because a guess may be a host that does not answer for reasons of its own, and for ever.
 *
 * Owns nothing but what it puts into the spool.  Fails by keeping the routes it had.
 * Limits: main.cf up to 256 KiB, the transport table up to 4 MiB; what is longer is not known behind that.  A confined
 * watcher can read /etc/postfix/main.cf and /etc/postfix/transport and no others, so next hops of further instances,
 * and with a table elsewhere, are not known.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix/main_cf.h"
#include "postfix/queue_spool.h"

#define MAIN_CF_MAX (256u << 10)
#define TRANSPORT_MAX (4u << 20)

/* Changes with the file; 0: there is none that can be read. */
static uint64_t stamp_of(const char *path) {
        struct stat status;

        if (stat(path, &status) < 0)
                return 0;
        return ((uint64_t)status.st_ino * 31 + (uint64_t)status.st_size) * UINT64_C(1000000007) +
                (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
}

/* Its text (malloc), cut at `max`; NULL when it cannot be read. */
static char *read_text(const char *path, size_t max) {
        char *text = NULL, *grown;
        size_t used = 0, size = 0;
        ssize_t n = -1;
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        while (fd >= 0 && used < max) {
                if (used + 1 >= size) {
                        size = size ? 2 * size : 4096;
                        grown = realloc(text, size);
                        if (!grown)
                                break;
                        text = grown;
                }
                n = read(fd, text + used, size - used - 1);
                if (n <= 0)
                        break;
                used += (size_t)n;
        }
        if (fd >= 0)
                close(fd);
        if (text && (n == 0 || used >= max)) {
                text[used] = '\0';
                return text;
        }
        free(text);
        return NULL;
}

/* Depth of the hash directories of defer/, which is not watched. */
static unsigned defer_depth(const char *main_cf) {
        char value[MAIN_CF_VALUE_MAX], *rest = NULL;
        bool is_hashed = false;
        long depth;

        main_cf_expanded(main_cf, "hash_queue_names", "deferred, defer", value, sizeof(value));
        for (char *word = strtok_r(value, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest))
                is_hashed |= strcmp(word, "defer") == 0;
        main_cf_expanded(main_cf, "hash_queue_depth", "1", value, sizeof(value));
        depth = strtol(value, NULL, 10);
        if (!is_hashed || depth < 0)
                return 0;
        return depth > QUEUE_HASH_DEPTH_MAX ? QUEUE_HASH_DEPTH_MAX : (unsigned)depth;
}

/* The files as they are now. */
static uint64_t stamp_all(const struct queue_spool *spool) {
        char path[PATH_MAX + 16];

        snprintf(path, sizeof(path), "%s/main.cf", spool->config);
        return stamp_of(path) * 3 + (spool->transport[0] ? stamp_of(spool->transport) : 0) + 1;
}

static bool cannot_read(struct queue_spool *spool, const char *path) {
        bool is_known = spool->routes_stamp != 0;

        if (!spool->said_routes)
                spool->host->log(spool->host, SG_LEVEL_WARNING, "%s cannot be read: %s", path,
                        is_known ? "next hops are as they were before"
                                 : "next hops are not known, so no mail is acted on");
        spool->said_routes = true;
        if (!is_known) {
                spool->hops_unknown = true;
                spool->defer_depth = defer_depth("");
        }
        return false;
}

bool queue_routes_refresh(struct queue_spool *spool) {
        char path[PATH_MAX + 16], table[PATH_MAX], table_path[sizeof(spool->transport)] = "";
        char *main_cf, *transport = NULL;
        struct nexthop_routes routes;
        int r;

        if (spool->routes_stamp == stamp_all(spool))
                return false;
        snprintf(path, sizeof(path), "%s/main.cf", spool->config);
        main_cf = read_text(path, MAIN_CF_MAX);
        if (!main_cf && stamp_of(path) != 0)
                return cannot_read(spool, path);
        nexthop_transport_file(main_cf ? main_cf : "", table, sizeof(table));
        if (table[0]) {
                snprintf(table_path, sizeof(table_path), "%s%s", spool->host->root, table);
                transport = read_text(table_path, TRANSPORT_MAX);
        }
        if (table[0] && !transport) {
                free(main_cf);
                return cannot_read(spool, table_path);
        }
        r = nexthop_routes_init(&routes, main_cf, transport);
        if (r >= 0) {
                nexthop_routes_deinit(&spool->routes);
                spool->routes = routes;
                spool->hops_unknown = spool->said_routes = false;
                memcpy(spool->transport, table_path, sizeof(table_path));
                spool->defer_depth = defer_depth(main_cf ? main_cf : "");
                spool->routes_stamp = stamp_all(spool);
        }
        free(main_cf);
        free(transport);
        return r >= 0;
}
