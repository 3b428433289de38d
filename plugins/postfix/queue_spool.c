/* SPDX-License-Identifier: MIT */
/*
 * queue_spool - one spool from its appearing to its vanishing, and who may work when
 *
 * Runs in the watcher, as part of the sensor `queue`.  There are two timers here.  `work` runs while something is to
 * be done: 5 ms, then everybody else on the loop has his turn; first what keeps the counts true (events, listings,
 * searches, states), then the census that is asked for, then the reading of files, of logs last of all.  Once all of
 * them are read, what passes through incoming and active has a quarter of a second to be delivered before anybody
 * opens it, unless somebody wants to know where it goes (queue_recent.c, queue_filters.c); for queue_recent.c events
 * are heard sooner, too.  `tick` asks for a census within a second of a change, every ten seconds while there is mail,
 * when a filter has been silent for too long, and not at all on an empty relay; while the spool is away it looks for it,
 * since nothing tells when a file system is mounted.
 *
 * Owns everything of a spool.  Fails only at creation; a spool that is not there, or goes away, is missing, and all
 * that was known about it is forgotten but for the totals, a piece at a time; before that it is not looked for again.
 */
#include "postfix/queue_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "postfix/spool_mount.h"

#define VIEW "/run/spoolguard/view" /* packaging/spoolguard.service */
#define SECOND_USEC UINT64_C(1000000)
#define AWAY_USEC (2 * SECOND_USEC)  /* between two looks for a spool that is not there */
#define MAIL_USEC (10 * SECOND_USEC) /* between two censuses while nothing changes */
#define LIST_USEC (60 * SECOND_USEC) /* between two listings when events do not tell everything */
#define SOON_USEC UINT64_C(50000)    /* changes come in groups */
#define GATHER_USEC UINT64_C(10000)  /* waking up costs more than an event */
#define HURRY_USEC UINT64_C(1000)    /* ... but what is delivered on this machine is gone by then */
#define FILES_USEC UINT64_C(250000)  /* from the coming of mail that passes to a look into its file */
#define SAMPLE_USEC UINT64_C(500000) /* ... and between two looks at what passes, where there is a filter */
#define CENSUS_SHARE 50              /* a census may take one part in that many of the time */

const char *const queue_names_of[QUEUES] = {
        [QUEUE_MAILDROP] = "maildrop",
        [QUEUE_INCOMING] = "incoming",
        [QUEUE_ACTIVE] = "active",
        [QUEUE_DEFERRED] = "deferred",
        [QUEUE_HOLD] = "hold",
        [QUEUE_CORRUPT] = "corrupt",
};

static int64_t wall_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return now.tv_sec;
}

static uint64_t now(const struct queue_spool *spool) {
        return spool->host->now_usec(spool->host);
}

static void work_within(struct queue_spool *spool, uint64_t delay_usec) {
        uint64_t at_usec;

        if (spool->is_working)
                return;
        at_usec = now(spool) + delay_usec;
        if (spool->work_usec != 0 && spool->work_usec <= at_usec)
                return;
        spool->work_usec = at_usec;
        spool->host->timer_arm(spool->work, delay_usec);
}

void queue_spool_work(struct queue_spool *spool) {
        work_within(spool, 0);
}

static void tick_at(struct queue_spool *spool, uint64_t at_usec) {
        uint64_t now_usec = now(spool);

        if (spool->tick_usec != 0 && spool->tick_usec <= at_usec)
                return;
        spool->tick_usec = at_usec;
        spool->host->timer_arm(spool->tick, at_usec > now_usec ? at_usec - now_usec : 0);
}

static void tick_within(struct queue_spool *spool, uint64_t delay_usec) {
        tick_at(spool, now(spool) + delay_usec);
}

/* Time that must pass between two censuses. */
static uint64_t interval(const struct queue_spool *spool) {
        uint64_t cost = spool->census.spent_usec * CENSUS_SHARE;

        return cost > SECOND_USEC ? cost : SECOND_USEC;
}

void queue_spool_changed(struct queue_spool *spool) {
        uint64_t since, least = interval(spool);
        bool is_soon;

        spool->is_changed = spool->is_working;
        if (spool->is_working)
                return;
        since = now(spool) - spool->published_usec;
        is_soon = spool->published_usec == 0 || since + SOON_USEC > least;
        if (spool->fd >= 0 && spool->is_listed)
                tick_within(spool, is_soon ? SOON_USEC : least - since);
}

bool queue_spool_is_settled(const struct queue_spool *spool) {
        return spool->fd >= 0 && spool->is_listed && spool->is_read && !spool->is_overfull &&
                !spool->scan.wanted && !spool->scan.running;
}

bool queue_spool_is_explained(const struct queue_spool *spool) {
        return spool->is_explained && queue_spool_is_settled(spool);
}

void queue_spool_trouble(const struct queue_spool *spool, const char *what, const char *why) {
        char key[POSTFIX_INSTANCE_MAX + 32];

        snprintf(key, sizeof(key), "%s: %s", spool->instance, what);
        spool->host->trouble(spool->host, key, why);
}

static void go_away(struct queue_spool *spool, const char *why) {
        queue_publish_missing(spool, why);
        queue_read_close(spool);
        queue_near_close(spool);
        queue_scan_close(spool);
        queue_watch_close(spool);
        for (int job = 0; job < QUEUE_JOBS; job++)
                queue_ring_deinit(&spool->rings[job]);
        while (spool->n_odd > 0)
                queue_track_forget_odd(spool, spool->n_odd - 1);
        if (spool->fd >= 0)
                close(spool->fd);
        spool->fd = -1;
        spool->is_listed = spool->is_read = spool->is_explained = spool->is_overfull = false;
        queue_spool_trouble(spool, "too many messages", NULL);
        spool->census = (struct queue_census){0};
        spool->scan.sweep_next = 0;
        spool->files_usec = 0;
        queue_spool_work(spool);
        tick_within(spool, AWAY_USEC);
}

/*
 * Through the read-only view of the unit, if that is the same directory.  Deferred files are dated into the future, which
 * makes a read of one write its access time each time, also with relatime; and O_NOATIME takes a capability that
 * would let the watcher do far more.
 */
static int open_spool(const struct queue_spool *spool) {
        const char *root = spool->host->root;
        int fd = open(spool->path, O_PATH | O_DIRECTORY | O_CLOEXEC), view;
        struct stat status, seen;
        char path[QUEUE_TABLE_PATH_MAX];

        if (fd < 0)
                return fd;
        snprintf(path, sizeof(path), "%s" VIEW "%s", root, spool->path + strlen(root));
        view = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (view >= 0 &&
                (fstat(fd, &status) < 0 || fstat(view, &seen) < 0 || status.st_dev != seen.st_dev ||
                        status.st_ino != seen.st_ino)) {
                close(view);
                view = -1;
        }
        if (view < 0)
                return fd;
        close(fd);
        return view;
}

static void look_for_it(struct queue_spool *spool) {
        const char *root = spool->host->root;
        char why[SPOOL_MOUNT_WHY_MAX];
        struct stat status;
        int r = 0;

        if (spool_mount_is_missing(root, spool->path + strlen(root), why)) {
                queue_spool_trouble(spool, "mount", why);
                go_away(spool, why);
                return;
        }
        queue_spool_trouble(spool, "mount", NULL);
        spool->fd = open_spool(spool);
        if (spool->fd < 0 || fstatat(spool->fd, queue_names_of[QUEUE_INCOMING], &status, 0) < 0)
                r = -errno;
        else
                r = queue_watch_open(spool);
        if (r < 0) {
                go_away(spool, r == -ENOENT ? "there is no Postfix queue" : strerror(-r));
                return;
        }
        spool->scan = (struct queue_scan){.wanted = true};
        queue_spool_work(spool);
}

/* Something else may be mounted there, which makes no event. */
static bool is_another(const struct queue_spool *spool) {
        struct stat mine, there;

        return fstat(spool->fd, &mine) < 0 || stat(spool->path, &there) < 0 || mine.st_ino != there.st_ino ||
                mine.st_dev != there.st_dev;
}

static void on_tick(struct sg_timer *timer, void *data) {
        struct queue_spool *spool = data;

        (void)timer;
        spool->tick_usec = 0;
        if (spool->fd < 0 && spool->table.n > 0) {
                tick_within(spool, AWAY_USEC);
                return;
        }
        if (spool->fd < 0) {
                look_for_it(spool);
                return;
        }
        if (spool->published_usec != 0 && now(spool) - spool->published_usec < interval(spool)) {
                queue_spool_changed(spool); /* asked for before the last one came to its end */
                return;
        }
        if (is_another(spool)) {
                go_away(spool, "the queue directory is gone");
                return;
        }
        if (queue_routes_refresh(spool))
                spool->scan.wanted = spool->scan.reread = true;
        if ((spool->is_blind || spool->is_overfull) && now(spool) - spool->listed_usec >= LIST_USEC)
                spool->scan.wanted = true;
        spool->census.wanted = spool->is_listed;
        queue_spool_work(spool);
}

/* It is waited for: said at once. */
static void note(struct queue_spool *spool, bool *done) {
        if (*done || !spool->is_listed)
                return;
        *done = true;
        spool->published_usec = 0;
        queue_spool_changed(spool);
}

void queue_spool_heard(struct queue_spool *spool) {
        work_within(spool, spool->recent.alert_usec != 0 ? HURRY_USEC : GATHER_USEC);
}

/*
 * Somebody wants to know where all of it goes, or how fast a filter takes it: two looks a second tell, of which the mail
 * that comes back from it takes one.
 */
static bool is_looked_at(struct queue_spool *spool) {
        uint64_t since_usec = now(spool) - spool->sampled_usec;

        if (spool->recent.alert_usec != 0)
                return true;
        if (!queue_filters_are_used(spool))
                return false;
        if (since_usec >= SAMPLE_USEC)
                spool->sampled_usec = now(spool);
        /* One message makes several events. */
        return since_usec >= SAMPLE_USEC || since_usec < GATHER_USEC;
}

void queue_spool_passes(struct queue_spool *spool) {
        if (spool->files_usec == 0 && spool->is_explained && !is_looked_at(spool))
                spool->files_usec = now(spool) + FILES_USEC;
}

/* Until a file may be opened: of what is delivered at once none ever is. */
static uint64_t files_after_usec(const struct queue_spool *spool) {
        uint64_t now_usec;

        if (spool->files_usec == 0 || !spool->is_explained)
                return 0;
        now_usec = now(spool);
        return spool->files_usec > now_usec ? spool->files_usec - now_usec : 0;
}

/* One piece of the most urgent work; false: all is done that may be done. */
static bool step(struct queue_spool *spool) {
        bool files = files_after_usec(spool) == 0;
        /* What moved away may lie in a directory that is to be listed. */
        bool is_busy = queue_scan_step(spool) || queue_read_find(spool) || (files && queue_read_look(spool));

        if (is_busy || (!spool->scan.running && queue_census_step(spool)))
                return true;
        if (!files)
                return false;
        /* At first there are more of them than anybody wants to wait for; later, a log may be gone at the next try. */
        if ((spool->is_explained && queue_read_reason(spool)) || queue_read_file(spool))
                return true;
        note(spool, &spool->is_read);
        if (queue_read_reason(spool))
                return true;
        note(spool, &spool->is_explained);
        spool->files_usec = 0;
        return false;
}

static void after_work(struct queue_spool *spool) {
        bool has_mail = spool->table.n > 0 || spool->n_odd > 0,
             is_shown = spool->n_shown_hops > 0 || spool->recent.n > 0 || spool->shown_filters.n > 0;

        free(spool->log_text);
        spool->log_text = NULL;
        queue_near_close(spool);
        if (queue_watch_listen(spool) < 0)
                work_within(spool, SOON_USEC);
        if (spool->files_usec != 0)
                work_within(spool, files_after_usec(spool));
        if (has_mail || is_shown || spool->is_blind || spool->is_overfull)
                tick_within(spool, MAIL_USEC);
        if (queue_filters_again_usec(spool) != UINT64_MAX)
                tick_at(spool, queue_filters_again_usec(spool));
}

static void on_work(struct sg_timer *timer, void *data) {
        struct queue_spool *spool = data;
        uint64_t until_usec = now(spool) + QUEUE_TURN_USEC;
        bool is_busy = true;

        (void)timer;
        spool->is_working = true; /* what comes up now is done now */
        if (spool->fd >= 0)
                queue_watch_drain(spool);
        if (spool->lost)
                go_away(spool, "the queue directory is gone");
        do {
                /* Each may wait for the disk. */
                is_busy = spool->fd >= 0 ? step(spool) : queue_scan_forget(spool);
        } while (is_busy && !queue_scan_is_between(spool) && now(spool) < until_usec);
        spool->is_working = false;
        spool->work_usec = 0;
        if (spool->is_changed)
                queue_spool_changed(spool);
        if (is_busy)
                queue_spool_work(spool);
        else if (spool->fd >= 0)
                after_work(spool);
}

static void leave_others(struct queue_spool *spool) {
        struct queue_spool **link = &spool->common->spools;

        while (*link != spool)
                link = &(*link)->next;
        *link = spool->next;
}

struct queue_spool *queue_spool_free(struct queue_spool *spool) {
        if (!spool)
                return NULL;
        leave_others(spool);
        queue_read_close(spool);
        queue_near_close(spool);
        queue_scan_close(spool);
        queue_watch_close(spool);
        queue_publish_forget(spool);
        for (int job = 0; job < QUEUE_JOBS; job++)
                queue_ring_deinit(&spool->rings[job]);
        for (size_t i = 0; i < spool->n_odd; i++)
                free(spool->odd[i].path);
        free(spool->odd);
        queue_shape_deinit(spool);
        spool->common->messages -= spool->table.n;
        queue_table_deinit(&spool->table);
        queue_places_deinit(&spool->places);
        nexthop_routes_deinit(&spool->routes);
        spool->host->timer_free(spool->work);
        spool->host->timer_free(spool->tick);
        if (spool->fd >= 0)
                close(spool->fd);
        free(spool);
        return NULL;
}

int queue_spool_new(const struct sg_host *host, const struct postfix_instance *instance,
        struct queue_common *common, struct queue_spool **ret_spool) {
        struct queue_spool *spool = calloc(1, sizeof(*spool));
        int r;

        if (!spool)
                return -ENOMEM;
        spool->host = host;
        spool->fd = spool->inotify = spool->reader.fd = -1;
        spool->common = common;
        spool->next = common->spools;
        common->spools = spool;
        spool->wall_seconds = wall_seconds;
        snprintf(spool->path, sizeof(spool->path), "%s%s", host->root, instance->spool);
        snprintf(spool->config, sizeof(spool->config), "%s%s", host->root, instance->config);
        memcpy(spool->instance, instance->name, sizeof(instance->name));
        r = queue_table_init(&spool->table, common->messages_max);
        if (r >= 0)
                r = queue_places_init(&spool->places);
        if (r >= 0 && common->n_spools > 1)
                queue_places_share(&spool->places, common->n_spools);
        if (r >= 0)
                r = queue_shape_init(spool);
        if (r >= 0)
                r = host->timer_new(host, "queue: work", SECOND_USEC, on_work, spool, &spool->work);
        if (r >= 0)
                r = host->timer_new(host, "queue: next look", 0, on_tick, spool, &spool->tick);
        if (r < 0) {
                queue_spool_free(spool);
                return r;
        }
        spool->tick_usec = now(spool);
        queue_routes_refresh(spool);
        *ret_spool = spool;
        return 0;
}
