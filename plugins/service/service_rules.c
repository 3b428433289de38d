/* SPDX-License-Identifier: MIT */
/*
 * service_rules - which units may be restarted at all, and in which states
 *
 * Runs in a child of the executor.  Pure.  The allow-list says what a site wants; the rest is what it cannot have
 * wanted.  A restart of Postfix cuts deliveries in the middle, which may send mail twice, and postfix.reload does
 * what is needed; without systemd's own services, the bus or us nobody is left to mend the host.  An alias is judged by
 * the unit's real name, and so are the units that systemd would restart or stop with it.
 *
 * A unit that is not up was stopped by somebody, who has his reasons; one that starts or stops, or that somebody has
 * just asked systemd for, is in hands already.  Only what failed by itself is started.
 *
 * Owns nothing, fails with a sentence.  Limits: of the units that go along only those that name this one are seen,
 * not those that hang on them in turn.
 */
#include "service/service_rules.h"

#include <stdio.h>
#include <string.h>

#define SUFFIX ".service"
#define NAME_MAX_BYTES 255

static const char unit_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";

/* By how their names begin: with the suffix, a whole one. */
static const char *const never[] = {"spoolguard" SUFFIX, "postfix" SUFFIX, "postfix@", "dbus" SUFFIX,
        "dbus-broker" SUFFIX, "systemd-", "user@", "user-runtime-dir@", "emergency" SUFFIX, "rescue" SUFFIX};

static const struct {
        const char *state;
        bool fits;
        const char *text;
} states[] = {
        {"active", true, NULL},
        {"reloading", true, NULL},
        {"failed", true, NULL},
        {"inactive", false, "is stopped, and whoever stopped it has his reasons"},
        {"activating", false, "is being started already"},
        {"deactivating", false, "is being stopped already"},
        {"maintenance", false, "is in maintenance"},
};

static bool is_never(const char *unit, size_t length) {
        for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
                size_t n = strlen(never[i]);

                if (length >= n && strncmp(unit, never[i], n) == 0 &&
                        (strchr("@-", never[i][n - 1]) || length == n))
                        return true;
        }
        return false;
}

static bool is_service_name(const char *unit) {
        size_t length = strlen(unit), suffix = strlen(SUFFIX);

        return length > suffix && length <= NAME_MAX_BYTES && strspn(unit, unit_letters) == length &&
                strchr("-.", unit[0]) == NULL && strcmp(unit + length - suffix, SUFFIX) == 0;
}

static bool is_listed(const char *const *units, const char *unit) {
        for (; *units; units++)
                if (strcmp(*units, unit) == 0)
                        return true;
        return false;
}

bool service_rules_allow(const char *const *units, const char *unit, char *why, size_t size) {
        size_t used;

        if (!is_listed(units, unit)) {
                used = (size_t)snprintf(why, size, "\"%.80s\" is not in plugins.service.units", unit);
                for (size_t i = 0; units[i] && used < size; i++)
                        used += (size_t)snprintf(
                                why + used, size - used, "%s%.80s", i == 0 ? ", but: " : ", ", units[i]);
                return false;
        }
        if (!is_service_name(unit)) {
                snprintf(why, size, "\"%.80s\" is not the whole name of a service, which ends with " SUFFIX,
                        unit);
                return false;
        }
        if (is_never(unit, strlen(unit))) {
                snprintf(why, size, "%.80s is never restarted by spoolguard, whatever is configured", unit);
                return false;
        }
        return true;
}

static bool fits_along(const char *unit, const struct service_state *state, char *why, size_t size) {
        const char *along = state->along;

        while (*along) {
                size_t length = strcspn(along, " ");

                if (is_never(along, length)) {
                        snprintf(why, size, "a restart of %.80s would take %.*s with it", unit,
                                length < 80 ? (int)length : 80, along);
                        return false;
                }
                along += length + strspn(along + length, " ");
        }
        if (state->along_cut)
                snprintf(why, size, "so many units hang on %.80s that not all can be looked at", unit);
        return !state->along_cut;
}

bool service_rules_fit(const char *unit, const struct service_state *state, char *why, size_t size) {
        const char *text = "is in a state that nobody knows";
        bool fits = false;

        if (strcmp(state->load, "loaded") != 0) {
                snprintf(why, size, "%.80s is not there to be restarted: systemd calls it %.20s", unit,
                        state->load[0] ? state->load : "unknown");
                return false;
        }
        if (is_never(state->id, strlen(state->id))) {
                snprintf(
                        why, size, "%.80s is %.80s, which is never restarted by spoolguard", unit, state->id);
                return false;
        }
        for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
                if (strcmp(states[i].state, state->active) == 0) {
                        fits = states[i].fits;
                        text = states[i].text;
                }
        if (fits && state->has_job) {
                fits = false;
                text = "has a job waiting in systemd: somebody is at it";
        }
        if (!fits) {
                snprintf(why, size, "%.80s %s", unit, text);
                return false;
        }
        return fits_along(unit, state, why, size);
}
