/* SPDX-License-Identifier: MIT */
/* fuzz_routes - any bytes, read as the kernel's routes: what was taken from them is in bounds, and can be asked */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "relay/relay_routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const int families[] = {AF_INET, AF_INET6};
        struct relay_routes routes = {.n = 0};

        if (relay_routes_add_four(&routes, (const char *)data, size) < 0 ||
                relay_routes_add_six(&routes, (const char *)data, size) < 0)
                abort();
        for (size_t i = 0; i < routes.n; i++)
                if (routes.rows[i].bits > (routes.rows[i].family == AF_INET ? 32u : 128u) ||
                        strlen(routes.rows[i].link) >= RELAY_LINK_NAME)
                        abort();
        for (size_t i = 0; i < 2; i++) {
                struct net_address address = {.family = families[i]};

                memcpy(address.bytes, data, size < sizeof(address.bytes) ? size : sizeof(address.bytes));
                (void)relay_routes_find(&routes, &address);
                (void)relay_routes_find_default(&routes, families[i]);
        }
        relay_routes_deinit(&routes);
        return 0;
}
