/* SPDX-License-Identifier: MIT */
/*
 * queue_routes - what main.cf, master.cf and the transport table say, read again when they are others
 *
 * Runs in the watcher, as part of the sensor `queue`.  The files are looked at when there is something to publish, and
 * read when one of them was replaced or written.  Without a main.cf Postfix's defaults hold.  Of a file that is there
 * and cannot be read, what was known before holds; if that is nothing, next hops are not known: mail is counted at
 * "*" and never acted on, because a guess may be a host that does not answer for reasons of its own, and for ever.
 *
 * Owns nothing but what it puts into the spool.  Fails by keeping the routes it had.
 * Limits: main.cf and master.cf up to 256 KiB, the transport table up to 4 MiB; what is longer is not known behind that.
 * Queue lifetimes are those of main.cf, which Postfix has only since its last reload.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "postfix/main_cf.h"
#include "postfix/master_cf.h"
#include "postfix/queue_spool.h"
#include "postfix/text_file.h"

#define TRANSPORT_MAX (4u << 20)

/* Changes with the file; 0: there is none that can be read. */
static uint64_t stamp_of(const char *path) {
        struct stat status;

        if (stat(path, &status) < 0)
                return 0;
        return ((uint64_t)status.st_ino * 31 + (uint64_t)status.st_size) * UINT64_C(1000000007) +
                (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
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
        uint64_t stamp;

        snprintf(path, sizeof(path), "%s/master.cf", spool->config);
        stamp = stamp_of(path) * 7;
        snprintf(path, sizeof(path), "%s/main.cf", spool->config);
        return stamp + stamp_of(path) * 3 + (spool->transport[0] ? stamp_of(spool->transport) : 0) + 1;
}

/* `main_cf` is that as far as it is known. */
static bool cannot_read(struct queue_spool *spool, const char *path, int error, const char *main_cf) {
        bool is_known = spool->routes_stamp != 0;
        char why[160];

        snprintf(why, sizeof(why), "%.80s cannot be read (%s): %s", path, strerror(-error),
                is_known ? "next hops are as they were" : "next hops are unknown, no mail is acted on");
        if (!spool->said_routes) {
                spool->host->log(spool->host, SG_LEVEL_WARNING, "%s", why);
                queue_spool_trouble(spool, "next hops", why);
        }
        spool->said_routes = true;
        if (!is_known) {
                spool->hops_unknown = true;
                spool->defer_depth = defer_depth(main_cf);
        }
        return false;
}

/* By what main.cf says they cannot be known, whatever they were before; true: they were known. */
static bool cannot_know(struct queue_spool *spool, const char *setting, const char *main_cf) {
        bool is_news = !spool->hops_unknown;
        char why[160];

        snprintf(why, sizeof(why),
                "%s cannot be followed from here: next hops are unknown, no mail is acted on", setting);
        spool->host->log(spool->host, SG_LEVEL_WARNING, "%s", why);
        queue_spool_trouble(spool, "next hops", why);
        spool->said_routes = spool->hops_unknown = true;
        spool->defer_depth = defer_depth(main_cf);
        spool->transport[0] = '\0';
        spool->routes_stamp = stamp_all(spool);
        return is_news;
}

/* How long Postfix keeps a message before it is given up; not known when main.cf says nonsense. */
static void read_lifetimes(struct queue_spool *spool, const char *main_cf) {
        uint64_t lifetime, bounce_lifetime;

        spool->lifetimes_known = main_cf_lifetimes(main_cf, &lifetime, &bounce_lifetime);
        if (!spool->lifetimes_known)
                return;
        spool->lifetime_seconds = (uint32_t)lifetime;
        spool->bounce_lifetime_seconds = (uint32_t)bounce_lifetime;
}

/* The transport table (malloc), or NULL when there is none; false: there is one that cannot be read. */
static bool read_table(struct queue_spool *spool, const char *main_cf, const char *table,
        char ret_path[static QUEUE_TABLE_PATH_MAX], char **ret_text) {
        int r = 0;

        ret_path[0] = '\0';
        *ret_text = NULL;
        if (table[0] == '\0')
                return true;
        snprintf(ret_path, QUEUE_TABLE_PATH_MAX, "%s%s", spool->host->root, table);
        r = text_file_read(ret_path, TRANSPORT_MAX, false, ret_text);
        return r < 0 ? cannot_read(spool, ret_path, r, main_cf) : true;
}

static bool use(struct queue_spool *spool, const char *main_cf, const char *master_cf) {
        char path[QUEUE_TABLE_PATH_MAX], value[MAIN_CF_VALUE_MAX], named[PATH_MAX], *table;
        const char *setting = nexthop_unknowable(main_cf, master_cf);
        struct nexthop_routes routes;
        int r;

        queue_outside_read(&spool->outside, main_cf);
        spool->has_filter =
                main_cf_expanded(main_cf, "content_filter", "", value, sizeof(value)) && value[0] != '\0';
        if (setting || !nexthop_transport_file(main_cf, named, sizeof(named)))
                return cannot_know(spool, setting ? setting : "transport_maps", main_cf);
        if (!read_table(spool, main_cf, named, path, &table))
                return false;
        r = nexthop_routes_init(&routes, main_cf, master_cf, table);
        free(table);
        if (r < 0)
                return false;
        nexthop_routes_deinit(&spool->routes);
        spool->routes = routes;
        spool->hops_unknown = spool->said_routes = false;
        queue_spool_trouble(spool, "next hops", NULL);
        memcpy(spool->transport, path, sizeof(path));
        spool->defer_depth = defer_depth(main_cf);
        spool->routes_stamp = stamp_all(spool);
        return true;
}

/* A file of the configuration directory (malloc), NULL when there is none; false: there is one that cannot be read. */
static bool read_config(
        struct queue_spool *spool, const char *name, size_t max, const char *main_cf, char **ret_text) {
        char path[PATH_MAX + 16];
        int r;

        *ret_text = NULL;
        snprintf(path, sizeof(path), "%s/%s", spool->config, name);
        r = text_file_read(path, max, false, ret_text);
        return r < 0 && r != -ENOENT ? cannot_read(spool, path, r, main_cf) : true;
}

bool queue_routes_refresh(struct queue_spool *spool) {
        char *main_cf = NULL, *master_cf = NULL;
        bool are_others = false;

        if (spool->routes_stamp == stamp_all(spool))
                return false;
        spool->lifetimes_known = false;
        if (read_config(spool, "main.cf", MAIN_CF_MAX, "", &main_cf)) {
                const char *known = main_cf ? main_cf : "";

                read_lifetimes(spool, known);
                if (read_config(spool, "master.cf", MASTER_CF_MAX, known, &master_cf))
                        are_others = use(spool, known, master_cf);
        }
        free(main_cf);
        free(master_cf);
        return are_others;
}
