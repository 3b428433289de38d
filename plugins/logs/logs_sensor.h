/* SPDX-License-Identifier: MIT */
/* logs_sensor - what the parts of the sensor know of each other */
#ifndef LOGS_LOGS_SENSOR_H
#define LOGS_LOGS_SENSOR_H

#include <fcntl.h>
#include <sys/stat.h>

#include "logs/logs.h"

#define LOGS_DIRECTORIES_MAX 512
#define LOGS_FILES_MAX 65536

/* logs_growth.c: how many bytes a second came in over the last minute */
#define LOGS_GROWTH_BUCKETS 13
struct logs_growth {
        double buckets[LOGS_GROWTH_BUCKETS];
        uint64_t newest; /* number of the newest bucket since the clock began */
};
void logs_growth_add(struct logs_growth *growth, uint64_t now_usec, double bytes);
double logs_growth_rate(const struct logs_growth *growth, uint64_t now_usec);
/* By which a file grows: a sparse one has the size of its blocks, or one seek would be a flood. */
uint64_t logs_growth_size(const struct statx *status);

/* logs_table.c: what was seen of each file, by what it is and not by what it is called */
struct logs_identity {
        uint64_t inode, birth_usec; /* an inode number is used again, with another time of birth */
        uint32_t root;              /* index of the configured directory */
};
struct logs_entry {
        struct logs_identity identity;
        uint32_t grower; /* 1 + index; 0: it did not grow lately */
        uint32_t names;  /* hard links */
        uint64_t size;   /* for growth: bytes, or blocks of a sparse file */
        uint64_t disk_bytes;
};
struct logs_table {
        struct logs_entry *entries; /* open addressing; an inode of 0 is an empty place */
        size_t n, allocated;
};
struct logs_identity logs_identity_of(const struct statx *status, uint32_t root);
bool logs_identity_equal(const struct logs_identity *a, const struct logs_identity *b);
struct logs_entry *logs_table_find(const struct logs_table *table, const struct logs_identity *identity);
/* NULL: LOGS_FILES_MAX are there, or no memory.  Pointers into the table are valid until the next insert. */
struct logs_entry *logs_table_insert(struct logs_table *table, const struct logs_entry *entry);
void logs_table_deinit(struct logs_table *table);

/* logs_events.c: which names changed, out of what inotify said */
#define LOGS_CHANGED_MAX 512
struct logs_events {
        struct {
                int wd;
                uint32_t name;  /* offset in names */
                uint32_t times; /* that it was said */
        } changed[LOGS_CHANGED_MAX];
        size_t n;
        uint16_t slots[4 * LOGS_CHANGED_MAX]; /* hash of (wd, name) to 1 + index */
        char names[32768];
        size_t used;
        bool any, rescan; /* rescan: what these names tell is not all that changed */
};
void logs_events_clear(struct logs_events *events);
void logs_events_parse(struct logs_events *events, const char *bytes, size_t size);

/* logs_pace.c: is a directory written to so much that it is cheaper to look than to listen? */
#define LOGS_LISTED_MAX 1000 /* files of all busy directories together, so that a look stays a short one */
struct logs_pace {
        bool busy;
        unsigned calm_looks;
        uint32_t events; /* since the last look, ... */
        uint64_t bytes;  /* ... and what its files grew by */
};
/* After a look; `fits`: all its files can be measured once a second. */
bool logs_pace_next(struct logs_pace *pace, bool fits);

/* logs_walk.c: the directories, and the way through all files, in turns */
struct logs_directory {
        size_t root;
        unsigned depth;
        int wd;
        uint32_t n_entries;
        struct logs_pace pace;
        char *relative; /* to the configured directory; "" for itself */
};
struct logs_directories {
        struct logs_directory *items;
        size_t n, allocated;
};
typedef void (*logs_file_fn)(
        size_t directory, int fd, const char *name, const struct statx *status, void *data);
struct logs_root {
        char path[512]; /* with host->root in front */
        const char *label;
        uint64_t device, inode; /* of the last walk's beginning */
        int why_missing;        /* errno value; 0: it is there */
};
struct logs_walk {
        struct logs_directories directories;
        size_t next; /* of the directories, to be read */
        void *stream;
        bool incomplete, unwatched;
};
/* Begins with the configured directories themselves. */
int logs_walk_begin(struct logs_walk *walk, struct logs_root roots[], size_t n_roots);
/* Calls `fn` for regular files for some milliseconds; false: that was all. */
bool logs_walk_turn(
        struct logs_walk *walk, int inotify_fd, const struct logs_root roots[], logs_file_fn fn, void *data);
void logs_walk_deinit(struct logs_walk *walk);
/* Opens it again, following no link below the configured directory.  -ESTALE: that one is another by now. */
int logs_walk_open(const struct logs_root *root, const char *relative);
/* A busy directory only says what comes and goes. */
int logs_walk_listen(int inotify_fd, int fd, bool busy);
typedef void (*logs_name_fn)(int fd, const char *name, void *data);
/* Consumes `fd`.  -E2BIG: there are more than `max` names. */
int logs_walk_list(int fd, uint32_t max, logs_name_fn fn, void *data);
uint64_t logs_walk_device(const struct statx *status);
int logs_walk_stat(int directory, const char *name, struct statx *ret_status);

/* logs_roots.c: the configured directories, and their readings */
struct logs_state {
        char label[256];
        struct logs_growth growth;
        uint64_t disk_bytes, shown_bytes;
        double shown_rate;
        bool shown;
        int missing; /* errno value that was told */
};
/* Returns whether it grew within the last minute. */
bool logs_roots_publish(const struct sg_host *host, const struct logs_root *root, struct logs_state *state);

/* logs_growers.c: the files that grow, and their readings */
#define LOGS_GROWERS_MAX 64
#define LOGS_GROWERS_SHOWN 10
struct logs_grower {
        struct logs_identity identity; /* inode 0: free */
        struct logs_growth growth;
        char path[256];
        uint64_t disk_bytes;
        bool shown; /* its readings are published */
        double shown_rate;
        uint64_t shown_bytes;
};
struct logs_growers {
        const struct sg_host *host;
        struct logs_grower items[LOGS_GROWERS_MAX];
};
/* 1 + index for the entry, or 0: there are faster ones enough. */
uint32_t logs_growers_take(
        struct logs_growers *growers, const struct logs_identity *identity, uint64_t now_usec);
/* The one with that number, if it is still this file's. */
struct logs_grower *logs_growers_get(
        struct logs_growers *growers, uint32_t number, const struct logs_identity *identity);
/* A rename takes the file's readings to its new path. */
void logs_growers_name(struct logs_growers *growers, struct logs_grower *grower, const char *path);
void logs_growers_drop(struct logs_growers *growers, struct logs_grower *grower);
/* Returns whether any of them grew within the last minute. */
bool logs_growers_publish(struct logs_growers *growers, uint64_t now_usec);

/* logs_deleted.c: logs that were deleted while somebody has them open */
struct logs_followed {
        struct logs_identity identity; /* inode 0: free */
        int wd;
        uint32_t names;
        bool was_touched, was_moved, is_deleted;
        uint64_t disk_bytes;
        char path[256]; /* "" when it is longer */
};
struct logs_deleted {
        const struct sg_host *host;
        int fd;
        int why_blind; /* errno value: a file that grows cannot be watched; 0: all can */
        uint64_t bytes, shown_bytes;
        enum { LOGS_DELETED_UNSAID, LOGS_DELETED_SHOWN, LOGS_DELETED_MISSING } said;
        struct logs_followed files[LOGS_GROWERS_MAX];
};
int logs_deleted_init(struct logs_deleted *deleted, const struct sg_host *host);
void logs_deleted_deinit(struct logs_deleted *deleted);
/* A file that grows was measured, by this name. */
void logs_deleted_follow(struct logs_deleted *deleted, const struct logs_growers *growers,
        const struct logs_entry *entry, int directory, const char *name, const char *path);
/* What was said until now: before files are measured, so that a new name is not taken for an old one's move. */
void logs_deleted_read(struct logs_deleted *deleted);
/* After they were measured.  Returns whether there is any to look at again. */
bool logs_deleted_publish(struct logs_deleted *deleted, const struct logs_root roots[], size_t n_roots);

#endif
