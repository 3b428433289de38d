/* SPDX-License-Identifier: MIT */
/*
 * transports - what the transports of master.cf make of a next hop
 *
 * Runs in the watcher, for nexthop.c.  The name of a transport says nothing: behind one stands Postfix's client of SMTP
 * or LMTP, behind another a pipe to a program of this machine, and then the next hop is a word for that program and no
 * host.  LMTP knows no mail exchanges, and has a port of its own.  A client may have a fallback relay, from main.cf or by
 * `-o` of its own: what no other host takes goes there, so mail waits only when that one is dead, too.  Who did not know
 * that would keep mail from a fallback that is back.
 *
 * Owns the rows until transports_deinit().  Fails: -ENOMEM.
 * Limits: where `-o` names another setting as the value, where main.cf has what only postconf can work out, or where a
 * list is too long, it is not known who is tried.  The port of LMTP is main.cf's.  A script that is a client itself is
 * taken for a program of this machine.
 */
#include "postfix/transports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"
#include "postfix/master_cf.h"

#define BLANK " \t\r"

enum { USUAL_SMTP, USUAL_LMTP };

static const struct {
        enum transport_kind kind;
        const char *program, *setting, *usual;
} clients[] = {
        [USUAL_SMTP] = {TRANSPORT_SMTP, "smtp", "smtp_fallback_relay", "$fallback_relay"},
        [USUAL_LMTP] = {TRANSPORT_LMTP, "lmtp", "lmtp_fallback_relay", ""},
};

#define CLIENTS (sizeof(clients) / sizeof(clients[0]))

static void take_fallback(
        struct transport *transport, enum transport_kind kind, const char *value, size_t length) {
        bool is_odd = length >= sizeof(transport->fallback) || memchr(value, '$', length);

        transport->kind = is_odd ? TRANSPORT_ODD : kind;
        snprintf(transport->fallback, sizeof(transport->fallback), "%.*s", is_odd ? 0 : (int)length, value);
}

/* "-o name=value", "-oname=value" or "-o { name = value }"; NULL: something else, or another setting. */
static const char *value_of(const char *arguments, const char *at, size_t length, bool *ret_braced) {
        const char *before = at, *end = at + length;

        while (before > arguments && strchr(BLANK, before[-1]))
                before--;
        end += strspn(end, BLANK);
        if (before == arguments || *end != '=')
                return NULL;
        *ret_braced = before[-1] == '{';
        if (!*ret_braced && (before - arguments < 2 || before[-2] != '-' || before[-1] != 'o'))
                return NULL;
        return end + 1;
}

/* The last one counts. */
static void take_own_fallback(
        struct transport *transport, enum transport_kind kind, const char *arguments, const char *setting) {
        size_t length = strlen(setting);
        bool is_braced = false;

        for (const char *at = arguments; (at = strstr(at, setting)); at += length) {
                const char *value = value_of(arguments, at, length, &is_braced);

                if (value)
                        take_fallback(transport, kind, value, strcspn(value, is_braced ? "}" : BLANK));
        }
}

struct reading {
        struct transports *transports;
        bool is_out_of_memory;
};

static void take_service(const struct master_cf_service *service, void *data) {
        struct reading *reading = data;
        struct transports *transports = reading->transports;
        struct transport *rows = transports->rows, *transport;

        if (reading->is_out_of_memory || strcmp(service->type, "unix") != 0 || !service->program)
                return;
        if (transports->n % 32 == 0)
                rows = realloc(rows, (transports->n + 32) * sizeof(*rows));
        if (!rows) {
                reading->is_out_of_memory = true;
                return;
        }
        transports->rows = rows;
        transport = &rows[transports->n];
        *transport = (struct transport){.name = strdup(service->name), .kind = TRANSPORT_OTHER};
        if (!transport->name) {
                reading->is_out_of_memory = true;
                return;
        }
        transports->n++;
        for (size_t i = 0; i < CLIENTS; i++)
                if (strcmp(service->program, clients[i].program) == 0) {
                        char *name = transport->name;

                        *transport = transports->usual[i];
                        transport->name = name;
                        take_own_fallback(transport, clients[i].kind, service->arguments, clients[i].setting);
                }
}

int transports_init(struct transports *transports, const char *main_cf, const char *master_cf) {
        struct reading reading = {.transports = transports};
        char value[MAIN_CF_VALUE_MAX];

        *transports = (struct transports){.rows = NULL};
        main_cf = main_cf ? main_cf : "";
        for (size_t i = 0; i < CLIENTS; i++) {
                main_cf_expanded(main_cf, clients[i].setting, clients[i].usual, value, sizeof(value));
                take_fallback(&transports->usual[i], clients[i].kind, value, strlen(value));
                if (value[0] == '\0' && main_cf_says(main_cf, clients[i].setting))
                        transports->usual[i].kind = TRANSPORT_ODD;
        }
        main_cf_expanded(main_cf, "lmtp_tcp_port", "24", transports->usual[USUAL_LMTP].port,
                sizeof(transports->usual[USUAL_LMTP].port));
        if (master_cf)
                master_cf_each(master_cf, take_service, &reading);
        if (!reading.is_out_of_memory)
                return 0;
        transports_deinit(transports);
        return -ENOMEM;
}

void transports_deinit(struct transports *transports) {
        for (size_t i = 0; i < transports->n; i++)
                free(transports->rows[i].name);
        free(transports->rows);
        *transports = (struct transports){.rows = NULL};
}

static bool is_name(const char *name, const char *text, size_t length) {
        return strncmp(name, text, length) == 0 && name[length] == '\0';
}

const struct transport *transports_find(
        const struct transports *transports, const char *name, size_t length) {
        for (size_t i = 0; i < transports->n; i++)
                if (is_name(transports->rows[i].name, name, length))
                        return &transports->rows[i];
        return &transports->usual[is_name("lmtp", name, length) ? USUAL_LMTP : USUAL_SMTP];
}
