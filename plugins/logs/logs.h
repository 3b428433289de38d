/* SPDX-License-Identifier: MIT */
/* logs - what the parts of this plugin know of each other */
#ifndef LOGS_LOGS_H
#define LOGS_LOGS_H

#include <spoolguard/plugin.h>
#include <sys/stat.h>
#include <sys/types.h>

#define LOGS_JOURNAL_DIR "/var/log/journal" /* has a plugin of its own */
#define LOGS_DEPTH_MAX 3                    /* levels below a configured directory */
#define LOGS_PATH_MAX 1024
#define LOGS_NAME_MAX 256

enum { LOGS_OPTION_DIRECTORIES, LOGS_OPTION_SPARE_DIRECTORY, LOGS_OPTION_REOPEN_UNITS };

extern const struct sg_sensor logs_sensor;
extern const struct sg_verb logs_compress;
extern const struct sg_verb logs_drop_rotated;
extern const struct sg_verb logs_trim;
extern const struct sg_verb logs_reopen;
extern const struct sg_verb logs_rotate;
extern const struct sg_verb logs_writers;

/* logs_name.c: does this name say that the file is a log that was rotated away? */
struct logs_name {
        size_t base_length; /* of the live log's name, with which it begins */
        bool compressed;
};
bool logs_name_parse(const char *name, struct logs_name *ret_name);
/* And is there a live log of that name beside it? */
bool logs_name_is_rotated(int directory, const char *name, struct logs_name *ret_name);
/* The name in printable ASCII, cut with "..." when it does not fit; returns `text`. */
const char *logs_name_escape(const char *name, char *text, size_t size);

/* logs_rotated.c: rotated logs in directories where nobody but root and the log daemons can write */
struct logs_place {
        int fd;
        char path[LOGS_PATH_MAX]; /* as people know it, without the root in front */
        enum sg_pressure pressure;
};
struct logs_file {
        size_t place;
        char name[LOGS_NAME_MAX];
        struct stat status;
        bool compressed, immutable, written;
};
struct logs_rotated {
        struct logs_place *places;
        size_t n_places;
        struct logs_file *files;
        size_t n_files;
        bool cut; /* there are more than are listed */
};
/*
 * Searches all configured directories, or only the one named, which must be one of them or lie below one.
 * -EINVAL: it does not.  -EPERM: somebody else can write there.
 */
int logs_rotated_find(
        const struct sg_action *action, const char *only_directory, struct logs_rotated *ret_rotated);
void logs_rotated_deinit(struct logs_rotated *rotated);
/* A descriptor of that one directory, trusted in the same way; values as above. */
int logs_rotated_open_directory(const struct sg_action *action, const char *directory);
uint64_t logs_rotated_mtime_usec(const struct logs_file *file);
uint64_t logs_rotated_disk_bytes(const struct logs_file *file);
/* The name still stands for that inode, and nobody changed it since. */
bool logs_rotated_unchanged(const struct logs_rotated *rotated, const struct logs_file *file);
int logs_rotated_remove(const struct logs_rotated *rotated, const struct logs_file *file);

/*
 * logs_writers.c: set `written` of each file that a process has open for writing.  Negative errno: nobody can
 * say, and then nothing may be touched.
 */
int logs_writers_mark(const char *root, struct logs_file files[], size_t n);

/* logs_fitness.c: what may be compressed, and what may be dropped */
/* NULL: it may be compressed; otherwise why not. */
const char *logs_fitness_compress(const struct logs_file *file, uint64_t now_usec);
/* How large the copy may become; 0: there is no room for it. */
uint64_t logs_fitness_room(uint64_t size, uint64_t available);
/* The same for a file system that has nothing to do with the trouble. */
uint64_t logs_fitness_spare_room(uint64_t size, uint64_t available);
/* Of files sorted by size, the first that was not tried and fits into the time; n: none. */
size_t logs_fitness_pick(const struct logs_file files[], const bool tried[], size_t n, double bytes_per_usec,
        uint64_t left_usec);
struct logs_drop_plan {
        size_t n_rotated, n_protected, n_unfit, n_without_pressure;
        size_t n_going; /* the first so many of the sorted files */
        uint64_t going_bytes;
        bool in_vain; /* all that may go is far from enough, and nothing is critical */
};
#define LOGS_DROP_MAX 500 /* all of them fit into the manifest */
/* Sorts `rotated->files`: those that go first, the oldest of them first. */
enum sg_verdict logs_fitness_plan_drop(struct logs_rotated *rotated, uint64_t target_bytes,
        uint64_t floor_usec, bool gentler_spent, struct logs_drop_plan *ret_plan);

#endif
