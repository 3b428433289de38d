/* SPDX-License-Identifier: MIT */
/* main_cf_file - the file that holds main.cf, as it was when it was read, and another one in its place */
#ifndef POSTFIX_MAIN_CF_FILE_H
#define POSTFIX_MAIN_CF_FILE_H

#include <sys/stat.h>

#include "postfix/order.h"

struct main_cf_file {
        char directory_path[ORDER_PATH_MAX]; /* links followed, with the host's root in front */
        char name[256];                      /* in there */
        int directory;
        int config; /* where Postfix looks for it: the same directory but for a link */
        char *text; /* all of it */
        struct stat status;
};

/*
 * Opens the directory of an instance's main.cf and reads the file; whatever is not root's alone is refused.  0, or a
 * negative errno value with the reason in outcome->text.
 */
int main_cf_file_open(const struct sg_action *action, const char *instance, struct main_cf_file *ret_file,
        struct sg_outcome *outcome);
void main_cf_file_close(struct main_cf_file *file);

/* Whether another file can get its name: 0, or a negative errno value with the reason.  Changes nothing. */
int main_cf_file_check(const struct main_cf_file *file, struct sg_outcome *outcome);

/* Owner, mode and extended attributes of `fd` become those of the file.  0 or a negative errno value. */
int main_cf_file_dress(const struct main_cf_file *file, int fd);

/*
 * Exchanges it with the file `name` of another directory, which must be on disk by then.  0; -EBUSY, and nothing was
 * exchanged: it is not any more what was read; -EXDEV: it is a mount of its own; or another negative errno value, and
 * nothing was exchanged either.
 */
int main_cf_file_exchange(const struct main_cf_file *file, int directory, const char *name);

/* Text of a file like it (malloc).  0, or a negative errno value: -EBADMSG, it is too long or no text. */
int main_cf_file_read(int directory, const char *name, char **ret_text);

#endif
