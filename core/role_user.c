/* SPDX-License-Identifier: MIT */
/*
 * role_user - switch a forked child of root to the unprivileged user
 *
 * Runs in: the child that becomes the watcher (before exec, so that not one instruction of it runs as root) and
 * the loader.  The watcher keeps CAP_DAC_READ_SEARCH in its ambient set, because only ambient capabilities
 * survive an exec under no-new-privs; role_confine.c clears that set again.
 *
 * Fails: negative errno; the caller must _exit, never carry on with what is left of its power.
 * Limits: without CAP_SETPCAP, which the unit grants, the bounding set stays as it is; under no-new-privs nothing
 * in it can be gained.
 */
#include "role.h"

#include <cap-ng.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

static void shrink_bounding_set(bool keep_read) {
        for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
                if (!keep_read || capability != CAP_DAC_READ_SEARCH)
                        (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

int role_switch_user(const char *user, bool keep_read) {
        pid_t parent = getppid();
        errno = 0;
        const struct passwd *entry = getpwnam(user);
        if (!entry)
                return errno ? -errno : -ESRCH;
        if (entry->pw_uid == 0)
                return -EINVAL;

        shrink_bounding_set(keep_read);
        capng_clear(CAPNG_SELECT_CAPS);
        if (keep_read &&
                capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
                        CAP_DAC_READ_SEARCH) < 0)
                return -EINVAL;
        if (capng_change_id((int)entry->pw_uid, (int)entry->pw_gid, CAPNG_INIT_SUPP_GRP) < 0)
                return -EPERM;
        if (keep_read && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) < 0)
                return -errno;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;

        /* After the switch: changing the user clears the parent-death signal. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        return getppid() == parent ? 0 : -ESRCH;
}
