/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Fingerprints: every field against SYNs that have it and that just have it
 * not, each for IPv4 and IPv6; names in every form; which of several is it.
 */

#include "pfkit.h"

#include <net/pf/pf_osfp.h>

/* Options of a SYN as p0f writes them: M N W S T, their codes from the left. */
#define O1(a)   PF_OSFP_OPT_##a
#define O(i, a) ((uint64_t)PF_OSFP_OPT_##a << (3 * (i)))
#define MSTNW   (O1(MSS) | O(1, SACK) | O(2, TS) | O(3, NOP) | O(4, WSCALE))

/* A SYN.  mss is what an IPv4 packet would say; it has room for 20 more. */
struct syn {
	uint16_t win, mss;
	uint8_t ttl, wscale, flags;
	bool df, ts, odd;
};
static const struct syn plain = { .win = 14600,
	.mss = 1460,
	.ttl = 60,
	.wscale = 7,
	.flags = TH_SYN,
	.df = true,
	.ts = true };
/* What fits it. */
static const struct pf_ioc_osfp like = { .class = "Alpha",
	.version = "2",
	.subtype = "b",
	.opts = MSTNW,
	.nopts = 5,
	.wsize = 14600,
	.psize = 60,
	.mss = 1460,
	.wscale = 7,
	.ttl = 64,
	.flags = PF_OSFP_DF };

static uint32_t
options(const struct syn *s, sa_family_t af, uint8_t *o)
{
	uint16_t mss = s->mss - (af == AF_INET6 ? 20 : 0);
	const uint8_t all[20] = { 2, 4, (uint8_t)(mss >> 8), (uint8_t)mss,
		s->odd ? 6 : 4, 2, 8, 10, 0, 0, 0, s->ts, 0, 0, 0, 0, 1, 3, 3,
		s->wscale };

	memcpy(o, all, sizeof(all));
	return (sizeof(all));
}

static struct mbuf *
syn_make(const struct syn *s, sa_family_t af)
{
	struct pk p = { .af = af,
		.proto = IPPROTO_TCP,
		.src = 101,
		.dst = 102,
		.sport = 1000,
		.dport = 80,
		.flags = s->flags,
		.win = s->win,
		.len = 20 };
	uint32_t hlen = af == AF_INET ? 20 : 40;
	uint8_t opts[20], *ip;
	struct mbuf *m;

	(void)options(s, af, opts);
	m = pk_make(&p, opts);
	KT(m != NULL);
	ip = mtod(m, uint8_t *);
	ip[hlen + 12] = 10 << 4;
	ip[af == AF_INET ? 8 : 7] = s->ttl;
	if (af == AF_INET && s->df)
		ip[6] = 0x40;
	return (m);
}

/* Does a rule with that `os' take s? */
static bool
taken(const struct syn *s, sa_family_t af, const char *name)
{
	struct pf_ioc_rule c = { .action = PFA_BLOCK,
		.proto = IPPROTO_TCP,
		.os = PF_OS_NAMED };
	struct mbuf *m;

	strlcpy(c.osname, name, sizeof(c.osname));
	if (strcmp(name, "unknown") == 0)
		c.os = PF_OS_UNKNOWN;
	pk_rule(PF_RS_FILTER, &c);
	m = pk_through(syn_make(s, af), af, PF_IN);
	if (m != NULL)
		m_freem(m);
	return (m == NULL);
}

static void
one(const struct pf_ioc_osfp *f)
{
	pf_osfps_flush();
	KT_EQ(pf_osfps_addnow(f), 0);
}

static const struct {
	uint16_t flags, wsize, mss, psize;
	uint8_t wscale;
	bool fits;
} looks[] = {
	{ PF_OSFP_DF, 14600, 1460, 60, 7, true },
	{ PF_OSFP_DF, 14601, 1460, 60, 7, false },
	{ PF_OSFP_DF, 14600, 1459, 60, 7, false },
	{ PF_OSFP_DF, 14600, 1460, 61, 7, false },
	{ PF_OSFP_DF, 14600, 1460, 60, 6, false },
	{ PF_OSFP_DF | PF_OSFP_WSIZE_ANY, 0, 1460, 60, 7, true },
	{ PF_OSFP_DF | PF_OSFP_WSIZE_MOD, 200, 1460, 60, 7, true },
	{ PF_OSFP_DF | PF_OSFP_WSIZE_MOD, 201, 1460, 60, 7, false },
	{ PF_OSFP_DF | PF_OSFP_PSIZE_ANY, 14600, 1460, 0, 7, true },
	{ PF_OSFP_DF | PF_OSFP_MSS_ANY, 14600, 0, 60, 7, true },
	{ PF_OSFP_DF | PF_OSFP_MSS_MOD, 14600, 20, 60, 7, true },
	{ PF_OSFP_DF | PF_OSFP_MSS_MOD, 14600, 21, 60, 7, false },
	{ PF_OSFP_DF | PF_OSFP_WSCALE_ANY, 14600, 1460, 60, 0, true },
	{ PF_OSFP_DF | PF_OSFP_WSCALE_MOD, 14600, 1460, 60, 7, true },
	{ PF_OSFP_DF | PF_OSFP_WSCALE_MOD, 14600, 1460, 60, 2, false },
	{ PF_OSFP_DF | PF_OSFP_TS0, 14600, 1460, 60, 7, false },
};

KTEST(pf_osfp_every_field)
{
	struct pf_ioc_osfp f;

	pk_boot();
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(looks); i++) {
		f = like;
		f.flags = looks[i].flags;
		f.wsize = looks[i].wsize;
		f.mss = looks[i].mss;
		f.psize = looks[i].psize;
		f.wscale = looks[i].wscale;
		one(&f);
		KT_EQ(taken(&plain, af, "Alpha"), looks[i].fits);
		KT_EQ(taken(&plain, af, "unknown"), !looks[i].fits);
	}
}

/* Windows that follow the MSS of the packet, and its MTU. */
KTEST(pf_osfp_window_follows)
{
	static const struct {
		uint16_t flag, times, win4, win6;
	} rows[] = {
		{ PF_OSFP_WSIZE_MSS, 10, 14600, 14400 },
		{ PF_OSFP_WSIZE_MTU, 3, 4500, 4500 },
	};
	struct pf_ioc_osfp f = like;
	struct syn s = plain;

	pk_boot();
	for (unsigned int i = 0; i < nitems(rows); i++)
		PK_BOTH(af)
		{
			f.flags = PF_OSFP_DF | rows[i].flag;
			f.wsize = rows[i].times;
			one(&f);
			s.win = af == AF_INET ? rows[i].win4 : rows[i].win6;
			KT(taken(&s, af, "Alpha"));
			s.win++;
			KT(!taken(&s, af, "Alpha"));
		}
}

KTEST(pf_osfp_packets)
{
	static const struct {
		struct syn s;
		bool fits4, fits6;
	} rows[] = {
		{ { 14600, 1460, 64, 7, TH_SYN, true, true, false }, true,
		    true },
		{ { 14600, 1460, 65, 7, TH_SYN, true, true, false }, false,
		    false },
		{ { 14600, 1460, 24, 7, TH_SYN, true, true, false }, true,
		    true },
		{ { 14600, 1460, 23, 7, TH_SYN, true, true, false }, false,
		    false },
		{ { 14600, 1460, 60, 7, TH_SYN, false, true, false }, false,
		    true },
		{ { 14600, 1460, 60, 7, TH_SYN, true, true, true }, false,
		    false },
		{ { 14600, 1460, 60, 7, TH_SYN | TH_ECE | TH_CWR, true, true,
		      false },
		    true, true },
	};

	pk_boot();
	one(&like);
	for (unsigned int i = 0; i < nitems(rows); i++)
		PK_BOTH(af)
		{
			bool fits = af == AF_INET ? rows[i].fits4 :
						    rows[i].fits6;

			KT_EQ(taken(&rows[i].s, af, "Alpha"), fits);
			KT_EQ(taken(&rows[i].s, af, "unknown"), !fits);
		}
}

/* Only SYNs: neither a name nor `unknown' is about other segments. */
KTEST(pf_osfp_syn_only)
{
	struct syn s = plain;

	pk_boot();
	one(&like);
	PK_BOTH(af)
	{
		s.flags = TH_SYN | TH_ACK;
		KT(!taken(&s, af, "Alpha") && !taken(&s, af, "unknown"));
		s.flags = TH_ACK;
		KT(!taken(&s, af, "Alpha") && !taken(&s, af, "unknown"));
	}
}

KTEST(pf_osfp_names)
{
	static const struct {
		const char *name;
		bool is;
	} rows[] = {
		{ "Alpha", true },
		{ "alpha", true },
		{ "ALPHA 2", true },
		{ "Alpha 2 b", true },
		{ "Alpha 2 B", true },
		{ "Alph", false },
		{ "Alphabet", false },
		{ "Alpha 3", false },
		{ "Alpha 2 c", false },
		{ "Alpha 2 b x", false },
		{ "Alpha b", false },
		{ "Beta", false },
	};
	struct pf_ioc_osfp f = like;

	pk_boot();
	one(&like);
	for (unsigned int i = 0; i < nitems(rows); i++)
		PK_BOTH(af)
	KT_EQ(taken(&plain, af, rows[i].name), rows[i].is);
	f.version[0] = '\0';
	one(&f);
	KT(taken(&plain, AF_INET, "Alpha b"));
	KT(!taken(&plain, AF_INET, "Alpha 2"));
}

/* The first that fits says what it is; the same look again is a name more. */
KTEST(pf_osfp_first_wins)
{
	struct pf_ioc_osfp second = like, third = like;

	pk_boot();
	strlcpy(second.class, "Beta", sizeof(second.class));
	strlcpy(third.class, "Gamma", sizeof(third.class));
	second.flags |= PF_OSFP_GENERIC;
	third.flags |= PF_OSFP_WSIZE_ANY;
	one(&like);
	KT_EQ(pf_osfps_addnow(&third), 0);
	KT_EQ(pf_osfps_addnow(&second), 0);
	PK_BOTH(af)
	{
		KT(taken(&plain, af, "Alpha"));
		KT(taken(&plain, af, "Beta"));
		KT(!taken(&plain, af, "Gamma"));
	}
	pf_osfps_flush();
	KT(!taken(&plain, AF_INET, "Alpha") &&
	    taken(&plain, AF_INET, "unknown"));
}

KTEST(pf_osfp_what_cannot_be)
{
	struct pf_ioc_osfp bad[8], get = { .nr = 0 };

	pk_boot();
	for (unsigned int i = 0; i < nitems(bad); i++)
		bad[i] = like;
	bad[0].class[0] = '\0';
	memset(bad[1].subtype, 'x', sizeof(bad[1].subtype));
	bad[2].nopts = PF_OSFP_OPTS_MAX + 1;
	bad[3].opts |= 1ULL << 60;
	bad[4].flags = PF_OSFP_WSIZE_MOD;
	bad[4].wsize = 0;
	bad[5].flags = PF_OSFP_MSS_MOD;
	bad[5].mss = 0;
	bad[6].flags = PF_OSFP_WSCALE_MOD;
	bad[6].wscale = 0;
	bad[7].flags = 0x8000;
	for (unsigned int i = 0; i < nitems(bad); i++)
		KT_EQ(pf_osfps_addnow(&bad[i]), EINVAL);
	KT(!pf_osfps_get(&get));
}

/* Many, and short of memory: those that went in are there, in their order. */
KTEST_NTH(pf_osfp_short_of_memory)
{
	struct pf_ioc_osfp f = like, get;
	uint32_t in = 0;
	long live;

	pk_boot();
	live = sim_live();
	sim_fail_nth(n);
	for (unsigned int i = 0; i < 300; i++) {
		f.wsize = (uint16_t)i;
		f.opts = i % 3 ? MSTNW : 0;
		if (pf_osfps_addnow(&f) == 0)
			in++;
		else
			KT(sim_failed());
	}
	KT_EQ(in, sim_failed() ? 299 : 300);
	for (uint32_t i = 0, last = 0; i < in; i++) {
		get.nr = i;
		KT(pf_osfps_get(&get) && get.nr == i);
		KT(i == 0 || get.wsize > last);
		last = get.wsize;
	}
	get.nr = in;
	KT(!pf_osfps_get(&get));
	pf_osfps_flush();
	KT_EQ(sim_live(), live);
}
