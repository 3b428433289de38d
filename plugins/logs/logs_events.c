/* SPDX-License-Identifier: MIT */
/*
 * logs_events - which names changed, out of what inotify said
 *
 * Runs in the watcher.  Pure.  Thousands of writes to a few logs come down to those few names.  What cannot be
 * said by naming a file that is to be measured again asks for a new walk through the directories: something
 * was removed or renamed away, a directory came or went, the kernel's queue ran over, or there are more names
 * than fit here.
 *
 * Owns nothing.  Cannot fail.  Limits: LOGS_CHANGED_MAX names.
 */
#include <string.h>
#include <sys/inotify.h>

#include "logs/logs_sensor.h"

#define SLOTS (sizeof(((struct logs_events *)NULL)->slots) / sizeof(uint16_t))

void logs_events_clear(struct logs_events *events) {
        memset(events->slots, 0, sizeof(events->slots));
        events->n = events->used = 0;
        events->any = events->rescan = false;
}

static uint32_t hash(int wd, const char *name) {
        uint32_t h = 2166136261U ^ (uint32_t)wd;

        for (; *name; name++)
                h = (h ^ (unsigned char)*name) * 16777619U;
        return h;
}

static void add(struct logs_events *events, int wd, const char *name) {
        size_t slot = hash(wd, name) % SLOTS, length = strlen(name) + 1;

        for (; events->slots[slot] != 0; slot = (slot + 1) % SLOTS) {
                size_t i = events->slots[slot] - 1U;

                if (events->changed[i].wd == wd &&
                        strcmp(events->names + events->changed[i].name, name) == 0) {
                        events->changed[i].times++;
                        return;
                }
        }
        if (events->n == LOGS_CHANGED_MAX || length > sizeof(events->names) - events->used) {
                events->rescan = true;
                return;
        }
        memcpy(events->names + events->used, name, length);
        events->changed[events->n].wd = wd;
        events->changed[events->n].name = (uint32_t)events->used;
        events->changed[events->n].times = 1;
        events->used += length;
        events->slots[slot] = (uint16_t)++events->n;
}

void logs_events_parse(struct logs_events *events, const char *bytes, size_t size) {
        while (size >= sizeof(struct inotify_event)) {
                struct inotify_event event;
                const char *name = bytes + sizeof(event);

                memcpy(&event, bytes, sizeof(event));
                if (event.len > size - sizeof(event))
                        return;
                bytes += sizeof(event) + event.len;
                size -= sizeof(event) + event.len;
                if (event.mask & IN_IGNORED)
                        continue; /* follows on what was said before */
                events->any = true;
                if (event.mask &
                        (IN_Q_OVERFLOW | IN_ISDIR | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF |
                                IN_MOVE_SELF | IN_UNMOUNT))
                        events->rescan = true;
                else if (event.len > 0 && memchr(name, '\0', event.len))
                        add(events, event.wd, name);
        }
}
