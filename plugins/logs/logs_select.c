/* SPDX-License-Identifier: MIT */
/*
 * logs_select - which live log is to be trimmed, and a summary of what would go
 *
 * Runs in the watcher, as part of the sensor `logs`.  When no path is asked for, all directories are walked through
 * and the log with the most blocks on the fullest of their file systems is chosen, among those that have enough
 * between head and tail; rotated logs, those with several names and those that an admin protected are left out, and
 * when it turns out to be no log of lines, the next one has its turn.  Then all of the range is read: its lines are
 * counted, and of a large one every n-th megabyte is parsed.
 *
 * Everything goes in turns of TURN_USEC.  What is in memory is read at once, the rest is asked for and read when it
 * came (RWF_NOWAIT): a slow disk makes it take longer, and no turn.  After READ_USEC in all the rest is estimated.
 * Each read ends with a line, so that no line is torn between two of them.
 *
 * Owns one selection, its walk and its descriptor.  Fails with -ENOTSUP for a file that was asked for and is no log in
 * lines, -EPERM for one outside of the configured directories; nothing to trim is no failure.  Limits: CANDIDATES_MAX.
 */
#include "logs/logs_select.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "logs/logs_cut.h"
#include "logs/logs_summary.h"

#define ROOTS_MAX 32
#define CANDIDATES_MAX 8
#define TURN_USEC UINT64_C(2000)
#define PAUSE_USEC UINT64_C(1000)
#define READ_USEC UINT64_C(8000000)
#define PATIENCE_USEC UINT64_C(500000) /* for a part that does not come: it is read the slow way */
#define PARSED_MAX (UINT64_C(256) << 20)
#define AHEAD_BYTES (4 << 20)
#define BUFFER_BYTES (128u << 10)

struct candidate {
        double used; /* of its file system */
        uint64_t bytes;
        char path[LOGS_PATH_MAX];
};

struct logs_select {
        struct logs_select **at;
        const struct sg_host *host;
        struct sg_timer *timer;
        sg_selected_fn *done;
        void *data;
        int fd; /* the selection, the host's */
        uint64_t head, tail;

        struct logs_root roots[ROOTS_MAX];
        double used[ROOTS_MAX]; /* how full its file system is */
        size_t n_roots;
        struct logs_walk walk;
        bool is_asked, is_walking;
        struct candidate candidates[CANDIDATES_MAX];
        size_t n_candidates, next;
        int why; /* the first of them could not be read: an errno value */

        int log; /* -1: still looking for one */
        struct logs_cut cut;
        struct logs_summary summary;
        uint64_t offset, began_usec, waiting_usec;
        uint64_t parse_every; /* megabytes */
        char buffer[BUFFER_BYTES];
};

static void end(struct logs_select *select, ssize_t n) {
        sg_selected_fn *done = select->done;
        void *data = select->data;

        *select->at = NULL;
        select->host->timer_free(select->timer);
        logs_walk_deinit(&select->walk);
        if (select->log >= 0)
                close(select->log);
        free(select);
        done(n, data);
}

void logs_select_cancel(struct logs_select **at) {
        if (*at)
                end(*at, -ECANCELED);
}

static bool is_protected(int fd) {
        unsigned flags = 0;

        return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
}

static bool is_protected_name(int directory, const char *name) {
        int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        bool is = fd < 0 || is_protected(fd);

        if (fd >= 0)
                close(fd);
        return is;
}

static bool gives_more(const struct candidate *a, const struct candidate *b) {
        return a->used > b->used || (a->used >= b->used && a->bytes > b->bytes);
}

/* The best of them are kept, the best first. */
static void offer(struct logs_select *select, const struct candidate *candidate) {
        size_t at = 0;

        while (at < select->n_candidates && !gives_more(candidate, &select->candidates[at]))
                at++;
        if (at == CANDIDATES_MAX)
                return;
        if (select->n_candidates < CANDIDATES_MAX)
                select->n_candidates++;
        memmove(&select->candidates[at + 1], &select->candidates[at],
                (select->n_candidates - at - 1) * sizeof(*candidate));
        select->candidates[at] = *candidate;
}

/* A file that the walk came by. */
static void on_walked(
        size_t directory_index, int fd, const char *name, const struct statx *status, void *data) {
        struct logs_select *select = data;
        const struct logs_directory *directory = &select->walk.directories.items[directory_index];
        struct candidate candidate = {
                .used = select->used[directory->root], .bytes = status->stx_blocks * 512};
        uint64_t size = status->stx_size < candidate.bytes ? status->stx_size : candidate.bytes;
        struct logs_cut cut;
        struct logs_name parsed;
        int length;

        if (status->stx_nlink != 1 || !logs_cut_range(size, select->head, select->tail, &cut) ||
                logs_name_parse(name, &parsed) || is_protected_name(fd, name))
                return;
        length = snprintf(candidate.path, sizeof(candidate.path), "%s%s%s/%s",
                select->roots[directory->root].label, *directory->relative ? "/" : "", directory->relative,
                name);
        if (length < (int)sizeof(candidate.path))
                offer(select, &candidate);
}

/* The directory and the last part of a path below one of the roots; NULL: it is below none. */
static const char *split(const struct logs_select *select, const char *path, size_t *ret_root,
        char directory[static LOGS_PATH_MAX]) {
        const char *name = strrchr(path, '/');

        for (size_t i = 0; name && i < select->n_roots; i++) {
                const char *label = select->roots[i].label;
                size_t length = strcmp(label, "/") == 0 ? 0 : strlen(label);

                if (strncmp(path, label, length) != 0 || path[length] != '/')
                        continue;
                *ret_root = i;
                /* Nothing stands between the two when it is the same '/'. */
                snprintf(directory, LOGS_PATH_MAX, "%.*s",
                        name > path + length ? (int)((size_t)(name - path) - length - 1) : 0,
                        path + length + 1);
                return name + 1;
        }
        return NULL;
}

static int open_log(struct logs_select *select) {
        char directory[LOGS_PATH_MAX];
        const char *name;
        struct stat status = {.st_mode = 0};
        size_t root = 0;
        int parent, r = 0;

        name = split(select, select->cut.path, &root, directory);
        if (!name || !*name || strcmp(name, "..") == 0 || strstr(select->cut.path, "/../"))
                return -EPERM;
        if (select->roots[root].why_missing)
                return -select->roots[root].why_missing;
        parent = logs_walk_open(&select->roots[root], directory);
        if (parent < 0)
                return parent;
        select->log = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (select->log < 0 || fstat(select->log, &status) < 0)
                r = -errno;
        close(parent);
        if (r < 0)
                return r;
        if (!S_ISREG(status.st_mode))
                return -ENOTSUP;
        select->cut.device = status.st_dev;
        select->cut.inode = status.st_ino;
        select->cut.size = (uint64_t)status.st_size;
        if ((uint64_t)status.st_blocks * 512 < select->head + select->tail ||
                !logs_cut_range(select->cut.size, select->head, select->tail, &select->cut))
                return 0;
        select->parse_every = (select->cut.cut_end - select->cut.cut_begin + PARSED_MAX - 1) / PARSED_MAX;
        select->began_usec = select->host->now_usec(select->host);
        return 1;
}

/*
 * What is at this place of the log: so many bytes, or as many as are in memory; 0: later; or a negative errno value.
 * `whole`: all or nothing.
 */
static ssize_t read_some(struct logs_select *select, uint64_t offset, size_t size, bool whole) {
        struct iovec vector = {.iov_base = select->buffer, .iov_len = size};
        uint64_t now = select->host->now_usec(select->host);
        ssize_t n = preadv2(select->log, &vector, 1, (off_t)offset, RWF_NOWAIT);
        bool absent = n < 0 ? errno == EAGAIN : whole && (size_t)n < size;

        if (absent && select->waiting_usec == 0) {
                select->waiting_usec = now;
                posix_fadvise(select->log, (off_t)offset, AHEAD_BYTES, POSIX_FADV_WILLNEED);
        }
        if (absent && now < select->waiting_usec + PATIENCE_USEC)
                return 0;
        /* It does not come by itself, or this file system knows only the slow way. */
        if (absent || n < 0)
                n = pread(select->log, select->buffer, size, (off_t)offset);
        select->waiting_usec = 0;
        if (n < 0)
                return -errno;
        return n == 0 || (whole && (size_t)n < size) ? -ESTALE : n; /* it became shorter */
}

/*
 * An earlier cut has left its marker where this one would begin: it stays, or nobody knew any more what it stands
 * for.  This cut begins behind it, and behind the hole that may follow it.
 */
static int go_behind_marker(struct logs_select *select) {
        struct logs_cut *cut = &select->cut;
        off_t data = lseek(select->log, (off_t)cut->cut_begin, SEEK_DATA);
        uint64_t begin = data > (off_t)cut->cut_begin ? (uint64_t)data : cut->cut_begin;

        cut->cut_begin = (begin + LOGS_CUT_ALIGN - 1) / LOGS_CUT_ALIGN * LOGS_CUT_ALIGN + LOGS_CUT_ALIGN;
        return cut->cut_end >= cut->cut_begin + LOGS_CUT_LEAST ? 0 : -ENODATA;
}

/* Both find a boundary and the time stamp beside it: 1, 0: later, or a negative errno value. */
static int find_begin(struct logs_select *select) {
        struct logs_cut *cut = &select->cut;
        ssize_t n = read_some(select, cut->cut_begin - LOGS_CUT_SEAM_MAX, LOGS_CUT_SEAM_MAX, true), at;

        if (n <= 0)
                return (int)n;
        at = logs_cut_marker_begin(select->buffer, (size_t)n);
        if (at < 0)
                return -ENOTSUP;
        if (logs_cut_is_marker(select->buffer + at, (size_t)(n - at)))
                return go_behind_marker(select);
        cut->text_begin = cut->cut_begin - LOGS_CUT_SEAM_MAX + (uint64_t)at;
        logs_summary_stamp(select->buffer + at, (size_t)(n - at), cut->first, sizeof(cut->first));
        select->offset = cut->text_begin;
        return 1;
}

static int find_end(struct logs_select *select) {
        const size_t before = LOGS_CUT_SEAM_MAX / 2, behind = LOGS_CUT_SEAM_MAX;
        struct logs_cut *cut = &select->cut;
        ssize_t n = read_some(select, cut->cut_end - before, before + behind, true), at;
        const char *line, *end_of_line;

        if (n <= 0)
                return (int)n;
        at = logs_cut_marker_end(select->buffer + before, behind);
        if (at < 0)
                return -ENOTSUP;
        cut->text_end = cut->cut_end + (uint64_t)at;
        end_of_line = select->buffer + before + at - 1; /* of the last one that goes */
        line = memrchr(select->buffer, '\n', (size_t)(end_of_line - select->buffer));
        line = line ? line + 1 : select->buffer;
        logs_summary_stamp(line, (size_t)(end_of_line - line), cut->last, sizeof(cut->last));
        return 1;
}

/* 1: that was all, 0: go on, or a negative errno value. */
static int count_some(struct logs_select *select) {
        uint64_t left = select->cut.text_end - select->offset;
        size_t size = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
        ssize_t n = read_some(select, select->offset, size, false);
        const char *end_of_line;

        if (n <= 0)
                return (int)n;
        end_of_line = memrchr(select->buffer, '\n', (size_t)n);
        if (end_of_line)
                n = end_of_line + 1 - select->buffer;
        logs_summary_add(&select->summary, select->buffer, (size_t)n,
                (select->offset >> 20) % select->parse_every == 0);
        select->offset += (uint64_t)n;
        return select->offset >= select->cut.text_end;
}

static ssize_t finish(struct logs_select *select) {
        struct logs_cut *cut = &select->cut;
        uint64_t total = cut->text_end - cut->text_begin;
        int r;

        cut->is_estimate = select->summary.line_bytes < total;
        cut->lines = logs_summary_text(&select->summary, total, cut->text, sizeof(cut->text));
        r = logs_cut_write(cut, select->fd);
        return r < 0 ? r : 1;
}

/* Of the summary: 1: done, 0: go on, or a negative errno value. */
static int read_turn(struct logs_select *select) {
        uint64_t began_usec = select->host->now_usec(select->host), now;
        int r = 1;

        if (select->cut.text_end == 0)
                r = find_end(select);
        if (r > 0 && select->cut.text_begin == 0)
                r = find_begin(select);
        if (r <= 0)
                return r;
        do {
                r = count_some(select);
                now = select->host->now_usec(select->host);
        } while (r == 0 && select->waiting_usec == 0 && now < began_usec + TURN_USEC);
        return r == 0 && now > select->began_usec + READ_USEC ? 1 : r;
}

/* With the next candidate; 0 or why the last one cannot be it. */
static void go_on(struct logs_select *select, int why) {
        if (select->log >= 0)
                close(select->log);
        select->log = -1;
        /* What is no log in lines is nothing to trim. */
        if (why < 0 && why != -ENOTSUP && select->why == 0)
                select->why = why;
        if (select->is_asked || select->next == select->n_candidates) {
                end(select, select->is_asked ? why : select->why);
                return;
        }
        select->cut = (struct logs_cut){.size = 0};
        select->summary = (struct logs_summary){.lines = 0};
        select->waiting_usec = 0;
        memcpy(select->cut.path, select->candidates[select->next++].path, sizeof(select->cut.path));
        select->host->timer_arm(select->timer, PAUSE_USEC);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct logs_select *select = data;
        int r = 1;

        if (select->is_walking) {
                select->is_walking = logs_walk_turn(&select->walk, -1, select->roots, on_walked, select);
                if (select->is_walking)
                        select->host->timer_arm(timer, PAUSE_USEC);
                else
                        go_on(select, 0);
                return;
        }
        if (select->log < 0)
                r = open_log(select);
        if (r <= 0) {
                go_on(select, r);
                return;
        }
        r = select->host->parsing(select->host, select->cut.path) ? read_turn(select) : -EBADMSG;
        select->host->parsing(select->host, NULL);
        if (r == 0)
                select->host->timer_arm(timer, PAUSE_USEC);
        else if (r > 0)
                end(select, finish(select));
        else
                go_on(select, r == -ENODATA ? 0 : r); /* nothing is left between the last cut and the tail */
}

/* How full the file systems are; those on the network were not found, and nobody asks them. */
static void measure_roots(struct logs_select *select) {
        for (size_t i = 0; i < select->n_roots; i++) {
                struct statvfs fs;
                double used;

                if (select->roots[i].why_missing || statvfs(select->roots[i].path, &fs) < 0)
                        continue;
                used = (double)(fs.f_blocks - fs.f_bfree);
                select->used[i] = used > 0 ? used / (used + (double)fs.f_bavail) : 0;
        }
}

int logs_select_begin(struct logs_select **at, const struct sg_host *host, const struct logs_root roots[],
        size_t n_roots, const struct sg_value *args, int fd, sg_selected_fn *done, void *data) {
        const char *path = args[LOGS_TRIM_ARG_PATH].text;
        struct logs_select *select;
        int r;

        if (*at)
                return -EBUSY;
        if (strlen(path) >= LOGS_PATH_MAX || n_roots > ROOTS_MAX)
                return -ENAMETOOLONG;
        select = calloc(1, sizeof(*select));
        if (!select)
                return -ENOMEM;
        select->at = at;
        select->host = host;
        select->done = done;
        select->data = data;
        select->fd = fd;
        select->log = -1;
        select->head = args[LOGS_TRIM_ARG_HEAD].bytes;
        select->tail = args[LOGS_TRIM_ARG_TAIL].bytes;
        select->n_roots = n_roots;
        memcpy(select->roots, roots, n_roots * sizeof(*roots));
        snprintf(select->cut.path, sizeof(select->cut.path), "%s", path);
        select->is_asked = *path != '\0';
        select->is_walking = !select->is_asked;
        r = logs_walk_begin(&select->walk, select->roots, n_roots);
        if (r == 0)
                r = host->timer_new(host, "logs: choosing what to trim", 0, on_timer, select, &select->timer);
        if (r < 0) {
                logs_walk_deinit(&select->walk);
                free(select);
                return r;
        }
        measure_roots(select);
        *at = select;
        return 0;
}
