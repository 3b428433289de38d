/* SPDX-License-Identifier: MIT */
/* next_hop - a Postfix SMTP destination taken apart: "example.test", "[mail.example.test]:587", "[192.0.2.1]" */
#ifndef COMMON_NEXT_HOP_H
#define COMMON_NEXT_HOP_H

#include "common/dns_message.h"

#define NEXT_HOP_PORT_SMTP 25
#define NEXT_HOPS_MAX 4

struct next_hop {
        char host[DNS_NAME_MAX]; /* "" for an address */
        bool mx;                 /* its mail exchanges are to be asked for */
        bool literal;
        struct net_address address; /* only when literal */
        uint16_t port;
};

/* False: not a destination that can be reached over the network, or one that cannot be understood. */
bool next_hop_parse(const char *text, struct next_hop *ret_hop);
/*
 * The same of a list, "a,b", of which Postfix tries the second when the first cannot be reached.  How many there are; 0:
 * more than NEXT_HOPS_MAX, or not all of them can be reached over the network and understood.
 */
size_t next_hop_parse_list(const char *text, struct next_hop ret_hops[static NEXT_HOPS_MAX]);
/* The server waits for TLS before it says a word. */
bool next_hop_is_wrapped(const struct next_hop *hop);

#endif
