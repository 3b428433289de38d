/* SPDX-License-Identifier: MIT */
/* master_cf - the services that master.cf names, and what it says about those that ask name servers */
#ifndef POSTFIX_MASTER_CF_H
#define POSTFIX_MASTER_CF_H

#include <stdbool.h>

#define MASTER_CF_MAX (256u << 10) /* of the file is read */

struct master_cf_service {
        const char *name, *type;
        char chroot;           /* 'y', 'n' or '-' as it is written; '\0': the entry ends before it */
        const char *program;   /* without its arguments; NULL: the entry ends before it */
        const char *arguments; /* with blanks between them; "": there are none */
};

/* `service` is valid during the call. */
typedef void (*master_cf_fn)(const struct master_cf_service *service, void *data);
void master_cf_each(const char *master_cf, master_cf_fn fn, void *data);

/* Programs of Postfix that ask name servers themselves. */
enum master_cf_asker {
        MASTER_CF_SMTP,
        MASTER_CF_LMTP,
        MASTER_CF_SMTPD,
        MASTER_CF_QMQPD,
        MASTER_CF_DNSBLOG,
        MASTER_CF_ASKERS,
};
extern const char *const master_cf_askers[MASTER_CF_ASKERS];

/* One program may serve several services, some of them in the chroot. */
struct master_cf_chroots {
        bool inside[MASTER_CF_ASKERS], outside[MASTER_CF_ASKERS];
};

/* `default_chroot`: what "-" means, master_cf_default_chroot(). */
void master_cf_read(const char *master_cf, bool default_chroot, struct master_cf_chroots *ret_chroots);
/* Postfix before 3.0 ran everything in the chroot, and so does a later one that was told to be like that. */
bool master_cf_default_chroot(const char *main_cf);

#endif
