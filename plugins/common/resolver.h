/* SPDX-License-Identifier: MIT */
/* resolver - the name servers of this host, kept up to date, and questions to them */
#ifndef COMMON_RESOLVER_H
#define COMMON_RESOLVER_H

#include <sys/stat.h>

#include "common/dns_query.h"
#include "common/resolv_conf.h"

/* What a sensor with a resolver has to declare as read: the file and where it usually is a link to. */
#define RESOLVER_READS \
        "/etc/resolv.conf", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager/resolv.conf"

struct resolver {
        const struct sg_host *host;
        const char *path;
        struct resolv_conf conf; /* n_servers is 0 as long as the file could not be read */
        struct stat seen;        /* the file as it was when it was last read or tried */
        size_t preferred;        /* the server that answered last */
        bool doubted;            /* the file lost all of its servers: half written, perhaps */
};

void resolver_init(struct resolver *resolver, const struct sg_host *host);
/* Another file of that kind, by a constant path below the host's root. */
void resolver_init_at(struct resolver *resolver, const struct sg_host *host, const char *path);
/* Read the file again if it changed.  True: the servers are others than before. */
bool resolver_refresh(struct resolver *resolver);
/* Ask all servers in turn, beginning with the one that answered last.  -ENOENT: there are none. */
int resolver_ask(const struct resolver *resolver, const char *name, int type, dns_query_fn fn, void *data,
        struct dns_query **ret_query);
/* What a reply teaches: whom to ask first. */
void resolver_learn(struct resolver *resolver, const struct dns_reply *reply);

#endif
