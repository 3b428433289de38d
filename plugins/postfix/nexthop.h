/* SPDX-License-Identifier: MIT */
/* nexthop - where Postfix sends mail for a domain, from main.cf and the transport table */
#ifndef POSTFIX_NEXTHOP_H
#define POSTFIX_NEXTHOP_H

#include <stdbool.h>
#include <stddef.h>

#include "postfix/transports.h"

#define NEXTHOP_MAX 256 /* with NUL */

struct nexthop_row;

/* Of a class of domains: where their mail goes when the transport table says nothing. */
struct nexthop_way {
        struct transport transport; /* its name belongs to the transports */
        char hop[NEXTHOP_MAX];      /* "": to the domain itself */
        bool stays;                 /* nowhere, or on this machine without a word of master.cf */
};

struct nexthop_routes {
        struct transports transports;
        struct nexthop_way relay, other; /* of relay_domains, and of all that are not local */
        /* Domains delivered on this machine, one after the other, each ended by NUL; "" ends them. */
        char *local;
        char *relayed;            /* the same of relay_domains, which are with all that is below them */
        struct nexthop_row *rows; /* the transport table, sorted */
        size_t n_rows;
        char *text; /* that the rows point into */
};

/*
 * The path of the text file behind the first table of `transport_maps`; "" when there is no table.  False: there is
 * one that is not made from a text file, so next hops cannot be known.
 */
bool nexthop_transport_file(const char *main_cf, char *ret_path, size_t size);

/*
 * The setting of main.cf that keeps next hops from being told by the domain; NULL: there is none.  `master_cf` as in
 * nexthop_routes_init().
 */
const char *nexthop_unknowable(const char *main_cf, const char *master_cf);

/* `main_cf`, `master_cf` and `transport` are the texts of the files; NULL: there is none.  0 or -ENOMEM. */
int nexthop_routes_init(
        struct nexthop_routes *routes, const char *main_cf, const char *master_cf, const char *transport);
void nexthop_routes_deinit(struct nexthop_routes *routes);

/*
 * The next hop as Postfix writes it, in lower case, several with nothing but a comma between them, a fallback relay as
 * the last of them; "": mail for `domain` does not leave this machine by SMTP, or it is not known to whom.
 */
void nexthop_of(const struct nexthop_routes *routes, const char *domain, char ret_hop[static NEXTHOP_MAX]);
/* The same for "transport:nexthop" as the content filter record of a message says it, whatever the transport is. */
void nexthop_of_transport(const char *result, const char *domain, char ret_hop[static NEXTHOP_MAX]);

#endif
