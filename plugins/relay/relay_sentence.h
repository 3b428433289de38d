/* SPDX-License-Identifier: MIT */
/* relay_sentence - the evidence against a next hop, for people */
#ifndef RELAY_RELAY_SENTENCE_H
#define RELAY_RELAY_SENTENCE_H

#include <spoolguard/host.h>

#include "relay/relay_verdict.h"

struct relay_sentence_address {
        const char *address;
        enum relay_state state;
        const char *why; /* to be put behind the address */
};

struct relay_sentence {
        const char *nexthop;
        bool is_filter;
        bool is_cut;     /* it has more addresses than these */
        double messages; /* that wait for it; 0 when that is not known */
        const struct relay_sentence_address *addresses;
        size_t n;
};

/* "no address of mx.example speaks SMTP: 192.0.2.66 connection timed out; 120 messages wait for it" */
void relay_sentence_dead(const struct relay_sentence *sentence, char ret_text[static SG_SENTENCE_MAX + 1]);
/* "3 of 4 addresses of mx.example are dead: 192.0.2.66 connection timed out, ...; mail goes by 192.0.2.5" */
void relay_sentence_part(const struct relay_sentence *sentence, char ret_text[static SG_SENTENCE_MAX + 1]);

/* "mx.example refuses mail: 192.0.2.67 answers 421 to the connection; 120 messages wait for it"; of the first one. */
void relay_sentence_refusing(
        const struct relay_sentence *sentence, char ret_text[static SG_SENTENCE_MAX + 1]);

#endif
