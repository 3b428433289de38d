/* SPDX-License-Identifier: MIT */
/*
 * queue_json - what the readings say of the mail queues, as one object
 *
 * Runs in: spoolguardctl.  Pure: the rows of GetReadings and the leases in, the object of `queue --json` out.  A
 * table says which reading becomes which member of which row; a row is there as soon as one of its readings is, and
 * members without a value are null, because a queue that cannot be seen is not an empty one.
 *
 * Owns: nothing.  Limits: as many rows as the daemon has label sets.
 */
#include "ctl/queue_json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"

#define MEMBERS_MAX 3

struct group {
        const char *name, *label; /* of a row, besides its instance; NULL: none */
        struct {
                const char *name, *reading;
        } members[MEMBERS_MAX];
        int (*compare)(const void *a, const void *b);
};

static int compare_queues(const void *a, const void *b);
static int compare_sizes(const void *a, const void *b);

static const struct group groups[] = {
        {"queues", "queue",
                {{"messages", "queue_messages"}, {"bytes", "queue_bytes"},
                        {"oldest_seconds", "queue_oldest_seconds"}},
                compare_queues},
        {"nexthops", "nexthop",
                {{"messages", "queue_nexthop_messages"}, {"dead_messages", "queue_nexthop_dead_messages"}},
                compare_sizes},
        {"reasons", "reason", {{"messages", "queue_reason_messages"}}, compare_sizes},
        {"unreadable", NULL, {{"messages", "queue_unreadable"}}, compare_sizes},
};

static size_t queue_order(const char *queue) {
        static const char *const order[] = {"maildrop", "incoming", "active", "deferred", "hold", "corrupt"};
        size_t i = 0;

        while (i < ELEMENTSOF(order) && strcmp(order[i], queue) != 0)
                i++;
        return i;
}

static int compare_queues(const void *a, const void *b) {
        const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
        int by_instance = strcmp(client_text(left, "instance"), client_text(right, "instance"));
        size_t left_order = queue_order(client_text(left, "queue")),
               right_order = queue_order(client_text(right, "queue"));

        if (by_instance != 0)
                return by_instance;
        return left_order == right_order ? 0 : left_order < right_order ? -1 : 1;
}

/* Largest first; those of which nothing is known last; then in the order in which the daemon has them. */
static int compare_sizes(const void *a, const void *b) {
        const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
        double left_size = client_double(left, "messages"), right_size = client_double(right, "messages");

        if (isnan(left_size) || isnan(right_size))
                return (int)isnan(left_size) - (int)isnan(right_size);
        return left_size > right_size ? -1 : left_size < right_size ? 1 : 0;
}

static void sort_consume(json_t *result, const struct group *group, json_t *list) {
        size_t n = json_array_size(list);
        _cleanup_free_ json_t **rows = calloc(n + 1, sizeof(json_t *));
        json_t *sorted = json_array();

        if (!rows)
                abort();
        for (size_t i = 0; i < n; i++)
                rows[i] = json_array_get(list, i);
        qsort(rows, n, sizeof(json_t *), group->compare);
        for (size_t i = 0; i < n; i++)
                json_array_append(sorted, rows[i]);
        json_object_set_new(result, group->name, sorted);
        json_decref(list);
}

/* The row of these labels, which is made when it is new. */
static json_t *row_of(json_t *list, json_t *index, const struct group *group, const json_t *labels) {
        const char *label = group->label ? client_text(labels, group->label) : "";
        const char *instance = client_text(labels, "instance");
        char key[1024];

        text_format(key, sizeof(key), "%s\n%s", instance, label);
        json_t *row = json_object_get(index, key);

        if (row)
                return row;
        row = json_object();
        json_object_set_new(row, "instance", json_string(instance));
        if (group->label)
                json_object_set_new(row, group->label, json_string(label));
        for (size_t i = 0; i < MEMBERS_MAX && group->members[i].name; i++)
                json_object_set_new(row, group->members[i].name, json_null());
        json_object_set(index, key, row);
        json_array_append_new(list, row);
        return row;
}

/* 2034.0 is a number of messages: 2034. */
static json_t *number(const json_t *value) {
        double real = json_number_value(value);

        if (!json_is_number(value) || real != floor(real) || fabs(real) > 9e15)
                return json_incref((json_t *)value);
        return json_integer((json_int_t)real);
}

static json_t *collect(const json_t *readings, const struct group *group) {
        json_t *list = json_array(), *index = json_object();
        const json_t *reading;
        size_t i;

        json_array_foreach((json_t *)readings, i, reading) {
                const char *name = json_string_value(json_array_get(reading, 0));

                for (size_t k = 0; k < MEMBERS_MAX && group->members[k].name; k++)
                        if (strcmp(group->members[k].reading, name) == 0)
                                json_object_set_new(row_of(list, index, group, json_array_get(reading, 1)),
                                        group->members[k].name, number(json_array_get(reading, 2)));
        }
        json_decref(index);
        return list;
}

static const json_t *find_ratio(const json_t *readings, const char *nexthop) {
        const json_t *reading;
        size_t i;

        json_array_foreach((json_t *)readings, i, reading) {
                if (strcmp(json_string_value(json_array_get(reading, 0)), "relay_up_ratio") == 0 &&
                        strcmp(client_text(json_array_get(reading, 1), "nexthop"), nexthop) == 0)
                        return json_array_get(reading, 2);
        }
        return NULL;
}

static bool is_refusing(const json_t *readings, const char *nexthop) {
        const json_t *reading;
        size_t i;

        json_array_foreach((json_t *)readings, i, reading) {
                if (strcmp(json_string_value(json_array_get(reading, 0)), "relay_refusing") == 0 &&
                        strcmp(client_text(json_array_get(reading, 1), "nexthop"), nexthop) == 0 &&
                        json_number_value(json_array_get(reading, 2)) > 0)
                        return true;
        }
        return false;
}

static const char *relay_state(const json_t *ratio, bool refuses) {
        if (!json_is_number(ratio))
                return refuses ? "refuses" : "unknown";
        if (json_number_value(ratio) <= 0)
                return "down";
        return json_number_value(ratio) >= 1 ? "up" : "partly";
}

static json_t *find_lease(const json_t *leases, const json_t *row) {
        const json_t *lease;
        size_t i;

        json_array_foreach((json_t *)leases, i, lease) {
                const json_t *arguments = json_object_get(lease, "Arguments");

                if (strcmp(client_text(lease, "Verb"), "postfix.postpone") != 0 ||
                        strcmp(client_text(arguments, "instance"), client_text(row, "instance")) != 0 ||
                        strcmp(client_text(arguments, "nexthop"), client_text(row, "nexthop")) != 0)
                        continue;
                json_t *json = json_object();

                json_object_set(json, "id", json_object_get(lease, "Id"));
                json_object_set(json, "state", json_object_get(lease, "State"));
                json_object_set(json, "expires", json_object_get(lease, "ExpiresUSec"));
                return json;
        }
        return json_null();
}

json_t *queue_json(const json_t *readings, const json_t *leases) {
        json_t *result = json_object(), *row;
        size_t i;

        for (size_t k = 0; k < ELEMENTSOF(groups); k++)
                sort_consume(result, &groups[k], collect(readings, &groups[k]));
        json_array_foreach(json_object_get(result, "nexthops"), i, row) {
                const char *nexthop = client_text(row, "nexthop");
                const json_t *ratio = find_ratio(readings, nexthop);

                json_object_set_new(row, "relay",
                        ratio ? json_string(relay_state(ratio, is_refusing(readings, nexthop)))
                              : json_null());
                json_object_set_new(row, "relay_up_ratio", ratio ? number(ratio) : json_null());
                json_object_set_new(row, "lease", find_lease(leases, row));
        }
        return result;
}
