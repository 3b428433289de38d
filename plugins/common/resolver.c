/* SPDX-License-Identifier: MIT */
/*
 * resolver - /etc/resolv.conf as it is now
 *
 * Runs in the watcher, embedded in the sensors of the plugins dns and relay.  A stat() before use tells whether
 * the file changed, so a correction counts at once, unlike in Postfix's own processes, which keep what they read
 * when they started.
 *
 * Owns nothing that has to be freed.  Fails softly: a file that is not there means the name server of this host,
 * as in the C library; one that cannot be read (a new file put in the place of the old one is outside of what
 * Landlock let this process open) leaves the last servers in force and is logged once.
 * A file that has lost all its servers counts only when it is found so twice, since it may be half written.
 * Limits: the options `timeout`, `attempts` and `use-vc` are respected, `rotate` is not needed, since the server that
 * answered last is asked first.
 */
#include "common/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEC UINT64_C(1000000)

static bool same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
                a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Bytes read into a new buffer of RESOLV_CONF_BYTES_MAX, or a negative errno value. */
static ssize_t read_file(const char *path, char **ret_text) {
        struct stat status;
        ssize_t n = -1;
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), r;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
                close(fd);
                return -EINVAL;
        }
        *ret_text = malloc(RESOLV_CONF_BYTES_MAX);
        if (*ret_text)
                n = read(fd, *ret_text, RESOLV_CONF_BYTES_MAX);
        r = n < 0 ? -errno : 0;
        close(fd);
        if (r < 0) {
                free(*ret_text);
                return r;
        }
        return n;
}

static bool same_servers(const struct resolv_conf *a, const struct resolv_conf *b) {
        if (a->n_servers != b->n_servers)
                return false;
        for (size_t i = 0; i < a->n_servers; i++)
                if (net_address_compare(&a->servers[i], &b->servers[i]) != 0)
                        return false;
        return true;
}

/* As the C library has it: what is simply not there is the default, a dangling link too. */
static bool is_absent(ssize_t n) {
        return n == -ENOENT || n == -ENOTDIR || n == -ELOOP;
}

void resolver_init_at(struct resolver *resolver, const struct sg_host *host, const char *path) {
        /* No file has a negative size. */
        *resolver = (struct resolver){.host = host, .path = path, .seen = {.st_size = -1}};
}

void resolver_init(struct resolver *resolver, const struct sg_host *host) {
        resolver_init_at(resolver, host, "/etc/resolv.conf");
}

bool resolver_refresh(struct resolver *resolver) {
        struct stat status = {0};
        struct resolv_conf conf;
        char path[PATH_MAX], *text = NULL;
        ssize_t n;
        bool changed;

        snprintf(path, sizeof(path), "%s%s", resolver->host->root, resolver->path);
        if (stat(path, &status) < 0)
                status = (struct stat){0};
        if (same_file(&status, &resolver->seen))
                return false;
        resolver->seen = status;
        n = read_file(path, &text);
        if (n < 0 && !is_absent(n)) {
                resolver->host->log(resolver->host, SG_LEVEL_WARNING,
                        "%s cannot be read (%s): going on with the name servers it named before", path,
                        strerror((int)-n));
                return false;
        }
        resolv_conf_parse(text, n < 0 ? 0 : (size_t)n, &conf);
        free(text);
        /* Some write it in two steps; an empty one has to be found so twice. */
        if (conf.n_listed == 0 && resolver->conf.n_listed > 0 && !resolver->doubted) {
                resolver->doubted = true;
                resolver->seen.st_size = -1;
                return false;
        }
        resolver->doubted = false;
        changed = !same_servers(&conf, &resolver->conf);
        resolver->conf = conf;
        if (changed)
                resolver->preferred = 0;
        return changed;
}

int resolver_ask(const struct resolver *resolver, const char *name, int type, dns_query_fn fn, void *data,
        struct dns_query **ret_query) {
        const struct resolv_conf *conf = &resolver->conf;
        const struct dns_question question = {.name = name,
                .type = type,
                .servers = conf->servers,
                .n_servers = conf->n_servers,
                .first = resolver->preferred,
                .rounds = conf->attempts > 0 ? conf->attempts : 1,
                .timeout_usec = conf->timeout_seconds * SEC,
                .stream = conf->use_vc};

        if (conf->n_servers == 0)
                return -ENOENT;
        return dns_query_new(resolver->host, &question, fn, data, ret_query);
}

void resolver_learn(struct resolver *resolver, const struct dns_reply *reply) {
        if (reply->answer && dns_query_is_about_name(reply->answer) &&
                reply->server < resolver->conf.n_servers)
                resolver->preferred = reply->server;
}
