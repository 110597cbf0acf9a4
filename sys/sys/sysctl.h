/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The tree of things that can be read and set by name: net.inet.ip.forwarding.
 *
 * A module registers a table of rows.  A row is a variable with its bounds,
 * or a handler.  The part of the name behind a handler's row is given to it
 * (net.route.dump.inet -> "inet").  Nothing is applied unless the whole of
 * the new value is good.
 */

#ifndef _SYS_SYSCTL_H_
#define _SYS_SYSCTL_H_

#include <sys/types.h>
#include <sys/queue.h>

enum sysctl_type { CTL_INT, CTL_QUAD, CTL_STRING, CTL_OPAQUE };
#define CTLF_RD	    0 /* everybody may read */
#define CTLF_WR	    1 /* the owner may write */
#define CTLF_SECRET 2 /* only the owner may read */
#define CTLF_HIDDEN 4 /* sysctl -a does not list it (dumps) */

/* Where a handler puts its answer and finds the new value. */
struct sysctl_req {
	struct proc *proc;
	const char *rest; /* of the name, "" if nothing is left */
	void *old; /* kernel memory that grows by sysctl_out() */
	size_t oldlen, oldcap;
	const void *new; /* NULL: only read */
	size_t newlen;
};
/* Appends to the answer.  0 or ENOMEM. */
int sysctl_out(struct sysctl_req *req, const void *p, size_t len);

struct sysctl_row {
	const char *name; /* full: "net.inet.ip.forwarding" */
	enum sysctl_type type;
	int flags;
	void *var; /* int, int64_t or char[] */
	int64_t min, max; /* max: size for CTL_STRING */
	int (*handler)(struct sysctl_req *req); /* instead of var */
	void (*changed)(void); /* after var was set */
	const char *text; /* one clause for sysctl -d and the manual */
};
struct sysctl_table {
	const struct sysctl_row *rows;
	unsigned int nrows;
	TAILQ_ENTRY(sysctl_table) entry;
};

void sysctlinit(void); /* at boot */
void sysctl_register(struct sysctl_table *t);
/*
 * Reads and / or sets name for req->proc: ints travel as int32_t, quads as
 * int64_t, strings with their NUL.  ENOENT, EPERM, EINVAL (length), ERANGE
 * (bounds), ENOMEM or what the handler says.  The name "sysctl.names" gives
 * all names with types: see struct sysctl_name.  old is malloc(M_SYSCTL)'d
 * and the caller's to free (oldcap bytes).
 */
int kern_sysctl(const char *name, struct sysctl_req *req);

struct sysctl_name {
	char name[64];
	char text[96];
	int32_t type, flags;
};

#endif
