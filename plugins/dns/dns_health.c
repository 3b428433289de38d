/* SPDX-License-Identifier: MIT */
/*
 * dns_health - when a name server counts as down, and how soon it is asked again
 *
 * Used in the watcher by dns_server.c.  Pure functions.  A server is down when several questions in a row got no
 * answer and the first of them has been open for the whole patience: that is longer than the resolver of the C
 * library waits, so a server that answers in its time, however slowly, is never down.  One answer brings it back.  A
 * question without an answer is followed by others soon, so one lost packet in fifty leads to one more question and to
 * nothing else, and a dead server is known as such after one interval and the patience.
 *
 * A server that answers with errors only is of no more use to mail than one that is silent.  But one question that it
 * cannot answer says nothing: the domain itself may be broken, and mail that waits is mostly for such.  So it takes the
 * root, from a server that knew it before or whose neighbours do, or a SERVFAIL for it, and then each of the names that
 * mail needs.  A server that only knows its own zones refuses the root all its life, and is let be.
 *
 * Some filters and routers drop questions for the root without a word, and answer for names all the same.  So before a
 * server that never said anything about the root is down, names are tried, and one that has a word on any of them
 * (REFUSED is one, SERVFAIL is none) is asked for names from then on.  That does not hold for one that spoke of the
 * root before: when a server that passes questions on is cut off, it is silent about all but the names that it
 * remembers.
 *
 * Owns nothing and cannot fail.  Limits: a server that answers for the root from memory and fails for all else is up;
 * and so is, until it forgets, one that was cut off before it was asked the first time and remembers a name.  One that
 * begins to drop questions for the root after it answered them is down.
 */
#include "dns/dns_health.h"

#include <arpa/nameser.h>

#define ROW_LEAST 4
#define ERRORS_OF_ROOT 3
#define ERRORS_OF_MAIL 4
#define DOUBTS 6 /* in the time of the patience */
#define IDLE_FACTOR 60
#define IDLE_DOWN_FACTOR 6

uint64_t dns_health_doubt_usec(const struct dns_window *lead, const struct dns_health_pace *pace) {
        uint64_t usual_usec = 2 * dns_window_took_usec(lead), doubt_usec = pace->patience_usec / DOUBTS;

        /* A server that is always slow is not asked more for it. */
        if (usual_usec > pace->patience_usec)
                return pace->patience_usec;
        return usual_usec > doubt_usec ? usual_usec : doubt_usec;
}

bool dns_health_is_suspect(const struct dns_health *health, const struct dns_window *root, bool others_tell) {
        unsigned code;

        return dns_window_only_errors(root, ERRORS_OF_ROOT, &code) &&
                (code == ns_r_servfail || health->told_root || others_tell);
}

struct dns_row dns_health_row(
        const struct dns_window *lead, const struct dns_health_pace *pace, uint64_t now_usec) {
        return dns_window_row(lead, now_usec, pace->patience_usec / DOUBTS);
}

static bool is_down(const struct dns_window *lead, const struct dns_health_pace *pace, uint64_t now_usec,
        uint64_t *ret_since) {
        struct dns_row row = dns_health_row(lead, pace, now_usec);

        *ret_since = row.asked_usec;
        /* An answer to an earlier question may have come in between. */
        return row.n >= ROW_LEAST && now_usec - row.asked_usec >= pace->patience_usec &&
                now_usec - lead->answered_usec >= pace->patience_usec;
}

bool dns_health_is_wordless(
        const struct dns_window *root, const struct dns_health_pace *pace, uint64_t now_usec) {
        return root->answered_usec == 0 && dns_health_row(root, pace, now_usec).n > 0;
}

const struct dns_window *dns_health_lead(const struct dns_window *root, const struct dns_window *mail,
        const struct dns_health_pace *pace, uint64_t now_usec) {
        uint64_t since_usec;

        return root->answered_usec == 0 && is_down(root, pace, now_usec, &since_usec) &&
                        dns_window_has_word(mail)
                ? mail
                : root;
}

void dns_health_judge(struct dns_health *health, const struct dns_window *root, const struct dns_window *mail,
        const struct dns_health_pace *pace, uint64_t now_usec) {
        const struct dns_window *lead = dns_health_lead(root, mail, pace, now_usec);
        struct dns_count count = dns_window_count(lead);
        uint64_t since_usec;
        unsigned code;

        health->told_root |= dns_window_has_told(root);
        if (is_down(lead, pace, now_usec, &since_usec)) {
                if (health->state != DNS_HEALTH_DOWN)
                        health->since_usec = since_usec;
                health->state = DNS_HEALTH_DOWN;
        } else if (count.answered == 0) {
                return;
        } else if (dns_window_only_errors(root, ERRORS_OF_ROOT, &code) &&
                dns_window_only_errors(mail, ERRORS_OF_MAIL, &code)) {
                health->state = DNS_HEALTH_USELESS;
        } else if (health->state != DNS_HEALTH_DOWN || lead->answered_usec > health->since_usec) {
                health->state = DNS_HEALTH_UP;
        }
}

uint64_t dns_health_wait_usec(const struct dns_health *health, const struct dns_window *lead,
        const struct dns_health_pace *pace, bool idle, uint64_t now_usec) {
        uint64_t doubt_usec = dns_health_doubt_usec(lead, pace), gap_usec = pace->interval_usec, spent_usec;

        if (lead->asked == 0)
                return 0;
        spent_usec = now_usec - lead->samples[(lead->asked - 1) % DNS_WINDOW].asked_usec;
        if (idle)
                gap_usec *= health->state == DNS_HEALTH_DOWN ? IDLE_DOWN_FACTOR : IDLE_FACTOR;
        if (health->state != DNS_HEALTH_DOWN && doubt_usec < gap_usec &&
                dns_window_row(lead, now_usec, doubt_usec).n > 0)
                gap_usec = doubt_usec;
        return spent_usec < gap_usec ? gap_usec - spent_usec : 0;
}
