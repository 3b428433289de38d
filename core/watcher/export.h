/* SPDX-License-Identifier: MIT */
/* export - a copy of the recorder for whoever asks over D-Bus */
#ifndef WATCHER_EXPORT_H
#define WATCHER_EXPORT_H

/*
 * A sealed memfd with the good slots of run_dir/recorder in order, or where there is no such mirror of
 * state_dir/recorder; one per line as record.h describes them; the caller closes it.  Negative errno.
 */
int export_recorder(const char *state_dir, const char *run_dir);

#endif
