/* SPDX-License-Identifier: MIT */
/*
 * journal_sensor - how much disk the persistent systemd journal takes
 *
 * Runs in the watcher.  Adds up the blocks of the journal files, at most once a second while they change and
 * once a minute otherwise.  Without a persistent journal there is no reading; one that goes away is withdrawn,
 * one that cannot be read is missing.
 *
 * Owns everything below struct journal.  Fails only at creation.
 * Limits: journald writes through memory maps, which nobody is told of; it is the growing of a file that is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dir_watch.h"
#include "common/growth.h"
#include "journal/journal.h"

#define COALESCE_USEC UINT64_C(1000000)
#define LOOK_USEC UINT64_C(60000000)

struct journal {
        const struct sg_host *host;
        struct dir_watch *watch;
        struct sg_timer *timer;
        struct growth growth;
        bool published;
};

static const struct sg_reading readings[] = {
        {"journal_bytes", {"path"}, "Blocks on disk of the persistent systemd journal."},
        {"journal_growth_bytes", {"path"},
                "The same, more than ten minutes ago. Missing in the first minute."},
        {0},
};
static const struct sg_label label = {"path", JOURNAL_DIR};

static void publish_growth(struct journal *journal, uint64_t bytes) {
        const struct sg_host *host = journal->host;
        uint64_t now_usec = host->now_usec(host);
        double grown;

        growth_note(&journal->growth, now_usec, bytes);
        if (growth_of(&journal->growth, now_usec, bytes, &grown))
                host->publish(host, readings[1].name, &label, 1, grown);
        else
                host->missing(host, readings[1].name, &label, 1, "not known for long enough");
}

static void measure(struct journal *journal) {
        const struct sg_host *host = journal->host;
        uint64_t bytes;
        int r = journal_places_total(host->root, &bytes);

        if (r >= 0) {
                host->publish(host, readings[0].name, &label, 1, (double)bytes);
                publish_growth(journal, bytes);
        }
        for (const struct sg_reading *reading = readings; r < 0 && reading->name; reading++) {
                if (r != -ENOENT)
                        host->missing(host, reading->name, &label, 1, strerror(-r));
                else if (journal->published)
                        host->withdraw(host, reading->name, &label, 1);
        }
        if (r < 0)
                journal->growth = (struct growth){.n = 0};
        journal->published = r != -ENOENT;
}

static void on_change(void *data) {
        measure(data);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct journal *journal = data;

        dir_watch_refresh(journal->watch);
        measure(journal);
        journal->host->timer_arm(timer, LOOK_USEC);
}

static void journal_destroy(void *sensor) {
        struct journal *journal = sensor;

        if (!journal)
                return;
        dir_watch_free(journal->watch);
        journal->host->timer_free(journal->timer);
        free(journal);
}

static int journal_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct journal *journal;
        char path[512];
        int r;

        (void)options;
        journal = calloc(1, sizeof(*journal));
        if (!journal)
                return -ENOMEM;
        journal->host = host;
        snprintf(path, sizeof(path), "%s" JOURNAL_DIR, host->root);
        r = dir_watch_new(host, "journal: changes", (const char *const[]){path, NULL}, COALESCE_USEC,
                on_change, journal, &journal->watch);
        if (r >= 0)
                r = host->timer_new(
                        host, "journal: next look", LOOK_USEC, on_timer, journal, &journal->timer);
        if (r < 0) {
                journal_destroy(journal);
                return r;
        }
        measure(journal);
        *ret_sensor = journal;
        return 0;
}

const struct sg_sensor journal_sensor = {
        .name = "journal",
        .summary = "Size of the persistent systemd journal",
        .readings = readings,
        .reads = (const char *const[]){JOURNAL_DIR, NULL},
        .create = journal_create,
        .destroy = journal_destroy,
};
