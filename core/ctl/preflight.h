/* SPDX-License-Identifier: MIT */
/* preflight - the checks of `spoolguardctl preflight`: one function each, and what they decide on */
#ifndef CTL_PREFLIGHT_H
#define CTL_PREFLIGHT_H

#include <stdint.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/postconf.h"
#include "plugin/plugin.h"

enum preflight_level { PREFLIGHT_OK, PREFLIGHT_WARN, PREFLIGHT_FAIL };

struct preflight_finding {
        enum preflight_level level;
        char text[1024];
};

/* Sets level and text; PREFLIGHT_OK reads well without the text. */
void preflight_say(struct preflight_finding *finding, enum preflight_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/*
 * For a check of several things: what is worse than before takes the place of it, what is as bad is added to it, and
 * what is better is dropped.
 */
void preflight_also(struct preflight_finding *finding, enum preflight_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

typedef void (*preflight_fn)(const struct ctl *ctl, struct preflight_finding *finding);

/* preflight_daemon.c */
void preflight_configuration(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_plugins(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_bus(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_notify(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_ballast(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_landlock(const struct ctl *ctl, struct preflight_finding *finding);
/* A setting in force, as the daemon tells it, "" when it is not set; false: the daemon cannot be asked. */
bool preflight_setting(const char *key, char *value, size_t size);
/* preflight_disk.c */
void preflight_log_space(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_spool_space(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_reserve(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_state_place(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_recorder(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_journal.c */
void preflight_journal_kept(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_journal_limits(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_postfix.c */
void preflight_mail_domains(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_delay_warning(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_lifetime(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_retries(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_main_cf.c */
void preflight_main_cf(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_reload.c */
void preflight_reload(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_allowed.c */
void preflight_commands(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_units(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_leftovers.c */
void preflight_leftovers(const struct ctl *ctl, struct preflight_finding *finding);
/* preflight_names.c */
void preflight_name_servers(const struct ctl *ctl, struct preflight_finding *finding);
void preflight_chroot_names(const struct ctl *ctl, struct preflight_finding *finding);

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

/* A list of what a verb may act on; the verb has one argument, the name of an entry. */
struct preflight_allowed {
        const char *plugin, *option, *verb;
        const char *name_end; /* what ends the name in an entry; "": all of it is the name */
        const char *none;     /* what an empty list allows, for people */
};
extern const struct preflight_allowed preflight_allowed_commands, preflight_allowed_units;
/* Which root is looked below, who owns what root owns there, and whether all of it can be seen. */
struct preflight_host {
        const char *root;
        uid_t owner;
        bool sees_all; /* else what a verb refuses is only warned of */
};
/* preflight_verb.c: what check() of the verb says to these values of its plugin's options and of its own arguments. */
enum sg_verdict preflight_ask(const struct sg_verb *verb, const struct preflight_host *where,
        const struct sg_value *options, const struct sg_value *args, struct sg_outcome *ret_outcome);
/* Has the verb's own check judge each entry of the list, which is in its written form. */
void preflight_judge_allowed(const struct plugin_list *plugins, const struct preflight_host *where,
        const struct preflight_allowed *allowed, const char *text, struct preflight_finding *finding);

/* For how long nobody may look, and what that is, for people ("until 2026-12-28 08:00"). */
struct preflight_absence {
        uint64_t seconds;
        char until[64];
};
/* Pure, over what postconf said of one instance; `absence` is for the lifetimes alone and may be NULL for others. */
typedef void (*preflight_judge_fn)(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding);
/* Has what postconf says of each enabled instance judged, and warns when it cannot be asked. */
void preflight_each_instance(
        preflight_judge_fn judge, const struct preflight_absence *absence, struct preflight_finding *finding);
void preflight_judge_domains(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding);
void preflight_judge_delay_warning(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding);
void preflight_judge_lifetime(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding);
void preflight_judge_retries(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding);
/* A main.cf as it was found. */
struct preflight_main_cf {
        const char *path, *real; /* real: where links lead to */
        bool is_link, is_mount, has_nul;
        struct stat status; /* of the file a link leads to */
};
/* Pure: is it read whole and believed, and may postfix.set work with it? */
void preflight_judge_main_cf(const struct preflight_main_cf *file, struct preflight_finding *finding);
/* Has postfix.reload's own check judge each instance; `spools` is the option of that name in its written form. */
void preflight_judge_reload(const struct plugin_list *plugins, const struct preflight_host *where,
        const char *spools, const struct postconf_instance *instances, size_t n,
        struct preflight_finding *finding);
/* A lease of postfix.set in force. */
struct preflight_lease {
        uint64_t id;
        char instance[64];
};
/*
 * What postfix.set has put beside the main.cf of these instances, wherever a link leads to, and of others below `etc`,
 * but for `leases`; NULL: they are not known.
 */
void preflight_judge_leftovers(const char *etc, const struct postconf_instance *instances, size_t n_instances,
        const struct preflight_lease *leases, size_t n_leases, struct preflight_finding *finding);
/* Domains that main.cf itself says are relayed; false: none, or no more than what Postfix adds by itself. */
bool preflight_relays(const struct postconf *postconf, struct postconf_setting *ret_relayed);
/* Pure: over the text of a resolv.conf. */
void preflight_judge_name_servers(const char *text, struct preflight_finding *finding);

#endif
