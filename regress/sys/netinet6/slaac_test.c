/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Addresses from advertised prefixes: the two hour rule row by row, temporary
 * ones over days, duplicates, addresses by hand beside them, a router that
 * lies, memory that fails.
 */

#include <sys/malloc.h>

#include "lab_ra.h"

#define FOREVER ND6_FOREVER
#define INFTY   ND6_INFINITE
#define S(n)    ((n)*1000000ULL)

/* --- lifetimes --- */

/* Seconds left, said, and left then.  RFC 4862 5.5.3 (e) 1 to 3. */
/* clang-format off */
static const struct life_row {
	const char *what;
	uint64_t left;
	uint32_t vltime, pltime;
	uint64_t valid, pref;
} life_rows[] = {
	{ "longer than is left",	 3600,	  7000,	 1800, 7000,   1800 },
	{ "more than two hours",	 100000,  7201,	 3600, 7201,   3600 },
	{ "two hours, more is left",	 100000,  7200,	 3600, 7200,   3600 },
	{ "as much as is left",		 7000,	  7000,	 3600, 7000,   3600 },
	{ "less, two hours are left",	 7200,	  60,	 60,   7200,   60 },
	{ "less, less than that left",	 3000,	  60,	 30,   3000,   30 },
	{ "nothing, little is left",	 3000,	  0,	 0,    3000,   0 },
	{ "nothing, much is left",	 100000,  0,	 0,    7200,   0 },
	{ "little, much is left",	 100000,  60,	 60,   7200,   60 },
	{ "nothing, for ever is left",	 FOREVER, 0,	 0,    7200,   0 },
	{ "two hours, for ever is left", FOREVER, 7200,	 100,  7200,   100 },
	{ "more, for ever is left",	 FOREVER, 7201,	 100,  7201,   100 },
	{ "for ever, little is left",	 10,	  INFTY, INFTY, FOREVER, FOREVER },
	{ "for ever, for ever is left",	 FOREVER, INFTY, 10,   FOREVER, 10 },
	{ "one second more",		 10,	  11,	 11,   11,     11 },
};
/* clang-format on */

static uint64_t
at(uint64_t seconds, uint64_t now)
{
	return (seconds == FOREVER ? FOREVER : now + S(seconds));
}

KTEST(slaac_two_hour_rule)
{
	const uint64_t now = 123456789;
	unsigned int i;

	for (i = 0; i < nitems(life_rows); i++) {
		const struct life_row *t = &life_rows[i];
		struct nd6_life l = { .valid_us = at(t->left, now),
			.pref_us = now };

		nd6_life_update(&l, t->vltime, t->pltime, now);
		if (l.valid_us != at(t->valid, now) ||
		    l.pref_us != at(t->pref, now))
			KT_STR("not as wanted", t->what);
	}
}

/* RFC 8981 3.4: never longer than the prefix, nor than a temporary one may. */
KTEST(slaac_lifetimes_of_temporary_addresses)
{
	static const struct {
		uint64_t valid, pref, desync, tvalid, tpref;
	} rows[] = {
		/* the prefix's own, while they are shorter */
		{ 3600, 1800, 0, 3600, 1800 },
		{ 3600, 0, 5, 3600, 0 },
		/* a day and two days, less what sets machines apart */
		{ FOREVER, FOREVER, 0, 172800, 86400 },
		{ FOREVER, FOREVER, 600, 172800, 85800 },
		{ 200000, 86000, 600, 172800, 85800 },
		{ 100000, FOREVER, 0, 100000, 86400 },
		{ 50000, FOREVER, 0, 50000, 50000 },
		/* a desync from before the variables were set lower */
		{ FOREVER, FOREVER, 100000, 172800, 0 },
	};
	unsigned int i;

	for (i = 0; i < nitems(rows); i++) {
		const uint64_t born = 1000000;
		struct nd6_life l = { at(rows[i].valid, born),
			at(rows[i].pref, born) };
		struct nd6_life t = nd6_life_temp(&l, born, S(rows[i].desync));

		KT_EQ(t.valid_us, at(rows[i].tvalid, born));
		KT_EQ(t.pref_us, at(rows[i].tpref, born));
	}
}

/* --- over time --- */

static struct ra
ra_of(unsigned int net, uint32_t vltime, uint32_t pltime)
{
	struct ra r = ra_new(1800, 0);

	ra_slla(&r, 1);
	ra_prefix(&r, a6(net, 0), 64, L_FLAG | A_FLAG, vltime, pltime);
	return (r);
}

static uint32_t
flags_of(const struct ifaddr *ifa)
{
	KT(ifa != NULL);
	return (ifa->ifa_flags);
}

KTEST(slaac_address_is_proved_deprecated_and_gone)
{
	struct ra r = ra_of(5, 7200, 600);
	struct ip_addr p = a6(5, 0);

	ra_boot(AUTOCONF);
	ra_hear(&r, 1);
	KT(flags_of(ra_addr(p, false, 0)) & IFA_TENTATIVE);
	KT(ra_addr(p, true, 0) == NULL);
	ra_wait(3);
	KT_EQ(flags_of(ra_addr(p, false, 0)), IFA_AUTOCONF | IFA_NOPREFIX);
	KT_EQ(ra_addr(p, false, 0)->ifa_plen, 64);
	ra_wait(590);
	KT_EQ(flags_of(ra_addr(p, false, 0)) & IFA_DEPRECATED, 0);
	ra_wait(10);
	KT(flags_of(ra_addr(p, false, 0)) & IFA_DEPRECATED);
	/* preferred again: as it was */
	ra_hear(&r, 1);
	KT_EQ(flags_of(ra_addr(p, false, 0)) & IFA_DEPRECATED, 0);
	ra_wait(7199);
	KT(ra_addr(p, false, 0) != NULL);
	KT(in6_onlink(lab_if("pair0"), &p));
	ra_wait(2);
	KT(ra_addr(p, false, 0) == NULL);
	KT(!in6_onlink(lab_if("pair0"), &p));
	KT(rtable_lookup(0, AF_INET6, &p, 64, RTP_ANY) == NULL);
	KT(ra_default_is(0)); /* long since */
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nprefixes, 0);
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nrtrs, 0);
}

/* On the link ends when it is said to; addresses stay their two hours. */
KTEST(slaac_one_forged_advertisement_does_not_end_an_address)
{
	struct ra r = ra_of(5, 86400, 3600), zero = ra_of(5, 0, 0);
	struct ip_addr p = a6(5, 0);

	ra_boot(AUTOCONF);
	ra_hear(&r, 1);
	ra_wait(3);
	ra_hear(&zero, 1);
	KT(flags_of(ra_addr(p, false, 0)) & IFA_DEPRECATED);
	KT(rtable_lookup(0, AF_INET6, &p, 64, RTP_ANY) == NULL);
	KT_EQ(nd6_counters[ND6S_TWOHOURS], 1);
	ra_wait(7198);
	KT(ra_addr(p, false, 0) != NULL);
	ra_wait(4);
	KT(ra_addr(p, false, 0) == NULL);
}

KTEST(slaac_renumbering)
{
	struct ra old = ra_of(5, 86400, 3600), now = ra_of(6, 86400, 3600);
	struct ip_addr far = a6(9, 9), p5 = a6(5, 0), p6 = a6(6, 0);
	struct ifnet *ifp;

	ra_boot(AUTOCONF);
	ifp = lab_if("pair0");
	ra_hear(&old, 1);
	ra_wait(3);
	KT(in6_source_select(ifp, &far, NULL) == ra_addr(p5, false, 0));
	/* the old prefix is not preferred any more, the new one is */
	ra_prefix(&now, p5, 64, L_FLAG | A_FLAG, 7201, 0);
	ra_hear(&now, 1);
	ra_wait(3);
	KT(in6_source_select(ifp, &far, NULL) == ra_addr(p6, false, 0));
	KT(ra_addr(p5, false, 0) != NULL); /* conversations go on */
	ra_wait(7200);
	KT(ra_addr(p5, false, 0) == NULL);
	KT(ra_addr(p6, false, 0) != NULL);
}

static unsigned int
count_temp(struct ip_addr p, bool deprecated)
{
	struct ifaddr *ifa;
	unsigned int i, n = 0;

	for (i = 0; (ifa = ra_addr(p, true, i)) != NULL; i++)
		n += ((ifa->ifa_flags & IFA_DEPRECATED) != 0) == deprecated;
	return (n);
}

/* Ten days, an advertisement every ten minutes. */
KTEST(slaac_temporary_addresses_follow_each_other)
{
	struct ra r = ra_of(5, 2592000, 604800);
	struct ip_addr p = a6(5, 0), far = a6(9, 9);
	unsigned int i, most = 0, none = 0;
	struct ifaddr *best;

	ra_boot(AUTOCONFTEMP);
	ip6_neighborgcthresh = 64;
	for (i = 0; i < 10 * 144; i++) {
		ra_hear(&r, 1);
		ra_wait(i == 0 ? 3 : 1);
		sim_advance_us(S(598));
		ra_settle();
		ra_wait(3);
		best = in6_source_select(lab_if("pair0"), &far, NULL);
		none += (best->ifa_flags & (IFA_TEMPORARY | IFA_DEPRECATED)) !=
		    IFA_TEMPORARY;
		most = MAX(most, count_temp(p, false) + count_temp(p, true));
	}
	KT_EQ(none, 0); /* there was always one to be used */
	/* each lasts 14.4 to 24 hours, and two days in all */
	KT(nd6_counters[ND6S_TEMP_MADE] >= 10);
	KT(nd6_counters[ND6S_TEMP_MADE] <= 17);
	KT(most >= 2 && most <= 5);
	KT_EQ(nd6_counters[ND6S_ADDR_LIMIT], 0);
	KT_EQ(nd6_counters[ND6S_ADDR_MADE], 1);
}

KTEST(slaac_temporary_only_where_asked_for)
{
	struct ra r = ra_of(5, 86400, 3600), brief = ra_of(6, 60, 4);
	struct ip_addr p = a6(5, 0);
	struct ifnet *ifp;

	ra_boot(AUTOCONF);
	ifp = lab_if("pair0");
	ra_hear(&r, 1);
	KT(ra_addr(p, true, 0) == NULL);
	KT_EQ(if_setflags(ifp, ifp->if_flags | IFXF_AUTOCONF6TEMP), 0);
	ra_settle();
	KT(ra_addr(p, true, 0) != NULL && ra_addr(p, true, 1) == NULL);
	KT_EQ(if_setflags(ifp, ifp->if_flags & ~(uint32_t)IFXF_AUTOCONF6TEMP),
	    0);
	ra_settle();
	KT(ra_addr(p, true, 0) == NULL);
	KT(ra_addr(p, false, 0) != NULL);
	/* none that would have to be replaced before it is proved */
	KT_EQ(if_setflags(ifp, ifp->if_flags | IFXF_AUTOCONF6TEMP), 0);
	ra_hear(&brief, 1);
	KT(ra_addr(a6(6, 0), true, 0) == NULL);
	KT(ra_addr(a6(6, 0), false, 0) != NULL);
}

/* --- duplicates --- */

static void
soiikey_set(uint8_t first)
{
	static struct proc owner;
	uint8_t key[16] = { first };
	struct sysctl_req req = { .proc = &owner, .new = key, .newlen = 16 };

	KT_EQ(kern_sysctl("net.inet6.ip6.soiikey", &req), 0);
	free(req.old, M_SYSCTL, req.oldcap);
}

/* Somebody has every address of the kind that is tried.  How many were. */
static unsigned int
contest(struct ip_addr p, bool temporary)
{
	static const uint8_t mac[6] = { 2, 9 };
	struct ip_addr seen[8];
	struct ifaddr *ifa;
	unsigned int i, k, n = 0;

	for (i = 0; i < 20; i++) {
		ifa = ra_addr(p, temporary, 0);
		if (ifa != NULL && (ifa->ifa_flags & IFA_TENTATIVE) != 0) {
			for (k = 0; k < n; k++)
				KT(!ip_addr_eq(&seen[k], &ifa->ifa_addr));
			KT(n < nitems(seen));
			seen[n++] = ifa->ifa_addr;
			nd6_dad_claimed(ifa, mac);
		}
		ra_settle();
		sim_advance_us(300000);
		ra_settle();
	}
	return (n);
}

KTEST(slaac_duplicates_of_opaque_addresses_are_replaced_thrice)
{
	struct ra r = ra_of(5, 86400, 3600);
	struct ip_addr p = a6(5, 0);

	ra_boot(AUTOCONF);
	soiikey_set(7);
	ra_hear(&r, 1);
	KT_EQ(contest(p, false), 3);
	/* the last one stays to be seen, and nothing more is tried */
	KT(flags_of(ra_addr(p, false, 0)) & IFA_DUPLICATED);
	KT(ra_addr(p, false, 1) == NULL);
	ra_hear(&r, 1);
	ra_wait(100);
	KT_EQ(nd6_counters[ND6S_ADDR_MADE], 3);
}

KTEST(slaac_duplicate_of_eui64_has_no_other)
{
	struct ra r = ra_of(5, 86400, 3600);

	ra_boot(AUTOCONF);
	ra_hear(&r, 1);
	KT_EQ(contest(a6(5, 0), false), 1);
	KT(flags_of(ra_addr(a6(5, 0), false, 0)) & IFA_DUPLICATED);
}

KTEST(slaac_duplicates_of_temporary_addresses)
{
	struct ra r = ra_of(5, 86400, 3600);
	struct ip_addr p = a6(5, 0);
	struct ifnet *ifp;

	ra_boot(AUTOCONFTEMP);
	ra_hear(&r, 1);
	KT_EQ(contest(p, true), 3);
	KT_EQ(flags_of(ra_addr(p, false, 0)) & IFA_DUPLICATED, 0);
	/* one duplicate, then luck */
	ifp = lab_if("pair0");
	KT_EQ(if_setflags(ifp, ifp->if_flags & ~(uint32_t)AUTOCONFTEMP), 0);
	KT_EQ(if_setflags(ifp, ifp->if_flags | AUTOCONFTEMP), 0);
	ra_settle();
	ra_hear(&r, 1);
	nd6_dad_claimed(ra_addr(p, true, 0), NULL);
	ra_wait(5);
	KT_EQ(flags_of(ra_addr(p, true, 0)) & (IFA_DUPLICATED | IFA_TENTATIVE),
	    0);
}

/* --- by hand, beside --- */

KTEST(slaac_and_addresses_by_hand_share_a_prefix)
{
	struct ra r = ra_of(5, 86400, 3600), off = ra_of(5, 0, 0);
	struct ip_addr p = a6(5, 0);
	struct if_addrreq req = { .addr = a6(5, 1) };
	struct rtentry *rt;

	ra_boot(AUTOCONF);
	lab_addr("pair0", a6(5, 1), 64, 0);
	ra_hear(&r, 1);
	ra_wait(3);
	/* the route is the address's; then the prefix's; then nobody's */
	rt = rtable_lookup(0, AF_INET6, &p, 64, RTP_CONNECTED);
	KT(rt != NULL && ip_addr_eq(&rt->rt_ifa->ifa_addr, &req.addr));
	KT_EQ(in6_addr_del(lab_if("pair0"), &req, NULL), 0);
	ra_settle();
	rt = rtable_lookup(0, AF_INET6, &p, 64, RTP_CONNECTED);
	KT(rt != NULL && in6_islinklocal(&rt->rt_ifa->ifa_addr));
	lab_addr("pair0", a6(5, 1), 64, 0);
	rt = rtable_lookup(0, AF_INET6, &p, 64, RTP_CONNECTED);
	KT(rt != NULL && in6_islinklocal(&rt->rt_ifa->ifa_addr));
	ra_hear(&off,
	    1); /* not on the link, says the router; yes, says the hand */
	rt = rtable_lookup(0, AF_INET6, &p, 64, RTP_CONNECTED);
	KT(rt != NULL && ip_addr_eq(&rt->rt_ifa->ifa_addr, &req.addr));
	KT(in6_onlink(lab_if("pair0"), &p));
	KT_EQ(in6_addr_del(lab_if("pair0"), &req, NULL), 0);
	KT(rtable_lookup(0, AF_INET6, &p, 64, RTP_ANY) == NULL);
	KT(!in6_onlink(lab_if("pair0"), &p));
}

/* Set again by hand, it is by hand: no lifetime, and it brings its prefix. */
KTEST(slaac_address_taken_over_by_hand)
{
	struct ra r = ra_of(5, 86400, 3600), off = ra_of(5, 0, 0);
	struct ip_addr p = a6(5, 0);
	struct ifaddr *ifa;

	ra_boot(AUTOCONF);
	ra_hear(&r, 1);
	ra_wait(3);
	ifa = ra_addr(p, false, 0);
	lab_addr("pair0", ifa->ifa_addr, 64, 0);
	KT(ra_addr(p, false, 0) == ifa);
	KT_EQ(ifa->ifa_flags, 0);
	KT_EQ(ifa->ifa_expire_us, 0);
	ra_hear(&off, 1);
	ra_wait(8000);
	KT(ra_addr(p, false, 0) == ifa);
	KT(rtable_lookup(0, AF_INET6, &p, 64, RTP_CONNECTED) != NULL);
	/* and autoconf off does not take it */
	KT_EQ(if_setflags(lab_if("pair0"),
		  lab_if("pair0")->if_flags & ~(uint32_t)AUTOCONF),
	    0);
	KT(ra_addr(p, false, 0) == ifa);
}

KTEST(slaac_deleted_by_hand_comes_with_the_next_advertisement)
{
	struct ra r = ra_of(5, 86400, 3600);
	struct ip_addr p = a6(5, 0);
	struct if_addrreq req = { .name = "pair0" };

	ra_boot(AUTOCONF);
	ra_hear(&r, 1);
	ra_wait(3);
	req.addr = ra_addr(p, false, 0)->ifa_addr;
	KT_EQ(in6_addr_del(lab_if("pair0"), &req, NULL), 0);
	ra_settle();
	KT(ra_addr(p, false, 0) == NULL);
	ra_hear(&r, 1);
	KT(ra_addr(p, false, 0) != NULL);
}

/* An address with lifetimes that somebody set: they run down, it is marked,
 * it goes. */
KTEST(slaac_lifetimes_by_hand)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = a6(7, 1),
		.vltime = 100,
		.pltime = 40 };
	struct ip_addr p = a6(7, 0);

	lab_boot();
	KT_EQ(in6_addr_add(lab_if("pair0"), &req, NULL), 0);
	ra_wait(39);
	KT_EQ(flags_of(ra_addr(p, false, 0)) & IFA_DEPRECATED, 0);
	ra_wait(2);
	KT(flags_of(ra_addr(p, false, 0)) & IFA_DEPRECATED);
	ra_wait(58);
	KT(ra_addr(p, false, 0) != NULL);
	KT(rtable_lookup(0, AF_INET6, &p, 64, RTP_ANY) != NULL);
	ra_wait(2);
	KT(ra_addr(p, false, 0) == NULL);
	KT(rtable_lookup(0, AF_INET6, &p, 64, RTP_ANY) == NULL);
}

KTEST(slaac_autoconf_is_refused_where_there_are_no_routers)
{
	struct ifnet *lo;

	lab_boot();
	lo = lab_if("lo0");
	KT_EQ(if_setflags(lo, lo->if_flags | AUTOCONF), EOPNOTSUPP);
	KT_EQ(lo->if_flags & AUTOCONF, 0);
}

/* All goes with the interface, and with autoconf. */
KTEST(slaac_nothing_stays_behind)
{
	struct ra r = ra_of(5, 86400, 3600);
	struct ifnet *ifp;
	struct ip_addr p;
	unsigned int i;
	long live = 0;

	ra_boot(AUTOCONFTEMP);
	ifp = lab_if("pair0");
	ra_route(&r, a6(9, 0), 48, 0, 600);
	for (i = 0; i < 3; i++) {
		KT_EQ(if_setflags(ifp, ifp->if_flags & ~(uint32_t)AUTOCONFTEMP),
		    0);
		ra_wait(200); /* neighbours are forgotten, too */
		if (i == 1)
			live = sim_live();
		if (i == 2)
			KT_EQ(sim_live(), live);
		KT_EQ(if_setflags(ifp, ifp->if_flags | AUTOCONFTEMP), 0);
		ra_hear(&r, 1);
		ra_wait(3);
		p = a6(5, 0);
		KT(ra_addr(p, false, 0) != NULL && ra_addr(p, true, 0) != NULL);
		KT(ra_default_is(1));
	}
	KT_EQ(if_clone_destroy("pair0"), 0);
	ra_wait(2);
	KT(ra_default_is(0));
	p = a6(9, 0);
	KT(rtable_lookup(0, AF_INET6, &p, 48, RTP_ANY) == NULL);
}

/* --- a router that lies --- */

KTEST(slaac_thousands_of_prefixes_routes_and_routers)
{
	const struct nd6_host *ho;
	struct ip_addr p = { .b = { 0x20, 0x01, 0x0d, 0xb9 } };
	struct ra good = ra_of(5, 86400, 3600);
	unsigned int i, k, naddrs = 0;
	struct ifaddr *ifa;
	long live = 0;

	ra_boot(AUTOCONFTEMP);
	ho = nd6_host(lab_if("pair0"));
	ra_hear(&good, 1);
	for (i = 0; i < 200; i++) {
		struct ra r = ra_new(9000, 1);

		for (k = 0; k < 20; k++) {
			be16enc(p.b + 4, (uint16_t)(i * 20 + k));
			ra_prefix(&r, p, 64, L_FLAG | A_FLAG, ~0U, ~0U);
			ra_route(&r, p, 48, 1, ~0U);
		}
		ra_hear(&r, 100 + i);
		if (i == 20)
			live = sim_live();
	}
	KT_EQ(ho->ho_nprefixes, ND6_PREFIXES_MAX);
	KT(ho->ho_nrtrs <= ND6_RTRS_MAX && ho->ho_nways <= ND6_WAYS_MAX);
	KT(sim_live() <= live + 400); /* neighbours: their own limit */
	TAILQ_FOREACH(ifa, &lab_if("pair0")->if_addrs, ifa_entry)
		naddrs += ifa->ifa_af == AF_INET6;
	KT(naddrs <= 1 + ND6_PREFIXES_MAX * ND6_ADDRS_MAX);
	KT(nd6_counters[ND6S_PREFIX_LIMIT] > 3000);
	KT(nd6_counters[ND6S_ROUTE_LIMIT] + nd6_counters[ND6S_RTR_LIMIT] >
	    3000);
	/* who was there before is there still */
	KT(ra_addr(a6(5, 0), false, 0) != NULL);
	ra_wait(10);
	KT_EQ(if_setflags(lab_if("pair0"),
		  lab_if("pair0")->if_flags & ~(uint32_t)AUTOCONFTEMP),
	    0);
	KT(nd6_host(lab_if("pair0")) == NULL);
	KT(ra_default_is(0));
}

KTEST(slaac_a_hundred_routers)
{
	struct ra r = ra_new(9000, 1);
	unsigned int i;

	ra_boot(AUTOCONF);
	for (i = 1; i <= 100; i++)
		ra_hear(&r, i);
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nrtrs, ND6_RTRS_MAX);
	KT_EQ(nd6_host(lab_if("pair0"))->ho_rtrbits, 0xffff);
	KT_EQ(nd6_counters[ND6S_RTR_LIMIT], 100 - ND6_RTRS_MAX);
	KT(ra_default_is(1));
	/* one that goes makes room for one */
	r = ra_new(0, 0);
	ra_hear(&r, 7);
	r = ra_new(9000, 1);
	ra_hear(&r, 200);
	ra_hear(&r, 201);
	KT_EQ(nd6_counters[ND6S_RTR_LIMIT], 100 - ND6_RTRS_MAX + 1);
	KT_EQ(nd6_host(lab_if("pair0"))->ho_nrtrs, ND6_RTRS_MAX);
}

/* Each byte of a message with everything in it, wrong in each way. */
KTEST(slaac_damage_every_byte_and_cut_everywhere)
{
	struct ra good = ra_of(5, 86400, 3600), r;
	const struct nd6_host *ho;
	unsigned int i, bit;

	ra_boot(AUTOCONFTEMP);
	ho = nd6_host(lab_if("pair0"));
	ra_mtu(&good, 1400);
	ra_route(&good, a6(9, 0), 48, 1, 600);
	ra_option(&good, 99, 3);
	for (i = 0; i < good.len; i++)
		for (bit = 0; bit < 9; bit++) {
			r = good;
			if (bit < 8)
				r.b[i] ^= (uint8_t)(1 << bit);
			else
				r.len = i;
			ra_hear(&r, 1 + i % 3);
			KT(ho->ho_nprefixes <= ND6_PREFIXES_MAX);
			KT(ho->ho_nways <= ND6_WAYS_MAX);
			KT(in6_if(lab_if("pair0"))->i6_mtu == 0 ||
			    (ip6_linkmtu(lab_if("pair0")) >= 1280 &&
				ip6_linkmtu(lab_if("pair0")) <= 1500));
		}
	ra_hear(&good, 1);
	KT(ra_addr(a6(5, 0), false, 0) != NULL);
	ra_wait(200000);
	KT_EQ(ho->ho_nrtrs, 0);
}

/* --- memory --- */

/* The next route has to ask for memory: the pool is used up to here. */
static void
routes_fill(void)
{
	struct rt_want w = { .af = AF_INET6,
		.plen = 128,
		.ifp = lab_if("lo0"),
		.dst = a6(60, 0),
		.flags = RTF_STATIC };
	int error;

	do {
		be32enc(w.dst.b + 8, be32dec(w.dst.b + 8) + 1);
		sim_fail_nth(1);
		error = rtrequest_add(&w, NULL);
		sim_fail_nth(0);
	} while (error == 0);
	KT_EQ(error, ENOMEM);
}

/* Whatever fails: no harm, and the next advertisement puts it right. */
KTEST_NTH(slaac_nth_allocation)
{
	struct ra r = ra_of(5, 86400, 3600);
	struct ip_addr p = a6(5, 0), far = a6(9, 0), want = router(1), gw;
	struct mbuf *m;

	ra_boot(AUTOCONFTEMP);
	ra_route(&r, far, 48, 1, 600);
	m = ra_packet(&r, router(1));
	routes_fill();
	sim_fail_nth(n);
	ip6_input(lab_if("pair0"), m);
	ra_wait(3);
	if (!sim_failed())
		return;
	ra_wait(12);                         /* what is tried again by itself */
	if (nd6_counters[ND6S_NOROUTE] != 0) /* as a route is */
		KT(ra_default_is(1));
	ra_hear(&r, 1);
	ra_wait(3);
	KT_EQ(flags_of(ra_addr(p, false, 0)) & IFA_TENTATIVE, 0);
	KT_EQ(flags_of(ra_addr(p, true, 0)) & IFA_TENTATIVE, 0);
	KT(ra_addr(p, false, 1) == NULL && ra_addr(p, true, 1) == NULL);
	KT(rtable_lookup(0, AF_INET6, &p, 64, RTP_CONNECTED) != NULL);
	KT(ra_default_is(1));
	gw = ra_gateway(far, 48);
	KT(ip_addr_eq(&gw, &want));
	KT_EQ(if_setflags(lab_if("pair0"),
		  lab_if("pair0")->if_flags & ~(uint32_t)AUTOCONFTEMP),
	    0);
	KT(ra_default_is(0));
	KT(ra_addr(p, false, 0) == NULL);
}

/* The same, for what happens at the change from router to router. */
KTEST_NTH(slaac_nth_allocation_while_routers_change)
{
	struct ra r = ra_of(5, 86400, 3600), high = ra_new(1800, 1);
	struct mbuf *m;

	ra_boot(AUTOCONF);
	ra_hear(&r, 1);
	ra_wait(3);
	ra_slla(&high, 2);
	m = ra_packet(&high, router(2));
	sim_fail_nth(n);
	ip6_input(lab_if("pair0"), m);
	ra_settle();
	if (!sim_failed())
		return;
	KT(ra_default_is(1) || ra_default_is(2)); /* never none */
	ra_hear(&high, 2);
	KT(ra_default_is(2));
}

/* --- what programs see --- */

static size_t
rows_read(const char *name, void *rows, size_t room)
{
	static struct proc owner;
	struct sysctl_req req = { .proc = &owner };
	size_t len;

	KT_EQ(kern_sysctl(name, &req), 0);
	KT((len = req.oldlen) <= room);
	memcpy(rows, req.old, len);
	free(req.old, M_SYSCTL, req.oldcap);
	return (len);
}

KTEST(slaac_rows_for_ndp)
{
	struct ra r = ra_of(5, 86400, 3600);
	struct nd6_prefix_row prefix[4];
	struct nd6_way_row way[4];
	struct nd6_link_row link[4];
	struct ip_addr one = router(1);

	ra_boot(AUTOCONFTEMP);
	KT_EQ(rows_read("net.inet6.nd6.links", link, sizeof(link)),
	    sizeof(link[0]));
	KT_EQ(link[0].asking, RS_ASK);
	KT(link[0].asked >= 1);
	r.b[5] = 0xc0 | 1 << 3;
	ra_mtu(&r, 1400);
	ra_route(&r, a6(9, 0), 48, 3, ~0U);
	ra_hear(&r, 1);
	KT_EQ(rows_read("net.inet6.nd6.links", link, sizeof(link)),
	    sizeof(link[0]));
	KT_STR(link[0].ifname, "pair0");
	KT_EQ(link[0].asking, RS_DONE);
	KT_EQ(link[0].mtu, 1400);
	KT(link[0].managed && link[0].other);
	KT_EQ(link[0].routers, 1);
	KT_EQ(link[0].prefixes, 1);
	KT_EQ(rows_read("net.inet6.nd6.prefixes", prefix, sizeof(prefix)),
	    sizeof(prefix[0]));
	KT_EQ(prefix[0].plen, 64);
	KT(prefix[0].onlink_s > 86390 && prefix[0].onlink_s <= 86400);
	KT(prefix[0].valid_s > 86390 && prefix[0].valid_s <= 86400);
	KT(prefix[0].preferred_s > 3590 && prefix[0].preferred_s <= 3600);
	KT_EQ(prefix[0].addresses, 2);
	KT_EQ(rows_read("net.inet6.nd6.routers", way, sizeof(way)),
	    2 * sizeof(way[0]));
	KT(ip_addr_eq(&way[0].router, &one));
	KT_EQ(way[0].plen, 48);
	KT_EQ(way[0].preference, -1);
	KT_EQ(way[0].expire_s, UINT32_MAX);
	KT_EQ(way[1].plen, 0);
	KT_EQ(way[1].preference, 1);
	KT(way[1].chosen && !way[1].lost);
	nd6_rtr_reach(lab_if("pair0"), &one, false);
	(void)rows_read("net.inet6.nd6.routers", way, sizeof(way));
	KT(way[1].chosen && way[1].lost);
}
