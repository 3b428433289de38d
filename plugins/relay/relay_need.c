/* SPDX-License-Identifier: MIT */
/*
 * relay_need - does the mail for a next hop call for a probe of it
 *
 * Used in the watcher by relay_sensor.c.  A pure function of what the queues said at this look and the two before.
 * Postfix needs half a minute and more until it defers the first message for a host that does not answer, so what is
 * on its way counts too: a crowd of which so little gets through that the last one would wait for more than SLOW
 * seconds is as urgent as mail that came back because nobody answered.  A relay that is merely busy has a crowd as
 * well, but one that moves.
 *
 * Where mail waits for other reasons (a full mailbox, greylisting), or moves, nothing hurries.  Little mail is no
 * reason at all: every relay has some that goes nowhere.  But when even one message is late and others pass it by, some
 * of the addresses may be dead: Postfix keeps to the connection that it has, and only what needs a new one is held up.
 *
 * Owns nothing and cannot fail.  Limits: it has to be called every few seconds; what is missing is neither a reason
 * to begin nor one to end (the caller keeps what it has).
 */
#include "relay/relay_need.h"

#define SLOW 10.0  /* seconds that the last one of a crowd may wait for its turn */
#define FEW_LATE 3 /* messages that make a crowd, because they should be gone */
#define SLOW_LEAST_USEC UINT64_C(2000000)
#define MOVED_USEC UINT64_C(30000000)

static bool is_slow(const struct relay_need *need, const struct relay_mail *mail, double min_messages,
        uint64_t now_usec) {
        uint64_t since_usec = need->at_usec[1] ? need->at_usec[1] : need->at_usec[0];
        double gone = mail->delivered - (need->at_usec[1] ? need->delivered[1] : need->delivered[0]);

        if ((mail->underway < min_messages && mail->late < FEW_LATE) || since_usec == 0 ||
                now_usec <= since_usec)
                return false;
        return mail->underway * (double)(now_usec - since_usec) / 1e6 > gone * SLOW;
}

static enum relay_need_level level_of(const struct relay_need *need, const struct relay_mail *mail,
        double min_messages, uint64_t now_usec) {
        if (mail->dead >= min_messages ||
                (need->slow_since_usec != 0 && now_usec - need->slow_since_usec >= SLOW_LEAST_USEC))
                return RELAY_NEED_URGENT;
        if (need->is_overtaken || mail->deferred + mail->underway >= min_messages)
                return RELAY_NEED_CALM;
        return RELAY_NEED_NONE;
}

static void remember(struct relay_need *need, double delivered, uint64_t now_usec) {
        need->at_usec[1] = need->at_usec[0];
        need->delivered[1] = need->delivered[0];
        need->at_usec[0] = now_usec;
        need->delivered[0] = delivered;
}

void relay_need_look(
        struct relay_need *need, const struct relay_mail *mail, double min_messages, uint64_t now_usec) {
        enum relay_need_level before = need->level;

        need->is_news = false;
        if (mail->is_unknown)
                return;
        if (need->at_usec[0] != 0 && mail->delivered > need->delivered[0])
                need->moved_usec = now_usec;
        /* The counter began anew. */
        if (mail->delivered < need->delivered[0])
                need->at_usec[0] = need->at_usec[1] = 0;
        if (!is_slow(need, mail, min_messages, now_usec))
                need->slow_since_usec = 0;
        else if (need->slow_since_usec == 0)
                need->slow_since_usec = now_usec;
        need->is_overtaken =
                mail->late > 0 && need->moved_usec != 0 && now_usec - need->moved_usec < MOVED_USEC;
        need->level = level_of(need, mail, min_messages, now_usec);
        if (need->level == RELAY_NEED_URGENT &&
                (before != RELAY_NEED_URGENT || mail->dead > need->dead * 2)) {
                need->is_news = true;
                need->dead = mail->dead > min_messages ? mail->dead : min_messages;
        }
        remember(need, mail->delivered, now_usec);
}
