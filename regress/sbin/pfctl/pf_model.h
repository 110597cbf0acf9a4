/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A kernel for pfctl's tests: what <net/pf/pf_ioctl.h> promises, as plain
 * arrays.  It lives in memory that children share, since each run of pfctl
 * is a child (it may exit anywhere).  Memory is never given back.
 *
 * Nothing changes but by a commit, or with ticket 0 where the header allows
 * it: a pfctl that acts outside of its transaction fails.  A call can be
 * made to fail: model->fail_at counts down.
 */

#include <sys/mman.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pf_ctl.h"

#define M_MEMORY (64UL << 20)
#define M_SETS   64
#define M_TABLES 64

struct m_rule {
	struct pf_ioc_rule r;
	struct pf_ioc_poolent *ents[PF_NPOOLS];
	struct m_rule *next;
};
struct m_set {
	char anchor[PF_ANCHOR_PATHSIZE];
	uint8_t rs;
	bool used;
	struct m_rule *rules;
	uint64_t generation;
};
struct m_table {
	struct pf_ioc_table t;
	bool used;
	struct pf_ioc_tastats *e;
	uint32_t n;
};
struct m_options {
	uint32_t timeout[PFTM_MAX], limit[PF_LIMIT_MAX];
	uint32_t debug, hostid, reass;
	char skip[8][IFNAMSIZ], loginterface[IFNAMSIZ];
	uint32_t nskip;
};
struct m_world {
	struct m_set sets[M_SETS];
	struct m_table tables[M_TABLES];
	struct m_options set;
	struct pf_ioc_osfp osfp[16];
	uint32_t nosfp;
};

struct model {
	struct m_world now, next;
	struct pf_ioc_elem elems[M_SETS];
	uint32_t nelems;
	uint64_t ticket; /* of the open transaction, 0: none */
	uint64_t tickets;
	bool running;
	int fail_at, fail_errno; /* calls until one fails; 0: none */
	unsigned long fail_cmd;  /* of these only; 0: of all */
	int fails;               /* in a row, when it comes to that; 0: one */
	int calls, commits, rollbacks;
	struct pf_ioc_state states[4];
	uint32_t nstates;
	struct pf_ioc_srcnode nodes[2];
	uint32_t nnodes;
	struct pf_ioc_kif kifs[4];
	uint32_t nkifs;
	struct pf_status status;
	struct pfioc_kill killed[8]; /* questions, as they came */
	uint32_t nkilled;
	unsigned long last;
	size_t brk;
	char heap[];
};

static struct model *model;

static void *
m_alloc(size_t size)
{
	void *p = model->heap + model->brk;

	model->brk += (size + 15) & ~15UL;
	if (sizeof(*model) + model->brk > M_MEMORY)
		abort();
	return (p);
}

static int
m_error(int error)
{
	errno = error;
	return (-1);
}

/* --- rules ------------------------------------------------------------- */

static struct m_set *
m_set(struct m_world *w, const char *anchor, int rs, bool make)
{
	struct m_set *s;

	for (s = w->sets; s < w->sets + M_SETS; s++)
		if (s->used && s->rs == rs && strcmp(s->anchor, anchor) == 0)
			return (s);
	for (s = w->sets; make && s < w->sets + M_SETS; s++)
		if (!s->used) {
			s->used = true;
			s->rs = (uint8_t)rs;
			strcpy(s->anchor, anchor);
			return (s);
		}
	return (NULL);
}

static bool
m_anchor_exists(const char *path)
{
	struct m_set *s;
	size_t n = strlen(path);

	for (s = model->now.sets; s < model->now.sets + M_SETS; s++)
		if (s->used && strncmp(s->anchor, path, n) == 0 &&
		    (n == 0 || s->anchor[n] == '\0' || s->anchor[n] == '/'))
			return (true);
	return (n == 0);
}

static bool
m_named(uint8_t type, const char *anchor, int rs)
{
	uint32_t i;

	for (i = 0; i < model->nelems; i++)
		if (model->elems[i].type == type &&
		    (type != PF_ELEM_RULES || model->elems[i].rs == rs) &&
		    strcmp(model->elems[i].anchor, anchor) == 0)
			return (true);
	return (false);
}

static int
m_addrule(struct pfioc_rule *io)
{
	struct m_set *s;
	struct m_rule *r, **end;
	size_t size;
	int i;

	if (io->ticket == 0 || io->ticket != model->ticket)
		return (m_error(EBUSY));
	if (!m_named(PF_ELEM_RULES, io->anchor, io->rs))
		return (m_error(EINVAL));
	s = m_set(&model->next, io->anchor, io->rs, true);
	r = m_alloc(sizeof(*r));
	r->r = io->rule;
	for (i = 0; i < PF_NPOOLS; i++) {
		size = io->rule.pool[i].nents * sizeof(struct pf_ioc_poolent);
		r->ents[i] = m_alloc(size);
		if (size != 0)
			memcpy(r->ents[i],
			    (void *)(uintptr_t)io->rule.pool[i].ents_ptr, size);
	}
	for (end = &s->rules; *end != NULL; end = &(*end)->next)
		continue;
	r->r.nr = *end == s->rules ? 0 : io->nr;
	*end = r;
	return (0);
}

/* Two at a time, as a kernel may that is short of something. */
static int
m_addrules(struct pfioc_rules *io)
{
	const struct pf_ioc_rule *r = (void *)(uintptr_t)io->rules_ptr;
	static struct pfioc_rule one;
	uint32_t i;

	for (i = 0; i < io->n && i < 2; i++) {
		one.ticket = io->ticket;
		one.rs = io->rs;
		memcpy(one.anchor, io->anchor, sizeof(one.anchor));
		one.rule = r[i];
		if (m_addrule(&one) == -1)
			break;
	}
	if (i == 0)
		return (-1);
	io->n = i;
	return (0);
}

static struct m_rule *
m_rule_at(struct m_set *s, uint32_t nr)
{
	struct m_rule *r = s != NULL ? s->rules : NULL;

	while (r != NULL && nr-- > 0)
		r = r->next;
	return (r);
}

static int
m_getrules(struct pfioc_rule *io)
{
	struct m_set *s = m_set(&model->now, io->anchor, io->rs, false);

	if (!m_anchor_exists(io->anchor))
		return (m_error(ENOENT));
	for (io->nr = 0; m_rule_at(s, io->nr) != NULL; io->nr++)
		continue;
	io->ticket = s != NULL ? s->generation + 1 : 1;
	return (0);
}

static int
m_getrule(struct pfioc_rule *io)
{
	struct m_set *s = m_set(&model->now, io->anchor, io->rs, false);
	struct m_rule *r = m_rule_at(s, io->nr);
	struct pf_ioc_pool *p;
	uint64_t ptr;
	uint32_t room;
	int i;

	if (s == NULL || io->ticket != s->generation + 1)
		return (m_error(EBUSY));
	if (r == NULL)
		return (m_error(EINVAL));
	for (i = 0; i < PF_NPOOLS; i++) {
		p = &io->rule.pool[i];
		room = p->nents;
		ptr = p->ents_ptr;
		*p = r->r.pool[i];
		p->ents_ptr = ptr;
		if (room >= p->nents && p->nents > 0)
			memcpy((void *)(uintptr_t)ptr, r->ents[i],
			    p->nents * sizeof(struct pf_ioc_poolent));
		r->r.pool[i].ents_ptr = ptr;
	}
	io->rule = r->r;
	io->rule.nr = io->nr;
	if (io->clear)
		r->r.evaluations = r->r.packets[0] = r->r.packets[1] = 0;
	return (0);
}

/* The first name directly below path that comes after `last'; false: none. */
static bool
m_after(const char *path, const char *last, char name[PF_ANCHOR_NAMESIZE])
{
	char one[PF_ANCHOR_NAMESIZE];
	struct m_set *s;
	size_t n = strlen(path);

	name[0] = '\0';
	for (s = model->now.sets; s < model->now.sets + M_SETS; s++) {
		if (!s->used || strncmp(s->anchor, path, n) != 0 ||
		    (n > 0 && s->anchor[n] != '/'))
			continue;
		snprintf(one, sizeof(one), "%s", s->anchor + n + (n > 0));
		one[strcspn(one, "/")] = '\0';
		if (strcmp(one, last) > 0 &&
		    (name[0] == '\0' || strcmp(one, name) < 0))
			strcpy(name, one);
	}
	return (name[0] != '\0');
}

static bool
m_child(const char *path, uint32_t nr, char name[PF_ANCHOR_NAMESIZE])
{
	char last[PF_ANCHOR_NAMESIZE] = "";

	while (m_after(path, last, name)) {
		if (nr-- == 0)
			return (true);
		strcpy(last, name);
	}
	return (false);
}

static int
m_getrulesets(struct pfioc_ruleset *io)
{
	char name[PF_ANCHOR_NAMESIZE];

	if (!m_anchor_exists(io->path))
		return (m_error(ENOENT));
	for (io->nr = 0; m_child(io->path, io->nr, name); io->nr++)
		continue;
	return (0);
}

static int
m_getruleset(struct pfioc_ruleset *io)
{
	return (m_child(io->path, io->nr, io->name) ? 0 : m_error(EBUSY));
}

/* --- transactions ------------------------------------------------------ */

/* What is not named stays; what is named begins empty. */
static int
m_begin(struct pfioc_trans *io)
{
	struct m_set *s;
	struct m_table *t;

	if (io->nelems == 0 || io->nelems > M_SETS)
		return (m_error(EINVAL));
	model->nelems = io->nelems;
	memcpy(model->elems, (void *)(uintptr_t)io->elems_ptr,
	    io->nelems * sizeof(struct pf_ioc_elem));
	model->next = model->now;
	for (s = model->next.sets; s < model->next.sets + M_SETS; s++)
		if (s->used && m_named(PF_ELEM_RULES, s->anchor, s->rs)) {
			s->rules = NULL;
			s->generation++;
		}
	for (t = model->next.tables; t < model->next.tables + M_TABLES; t++)
		if (t->used && m_named(PF_ELEM_TABLES, t->t.anchor, 0) &&
		    !(t->t.flags & PFRT_PERSIST))
			t->used = false;
	if (m_named(PF_ELEM_OPTIONS, "", 0))
		memset(&model->next.set, 0, sizeof(model->next.set));
	if (m_named(PF_ELEM_OSFPS, "", 0))
		model->next.nosfp = 0;
	io->ticket = model->ticket = ++model->tickets;
	return (0);
}

static int
m_end(struct pfioc_trans *io, bool commit)
{
	struct m_set *s;

	if (io->ticket != model->ticket || io->ticket == 0)
		return (m_error(EBUSY));
	model->ticket = 0;
	if (!commit) {
		model->rollbacks++;
		return (0);
	}
	for (s = model->next.sets; s < model->next.sets + M_SETS; s++)
		if (s->rules == NULL && s->anchor[0] != '\0')
			memset(s, 0, sizeof(*s));
	model->now = model->next;
	model->commits++;
	return (0);
}

static int
m_osfp(unsigned long cmd, struct pf_ioc_osfp *io)
{
	struct m_world *w = &model->next;

	if (cmd == DIOCOSFPFLUSH)
		model->now.nosfp = 0;
	else if (cmd == DIOCOSFPGET) {
		if (io->nr >= model->now.nosfp)
			return (m_error(EBUSY));
		*io = model->now.osfp[io->nr];
	} else {
		if (io->ticket != model->ticket || io->ticket == 0 ||
		    !m_named(PF_ELEM_OSFPS, "", 0))
			return (m_error(EBUSY));
		if (w->nosfp == sizeof(w->osfp) / sizeof(w->osfp[0]))
			return (m_error(E2BIG));
		w->osfp[w->nosfp++] = *io;
	}
	return (0);
}

/* The options that a call with this ticket changes; NULL: none, errno. */
static struct m_options *
m_options(uint64_t ticket)
{
	if (ticket == 0)
		return (&model->now.set);
	if (ticket == model->ticket && m_named(PF_ELEM_OPTIONS, "", 0))
		return (&model->next.set);
	errno = EBUSY;
	return (NULL);
}

static int
m_iface(struct pfioc_iface *io, bool skip)
{
	struct m_options *o = m_options(io->ticket);

	if (o == NULL)
		return (-1);
	if (skip && o->nskip < nitems(o->skip))
		strcpy(o->skip[o->nskip++], io->name);
	else if (!skip)
		strcpy(o->loginterface, io->name);
	return (0);
}

static int
m_value(unsigned long cmd, struct pfioc_value *io)
{
	struct m_options *o = m_options(io->ticket);

	if (o == NULL)
		return (-1);
	*(cmd == DIOCSETDEBUG       ? &o->debug :
		cmd == DIOCSETREASS ? &o->reass :
				      &o->hostid) = io->value;
	return (0);
}

static int
m_timeout(struct pfioc_tm *io, bool set)
{
	struct m_options *o = m_options(set ? io->ticket : 0);

	if (o == NULL || io->timeout >= PFTM_MAX)
		return (m_error(EINVAL));
	if (set)
		o->timeout[io->timeout] = io->seconds;
	else
		io->seconds = o->timeout[io->timeout];
	return (0);
}

static int
m_limit(struct pfioc_limit *io, bool set)
{
	struct m_options *o = m_options(set ? io->ticket : 0);

	if (o == NULL || io->index >= PF_LIMIT_TABLES)
		return (m_error(EINVAL));
	if (set)
		o->limit[io->index] = io->limit;
	else
		io->limit = o->limit[io->index];
	return (0);
}

/* --- tables ------------------------------------------------------------ */

static struct m_table *
m_table(struct m_world *w, const struct pf_ioc_table *name, bool make)
{
	struct m_table *t, *spare = NULL;

	for (t = w->tables; t < w->tables + M_TABLES; t++) {
		if (t->used && strcmp(t->t.name, name->name) == 0 &&
		    strcmp(t->t.anchor, name->anchor) == 0)
			return (t);
		if (!t->used && spare == NULL)
			spare = t;
	}
	if (!make || spare == NULL)
		return (NULL);
	memset(spare, 0, sizeof(*spare));
	spare->used = true;
	spare->t = *name;
	spare->t.flags |= PFRT_ACTIVE;
	spare->e = m_alloc(256 * sizeof(*spare->e));
	return (spare);
}

static bool
m_same(const struct pf_ioc_taddr *a, const struct pf_ioc_taddr *b)
{
	return (a->af == b->af && a->plen == b->plen &&
	    ip_addr_eq(&a->addr, &b->addr));
}

static struct pf_ioc_tastats *
m_entry(struct m_table *t, const struct pf_ioc_taddr *a)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (m_same(&t->e[i].addr, a))
			return (&t->e[i]);
	return (NULL);
}

static void
m_insert(struct m_table *t, const struct pf_ioc_taddr *a)
{
	memset(&t->e[t->n], 0, sizeof(t->e[0]));
	t->e[t->n].addr = *a;
	t->e[t->n++].tzero = 1000;
}

static int
m_inadefine(struct pfioc_table *io)
{
	struct pf_ioc_taddr *a = (void *)(uintptr_t)io->buf_ptr;
	struct m_table *t;
	uint32_t i;

	if (io->ticket != model->ticket || io->ticket == 0 ||
	    !m_named(PF_ELEM_TABLES, io->table.anchor, 0))
		return (m_error(EBUSY));
	t = m_table(&model->next, &io->table, true);
	t->e = m_alloc((io->n + 64) * sizeof(*t->e));
	t->n = 0;
	for (i = 0; i < io->n; i++)
		if (m_entry(t, &a[i]) == NULL)
			m_insert(t, &a[i]);
	return (0);
}

static int
m_addtables(struct pfioc_table *io)
{
	struct pf_ioc_table *t = (void *)(uintptr_t)io->buf_ptr;

	io->nadd = m_table(&model->now, t, false) == NULL;
	if (!(io->flags & PFRF_DUMMY))
		m_table(&model->now, t, true);
	return (0);
}

static int
m_deltables(struct pfioc_table *io, bool all)
{
	struct m_table *t;

	io->ndel = 0;
	for (t = model->now.tables; t < model->now.tables + M_TABLES; t++) {
		if (!t->used || strcmp(t->t.anchor, io->table.anchor) != 0 ||
		    (!all && strcmp(t->t.name, io->table.name) != 0))
			continue;
		io->ndel++;
		if (!(io->flags & PFRF_DUMMY))
			t->used = false;
	}
	return (0);
}

static void
m_change(struct pfioc_table *io, struct m_table *t, struct pf_ioc_taddr *a,
    unsigned long cmd)
{
	struct pf_ioc_tastats *e = m_entry(t, a);
	bool really = !(io->flags & PFRF_DUMMY);

	a->fback = PFRFB_NONE;
	if (cmd == DIOCRDELADDRS && e != NULL) {
		a->fback = PFRFB_DELETED;
		io->ndel++;
		if (really)
			*e = t->e[--t->n];
	} else if (cmd == DIOCRCLRASTATS && e != NULL) {
		a->fback = PFRFB_CLEARED;
		io->nadd++;
		memset(e->packets, 0, sizeof(e->packets));
	} else if (cmd == DIOCRTSTADDRS && e != NULL && !e->addr.neg) {
		a->fback = PFRFB_MATCH;
		io->nadd++;
	} else if ((cmd == DIOCRADDADDRS || cmd == DIOCRSETADDRS) &&
	    e == NULL) {
		a->fback = PFRFB_ADDED;
		io->nadd++;
		if (really)
			m_insert(t, a);
	}
}

static int
m_addrs(unsigned long cmd, struct pfioc_table *io)
{
	struct m_table *t = m_table(&model->now, &io->table, false);
	struct pf_ioc_taddr *a = (void *)(uintptr_t)io->buf_ptr;
	uint32_t i, k;

	if (t == NULL)
		return (m_error(ESRCH));
	if (t->t.flags & PFRT_CONST && cmd != DIOCRTSTADDRS)
		return (m_error(EPERM));
	io->nadd = io->ndel = io->nchange = 0;
	for (i = t->n; cmd == DIOCRSETADDRS && i-- > 0;) {
		for (k = 0; k < io->n && !m_same(&a[k], &t->e[i].addr); k++)
			continue;
		if (k == io->n) {
			io->ndel++;
			t->e[i] = t->e[--t->n];
		}
	}
	for (i = 0; i < io->n; i++)
		m_change(io, t, &a[i], cmd);
	return (0);
}

static int
m_gettstats(struct pfioc_table *io)
{
	struct pf_ioc_tstats *out = (void *)(uintptr_t)io->buf_ptr;
	struct m_table *t;
	uint32_t n = 0;

	for (t = model->now.tables; t < model->now.tables + M_TABLES; t++) {
		if (!t->used ||
		    (!(io->flags & PFRF_ALLRSETS) &&
			strcmp(t->t.anchor, io->table.anchor) != 0))
			continue;
		if (n < io->n) {
			memset(&out[n], 0, sizeof(out[n]));
			out[n].table = t->t;
			out[n].count = t->n;
			out[n].match = 7;
		}
		n++;
	}
	io->n = n;
	return (0);
}

static int
m_getastats(struct pfioc_table *io)
{
	struct m_table *t = m_table(&model->now, &io->table, false);

	if (t == NULL)
		return (m_error(ESRCH));
	if (t->n <= io->n)
		memcpy((void *)(uintptr_t)io->buf_ptr, t->e,
		    t->n * sizeof(*t->e));
	io->n = t->n;
	return (0);
}

static int
m_clraddrs(struct pfioc_table *io)
{
	struct m_table *t = m_table(&model->now, &io->table, false);

	if (t == NULL)
		return (m_error(ESRCH));
	io->ndel = t->n;
	if (!(io->flags & PFRF_DUMMY))
		t->n = 0;
	return (0);
}

static int
m_tables(unsigned long cmd, struct pfioc_table *io)
{
	switch (cmd) {
	case DIOCRINADEFINE:
		return (m_inadefine(io));
	case DIOCRADDTABLES:
		return (m_addtables(io));
	case DIOCRDELTABLES:
	case DIOCRCLRTABLES:
		return (m_deltables(io, cmd == DIOCRCLRTABLES));
	case DIOCRGETTSTATS:
		return (m_gettstats(io));
	case DIOCRGETASTATS:
		return (m_getastats(io));
	case DIOCRCLRADDRS:
		return (m_clraddrs(io));
	case DIOCRCLRTSTATS:
		io->nadd = 1;
		return (0);
	default:
		return (m_addrs(cmd, io));
	}
}

/* --- the rest ---------------------------------------------------------- */

/* What is there, as far as the caller has room. */
static int
m_list(uint64_t ptr, uint32_t *n, const void *list, uint32_t have, size_t size)
{
	if (have <= *n)
		memcpy((void *)(uintptr_t)ptr, list, have * size);
	*n = have;
	return (0);
}

static int
m_getstates(struct pfioc_states *io)
{
	struct pf_ioc_state *out = (void *)(uintptr_t)io->buf_ptr;
	uint32_t i, n = 0;

	for (i = 0; i < model->nstates && n < io->n; i++)
		if (model->states[i].id > io->after)
			out[n++] = model->states[i];
	io->n = n;
	return (0);
}

static int
m_killed(struct pfioc_kill *io)
{
	io->killed = 0;
	if (model->nkilled == nitems(model->killed))
		return (m_error(ENOMEM));
	model->killed[model->nkilled++] = *io;
	io->killed = 1;
	return (0);
}

static int
m_running(bool on)
{
	if (model->running == on)
		return (m_error(on ? EEXIST : ENOENT));
	model->running = on;
	return (0);
}

static int
m_status(struct pf_status *s)
{
	*s = model->status;
	s->running = model->running;
	s->debug = model->now.set.debug;
	s->hostid = model->now.set.hostid;
	s->reass = model->now.set.reass;
	strcpy(s->ifname, model->now.set.loginterface);
	return (0);
}

static int
m_ask(unsigned long cmd, void *arg)
{
	struct pfioc_srcnodes *sn = arg;
	struct pfioc_ifaces *ifs = arg;

	switch (cmd) {
	case DIOCGETSTATUS:
		return (m_status(arg));
	case DIOCGETSTATES:
		return (m_getstates(arg));
	case DIOCGETSRCNODES:
		return (m_list(sn->buf_ptr, &sn->n, model->nodes, model->nnodes,
		    sizeof(model->nodes[0])));
	case DIOCIGETIFACES:
		return (m_list(ifs->buf_ptr, &ifs->n, model->kifs, model->nkifs,
		    sizeof(model->kifs[0])));
	case DIOCGETCREATORS:
		((struct pfioc_creators *)arg)->n = 1;
		((struct pfioc_creators *)arg)->id[0] = 0xc0ffee;
		return (0);
	case DIOCKILLSTATES:
	case DIOCKILLSRCNODES:
	case DIOCCLRSTATES:
		return (m_killed(arg));
	case DIOCCLRSTATUS:
	case DIOCCLRRULECTRS:
	case DIOCCLRSRCNODES:
		return (0);
	case DIOCOSFPADD:
	case DIOCOSFPGET:
	case DIOCOSFPFLUSH:
		return (m_osfp(cmd, arg));
	default:
		return (m_error(ENOTTY));
	}
}

static int
m_call(int dev, unsigned long cmd, void *arg)
{
	(void)dev;
	model->calls++;
	model->last = cmd;
	if (model->fail_at > 0 && (model->fail_cmd == 0 || model->fail_cmd == cmd) &&
	    --model->fail_at == 0) {
		if (model->fails > 0 && --model->fails > 0)
			model->fail_at = 1;
		return (m_error(model->fail_errno));
	}
	if (cmd >= DIOCRCLRTABLES && _IOC_NR(cmd) >= 60 && _IOC_NR(cmd) <= 77)
		return (m_tables(cmd, arg));
	switch (cmd) {
	case DIOCSTART:
	case DIOCSTOP:
		return (m_running(cmd == DIOCSTART));
	case DIOCADDRULE:
		return (m_addrule(arg));
	case DIOCADDRULES:
		return (m_addrules(arg));
	case DIOCGETRULES:
		return (m_getrules(arg));
	case DIOCGETRULE:
		return (m_getrule(arg));
	case DIOCGETRULESETS:
		return (m_getrulesets(arg));
	case DIOCGETRULESET:
		return (m_getruleset(arg));
	case DIOCXBEGIN:
		return (m_begin(arg));
	case DIOCXCOMMIT:
	case DIOCXROLLBACK:
		return (m_end(arg, cmd == DIOCXCOMMIT));
	case DIOCSETTIMEOUT:
	case DIOCGETTIMEOUT:
		return (m_timeout(arg, cmd == DIOCSETTIMEOUT));
	case DIOCSETLIMIT:
	case DIOCGETLIMIT:
		return (m_limit(arg, cmd == DIOCSETLIMIT));
	case DIOCSETDEBUG:
	case DIOCSETREASS:
	case DIOCSETHOSTID:
		return (m_value(cmd, arg));
	case DIOCSETIFFLAG:
	case DIOCSETSTATUSIF:
		return (m_iface(arg, cmd == DIOCSETIFFLAG));
	default:
		return (m_ask(cmd, arg));
	}
}

static int
m_open(const char *path, int flags)
{
	(void)path;
	(void)flags;
	return (dup(0));
}

/* A kernel that was just booted. */
static int
model_begin(void **state)
{
	(void)state;
	model = mmap(NULL, M_MEMORY, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (model == MAP_FAILED)
		return (-1);
	pf_dev.open = m_open;
	pf_dev.call = m_call;
	return (0);
}

static int
model_end(void **state)
{
	(void)state;
	munmap(model, M_MEMORY);
	return (0);
}
