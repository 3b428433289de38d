/* SPDX-License-Identifier: MIT */
/*
 * relay_verdict - what probes say about an address, and the addresses about their next hop
 *
 * Used in the watcher by relay_target.c.  Pure functions.  Mail is paused because of what is decided here, and brought
 * back, so each word has its price, and where two are possible the one is chosen that starts nothing:
 *
 * - An address is down when it failed for SURE_USEC: one lost packet is not enough, nor a service that is started anew.
 *   It is up as soon as it speaks; whoever brings mail back begins with a few messages.
 * - A server that refuses ("421 too busy") is there: calling it dead would pause its mail and name the wrong culprit.
 *   Neither has it recovered: mail that is brought back would be refused as well.  So the share is missing, by which
 *   nothing trips and nothing clears, unless another address takes mail.
 * - A filter that accepts a connection and is silent may have its few processes at work.  So may a server at a port of
 *   its own that waits for TLS, unless it has greeted us before.  Neither says anything.
 * - Some servers let strangers wait for the greeting, longer than a probe does, and Postfix waits for five minutes.  So
 *   one that accepts a connection and is silent is down, but is given more time from then on, until it is quick.
 * - What this host itself has no route to is counted neither way: many relays have no IPv6, and their next hops have.
 *   Only when no address is left that counts, nobody can be reached indeed.
 * - Where Postfix leaves addresses to the C library, /etc/hosts may name others than the name servers do, and those that
 *   we found dead need not be the ones that mail is sent to.
 * - While a link is down, it is not the relay behind it.  While mail is delivered, it is not dead, whatever we see:
 *   Postfix may have an address of its own that is let in there.
 *
 * Owns nothing and cannot fail.  Limits: it is not asked whether a server would take a certain message.
 */
#include "relay/relay_verdict.h"

#define SURE_USEC UINT64_C(5000000)
#define PATIENCE 3 /* so many times as long has one that was silent */

static const enum relay_state states[SMTP_PROBE_OUTCOMES] = {
        [SMTP_PROBE_UNTOLD] = RELAY_UNKNOWN,
        [SMTP_PROBE_SPEAKS] = RELAY_UP,
        [SMTP_PROBE_REFUSES] = RELAY_REFUSING,
        [SMTP_PROBE_TIMED_OUT] = RELAY_DOWN,
        [SMTP_PROBE_REFUSED] = RELAY_DOWN,
        [SMTP_PROBE_UNREACHABLE] = RELAY_DOWN,
        [SMTP_PROBE_NO_ROUTE] = RELAY_UNROUTED,
        [SMTP_PROBE_CLOSED] = RELAY_DOWN,
        [SMTP_PROBE_SILENT] = RELAY_DOWN,
        [SMTP_PROBE_NOT_SMTP] = RELAY_DOWN,
};

static bool may_be_busy(const struct relay_seen *seen, const struct relay_manner *manner) {
        bool is_plain = manner->port == 25 || manner->port == 587;

        return manner->is_filter || (!is_plain && !seen->has_greeted);
}

struct smtp_probe_limits relay_verdict_limits(
        const struct relay_seen *seen, const struct smtp_probe_limits *usual) {
        struct smtp_probe_limits limits = *usual;

        if (seen->is_slow)
                limits.reply_usec *= PATIENCE;
        return limits;
}

void relay_verdict_forget(struct relay_seen *seen) {
        *seen = (struct relay_seen){.has_greeted = seen->has_greeted, .is_slow = seen->is_slow};
}

void relay_verdict_note(struct relay_seen *seen, const struct relay_manner *manner,
        const struct smtp_probe_limits *usual, const struct smtp_probe_result *result, uint64_t began_usec,
        uint64_t now_usec) {
        enum relay_state state = states[result->outcome];

        seen->has_greeted |= result->greeted;
        if (result->outcome == SMTP_PROBE_SILENT && !result->greeted && may_be_busy(seen, manner))
                state = RELAY_UNKNOWN;
        if (result->outcome == SMTP_PROBE_SILENT && state == RELAY_DOWN)
                seen->is_slow = true;
        else if (result->greeted && now_usec - began_usec <= usual->reply_usec)
                seen->is_slow = false;
        seen->doubted = false;
        if (state != RELAY_DOWN && state != RELAY_UNROUTED) {
                seen->failing_since_usec = 0;
                seen->state = state;
                return;
        }
        if (seen->failing_since_usec == 0)
                seen->failing_since_usec = began_usec;
        if (now_usec - seen->failing_since_usec >= SURE_USEC)
                seen->state = state;
        else
                seen->doubted = true;
}

uint64_t relay_verdict_again_usec(const struct relay_seen *seen) {
        return seen->failing_since_usec + SURE_USEC;
}

enum relay_word relay_verdict_ratio(
        const struct relay_tally *tally, double *ret_ratio, const char **ret_why) {
        size_t up = tally->n[RELAY_UP];
        const char *why = NULL;

        if (up > 0) {
                *ret_ratio = (double)up / (double)(up + tally->n[RELAY_REFUSING] + tally->n[RELAY_DOWN]);
                return RELAY_SAY;
        }
        if (tally->is_incomplete)
                why = "not every mail exchange could be looked up";
        else if (tally->n[RELAY_REFUSING] > 0)
                why = "it is there, and refuses mail";
        else if (tally->doubted > 0 || (tally->n[RELAY_UNKNOWN] > 0 && !tally->is_round_over))
                return RELAY_KEEP;
        else if (tally->n[RELAY_UNKNOWN] > 0)
                why = "not every address could be probed";
        else if (tally->link)
                why = "a link on the way there is down";
        else if (tally->is_delivered)
                why = "mail is delivered to it, though it does not speak to us";
        else if (tally->is_cut)
                why = "it has more addresses than are probed";
        else if (tally->is_elsewhere)
                why = "Postfix looks for it in /etc/hosts, which is not read";
        *ret_why = why;
        *ret_ratio = 0;
        return why ? RELAY_MISS : RELAY_SAY;
}
