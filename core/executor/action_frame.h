/* SPDX-License-Identifier: MIT */
/* action_frame - what an action's child and the executor say to each other over their socketpair */
#ifndef EXECUTOR_ACTION_FRAME_H
#define EXECUTOR_ACTION_FRAME_H

#include <stdint.h>

#include "spoolguard/action.h"

enum action_frame_type {
        ACTION_FRAME_MANIFEST = 1, /* child: one line of what is about to go */
        ACTION_FRAME_VERDICT,      /* child: `code` is an enum sg_verdict */
        ACTION_FRAME_GO,           /* executor: recorded, do it */
        ACTION_FRAME_OUTCOME,      /* child: `code` is 0 or a negative errno value */
};

/*
 * One packet of a SOCK_SEQPACKET socketpair between two processes of one program, so a struct will do.  The
 * executor still checks size, type and the end of the text.
 */
struct action_frame {
        uint32_t type;
        int32_t code;
        struct sg_outcome outcome; /* `text` carries the line of a manifest, too */
};

#define ACTION_MANIFEST_MAX 512u

#endif
