/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Addresses that a host makes itself from an advertised prefix: a stable one
 * (RFC 4862, 7217), and, where `ifconfig temporary' says so, temporary ones
 * (RFC 8981).
 *
 *	   prefix, A set	     pltime - desync - advance
 *	(nothing) ---> temporary 1 ------------------------> temporary 2 ...
 *	     \	       deprecated at pltime - desync, gone at vltime
 *	      \--> stable, as long as the prefix is valid
 *
 * nd6_slaac_run() looks at a prefix and its addresses and makes them what
 * they should be at that moment: lifetimes, a new temporary one before the old
 * one is deprecated, another identifier in place of one that somebody else
 * has, and none when the prefix is no longer valid.  It says when it has to
 * look again.
 *
 * Invariants: (1) at most ND6_ADDRS_MAX addresses of a prefix, one of them
 * stable; (2) an entry's address is linked to the interface, and is autoconf:
 * one that is deleted or set again by hand is forgotten at that moment
 * (nd6_slaac_forget()).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/log.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6_host.h>

#define TWO_HOURS   7200
#define IDGEN_TRIES 3          /* RFC 7217 6, RFC 8981 3.8 */
#define IDGEN_us    1000000ULL /* IDGEN_DELAY */
#define RETRY_us    10000000ULL

int ip6_tempvltime = 172800, ip6_temppltime = 86400; /* RFC 8981 3.8 */

/* --- lifetimes --- */

uint32_t
nd6_left(uint64_t until, uint64_t now)
{
	if (until == ND6_FOREVER)
		return (ND6_INFINITE);
	if (until <= now)
		return (0);
	return (
	    (uint32_t)MIN((until - now + 999999) / 1000000, ND6_INFINITE - 1));
}

/*
 * So that one forged advertisement cannot end an address: what is advertised
 * counts when it is more than two hours or more than is left; otherwise what
 * is left counts, but two hours at most.  The preferred lifetime is as
 * advertised.
 */
void
nd6_life_update(struct nd6_life *l, uint32_t vltime, uint32_t pltime,
    uint64_t now)
{
	uint64_t said = nd6_until(vltime, now);
	uint64_t floor = nd6_until(TWO_HOURS, now);

	if (vltime > TWO_HOURS || said > l->valid_us)
		l->valid_us = said;
	else {
		if (said < l->valid_us)
			nd6stat_inc(ND6S_TWOHOURS);
		l->valid_us = MIN(l->valid_us, floor);
	}
	l->pref_us = MIN(nd6_until(pltime, now), l->valid_us);
}

struct nd6_life
nd6_life_temp(const struct nd6_life *l, uint64_t born, uint64_t desync)
{
	uint64_t valid = born + (uint64_t)ip6_tempvltime * 1000000;
	uint64_t span = (uint64_t)ip6_temppltime * 1000000;
	uint64_t pref = born + span - MIN(desync, span);
	struct nd6_life t = { .valid_us = MIN(l->valid_us, valid),
		.pref_us = MIN(l->pref_us, pref) };

	t.pref_us = MIN(t.pref_us, t.valid_us);
	return (t);
}

/* REGEN_ADVANCE: how long it may take to find an address that is unique. */
static uint64_t
temp_advance(const struct ifnet *ifp)
{
	return (2000000 +
	    IDGEN_TRIES * (uint64_t)ip6_dad_count * in6_if(ifp)->i6_retrans_us);
}

/* DESYNC_FACTOR: machines that start together do not change together. */
static uint64_t
temp_desync(const struct ifnet *ifp)
{
	uint64_t pref = (uint64_t)ip6_temppltime * 1000000;
	uint64_t advance = temp_advance(ifp), max = pref / 10 * 4;

	if (pref <= advance)
		return (0);
	max = MIN(max, pref - advance);
	/* in milliseconds: 32 bits of chance */
	return (
	    (uint64_t)arc4random_uniform((uint32_t)(max / 1000) + 1) * 1000);
}

/* --- places --- */

static struct nd6_made *
made_find(struct nd6_prefix *np, const struct ifaddr *ifa)
{
	unsigned int i;

	for (i = 0; i < ND6_ADDRS_MAX; i++)
		if (np->np_made[i].ifa == ifa)
			return (&np->np_made[i]);
	return (NULL);
}

static struct nd6_made *
made_stable(struct nd6_prefix *np)
{
	unsigned int i;

	for (i = 0; i < ND6_ADDRS_MAX; i++)
		if (np->np_made[i].ifa != NULL && !np->np_made[i].temporary)
			return (&np->np_made[i]);
	return (NULL);
}

static void
made_forget(struct nd6_made *nm)
{
	struct ifaddr *ifa = nm->ifa;

	nm->ifa = NULL;
	ifa_put(ifa);
}

static void
made_delete(struct nd6_made *nm)
{
	struct ifaddr *ifa = nm->ifa;
	struct if_addrreq req = { .addr = ifa->ifa_addr };

	nm->ifa = NULL; /* before the interface's observers hear of it */
	(void)in6_addr_del(ifa->ifa_ifp, &req, NULL);
	ifa_put(ifa);
}

static struct nd6_life
made_life(const struct nd6_prefix *np, const struct nd6_made *nm)
{
	return (nm->temporary ?
		nd6_life_temp(&np->np_life, nm->born_us, nm->desync_us) :
		np->np_life);
}

/* --- making --- */

/* 0; EEXIST it is here already; or why it cannot be. */
static int
address_make(struct nd6_prefix *np, const struct nd6_made *how,
    const struct ip_addr *a, uint64_t now)
{
	struct ifnet *ifp = np->np_host->ho_ifp;
	struct nd6_life life = made_life(np, how);
	struct nd6_made *nm = made_find(np, NULL);
	struct if_addrreq req = { .af = AF_INET6,
		.plen = np->np_plen,
		.flags = IFA_AUTOCONF | IFA_NOPREFIX |
		    (how->temporary ? IFA_TEMPORARY : 0),
		.addr = *a,
		.vltime = nd6_left(life.valid_us, now),
		.pltime = nd6_left(life.pref_us, now) };
	int error;

	if (ifa_onif(ifp, AF_INET6, a) != NULL)
		return (EEXIST);
	if (nm == NULL) {
		nd6stat_inc(ND6S_ADDR_LIMIT);
		return (ENOSPC);
	}
	if ((error = in6_addr_add(ifp, &req, NULL)) != 0) {
		nd6stat_inc(ND6S_ADDR_FAILED);
		return (error);
	}
	*nm = *how;
	nm->ifa = ifa_onif(ifp, AF_INET6, a);
	ifa_ref(nm->ifa);
	in6_addr_lifetimes(nm->ifa, life.valid_us, life.pref_us);
	nd6stat_inc(how->temporary ? ND6S_TEMP_MADE : ND6S_ADDR_MADE);
	return (0);
}

/* The stable one, if it is missing.  When to try again. */
static uint64_t
stable_run(struct nd6_prefix *np, uint64_t now)
{
	const struct nd6_made how = { .born_us = now };
	struct ip_addr a = np->np_prefix;
	int error;

	if (made_stable(np) != NULL)
		return (ND6_FOREVER);
	in6_iid_stable(np->np_host->ho_ifp, &np->np_prefix, np->np_tries,
	    a.b + 8);
	error = address_make(np, &how, &a, now);
	return (error == 0 || error == EEXIST ? ND6_FOREVER : now + RETRY_us);
}

/* The temporary one that is in use longest from now on, or NULL. */
static const struct nd6_made *
temp_current(const struct nd6_prefix *np)
{
	const struct nd6_made *nm, *best = NULL;
	unsigned int i;

	for (i = 0; i < ND6_ADDRS_MAX; i++) {
		nm = &np->np_made[i];
		if (nm->ifa != NULL && nm->temporary &&
		    (best == NULL ||
			made_life(np, nm).pref_us >
			    made_life(np, best).pref_us))
			best = nm;
	}
	return (best);
}

static uint64_t
temp_make(struct nd6_prefix *np, uint64_t now)
{
	struct ifnet *ifp = np->np_host->ho_ifp;
	const struct nd6_made how = { .born_us = now,
		.desync_us = temp_desync(ifp),
		.temporary = true };
	struct nd6_life life = made_life(np, &how);
	uint64_t advance = temp_advance(ifp);
	struct ip_addr a = np->np_prefix;

	/* RFC 8981 3.4: none that would have to be replaced at once */
	if (life.pref_us < now + advance || life.pref_us - now <= advance)
		return (ND6_FOREVER);
	in6_iid_random(a.b + 8);
	if (address_make(np, &how, &a, now) != 0)
		return (now + RETRY_us);
	return (
	    life.pref_us == ND6_FOREVER ? ND6_FOREVER : life.pref_us - advance);
}

/* A temporary one that lasts a while yet.  When the next is due. */
static uint64_t
temp_run(struct nd6_prefix *np, uint64_t now)
{
	struct ifnet *ifp = np->np_host->ho_ifp;
	uint64_t advance = temp_advance(ifp), pref;
	const struct nd6_made *nm = temp_current(np);

	if ((ifp->if_flags & IFXF_AUTOCONF6TEMP) == 0)
		return (ND6_FOREVER);
	if (nm != NULL) {
		if ((nm->ifa->ifa_flags & (IFA_TENTATIVE | IFA_DUPLICATED)) ==
		    0)
			np->np_temptries = 0;
		pref = made_life(np, nm).pref_us;
		if (pref == ND6_FOREVER)
			return (ND6_FOREVER);
		if (pref > now + advance)
			return (pref - advance);
	}
	return (
	    np->np_temptries < IDGEN_TRIES ? temp_make(np, now) : ND6_FOREVER);
}

/* --- duplicates --- */

static unsigned int *
made_tries(struct nd6_prefix *np, const struct nd6_made *nm)
{
	return (nm->temporary ? &np->np_temptries : &np->np_tries);
}

/*
 * RFC 7217 6, RFC 8981 3.4: a second later another identifier is tried.  One
 * that is made from the link address has no other; what was tried last stays,
 * marked, for the administrator to see.
 */
bool
nd6_slaac_duplicate(struct nd6_prefix *np, const struct ifaddr *ifa,
    uint64_t now)
{
	struct ifnet *ifp = np->np_host->ho_ifp;
	struct nd6_made *nm = made_find(np, ifa);
	unsigned int *tries;

	if (nm == NULL)
		return (false);
	tries = made_tries(np, nm);
	++*tries;
	if (!nm->temporary && !in6_soii(ifp))
		*tries = IDGEN_TRIES;
	if (*tries < IDGEN_TRIES)
		np->np_again_us = now + IDGEN_us;
	else
		log(LOG_ERR,
		    "%s: no %s address: all that were tried are in use",
		    ifp->if_xname, nm->temporary ? "temporary" : "autoconf");
	return (true);
}

/* Those that are to be tried anew make room. */
static void
duplicates_run(struct nd6_prefix *np, uint64_t now)
{
	struct nd6_made *nm;
	unsigned int i;

	if (np->np_again_us == 0 || np->np_again_us > now)
		return;
	np->np_again_us = 0;
	for (i = 0; i < ND6_ADDRS_MAX; i++) {
		nm = &np->np_made[i];
		if (nm->ifa != NULL &&
		    (nm->ifa->ifa_flags & IFA_DUPLICATED) != 0 &&
		    *made_tries(np, nm) < IDGEN_TRIES)
			made_delete(nm);
	}
}

/* --- the whole --- */

static void
lifetimes_apply(struct nd6_prefix *np)
{
	struct nd6_life life;
	unsigned int i;

	for (i = 0; i < ND6_ADDRS_MAX; i++)
		if (np->np_made[i].ifa != NULL) {
			life = made_life(np, &np->np_made[i]);
			in6_addr_lifetimes(np->np_made[i].ifa, life.valid_us,
			    life.pref_us);
		}
}

uint64_t
nd6_slaac_run(struct nd6_prefix *np, uint64_t now)
{
	uint64_t next, due;

	if (!np->np_auto)
		return (ND6_FOREVER);
	next = np->np_life.valid_us;
	if (next <= now) {
		np->np_auto = false;
		nd6_slaac_flush(np, false);
		return (ND6_FOREVER);
	}
	duplicates_run(np, now);
	lifetimes_apply(np);
	due = stable_run(np, now);
	next = MIN(next, due);
	due = temp_run(np, now);
	next = MIN(next, due);
	return (np->np_again_us != 0 ? MIN(next, np->np_again_us) : next);
}

void
nd6_slaac_forget(struct nd6_host *ho, const struct ifaddr *ifa)
{
	struct nd6_prefix *np;
	struct nd6_made *nm;

	TAILQ_FOREACH(np, &ho->ho_prefixes, np_entry)
		if ((nm = made_find(np, ifa)) != NULL)
			made_forget(nm);
}

void
nd6_slaac_flush(struct nd6_prefix *np, bool temporary_only)
{
	struct nd6_made *nm;
	unsigned int i;

	for (i = 0; i < ND6_ADDRS_MAX; i++) {
		nm = &np->np_made[i];
		if (nm->ifa != NULL && (nm->temporary || !temporary_only))
			made_delete(nm);
	}
}
