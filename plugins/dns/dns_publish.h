/* SPDX-License-Identifier: MIT */
/* dns_publish - the readings about the name servers of this host, with their sentences */
#ifndef DNS_DNS_PUBLISH_H
#define DNS_DNS_PUBLISH_H

#include <spoolguard/sensor.h>

#include "common/resolv_conf.h"
#include "dns/dns_server.h"

#define DNS_LISTED_MAX (RESOLV_CONF_SERVERS_MAX + RESOLV_CONF_SERVERS_MAX)

struct dns_listed {
        struct dns_server *server;
        bool is_behind; /* not in resolv.conf: systemd-resolved's stub, which is, passes questions on to it */
        bool was_down;  /* as was said last */
        int64_t down_since; /* wall clock, seconds; 0: it is not down */
};

extern const struct sg_reading dns_publish_readings[];

/* The place of an address in the list; `n`: it is not there. */
size_t dns_listed_find(const struct dns_listed *listed, size_t n, const struct net_address *address);
/* What mail needs of the name servers. */
struct dns_need {
        size_t n_names; /* what suspects are asked for */
        bool is_needed; /* some mail waits whose next hop is a name, or may be one */
};

/* All that is known now. */
void dns_publish(const struct sg_host *host, const struct resolv_conf *conf, struct dns_listed *listed,
        size_t n, const struct dns_need *need);
/* What is said of a server that is not there any more. */
void dns_publish_withdraw(const struct sg_host *host, const char *label);

#endif
