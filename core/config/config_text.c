/* SPDX-License-Identifier: MIT */
/*
 * config_text - the serialised form of a configuration: entries to text and back
 *
 * Runs in the loader (writing), the executor and the watcher (reading), and between the loader and the child
 * that evaluates one playbook.  Pure.  The reader takes nothing for granted, because the writer evaluated
 * other people's files: sizes, the characters of a key, escapes, order and both frame lines are checked, and
 * what is cut off anywhere is refused as a whole.
 *
 * struct config_entries owns copies of all its strings.  Entries are found by a linear search until they are
 * sorted; a configuration has some hundreds of them.
 *
 * Fails with -EINVAL and the number of the wrong line, -E2BIG over the limits, or -ENOMEM.  Limits:
 * CONFIG_TEXT_MAX bytes, CONFIG_ENTRIES_MAX entries.  Values may hold any byte but NUL.
 */
#include "config/config_text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define FIRST_LINE "spoolguard-config 1\n"
#define LAST_LINE "end\n"

static bool key_valid(const char *key) {
        size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

        return length > 0 && length < CONFIG_KEY_MAX && key[length] == '\0';
}

static void entry_release(struct config_entry *entry) {
        free((void *)(uintptr_t)entry->key);
        free((void *)(uintptr_t)entry->origin);
        free((void *)(uintptr_t)entry->value);
}

void config_entries_deinit(struct config_entries *entries) {
        for (size_t i = 0; i < entries->n; i++)
                entry_release(&entries->items[i]);
        free(entries->items);
        *entries = CONFIG_ENTRIES_NULL;
}

static struct config_entry *find(const struct config_entries *entries, const char *key) {
        for (size_t i = 0; i < entries->n; i++)
                if (strcmp(entries->items[i].key, key) == 0)
                        return &entries->items[i];
        return NULL;
}

const struct config_entry *config_entries_find(const struct config_entries *entries, const char *key) {
        return find(entries, key);
}

static int append_consume(struct config_entries *entries, struct config_entry *entry) {
        int r = 0;

        if (!entry->key || !entry->origin || !entry->value)
                r = -ENOMEM;
        else if (entries->n >= CONFIG_ENTRIES_MAX)
                r = -E2BIG;
        else if (entries->n == entries->allocated) {
                size_t allocated = entries->allocated ? 2 * entries->allocated : 64;
                struct config_entry *items = realloc(entries->items, allocated * sizeof(*items));

                if (items) {
                        entries->items = items;
                        entries->allocated = allocated;
                } else
                        r = -ENOMEM;
        }
        if (r < 0)
                entry_release(entry);
        else
                entries->items[entries->n++] = *entry;
        return r;
}

int config_entries_set(
        struct config_entries *entries, const char *key, const char *origin, const char *value) {
        struct config_entry entry, *old = find(entries, key);

        if (!key_valid(key) || strlen(origin) >= CONFIG_ORIGIN_MAX)
                return -EINVAL;
        entry = (struct config_entry){.key = strdup(key), .origin = strdup(origin), .value = strdup(value)};
        if (!old)
                return append_consume(entries, &entry);
        if (!entry.key || !entry.origin || !entry.value) {
                entry_release(&entry);
                return -ENOMEM;
        }
        entry_release(old);
        *old = entry;
        return 0;
}

void config_entries_remove(struct config_entries *entries, const char *prefix) {
        size_t kept = 0, length = strlen(prefix);

        for (size_t i = 0; i < entries->n; i++)
                if (strncmp(entries->items[i].key, prefix, length) == 0)
                        entry_release(&entries->items[i]);
                else
                        entries->items[kept++] = entries->items[i];
        entries->n = kept;
}

static int compare_keys(const void *a, const void *b) {
        const struct config_entry *left = a, *right = b;

        return strcmp(left->key, right->key);
}

static void write_escaped(FILE *stream, const char *text) {
        static const char *const escapes[UINT8_MAX + 1] = {['\\'] = "\\\\", ['\n'] = "\\n", ['\t'] = "\\t"};

        for (; *text; text++)
                if (escapes[(unsigned char)*text])
                        fputs(escapes[(unsigned char)*text], stream);
                else
                        fputc(*text, stream);
}

int config_text_write(struct config_entries *entries, char **ret_text, size_t *ret_size) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *stream;
        bool failed;

        if (entries->n > 0)
                qsort(entries->items, entries->n, sizeof(*entries->items), compare_keys);
        stream = open_memstream(&text, &size);
        if (!stream)
                return -ENOMEM;
        fputs(FIRST_LINE, stream);
        for (size_t i = 0; i < entries->n; i++) {
                write_escaped(stream, entries->items[i].key);
                fputc('\t', stream);
                write_escaped(stream, entries->items[i].origin);
                fputc('\t', stream);
                write_escaped(stream, entries->items[i].value);
                fputc('\n', stream);
        }
        fputs(LAST_LINE, stream);
        failed = ferror(stream);
        if (fclose(stream) != 0 || failed)
                return -ENOMEM;
        if (size > CONFIG_TEXT_MAX)
                return -E2BIG;
        *ret_text = take(text);
        *ret_size = size;
        return 0;
}

/* Undoes write_escaped() up to `stop` into fresh memory; *text moves behind `stop`.  NULL: not well formed. */
static char *take_field(const char **text, const char *limit, char stop) {
        const char *end = memchr(*text, stop, (size_t)(limit - *text));
        char *field, *out;

        /* What is written escaped must not come bare: one entry has one form. */
        if (!end || memchr(*text, '\t', (size_t)(end - *text)))
                return NULL;
        field = out = malloc((size_t)(end - *text) + 1);
        if (!field)
                return NULL;
        for (const char *p = *text; p < end; p++) {
                if (*p != '\\') {
                        *out++ = *p;
                        continue;
                }
                if (++p == end || !strchr("\\nt", *p)) {
                        free(field);
                        return NULL;
                }
                *out++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : '\\';
        }
        *out = '\0';
        *text = end + 1;
        return field;
}

static int read_line(
        const char **text, const char *limit, struct config_entries *entries, const char **reason) {
        struct config_entry entry = {0};
        const char *line_end = memchr(*text, '\n', (size_t)(limit - *text));

        if (!line_end) {
                *reason = "the text is cut off";
                return -EINVAL;
        }
        entry.key = take_field(text, line_end, '\t');
        entry.origin = entry.key ? take_field(text, line_end, '\t') : NULL;
        entry.value = entry.origin ? take_field(text, line_end + 1, '\n') : NULL;

        if (!entry.value)
                *reason = "not three fields with valid escapes";
        else if (!key_valid(entry.key))
                *reason = "the key has characters that keys do not have";
        else if (strlen(entry.origin) >= CONFIG_ORIGIN_MAX)
                *reason = "the origin is too long";
        else if (entries->n > 0 && strcmp(entries->items[entries->n - 1].key, entry.key) >= 0)
                *reason = "the keys are not in order";
        if (*reason) {
                entry_release(&entry);
                return -EINVAL;
        }
        return append_consume(entries, &entry);
}

int config_text_read(
        const char *text, size_t size, struct config_entries *ret_entries, struct problem *problem) {
        const size_t first = strlen(FIRST_LINE), last = strlen(LAST_LINE);
        struct config_entries entries = CONFIG_ENTRIES_NULL;
        const char *limit, *reason = NULL;
        size_t line = 1;

        if (size > CONFIG_TEXT_MAX)
                return problem_set(
                        problem, "configuration text: %zu bytes are more than %u", size, CONFIG_TEXT_MAX);
        if (memchr(text, '\0', size))
                return problem_set(problem, "configuration text: a NUL byte in it");
        if (size < first + last || memcmp(text, FIRST_LINE, first) != 0)
                return problem_set(
                        problem, "configuration text: does not begin with \"spoolguard-config 1\"");
        limit = text + size - last;
        if (limit[-1] != '\n' || memcmp(limit, LAST_LINE, last) != 0)
                return problem_set(problem, "configuration text: does not end with \"end\"");

        for (text += first; text < limit;) {
                int r;

                line++;
                r = read_line(&text, limit, &entries, &reason);
                if (r < 0) {
                        config_entries_deinit(&entries);
                        return reason ? problem_set(problem, "configuration text, line %zu: %s", line, reason)
                                      : r;
                }
        }
        *ret_entries = entries;
        return 0;
}
