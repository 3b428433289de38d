/* SPDX-License-Identifier: MIT */
/*
 * queue_table - every message of a spool, by its ID
 *
 * Runs in the watcher, as part of the sensor `queue`.  Messages lie in chunks of fixed size, so that they never
 * move, no turn of the loop pays for copying a million of them, and a chunk goes back to the system with the last
 * of its messages.  The index is 256 small hash tables of message numbers, each of which grows by itself, for the
 * same reason.  Removal moves later entries up instead of leaving tombstones.
 *
 * Owns all of it; knows nothing about what the fields mean.  Fails only by being full: QUEUE_MESSAGES_MAX, or
 * memory.  Cost: 48 bytes per message and 5 to 11 for the index; 8 more for each message of a chunk in which one
 * has another inode than its ID says, as in a spool that was copied here.
 */
#include "postfix/queue_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_MESSAGES 1023u /* with what stands before them, twelve pages */
#define SEGMENTS 256u
#define NO_MESSAGE UINT32_MAX

struct queue_chunk {
        uint32_t number, n_used;
        uint64_t *inodes; /* of restored messages; NULL: there was none */
        struct queue_message messages[CHUNK_MESSAGES];
};
_Static_assert(sizeof(struct queue_chunk) <= (size_t)12 * 4096, "a chunk is twelve pages");

struct queue_segment {
        uint32_t *slots; /* message numbers */
        uint32_t n_slots, n;
};

static uint64_t hash_of(const struct queue_id *id) {
        uint64_t hash =
                (id->inode ^ (id->stamp * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xd6e8feb86659fd93);

        hash ^= hash >> 32;
        hash *= UINT64_C(0xd6e8feb86659fd93);
        return hash ^ (hash >> 32);
}

int queue_table_init(struct queue_table *table, uint32_t max) {
        *table = (struct queue_table){.max = max};
        table->segments = calloc(SEGMENTS, sizeof(*table->segments));
        return table->segments ? 0 : -ENOMEM;
}

/* Mapped, since free() keeps what is smaller than its threshold for itself. */
static struct queue_chunk *new_chunk(void) {
        void *chunk = mmap(
                NULL, sizeof(struct queue_chunk), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return chunk == MAP_FAILED ? NULL : chunk;
}

static void free_chunk(struct queue_chunk *chunk) {
        if (!chunk)
                return;
        free(chunk->inodes);
        munmap(chunk, sizeof(*chunk));
}

void queue_table_deinit(struct queue_table *table) {
        for (uint32_t i = 0; i < table->n_chunks; i++)
                free_chunk(table->chunks[i]);
        free(table->chunks);
        for (uint32_t i = 0; table->segments && i < SEGMENTS; i++)
                free(table->segments[i].slots);
        free(table->segments);
        *table = (struct queue_table){0};
}

struct queue_message *queue_table_at(const struct queue_table *table, uint32_t number) {
        struct queue_chunk *chunk =
                number / CHUNK_MESSAGES < table->n_chunks ? table->chunks[number / CHUNK_MESSAGES] : NULL;
        struct queue_message *message = chunk ? &chunk->messages[number % CHUNK_MESSAGES] : NULL;

        return message && message->used ? message : NULL;
}

static struct queue_segment *segment_of(const struct queue_table *table, uint64_t hash) {
        return &table->segments[hash >> 56];
}

/* The slot where the ID is, or the free one where it would be. */
static uint32_t *slot_of(const struct queue_table *table, const struct queue_id *id) {
        uint64_t hash = hash_of(id);
        const struct queue_segment *segment = segment_of(table, hash);
        uint32_t mask = segment->n_slots - 1;

        for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
                const struct queue_message *message;

                if (segment->slots[i] == NO_MESSAGE)
                        return &segment->slots[i];
                message = queue_table_at(table, segment->slots[i]);
                if (message->id.inode == id->inode && message->id.stamp == id->stamp)
                        return &segment->slots[i];
        }
}

struct queue_message *queue_table_find(const struct queue_table *table, const struct queue_id *id) {
        uint32_t *slot = segment_of(table, hash_of(id))->n ? slot_of(table, id) : NULL;

        return slot && *slot != NO_MESSAGE ? queue_table_at(table, *slot) : NULL;
}

/* Room for one entry more, at three quarters full at most. */
static int segment_grow(struct queue_table *table, struct queue_segment *segment) {
        struct queue_segment old = *segment;
        uint32_t n_slots = old.n_slots ? 2 * old.n_slots : 16;

        if ((old.n + 1) * 4 <= old.n_slots * 3)
                return 0;
        segment->slots = malloc(n_slots * sizeof(*segment->slots));
        if (!segment->slots) {
                segment->slots = old.slots;
                return -ENOMEM;
        }
        memset(segment->slots, 0xff, n_slots * sizeof(*segment->slots));
        segment->n_slots = n_slots;
        for (uint32_t i = 0; i < old.n_slots; i++)
                if (old.slots[i] != NO_MESSAGE)
                        *slot_of(table, &queue_table_at(table, old.slots[i])->id) = old.slots[i];
        free(old.slots);
        return 0;
}

static struct queue_chunk *roomy_chunk(struct queue_table *table) {
        struct queue_chunk **chunks, *chunk;

        while (table->roomy < table->n_chunks && table->chunks[table->roomy] &&
                table->chunks[table->roomy]->n_used == CHUNK_MESSAGES)
                table->roomy++;
        if (table->roomy == table->n_chunks) {
                chunks = realloc(table->chunks, (table->n_chunks + 16) * sizeof(struct queue_chunk *));
                if (!chunks)
                        return NULL;
                memset(chunks + table->n_chunks, 0, 16 * sizeof(struct queue_chunk *));
                table->chunks = chunks;
                table->n_chunks += 16;
        }
        chunk = table->chunks[table->roomy];
        if (!chunk) {
                chunk = new_chunk();
                if (!chunk)
                        return NULL;
                chunk->number = table->roomy;
                table->chunks[table->roomy] = chunk;
        }
        return chunk;
}

struct queue_message *queue_table_add(
        struct queue_table *table, const struct queue_id *id, uint32_t *ret_number) {
        struct queue_chunk *chunk;
        uint32_t i = 0;

        if (table->n >= table->max || segment_grow(table, segment_of(table, hash_of(id))) < 0)
                return NULL;
        chunk = roomy_chunk(table);
        if (!chunk)
                return NULL;
        /* Chunks fill from the front and are emptied at random: the first probe usually hits. */
        for (i = chunk->n_used; chunk->messages[i].used; i = (i + 1) % CHUNK_MESSAGES)
                ;
        chunk->messages[i] = (struct queue_message){.id = *id, .used = true};
        chunk->n_used++;
        *ret_number = chunk->number * CHUNK_MESSAGES + i;
        *slot_of(table, id) = *ret_number;
        segment_of(table, hash_of(id))->n++;
        table->n++;
        return &chunk->messages[i];
}

/* Closes the gap at `hole`, so that no probe ends too early. */
static void segment_close_gap(struct queue_table *table, struct queue_segment *segment, uint32_t hole) {
        uint32_t mask = segment->n_slots - 1;

        for (uint32_t i = (hole + 1) & mask; segment->slots[i] != NO_MESSAGE; i = (i + 1) & mask) {
                uint32_t home = (uint32_t)hash_of(&queue_table_at(table, segment->slots[i])->id) & mask;

                if (((i - home) & mask) < ((i - hole) & mask))
                        continue;
                segment->slots[hole] = segment->slots[i];
                hole = i;
        }
        segment->slots[hole] = NO_MESSAGE;
}

void queue_table_remove(struct queue_table *table, struct queue_message *message) {
        struct queue_segment *segment = segment_of(table, hash_of(&message->id));
        uint32_t *slot = slot_of(table, &message->id), at = *slot / CHUNK_MESSAGES;
        struct queue_chunk *chunk = table->chunks[at];

        segment_close_gap(table, segment, (uint32_t)(slot - segment->slots));
        message->used = false;
        table->n--;
        if (--segment->n == 0) {
                free(segment->slots);
                *segment = (struct queue_segment){0};
        }
        if (at < table->roomy)
                table->roomy = at;
        if (--chunk->n_used == 0) {
                free_chunk(chunk);
                table->chunks[at] = NULL;
        }
}

uint32_t queue_table_number(const struct queue_table *table, const struct queue_message *message) {
        return *slot_of(table, &message->id);
}

uint64_t queue_table_inode(const struct queue_table *table, const struct queue_message *message) {
        uint32_t number;

        if (!message->has_inode)
                return 0;
        if (!message->is_restored)
                return message->id.inode;
        number = queue_table_number(table, message);
        return table->chunks[number / CHUNK_MESSAGES]->inodes[number % CHUNK_MESSAGES];
}

int queue_table_set_inode(struct queue_table *table, struct queue_message *message, uint64_t inode) {
        struct queue_chunk *chunk;
        uint32_t number;

        message->has_inode = true;
        message->is_restored = inode != message->id.inode;
        if (!message->is_restored)
                return 0;
        number = queue_table_number(table, message);
        chunk = table->chunks[number / CHUNK_MESSAGES];
        if (!chunk->inodes)
                chunk->inodes = calloc(CHUNK_MESSAGES, sizeof(*chunk->inodes));
        if (!chunk->inodes) {
                message->has_inode = message->is_restored = false;
                return -ENOMEM;
        }
        chunk->inodes[number % CHUNK_MESSAGES] = inode;
        return 0;
}

uint32_t queue_table_end(const struct queue_table *table) {
        return table->n_chunks * CHUNK_MESSAGES;
}
