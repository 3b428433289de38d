/* SPDX-License-Identifier: MIT */
/* fuzz_mounts - any text, read as /proc/self/mountinfo: a mount point that is found is one above the path */
#include <stdlib.h>
#include <string.h>

#include "disk/disk.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char path[] = "/var/log/journal";
        struct disk_mount mount;
        char *text = strndup((const char *)data, size);

        if (disk_mounts_find(text, path, &mount) &&
                (strlen(mount.point) > strlen(path) || strncmp(mount.point, path, strlen(mount.point)) != 0))
                abort();
        free(text);
        return 0;
}
