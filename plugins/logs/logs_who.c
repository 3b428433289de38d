/* SPDX-License-Identifier: MIT */
/*
 * logs_who - logs.writers: which logs grow at this moment, and which processes write them
 *
 * Runs in a child of the executor, as root, because only root may see whose descriptors /proc/PID/fd shows.  Looks at
 * all logs twice (logs_who_look.c), then through the descriptors of all processes for those that grew most.
 * Nothing is opened but directories, and nothing is changed.
 *
 * That a process has a file open for writing is not that it writes, and a name that a process gave itself is no
 * proof: what is said is for people, and nothing is done to anybody because of it.
 *
 * Owns nothing between calls.  Fails when the log directories or /proc cannot be looked at at all.
 * Limits: those of the two walks, and PAUSE_USEC: what grows in bursts further apart may be missed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "logs/logs_who.h"

#define SECOND_USEC 1000000L
#define PAUSE_USEC 1500000L

enum { ARG_TOP };

static const struct sg_option args[] = {
        [ARG_TOP] = {.name = "top",
                .type = SG_TYPE_NUMBER,
                .fallback = "3",
                .doc = "How many of the logs that grow most are named with those who write them.",
                .min = 1,
                .max = LOGS_WHO_TOP_MAX},
        {0},
};

struct search {
        const char *root;
        struct logs_who *who;
};

static void add_writer(const char *root, struct logs_grown *file, pid_t pid) {
        struct open_files_owner owner;

        if (!open_files_owner(root, pid, &owner))
                return;
        for (size_t i = 0; i < file->n_writers; i++)
                if (strcmp(file->writers[i].owner.comm, owner.comm) == 0 &&
                        strcmp(file->writers[i].owner.unit, owner.unit) == 0) {
                        file->writers[i].n++;
                        return;
                }
        if (file->n_writers < LOGS_WHO_WRITERS_MAX)
                file->writers[file->n_writers++] = (struct logs_writer){.owner = owner, .pid = pid, .n = 1};
        else
                file->n_others++;
}

static int on_open_file(const struct open_file *open, void *data) {
        const struct search *search = data;
        struct logs_who *who = search->who;

        for (size_t i = 0; i < who->n_files && open_files_writes(open); i++) {
                struct logs_grown *file = &who->files[i];

                /* One that has it open several times comes several times, one after the other. */
                if (file->id.inode != open->id.inode || file->id.device != open->id.device ||
                        file->latest == open->pid)
                        continue;
                file->latest = open->pid;
                add_writer(search->root, file, open->pid);
        }
        return 0;
}

static int find_writers(const char *root, struct logs_who *who) {
        struct open_files_id ids[LOGS_WHO_TOP_MAX];
        const struct open_files_filter filter = {.root = root, .ids = ids, .n_ids = who->n_files};
        struct search search = {.root = root, .who = who};
        struct open_files_seen seen = {0};
        int r;

        for (size_t i = 0; i < who->n_files; i++)
                ids[i] = who->files[i].id;
        r = who->n_files > 0 ? open_files_walk(&filter, on_open_file, &search, &seen) : 0;
        who->hidden = seen.hidden > 0;
        return r;
}

/* All that the sentence has no room for. */
static void log_files(const struct sg_action *action, const struct logs_who *who) {
        char text[SG_TEXT_MAX];

        for (size_t i = 0; i < who->n_files; i++) {
                logs_who_say_file(who, i, text, sizeof(text));
                action->host->log(action, SG_LEVEL_INFO, "%s", text);
        }
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                "the logs that grow and their writers are told");
        return SG_VERDICT_GO;
}

static int measure(const struct sg_action *action, struct logs_who *ret_who) {
        struct timespec left = {
                .tv_sec = PAUSE_USEC / SECOND_USEC, .tv_nsec = PAUSE_USEC % SECOND_USEC * 1000};
        struct logs_who_look *look;
        int r = logs_who_look_new(action->host->root, action->options[LOGS_OPTION_DIRECTORIES].list, &look);

        if (r < 0)
                return r;
        while (nanosleep(&left, &left) < 0 && errno == EINTR)
                ;
        r = logs_who_look_again(look, (size_t)action->args[ARG_TOP].number, ret_who);
        logs_who_look_free(look);
        return r;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct logs_who who;
        int r = measure(action, &who);

        if (r < 0) {
                snprintf(ret_outcome->text, sizeof(ret_outcome->text), "the logs cannot be looked at: %s",
                        strerror(-r));
                return r;
        }
        r = find_writers(action->host->root, &who);
        if (r < 0)
                action->host->log(action, SG_LEVEL_WARNING, "who writes cannot be seen: %s", strerror(-r));
        who.hidden |= r < 0;
        ret_outcome->count = who.n_growing;
        logs_who_say(&who, ret_outcome->text, sizeof(ret_outcome->text));
        log_files(action, &who);
        return 0;
}

const struct sg_verb logs_writers = {
        .name = "logs.writers",
        .summary = "Name the logs that grow at this moment and the processes that write them",
        .risk = SG_RISK_PROBE,
        .args = args,
        .deadline_usec = UINT64_C(30000000),
        .cooldown_usec = UINT64_C(10000000),
        .budget_count = 60,
        .budget_window_usec = UINT64_C(86400000000),
        .check = check,
        .run = run,
};
