/* SPDX-License-Identifier: MIT */
/* dns_words - what there is to say of a name server, with the figures */
#ifndef DNS_DNS_WORDS_H
#define DNS_DNS_WORDS_H

#include <spoolguard/host.h>

#include "dns/dns_health.h"
#include "dns/dns_wait.h"

struct dns_view {
        const char *label; /* its address */
        bool is_behind;    /* not in resolv.conf: the stub of systemd-resolved passes questions on to it */
        enum dns_health_state state;
        struct dns_row row;   /* down: of the last questions */
        int64_t since, now;   /* down: wall clock, seconds */
        unsigned code;        /* useless: of its errors */
        size_t names;         /* useless: that it was asked for in vain */
        double seconds;       /* up: for an answer */
        bool answers_streams; /* down: it does over TCP */
};

/* What the resolver waits with all servers as they are, and as if this one were well. */
struct dns_waits {
        struct dns_wait now, without;
};

#define DNS_WORDS_TIME 32
/* "14:03:12", or "Thu Dec 24 14:03" when that is more than a day ago; wall clock, seconds. */
void dns_words_time(int64_t then, int64_t now, char ret_text[static DNS_WORDS_TIME]);

#define DNS_WORDS (SG_SENTENCE_MAX + 1)

/* "name server 10.255.255.53 does not answer (0 of 20 since 14:03:12), 127.0.0.1 does; smtp waits 5 s per lookup" */
void dns_words_down(const struct dns_view *views, size_t n, size_t which, const struct dns_waits *waits,
        char ret_text[static DNS_WORDS]);
/* "name server 192.0.2.53 answers with nothing but errors (SERVFAIL, also for 4 names that mail needs), ..." */
void dns_words_useless(const struct dns_view *views, size_t n, size_t which, const struct dns_waits *waits,
        char ret_text[static DNS_WORDS]);
/* "name server 192.0.2.53 takes 2 s to answer, 127.0.0.1 takes 1 ms; smtp waits 2 s per lookup" */
void dns_words_slow(const struct dns_view *views, size_t n, size_t which, const struct dns_waits *waits,
        char ret_text[static DNS_WORDS]);
#endif
