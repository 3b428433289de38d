/* SPDX-License-Identifier: MIT */
/* bus_caller - who calls Control, and whether he may */
#ifndef WATCHER_BUS_BUS_CALLER_H
#define WATCHER_BUS_BUS_CALLER_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bus;
struct bus_caller_list;

struct bus_caller {
        uint32_t uid;
        const uint32_t *gids; /* all of the process, as the bus daemon says */
        size_t n_gids;
};

/* Pure.  admin_gid (gid_t)-1: there is no such group; trusted_uid: besides 0, as on a session bus. */
bool bus_caller_allowed(const struct bus_caller *caller, gid_t admin_gid, uid_t trusted_uid);

int bus_caller_list_new(struct bus_caller_list **ret_list);
struct bus_caller_list *bus_caller_list_free(struct bus_caller_list *list);
/*
 * Asks the bus who sent the call; then bus_object_call_checked() answers it, or AccessDenied.  Returns NULL, or
 * an error to send at once.
 */
DBusMessage *bus_caller_check(struct bus *bus, DBusMessage *call);

#endif
