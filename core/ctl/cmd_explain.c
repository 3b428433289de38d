/* SPDX-License-Identifier: MIT */
/*
 * cmd_explain - what one name means: a condition, a playbook, an incident, a run or a lease
 *
 * Runs in: spoolguardctl.  Finds the name among all objects (the name of a condition without its labels means
 * all of them) and says what it is, what it stands at, what will happen next, and from which line of which
 * file its settings come.
 *
 * Fails: exit 1 for a name that nothing has, with the nearest one that something has.
 */
#include <dbus/dbus.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/senders.h"
#include "ctl/view.h"

enum { INCIDENTS = 2 }; /* among `kinds` */

struct explanation {
        json_t *objects[5]; /* in the order of `kinds` */
        json_t *config;     /* rows of key, value, origin */
        json_t *senders;    /* since the open incident began; NULL: there is none, or they are not known */
        /* Conditions of one name differ in label and value; their settings are the same, and shown once. */
        const char *settings_of;
};

static void settings(const struct ctl *ctl, const json_t *config, const char *group, const char *name) {
        static const char *const headers[] = {"SETTING", "VALUE", "FROM", NULL};
        struct print_table *table = print_table_new(headers);
        char prefix[160];
        const json_t *row;
        size_t i, n = 0;

        text_format(prefix, sizeof(prefix), "%s.%s.", group, name);
        json_array_foreach((json_t *)config, i, row) {
                const char *key = json_string_value(json_array_get(row, 0));
                if (strncmp(key, prefix, strlen(prefix)) != 0)
                        continue;
                const char *cells[] = {key + strlen(prefix), json_string_value(json_array_get(row, 1)),
                        json_string_value(json_array_get(row, 2))};

                print_table_row(table, cells);
                n++;
        }
        if (n == 0) {
                print_table_free(table);
                return;
        }
        print_heading(ctl, "Settings");
        print_table_consume(ctl, table);
}

/* Those in which `key` is `name`. */
static void leases(struct explanation *all, const char *key, const char *name, const char *words) {
        const json_t *lease;
        char text[2048], label[64];
        size_t i;

        json_array_foreach(all->objects[4], i, lease) {
                if (strcmp(client_text(lease, key), name) != 0)
                        continue;
                view_lease_line(lease, text, sizeof(text));
                text_format(label, sizeof(label), "  %s lease %" PRIu64 ": ", words, client_u64(lease, "Id"));
                fputs(label, stdout);
                print_wrapped(strlen(label), strlen(words) + 3, text);
        }
}

/* A site's own may have none. */
static void print_summary(const json_t *object) {
        if (client_text(object, "Summary")[0])
                print_text("  %s\n", client_text(object, "Summary"));
        print_text("\n");
}

/* What the state of a condition leads to. */
static const struct {
        const char *state, *next;
} condition_next[] = {
        {"ok", "It trips when the value has been beyond the trip level for %s."},
        {"pending", "It is beyond the trip level and becomes active when it has stayed there for %s."},
        {"active", "It is tripped.  It clears when the value has been beyond the clear level long enough."},
        {"clearing", "The value is beyond the clear level; it clears when it stays there long enough."},
        {"unknown", "Its reading is missing.  Nothing is started or ended because of it until there is one."},
};

static const char *no_playbook(const char *level) {
        if (strcmp(level, "notice") == 0)
                return "none: it is worth knowing, and nobody is called";
        return strcmp(level, "critical") == 0 ? "none: a person is called when it trips"
                                              : "none: a person is called when it stays active";
}

static void explain_condition(const struct ctl *ctl, struct explanation *all, const json_t *condition) {
        const char *reading = client_text(condition, "Reading"), *state = client_text(condition, "State");
        char value[PRINT_VALUE_MAX], trip[PRINT_VALUE_MAX], clear[PRINT_VALUE_MAX];
        char since[PRINT_VALUE_MAX], lasting[TEXT_QUANTITY_MAX], names[1024];
        const char *direction = client_bool(condition, "TripsBelow") ? "below" : "above";

        print_text("%s%s: condition, %s\n", all->settings_of ? "\n" : "", client_text(condition, "Name"),
                client_text(condition, "Level"));
        print_summary(condition);
        print_text("  state     ");
        print_state(ctl, state);
        print_text(", since %s\n", print_time(client_u64(condition, "SinceUSec"), since));
        print_text("  reading   %s = %s\n", reading,
                print_value(reading, client_double(condition, "Value"), value));
        if (client_text(condition, "Evidence")[0]) {
                fputs("            ", stdout);
                print_wrapped(12, 12, client_text(condition, "Evidence"));
        }
        print_text("  trips     at or %s %s\n", direction,
                print_value(reading, client_double(condition, "TripLevel"), trip));
        print_text("  clears    at or %s %s\n", direction[0] == 'b' ? "above" : "below",
                print_value(reading, client_double(condition, "ClearLevel"), clear));
        view_join(json_object_get(condition, "Playbooks"), names, sizeof(names));
        fputs("  playbooks ", stdout);
        print_wrapped(12, 12, names[0] ? names : no_playbook(client_text(condition, "Level")));
        leases(all, "UntilClear", client_text(condition, "Name"), "holds    ");

        text_duration(client_u64(condition, "LastingUSec"), lasting);
        for (size_t i = 0; i < ELEMENTSOF(condition_next); i++)
                if (strcmp(condition_next[i].state, state) == 0) {
                        char text[256];
                        const char *gap = strstr(condition_next[i].next, "%s");

                        if (gap)
                                text_format(text, sizeof(text), "%.*s%s%s",
                                        (int)(gap - condition_next[i].next), condition_next[i].next, lasting,
                                        gap + 2);
                        else
                                text_copy(text, sizeof(text), condition_next[i].next);
                        fputs("\n  ", stdout);
                        print_wrapped(2, 2, text);
                }
        all->settings_of = client_text(condition, "ConfigName");
}

static void print_list(const json_t *object, const char *key, const char *words) {
        char names[1024];

        view_join(json_object_get(object, key), names, sizeof(names));
        if (!names[0])
                return;
        print_text("  %s ", words);
        print_wrapped(strlen(words) + 3, strlen(words) + 3, names);
}

/* Behind the last condition of a name. */
static void end_conditions(const struct ctl *ctl, struct explanation *all, const char *next) {
        if (!all->settings_of || strcmp(all->settings_of, next) == 0)
                return;
        settings(ctl, all->config, "conditions", all->settings_of);
        print_text("\n");
        all->settings_of = NULL;
}

static void explain_playbook(const struct ctl *ctl, struct explanation *all, const json_t *playbook) {
        char window[TEXT_QUANTITY_MAX], cooldown[TEXT_QUANTITY_MAX], last[PRINT_VALUE_MAX], until[256];

        print_text("%s: playbook, %s\n", client_text(playbook, "Name"), client_text(playbook, "File"));
        print_summary(playbook);
        print_text("  state        ");
        print_state(ctl, client_text(playbook, "State"));
        view_until(playbook, until, sizeof(until));
        print_text("%s%s\n", until[0] ? " " : "", until);
        print_text("  mode         ");
        print_state(ctl, client_text(playbook, "Mode"));
        print_text("\n");
        bool needs_both = json_array_size(json_object_get(playbook, "AnyConditions")) > 0 &&
                json_array_size(json_object_get(playbook, "AllConditions")) > 0;
        print_list(playbook, "AllConditions", "started by all of");
        print_list(playbook, "AnyConditions", needs_both ? "and one of  " : "started by  ");
        print_list(playbook, "ClearedConditions", "started when these clear:");
        print_list(playbook, "After", "after       ");
        print_text("  budget       %" PRIu64 " runs in %s, %s between two\n",
                client_u64(playbook, "BudgetRuns"),
                text_duration(client_u64(playbook, "BudgetWindowUSec"), window),
                text_duration(client_u64(playbook, "CooldownUSec"), cooldown));
        print_text("  runs         %" PRIu64 ", would have run %" PRIu64 ", last %s\n",
                client_u64(playbook, "Runs"), client_u64(playbook, "WouldHaveRun"),
                print_distance(client_u64(playbook, "LastRunUSec"), last));
        leases(all, "Owner", client_text(playbook, "Name"), "holds       ");
        settings(ctl, all->config, "playbooks", client_text(playbook, "Name"));
        print_text("\n");
}

static void explain_incident(const struct ctl *ctl, struct explanation *all, const json_t *incident) {
        view_incident(ctl, incident,
                &(struct view_around){all->objects[0], all->objects[1], all->objects[3], all->objects[4]});
        if (client_u64(all->senders, "incident") == client_u64(incident, "Id"))
                senders_print(ctl, all->senders);
}

static void explain_run(const struct ctl *ctl, struct explanation *all, const json_t *run) {
        uint64_t deadline = client_u64(run, "DeadlineUSec");
        char time[PRINT_VALUE_MAX];

        (void)all;
        print_text("\nrun %" PRIu64 " of playbook %s: ", client_u64(run, "Id"), client_text(run, "Playbook"));
        print_state(ctl, client_text(run, "State"));
        if (client_text(run, "WaitingFor")[0])
                print_text(", for %s, until %s at the latest", client_text(run, "WaitingFor"),
                        print_time(deadline, time));
        print_text("\n  started %s%s\n", client_bool(run, "ByHand") ? "by hand" : "by ",
                client_bool(run, "ByHand") ? "" : client_text(run, "Condition"));
        if (client_bool(run, "Observe"))
                print_text("  its actions are only recorded\n");
        if (client_text(run, "Result")[0])
                print_text("  result  %s%s%s\n", client_text(run, "Result"),
                        client_text(run, "Text")[0] ? ": " : "", client_text(run, "Text"));
        if (client_u64(run, "Incident"))
                print_text("  in incident %" PRIu64 "\n", client_u64(run, "Incident"));
}

static void explain_lease(const struct ctl *ctl, struct explanation *all, const json_t *lease) {
        (void)all;
        view_lease(ctl, lease);
}

static const struct {
        const char *folder;
        const char *keys[2]; /* properties that a name may match */
        void (*explain)(const struct ctl *ctl, struct explanation *all, const json_t *object);
} kinds[] = {
        {"condition", {"Name", "ConfigName"}, explain_condition},
        {"playbook", {"Name", NULL}, explain_playbook},
        [INCIDENTS] = {"incident", {"Id", NULL}, explain_incident},
        {"run", {"Id", NULL}, explain_run},
        {"lease", {"Id", NULL}, explain_lease},
};

static bool is_named(const json_t *object, size_t kind, const char *name) {
        char number[32];

        for (size_t i = 0; i < 2 && kinds[kind].keys[i]; i++) {
                const char *key = kinds[kind].keys[i];

                text_format(number, sizeof(number), "%" PRIu64, client_u64(object, key));
                if (strcmp(strcmp(key, "Id") == 0 ? number : client_text(object, key), name) == 0)
                        return true;
        }
        return false;
}

/* "incident/7", "run/7" and "lease/7" say which 7 is meant. */
static const char *strip_kind(const char *name, size_t kind) {
        size_t length = strlen(kinds[kind].folder);

        if (strncmp(name, kinds[kind].folder, length) == 0 && name[length] == '/')
                return name + length + 1;
        return name;
}

static const char *nearest(struct explanation *all, const char *name) {
        const char *candidates[256];
        const json_t *object;
        size_t i, n = 0;

        for (size_t kind = 0; kind < 2; kind++)
                json_array_foreach(all->objects[kind], i, object) {
                        if (n + 2 > ELEMENTSOF(candidates))
                                break;
                        candidates[n++] = client_text(object, "Name");
                        if (kind == 0)
                                candidates[n++] = client_text(object, "ConfigName");
                }
        return text_nearest(name, candidates, n);
}

static int explain(const struct ctl *ctl, struct explanation *all, const char *name) {
        json_t *found = json_array();
        const json_t *object;
        size_t i, n = 0;

        for (size_t kind = 0; kind < ELEMENTSOF(kinds); kind++)
                json_array_foreach(all->objects[kind], i, object) {
                        if (!is_named(object, kind, strip_kind(name, kind)))
                                continue;
                        n++;
                        if (ctl->json) {
                                json_array_append_new(found, client_snake(object));
                                continue;
                        }
                        end_conditions(ctl, all, client_text(object, "ConfigName"));
                        kinds[kind].explain(ctl, all, object);
                }
        end_conditions(ctl, all, "");
        if (ctl->json && n > 0)
                print_json_consume(found);
        else
                json_decref(found);
        if (n > 0)
                return CTL_GOOD;
        const char *near = nearest(all, name);

        return ctl_fail(CTL_TROUBLE, "nothing is named '%s'%s%s%s", name, near ? ", did you mean '" : "",
                near ? near : "", near ? "'?" : "");
}

/* Without a name people ask what this night is about, or was: an open incident is the newest one. */
static int explain_newest(const struct ctl *ctl, struct explanation *all) {
        const json_t *incident;
        uint64_t newest = 0;
        char name[32];
        size_t i;

        json_array_foreach(all->objects[INCIDENTS], i, incident) {
                if (client_u64(incident, "Id") > newest)
                        newest = client_u64(incident, "Id");
        }
        text_format(name, sizeof(name), "%s/%" PRIu64, kinds[INCIDENTS].folder, newest);
        if (newest > 0)
                return explain(ctl, all, name);
        if (ctl->json)
                print_json_consume(json_array());
        else
                print_text("There was no incident.\n");
        return CTL_GOOD;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct explanation all = {.config = NULL};
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *reply = NULL;
        int status;

        if (argc > 2)
                return ctl_usage(&command_explain, "one name, please");
        enum ctl_exit exit = client_new(&client, &problem);

        for (size_t kind = 0; kind < ELEMENTSOF(kinds) && exit == CTL_GOOD; kind++)
                exit = client_objects(client, kinds[kind].folder, &all.objects[kind], &problem);
        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Manager"), "GetConfig", CLIENT_TIMEOUT_MSEC,
                        &reply, &problem, DBUS_TYPE_INVALID);
        if (exit == CTL_GOOD) {
                all.config = json_array_get(reply, 0);
                if (!ctl->json)
                        all.senders = senders_fetch(client, all.objects[INCIDENTS]);
                status = argc == 2 ? explain(ctl, &all, argv[1]) : explain_newest(ctl, &all);
        } else {
                status = ctl_fail(exit, "%s", problem.text);
        }
        for (size_t kind = 0; kind < ELEMENTSOF(kinds); kind++)
                json_decref(all.objects[kind]);
        json_decref(all.senders);
        json_decref(reply);
        client_free(client);
        return status;
}

const struct ctl_command command_explain = {
        .name = "explain",
        .arguments = "[NAME] [--json]",
        .summary = "What a condition, playbook, incident or lease is, what is next",
        .help = "NAME is a condition with or without its label (disk-space-high,\n"
                "disk-space-high_/var/log), a playbook, or the number of an incident, run or\n"
                "lease: 7, or incident/7, run/7, lease/7 where several have it.  A run is\n"
                "forgotten soon after its end; the log keeps it.\n"
                "\n"
                "Shown are its state, its levels and value, what it will lead to, and every\n"
                "setting with the file and line it comes from.  Of an open incident also who\n"
                "sent most of the mail that came in since and is still in the queues; what was\n"
                "delivered meanwhile is not counted.\n"
                "\n"
                "Without NAME it is the newest incident: what is wrong, or was, and the evidence.\n",
        .run = run,
};
