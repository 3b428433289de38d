/* SPDX-License-Identifier: MIT */
/* service_state - what systemd says of a unit */
#ifndef SERVICE_SERVICE_STATE_H
#define SERVICE_SERVICE_STATE_H

#include <spoolguard/action.h>

#define SERVICE_ALONG_MAX 1024

struct service_state {
        char id[256];                  /* its real name */
        char load[32];                 /* LoadState: loaded, not-found, masked, ... */
        char active[32];               /* ActiveState: active, failed, inactive, ... */
        char sub[32];                  /* SubState: running, auto-restart, ... */
        char result[32];               /* Result: success, exit-code, timeout, ... */
        char invocation[64];           /* another one after each start */
        char along[SERVICE_ALONG_MAX]; /* units that are restarted or stopped with it, parted by blanks */
        bool along_cut;                /* there are more */
        bool has_job;                  /* somebody has asked systemd for something */
};

/* Pure: from the output of `systemctl show`; false when it says nothing of a unit. */
bool service_state_parse(const char *text, struct service_state *ret_state);
/* Asks systemd.  0, or a negative errno value with the reason in `why`. */
int service_state_ask(const struct sg_action *action, const char *unit, struct service_state *ret_state,
        char *why, size_t size);

#endif
