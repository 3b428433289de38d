/* SPDX-License-Identifier: MIT */
/*
 * dns_words - the sentence about a name server: which one, how that is known, who answers instead, what mail waits
 *
 * Used in the watcher by the sensor dns_servers.  Pure functions over plain data, but for the time zone of this host.
 * Whoever reads it is woken by it and has one line: first the culprit and the count, then the neighbour that proves
 * that the network is well, then what it costs.  A figure is only named when it is known, and a neighbour only when it
 * is known to answer, or not to.
 *
 * Owns nothing and cannot fail.  Limits: DNS_WORDS bytes, the end is cut; OTHERS_TOLD neighbours.  Addresses come from
 * resolv.conf by net_address_print(), so there is nothing in them to escape.
 */
#include "dns/dns_words.h"

#include <arpa/nameser.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define OTHERS_TOLD 2
#define NOTICEABLE 0.1 /* seconds */
#define DAY 86400

struct text {
        char *bytes;
        size_t used;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *text, const char *format, ...) {
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(text->bytes + text->used, DNS_WORDS - text->used, format, arguments);
        va_end(arguments);
        if (n > 0)
                text->used += (size_t)n < DNS_WORDS - text->used ? (size_t)n : DNS_WORDS - 1 - text->used;
}

static void add_seconds(struct text *text, double seconds) {
        char figure[32];

        if (seconds < NOTICEABLE) {
                add(text, "%.0f ms", seconds < 0.001 ? 1 : seconds * 1000);
                return;
        }
        snprintf(figure, sizeof(figure), "%.1f", seconds);
        if (strcmp(figure + strlen(figure) - 2, ".0") == 0)
                figure[strlen(figure) - 2] = '\0';
        add(text, "%s s", figure);
}

void dns_words_time(int64_t then, int64_t now, char ret_text[static DNS_WORDS_TIME]) {
        time_t seconds = (time_t)then;
        struct tm local;

        if (!localtime_r(&seconds, &local) ||
                strftime(ret_text, DNS_WORDS_TIME, now - then < DAY ? "%H:%M:%S" : "%a %b %e %H:%M",
                        &local) == 0)
                snprintf(ret_text, DNS_WORDS_TIME, "?");
}

static const char *error_name(unsigned code) {
        switch (code) {
        case ns_r_formerr: return "FORMERR";
        case ns_r_servfail: return "SERVFAIL";
        case ns_r_notimpl: return "NOTIMP";
        case ns_r_refused: return "REFUSED";
        default: return "an error";
        }
}

static bool is_other(const struct dns_view *views, size_t i, size_t which) {
        return i != which && views[i].is_behind == views[which].is_behind;
}

static size_t count_others(
        const struct dns_view *views, size_t n, size_t which, enum dns_health_state state) {
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
                count += is_other(views, i, which) && views[i].state == state;
        return count;
}

/* "127.0.0.1 and 192.0.2.2" */
static void name_others(struct text *text, const struct dns_view *views, size_t n, size_t which,
        enum dns_health_state state) {
        size_t told = 0;

        for (size_t i = 0; i < n && told < OTHERS_TOLD; i++)
                if (is_other(views, i, which) && views[i].state == state)
                        add(text, "%s%s", told++ ? " and " : "", views[i].label);
}

static void add_others(struct text *text, const struct dns_view *views, size_t n, size_t which) {
        size_t up = count_others(views, n, which, DNS_HEALTH_UP);
        size_t down = count_others(views, n, which, DNS_HEALTH_DOWN), all = 0;

        for (size_t i = 0; i < n; i++)
                all += is_other(views, i, which);
        if (all == 0) {
                add(text, ", and there is no other");
        } else if (up > 0) {
                add(text, ", ");
                name_others(text, views, n, which, DNS_HEALTH_UP);
                add(text, up == 1 ? " does" : " do");
        } else if (down > 0) {
                add(text, down == 1 ? ", nor does " : ", nor do ");
                name_others(text, views, n, which, DNS_HEALTH_DOWN);
        }
}

static void add_waits(struct text *text, const struct dns_view *view, const struct dns_waits *waits) {
        if (view->is_behind)
                add(text, "; systemd-resolved asks it for smtp");
        else if (waits->now.known && !waits->now.answered)
                add(text, "; all mail that needs a lookup waits");
        else if (waits->now.known && waits->without.known &&
                waits->now.seconds - waits->without.seconds < NOTICEABLE)
                add(text, "; smtp does not wait for it");
        else if (waits->now.known) {
                add(text, "; smtp waits ");
                add_seconds(text, waits->now.seconds);
                add(text, " per lookup");
        }
}

void dns_words_down(const struct dns_view *views, size_t n, size_t which, const struct dns_waits *waits,
        char ret_text[static DNS_WORDS]) {
        const struct dns_view *view = &views[which];
        struct text text = {.bytes = ret_text};
        char since[DNS_WORDS_TIME];

        dns_words_time(view->since, view->now, since);
        add(&text, "name server %s does not answer (0 of %u since %s", view->label, view->row.n, since);
        if (view->row.n_closed == view->row.n)
                add(&text, ", its port is closed");
        if (view->answers_streams)
                add(&text, ", over TCP it does");
        add(&text, ")");
        add_others(&text, views, n, which);
        add_waits(&text, view, waits);
}

void dns_words_useless(const struct dns_view *views, size_t n, size_t which, const struct dns_waits *waits,
        char ret_text[static DNS_WORDS]) {
        const struct dns_view *view = &views[which];
        struct text text = {.bytes = ret_text};

        add(&text, "name server %s answers with nothing but errors (%s, also for %zu name%s that mail needs)",
                view->label, error_name(view->code), view->names, view->names == 1 ? "" : "s");
        if (count_others(views, n, which, DNS_HEALTH_UP) == 0) {
                add(&text, ", and no other one is known to do better");
        } else {
                add(&text, ", asked instead: ");
                name_others(&text, views, n, which, DNS_HEALTH_UP);
        }
        add_waits(&text, view, waits);
}

void dns_words_slow(const struct dns_view *views, size_t n, size_t which, const struct dns_waits *waits,
        char ret_text[static DNS_WORDS]) {
        const struct dns_view *view = &views[which];
        struct text text = {.bytes = ret_text};

        add(&text, "name server %s takes ", view->label);
        add_seconds(&text, view->seconds);
        add(&text, " to answer");
        for (size_t i = 0, told = 0; i < n && told < OTHERS_TOLD; i++)
                if (i != which && views[i].state == DNS_HEALTH_UP) {
                        add(&text, ", %s ", views[i].label);
                        add_seconds(&text, views[i].seconds);
                        told++;
                }
        add_waits(&text, view, waits);
}
