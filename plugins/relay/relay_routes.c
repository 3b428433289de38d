/* SPDX-License-Identifier: MIT */
/*
 * relay_routes - the kernel's routes, and which link a packet takes
 *
 * Used in the watcher by relay_links.c.  Parsers of /proc/net/route and /proc/net/ipv6_route, and the choice among
 * what they found: the longest prefix, then the smallest metric, then the first.  The texts come from the kernel and
 * are not hostile, but lines may be odd, and are passed over.
 *
 * Owns the rows until relay_routes_deinit().  Fails: -ENOMEM.
 * Limits: RELAY_ROUTES_MAX routes, on a host with more nothing is told; the main table only, so that a host with rules
 * of its own may send a packet elsewhere.
 */
#include "relay/relay_routes.h"

#include <errno.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LINE_BYTES 256

void relay_routes_deinit(struct relay_routes *routes) {
        free(routes->rows);
        *routes = (struct relay_routes){0};
}

static int add(struct relay_routes *routes, const struct relay_route *route) {
        struct relay_route *rows;

        if (routes->n == RELAY_ROUTES_MAX) {
                routes->is_cut = true;
                return 0;
        }
        if (routes->n == routes->room) {
                rows = reallocarray(routes->rows, routes->room + 32, sizeof(*rows));
                if (!rows)
                        return -ENOMEM;
                routes->rows = rows;
                routes->room += 32;
        }
        routes->rows[routes->n++] = *route;
        return 0;
}

/* A mask as the kernel prints it: the bytes of the network in a number of this machine. */
static bool count_bits(uint32_t mask, unsigned *ret_bits) {
        uint8_t bytes[4];
        uint32_t number;

        memcpy(bytes, &mask, sizeof(bytes));
        number = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
        *ret_bits = (unsigned)__builtin_popcount(number);
        return number == 0 || number == UINT32_MAX << (32 - *ret_bits);
}

static bool parse_four(const char *line, struct relay_route *ret_route) {
        struct relay_route route = {.family = AF_INET};
        unsigned to, mask, flags;

        if (sscanf(line, "%15s %8x %*x %x %*d %*u %u %8x", route.link, &to, &flags, &route.metric, &mask) !=
                        5 ||
                !(flags & (RTF_UP | RTF_REJECT)) || !count_bits(mask, &route.bits))
                return false;
        memcpy(route.to, &to, sizeof(to));
        route.is_reject = flags & RTF_REJECT;
        *ret_route = route;
        return true;
}

static bool parse_bytes(const char *hex, uint8_t ret_bytes[static 16]) {
        for (int i = 0; i < 16; i++) {
                unsigned byte;

                if (sscanf(hex + (ptrdiff_t)2 * i, "%2x", &byte) != 1)
                        return false;
                ret_bytes[i] = (uint8_t)byte;
        }
        return true;
}

static bool parse_six(const char *line, struct relay_route *ret_route) {
        struct relay_route route = {.family = AF_INET6};
        char to[33];
        unsigned from_bits, flags;

        if (sscanf(line, "%32s %2x %*32s %2x %*32s %8x %*x %*x %8x %15s", to, &route.bits, &from_bits,
                    &route.metric, &flags, route.link) != 6 ||
                strlen(to) != 32 || !parse_bytes(to, route.to) || route.bits > 128)
                return false;
        route.is_reject = flags & RTF_REJECT;
        /* An address of this host is reached whatever its link does. */
        if (flags & RTF_LOCAL)
                memcpy(route.link, "lo", sizeof("lo"));
        *ret_route = route;
        /* One that holds for some of our own addresses only is not followed. */
        return flags & (RTF_UP | RTF_REJECT) && from_bits == 0;
}

static int add_lines(struct relay_routes *routes, const char *text, size_t size,
        bool (*parse)(const char *line, struct relay_route *ret_route)) {
        for (size_t at = 0; at < size;) {
                const char *end = memchr(text + at, '\n', size - at);
                size_t length = end ? (size_t)(end - text) - at : size - at;
                struct relay_route route;
                char line[LINE_BYTES];
                int r;

                if (length < sizeof(line)) {
                        memcpy(line, text + at, length);
                        line[length] = '\0';
                        r = parse(line, &route) ? add(routes, &route) : 0;
                        if (r < 0)
                                return r;
                }
                at += length + 1;
        }
        return 0;
}

int relay_routes_add_four(struct relay_routes *routes, const char *text, size_t size) {
        return add_lines(routes, text, size, parse_four);
}

int relay_routes_add_six(struct relay_routes *routes, const char *text, size_t size) {
        return add_lines(routes, text, size, parse_six);
}

static bool covers(const struct relay_route *route, const uint8_t bytes[static 16]) {
        unsigned whole = route->bits / 8, rest = route->bits % 8;

        return memcmp(route->to, bytes, whole) == 0 &&
                (rest == 0 || (route->to[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static const struct relay_route *find(
        const struct relay_routes *routes, int family, const uint8_t bytes[static 16], unsigned most_bits) {
        const struct relay_route *best = NULL;

        if (routes->is_cut)
                return NULL;
        for (size_t i = 0; i < routes->n; i++) {
                const struct relay_route *route = &routes->rows[i];

                if (route->family == family && route->bits <= most_bits && covers(route, bytes) &&
                        (!best || route->bits > best->bits ||
                                (route->bits == best->bits && route->metric < best->metric)))
                        best = route;
        }
        return best && !best->is_reject ? best : NULL;
}

const struct relay_route *relay_routes_find(
        const struct relay_routes *routes, const struct net_address *address) {
        return find(routes, address->family, address->bytes, 128);
}

const struct relay_route *relay_routes_find_default(const struct relay_routes *routes, int family) {
        static const uint8_t nowhere[16];

        return find(routes, family, nowhere, 0);
}
