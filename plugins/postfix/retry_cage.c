/* SPDX-License-Identifier: MIT */
/*
 * retry_cage - see whether Postfix took up the messages that it was asked to try
 *
 * Runs in a child of the executor, among files as the mail owner.  postqueue and postkick say nothing about what came
 * of them, so what counts is that a message was seen to move: it is gone from deferred/, has another time, or bears
 * the mark of postqueue.
 *
 * Owns nothing.  Fails: a queue that cannot be looked at has no message that moved.
 */
#include "postfix/retry_cage.h"

#include <stdio.h>
#include <time.h>

#define CANARY_WAIT_MSEC 2000
#define CANARY_POLL_MSEC 50
#define UNTHROTTLE_ASKED 0040 /* what postqueue -i sets until the queue manager has seen it */

void retry_cage_keep(struct retry_cage *cage, const char *id, const struct mail_file *message) {
        struct retry_canary *canary = &cage->canaries[cage->n];

        if (cage->n == RETRY_CANARIES_MAX)
                return;
        cage->n++;
        *canary = (struct retry_canary){.status = message->status};
        snprintf(canary->id, sizeof(canary->id), "%s", id);
}

/* It may have been tried, and have failed, and be back: with another time then. */
static bool has_moved(struct mail_dir *deferred, const struct retry_canary *canary) {
        const struct timespec *old = &canary->status.st_mtim;
        struct mail_file message;
        struct timespec new;
        mode_t mode;
        int r = mail_dir_find(deferred, canary->id, canary->status.st_ino, &message);

        if (r != 0)
                return r > 0;
        new = message.status.st_mtim;
        mode = message.status.st_mode;
        mail_file_close(&message);
        return new.tv_sec != old->tv_sec || new.tv_nsec != old->tv_nsec || mode &UNTHROTTLE_ASKED;
}

size_t retry_cage_moved(const struct sg_action *action, const char *instance, struct retry_cage *cage,
        struct sg_outcome *outcome) {
        struct mail_dir deferred;
        size_t moved = 0;

        if (order_queue(action, instance, "deferred", &deferred, outcome) < 0)
                return 0;
        for (size_t i = 0; i < cage->n; i++) {
                struct retry_canary *canary = &cage->canaries[i];

                canary->moved = canary->moved || has_moved(&deferred, canary);
                moved += canary->moved;
        }
        mail_dir_close(&deferred);
        return moved;
}

size_t retry_cage_await(const struct sg_action *action, const char *instance, struct retry_cage *cage,
        struct sg_outcome *outcome) {
        const struct timespec pause = {.tv_nsec = CANARY_POLL_MSEC * 1000000L};
        size_t moved = retry_cage_moved(action, instance, cage, outcome);

        for (unsigned waited = 0; moved < cage->n && waited < CANARY_WAIT_MSEC; waited += CANARY_POLL_MSEC) {
                nanosleep(&pause, NULL);
                moved = retry_cage_moved(action, instance, cage, outcome);
        }
        return moved;
}
