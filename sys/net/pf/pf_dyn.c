/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Addresses behind names: (em0), (em0:network), (egress:0) in rules.
 *
 * A dyn is what one name means with one family, prefix length and set of
 * modifiers; all rules that say the same share it.  It hangs at its kif, and
 * whenever the addresses of that name may have changed its set is worked out
 * again, in two forms:
 *
 *	list	each network once, as configured: pools take entry after entry,
 *		and the first one is the one to translate to
 *	index	sorted, without what lies inside of another: two networks are
 *		either apart or one holds the other, so those left are apart, and
 *		a look-up is one binary search
 *
 * When there is no memory for a set the dyn goes without: questions are then
 * answered from the interfaces themselves, slowly but never wrongly, until the
 * next change.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/pf/pf_if.h>
#include <netinet/in.h>

struct pf_net {
	struct ip_addr addr;
	uint32_t pos; /* in the list */
	uint8_t plen;
	bool again; /* stands in the list before */
};

enum { DYN_V4, DYN_V6, DYN_FAMILIES };

struct pf_dynset {
	size_t size; /* of the allocation */
	uint32_t nlist[DYN_FAMILIES], nindex[DYN_FAMILIES];
	struct pf_net *list[DYN_FAMILIES], *index[DYN_FAMILIES];
	struct pf_net nets[];
};

struct pf_dyn {
	TAILQ_ENTRY(pf_dyn) entry; /* of its kif */
	struct pf_kif *kif;
	struct pf_dynset *set; /* NULL: ask the interfaces */
	uint32_t refs;
	sa_family_t af;
	uint8_t plen, iflags;
};

/* --- from the interfaces --- */

struct pf_dynwalk {
	const struct pf_dyn *dyn;
	sa_family_t af;
	struct ifnet *ifp;  /* NULL: at the end */
	struct ifaddr *ifa; /* next to look at; NULL: none left of ifp */
	bool one;           /* of ifp was taken */
};

/* The interface at, or else the next one behind it, that has the name. */
static void
pf_dynwalk_enter(struct pf_dynwalk *w, struct ifnet *at)
{
	while (at != NULL && !pf_kif_has(w->dyn->kif, at))
		at = TAILQ_NEXT(at, if_list);
	w->ifp = at;
	w->ifa = at == NULL ? NULL : TAILQ_FIRST(&at->if_addrs);
	w->one = false;
}

static void
pf_dynwalk_start(struct pf_dynwalk *w, const struct pf_dyn *dyn, sa_family_t af)
{
	w->dyn = dyn;
	w->af = af;
	if (dyn->af != AF_UNSPEC && dyn->af != af)
		pf_dynwalk_enter(w, NULL);
	else if (dyn->kif->kif_isgroup)
		pf_dynwalk_enter(w, TAILQ_FIRST(&ifnet));
	else
		pf_dynwalk_enter(w, dyn->kif->kif_ifp);
}

/* Which address of ifa the modifiers mean; zero: it has none such. */
static struct ip_addr
pf_dyn_choose(const struct pf_dyn *dyn, const struct ifaddr *ifa)
{
	uint32_t flags = ifa->ifa_ifp->if_flags;
	bool wanted = true;

	if ((dyn->iflags & (PF_IF_BROADCAST | PF_IF_PEER)) == 0)
		return (ifa->ifa_addr);
	if ((dyn->iflags & PF_IF_BROADCAST) != 0)
		wanted = ifa->ifa_af == AF_INET && (flags & IFF_BROADCAST) != 0;
	if ((dyn->iflags & PF_IF_PEER) != 0)
		wanted = wanted && (flags & IFF_POINTOPOINT) != 0;
	return (wanted ? ifa->ifa_dst : (struct ip_addr){ .q = { 0, 0 } });
}

/*
 * An address that another machine has as well (DAD found it) is not ours; one
 * still being probed will be.
 */
static bool
pf_dyn_take(const struct pf_dyn *dyn, const struct ifaddr *ifa,
    struct pf_net *net)
{
	unsigned int full = ifa->ifa_af == AF_INET ? 32 : 128;
	unsigned int plen = full;

	if ((ifa->ifa_flags & IFA_DUPLICATED) != 0)
		return (false);
	if (ifa->ifa_af == AF_INET6 && in6_islinklocal(&ifa->ifa_addr))
		return (false);
	net->addr = pf_dyn_choose(dyn, ifa);
	if (ip_addr_iszero(&net->addr))
		return (false);
	if ((dyn->iflags & PF_IF_NETWORK) != 0)
		plen = ifa->ifa_plen;
	net->plen = (uint8_t)MIN(plen, dyn->plen);
	ip_addr_mask(&net->addr, net->plen);
	net->again = false;
	return (true);
}

/* The next network; the same one may come more than once.  False: no more. */
static bool
pf_dynwalk_next(struct pf_dynwalk *w, struct pf_net *net)
{
	bool first_only = (w->dyn->iflags & PF_IF_NOALIAS) != 0;
	struct ifaddr *ifa;

	while (w->ifp != NULL) {
		if ((ifa = w->ifa) == NULL || (first_only && w->one)) {
			pf_dynwalk_enter(w,
			    w->dyn->kif->kif_isgroup ?
				TAILQ_NEXT(w->ifp, if_list) :
				NULL);
			continue;
		}
		w->ifa = TAILQ_NEXT(ifa, ifa_entry);
		if (ifa->ifa_af == w->af && pf_dyn_take(w->dyn, ifa, net)) {
			w->one = true;
			return (true);
		}
	}
	return (false);
}

static bool
pf_net_same(const struct pf_net *a, const struct pf_net *b)
{
	return (a->plen == b->plen && ip_addr_eq(&a->addr, &b->addr));
}

/* The i-th network without repetition, with no memory but the stack. */
static bool
pf_dyn_live_entry(const struct pf_dyn *dyn, sa_family_t af, uint32_t i,
    struct pf_net *net)
{
	struct pf_dynwalk w, before;
	struct pf_net other;
	uint32_t at = 0, k, n = 0;

	pf_dynwalk_start(&w, dyn, af);
	for (; pf_dynwalk_next(&w, net); at++) {
		pf_dynwalk_start(&before, dyn, af);
		for (k = 0; k < at && pf_dynwalk_next(&before, &other); k++)
			if (pf_net_same(net, &other))
				break;
		if (k == at && n++ == i)
			return (true);
	}
	return (false);
}

static bool
pf_dyn_live_match(const struct pf_dyn *dyn, sa_family_t af,
    const struct ip_addr *a)
{
	struct pf_dynwalk w;
	struct pf_net net;

	pf_dynwalk_start(&w, dyn, af);
	while (pf_dynwalk_next(&w, &net))
		if (ip_addr_inprefix(a, &net.addr, net.plen))
			return (true);
	return (false);
}

/* --- the set --- */

/* By address, wider ones first, then as listed. */
static bool
pf_net_less(const void *one, const void *other)
{
	const struct pf_net *a = one, *b = other;
	int c = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));

	if (c != 0)
		return (c < 0);
	return (a->plen != b->plen ? a->plen < b->plen : a->pos < b->pos);
}

static uint32_t
pf_net_dedup(struct pf_net *net, uint32_t n)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!net[i].again)
			net[k++] = net[i];
	return (k);
}

/* From the sorted copy: marks repetitions in the list, drops what is inside. */
static uint32_t
pf_net_index(struct pf_net *list, struct pf_net *index, uint32_t n)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && pf_net_same(&index[i], &index[i - 1]))
			list[index[i].pos].again = true;
	}
	for (uint32_t i = 0; i < n; i++)
		if (k == 0 ||
		    !ip_addr_inprefix(&index[i].addr, &index[k - 1].addr,
			index[k - 1].plen))
			index[k++] = index[i];
	return (k);
}

static uint32_t
pf_dyn_live_count(const struct pf_dyn *dyn, sa_family_t af)
{
	struct pf_dynwalk w;
	struct pf_net net;
	uint32_t n = 0;

	pf_dynwalk_start(&w, dyn, af);
	while (pf_dynwalk_next(&w, &net))
		n++;
	return (n);
}

/* Fills both forms of one family from nets on; returns where the next begin. */
static struct pf_net *
pf_dynset_fill(struct pf_dynset *set, const struct pf_dyn *dyn, unsigned int f,
    struct pf_net *nets)
{
	struct pf_dynwalk w;
	struct pf_net net;
	uint32_t n = 0;

	pf_dynwalk_start(&w, dyn, f == DYN_V4 ? AF_INET : AF_INET6);
	while (pf_dynwalk_next(&w, &net)) {
		net.pos = n;
		nets[n++] = net;
	}
	set->list[f] = nets;
	set->index[f] = nets + n;
	memcpy(set->index[f], set->list[f], n * sizeof(*nets));
	sort(set->index[f], n, sizeof(*set->index[f]), pf_net_less);
	set->nindex[f] = pf_net_index(set->list[f], set->index[f], n);
	set->nlist[f] = pf_net_dedup(set->list[f], n);
	return (nets + 2 * n);
}

static struct pf_dynset *
pf_dynset_make(const struct pf_dyn *dyn)
{
	size_t n = pf_dyn_live_count(dyn, AF_INET) +
	    pf_dyn_live_count(dyn, AF_INET6);
	size_t size = sizeof(struct pf_dynset) + 2 * n * sizeof(struct pf_net);
	struct pf_dynset *set;
	struct pf_net *nets;

	if ((set = malloc(size, M_PF, M_ZERO)) == NULL)
		return (NULL);
	set->size = size;
	nets = pf_dynset_fill(set, dyn, DYN_V4, set->nets);
	pf_dynset_fill(set, dyn, DYN_V6, nets);
	return (set);
}

static void
pf_dynset_free(struct pf_dynset *set)
{
	if (set != NULL)
		free(set, M_PF, set->size);
}

void
pf_dyn_follow(struct pf_kif *kif)
{
	struct pf_dyn *dyn;

	TAILQ_FOREACH(dyn, &kif->kif_dyns, entry) {
		pf_dynset_free(dyn->set);
		dyn->set = pf_dynset_make(dyn);
	}
}

/* --- life --- */

struct pf_dyn *
pf_dyn_get(const char *name, sa_family_t af, uint8_t plen, uint8_t iflags)
{
	struct pf_kif *kif;
	struct pf_dyn *dyn;

	if (strcmp(name, "self") == 0)
		name = "all";
	if ((kif = pf_kif_get(name, PF_KIF_RULE)) == NULL)
		return (NULL);
	TAILQ_FOREACH(dyn, &kif->kif_dyns, entry)
		if (dyn->af == af && dyn->plen == plen &&
		    dyn->iflags == iflags) {
			dyn->refs++;
			return (dyn);
		}
	if ((dyn = malloc(sizeof(*dyn), M_PF, M_ZERO)) == NULL) {
		pf_kif_put(kif, PF_KIF_RULE);
		return (NULL);
	}
	dyn->kif = kif;
	dyn->refs = 1;
	dyn->af = af;
	dyn->plen = plen;
	dyn->iflags = iflags;
	dyn->set = pf_dynset_make(dyn);
	TAILQ_INSERT_TAIL(&kif->kif_dyns, dyn, entry);
	return (dyn);
}

/* Each of its users holds the kif once. */
void
pf_dyn_put(struct pf_dyn *dyn)
{
	struct pf_kif *kif;

	if (dyn == NULL)
		return;
	kif = dyn->kif;
	if (--dyn->refs == 0) {
		TAILQ_REMOVE(&kif->kif_dyns, dyn, entry);
		pf_dynset_free(dyn->set);
		free(dyn, M_PF, sizeof(*dyn));
	}
	pf_kif_put(kif, PF_KIF_RULE);
}

/* --- asking --- */

bool
pf_dyn_match(const struct pf_dyn *dyn, sa_family_t af, const struct ip_addr *a)
{
	unsigned int f = af == AF_INET ? DYN_V4 : DYN_V6;
	const struct pf_dynset *set = dyn->set;
	uint32_t lo = 0, hi, mid;

	if (set == NULL)
		return (pf_dyn_live_match(dyn, af, a));
	hi = set->nindex[f];
	while (lo < hi) { /* all before lo are not above a, all from hi are */
		mid = lo + (hi - lo) / 2;
		if (memcmp(set->index[f][mid].addr.b, a->b, sizeof(a->b)) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo > 0 &&
	    ip_addr_inprefix(a, &set->index[f][lo - 1].addr,
		set->index[f][lo - 1].plen));
}

bool
pf_dyn_entry(const struct pf_dyn *dyn, sa_family_t af, unsigned int i,
    struct ip_addr *a, unsigned int *plen)
{
	unsigned int f = af == AF_INET ? DYN_V4 : DYN_V6;
	struct pf_net net;

	if (dyn->set == NULL) {
		if (!pf_dyn_live_entry(dyn, af, i, &net))
			return (false);
	} else {
		if (i >= dyn->set->nlist[f])
			return (false);
		net = dyn->set->list[f][i];
	}
	*a = net.addr;
	*plen = net.plen;
	return (true);
}

unsigned int
pf_dyn_count(const struct pf_dyn *dyn)
{
	struct pf_net net;
	unsigned int n = 0;

	if (dyn->set != NULL)
		return (dyn->set->nlist[DYN_V4] + dyn->set->nlist[DYN_V6]);
	while (pf_dyn_live_entry(dyn, AF_INET, n, &net))
		n++;
	for (unsigned int i = 0; pf_dyn_live_entry(dyn, AF_INET6, i, &net); i++)
		n++;
	return (n);
}
