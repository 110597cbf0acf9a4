/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Calls about tables (DIOCR*).
 *
 * Lists are long and cross in bites; copyin() and copyout() sleep, and another
 * program may take the table away meanwhile.  So a table is looked for by name
 * after each bite, and what changes something by a list does it after all of
 * the list has come.
 *
 *	add, delete	judge all, then do all; undone when memory ends
 *	replace		a set is built aside and swapped in
 *	get		goes on behind the last entry that was given
 *
 * Work on a long list lets packets run between bites (struct pf_twork).  The
 * table is held meanwhile, but it may be ended: ESRCH, or get other contents:
 * EBUSY for what adds and deletes.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/time.h>
#include <net/pf/pf.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_table.h>

#define BITE       1024
#define LIST_MAX   (16U << 20) /* elements, whatever the limit says */
#define TABLES_MAX 65536U

/* --- names and lists --- */

static bool
pf_tname_ok(const struct pf_ioc_table *t)
{
	return (strnlen(t->anchor, sizeof(t->anchor)) < sizeof(t->anchor) &&
	    strnlen(t->name, sizeof(t->name)) < sizeof(t->name));
}

/* The active table that the call is about.  NULL: ESRCH. */
static struct pf_table *
pf_tcall_table(const struct pfioc_table *io)
{
	struct pf_table *t = pf_table_find(io->table.anchor, io->table.name);

	return (t != NULL && (t->flags & PFRT_ACTIVE) != 0 ? t : NULL);
}

static uint32_t
pf_table_showflags(const struct pf_table *t)
{
	return (t->flags | (t->rules != 0 ? PFRT_REFERENCED : 0) |
	    (t->anchors != 0 ? PFRT_REFDANCHOR : 0));
}

/* n elements of a list of the caller's, in kernel memory.  0, EINVAL, ENOMEM,
 * EFAULT. */
static int
pf_list_in(uint64_t from, uint32_t n, size_t size, void *listp)
{
	void *list = NULL;
	int error = 0;

	if (n > LIST_MAX)
		return (EINVAL);
	if (n != 0 && (list = mallocarray(n, size, M_TEMP, 0)) == NULL)
		return (ENOMEM);
	if (n != 0 && (error = copyin(from, list, n * size)) != 0) {
		free(list, M_TEMP, n * size);
		list = NULL;
	}
	memcpy(listp, &list, sizeof(list));
	return (error);
}

static int
pf_taddrs_in(const struct pfioc_table *io, struct pf_ioc_taddr **list)
{
	int error = pf_list_in(io->buf_ptr, io->n, sizeof(**list), list);

	if (error != 0)
		return (error);
	for (uint32_t i = 0; i < io->n; i++) {
		if (!pf_taddr_ok(&(*list)[i])) {
			free(*list, M_TEMP, io->n * sizeof(**list));
			return (EINVAL);
		}
		(*list)[i].fback = PFRFB_NONE;
	}
	return (0);
}

/* The list goes, back to the caller first if it wants to know. */
static int
pf_taddrs_done(const struct pfioc_table *io, struct pf_ioc_taddr *list,
    int error, bool always)
{
	if (error == 0 && io->n != 0 &&
	    (always || (io->flags & PFRF_FEEDBACK) != 0))
		error = copyout(list, io->buf_ptr, io->n * sizeof(*list));
	free(list, M_TEMP, io->n * sizeof(*list));
	return (error);
}

/* --- long work --- */

struct pf_twork {
	struct pf_table *t;
	const struct pf_tset *set; /* its contents when work began */
	uint32_t done;
};

static void
pf_twork_begin(struct pf_twork *w, struct pf_table *t)
{
	*w = (struct pf_twork){ .t = t, .set = t->set };
	t->holds++;
}

static void
pf_twork_end(struct pf_twork *w)
{
	w->t->holds--;
	pf_table_tidy(w->t);
}

/* Before each entry: 0, or ESRCH when the table is gone. */
static int
pf_twork_turn(struct pf_twork *w)
{
	if (++w->done % BITE == 0)
		preempt();
	return ((w->t->flags & PFRT_ACTIVE) != 0 ? 0 : ESRCH);
}

/* The same for work that needs the contents that there were: or EBUSY. */
static int
pf_twork_same(struct pf_twork *w)
{
	int error = pf_twork_turn(w);

	return (error == 0 && w->t->set != w->set ? EBUSY : error);
}

/* --- tables --- */

/* Active tables that the filter of a call names, one after the other. */
static struct pf_table *
pf_filter_next(const struct pfioc_table *io, struct pf_table *t)
{
	const char *path = (io->flags & PFRF_ALLRSETS) != 0 ? NULL :
							      io->table.anchor;

	while ((t = pf_table_next(t, path)) != NULL)
		if ((t->flags & PFRT_ACTIVE) != 0 &&
		    (io->table.name[0] == '\0' ||
			strcmp(io->table.name, t->name) == 0))
			break;
	return (t);
}

/* Ends an active table; it may be gone, and its anchor too. */
static void
pf_table_end(struct pf_table *t)
{
	struct pf_anchor *home;
	bool kept = pf_anchor_get(t->path, &home) == 0;

	pf_table_swap(t, NULL);
	t->flags = 0;
	pf_table_tidy(t);
	if (kept)
		pf_anchor_put(home);
}

int
pf_rclrtables(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_table *t, *next;
	bool dummy = (io->flags & PFRF_DUMMY) != 0;

	io->ndel = 0;
	for (t = pf_filter_next(io, NULL); t != NULL; t = next) {
		next = pf_filter_next(io, t);
		io->ndel++;
		/* the next one may go with it: as the root of this one */
		if (!dummy) {
			if (next != NULL)
				next->holds++;
			pf_table_end(t);
			if (next != NULL)
				next->holds--;
		}
	}
	return (0);
}

/* What a call does with each table of its list; the count is kept by it. */
typedef int pf_ttable(struct pfioc_table *io, const struct pf_ioc_table *want);

static int
pf_each_table(struct pfioc_table *io, pf_ttable *judge, pf_ttable *act)
{
	struct pf_ioc_table *list;
	uint32_t i;
	int error;

	if (io->n > TABLES_MAX)
		return (EINVAL);
	error = pf_list_in(io->buf_ptr, io->n, sizeof(*list), &list);
	if (error != 0)
		return (error);
	for (i = 0; i < io->n && error == 0; i++)
		error = !pf_tname_ok(&list[i]) || list[i].name[0] == '\0' ?
		    EINVAL :
		    (judge != NULL ? judge(io, &list[i]) : 0);
	for (i = 0; i < io->n && error == 0; i++)
		error = act(io, &list[i]);
	free(list, M_TEMP, io->n * sizeof(*list));
	return (error);
}

static struct pf_table *
pf_table_active(const struct pf_ioc_table *want)
{
	struct pf_table *t = pf_table_find(want->anchor, want->name);

	return (t != NULL && (t->flags & PFRT_ACTIVE) != 0 ? t : NULL);
}

static int
pf_raddtable_may(struct pfioc_table *io, const struct pf_ioc_table *want)
{
	struct pf_anchor *home;
	int error;

	if ((want->flags & ~(uint32_t)PFRT_USER) != 0 ||
	    (want->flags & PFRT_PERSIST) == 0)
		return (EINVAL); /* without it would be gone at once */
	if ((error = pf_anchor_get(want->anchor, &home)) != 0)
		return (error);
	error = pf_anchors_within(pf_anchor_limit) ? 0 : ENOMEM;
	pf_anchor_put(home);
	return (error);
}

/* A table there must be an anchor for: it stays as long as the table. */
static int
pf_raddtable(struct pfioc_table *io, const struct pf_ioc_table *want)
{
	struct pf_anchor *home;
	struct pf_table *t;
	struct pf_tset *set = NULL;
	int error;

	if (pf_table_active(want) != NULL)
		return (0);
	if (pf_table_limit != 0 && pf_table_count_all >= pf_table_limit &&
	    pf_table_find(want->anchor, want->name) == NULL)
		return (ENOMEM);
	if ((io->flags & PFRF_DUMMY) != 0) {
		io->nadd++;
		return (0);
	}
	if ((error = pf_anchor_get(want->anchor, &home)) != 0)
		return (error);
	if (!pf_anchors_within(pf_anchor_limit) ||
	    (set = pf_tset_new()) == NULL ||
	    (t = pf_table_make(want->anchor, want->name)) == NULL) {
		pf_tset_bury(set);
		error = ENOMEM;
	} else {
		pf_table_swap(t, set);
		t->flags = want->flags | PFRT_ACTIVE;
		io->nadd++;
	}
	pf_anchor_put(home);
	return (error);
}

static int
pf_rdeltable(struct pfioc_table *io, const struct pf_ioc_table *want)
{
	struct pf_table *t = pf_table_active(want);

	if (t == NULL)
		return (0);
	io->ndel++;
	if ((io->flags & PFRF_DUMMY) == 0)
		pf_table_end(t);
	return (0);
}

static void
pf_table_clearall(struct pf_table *t, bool addrs)
{
	struct pf_tcursor c = { 0 };
	struct pf_tentry *e;
	struct pf_twork w;

	pf_table_clear(t);
	pf_twork_begin(&w, t);
	while (addrs && pf_twork_turn(&w) == 0 &&
	    (e = pf_tset_next(t->set, &c)) != NULL)
		pf_tentry_clear(e);
	pf_twork_end(&w);
}

static int
pf_rclrtstat(struct pfioc_table *io, const struct pf_ioc_table *want)
{
	struct pf_table *t = pf_table_active(want);

	if (t == NULL)
		return (0);
	io->nadd++;
	if ((io->flags & PFRF_DUMMY) == 0)
		pf_table_clearall(t, (io->flags & PFRF_ADDRSTOO) != 0);
	return (0);
}

static int
pf_rsettflag(struct pfioc_table *io, const struct pf_ioc_table *want)
{
	struct pf_table *t = pf_table_active(want);
	uint32_t flags;

	if (t == NULL)
		return (ESRCH);
	flags = (t->flags | io->setflags) & ~io->clrflags;
	if (flags == t->flags)
		return (0);
	if ((flags & PFRT_PERSIST) == 0 && t->rules + t->anchors == 0)
		io->ndel++;
	else
		io->nchange++;
	if ((io->flags & PFRF_DUMMY) == 0) {
		t->flags = flags;
		pf_table_tidy(t);
	}
	return (0);
}

int
pf_raddtables(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	io->nadd = 0;
	return (pf_each_table(io, pf_raddtable_may, pf_raddtable));
}

int
pf_rdeltables(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	io->ndel = 0;
	return (pf_each_table(io, NULL, pf_rdeltable));
}

int
pf_rclrtstats(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	io->nadd = 0;
	return (pf_each_table(io, NULL, pf_rclrtstat));
}

int
pf_rsettflags(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	io->nchange = io->ndel = 0;
	if (((io->setflags | io->clrflags) & ~(uint32_t)PFRT_USER) != 0 ||
	    (io->setflags & io->clrflags) != 0)
		return (EINVAL);
	return (pf_each_table(io, NULL, pf_rsettflag));
}

static void
pf_tstats_show(const struct pf_table *t, struct pf_ioc_tstats *out)
{
	strlcpy(out->table.anchor, t->path, sizeof(out->table.anchor));
	strlcpy(out->table.name, t->name, sizeof(out->table.name));
	out->table.flags = pf_table_showflags(t);
	memcpy(out->packets, t->count.packets, sizeof(out->packets));
	memcpy(out->bytes, t->count.bytes, sizeof(out->bytes));
	out->match = t->match;
	out->nomatch = t->nomatch;
	out->tzero = t->tzero;
	out->count = t->set->n;
	out->rules = t->rules;
	out->anchors = t->anchors;
}

/* Rows of tables: whole statistics, or their first member alone. */
static int
pf_tables_out(struct pfioc_table *io, size_t size)
{
	uint32_t room = io->n, n = 0;
	struct pf_ioc_tstats *row;
	struct pf_table *t;
	uint8_t *rows;
	int error;

	for (t = pf_filter_next(io, NULL); t != NULL; t = pf_filter_next(io, t))
		n++;
	io->n = n;
	if (room < n || n == 0)
		return (0);
	rows = mallocarray(n, size, M_TEMP, M_ZERO);
	row = malloc(sizeof(*row), M_TEMP, 0);
	if (rows == NULL || row == NULL) {
		free(rows, M_TEMP, n * size);
		free(row, M_TEMP, sizeof(*row));
		return (ENOMEM);
	}
	n = 0;
	for (t = pf_filter_next(io, NULL); t != NULL;
	     t = pf_filter_next(io, t), n++) {
		memset(row, 0, sizeof(*row));
		pf_tstats_show(t, row);
		memcpy(rows + n * size, row, size);
		if ((io->flags & PFRF_CLSTATS) != 0 && size == sizeof(*row))
			pf_table_clearall(t, false);
	}
	error = copyout(rows, io->buf_ptr, n * size);
	free(rows, M_TEMP, n * size);
	free(row, M_TEMP, sizeof(*row));
	return (error);
}

int
pf_rgettables(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	return (pf_tables_out(io, sizeof(struct pf_ioc_table)));
}

int
pf_rgettstats(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	return (pf_tables_out(io, sizeof(struct pf_ioc_tstats)));
}

/* --- entries --- */

int
pf_rclraddrs(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_table *t = pf_tcall_table(io);
	struct pf_tset *set;

	if (t == NULL)
		return (ESRCH);
	if ((t->flags & PFRT_CONST) != 0)
		return (EPERM);
	io->ndel = t->set->n;
	if ((io->flags & PFRF_DUMMY) != 0)
		return (0);
	if ((set = pf_tset_new()) == NULL)
		return (ENOMEM);
	pf_table_swap(t, set);
	return (0);
}

static bool
pf_table_full(uint32_t more)
{
	return (pf_table_entry_limit != 0 &&
	    pf_table_entry_count + (uint64_t)more > pf_table_entry_limit);
}

static void
pf_add_undo(struct pf_table *t, const struct pf_ioc_taddr *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i].fback == PFRFB_ADDED) {
			(void)pf_tset_remove(t->set, list[i].af, &list[i].addr,
			    list[i].plen);
			pf_table_changed(t, -1);
		}
}

static int
pf_add_one(struct pfioc_table *io, struct pf_table *t, struct pf_ioc_taddr *a)
{
	const struct pf_tentry *e;
	int error;

	e = pf_tset_find(t->set, a->af, &a->addr, a->plen);
	if (e != NULL) {
		a->fback = e->neg == (a->neg != 0) ? PFRFB_NONE :
						     PFRFB_CONFLICT;
		return (0);
	}
	if (pf_table_full(1))
		return (ENOMEM);
	error = pf_tset_add(t->set, a->af, &a->addr, a->plen, a->neg != 0);
	if (error != 0)
		return (error);
	pf_table_changed(t, 1);
	a->fback = PFRFB_ADDED;
	io->nadd++;
	return (0);
}

static int
pf_add_all(struct pfioc_table *io, struct pf_twork *w,
    struct pf_ioc_taddr *list)
{
	int error = 0;

	for (uint32_t i = 0; i < io->n && error == 0; i++) {
		if ((error = pf_twork_same(w)) != 0)
			return (error); /* what was added has gone */
		if ((error = pf_add_one(io, w->t, &list[i])) != 0) {
			pf_add_undo(w->t, list, i);
			io->nadd = 0;
		}
	}
	return (error);
}

/* What an add would do; two of one network in the list count twice. */
static int
pf_add_dummy(struct pfioc_table *io, struct pf_twork *w,
    struct pf_ioc_taddr *list)
{
	const struct pf_tentry *e;
	int error;

	for (uint32_t i = 0; i < io->n; i++) {
		if ((error = pf_twork_turn(w)) != 0)
			return (error);
		e = pf_tset_find(w->t->set, list[i].af, &list[i].addr,
		    list[i].plen);
		if (e == NULL) {
			list[i].fback = PFRFB_ADDED;
			io->nadd++;
		} else if (e->neg != (list[i].neg != 0))
			list[i].fback = PFRFB_CONFLICT;
	}
	return (0);
}

/* An active table that may be changed, held, and the list.  0 or errno. */
static int
pf_change_begin(struct pfioc_table *io, struct pf_twork *w,
    struct pf_ioc_taddr **list)
{
	int error = pf_taddrs_in(io, list);
	struct pf_table *t;

	if (error != 0)
		return (error);
	if ((t = pf_tcall_table(io)) == NULL)
		error = ESRCH;
	else if ((t->flags & PFRT_CONST) != 0)
		error = EPERM;
	if (error != 0)
		free(*list, M_TEMP, io->n * sizeof(**list));
	else
		pf_twork_begin(w, t);
	return (error);
}

static int
pf_change_end(const struct pfioc_table *io, struct pf_twork *w,
    struct pf_ioc_taddr *list, int error)
{
	pf_twork_end(w);
	return (pf_taddrs_done(io, list, error, false));
}

int
pf_raddaddrs(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_ioc_taddr *list;
	struct pf_twork w;
	int error;

	io->nadd = 0;
	if ((error = pf_change_begin(io, &w, &list)) != 0)
		return (error);
	error = (io->flags & PFRF_DUMMY) != 0 ? pf_add_dummy(io, &w, list) :
						pf_add_all(io, &w, list);
	return (pf_change_end(io, &w, list, error));
}

static void
pf_del_one(struct pfioc_table *io, struct pf_table *t, struct pf_ioc_taddr *a)
{
	const struct pf_tentry *e;

	e = pf_tset_find(t->set, a->af, &a->addr, a->plen);
	if (e == NULL)
		return;
	if (e->neg != (a->neg != 0)) {
		a->fback = PFRFB_CONFLICT;
		return;
	}
	a->fback = PFRFB_DELETED;
	io->ndel++;
	if ((io->flags & PFRF_DUMMY) != 0)
		return;
	(void)pf_tset_remove(t->set, a->af, &a->addr, a->plen);
	pf_table_changed(t, -1);
}

int
pf_rdeladdrs(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_ioc_taddr *list;
	struct pf_twork w;
	int error;

	io->ndel = 0;
	if ((error = pf_change_begin(io, &w, &list)) != 0)
		return (error);
	for (uint32_t i = 0; i < io->n && error == 0; i++)
		if ((error = pf_twork_same(&w)) == 0)
			pf_del_one(io, w.t, &list[i]);
	return (pf_change_end(io, &w, list, error));
}

/* --- replacing all entries --- */

/* An entry more of the new set; what it adds and changes is counted. */
static int
pf_set_one(struct pfioc_table *io, const struct pf_table *t,
    struct pf_ioc_taddr *a, struct pf_tset *set)
{
	const struct pf_tentry *old;
	int error;

	old = pf_tset_find(t->set, a->af, &a->addr, a->plen);
	error = pf_tset_add_like(set, a->af, &a->addr, a->plen, a->neg != 0,
	    old);
	if (error == EEXIST) {
		a->fback = PFRFB_DUPLICATE;
		return (0);
	}
	if (error != 0)
		return (error);
	if (old == NULL) {
		a->fback = PFRFB_ADDED;
		io->nadd++;
	} else if (old->neg != (a->neg != 0)) {
		a->fback = PFRFB_CHANGED;
		io->nchange++;
	}
	return (0);
}

static int
pf_set_build(struct pfioc_table *io, struct pf_twork *w,
    struct pf_ioc_taddr *list, struct pf_tset *set)
{
	uint32_t was;
	int error = 0;

	for (uint32_t i = 0; i < io->n && error == 0; i++)
		if ((error = pf_twork_turn(w)) == 0)
			error = pf_set_one(io, w->t, &list[i], set);
	if (error != 0)
		return (error);
	if ((w->t->flags & PFRT_CONST) != 0)
		return (EPERM);
	was = w->t->set->n;
	io->ndel = was - MIN(was, set->n - io->nadd);
	return (set->n > was && pf_table_full(set->n - was) ? ENOMEM : 0);
}

int
pf_rsetaddrs(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_ioc_taddr *list;
	struct pf_twork w;
	struct pf_tset *set;
	int error;

	io->nadd = io->ndel = io->nchange = 0;
	if ((error = pf_change_begin(io, &w, &list)) != 0)
		return (error);
	if ((set = pf_tset_new()) == NULL)
		error = ENOMEM;
	else if ((error = pf_set_build(io, &w, list, set)) == 0 &&
	    (io->flags & PFRF_DUMMY) == 0) {
		pf_table_replace(w.t, set);
		set = NULL;
	}
	pf_tset_bury(set);
	return (pf_change_end(io, &w, list, error));
}

/* --- reading entries --- */

static void
pf_taddr_show(const struct pf_tcursor *c, const struct pf_tentry *e,
    struct pf_ioc_taddr *out)
{
	memset(out, 0, sizeof(*out));
	out->addr = c->addr;
	out->af = (uint8_t)c->af;
	out->plen = (uint8_t)c->plen;
	out->neg = e->neg;
}

static void
pf_tastats_show(const struct pf_tcursor *c, struct pf_tentry *e, bool counters,
    struct pf_ioc_tastats *out)
{
	memset(out, 0, sizeof(*out));
	pf_taddr_show(c, e, &out->addr);
	out->tzero = e->tzero;
	if (!counters)
		out->addr.fback = PFRFB_NOCOUNT;
	else if (e->count != NULL) {
		memcpy(out->packets, e->count->packets, sizeof(out->packets));
		memcpy(out->bytes, e->count->bytes, sizeof(out->bytes));
	}
}

/* Up to n rows behind the cursor. */
static uint32_t
pf_entries_bite(const struct pf_table *t, struct pf_tcursor *c, uint32_t n,
    void *rows, bool stats, bool clear)
{
	struct pf_ioc_tastats *s = rows;
	struct pf_ioc_taddr *a = rows;
	struct pf_tentry *e;
	uint32_t i = 0;

	while (i < n && (e = pf_tset_next(t->set, c)) != NULL) {
		if (stats)
			pf_tastats_show(c, e, (t->flags & PFRT_COUNTERS) != 0,
			    &s[i]);
		else
			pf_taddr_show(c, e, &a[i]);
		if (clear)
			pf_tentry_clear(e);
		i++;
	}
	return (i);
}

static int
pf_entries_out(struct pfioc_table *io, bool stats)
{
	size_t size = stats ? sizeof(struct pf_ioc_tastats) :
			      sizeof(struct pf_ioc_taddr);
	bool clear = stats && (io->flags & PFRF_CLSTATS) != 0;
	const struct pf_table *t = pf_tcall_table(io);
	struct pf_tcursor c = { 0 };
	uint32_t room = io->n, done = 0, n;
	void *rows;
	int error = 0;

	if (t == NULL)
		return (ESRCH);
	io->n = t->set->n;
	if (room < io->n || io->n == 0)
		return (0);
	if ((rows = mallocarray(BITE, size, M_TEMP, 0)) == NULL)
		return (ENOMEM);
	while (done < room && error == 0 && (t = pf_tcall_table(io)) != NULL) {
		n = pf_entries_bite(t, &c, MIN(BITE, room - done), rows, stats,
		    clear);
		if (n == 0)
			break;
		error = copyout(rows, io->buf_ptr + (uint64_t)done * size,
		    n * size);
		done += n;
	}
	io->n = done;
	free(rows, M_TEMP, BITE * size);
	return (error);
}

int
pf_rgetaddrs(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	return (pf_entries_out(io, false));
}

int
pf_rgetastats(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;

	return (pf_entries_out(io, true));
}

int
pf_rclrastats(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_ioc_taddr *list, *a;
	struct pf_tentry *e;
	struct pf_table *t;
	struct pf_twork w;
	int error;

	io->nadd = 0;
	if ((error = pf_taddrs_in(io, &list)) != 0)
		return (error);
	if ((t = pf_tcall_table(io)) == NULL)
		return (pf_taddrs_done(io, list, ESRCH, false));
	pf_twork_begin(&w, t);
	for (a = list; a < list + io->n; a++) {
		if ((error = pf_twork_turn(&w)) != 0)
			break;
		e = pf_tset_find(t->set, a->af, &a->addr, a->plen);
		if (e == NULL || e->neg != (a->neg != 0))
			continue;
		a->fback = PFRFB_CLEARED;
		io->nadd++;
		if ((io->flags & PFRF_DUMMY) == 0)
			pf_tentry_clear(e);
	}
	return (pf_change_end(io, &w, list, error));
}

/* What a host meets: how long is the longest entry that holds it? */
static void
pf_test_one(const struct pfioc_table *io, const struct pf_table *t,
    struct pf_ioc_taddr *a)
{
	const struct pf_tentry *e = pf_tset_match(t->set, a->af, &a->addr);
	unsigned int plen = a->plen;
	struct ip_addr net;

	a->fback = e == NULL ? PFRFB_NONE :
	    e->neg           ? PFRFB_NOTMATCH :
			       PFRFB_MATCH;
	if ((io->flags & PFRF_REPLACE) == 0)
		return;
	if (e == NULL) {
		a->plen = 0xff;
		return;
	}
	for (;; plen--) {
		net = a->addr;
		ip_addr_mask(&net, plen);
		if (pf_tset_find(t->set, a->af, &net, plen) == e)
			break;
	}
	a->addr = net;
	a->plen = (uint8_t)plen;
	a->neg = e->neg;
}

int
pf_rtstaddrs(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_ioc_taddr *list;
	struct pf_table *t;
	struct pf_twork w;
	int error;

	io->nadd = 0;
	if ((error = pf_taddrs_in(io, &list)) != 0)
		return (error);
	if ((t = pf_tcall_table(io)) == NULL)
		return (pf_taddrs_done(io, list, ESRCH, true));
	pf_twork_begin(&w, t);
	for (uint32_t i = 0; i < io->n && error == 0; i++)
		if (list[i].plen != (list[i].af == AF_INET ? 32 : 128))
			error = EINVAL;
		else if ((error = pf_twork_turn(&w)) == 0) {
			pf_test_one(io, t, &list[i]);
			io->nadd += list[i].fback == PFRFB_MATCH;
		}
	pf_twork_end(&w);
	return (pf_taddrs_done(io, list, error, true));
}

bool
pf_table_named(const struct pfioc_table *io)
{
	return (pf_tname_ok(&io->table));
}
