/* SPDX-License-Identifier: MIT */
/* relay - what the parts of this plugin know of each other */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <spoolguard/plugin.h>

enum {
        RELAY_OPTION_MIN_MESSAGES,
        RELAY_OPTION_INTERVAL,
        RELAY_OPTION_CONNECT_TIMEOUT,
        RELAY_OPTION_REPLY_TIMEOUT,
        RELAY_OPTION_IPV6,
};

#define RELAY_TARGETS_MAX 16

extern const struct sg_sensor relay_sensor;

#endif
