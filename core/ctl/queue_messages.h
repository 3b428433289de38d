/* SPDX-License-Identifier: MIT */
/* queue_messages - `queue --messages`: one JSON object a line for each message */
#ifndef CTL_QUEUE_MESSAGES_H
#define CTL_QUEUE_MESSAGES_H

#include "ctl/ctl.h"

/* The whole command once it has arguments. */
int queue_messages(int argc, char **argv);

#endif
