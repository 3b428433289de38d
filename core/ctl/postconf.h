/* SPDX-License-Identifier: MIT */
/* postconf - what Postfix's own tools say of its instances and their settings */
#ifndef CTL_POSTCONF_H
#define CTL_POSTCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POSTCONF_INSTANCES_MAX 32
#define POSTCONF_PATH_MAX 256
#define POSTCONF_VALUE_MAX POSTCONF_TEXT_MAX
#define POSTCONF_TEXT_MAX 32768

struct postconf_instance {
        char name[64]; /* "-" for the default one */
        char config[POSTCONF_PATH_MAX];
};

/* Those that are enabled.  Their number, or a negative errno value with the first words of postmulti in `why`. */
int postconf_instances(struct postconf_instance rows[static POSTCONF_INSTANCES_MAX], char *why, size_t size);
/* Pure: the same from what `postmulti -l` prints. */
size_t postconf_parse_instances(
        const char *text, struct postconf_instance rows[static POSTCONF_INSTANCES_MAX]);

/* Lines that the tools printed for one instance; the same without Postfix, in tests. */
struct postconf {
        char config[POSTCONF_PATH_MAX];
        char values[POSTCONF_TEXT_MAX];    /* -x: with everything expanded, defaults too */
        char set[POSTCONF_TEXT_MAX];       /* -n: what main.cf sets, as it is written */
        char overrides[POSTCONF_TEXT_MAX]; /* -P: what master.cf sets for single services */
        char services[POSTCONF_TEXT_MAX];  /* -M: master.cf */
        /* postmap -s: "hash:/etc/postfix/x" for each table that was read whole, its keys behind it, " key" each */
        char tables[POSTCONF_TEXT_MAX];
};

/*
 * 0, or a negative errno value with the first words of postconf in `why`; it is never read in part, but for tables,
 * of which only those are there that are files on this host.
 */
int postconf_read(
        const struct postconf_instance *instance, struct postconf *ret_postconf, char *why, size_t size);

/* A value and where it is from. */
struct postconf_setting {
        char value[POSTCONF_VALUE_MAX];
        bool is_set;
        char file[POSTCONF_PATH_MAX + 64];
};
/*
 * What counts for `service` ("qmgr"): an override of master.cf before main.cf before the default.  False: postconf
 * did not say.
 */
bool postconf_setting(const struct postconf *postconf, const char *service, const char *name,
        struct postconf_setting *ret_setting);
/* As main.cf writes it, `$name` and all; false: it is not set there. */
bool postconf_written(const struct postconf *postconf, const char *name, char *ret_value, size_t size);
/* "4h", "300s", with the unit of a bare number; false: it is none. */
bool postconf_time(const char *value, char unit, uint64_t *ret_seconds);

/* The keys of a table that was read, for postconf_next_key(); false: it was not. */
bool postconf_table(const struct postconf *postconf, const char *table, const char **ret_keys);
/* Takes the next one; false: there is none left. */
bool postconf_next_key(const char **keys, char *ret_key, size_t size);

/* Whether Debian's start script would fill a chroot for it: any service has y in that column. */
bool postconf_is_chrooted(const struct postconf *postconf);

#endif
