/* SPDX-License-Identifier: MIT */
/* dns_window - the last questions to one name server, and what became of them */
#ifndef DNS_DNS_WINDOW_H
#define DNS_DNS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_WINDOW 20

enum dns_outcome {
        DNS_PENDING, /* nothing yet, and its time is not over */
        DNS_TOLD,    /* an answer about the name */
        DNS_ERROR,   /* an answer that says no more than that there is none: SERVFAIL, REFUSED ... */
        DNS_SILENT,
        DNS_CLOSED, /* nobody listens at that port */
        DNS_UNSENT, /* never left this host: no question to the server */
};

struct dns_sample {
        uint64_t asked_usec, took_usec;
        enum dns_outcome outcome;
        unsigned code; /* of an error */
};

struct dns_window {
        struct dns_sample samples[DNS_WINDOW]; /* question number n is in place n % DNS_WINDOW */
        unsigned asked;                        /* ever */
        uint64_t answered_usec;                /* when the last answer came; 0: there was none */
};

/* The number of the question, for dns_window_end(). */
unsigned dns_window_ask(struct dns_window *window, uint64_t now_usec);
/* What became of it; one that is no longer in the window is let go. */
void dns_window_end(struct dns_window *window, unsigned number, const struct dns_sample *end);

/* The network is not what it was: nothing that was asked until now counts any more. */
void dns_window_forget(struct dns_window *window);

struct dns_row {
        unsigned n;          /* questions in a row, up to now, for whose answer one has waited */
        unsigned n_closed;   /* of these */
        uint64_t asked_usec; /* the first of them */
};
/* Those after the last one that was answered which are over, or open for `overdue_usec` and longer. */
struct dns_row dns_window_row(const struct dns_window *window, uint64_t now_usec, uint64_t overdue_usec);

struct dns_count {
        unsigned ended, answered;
};
/* Without those that are still open and those that were never sent. */
struct dns_count dns_window_count(const struct dns_window *window);
/* The last `n` that were heard were errors all, and there were so many; `ret_code` is that of the last. */
bool dns_window_only_errors(const struct dns_window *window, unsigned n, unsigned *ret_code);
/* One of them was told about. */
bool dns_window_has_told(const struct dns_window *window);
/* Or the server said that it does not care for it, which is more than that it tried in vain. */
bool dns_window_has_word(const struct dns_window *window);
/* Median of the last three answers; 0: there is none. */
uint64_t dns_window_took_usec(const struct dns_window *window);

#endif
