/* SPDX-License-Identifier: MIT */
/* resolver_files - the files by which names are looked up: the host's, and their copies for services in a chroot */
#ifndef POSTFIX_RESOLVER_FILES_H
#define POSTFIX_RESOLVER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESOLVER_FILE_MAX (1u << 20) /* a longer one is not compared */
#define RESOLVER_WHY_MAX 160

/* What Debian's configure-instance.sh copies to etc/ of a spool when Postfix is started. */
enum resolver_file_id {
        RESOLVER_RESOLV_CONF,
        RESOLVER_HOSTS,
        RESOLVER_NSSWITCH,
        RESOLVER_HOST_CONF,
        RESOLVER_SERVICES,
        RESOLVER_LOCALTIME,
        RESOLVER_NSS_MDNS,
        RESOLVER_FILES,
};

/* Which of them say where a mail exchanger is found. */
enum resolver_use {
        RESOLVER_USE_ALWAYS, /* by every process that asks name servers itself */
        RESOLVER_USE_NATIVE, /* only with smtp_host_lookup = native, by the C library */
        RESOLVER_USE_NEVER,  /* another one than the host's sends no mail astray */
};

struct resolver_file_row {
        const char *name; /* below etc/ */
        enum resolver_use use;
        bool is_text; /* blank lines and lines of comment make no difference */
};
extern const struct resolver_file_row resolver_file_rows[RESOLVER_FILES];

/* One file, through links.  Times are CLOCK_REALTIME in seconds. */
struct resolver_file {
        int error;               /* 0, or why it cannot be read: -ENOENT, ... */
        uint64_t hash;           /* of what counts in it */
        int64_t written_seconds; /* its own time, or that of a link that leads to it: the later one */
        int64_t changed_seconds; /* not to be set by anybody: when it got its name at the latest */
};
void resolver_file_look(const char *path, bool is_text, struct resolver_file *ret_file);

enum resolver_copy {
        RESOLVER_COPY_SAME,    /* or the host has no such file: nothing is to be copied */
        RESOLVER_COPY_DRIFTED, /* another content, and the host's became what it is after the copy */
        RESOLVER_COPY_MISSING, /* the host has it, the spool has not */
        RESOLVER_COPY_OWN,     /* another content, written after the host's: somebody's wish, left alone */
        RESOLVER_COPY_UNKNOWN, /* one of them cannot be read */
};
/* True for what a refresh would write. */
bool resolver_copy_is_stale(enum resolver_copy copy);

/* Both files of a row; `spool` has the root in front already. */
enum resolver_copy resolver_files_compare(const char *root, const char *spool, enum resolver_file_id id);

/*
 * Whether a resolv.conf names at least one server that the C library would ask; else why not, with the number of the
 * line when there is one to blame ("line 3: \"nameserver foo\" is no address").  That nobody is still writing it, the
 * text does not tell.
 */
bool resolver_conf_is_usable(const char *text, size_t size, char ret_why[static RESOLVER_WHY_MAX]);

#endif
