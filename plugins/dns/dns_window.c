/* SPDX-License-Identifier: MIT */
/*
 * dns_window - what the last questions to a name server add up to
 *
 * Used in the watcher by dns_server.c and dns_health.c.  Pure functions over a ring of the last twenty questions.
 * Answers come in any order, and a question that is still open is no evidence until one has waited for it: so a
 * slow server is counted as slow and not, question by question, as silent.
 *
 * Owns nothing and cannot fail.  Limits: a question that never left this host keeps its place, and counts nowhere; an
 * answer to one that twenty others have followed is not counted any more.
 */
#include "dns/dns_window.h"

#include <arpa/nameser.h>
#include <stdlib.h>

#define MEDIAN_OF 3

unsigned dns_window_ask(struct dns_window *window, uint64_t now_usec) {
        window->samples[window->asked % DNS_WINDOW] = (struct dns_sample){.asked_usec = now_usec};
        return window->asked++;
}

/* Ended, and whatever the server said it was heard. */
static bool is_answer(enum dns_outcome outcome) {
        return outcome == DNS_TOLD || outcome == DNS_ERROR;
}

void dns_window_end(struct dns_window *window, unsigned number, const struct dns_sample *end) {
        struct dns_sample *sample = &window->samples[number % DNS_WINDOW];

        if (is_answer(end->outcome))
                window->answered_usec = end->asked_usec + end->took_usec;
        if (window->asked - number <= DNS_WINDOW)
                *sample = *end;
}

void dns_window_forget(struct dns_window *window) {
        for (unsigned i = 0; i < DNS_WINDOW; i++)
                window->samples[i].outcome = DNS_UNSENT;
}

/* The i-th, the latest first; NULL: there are no more. */
static const struct dns_sample *latest(const struct dns_window *window, unsigned i) {
        if (i >= DNS_WINDOW || i >= window->asked)
                return NULL;
        return &window->samples[(window->asked - 1 - i) % DNS_WINDOW];
}

struct dns_row dns_window_row(const struct dns_window *window, uint64_t now_usec, uint64_t overdue_usec) {
        const struct dns_sample *sample;
        struct dns_row row = {0};

        for (unsigned i = 0; (sample = latest(window, i)) && !is_answer(sample->outcome); i++) {
                if (sample->outcome == DNS_UNSENT ||
                        (sample->outcome == DNS_PENDING && now_usec - sample->asked_usec < overdue_usec))
                        continue;
                row.n++;
                row.n_closed += sample->outcome == DNS_CLOSED;
                row.asked_usec = sample->asked_usec;
        }
        return row;
}

struct dns_count dns_window_count(const struct dns_window *window) {
        const struct dns_sample *sample;
        struct dns_count count = {0};

        for (unsigned i = 0; (sample = latest(window, i)); i++) {
                count.ended += sample->outcome != DNS_PENDING && sample->outcome != DNS_UNSENT;
                count.answered += is_answer(sample->outcome);
        }
        return count;
}

bool dns_window_only_errors(const struct dns_window *window, unsigned n, unsigned *ret_code) {
        const struct dns_sample *sample;
        unsigned errors = 0;

        for (unsigned i = 0; errors < n && (sample = latest(window, i)); i++) {
                if (sample->outcome == DNS_TOLD)
                        return false;
                if (sample->outcome == DNS_ERROR && errors++ == 0)
                        *ret_code = sample->code;
        }
        return errors == n;
}

bool dns_window_has_told(const struct dns_window *window) {
        const struct dns_sample *sample;

        for (unsigned i = 0; (sample = latest(window, i)); i++)
                if (sample->outcome == DNS_TOLD)
                        return true;
        return false;
}

bool dns_window_has_word(const struct dns_window *window) {
        const struct dns_sample *sample;

        for (unsigned i = 0; (sample = latest(window, i)); i++)
                if (sample->outcome == DNS_TOLD ||
                        (sample->outcome == DNS_ERROR && sample->code != ns_r_servfail))
                        return true;
        return false;
}

static int by_size(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return (x > y) - (x < y);
}

uint64_t dns_window_took_usec(const struct dns_window *window) {
        const struct dns_sample *sample;
        uint64_t took[MEDIAN_OF];
        size_t n = 0;

        for (unsigned i = 0; n < MEDIAN_OF && (sample = latest(window, i)); i++)
                if (is_answer(sample->outcome))
                        took[n++] = sample->took_usec;
        if (n == 0)
                return 0;
        qsort(took, n, sizeof(took[0]), by_size);
        return took[n / 2];
}
