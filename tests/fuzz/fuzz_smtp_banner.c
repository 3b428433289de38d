/* SPDX-License-Identifier: MIT */
/* fuzz_smtp_banner - any bytes, read as an SMTP reply: cut anywhere, the verdict is the same */
#include <errno.h>
#include <stdlib.h>

#include "common/smtp_reply.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct smtp_reply whole = {0}, pieces = {0};
        int code = smtp_reply_feed(&whole, (const char *)data, size), piece = 0;

        for (size_t at = 0, step = 1; at < size && piece == 0; at += step, step = step % 7 + 1)
                piece = smtp_reply_feed(
                        &pieces, (const char *)data + at, size - at < step ? size - at : step);
        if (code != piece || (code > 0 && (code < 200 || code > 599)) ||
                (code < 0 && code != -EBADMSG && code != -E2BIG) ||
                (code == 0 && size > SMTP_REPLY_BYTES_MAX))
                abort();
        return 0;
}
