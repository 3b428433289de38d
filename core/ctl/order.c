/* SPDX-License-Identifier: MIT */
/*
 * order - have the daemon do something: over D-Bus, or as root by the executor itself
 *
 * Runs in: spoolguardctl.  D-Bus is open to spoolguard-admin and comes first.  Root, for whom the executor does
 * more than for others, then asks it at its own socket whatever was refused or found nobody to hear it: the
 * process that serves D-Bus may be away just when somebody has to step in.  Orders are such that giving one twice
 * is giving it once.
 *
 * Fails: as D-Bus did when the executor cannot be asked either, else as the executor says.
 */
#include "ctl/order.h"

#include <dbus/dbus.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/control_client.h"

static enum ctl_exit give_over_bus(const struct order *order, struct problem *ret_answer) {
        struct client *client = NULL;
        json_t *reply = NULL;
        enum ctl_exit exit = client_new(&client, ret_answer);

        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Control"), order->member, CLIENT_TIMEOUT_MSEC,
                        &reply, ret_answer, order->type, order->argument, DBUS_TYPE_INVALID);
        if (exit == CTL_GOOD) {
                const char *text = json_string_value(json_array_get(reply, 0));

                text_copy(ret_answer->text, sizeof(ret_answer->text), text ? text : "");
        }
        json_decref(reply);
        client_free(client);
        return exit;
}

enum ctl_exit order_give(const struct ctl *ctl, const struct order *order, struct problem *ret_answer) {
        struct problem word = {""};
        enum ctl_exit exit = give_over_bus(order, ret_answer), last;

        if (exit == CTL_GOOD || geteuid() != 0)
                return exit;
        last = control_client_ask(ctl, &order->request, CLIENT_TIMEOUT_MSEC, &word);
        if (last == CTL_UNREACHABLE)
                return exit;
        *ret_answer = word;
        return last;
}
