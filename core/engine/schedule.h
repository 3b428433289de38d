/* SPDX-License-Identifier: MIT */
/*
 * schedule - which playbook has its turn next in an incident, and when a person has to be told
 *
 * Pure: plain data in, one decision out.  See schedule.c for the rules.
 */
#ifndef ENGINE_SCHEDULE_H
#define ENGINE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* A warning this long with nothing left to try, or a sick condition that nobody can judge, needs a person. */
#define SCHEDULE_WARNING_PATIENCE_USEC (UINT64_C(15) * 60 * 1000000)
/* A critical condition does not wait longer than this for a cool-down. */
#define SCHEDULE_COOLDOWN_PATIENCE_USEC (UINT64_C(5) * 60 * 1000000)
/* What cleared is kept for a playbook whose budget is spent, when that is at most for so long. */
#define SCHEDULE_SPENT_PATIENCE_USEC (UINT64_C(60) * 60 * 1000000)

/* Who was called looks at what trips within so long after it; later on it is another night. */
#define SCHEDULE_CALLED_USEC (UINT64_C(12) * 60 * 60 * 1000000)

/* A condition that is critical still, so long after the last turn, begins all turns for it anew if one gave a little. */
#define SCHEDULE_ANEW_USEC (UINT64_C(15) * 60 * 1000000)

/*
 * One condition the incident gathered.  Edges are numbered through the whole incident, from 1.
 * `active`: known and beyond its clear level.  A tripped one that is not active is clearing or unknown.
 */
struct schedule_condition {
        const char *name;
        bool tripped, active, unknown;
        enum config_level level;
        uint64_t tripped_edge, cleared_edge; /* number of its last one; 0: none */
        uint64_t since_usec;                 /* monotonic: last trip edge */
        bool told;                           /* people were told of it in this incident */
};

/* How the last turn of a playbook in this incident ended. */
enum schedule_outcome {
        SCHEDULE_NONE,    /* it had no turn */
        SCHEDULE_HELPED,  /* it says so */
        SCHEDULE_DONE,    /* acted, and leaves the judgement to the next one */
        SCHEDULE_IDLE,    /* nothing was executed: nothing to do, or refused */
        SCHEDULE_USELESS, /* acted, and did not clear its condition */
        SCHEDULE_FAILED,  /* an error in Lua */
        SCHEDULE_OBSERVED,
};
enum schedule_hold { SCHEDULE_FREE, SCHEDULE_COOLDOWN, SCHEDULE_SPENT, SCHEDULE_MAINTENANCE };

struct schedule_turn {
        enum schedule_outcome outcome;
        uint64_t edge;   /* number of the newest edge when the turn began */
        uint64_t no_use; /* bit i: not again for condition i of this incident */
        enum schedule_hold hold;
        uint64_t until_usec; /* monotonic; while `hold` */
        uint64_t ended_usec; /* monotonic: of the last turn; 0: not known */
        bool gave;           /* space came back in it */
};

struct schedule_playbook {
        const struct config_playbook *config;
        bool usable; /* not off, quarantined or broken */
        bool busy;   /* a run of it is under way */
        bool later; /* something critical starts it, too: a turn in which it did nothing need not be its last */
        struct schedule_turn turn;
};

struct schedule_input {
        uint64_t now_usec; /* monotonic */
        const struct schedule_condition *conditions;
        size_t n_conditions; /* at most 64 */
        const struct schedule_playbook *playbooks;
        size_t n_playbooks;
        bool running;         /* a run of this incident that was started by a trip is under way */
        bool escalated;       /* people were told of something in this incident */
        uint64_t called_usec; /* monotonic: when, the last time */
};

struct schedule_decision {
        bool start;
        size_t playbook, condition; /* when start; condition: what it is started for */
        bool anew;                  /* condition `anew_condition` counts as tripped once more */
        size_t anew_condition;
        const char *escalate; /* the reason, as in struct wire_escalate; NULL: not now */
        size_t escalate_condition;
        uint64_t again_usec; /* ask again then, if nothing happens before; USEC_NEVER */
};

void schedule_decide(const struct schedule_input *input, struct schedule_decision *ret_decision);

/* Whether a playbook can be started by this condition at all (by tripping, not by clearing). */
bool schedule_is_for(const struct config_playbook *config, const char *condition);

/* Whether a run that tripping started can be about this condition: one of `all`, if there are any, else of `any`. */
bool schedule_is_about(const struct config_playbook *config, const char *condition);

/*
 * Whether a playbook has yet to answer that condition `i` of the incident cleared, now or when its cool-down is
 * over.  One whose budget is spent for longer than SCHEDULE_SPENT_PATIENCE_USEC, or that waits for the end of a
 * maintenance, does not come in time.
 */
bool schedule_will_answer_clear(const struct schedule_playbook *playbook,
        const struct schedule_condition *condition, size_t i, uint64_t now_usec);

#endif
