/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * sysctl: finds the row of a name, judges the new value, gives the old one.
 *
 * Reading comes first, so a caller gets the value that was replaced.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

#define OUT_MAX (1UL << 30)

static TAILQ_HEAD(, sysctl_table) tables = TAILQ_HEAD_INITIALIZER(tables);

void
sysctl_register(struct sysctl_table *t)
{
	TAILQ_INSERT_TAIL(&tables, t, entry);
}

int
sysctl_out(struct sysctl_req *req, const void *p, size_t len)
{
	size_t cap = MAX(req->oldcap, 256);
	void *more;

	if (len > OUT_MAX - req->oldlen)
		return (ENOMEM);
	while (cap < req->oldlen + len)
		cap *= 2;
	if (cap != req->oldcap) {
		if ((more = malloc(cap, M_SYSCTL, M_NOWAIT)) == NULL)
			return (ENOMEM);
		if (req->oldlen > 0)
			memcpy(more, req->old, req->oldlen);
		free(req->old, M_SYSCTL, req->oldcap);
		req->old = more;
		req->oldcap = cap;
	}
	if (len > 0)
		memcpy((char *)req->old + req->oldlen, p, len);
	req->oldlen += len;
	return (0);
}

/* Row of name; *rest is what stands behind a handler's row. */
static const struct sysctl_row *
row_find(const char *name, const char **rest)
{
	const struct sysctl_table *t;

	TAILQ_FOREACH(t, &tables, entry)
		for (unsigned int i = 0; i < t->nrows; i++) {
			const struct sysctl_row *r = &t->rows[i];
			size_t len = strlen(r->name);

			if (strncmp(name, r->name, len) != 0)
				continue;
			*rest = name + len;
			if (**rest == '\0')
				return (r);
			if (**rest == '.' && r->handler != NULL) {
				(*rest)++;
				return (r);
			}
		}
	return (NULL);
}

static int
int_set(const struct sysctl_row *r, const struct sysctl_req *req)
{
	int32_t v;

	if (req->newlen != sizeof(v))
		return (EINVAL);
	memcpy(&v, req->new, sizeof(v));
	if (v < r->min || v > r->max)
		return (ERANGE);
	*(int *)r->var = v;
	return (0);
}

static int
quad_set(const struct sysctl_row *r, const struct sysctl_req *req)
{
	int64_t v;

	if (req->newlen != sizeof(v))
		return (EINVAL);
	memcpy(&v, req->new, sizeof(v));
	if (v < r->min || v > r->max)
		return (ERANGE);
	*(int64_t *)r->var = v;
	return (0);
}

static int
string_set(const struct sysctl_row *r, const struct sysctl_req *req)
{
	const char *s = req->new;

	if (req->newlen == 0 || s[req->newlen - 1] != '\0' ||
	    strnlen(s, req->newlen) != req->newlen - 1)
		return (EINVAL);
	if (req->newlen > (size_t)r->max)
		return (ERANGE);
	memcpy(r->var, s, req->newlen);
	return (0);
}

static int
variable_access(const struct sysctl_row *r, struct sysctl_req *req)
{
	static int (*const set[])(const struct sysctl_row *,
	    const struct sysctl_req *) = { [CTL_INT] = int_set,
		[CTL_QUAD] = quad_set,
		[CTL_STRING] = string_set };
	size_t len = r->type == CTL_INT ? sizeof(int32_t) : sizeof(int64_t);
	int error;

	KASSERT(r->type != CTL_OPAQUE && r->var != NULL);
	if (r->type == CTL_STRING)
		len = strlen(r->var) + 1;
	if ((error = sysctl_out(req, r->var, len)) != 0 || req->new == NULL)
		return (error);
	if ((error = set[r->type](r, req)) == 0 && r->changed != NULL)
		r->changed();
	return (error);
}

int
kern_sysctl(const char *name, struct sysctl_req *req)
{
	const struct sysctl_row *r;

	req->old = NULL;
	req->oldlen = req->oldcap = 0;
	if ((r = row_find(name, &req->rest)) == NULL)
		return (ENOENT);
	if (((r->flags & CTLF_SECRET) != 0 || req->new != NULL) &&
	    suser(req->proc) != 0)
		return (EPERM);
	if (req->new != NULL && (r->flags & CTLF_WR) == 0)
		return (EPERM);
	return (r->handler != NULL ? r->handler(req) : variable_access(r, req));
}

/* --- the names themselves --- */

static int
names_sysctl(struct sysctl_req *req)
{
	const struct sysctl_table *t;
	struct sysctl_name n;
	int error = 0;

	TAILQ_FOREACH(t, &tables, entry)
		for (unsigned int i = 0; i < t->nrows && error == 0; i++) {
			memset(&n, 0, sizeof(n));
			strlcpy(n.name, t->rows[i].name, sizeof(n.name));
			if (t->rows[i].text != NULL)
				strlcpy(n.text, t->rows[i].text,
				    sizeof(n.text));
			n.type = (int32_t)t->rows[i].type;
			n.flags = t->rows[i].flags;
			error = sysctl_out(req, &n, sizeof(n));
		}
	return (error);
}

static const struct sysctl_row name_rows[] = {
	{ .name = "sysctl.names",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_RD | CTLF_HIDDEN,
	    .handler = names_sysctl,
	    .text = "all names" },
};
static struct sysctl_table name_table = { .rows = name_rows,
	.nrows = nitems(name_rows) };

void
sysctlinit(void)
{
	sysctl_register(&name_table);
}
