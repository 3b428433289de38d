/* SPDX-License-Identifier: MIT */
/*
 * release - let go of what a lease holds: the undo of postfix.hold, and postfix.release by its number
 *
 * Runs in a child of the executor; among files as the mail owner, while postsuper runs as root.  What belongs to the
 * lease is known from the marks of the files in hold/ and from nothing else, so no list of IDs is taken from anybody
 * and what an admin holds stays held.  A number is taken only for a lease that there is (hold_lease.c): to the file of
 * an admin's message one can be found that fits.  Released messages are due at once, at the next scan of the deferred
 * queue.
 *
 * A message that is older than Postfix lets mail get would bounce at its first try, so it stays on hold and is told
 * of, until somebody raises the lifetime or decides himself.  So does one of which it cannot be told whether an admin
 * holds it by now (hold_mark.c): a lease is not over while mail of it may be stranded.  What a hold that was cut
 * short left waiting in deferred/ is returned, too.
 *
 * Owns nothing between the calls.  Fails when hold/ cannot be read or main.cf does not say how long mail lives.
 * Limits: as many messages as held.c lists, then it has to be called again.
 */
#include "postfix/release.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "postfix/held.h"
#include "postfix/hold_lease.h"
#include "postfix/hold_mark.h"
#include "postfix/marked.h"
#include "postfix/moved.h"
#include "postfix/retry_time.h"

#define SECOND UINT64_C(1000000)
/* A batch of postsuper.c a second is what Postfix takes in when it is busy with nothing else. */
#define PAUSE (1 * SECOND)

static const struct sg_option args[] = {
        [RELEASE_ARG_INSTANCE] = {.name = "instance",
                .type = SG_TYPE_TEXT,
                .fallback = "-",
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one."},
        [RELEASE_ARG_LEASE] = {.name = "lease",
                .type = SG_TYPE_NUMBER,
                .doc = "The number of the lease by which postfix.hold holds the messages.",
                .min = 1,
                .max = 9007199254740991},
        {0},
};

/* What one release is told and finds. */
struct job {
        const char *instance;
        uint64_t lease;
        struct hold_lifetimes lifetimes;
        struct held held;
        struct marked waiting; /* in deferred/, of a hold that was cut short */
        struct moved_list list;
        struct postsuper_report report;
        uint64_t released, stayed;
        uint64_t linked; /* of the lease, with a second name */
};

static int prepare(const struct sg_action *action, struct job *job, struct sg_outcome *outcome) {
        char *main_cf = NULL;
        int r = order_main_cf(action, job->instance, &main_cf, outcome);

        if (r < 0)
                return r;
        r = hold_rules_lifetimes(main_cf, &job->lifetimes);
        free(main_cf);
        if (r < 0)
                return order_refuse(outcome, r, "how long mail lives is not known from main.cf");
        return 0;
}

static int count_linked(const char *path, const struct stat *status, void *data) {
        struct job *job = data;

        (void)path;
        job->linked += hold_mark_of(job->lease, status) != HOLD_MARK_NONE;
        return 0;
}

/* What the lease holds and what it made wait; `list_fd` gets what can be released. */
static int look(const struct sg_action *action, struct job *job, int list_fd, struct sg_outcome *outcome) {
        struct mail_dir hold, deferred;
        int r = order_queue(action, job->instance, "hold", &hold, outcome);

        if (r < 0)
                return r;
        r = held_look(&hold, job->lease, &job->lifetimes, HELD_READ_SECONDS, list_fd, &job->held);
        if (r >= 0)
                r = mail_dir_walk_linked(&hold, count_linked, job);
        if (r < 0)
                order_refuse(outcome, r, "hold/ could not be read: %s", strerror(-r));
        else {
                r = mail_dir_open_beside(&hold, "deferred", &deferred);
                if (r >= 0) {
                        r = marked_return(&deferred, job->lease, order_wall_clock(), &job->waiting);
                        mail_dir_close(&deferred);
                }
                if (r < 0)
                        order_refuse(outcome, r, "deferred/ could not be read: %s", strerror(-r));
        }
        mail_dir_close(&hold);
        return r;
}

static int choose_one(struct order *order, const char *id, struct mail_file *file, void *data) {
        struct job *job = data;

        (void)order;
        if (hold_mark_of(job->lease, &file->status) != HOLD_MARK_OURS)
                return MAIL_CHANGED;
        moved_list_add(&job->list, id, &file->status);
        return 0;
}

/* Without its mark: nobody shall take it for one that waits because of us. */
static void clear_mark(
        struct mail_dir *deferred, const struct job *job, const struct moved_message *message) {
        struct mail_file file;

        if (mail_dir_find(deferred, message->id, message->inode, &file) != 0)
                return;
        if ((uint64_t)file.status.st_mtim.tv_nsec == retry_time_mark(job->lease))
                mail_dir_set_time(deferred, &file, (struct timespec){.tv_sec = order_wall_clock()});
        mail_file_close(&file);
}

static int verify(const struct sg_action *action, struct job *job, struct sg_outcome *outcome) {
        struct mail_dir hold, deferred;
        int r = order_queue(action, job->instance, "hold", &hold, outcome);

        if (r < 0)
                return r;
        r = mail_dir_open_beside(&hold, "deferred", &deferred);
        for (size_t i = 0; i < job->list.n && r >= 0; i++) {
                const struct moved_message *message = &job->list.messages[i];
                struct mail_file file;

                if (mail_dir_find(&hold, message->id, message->inode, &file) == 0) {
                        mail_file_close(&file);
                        job->stayed++;
                        continue;
                }
                clear_mark(&deferred, job, message);
                job->released++;
        }
        if (r >= 0)
                mail_dir_close(&deferred);
        else
                order_refuse(outcome, r, "deferred/ cannot be used: %s", strerror(-r));
        mail_dir_close(&hold);
        return r;
}

/* Those of the list that still are as they were found. */
static int release_listed(
        const struct sg_action *action, struct job *job, int list_fd, struct sg_outcome *outcome) {
        const struct moved_command command = {
                .instance = job->instance, .option = "-H", .queue = "hold", .pause_usec = PAUSE};
        struct sg_action listed = *action;
        struct order order;
        int r;

        listed.selection_fd = list_fd;
        r = order_open_queue(&listed, job->instance, "hold", &order, outcome);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        r = moved_run(action, &order, choose_one, job, &job->list, &command, &job->report, outcome);
        if (r >= 0 && job->list.n > 0)
                r = verify(action, job, outcome);
        order_close(&order);
        return r;
}

static void describe(const struct job *job, struct sg_outcome *outcome) {
        const struct {
                uint64_t n;
                const char *what;
        } rest[] = {
                {job->held.overdue, "are overdue and would bounce: held still"},
                {job->stayed, "could not be moved out of hold"},
                {job->held.touched, "were moved or changed since, so they may be an admin's: held still"},
                {job->linked, "have a second name and are left alone: held still"},
                {job->held.later, "have their turn later"},
                {job->held.ghosts, "had no recipient left"},
                {job->waiting.n, "were not held yet and are retried over the next 5m"},
        };
        char number[ORDER_NUMBER_MAX];

        outcome->text[0] = '\0';
        order_say(outcome, "%s released", order_number(job->released, number));
        for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
                if (rest[i].n > 0)
                        order_say(outcome, ", %s %s", order_number(rest[i].n, number), rest[i].what);
        if (job->report.error < 0)
                order_say(outcome, "; postsuper: %.80s", job->report.text);
        outcome->count = job->released;
}

int release_lease(const struct sg_action *action, const char *instance, uint64_t lease, bool *ret_complete,
        struct sg_outcome *outcome) {
        struct job job = {.instance = instance, .lease = lease};
        int r, list_fd;

        if (lease == 0)
                return order_refuse(outcome, -EINVAL, "there is no lease by which messages were marked");
        r = prepare(action, &job, outcome);
        if (r < 0)
                return r;
        list_fd = memfd_create("held", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (list_fd < 0)
                return order_refuse(outcome, -errno, "no list can be made: %s", strerror(errno));
        r = look(action, &job, list_fd, outcome);
        if (r >= 0)
                r = release_listed(action, &job, list_fd, outcome);
        moved_list_deinit(&job.list);
        close(list_fd);
        if (r < 0)
                return r;
        describe(&job, outcome);
        *ret_complete = job.held.overdue + job.held.touched + job.linked + job.held.later + job.stayed +
                        job.waiting.failed ==
                0;
        return 0;
}

struct count {
        const struct mail_dir *hold;
        uint64_t lease, n;
};

static int count_one(const char *path, const struct stat *status, void *data) {
        struct count *count = data;

        (void)path;
        count->n += held_mark(count->hold, count->lease, status) == HOLD_MARK_OURS;
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *instance = action->args[RELEASE_ARG_INSTANCE].text;
        struct count count = {.lease = (uint64_t)action->args[RELEASE_ARG_LEASE].number};
        char number[ORDER_NUMBER_MAX];
        struct mail_dir hold;

        if (hold_lease_check(action, instance, count.lease, ret_outcome) < 0 ||
                order_queue(action, instance, "hold", &hold, ret_outcome) < 0)
                return SG_VERDICT_REFUSED;
        count.hold = &hold;
        mail_dir_walk(&hold, count_one, &count);
        mail_dir_close(&hold);
        snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                "%s messages that lease %llu holds would be released, but for those that would bounce",
                order_number(count.n, number), (unsigned long long)count.lease);
        ret_outcome->count = count.n;
        return count.n > 0 ? SG_VERDICT_GO : SG_VERDICT_NOTHING;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *instance = action->args[RELEASE_ARG_INSTANCE].text;
        uint64_t lease = (uint64_t)action->args[RELEASE_ARG_LEASE].number;
        bool complete;
        int r = hold_lease_check(action, instance, lease, ret_outcome);

        return r < 0 ? r : release_lease(action, instance, lease, &complete, ret_outcome);
}

const struct sg_verb postfix_release = {
        .name = "postfix.release",
        .summary = "Release what a lease of postfix.hold holds, but for what would bounce",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 600 * SECOND,
        .cooldown_usec = 60 * SECOND,
        .budget_count = 24,
        .budget_window_usec = 86400 * SECOND,
        .check = check,
        .run = run,
};
