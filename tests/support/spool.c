/* SPDX-License-Identifier: MIT */
/*
 * spool - a Postfix spool for tests: queue files and defer logs as Postfix 3.7 writes them
 *
 * Runs in tests, as whoever runs them.  Writes real files with the envelope that cleanup writes for mail by SMTP
 * (or sendmail and postdrop, in maildrop), in the same order of system calls: a message is created in incoming
 * below a temporary name, gets its own while it is still empty, and is made complete by its mode.  What waits in
 * another queue is moved there when it is complete, so a watcher sees one rename.
 *
 * Owns nothing between calls but the names in struct spool.  What fails here ends the program, since it says
 * nothing about the code under test.
 * Limits: the text of a message is one line repeated; milters change the sender and add one recipient, no more.
 */
#include "support/spool.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix/queue_id.h"

#define SIZES_LENGTH 95   /* of the C record: six numbers of 15 digits */
#define POINTER_LENGTH 15 /* of a p record */

/* Bytes of a queue file as it grows. */
struct image {
        unsigned char *bytes;
        size_t size, room;
};

size_t spool_encode_record(unsigned char *target, char type, const void *bytes, size_t size) {
        size_t n = 0, length = size;

        target[n++] = (unsigned char)type;
        do {
                target[n++] = (unsigned char)((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
                length >>= 7;
        } while (length > 0);
        if (size > 0)
                memcpy(target + n, bytes, size);
        return n + size;
}

/* Returns the offset of the record. */
static size_t put_bytes(struct image *image, char type, const void *bytes, size_t size) {
        size_t offset = image->size;

        if (image->room - image->size < size + 5) {
                image->room = 2 * image->room + size + 4096;
                image->bytes = realloc(image->bytes, image->room);
                if (!image->bytes)
                        err(2, "realloc");
        }
        image->size += spool_encode_record(image->bytes + image->size, type, bytes, size);
        return offset;
}

static size_t put(struct image *image, char type, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static size_t put(struct image *image, char type, const char *format, ...) {
        char text[4096];
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (n < 0 || (size_t)n >= sizeof(text))
                errx(2, "a record of more than %zu bytes", sizeof(text));
        return put_bytes(image, type, text, (size_t)n);
}

/* Overwrites a record of the same length, as Postfix does. */
static void put_again(struct image *image, size_t offset, char type, const char *text) {
        spool_encode_record(image->bytes + offset, type, text, strlen(text));
}

static void put_pointer(struct image *image, size_t offset, size_t target) {
        char text[POINTER_LENGTH + 1];

        snprintf(text, sizeof(text), "%15zu", target % 1000000000000000);
        put_again(image, offset, 'p', text);
}

static size_t put_recipient(struct image *image, const struct spool_recipient *recipient) {
        const char *original = recipient->original ? recipient->original : recipient->address;

        put(image, 'A', "dsn_orig_rcpt=rfc822;%s", original);
        put(image, 'O', "%s", original);
        return put(image, recipient->done ? 'D' : 'R', "%s", recipient->address);
}

static void put_recipients(
        struct image *image, const struct spool_message *message, struct spool_file *file) {
        for (size_t i = 0; i < SPOOL_RECIPIENTS_MAX && message->recipients[i].address; i++)
                file->offsets[i] = put_recipient(image, &message->recipients[i]);
        for (unsigned i = 0; i < message->more_recipients; i++) {
                char address[512];

                snprintf(address, sizeof(address), "u%u@%s", i,
                        message->more_domain ? message->more_domain : "example.test");
                put_recipient(image, &(struct spool_recipient){.address = address});
        }
}

static void put_content(struct image *image, const struct spool_message *message) {
        static const char line[] = "A line of a message that nobody reads, as long as lines mostly are.";
        size_t left = message->body_bytes ? message->body_bytes : 200;

        put(image, 'N', "Subject: test");
        put(image, 'N', "%s", "");
        for (; left > 0; left -= left < sizeof(line) ? left : sizeof(line))
                put(image, 'N', "%.*s", (int)(left < sizeof(line) ? left - 1 : sizeof(line) - 1), line);
}

static const char *sender_of(const struct spool_message *message) {
        return message->sender ? message->sender : "alice@example.test";
}

static unsigned long long arrival_of(const struct spool_message *message) {
        return message->arrival_seconds ? message->arrival_seconds : SPOOL_ARRIVAL;
}

/* What sendmail hands to postdrop, which sets the time. */
static void encode_maildrop(
        struct image *image, const struct spool_message *message, struct spool_file *ret_file) {
        put(image, 'T', "%llu %u", arrival_of(message), 862429);
        put(image, 'A', "rewrite_context=local");
        put(image, 'F', "Alice");
        put(image, 'S', "%s", sender_of(message));
        put(image, 'A', "dsn_orig_rcpt=rfc822;postmaster@example.test");
        put_recipients(image, message, ret_file);
        put(image, 'M', "%s", "");
        put_content(image, message);
        put(image, 'X', "%s", "");
        put(image, 'E', "%s", "");
        ret_file->size_bytes = image->size;
}

static void put_client(struct image *image) {
        static const char *const attributes[] = {"log_client_name=client.example.test",
                "log_client_address=192.0.2.7", "log_client_port=51234",
                "log_message_origin=client.example.test[192.0.2.7]", "log_helo_name=client.example.test",
                "log_protocol_name=ESMTP", "client_name=client.example.test",
                "reverse_client_name=client.example.test", "client_address=192.0.2.7", "client_port=51234",
                "server_address=192.0.2.1", "server_port=25", "helo_name=client.example.test",
                "protocol_name=ESMTP", "client_address_type=2"};

        for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
                put(image, 'A', "%s", attributes[i]);
}

static void encode_queued(
        struct image *image, const struct spool_message *message, struct spool_file *ret_file) {
        unsigned long long arrival = arrival_of(message);
        unsigned long long created = message->create_seconds ? message->create_seconds : arrival;
        size_t sender, behind_sender, content, extra, tail = 0, behind_tail;
        char sizes[SIZES_LENGTH + 1];

        put(image, 'C', "%15d %15d %15d %15d %15d %15d", 0, 0, 0, 0, 0, 0);
        put(image, 'T', "%llu %u", arrival, 862429);
        put(image, 'A', "create_time=%llu", created);
        put(image, 'A', "log_ident=%s", message->id ? message->id : "D3028");
        put(image, 'A', "rewrite_context=remote");
        if (message->filter)
                put(image, 'L', "%s", message->filter);
        sender = put(image, 'S', "%s", sender_of(message));
        /* With a milter, Postfix makes room for a pointer in place of a short sender. */
        if (message->milter_sender && image->size - sender < POINTER_LENGTH + 2)
                put(image, 'w', "%*s", POINTER_LENGTH, "");
        behind_sender = image->size;
        put_client(image);
        put_recipients(image, message, ret_file);
        if (message->milter_sender)
                put(image, 'p', "%15d", 0);
        put(image, 'M', "%s", "");
        content = image->size;
        put_content(image, message);
        extra = image->size;
        ret_file->size_bytes = extra - content;
        put(image, 'X', "%s", "");
        if (message->unfinished)
                return;
        if (message->milter_sender)
                tail = put(image, 'p', "%15d", 0);
        behind_tail = image->size;
        put(image, 'E', "%s", "");
        if (message->milter_sender) {
                put_pointer(image, sender, image->size);
                put(image, 'S', "%s", message->milter_sender);
                put_pointer(image, put(image, 'p', "%15d", 0), behind_sender);
        }
        if (message->milter_sender && message->milter_recipient) {
                put_pointer(image, tail, image->size);
                ret_file->milter_offset =
                        put_recipient(image, &(struct spool_recipient){.address = message->milter_recipient});
                put_pointer(image, put(image, 'p', "%15d", 0), behind_tail);
        }
        snprintf(sizes, sizeof(sizes), "%15zu %15zu %15d %15d %15zu %15d", extra - content, content, 1, 0,
                extra - content, 0);
        put_again(image, 0, 'C', sizes);
}

unsigned char *spool_encode(
        const struct spool_message *message, size_t *ret_size, struct spool_file *ret_file) {
        struct spool_file file = {.size_bytes = 0};
        struct image image = {.size = 0};

        if (message->queue && strcmp(message->queue, "maildrop") == 0)
                encode_maildrop(&image, message, &file);
        else
                encode_queued(&image, message, &file);
        *ret_size = image.size;
        if (ret_file)
                *ret_file = file;
        return image.bytes;
}

static bool is_hashed(const char *queue) {
        return strcmp(queue, "deferred") == 0 || strcmp(queue, "defer") == 0;
}

const char *spool_path(const struct spool *spool, const char *queue, const char *id) {
        static char paths[4][PATH_MAX];
        static unsigned next;
        char *path = paths[next++ % 4], hash[2 * QUEUE_HASH_DEPTH_MAX + 1];

        queue_id_hash_path(id, is_hashed(queue) ? spool->hash_depth : 0, hash);
        snprintf(path, PATH_MAX, "%s/%s/%s%s", spool->path, queue, hash, id);
        return path;
}

/* All directories on the way to `path`, which is absolute. */
static void make_parents(const char *path) {
        char parent[PATH_MAX];

        snprintf(parent, sizeof(parent), "%s", path);
        for (char *slash = parent; (slash = strchr(slash + 1, '/'));) {
                *slash = '\0';
                if (mkdir(parent, 0755) < 0 && errno != EEXIST)
                        err(2, "%s", parent);
                *slash = '/';
        }
}

void spool_open(struct spool *spool, const char *path) {
        static const struct {
                const char *name;
                mode_t mode;
        } directories[] = {{"maildrop", 01730}, {"incoming", 0700}, {"active", 0700}, {"deferred", 0700},
                {"hold", 0700}, {"corrupt", 0700}, {"defer", 0700}, {"bounce", 0700}, {"trace", 0700},
                {"flush", 0700}, {"pid", 0755}};

        *spool = (struct spool){.hash_depth = 1};
        if (snprintf(spool->path, sizeof(spool->path), "%s", path) >= (int)sizeof(spool->path))
                errx(2, "%s: too long", path);
        for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
                char directory[PATH_MAX];

                snprintf(directory, sizeof(directory), "%s/%s", spool->path, directories[i].name);
                make_parents(directory);
                /* One that is there is Postfix's own, as a real one has it. */
                if (mkdir(directory, 0700) < 0 ? errno != EEXIST : chmod(directory, directories[i].mode) < 0)
                        err(2, "%s", directory);
        }
}

void spool_init(struct spool *spool, const char *root) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", root, SPOOL_DIRECTORY);
        spool_open(spool, path);
}

static void rename_into(const char *from, const char *to) {
        if (rename(from, to) == 0)
                return;
        make_parents(to);
        if (rename(from, to) < 0)
                err(2, "%s to %s", from, to);
}

static void set_mtime(int directory, const char *path, uint64_t seconds) {
        struct timespec times[2] = {{.tv_sec = (time_t)seconds}, {.tv_sec = (time_t)seconds}};

        if (utimensat(directory, path, times, 0) < 0)
                err(2, "%s", path);
}

/* Microseconds that are never the same twice, spread over the hash directories. */
static unsigned next_usec(struct spool *spool) {
        return spool->serial++ * 271829u % 1000000;
}

static void make_id(
        const struct spool_message *message, unsigned usec, uint64_t inode, char id[static SPOOL_ID_MAX]) {
        struct queue_id made = {.inode = inode, .stamp = usec};

        if (message->long_id)
                made.stamp |= UINT64_C(1) << 63 | (uint64_t)arrival_of(message) << 20;
        if (message->id)
                snprintf(id, SPOOL_ID_MAX, "%s", message->id);
        else
                queue_id_format(&made, id);
}

void spool_add(struct spool *spool, const struct spool_message *message, struct spool_file *ret_file) {
        const char *queue = message->queue ? message->queue : "deferred";
        bool maildrop = strcmp(queue, "maildrop") == 0;
        /* Where it is created, and where it is found in the end. */
        const char *birth = maildrop ? "maildrop" : "incoming";
        mode_t mode = message->mode ? message->mode : message->unfinished ? 0600 : maildrop ? 0744 : 0700;
        char temporary[PATH_MAX], id[SPOOL_ID_MAX];
        struct spool_message named = *message;
        unsigned usec = next_usec(spool);
        struct spool_file file;
        unsigned char *bytes;
        struct stat status;
        size_t size;
        int fd;

        snprintf(temporary, sizeof(temporary), "%s/%s/%u.%d", spool->path, birth, usec, (int)getpid());
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || fstat(fd, &status) < 0)
                err(2, "%s", temporary);
        make_id(message, usec, status.st_ino, id);
        named.id = id;
        bytes = spool_encode(&named, &size, &file);
        snprintf(file.queue, sizeof(file.queue), "%s", queue);
        snprintf(file.id, sizeof(file.id), "%s", id);
        file.inode = status.st_ino;
        if (strcmp(queue, birth) == 0)
                rename_into(temporary, spool_path(spool, queue, file.id));
        if (write(fd, bytes, size) != (ssize_t)size || fchmod(fd, mode) < 0)
                err(2, "%s", file.id);
        close(fd);
        free(bytes);
        if (message->next_retry_seconds)
                set_mtime(AT_FDCWD, strcmp(queue, birth) == 0 ? spool_path(spool, queue, file.id) : temporary,
                        message->next_retry_seconds);
        if (strcmp(queue, birth) != 0)
                rename_into(temporary, spool_path(spool, queue, file.id));
        if (ret_file)
                *ret_file = file;
}

void spool_move(struct spool *spool, struct spool_file *file, const char *queue) {
        rename_into(spool_path(spool, file->queue, file->id), spool_path(spool, queue, file->id));
        snprintf(file->queue, sizeof(file->queue), "%s", queue);
}

void spool_remove(struct spool *spool, const struct spool_file *file) {
        if (unlink(spool_path(spool, "defer", file->id)) < 0 && errno != ENOENT)
                err(2, "defer/%s", file->id);
        if (unlink(spool_path(spool, file->queue, file->id)) < 0)
                err(2, "%s/%s", file->queue, file->id);
}

void spool_done(struct spool *spool, const struct spool_file *file, size_t i) {
        const char *path = spool_path(spool, file->queue, file->id);
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || pwrite(fd, "D", 1, (off_t)file->offsets[i]) != 1)
                err(2, "%s", path);
        close(fd);
}

void spool_set_retry(struct spool *spool, const struct spool_file *file, uint64_t seconds) {
        set_mtime(AT_FDCWD, spool_path(spool, file->queue, file->id), seconds);
}

void spool_defer(struct spool *spool, const char *id, const struct spool_deferral *deferral) {
        const char *path = spool_path(spool, "defer", id);
        const char *reason = deferral->reason
                ? deferral->reason
                : "connect to mx.example.test[192.0.2.1]:25: Connection timed out";
        FILE *stream;

        stream = fopen(path, "ae");
        if (!stream && errno == ENOENT) {
                make_parents(path);
                stream = fopen(path, "ae");
        }
        if (!stream)
                err(2, "%s", path);
        fprintf(stream, "\n<%s>: %s\nrecipient=%s\n", deferral->recipient, reason, deferral->recipient);
        if (deferral->offset)
                fprintf(stream, "offset=%llu\n", (unsigned long long)deferral->offset);
        fprintf(stream, "dsn_orig_rcpt=rfc822;%s\nstatus=%s\naction=delayed\n", deferral->recipient,
                deferral->status ? deferral->status : "4.4.1");
        if (deferral->diagnostic)
                fprintf(stream, "diag_type=smtp\ndiag_text=%s\n", deferral->diagnostic);
        if (deferral->mta)
                fprintf(stream, "mta_type=dns\nmta_mname=%s\n", deferral->mta);
        fprintf(stream, "reason=%s\n\n", reason);
        if (fclose(stream) != 0)
                err(2, "%s", path);
}

void spool_defer_nothing(struct spool *spool, const char *id, size_t lines) {
        const char *path = spool_path(spool, "defer", id);
        FILE *stream = fopen(path, "ae");

        if (!stream)
                err(2, "%s", path);
        while (lines-- > 0)
                fputc('\n', stream);
        if (fclose(stream) != 0)
                err(2, "%s", path);
}
