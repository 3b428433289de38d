/* SPDX-License-Identifier: MIT */
/*
 * queue_outside - what main.cf says of the way out that others have to know
 *
 * Runs in the watcher, as part of the sensor `queue`: main.cf is read with the routes, and what it says is published
 * with all else.  The plugins dns and relay look at next hops as Postfix would, and two of its settings decide what it
 * sees there: it never sends to the IPv6 addresses of a host when inet_protocols leaves those out, and as a backup MX
 * behind another address (proxy_interfaces) it takes that for its own and passes it over.
 *
 * Owns the addresses it published last, in the spool.  Fails never: what is not said has Postfix's default.
 * Limits: QUEUE_OUTSIDE_MAX addresses, and no names among them; settings of main.cf only, not those of one service in
 * master.cf, and as they are in the file, while Postfix has them since its last start.
 */
#include <stdio.h>
#include <string.h>

#include "postfix/main_cf.h"
#include "postfix/queue_spool.h"

#define BETWEEN ", \t"

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

/* "192.0.2.1", "[2001:db8::1]" */
static bool read_address(char *word, char ret_text[static NET_ADDRESS_TEXT]) {
        struct net_address address;

        if (word[0] == '[') {
                word++;
                word[strcspn(word, "]")] = '\0';
        }
        if (!net_address_parse(word, &address))
                return false;
        net_address_print(&address, ret_text);
        return true;
}

void queue_outside_read(struct queue_outside *outside, const char *main_cf) {
        char value[MAIN_CF_VALUE_MAX], *rest = NULL;

        outside->is_known = true;
        outside->sends_six = sends_six(main_cf);
        outside->n = 0;
        main_cf_expanded(main_cf, "proxy_interfaces", "", value, sizeof(value));
        for (char *word = strtok_r(value, BETWEEN, &rest); word && outside->n < QUEUE_OUTSIDE_MAX;
                word = strtok_r(NULL, BETWEEN, &rest))
                outside->n += read_address(word, outside->addresses[outside->n]);
}

void queue_outside_publish(struct queue_spool *spool) {
        const struct sg_host *host = spool->host;
        struct sg_label labels[] = {{"instance", spool->instance}, {"address", NULL}};
        struct queue_outside *outside = &spool->outside;

        if (!outside->is_known)
                return;
        host->publish(host, "postfix_sends_ipv6", labels, 1, outside->sends_six);
        if (outside->n_shown == outside->n &&
                memcmp(outside->shown, outside->addresses, sizeof(outside->shown)) == 0)
                return;
        for (size_t i = 0; i < outside->n_shown; i++) {
                labels[1].value = outside->shown[i];
                host->withdraw(host, "postfix_proxy_address", labels, 2);
        }
        for (size_t i = 0; i < outside->n; i++) {
                labels[1].value = outside->addresses[i];
                host->publish(host, "postfix_proxy_address", labels, 2, 1);
        }
        memcpy(outside->shown, outside->addresses, sizeof(outside->shown));
        outside->n_shown = outside->n;
}
