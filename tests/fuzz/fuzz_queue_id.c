/* SPDX-License-Identifier: MIT */
/* fuzz_queue_id - any name: what has a value has no other name, and every hash path stays in its directory */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "postfix/queue_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *name = strndup((const char *)data, size);
        char canonical[QUEUE_ID_MAX], path[2 * QUEUE_HASH_DEPTH_MAX + 1];
        bool legal = queue_id_is_legal(name);
        struct queue_id id;

        if (queue_id_parse(name, &id)) {
                queue_id_format(&id, canonical);
                if (!legal || strcmp(canonical, name) != 0)
                        abort();
        }
        for (unsigned depth = 0; legal && depth <= QUEUE_HASH_DEPTH_MAX + 1; depth++) {
                queue_id_hash_path(name, depth, path);
                if (strlen(path) != 2 * (depth < QUEUE_HASH_DEPTH_MAX ? depth : QUEUE_HASH_DEPTH_MAX))
                        abort();
                for (const char *at = path; *at; at += 2)
                        if (*at == '.' || *at == '/' || at[1] != '/')
                                abort();
        }
        free(name);
        return 0;
}
