/* SPDX-License-Identifier: MIT */
/* shut_out - notice that a path the sensors declared can no longer be opened by a confined watcher */
#ifndef WATCHER_SHUT_OUT_H
#define WATCHER_SHUT_OUT_H

#include <stdbool.h>
#include <stddef.h>

struct shut_out;

/* Takes over `paths` and its texts, also when it fails.  To be made once the process is confined. */
int shut_out_new_consume(char **paths, size_t n, struct shut_out **ret_shut_out);
struct shut_out *shut_out_free(struct shut_out *shut_out);

/* A path that is refused now and was at the last look, but not at the first; NULL: there is none. */
const char *shut_out_look(struct shut_out *shut_out);
/* Whether it is one of the paths: any other was never opened to this process. */
bool shut_out_knows(const struct shut_out *shut_out, const char *path);

#endif
