/* SPDX-License-Identifier: MIT */
/*
 * queue_read - what only the files can tell: state, envelope, and why a message was deferred
 *
 * Runs in the watcher, as part of the sensor `queue`; here it opens what strangers wrote.  Three kinds of jobs, one
 * piece per call: find a message that moved away and did not arrive; look at the state of a file; read it.  The
 * envelope is read once, since its text never moves, and again only when a message with several recipients
 * comes back to deferred.  The log of its deferral is read each time it comes back: it is complete by then, and
 * removed at the next try.  Nothing is locked: qmgr would take that for a delivery.
 *
 * Owns the descriptor of the file it is in the middle of, and a buffer for logs.  A file that is not a queue file is
 * unreadable and counts as that; one that is not finished is looked at again when it changes or moves.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix/defer_log.h"
#include "postfix/queue_spool.h"

#define BYTES_PER_STEP 65536u
#define COMPLETE 0700

/* The next message that has the job; NULL: none. */
static struct queue_message *next(struct queue_spool *spool, enum queue_job job) {
        uint32_t number;

        while (queue_ring_pop(&spool->rings[job], &number)) {
                struct queue_message *message = queue_table_at(&spool->table, number);

                if (message && message->jobs & 1u << job) {
                        message->jobs = message->jobs & ~(1u << job) & QUEUE_JOBS_ALL;
                        return message;
                }
        }
        return NULL;
}

bool queue_read_find(struct queue_spool *spool) {
        struct queue_message *message = next(spool, QUEUE_JOB_FIND);
        char path[QUEUE_PATH_MAX];
        struct stat status;

        if (!message)
                return false;
        if (!message->moving)
                return true;
        for (int queue = 0; queue < QUEUES; queue++)
                for (unsigned depth = 0; depth <= spool->queues[queue].depth; depth++) {
                        queue_track_path(message, (enum queue)queue, depth, path);
                        if (fstatat(spool->fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
                                !S_ISREG(status.st_mode))
                                continue;
                        queue_track_place(spool, message, (enum queue)queue, depth);
                        return true;
                }
        queue_track_forget(spool, message);
        return true;
}

static uint32_t seconds_of(const struct timespec *time) {
        if (time->tv_sec < 0)
                return 0;
        return (uint64_t)time->tv_sec > UINT32_MAX ? UINT32_MAX : (uint32_t)time->tv_sec;
}

static void look_at_retry(
        struct queue_spool *spool, struct queue_message *message, const struct stat *status) {
        uint32_t retry = seconds_of(&status->st_mtim);
        bool postponed = status->st_mtim.tv_nsec != 0;

        if (retry == message->retry && postponed == (bool)message->postponed)
                return;
        /* Tried while nobody saw it; a time that was postponed is our own doing, or its end. */
        if (message->retry != 0 && !postponed && !message->postponed)
                message->returned = true;
        message->retry = retry;
        message->postponed = postponed;
        queue_spool_changed(spool);
}

bool queue_read_look(struct queue_spool *spool) {
        struct queue_message *message = next(spool, QUEUE_JOB_LOOK);
        char path[QUEUE_PATH_MAX];
        struct stat status;
        bool is_other;

        if (!message)
                return false;
        queue_track_path(message, (enum queue)message->queue, message->depth, path);
        /* Not there: it moved on, which an event is about to say. */
        if (fstatat(spool->fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return true;
        if (!S_ISREG(status.st_mode)) {
                queue_track_forget(spool, message);
                return true;
        }
        is_other = message->inode != 0 && message->inode != status.st_ino;
        if (is_other ||
                (message->state == QUEUE_MESSAGE_UNREADABLE &&
                        message->size_bytes != ((uint64_t)status.st_size & QUEUE_SIZE_MAX)))
                queue_track_unread(spool, message);
        message->inode = status.st_ino;
        queue_track_size(spool, message, (uint64_t)status.st_size);
        if (message->queue == QUEUE_DEFERRED)
                look_at_retry(spool, message, &status);
        /* Postfix says so itself when it takes a message; here an agent says the contrary, and means it. */
        message->complete = false;
        if ((status.st_mode & COMPLETE) != COMPLETE)
                return true;
        queue_track_complete(spool, message);
        if (message->queue == QUEUE_DEFERRED && (message->returned || message->state == QUEUE_MESSAGE_UNREAD))
                queue_track_job(spool, message, QUEUE_JOB_READ_DEFERRED);
        else if (message->state == QUEUE_MESSAGE_UNREAD)
                queue_track_job(spool, message, QUEUE_JOB_READ);
        return true;
}

/* O_NOATIME is for the owner and root; without the right to it, the file is read all the same. */
static int open_below(const struct queue_spool *spool, const char *path) {
        const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        int fd = openat(spool->fd, path, flags | O_NOATIME);

        return fd < 0 && errno == EPERM ? openat(spool->fd, path, flags) : fd;
}

/* False: this name has killed a watcher before. */
static bool begin_parsing(const struct queue_spool *spool, const char *path) {
        char what[PATH_MAX + QUEUE_PATH_MAX];

        snprintf(what, sizeof(what), "%s/%s", spool->path, path);
        return spool->host->parsing(spool->host, what);
}

/* What a next hop is looked up and probed by: no other letters get that far. */
static bool is_plain(const char *domain) {
        return domain[strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.:[]")] == '\0';
}

static void on_recipient(const char *address, uint64_t offset, void *data) {
        struct queue_spool *spool = data;
        char domain[QUEUE_DOMAIN_MAX], hop[NEXTHOP_MAX];
        bool is_known = spool->reader.file.has_filter || !spool->hops_unknown;

        (void)offset;
        queue_file_domain(address, domain);
        if (spool->reader.file.has_filter)
                nexthop_of_transport(spool->reader.file.filter, domain, hop);
        else
                nexthop_of(&spool->routes, domain, hop);
        queue_place_add(&spool->places, &spool->draft, domain, is_known && is_plain(hop) ? hop : NULL);
}

void queue_read_close(struct queue_spool *spool) {
        if (spool->reader.fd >= 0)
                close(spool->reader.fd);
        spool->reader.fd = -1;
        queue_place_discard(&spool->places, &spool->draft);
        free(spool->log_text);
        spool->log_text = NULL;
}

static void set_place(
        struct queue_spool *spool, struct queue_message *message, uint32_t place, uint32_t sender) {
        queue_place_drop(&spool->places, message->place);
        queue_names_drop(&spool->places.domains, message->sender);
        message->place = place;
        message->sender = sender;
}

static uint32_t clamped(uint64_t seconds) {
        return seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static void store(struct queue_spool *spool, struct queue_message *message, int state) {
        const struct queue_file *file = &spool->reader.file;
        char domain[QUEUE_DOMAIN_MAX];

        if (state == QUEUE_FILE_UNFINISHED) {
                queue_place_discard(&spool->places, &spool->draft);
                return;
        }
        queue_spool_changed(spool);
        if (state != QUEUE_FILE_DONE) {
                queue_place_discard(&spool->places, &spool->draft);
                queue_track_unread(spool, message);
                message->state = QUEUE_MESSAGE_UNREADABLE;
                return;
        }
        queue_file_domain(file->has_sender ? file->sender : "", domain);
        set_place(spool, message, queue_place_take_consume(&spool->places, &spool->draft),
                queue_names_take(&spool->places.domains, domain));
        message->state = QUEUE_MESSAGE_READ;
        message->arrival = clamped(file->arrival_seconds);
        message->create = clamped(file->create_seconds);
        message->todo = file->recipients_todo & 0xffffff;
        message->null_sender = file->null_sender;
}

struct verdict {
        enum reason_class class;
        bool any, duplicate_risk;
};

/* Nobody answered for a message only if nobody answered for any of its recipients. */
static void on_defer_entry(const struct defer_entry *entry, void *data) {
        struct verdict *verdict = data;
        struct reason reason;

        reason_classify(entry->reason, entry->status, entry->diagnostic, &reason);
        if (!verdict->any || (reason_is_dead(verdict->class) && !reason_is_dead(reason.class)))
                verdict->class = reason.class;
        verdict->duplicate_risk |= reason.class == REASON_DUPLICATE_RISK;
        verdict->any = true;
}

/* Whether it was read, or there is none. */
static bool read_log(
        struct queue_spool *spool, const struct queue_message *message, struct verdict *verdict) {
        char path[QUEUE_PATH_MAX], name[QUEUE_ID_MAX], sub[QUEUE_SUB_MAX];
        struct stat status;
        ssize_t n = -1;
        int fd;

        queue_id_format(&message->id, name);
        queue_id_hash_path(name, spool->defer_depth, sub);
        snprintf(path, sizeof(path), "defer/%s%s", sub, name);
        if (!spool->log_text)
                spool->log_text = malloc(DEFER_LOG_MAX);
        if (!spool->log_text)
                return false;
        fd = open_below(spool, path);
        if (fd < 0)
                return errno == ENOENT;
        if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && begin_parsing(spool, path)) {
                n = pread(fd, spool->log_text, DEFER_LOG_MAX, 0);
                if (n > 0)
                        defer_log_parse(
                                spool->log_text, (size_t)n, status.st_size > n, on_defer_entry, verdict);
                spool->host->parsing(spool->host, NULL);
        }
        close(fd);
        return n >= 0;
}

static void store_reason(struct queue_spool *spool, struct queue_message *message) {
        struct verdict verdict = {.class = REASON_NONE};
        char path[QUEUE_PATH_MAX];
        struct stat status;
        bool is_known = read_log(spool, message, &verdict);

        /* The log goes when the message is tried: without it, see whether the message is still waiting. */
        queue_track_path(message, QUEUE_DEFERRED, message->depth, path);
        if (!is_known || (!verdict.any && fstatat(spool->fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0))
                return;
        if (verdict.duplicate_risk)
                verdict.class = REASON_DUPLICATE_RISK;
        message->reason = (unsigned)verdict.class & 31u;
        message->duplicate_risk = verdict.duplicate_risk;
        queue_spool_changed(spool);
}

/* What follows the envelope of a message that came back to deferred. */
static void finish(struct queue_spool *spool, struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];

        for (uint16_t i = 0; message->tried && i < place->n_hops; i++) {
                struct queue_name *hop = &spool->places.hops.rows[queue_place_hops(place)[i]];

                hop->deferred++;
                hop->retry_deferred += message->asked;
        }
        if (message->tried)
                message->asked = false;
        message->tried = false;
        if (!message->returned || message->queue != QUEUE_DEFERRED)
                return;
        message->returned = false;
        store_reason(spool, message);
}

static void go_on(struct queue_spool *spool) {
        struct queue_message *message = queue_table_find(&spool->table, &spool->reading);
        char path[QUEUE_PATH_MAX] = "";
        int r = QUEUE_FILE_UNFINISHED;

        if (message && message->inode != spool->reading_inode)
                message = NULL;
        if (message) {
                queue_track_path(message, (enum queue)message->queue, message->depth, path);
                r = QUEUE_FILE_BAD;
                if (begin_parsing(spool, path))
                        r = queue_file_reader_step(&spool->reader, BYTES_PER_STEP);
                spool->host->parsing(spool->host, NULL);
                if (r == QUEUE_FILE_MORE)
                        return;
        }
        close(spool->reader.fd);
        spool->reader.fd = -1;
        if (message) {
                store(spool, message, r);
                finish(spool, message);
        } else {
                queue_place_discard(&spool->places, &spool->draft);
        }
}

/* Opens the file; false: there is nothing to read now. */
static bool begin(struct queue_spool *spool, struct queue_message *message) {
        char path[QUEUE_PATH_MAX];
        struct stat status;
        int fd;

        queue_track_path(message, (enum queue)message->queue, message->depth, path);
        fd = open_below(spool, path);
        if (fd < 0) {
                if (errno != ENOENT)
                        store(spool, message, -errno);
                return false;
        }
        if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_ino != message->inode) {
                close(fd);
                queue_track_job(spool, message, QUEUE_JOB_LOOK);
                return false;
        }
        spool->reading = message->id;
        spool->reading_inode = message->inode;
        queue_file_reader_init(&spool->reader, fd, (uint64_t)status.st_size, message->queue == QUEUE_MAILDROP,
                on_recipient, spool);
        return true;
}

bool queue_read_file(struct queue_spool *spool) {
        struct queue_message *message;

        if (spool->reader.fd >= 0) {
                go_on(spool);
                return true;
        }
        message = next(spool, QUEUE_JOB_READ_DEFERRED);
        if (!message)
                message = next(spool, QUEUE_JOB_READ);
        if (!message)
                return false;
        if (message->state == QUEUE_MESSAGE_UNREAD || (message->returned && message->todo > 1)) {
                if (begin(spool, message))
                        go_on(spool);
        } else {
                finish(spool, message);
        }
        return true;
}
