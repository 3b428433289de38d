/* SPDX-License-Identifier: MIT */
/*
 * nexthop - where Postfix sends mail for a domain, from main.cf, master.cf and the transport table
 *
 * Runs in the watcher, as part of the sensor `queue`.  Postfix does not write the next hop of a deferred message
 * anywhere, so it is worked out as trivial-rewrite would: the transport table first (the domain, then .parent
 * for each parent, then *), else nowhere for local domains, else what relay_transport or default_transport name as
 * theirs, else relayhost, else the domain itself.  Then it depends on the transport (transports.c): whether that is a
 * host at all, and who is tried when that one does not take the mail.
 *
 * Owns the routes it was given to read.  Fails only for want of memory.
 * Limits: of several transport tables only the first is looked at, and of that only the text file (hash:, lmdb:,
 * texthash: and their like), and no row for a single user.  Where the sender decides, too, or relayhost names more
 * than NEXTHOP_MAX holds, next hops are not known: a guess would be the domain itself, which a relay behind such tables
 * can often not reach at all, so it would be called dead for ever, and its mail kept back, whatever becomes of the true
 * one.  The next hop of a content filter is told as it stands there, also when it is a word for a program.
 */
#include "postfix/nexthop.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"

#define ROWS_MAX 65536u
#define BETWEEN ", \t\r"

struct nexthop_row {
        const char *key, *result;
};

/* Transports that deliver on this machine, or not at all. */
static const char *const staying[] = {"local", "virtual", "error", "retry", "discard"};

static void lower(char *text) {
        for (; *text; text++)
                *text = (char)tolower((unsigned char)*text);
}

/* Postfix has commas or blanks between several. */
static void copy(char ret[static NEXTHOP_MAX], const char *text) {
        size_t used = 0;

        for (text += strspn(text, BETWEEN); *text; text += strspn(text, BETWEEN)) {
                size_t length = strcspn(text, BETWEEN);

                /* Longer than host names can be: none. */
                if (used + 1 + length >= NEXTHOP_MAX) {
                        used = 0;
                        break;
                }
                if (used > 0)
                        ret[used++] = ',';
                memcpy(ret + used, text, length);
                used += length;
                text += length;
        }
        ret[used] = '\0';
        lower(ret);
}

/* Whoever sent the mail chose it: with a comma it is no list of hosts, but none. */
static void copy_domain(char ret[static NEXTHOP_MAX], const char *domain) {
        copy(ret, strpbrk(domain, BETWEEN) ? "" : domain);
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
static int add_names(char **names, char *list) {
        char *rest = NULL, *grown;
        size_t used = 0;

        for (const char *name = *names; name && *name; name += strlen(name) + 1)
                used += strlen(name) + 1;

        for (char *word = strtok_r(list, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest)) {
                size_t length = strlen(word) + 1;

                if (strpbrk(word, ":/!"))
                        continue;
                grown = realloc(*names, used + length + 1);
                if (!grown)
                        return -ENOMEM;
                *names = grown;
                memcpy(grown + used, word, length);
                lower(grown + used);
                used += length;
                grown[used] = '\0';
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
        size_t length = strlen(result);

        line[key] = '\0';
        lower(line);
        while (length > 0 && strchr(" \t\r", result[length - 1]))
                result[--length] = '\0';
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

/* "transport" or "transport:nexthop". */
static bool stays(const char *result) {
        size_t length = strcspn(result, ":");

        for (size_t i = 0; i < sizeof(staying) / sizeof(staying[0]); i++)
                if (strlen(staying[i]) == length && strncmp(staying[i], result, length) == 0)
                        return true;
        return false;
}

static const struct transport *transport_of(const struct transports *transports, const char *result) {
        return transports_find(transports, result, strcspn(result, ":"));
}

/* NULL, or the setting whose next hop cannot be told: it is too long, or nothing without postconf. */
static const char *read_way(const struct transports *transports, const char *main_cf, const char *transport,
        const char *usual, struct nexthop_way *ret_way) {
        char value[MAIN_CF_VALUE_MAX];
        const char *setting = transport, *hop;

        main_cf_expanded(main_cf, transport, usual, value, sizeof(value));
        ret_way->transport = *transport_of(transports, value);
        ret_way->stays = stays(value);
        hop = value + strcspn(value, ":");
        if (hop[0] == ':' && hop[1] != '\0') {
                hop++;
        } else {
                setting = "relayhost";
                main_cf_expanded(main_cf, setting, "", value, sizeof(value));
                hop = value;
        }
        copy(ret_way->hop, hop);
        return ret_way->stays || ret_way->hop[0] || !main_cf_says(main_cf, setting) ? NULL : setting;
}

static const char *read_ways(struct nexthop_routes *routes, const char *main_cf) {
        const struct transports *transports = &routes->transports;
        const char *other = read_way(transports, main_cf, "default_transport", "smtp", &routes->other);
        const char *relay = read_way(transports, main_cf, "relay_transport", "relay", &routes->relay);

        return other ? other : relay;
}

static bool are_alike(const struct nexthop_way *one, const struct nexthop_way *other) {
        return one->stays == other->stays && one->transport.kind == other->transport.kind &&
                strcmp(one->hop, other->hop) == 0 &&
                strcmp(one->transport.fallback, other->transport.fallback) == 0;
}

const char *nexthop_unknowable(const char *main_cf, const char *master_cf) {
        static const char *const by_sender[] = {
                "sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps"};
        struct nexthop_routes routes = {.local = NULL};
        char value[MAIN_CF_VALUE_MAX];
        const char *lost;
        bool is_one_way;

        for (size_t i = 0; i < sizeof(by_sender) / sizeof(by_sender[0]); i++)
                if (main_cf_says(main_cf, by_sender[i]))
                        return by_sender[i];
        if (transports_init(&routes.transports, main_cf, master_cf) < 0)
                return "master.cf";
        lost = read_ways(&routes, main_cf);
        is_one_way = are_alike(&routes.relay, &routes.other);
        transports_deinit(&routes.transports);
        if (lost)
                return lost;
        if (is_one_way)
                return NULL;
        main_cf_expanded(main_cf, "relay_domains", "", value, sizeof(value));
        /* In a table or a file they cannot be told from all others. */
        if (strpbrk(value, ":/!") || (value[0] == '\0' && main_cf_says(main_cf, "relay_domains")))
                return "relay_domains";
        return NULL;
}

int nexthop_routes_init(
        struct nexthop_routes *routes, const char *main_cf, const char *master_cf, const char *transport) {
        static const struct {
                const char *name, *usual;
        } locals[] = {{"mydestination", "$myhostname, localhost.$mydomain, localhost"},
                {"virtual_mailbox_domains", ""}};
        char value[MAIN_CF_VALUE_MAX];
        int r;

        *routes = (struct nexthop_routes){.local = NULL};
        main_cf = main_cf ? main_cf : "";
        r = transports_init(&routes->transports, main_cf, master_cf);
        (void)read_ways(routes, main_cf);
        for (size_t i = 0; i < sizeof(locals) / sizeof(locals[0]) && r >= 0; i++) {
                main_cf_expanded(main_cf, locals[i].name, locals[i].usual, value, sizeof(value));
                r = add_names(&routes->local, value);
        }
        main_cf_expanded(main_cf, "relay_domains", "", value, sizeof(value));
        if (r >= 0)
                r = add_names(&routes->relayed, value);
        if (r >= 0 && transport)
                r = read_transport(routes, transport);
        if (r < 0)
                nexthop_routes_deinit(routes);
        return r;
}

void nexthop_routes_deinit(struct nexthop_routes *routes) {
        transports_deinit(&routes->transports);
        free(routes->local);
        free(routes->relayed);
        free(routes->rows);
        free(routes->text);
        *routes = (struct nexthop_routes){.local = NULL};
}

static bool is_named(const char *names, const char *domain) {
        for (const char *name = names; name && *name; name += strlen(name) + 1)
                if (strcmp(name, domain) == 0)
                        return true;
        return false;
}

static bool is_relayed(const struct nexthop_routes *routes, const char *domain) {
        for (; domain; domain = strchr(domain, '.')) {
                domain += *domain == '.';
                if (is_named(routes->relayed, domain))
                        return true;
        }
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

        if (stays(result))
                ret_hop[0] = '\0';
        else if (colon && colon[1] != '\0')
                copy(ret_hop, colon + 1);
        else
                copy_domain(ret_hop, domain);
}

/* A host is asked for its addresses only, which is what brackets say.  What does not fit is none. */
static void add_lmtp(char hop[static NEXTHOP_MAX], const char *one, const char *port) {
        static const char inet[] = "inet:";
        size_t used = strlen(hop), room = NEXTHOP_MAX - used, length;
        const char *comma = used > 0 ? "," : "";
        int n;

        if (strncmp(one, inet, sizeof(inet) - 1) == 0)
                one += sizeof(inet) - 1;
        length = strcspn(one, *one == '[' ? "]" : ":");
        length += one[length] == ']';
        if (one[length])
                port = one + length + 1;
        if (strncmp(one, "unix:", 5) == 0)
                n = snprintf(hop + used, room, "%s%s", comma, one);
        else
                n = snprintf(hop + used, room, *one == '[' ? "%s%.*s:%s" : "%s[%.*s]:%s", comma, (int)length,
                        one, port);
        if (n < 0 || (size_t)n >= room)
                hop[0] = '\0';
}

static void make_lmtp(char hop[static NEXTHOP_MAX], const char *port) {
        char all[NEXTHOP_MAX], *rest = NULL;

        memcpy(all, hop, sizeof(all));
        hop[0] = '\0';
        for (char *one = strtok_r(all, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
                add_lmtp(hop, one, port);
                if (hop[0] == '\0')
                        return;
        }
}

/* What the transport makes of it. */
static void hand_over(const struct transport *transport, char hop[static NEXTHOP_MAX]) {
        char all[NEXTHOP_MAX + TRANSPORTS_HOPS_MAX];

        if (transport->kind == TRANSPORT_OTHER || transport->kind == TRANSPORT_ODD)
                hop[0] = '\0';
        if (hop[0] && transport->fallback[0]) {
                snprintf(all, sizeof(all), "%s %s", hop, transport->fallback);
                copy(hop, all);
        }
        if (transport->kind == TRANSPORT_LMTP)
                make_lmtp(hop, transport->port);
}

static const struct nexthop_way *way_of(const struct nexthop_routes *routes, const char *domain) {
        return is_relayed(routes, domain) ? &routes->relay : &routes->other;
}

/* Without a word of the table. */
static void nexthop_of_class(
        const struct nexthop_routes *routes, const char *domain, char ret_hop[static NEXTHOP_MAX]) {
        const struct nexthop_way *way = way_of(routes, domain);

        if (*domain == '\0' || is_named(routes->local, domain) || way->stays)
                ret_hop[0] = '\0';
        else if (way->hop[0])
                copy(ret_hop, way->hop);
        else
                copy_domain(ret_hop, domain);
}

void nexthop_of(const struct nexthop_routes *routes, const char *domain, char ret_hop[static NEXTHOP_MAX]) {
        const char *result = *domain ? find_transport(routes, domain) : NULL;
        const struct transport *transport = &way_of(routes, domain)->transport;

        /* ":" is the row that takes a domain out of what a wider row says. */
        if (result && strcmp(result, ":") != 0)
                nexthop_of_transport(result, domain, ret_hop);
        else
                nexthop_of_class(routes, domain, ret_hop);
        if (result && *result != ':')
                transport = transport_of(&routes->transports, result);
        hand_over(transport, ret_hop);
}
