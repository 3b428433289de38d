/* SPDX-License-Identifier: MIT */
/*
 * queue_id - names of queue files: which are legal, what they say, and where they are hashed to
 *
 * Runs in the watcher and in children of the executor.  Pure functions over names that may be hostile: a queue
 * directory can hold anything, and the watcher's selections are a stranger's words.
 *
 * A short ID is five hexadecimal digits of microseconds and the inode in hexadecimal.  A long one is seconds
 * (six digits or more) and microseconds (four) to the base of 52, a `z`, and the inode to the base of 51: the
 * digits are those of the base of 52 without its last, which is `z`.  A name is long if its last `z` has at least
 * ten characters in front of it, whatever they are.
 *
 * Fails with false.  Limits: seconds below 2^43; every other name, though legal, has no struct queue_id.
 */
#include "postfix/queue_id.h"

#include <string.h>

#define LEGAL_MAX 255
#define SHORT_USEC_DIGITS 5
#define LONG_SECONDS_DIGITS 6
#define LONG_USEC_DIGITS 4
#define USEC_PER_SECOND 1000000u
#define USEC_BITS 20
#define SECONDS_BITS 43
#define IS_LONG (UINT64_C(1) << 63)

static const char digits52[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
static const char digits16[] = "0123456789ABCDEF";

static bool is_legal_character(unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool queue_id_is_legal(const char *name) {
        size_t n = 0;

        while (n <= LEGAL_MAX && is_legal_character((unsigned char)name[n]))
                n++;
        return n > 0 && n <= LEGAL_MAX && name[n] == '\0';
}

/* -1: it is none. */
static int value16(char digit) {
        return digit >= '0' && digit <= '9'    ? digit - '0'
                : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                               : -1;
}

static int value52(char digit) {
        const char *found = digit ? strchr(digits52, digit) : NULL;

        return found ? (int)(found - digits52) : -1;
}

static bool decode(const char *text, size_t length, unsigned base, uint64_t *ret_value) {
        uint64_t value = 0;

        if (length == 0)
                return false;
        for (size_t i = 0; i < length; i++) {
                int digit = base == 16 ? value16(text[i]) : value52(text[i]);

                if (digit < 0 || (unsigned)digit >= base || __builtin_mul_overflow(value, base, &value) ||
                        __builtin_add_overflow(value, (uint64_t)digit, &value))
                        return false;
        }
        *ret_value = value;
        return true;
}

/* A number that is longer than it has to be has no zero in front: two names would have one value. */
static bool is_canonical(const char *text, size_t length, size_t width) {
        return length == width || text[0] != '0';
}

static size_t encode(uint64_t value, const char *digits, unsigned base, size_t width, char *target) {
        char reversed[64];
        size_t n = 0;

        do {
                reversed[n++] = digits[value % base];
                value /= base;
        } while (value > 0 || n < width);
        for (size_t i = 0; i < n; i++)
                target[i] = reversed[n - 1 - i];
        return n;
}

/* The `z` that makes it a long one, or NULL. */
static const char *find_separator(const char *name) {
        const char *separator = strrchr(name, 'z');

        return separator && separator - name >= LONG_SECONDS_DIGITS + LONG_USEC_DIGITS ? separator : NULL;
}

static bool parse_short(const char *name, size_t length, struct queue_id *ret_id) {
        const char *inode = name + SHORT_USEC_DIGITS;
        uint64_t usec;

        if (length <= SHORT_USEC_DIGITS || !decode(name, SHORT_USEC_DIGITS, 16, &usec) ||
                !decode(inode, length - SHORT_USEC_DIGITS, 16, &ret_id->inode) || usec >= USEC_PER_SECOND)
                return false;
        ret_id->stamp = usec;
        return is_canonical(inode, length - SHORT_USEC_DIGITS, 1);
}

static bool parse_long(const char *name, size_t length, const char *separator, struct queue_id *ret_id) {
        const char *usec_digits = separator - LONG_USEC_DIGITS, *inode = separator + 1;
        size_t n_seconds = (size_t)(usec_digits - name), n_inode = length - (size_t)(inode - name);
        uint64_t seconds, usec;

        if (!decode(name, n_seconds, 52, &seconds) || !decode(usec_digits, LONG_USEC_DIGITS, 52, &usec) ||
                !decode(inode, n_inode, 51, &ret_id->inode) || usec >= USEC_PER_SECOND ||
                seconds >> SECONDS_BITS)
                return false;
        ret_id->stamp = IS_LONG | seconds << USEC_BITS | usec;
        return is_canonical(name, n_seconds, LONG_SECONDS_DIGITS) && is_canonical(inode, n_inode, 1);
}

bool queue_id_parse(const char *name, struct queue_id *ret_id) {
        const char *separator = find_separator(name);
        size_t length = strlen(name);
        struct queue_id id;

        if (length >= QUEUE_ID_MAX ||
                !(separator ? parse_long(name, length, separator, &id) : parse_short(name, length, &id)))
                return false;
        *ret_id = id;
        return true;
}

void queue_id_format(const struct queue_id *id, char name[static QUEUE_ID_MAX]) {
        uint64_t usec = id->stamp & ((UINT64_C(1) << USEC_BITS) - 1);
        uint64_t seconds = (id->stamp & ~IS_LONG) >> USEC_BITS;
        size_t n;

        if (id->stamp & IS_LONG) {
                n = encode(seconds, digits52, 52, LONG_SECONDS_DIGITS, name);
                n += encode(usec, digits52, 52, LONG_USEC_DIGITS, name + n);
                name[n++] = 'z';
                n += encode(id->inode, digits52, 51, 1, name + n);
        } else {
                n = encode(usec, digits16, 16, SHORT_USEC_DIGITS, name);
                n += encode(id->inode, digits16, 16, 1, name + n);
        }
        name[n] = '\0';
}

void queue_id_hash_path(const char *name, unsigned depth, char path[static 2 * QUEUE_HASH_DEPTH_MAX + 1]) {
        const char *separator = find_separator(name), *key = name;
        char usec_key[16];
        size_t n = 0;

        if (separator) {
                uint64_t usec;

                /* Of a vowel, which is no digit, Postfix makes 0 as well. */
                if (!decode(separator - LONG_USEC_DIGITS, LONG_USEC_DIGITS, 52, &usec))
                        usec = 0;
                usec_key[encode(usec, digits16, 16, SHORT_USEC_DIGITS, usec_key)] = '\0';
                key = usec_key;
        }
        for (unsigned i = 0; i < depth && i < QUEUE_HASH_DEPTH_MAX; i++) {
                path[n++] = *key ? *key++ : '_';
                path[n++] = '/';
        }
        path[n] = '\0';
}
