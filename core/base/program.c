/* SPDX-License-Identifier: MIT */
/*
 * program - is a program root's alone, so that it may be run with root's power
 *
 * Runs in: executor, the children of actions, and spoolguardctl for its preflight.  For commands that the site
 * configured: what others can write or put something else in the place of would be theirs to choose.  Every directory
 * on the way counts, since whoever can rename one replaces all that is below it; one with the sticky bit lets nobody
 * rename what is root's.  A link on the way is followed when root made it, and then all of the way is looked at again.
 * The program itself is no link.
 *
 * It is asked right before the program is started: what holds then can be changed by nobody but root in between.
 *
 * Owns nothing.  Fails with -EINVAL and a sentence.  Limits: LINKS_MAX links; ACLs that let others write show up in
 * the group's bits, and so are refused; what is on a file system of another machine is that machine's to change.
 */
#include "base/program.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define LINKS_MAX 8u

struct way {
        const char *root, *program;
        uid_t owner;
        char path[PATH_MAX]; /* the program's, with the links that were followed replaced */
        struct problem *problem;
};

static bool is_ours(const struct way *way, const struct stat *st) {
        return st->st_uid == 0 || st->st_uid == way->owner;
}

static bool others_write(const struct stat *st) {
        return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* Of the first `length` bytes of the path. */
static int look(const struct way *way, size_t length, struct stat *ret_st) {
        char full[2 * PATH_MAX];

        text_format(full, sizeof(full), "%s%.*s", way->root, (int)length, way->path);
        if (lstat(full, ret_st) < 0)
                return problem_set(way->problem, "%s: %s", way->program, strerror(errno));
        return 0;
}

static int judge_directory(const struct way *way, size_t length, const struct stat *st) {
        if (!S_ISDIR(st->st_mode))
                return problem_set(
                        way->problem, "%s: %.*s is no directory", way->program, (int)length, way->path);
        if (!is_ours(way, st) || (others_write(st) && !(st->st_mode & S_ISVTX)))
                return problem_set(way->problem, "others than root can replace %s: they can write %.*s",
                        way->program, (int)length, way->path);
        return 0;
}

static int judge_program(const struct way *way, const struct stat *st) {
        if (!S_ISREG(st->st_mode))
                return problem_set(way->problem, "%s is no regular file", way->program);
        if (!is_ours(way, st) || others_write(st))
                return problem_set(way->problem, "others than root can write %s", way->program);
        if ((st->st_mode & S_IXUSR) == 0)
                return problem_set(way->problem, "%s is not executable", way->program);
        return 0;
}

/* The link that the first `length` bytes name gives way to what it says. */
static int follow(struct way *way, size_t length, const struct stat *st) {
        char full[2 * PATH_MAX], target[PATH_MAX], path[3 * PATH_MAX];
        const char *rest = way->path + length;
        size_t parent = length;
        ssize_t n;

        if (!is_ours(way, st))
                return problem_set(way->problem, "others than root can replace %s: %.*s is a link of theirs",
                        way->program, (int)length, way->path);
        text_format(full, sizeof(full), "%s%.*s", way->root, (int)length, way->path);
        n = readlink(full, target, sizeof(target) - 1);
        if (n < 0)
                return problem_set(way->problem, "%s: %s", way->program, strerror(errno));
        target[n] = '\0';
        while (way->path[parent - 1] != '/')
                parent--;
        text_format(
                path, sizeof(path), "%.*s%s%s", target[0] == '/' ? 0 : (int)parent, way->path, target, rest);
        if (!text_copy(way->path, sizeof(way->path), path))
                return problem_set(way->problem, "%s: %s", way->program, strerror(ENAMETOOLONG));
        return 0;
}

/* 0: all of the way is good; 1: a link was followed, and it is to be gone anew. */
static int walk(struct way *way) {
        struct stat st;
        int r;

        for (const char *slash = way->path; slash; slash = strchr(slash + 1, '/')) {
                size_t length = slash == way->path ? 1 : (size_t)(slash - way->path);

                r = look(way, length, &st);
                if (r < 0)
                        return r;
                if (S_ISLNK(st.st_mode)) {
                        r = follow(way, length, &st);
                        return r < 0 ? r : 1;
                }
                r = judge_directory(way, length, &st);
                if (r < 0)
                        return r;
        }
        r = look(way, strlen(way->path), &st);
        return r < 0 ? r : judge_program(way, &st);
}

int program_check(const char *root, const char *program, uid_t owner, struct problem *problem) {
        struct way way = {.root = root, .program = program, .owner = owner, .problem = problem};
        int r = 1;

        if (program[0] != '/' || !text_copy(way.path, sizeof(way.path), program))
                return problem_set(problem, "%s is no absolute path", program);
        for (unsigned links = 0; r > 0 && links <= LINKS_MAX; links++)
                r = walk(&way);
        return r > 0 ? problem_set(problem, "%s: %s", program, strerror(ELOOP)) : r;
}

int program_check_told(const char *root, const char *program, uid_t owner, char *ret_why, size_t size) {
        struct problem problem = {""};
        int r = program_check(root, program, owner, &problem);

        if (size > 0)
                text_abridge(ret_why, size, problem.text);
        return r;
}
