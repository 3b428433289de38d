/* SPDX-License-Identifier: MIT */
/* postpone_support - verb postpone of a lease, on a spool whose messages were to be tried again long ago */
#ifndef UNIT_POSTPONE_SUPPORT_H
#define UNIT_POSTPONE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "postfix/postfix.h"
#include "postfix/retry_time.h"
#include "support/verb_relay.h"

#define LEASE 7
#define OLD_RETRY 1766509200

static inline int setup(void **state) {
        struct verb_relay *relay = malloc(sizeof(*relay));

        if (!relay)
                return -1;
        verb_relay_init(relay);
        relay->bench.action.lease = LEASE;
        *state = relay;
        return 0;
}

static inline int teardown(void **state) {
        struct verb_relay *relay = *state;

        verb_relay_deinit(relay);
        free(*state);
        return 0;
}

/* So many more messages, which are the selection. */
static inline void add(struct verb_relay *relay, size_t n) {
        for (size_t i = 0; i < n; i++)
                verb_relay_add(relay, OLD_RETRY);
        verb_relay_select(relay, relay->n - n, n);
}

static inline bool is_old(struct verb_relay *relay, size_t i) {
        struct stat status = verb_relay_stat(relay, &relay->files[i]);

        return status.st_mtim.tv_sec == OLD_RETRY && status.st_mtim.tv_nsec == 0;
}

static inline bool is_marked(struct verb_relay *relay, size_t i, uint64_t lease) {
        return verb_relay_stat(relay, &relay->files[i]).st_mtim.tv_nsec == (long)retry_time_mark(lease);
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
