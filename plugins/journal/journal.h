/* SPDX-License-Identifier: MIT */
/* journal - what the parts of this plugin know of each other */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <spoolguard/plugin.h>
#include <sys/types.h>

#define JOURNAL_DIR "/var/log/journal"
#define JOURNAL_FILES_MAX 4096
#define JOURNAL_PLACES_MAX 16

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
/* Oldest first, what is being written last; the caller frees. */
int journal_files_read(int directory, struct journal_file **ret_files, size_t *ret_n);

/* journal_places.c */
struct journal_place {
        char name[256]; /* of its directory below JOURNAL_DIR */
        int directory;
};
/* The persistent journals of this machine, that without a namespace first.  -ENOENT: there is none; the caller closes. */
int journal_places_open(
        const char *root, struct journal_place places[static JOURNAL_PLACES_MAX], size_t *ret_n);
void journal_places_close(struct journal_place places[static JOURNAL_PLACES_MAX], size_t n);
const char *journal_place_namespace(const struct journal_place *place); /* "": none */
/* Bytes of all journals below the persistent directory; -ENOENT: there is none. */
int journal_places_total(const char *root, uint64_t *ret_bytes);

/* journal_plan.c */
struct journal_limits {
        uint64_t keep_bytes;
        uint64_t since_usec; /* CLOCK_REALTIME: what ends before may go by its age; 0: nothing */
        uint64_t floor_usec;
        bool floor_lifted;
};
struct journal_plan {
        uint64_t total_bytes, left_bytes; /* left when all goes that may */
        uint64_t target_bytes;            /* for --vacuum-size; 0: nothing goes by size */
        uint64_t cutoff_usec;             /* files that begin before it go by age; 0: none does */
        size_t n_archived, n_protected;   /* archived files that the floor keeps */
        size_t n_going;                   /* of the oldest files, at most so many go */
        bool rotate;                      /* what is being written must be archived first */
};
enum sg_verdict journal_plan_make(const struct journal_file files[], size_t n,
        const struct journal_limits *limits, struct journal_plan *ret_plan);

#endif
