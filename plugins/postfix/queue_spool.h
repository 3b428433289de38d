/* SPDX-License-Identifier: MIT */
/*
 * queue_spool - one spool as the sensor `queue` follows it, and the parts that work on it
 *
 * queue_watch.c turns events into calls of queue_track.c, queue_scan.c does the same for directories it lists;
 * what they cannot know becomes a job in a ring, done by queue_read.c.  queue_shape.c keeps the counts that
 * questions are answered from (queue_questions.c, queue_list.c); queue_census.c adds up the rest, queue_publish.c
 * says it, with what queue_recent.c and queue_filters.c know of the last minutes; queue_select.c answers the verbs.
 * queue_spool.c owns the whole and shares out the time.
 */
#ifndef POSTFIX_QUEUE_SPOOL_H
#define POSTFIX_QUEUE_SPOOL_H

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "common/growth.h"
#include "common/net_address.h"
#include "postfix/nexthop.h"
#include "postfix/postfix.h"
#include "postfix/queue_file.h"
#include "postfix/queue_filters.h"
#include "postfix/queue_places.h"
#include "postfix/queue_recent.h"
#include "postfix/queue_shape.h"
#include "postfix/queue_table.h"
#include "postfix/reason.h"
#include "postfix/reason_site.h"

#define QUEUE_SUB_MAX (2 * QUEUE_HASH_DEPTH_MAX + 1)
#define QUEUE_PATH_MAX (32 + QUEUE_SUB_MAX + 256) /* "deferred/D/3/NAME" */
#define QUEUE_TABLE_PATH_MAX ((size_t)2 * PATH_MAX)
#define QUEUE_ODD_MAX 1024u
#define QUEUE_TURN_USEC UINT64_C(5000)

/* Numbers of messages that wait for a job. */
struct queue_ring {
        uint32_t *numbers;
        uint32_t head, n, size;
};

/* A directory that is watched; its place in the spool. */
struct queue_directory {
        int wd;
        enum { QUEUE_DIRECTORY_SPOOL, QUEUE_DIRECTORY_BOUNCE, QUEUE_DIRECTORY_QUEUE } kind;
        enum queue queue;
        char sub[QUEUE_SUB_MAX]; /* "" or "D/3/" */
};

/* A file with a legal name that Postfix would not give it, or in a place that is not its own: only counted. */
struct queue_odd {
        char *path; /* below the spool */
        enum queue queue;
        uint64_t size_bytes;
        unsigned generation;
};

struct queue_scan {
        bool wanted, running, sweeping; /* of everything */
        bool rewatch;                   /* a directory was exchanged: forget all watches first */
        bool reread, rereading;         /* the routes are others: read all files again; at the end of this */
        unsigned generation;
        struct queue_directory *left; /* directories still to be listed; wd is not used */
        size_t n_left;
        DIR *open; /* the one that is being listed */
        struct queue_directory at;
        bool is_behind; /* something went from its queue since: names that were read ahead may be among it */
        uint32_t sweep_next;
        uint32_t listed[QUEUES];
};

#define QUEUE_NAMES_SHOWN 20u /* domains, and senders */
#define QUEUE_HOPS_SHOWN 32u
#define QUEUE_CROWD 5u /* messages on their way to one next hop or domain */

/* What domains are ranked by: their messages in one queue each, and in all of these from their senders. */
enum queue_rank_of {
        QUEUE_RANK_DEFERRED,
        QUEUE_RANK_ACTIVE,
        QUEUE_RANK_INCOMING,
        QUEUE_RANK_SENDERS,
        QUEUE_RANKS
};

/* The names with most messages, largest first, and the sum of all. */
struct queue_rank {
        uint32_t numbers[QUEUE_HOPS_SHOWN];
        size_t n;
        uint64_t total;
};

struct queue_census {
        bool wanted, running;
        int stage;           /* queue_census.c */
        uint32_t next;       /* of what the stage goes through */
        int64_t now_seconds; /* CLOCK_REALTIME */
        uint64_t spent_usec;
        uint32_t read, null_sender, unreadable;
        struct {
                int64_t until_seconds;
                uint64_t first_seconds; /* when the first of them expires; 0: there are none */
                uint32_t messages;
                struct queue_top hops;
        } cliff;
        struct queue_filter_counts filters;
        uint32_t null_senders[QUEUES];
        uint32_t oldest[QUEUES]; /* arrival; 0: not known */
        uint32_t reasons[REASON_CLASSES];
        struct queue_rank domains[QUEUE_RANKS], hops;
};

/* Names whose readings are published; each is held. */
struct queue_shown {
        uint32_t numbers[QUEUE_NAMES_SHOWN];
        size_t n;
        bool others;
};

struct queue_shown_hop {
        uint32_t number;
        uint64_t zero_since_usec; /* 0: it has messages */
};

struct queue_totals {
        uint64_t arrived, delivered, deferred, bounced;
};

/* A directory that is kept open; its path below the spool with a slash behind, "": none is. */
struct queue_near {
        int fd;
        char path[32 + QUEUE_SUB_MAX];
};

#define QUEUE_OUTSIDE_MAX 12

/* One reading whose label is what main.cf says. */
struct queue_outside_word {
        const char *reading, *label;
        char text[256];
};

/* What main.cf says of the way out; `shown` are the words that were published last. */
struct queue_outside {
        bool is_known, sends_six, is_native;
        struct queue_outside_word words[QUEUE_OUTSIDE_MAX], shown[QUEUE_OUTSIDE_MAX];
        size_t n, n_shown;
};

/* What the spools of a sensor have in common. */
struct queue_common {
        const struct reason_site *reasons; /* NULL: none */
        uint32_t messages_max, messages;   /* that are tracked, at most and now */
        uint32_t n_spools;                 /* which share what there is for names; 0: one */
        struct queue_spool *spools;        /* all that there are, by their `next` */
        uint64_t cliff_seconds;            /* while people are there, or nobody knows when */
};

struct queue_spool {
        const struct sg_host *host;
        struct queue_common *common;
        struct queue_spool *next; /* of the sensor */
        char path[PATH_MAX], config[PATH_MAX],
                instance[POSTFIX_INSTANCE_MAX]; /* with the host's root in front */
        int64_t (*wall_seconds)(void);          /* CLOCK_REALTIME, or what a test has for it */

        int fd; /* of the spool directory; -1: it is not there */
        int inotify;
        uint64_t unheard_bytes;    /* of events that were kept when it was heard that others are lost */
        struct sg_watch *readable; /* NULL: work is going to drain */
        struct sg_timer *work, *tick;
        uint64_t work_usec;                 /* when there is work; 0: not armed */
        uint64_t files_usec;                /* before that no file is opened; 0: it may be */
        uint64_t sampled_usec;              /* when mail that passes was looked at, last */
        bool is_working, is_changed;        /* within a turn; what it changed is said after it */
        uint64_t tick_usec, published_usec; /* when the tick comes; 0: not armed */

        struct queue_directory *directories; /* by wd */
        size_t n_directories;
        bool lost;        /* the spool went away */
        bool is_blind;    /* the limit of watches was reached: listed every minute instead */
        bool is_overfull; /* more messages than are tracked: only counted, by listing */
        bool said_overflow, said_odd, said_overfull, said_blind, said_routes;
        uint64_t listed_usec;

        struct queue_table table;
        struct queue_places places;
        struct queue_odd *odd;
        size_t n_odd;
        struct queue_ring rings[QUEUE_JOBS];
        struct {
                uint64_t messages, bytes;
                unsigned depth; /* deepest hash directory seen */
                bool exists;
        } queues[QUEUES];

        struct nexthop_routes routes;
        bool hops_unknown;                    /* there are routes that cannot be read */
        bool has_filter;                      /* main.cf sends mail through one */
        uint64_t routes_stamp;                /* of the files they came from; 0: not read yet */
        char transport[QUEUE_TABLE_PATH_MAX]; /* the table; "": there is none */
        unsigned defer_depth;
        struct queue_outside outside;
        bool lifetimes_known;
        uint32_t lifetime_seconds, bounce_lifetime_seconds; /* bounce: of a message without a sender */

        /* The file that is being read; a large one takes several turns. */
        struct queue_file_reader reader;
        struct queue_place_draft draft;
        struct queue_id reading; /* while reader.fd >= 0 */
        uint64_t reading_inode;
        char *log_text; /* while logs are read */
        struct queue_near near[2];
        bool is_stranger; /* who owns the files is somebody else */

        struct queue_shape shape;
        struct queue_scan scan;
        struct queue_census census;
        struct queue_recent recent;
        /* Everything was, since it was last listed: its name, its envelope, the reason of its deferral. */
        bool is_listed, is_read, is_explained;

        struct queue_totals totals;
        struct growth bounces, bytes;
        bool reason_shown[REASON_CLASSES];
        struct queue_shown shown_domains[QUEUE_RANKS];
        struct queue_shown_hop shown_hops[QUEUE_HOPS_SHOWN];
        size_t n_shown_hops;
        struct queue_filters_shown shown_filters;
};

/* queue_spool.c */
extern const char *const queue_names_of[QUEUES];
/* `common` stays the caller's, and must outlive the spool. */
int queue_spool_new(const struct sg_host *host, const struct postfix_instance *instance,
        struct queue_common *common, struct queue_spool **ret_spool);
struct queue_spool *queue_spool_free(struct queue_spool *spool);
void queue_spool_work(struct queue_spool *spool);    /* there is something to do: soon */
void queue_spool_heard(struct queue_spool *spool);   /* of events, which come in groups */
void queue_spool_passes(struct queue_spool *spool);  /* mail on its way out: its file is not opened at once */
void queue_spool_changed(struct queue_spool *spool); /* there is something to say: within a second */
bool queue_spool_is_settled(const struct queue_spool *spool);   /* but for the reasons */
bool queue_spool_is_explained(const struct queue_spool *spool); /* with them */
/* Degraded for this reason, until the same `what` is said with NULL. */
void queue_spool_trouble(const struct queue_spool *spool, const char *what, const char *why);

/* queue_watch.c */
int queue_watch_open(struct queue_spool *spool);
void queue_watch_close(struct queue_spool *spool);
void queue_watch_drain(struct queue_spool *spool);
/* Wakes the spool at the next event, once; work drains by itself. */
int queue_watch_listen(struct queue_spool *spool);
/* False: its changes will not be seen. */
bool queue_watch_add(struct queue_spool *spool, const struct queue_directory *directory);
void queue_watch_forget_queues(struct queue_spool *spool);
/* The hash directory `name` below another directory; false: Postfix has none of that name. */
bool queue_watch_below(
        const struct queue_directory *directory, const char *name, struct queue_directory *ret_directory);

/* queue_scan.c */
void queue_scan_add(struct queue_spool *spool, const struct queue_directory *directory);
bool queue_scan_step(struct queue_spool *spool); /* false: nothing to do */
/* Forgets some of all messages, from scan.sweep_next on; false: none is left. */
bool queue_scan_forget(struct queue_spool *spool);
/* The next step takes a directory, of which the kernel alone may take a turn's time: it marks all files it knows there. */
bool queue_scan_is_between(const struct queue_spool *spool);
void queue_scan_close(struct queue_spool *spool);

/* queue_track.c: what happened to a name in a directory */
struct queue_message *queue_track_arrival(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name);
void queue_track_move_away(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name);
void queue_track_removal(
        struct queue_spool *spool, const struct queue_directory *directory, const char *name);
void queue_track_change(struct queue_spool *spool, const struct queue_directory *directory, const char *name);
void queue_track_bounce(struct queue_spool *spool, const char *name);
void queue_track_place(
        struct queue_spool *spool, struct queue_message *message, enum queue queue, unsigned depth);
void queue_track_size(struct queue_spool *spool, struct queue_message *message, uint64_t size_bytes);
void queue_track_complete(struct queue_spool *spool, struct queue_message *message);
void queue_track_incomplete(struct queue_spool *spool, struct queue_message *message);
void queue_track_forget(struct queue_spool *spool, struct queue_message *message);
/* Older than mail lives here at that time: whether it is delivered or returned when it leaves active cannot be told. */
bool queue_track_is_overdue(
        const struct queue_spool *spool, const struct queue_message *message, int64_t at_seconds);
void queue_track_unread(struct queue_spool *spool, struct queue_message *message);
void queue_track_job(struct queue_spool *spool, struct queue_message *message, enum queue_job job);
void queue_track_forget_odd(struct queue_spool *spool, size_t i);
/* Path below the spool. */
void queue_track_path(const struct queue_message *message, enum queue queue, unsigned depth,
        char path[static QUEUE_PATH_MAX]);

/* queue_ring.c */
int queue_ring_push(struct queue_ring *ring, uint32_t number);
bool queue_ring_pop(struct queue_ring *ring, uint32_t *ret_number);
void queue_ring_deinit(struct queue_ring *ring);

/* queue_read.c: one piece of a job; false: there is none */
bool queue_read_find(struct queue_spool *spool);
bool queue_read_look(struct queue_spool *spool);
bool queue_read_file(struct queue_spool *spool);
bool queue_read_reason(struct queue_spool *spool);
/* A large file takes several turns: whether it is in the middle of this one, and what it has of it is not known yet. */
bool queue_read_is_in(const struct queue_spool *spool, const struct queue_message *message);
void queue_read_close(struct queue_spool *spool);
void queue_read_status(struct queue_spool *spool, struct queue_message *message, const struct stat *status);

/* queue_near.c: as openat() and fstatat() of a path below the spool, for reading, links not followed */
int queue_near_open(struct queue_spool *spool, const char *path);
int queue_near_stat(struct queue_spool *spool, const char *path, struct stat *ret_status);
void queue_near_close(struct queue_spool *spool);

/* queue_routes.c: from main.cf and the transport table; true: they are others than before */
bool queue_routes_refresh(struct queue_spool *spool);

/* queue_outside.c: what main.cf says of the way out, and the readings about it */
void queue_outside_read(struct queue_outside *outside, const char *main_cf);
void queue_outside_publish(struct queue_spool *spool);

/* queue_census.c */
bool queue_census_step(struct queue_spool *spool); /* false: nothing to do */
/* What names are ranked by. */
typedef uint32_t (*queue_census_count)(const struct queue_name *name);
uint32_t queue_census_waiting(const struct queue_name *name); /* for a next hop */
extern const queue_census_count queue_census_domains[QUEUE_RANKS];

/* queue_publish.c */
extern const struct sg_reading queue_readings[];
void queue_publish(struct queue_spool *spool);
void queue_publish_missing(struct queue_spool *spool, const char *why);
void queue_publish_forget(struct queue_spool *spool); /* lets go of the names that are shown */

/* queue_publish_names.c: domains and senders */
void queue_publish_names(struct queue_spool *spool);
void queue_publish_names_missing(const struct queue_spool *spool, const char *why);
void queue_publish_names_forget(struct queue_spool *spool);

/* queue_publish_hops.c: next hops */
void queue_publish_hops(struct queue_spool *spool);
void queue_publish_hops_missing(const struct queue_spool *spool, const char *why);
void queue_publish_hops_forget(struct queue_spool *spool);

/* queue_publish_cliff.c: what would be returned to its senders */
void queue_publish_cliff(const struct queue_spool *spool);

#endif
