/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Tasks: a function that runs soon, in the loop, after the current batch.
 */

#ifndef _SYS_TASK_H_
#define _SYS_TASK_H_

#include <sys/types.h>
#include <sys/queue.h>

struct task {
	TAILQ_ENTRY(task) t_entry;
	void (*t_func)(void *);
	void *t_arg;
	bool t_pending;
};

void task_set(struct task *t, void (*fn)(void *), void *arg);
/* 1 if it was not already waiting. */
int task_add(struct task *t);
/* 1 if it was waiting. */
int task_del(struct task *t);
/* Runs those that wait now; true when new ones came up meanwhile. */
bool task_run(void);

#endif
