/* SPDX-License-Identifier: MIT */
/* fuzz_queue_file - any bytes, read as a queue file: reading ends, and steps of any size read the same */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "postfix/queue_file.h"

#define STEP_SMALL 64u

struct heard {
        size_t n;
        uint64_t size;
};

static void check_text(const char *text) {
        if (strlen(text) >= QUEUE_FILE_ADDRESS_MAX)
                abort();
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == 0x7f)
                        abort();
}

/* qshape's own two substitutions, one after the other. */
static void check_domain(const char *address, const char *domain) {
        char expected[QUEUE_FILE_ADDRESS_MAX];
        const char *at = strrchr(address, '@');
        size_t n = 0, start = 0;

        for (at = at ? at + 1 : address; *at; at += at[0] == '.' && at[1] == '.' ? 2 : 1)
                expected[n++] = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        if (n > 1 && expected[0] == '.')
                start = 1;
        if (n > start + 1 && expected[n - 1] == '.')
                n--;
        /* What is longer is cut, and that comes first. */
        if (n - start < QUEUE_DOMAIN_MAX - 2 &&
                (strlen(domain) != n - start || memcmp(domain, expected + start, n - start) != 0))
                abort();
}

static void hear(const char *address, uint64_t offset, void *data) {
        struct heard *heard = data;
        char domain[QUEUE_DOMAIN_MAX];

        check_text(address);
        if (offset >= heard->size)
                abort();
        queue_file_domain(address, domain);
        if (strlen(domain) >= QUEUE_DOMAIN_MAX)
                abort();
        check_domain(address, domain);
        heard->n++;
}

static int read_all(struct queue_file_reader *reader, int fd, size_t size, bool maildrop, uint32_t step) {
        struct heard heard = {.size = size};
        int state;

        queue_file_reader_init(reader, fd, size, maildrop, hear, &heard);
        do
                state = queue_file_reader_step(reader, step);
        while (state == QUEUE_FILE_MORE);
        if (state < QUEUE_FILE_DONE || state > QUEUE_FILE_BAD || heard.n != reader->file.recipients_left ||
                reader->bytes_read > QUEUE_FILE_READ_MAX + QUEUE_FILE_BUFFER ||
                reader->jumps > QUEUE_FILE_JUMPS_MAX + 1)
                abort();
        if ((state == QUEUE_FILE_BAD) != (reader->file.bad != NULL))
                abort();
        if (state == QUEUE_FILE_DONE &&
                (!reader->file.arrival_seconds || !reader->file.create_seconds ||
                        reader->file.size_bytes > size))
                abort();
        check_text(reader->file.sender);
        check_text(reader->file.filter);
        return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct queue_file_reader one, other;
        int fd = memfd_create("queue-file", MFD_CLOEXEC);

        if (fd < 0 || write(fd, data, size) != (ssize_t)size)
                abort();
        for (int maildrop = 0; maildrop < 2; maildrop++) {
                int state = read_all(&one, fd, size, maildrop, UINT32_MAX);

                if (read_all(&other, fd, size, maildrop, STEP_SMALL) != state ||
                        one.file.recipients_left != other.file.recipients_left ||
                        one.file.recipients_done != other.file.recipients_done ||
                        one.file.arrival_seconds != other.file.arrival_seconds ||
                        strcmp(one.file.sender, other.file.sender) != 0)
                        abort();
        }
        close(fd);
        return 0;
}
