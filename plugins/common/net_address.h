/* SPDX-License-Identifier: MIT */
/* net_address - an IPv4 or IPv6 address as plain data */
#ifndef COMMON_NET_ADDRESS_H
#define COMMON_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define NET_ADDRESS_SCOPE 16 /* IF_NAMESIZE */
#define NET_ADDRESS_TEXT 64

struct net_address {
        int family; /* AF_INET or AF_INET6 */
        uint8_t bytes[16];
        char scope[NET_ADDRESS_SCOPE]; /* "" or the interface, by name or number, of a link-local address */
};

/* "192.0.2.1", "2001:db8::1", "fe80::1%eth0" and nothing around it. */
bool net_address_parse(const char *text, struct net_address *ret_address);
void net_address_print(const struct net_address *address, char ret_text[static NET_ADDRESS_TEXT]);
/* An order of all addresses: below, equal to or above 0. */
int net_address_compare(const struct net_address *a, const struct net_address *b);
/* Of this host, 127.0.0.0/8 or ::1: no link is needed to get there. */
bool net_address_is_loopback(const struct net_address *address);
/* Where its bytes come from, without a scope; false: it is no socket of IPv4 or IPv6. */
bool net_address_of_socket(int fd, struct net_address *ret_address);
/* Of this host as it is now, by the kernel's word; what cannot be told is not. */
bool net_address_is_here(const struct net_address *address);
/*
 * A non-blocking socket of that type (SOCK_STREAM, SOCK_DGRAM) whose connect() has begun, or a negative errno
 * value.  `from`: the address it comes from, if this host has it and it is of that family; NULL: the kernel's choice.
 * So is the source port.
 */
int net_address_connect(
        const struct net_address *to, uint16_t port, int type, const struct net_address *from);

#endif
