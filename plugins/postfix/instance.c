/* SPDX-License-Identifier: MIT */
/*
 * instance - what an instance of Postfix is called, from its spool directory
 *
 * Runs in the watcher, where the name becomes a label, and in children of the executor, where an argument that
 * names an instance must lead to a configured spool or to none.  Pure functions; nothing is looked up on disk, so
 * a path that means another directory than it says ("..") is not usable.
 *
 * Owns nothing.  Fails with false or NULL.
 * Limits: of two spools with the same last component only the first can be named.
 */
#include <string.h>

#include "postfix/postfix.h"

#define DEFAULT_SPOOL "/var/spool/postfix"
#define DEFAULT_INSTANCE "-"

/* Letters that can be in a file name below /etc, in a label and in an argument without being mistaken there. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static bool component_is_usable(const char *start, size_t length) {
        return length > 0 && strspn(start, NAME_CHARACTERS) >= length && *start != '.' && *start != '-';
}

bool postfix_instance_of(const char *spool, char ret_instance[static POSTFIX_INSTANCE_MAX]) {
        const char *last = NULL;
        size_t length = 0;

        for (const char *at = spool; *at == '/' && at[1] != '\0'; at += 1 + length) {
                last = at + 1;
                length = strcspn(last, "/");
                if (!component_is_usable(last, length))
                        return false;
        }
        /* Nothing may be left behind the last component but one slash. */
        if (!last || length >= POSTFIX_INSTANCE_MAX || (last[length] != '\0' && last[length + 1] != '\0'))
                return false;
        if (strncmp(spool, DEFAULT_SPOOL, strlen(DEFAULT_SPOOL)) == 0 &&
                last + length == spool + strlen(DEFAULT_SPOOL)) {
                last = DEFAULT_INSTANCE;
                length = strlen(DEFAULT_INSTANCE);
        }
        memcpy(ret_instance, last, length);
        ret_instance[length] = '\0';
        return true;
}

const char *postfix_spool_of(const char *const *spools, const char *instance) {
        for (; *spools; spools++) {
                char name[POSTFIX_INSTANCE_MAX];

                if (postfix_instance_of(*spools, name) && strcmp(name, instance) == 0)
                        return *spools;
        }
        return NULL;
}
