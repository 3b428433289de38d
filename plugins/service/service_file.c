/* SPDX-License-Identifier: MIT */
/*
 * service_file - is there a unit of that name
 *
 * Runs in a child of the executor.  Looks where systemd looks, in its order, so that a misspelt or masked unit is
 * refused before anything is started; what systemd has made of the file is asked of it later (service_state.c).  An
 * instance of a template has the file of the template.  A unit that is masked is a link to /dev/null, or empty.
 *
 * Owns nothing, fails with a sentence.  Limits: a file that systemd has not read yet counts as there; aliases count by
 * their links.
 */
#include "service/service_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* systemd.unit(5), "System Unit Search Path". */
static const char *const directories[] = {"/etc/systemd/system.control", "/run/systemd/system.control",
        "/run/systemd/transient", "/run/systemd/generator.early", "/etc/systemd/system",
        "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached",
        "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system", "/run/systemd/generator.late"};

enum finding { NOT_FOUND, FOUND, MASKED };

static enum finding look(const char *root, const char *name) {
        char path[PATH_MAX];
        struct stat st;

        for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
                snprintf(path, sizeof(path), "%s%s/%s", root, directories[i], name);
                if (stat(path, &st) < 0)
                        continue;
                return S_ISREG(st.st_mode) && st.st_size > 0 ? FOUND : MASKED;
        }
        return NOT_FOUND;
}

bool service_file_find(const char *root, const char *unit, char *why, size_t size) {
        const char *at = strchr(unit, '@'), *suffix = strrchr(unit, '.');
        enum finding finding = look(root, unit);
        char template[256];

        if (finding == NOT_FOUND && at && suffix && at < suffix) {
                snprintf(template, sizeof(template), "%.*s%s", (int)(at - unit) + 1, unit, suffix);
                finding = look(root, template);
        }
        if (finding != FOUND)
                snprintf(why, size, "%.80s %s", unit,
                        finding == MASKED ? "is masked: somebody does not want it to run"
                                          : "is not there: systemd has no file for it");
        return finding == FOUND;
}
