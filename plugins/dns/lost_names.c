/* SPDX-License-Identifier: MIT */
/*
 * lost_names - tell name servers that are cut off from the rest of the world from domains that are broken
 *
 * Used in the watcher by dns_answers.c.  Pure functions.  A name server that asks others (unbound, BIND and most that
 * run on a relay itself) goes on to answer for the root from its memory when it cannot reach them, and fails for
 * everything else: by itself it looks well, and no mail that needs a lookup leaves.  Among the mail that waits there
 * are always names that no server can tell about, so those prove nothing.  Names prove something that the same name
 * servers had a word on before: when they have none for any of them, from one time to the next, it is not the domains.
 *
 * Owns nothing and cannot fail.  Limits: it takes LEAST names, so a relay whose mail all goes to one host by name is
 * not helped; nor one where no mail was seen for a while before, since only the next hops that the plugin postfix shows
 * are looked up.  What was known before the watcher was started is not known here.
 */
#include "dns/lost_names.h"

#include <stdio.h>

#define LEAST 3
#define NAME_BYTES 60

void lost_names_note(struct lost_names *names, const char *name, bool is_lost) {
        names->known++;
        if (!is_lost)
                return;
        if (names->lost < LOST_NAMES_TOLD)
                names->names[names->lost] = name;
        names->lost++;
}

bool lost_names_ratio(const struct lost_names *names, double *ret_ratio) {
        if (names->known < LEAST)
                return false;
        *ret_ratio = (double)names->lost / (double)names->known;
        return true;
}

static size_t add(char *text, size_t used, const char *before, const char *what) {
        int n = snprintf(text + used, SG_SENTENCE_MAX + 1 - used, "%s%.*s", before, NAME_BYTES, what);

        used += n > 0 ? (size_t)n : 0;
        return used < SG_SENTENCE_MAX ? used : SG_SENTENCE_MAX;
}

void lost_names_sentence(const struct lost_names *names, const struct resolv_conf *conf,
        char ret_text[static SG_SENTENCE_MAX + 1]) {
        bool are_several = conf->n_servers > 1;
        char figure[64];
        size_t used = 0;

        used = add(ret_text, used, are_several ? "the name servers " : "the name server ", "");
        for (size_t i = 0; i < conf->n_servers; i++) {
                char address[NET_ADDRESS_TEXT];

                net_address_print(&conf->servers[i], address);
                used = add(ret_text, used, i ? ", " : "", address);
        }
        snprintf(figure, sizeof(figure), "%zu of %zu next hops", names->lost, names->known);
        used = add(ret_text, used, are_several ? " tell nothing of " : " tells nothing of ", figure);
        used = add(ret_text, used, are_several ? " that they" : " that it", " told of before (");
        for (size_t i = 0; i < names->lost && i < LOST_NAMES_TOLD; i++)
                used = add(ret_text, used, i ? ", " : "", names->names[i]);
        snprintf(figure, sizeof(figure), " and %zu more", names->lost - LOST_NAMES_TOLD);
        used = add(ret_text, used, names->lost > LOST_NAMES_TOLD ? figure : "", "): what ");
        (void)add(ret_text, used, are_several ? "they ask" : "it asks", " in turn may be out of reach");
}
