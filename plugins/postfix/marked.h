/* SPDX-License-Identifier: MIT */
/* marked - deferred messages that a lease made wait, found by its mark */
#ifndef POSTFIX_MARKED_H
#define POSTFIX_MARKED_H

#include "postfix/mail_dir.h"

struct marked {
        uint64_t n, failed;
        int error; /* of the first that failed */
};

/* Those that wait at this moment.  0, or a negative errno value: deferred/ could not be read. */
int marked_count(const struct mail_dir *deferred, uint64_t lease, time_t now, struct marked *ret_marked);
/* They are tried again, spread over some minutes. */
int marked_return(const struct mail_dir *deferred, uint64_t lease, time_t now, struct marked *ret_marked);

#endif
