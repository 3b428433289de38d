/* SPDX-License-Identifier: MIT */
/*
 * lease_keep - the rules by which a lease lives on or ends, without their I/O
 *
 * Runs in the watcher and in simulations.  A lease holds something back for a reason.  While the reason is seen it
 * is renewed.  When the reason is over there may be a playbook that brings back in good order what was held; as
 * long as its run is under way or about to come the lease is renewed, too, because ending it would let go of
 * everything at once.  Only when the reason is over and nobody has it in hand, and that for half a minute, is the
 * lease ended; at once when that playbook says that it brought everything back: nothing is let go of then, and
 * the sooner it ends the less can come in between.  What cannot be seen is no reason for anything: the lease is
 * neither renewed nor ended, and lapses by itself if that lasts.
 *
 * Cannot fail.  Limits: how long a lease may live at all is the executor's business.
 */
#include "engine/lease_keep.h"

/*
 * What is held may come and go in a rhythm of its own (mail is active for a while, then deferred for a while); a
 * renewal in the same rhythm would miss it each time.  Hence odd intervals: Knuth's multiplicative hash.
 */
uint64_t lease_keep_interval(unsigned renewals) {
        uint64_t share = renewals * 2654435761u >> 16; /* of 65536 */

        return LEASE_RENEW_USEC - LEASE_RENEW_USEC / 2 * share / 65536;
}

static enum lease_keep due(
        enum lease_keep what, uint64_t at_usec, uint64_t now_usec, uint64_t *ret_again_usec) {
        if (now_usec >= at_usec)
                return what;
        *ret_again_usec = at_usec;
        return LEASE_KEEP_WAIT;
}

enum lease_keep lease_keep_decide(const struct lease_keep_input *input, uint64_t *ret_again_usec) {
        bool clear = input->evidence == LEASE_EVIDENCE_CLEAR;

        *ret_again_usec = USEC_NEVER;
        if (!input->kept)
                return LEASE_KEEP_WAIT;
        if (input->evidence == LEASE_EVIDENCE_STANDS || (clear && input->brought_back)) {
                if (!input->may_renew)
                        return LEASE_KEEP_WAIT;
                return due(LEASE_KEEP_RENEW, input->renew_at_usec, input->now_usec, ret_again_usec);
        }
        if (!clear || input->quiet_since_usec == USEC_NEVER)
                return LEASE_KEEP_WAIT;

        uint64_t end_at_usec = input->quiet_since_usec + (input->empty ? 0 : LEASE_QUIET_USEC);
        if (input->end_asked_usec != USEC_NEVER && input->end_asked_usec + LEASE_END_AGAIN_USEC > end_at_usec)
                end_at_usec = input->end_asked_usec + LEASE_END_AGAIN_USEC;
        return due(LEASE_KEEP_END, end_at_usec, input->now_usec, ret_again_usec);
}
