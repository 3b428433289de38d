/* SPDX-License-Identifier: MIT */
/* smtp_reply - one reply of an SMTP server, however it is cut into pieces */
#ifndef COMMON_SMTP_REPLY_H
#define COMMON_SMTP_REPLY_H

#include <stddef.h>

/* Some servers greet with a page of rules; what talks on behind this never comes to an end. */
#define SMTP_REPLY_BYTES_MAX 65536

/* All zero is the start of a reply. */
struct smtp_reply {
        size_t bytes; /* of the whole reply so far */
        size_t column;
        int code, line_code; /* of the first line, of the present one */
        char after_code;
};

/*
 * The code (200-599) when the reply is complete, 0: more is to come, negative errno: this is not SMTP (-EBADMSG)
 * or too long (-E2BIG).  What follows a complete reply is ignored.
 */
int smtp_reply_feed(struct smtp_reply *reply, const char *bytes, size_t n);

#endif
