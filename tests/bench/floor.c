/* SPDX-License-Identifier: MIT */
/*
 * floor - the least that anybody must do who wants to know what is in queue files
 *
 * Runs by hand and in tests/bench.  Lists every directory named, those below included, and opens, reads once and
 * closes every file in them; a queue is named together with its logs, when reasons are asked for as well.  Nothing
 * is parsed and nothing kept.
 *
 * With --noatime as first argument the inodes are not written for having been read, which is less than most can
 * do: it is for the owner of the files and root.
 *
 * Prints files, bytes, seconds of the clock and of the processor.  Ends with status 2 at a directory that
 * cannot be read; files that vanish meanwhile do not matter.
 * Limits: 4 KiB of a file.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t n_files, n_bytes;
static int more_flags;

static void read_file(int directory, const char *name) {
        char buffer[4096];
        int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | more_flags);
        ssize_t n;

        if (fd < 0)
                return;
        n = read(fd, buffer, sizeof(buffer));
        n_files++;
        n_bytes += n > 0 ? (uint64_t)n : 0;
        close(fd);
}

/* As deep as Postfix hashes its queues, which is not deep. */
static void read_directory(int parent, const char *name) { /* NOLINT(misc-no-recursion) */
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
        const struct dirent *entry;

        if (!directory)
                err(2, "%s", name);
        while ((entry = readdir(directory))) {
                if (entry->d_name[0] == '.')
                        continue;
                if (entry->d_type == DT_DIR)
                        read_directory(fd, entry->d_name);
                else
                        read_file(fd, entry->d_name);
        }
        closedir(directory);
}

static double seconds(struct timeval time) {
        return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv) {
        struct timespec start, end;
        struct rusage usage;
        int first = 1;

        if (argc > 1 && strcmp(argv[1], "--noatime") == 0) {
                more_flags = O_NOATIME;
                first++;
        }
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (int i = first; i < argc; i++)
                read_directory(AT_FDCWD, argv[i]);
        clock_gettime(CLOCK_MONOTONIC, &end);
        getrusage(RUSAGE_SELF, &usage);
        printf("files=%llu bytes=%llu wall=%.6f cpu=%.6f\n", (unsigned long long)n_files,
                (unsigned long long)n_bytes,
                (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9,
                seconds(usage.ru_utime) + seconds(usage.ru_stime));
        return 0;
}
