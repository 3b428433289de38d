/* SPDX-License-Identifier: MIT */
/*
 * preflight_names - checks of the resolver: how many name servers, how long a dead one costs, and Postfix's chroot
 *
 * Runs in: spoolguardctl.  Judges /etc/resolv.conf as the C library would read it, and compares the files that
 * Postfix's chrooted services look names up with to those that they were copied from.  Debian copies them when Postfix
 * is started; later changes reach the chroot only by a unit that is not enabled as it is shipped.
 *
 * Fails: warns of what it cannot read.
 * Limits: whether the servers answer is not asked here: that is the readings dns_server_up of the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/preflight.h"
#include "ctl/tool.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define FILE_MAX_BYTES 65536
#define TOOL_MSEC 10000
#define BLANK " \t\r"

/* The C library uses no more, and waits so long for each of them by default. */
#define SERVERS_USED 3
#define TIMEOUT_DEFAULT 5

struct servers {
        unsigned n, local, timeout_seconds;
};

static void read_line(char *line, struct servers *servers) {
        static const char option[] = "timeout:";
        char *rest, *keyword = strtok_r(line, BLANK, &rest), *word = strtok_r(NULL, BLANK, &rest);

        /* A keyword begins its line. */
        if (!keyword || keyword != line || !word)
                return;
        if (strcmp(keyword, "nameserver") == 0) {
                servers->n++;
                servers->local += strncmp(word, "127.", 4) == 0 || strcmp(word, "::1") == 0;
        }
        for (; word && strcmp(keyword, "options") == 0; word = strtok_r(NULL, BLANK, &rest))
                if (strncmp(word, option, sizeof(option) - 1) == 0)
                        servers->timeout_seconds = (unsigned)strtoul(word + sizeof(option) - 1, NULL, 10);
}

void preflight_judge_name_servers(const char *text, struct preflight_finding *finding) {
        struct servers servers = {.timeout_seconds = TIMEOUT_DEFAULT};

        while (*text) {
                char line[512];
                size_t length = strcspn(text, "\n");

                text_format(line, sizeof(line), "%.*s", (int)length, text);
                read_line(line, &servers);
                text += length + (text[length] == '\n');
        }
        if (servers.n == 0)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s names no name server, so the one of this host is asked; better say so, or name "
                        "two",
                        RESOLV_CONF);
        else if (servers.n > SERVERS_USED)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s: %u name servers, and those behind the third are never asked; better at most "
                        "three",
                        RESOLV_CONF, servers.n);
        else if (servers.n == 1 && servers.local == 0)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s: a single name server, and without it no mail goes out; better two", RESOLV_CONF);
        if (servers.timeout_seconds > TIMEOUT_DEFAULT)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s: options timeout:%u, so long each lookup of mail waits for a name server that is "
                        "dead; better timeout:2",
                        RESOLV_CONF, servers.timeout_seconds);
        preflight_also(finding, PREFLIGHT_OK, "%s: %u name server%s, %us for an answer", RESOLV_CONF,
                servers.n, servers.n == 1 ? "" : "s", servers.timeout_seconds);
}

/* 0 or a negative errno value; a file that is too long counts as -E2BIG. */
static int read_file(const char *path, char text[static FILE_MAX_BYTES]) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        size_t used = 0;
        ssize_t n = 1;

        while (fd >= 0 && used < FILE_MAX_BYTES && n > 0) {
                n = read(fd, text + used, FILE_MAX_BYTES - used);
                used += n > 0 ? (size_t)n : 0;
        }
        if (fd < 0 || n < 0)
                return -errno;
        if (used == FILE_MAX_BYTES)
                return -E2BIG;
        text[used] = '\0';
        return 0;
}

void preflight_name_servers(const struct ctl *ctl, struct preflight_finding *finding) {
        char text[FILE_MAX_BYTES];
        int r = read_file(RESOLV_CONF, text);

        (void)ctl;
        if (r < 0)
                preflight_say(finding, PREFLIGHT_WARN, "%s cannot be read: %s", RESOLV_CONF, strerror(-r));
        else
                preflight_judge_name_servers(text, finding);
}

static void compare_copy(const char *queue, const char *name, struct preflight_finding *finding) {
        char source[64], copy[POSTCONF_PATH_MAX + 64], wanted[FILE_MAX_BYTES], is[FILE_MAX_BYTES];

        text_format(source, sizeof(source), "/etc/%s", name);
        text_format(copy, sizeof(copy), "%s%s", queue, source);
        if (read_file(source, wanted) < 0)
                return; /* then Debian copies nothing */
        int r = read_file(copy, is);

        if (r == -ENOENT)
                preflight_also(finding, PREFLIGHT_WARN,
                        "there is no %s, and services in the chroot look names up with it; better restart "
                        "Postfix, which copies it",
                        copy);
        else if (r < 0)
                preflight_also(finding, PREFLIGHT_WARN, "%s cannot be read: %s", copy, strerror(-r));
        else if (strcmp(wanted, is) != 0)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s differs from %s, and services in the chroot look names up with it; better: "
                        "spoolguardctl run refresh-resolver",
                        copy, source);
}

static bool is_path_enabled(void) {
        static const char *const argv[] = {"systemctl", "is-enabled", "postfix-resolvconf.path", NULL};
        char answer[256];

        return tool_run(argv, TOOL_MSEC, answer, sizeof(answer)) == 0;
}

static void look_at_chroot(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding) {
        static const char *const names[] = {"resolv.conf", "hosts", "nsswitch.conf", "host.conf"};
        struct postconf_setting queue;

        (void)absence;
        if (!postconf_is_chrooted(postconf)) {
                preflight_also(
                        finding, PREFLIGHT_OK, "%s/master.cf: no service is in a chroot", postconf->config);
                return;
        }
        if (!postconf_setting(postconf, "", "queue_directory", &queue)) {
                preflight_also(finding, PREFLIGHT_WARN, "%s: postconf does not tell queue_directory",
                        postconf->config);
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                compare_copy(queue.value, names[i], finding);
        if (!is_path_enabled())
                preflight_also(finding, PREFLIGHT_WARN,
                        "postfix-resolvconf.path is not enabled: a new %s reaches the chroot %s/etc only by "
                        "refresh-resolver, or when Postfix is restarted",
                        RESOLV_CONF, queue.value);
        preflight_also(finding, PREFLIGHT_OK, "%s/etc is as /etc", queue.value);
}

void preflight_chroot_names(const struct ctl *ctl, struct preflight_finding *finding) {
        (void)ctl;
        preflight_each_instance(look_at_chroot, NULL, finding);
}
