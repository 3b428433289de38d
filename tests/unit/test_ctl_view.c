/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_view - what an incident says is next, in words also when that is nothing, and how it lists what was done
 *
 * The table gives what the daemon publishes in short forms of its JSON; the answer is the line behind "next", and
 * further ones behind it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/view.h"

#define ACTIVE(playbooks)                                                                                    \
        "{'Name':'down_x','ConfigName':'down','State':'active','Tripped':true,'Level':'notice','Playbooks':" \
        "[" playbooks "]}"
#define CLEAR(playbooks) \
        "{'Name':'down_x','ConfigName':'down','State':'ok','Tripped':false,'Playbooks':[" playbooks "]}"
#define FULL                                                                                                 \
        "{'Name':'full_y','ConfigName':'full','State':'active','Tripped':true,'Level':'warning','Playbooks'" \
        ":[]}"
#define PAUSE(state) "{'Name':'pause','State':'" state "','UntilUSec':1766620900000000}"
#define FLUSH(state) \
        "{'Name':'flush','State':'" state "','UntilUSec':1766620900000000,'ClearedConditions':['down']}"
#define LEASE "{'Id':3,'Incident':7,'State':'in-force','UntilClear':'down_x'}"
#define RUN(state) "{'Id':5,'Incident':7,'Playbook':'pause','State':'" state "'}"
#define IN_FORCE "lease 3 is in force; it ends when down_x clears"
#define IDLE "nothing: no playbook has anything to do now; it closes when its conditions are clear"
#define NOBODYS "nothing: no playbook is for it; it closes when its conditions are clear"

static const struct {
        const char *conditions, *playbooks, *runs, *leases, *next, *further;
} rows[] = {
        {ACTIVE("'pause'"), PAUSE("idle"), "", "", IDLE "\n", NULL},
        {ACTIVE("'pause'"), PAUSE("off"), "", "", IDLE "\n", NULL},
        {ACTIVE("'pause'"), PAUSE("quarantined"), "", "", IDLE "\n", NULL},
        {ACTIVE(""), PAUSE("cooldown"), "", "", NOBODYS "\n", NULL},
        {FULL, "", "", "", NOBODYS ", or a person is called\n", NULL},
        {ACTIVE("'pause'") "," FULL, PAUSE("idle"), "", "", IDLE ", or a person is called\n", NULL},
        {CLEAR("'pause'"), PAUSE("cooldown"), "", "", "nothing: none of its conditions stands any more",
                NULL},
        {ACTIVE("'pause'"), PAUSE("cooldown"), "", "", "playbook pause may run again at ", NULL},
        {ACTIVE("'pause'"), PAUSE("spent"), "", "", "playbook pause may run again at ",
                "its budget is spent"},
        {ACTIVE("'pause'"), PAUSE("idle"), "", LEASE, IN_FORCE "\n", NULL},
        {ACTIVE("'pause'"), PAUSE("cooldown"), "", LEASE, IN_FORCE "\n", "playbook pause may run again at "},
        {ACTIVE("'pause'"), FLUSH("cooldown"), "", LEASE, IN_FORCE "\n", NULL},
        {CLEAR("'pause'"), FLUSH("cooldown"), "", LEASE, IN_FORCE "\n", "playbook flush may run again at "},
        {CLEAR("'pause'"), FLUSH("cooldown"), "", "", "nothing: none of its conditions stands", NULL},
        {ACTIVE("'pause'"), PAUSE("running"), RUN("running"), "", "playbook pause is running\n", NULL},
        {ACTIVE("'pause'"), PAUSE("cooldown"), RUN("ended"), "", "playbook pause may run again at ", NULL},
};

/* Apostrophes are quotes. */
static json_t *list(const char *short_form) {
        char text[1024];
        json_t *json;

        snprintf(text, sizeof(text), "[%s]", short_form);
        for (char *at = text; (at = strchr(at, '\''));)
                *at = '"';
        json = json_loads(text, 0, NULL);
        assert_non_null(json);
        return json;
}

static void print(const json_t *incident, const struct view_around *around, char *output, size_t size) {
        const struct ctl ctl = {0};
        FILE *file = tmpfile();
        int out = dup(STDOUT_FILENO);

        assert_non_null(file);
        fflush(stdout);
        dup2(fileno(file), STDOUT_FILENO);
        view_incident(&ctl, incident, around);
        fflush(stdout);
        dup2(out, STDOUT_FILENO);
        close(out);
        rewind(file);
        output[fread(output, 1, size - 1, file)] = '\0';
        fclose(file);
}

static void show(size_t row, char *output, size_t size) {
        json_t *parts[] = {list(rows[row].conditions), list(rows[row].playbooks), list(rows[row].runs),
                list(rows[row].leases),
                list("{'Id':7,'SinceUSec':1766620800000000,'Conditions':['down_x','full_y']}")};

        print(json_array_get(parts[4], 0), &(struct view_around){parts[0], parts[1], parts[2], parts[3]},
                output, size);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                json_decref(parts[i]);
}

static void only_what_is_going_to_happen_is_called_next(void **state) {
        char output[8192];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                show(i, output, sizeof(output));
                char *next = strstr(output, "\n  next      "), *end = strstr(output, "\n  actions ");

                assert_non_null(next);
                assert_non_null(end);
                next += strlen("\n  next      ");
                end[1] = '\0';
                if (strncmp(next, rows[i].next, strlen(rows[i].next)) != 0)
                        fail_msg("row %zu is not '%s': %s", i, rows[i].next, next);
                bool one_line = strchr(next, '\n') + 1 == strchr(next, '\0');

                if (rows[i].further ? !strstr(next, rows[i].further) : !one_line)
                        fail_msg("row %zu says, too: %s", i, next);
        }
}

#define STEP(verb, status) "{'verb':'" verb "','playbook':'flush','status':'" status "','action':1}"
#define STEPS(verb, status) STEP(verb, status) "," STEP(verb, status)

/* How often `step` stands in what is printed of an incident that is over. */
static size_t print_closed(const char *steps, const char *step, char *output, size_t size) {
        char incident[2048];
        size_t shown = 0;

        snprintf(incident, sizeof(incident),
                "{'Id':7,'SinceUSec':1766620800000000,'ClosedUSec':1766620900000000,"
                "'Conditions':['down_x'],'Actions':[%s]}",
                steps);
        json_t *incidents = list(incident);

        print(json_array_get(incidents, 0), &(struct view_around){0}, output, size);
        json_decref(incidents);
        for (const char *at = output; (at = strstr(at, step)); at++)
                shown++;
        return shown;
}

/* Each answer is the number of lines: of the steps, and of those that say how many are left out. */
static void of_many_steps_alike_the_first_and_the_last_are_shown(void **state) {
        static const struct {
                const char *steps, *left_out;
                size_t shown;
        } cases[] = {
                {STEPS("retry", "done") "," STEPS("retry", "done"), NULL, 4},
                {STEPS("retry", "done") "," STEPS("retry", "done") "," STEP("retry", "done"),
                        "  and 3 more alike, see spoolguardctl log --incident 7\n", 2},
                {STEPS("retry", "done") "," STEPS("retry", "failed") "," STEP("retry", "done"), NULL, 5},
                {STEP("set", "done") "," STEPS("retry", "done") "," STEPS("retry", "done") "," STEPS(
                         "retry", "done") "," STEPS("hold", "done"),
                        "  and 4 more alike, see spoolguardctl log --incident 7\n", 5},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char output[8192];

                assert_int_equal(print_closed(cases[i].steps, "action 1 of flush", output, sizeof(output)),
                        cases[i].shown);
                if (cases[i].left_out)
                        assert_non_null(strstr(output, cases[i].left_out));
                else
                        assert_null(strstr(output, "more alike"));
        }
}

#define FOR(hop, messages)                                                                      \
        "{'verb':'postpone','playbook':'pause','status':'done','action':1,'args':'nexthop=" hop \
        " messages=" messages "'}"

/* Other figures are left out; another next hop is not, neither one in a row nor in turn with others. */
static void steps_for_another_thing_are_not_left_out(void **state) {
        static const char *const hops[] = {"[192.0.2.1]:25", "[192.0.2.2]:25", "[192.0.2.3]:25", "b.example"};
        static const struct {
                const char *steps;
                size_t shown, told;
        } cases[] = {
                {FOR("[192.0.2.1]:25", "7") "," FOR("b.example", "7") "," FOR("[192.0.2.2]:25", "7") "," FOR(
                         "[192.0.2.3]:25", "7") "," FOR("c.example", "1"),
                        5, 0},
                {FOR("[192.0.2.1]:25", "7") "," FOR("[192.0.2.1]:25", "20") "," FOR(
                         "[192.0.2.1]:25", "300") "," FOR("[192.0.2.1]:25", "8") "," FOR("b.example", "1"),
                        3, 1},
                {FOR("b.example", "7") "," FOR("[192.0.2.2]:25", "7") "," FOR("b.example", "8") "," FOR(
                         "[192.0.2.2]:25", "8") "," FOR("b.example", "9") "," FOR("[192.0.2.2]:25", "9"),
                        4, 1},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char output[8192];

                assert_int_equal(print_closed(cases[i].steps, "action 1 of pause", output, sizeof(output)),
                        cases[i].shown);
                assert_int_equal(strstr(output, "and 2 more alike") != NULL, cases[i].told);
                for (size_t hop = 0; hop < ELEMENTSOF(hops); hop++)
                        assert_int_equal(
                                strstr(output, hops[hop]) != NULL, strstr(cases[i].steps, hops[hop]) != NULL);
        }
}

/* What the daemon does not list any more is not passed off as never done. */
static void earlier_steps_are_told(void **state) {
        char output[8192];
        json_t *incidents =
                list("{'Id':7,'SinceUSec':1766620800000000,'ClosedUSec':1766620900000000,"
                     "'Conditions':['down_x'],'EarlierActions':182,'Actions':[" STEP("retry", "done") "]}");

        (void)state;
        print(json_array_get(incidents, 0), &(struct view_around){0}, output, sizeof(output));
        json_decref(incidents);
        assert_non_null(strstr(output, "  actions   182 earlier ones, see spoolguardctl log --incident 7\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_is_going_to_happen_is_called_next),
                cmocka_unit_test(of_many_steps_alike_the_first_and_the_last_are_shown),
                cmocka_unit_test(steps_for_another_thing_are_not_left_out),
                cmocka_unit_test(earlier_steps_are_told),
        };

        unsetenv("COLUMNS");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
