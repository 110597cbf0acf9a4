/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Tasks: work put off to the end of the current batch. */

#include <sys/systm.h>
#include <sys/task.h>
#include <machine/host.h>

static TAILQ_HEAD(, task) tasks = TAILQ_HEAD_INITIALIZER(tasks);

void
task_set(struct task *t, void (*fn)(void *), void *arg)
{
	memset(t, 0, sizeof(*t));
	t->t_func = fn;
	t->t_arg = arg;
}

int
task_add(struct task *t)
{
	ASSERT_TOKEN();
	KASSERT(t->t_func != NULL);
	if (t->t_pending)
		return (0);
	t->t_pending = true;
	if (TAILQ_EMPTY(&tasks))
		host_kick();
	TAILQ_INSERT_TAIL(&tasks, t, t_entry);
	return (1);
}

int
task_del(struct task *t)
{
	if (!t->t_pending)
		return (0);
	t->t_pending = false;
	TAILQ_REMOVE(&tasks, t, t_entry);
	return (1);
}

/*
 * A mark at the end of the list bounds the run: tasks that add themselves
 * again, and tasks that delete others, are both safe.
 */
bool
task_run(void)
{
	struct task mark = { .t_pending = true }, *t;

	if (TAILQ_EMPTY(&tasks))
		return (false);
	TAILQ_INSERT_TAIL(&tasks, &mark, t_entry);
	while ((t = TAILQ_FIRST(&tasks)) != &mark) {
		task_del(t);
		t->t_func(t->t_arg);
	}
	TAILQ_REMOVE(&tasks, &mark, t_entry);
	return (!TAILQ_EMPTY(&tasks));
}
