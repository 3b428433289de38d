/* SPDX-License-Identifier: MIT */
/* next_hop_list - the next hops that a reading names, those with the most messages first */
#ifndef COMMON_NEXT_HOP_LIST_H
#define COMMON_NEXT_HOP_LIST_H

#include <spoolguard/host.h>

#define NEXT_HOP_TEXT 256

struct next_hop_count {
        char text[NEXT_HOP_TEXT];
        double messages; /* of all instances together */
        bool unknown;    /* missing in some instance: the true number may be larger */
};

struct next_hop_list {
        struct next_hop_count *rows;
        size_t n;
};

/* Of any length; next_hop_list_deinit() frees it.  -ENOMEM: what fitted is in the list. */
int next_hop_list_init(struct next_hop_list *list, const struct sg_host *host, const char *reading);
void next_hop_list_deinit(struct next_hop_list *list);
const struct next_hop_count *next_hop_list_find(const struct next_hop_list *list, const char *text);

#endif
