/* SPDX-License-Identifier: MIT */
/*
 * logs_growers - the files that grow, and their readings
 *
 * Runs in the watcher.  A file gets one of the places when it grows, and keeps it until it is gone or another
 * one needs it more; the fastest LOGS_GROWERS_SHOWN are published.  One that no longer grows stays at 0, so
 * that nobody takes its end for a gap; one that was overtaken, renamed or removed is withdrawn.
 *
 * Owns nothing but what is published.  Cannot fail.  Limits: LOGS_GROWERS_MAX files that grow within the same
 * minute; the others still count in their directory.  A path too long for a label is not published.
 */
#include <stdio.h>
#include <string.h>

#include "logs/logs_sensor.h"

static void withdraw(const struct logs_growers *growers, struct logs_grower *grower) {
        const struct sg_label label = {"path", grower->path};

        if (!grower->shown)
                return;
        growers->host->withdraw(growers->host, "log_growth_bytes_per_second", &label, 1);
        growers->host->withdraw(growers->host, "log_bytes", &label, 1);
        grower->shown = false;
}

static void show(const struct logs_growers *growers, struct logs_grower *grower, double rate) {
        const struct sg_label label = {"path", grower->path};

        if (grower->path[0] == '\0')
                return;
        if (!grower->shown || rate != grower->shown_rate)
                growers->host->publish(growers->host, "log_growth_bytes_per_second", &label, 1, rate);
        if (!grower->shown || grower->disk_bytes != grower->shown_bytes)
                growers->host->publish(growers->host, "log_bytes", &label, 1, (double)grower->disk_bytes);
        grower->shown = true;
        grower->shown_rate = rate;
        grower->shown_bytes = grower->disk_bytes;
}

void logs_growers_drop(struct logs_growers *growers, struct logs_grower *grower) {
        withdraw(growers, grower);
        *grower = (struct logs_grower){0};
}

uint32_t logs_growers_take(
        struct logs_growers *growers, const struct logs_identity *identity, uint64_t now_usec) {
        uint32_t unused = LOGS_GROWERS_MAX, idle = LOGS_GROWERS_MAX, taken;

        for (uint32_t i = 0; i < LOGS_GROWERS_MAX; i++) {
                const struct logs_grower *grower = &growers->items[i];

                if (logs_identity_equal(&grower->identity, identity))
                        return i + 1;
                if (grower->identity.inode == 0)
                        unused = i;
                else if (!(logs_growth_rate(&grower->growth, now_usec) > 0))
                        idle = i;
        }
        taken = unused < LOGS_GROWERS_MAX ? unused : idle;
        if (taken == LOGS_GROWERS_MAX)
                return 0;
        logs_growers_drop(growers, &growers->items[taken]);
        growers->items[taken].identity = *identity;
        return taken + 1;
}

struct logs_grower *logs_growers_get(
        struct logs_growers *growers, uint32_t number, const struct logs_identity *identity) {
        if (number == 0 || !logs_identity_equal(&growers->items[number - 1].identity, identity))
                return NULL;
        return &growers->items[number - 1];
}

void logs_growers_name(struct logs_growers *growers, struct logs_grower *grower, const char *path) {
        bool fits = strlen(path) < sizeof(grower->path);

        if (strcmp(grower->path, fits ? path : "") == 0)
                return;
        withdraw(growers, grower);
        /* The old owner of this name has another one by now, which it is told later in this turn or the next. */
        for (size_t i = 0; fits && i < LOGS_GROWERS_MAX; i++)
                if (strcmp(growers->items[i].path, path) == 0) {
                        withdraw(growers, &growers->items[i]);
                        growers->items[i].path[0] = '\0';
                }
        snprintf(grower->path, sizeof(grower->path), "%s", fits ? path : "");
}

bool logs_growers_publish(struct logs_growers *growers, uint64_t now_usec) {
        double rates[LOGS_GROWERS_MAX];
        bool any = false;

        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++) {
                rates[i] = logs_growth_rate(&growers->items[i].growth, now_usec);
                any |= rates[i] > 0;
        }
        for (size_t i = 0; i < LOGS_GROWERS_MAX; i++) {
                struct logs_grower *grower = &growers->items[i];
                size_t faster = 0;

                for (size_t j = 0; j < LOGS_GROWERS_MAX; j++)
                        faster += rates[j] > rates[i] || (j < i && !(rates[j] < rates[i]));
                if (rates[i] > 0 && faster < LOGS_GROWERS_SHOWN)
                        show(growers, grower, rates[i]);
                else if (rates[i] > 0)
                        withdraw(growers, grower);
                else if (grower->shown)
                        show(growers, grower, 0);
        }
        return any;
}
