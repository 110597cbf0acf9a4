/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Calls about states: read them, kill them, ask what translation did. */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_rule.h>
#include <net/pf/pf_state.h>
#include <netinet/in.h>

#define STATES_A_CALL 512
#define STATES_A_TURN 1024 /* looked at before packets run again */

/* --- reading --- */

static void
pf_state_give(const struct pf_file *pf, const struct pf_state *st,
    struct pf_ioc_state *out)
{
	struct pf_ioc_peer *p;

	pf_state_show(st, out);
	for (p = &out->src; !pf->trusted && p != NULL;
	     p = p == &out->src ? &out->dst : NULL)
		p->seqlo = p->seqhi = p->seqdiff = 0;
}

int
pf_getstates(struct pf_file *pf, void *data)
{
	struct pfioc_states *io = data;
	struct pf_ioc_state *rows;
	struct pf_state *st;
	uint32_t room = MIN(io->n, STATES_A_CALL), n = 0;
	int error = 0;

	if (room == 0)
		return (EINVAL);
	if ((rows = mallocarray(room, sizeof(*rows), M_TEMP, 0)) == NULL)
		return (ENOMEM);
	for (st = pf_state_after(io->after); st != NULL && n < room;
	     st = pf_state_after(st->id))
		pf_state_give(pf, st, &rows[n++]);
	io->n = n;
	if (n != 0)
		error = copyout(rows, io->buf_ptr, n * sizeof(*rows));
	free(rows, M_TEMP, room * sizeof(*rows));
	return (error);
}

int
pf_getstate(struct pf_file *pf, void *data)
{
	struct pfioc_state *io = data;
	const struct pf_state *st = pf_state_byid(io->state.id,
	    io->state.creatorid);

	if (st == NULL)
		return (ENOENT);
	pf_state_give(pf, st, &io->state);
	return (0);
}

int
pf_getcreators(struct pf_file *pf, void *data)
{
	struct pfioc_creators *io = data;
	const struct pf_state *st;
	uint32_t i, turn = 0;
	uint64_t id = 0;

	io->n = 0;
	while ((st = pf_state_after(id)) != NULL) {
		id = st->id;
		for (i = 0; i < io->n && io->id[i] != st->creatorid; i++)
			continue;
		if (i == io->n && io->n < nitems(io->id))
			io->id[io->n++] = st->creatorid;
		if (++turn % STATES_A_TURN == 0)
			preempt();
	}
	return (0);
}

/* --- killing --- */

/* Who began, and with whom; of the side that `which' names. */
static void
pf_state_pair(const struct pf_state *st, unsigned int which, sa_family_t *af,
    struct pf_ends *e)
{
	struct pf_ends key;
	unsigned int first = st->dir == PF_IN ? 0 : 1;

	pf_state_ends(st, which, af, &key);
	e->addr[PF_SRC] = key.addr[first];
	e->addr[PF_DST] = key.addr[!first];
	e->port[PF_SRC] = key.port[first];
	e->port[PF_DST] = key.port[!first];
}

static bool
pf_side_hits(const struct pf_ioc_side *s, const struct pf_ends *e,
    unsigned int end)
{
	if (s->addr.type == PF_ADDR_PREFIX &&
	    ip_addr_inprefix(&e->addr[end], &s->addr.addr, s->addr.plen) ==
		(s->addr.neg != 0))
		return (false);
	return (pf_op_match(s->port_op, s->port[0], s->port[1], e->port[end]));
}

static bool
pf_kill_pair(const struct pfioc_kill *k, const struct pf_state *st, bool nat)
{
	unsigned int near = st->dir == PF_IN ? PF_KEY_WIRE : PF_KEY_STACK;
	struct pf_ends e;
	sa_family_t af;

	pf_state_pair(st, nat ? !near : near, &af, &e);
	return ((k->af == AF_UNSPEC || k->af == af) &&
	    (k->proto == 0 || k->proto == pf_state_proto(st)) &&
	    pf_side_hits(&k->src, &e, PF_SRC) &&
	    pf_side_hits(&k->dst, &e, PF_DST));
}

static bool
pf_kill_label(const struct pfioc_kill *k, const struct pf_state *st)
{
	for (unsigned int i = 0; i < PF_LABELS_MAX; i++)
		if (strcmp(k->label, st->rule->ioc->label[i]) == 0)
			return (true);
	return (false);
}

static bool
pf_kill_hits(const struct pfioc_kill *k, const struct pf_state *st)
{
	if (k->ifname[0] != '\0' && strcmp(k->ifname, st->kif->kif_name) != 0)
		return (false);
	switch (k->by) {
	case PF_KILL_ALL:
		return (true);
	case PF_KILL_ADDR:
	case PF_KILL_KEY:
		return (pf_kill_pair(k, st, false));
	case PF_KILL_NAT:
		return (pf_kill_pair(k, st, true));
	case PF_KILL_LABEL:
		return (pf_kill_label(k, st));
	default:
		return (false); /* a gateway: there are no routed states */
	}
}

/*
 * The state that the same conversation has on the other side of this
 * machine: their keys towards the stack are each other's mirror image.
 */
static struct pf_state *
pf_state_companion(const struct pf_state *st)
{
	struct pf_state *other;
	struct pf_ends e;
	sa_family_t af;

	pf_state_ends(st, PF_KEY_STACK, &af, &e);
	other = pf_state_lookup(af, pf_state_proto(st), &e, PF_OUT, NULL);
	return (other == st ? NULL : other);
}

static void
pf_kill_one(struct pfioc_kill *k, struct pf_state *st)
{
	struct pf_state *other = k->match ? pf_state_companion(st) : NULL;

	if (other != NULL) {
		pf_state_remove(other);
		k->killed++;
	}
	pf_state_remove(st);
	k->killed++;
}

static bool
pf_side_ok(const struct pf_ioc_side *s)
{
	const struct pf_ioc_addr *a = &s->addr;

	if (s->port_op > PF_OP_RRG)
		return (false);
	if (a->type == PF_ADDR_ANY)
		return (true);
	return (a->type == PF_ADDR_PREFIX &&
	    ((a->af == AF_INET && a->plen <= 32) ||
		(a->af == AF_INET6 && a->plen <= 128)));
}

int
pf_killstates(struct pf_file *pf, void *data)
{
	struct pfioc_kill *k = data;
	struct pf_state *st;
	uint64_t id = 0;
	uint32_t turn = 0;

	k->killed = 0;
	if (k->by > PF_KILL_NAT || !pf_side_ok(&k->src) ||
	    !pf_side_ok(&k->dst) ||
	    strnlen(k->label, sizeof(k->label)) == sizeof(k->label) ||
	    strnlen(k->ifname, sizeof(k->ifname)) == sizeof(k->ifname))
		return (EINVAL);
	if (k->by == PF_KILL_ID) {
		if ((st = pf_state_byid(k->id, k->creatorid)) != NULL)
			pf_kill_one(k, st);
		return (0);
	}
	while ((st = pf_state_after(id)) != NULL) {
		id = st->id;
		if (pf_kill_hits(k, st))
			pf_kill_one(k, st);
		if (++turn % STATES_A_TURN == 0)
			preempt();
	}
	return (0);
}

int
pf_clrstates(struct pf_file *pf, void *data)
{
	struct pfioc_kill *io = data;
	struct pfioc_kill k;
	int error;

	memset(&k, 0, sizeof(k));
	k.by = PF_KILL_ALL;
	memcpy(k.ifname, io->ifname, sizeof(k.ifname));
	error = pf_killstates(pf, &k);
	io->killed = k.killed;
	return (error);
}

/* --- what translation did --- */

/* e: as they would be in a packet from here that travels in direction dir;
 * then as the other key has them. */
static bool
pf_other_ends(sa_family_t af, uint8_t proto, enum pf_dir dir,
    struct pf_ends *e)
{
	const struct pf_state *st = pf_state_lookup(af, proto, e, dir, NULL);

	if (st == NULL)
		return (false);
	pf_state_ends(st, dir == PF_OUT ? PF_KEY_WIRE : PF_KEY_STACK, &af, e);
	return (true);
}

bool
pf_original_dst(sa_family_t af, uint8_t proto, const struct ip_addr *src,
    uint16_t sport, struct ip_addr *dst, uint16_t *dport)
{
	struct pf_ends e = { .addr = { *dst, *src }, .port = { *dport, sport } };

	if (!pf_other_ends(af, proto, PF_OUT, &e))
		return (false);
	*dst = e.addr[PF_DST];
	*dport = e.port[PF_DST];
	return (true);
}

/*
 * A program has a connection with ends saddr and daddr.  dir PF_OUT: it came
 * to this machine, and the answer is what it was on the wire; PF_IN: it went
 * out so, and the answer is what it was before.
 */
int
pf_natlook(struct pf_file *pf, void *data)
{
	struct pfioc_natlook *io = data;
	struct pf_ends e = { .addr = { io->daddr, io->saddr },
		.port = { io->dport, io->sport } };

	if ((io->af != AF_INET && io->af != AF_INET6) ||
	    (io->dir != PF_IN && io->dir != PF_OUT) ||
	    ip_addr_iszero(&io->saddr) || ip_addr_iszero(&io->daddr) ||
	    ((io->proto == IPPROTO_TCP || io->proto == IPPROTO_UDP) &&
		(io->sport == 0 || io->dport == 0)))
		return (EINVAL);
	if (pf_state_several(io->af, io->proto, &e, (enum pf_dir)io->dir))
		return (E2BIG);
	if (!pf_other_ends(io->af, io->proto, (enum pf_dir)io->dir, &e))
		return (ENOENT);
	io->rsaddr = e.addr[io->dir == PF_IN];
	io->rdaddr = e.addr[io->dir == PF_OUT];
	io->rsport = e.port[io->dir == PF_IN];
	io->rdport = e.port[io->dir == PF_OUT];
	return (0);
}
