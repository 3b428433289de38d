/* SPDX-License-Identifier: MIT */
/*
 * master_cf - the services that master.cf names, and what it says about those that ask name servers
 *
 * Runs in the watcher and in children of the executor.  Pure functions over the text of the file: a service is a
 * line of eight columns, continued by lines that begin with a blank; of these the chroot is the fifth, and the
 * program the last but its arguments.  A lookup in the chroot goes by the files that were copied there.
 *
 * Owns nothing and cannot fail: a line that makes no sense is no service.
 * Limits: lines of LINE_SIZE, what is longer is cut; a service that is switched off by `-o` or by
 * postconf's master_service_disable is taken for one that runs.
 */
#include "postfix/master_cf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"

#define LINE_SIZE 4096

enum { NAME, TYPE, PRIVATE, UNPRIVILEGED, CHROOT, WAKEUP, MAXPROC, PROGRAM, COLUMNS };

#define BLANK " \t\r"

const char *const master_cf_askers[MASTER_CF_ASKERS] = {
        [MASTER_CF_SMTP] = "smtp",
        [MASTER_CF_LMTP] = "lmtp",
        [MASTER_CF_SMTPD] = "smtpd",
        [MASTER_CF_QMQPD] = "qmqpd",
        [MASTER_CF_DNSBLOG] = "dnsblog",
};

static void read_service(char *line, master_cf_fn fn, void *data) {
        char *columns[COLUMNS] = {NULL}, *rest = line;

        for (int i = 0; i < COLUMNS; i++)
                columns[i] = strtok_r(NULL, BLANK, &rest);
        if (columns[TYPE])
                fn(&(struct master_cf_service){.name = columns[NAME],
                           .type = columns[TYPE],
                           .chroot = columns[CHROOT] ? columns[CHROOT][0] : '\0',
                           .program = columns[PROGRAM],
                           .arguments = rest ? rest : ""},
                        data);
}

void master_cf_each(const char *master_cf, master_cf_fn fn, void *data) {
        char service[LINE_SIZE] = "";
        size_t used = 0;

        while (*master_cf) {
                size_t length = strcspn(master_cf, "\n"), kept = length;
                bool is_more = *master_cf == ' ' || *master_cf == '\t';
                size_t first = strspn(master_cf, BLANK);

                /* Comments and blank lines may stand between a service and what continues it. */
                if (first < length && master_cf[first] != '#') {
                        if (!is_more) {
                                read_service(service, fn, data);
                                used = 0;
                        }
                        if (kept > sizeof(service) - 1 - used)
                                kept = sizeof(service) - 1 - used;
                        memcpy(service + used, master_cf, kept);
                        used += kept;
                        service[used] = '\0';
                }
                master_cf += length + (master_cf[length] == '\n');
        }
        read_service(service, fn, data);
}

struct reading {
        bool default_chroot;
        struct master_cf_chroots *chroots;
};

static void note_asker(const struct master_cf_service *service, void *data) {
        const struct reading *reading = data;
        bool is_inside = service->chroot == '-' ? reading->default_chroot
                                                : service->chroot == 'y' || service->chroot == 'Y';

        for (int i = 0; service->program && i < MASTER_CF_ASKERS; i++)
                if (strcmp(service->program, master_cf_askers[i]) == 0)
                        *(is_inside ? &reading->chroots->inside[i] : &reading->chroots->outside[i]) = true;
}

void master_cf_read(const char *master_cf, bool default_chroot, struct master_cf_chroots *ret_chroots) {
        struct reading reading = {default_chroot, ret_chroots};

        *ret_chroots = (struct master_cf_chroots){{false}, {false}};
        master_cf_each(master_cf, note_asker, &reading);
}

bool master_cf_default_chroot(const char *main_cf) {
        char level[MAIN_CF_VALUE_MAX];

        main_cf_expanded(main_cf, "compatibility_level", "0", level, sizeof(level));
        return strtol(level, NULL, 10) < 1;
}
