/* SPDX-License-Identifier: MIT */
/*
 * preflight_domains - is a domain both local and relayed, by what main.cf says
 *
 * Runs in: spoolguardctl.  A pure function over what postconf printed.  A backup MX must not call a domain its own
 * that it keeps mail for: Postfix looks at the local lists first, so such mail is delivered here, or refused for want
 * of a user, and never waits for the domain's own server.
 *
 * Fails never: what cannot be looked into is named, and then the answer is a warning, not a yes.
 * Limits: words, inline tables and those that postconf_read() has read are seen; other tables and files with lists
 * are not.  A subdomain of a relayed domain may be local: that is common and harmless, and not told.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "ctl/preflight.h"

#define DOMAIN_MAX 256
#define LIST_SEPARATORS ", \t\r"

/* Takes the next element of a list of Postfix, {in braces} with the braces; false: there is none left. */
static bool take_element(const char **list, const char **ret_start, size_t *ret_length) {
        const char *at = *list + strspn(*list, LIST_SEPARATORS);
        int depth = 0;

        *ret_start = at;
        for (; *at && (depth > 0 || !strchr(LIST_SEPARATORS, *at)); at++)
                depth += (*at == '{') - (*at == '}' && depth > 0);
        *ret_length = (size_t)(at - *ret_start);
        *list = at;
        return *ret_length > 0;
}

/* What is between the braces of "{ ... }", trimmed. */
static void unwrap(const char **start, size_t *length) {
        if (*length >= 2 && **start == '{' && (*start)[*length - 1] == '}') {
                ++*start;
                *length -= 2;
        }
        while (*length > 0 && isspace((unsigned char)**start)) {
                ++*start;
                --*length;
        }
        while (*length > 0 && isspace((unsigned char)(*start)[*length - 1]))
                --*length;
}

/* `domain` is valid during the call; `seen` false: it is an element that was not looked into. */
typedef void (*domain_fn)(const char *domain, bool seen, void *data);

static void tell_domain(const char *start, size_t length, bool seen, domain_fn fn, void *data) {
        char domain[DOMAIN_MAX];

        if (length == 0)
                return;
        text_format(domain, sizeof(domain), "%.*s", (int)length, start);
        fn(domain, seen && length < sizeof(domain), data);
}

/* inline:{ key=value, { key = text }, ... } */
static void each_inline_domain(const char *start, size_t length, domain_fn fn, void *data) {
        char table[POSTCONF_VALUE_MAX];
        const char *list = table;

        unwrap(&start, &length);
        text_format(table, sizeof(table), "%.*s", (int)length, start);
        while (take_element(&list, &start, &length)) {
                unwrap(&start, &length);
                const char *equals = memchr(start, '=', length);

                if (!equals)
                        continue;
                length = (size_t)(equals - start);
                unwrap(&start, &length);
                tell_domain(start, length, true, fn, data);
        }
}

/* Keys of a table in a file; one that was not read is told as it is. */
static void each_table_domain(
        const struct postconf *postconf, const char *start, size_t length, domain_fn fn, void *data) {
        char table[POSTCONF_PATH_MAX], key[DOMAIN_MAX];
        const char *keys;

        text_format(table, sizeof(table), "%.*s", (int)length, start);
        if (!postconf_table(postconf, table, &keys)) {
                tell_domain(start, length, false, fn, data);
                return;
        }
        while (postconf_next_key(&keys, key, sizeof(key)))
                fn(key, true, data);
}

static void each_domain(const struct postconf *postconf, const char *list, domain_fn fn, void *data) {
        static const char tag[] = "inline:";
        const char *start;
        size_t length;

        while (take_element(&list, &start, &length)) {
                if (length > sizeof(tag) && strncmp(start, tag, sizeof(tag) - 1) == 0)
                        each_inline_domain(start + sizeof(tag) - 1, length - (sizeof(tag) - 1), fn, data);
                else if (*start == '/' || memchr(start, ':', length))
                        each_table_domain(postconf, start, length, fn, data);
                else if (*start != '!')
                        tell_domain(start, length, true, fn, data);
        }
}

struct overlap {
        const char *relayed; /* the domain that is looked for */
        unsigned found, unseen;
        char domains[160], tables[160];
};

static void add_name(char *names, size_t size, unsigned n, const char *name) {
        size_t used = strlen(names);

        if (n <= 3)
                text_format(names + used, size - used, "%s%s", used > 0 ? ", " : "", name);
        else if (n == 4)
                text_format(names + used, size - used, " and others");
}

static void compare_domain(const char *domain, bool seen, void *data) {
        struct overlap *overlap = data;

        if (seen && strcasecmp(domain, overlap->relayed) == 0)
                add_name(overlap->domains, sizeof(overlap->domains), ++overlap->found, domain);
}

static void note_table(const char *domain, bool seen, void *data) {
        struct overlap *overlap = data;

        if (!seen && !strstr(overlap->tables, domain))
                add_name(overlap->tables, sizeof(overlap->tables), ++overlap->unseen, domain);
}

struct sides {
        const struct postconf *postconf;
        const char *local;
        struct overlap *overlap;
};

static void compare_relayed(const char *domain, bool seen, void *data) {
        const struct sides *sides = data;

        sides->overlap->relayed = domain;
        if (seen)
                each_domain(sides->postconf, sides->local, compare_domain, sides->overlap);
        else
                note_table(domain, false, sides->overlap);
        sides->overlap->relayed = NULL;
}

/* Old main.cf files have relay_domains = $mydestination, which is what they mean. */
static bool names_mydestination(const char *relayed) {
        return strstr(relayed, "$mydestination") || strstr(relayed, "${mydestination}") ||
                strstr(relayed, "$(mydestination)");
}

bool preflight_relays(const struct postconf *postconf, struct postconf_setting *ret_relayed) {
        return postconf_setting(postconf, "", "relay_domains", ret_relayed) && ret_relayed->is_set &&
                ret_relayed->value[0];
}

void preflight_judge_domains(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding) {
        static const char *const lists[] = {
                "mydestination", "virtual_alias_domains", "virtual_mailbox_domains"};
        struct postconf_setting relayed, local;
        char written[POSTCONF_VALUE_MAX] = "";
        struct overlap overlap = {.unseen = 0};

        (void)absence;
        if (!preflight_relays(postconf, &relayed)) {
                preflight_also(finding, PREFLIGHT_OK, "%s/main.cf: no relay_domains", postconf->config);
                return;
        }
        postconf_written(postconf, "relay_domains", written, sizeof(written));
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
                struct sides sides = {postconf, local.value, &overlap};

                overlap.found = 0;
                overlap.domains[0] = '\0';
                if (!postconf_setting(postconf, "", lists[i], &local) ||
                        (i == 0 && names_mydestination(written)))
                        continue;
                each_domain(postconf, relayed.value, compare_relayed, &sides);
                each_domain(postconf, local.value, note_table, &overlap);
                if (overlap.found > 0)
                        preflight_also(finding, PREFLIGHT_WARN,
                                "%s: %s in %s and in relay_domains: such mail is delivered or refused here "
                                "and never waits for its own server; better in one of the two",
                                relayed.file, overlap.domains, lists[i]);
        }
        if (overlap.unseen > 0)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s: whether a domain is both local and in relay_domains cannot be told, not looked "
                        "into: %s",
                        relayed.file, overlap.tables);
        preflight_also(
                finding, PREFLIGHT_OK, "%s: no domain is both local and in relay_domains", relayed.file);
}
