/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces and groups as pf sees them.
 *
 * A kif is a name.  Rules may name what does not exist yet, states outlive
 * their interface, and `set skip' stays with a name: so all of them hold the
 * name, and the name knows whether an interface, a group, or both have it now.
 *
 *	named, nobody has it	kif_ifp NULL, kif_isgroup false
 *	interface		kif_ifp and ifp->if_pf point at each other
 *	group			kif_isgroup, and the group's ifg_pf points here
 *
 * Events:	a group is told before the interface that brings it arrives, and
 *		goes after it.  A kif that could not be made for lack of memory is
 *		tried again at the next event of its interface, and whenever
 *		somebody asks for the name.
 * Cost:	a packet finds its kif by one pointer; `skip' is one flag, worked
 *		out when groups or flags change; a rule's group is looked for
 *		among the few groups of the interface.
 * Read on:	pf_dyn.c, addresses behind names.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/time.h>
#include <net/pf/pf_if.h>

RB_HEAD(pf_kifs, pf_kif);
static struct pf_kifs pf_kifs = RB_INITIALIZER(&pf_kifs);

static int
pf_kif_cmp(const struct pf_kif *a, const struct pf_kif *b)
{
	return (strcmp(a->kif_name, b->kif_name));
}
RB_GENERATE_STATIC(pf_kifs, pf_kif, kif_tree, pf_kif_cmp);

static struct pf_kif *
pf_kif_find(const char *name)
{
	struct pf_kif key;

	strlcpy(key.kif_name, name, sizeof(key.kif_name));
	return (RB_FIND(pf_kifs, &pf_kifs, &key));
}

/* --- who has the name --- */

static void
pf_skip_of(struct pf_kif *kif)
{
	const struct ifgroup_member *gm;
	const struct pf_kif *group;

	kif->kif_skip = (kif->kif_flags & PFI_SKIP) != 0;
	if (kif->kif_ifp == NULL)
		return;
	TAILQ_FOREACH(gm, &kif->kif_ifp->if_groups, ifgm_entry) {
		group = gm->ifgm_group->ifg_pf;
		if (group != NULL && (group->kif_flags & PFI_SKIP) != 0)
			kif->kif_skip = true;
	}
}

static void
pf_skip_all(void)
{
	struct pf_kif *kif;

	RB_FOREACH(kif, pf_kifs, &pf_kifs)
		pf_skip_of(kif);
}

static void
pf_kif_bind(struct pf_kif *kif, struct ifnet *ifp)
{
	KASSERT(kif->kif_ifp == NULL && ifp->if_pf == NULL);
	kif->kif_ifp = ifp;
	ifp->if_pf = kif;
	kif->kif_refs++;
	pf_skip_of(kif);
}

static void
pf_kif_bind_group(struct pf_kif *kif, struct ifgroup *g)
{
	KASSERT(!kif->kif_isgroup && g->ifg_pf == NULL);
	kif->kif_isgroup = true;
	g->ifg_pf = kif;
	kif->kif_refs++;
}

static struct ifgroup *
pf_group(const char *name)
{
	struct ifgroup *g;

	TAILQ_FOREACH(g, &ifgroups, ifg_entry)
		if (strcmp(g->ifg_name, name) == 0)
			return (g);
	return (NULL);
}

/* --- life --- */

/* Made for a name, with what has it already. */
static struct pf_kif *
pf_kif_make(const char *name)
{
	struct ifgroup *g = pf_group(name);
	struct ifnet *ifp = if_unit(name);
	struct pf_kif *kif;

	if ((kif = malloc(sizeof(*kif), M_PF, M_ZERO)) == NULL)
		return (NULL);
	strlcpy(kif->kif_name, name, sizeof(kif->kif_name));
	kif->kif_tzero = walltime_sec();
	TAILQ_INIT(&kif->kif_dyns);
	RB_INSERT(pf_kifs, &pf_kifs, kif);
	if (g != NULL && g->ifg_members > 0)
		pf_kif_bind_group(kif, g);
	if (ifp != NULL && !ifp->if_detaching)
		pf_kif_bind(kif, ifp);
	return (kif);
}

static uint32_t *
pf_kif_count(struct pf_kif *kif, enum pf_kif_ref why)
{
	switch (why) {
	case PF_KIF_RULE:
		return (&kif->kif_rules);
	case PF_KIF_STATE:
		return (&kif->kif_states);
	case PF_KIF_OTHER:
		break;
	}
	return (&kif->kif_refs);
}

void
pf_kif_ref(struct pf_kif *kif, enum pf_kif_ref why)
{
	++*pf_kif_count(kif, why);
}

struct pf_kif *
pf_kif_get(const char *name, enum pf_kif_ref why)
{
	struct pf_kif *kif;

	ASSERT_TOKEN();
	if ((kif = pf_kif_find(name)) == NULL &&
	    (kif = pf_kif_make(name)) == NULL)
		return (NULL);
	pf_kif_ref(kif, why);
	return (kif);
}

void
pf_kif_put(struct pf_kif *kif, enum pf_kif_ref why)
{
	uint32_t *count;

	if (kif == NULL)
		return;
	count = pf_kif_count(kif, why);
	KASSERT(*count > 0);
	--*count;
	if (kif->kif_rules != 0 || kif->kif_states != 0 || kif->kif_refs != 0)
		return;
	KASSERT(kif->kif_ifp == NULL && !kif->kif_isgroup &&
	    kif->kif_flags == 0 && TAILQ_EMPTY(&kif->kif_dyns));
	RB_REMOVE(pf_kifs, &pf_kifs, kif);
	free(kif, M_PF, sizeof(*kif));
}

/* --- asking --- */

bool
pf_kif_has(const struct pf_kif *kif, const struct ifnet *ifp)
{
	const struct ifgroup_member *gm;

	if (kif->kif_ifp == ifp)
		return (true);
	if (!kif->kif_isgroup)
		return (false);
	TAILQ_FOREACH(gm, &ifp->if_groups, ifgm_entry)
		if (gm->ifgm_group->ifg_pf == kif)
			return (true);
	return (false);
}

bool
pf_kif_match(const struct pf_kif *rule, const struct pf_kif *packet)
{
	if (rule == NULL || rule == packet)
		return (true);
	if (!rule->kif_isgroup || packet == NULL || packet->kif_ifp == NULL)
		return (false);
	return (pf_kif_has(rule, packet->kif_ifp));
}

/* Does a program that asks for name mean kif? */
static bool
pf_kif_named(const struct pf_kif *kif, const char *name)
{
	const struct pf_kif *group;

	if (name[0] == '\0' || strcmp(kif->kif_name, name) == 0)
		return (true);
	if ((group = pf_kif_find(name)) == NULL)
		return (false);
	return (pf_kif_match(group, kif));
}

unsigned int
pf_kif_rows(const char *filter, struct pf_ioc_kif *out, unsigned int n)
{
	struct pf_kif *kif;
	unsigned int all = 0;

	RB_FOREACH(kif, pf_kifs, &pf_kifs) {
		if (!pf_kif_named(kif, filter))
			continue;
		if (out != NULL && all < n) {
			struct pf_ioc_kif *row = &out[all];

			memset(row, 0, sizeof(*row));
			strlcpy(row->name, kif->kif_name, sizeof(row->name));
			memcpy(row->packets, kif->kif_packets,
			    sizeof(row->packets));
			memcpy(row->bytes, kif->kif_bytes, sizeof(row->bytes));
			row->tzero = kif->kif_tzero;
			row->states = kif->kif_states;
			row->rules = kif->kif_rules;
			row->flags = kif->kif_flags;
			row->isgroup = kif->kif_isgroup;
		}
		all++;
	}
	return (all);
}

void
pf_kif_clear(const char *name)
{
	struct pf_kif *kif;

	RB_FOREACH(kif, pf_kifs, &pf_kifs) {
		if (!pf_kif_named(kif, name))
			continue;
		memset(kif->kif_packets, 0, sizeof(kif->kif_packets));
		memset(kif->kif_bytes, 0, sizeof(kif->kif_bytes));
		kif->kif_tzero = walltime_sec();
	}
}

/* --- set skip --- */

/* A flag holds its name: a kif without one may be gone afterwards. */
static void
pf_flag_set(struct pf_kif *kif, uint32_t flags, bool on)
{
	uint32_t old = kif->kif_flags;

	kif->kif_flags = on ? old | flags : old & ~flags;
	if (old == 0 && kif->kif_flags != 0)
		pf_kif_ref(kif, PF_KIF_OTHER);
	else if (old != 0 && kif->kif_flags == 0)
		pf_kif_put(kif, PF_KIF_OTHER);
}

int
pf_kif_setflag(const char *name, uint32_t flags, bool on)
{
	struct pf_kif *kif, *next;

	ASSERT_TOKEN();
	KASSERT((flags & ~(uint32_t)PFI_SKIP) == 0);
	if (on) {
		kif = pf_kif_get(name[0] == '\0' ? "all" : name, PF_KIF_OTHER);
		if (kif == NULL)
			return (ENOMEM);
		pf_flag_set(kif, flags, true);
		pf_kif_put(kif, PF_KIF_OTHER);
	} else if (name[0] != '\0') {
		if ((kif = pf_kif_find(name)) != NULL)
			pf_flag_set(kif, flags, false);
	} else {
		RB_FOREACH_SAFE(kif, pf_kifs, &pf_kifs, next)
			pf_flag_set(kif, flags, false);
	}
	pf_skip_all();
	return (0);
}

/* --- events --- */

/* Drivers tell of links before they attach and after: only those between. */
static void
pf_if_arrive(struct ifnet *ifp)
{
	struct pf_kif *kif;

	if (ifp->if_pf != NULL || ifp->if_detaching ||
	    if_unit(ifp->if_xname) != ifp)
		return;
	if ((kif = pf_kif_get(ifp->if_xname, PF_KIF_OTHER)) == NULL)
		return; /* its packets are dropped, and counted as such */
	if (kif->kif_ifp == NULL) /* the name was there first */
		pf_kif_bind(kif, ifp);
	pf_kif_put(kif, PF_KIF_OTHER);
}

static void
pf_if_depart(struct ifnet *ifp)
{
	struct pf_kif *kif = ifp->if_pf;

	if (kif == NULL)
		return;
	ifp->if_pf = NULL;
	kif->kif_ifp = NULL;
	pf_skip_of(kif);
	pf_dyn_follow(kif);
	pf_kif_put(kif, PF_KIF_OTHER);
}

static void
pf_group_grow(struct ifnet *ifp, const char *name)
{
	struct ifgroup *g = pf_group(name);
	struct pf_kif *kif;

	if ((kif = pf_kif_get(name, PF_KIF_OTHER)) == NULL)
		return; /* no rule names it: there would be one */
	if (!kif->kif_isgroup)
		pf_kif_bind_group(kif, g);
	if (ifp->if_pf != NULL)
		pf_skip_of(ifp->if_pf);
	pf_dyn_follow(kif);
	pf_kif_put(kif, PF_KIF_OTHER);
}

/* The interface has left already; the group goes when it was the last. */
static void
pf_group_shrink(struct ifnet *ifp, const char *name)
{
	struct ifgroup *g = pf_group(name);
	struct pf_kif *kif = g->ifg_pf;

	if (kif == NULL)
		return;
	if (ifp->if_pf != NULL)
		pf_skip_of(ifp->if_pf);
	if (g->ifg_members == 0) {
		g->ifg_pf = NULL;
		kif->kif_isgroup = false;
	}
	pf_dyn_follow(kif);
	if (!kif->kif_isgroup)
		pf_kif_put(kif, PF_KIF_OTHER);
}

static void
pf_addrs_changed(struct ifnet *ifp)
{
	struct ifgroup_member *gm;

	pf_if_arrive(ifp);
	if (ifp->if_pf != NULL)
		pf_dyn_follow(ifp->if_pf);
	TAILQ_FOREACH(gm, &ifp->if_groups, ifgm_entry)
		if (gm->ifgm_group->ifg_pf != NULL)
			pf_dyn_follow(gm->ifgm_group->ifg_pf);
}

static void
pf_if_event(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	switch (ev) {
	case IFE_ARRIVAL:
	case IFE_ADDR_ADD:
	case IFE_ADDR_DEL:
	case IFE_ADDR_CHANGE:
		pf_addrs_changed(ifp);
		break;
	case IFE_DEPARTURE:
		pf_if_depart(ifp);
		break;
	case IFE_GROUP_ADD:
		pf_group_grow(ifp, group);
		break;
	case IFE_GROUP_DEL:
		pf_group_shrink(ifp, group);
		break;
	case IFE_LINK:
	case IFE_FLAGS:
	case IFE_MTU:
	case IFE_LLADDR:
		pf_if_arrive(ifp);
		break;
	}
}

int
pf_if_init(void)
{
	static struct if_observer observer = { .event = pf_if_event };
	struct ifgroup *g;
	struct ifnet *ifp;

	ASSERT_TOKEN();
	TAILQ_FOREACH(g, &ifgroups, ifg_entry)
		if (g->ifg_pf == NULL && pf_kif_make(g->ifg_name) == NULL)
			return (ENOMEM);
	TAILQ_FOREACH(ifp, &ifnet, if_list)
		if (ifp->if_pf == NULL && pf_kif_make(ifp->if_xname) == NULL)
			return (ENOMEM);
	if_observe(&observer);
	return (0);
}
