/* SPDX-License-Identifier: MIT */
/*
 * role_confine - take from watcher and loader what their user and capability still allow
 *
 * Runs in: watcher, after its shared objects, its bus connection and its descriptors are open; loader, before the
 * first byte of a site's file.  CAP_DAC_READ_SEARCH opens /etc/shadow, TLS keys and Postfix's 0666 sockets, so
 * Landlock narrows reading to what the sensors declared and forbids every kind of writing, and seccomp forbids
 * new unix sockets (which Landlock does not cover before its ABI 6, and by path not at all), exec, and everything
 * else that is not on the list below.  A refused call gets EPERM: a library that probes for a feature goes on.
 *
 * Fails: negative errno, and the process must exit.  No Landlock in the kernel: 0 with a text in `problem`, the
 * daemon says so as degraded.
 * Limits: Landlock does not stop inotify_add_watch() or stat() outside the list: names and sizes can be seen.
 */
#include "role.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* As of Landlock ABI 6; the header of the build host may be older than the kernel it runs on. */
struct ruleset_attr {
        uint64_t handled_access_fs;
        uint64_t handled_access_net;
        uint64_t scoped;
};

/* As of ABI 4. */
struct port_attr {
        uint64_t allowed_access;
        uint64_t port;
};
#define NET_ABI 4
#define RULE_NET_PORT 2

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

/* What a ruleset may handle, by ABI: asking for a right the kernel does not know is an error. */
static const struct {
        long abi;
        struct ruleset_attr handled;
        size_t size;
} rulesets[] = {
        {6, {0xffff, NET_BIND_TCP, SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL}, 24},
        {5, {0xffff, NET_BIND_TCP, 0}, 16},
        {4, {0x7fff, NET_BIND_TCP, 0}, 16},
        {3, {0x7fff, 0, 0}, 8},
        {2, {0x3fff, 0, 0}, 8},
        {1, {0x1fff, 0, 0}, 8},
};

static int landlock_allow(int ruleset, const char *path) {
        _cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
        if (fd < 0)
                /* What does not exist, or is shut already as /proc/1 with hidepid=1, cannot be read either. */
                return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == EPERM ? 0 : -errno;
        struct stat status;
        if (fstat(fd, &status) < 0)
                return -errno;
        struct landlock_path_beneath_attr beneath = {
                .parent_fd = fd,
                .allowed_access = S_ISDIR(status.st_mode) ? ACCESS_READ : LANDLOCK_ACCESS_FS_READ_FILE,
        };
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
                return -errno;
        return 0;
}

/* An address of this host to probe from, by any port of the kernel's choice: nobody finds it there. */
static int landlock_allow_any_port(int ruleset) {
        struct port_attr any = {.allowed_access = NET_BIND_TCP, .port = 0};

        return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &any, 0) < 0 ? -errno : 0;
}

static int confine_files(const char *const *readable, size_t n_readable, struct problem *problem) {
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        if (abi < 1) {
                problem_set(
                        problem, "this kernel has no Landlock: the watcher can read every file on the host");
                return 0;
        }
        size_t i = 0;
        while (rulesets[i].abi > abi)
                i++;
        _cleanup_close_ int ruleset =
                (int)syscall(SYS_landlock_create_ruleset, &rulesets[i].handled, rulesets[i].size, 0);
        if (ruleset < 0)
                return -errno;
        if (abi >= NET_ABI) {
                int r = landlock_allow_any_port(ruleset);
                if (r < 0)
                        return r;
        }
        for (size_t k = 0; k < n_readable; k++) {
                int r = landlock_allow(ruleset, readable[k]);
                if (r < 0)
                        return r;
        }
        if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
                return -errno;
        return 0;
}

/* Calls that are fine whatever their arguments. */
static const int plain_calls[] = {
        SCMP_SYS(access),
        SCMP_SYS(bind),
        SCMP_SYS(brk),
        SCMP_SYS(clock_getres),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(close),
        SCMP_SYS(close_range),
        SCMP_SYS(connect),
        SCMP_SYS(dup),
        SCMP_SYS(dup2),
        SCMP_SYS(dup3),
        SCMP_SYS(epoll_create1),
        SCMP_SYS(epoll_ctl),
        SCMP_SYS(epoll_pwait),
        SCMP_SYS(epoll_pwait2),
        SCMP_SYS(epoll_wait),
        SCMP_SYS(eventfd2),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(fadvise64),
        SCMP_SYS(fcntl),
        SCMP_SYS(fstat),
        SCMP_SYS(fstatfs),
        SCMP_SYS(ftruncate),
        SCMP_SYS(futex),
        SCMP_SYS(getcwd),
        SCMP_SYS(getdents64),
        SCMP_SYS(getegid),
        SCMP_SYS(geteuid),
        SCMP_SYS(getgid),
        SCMP_SYS(getpeername),
        SCMP_SYS(getpid),
        SCMP_SYS(getppid),
        SCMP_SYS(getrandom),
        SCMP_SYS(getrusage),
        SCMP_SYS(getsockname),
        SCMP_SYS(getsockopt),
        SCMP_SYS(gettid),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(getuid),
        SCMP_SYS(inotify_add_watch),
        SCMP_SYS(inotify_init1),
        SCMP_SYS(inotify_rm_watch),
        SCMP_SYS(ioctl),
        SCMP_SYS(lseek),
        SCMP_SYS(lstat),
        SCMP_SYS(madvise),
        SCMP_SYS(memfd_create),
        SCMP_SYS(mremap),
        SCMP_SYS(munmap),
        SCMP_SYS(nanosleep),
        SCMP_SYS(newfstatat),
        SCMP_SYS(open),
        SCMP_SYS(openat),
        SCMP_SYS(pipe2),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(pread64),
        SCMP_SYS(preadv2),
        SCMP_SYS(prlimit64),
        SCMP_SYS(pwrite64),
        SCMP_SYS(read),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(readv),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recvmmsg),
        SCMP_SYS(recvmsg),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(rseq),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(sched_yield),
        SCMP_SYS(sendmmsg),
        SCMP_SYS(sendmsg),
        SCMP_SYS(sendto),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(setsockopt),
        SCMP_SYS(shutdown),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(signalfd4),
        SCMP_SYS(stat),
        SCMP_SYS(statfs),
        SCMP_SYS(statx),
        SCMP_SYS(sysinfo),
        SCMP_SYS(timerfd_create),
        SCMP_SYS(timerfd_gettime),
        SCMP_SYS(timerfd_settime),
        SCMP_SYS(uname),
        SCMP_SYS(write),
        SCMP_SYS(writev),
};

/* Calls that are fine when `argument` passes the comparison. */
static const struct {
        int call;
        struct scmp_arg_cmp argument;
} guarded_calls[] = {
        /* No new executable memory: plugins are open by now. */
        {SCMP_SYS(mmap), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
        {SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
        /* DNS and SMTP probes; never AF_UNIX, AF_NETLINK, AF_PACKET. */
        {SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_INET, 0}},
        {SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_INET6, 0}},
};

/* The loader needs no sockets at all. */
static bool is_network_call(int call) {
        static const int calls[] = {SCMP_SYS(socket), SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(sendto),
                SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
                SCMP_SYS(recvmmsg)};
        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                if (calls[i] == call)
                        return true;
        return false;
}

/* Extra calls of the loader: one child per playbook file, plugins opened after the filter is in force. */
static const int loader_calls[] = {
        SCMP_SYS(clone),
        SCMP_SYS(clone3),
        SCMP_SYS(fork),
        SCMP_SYS(kill),
        SCMP_SYS(pidfd_open),
        SCMP_SYS(pidfd_send_signal),
        SCMP_SYS(rt_sigtimedwait),
        SCMP_SYS(setitimer),
        SCMP_SYS(wait4),
        SCMP_SYS(waitid),
        SCMP_SYS(mmap),
        SCMP_SYS(mprotect),
        SCMP_SYS(prctl),
        SCMP_SYS(setrlimit),
};

static int confine_calls(bool loader) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!filter)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(plain_calls); i++)
                if (!loader || !is_network_call(plain_calls[i]))
                        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain_calls[i], 0);
        for (size_t i = 0; r == 0 && !loader && i < ELEMENTSOF(guarded_calls); i++)
                r = seccomp_rule_add_array(
                        filter, SCMP_ACT_ALLOW, guarded_calls[i].call, 1, &guarded_calls[i].argument);
        for (size_t i = 0; r == 0 && loader && i < ELEMENTSOF(loader_calls); i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, loader_calls[i], 0);
        /* abort() must still end the process with a core: a signal to itself and to nobody else. */
        if (r == 0)
                r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                        &(struct scmp_arg_cmp){0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0});
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r;
}

/* What is inheritable served the exec that is behind us. */
static int leave_nothing_inheritable(void) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        if (capng_get_caps_process() < 0 ||
                capng_update(CAPNG_DROP, CAPNG_INHERITABLE, CAP_DAC_READ_SEARCH) < 0 ||
                capng_apply(CAPNG_SELECT_CAPS) < 0)
                return -EPERM;
        return 0;
}

int role_confine_watcher(const char *const *readable, size_t n_readable, struct problem *problem) {
        int r = leave_nothing_inheritable();
        if (r < 0)
                return r;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        r = confine_files(readable, n_readable, problem);
        if (r < 0)
                return r;
        return confine_calls(false);
}

int role_confine_loader(struct problem *problem) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        int r = confine_calls(true);
        return r < 0 ? problem_set(problem, "cannot confine the loader: %s", strerror(-r)) : 0;
}
