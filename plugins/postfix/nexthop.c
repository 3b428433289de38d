/* SPDX-License-Identifier: MIT */
/*
 * nexthop - where Postfix sends mail for a domain, from main.cf and the transport table
 *
 * Runs in the watcher, as part of the sensor `queue`.  Postfix does not write the next hop of a deferred message
 * anywhere, so it is worked out as trivial-rewrite would: the transport table first (the domain, then .parent
 * for each parent, then *), else nowhere for local domains, else relayhost, else the domain itself.
 *
 * Owns the routes it was given to read.  Fails only for want of memory.
 * Limits: of several transport tables only the first is looked at, and of that only the text file (hash:, lmdb:,
 * texthash: and their like), and no row for a single user; relayhost and default_transport by sender are not looked
 * at.  A next hop that is wrong for that reason is never acted on by mistake: its probe decides, and so do the reasons
 * of its messages.
 */
#include "postfix/nexthop.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"

#define ROWS_MAX 65536u

struct nexthop_row {
        const char *key, *result;
};

/* Transports that deliver on this machine, or not at all. */
static const char *const staying[] = {"local", "virtual", "error", "retry", "discard"};

static void lower(char *text) {
        for (; *text; text++)
                *text = (char)tolower((unsigned char)*text);
}

static void copy(char ret[static NEXTHOP_MAX], const char *text) {
        size_t length = strlen(text);

        /* Longer than a host name can be: not one. */
        if (length >= NEXTHOP_MAX)
                length = 0;
        memcpy(ret, text, length);
        ret[length] = '\0';
        lower(ret);
}

bool nexthop_transport_file(const char *main_cf, char *ret_path, size_t size) {
        /* Made by postmap from the text of the same name, or that text itself. */
        static const char *const types[] = {
                "hash", "btree", "dbm", "sdbm", "cdb", "lmdb", "texthash", "proxy:hash", "proxy:lmdb"};
        char value[MAIN_CF_VALUE_MAX], *path;
        bool is_text = false;

        ret_path[0] = '\0';
        main_cf_expanded(main_cf, "transport_maps", "", value, sizeof(value));
        value[strcspn(value, ", \t")] = '\0';
        path = strstr(value, ":/");
        if (!path)
                return value[0] == '\0';
        *path++ = '\0';
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                is_text |= strcmp(value, types[i]) == 0;
        if (!is_text || strlen(path) >= size)
                return false;
        memcpy(ret_path, path, strlen(path) + 1);
        return true;
}

/* Lists of plain names; a table or a file ("hash:/..", "/..") names domains that cannot be known from here. */
static int add_local(struct nexthop_routes *routes, size_t *used, char *list) {
        char *rest = NULL, *grown;

        for (char *word = strtok_r(list, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest)) {
                size_t length = strlen(word) + 1;

                if (strpbrk(word, ":/!"))
                        continue;
                grown = realloc(routes->local, *used + length + 1);
                if (!grown)
                        return -ENOMEM;
                routes->local = grown;
                memcpy(grown + *used, word, length);
                lower(grown + *used);
                *used += length;
                grown[*used] = '\0';
        }
        return 0;
}

static int compare_rows(const void *a, const void *b) {
        return strcmp(((const struct nexthop_row *)a)->key, ((const struct nexthop_row *)b)->key);
}

/* One line of the table, cut in place; false: it is not a row. */
static bool parse_row(char *line, struct nexthop_row *ret_row) {
        size_t key = strcspn(line, " \t"), gap = strspn(line + key, " \t");
        char *result = line + key + gap;

        line[key] = '\0';
        lower(line);
        result[strcspn(result, " \t\r")] = '\0';
        *ret_row = (struct nexthop_row){line, result};
        return key > 0 && gap > 0 && strchr(result, ':') && !strchr(line, '@');
}

static int read_transport(struct nexthop_routes *routes, const char *transport) {
        char *rest = NULL;

        routes->text = strdup(transport);
        if (!routes->text)
                return -ENOMEM;
        for (char *line = strtok_r(routes->text, "\n", &rest); line && routes->n_rows < ROWS_MAX;
                line = strtok_r(NULL, "\n", &rest)) {
                struct nexthop_row row, *rows = routes->rows;

                if (*line == '#' || !parse_row(line, &row))
                        continue;
                if (routes->n_rows % 64 == 0) {
                        rows = realloc(rows, (routes->n_rows + 64) * sizeof(*rows));
                        if (!rows)
                                return -ENOMEM;
                        routes->rows = rows;
                }
                rows[routes->n_rows++] = row;
        }
        if (routes->n_rows > 0)
                qsort(routes->rows, routes->n_rows, sizeof(*routes->rows), compare_rows);
        return 0;
}

int nexthop_routes_init(struct nexthop_routes *routes, const char *main_cf, const char *transport) {
        char value[MAIN_CF_VALUE_MAX];
        size_t used = 0;
        int r;

        *routes = (struct nexthop_routes){.relayhost = ""};
        main_cf = main_cf ? main_cf : "";
        if (main_cf_expanded(main_cf, "relayhost", "", value, sizeof(value))) {
                value[strcspn(value, ", \t")] = '\0';
                copy(routes->relayhost, value);
        }
        main_cf_expanded(main_cf, "mydestination", "$myhostname, localhost.$mydomain, localhost", value,
                sizeof(value));
        r = add_local(routes, &used, value);
        main_cf_expanded(main_cf, "virtual_mailbox_domains", "", value, sizeof(value));
        if (r >= 0)
                r = add_local(routes, &used, value);
        if (r >= 0 && transport)
                r = read_transport(routes, transport);
        if (r < 0)
                nexthop_routes_deinit(routes);
        return r;
}

void nexthop_routes_deinit(struct nexthop_routes *routes) {
        free(routes->local);
        free(routes->rows);
        free(routes->text);
        *routes = (struct nexthop_routes){.relayhost = ""};
}

static bool is_local(const struct nexthop_routes *routes, const char *domain) {
        for (const char *local = routes->local; local && *local; local += strlen(local) + 1)
                if (strcmp(local, domain) == 0)
                        return true;
        return false;
}

static const char *find_row(const struct nexthop_routes *routes, const char *key) {
        const struct nexthop_row wanted = {.key = key}, *row = NULL;

        if (routes->n_rows > 0)
                row = bsearch(&wanted, routes->rows, routes->n_rows, sizeof(*routes->rows), compare_rows);
        return row ? row->result : NULL;
}

static const char *find_transport(const struct nexthop_routes *routes, const char *domain) {
        const char *result = find_row(routes, domain);

        for (const char *parent = strchr(domain, '.'); parent && !result; parent = strchr(parent + 1, '.'))
                result = find_row(routes, parent);
        return result ? result : find_row(routes, "*");
}

void nexthop_of_transport(const char *result, const char *domain, char ret_hop[static NEXTHOP_MAX]) {
        const char *colon = strchr(result, ':');
        size_t length = colon ? (size_t)(colon - result) : strlen(result);

        copy(ret_hop, colon && colon[1] != '\0' ? colon + 1 : domain);
        for (size_t i = 0; i < sizeof(staying) / sizeof(staying[0]); i++)
                if (strlen(staying[i]) == length && strncmp(staying[i], result, length) == 0)
                        ret_hop[0] = '\0';
}

void nexthop_of(const struct nexthop_routes *routes, const char *domain, char ret_hop[static NEXTHOP_MAX]) {
        const char *result = *domain ? find_transport(routes, domain) : NULL;

        /* ":" is the row that takes a domain out of what a wider row says. */
        if (result && strcmp(result, ":") != 0)
                nexthop_of_transport(result, domain, ret_hop);
        else if (*domain == '\0' || is_local(routes, domain))
                ret_hop[0] = '\0';
        else
                copy(ret_hop, routes->relayhost[0] ? routes->relayhost : domain);
}
