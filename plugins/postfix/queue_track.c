/* SPDX-License-Identifier: MIT */
/*
 * queue_track - where every message is, and what its way from queue to queue means
 *
 * Runs in the watcher, as part of the sensor `queue`.  The only file that moves, adds and removes messages and
 * keeps their counts.  It is told what happened to a name in a directory, by events or by listing; both may come
 * late, twice, or in another order than things happened in, so each call makes its own statement true and relies on
 * none before it.  Only an arrival makes an entry; a change of a name that is not known, or known elsewhere, does
 * nothing.  A name that moved away is kept until it is seen to arrive or was looked for in the other queues.
 *
 * Owns nothing of its own.  Fails by tracking less: a full table and odd names without room are said once.
 * Limits: totals count what was seen; what happened while events were lost is not in them.  A message to more than
 * REREAD_MAX recipients is not read again while it is active: it counts with all that were left before.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "postfix/queue_spool.h"

#define REREAD_MAX 1024u /* every fifty recipients that are done make an event */

void queue_track_path(const struct queue_message *message, enum queue queue, unsigned depth,
        char path[static QUEUE_PATH_MAX]) {
        char name[QUEUE_ID_MAX], sub[QUEUE_SUB_MAX];

        queue_id_format(&message->id, name);
        queue_id_hash_path(name, depth, sub);
        stpcpy(stpcpy(stpcpy(stpcpy(path, queue_names_of[queue]), "/"), sub), name);
}

void queue_track_job(struct queue_spool *spool, struct queue_message *message, enum queue_job job) {
        if (message->jobs & 1u << job)
                return;
        if (queue_ring_push(&spool->rings[job], queue_table_number(&spool->table, message)) < 0) {
                spool->scan.wanted = true;
                return;
        }
        message->jobs = (message->jobs | 1u << job) & QUEUE_JOBS_ALL;
        queue_spool_work(spool);
}

void queue_track_size(struct queue_spool *spool, struct queue_message *message, uint64_t size_bytes) {
        size_bytes &= QUEUE_SIZE_MAX;
        if (message->size_bytes == size_bytes)
                return;
        spool->queues[message->queue].bytes += size_bytes - message->size_bytes;
        message->size_bytes = size_bytes & QUEUE_SIZE_MAX;
        queue_spool_changed(spool);
}

void queue_track_complete(struct queue_spool *spool, struct queue_message *message) {
        if (message->fresh)
                spool->totals.arrived++;
        message->fresh = false;
        if (message->complete)
                return;
        message->complete = true;
        queue_shape_enter(spool, message);
}

void queue_track_incomplete(struct queue_spool *spool, struct queue_message *message) {
        queue_shape_leave(spool, message);
        message->complete = false;
}

/* What its file said is not true any more: another file has its name, or it is to be read again. */
void queue_track_unread(struct queue_spool *spool, struct queue_message *message) {
        queue_shape_leave(spool, message);
        queue_place_drop(&spool->places, message->place);
        queue_names_drop(&spool->places.domains, message->sender);
        message->place = QUEUE_PLACE_UNKNOWN;
        message->sender = QUEUE_NAME_NONE;
        queue_names_hold(&spool->places.domains, QUEUE_NAME_NONE);
        message->state = QUEUE_MESSAGE_UNREAD;
}

void queue_track_forget(struct queue_spool *spool, struct queue_message *message) {
        queue_shape_leave(spool, message);
        spool->queues[message->queue].messages--;
        spool->queues[message->queue].bytes -= message->size_bytes;
        queue_place_drop(&spool->places, message->place);
        queue_names_drop(&spool->places.domains, message->sender);
        queue_table_remove(&spool->table, message);
        spool->common->messages--;
        queue_spool_changed(spool);
}

static void become_overfull(struct queue_spool *spool) {
        char why[160];

        if (spool->is_overfull)
                return;
        spool->is_overfull = true;
        snprintf(why, sizeof(why),
                "%.80s: more than %u messages: only their number is known, counted once a minute",
                spool->path, spool->common->messages_max);
        queue_spool_trouble(spool, "too many messages", why);
        if (!spool->said_overfull)
                spool->host->log(spool->host, SG_LEVEL_WARNING, "%s", why);
        spool->said_overfull = true;
}

static struct queue_message *add(struct queue_spool *spool, const struct queue_id *id, enum queue queue) {
        struct queue_message *message = NULL;
        uint32_t number;

        if (spool->common->messages < spool->common->messages_max)
                message = queue_table_add(&spool->table, id, &number);
        if (!message) {
                become_overfull(spool);
                return NULL;
        }
        spool->common->messages++;
        message->queue = (unsigned)queue & 7u;
        queue_names_hold(&spool->places.domains, QUEUE_NAME_NONE);
        /* At the start everything is new to us, and nothing has just arrived. */
        message->fresh = queue == QUEUE_INCOMING && spool->is_listed;
        spool->queues[queue].messages++;
        return message;
}

/*
 * What is too old is tried once more, and when that fails it is returned from its log of deferral: it leaves active
 * without a bounce of its own, as if it had been delivered.
 */
bool queue_track_is_overdue(
        const struct queue_spool *spool, const struct queue_message *message, int64_t at_seconds) {
        uint32_t lifetime = message->null_sender ? spool->bounce_lifetime_seconds : spool->lifetime_seconds;

        return spool->lifetimes_known && message->create != 0 &&
                at_seconds >= (int64_t)message->create + lifetime;
}

/* The counters of the next hops of a message that left active for good. */
static void count_hops(struct queue_spool *spool, const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];
        bool is_overdue = queue_track_is_overdue(spool, message, spool->wall_seconds());

        for (uint16_t i = 0; i < place->n_hops; i++) {
                struct queue_name *hop = &spool->places.hops.rows[queue_place_hops(place)[i]];

                hop->delivered += !message->bounced && !is_overdue;
                hop->retry_delivered += message->asked && !message->bounced;
                hop->retry_bounced += message->asked && message->bounced;
        }
        queue_recent_left(spool, message);
}

/* Some of its recipients may be done: who is left is in the file. */
static void read_again(struct queue_spool *spool, struct queue_message *message) {
        if (message->state != QUEUE_MESSAGE_READ && !queue_read_is_in(spool, message))
                return;
        message->changed = true;
        queue_track_job(spool, message, QUEUE_JOB_READ);
}

/* Which of its recipients are done may have been written behind the last look at it, or it moved on before the look. */
static bool is_stale(const struct queue_message *message, enum queue from) {
        return from == QUEUE_ACTIVE || message->changed || (message->returned && message->left > 1);
}

void queue_track_place(
        struct queue_spool *spool, struct queue_message *message, enum queue queue, unsigned depth) {
        enum queue from = (enum queue)message->queue;

        message->generation = spool->scan.generation & QUEUE_GENERATIONS;
        message->depth = depth & 7u;
        message->moving = false;
        if (from == queue)
                return;
        queue_shape_leave(spool, message);
        spool->queues[from].messages--;
        spool->queues[from].bytes -= message->size_bytes;
        spool->queues[queue].messages++;
        spool->queues[queue].bytes += message->size_bytes;
        message->queue = (unsigned)queue & 7u;
        queue_shape_enter(spool, message);
        queue_spool_changed(spool);

        if (queue == QUEUE_ACTIVE) {
                /* qmgr takes nothing that is not complete. */
                queue_track_complete(spool, message);
                message->bounced = false;
        }
        if (queue == QUEUE_DEFERRED) {
                message->returned = true;
                message->tried |= from == QUEUE_ACTIVE;
                spool->totals.deferred += from == QUEUE_ACTIVE;
        }
        if (queue != QUEUE_DEFERRED && is_stale(message, from))
                read_again(spool, message);
        if (queue == QUEUE_DEFERRED || message->state == QUEUE_MESSAGE_UNREAD || !message->complete)
                queue_track_job(spool, message, QUEUE_JOB_LOOK);
}

/* The ID of a name that Postfix would have made and put just there; `ret_depth` of the hash directory. */
static bool parse(const struct queue_directory *directory, const char *name, struct queue_id *ret_id,
        unsigned *ret_depth) {
        char sub[QUEUE_SUB_MAX];

        *ret_depth = (unsigned)strlen(directory->sub) / 2;
        if (!queue_id_parse(name, ret_id))
                return false;
        queue_id_hash_path(name, *ret_depth, sub);
        return strcmp(sub, directory->sub) == 0;
}

static size_t find_odd(const struct queue_spool *spool, const struct queue_directory *directory,
        const char *name, char *path) {
        size_t i = 0;

        snprintf(path, QUEUE_PATH_MAX, "%s/%s%s", queue_names_of[directory->queue], directory->sub, name);
        while (i < spool->n_odd && strcmp(spool->odd[i].path, path) != 0)
                i++;
        return i;
}

void queue_track_forget_odd(struct queue_spool *spool, size_t i) {
        struct queue_odd *odd = &spool->odd[i];

        spool->queues[odd->queue].messages--;
        spool->queues[odd->queue].bytes -= odd->size_bytes;
        free(odd->path);
        *odd = spool->odd[--spool->n_odd];
        queue_spool_changed(spool);
}

/* Looks at once: there is no job for so few.  What is no queue file for Postfix is none here. */
static void track_odd(struct queue_spool *spool, const struct queue_directory *directory, const char *name) {
        char path[QUEUE_PATH_MAX];
        struct stat status;
        size_t i;

        if (!queue_id_is_legal(name))
                return;
        i = find_odd(spool, directory, name, path);
        if (fstatat(spool->fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode)) {
                if (i < spool->n_odd)
                        queue_track_forget_odd(spool, i);
                return;
        }
        if (i == spool->n_odd) {
                char *copy = NULL;

                if (!spool->odd)
                        spool->odd = calloc(QUEUE_ODD_MAX, sizeof(*spool->odd));
                if (spool->odd && i < QUEUE_ODD_MAX)
                        copy = strdup(path);
                if (!copy) {
                        if (!spool->said_odd)
                                spool->host->log(spool->host, SG_LEVEL_WARNING,
                                        "%s: more than %u files with names that Postfix does not make: the "
                                        "others are not counted",
                                        spool->path, QUEUE_ODD_MAX);
                        spool->said_odd = true;
                        return;
                }
                spool->odd[i] = (struct queue_odd){.path = copy, .queue = directory->queue};
                spool->n_odd++;
                spool->queues[directory->queue].messages++;
        }
        spool->queues[directory->queue].bytes += (uint64_t)status.st_size - spool->odd[i].size_bytes;
        spool->odd[i].size_bytes = (uint64_t)status.st_size;
        spool->odd[i].generation = spool->scan.generation;
        queue_spool_changed(spool);
}

/* What a name stands for, wherever that may be by now. */
struct named {
        struct queue_id id;
        unsigned depth;
        struct queue_message *message; /* NULL: not tracked yet */
};

/* False for a name that Postfix would not have made or put there, which is dealt with here. */
static bool look_up(struct queue_spool *spool, const struct queue_directory *directory, const char *name,
        struct named *ret_named) {
        if (!parse(directory, name, &ret_named->id, &ret_named->depth)) {
                track_odd(spool, directory, name);
                return false;
        }
        ret_named->message = queue_table_find(&spool->table, &ret_named->id);
        return true;
}

struct queue_message *queue_track_arrival(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name) {
        struct queue_message *message;
        struct named named;

        if (!look_up(spool, directory, name, &named))
                return NULL;
        message = named.message;
        if (!message) {
                message = add(spool, &named.id, directory->queue);
                if (!message)
                        return NULL;
                message->returned = directory->queue == QUEUE_DEFERRED;
                queue_spool_changed(spool);
                if (directory->queue == QUEUE_ACTIVE)
                        queue_track_complete(spool, message);
        }
        queue_track_place(spool, message, directory->queue, named.depth);
        return message;
}

/* The message, if it is where the directory says. */
static struct queue_message *find_there(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name) {
        struct named named;

        if (!look_up(spool, directory, name, &named) || !named.message)
                return NULL;
        return named.message->queue == directory->queue && named.message->depth == named.depth ? named.message
                                                                                               : NULL;
}

void queue_track_move_away(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name) {
        struct queue_message *message = find_there(spool, directory, name);

        if (!message)
                return;
        message->moving = true;
        queue_track_job(spool, message, QUEUE_JOB_FIND);
}

void queue_track_removal(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name) {
        struct queue_message *message = find_there(spool, directory, name);

        if (!message)
                return;
        if (message->queue == QUEUE_ACTIVE) {
                spool->totals.bounced += message->bounced;
                spool->totals.delivered += !message->bounced;
                count_hops(spool, message);
        }
        queue_track_forget(spool, message);
}

void queue_track_change(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name) {
        struct queue_message *message = find_there(spool, directory, name);

        if (!message)
                return;
        if (message->queue != QUEUE_ACTIVE)
                queue_track_job(spool, message, QUEUE_JOB_LOOK);
        else if (message->state != QUEUE_MESSAGE_READ || (message->left > 1 && message->left <= REREAD_MAX))
                read_again(spool, message);
}

void queue_track_bounce(struct queue_spool *spool, const char *name) {
        struct queue_message *message;
        struct queue_id id;

        message = queue_id_parse(name, &id) ? queue_table_find(&spool->table, &id) : NULL;
        if (message)
                message->bounced = true;
}
