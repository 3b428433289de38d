/* SPDX-License-Identifier: MIT */
/*
 * reason_site - the rows that a site adds to the table of reasons
 *
 * Runs in the watcher and in children of the executor.  A site knows texts that we do not: of its own transports, of a
 * new Postfix, of its provider.  Each class has an option with the beginnings of such texts, so that a class that is
 * no class is an unknown option to the loader, with file and line.  Of several rows that fit the longest decides, and
 * any of them before ours.
 *
 * What a remote server says still chooses nothing but what kind of answer it is: a row of another class must have
 * matched before the first word that somebody else chose, or it does not count.
 *
 * Owns the array of rows, not their texts.  Fails for want of memory, and says which pattern it cannot understand.
 * Limits: what the lists of options can hold.
 */
#include "postfix/reason_site.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const enum reason_class reason_site_classes[REASON_SITE_CLASSES] = {
        REASON_DNS,
        REASON_TIMEOUT,
        REASON_REFUSED,
        REASON_UNREACHABLE,
        REASON_LOST,
        REASON_TLS,
        REASON_GREYLIST,
        REASON_QUOTA,
        REASON_POLICY,
        REASON_REMOTE,
        REASON_FILTER,
        REASON_TRANSPORT,
        REASON_LOCAL,
        REASON_DUPLICATE_RISK,
        REASON_OTHER,
};

/* Behind these, Postfix repeats what others said. */
static const char *const quotes[] = {
        "said: ", "refused to talk to me: ", "refused to start TLS: ", "Command output: "};

static bool is_understood(const char *pattern) {
        for (const char *at = strchr(pattern, '%'); at; at = strchr(at + 2, '%'))
                if (at[1] == '\0' || !strchr("HPUN%", at[1]))
                        return false;
        return true;
}

static int compare_rows(const void *a, const void *b) {
        const char *left = ((const struct reason_site_row *)a)->pattern;
        const char *right = ((const struct reason_site_row *)b)->pattern;
        size_t left_length = strlen(left), right_length = strlen(right);

        if (left_length != right_length)
                return left_length < right_length ? 1 : -1;
        return strcmp(left, right);
}

int reason_site_init(struct reason_site *site, const struct sg_value *lists, const char **ret_bad) {
        size_t n = 0;

        *site = (struct reason_site){.n = 0};
        *ret_bad = NULL;
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++)
                for (const char *const *text = lists[i].list; *text; text++)
                        n++;
        if (n == 0)
                return 0;
        site->rows = calloc(n, sizeof(*site->rows));
        if (!site->rows)
                return -ENOMEM;
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++)
                for (const char *const *text = lists[i].list; *text; text++)
                        if (is_understood(*text))
                                site->rows[site->n++] =
                                        (struct reason_site_row){*text, reason_site_classes[i]};
                        else if (!*ret_bad)
                                *ret_bad = *text;
        qsort(site->rows, site->n, sizeof(*site->rows), compare_rows);
        return *ret_bad ? -EINVAL : 0;
}

void reason_site_deinit(struct reason_site *site) {
        free(site->rows);
        *site = (struct reason_site){.n = 0};
}

static bool is_kind_of_answer(enum reason_class class) {
        return class == REASON_GREYLIST || class == REASON_QUOTA || class == REASON_POLICY ||
                class == REASON_REMOTE;
}

/* Where the first words that somebody else chose begin; the end when there are none. */
static const char *end_of_own_words(const char *text) {
        const char *end = text + strlen(text);

        for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
                const char *quote = strstr(text, quotes[i]);

                if (quote && quote + strlen(quotes[i]) < end)
                        end = quote + strlen(quotes[i]);
        }
        return end;
}

void reason_site_classify(const struct reason_site *site, const char *text, const char *status,
        const char *diagnostic, struct reason *ret_reason) {
        const char *own_end;
        bool suspended;

        reason_classify(text, status, diagnostic, ret_reason);
        if (!site || site->n == 0)
                return;
        text = reason_text(text, &suspended);
        own_end = end_of_own_words(text);
        for (size_t i = 0; i < site->n; i++) {
                struct reason reason = {.class = site->rows[i].class};
                const char *rest = reason_match(site->rows[i].pattern, text, &reason);

                if (rest && (rest <= own_end || is_kind_of_answer(reason.class))) {
                        ret_reason->class = reason.class;
                        return;
                }
        }
}
