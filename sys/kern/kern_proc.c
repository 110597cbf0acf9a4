/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Who is calling, and what he may do. */

#include <sys/systm.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

static struct proc *current; /* of the thread that has the token */
static uid_t owner;
static int32_t level; /* kern.securelevel: it only rises */

static int
securelevel_sysctl(struct sysctl_req *req)
{
	int32_t v;
	int error;

	if ((error = sysctl_out(req, &level, sizeof(level))) != 0 ||
	    req->new == NULL)
		return (error);
	if (req->newlen != sizeof(v))
		return (EINVAL);
	memcpy(&v, req->new, sizeof(v));
	if (v < 0 || v > SECURELEVEL_MAX)
		return (ERANGE);
	if (v < level)
		return (EPERM);
	level = v;
	return (0);
}

static const struct sysctl_row rows[] = {
	{ .name = "kern.securelevel",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .handler = securelevel_sysctl,
	    .text = "above 2 pf cannot be changed; it only rises" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

void
procinit(void)
{
	sysctl_register(&table);
}

bool
securelevel_above(int n)
{
	return (level > n);
}

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
