/* SPDX-License-Identifier: MIT */
/* postfix_options - the options of plugin postfix as they are when a site sets none but its spools */
#ifndef SUPPORT_POSTFIX_OPTIONS_H
#define SUPPORT_POSTFIX_OPTIONS_H

#include "postfix/postfix.h"
#include "postfix/queue_table.h"

/* `spools` ends with NULL and must outlive the options. */
static inline void postfix_options_init(
        struct sg_value options[static POSTFIX_OPTIONS], const char *const *spools) {
        static const char *const nothing[] = {NULL};

        options[POSTFIX_OPTION_SPOOLS] = (struct sg_value){.type = SG_TYPE_LIST, .list = spools};
        options[POSTFIX_OPTION_MESSAGES_MAX] =
                (struct sg_value){.type = SG_TYPE_NUMBER, .number = QUEUE_MESSAGES_MAX};
        options[POSTFIX_OPTION_CLIFF_HOURS] = (struct sg_value){.type = SG_TYPE_NUMBER, .number = 24};
        for (size_t i = POSTFIX_OPTION_REASONS; i < POSTFIX_OPTIONS; i++)
                options[i] = (struct sg_value){.type = SG_TYPE_LIST, .list = nothing};
}

#endif
