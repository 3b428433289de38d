/* SPDX-License-Identifier: MIT */
/* relay_verdict - what probes say about an address, and the addresses about their next hop */
#ifndef RELAY_RELAY_VERDICT_H
#define RELAY_RELAY_VERDICT_H

#include "common/smtp_probe.h"

enum relay_state {
        RELAY_UNKNOWN,
        RELAY_UP,
        RELAY_REFUSING,
        RELAY_DOWN,
        RELAY_UNROUTED, /* this host has no way to send anything there */
        RELAY_STATES,
};

/* What is known of one address; all zero at first. */
struct relay_seen {
        enum relay_state state;
        bool doubted;                /* it failed, but not for long enough to be called down */
        bool has_greeted;            /* once */
        bool is_slow;                /* it was silent for longer than others are given */
        uint64_t failing_since_usec; /* 0: it does not */
};

struct relay_manner {
        bool is_filter;
        uint16_t port;
};

/* How long it is waited for. */
struct smtp_probe_limits relay_verdict_limits(
        const struct relay_seen *seen, const struct smtp_probe_limits *usual);
/* One probe of it that began then and ended now; a reply is late after `usual`. */
void relay_verdict_note(struct relay_seen *seen, const struct relay_manner *manner,
        const struct smtp_probe_limits *usual, const struct smtp_probe_result *result, uint64_t began_usec,
        uint64_t now_usec);
/* Its state is not known any more; its manner is. */
void relay_verdict_forget(struct relay_seen *seen);
/* When one that is doubted has to be tried once more. */
uint64_t relay_verdict_again_usec(const struct relay_seen *seen);

/* All addresses of a next hop. */
struct relay_tally {
        size_t n[RELAY_STATES], doubted;
        bool is_incomplete; /* there may be more addresses */
        bool is_cut;        /* there are more that mail may go to */
        bool is_elsewhere;  /* mail may go to others */
        bool is_round_over; /* each of them was tried, as far as that was possible */
        bool is_delivered;  /* mail went there while all of them failed */
        const char *link;   /* a link that is down on the way there, or NULL */
};

enum relay_word { RELAY_KEEP, RELAY_SAY, RELAY_MISS };

/* The share that takes mail is known (RELAY_SAY), or is missing, or there is nothing new. */
enum relay_word relay_verdict_ratio(const struct relay_tally *tally, double *ret_ratio, const char **ret_why);

#endif
