/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Who is calling, and what he may do. */

#include <sys/systm.h>
#include <sys/proc.h>

static struct proc *current; /* of the thread that has the token */
static uid_t owner;

void
proc_setowner(uid_t uid)
{
	owner = uid;
}

struct proc *
proc_switch(struct proc *p)
{
	struct proc *was = current;

	current = p;
	return (was);
}

struct proc *
curproc(void)
{
	return (current);
}

int
suser(const struct proc *p)
{
	return (p == NULL || p->p_uid == 0 || p->p_uid == owner ? 0 : EPERM);
}
