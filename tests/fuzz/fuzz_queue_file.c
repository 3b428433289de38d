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

static void hear(const char *address, uint64_t offset, void *data) {
        struct heard *heard = data;
        char domain[QUEUE_DOMAIN_MAX];

        check_text(address);
        if (offset >= heard->size)
                abort();
        queue_file_domain(address, domain);
        if (domain[0] == '.' || strlen(domain) >= QUEUE_DOMAIN_MAX)
                abort();
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
