/* SPDX-License-Identifier: MIT */
/* notify_text - what the notify command is handed: short paragraphs for a person who has just been woken up */
#ifndef EXECUTOR_NOTIFY_TEXT_H
#define EXECUTOR_NOTIFY_TEXT_H

#include <stddef.h>

struct notify_message;

#define NOTIFY_TEXT_MAX 2048u /* with NUL */

/* Ends with a line end; cut to fit, but what is to be done is always there whole. */
void notify_text(const struct notify_message *message, const char *host, char text[static NOTIFY_TEXT_MAX]);

#endif
