/* SPDX-License-Identifier: MIT */
/* desk - where every message of the watcher is answered; and what root may order */
#ifndef EXECUTOR_DESK_H
#define EXECUTOR_DESK_H

#include "config/config.h"
#include "executor/book.h"
#include "executor/lease_store.h"
#include "executor/notify.h"
#include "plugin/plugin.h"
#include "wire/channel.h"

/* Messages of the watcher in a second, above which it is ended: a run may ask for all it may at once, and be denied. */
#define DESK_RATE (WIRE_ACTIONS_PER_RUN + 500u)
#define DESK_CRASHES_MAX 2u /* of one playbook, then it is quarantined */

struct desk_ops {
        /* Somebody wants a reload; serial for desk_reload_done(), 0 when not asked over the wire. */
        void (*reload)(const char *who, uint64_t serial, void *data);
        /* The watcher broke the rules: end it. */
        void (*end_watcher)(const char *reason, void *data);
        /* What is shown of us changed. */
        void (*changed)(void *data);
        /* The last action ended, or the last renewal or undo. */
        void (*idle)(void *data);
        /* An undo was tried: the lease is over, or it is not, and why. */
        void (*lease_tried)(uint64_t lease, bool is_over, const char *text, void *data);
};

struct desk;
struct desk_setup {
        struct loop *loop;
        struct book *book;
        struct lease_store *leases;
        const struct plugin_list *plugins;
        const char *root; /* prefix of the paths that verbs touch */
        const char *user; /* that the notify command runs as; NULL: ourselves */
        const struct desk_ops *ops;
        void *data;
};
int desk_new(const struct desk_setup *setup, struct desk **ret_desk);
struct desk *desk_free(struct desk *desk);

/* The configuration in force; borrowed until the next one.  `generation` counts them. */
void desk_set_config(struct desk *desk, const struct config *config, uint32_t generation);
/* Why we run on another configuration than the files say; "": we do not. */
void desk_set_trouble(struct desk *desk, const char *text);

/* A watcher came or went.  The channel is borrowed. */
void desk_connect(struct desk *desk, struct channel *channel);
void desk_receive_consume_fd(
        struct desk *desk, const struct wire_message *message, int fd); /* -1: none came */
void desk_disconnect(struct desk *desk);
/* What it did when it died: "lua", "parsing", "none", or WATCHER_RESTARTING, which is no death. */
void desk_watcher_died(struct desk *desk, const char *reason, const char *activity, const char *what);

/* After a start: what the last executor left open. */
void desk_recover(struct desk *desk);
/* Quarantine is lifted for playbooks whose source is not the one that was quarantined. */
void desk_review_quarantine(struct desk *desk);

unsigned desk_actions(const struct desk *desk); /* at work */
unsigned desk_at_work(const struct desk *desk); /* the same with renewals and undos of leases */
void desk_stop_actions(struct desk *desk);
void desk_close(struct desk *desk); /* no action begins any more: we are about to end */

/* Mode, maintenance, runs: as root orders at the control socket.  -EINVAL with the reason. */
enum config_mode desk_mode(const struct desk *desk);
void desk_set_mode(struct desk *desk, enum config_mode mode, const char *who);
int desk_set_maintenance(
        struct desk *desk, uint64_t usec, const char *who, bool may_shorten, struct problem *problem);
void desk_clear_override(struct desk *desk, const char *who);
int desk_run_by_root(struct desk *desk, const char *playbook, bool dry, struct problem *problem);
int desk_unquarantine(struct desk *desk, const char *playbook, const char *who, struct problem *problem);
/* An admin's word: it ends and is undone, and is not taken again in this incident. */
int desk_return_lease(struct desk *desk, uint64_t lease, const char *who, struct problem *problem);
/*
 * The same by root, and when the next try to undo it fails, for what it changed is not there any more or (`anyway`)
 * whatever the reason, the lease is over all the same.  Answered by desk_ops.lease_tried(), perhaps in here.
 */
int desk_forget_lease(
        struct desk *desk, uint64_t lease, bool anyway, const char *who, struct problem *problem);
void desk_reload_done(struct desk *desk, uint64_t serial, bool ok, const char *text);

/*
 * A call for people, within limits (desk_incident.c); `incident` is the open one or 0, `condition` what it is
 * about or "".  Each line of the text is a paragraph for whoever is called.
 */
void desk_escalate(
        struct desk *desk, uint64_t incident, const char *reason, const char *condition, const char *text);
/* A few lines for people. */
void desk_status(const struct desk *desk, char *text, size_t size);

#endif
