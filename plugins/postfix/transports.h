/* SPDX-License-Identifier: MIT */
/* transports - what the transports of master.cf make of a next hop */
#ifndef POSTFIX_TRANSPORTS_H
#define POSTFIX_TRANSPORTS_H

#include <stdbool.h>
#include <stddef.h>

#define TRANSPORTS_HOPS_MAX 256 /* with NUL */
#define TRANSPORTS_PORT_MAX 16

enum transport_kind {
        TRANSPORT_SMTP,
        TRANSPORT_LMTP,
        TRANSPORT_OTHER, /* hands mail to a program of this machine, or to nobody */
        TRANSPORT_ODD,   /* speaks to hosts of which it is not known who they are */
};

struct transport {
        char *name;
        enum transport_kind kind;
        char port[TRANSPORTS_PORT_MAX]; /* of LMTP where none is named */
        /* The next hops after all others, as they are written; "": none. */
        char fallback[TRANSPORTS_HOPS_MAX];
};

struct transports {
        struct transport usual[2]; /* of a transport that is not in master.cf: smtp, and one called lmtp */
        struct transport *rows;
        size_t n;
};

/* `main_cf` and `master_cf` are the texts of the files; NULL: there is none.  0 or -ENOMEM. */
int transports_init(struct transports *transports, const char *main_cf, const char *master_cf);
void transports_deinit(struct transports *transports);

/* By the first `length` bytes of `name`. */
const struct transport *transports_find(const struct transports *transports, const char *name, size_t length);

#endif
