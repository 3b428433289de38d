/* SPDX-License-Identifier: MIT */
/*
 * filler - what fills a file system: logs, the mail queue, the journal, or something else
 *
 * Runs in: watcher and simulation.  Pure: readings in, one part of a sentence out.
 */
#ifndef ENGINE_FILLER_H
#define ENGINE_FILLER_H

#include "engine/reading.h"

enum filler_kind { FILLER_LOGS, FILLER_JOURNAL, FILLER_QUEUE, FILLERS };

struct filler_part {
        bool known;        /* that it lies elsewhere is known, too: then it adds nothing here */
        double per_second; /* bytes */
};

struct filler {
        struct filler_part parts[FILLERS];
        double per_second; /* of the whole file system; 0: it does not grow, or nobody can say */
        const char
                *log; /* the file that has most part in the growth of the logs; NULL: none has half of it */
};

/* `path` as in the label of disk_available_bytes. */
void filler_measure(const struct board *board, const char *path, struct filler *ret_filler);
/* "logs grow by 1.2M a second, mostly /var/log/mail.log"; "" when nothing grows that is known of. */
void filler_say(const struct filler *filler, char *text, size_t size);

#endif
