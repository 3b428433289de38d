/* SPDX-License-Identifier: MIT */
/*
 * queue_watch - the inotify descriptor of a spool: which directories are watched, and what the kernel says
 *
 * Runs in the watcher, as part of the sensor `queue`.  Watched are the spool itself (for queue directories that
 * come and go), the six queues with their hash directories, and bounce/ (to tell a bounce from a delivery).  Each
 * event costs the Postfix that makes it, so that none is asked for which says nothing new.  Nobody listens to open or
 * read: every scan of qmgr would be a flood.  Who is done with a recipient writes to the file in active; it is closed
 * three times as often, and a reload touches the attributes of all.  What is complete in incoming gets another mode,
 * before it is closed.
 *
 * A new hash directory may have files before it is watched, so it is listed after.  When the kernel's queue
 * overflowed, everything is listed; but not before all that it kept until this was heard of, since of what it says
 * the end may be lost without another word.
 *
 * Owns the descriptor, its watch on the loop and the list of directories.  Fails at opening; a directory that cannot
 * be watched for want of watches is said once, and the spool is then listed once a minute.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "postfix/queue_spool.h"

#define BUFFER_BYTES 4096 /* the removal of a message to a thousand domains is not cheap */
#define TURN_USEC UINT64_C(2500)

#define MOVES (IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK)

static const uint32_t changes_of[QUEUES] = {
        [QUEUE_MAILDROP] = IN_ATTRIB | IN_CLOSE_WRITE,
        [QUEUE_INCOMING] = IN_ATTRIB,
        [QUEUE_ACTIVE] = IN_MODIFY,
        [QUEUE_DEFERRED] = IN_ATTRIB | IN_CLOSE_WRITE,
        [QUEUE_HOLD] = IN_ATTRIB | IN_CLOSE_WRITE,
        [QUEUE_CORRUPT] = IN_ATTRIB | IN_CLOSE_WRITE,
};

static int compare_wd(const void *a, const void *b) {
        int left = ((const struct queue_directory *)a)->wd, right = ((const struct queue_directory *)b)->wd;

        return (left > right) - (left < right);
}

static struct queue_directory *find_directory(const struct queue_spool *spool, int wd) {
        const struct queue_directory wanted = {.wd = wd};

        if (spool->n_directories == 0)
                return NULL;
        return bsearch(&wanted, spool->directories, spool->n_directories, sizeof(wanted), compare_wd);
}

static uint32_t mask_of(const struct queue_directory *directory) {
        if (directory->kind == QUEUE_DIRECTORY_SPOOL)
                return MOVES | IN_DELETE_SELF | IN_MOVE_SELF;
        if (directory->kind == QUEUE_DIRECTORY_BOUNCE)
                return IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
        return MOVES | changes_of[directory->queue] | (directory->sub[0] ? IN_DONT_FOLLOW : 0);
}

static void say_blind(struct queue_spool *spool, int error) {
        spool->is_blind = true;
        if (!spool->said_blind && error == ENOSPC)
                spool->host->log(spool->host, SG_LEVEL_WARNING,
                        "%s: the limit of inotify watches is reached (sysctl fs.inotify.max_user_watches): "
                        "changes are seen once a minute",
                        spool->path);
        else if (!spool->said_blind)
                spool->host->log(spool->host, SG_LEVEL_WARNING,
                        "%s: a queue directory cannot be watched (%s): changes are seen once a minute",
                        spool->path, strerror(error));
        spool->said_blind = true;
}

bool queue_watch_add(struct queue_spool *spool, const struct queue_directory *directory) {
        static const char *const names[] = {
                [QUEUE_DIRECTORY_SPOOL] = "", [QUEUE_DIRECTORY_BOUNCE] = "/bounce"};
        char path[PATH_MAX + QUEUE_PATH_MAX];
        struct queue_directory *row, *rows;
        int wd;

        if (directory->kind == QUEUE_DIRECTORY_QUEUE)
                snprintf(path, sizeof(path), "%s/%s/%s", spool->path, queue_names_of[directory->queue],
                        directory->sub);
        else
                snprintf(path, sizeof(path), "%s%s", spool->path, names[directory->kind]);
        wd = inotify_add_watch(spool->inotify, path, mask_of(directory));
        if (wd < 0 && errno != ENOENT && errno != ENOTDIR)
                say_blind(spool, errno);
        if (wd < 0)
                return false;
        row = find_directory(spool, wd);
        if (!row) {
                rows = realloc(spool->directories, (spool->n_directories + 1) * sizeof(*rows));
                if (!rows) {
                        inotify_rm_watch(spool->inotify, wd);
                        say_blind(spool, ENOMEM);
                        return false;
                }
                spool->directories = rows;
                row = rows + spool->n_directories;
                /* The kernel counts upwards: nearly always this is the end. */
                while (row > rows && row[-1].wd > wd) {
                        row[0] = row[-1];
                        row--;
                }
                spool->n_directories++;
        }
        *row = *directory;
        row->wd = wd;
        return true;
}

void queue_watch_forget_queues(struct queue_spool *spool) {
        size_t kept = 0;

        for (size_t i = 0; i < spool->n_directories; i++)
                if (spool->directories[i].kind == QUEUE_DIRECTORY_SPOOL)
                        spool->directories[kept++] = spool->directories[i];
                else
                        inotify_rm_watch(spool->inotify, spool->directories[i].wd);
        spool->n_directories = kept;
}

static bool is_hash_directory(const struct queue_directory *directory, const char *name) {
        return directory->kind == QUEUE_DIRECTORY_QUEUE && queue_id_is_legal(name) && name[1] == '\0' &&
                strlen(directory->sub) < QUEUE_SUB_MAX - 1;
}

bool queue_watch_below(
        const struct queue_directory *directory, const char *name, struct queue_directory *ret_directory) {
        char *end;

        if (!is_hash_directory(directory, name))
                return false;
        *ret_directory = *directory;
        end = ret_directory->sub + strlen(ret_directory->sub);
        end[0] = name[0];
        end[1] = '/';
        end[2] = '\0';
        return true;
}

/* A queue, or bounce/, appeared in the spool or is gone from there. */
static void on_spool_event(struct queue_spool *spool, const struct inotify_event *event) {
        bool is_ours = event->len > 0 && strcmp(event->name, "bounce") == 0;

        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
                spool->lost = true;
                return;
        }
        for (int queue = 0; event->len > 0 && queue < QUEUES; queue++)
                is_ours |= strcmp(event->name, queue_names_of[queue]) == 0;
        if (is_ours)
                spool->scan.wanted = spool->scan.rewatch = true;
}

static void on_directory_gone(struct queue_spool *spool, struct queue_directory *directory) {
        size_t i = (size_t)(directory - spool->directories);

        if (directory->sub[0] == '\0')
                spool->scan.wanted = spool->scan.rewatch = true;
        memmove(directory, directory + 1, (--spool->n_directories - i) * sizeof(*directory));
}

static void on_queue_event(struct queue_spool *spool, const struct queue_directory *directory,
        const struct inotify_event *event) {
        struct queue_directory below;
        struct queue_message *message;

        if (event->mask & (IN_MOVED_FROM | IN_DELETE) && directory->queue == spool->scan.at.queue)
                spool->scan.is_behind = true;
        if (event->mask & IN_ISDIR) {
                if (event->mask & IN_MOVED_FROM)
                        spool->scan.wanted = spool->scan.rewatch = true;
                else if (event->mask & (IN_CREATE | IN_MOVED_TO) &&
                        queue_watch_below(directory, event->name, &below))
                        queue_scan_add(spool, &below);
        } else if (event->mask & (IN_CREATE | IN_MOVED_TO)) {
                if (directory->queue == QUEUE_INCOMING || directory->queue == QUEUE_ACTIVE)
                        queue_spool_passes(spool);
                message = queue_track_arrival(spool, directory, event->name);
                if (message && message->state == QUEUE_MESSAGE_UNREAD)
                        queue_track_job(spool, message, QUEUE_JOB_LOOK);
        } else if (event->mask & IN_MOVED_FROM) {
                queue_track_move_away(spool, directory, event->name);
        } else if (event->mask & IN_DELETE) {
                queue_track_removal(spool, directory, event->name);
        } else {
                queue_track_change(spool, directory, event->name);
        }
}

static void note_unheard(struct queue_spool *spool) {
        int bytes;

        spool->unheard_bytes =
                ioctl(spool->inotify, FIONREAD, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
}

static void on_event(struct queue_spool *spool, const struct inotify_event *event) {
        struct queue_directory *directory = find_directory(spool, event->wd);
        /* The list may move while the event is dealt with. */
        const struct queue_directory copy = directory ? *directory : (struct queue_directory){0};

        if (event->mask & IN_Q_OVERFLOW) {
                if (!spool->said_overflow)
                        spool->host->log(spool->host, SG_LEVEL_INFO,
                                "%s: more events than the kernel keeps: all queues are listed again",
                                spool->path);
                spool->said_overflow = true;
                spool->scan.wanted = true;
                note_unheard(spool);
        } else if (directory && copy.kind == QUEUE_DIRECTORY_SPOOL) {
                on_spool_event(spool, event);
        } else if (directory && event->mask & IN_IGNORED) {
                on_directory_gone(spool, directory);
        } else if (!directory || event->len == 0) {
                return;
        } else if (copy.kind == QUEUE_DIRECTORY_BOUNCE) {
                queue_track_bounce(spool, event->name);
        } else {
                on_queue_event(spool, &copy, event);
        }
}

void queue_watch_drain(struct queue_spool *spool) {
        char buffer[BUFFER_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
        uint64_t until_usec = spool->host->now_usec(spool->host) + TURN_USEC;
        ssize_t n;

        do {
                n = read(spool->inotify, buffer, sizeof(buffer));
                spool->unheard_bytes -=
                        n > 0 && (uint64_t)n < spool->unheard_bytes ? (uint64_t)n : spool->unheard_bytes;
                for (ssize_t at = 0; at < n;) {
                        const struct inotify_event *event = (const void *)(buffer + at);

                        on_event(spool, event);
                        at += (ssize_t)(sizeof(*event) + event->len);
                }
        } while (n > BUFFER_BYTES / 2 && spool->host->now_usec(spool->host) < until_usec);
        if (spool->lost || spool->scan.wanted)
                queue_spool_work(spool);
}

/* The work that comes hears all there is by then. */
static void on_readable(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct queue_spool *spool = data;

        (void)fd;
        (void)ready;
        spool->readable = spool->host->watch_free(watch);
        queue_spool_heard(spool);
}

int queue_watch_listen(struct queue_spool *spool) {
        if (spool->readable)
                return 0;
        return spool->host->watch_new(spool->host, "queue: events", spool->inotify, SG_READY_IN, on_readable,
                spool, &spool->readable);
}

int queue_watch_open(struct queue_spool *spool) {
        const struct queue_directory self = {.kind = QUEUE_DIRECTORY_SPOOL};
        int r;

        spool->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (spool->inotify < 0)
                return -errno;
        r = queue_watch_listen(spool);
        if (r < 0)
                return r;
        queue_watch_add(spool, &self);
        return 0;
}

void queue_watch_close(struct queue_spool *spool) {
        spool->readable = spool->host->watch_free(spool->readable);
        if (spool->inotify >= 0)
                close(spool->inotify);
        spool->inotify = -1;
        spool->unheard_bytes = 0;
        free(spool->directories);
        spool->directories = NULL;
        spool->n_directories = 0;
        spool->lost = spool->is_blind = false;
}
