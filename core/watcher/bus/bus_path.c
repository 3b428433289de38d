/* SPDX-License-Identifier: MIT */
/*
 * bus_path - names of things as components of D-Bus object paths
 *
 * Runs in: watcher.  Pure.  A path component may hold letters, digits and '_' only, while names of conditions
 * hold file system paths.  The escaping is the one of sd_bus_path_encode(3), so that clients decode it with a
 * function they have: letters stay, digits stay behind the first byte, the rest becomes "_xx", and the empty
 * name is "_".  Numbers of incidents and runs need no escaping and stay readable ("incident/7").
 *
 * Limits: names are at most CONDITION_NAME_MAX bytes; what is longer is cut.
 */
#include "watcher/bus/bus_path.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

static bool is_letter(char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

void bus_path_encode(const char *name, char leaf[static BUS_LEAF_MAX]) {
        static const char hex[] = "0123456789abcdef";
        size_t used = 0;

        for (size_t i = 0; name[i] && used + 3 < BUS_LEAF_MAX; i++) {
                bool digit = name[i] >= '0' && name[i] <= '9';

                if (is_letter(name[i]) || (digit && i > 0)) {
                        leaf[used++] = name[i];
                } else {
                        leaf[used++] = '_';
                        leaf[used++] = hex[(unsigned char)name[i] >> 4];
                        leaf[used++] = hex[(unsigned char)name[i] & 15];
                }
        }
        if (used == 0)
                leaf[used++] = '_';
        leaf[used] = '\0';
}

void bus_path_make(const char *folder, const char *leaf, char path[static BUS_PATH_MAX]) {
        text_format(path, BUS_PATH_MAX, "%s/%s/%s", BUS_ROOT, folder, leaf);
}
