/* SPDX-License-Identifier: MIT */
/*
 * cmd_return - give a lease back: have the change undone that it holds in force
 *
 * Runs in: spoolguardctl.  The word of an admin goes before everything else that keeps or ends a lease; the same
 * change is not made again in that incident.  What happens next is the executor's to say, and is printed.
 *
 * What does not lapse by itself may have a reason to stay for now, mail that would be lost, say.  So for such a lease
 * the first try is waited for, and when it failed that is said: the word stands, and is followed as soon as may be.
 *
 * --forget is for what can never be taken back.  It leaves a change as it is, which no one but root may say, so the
 * executor is asked at its own socket and answers when it has tried once more.
 *
 * Fails: exit 2 for what is no number of a lease, 1 when there is none of that number, it is refused or has to stay
 * for now, 3 when nobody answers.
 */
#include <dbus/dbus.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/control_client.h"
#include "ctl/order.h"
#include "ctl/print.h"

#define TRY_MSEC 10000
#define FORGET_MSEC 660000 /* an undo has ten minutes, and another one may be at work */
#define NAP_MSEC 100

/* "3" or "lease/3"; 0: it is neither. */
static uint64_t parse(const char *text) {
        static const char prefix[] = "lease/";
        char *end;

        if (strncmp(text, prefix, strlen(prefix)) == 0)
                text += strlen(prefix);
        errno = 0;
        uint64_t id = strtoull(text, &end, 10);

        return text[0] < '0' || text[0] > '9' || *end || errno ? 0 : id;
}

/* As the executor has it between the word and the first try. */
static bool is_untried(const char *text) {
        return !*text || strncmp(text, "returned by ", strlen("returned by ")) == 0;
}

/* Takes the lease of that number out of the objects; NULL: it is over. */
static json_t *find(struct client *client, uint64_t id, enum ctl_exit *ret_exit) {
        json_t *leases = NULL, *lease, *found = NULL;
        struct problem problem;
        size_t i;

        *ret_exit = client_objects(client, "lease", &leases, &problem);
        if (*ret_exit == CTL_GOOD)
                json_array_foreach(leases, i, lease) {
                        if (client_u64(lease, "Id") == id)
                                found = json_incref(lease);
                }
        json_decref(leases);
        return found;
}

/* Why it has to stay for now; false: it is over, lapses by itself, or is still at it. */
static bool has_to_stay(struct client *client, uint64_t id, struct problem *ret_why) {
        for (int waited = 0; waited < TRY_MSEC; waited += NAP_MSEC) {
                enum ctl_exit exit;
                json_t *lease = find(client, id, &exit);
                bool lasts = lease && client_u64(lease, "ExpiresUSec") == 0;
                bool is_tried = lasts && strcmp(client_text(lease, "State"), "ending") == 0 &&
                        !is_untried(client_text(lease, "Text"));

                if (is_tried)
                        text_copy(ret_why->text, sizeof(ret_why->text), client_text(lease, "Text"));
                json_decref(lease);
                if (!lasts || is_tried)
                        return is_tried;
                poll(NULL, 0, NAP_MSEC);
        }
        return false;
}

static bool ask_has_to_stay(uint64_t id, struct problem *ret_why) {
        struct client *client = NULL;
        struct problem problem;
        bool stays = client_new(&client, &problem) == CTL_GOOD && has_to_stay(client, id, ret_why);

        client_free(client);
        return stays;
}

static int print_answer(const struct ctl *ctl, uint64_t id, const char *text) {
        if (ctl->json)
                print_json_consume(json_pack("{s:I,s:s}", "id", (json_int_t)id, "text", text));
        else
                print_text(
                        "lease %" PRIu64 ": %s\n", id, *text ? text : "what it changed is being taken back");
        return CTL_GOOD;
}

static int forget(const struct ctl *ctl, uint64_t id, bool anyway) {
        struct wire_control_request request = {.command = "forget",
                .args = {{.name = "lease"}, {.name = "anyway", .text = "yes"}},
                .n_args = anyway ? 2 : 1};
        struct problem answer = {""};

        text_format(request.args[0].text, sizeof(request.args[0].text), "%" PRIu64, id);
        enum ctl_exit exit = control_client_ask(ctl, &request, FORGET_MSEC, &answer);

        /* Whoever hears nothing does not know: the word may stand, and be followed when the try fails. */
        if (exit == CTL_UNREACHABLE)
                return ctl_fail(
                        exit, "whether lease %" PRIu64 " is forgotten is not known: %s", id, answer.text);
        if (exit != CTL_GOOD)
                return ctl_fail(exit, "lease %" PRIu64 " is not forgotten: %s", id, answer.text);
        return print_answer(ctl, id, answer.text);
}

static int give_back(const struct ctl *ctl, uint64_t id) {
        struct order order = {.member = "ReturnLease",
                .type = DBUS_TYPE_OBJECT_PATH,
                .request = {.command = "return", .args = {{.name = "lease"}}, .n_args = 1}};
        struct problem answer = {""}, why = {""};
        char path[64];
        const char *object = path;

        text_format(path, sizeof(path), CLIENT_ROOT "/lease/%" PRIu64, id);
        text_format(order.request.args[0].text, sizeof(order.request.args[0].text), "%" PRIu64, id);
        order.argument = &object;
        enum ctl_exit exit = order_give(ctl, &order, &answer);

        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", answer.text);
        if (ask_has_to_stay(id, &why))
                return ctl_fail(CTL_TROUBLE, "lease %" PRIu64 " is not over yet, it is tried again: %s", id,
                        why.text);
        return print_answer(ctl, id, answer.text);
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        static const struct option options[] = {
                {"forget", no_argument, NULL, 'f'}, {"anyway", no_argument, NULL, 'a'}, {0}};
        bool forgets = false, anyway = false;

        opterr = 0;
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (option == '?')
                        return ctl_unknown_option(&command_return, argv);
                forgets = forgets || option == 'f';
                anyway = anyway || option == 'a';
        }
        if (argc - optind != 1)
                return ctl_usage(&command_return, argc == optind ? "which lease?" : "one lease, please");
        uint64_t id = parse(argv[optind]);

        if (id == 0)
                return ctl_usage(&command_return, "'%s' is no number of a lease", argv[optind]);
        if (anyway && !forgets)
                return ctl_usage(&command_return, "--anyway is for --forget alone");
        return forgets ? forget(ctl, id, anyway) : give_back(ctl, id);
}

const struct ctl_command command_return = {
        .name = "return",
        .arguments = "ID [--forget [--anyway]] [--json]",
        .summary = "Give a lease back: undo what it changed",
        .help = "ID is a number of spoolguardctl leases.  What is held back is let go, at a pace\n"
                "that does not swamp the other end, and the same change is not made again in\n"
                "this incident.  What has to stay for now, since mail would be lost, is told\n"
                "with exit status 1, and taken back as soon as it may.\n"
                "\n"
                "  --forget   end it as well when it cannot be taken back because what it\n"
                "             changed, the main.cf of an instance of Postfix that was removed,\n"
                "             is not there any more\n"
                "  --anyway   with --forget: end it for whatever reason it cannot be taken back.\n"
                "             Settings stay changed and mail stays on hold, also of an instance\n"
                "             that was removed, and spoolguard knows nothing of it any more\n"
                "\n"
                "Both try once more first, and are on record.\n"
                "\n"
                "For root and members of spoolguard-admin, --forget for root alone; for root\n"
                "also while the daemon is not on D-Bus.\n",
        .has_options = true,
        .run = run,
};
