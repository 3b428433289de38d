/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_view - what an open incident says is next: what is going to happen, and in words when that is nothing
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

static void show(size_t row, char *output, size_t size) {
        json_t *parts[] = {list(rows[row].conditions), list(rows[row].playbooks), list(rows[row].runs),
                list(rows[row].leases),
                list("{'Id':7,'SinceUSec':1766620800000000,'Conditions':['down_x','full_y']}")};
        const struct view_around around = {parts[0], parts[1], parts[2], parts[3]};
        const struct ctl ctl = {0};
        FILE *file = tmpfile();
        int out = dup(STDOUT_FILENO);

        assert_non_null(file);
        fflush(stdout);
        dup2(fileno(file), STDOUT_FILENO);
        view_incident(&ctl, json_array_get(parts[4], 0), &around);
        fflush(stdout);
        dup2(out, STDOUT_FILENO);
        close(out);
        rewind(file);
        output[fread(output, 1, size - 1, file)] = '\0';
        fclose(file);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_is_going_to_happen_is_called_next),
        };

        unsetenv("COLUMNS");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
