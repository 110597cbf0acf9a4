/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The rooms of pfctl that talk to /dev/pf.  dev is its descriptor; opts
 * are OPT_*; functions that fail say why on standard error and return -1
 * (nothing was changed) unless they say otherwise.
 */

#ifndef _PF_CTL_H_
#define _PF_CTL_H_

#include "pfctl.h"

/* pf_load.c */

/* Reports what the kernel cannot do.  Number of errors in all. */
int load_refuse(struct pfconf *pc);
/* Does this load include rulesets of kind rs? */
bool load_wants(const struct pfconf *pc, int rs);
/* All of pc into the kernel, or nothing.  anchor: the target of -a. */
int load_commit(int dev, struct pfconf *pc, const char *anchor);

/* pf_show.c: -s.  word is a prefix; -1: no such word or an ioctl failed. */
int show(int dev, const char *word, const char *anchor, const char *ifname,
    int opts);
/* The full name that a -s prefix means, NULL: none. */
const char *show_word(const char *prefix);

/* pf_act.c: -F, -k, -e, -d, -x, -z */
int act_flush(int dev, const char *word, const char *anchor, int opts);
const char *flush_word(const char *prefix);
int act_kill(int dev, char *const hosts[], int n, const char *ifname, int opts);
int act_enable(int dev, int opts);
int act_disable(int dev, int opts);
int act_debug(int dev, const char *level, int opts);

/* pf_tablecmd.c: -t -T.  The exit code, -1: an ioctl failed. */
int table_command(int dev, const char *table, const char *anchor,
    const char *cmd, char **args, int nargs, const char *file, int opts);

#endif
