/* SPDX-License-Identifier: MIT */
/* smtp_server - something that listens where a mail server should, on the loop of a sensor_bench */
#ifndef SUPPORT_SMTP_SERVER_H
#define SUPPORT_SMTP_SERVER_H

#include "support/sensor_bench.h"

enum smtp_server_manner {
        SMTP_SERVER_SPEAKS,
        SMTP_SERVER_IS_OLD,  /* knows HELO only */
        SMTP_SERVER_IS_LMTP, /* knows LHLO only */
        SMTP_SERVER_IS_LONG, /* greets with a page of a thousand lines */
        SMTP_SERVER_IS_SLOW, /* greets after greeting_usec */
        SMTP_SERVER_SAYS_NOTHING,
        SMTP_SERVER_HANGS_UP,
        SMTP_SERVER_IS_BUSY,       /* 421 */
        SMTP_SERVER_WANTS_NO_MAIL, /* 554 */
        SMTP_SERVER_REFUSES_NAME,  /* 220, then 550 to all */
        SMTP_SERVER_IS_FULL,       /* 421 to EHLO, and the end of the connection */
        SMTP_SERVER_STOPS_AFTER_GREETING,
        SMTP_SERVER_SENDS_ONE_LINE, /* of ten megabytes */
        SMTP_SERVER_SENDS_LINES,    /* "220-" for ever */
        SMTP_SERVER_SENDS_NULS,
        SMTP_SERVER_IS_A_WEB_SERVER,
        SMTP_SERVER_DRIPS, /* a byte each turn, never a newline */
};

#define SMTP_SERVER_CONNECTIONS_MAX 8

struct smtp_server;

struct smtp_connection {
        struct smtp_server *server;
        int fd; /* -1: none */
        struct sg_watch *in, *out;
        struct sg_timer *timer;
        uint64_t sent;
};

struct smtp_server {
        struct sensor_bench *bench;
        int fd;
        struct sg_watch *watch;
        enum smtp_server_manner manner;
        uint64_t greeting_usec;
        struct smtp_connection connections[SMTP_SERVER_CONNECTIONS_MAX];
        unsigned accepted, now, most; /* connections: in all, at present, at most at once */
        unsigned quits;
        uint64_t sent;   /* bytes of those that never end */
        char heard[512]; /* the last thing that was said to it */
        char peer[64];   /* the address that the last one came from */
};

void smtp_server_init(
        struct smtp_server *server, struct sensor_bench *bench, const char *address, uint16_t port);
void smtp_server_deinit(struct smtp_server *server);

#endif
