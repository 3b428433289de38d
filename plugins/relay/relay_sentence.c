/* SPDX-License-Identifier: MIT */
/*
 * relay_sentence - the evidence against a next hop, for people
 *
 * Used in the watcher by relay_say.c.  Pure functions.  The sentence is what a person reads on Monday, so it says who,
 * what each address does, and what is left; of many addresses as many as there is room for, and how many more.
 * Names were checked to be names of hosts, and the words of a server are not among what is said: it is only told what
 * it did.
 *
 * Owns nothing and cannot fail.  Limits: SG_SENTENCE_MAX bytes, of which a next hop has NAME_BYTES.
 */
#include "relay/relay_sentence.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 80
#define PIECE_BYTES 200
/* ", and 999 more" */
#define MORE_BYTES 14
/* "; 1000000 messages wait for it" */
#define MESSAGES_BYTES 34

struct text {
        char *bytes;
        size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...) {
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(text->bytes + text->used, SG_SENTENCE_MAX + 1 - text->used, format, args);
        va_end(args);
        text->used += n < 0 ? 0 : (size_t)n;
        if (text->used > SG_SENTENCE_MAX)
                text->used = SG_SENTENCE_MAX;
}

static size_t count(const struct relay_sentence *sentence, enum relay_state state) {
        size_t n = 0;

        for (size_t i = 0; i < sentence->n; i++)
                n += sentence->addresses[i].state == state;
        return n;
}

/* Of several next hops as many as there is room for are named whole. */
static void name_of(const struct relay_sentence *sentence, char ret_name[static NAME_BYTES + 1]) {
        static const char more[] = "...";
        const size_t cut = NAME_BYTES + 1 - sizeof(more);
        char *comma;

        if (snprintf(ret_name, NAME_BYTES + 1, "%s", sentence->nexthop) <= NAME_BYTES)
                return;
        ret_name[cut] = '\0';
        comma = strrchr(ret_name, ',');
        memcpy(comma ? comma + 1 : ret_name + cut, more, sizeof(more));
}

static const char *by_which(const struct relay_sentence *sentence) {
        for (size_t i = 0; i < sentence->n; i++)
                if (sentence->addresses[i].state == RELAY_UP)
                        return sentence->addresses[i].address;
        return "";
}

/* Those that take no mail and are counted: what this host has no route to is told only when there is nothing else. */
static bool is_listed(enum relay_state state, bool unrouted_too) {
        return state == RELAY_DOWN || state == RELAY_REFUSING || (unrouted_too && state == RELAY_UNROUTED);
}

/* As many as leave room for `end`. */
static void add_addresses(
        struct text *text, const struct relay_sentence *sentence, bool unrouted_too, size_t end) {
        size_t left = 0, told = 0;

        for (size_t i = 0; i < sentence->n; i++)
                left += is_listed(sentence->addresses[i].state, unrouted_too);
        for (size_t i = 0; i < sentence->n; i++) {
                const struct relay_sentence_address *one = &sentence->addresses[i];
                char piece[PIECE_BYTES];
                int n;

                if (!is_listed(one->state, unrouted_too))
                        continue;
                n = snprintf(piece, sizeof(piece), "%s%s %s", told > 0 ? ", " : "", one->address, one->why);
                if (n < 0 || (size_t)n >= sizeof(piece) ||
                        text->used + (size_t)n + end + (left > 1 ? MORE_BYTES : 0) > SG_SENTENCE_MAX) {
                        add(text, told > 0 ? ", and %zu more" : "all %zu", left);
                        return;
                }
                add(text, "%s", piece);
                told++;
                left--;
        }
}

static void add_messages(struct text *text, double messages) {
        if (messages >= 1)
                add(text, "; %.0f message%s for it", messages, messages < 2 ? " waits" : "s wait");
}

void relay_sentence_refusing(
        const struct relay_sentence *sentence, char ret_text[static SG_SENTENCE_MAX + 1]) {
        struct text text = {.bytes = ret_text};
        char name[NAME_BYTES + 1];

        ret_text[0] = '\0';
        name_of(sentence, name);
        add(&text, "%s refuses mail: %s %s", name, sentence->addresses[0].address,
                sentence->addresses[0].why);
        add_messages(&text, sentence->messages);
}

void relay_sentence_dead(const struct relay_sentence *sentence, char ret_text[static SG_SENTENCE_MAX + 1]) {
        bool unrouted_too = count(sentence, RELAY_DOWN) == 0;
        struct text text = {.bytes = ret_text};
        char name[NAME_BYTES + 1];

        ret_text[0] = '\0';
        name_of(sentence, name);
        add(&text, "no address of %s%s speaks SMTP: ", sentence->is_filter ? "the filter " : "", name);
        add_addresses(&text, sentence, unrouted_too, MESSAGES_BYTES);
        add_messages(&text, sentence->messages);
}

void relay_sentence_part(const struct relay_sentence *sentence, char ret_text[static SG_SENTENCE_MAX + 1]) {
        size_t down = count(sentence, RELAY_DOWN), refusing = count(sentence, RELAY_REFUSING);
        struct text text = {.bytes = ret_text};
        char end[96], name[NAME_BYTES + 1];
        bool is_one = down + refusing == 1;

        ret_text[0] = '\0';
        name_of(sentence, name);
        snprintf(end, sizeof(end), "; mail goes by %s", by_which(sentence));
        add(&text, "%zu of %zu %saddresses of %s %s: ", down + refusing,
                down + refusing + count(sentence, RELAY_UP), sentence->is_cut ? "probed " : "", name,
                refusing > 0 ? (is_one ? "takes no mail" : "take no mail")
                             : (is_one ? "is dead" : "are dead"));
        add_addresses(&text, sentence, false, strlen(end));
        add(&text, "%s", end);
}
