/* SPDX-License-Identifier: MIT */
/*
 * logs_reopen_plan - which units are asked to reopen their logs
 *
 * Runs in a child of the executor.  Pure.  A process can pretend to hold a log, and can give itself any name, but it
 * cannot put itself into a unit.  So only units of the configured list are sent a HUP, and Postfix is reloaded only
 * for a process that is in its unit, calls itself postlogd and writes.  The worst that a pretender brings about is
 * that a log daemon reopens its logs; one that a mail delivery started, that Postfix is reloaded, as often as
 * the budget allows.
 *
 * Whoever else holds a file is named, because how he lets go is not known, and a signal may be his end.
 *
 * Owns nothing, cannot fail.  Limits: LOGS_REOPEN_UNITS_MAX units; holders that have no names (deleted_files.c).
 */
#include <stdio.h>
#include <string.h>

#include "logs/logs_reopen.h"

static bool is_postfix(const char *unit) {
        return strncmp(unit, "postfix@", strlen("postfix@")) == 0 || strcmp(unit, "postfix.service") == 0;
}

enum logs_reopen_way logs_reopen_way(const char *const *units, const struct deleted_holder *holder) {
        for (; *units && holder->owner.unit[0]; units++)
                if (strcmp(*units, holder->owner.unit) == 0)
                        return LOGS_REOPEN_HUP;
        return is_postfix(holder->owner.unit) && holder->writes && strcmp(holder->owner.comm, "postlogd") == 0
                ? LOGS_REOPEN_RELOAD
                : LOGS_REOPEN_UNKNOWN;
}

static bool add_unit(struct logs_reopen_plan *plan, const char *name, enum logs_reopen_way way) {
        for (size_t i = 0; i < plan->n_units; i++)
                if (strcmp(plan->units[i].name, name) == 0)
                        return true;
        if (plan->n_units == LOGS_REOPEN_UNITS_MAX)
                return false;
        plan->units[plan->n_units].way = way;
        snprintf(plan->units[plan->n_units++].name, sizeof(plan->units->name), "%s", name);
        return true;
}

void logs_reopen_make_plan(
        const char *const *units, const struct deleted_files *deleted, struct logs_reopen_plan *ret_plan) {
        *ret_plan = (struct logs_reopen_plan){.n_units = 0};
        for (size_t i = 0; i < deleted->n; i++) {
                const struct deleted_file *file = &deleted->files[i];
                bool asked = false;

                for (size_t j = 0; j < file->n_holders; j++) {
                        const struct deleted_holder *holder = &file->holders[j];
                        enum logs_reopen_way way = logs_reopen_way(units, holder);

                        if (way != LOGS_REOPEN_UNKNOWN)
                                asked |= add_unit(ret_plan, holder->owner.unit, way);
                        else if (!ret_plan->foreign) {
                                ret_plan->foreign = file;
                                ret_plan->foreign_holder = holder;
                        }
                }
                if (asked && !ret_plan->largest)
                        ret_plan->largest = file;
                ret_plan->n_files += asked;
                ret_plan->held_bytes += asked ? file->held_bytes : 0;
        }
}
