/* SPDX-License-Identifier: MIT */
/*
 * resolv_conf - the name servers and options of a resolv.conf
 *
 * Used in the watcher by the plugins dns and relay, and by postfix there and in the executor's child that refreshes
 * the copies in a chroot.  A pure function over the text of the file.  It follows the C
 * library, because the question that is asked with the result is what Postfix's processes live with: the first
 * three servers count, later ones are ignored, no server at all means the one on this host, a later option wins
 * over an earlier one, and numbers are cut to the library's limits.
 *
 * Fails never: lines and words that make no sense are passed over, as there.
 * Limits: RESOLV_CONF_BYTES_MAX of text, lines of LINE_MAX_BYTES (the rest of a longer one is dropped), and no
 * search list: names that come from mail are complete.
 */
#include "common/resolv_conf.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LINE_MAX_BYTES 512
#define BLANK " \t\r\f\v"

static const struct {
        const char *name;
        size_t offset;
        unsigned least, most;
} numbers[] = {
        {"timeout:", offsetof(struct resolv_conf, timeout_seconds), 1, 30},
        {"attempts:", offsetof(struct resolv_conf, attempts), 0, 5},
        {"ndots:", offsetof(struct resolv_conf, ndots), 0, 15},
};

static void read_option(const char *word, struct resolv_conf *conf) {
        if (strcmp(word, "rotate") == 0)
                conf->rotate = true;
        if (strcmp(word, "use-vc") == 0)
                conf->use_vc = true;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
                size_t size = strlen(numbers[i].name);
                unsigned long number;
                char *end;

                if (strncmp(word, numbers[i].name, size) != 0 || word[size] < '0' || word[size] > '9')
                        continue;
                number = strtoul(word + size, &end, 10);
                number = number < numbers[i].least ? numbers[i].least : number;
                number = number > numbers[i].most ? numbers[i].most : number;
                *(unsigned *)(void *)((char *)conf + numbers[i].offset) = (unsigned)number;
        }
}

/* "127.1" is an address there, and what follows ';' or '#' is not part of it. */
static bool read_server(char *word, struct net_address *ret_address) {
        struct in_addr four;

        word[strcspn(word, ";#")] = '\0';
        if (net_address_parse(word, ret_address))
                return true;
        if (strchr(word, ':') || inet_aton(word, &four) != 1)
                return false;
        *ret_address = (struct net_address){.family = AF_INET};
        memcpy(ret_address->bytes, &four, sizeof(four));
        return true;
}

static void read_line(char *line, struct resolv_conf *conf) {
        char *rest, *keyword = strtok_r(line, BLANK, &rest), *word;

        /* A keyword begins its line: the C library does not look for it behind blanks. */
        if (!keyword || keyword != line)
                return;
        if (strcmp(keyword, "nameserver") == 0) {
                struct net_address server;

                word = strtok_r(NULL, BLANK, &rest);
                if (!word || !read_server(word, &server))
                        return;
                conf->n_listed++;
                if (conf->n_servers < RESOLV_CONF_SERVERS_MAX)
                        conf->servers[conf->n_servers++] = server;
        } else if (strcmp(keyword, "options") == 0) {
                while ((word = strtok_r(NULL, BLANK, &rest)))
                        read_option(word, conf);
        }
}

void resolv_conf_parse(const char *text, size_t size, struct resolv_conf *ret_conf) {
        struct resolv_conf conf = {.timeout_seconds = 5, .attempts = 2, .ndots = 1};

        if (size > RESOLV_CONF_BYTES_MAX)
                size = RESOLV_CONF_BYTES_MAX;
        while (size > 0) {
                const char *newline = memchr(text, '\n', size);
                size_t whole = newline ? (size_t)(newline - text) : size;
                size_t kept = whole < LINE_MAX_BYTES ? whole : LINE_MAX_BYTES - 1;
                char line[LINE_MAX_BYTES];

                memcpy(line, text, kept);
                line[kept] = '\0';
                read_line(line, &conf);
                whole += newline ? 1 : 0;
                text += whole;
                size -= whole;
        }
        if (conf.n_servers == 0)
                conf.n_servers = net_address_parse("127.0.0.1", &conf.servers[0]) ? 1 : 0;
        *ret_conf = conf;
}
