/* SPDX-License-Identifier: MIT */
/* test_diagnosis - which of two sentences people read */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/diagnosis.h"

#define NOTICE CONFIG_LEVEL_NOTICE
#define WARNING CONFIG_LEVEL_WARNING
#define CRITICAL CONFIG_LEVEL_CRITICAL

static const struct {
        const char *why;
        struct diagnosis held, next;
        bool gives_way;
} rows[] = {
        {"anything is better than nothing", {"", 99, CRITICAL, true}, {"x", 0, NOTICE, false}, true},
        {"a higher cause explains more", {"x", 50, CRITICAL, false}, {"y", 80, NOTICE, false}, true},
        {"a lower one does not", {"x", 80, NOTICE, false}, {"y", 50, CRITICAL, false}, false},
        {"of equal causes the worse level", {"x", 50, NOTICE, false}, {"y", 50, WARNING, false}, true},
        {"and not the milder one", {"x", 50, WARNING, false}, {"y", 50, NOTICE, false}, false},
        {"of equals the newer one", {"x", 50, WARNING, false}, {"y", 50, WARNING, false}, true},
        {"a playbook knows better", {"x", 50, CRITICAL, false}, {"y", 50, NOTICE, true}, true},
        {"than any notice", {"x", 60, NOTICE, false}, {"y", 0, NOTICE, true}, true},
        {"but not than a higher cause", {"x", 80, WARNING, false}, {"y", 50, NOTICE, true}, false},
        {"which takes over", {"x", 50, NOTICE, true}, {"y", 80, WARNING, false}, true},
        {"while an equal one does not", {"x", 50, NOTICE, true}, {"y", 50, CRITICAL, false}, false},
        {"and neither does a notice", {"x", 0, NOTICE, true}, {"y", 60, NOTICE, false}, false},
        {"of two playbooks the newer one", {"x", 50, NOTICE, true}, {"y", 50, NOTICE, true}, true},
        {"unless it knows of less", {"x", 80, NOTICE, true}, {"y", 50, NOTICE, true}, false},
};

static void the_cause_decides_then_the_level_then_the_time(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                if (diagnosis_gives_way(&rows[i].held, &rows[i].next) != rows[i].gives_way)
                        fail_msg("%s", rows[i].why);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_cause_decides_then_the_level_then_the_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
