/* SPDX-License-Identifier: MIT */
/*
 * command_run - command.run: run one of the commands that the site allows
 *
 * Runs in a child of the executor, as root.  The command itself runs in a unit of its own, by systemd and outside of
 * our sandbox, whose rules the site's program was not written for; so it takes nothing of our memory or tasks either,
 * and systemd ends it after its deadline with all that it started.  The unit's name is always the same: a second
 * command cannot begin while one runs, even one that a former executor began.
 *
 * check() looks the name up, judges the program and asks whether one still runs.  The last line of what was printed
 * first goes into the outcome; the rest is read and dropped, so that a talkative command fills neither a disk nor the
 * journal.
 *
 * Owns nothing.  Fails with -EIO and the command's exit status, -ETIME at its deadline, -EBUSY when another one began
 * first.  Limits: from systemd's answer an exit with 1 is not told from a unit that could not be started, but what was
 * printed is there; one that is still under way when the executor stops goes on to its deadline.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command/command.h"
#include "command/command_list.h"

#define SYSTEMD_RUN "/usr/bin/systemd-run"
#define UNIT "spoolguard-command.service"
/* There for as long as a unit that systemd-run made is known to systemd. */
#define UNIT_FILE "/run/systemd/transient/" UNIT
#define SECOND UINT64_C(1000000)
#define SAID_MAX 4096
#define LINE_MAX_BYTES 120 /* of what it printed, in the outcome */
#define PATH_LENGTH_MAX 512

static const char unit_option[] = "--unit=" UNIT;

/* How systemd-run answers when the unit was ended by a signal. */
#define STATUS_SIGNAL 255

static const struct sg_option args[] = {
        [COMMAND_ARG_NAME] = {.name = "name",
                .type = SG_TYPE_TEXT,
                .doc = "The name of one of plugins.command.commands."},
        {0},
};

static bool is_there(const struct sg_action *action, const char *path, int mode) {
        char full[PATH_LENGTH_MAX];

        snprintf(full, sizeof(full), "%s%s", action->host->root, path);
        return access(full, mode) == 0;
}

static bool look(
        const struct sg_action *action, struct command_entry *ret_entry, struct sg_outcome *outcome) {
        char why[SG_TEXT_MAX];

        if (!command_list_find(action->options[COMMAND_OPTION_COMMANDS].list,
                    action->args[COMMAND_ARG_NAME].text, ret_entry, outcome->text, sizeof(outcome->text)))
                return false;
        if (action->host->program(action, ret_entry->words[0], why, sizeof(why)) < 0)
                snprintf(
                        outcome->text, sizeof(outcome->text), "command \"%s\": %.180s", ret_entry->name, why);
        else if (!is_there(action, SYSTEMD_RUN, X_OK))
                snprintf(outcome->text, sizeof(outcome->text), "this host has no " SYSTEMD_RUN);
        else if (is_there(action, UNIT_FILE, F_OK))
                snprintf(outcome->text, sizeof(outcome->text),
                        "a command is still running, in the unit " UNIT ": one at a time");
        else
                return true;
        return false;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct command_entry entry;

        if (!look(action, &entry, ret_outcome))
                return SG_VERDICT_REFUSED;
        snprintf(
                ret_outcome->text, sizeof(ret_outcome->text), "%s would run: %.160s", entry.name, entry.line);
        return SG_VERDICT_GO;
}

/* The last line that is complete, or the only one there is. */
static const char *last_line(char *said) {
        size_t length = strlen(said);
        char *start;

        /* What fills the buffer was cut in the middle of a line. */
        if (length == SAID_MAX - 1)
                while (length > 0 && said[length - 1] != '\n')
                        length--;
        while (length > 0 && strchr("\n\r\t ", said[length - 1]))
                length--;
        if (length > 0)
                said[length] = '\0';
        start = strrchr(said, '\n');
        return start ? start + 1 : said;
}

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

/* Returns as tool() does. */
static int run_unit(
        const struct sg_action *action, const struct command_entry *entry, char said[static SAID_MAX]) {
        char description[128], limit[64];
        const char *argv[16 + COMMAND_WORDS_MAX + 1] = {SYSTEMD_RUN, "--wait", "--pipe", "--collect",
                "--quiet", "--no-ask-password", "--service-type=exec", unit_option, description, limit,
                "--property=TimeoutStopSec=10", "--"};
        size_t n = 0;

        snprintf(description, sizeof(description), "--description=%s, run by spoolguard", entry->name);
        snprintf(limit, sizeof(limit), "--property=RuntimeMaxSec=%lluus",
                (unsigned long long)action->options[COMMAND_OPTION_DEADLINE].usec);
        while (argv[n])
                n++;
        for (size_t i = 0; entry->words[i]; i++)
                argv[n++] = entry->words[i];
        return action->host->tool(action, argv, said, SAID_MAX);
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        uint64_t limit_usec = action->options[COMMAND_OPTION_DEADLINE].usec, took_usec = now_usec();
        char said[SAID_MAX] = "", how[96];
        struct command_entry entry;
        const char *line;
        int r;

        if (!look(action, &entry, ret_outcome))
                return -EPERM;
        r = run_unit(action, &entry, said);
        took_usec = now_usec() - took_usec;
        line = last_line(said);
        if (r == 0) {
                snprintf(how, sizeof(how), "went well");
                ret_outcome->count = 1;
        } else if (r > 0 && took_usec >= limit_usec) {
                snprintf(how, sizeof(how), "was ended at its deadline of %.0f s,",
                        (double)limit_usec / SECOND);
                r = -ETIME;
        } else if (r == -ETIME)
                snprintf(how, sizeof(how), "is left to systemd in " UNIT);
        else if (r == STATUS_SIGNAL)
                snprintf(how, sizeof(how), "failed: a signal, or exit status %d", r);
        else if (r > 0)
                snprintf(how, sizeof(how), "failed with exit status %d", r);
        else
                snprintf(how, sizeof(how), "could not be run: %s", strerror(-r));
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%s %s after %.1f s%s%.*s", entry.name, how,
                (double)took_usec / SECOND, *line ? ": " : "", LINE_MAX_BYTES, line);
        return r > 0 ? -EIO : r;
}

const struct sg_verb command_run = {
        .name = "command.run",
        .summary = "Run one of the commands that the site allows",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        /* Of the longest command, and the ten seconds that it gets to end. */
        .deadline_usec = 660 * SECOND,
        .cooldown_usec = 60 * SECOND,
        .budget_count = 12,
        .budget_window_usec = 86400 * SECOND,
        .check = check,
        .run = run,
};
