/* SPDX-License-Identifier: MIT */
/*
 * logs_table - what was last seen of each file, found by its identity
 *
 * Runs in the watcher.  Open addressing over a power of two, at most two thirds full.  Nothing is ever taken
 * out: each walk through the directories fills a table of its own, which then replaces the old one, and so a
 * file that is gone is simply not in it.
 *
 * Owns the entries.  Fails only by saying no: LOGS_FILES_MAX are there, or memory is short.
 */
#include <stdlib.h>

#include "logs/logs_sensor.h"

#define LEAST 64

static size_t hash(const struct logs_identity *identity) {
        uint64_t mixed = identity->inode * UINT64_C(0x9e3779b97f4a7c15) + identity->root;

        mixed ^= mixed >> 32;
        return (size_t)(mixed * UINT64_C(0xd6e8feb86659fd93) >> 20);
}

struct logs_identity logs_identity_of(const struct statx *status, uint32_t root) {
        return (struct logs_identity){.inode = status->stx_ino,
                .birth_usec = (uint64_t)status->stx_btime.tv_sec * 1000000 + status->stx_btime.tv_nsec / 1000,
                .root = root};
}

bool logs_identity_equal(const struct logs_identity *a, const struct logs_identity *b) {
        return a->inode == b->inode && a->root == b->root && a->birth_usec == b->birth_usec;
}

static struct logs_entry *place_of(const struct logs_table *table, const struct logs_identity *identity) {
        size_t mask = table->allocated - 1, i = hash(identity) & mask;

        while (table->entries[i].identity.inode != 0 &&
                !logs_identity_equal(&table->entries[i].identity, identity))
                i = (i + 1) & mask;
        return &table->entries[i];
}

struct logs_entry *logs_table_find(const struct logs_table *table, const struct logs_identity *identity) {
        struct logs_entry *place;

        if (table->n == 0 || identity->inode == 0)
                return NULL;
        place = place_of(table, identity);
        return place->identity.inode != 0 ? place : NULL;
}

static bool grow(struct logs_table *table) {
        struct logs_table larger = {.allocated = table->allocated ? 2 * table->allocated : LEAST};

        larger.entries = calloc(larger.allocated, sizeof(*larger.entries));
        if (!larger.entries)
                return false;
        for (size_t i = 0; i < table->allocated; i++)
                if (table->entries[i].identity.inode != 0) {
                        *place_of(&larger, &table->entries[i].identity) = table->entries[i];
                        larger.n++;
                }
        free(table->entries);
        *table = larger;
        return true;
}

struct logs_entry *logs_table_insert(struct logs_table *table, const struct logs_entry *entry) {
        struct logs_entry *place;

        if (entry->identity.inode == 0 || table->n == LOGS_FILES_MAX ||
                (3 * (table->n + 1) > 2 * table->allocated && !grow(table)))
                return NULL;
        place = place_of(table, &entry->identity);
        table->n += place->identity.inode == 0;
        *place = *entry;
        return place;
}

void logs_table_deinit(struct logs_table *table) {
        free(table->entries);
        *table = (struct logs_table){0};
}
