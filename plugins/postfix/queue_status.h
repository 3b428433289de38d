/* SPDX-License-Identifier: MIT */
/* queue_status - the DSN status of a deferral, as the bits of a message that hold it */
#ifndef POSTFIX_QUEUE_STATUS_H
#define POSTFIX_QUEUE_STATUS_H

#include "postfix/queue_table.h"

#define QUEUE_STATUS_TEXT_MAX 10 /* "4.999.999", with NUL */

/* What is no status is none. */
void queue_status_set(struct queue_message *message, const char *text);
/* False: it has none. */
bool queue_status_format(const struct queue_message *message, char ret_text[static QUEUE_STATUS_TEXT_MAX]);

#endif
