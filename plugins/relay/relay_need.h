/* SPDX-License-Identifier: MIT */
/* relay_need - does the mail for a next hop call for a probe of it */
#ifndef RELAY_RELAY_NEED_H
#define RELAY_RELAY_NEED_H

#include <stdbool.h>
#include <stdint.h>

/* What the queues say about one next hop, of all instances together. */
struct relay_mail {
        double deferred, underway, dead;
        double late;      /* of those underway: longer than what meets no obstacle */
        double delivered; /* total */
        bool is_unknown;  /* some of these are missing */
};

enum relay_need_level { RELAY_NEED_NONE, RELAY_NEED_CALM, RELAY_NEED_URGENT };

/* One next hop, from look to look; all zero at first. */
struct relay_need {
        enum relay_need_level level;
        bool is_news;        /* it has become urgent at this look, or much worse */
        bool is_overtaken;   /* some of its mail is late, and other mail passes by */
        uint64_t moved_usec; /* when mail was last seen to go there; 0: never */

        uint64_t at_usec[2]; /* of the last look, and of the one before */
        double delivered[2];
        uint64_t slow_since_usec; /* 0: it is not */
        double dead;              /* at the last news */
};

void relay_need_look(
        struct relay_need *need, const struct relay_mail *mail, double min_messages, uint64_t now_usec);

#endif
