/* SPDX-License-Identifier: MIT */
/* test_lease_keep - the table of cases is the rules by which a lease lives on or ends */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "engine/lease_keep.h"

#define SECOND USEC_PER_SEC
#define NOW (1000 * SECOND)

#define STANDS .evidence = LEASE_EVIDENCE_STANDS
#define CLEAR .evidence = LEASE_EVIDENCE_CLEAR
#define UNKNOWN .evidence = LEASE_EVIDENCE_UNKNOWN
#define IN_FORCE .kept = true, .may_renew = true
#define DUE .renew_at_usec = NOW
#define LOUD .quiet_since_usec = USEC_NEVER
#define QUIET(seconds) .quiet_since_usec = (NOW - ((seconds)*SECOND))

static const struct {
        const char *what;
        struct lease_keep_input input; /* without now_usec; end_asked_usec 0 stands for never */
        enum lease_keep answer;
        uint64_t again_usec; /* 0: never */
} rows[] = {
        {"it stands and is due", {STANDS, IN_FORCE, DUE, LOUD}, LEASE_KEEP_RENEW, 0},
        {"it stands and is not due yet", {STANDS, IN_FORCE, LOUD, .renew_at_usec = NOW + 1}, LEASE_KEEP_WAIT,
                NOW + 1},
        {"it stands, but its playbook may not act", {STANDS, DUE, LOUD, .kept = true}, LEASE_KEEP_WAIT, 0},
        {"it is being taken or undone", {STANDS, DUE, LOUD, .may_renew = true}, LEASE_KEEP_WAIT, 0},
        {"what is being undone is not ended again", {CLEAR, QUIET(90)}, LEASE_KEEP_WAIT, 0},
        {"unknown: neither, however long", {UNKNOWN, IN_FORCE, DUE, LOUD}, LEASE_KEEP_WAIT, 0},
        {"clear, and somebody brings it back: renewed", {CLEAR, IN_FORCE, DUE, LOUD, .brought_back = true},
                LEASE_KEEP_RENEW, 0},
        {"the same before it is due", {CLEAR, IN_FORCE, LOUD, .brought_back = true, .renew_at_usec = NOW + 5},
                LEASE_KEEP_WAIT, NOW + 5},
        {"clear a moment ago", {CLEAR, IN_FORCE, DUE, QUIET(0)}, LEASE_KEEP_WAIT, NOW + 30 * SECOND},
        {"clear for 29 seconds", {CLEAR, IN_FORCE, DUE, QUIET(29)}, LEASE_KEEP_WAIT, NOW + SECOND},
        {"clear for 30 seconds", {CLEAR, IN_FORCE, DUE, QUIET(30)}, LEASE_KEEP_END, 0},
        {"clear a moment ago, and all was brought back", {CLEAR, IN_FORCE, DUE, QUIET(0), .empty = true},
                LEASE_KEEP_END, 0},
        {"it stands again after all was brought back", {STANDS, IN_FORCE, DUE, LOUD, .empty = true},
                LEASE_KEEP_RENEW, 0},
        {"an end needs no right to act", {CLEAR, QUIET(30), .kept = true}, LEASE_KEEP_END, 0},
        {"asked to end a moment ago", {CLEAR, IN_FORCE, QUIET(31), .end_asked_usec = NOW - SECOND},
                LEASE_KEEP_WAIT, NOW + 59 * SECOND},
        {"asked to end a minute ago, and nothing came of it",
                {CLEAR, IN_FORCE, QUIET(90), .end_asked_usec = NOW - 60 * SECOND}, LEASE_KEEP_END, 0},
        {"asked to end in a former clearing",
                {CLEAR, IN_FORCE, QUIET(10), .end_asked_usec = NOW - 600 * SECOND}, LEASE_KEEP_WAIT,
                NOW + 20 * SECOND},
        {"it stands again after an end was asked for",
                {STANDS, IN_FORCE, DUE, LOUD, .end_asked_usec = NOW - SECOND}, LEASE_KEEP_RENEW, 0},
};

static void every_case_of_the_table_holds(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct lease_keep_input input = rows[i].input;
                uint64_t again_usec;

                input.now_usec = NOW;
                if (input.end_asked_usec == 0)
                        input.end_asked_usec = USEC_NEVER;
                enum lease_keep answer = lease_keep_decide(&input, &again_usec);
                if (answer != rows[i].answer)
                        fail_msg("%s: %d", rows[i].what, (int)answer);
                if (again_usec != (rows[i].again_usec ? rows[i].again_usec : USEC_NEVER))
                        fail_msg("%s: again in %lld", rows[i].what, (long long)(again_usec - NOW));
        }
}

/* Mail that is deferred for only a fifth of some period, whichever it is, is met by one of a few renewals. */
static void no_rhythm_hides_what_comes_and_goes_in_it(void **state) {
        (void)state;
        for (uint64_t period = 5 * SECOND; period <= 120 * SECOND; period += SECOND) {
                uint64_t now = 0;
                unsigned seen = 0;

                for (unsigned i = 1; i <= 40; i++) {
                        uint64_t interval = lease_keep_interval(i);

                        assert_in_range(interval, LEASE_RENEW_USEC / 2, LEASE_RENEW_USEC);
                        now += interval;
                        seen += now % period >= period * 4 / 5;
                }
                assert_in_range(seen, 2, 38);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_case_of_the_table_holds),
                cmocka_unit_test(no_rhythm_hides_what_comes_and_goes_in_it),
        };

        return cmocka_run_group_tests_name("lease keep", tests, NULL, NULL);
}
