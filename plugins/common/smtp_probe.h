/* SPDX-License-Identifier: MIT */
/* smtp_probe - does a server at this address speak SMTP */
#ifndef COMMON_SMTP_PROBE_H
#define COMMON_SMTP_PROBE_H

#include <spoolguard/host.h>

#include "common/net_address.h"

/* Who is probed, and as what it sees us. */
struct smtp_probe_call {
        struct net_address to;
        uint16_t port;
        const char *name;               /* that is said to it; NULL: the one of this host */
        const struct net_address *from; /* NULL, or of another family: the kernel's choice */
};

struct smtp_probe_limits {
        uint64_t connect_usec; /* until the connection is there */
        uint64_t reply_usec;   /* for the greeting, and for the answer to our name */
};

enum smtp_probe_outcome {
        SMTP_PROBE_UNTOLD, /* trouble of this process: nothing was learned about the server */
        SMTP_PROBE_SPEAKS,
        SMTP_PROBE_REFUSES,     /* it speaks SMTP, and says 4xx or 5xx to the connection or to our name */
        SMTP_PROBE_TIMED_OUT,   /* no connection in time */
        SMTP_PROBE_REFUSED,     /* nothing listens there */
        SMTP_PROBE_UNREACHABLE, /* somebody on the way there says so */
        SMTP_PROBE_NO_ROUTE,    /* this host says so: nothing was sent */
        SMTP_PROBE_CLOSED,      /* it accepts connections and closes them without a whole reply */
        SMTP_PROBE_SILENT,      /* it accepts connections and gives no whole reply in time */
        SMTP_PROBE_NOT_SMTP,
        SMTP_PROBE_OUTCOMES,
};

struct smtp_probe_result {
        enum smtp_probe_outcome outcome;
        bool connected;
        bool greeted;          /* 220 was heard */
        uint64_t connect_usec; /* how long the connection took */
        const char *why;       /* what it does, to be put behind its address; NULL when it speaks */
};

struct smtp_probe;

/* Called once; it may free the probe. */
typedef void (*smtp_probe_fn)(const struct smtp_probe_result *result, void *data);

/* Everything in `call` is copied.  A name that is neither one nor an address in brackets is not said. */
int smtp_probe_new(const struct sg_host *host, const struct smtp_probe_call *call,
        const struct smtp_probe_limits *limits, smtp_probe_fn fn, void *data, struct smtp_probe **ret_probe);
/* Closes the connection, if there is one; `fn` is not called any more.  NULL is fine; returns NULL. */
struct smtp_probe *smtp_probe_free(struct smtp_probe *probe);

#endif
