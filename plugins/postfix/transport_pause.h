/* SPDX-License-Identifier: MIT */
/* transport_pause - whether defer_transports keeps mail for other hosts waiting */
#ifndef POSTFIX_TRANSPORT_PAUSE_H
#define POSTFIX_TRANSPORT_PAUSE_H

#include <stdbool.h>

#define TRANSPORT_NAME_MAX 64

/*
 * defer_transports: the value of that setting.  master_cf: the text of the file; NULL: it is not known.  True: mail that
 * goes by SMTP or LMTP may be meant, by the transport in ret_name.
 */
bool transport_pause_find(
        const char *defer_transports, const char *master_cf, char ret_name[static TRANSPORT_NAME_MAX]);

#endif
