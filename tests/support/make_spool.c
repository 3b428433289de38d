/* SPDX-License-Identifier: MIT */
/*
 * make_spool - fill a queue directory with messages and defer logs as Postfix writes them, a million if asked
 *
 * Runs by hand, in tests/bench and in the checks against a real Postfix, as the user who shall own the files
 * (setpriv --reuid=postfix --regid=postdrop).  What a queue file looks like is spool.c's; here is only who
 * writes to whom, since when and why it is still there: few domains get most of the mail, some messages have
 * many recipients, some recipients are done, a domain mostly has one reason, and most of its mail waits
 * untried behind that.  The same --seed and --now give the same messages but for the IDs, which are made
 * of inodes.
 *
 * Owns nothing.  Ends at the first failure, with status 2; what was written until then stays.
 * Limits: a million in one call, since no two may have the same microseconds; Postfix must not be running on
 * a queue that it empties (active, incoming, maildrop), and tries deferred mail when its time has come
 * (--quiet-for).
 */
#include <err.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/spool.h"

#define MESSAGES_MAX 1000000u
#define DAY_SECONDS UINT64_C(86400)
#define BACKOFF_MIN 300u
#define BACKOFF_MAX 4000u

/* Between the two halves stands the domain. */
static const struct cause {
        const char *before, *behind, *status, *diagnostic;
} causes[] = {
        {"connect to mx.", "[192.0.2.25]:25: Connection timed out", "4.4.1", NULL},
        {"connect to mx.", "[192.0.2.26]:25: Connection refused", "4.4.1", NULL},
        {"Host or domain name not found. Name service error for name=", " type=MX: Host not found, try again",
                "4.4.3", NULL},
        {"connect to mx.", "[192.0.2.27]:25: No route to host", "4.4.1", NULL},
        {"host mx.",
                "[192.0.2.28] said: 450 4.2.0 <someone>: Recipient address rejected: Greylisted, see "
                "http://postgrey.example.test/help (in reply to RCPT TO command)",
                "4.2.0", "450 4.2.0 <someone>: Recipient address rejected: Greylisted"},
        {"host mx.", "[192.0.2.29] said: 452 4.2.2 Mailbox full (in reply to RCPT TO command)", "4.2.2",
                "452 4.2.2 Mailbox full"},
        {"host mx.",
                "[192.0.2.30] refused to talk to me: 421 4.7.0 Too many connections from your address, try "
                "again later",
                "4.7.0", NULL},
        {"lost connection with mx.", "[192.0.2.31] while receiving the initial server greeting", "4.4.2",
                NULL},
        {"lost connection with mx.",
                "[192.0.2.32] while sending end of data -- message may be sent more than once", "4.4.2",
                NULL},
        {"TLS is required, but was not offered by host mx.", "[192.0.2.33]", "4.7.4", NULL},
};

/* So many of a thousand messages have up to so many recipients. */
static const struct {
        unsigned of_thousand, recipients;
} crowds[] = {{880, 1}, {80, 3}, {30, 8}, {9, 50}, {1, 500}};

struct plan {
        const char *queue;
        unsigned long messages, domains, senders, null_percent, done_percent, days, body_bytes, seed;
        unsigned long quiet_seconds, hash_depth, long_percent;
        uint64_t now_seconds;
        double *shares; /* of the domains, added up */
        uint64_t state;
};

static uint64_t random_next(struct plan *plan) {
        uint64_t z = plan->state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

static uint64_t random_below(struct plan *plan, uint64_t end) {
        return end ? random_next(plan) % end : 0;
}

static bool chance(struct plan *plan, unsigned long percent) {
        return random_below(plan, 100) < percent;
}

static double random_share(struct plan *plan) {
        return (double)(random_next(plan) >> 11) / 9007199254740992.0;
}

/* The n-th most popular domain has the n-th part of what the first one has. */
static void share_out(struct plan *plan) {
        double sum = 0;

        plan->shares = calloc(plan->domains, sizeof(*plan->shares));
        if (!plan->shares)
                err(2, "calloc");
        for (unsigned long i = 0; i < plan->domains; i++)
                plan->shares[i] = sum += 1.0 / (double)(i + 1);
}

static unsigned long pick_domain(struct plan *plan) {
        double wanted = random_share(plan) * plan->shares[plan->domains - 1];
        unsigned long low = 0, high = plan->domains - 1;

        while (low < high) {
                unsigned long middle = (low + high) / 2;

                if (plan->shares[middle] < wanted)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static unsigned pick_crowd(struct plan *plan) {
        uint64_t at = random_below(plan, 1000);
        size_t i = 0;

        for (; i + 1 < sizeof(crowds) / sizeof(crowds[0]) && at >= crowds[i].of_thousand; i++)
                at -= crowds[i].of_thousand;
        return 1 + (unsigned)random_below(plan, crowds[i].recipients);
}

static void domain_name(unsigned long domain, char name[static 64]) {
        snprintf(name, 64, "dest%lu.example", domain);
}

/* What is behind the last @ of an address. */
static const char *domain_of(const char *address) {
        return strrchr(address, '@') + 1;
}

static const struct cause *cause_of(struct plan *plan, const char *domain) {
        const size_t n_causes = sizeof(causes) / sizeof(causes[0]);

        if (chance(plan, 10))
                return &causes[random_below(plan, n_causes)];
        return &causes[strtoul(domain + strlen("dest"), NULL, 10) % n_causes];
}

static void defer(
        struct plan *plan, struct spool *spool, const char *id, const char *address, uint64_t offset) {
        const char *domain = domain_of(address);
        const struct cause *cause = cause_of(plan, domain);
        bool is_suspended = !cause->diagnostic && chance(plan, 60);
        char reason[512], mta[80];

        snprintf(reason, sizeof(reason), "%s%s%s%s", is_suspended ? "delivery temporarily suspended: " : "",
                cause->before, domain, cause->behind);
        snprintf(mta, sizeof(mta), "mx.%s", domain);
        spool_defer(spool, id,
                &(struct spool_deferral){.recipient = address,
                        .offset = offset,
                        .status = cause->status,
                        .mta = cause->diagnostic ? mta : NULL,
                        .diagnostic = cause->diagnostic,
                        .reason = reason});
}

static void add(struct plan *plan, struct spool *spool) {
        char addresses[SPOOL_RECIPIENTS_MAX][128], sender[128], more[64], name[64];
        unsigned n = pick_crowd(plan), n_listed = n < SPOOL_RECIPIENTS_MAX ? n : SPOOL_RECIPIENTS_MAX;
        unsigned long domain = pick_domain(plan);
        double youth = random_share(plan);
        uint64_t age = (uint64_t)((double)(plan->days * DAY_SECONDS) * youth * youth);
        uint64_t backoff = age < BACKOFF_MIN ? BACKOFF_MIN : age > BACKOFF_MAX ? BACKOFF_MAX : age;
        struct spool_message message = {.queue = plan->queue,
                .arrival_seconds = plan->now_seconds - age,
                .long_id = chance(plan, plan->long_percent),
                .body_bytes = 1 + random_below(plan, 2 * plan->body_bytes)};
        struct spool_file file;
        bool is_deferred = strcmp(plan->queue, "deferred") == 0;

        snprintf(sender, sizeof(sender), "user%u@sender%lu.example", (unsigned)random_below(plan, 1000),
                (unsigned long)random_below(plan, plan->senders));
        message.sender = chance(plan, plan->null_percent) ? "" : sender;
        for (unsigned i = 0; i < n_listed; i++) {
                domain_name(i == 0 || chance(plan, 70) ? domain : pick_domain(plan), name);
                snprintf(addresses[i], sizeof(addresses[i]), "someone%u@%s", i, name);
                message.recipients[i].address = addresses[i];
                message.recipients[i].done = i > 0 && chance(plan, plan->done_percent);
        }
        domain_name(domain, more);
        message.more_recipients = n - n_listed;
        message.more_domain = more;
        if (is_deferred || strcmp(plan->queue, "hold") == 0)
                message.next_retry_seconds =
                        plan->now_seconds + plan->quiet_seconds + random_below(plan, backoff);
        spool_add(spool, &message, &file);
        for (unsigned i = 0; is_deferred && i < n; i++) {
                char address[128];

                if (i < n_listed && message.recipients[i].done)
                        continue;
                snprintf(address, sizeof(address), "u%u@%s", i - n_listed, more);
                defer(plan, spool, file.id, i < n_listed ? addresses[i] : address,
                        i < n_listed ? file.offsets[i] : 0);
        }
}

static const struct option options[] = {
        {"messages", required_argument, NULL, 'm'},
        {"queue", required_argument, NULL, 'q'},
        {"domains", required_argument, NULL, 'd'},
        {"senders", required_argument, NULL, 's'},
        {"null-senders", required_argument, NULL, 'n'},
        {"done", required_argument, NULL, 'D'},
        {"days", required_argument, NULL, 'a'},
        {"body", required_argument, NULL, 'b'},
        {"long-ids", required_argument, NULL, 'l'},
        {"quiet-for", required_argument, NULL, 'Q'},
        {"hash-depth", required_argument, NULL, 'h'},
        {"seed", required_argument, NULL, 'S'},
        {"now", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'H'},
        {NULL, 0, NULL, 0},
};

static const char usage[] =
        "usage: make_spool [OPTION...] QUEUE_DIRECTORY\n"
        "  --messages N      how many, at most 1000000 (1000)\n"
        "  --queue NAME      maildrop, incoming, active, deferred, hold or corrupt (deferred)\n"
        "  --domains N       of recipients, the n-th with the n-th part of the first one's mail (2000)\n"
        "  --senders N       domains of senders (200)\n"
        "  --null-senders P  percent of bounces (10)\n"
        "  --done P          percent of recipients behind the first that are done (10)\n"
        "  --days N          age of the oldest; most are younger (5)\n"
        "  --body BYTES      of a message, in the mean (1000)\n"
        "  --long-ids P      percent of messages with long IDs (0)\n"
        "  --quiet-for S     seconds in which Postfix does not try deferred mail (0)\n"
        "  --hash-depth N    of deferred and defer (1)\n"
        "  --seed N, --now SECONDS   for the same messages again (1, the clock)\n";

static unsigned long number(const char *text) {
        char *end;
        unsigned long value = strtoul(text, &end, 10);

        if (*text < '0' || *text > '9' || *end)
                errx(2, "\"%s\" is no number", text);
        return value;
}

static void take_option(struct plan *plan, int option) {
        unsigned long *const numbers[UINT8_MAX] = {['m'] = &plan->messages,
                ['d'] = &plan->domains,
                ['s'] = &plan->senders,
                ['n'] = &plan->null_percent,
                ['D'] = &plan->done_percent,
                ['a'] = &plan->days,
                ['b'] = &plan->body_bytes,
                ['l'] = &plan->long_percent,
                ['Q'] = &plan->quiet_seconds,
                ['h'] = &plan->hash_depth,
                ['S'] = &plan->seed};

        if (option == 'H') {
                fputs(usage, stdout);
                exit(0);
        }
        if (option == 'q')
                plan->queue = optarg;
        else if (option == 't')
                plan->now_seconds = number(optarg);
        else if (option > 0 && option < UINT8_MAX && numbers[option])
                *numbers[option] = number(optarg);
        else
                exit(2);
}

int main(int argc, char **argv) {
        struct plan plan = {.queue = "deferred",
                .messages = 1000,
                .domains = 2000,
                .senders = 200,
                .null_percent = 10,
                .done_percent = 10,
                .days = 5,
                .body_bytes = 1000,
                .seed = 1,
                .hash_depth = 1,
                .now_seconds = (uint64_t)time(NULL)};
        struct spool spool;
        int option;

        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
                take_option(&plan, option);
        if (argc - optind != 1 || plan.messages > MESSAGES_MAX || plan.domains == 0) {
                fputs(usage, stderr);
                return 2;
        }
        plan.state = plan.seed;
        share_out(&plan);
        spool_open(&spool, argv[optind]);
        spool.hash_depth = (unsigned)plan.hash_depth;
        for (unsigned long i = 0; i < plan.messages; i++)
                add(&plan, &spool);
        free(plan.shares);
        return 0;
}
