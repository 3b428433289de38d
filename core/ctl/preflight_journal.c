/* SPDX-License-Identifier: MIT */
/*
 * preflight_journal - checks of journald: is the journal kept over a reboot, and does it stay within bounds
 *
 * Runs in: spoolguardctl.  The configuration is what `systemd-analyze cat-config` prints: all files in the order
 * in which journald reads them, so that the last assignment counts.  Where nothing is set, journald's own
 * defaults are assumed: 10% of the file system for the journal, at most 4 GiB, and 15% kept free.
 *
 * Fails: warns when the configuration cannot be read.  Limits: of several namespaces only the first journal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/option.h"
#include "ctl/preflight.h"
#include "ctl/tool.h"

#define JOURNAL "/var/log/journal"
#define LOGS "/var/log"
#define TOOL_MSEC 10000
#define CONFIG_BYTES (256 << 10)

#define DEFAULT_MAX_USE_RATIO 0.10
#define DEFAULT_MAX_USE_BYTES (UINT64_C(4) << 30)
#define BOUND_RATIO 0.80

static uint64_t parse_size(const char *text, uint64_t fs_bytes) {
        static const struct sg_option size = {.name = "size", .type = SG_TYPE_SIZE};
        struct sg_value value;
        char *end;
        double percent = strtod(text, &end);

        if (end != text && strcmp(end, "%") == 0 && percent >= 0 && percent <= 100)
                return (uint64_t)((double)fs_bytes * percent / 100);
        return option_parse(&size, text, &value, NULL) == 0 ? value.bytes : 0;
}

/* "Key=value" of a line without blanks around, or NULL. */
static const char *value_of(const char *line, const char *key) {
        size_t length = strlen(key);

        return strncmp(line, key, length) == 0 && line[length] == '=' ? line + length + 1 : NULL;
}

void preflight_journal_parse(const char *text, uint64_t fs_bytes, struct preflight_journal *ret_journal) {
        struct preflight_journal journal = {.storage = "auto"};

        while (*text) {
                char line[256];
                size_t length = strcspn(text, "\n");
                const char *value;

                text_format(line, sizeof(line), "%.*s", (int)length, text);
                line[strcspn(line, " \t\r")] = '\0';
                if ((value = value_of(line, "Storage")))
                        text_copy(journal.storage, sizeof(journal.storage), value[0] ? value : "auto");
                else if ((value = value_of(line, "SystemMaxUse")))
                        journal.max_use_bytes = parse_size(value, fs_bytes);
                else if ((value = value_of(line, "SystemKeepFree")))
                        journal.keep_free_bytes = parse_size(value, fs_bytes);
                text += length + (text[length] == '\n');
        }
        *ret_journal = journal;
}

void preflight_judge_journal(
        const struct preflight_journal *journal, uint64_t fs_bytes, struct preflight_finding *finding) {
        uint64_t fallback = (uint64_t)((double)fs_bytes * DEFAULT_MAX_USE_RATIO);
        uint64_t max_use = journal->max_use_bytes;
        char use[TEXT_QUANTITY_MAX], size[TEXT_QUANTITY_MAX];

        if (max_use == 0)
                max_use = fallback < DEFAULT_MAX_USE_BYTES ? fallback : DEFAULT_MAX_USE_BYTES;
        text_size(max_use, use);
        text_size(fs_bytes, size);
        if ((double)max_use > (double)fs_bytes * BOUND_RATIO &&
                (double)journal->keep_free_bytes < (double)fs_bytes * (1 - BOUND_RATIO))
                preflight_say(finding, PREFLIGHT_WARN,
                        "SystemMaxUse lets the journal grow to %s on a file system of %s", use, size);
        else
                preflight_say(finding, PREFLIGHT_OK, "at most %s of %s", use, size);
}

static int read_configuration(char *text, size_t size) {
        static const char *const argv[] = {"systemd-analyze", "cat-config", "systemd/journald.conf", NULL};

        return tool_run(argv, TOOL_MSEC, text, size);
}

static bool look(
        struct preflight_finding *finding, struct preflight_journal *ret_journal, uint64_t *ret_bytes) {
        _cleanup_free_ char *text = malloc(CONFIG_BYTES);
        struct statvfs fs;

        if (!text || read_configuration(text, CONFIG_BYTES) != 0) {
                preflight_say(
                        finding, PREFLIGHT_WARN, "systemd-analyze cannot tell the settings of journald");
                return false;
        }
        if (statvfs(LOGS, &fs) < 0) {
                preflight_say(finding, PREFLIGHT_WARN, "%s cannot be measured: %s", LOGS, strerror(errno));
                return false;
        }
        *ret_bytes = fs.f_blocks * fs.f_frsize;
        preflight_journal_parse(text, *ret_bytes, ret_journal);
        return true;
}

void preflight_journal_kept(const struct ctl *ctl, struct preflight_finding *finding) {
        struct preflight_journal journal;
        uint64_t bytes;

        (void)ctl;
        if (!look(finding, &journal, &bytes))
                return;
        if (strcmp(journal.storage, "none") == 0)
                preflight_say(finding, PREFLIGHT_WARN, "Storage=none: nothing is kept, not even this night");
        else if (strcmp(journal.storage, "volatile") == 0 ||
                (strcmp(journal.storage, "auto") == 0 && access(JOURNAL, F_OK) < 0))
                preflight_say(finding, PREFLIGHT_WARN,
                        "Storage=%s%s: the journal of the weekend is gone after a reboot", journal.storage,
                        strcmp(journal.storage, "auto") == 0 ? " and there is no " JOURNAL : "");
        else
                preflight_say(finding, PREFLIGHT_OK, "kept in " JOURNAL " (Storage=%s)", journal.storage);
}

void preflight_journal_limits(const struct ctl *ctl, struct preflight_finding *finding) {
        struct preflight_journal journal;
        uint64_t bytes;

        (void)ctl;
        if (look(finding, &journal, &bytes))
                preflight_judge_journal(&journal, bytes, finding);
}
