/* SPDX-License-Identifier: MIT */
/* journal - what the parts of this plugin know of each other */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <spoolguard/plugin.h>
#include <sys/types.h>

#define JOURNAL_DIR "/var/log/journal"
#define JOURNAL_FILES_MAX 4096

extern const struct sg_sensor journal_sensor;
extern const struct sg_verb journal_vacuum;

struct journal_file {
        char name[256];
        ino_t inode;
        uint64_t bytes;      /* on disk */
        uint64_t head_usec;  /* CLOCK_REALTIME of the first entry, from the name; else the time of change */
        uint64_t mtime_usec; /* stands for the last entry */
        bool archived;
};

/* journal_files.c */
/* What the name says of a journal file; false: it is none. */
bool journal_files_parse(const char *name, bool *ret_archived, uint64_t *ret_head_usec);
/* A descriptor of this machine's persistent journal; -ENOENT: there is none; or another negative errno value. */
int journal_files_open(const char *root);
/* Oldest first, what is being written last; the caller frees. */
int journal_files_read(int directory, struct journal_file **ret_files, size_t *ret_n);
/* Bytes of all journals below the persistent directory; -ENOENT: there is none. */
int journal_files_total(const char *root, uint64_t *ret_bytes);

/* journal_plan.c */
struct journal_plan {
        uint64_t total_bytes, target_bytes;
        size_t n_archived, n_protected; /* archived files that the floor keeps */
        size_t n_going;                 /* of the oldest files, at most so many go */
        bool rotate;                    /* what is being written must be archived first */
};
enum sg_verdict journal_plan_make(const struct journal_file files[], size_t n, uint64_t keep_bytes,
        uint64_t floor_usec, bool floor_lifted, struct journal_plan *ret_plan);

#endif
