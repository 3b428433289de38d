/* SPDX-License-Identifier: MIT */
/* name_server - a name server on a loopback address, honest or not, on the loop of a sensor_bench */
#ifndef SUPPORT_NAME_SERVER_H
#define SUPPORT_NAME_SERVER_H

#include <sys/socket.h>

#include "support/sensor_bench.h"

struct name_record {
        const char *name;
        int type; /* ns_t_a, ns_t_aaaa, ns_t_mx, ns_t_cname */
        const char *value;
        unsigned preference;
};

enum name_server_manner {
        NAME_SERVER_ANSWERS, /* NXDOMAIN for a name without any record */
        NAME_SERVER_IS_SILENT,
        NAME_SERVER_REFUSES,
        NAME_SERVER_FAILS,
        NAME_SERVER_TRUNCATES,       /* over UDP; all of it over TCP */
        NAME_SERVER_TRUNCATES_TWICE, /* over TCP as well */
        NAME_SERVER_LIES_OVER_TCP,   /* announces more than it sends, and hangs up */
        NAME_SERVER_WRONG_ID,
        NAME_SERVER_WRONG_QUESTION,
        NAME_SERVER_ECHOES, /* sends the question back */
        NAME_SERVER_SENDS_TWICE,
        NAME_SERVER_IS_LATE,     /* by NAME_SERVER_LATE_USEC, over UDP */
        NAME_SERVER_LOOPS,       /* a name that points to itself */
        NAME_SERVER_LIES_COUNT,  /* more records than there are */
        NAME_SERVER_LIES_LENGTH, /* a record longer than the message */
        NAME_SERVER_STOPS_SHORT, /* cut in the middle */
        NAME_SERVER_SENDS_NOISE,
        NAME_SERVER_1000_RECORDS, /* over TCP, each 10.0.x.y */
};

#define NAME_SERVER_LATE_USEC UINT64_C(100000)

struct name_server {
        struct sensor_bench *bench;
        int udp, tcp, connection;
        struct sg_watch *udp_watch, *tcp_watch, *connection_watch;
        struct sg_timer *late; /* armed when an answer waits for its time */
        uint8_t late_answer[512];
        size_t late_size;
        struct sockaddr_storage late_peer;
        const struct name_record *records; /* ended by one without a name */
        enum name_server_manner manner;
        unsigned asked;         /* questions that came */
        unsigned deaf_to;       /* so many of the next questions are lost */
        const char *silent_for; /* NULL, or a name about which nothing is said */
};

void name_server_init(struct name_server *server, struct sensor_bench *bench, const char *address,
        const struct name_record *records);
void name_server_deinit(struct name_server *server);

#endif
