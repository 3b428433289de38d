/* SPDX-License-Identifier: MIT */
/* preflight - the checks of `spoolguardctl preflight`: one function each, and what they decide on */
#ifndef CTL_PREFLIGHT_H
#define CTL_PREFLIGHT_H

#include <stdint.h>

#include "ctl/ctl.h"

enum preflight_level { PREFLIGHT_OK, PREFLIGHT_WARN, PREFLIGHT_FAIL };

struct preflight_finding {
        enum preflight_level level;
        char text[512];
};

/* Sets level and text; PREFLIGHT_OK reads well without the text. */
void preflight_say(struct preflight_finding *finding, enum preflight_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

typedef void (*preflight_fn)(const struct ctl *ctl, struct preflight_finding *finding);

/* preflight_daemon.c */
void preflight_configuration(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_plugins(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_bus(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_notify(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_ballast(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_landlock(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_disk.c */
void preflight_log_space(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_spool_space(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_reserve(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_state_place(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_recorder(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_journal.c */
void preflight_journal_kept(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_journal_limits(const struct ctl *ctl, struct preflight_finding *finding);

/* What journald.conf says in the end: sizes in bytes, 0 when not set. */
struct preflight_journal {
        char storage[16];
        uint64_t max_use_bytes, keep_free_bytes;
};
/* Pure: from the concatenated files, for a file system of so many bytes. */
void preflight_journal_parse(const char *text, uint64_t fs_bytes, struct preflight_journal *ret_journal);
/* Pure: may the journal fill its file system? */
void preflight_judge_journal(
        const struct preflight_journal *journal, uint64_t fs_bytes, struct preflight_finding *finding);

#endif
