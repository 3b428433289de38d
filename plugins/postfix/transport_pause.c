/* SPDX-License-Identifier: MIT */
/*
 * transport_pause - whether defer_transports keeps mail for other hosts waiting
 *
 * Runs in a child of the executor.  Pure functions over the texts of main.cf and master.cf.  Somebody who names a
 * transport in defer_transports wants its mail to wait, and postqueue -i goes past that wish.  By which transport a
 * message would leave is known to Postfix alone, so every one that speaks SMTP or LMTP counts; a pipe to another
 * program (uucp, mailman) does not, since no next hop that could be dead is behind it.
 *
 * Owns nothing and cannot fail: a transport of which it is not known what it runs counts as one that is meant.
 * Limits: names longer than TRANSPORT_NAME_MAX are cut in what is said; a transport of a wrapped smtp client (a script
 * in its place) is not known as one.
 */
#include "postfix/transport_pause.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "postfix/master_cf.h"

struct search {
        const char *name;
        bool is_known, speaks_to_hosts; /* a service of that name; one that is a client of SMTP or LMTP */
};

static void look_at_service(const struct master_cf_service *service, void *data) {
        struct search *search = data;

        if (strcmp(service->name, search->name) != 0 || strcmp(service->type, "unix") != 0)
                return;
        search->is_known = true;
        search->speaks_to_hosts |= !service->program || strcmp(service->program, "smtp") == 0 ||
                strcmp(service->program, "lmtp") == 0;
}

bool transport_pause_find(
        const char *defer_transports, const char *master_cf, char ret_name[static TRANSPORT_NAME_MAX]) {
        static const char separators[] = ", \t\r\n";
        struct search search;

        for (const char *at = defer_transports; *(at += strspn(at, separators));) {
                size_t length = strcspn(at, separators);

                snprintf(ret_name, TRANSPORT_NAME_MAX, "%.*s", (int)length, at);
                at += length;
                search = (struct search){.name = ret_name};
                if (master_cf)
                        master_cf_each(master_cf, look_at_service, &search);
                if (!search.is_known || search.speaks_to_hosts)
                        return true;
        }
        return false;
}
