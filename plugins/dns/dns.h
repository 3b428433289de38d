/* SPDX-License-Identifier: MIT */
/* dns - what the parts of this plugin know of each other */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <spoolguard/plugin.h>

enum { DNS_OPTION_INTERVAL, DNS_OPTION_TIMEOUT, DNS_OPTION_NAMES_INTERVAL, DNS_OPTION_IPV6 };

extern const struct sg_sensor dns_servers;
extern const struct sg_sensor dns_answers;

#endif
