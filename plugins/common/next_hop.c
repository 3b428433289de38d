/* SPDX-License-Identifier: MIT */
/*
 * next_hop - understand a next hop as Postfix's smtp client does
 *
 * Used in the watcher by the plugins dns and relay.  Pure functions.  The text comes from queue files and defer
 * logs, that is, from whoever sent the mail: whatever is not a host name, an address and a port in one of the
 * documented forms is refused and never reaches the network.
 *
 * Fails by false.  Limits: ports by number and the four service names that mail is sent to; no internationalised names
 * in their own script.
 */
#include "common/next_hop.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORT_WRAPPED 465

static const struct {
        const char *name;
        uint16_t port;
} services[] = {
        {"smtp", NEXT_HOP_PORT_SMTP},
        {"submission", 587},
        {"submissions", PORT_WRAPPED},
        {"smtps", PORT_WRAPPED},
};

static bool parse_port(const char *text, uint16_t *ret_port) {
        char *end;
        unsigned long number;

        for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
                if (strcmp(text, services[i].name) == 0) {
                        *ret_port = services[i].port;
                        return true;
                }
        if (text[0] < '0' || text[0] > '9')
                return false;
        number = strtoul(text, &end, 10);
        if (*end || number < 1 || number > 65535)
                return false;
        *ret_port = (uint16_t)number;
        return true;
}

static bool parse_host(const char *text, size_t size, bool bracketed, struct next_hop *hop) {
        static const char six[] = "ipv6:";

        if (size == 0 || size >= sizeof(hop->host))
                return false;
        memcpy(hop->host, text, size);
        hop->host[size] = '\0';
        hop->mx = !bracketed;
        if (bracketed) {
                size_t skip = strncasecmp(hop->host, six, sizeof(six) - 1) == 0 ? sizeof(six) - 1 : 0;

                hop->literal = net_address_parse(hop->host + skip, &hop->address);
                if (hop->literal) {
                        hop->host[0] = '\0';
                        return hop->address.scope[0] == '\0';
                }
        }
        if (hop->host[size - 1] == '.')
                hop->host[size - 1] = '\0';
        return dns_message_name_valid(hop->host);
}

bool next_hop_parse(const char *text, struct next_hop *ret_hop) {
        struct next_hop hop = {.port = NEXT_HOP_PORT_SMTP};
        bool bracketed = text[0] == '[';
        const char *host = bracketed ? text + 1 : text;
        size_t size = strcspn(host, bracketed ? "]" : ":");
        const char *rest = host + size;

        if (bracketed && *rest++ != ']')
                return false;
        if (*rest && (*rest != ':' || !parse_port(rest + 1, &hop.port)))
                return false;
        if (!parse_host(host, size, bracketed, &hop))
                return false;
        *ret_hop = hop;
        return true;
}

size_t next_hop_parse_list(const char *text, struct next_hop ret_hops[static NEXT_HOPS_MAX]) {
        char one[DNS_NAME_MAX + 32];
        size_t n = 0;

        for (const char *at = text;; at++) {
                size_t size = strcspn(at, ",");

                if (n == NEXT_HOPS_MAX || size >= sizeof(one))
                        return 0;
                memcpy(one, at, size);
                one[size] = '\0';
                if (!next_hop_parse(one, &ret_hops[n++]))
                        return 0;
                at += size;
                if (*at == '\0')
                        return n;
        }
}

bool next_hop_is_wrapped(const struct next_hop *hop) {
        return hop->port == PORT_WRAPPED;
}
