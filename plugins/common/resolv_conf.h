/* SPDX-License-Identifier: MIT */
/* resolv_conf - what /etc/resolv.conf says, as the C library would read it */
#ifndef COMMON_RESOLV_CONF_H
#define COMMON_RESOLV_CONF_H

#include <stddef.h>

#include "common/net_address.h"

#define RESOLV_CONF_SERVERS_MAX 3
#define RESOLV_CONF_BYTES_MAX 65536

struct resolv_conf {
        struct net_address servers[RESOLV_CONF_SERVERS_MAX];
        size_t n_servers; /* never 0 */
        size_t n_listed; /* as the file has them, those that are ignored too; 0: the one server is the default */
        unsigned timeout_seconds, attempts, ndots; /* attempts 0: the C library asks nobody at all */
        bool rotate, use_vc;
};

/* Any bytes will do; what makes no sense is passed over. */
void resolv_conf_parse(const char *text, size_t size, struct resolv_conf *ret_conf);

#endif
