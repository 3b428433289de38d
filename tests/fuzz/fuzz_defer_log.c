/* SPDX-License-Identifier: MIT */
/* fuzz_defer_log - any bytes, read as a defer log: clean texts, no entry more for being cut, and a class for each */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "postfix/defer_log.h"
#include "postfix/reason.h"

static void check_text(const char *text, size_t size) {
        if (strnlen(text, size) >= size)
                abort();
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == 0x7f)
                        abort();
}

static void check(const struct defer_entry *entry, void *data) {
        struct reason reason;

        (void)data;
        check_text(entry->recipient, sizeof(entry->recipient));
        check_text(entry->status, sizeof(entry->status));
        check_text(entry->mta, sizeof(entry->mta));
        check_text(entry->diagnostic, sizeof(entry->diagnostic));
        check_text(entry->reason, sizeof(entry->reason));
        reason_classify(entry->reason, entry->status, entry->diagnostic, &reason);
        if (reason.class <= REASON_NONE || reason.class >= REASON_CLASSES || reason.port > UINT16_MAX)
                abort();
        check_text(reason.host, sizeof(reason.host));
        check_text(reason.address, sizeof(reason.address));
        /* A remote server that replied is alive, whatever it said. */
        if (strncmp(entry->reason, "host ", 5) == 0 && reason_is_dead(reason.class))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *bytes = (const char *)data;
        size_t n = defer_log_parse(bytes, size, false, check, NULL);

        if (defer_log_parse(bytes, size, true, check, NULL) > n ||
                defer_log_parse(bytes, size / 2, true, check, NULL) > n)
                abort();
        return 0;
}
