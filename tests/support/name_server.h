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
        NAME_SERVER_HEARS_TCP, /* and nothing else */
        NAME_SERVER_REFUSES,
        NAME_SERVER_FAILS,
        NAME_SERVER_TRUNCATES,       /* over UDP; all of it over TCP */
        NAME_SERVER_TRUNCATES_TWICE, /* over TCP as well */
        NAME_SERVER_LIES_OVER_TCP,   /* announces more than it sends, and hangs up */
        NAME_SERVER_HANGS_OVER_TCP,  /* truncates; takes the connection and says nothing */
        NAME_SERVER_TALKS_OVER_TCP,  /* truncates; says 60,000 bytes of nothing behind its answer */
        NAME_SERVER_SPELLS_OVER_TCP, /* truncates; one byte of the answer at each turn of its timer */
        NAME_SERVER_WRONG_ID,
        NAME_SERVER_WRONG_QUESTION,
        NAME_SERVER_ECHOES,        /* sends the question back */
        NAME_SERVER_OTHER_PORT,    /* sends its answer from another port */
        NAME_SERVER_OTHER_ADDRESS, /* from 127.0.0.1, and its port */
        NAME_SERVER_SENDS_TWICE,
        NAME_SERVER_IS_LATE,     /* by late_usec, over UDP */
        NAME_SERVER_LOOPS,       /* a name that points to itself */
        NAME_SERVER_LIES_COUNT,  /* more records than there are */
        NAME_SERVER_LIES_LENGTH, /* a record longer than the message */
        NAME_SERVER_STOPS_SHORT, /* cut in the middle */
        NAME_SERVER_SENDS_NOISE,
        NAME_SERVER_1000_RECORDS, /* over TCP, each 10.0.x.y */
};

#define NAME_SERVER_LATE_USEC UINT64_C(100000)
#define NAME_SERVER_LATE_MAX 16

/* An answer that waits for its time. */
struct name_server_late {
        struct name_server *server;
        struct sg_timer *timer;
        uint8_t answer[512];
        size_t size; /* 0: a free place */
        struct sockaddr_storage peer;
};

struct name_server {
        struct sensor_bench *bench;
        const char *address;
        int udp, tcp, connection;
        struct sg_watch *udp_watch, *tcp_watch, *connection_watch;
        struct name_server_late late[NAME_SERVER_LATE_MAX];
        uint64_t late_usec;
        struct sg_timer *speller; /* of NAME_SERVER_SPELLS_OVER_TCP, by late_usec */
        uint8_t spelled[512];
        size_t spelled_size, spelled_to;
        const struct name_record *records; /* ended by one without a name */
        enum name_server_manner manner;
        unsigned asked, asked_by_stream; /* questions that came; of these, over TCP */
        unsigned deaf_to;                /* so many of the next questions are lost */
        const char *silent_for;          /* NULL, or a name about which nothing is said; "": the root */
        int denies_type;                 /* 0, or: NXDOMAIN to each question of this type */
};

void name_server_init(struct name_server *server, struct sensor_bench *bench, const char *address,
        const struct name_record *records);
/* Its port is closed then; once more does nothing. */
void name_server_deinit(struct name_server *server);

#endif
