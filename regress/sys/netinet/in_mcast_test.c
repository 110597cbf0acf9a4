/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Membership: what sockets want together, and what is said of it, for both
 * families: every kind of query at every kind of filter, changes and how often
 * they are told, older queriers, messages that cannot be, short memory.
 */

#include "lab4.h"

#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <netinet/in_mcast.h>
#include <netinet/in_mcast_row.h>
#include <netinet/in_pcb.h>
#include <netinet6/ip6.h>
#include <netinet6/ip6_var.h>
#include <netinet6/mld6.h>
#include <netinet6/nd6.h>

static struct proc owner;
static sa_family_t af;
static struct ifnet *const ifp = &catch_if[0];

static struct ip_addr
host(unsigned int n)
{
	struct ip_addr a = { .b = { 10, 0, 1, (uint8_t)n } };

	if (af == AF_INET6)
		a = (struct ip_addr){ .b = { 0xfd, [15] = (uint8_t)n } };
	return (a);
}

static struct ip_addr
group(unsigned int n)
{
	struct ip_addr a = { .b = { 239, 1, 0, (uint8_t)n } };

	if (af == AF_INET6)
		a = (struct ip_addr){ .b = { 0xff, 0x15, [15] = (uint8_t)n } };
	return (a);
}

static struct inpcb *
sock(struct socket **so)
{
	KT_EQ(socreate(af, SOCK_DGRAM, 0, &owner, so), 0);
	return ((*so)->so_pcb);
}

/* A word for each report that left: kind, group, sources; `v1 13' an old one
 * of that type. */
static const char *
said(uint64_t us)
{
	static char out[1024];
	struct mbuf *m;
	uint8_t *p;
	uint32_t size = af == AF_INET ? 4 : 16;

	lab_run(us);
	(void)if_flush_all();
	out[0] = '\0';
	while ((m = catch_out(0)) != NULL) {
		size_t at = strlen(out);
		uint8_t msg[1400] = { 0 };

		KT_EQ(m_copydata(m, 0, MIN(m->m_pkthdr.len, sizeof(msg)), msg),
		    0);
		m_freem(m);
		p = msg + (af == AF_INET ? 24 : 48);
		if (af == AF_INET ? msg[9] != IPPROTO_IGMP :
				    msg[6] != 0 || msg[0] >> 4 != 6)
			continue;
		KT_EQ(af == AF_INET ? msg[8] : msg[7], 1); /* one hop */
		if (af == AF_INET6 && memcmp(msg + 8, in6addr_any.b, 16) == 0)
			at += strlcpy(out + at, "from_any:", sizeof(out) - at);
		if (p[0] != 0x22 && p[0] != MLDV2_LISTENER_REPORT) {
			snprintf(out + at, sizeof(out) - at, "%s:%u",
			    p[0] == 0x16 || p[0] == 131 ? "report" :
				p[0] == 0x12            ? "report1" :
							  "leave",
			    p[(af == AF_INET ? 3 : 7) + size]);
		} else {
			snprintf(out + at, sizeof(out) - at, "%s:%u",
			    (const char *const[]){ "?", "is_in", "is_ex",
				"to_in", "to_ex" }[p[8] % 5],
			    p[11 + size]);
			for (uint32_t i = 0; i < be16dec(p + 10); i++) {
				at = strlen(out);
				snprintf(out + at, sizeof(out) - at, ",%u",
				    p[11 + size * (i + 2)]);
			}
		}
		strlcat(out, " ", sizeof(out));
	}
	return (out);
}

/* Is word among those of text? */
static bool
says(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text != '\0'; text++)
		if (strncmp(text, word, len) == 0)
			return (true);
	return (false);
}

#define BOTH(af) for (af = AF_INET; af != 0; af = af == AF_INET ? AF_INET6 : 0)

static void
begin(void)
{
	catch_up();
	af = AF_INET6;
	lab_run(30000000); /* DAD, and the groups of our addresses */
	catch_flush();
}

/* --- filters --- */

KTEST(mcast_filters_of_sockets_together)
{
	/* two sockets: `+' excludes, `-' includes, digits are sources */
	static const struct {
		const char *a, *b, *want;
	} rows[] = {
		{ "+", "", "+" },
		{ "+", "+", "+" },
		{ "+1", "", "+1" },
		{ "+12", "+23", "+2" },
		{ "+12", "+3", "+" },
		{ "+12", "-1", "+2" },
		{ "+1", "-1", "+" },
		{ "-1", "", "-1" },
		{ "-1", "-2", "-12" },
		{ "-12", "-21", "-12" },
		{ "-1", "+", "+" },
	};
	struct socket *so[2];
	struct inpcb *inp[2];
	struct in_filter f;
	struct ip_addr src[4], g;
	char got[16];

	begin();
	BOTH(af)
	for (unsigned int i = 0; i < nitems(rows); i++) {
		g = group(1);
		for (unsigned int k = 0; k < 2; k++) {
			const char *s = k == 0 ? rows[i].a : rows[i].b;
			uint32_t n = 0;

			inp[k] = sock(&so[k]);
			for (; *s != '\0' && s[n + 1] != '\0'; n++)
				src[n] = host((unsigned int)(s[n + 1] - '0'));
			if (*s != '\0')
				KT_EQ(in_mcast_set(inp[k], ifp, af, &g,
					  *s == '+', src, n),
				    0);
		}
		in_mcast_filter(
		    in_mcast_find(inp[0], ifp->if_index, af, &g)->im_group, &f);
		snprintf(got, sizeof(got), "%c", f.exclude ? '+' : '-');
		for (uint32_t d = 1; d < 4; d++)
			for (uint32_t k = 0; k < f.n; k++)
				if (f.src[k].b[af == AF_INET ? 3 : 15] == d)
					snprintf(got + strlen(got), 2, "%u", d);
		KT_STR(got, rows[i].want);
		soclose(so[0]);
		soclose(so[1]);
		(void)said(3000000);
		KT(!in_mcast_joined(ifp, af, &g));
	}
}

/* --- changes --- */

KTEST(mcast_changes_are_told_twice)
{
	struct socket *so, *so2;
	struct inpcb *inp, *inp2;
	struct ip_addr g, s1;

	begin();
	BOTH(af)
	{
		g = group(1);
		s1 = host(1);
		inp = sock(&so);
		inp2 = sock(&so2);
		KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(3000000), "to_ex:1 to_ex:1 ");
		KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), EADDRINUSE);
		KT_EQ(in_mcast_block(inp, ifp, af, &g, &s1, true), 0);
		KT_STR(said(3000000), "to_ex:1,1 to_ex:1,1 ");
		KT_EQ(in_mcast_join(inp2, ifp, af, &g, &s1), 0);
		KT_STR(said(3000000), "to_ex:1 to_ex:1 ");
		KT_EQ(in_mcast_leave(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(3000000), "to_in:1,1 to_in:1,1 ");
		soclose(so2); /* without a word from the program */
		KT_STR(said(3000000), "to_in:1 to_in:1 ");
		KT_STR(said(100000000), "");
		KT_EQ(in_mcast_leave(inp, ifp, af, &g, NULL), EADDRNOTAVAIL);
		soclose(so);
	}
}

/* --- queries --- */

static void
ask(unsigned int g, uint8_t old, const struct ip_addr *src, uint32_t n)
{
	struct in_query q = { .group = g != 0 ? group(g) :
						(struct ip_addr){ .q = { 0 } },
		.src = src,
		.n = n,
		.max_us = 1000000,
		.old = old };

	in_report_query(ifp, af, &q);
}

KTEST(mcast_queries_are_answered)
{
	struct ip_addr g1, g2, s[3];
	struct socket *so;
	struct inpcb *inp;

	begin();
	BOTH(af)
	{
		g1 = group(1);
		g2 = group(2);
		for (unsigned int i = 0; i < 3; i++)
			s[i] = host(1 + i);
		inp = sock(&so);
		KT_EQ(in_mcast_set(inp, ifp, af, &g1, true, s, 1), 0);
		KT_EQ(in_mcast_set(inp, ifp, af, &g2, false, s, 2), 0);
		(void)said(3000000);
		ask(1, 0, NULL, 0);
		KT_STR(said(1100000), "is_ex:1,1 ");
		ask(2, 0, NULL, 0);
		KT_STR(said(1100000), "is_in:2,1,2 ");
		ask(1, 0, s, 3); /* all but the excluded one */
		KT_STR(said(1100000), "is_in:1,2,3 ");
		ask(2, 0, s + 1, 2);
		KT_STR(said(1100000), "is_in:2,2 ");
		ask(2, 0, s + 2, 1); /* nobody wants that */
		KT_STR(said(1100000), "");
		ask(3, 0, NULL, 0);
		KT_STR(said(1100000), "");
		/* two at once: one answer for all */
		ask(2, 0, s, 1);
		ask(2, 0, NULL, 0);
		KT_STR(said(2200000), "is_in:2,1,2 ");
		ask(2, 0, s, 1);
		ask(2, 0, s + 1, 1);
		KT_STR(said(2200000), "is_in:2,1,2 ");
		soclose(so);
		(void)said(3000000);
	}
}

KTEST(mcast_older_queriers)
{
	struct ip_addr g;
	struct socket *so;
	struct inpcb *inp;

	begin();
	BOTH(af)
	{
		uint8_t old = af == AF_INET ? 2 : 1;

		g = group(1);
		inp = sock(&so);
		KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), 0);
		(void)said(3000000);
		ask(1, old, NULL, 0);
		KT_STR(said(1100000), "report:1 ");
		ask(1, old, NULL, 0);
		in_report_heard(ifp, af, &g); /* somebody else says it */
		KT_STR(said(1100000), "");
		KT_EQ(in_mcast_leave(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(3000000), ""); /* ours was not the last report */
		KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(3000000), "report:1 report:1 ");
		KT_EQ(in_mcast_leave(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(3000000), "leave:1 leave:1 ");
		if (af == AF_INET) {
			KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), 0);
			ask(1, 1, NULL, 0);
			KT_STR(said(3000000), "report1:1 report1:1 report1:1 ");
			KT_EQ(in_mcast_leave(inp, ifp, af, &g, NULL), 0);
			KT_STR(said(3000000), "");
		}
		(void)said(270000000); /* it is silent: the newest again */
		KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(3000000), "to_ex:1 to_ex:1 ");
		soclose(so);
		(void)said(3000000);
	}
}

/* What a querier says of itself: how often a change is told, and for how long
 * an older one is spoken to. */
KTEST(mcast_queriers_times)
{
	struct in_query q = { .max_us = 1000000,
		.robust = 3,
		.every_us = 20000000 };
	struct ip_addr g;
	struct socket *so;
	struct inpcb *inp;

	begin();
	BOTH(af)
	{
		g = group(1);
		inp = sock(&so);
		in_report_query(ifp, af, &q);
		(void)said(1100000);
		KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(5000000), "to_ex:1 to_ex:1 to_ex:1 ");
		ask(1, 1, NULL, 0);
		(void)said(65000000);
		ask(1, 0, NULL, 0);
		KT(says(said(1100000), "report")); /* 3 times 20 s and 10 s */
		(void)said(10000000);
		ask(1, 0, NULL, 0);
		KT_STR(said(1100000), "is_ex:1 ");
		q.robust = 0; /* a querier that does not say: as before */
		q.every_us = 0;
		in_report_query(ifp, af, &q);
		(void)said(1100000);
		KT_EQ(in_mcast_leave(inp, ifp, af, &g, NULL), 0);
		KT_STR(said(5000000), "to_in:1 to_in:1 ");
		q.robust = 3;
		q.every_us = 20000000;
		soclose(so);
	}
}

/* --- messages that cannot be --- */

KTEST(mcast_igmp_messages_judged)
{
	static const struct {
		uint8_t ttl, type, code;
		uint32_t len, group, dst;
		uint16_t nsrc;
		enum drop_reason why; /* DROP_NONE: taken */
		uint8_t option;       /* before it a no-operation */
	} rows[] = {
		{ 1, 0x11, 10, 8, 0, 0xe0000001, 0, DROP_NONE, IPOPT_RA },
		{ 1, 0x11, 10, 12, 0, 0xe0000001, 0, DROP_NONE, IPOPT_RA },
		/* without an alert only version 1 is heard */
		{ 1, 0x11, 10, 12, 0, 0xe0000001, 0, DROP_IGMP_BADQUERY,
		    IPOPT_NOP },
		{ 1, 0x11, 10, 8, 0, 0xe0000001, 0, DROP_IGMP_BADQUERY,
		    IPOPT_RR },
		{ 1, 0x11, 0, 8, 0, 0xe0000001, 0, DROP_NONE, IPOPT_NOP },
		{ 1, 0x11, 10, 12, 0xef010001, 0xef010001, 0, DROP_NONE,
		    IPOPT_RA },
		{ 1, 0x11, 200, 16, 0xef010001, 0xef010001, 1, DROP_NONE,
		    IPOPT_RA },
		{ 2, 0x11, 10, 8, 0, 0xe0000001, 0, DROP_IGMP_TTL, IPOPT_RA },
		{ 1, 0x11, 10, 4, 0, 0xe0000001, 0, DROP_IGMP_SHORT, IPOPT_RA },
		{ 1, 0x11, 10, 10, 0, 0xe0000001, 0, DROP_IGMP_BADQUERY,
		    IPOPT_RA },
		{ 1, 0x11, 10, 12, 0, 0xe0000001, 1, DROP_IGMP_BADQUERY,
		    IPOPT_RA },
		{ 1, 0x11, 10, 12, 0, 0xe0000001, 65535, DROP_IGMP_BADQUERY,
		    IPOPT_RA },
		{ 1, 0x11, 10, 8, 0, 0xef010001, 0, DROP_IGMP_BADQUERY,
		    IPOPT_RA },
		{ 1, 0x11, 10, 8, 0x0a000001, 0xe0000001, 0, DROP_IGMP_BADQUERY,
		    IPOPT_RA },
		{ 1, 0x16, 0, 8, 0xef010001, 0xef010001, 0, DROP_NONE,
		    IPOPT_RA },
		{ 1, 0x22, 0, 8, 0, 0xe0000016, 0, DROP_NONE, IPOPT_RA },
		{ 1, 0x17, 0, 8, 0, 0xe0000002, 0, DROP_NONE, IPOPT_RA },
		{ 1, 0x99, 0, 8, 0, 0xe0000001, 0, DROP_IGMP_BADTYPE,
		    IPOPT_RA },
	};
	uint64_t before[NDROPS];

	begin();
	af = AF_INET;
	for (unsigned int i = 0; i < 2 * nitems(rows); i++) {
		const unsigned int r = i / 2;
		bool badsum = i & 1;
		enum drop_reason why = badsum && rows[r].len >= 8 ?
		    DROP_IGMP_BADSUM :
		    rows[r].why;
		struct ip_input_ctx ctx = { .ifp = ifp,
			.af = AF_INET,
			.ttl = rows[r].ttl,
			.proto = IPPROTO_IGMP,
			.off = 28,
			.src = ip_addr_v4(A4(10, 0, 1, 9)),
			.dst = ip_addr_v4(htonl(rows[r].dst)) };
		struct mbuf *m = m_getroom(M_HEADROOM, 28 + 64);
		uint8_t *p = mtod(m, uint8_t *);
		uint16_t sum;

		memset(p, 0, 28 + 64);
		p[0] = 0x47;
		p[20] = IPOPT_NOP;
		p[21] = rows[r].option;
		p[22] = 4;
		p += 28;
		p[0] = rows[r].type;
		p[1] = rows[r].code;
		be32enc(p + 4, rows[r].group);
		be16enc(p + 10, rows[r].nsrc);
		sum = in_cksum_fold(in_cksum_bytes(0, p, rows[r].len));
		memcpy(p + 2, &sum, 2);
		p[3] ^= badsum;
		m->m_len = m->m_pkthdr.len = 28 + rows[r].len;
		memcpy(before, drop_counts, sizeof(before));
		ip_proto_find(AF_INET, IPPROTO_IGMP)->input(m, &ctx);
		for (unsigned int d = 1; d < NDROPS; d++)
			KT_EQ(drop_counts[d] - before[d], d == why);
	}
}

/* MLD: a byte of the good query is damaged, or the message is cut. */
KTEST(mcast_mld_messages_judged)
{
	static const struct {
		uint8_t at, value, ttl, len, type;
		bool taken;
	} rows[] = {
		{ 0, 0x60, 1, 28, 130, true },
		{ 0, 0x60, 1, 24, 130, true },  /* version 1 */
		{ 0, 0x60, 2, 28, 130, false }, /* crossed a router */
		{ 6, 58, 1, 28, 130, false },   /* no hop-by-hop header */
		{ 42, 1, 1, 28, 130, false },   /* no alert in it */
		{ 45, 1, 1, 28, 130, false },   /* an alert for others */
		{ 0, 0x60, 1, 26, 130, false },
		{ 75, 1, 1, 28, 130, false }, /* a source that is not there */
		{ 56, 0xfd, 1, 28, 130, false }, /* about no group */
		{ 0, 0x60, 1, 24, 131, true },
		{ 0, 0x60, 1, 28, 143, true },
	};

	begin();
	af = AF_INET6;
	for (unsigned int i = 0; i < nitems(rows); i++) {
		struct ip_input_ctx ctx = { .ifp = ifp,
			.af = AF_INET6,
			.ttl = rows[i].ttl,
			.off = 48,
			.src = { .b = { 0xfe, 0x80, [15] = 9 } } };
		uint8_t msg[76] = { 0x60, [40] = IPPROTO_ICMPV6, [42] = 5, 2, 0,
			0, 1, 0, [48] = rows[i].type };
		struct mbuf *m = m_getroom(M_HEADROOM, sizeof(msg));

		KT(m != NULL);
		msg[rows[i].at] = rows[i].value;
		m->m_len = m->m_pkthdr.len = 48U + rows[i].len;
		memcpy(mtod(m, void *), msg, m->m_len);
		KT_EQ(mld6_input(m, &ctx, rows[i].len) == DROP_ICMP6_DONE,
		    rows[i].taken);
		ctx.src.b[0] = 0x20; /* not of this link */
		if (rows[i].type == 130)
			KT(mld6_input(m, &ctx, rows[i].len) == DROP_ICMP6_MLD);
		m_freem(m);
	}
}

/* --- what the node itself listens to --- */

static void
addr6(struct ip_addr a, bool add)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.addr = a,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	KT_EQ(add ? in6_addr_add(ifp, &req, NULL) :
		    in6_addr_del(ifp, &req, NULL),
	    0);
}

/* With a proved link-local address, which the first address brings. */
static void
begin6(void)
{
	begin();
	af = AF_INET6;
	addr6(host(100), true);
	(void)said(10000000);
}

KTEST(mcast_groups_of_addresses)
{
	struct ip_addr twin;

	begin6();
	twin = host(7);
	addr6(host(7), true);
	KT_STR(said(3000000), "to_ex:7 to_ex:7 ");
	/* another address of the same group, which stays till both are gone */
	twin.b[7] = 1;
	addr6(twin, true);
	KT_STR(said(3000000), "");
	addr6(host(7), false);
	KT_STR(said(3000000), "");
	addr6(twin, false);
	KT_STR(said(3000000), "to_in:7 to_in:7 ");
	KT_STR(said(100000000), "");
}

KTEST(mcast_groups_of_a_router)
{
	begin6();
	ip6_forwarding = 0;
	in6_forwarding_changed();
	(void)said(3000000);
	ip6_forwarding = 1;
	in6_forwarding_changed();
	KT_STR(said(3000000), "to_ex:2 to_ex:2 to_ex:2 to_ex:2 ");
	in6_forwarding_changed(); /* as it was */
	KT_STR(said(3000000), "");
	ip6_forwarding = 0;
	in6_forwarding_changed();
	KT_STR(said(3000000), "to_in:2 to_in:2 to_in:2 to_in:2 ");
}

KTEST(mcast_groups_of_proxies)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct ip_addr a;

	begin6();
	a = host(9);
	KT_EQ(nd6_set(ifp, &a, mac, true), 0);
	KT_STR(said(3000000), "to_ex:9 to_ex:9 ");
	addr6(host(9), true);
	addr6(host(9), false);
	KT_STR(said(3000000), "");
	KT_EQ(nd6_set(ifp, &a, mac, false), 0);
	KT_STR(said(3000000), "to_in:9 to_in:9 ");
	KT_EQ(nd6_set(ifp, &a, mac, true), 0);
	(void)said(3000000);
	nd6_remove(nd6_lookup(ifp, &a));
	KT_STR(said(3000000), "to_in:9 to_in:9 ");
}

/* RFC 3590 4: what is said while no address is proved has no sender, and is
 * said again with one. */
KTEST(mcast_groups_told_again_with_a_sender)
{
	const struct ifaddr *ifa, *ll = NULL;
	struct ip_addr a;
	char want[64];

	begin6();
	TAILQ_FOREACH(ifa, &ifp->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 && in6_islinklocal(&ifa->ifa_addr))
			ll = ifa;
	KT(ll != NULL);
	a = ll->ifa_addr;
	addr6(a, false);
	(void)said(3000000);
	addr6(a, true);
	snprintf(want, sizeof(want), "from_any:to_ex:%u ", a.b[15]);
	KT(says(said(900000), want));
	snprintf(want, sizeof(want), " to_ex:%u ", a.b[15]);
	KT(says(said(5000000), want));
}

KTEST(mcast_groups_told_when_a_link_comes_up)
{
	begin6();
	addr6(host(7), true);
	(void)said(3000000);
	KT_EQ(if_setflags(ifp, ifp->if_flags | IFF_PROMISC), 0);
	KT_EQ(if_setflags(ifp, ifp->if_flags & ~(uint32_t)IFF_PROMISC), 0);
	KT_STR(said(3000000), "");
	KT_EQ(if_setflags(ifp, ifp->if_flags & ~(uint32_t)IFF_UP), 0);
	KT_STR(said(3000000), "");
	KT_EQ(if_setflags(ifp, ifp->if_flags | IFF_UP), 0);
	KT(says(said(5000000), "to_ex:7 "));
}

KTEST_NTH(mcast_address_short_of_memory)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };
	int error;

	begin6();
	req.addr = host(7);
	sim_fail_nth(n);
	error = in6_addr_add(ifp, &req, NULL);
	KT(error == 0 || sim_failed());
	if (error == 0)
		addr6(req.addr, false);
	(void)said(3000000);
	catch_flush();
}

/* --- filters read back, and the list of groups --- */

/* A filter as programs hand it over: old, struct ip_msfilter; else struct
 * group_filter, of the family at hand. */
static socklen_t
filter_ask(uint8_t *val, bool old, uint32_t mode, uint32_t n)
{
	struct sockaddr_storage ss;
	struct ip_addr g = group(1), s;
	uint32_t index = ifp->if_index;
	socklen_t at = old ? 16 : 144, each = old ? 4 : sizeof(ss);

	memset(val, 0, at);
	memset(&ss, 0, sizeof(ss));
	(void)sockaddr_write(&ss, af, &g, 0, 0);
	if (old) {
		memcpy(val, &g, 4);
		s = host(1); /* an address of the interface */
		memcpy(val + 4, &s, 4);
	} else {
		memcpy(val, &index, 4);
		memcpy(val + 8, &ss, sizeof(ss));
	}
	memcpy(val + at - 8, &mode, 4);
	memcpy(val + at - 4, &n, 4);
	for (uint32_t i = 0; i < n; i++, at += each) {
		s = host(10 + i);
		(void)sockaddr_write(&ss, af, &s, 0, 0);
		memcpy(val + at, old ? (void *)&s : (void *)&ss, each);
	}
	return (at);
}

KTEST(mcast_filters_are_read_back)
{
	static uint8_t val[10000], back[10000];
	struct socket *so;
	struct inpcb *inp;
	socklen_t len, room;
	uint32_t n;

	begin();
	for (unsigned int i = 0; i < 3; i++) {
		bool old = i == 0;
		int level = i == 2 ? IPPROTO_IPV6 : IPPROTO_IP;
		int name = old ? IP_MSFILTER : MCAST_MSFILTER;
		socklen_t fixed = old ? 16 : 144, each = old ? 4 : 128;

		af = i == 2 ? AF_INET6 : AF_INET;
		inp = sock(&so);
		for (uint32_t mode = 0; mode < 2; mode++) {
			len = filter_ask(val, old, mode, IN_MCAST_SOURCES);
			KT_EQ(in_opt_set(inp, level, name, val, len, &owner),
			    0);
			memset(back, 0xff, sizeof(back));
			room = filter_ask(back, old, 1 - mode, 0);
			n = 100;
			memcpy(back + fixed - 4, &n, 4);
			room = sizeof(back);
			KT_EQ(in_opt_get(inp, level, name, back, &room), 0);
			KT_EQ(room, len);
			KT_EQ(memcmp(back, val, len), 0);
			/* less is asked for, or has room: how many there are */
			for (unsigned int k = 0; k < 2; k++) {
				(void)filter_ask(back, old, 7, 0);
				n = k == 0 ? 3 : 100;
				memcpy(back + fixed - 4, &n, 4);
				room = k == 0 ? sizeof(back) : fixed + 3 * each;
				KT_EQ(in_opt_get(inp, level, name, back, &room),
				    0);
				KT_EQ(room, fixed + 3 * each);
				KT_EQ(memcmp(back, val, room), 0);
			}
		}
		room = fixed - 1;
		KT_EQ(in_opt_get(inp, level, name, back, &room), EINVAL);
		len = filter_ask(val, old, 1, 0); /* nobody: leaves */
		KT_EQ(in_opt_set(inp, level, name, val, len, &owner), 0);
		room = sizeof(back);
		(void)filter_ask(back, old, 1, 0);
		KT_EQ(in_opt_get(inp, level, name, back, &room), EADDRNOTAVAIL);
		len = filter_ask(val, old, 1, IN_MCAST_SOURCES + 1);
		KT_EQ(in_opt_set(inp, level, name, val, len, &owner), ENOBUFS);
		KT_EQ(in_opt_set(inp, level, name, val, len - 1, &owner),
		    EINVAL);
		(void)filter_ask(val, old, 2, 0); /* no such mode */
		KT_EQ(in_opt_set(inp, level, name, val, fixed, &owner), EINVAL);
		val[old ? 0 : 12] = val[old ? 0 : 16] = 1; /* no group */
		KT_EQ(in_opt_set(inp, level, name, val, fixed, &owner), EINVAL);
		KT_EQ(in_opt_get(inp, level,
			  level == IPPROTO_IP ? IP_ADD_MEMBERSHIP :
						IPV6_JOIN_GROUP,
			  back, &room),
		    ENOPROTOOPT);
		soclose(so);
	}
}

KTEST(mcast_groups_are_listed)
{
	struct sysctl_req req;
	struct in_group_row row;
	struct ip_addr g, s, got;
	struct socket *so;
	struct inpcb *inp;
	unsigned int seen = 0;

	begin();
	BOTH(af)
	{
		g = group(1);
		s = host(7);
		inp = sock(&so);
		KT_EQ(in_mcast_set(inp, ifp, af, &g, true, &s, 1), 0);
	}
	memset(&req, 0, sizeof(req));
	req.proc = &owner;
	KT_EQ(kern_sysctl("net.inet.groups", &req), 0);
	for (size_t at = 0; at < req.oldlen;
	     at += sizeof(row) + row.nsrc * sizeof(got)) {
		KT(req.oldlen - at >= sizeof(row));
		memcpy(&row, (uint8_t *)req.old + at, sizeof(row));
		af = row.af;
		g = group(1);
		if (strcmp(row.ifname, ifp->if_xname) != 0 ||
		    !ip_addr_eq(&row.group, &g))
			continue;
		seen++;
		memcpy(&got, (uint8_t *)req.old + at + sizeof(row),
		    sizeof(got));
		s = host(7);
		KT(ip_addr_eq(&got, &s));
		KT(row.exclude == 1 && row.node == 0 && row.told == 1);
		KT_EQ(row.version, af == AF_INET ? 3 : 2);
		KT_EQ(row.sockets, 1);
		KT_EQ(row.nsrc, 1);
	}
	KT_EQ(seen, 2);
	free(req.old, M_SYSCTL, req.oldcap);
}

/* --- short memory --- */

KTEST_NTH(mcast_join_short_of_memory)
{
	struct ip_addr g, s;
	struct socket *so;
	struct inpcb *inp;
	long live;
	int error;

	begin();
	af = AF_INET;
	g = group(1);
	s = host(1);
	inp = sock(&so);
	live = sim_live();
	sim_fail_nth(n);
	error = in_mcast_join(inp, ifp, af, &g, &s);
	KT(error == 0 || (error == ENOBUFS && sim_failed()));
	KT_EQ(in_mcast_joined(ifp, af, &g), error == 0);
	if (error == 0)
		KT_EQ(in_mcast_leave(inp, ifp, af, &g, &s), 0);
	(void)said(3000000);
	catch_flush();
	if (sim_failed())
		KT_EQ(sim_live(), live);
	soclose(so);
}

KTEST(mcast_limits)
{
	struct ip_addr g, s;
	struct socket *so;
	struct inpcb *inp;

	begin();
	BOTH(af)
	{
		inp = sock(&so);
		for (unsigned int i = 0; i < IN_MCAST_GROUPS; i++) {
			g = group(i + 1);
			KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), 0);
		}
		g = group(200);
		KT_EQ(in_mcast_join(inp, ifp, af, &g, NULL), ENOBUFS);
		soclose(so);
		inp = sock(&so);
		for (unsigned int i = 0; i < IN_MCAST_SOURCES; i++) {
			s = host(i + 1);
			KT_EQ(in_mcast_join(inp, ifp, af, &g, &s), 0);
		}
		s = host(200);
		KT_EQ(in_mcast_join(inp, ifp, af, &g, &s), ENOBUFS);
		soclose(so);
		(void)said(3000000);
		KT(!in_mcast_joined(ifp, af, &g));
	}
}
