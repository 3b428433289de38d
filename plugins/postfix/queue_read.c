/* SPDX-License-Identifier: MIT */
/*
 * queue_read - what only the files can tell: state, envelope, and why a message was deferred
 *
 * Runs in the watcher, as part of the sensor `queue`; here it opens what strangers wrote.  Four kinds of jobs, one
 * piece per call: find a message that moved away and did not arrive; look at the state of a file; read its
 * envelope; read the log of its deferral.  The envelope is read once, since its text never moves, and again only to
 * see who is left: when a message with several recipients comes back to deferred, or was written to while active, and
 * when one leaves active, or any place before it was looked at there.  The log is read each time it comes back: it is
 * complete by then, and removed at the next try.  It is a job of its own, so that who asks for whom there is mail
 * does not wait for why.  Nothing is locked: qmgr would take that for a delivery.
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
#include "postfix/defer_verdict.h"
#include "postfix/queue_spool.h"
#include "postfix/queue_status.h"

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
        /* Ours has a fraction, and lay ahead when it was set; a file as cleanup left it has a fraction, too. */
        bool postponed = status->st_mtim.tv_nsec != 0 && status->st_mtim.tv_sec > status->st_ctim.tv_sec;

        if (retry == message->retry && postponed == (bool)message->postponed)
                return;
        /* Tried while nobody saw it; a time that was postponed is our own doing, or its end. */
        if (message->retry != 0 && !postponed && !message->postponed)
                message->returned = true;
        message->retry = retry;
        message->postponed = postponed;
        queue_spool_changed(spool);
}

/* False: there is nothing to be read, or no message any more. */
static bool take_status(struct queue_spool *spool, struct queue_message *message, const struct stat *status) {
        uint64_t inode;
        bool is_other;

        if (!S_ISREG(status->st_mode)) {
                queue_track_forget(spool, message);
                return false;
        }
        inode = queue_table_inode(&spool->table, message);
        is_other = inode != 0 && inode != status->st_ino;
        if (is_other ||
                (message->state == QUEUE_MESSAGE_UNREADABLE &&
                        message->size_bytes != ((uint64_t)status->st_size & QUEUE_SIZE_MAX)))
                queue_track_unread(spool, message);
        /* Without the memory for it, it is looked at again when there is an event. */
        if (queue_table_set_inode(&spool->table, message, status->st_ino) < 0)
                return false;
        queue_track_size(spool, message, (uint64_t)status->st_size);
        if (message->queue == QUEUE_DEFERRED)
                look_at_retry(spool, message, status);
        /* Postfix says so itself when it takes a message; here an agent says the contrary, and means it. */
        if ((status->st_mode & COMPLETE) != COMPLETE) {
                queue_track_incomplete(spool, message);
                return false;
        }
        queue_track_complete(spool, message);
        return true;
}

void queue_read_status(struct queue_spool *spool, struct queue_message *message, const struct stat *status) {
        if (!take_status(spool, message, status))
                return;
        if (message->queue == QUEUE_DEFERRED && (message->returned || message->state == QUEUE_MESSAGE_UNREAD))
                queue_track_job(spool, message, QUEUE_JOB_READ_DEFERRED);
        else if (message->state == QUEUE_MESSAGE_UNREAD)
                queue_track_job(spool, message, QUEUE_JOB_READ);
}

bool queue_read_look(struct queue_spool *spool) {
        struct queue_message *message = next(spool, QUEUE_JOB_LOOK);
        char path[QUEUE_PATH_MAX];
        struct stat status;

        if (!message)
                return false;
        queue_track_path(message, (enum queue)message->queue, message->depth, path);
        /* Not there: it moved on, which an event is about to say. */
        if (queue_near_stat(spool, path, &status) >= 0)
                queue_read_status(spool, message, &status);
        return true;
}

/* False: this name has killed a watcher before. */
static bool begin_parsing(const struct queue_spool *spool, const char *path) {
        char what[PATH_MAX + QUEUE_PATH_MAX];

        stpcpy(stpcpy(stpcpy(what, spool->path), "/"), path);
        return spool->host->parsing(spool->host, what);
}

/* What a next hop is looked up and probed by: no other letters get that far. */
static bool is_plain(const char *domain) {
        static const bool plain[UCHAR_MAX + 1] = {['a' ... 'z'] = true,
                ['0' ... '9'] = true,
                ['-'] = true,
                ['_'] = true,
                ['.'] = true,
                [':'] = true,
                [','] = true,
                ['['] = true,
                [']'] = true};

        while (plain[(unsigned char)*domain])
                domain++;
        return *domain == '\0';
}

static void domain_of(const char *address, char ret_domain[static QUEUE_DOMAIN_MAX]) {
        if (address[0])
                queue_file_domain(address, ret_domain);
        else
                strcpy(ret_domain, QUEUE_NULL_SENDER);
}

static void on_recipient(const char *address, uint64_t offset, void *data) {
        struct queue_spool *spool = data;
        char domain[QUEUE_DOMAIN_MAX], hop[NEXTHOP_MAX];
        bool is_known = spool->reader.file.has_filter || !spool->hops_unknown;
        const char *routed = strchr(address, '@') ? domain : ""; /* a user of this machine is no domain */

        (void)offset;
        domain_of(address, domain);
        spool->draft.is_filter = spool->reader.file.has_filter;
        if (spool->reader.file.has_filter)
                nexthop_of_transport(spool->reader.file.filter, routed, hop);
        else
                nexthop_of(&spool->routes, routed, hop);
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
        message->place = place & QUEUE_NUMBER_MASK;
        message->sender = sender & QUEUE_NUMBER_MASK;
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
        domain[0] = '\0';
        if (file->has_sender)
                domain_of(file->sender, domain);
        queue_shape_leave(spool, message);
        set_place(spool, message, queue_place_take_consume(&spool->places, &spool->draft),
                queue_names_take(&spool->places.domains, domain));
        message->state = QUEUE_MESSAGE_READ;
        message->arrival = clamped(file->arrival_seconds);
        message->create = clamped(file->create_seconds);
        message->left = (file->recipients_left < QUEUE_LEFT_MAX ? file->recipients_left : QUEUE_LEFT_MAX) &
                QUEUE_LEFT_MAX;
        message->has_sender = file->has_sender;
        message->null_sender = file->null_sender;
        queue_shape_enter(spool, message);
}

/* Whether it was read, or there is none. */
static bool read_log(
        struct queue_spool *spool, const struct queue_message *message, struct defer_verdict *verdict) {
        char path[QUEUE_PATH_MAX], name[QUEUE_ID_MAX], sub[QUEUE_SUB_MAX];
        ssize_t n = -1;
        int fd;

        queue_id_format(&message->id, name);
        queue_id_hash_path(name, spool->defer_depth, sub);
        stpcpy(stpcpy(stpcpy(path, "defer/"), sub), name);
        if (!spool->log_text)
                spool->log_text = malloc(DEFER_LOG_MAX);
        if (!spool->log_text)
                return false;
        fd = queue_near_open(spool, path);
        if (fd < 0)
                return errno == ENOENT;
        if (begin_parsing(spool, path)) {
                n = pread(fd, spool->log_text, DEFER_LOG_MAX, 0);
                if (n > 0)
                        defer_verdict_read(spool->common->reasons, spool->log_text, (size_t)n,
                                n == DEFER_LOG_MAX, spool->places.rows[message->place].is_filter, verdict);
                spool->host->parsing(spool->host, NULL);
        }
        close(fd);
        return n >= 0;
}

static bool is_deferred(struct queue_spool *spool, const struct queue_message *message) {
        char path[QUEUE_PATH_MAX];
        struct stat status;

        queue_track_path(message, QUEUE_DEFERRED, message->depth, path);
        return queue_near_stat(spool, path, &status) >= 0;
}

static void store_reason(struct queue_spool *spool, struct queue_message *message) {
        struct defer_verdict verdict = {.class = REASON_NONE};

        /* The log goes when the message is tried: without it, see whether the message is still waiting. */
        if (!read_log(spool, message, &verdict) || (!verdict.any && !is_deferred(spool, message)))
                return;
        queue_status_set(message, verdict.status);
        message->reason = (unsigned)verdict.class & 31u;
        message->duplicate_risk = verdict.duplicate_risk;
        if (message->tried && verdict.any)
                queue_recent_deferred(spool, message, verdict.said);
        queue_spool_changed(spool);
}

/* A message that came back from active counts for its next hops when it is known why, and once. */
static void count_return(struct queue_spool *spool, struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];
        bool put_off = message->reason == REASON_GREYLIST || message->reason == REASON_QUOTA;

        if (!message->tried)
                return;
        for (uint16_t i = 0; i < place->n_hops; i++) {
                struct queue_name *hop = &spool->places.hops.rows[queue_place_hops(place)[i]];

                hop->deferred++;
                hop->retry_deferred += message->asked;
                hop->retry_put_off += message->asked && put_off;
        }
        message->tried = message->asked = false;
        queue_spool_changed(spool);
}

/* False: there is none to be read. */
bool queue_read_reason(struct queue_spool *spool) {
        struct queue_message *message = next(spool, QUEUE_JOB_REASON);

        if (!message)
                return false;
        /* Else it is tried again, and another one comes of that. */
        if (message->queue == QUEUE_DEFERRED)
                store_reason(spool, message);
        count_return(spool, message);
        return true;
}

/* What follows the envelope of a message that came back to deferred. */
static void finish(struct queue_spool *spool, struct queue_message *message) {
        if (!message->returned || message->queue != QUEUE_DEFERRED) {
                count_return(spool, message);
                return;
        }
        queue_track_job(spool, message, QUEUE_JOB_REASON);
        message->returned = !(message->jobs & 1u << QUEUE_JOB_REASON);
}

/* NULL: the message is gone, or its name is another one's. */
static void go_on(struct queue_spool *spool, struct queue_message *message, const char *path) {
        int r = QUEUE_FILE_UNFINISHED;

        if (message) {
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

/* A file that was met in a listing may not have been looked at: open, that is cheaper than by its path. */
static void begin(struct queue_spool *spool, struct queue_message *message) {
        char path[QUEUE_PATH_MAX];
        struct stat status;
        int fd;

        queue_track_path(message, (enum queue)message->queue, message->depth, path);
        fd = queue_near_open(spool, path);
        if (fd < 0) {
                if (errno != ENOENT) {
                        store(spool, message, -errno);
                        queue_track_job(spool, message, QUEUE_JOB_LOOK);
                }
                return;
        }
        if (fstat(fd, &status) < 0 || !take_status(spool, message, &status)) {
                close(fd);
                return;
        }
        message->changed = false;
        spool->reading = message->id;
        spool->reading_inode = queue_table_inode(&spool->table, message);
        queue_file_reader_init(&spool->reader, fd, message->size_bytes, message->queue == QUEUE_MAILDROP,
                on_recipient, spool);
        go_on(spool, message, path);
}

bool queue_read_is_in(const struct queue_spool *spool, const struct queue_message *message) {
        return spool->reader.fd >= 0 && message->id.inode == spool->reading.inode &&
                message->id.stamp == spool->reading.stamp;
}

static void go_on_later(struct queue_spool *spool) {
        struct queue_message *message = queue_table_find(&spool->table, &spool->reading);
        char path[QUEUE_PATH_MAX] = "";

        if (message && queue_table_inode(&spool->table, message) != spool->reading_inode)
                message = NULL;
        if (message)
                queue_track_path(message, (enum queue)message->queue, message->depth, path);
        go_on(spool, message, path);
}

bool queue_read_file(struct queue_spool *spool) {
        struct queue_message *message;

        if (spool->reader.fd >= 0) {
                go_on_later(spool);
                return true;
        }
        message = next(spool, QUEUE_JOB_READ_DEFERRED);
        if (!message)
                message = next(spool, QUEUE_JOB_READ);
        if (!message)
                return false;
        if (message->state == QUEUE_MESSAGE_UNREAD || message->changed ||
                (message->returned && message->left > 1)) {
                begin(spool, message);
        } else {
                finish(spool, message);
        }
        return true;
}
