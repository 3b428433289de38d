/* SPDX-License-Identifier: MIT */
/*
 * queue_ring - numbers of messages that wait for a job, first come first served
 *
 * Runs in the watcher, as part of the sensor `queue`.  A ring that runs empty gives its memory back: the long ones
 * are those of the first minute.
 *
 * Owns its numbers.  Fails only for want of memory.  Limits: a number says nothing about the message that has it
 * by the time it is popped; the message's own mark of the job decides.
 */
#include <errno.h>
#include <stdlib.h>

#include "postfix/queue_spool.h"

int queue_ring_push(struct queue_ring *ring, uint32_t number) {
        uint32_t size = ring->size ? 2 * ring->size : 64, at, *numbers;

        if (ring->n == ring->size) {
                numbers = malloc(size * sizeof(*numbers));
                if (!numbers)
                        return -ENOMEM;
                /* It is full: all of it, from the head around to it. */
                for (uint32_t i = 0, from = ring->head; i < ring->n; i++) {
                        numbers[i] = ring->numbers[from];
                        from = from + 1 < ring->size ? from + 1 : 0;
                }
                free(ring->numbers);
                *ring = (struct queue_ring){.numbers = numbers, .n = ring->n, .size = size};
        }
        at = ring->head + ring->n++;
        ring->numbers[at < ring->size ? at : at - ring->size] = number;
        return 0;
}

bool queue_ring_pop(struct queue_ring *ring, uint32_t *ret_number) {
        if (ring->n == 0)
                return false;
        *ret_number = ring->numbers[ring->head];
        ring->head = ring->head + 1 < ring->size ? ring->head + 1 : 0;
        if (--ring->n == 0 && ring->size > 64)
                queue_ring_deinit(ring);
        return true;
}

void queue_ring_deinit(struct queue_ring *ring) {
        free(ring->numbers);
        *ring = (struct queue_ring){0};
}
