/* SPDX-License-Identifier: MIT */
/*
 * resolver_state - does Postfix still ask name servers by a configuration that is not the present one
 *
 * Runs in the watcher, for the sensor `resolver`, and in a child of the executor before it refreshes anything.  A
 * process of Postfix reads resolv.conf once, when it starts, and one in the chroot reads a copy that is made when
 * Postfix is started.  So there are two ways of being stale: a copy that is not what the host has, which no
 * process outgrows; and a process that is older than the change, which lives for a hundred messages more.
 *
 * A reload is what mends it and what it is judged by: the queue manager is replaced at once, and older processes
 * that still have a delivery to end go by themselves.  An agent that had nothing to do is gone after a while, too, so
 * only one that still lives well after the change is a reason to disturb anybody.
 *
 * Owns nothing.  Cannot fail: without sight of the processes, of a queue manager or of a file it is unknown.
 * Limits: the first CHILDREN_MAX children of master.  A queue manager that died, and was started again without a
 * reload, hides that older agents remain.  Of a change that nobody saw only the time of the file is known.
 */
#include "postfix/resolver_state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "postfix/main_cf.h"
#include "postfix/master.h"
#include "postfix/people.h"
#include "postfix/process.h"
#include "postfix/text_file.h"

#define CHILDREN_MAX 512
#define PATH_SIZE (2 * PATH_MAX)
#define CLOCK_SLACK 2      /* two clocks that are read one after the other */
#define SEEN_SECONDS 5     /* that an agent outlives a change */
#define GUESSED_SECONDS 30 /* ... of which only the file tells */

static bool counts(const struct resolver_facts *facts, int id) {
        enum resolver_use use = resolver_file_rows[id].use;

        return use == RESOLVER_USE_ALWAYS || (use == RESOLVER_USE_NATIVE && facts->is_native);
}

/* Files of the chroot matter where something looks names up in it. */
static void judge_copies(const struct resolver_facts *facts, struct resolver_verdict *verdict) {
        for (int id = RESOLVER_FILES; id-- > 0 && facts->is_used[RESOLVER_INSIDE];) {
                if (!counts(facts, id))
                        continue;
                if (facts->copies[id] == RESOLVER_COPY_UNKNOWN)
                        verdict->why = "a file that names are looked up by cannot be compared with its copy";
                if (!resolver_copy_is_stale(facts->copies[id]))
                        continue;
                verdict->copy = resolver_file_rows[id].name;
                verdict->is_missing = facts->copies[id] == RESOLVER_COPY_MISSING;
        }
}

static void judge_side(const struct resolver_facts *facts, int side, struct resolver_verdict *verdict) {
        int64_t changed = facts->changed_seconds[side],
                wait = facts->is_guess[side] ? GUESSED_SECONDS : SEEN_SECONDS;
        const struct resolver_agent *agent = &facts->oldest[side];

        if (changed == 0 || !facts->is_used[side] || agent->name[0] == '\0' ||
                agent->since_seconds + CLOCK_SLACK >= changed || facts->now_seconds < changed + wait)
                return;
        if (!facts->has_qmgr)
                verdict->why = "there is no queue manager that tells when Postfix was reloaded";
        else if (facts->qmgr_seconds + CLOCK_SLACK < changed) {
                verdict->agent = agent;
                verdict->changed_seconds = changed;
        }
}

void resolver_state_judge(const struct resolver_facts *facts, struct resolver_verdict *ret_verdict) {
        *ret_verdict = (struct resolver_verdict){.state = RESOLVER_CURRENT};
        if (!facts->is_seen) {
                ret_verdict->why = "the processes of others cannot be seen (hidepid)";
                ret_verdict->state = RESOLVER_UNKNOWN;
                return;
        }
        /* What is not running works by no configuration, and gets the present one when it is started. */
        if (!facts->is_running)
                return;
        judge_copies(facts, ret_verdict);
        for (int side = 0; side < RESOLVER_SIDES; side++)
                judge_side(facts, side, ret_verdict);
        if (ret_verdict->copy || ret_verdict->agent)
                ret_verdict->state = RESOLVER_STALE;
        else if (ret_verdict->why)
                ret_verdict->state = RESOLVER_UNKNOWN;
}

void resolver_state_say(const struct resolver_verdict *verdict, const char *spool, int64_t now_seconds,
        char ret_sentence[static RESOLVER_SENTENCE_MAX]) {
        char since[PEOPLE_TIME_MAX], changed[PEOPLE_TIME_MAX];
        const char *between = verdict->agent ? "; " : "";

        ret_sentence[0] = '\0';
        if (verdict->agent) {
                people_time(verdict->agent->since_seconds, now_seconds, since);
                people_time(verdict->changed_seconds, now_seconds, changed);
                people_add(ret_sentence, RESOLVER_SENTENCE_MAX, "%s (pid %d, ", verdict->agent->name,
                        (int)verdict->agent->pid);
                /* Within one minute the two times would look like a mistake. */
                if (strcmp(since, changed) == 0)
                        people_add(ret_sentence, RESOLVER_SENTENCE_MAX, "%d s older)",
                                (int)(verdict->changed_seconds - verdict->agent->since_seconds));
                else
                        people_add(ret_sentence, RESOLVER_SENTENCE_MAX, "since %s)", since);
                people_add(ret_sentence, RESOLVER_SENTENCE_MAX, " still uses the name servers of before %s",
                        changed);
        }
        if (verdict->copy && verdict->is_missing)
                people_add(ret_sentence, RESOLVER_SENTENCE_MAX,
                        "%sthere is no %s in %.80s/etc, where the services in the chroot look for it",
                        between, verdict->copy, spool);
        else if (verdict->copy)
                people_add(ret_sentence, RESOLVER_SENTENCE_MAX,
                        "%sthe copy of %s in %.80s/etc, which the services in the chroot use, differs",
                        between, verdict->copy, spool);
}

struct agents {
        struct resolver_facts *facts;
        struct master_cf_chroots chroots;
};

static void on_child(const struct process *child, void *data) {
        const struct agents *agents = data;
        struct resolver_facts *facts = agents->facts;
        int64_t since = process_started(child);

        if (master_is_qmgr(child->name) && (!facts->has_qmgr || since > facts->qmgr_seconds)) {
                facts->has_qmgr = true;
                facts->qmgr_seconds = since;
        }
        for (int i = 0; i < MASTER_CF_ASKERS; i++) {
                const bool serves[RESOLVER_SIDES] = {[RESOLVER_OUTSIDE] = agents->chroots.outside[i],
                        [RESOLVER_INSIDE] = agents->chroots.inside[i]};

                if (strcmp(child->name, master_cf_askers[i]) != 0)
                        continue;
                for (int side = 0; side < RESOLVER_SIDES; side++) {
                        struct resolver_agent *oldest = &facts->oldest[side];

                        if (!serves[side] || (oldest->name[0] != '\0' && oldest->since_seconds <= since))
                                continue;
                        *oldest = (struct resolver_agent){.pid = child->pid, .since_seconds = since};
                        snprintf(oldest->name, sizeof(oldest->name), "%s", child->name);
                }
        }
}

static void read_config(const char *main_cf, const char *master_cf, struct agents *agents) {
        struct resolver_facts *facts = agents->facts;
        char value[MAIN_CF_VALUE_MAX];

        main_cf_expanded(main_cf, "smtp_host_lookup", "dns", value, sizeof(value));
        facts->is_native = strstr(value, "native") != NULL;
        master_cf_read(master_cf, master_cf_default_chroot(main_cf), &agents->chroots);
        for (int i = 0; i < MASTER_CF_ASKERS; i++) {
                facts->is_used[RESOLVER_OUTSIDE] |= agents->chroots.outside[i];
                facts->is_used[RESOLVER_INSIDE] |= agents->chroots.inside[i];
        }
}

/* Which services there are, and what of the chroot they need. */
static int look_at_config(const char *config, struct agents *agents) {
        char path[PATH_SIZE], *main_cf = NULL, *master_cf = NULL;
        int r;

        snprintf(path, sizeof(path), "%s/main.cf", config);
        r = text_file_read(path, MAIN_CF_MAX, false, &main_cf);
        snprintf(path, sizeof(path), "%s/master.cf", config);
        if (r >= 0)
                r = text_file_read(path, MASTER_CF_MAX, false, &master_cf);
        if (r >= 0)
                read_config(main_cf, master_cf, agents);
        free(main_cf);
        free(master_cf);
        return r;
}

/* The first process is somebody else's, for the watcher, and always there. */
static bool sees_others(const char *root) {
        struct process first;

        return process_read(root, 1, &first);
}

int resolver_state_look(const char *root, const char *spool, const char *config, int64_t now_seconds,
        struct resolver_facts *ret_facts) {
        struct agents agents = {.facts = ret_facts};
        pid_t master;
        ssize_t n;
        int r;

        *ret_facts = (struct resolver_facts){.now_seconds = now_seconds, .is_seen = sees_others(root)};
        r = look_at_config(config, &agents);
        if (r < 0)
                return r;
        for (int id = 0; id < RESOLVER_FILES; id++)
                ret_facts->copies[id] = resolver_files_compare(root, spool, (enum resolver_file_id)id);
        ret_facts->is_running = master_find(root, spool, &master);
        if (!ret_facts->is_running)
                return 0;
        n = process_children(root, master, CHILDREN_MAX, on_child, &agents);
        return n < 0 ? (int)n : 0;
}

void resolver_state_guess(const char *root, const char *spool, struct resolver_facts *facts) {
        struct resolver_file host, copy;
        char path[PATH_SIZE];

        snprintf(path, sizeof(path), "%s/etc/resolv.conf", root);
        resolver_file_look(path, true, &host);
        snprintf(path, sizeof(path), "%s/etc/resolv.conf", spool);
        resolver_file_look(path, true, &copy);
        facts->is_guess[RESOLVER_OUTSIDE] = facts->is_guess[RESOLVER_INSIDE] = true;
        if (copy.error == 0)
                facts->changed_seconds[RESOLVER_INSIDE] = copy.written_seconds;
        /* The copy was made when Postfix was started: the host's file is today what it was then. */
        if (host.error == 0 && (copy.error < 0 || copy.hash != host.hash))
                facts->changed_seconds[RESOLVER_OUTSIDE] = host.written_seconds;
}
