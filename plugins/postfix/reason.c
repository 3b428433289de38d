/* SPDX-License-Identifier: MIT */
/*
 * reason - the class of a deferral, by anchored prefix; what a remote server says never chooses it alone
 *
 * Runs in the watcher and in the process of owner_reader.c.  Pure functions over a text that Postfix wrote, parts of
 * which strangers chose: the reply of a remote server stands behind `said:`, a domain may be anybody's.  So a pattern
 * is held against the text from its start, names of hosts take only the letters of host names, texts of the system
 * must reach to the end, and a reply tells greylisting, quotas and policies apart only behind Postfix's own "host H[A]
 * said:", with the reply code, the status and words together.  A reply that imitates another reason is a reply.
 *
 * Of a destination that failed Postfix defers the rest untried, with the same text behind one prefix; that is cut
 * off once.
 *
 * Owns nothing and cannot fail.  Limits: texts of Postfix 3.7 to 3.12; others are REASON_OTHER, unless the site has
 * a row for them (reason_site.c).  That a message was on its way to a content filter is not in the text.
 */
#include "postfix/reason.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SUSPENDED "delivery temporarily suspended: "
#define IN_REPLY_TO_RCPT "(in reply to RCPT TO command)"

static const char *const names[REASON_CLASSES] = {
        [REASON_NONE] = "none",
        [REASON_DNS] = "dns",
        [REASON_TIMEOUT] = "timeout",
        [REASON_REFUSED] = "refused",
        [REASON_UNREACHABLE] = "unreachable",
        [REASON_LOST] = "lost",
        [REASON_TLS] = "tls",
        [REASON_GREYLIST] = "greylist",
        [REASON_QUOTA] = "quota",
        [REASON_POLICY] = "policy",
        [REASON_REMOTE] = "remote",
        [REASON_FILTER] = "filter",
        [REASON_FILTER_DEAD] = "filter",
        [REASON_TRANSPORT] = "transport",
        [REASON_PAUSED] = "paused",
        [REASON_LOCAL] = "local",
        [REASON_DUPLICATE_RISK] = "duplicate-risk",
        [REASON_OTHER] = "other",
};

/* The first row that fits decides; what is behind a pattern without $ does not matter. */
static const struct row {
        const char *pattern;
        enum reason_class class;
        bool reply; /* what is behind is a remote server's reply */
} rows[] = {
        {"connect to %H%P: Connection timed out$", REASON_TIMEOUT, false},
        {"connect to %H%P: Connection refused$", REASON_REFUSED, false},
        {"connect to %H%P: Network is unreachable$", REASON_UNREACHABLE, false},
        {"connect to %H%P: No route to host$", REASON_UNREACHABLE, false},
        {"connect to %H%P: Host is down$", REASON_UNREACHABLE, false},
        {"connect to %H%P: Connection reset by peer$", REASON_LOST, false},
        {"connect to %H%P: Cannot assign requested address$", REASON_LOCAL, false},
        {"connect to %H%P: Address family not supported by protocol$", REASON_LOCAL, false},
        {"connect to %H%P: ", REASON_OTHER, false},
        {"connect to %U: ", REASON_TRANSPORT, false},

        {"Host or domain name not found. Name service error for name=", REASON_DNS, false},
        {"Name service error for ", REASON_DNS, false},
        {"Name service initialization failure", REASON_DNS, false},
        {"unable to look up host ", REASON_DNS, false},
        {"%N: host not found$", REASON_DNS, false},
        {"unable to find primary relay for ", REASON_DNS, false},
        {"mail for %N loops back to myself$", REASON_DNS, false},
        {"Domain %N does not accept mail (nullMX)$", REASON_DNS, false},

        {"host %H said: ", REASON_REMOTE, true},
        {"host %H refused to talk to me: ", REASON_REMOTE, true},
        {"Protocol error: host %H said: ", REASON_REMOTE, true},
        {"Protocol error: host %H refused to talk to me: ", REASON_REMOTE, true},

        {"lost connection with %H while sending end of data -- message may be sent more than once$",
                REASON_DUPLICATE_RISK, false},
        {"conversation with %H timed out while sending end of data -- message may be sent more than once$",
                REASON_DUPLICATE_RISK, false},
        {"lost connection with %H while ", REASON_LOST, false},
        {"conversation with %H timed out while ", REASON_LOST, false},

        {"TLS is required, but ", REASON_TLS, false},
        {"Cannot start TLS: ", REASON_TLS, false},
        {"Server certificate not ", REASON_TLS, false},
        {"client TLS configuration problem", REASON_TLS, false},
        {"TLSA lookup error for ", REASON_TLS, false},
        {"REQUIRETLS ", REASON_TLS, false},

        {"mail transport unavailable$", REASON_TRANSPORT, false},
        {"unknown mail transport error$", REASON_TRANSPORT, false},
        {"deferred transport$", REASON_PAUSED, false},

        {"SASL authentication failed", REASON_LOCAL, false},
        {"SASL [CACHED] authentication failed", REASON_LOCAL, false},
        {"address resolver failure", REASON_LOCAL, false},
        {"Too many address verification requests", REASON_LOCAL, false},
        {"local data error while talking to ", REASON_LOCAL, false},
        {"Server configuration error", REASON_LOCAL, false},
        {"server configuration error", REASON_LOCAL, false},
        {"mail system configuration error", REASON_LOCAL, false},
        {"alias database unavailable", REASON_LOCAL, false},
        {"Temporary lookup error", REASON_LOCAL, false},
        {"server unavailable or unable to receive mail", REASON_LOCAL, false},
        {"all network protocols are disabled", REASON_LOCAL, false},
        {"temporary failure", REASON_LOCAL, false},
        {"Command died with signal ", REASON_LOCAL, false},
        {"Delivery failed: ", REASON_LOCAL, false},
        {"cannot update mailbox ", REASON_LOCAL, false},
        {"maildir delivery failed: ", REASON_LOCAL, false},
};

/*
 * What a reply means: each condition that is given must hold, of the words one.  Remote servers differ in their
 * wording, so this is a guess, and nothing but a count depends on it.
 */
static const struct reply_row {
        enum reason_class class;
        const char *codes;           /* reply codes that fit */
        const char *statuses[4];     /* prefixes of the status that fit */
        const char *unless_status;   /* a prefix of it that does not */
        bool to_recipient;           /* only in reply to RCPT TO */
        const char *const words[10]; /* in any letters */
} reply_rows[] = {
        {.class = REASON_QUOTA, .statuses = {"4.2.2"}},
        {.class = REASON_QUOTA,
                .codes = "450 451 452",
                .unless_status = "4.3.",
                .words = {"quota", "mailbox full", "mailbox is full", "inbox is full"}},
        {.class = REASON_GREYLIST,
                .codes = "450 451",
                .to_recipient = true,
                .words = {"greylist", "graylist", "grey-list", "gray-list", "grey list", "gray list"}},
        {.class = REASON_GREYLIST,
                .codes = "450 451",
                .statuses = {"4.7.1", "4.2.0"},
                .to_recipient = true,
                .words = {"try later", "try again", "retry later", "come back later"}},
        {.class = REASON_POLICY, .codes = "421", .unless_status = "4.3."},
        {.class = REASON_POLICY, .statuses = {"4.7.", "4.5.3"}},
        {.class = REASON_POLICY,
                .codes = "450 451 452",
                .words = {"too many", "rate limit", "rate-limit", "ratelimit", "rate exceeded", "throttl"}},
};

/* What a text may be made of.  For each text to be classified strspn() would make such a table anew. */
enum { DIGIT = 1, HOST = 2, ADDRESS = 4, PATH = 8 };
static const unsigned char kinds[UCHAR_MAX + 1] = {
        ['a' ... 'z'] = HOST | ADDRESS | PATH,
        ['A' ... 'Z'] = HOST | ADDRESS | PATH,
        ['0' ... '9'] = HOST | ADDRESS | PATH | DIGIT,
        ['.'] = HOST | ADDRESS | PATH,
        ['_'] = HOST | ADDRESS | PATH,
        ['-'] = HOST | ADDRESS | PATH,
        [':'] = ADDRESS,
        ['%'] = ADDRESS,
        ['/'] = PATH,
};

/* Characters of a kind at the start of `*text`, not none and fewer than `size`. */
static bool take(const char **text, unsigned kind, char *ret_taken, size_t size) {
        size_t n = 0;

        while (kinds[(unsigned char)(*text)[n]] & kind)
                n++;
        if (n == 0 || n >= size)
                return false;
        memcpy(ret_taken, *text, n);
        ret_taken[n] = '\0';
        *text += n;
        return true;
}

static bool take_byte(const char **text, char byte) {
        if (**text != byte)
                return false;
        (*text)++;
        return true;
}

static bool take_host(const char **text, unsigned bracketed, struct reason *reason) {
        return take(text, HOST, reason->host, sizeof(reason->host)) && take_byte(text, '[') &&
                take(text, bracketed, reason->address, sizeof(reason->address)) && take_byte(text, ']');
}

static bool take_port(const char **text, struct reason *reason) {
        char digits[6];
        unsigned long port;

        if (!take_byte(text, ':') || !take(text, DIGIT, digits, sizeof(digits)))
                return false;
        port = strtoul(digits, NULL, 10);
        reason->port = (unsigned)port;
        return port > 0 && port <= UINT16_MAX;
}

static bool take_pattern(const char **text, char what, struct reason *reason) {
        char name[sizeof(reason->host)];

        switch (what) {
        case 'H': return take_host(text, ADDRESS, reason);
        case 'P': return take_port(text, reason);
        case 'U': return take_host(text, PATH, reason);
        case '%': return take_byte(text, '%');
        default: return take(text, HOST, name, sizeof(name));
        }
}

const char *reason_match(const char *pattern, const char *text, struct reason *ret_reason) {
        for (; *pattern; pattern++) {
                if (*pattern == '$' && pattern[1] == '\0')
                        return *text ? NULL : text;
                if (*pattern == '%' && pattern[1] != '\0') {
                        if (!take_pattern(&text, *++pattern, ret_reason))
                                return NULL;
                } else if (*pattern != *text++)
                        return NULL;
        }
        return text;
}

static bool starts_with(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *suffix) {
        size_t length = strlen(text), end = strlen(suffix);

        return length >= end && strcmp(text + length - end, suffix) == 0;
}

static bool code_fits(const char *codes, const char *reply) {
        char code[4];

        if (strspn(reply, "0123456789") != 3)
                return false;
        memcpy(code, reply, 3);
        code[3] = '\0';
        return strstr(codes, code) != NULL;
}

/* True with an empty list. */
static bool status_fits(const char *const statuses[static 4], const char *status) {
        for (size_t i = 0; i < 4 && statuses[i]; i++)
                if (starts_with(status, statuses[i]))
                        return true;
        return !statuses[0];
}

static bool words_fit(const char *const words[static 10], const char *reply) {
        for (size_t i = 0; i < 10 && words[i]; i++)
                if (strcasestr(reply, words[i]))
                        return true;
        return !words[0];
}

static enum reason_class classify_reply(const char *reply, const char *status, bool to_recipient) {
        for (size_t i = 0; i < sizeof(reply_rows) / sizeof(reply_rows[0]); i++) {
                const struct reply_row *row = &reply_rows[i];

                if ((!row->codes || code_fits(row->codes, reply)) && status_fits(row->statuses, status) &&
                        !(row->unless_status && starts_with(status, row->unless_status)) &&
                        (to_recipient || !row->to_recipient) && words_fit(row->words, reply))
                        return row->class;
        }
        return REASON_REMOTE;
}

const char *reason_text(const char *text, bool *ret_suspended) {
        *ret_suspended = starts_with(text, SUSPENDED);
        return *ret_suspended ? text + strlen(SUSPENDED) : text;
}

void reason_classify(
        const char *text, const char *status, const char *diagnostic, struct reason *ret_reason) {
        bool suspended;

        text = reason_text(text, &suspended);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct reason reason;
                const char *rest;

                /* Most begin with another letter. */
                if (rows[i].pattern[0] != *text && rows[i].pattern[0] != '%')
                        continue;
                reason = (struct reason){.class = rows[i].class, .suspended = suspended};
                rest = reason_match(rows[i].pattern, text, &reason);
                if (!rest)
                        continue;
                /* The copies for messages that were not tried carry no diagnostic. */
                if (rows[i].reply) {
                        reason.reply = *diagnostic ? diagnostic : rest;
                        reason.class =
                                classify_reply(reason.reply, status, ends_with(rest, IN_REPLY_TO_RCPT));
                }
                *ret_reason = reason;
                return;
        }
        *ret_reason = (struct reason){
                .class = suspended || *text ? REASON_OTHER : REASON_NONE, .suspended = suspended};
}

const char *reason_name(enum reason_class class) {
        return (unsigned)class < REASON_CLASSES ? names[class] : names[REASON_OTHER];
}

bool reason_is_dead(enum reason_class class) {
        return class == REASON_TIMEOUT || class == REASON_REFUSED || class == REASON_UNREACHABLE ||
                class == REASON_FILTER_DEAD;
}

enum reason_class reason_at_filter(enum reason_class class) {
        static const bool is_its_answer[REASON_CLASSES] = {
                [REASON_DNS] = true,
                [REASON_LOST] = true,
                [REASON_TLS] = true,
                [REASON_GREYLIST] = true,
                [REASON_QUOTA] = true,
                [REASON_POLICY] = true,
                [REASON_REMOTE] = true,
                [REASON_TRANSPORT] = true,
        };

        if (reason_is_dead(class))
                return REASON_FILTER_DEAD;
        return is_its_answer[class] ? REASON_FILTER : class;
}
