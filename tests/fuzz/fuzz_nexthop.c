/* SPDX-License-Identifier: MIT */
/*
 * fuzz_nexthop - any bytes as main.cf, transport table, the domain of a stranger and master.cf, NUL between them
 *
 * A value that is found fits and has no line in it, a lifetime is one that Postfix would take, and the next hop of a
 * domain is lower case without blanks, or nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "postfix/main_cf.h"
#include "postfix/nexthop.h"

#define LIFETIME_MAX_SECONDS ((uint64_t)100 * 24 * 3600)

static void insist(bool holds) {
        if (!holds)
                abort();
}

static void check_values(const char *main_cf) {
        static const char *const names[] = {"relayhost", "mydestination", "transport_maps", "a"};
        char value[MAIN_CF_VALUE_MAX], small[16], path[64] = "";
        uint64_t seconds = 0;

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                bool fits = main_cf_value(main_cf, names[i], small, sizeof(small));

                if (main_cf_value(main_cf, names[i], value, sizeof(value)))
                        insist(strlen(value) < sizeof(value) && !strchr(value, '\n') &&
                                (!fits || strcmp(value, small) == 0));
                if (main_cf_expanded(main_cf, names[i], "$a and ${b}", small, sizeof(small)))
                        insist(strnlen(small, sizeof(small)) < sizeof(small));
        }
        if (main_cf_time(main_cf, "a", 'd', "5", &seconds))
                insist(seconds <= LIFETIME_MAX_SECONDS);
        if (nexthop_transport_file(main_cf, path, sizeof(path)))
                insist(strnlen(path, sizeof(path)) < sizeof(path));
}

static void check_hop(const char *hop) {
        insist(strnlen(hop, NEXTHOP_MAX) < NEXTHOP_MAX);
        insist(!strpbrk(hop, " \t\r"));
        for (; *hop; hop++)
                insist(*hop < 'A' || *hop > 'Z');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char hop[NEXTHOP_MAX], *texts[4];
        const char *at = (const char *)data, *end = at + size;
        struct nexthop_routes routes;

        for (size_t i = 0; i < 4; i++) {
                size_t length = strnlen(at, (size_t)(end - at));

                texts[i] = strndup(at, length);
                insist(texts[i]);
                at += length < (size_t)(end - at) ? length + 1 : length;
        }
        check_values(texts[0]);
        (void)nexthop_unknowable(texts[0], texts[3]);
        insist(nexthop_routes_init(&routes, texts[0], texts[3], texts[1][0] ? texts[1] : NULL) == 0);
        nexthop_of(&routes, texts[2], hop);
        check_hop(hop);
        nexthop_of_transport("smtp", texts[2], hop);
        insist(!strchr(hop, ','));
        nexthop_of_transport(texts[2], texts[1], hop);
        check_hop(hop);
        nexthop_routes_deinit(&routes);
        for (size_t i = 0; i < 4; i++)
                free(texts[i]);
        return 0;
}
