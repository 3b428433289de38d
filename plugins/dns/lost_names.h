/* SPDX-License-Identifier: MIT */
/* lost_names - next hops that the name servers could tell about before, and cannot any more */
#ifndef DNS_LOST_NAMES_H
#define DNS_LOST_NAMES_H

#include <stdbool.h>

#include <spoolguard/host.h>

#include "common/resolv_conf.h"

#define LOST_NAMES_TOLD 3

/* All zero at first. */
struct lost_names {
        size_t known, lost; /* names that they had a word on once; of these, they have none now */
        const char *names[LOST_NAMES_TOLD];
};

/* One that they had a word on once. */
void lost_names_note(struct lost_names *names, const char *name, bool is_lost);
/* False: too few to tell the trouble of a name server from that of a domain. */
bool lost_names_ratio(const struct lost_names *names, double *ret_ratio);
/* "the name server 127.0.0.1 tells nothing of 4 of 4 next hops that it told of before (a.test, ...): ..." */
void lost_names_sentence(const struct lost_names *names, const struct resolv_conf *conf,
        char ret_text[static SG_SENTENCE_MAX + 1]);

#endif
