/* SPDX-License-Identifier: MIT */
/* dns_wait - how long a lookup of the C library takes with the name servers as they are */
#ifndef DNS_DNS_WAIT_H
#define DNS_DNS_WAIT_H

#include "common/resolv_conf.h"

enum dns_wait_manner {
        DNS_WAIT_UNKNOWN,
        DNS_WAIT_ANSWERS,
        DNS_WAIT_PASSES, /* the next server is asked at once: a refusal, an error, a closed port, no way there */
        DNS_WAIT_SILENT,
};

struct dns_wait_server {
        enum dns_wait_manner manner;
        double seconds; /* that an answer takes */
};

struct dns_wait {
        bool known;    /* false: some server that matters is not known yet */
        bool answered; /* with `rotate`: wherever it begins */
        double seconds;
};

/* `servers`: one for each of conf->servers. */
struct dns_wait dns_wait(const struct resolv_conf *conf, const struct dns_wait_server *servers);

#endif
