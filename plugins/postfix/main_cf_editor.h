/* SPDX-License-Identifier: MIT */
/* main_cf_editor - whether somebody else is editing a file, and keeping postconf from it */
#ifndef POSTFIX_MAIN_CF_EDITOR_H
#define POSTFIX_MAIN_CF_EDITOR_H

#include <stdbool.h>

#define MAIN_CF_EDITOR_WHO_MAX 160

/* Whether an editor that is alive has the file `name` open; who, for people: "root has it open in vi (process 812)". */
bool main_cf_editor_find(int directory, const char *name, char ret_who[static MAIN_CF_EDITOR_WHO_MAX]);

/*
 * The lock that postconf takes in a configuration directory before it edits main.cf there: a descriptor for
 * main_cf_editor_unlock(), -EBUSY when somebody has it for longer than an edit takes, or another negative errno value.
 */
int main_cf_editor_lock(int config);
/* A negative descriptor is fine. */
void main_cf_editor_unlock(int config, int lock);

#endif
