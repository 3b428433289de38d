/* SPDX-License-Identifier: MIT */
/*
 * notify_text - a call for people as short paragraphs: what is wrong, what was done, what to do
 *
 * Runs in: executor.  Pure.  The first line is for a pager that shows one: which host, and what it is about.  Each
 * line of the call is a paragraph; what to do follows from the reason, and ends with the two commands that tell
 * the rest.
 *
 * Limits: NOTIFY_TEXT_MAX bytes in all, PARAGRAPH_MAX of a paragraph; one that does not fit ends with "...", and
 * those behind it are left out.
 */
#include "executor/notify_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "executor/notify.h"

#define TITLE_MAX 320u
#define PARAGRAPH_MAX 640u
#define TODO_MAX 512u
#define WORTH_IT 80u /* less room than that is none for a paragraph */

static const struct {
        const char *reason, *todo;
} rows[] = {
        {"not-cleared", "The rest is yours: what may be done from here was done, and was not enough."},
        {"spent", "Please find out why it keeps coming back: what helps has used up its budget for now."},
        {"no-playbook", "All of it is yours: no playbook that is in force is for this."},
        {"refused",
                "Please take what is named above out of the way, or do it by hand: nothing could be done."},
        {"error",
                "Please mend the playbook that ended with an error, and reload. What it is for is yours "
                "until then."},
        {"unknown-outcome", "Please look at what it was to change, and put it right."},
        {"lease-overruled", "Please look whether that was meant."},
        {"lease-expired", "Please see what is still wrong there."},
        {"undo-failed",
                "Please take what stands in its way out of it. spoolguardctl leases names what is left."},
        {"watcher-fails", "Please look at systemctl status spoolguard and journalctl -u spoolguard."},
};

static void what_to_do(const struct notify_message *message, char *text, size_t size) {
        const char *todo = "Please look at it.";
        char record[64] = "spoolguardctl log";

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (strcmp(rows[i].reason, message->reason) == 0)
                        todo = rows[i].todo;
        if (message->incident != 0)
                text_format(
                        record, sizeof(record), "spoolguardctl log --incident %" PRIu64, message->incident);
        text_format(text, size, "What to do: %s\nHow it stands: spoolguardctl explain\nWhat was done: %s\n",
                todo, record);
}

void notify_text(const struct notify_message *message, const char *host, char text[static NOTIFY_TEXT_MAX]) {
        char title[TITLE_MAX], todo[TODO_MAX], lines[TITLE_MAX], paragraph[PARAGRAPH_MAX];
        size_t used, room;

        what_to_do(message, todo, sizeof(todo));
        text_format(lines, sizeof(lines), "%s: %s", host, message->title);
        text_one_line(lines);
        text_abridge(title, sizeof(title), lines);
        text_format(text, NOTIFY_TEXT_MAX, "%s\n\n", title);
        used = strlen(text);
        room = NOTIFY_TEXT_MAX - strlen(todo);
        for (const char *line = message->text; *line && used + WORTH_IT < room;) {
                size_t length = strcspn(line, "\n");
                size_t left = room - used - strlen("\n\n");
                char one[4096];

                text_format(one, sizeof(one), "%.*s", (int)length, line);
                text_abridge(paragraph, left < sizeof(paragraph) ? left : sizeof(paragraph), one);
                if (paragraph[0])
                        text_format(text + used, NOTIFY_TEXT_MAX - used, "%s\n\n", paragraph);
                used += strlen(text + used);
                line += length + (line[length] == '\n');
        }
        text_copy(text + used, NOTIFY_TEXT_MAX - used, todo);
}
