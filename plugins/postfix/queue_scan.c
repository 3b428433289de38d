/* SPDX-License-Identifier: MIT */
/*
 * queue_scan - list directories: all at the start and after an overflow, one when a hash directory is new
 *
 * Runs in the watcher, as part of the sensor `queue`, a few names per step.  Every directory is watched
 * before it is listed, so that nothing falls between.  A listing of everything gives each name it meets the
 * number of its generation, as do the events meanwhile; what has another number at the end is gone.  Names are
 * read ahead of what is made of them: once an event said that something went, each is looked for before it is
 * believed, for no second event will say so.
 *
 * Owns the list of directories to do and the one that is open.  A directory that cannot be listed is said, and
 * its queue is missing until the next listing.
 * Limits: when it starts anew before it came to its end sixteen times, what vanished in the first round may stay
 * until the next one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix/queue_spool.h"

#define NAMES_PER_STEP 16
#define SWEPT_PER_STEP 2048u
#define NAMES_PER_STEP_SWEPT 1024u /* of what is forgotten or is to be read again */

void queue_scan_add(struct queue_spool *spool, const struct queue_directory *directory) {
        struct queue_scan *scan = &spool->scan;
        struct queue_directory *left = realloc(scan->left, (scan->n_left + 1) * sizeof(*left));

        queue_spool_work(spool);
        if (!left) {
                scan->wanted = true;
                return;
        }
        scan->left = left;
        left[scan->n_left++] = *directory;
}

void queue_scan_close(struct queue_spool *spool) {
        struct queue_scan *scan = &spool->scan;

        if (scan->open)
                closedir(scan->open);
        free(scan->left);
        scan->open = NULL;
        scan->left = NULL;
        scan->n_left = 0;
        scan->running = scan->sweeping = false;
}

static void start(struct queue_spool *spool) {
        const struct queue_directory bounce = {.kind = QUEUE_DIRECTORY_BOUNCE};
        struct queue_scan *scan = &spool->scan;

        queue_scan_close(spool);
        queue_near_close(spool);
        if (scan->rewatch)
                queue_watch_forget_queues(spool);
        scan->wanted = scan->rewatch = false;
        scan->running = true;
        scan->rereading |= scan->reread;
        scan->reread = false;
        /* What is read halfway was read with the old routes; it is among those that are read again. */
        if (scan->rereading)
                queue_read_close(spool);
        scan->generation = (scan->generation + 1) & QUEUE_GENERATIONS;
        memset(scan->listed, 0, sizeof(scan->listed));
        spool->is_read = spool->is_explained = spool->is_blind = false;
        queue_watch_add(spool, &bounce);
        for (int queue = 0; queue < QUEUES; queue++) {
                spool->queues[queue].exists = false;
                queue_scan_add(spool,
                        &(struct queue_directory){.kind = QUEUE_DIRECTORY_QUEUE, .queue = (enum queue)queue});
        }
}

static void open_next(struct queue_spool *spool) {
        struct queue_scan *scan = &spool->scan;
        char path[QUEUE_PATH_MAX];
        unsigned depth;
        int fd;

        scan->at = scan->left[--scan->n_left];
        queue_watch_add(spool, &scan->at);
        scan->is_behind = false;
        snprintf(path, sizeof(path), "%s/%s", queue_names_of[scan->at.queue], scan->at.sub);
        /* The trailing slash would follow a link in place of a hash directory. */
        path[strlen(path) - 1] = '\0';
        fd = openat(spool->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (scan->at.sub[0] ? O_NOFOLLOW : 0));
        scan->open = fd >= 0 ? fdopendir(fd) : NULL;
        if (!scan->open) {
                if (errno != ENOENT && errno != ENOTDIR)
                        spool->host->log(spool->host, SG_LEVEL_WARNING, "%s/%s cannot be listed: %s",
                                spool->path, path, strerror(errno));
                if (fd >= 0)
                        close(fd);
                return;
        }
        depth = (unsigned)strlen(scan->at.sub) / 2;
        spool->queues[scan->at.queue].exists |= depth == 0;
        if (depth > spool->queues[scan->at.queue].depth)
                spool->queues[scan->at.queue].depth = depth;
}

static void meet(struct queue_spool *spool, const char *name, unsigned char type) {
        struct queue_scan *scan = &spool->scan;
        struct queue_directory below;
        struct queue_message *message;
        struct stat status;

        if (!queue_id_is_legal(name))
                return;
        if (type == DT_UNKNOWN || scan->is_behind) {
                if (fstatat(dirfd(scan->open), name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                        return;
                type = S_ISREG(status.st_mode) ? DT_REG : S_ISDIR(status.st_mode) ? DT_DIR : DT_LNK;
        }
        if (type == DT_DIR && queue_watch_below(&scan->at, name, &below))
                queue_scan_add(spool, &below);
        if (type != DT_REG)
                return;
        scan->listed[scan->at.queue]++;
        message = queue_track_arrival(spool, &scan->at, name);
        if (!message)
                return;
        /*
         * What is to be read is looked at then, which is cheapest; else it is cheapest from here.  What is not
         * there any more is about to be told to be elsewhere.
         */
        if (message->state == QUEUE_MESSAGE_UNREAD)
                queue_track_job(spool, message,
                        message->queue == QUEUE_DEFERRED ? QUEUE_JOB_READ_DEFERRED : QUEUE_JOB_READ);
        else if (scan->running && fstatat(dirfd(scan->open), name, &status, AT_SYMLINK_NOFOLLOW) == 0)
                queue_read_status(spool, message, &status);
}

static void list(struct queue_spool *spool) {
        struct queue_scan *scan = &spool->scan;

        for (int i = 0; i < NAMES_PER_STEP; i++) {
                const struct dirent *entry = readdir(scan->open);

                if (!entry) {
                        closedir(scan->open);
                        scan->open = NULL;
                        return;
                }
                meet(spool, entry->d_name, entry->d_type);
        }
}

/* What this spool may have at most for all of it to be tracked, and some more to come. */
static uint32_t room(const struct queue_spool *spool) {
        uint32_t max = spool->common->messages_max, others = spool->common->messages - spool->table.n;

        return max - max / 16 > others ? max - max / 16 - others : 0;
}

static void finish(struct queue_spool *spool) {
        struct queue_scan *scan = &spool->scan;
        uint64_t listed = 0;

        for (size_t i = spool->n_odd; i-- > 0;)
                if (spool->odd[i].generation != scan->generation)
                        queue_track_forget_odd(spool, i);
        for (int queue = 0; queue < QUEUES; queue++)
                listed += scan->listed[queue];
        if (spool->is_overfull && listed < room(spool)) {
                /* For those that came meanwhile. */
                spool->is_overfull = false;
                queue_spool_trouble(spool, "too many messages", NULL);
                scan->wanted = spool->table.n + spool->n_odd < listed;
        }
        scan->running = scan->sweeping = scan->rereading = false;
        spool->is_listed = true;
        spool->listed_usec = spool->host->now_usec(spool->host);
        queue_spool_changed(spool);
}

static void read_again(struct queue_spool *spool, struct queue_message *message) {
        queue_track_unread(spool, message);
        queue_track_job(
                spool, message, message->queue == QUEUE_DEFERRED ? QUEUE_JOB_READ_DEFERRED : QUEUE_JOB_READ);
}

/* Goes on through all messages, which stay where they are whatever moves meanwhile; false: that was the last one. */
static bool sweep(struct queue_spool *spool, bool is_all_gone) {
        struct queue_scan *scan = &spool->scan;
        uint32_t end = queue_table_end(&spool->table), names = 0;

        for (uint32_t i = 0; i < SWEPT_PER_STEP && names < NAMES_PER_STEP_SWEPT && scan->sweep_next < end;
                i++) {
                struct queue_message *message = queue_table_at(&spool->table, scan->sweep_next++);
                bool is_gone = is_all_gone || (message && message->generation != scan->generation);

                if (!message || (!is_gone && !scan->rereading))
                        continue;
                names += spool->places.rows[message->place].n_domains;
                if (is_gone)
                        queue_track_forget(spool, message);
                else
                        read_again(spool, message);
        }
        return scan->sweep_next < end;
}

bool queue_scan_forget(struct queue_spool *spool) {
        return spool->table.n > 0 && sweep(spool, true);
}

bool queue_scan_is_between(const struct queue_spool *spool) {
        return !spool->scan.open && spool->scan.n_left > 0;
}

bool queue_scan_step(struct queue_spool *spool) {
        struct queue_scan *scan = &spool->scan;

        if (scan->wanted && spool->unheard_bytes > 0) {
                queue_watch_drain(spool);
        } else if (scan->wanted) {
                start(spool);
        } else if (scan->open) {
                list(spool);
        } else if (scan->n_left > 0) {
                open_next(spool);
        } else if (scan->sweeping) {
                if (!sweep(spool, false))
                        finish(spool);
        } else if (scan->running) {
                scan->sweeping = true;
                scan->sweep_next = 0;
        } else {
                return false;
        }
        return true;
}
