/* SPDX-License-Identifier: MIT */
/*
 * queue_outside - what main.cf says of the way out that others have to know
 *
 * Runs in the watcher, as part of the sensor `queue`: main.cf is read with the routes, and what it says is published
 * with all else.  The plugins dns and relay look at next hops as Postfix would, and some of its settings decide what it
 * sees there: it never sends to the IPv6 addresses of a host when inet_protocols leaves those out; as a backup MX behind
 * another address (proxy_interfaces) it takes that for its own and passes it over; it may be let in only from the
 * address that it sends from, or by the name that it says; and what the name servers say is not its business when it
 * leaves addresses to the C library.
 *
 * Owns the words it published last, in the spool.  Fails never: what is not said has Postfix's default.
 * Limits: QUEUE_OUTSIDE_MAX words, and no names among the addresses; settings of main.cf only, not those of one service
 * in master.cf, and as they are in the file, while Postfix has them since its last start.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "postfix/main_cf.h"
#include "postfix/queue_spool.h"

#define BETWEEN ", \t"
/* Of a name, or of an address in brackets. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:"

static bool sends_six(const char *main_cf) {
        char value[MAIN_CF_VALUE_MAX], *rest = NULL;
        bool is_named = false, is_any = false;

        main_cf_expanded(main_cf, "inet_protocols", "all", value, sizeof(value));
        for (char *word = strtok_r(value, BETWEEN, &rest); word; word = strtok_r(NULL, BETWEEN, &rest)) {
                is_any = true;
                is_named |= strcmp(word, "all") == 0 || strcmp(word, "ipv6") == 0;
        }
        /* What does not fit, or is nothing, says nothing. */
        return is_named || !is_any;
}

static bool has_word(const char *main_cf, const char *setting, const char *fallback, const char *wanted) {
        char value[MAIN_CF_VALUE_MAX], *rest = NULL;

        main_cf_expanded(main_cf, setting, fallback, value, sizeof(value));
        for (char *word = strtok_r(value, BETWEEN, &rest); word; word = strtok_r(NULL, BETWEEN, &rest))
                if (strcasecmp(word, wanted) == 0)
                        return true;
        return false;
}

/* With both, the DNS comes first, and the rest is for names that it does not know. */
static bool is_native(const char *main_cf) {
        char level[MAIN_CF_VALUE_MAX];

        main_cf_expanded(main_cf, "smtp_dns_support_level", "", level, sizeof(level));
        return strcasecmp(level, "disabled") == 0 ||
                (!level[0] && has_word(main_cf, "disable_dns_lookups", "no", "yes")) ||
                (has_word(main_cf, "smtp_host_lookup", "dns", "native") &&
                        !has_word(main_cf, "smtp_host_lookup", "dns", "dns"));
}

/* "192.0.2.1", "[2001:db8::1]" */
static bool parse_address(char *word, struct net_address *ret_address) {
        if (word[0] == '[') {
                word++;
                word[strcspn(word, "]")] = '\0';
        }
        return net_address_parse(word, ret_address);
}

static void add(struct queue_outside *outside, const char *reading, const char *label, const char *text) {
        struct queue_outside_word *word = &outside->words[outside->n];

        if (outside->n == QUEUE_OUTSIDE_MAX || strlen(text) >= sizeof(word->text))
                return;
        *word = (struct queue_outside_word){.reading = reading, .label = label};
        snprintf(word->text, sizeof(word->text), "%s", text);
        outside->n++;
}

static void add_address(
        struct queue_outside *outside, const char *reading, const struct net_address *address) {
        char text[NET_ADDRESS_TEXT];

        net_address_print(address, text);
        add(outside, reading, "address", text);
}

/* As it stands there: what Postfix makes of a host without a domain is its own affair, and rarely liked. */
static void read_helo_name(struct queue_outside *outside, const char *main_cf) {
        static const char *const same[] = {"", "$myhostname", "${myhostname}", "$(myhostname)"};
        char value[MAIN_CF_VALUE_MAX];
        bool is_same = false;

        (void)main_cf_value(main_cf, "smtp_helo_name", value, sizeof(value));
        for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
                is_same |= strcmp(value, same[i]) == 0;
        main_cf_expanded(main_cf, is_same ? "myhostname" : "smtp_helo_name", "", value, sizeof(value));
        if (value[0] && strspn(value, NAME_CHARACTERS) == strlen(value))
                add(outside, "postfix_helo_name", "name", value);
}

/* When Postfix is one of several on this host, by its addresses, it sends from its own: the only one of a family. */
static bool read_own_address(const char *main_cf, int family, struct net_address *ret_address) {
        char value[MAIN_CF_VALUE_MAX], *rest = NULL;
        struct net_address address;
        size_t n = 0;

        main_cf_expanded(main_cf, "inet_interfaces", "all", value, sizeof(value));
        for (char *word = strtok_r(value, BETWEEN, &rest); word; word = strtok_r(NULL, BETWEEN, &rest)) {
                if (!parse_address(word, &address))
                        return false;
                if (address.family != family)
                        continue;
                *ret_address = address;
                n++;
        }
        return n == 1 && !net_address_is_loopback(ret_address);
}

static void read_bind_address(
        struct queue_outside *outside, const char *main_cf, const char *setting, int family) {
        char value[MAIN_CF_VALUE_MAX];
        struct net_address address;
        bool is_found;

        main_cf_expanded(main_cf, setting, "", value, sizeof(value));
        if (value[0])
                is_found = parse_address(value, &address) && address.family == family;
        else
                is_found = read_own_address(main_cf, family, &address);
        if (is_found)
                add_address(outside, "postfix_bind_address", &address);
}

void queue_outside_read(struct queue_outside *outside, const char *main_cf) {
        char value[MAIN_CF_VALUE_MAX], *rest = NULL;
        struct net_address address;

        outside->is_known = true;
        outside->sends_six = sends_six(main_cf);
        outside->is_native = is_native(main_cf);
        memset(outside->words, 0, sizeof(outside->words));
        outside->n = 0;
        read_helo_name(outside, main_cf);
        read_bind_address(outside, main_cf, "smtp_bind_address", AF_INET);
        read_bind_address(outside, main_cf, "smtp_bind_address6", AF_INET6);
        main_cf_expanded(main_cf, "proxy_interfaces", "", value, sizeof(value));
        for (char *word = strtok_r(value, BETWEEN, &rest); word; word = strtok_r(NULL, BETWEEN, &rest))
                if (parse_address(word, &address))
                        add_address(outside, "postfix_proxy_address", &address);
}

static void show(const struct queue_spool *spool, const struct queue_outside_word *word, bool is_there) {
        const struct sg_label labels[] = {{"instance", spool->instance}, {word->label, word->text}};

        if (is_there)
                spool->host->publish(spool->host, word->reading, labels, 2, 1);
        else
                spool->host->withdraw(spool->host, word->reading, labels, 2);
}

void queue_outside_publish(struct queue_spool *spool) {
        const struct sg_label label = {"instance", spool->instance};
        struct queue_outside *outside = &spool->outside;

        if (!outside->is_known)
                return;
        spool->host->publish(spool->host, "postfix_sends_ipv6", &label, 1, outside->sends_six);
        spool->host->publish(spool->host, "postfix_native_lookup", &label, 1, outside->is_native);
        if (outside->n_shown == outside->n &&
                memcmp(outside->shown, outside->words, sizeof(outside->shown)) == 0)
                return;
        for (size_t i = 0; i < outside->n_shown; i++)
                show(spool, &outside->shown[i], false);
        for (size_t i = 0; i < outside->n; i++)
                show(spool, &outside->words[i], true);
        memcpy(outside->shown, outside->words, sizeof(outside->shown));
        outside->n_shown = outside->n;
}
