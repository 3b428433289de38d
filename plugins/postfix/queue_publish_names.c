/* SPDX-License-Identifier: MIT */
/*
 * queue_publish_names - which domains and senders have readings of their own, and what those say
 *
 * Runs in the watcher, as part of the sensor `queue`.  After each census the names with most messages are shown.  One
 * that is not among them any more is withdrawn, and what is left over is summed up as "*".
 *
 * Owns a reference on each name that is shown, so that its number stays its own.  Cannot fail.
 * Limits: QUEUE_NAMES_SHOWN domains of each queue, and as many senders; on its way only what is a crowd.
 */
#include <string.h>

#include "postfix/queue_spool.h"

/* A reading that exists for the largest names only. */
struct ranked {
        const char *reading, *label, *queue; /* NULL: no such label */
        const char *(*text_of)(const struct queue_spool *spool, uint32_t number);
};

static size_t label_ranked(const struct queue_spool *spool, const struct ranked *ranked, const char *text,
        struct sg_label labels[static 3]) {
        size_t n = 0;

        labels[n++] = (struct sg_label){"instance", spool->instance};
        if (ranked->queue)
                labels[n++] = (struct sg_label){"queue", ranked->queue};
        labels[n++] = (struct sg_label){ranked->label, text};
        return n;
}

static void say_ranked(
        const struct queue_spool *spool, const struct ranked *ranked, const char *text, double value) {
        struct sg_label labels[3];
        size_t n = label_ranked(spool, ranked, text, labels);

        if (value > 0)
                spool->host->publish(spool->host, ranked->reading, labels, n, value);
        else
                spool->host->withdraw(spool->host, ranked->reading, labels, n);
}

static void say_ranked_missing(
        const struct queue_spool *spool, const struct ranked *ranked, const char *text, const char *why) {
        struct sg_label labels[3];
        size_t n = label_ranked(spool, ranked, text, labels);

        spool->host->missing(spool->host, ranked->reading, labels, n, why);
}

/* What has no domain is local.  Somebody may call his domain like a label of ours: it is among the others. */
static bool is_label(const char *text) {
        return strcmp(text, "-") == 0 || strcmp(text, "<>") == 0;
}

static const char *domain_text(const struct queue_spool *spool, uint32_t number) {
        return number == QUEUE_NAME_NONE ? "-" : spool->places.domains.rows[number].text;
}

static const char *sender_text(const struct queue_spool *spool, uint32_t number) {
        return number == QUEUE_NAME_NULL ? "<>" : domain_text(spool, number);
}

static const struct ranked ranks[QUEUE_RANKS] = {
        [QUEUE_RANK_DEFERRED] = {"queue_domain_messages", "domain", "deferred", domain_text},
        [QUEUE_RANK_ACTIVE] = {"queue_domain_messages", "domain", "active", domain_text},
        [QUEUE_RANK_INCOMING] = {"queue_domain_messages", "domain", "incoming", domain_text},
        [QUEUE_RANK_SENDERS] = {"queue_sender_messages", "sender", NULL, sender_text},
};

static bool contains(const uint32_t *numbers, size_t n, uint32_t number) {
        for (size_t i = 0; i < n; i++)
                if (numbers[i] == number)
                        return true;
        return false;
}

static void forget_shown(struct queue_names *names, struct queue_shown *shown) {
        while (shown->n > 0)
                queue_names_drop(names, shown->numbers[--shown->n]);
}

/* A name of the census may be gone by now, or be another one's row. */
static void publish_ranked(struct queue_spool *spool, enum queue_rank_of by) {
        const struct ranked *ranked = &ranks[by];
        const struct queue_rank *rank = &spool->census.domains[by];
        struct queue_shown *shown = &spool->shown_domains[by], old = *shown;
        struct queue_names *names = &spool->places.domains;
        uint64_t others = rank->total;

        shown->n = 0;
        for (size_t i = 0; i < rank->n; i++) {
                uint32_t number = rank->numbers[i], count = queue_census_domains[by](&names->rows[number]);

                if (!names->rows[number].text || is_label(names->rows[number].text) || count == 0)
                        continue;
                queue_names_hold(names, number);
                shown->numbers[shown->n++] = number;
                others -= count < others ? count : others;
                say_ranked(spool, ranked, ranked->text_of(spool, number), count);
        }
        for (size_t i = 0; i < old.n; i++)
                if (!contains(shown->numbers, shown->n, old.numbers[i]))
                        say_ranked(spool, ranked, ranked->text_of(spool, old.numbers[i]), 0);
        forget_shown(names, &old);
        if (others > 0 || shown->others)
                say_ranked(spool, ranked, "*", (double)others);
        shown->others = others > 0;
}

static void publish_ranked_missing(const struct queue_spool *spool, const struct ranked *ranked,
        const struct queue_shown *shown, const char *why) {
        for (size_t i = 0; i < shown->n; i++)
                say_ranked_missing(spool, ranked, ranked->text_of(spool, shown->numbers[i]), why);
        if (shown->others)
                say_ranked_missing(spool, ranked, "*", why);
}

void queue_publish_names(struct queue_spool *spool) {
        for (enum queue_rank_of by = 0; by < QUEUE_RANKS; by++)
                publish_ranked(spool, by);
}

void queue_publish_names_missing(const struct queue_spool *spool, const char *why) {
        for (enum queue_rank_of by = 0; by < QUEUE_RANKS; by++)
                publish_ranked_missing(spool, &ranks[by], &spool->shown_domains[by], why);
}

void queue_publish_names_forget(struct queue_spool *spool) {
        for (enum queue_rank_of by = 0; by < QUEUE_RANKS; by++)
                forget_shown(&spool->places.domains, &spool->shown_domains[by]);
}
