/* SPDX-License-Identifier: MIT */
/*
 * ask - how soon spoolguard answers on the system bus
 *
 * Runs in tests/bench, beside the daemon, as anybody.  One connection, one question at a time: QueueShape of
 * deferred, which is to be the same work whatever the size of the queue.  `shape` asks it so many times.  `first`
 * asks until it is answered, and then for a message by its reason until that is: as long as not everything was read they
 * are refused, at once if the loop has nothing else to do; so the longest refusal is the longest turn of the loop as
 * others feel it.
 *
 * Prints the number of answers or refusals and their times in microseconds: the 50th and the 99th of a hundred, the
 * longest, and how many took longer than 10 ms; `first` prints the seconds until both answers as well, and when it
 * began, by CLOCK_BOOTTIME.  Ends with status 1 when a question has no answer.
 */
#include <dbus/dbus.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SERVICE "org.spoolguard1"
#define OBJECT "/org/spoolguard1"
#define ASKS_MAX 1000000u
#define ROWS 100u /* of a shape */
#define LONG_USEC 10000u
#define AGAIN_USEC 500u /* as long as there is no answer */
#define PATIENCE_USEC UINT64_C(300000000)

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static DBusMessage *shape_question(void) {
        DBusMessage *call = dbus_message_new_method_call(SERVICE, OBJECT, SERVICE ".Manager", "QueueShape");
        const char *queue = "deferred";
        dbus_uint32_t limit = ROWS;
        DBusMessageIter iter, options;

        if (!call)
                errx(1, "no memory");
        dbus_message_append_args(call, DBUS_TYPE_STRING, &queue, DBUS_TYPE_UINT32, &limit, DBUS_TYPE_INVALID);
        dbus_message_iter_init_append(call, &iter);
        dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &options);
        dbus_message_iter_close_container(&iter, &options);
        return call;
}

static DBusMessage *reason_question(void) {
        DBusMessage *call =
                dbus_message_new_method_call(SERVICE, OBJECT, SERVICE ".Manager", "QueueMessages");
        const char *name = "reason", *reason = "other";
        dbus_uint64_t cursor = 0;
        dbus_uint32_t max = 1;
        DBusMessageIter iter, filter, entry, value;

        if (!call)
                errx(1, "no memory");
        dbus_message_append_args(call, DBUS_TYPE_UINT64, &cursor, DBUS_TYPE_UINT32, &max, DBUS_TYPE_INVALID);
        dbus_message_iter_init_append(call, &iter);
        dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &filter);
        dbus_message_iter_open_container(&filter, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &name);
        dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, "s", &value);
        dbus_message_iter_append_basic(&value, DBUS_TYPE_STRING, &reason);
        dbus_message_iter_close_container(&entry, &value);
        dbus_message_iter_close_container(&filter, &entry);
        dbus_message_iter_close_container(&iter, &filter);
        return call;
}

enum answer { ANSWERED, REFUSED, NOBODY };

static enum answer ask(DBusConnection *connection, DBusMessage *question) {
        DBusMessage *copy = dbus_message_copy(question), *answer;
        enum answer r = ANSWERED;
        DBusError error;

        dbus_error_init(&error);
        answer = dbus_connection_send_with_reply_and_block(connection, copy, 60000, &error);
        dbus_message_unref(copy);
        if (answer)
                dbus_message_unref(answer);
        else
                r = strncmp(error.name, SERVICE, strlen(SERVICE)) == 0 ? REFUSED : NOBODY;
        dbus_error_free(&error);
        return r;
}

static int compare(const void *a, const void *b) {
        uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

        return (left > right) - (left < right);
}

static void print_times(uint32_t *times, size_t n) {
        size_t n_long = 0;

        qsort(times, n, sizeof(*times), compare);
        while (n_long < n && times[n - 1 - n_long] > LONG_USEC)
                n_long++;
        printf("answers=%zu p50_us=%u p99_us=%u max_us=%u over_10ms=%zu\n", n, times[n / 2],
                times[n * 99 / 100], times[n - 1], n_long);
}

static void ask_often(DBusConnection *connection, DBusMessage *question, size_t n) {
        uint32_t *times = calloc(n, sizeof(*times));

        if (!times)
                errx(1, "no memory");
        for (size_t i = 0; i < n; i++) {
                uint64_t start = now_usec();

                if (ask(connection, question) != ANSWERED)
                        errx(1, "question %zu has no answer", i + 1);
                times[i] = (uint32_t)(now_usec() - start);
        }
        print_times(times, n);
        free(times);
}

/* Appends to the times; ends with status 1 when there is no answer. */
static void ask_until_answered(
        DBusConnection *connection, DBusMessage *question, uint64_t begin, uint32_t *times, size_t *n) {
        enum answer answer = NOBODY;

        while (answer != ANSWERED && *n < ASKS_MAX && now_usec() - begin < PATIENCE_USEC) {
                uint64_t start = now_usec();

                answer = ask(connection, question);
                if (answer != NOBODY)
                        times[(*n)++] = (uint32_t)(now_usec() - start);
                if (answer != ANSWERED)
                        usleep(AGAIN_USEC);
        }
        if (answer != ANSWERED)
                errx(1, "%s does not answer", dbus_message_get_member(question));
}

static void ask_first(DBusConnection *connection, DBusMessage *question) {
        uint32_t *times = calloc(ASKS_MAX, sizeof(*times));
        DBusMessage *by_reason = reason_question();
        uint64_t begin = now_usec();
        struct timespec boot;
        size_t n = 0;

        if (!times)
                errx(1, "no memory");
        clock_gettime(CLOCK_BOOTTIME, &boot);
        printf("begin=%.6f ", (double)boot.tv_sec + (double)boot.tv_nsec / 1e9);
        ask_until_answered(connection, question, begin, times, &n);
        printf("wall=%.6f ", (double)(now_usec() - begin) / 1e6);
        ask_until_answered(connection, by_reason, begin, times, &n);
        printf("reasons_wall=%.6f ", (double)(now_usec() - begin) / 1e6);
        print_times(times, n);
        dbus_message_unref(by_reason);
        free(times);
}

int main(int argc, char **argv) {
        DBusConnection *connection = dbus_bus_get(DBUS_BUS_SYSTEM, NULL);
        unsigned long number = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
        DBusMessage *question = shape_question();

        if (!connection)
                errx(1, "no system bus");
        if (argc == 3 && strcmp(argv[1], "shape") == 0 && number > 0 && number <= ASKS_MAX) {
                ask_often(connection, question, number);
        } else if (argc == 2 && strcmp(argv[1], "first") == 0) {
                ask_first(connection, question);
        } else {
                fprintf(stderr, "usage: ask shape TIMES | first\n");
                return 2;
        }
        dbus_message_unref(question);
        return 0;
}
