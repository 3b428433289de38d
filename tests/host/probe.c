/* SPDX-License-Identifier: MIT */
/*
 * probe - a hostile sensor: tries in the watcher's place what a taken-over watcher would try
 *
 * Built by tests/host/020-watcher-powers.sh and installed as plugin test_probe.  Publishes probe_refused{attempt}:
 * 1 when the kernel refused (probe_errno tells how), 0 when it worked.  The attempts named read-* must work.
 *
 * Limits: one attempt per kind; a success has no side effect that outlives the lab.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spoolguard/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int open_file(const char *path, int flags) {
        int fd = open(path, flags | O_CLOEXEC, 0600);
        return fd < 0 ? -1 : close(fd);
}
static int read_shadow(void) {
        return open_file("/etc/shadow", O_RDONLY);
}
static int read_tls_key(void) {
        return open_file("/etc/ssl/private/ssl-cert-snakeoil.key", O_RDONLY);
}
static int read_root_home(void) {
        DIR *directory = opendir("/root");
        return directory ? closedir(directory) : -1;
}
static int read_memory_of_executor(void) {
        char path[64];
        (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)getppid());
        return open_file(path, O_RDONLY);
}
static int write_log(void) {
        return open_file("/var/log/probe", O_WRONLY | O_CREAT);
}
static int append_syslog(void) {
        return open_file("/var/log/syslog", O_WRONLY | O_APPEND);
}
static int write_recorder(void) {
        return open_file("/var/lib/spoolguard/recorder", O_WRONLY);
}
static int truncate_recorder(void) {
        return truncate("/var/lib/spoolguard/recorder", 0);
}
static int write_run(void) {
        return open_file("/run/spoolguard/probe", O_WRONLY | O_CREAT);
}
static int write_tmp(void) {
        return open_file("/tmp/probe", O_WRONLY | O_CREAT);
}
static int write_shm(void) {
        return open_file("/dev/shm/probe", O_WRONLY | O_CREAT);
}
/* /var/tmp/mine belongs to the watcher's user: only the confinement stands in the way. */
static int unlink_own(void) {
        return unlink("/var/tmp/mine");
}
static int rename_own(void) {
        return rename("/var/tmp/mine", "/var/tmp/mine2");
}
static int chmod_own(void) {
        return chmod("/var/tmp/mine", 0666);
}
static int touch_own(void) {
        return utimensat(AT_FDCWD, "/var/tmp/mine", NULL, 0);
}
static int make_directory(void) {
        return mkdir("/var/tmp/probe", 0700);
}
static int make_symlink(void) {
        return symlink("/etc/shadow", "/var/tmp/probe-link");
}

/* Postfix's sockets are 0666 behind closed directories, which CAP_DAC_READ_SEARCH walks through. */
static int connect_to_any(const char *const names[]) {
        int worked = -1, saved = 0;
        for (size_t i = 0; names[i]; i++) {
                struct sockaddr_un address = {.sun_family = AF_UNIX};
                (void)snprintf(address.sun_path, sizeof address.sun_path, "/var/spool/postfix/%s", names[i]);
                int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
                        worked = 0;
                saved = errno;
                if (fd >= 0)
                        close(fd);
        }
        errno = saved;
        return worked;
}
static int connect_public(void) {
        static const char *const names[] = {
                "public/cleanup", "public/flush", "public/pickup", "public/qmgr", "public/showq", NULL};
        return connect_to_any(names);
}
static int connect_private(void) {
        static const char *const names[] = {"private/bounce", "private/defer", "private/local",
                "private/rewrite", "private/smtp", "private/virtual", NULL};
        return connect_to_any(names);
}
static int unix_stream(void) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        return fd < 0 ? -1 : close(fd);
}
static int unix_datagram(void) {
        int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        return fd < 0 ? -1 : close(fd);
}
static int unix_pair(void) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
                return -1;
        close(pair[0]);
        return close(pair[1]);
}
static int netlink(void) {
        int fd = socket(AF_NETLINK, SOCK_RAW, 0);
        return fd < 0 ? -1 : close(fd);
}
static int packet(void) {
        int fd = socket(AF_PACKET, SOCK_RAW, 0);
        return fd < 0 ? -1 : close(fd);
}
/* An address to probe from may be taken, and nobody be let in there. */
static int take_calls(void) {
        struct sockaddr_in any = {.sin_family = AF_INET};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int r = bind(fd, (struct sockaddr *)&any, sizeof any) < 0 ? 0 : listen(fd, 1), saved = errno;
        close(fd);
        errno = saved;
        return r;
}
static int exec_true(void) {
        char *arguments[] = {(char *)"true", NULL};
        return execv("/bin/true", arguments);
}
static int exec_memory(void) {
        char *arguments[] = {(char *)"x", NULL}, *environment[] = {NULL};
        int fd = memfd_create("x", MFD_CLOEXEC);
        return (int)syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
}
static int fork_child(void) {
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        return pid < 0 ? -1 : 0;
}
static int map_code(void) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return page == MAP_FAILED ? -1 : munmap(page, 4096);
}
static int signal_executor(void) {
        return kill(getppid(), 0);
}
static int trace_executor(void) {
        return (int)ptrace(PTRACE_ATTACH, getppid(), 0, 0);
}
static int become_root(void) {
        return setuid(0);
}
static int mount_tmpfs(void) {
        return mount("none", "/mnt", "tmpfs", 0, NULL);
}
static int open_by_handle(void) {
        struct {
                struct file_handle handle;
                unsigned char bytes[8];
        } file = {.handle = {.handle_bytes = 8, .handle_type = 1}, .bytes = {2}};
        int fd = (int)syscall(SYS_open_by_handle_at, STDIN_FILENO, &file.handle, O_RDONLY);
        return fd < 0 && errno != ESTALE ? -1 : 0;
}
static int ring_of_calls(void) {
        unsigned char parameters[256] = {0};
        return syscall(SYS_io_uring_setup, 4, parameters) < 0 ? -1 : 0;
}
static int read_log(void) {
        return open_file("/var/log/syslog", O_RDONLY);
}
static int read_journal(void) {
        DIR *directory = opendir("/var/log/journal");
        return directory ? closedir(directory) : -1;
}

static const struct {
        const char *name;
        int (*try)(void);
} attempts[] = {
        {"shadow", read_shadow},
        {"tls-key", read_tls_key},
        {"root-home", read_root_home},
        {"executor-memory", read_memory_of_executor},
        {"write-log", write_log},
        {"append-syslog", append_syslog},
        {"write-recorder", write_recorder},
        {"truncate-recorder", truncate_recorder},
        {"write-run", write_run},
        {"write-tmp", write_tmp},
        {"write-shm", write_shm},
        {"unlink-own", unlink_own},
        {"rename-own", rename_own},
        {"chmod-own", chmod_own},
        {"touch-own", touch_own},
        {"mkdir", make_directory},
        {"symlink", make_symlink},
        {"connect-public", connect_public},
        {"connect-private", connect_private},
        {"unix-stream", unix_stream},
        {"unix-datagram", unix_datagram},
        {"unix-pair", unix_pair},
        {"netlink", netlink},
        {"packet", packet},
        {"take-calls", take_calls},
        {"exec", exec_true},
        {"exec-memory", exec_memory},
        {"fork", fork_child},
        {"map-code", map_code},
        {"signal-executor", signal_executor},
        {"trace-executor", trace_executor},
        {"become-root", become_root},
        {"mount", mount_tmpfs},
        {"open-by-handle", open_by_handle},
        {"io-uring", ring_of_calls},
        {"read-log", read_log},
        {"read-journal", read_journal},
};

struct probe {
        const struct sg_host *host;
        struct sg_timer *timer;
};

static void on_timer(struct sg_timer *timer, void *data) {
        struct probe *probe = data;
        (void)timer;
        for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
                struct sg_label label = {"attempt", attempts[i].name};
                errno = 0;
                int refused = attempts[i].try() < 0;
                int error = errno;
                probe->host->publish(probe->host, "probe_refused", &label, 1, refused);
                probe->host->publish(probe->host, "probe_errno", &label, 1, error);
        }
}

static int probe_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct probe *probe = calloc(1, sizeof *probe);
        (void)options;
        if (!probe)
                return -ENOMEM;
        probe->host = host;
        *ret_sensor = probe;
        return host->timer_new(host, "attempts", 500000, on_timer, probe, &probe->timer);
}

static void probe_destroy(void *sensor) {
        struct probe *probe = sensor;
        probe->host->timer_free(probe->timer);
        free(probe);
}

static const struct sg_reading readings[] = {
        {"probe_refused", {"attempt"}, "1 when the kernel refused the attempt"},
        {"probe_errno", {"attempt"}, "errno of the attempt"},
        {0},
};
static const char *const reads[] = {"/var/log", NULL};
static const struct sg_sensor sensor = {
        .name = "probe",
        .summary = "tries to break out",
        .readings = readings,
        .reads = reads,
        .create = probe_create,
        .destroy = probe_destroy,
};
static const struct sg_sensor *const sensors[] = {&sensor, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "test_probe",
        .version = "1",
        .summary = "a hostile sensor",
        .sensors = sensors,
};
