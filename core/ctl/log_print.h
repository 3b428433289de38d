/* SPDX-License-Identifier: MIT */
/* log_print - one record as people read it, and as JSON */
#ifndef CTL_LOG_PRINT_H
#define CTL_LOG_PRINT_H

#include "record/record.h"

void log_print_text(const struct record *record);
/* One object a line: a record is a stream, and tools read it as one. */
void log_print_json(const struct record *record);

#endif
