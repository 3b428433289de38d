/* SPDX-License-Identifier: MIT */
/* fuzz_resolv_conf - any bytes, read as resolv.conf: one to three servers of a known family, limits kept */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/resolv_conf.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct resolv_conf conf;

        resolv_conf_parse((const char *)data, size, &conf);
        if (conf.n_listed > 0 && conf.n_servers > conf.n_listed)
                abort();
        if (conf.n_servers < 1 || conf.n_servers > RESOLV_CONF_SERVERS_MAX || conf.timeout_seconds < 1 ||
                conf.timeout_seconds > 30 || conf.attempts > 5 || conf.ndots > 15)
                abort();
        for (size_t i = 0; i < conf.n_servers; i++) {
                char text[NET_ADDRESS_TEXT];
                struct net_address again;

                net_address_print(&conf.servers[i], text);
                if (!net_address_parse(text, &again) || net_address_compare(&again, &conf.servers[i]) != 0)
                        abort();
        }
        return 0;
}
