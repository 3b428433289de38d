/* SPDX-License-Identifier: MIT */
/* order - what a verb was told to act on: a spool, and messages of one of its queues */
#ifndef POSTFIX_ORDER_H
#define POSTFIX_ORDER_H

#include "postfix/mail_dir.h"
#include "postfix/postfix.h"
#include "postfix/selection.h"

#define ORDER_PATH_MAX 600

/*
 * With the host's root in front.  0, or a negative errno value with the reason in outcome->text: -ENODEV, its file
 * system is not mounted.
 */
int order_spool(const struct sg_action *action, const char *instance, char ret_spool[static ORDER_PATH_MAX],
        struct sg_outcome *outcome);
/*
 * Whether there may be room to rename its messages: 0, also when it is not known, or -ENOSPC with the reason in
 * outcome->text.  For check().
 */
int order_room(const struct sg_action *action, const char *instance, struct sg_outcome *outcome);
/* What Postfix's tools take behind -c, without the host's root; "" when there is no such instance. */
void order_config(
        const struct sg_action *action, const char *instance, char ret_directory[static ORDER_PATH_MAX]);
/* A queue of it, as its owner.  0, or a negative errno value with the reason in outcome->text. */
int order_queue(const struct sg_action *action, const char *instance, const char *queue,
        struct mail_dir *ret_dir, struct sg_outcome *outcome);

/* Text of its main.cf (malloc).  0, or a negative errno value with the reason in outcome->text. */
int order_main_cf(
        const struct sg_action *action, const char *instance, char **ret_text, struct sg_outcome *outcome);

/* Puts the sentence into outcome->text and returns `error`. */
int order_refuse(struct sg_outcome *outcome, int error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Adds to the sentence, as far as there is room. */
void order_say(struct sg_outcome *outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct order {
        struct mail_dir dir;
        struct selection selection;
        int16_t *
                answers; /* one for each selected message, of contents_check() and order_each(); NULL: not kept */
};

/* The same with the selection, which must not be empty. */
int order_open_queue(const struct sg_action *action, const char *instance, const char *queue,
        struct order *ret_order, struct sg_outcome *outcome);
/* The deferred queue, for a next hop that must not be empty. */
int order_open(const struct sg_action *action, const char *instance, const char *nexthop,
        struct order *ret_order, struct sg_outcome *outcome);
void order_close(struct order *order);

/* What became of the messages of an order; those that left it are `gone`, or are told apart by who looked. */
struct tally {
        uint64_t selected, done, waiting, gone, tried, vanished, stayed, changed, aged, unread, failed;
        int error; /* of the first that failed */
};

/* Answers of order_fn and contents_check() beside those of mail_dir_find(). */
enum order_answer {
        ORDER_WAITS = MAIL_CHANGED + 1, /* its time is later than asked for */
        ORDER_AGED,                     /* it has not enough time left to be held */
        ORDER_UNREAD,                   /* its turn to be read did not come */
};
void tally_add(struct tally *tally, int answer);

/* 0, an enum mail_answer, an enum order_answer or a negative errno value. */
typedef int (*order_fn)(struct order *order, const char *id, struct mail_file *message, void *data);
/*
 * Calls `fn` for each selected message that is as it was selected, and counts what became of all of them.  Where
 * there are answers already, a message with another one than 0 keeps it, and there are such of all afterwards.
 */
void order_each(struct order *order, order_fn fn, void *data, struct tally *ret_tally);

/* "1,998 of 2,000 postponed by up to 15m, 2 left the deferred queue meanwhile" */
void tally_describe(const struct tally *tally, const char *done, char text[static SG_TEXT_MAX]);

time_t order_wall_clock(void);

#define ORDER_NUMBER_MAX 32
/* "1,998" */
const char *order_number(uint64_t number, char text[static ORDER_NUMBER_MAX]);

#endif
