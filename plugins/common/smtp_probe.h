/* SPDX-License-Identifier: MIT */
/* smtp_probe - does a server at this address speak SMTP */
#ifndef COMMON_SMTP_PROBE_H
#define COMMON_SMTP_PROBE_H

#include <spoolguard/host.h>

#include "common/net_address.h"

struct smtp_probe_limits {
        uint64_t connect_usec; /* until the connection is there */
        uint64_t reply_usec;   /* for each reply */
};

struct smtp_probe_result {
        bool speaks;
        bool connected;
        uint64_t connect_usec; /* how long that took */
        const char *why;       /* for people; NULL when it speaks */
};

struct smtp_probe;

/* Called once; it may free the probe. */
typedef void (*smtp_probe_fn)(const struct smtp_probe_result *result, void *data);

int smtp_probe_new(const struct sg_host *host, const struct net_address *address, uint16_t port,
        const struct smtp_probe_limits *limits, smtp_probe_fn fn, void *data, struct smtp_probe **ret_probe);
/* Closes the connection, if there is one; `fn` is not called any more.  NULL is fine; returns NULL. */
struct smtp_probe *smtp_probe_free(struct smtp_probe *probe);

#endif
