/* SPDX-License-Identifier: MIT */
/* readings - the daemon's readings, and how old the newest of them is */
#ifndef CTL_READINGS_H
#define CTL_READINGS_H

#include "ctl/client.h"

struct readings {
        json_t *rows;      /* as of GetReadings: name, labels, value or null, monotonic time */
        uint64_t age_usec; /* of the newest; USEC_NEVER: there is none */
        bool stale;        /* a guard that answers and sees nothing is not one */
};

/* As client_call(). */
enum ctl_exit readings_fetch(struct client *client, struct readings *ret_readings, struct problem *problem);
void readings_deinit(struct readings *readings);

#endif
