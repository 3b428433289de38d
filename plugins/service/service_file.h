/* SPDX-License-Identifier: MIT */
/* service_file - is there a unit of that name */
#ifndef SERVICE_SERVICE_FILE_H
#define SERVICE_SERVICE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Below `root`; false with the reason: systemd has no file for it, or it is masked. */
bool service_file_find(const char *root, const char *unit, char *why, size_t size);

#endif
