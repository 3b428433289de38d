/* SPDX-License-Identifier: MIT */
/*
 * process_title - a forked child says in ps(1) what it is
 *
 * Runs in: a child of the executor, which runs the parent's program under the parent's command line and would
 * otherwise look like a second executor.
 *
 * The kernel shows the memory in which it laid out the arguments at exec.  Where that is stands in
 * /proc/self/stat, so neither main() nor its argv is needed.  When the last byte of that area is not NUL the
 * kernel reads on into the environment, so a longer title may use both; the environment is cleared for it.
 *
 * Fails silently: a wrong title is no reason not to act.
 */
#include "executor/process_title.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cleanup.h"

#define ARG_START_FIELD 48 /* of /proc/PID/stat, see proc_pid_stat(5); arg_end, env_start, env_end follow */

/* Field 2 is the command name, in parentheses, and may hold blanks; so the fields are counted behind it. */
static int argument_area(char **ret_start, size_t *ret_arguments, size_t *ret_all) {
        _cleanup_fclose_ FILE *file = fopen("/proc/self/stat", "re");
        char line[2048], *at;
        unsigned long start, end, env_start, env_end;

        if (!file || !fgets(line, sizeof(line), file) || !(at = strrchr(line, ')')))
                return -1;
        for (unsigned field = 2; field < ARG_START_FIELD; field++) {
                at = strchr(at + 1, ' ');
                if (!at)
                        return -1;
        }
        if (sscanf(at, "%lu %lu %lu %lu", &start, &end, &env_start, &env_end) != 4 || start == 0 ||
                end <= start)
                return -1;
        *ret_start = (char *)(uintptr_t)start;
        *ret_arguments = end - start;
        *ret_all = env_start == end && env_end > env_start ? env_end - start : end - start;
        return 0;
}

void process_title(const char *format, ...) {
        char title[256], *area;
        size_t arguments, all, size;
        va_list list;

        va_start(list, format);
        vsnprintf(title, sizeof(title), format, list);
        va_end(list);
        prctl(PR_SET_NAME, title);
        if (argument_area(&area, &arguments, &all) < 0)
                return;
        size = strlen(title);
        if (size >= arguments)
                clearenv();
        else
                all = arguments;
        if (size >= all)
                size = all - 1;
        memset(area, 0, all);
        memcpy(area, title, size);
}
