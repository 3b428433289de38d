/* SPDX-License-Identifier: MIT */
/*
 * service_state - what systemd says of a unit
 *
 * Runs in a child of the executor, as root.  `systemctl show` gives a line for each property that was asked for, in an
 * order of its own; one that is not there stays empty, which no rule takes for good.  It answers for a unit that does
 * not exist as well, so its exit status says little.
 *
 * Owns nothing.  Fails with -EIO and what systemctl said, or what running it failed with.
 * Limits: SERVICE_ALONG_MAX bytes of names that hang on the unit; beyond it the rest is said to be cut.
 */
#include "service/service_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SYSTEMCTL "/usr/bin/systemctl"
#define OUTPUT_MAX 8192

/* What systemd restarts or stops when it restarts the unit. */
static const char *const along[] = {"RequiredBy", "BoundBy", "ConsistsOf", "PropagatesStopTo"};

static const struct {
        const char *name;
        size_t offset, size;
} texts[] = {
#define TEXT(property, field) \
        { property, offsetof(struct service_state, field), sizeof(((struct service_state *)0)->field) }
        TEXT("Id", id),
        TEXT("LoadState", load),
        TEXT("ActiveState", active),
        TEXT("SubState", sub),
        TEXT("Result", result),
        TEXT("InvocationID", invocation),
#undef TEXT
};

static bool is_property(const char *line, size_t name_length, const char *name) {
        return strlen(name) == name_length && strncmp(line, name, name_length) == 0;
}

static void add_along(struct service_state *state, const char *value, size_t length) {
        size_t used = strlen(state->along);

        if (length == 0)
                return;
        if (used + 1 + length >= sizeof(state->along)) {
                state->along_cut = true;
                return;
        }
        snprintf(state->along + used, sizeof(state->along) - used, "%s%.*s", used > 0 ? " " : "", (int)length,
                value);
}

static void take(struct service_state *state, const char *line, size_t name_length, size_t length) {
        const char *value = line + name_length + 1;
        size_t value_length = length - name_length - 1;

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (is_property(line, name_length, texts[i].name) && value_length < texts[i].size)
                        snprintf((char *)state + texts[i].offset, texts[i].size, "%.*s", (int)value_length,
                                value);
        for (size_t i = 0; i < sizeof(along) / sizeof(along[0]); i++)
                if (is_property(line, name_length, along[i]))
                        add_along(state, value, value_length);
        if (is_property(line, name_length, "Job"))
                state->has_job = value_length > 0 && value[0] != '0';
}

bool service_state_parse(const char *text, struct service_state *ret_state) {
        *ret_state = (struct service_state){.has_job = false};
        while (*text) {
                size_t length = strcspn(text, "\n"), name_length = strcspn(text, "=\n");

                if (text[name_length] == '=')
                        take(ret_state, text, name_length, length);
                text += length + (text[length] == '\n');
        }
        return ret_state->load[0] && ret_state->active[0];
}

int service_state_ask(const struct sg_action *action, const char *unit, struct service_state *ret_state,
        char *why, size_t size) {
        const char *const argv[] = {SYSTEMCTL, "show", "--no-pager",
                "--property=Id,LoadState,ActiveState,SubState,Result,InvocationID,Job",
                "--property=RequiredBy,BoundBy,ConsistsOf,PropagatesStopTo", "--", unit, NULL};
        char output[OUTPUT_MAX] = "";
        int r = action->host->tool(action, argv, output, sizeof(output));

        /* What fills the buffer may be cut in the middle of a name that matters. */
        if (r == 0 && strlen(output) < sizeof(output) - 1 && service_state_parse(output, ret_state))
                return 0;
        output[strcspn(output, "\n")] = '\0';
        snprintf(why, size, "systemctl show %.80s failed (%d): %.100s", unit, r, output);
        return r < 0 ? r : -EIO;
}
