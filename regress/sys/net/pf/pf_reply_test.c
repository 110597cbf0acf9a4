/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What pf answers by itself: resets, ICMP errors, challenges; and what must
 * have no answer: answers, damaged segments, pieces, groups of hosts.
 */

#include "pfkit.h"

#include <sys/proc.h>
#include <net/bpf_if.h>
#include <net/if_ioctl.h>
#include <net/rtable.h>

#define CLIENT 10
#define SERVER 350

static sa_family_t af;

/* --- what is sent to the client, by lo0 --- */

static struct {
	unsigned int n; /* packets */
	uint8_t p[128];
} out;

static void
see(struct bpf_listener *bl, const void *hdr, uint32_t hdrlen,
    const struct mbuf *m, int dir)
{
	uint8_t p[sizeof(out.p)];
	uint32_t len = MIN(m->m_pkthdr.len, (uint32_t)sizeof(p));
	struct ip_addr to = { .q = { 0, 0 } };

	KT_EQ(m_copydata(m, 0, len, p), 0);
	memcpy(to.b, p + (af == AF_INET ? 16 : 24), af == AF_INET ? 4 : 16);
	if (pk_number(af, &to) != CLIENT)
		return; /* what the client's TCP says to it */
	out.n++;
	memcpy(out.p, p, len);
}

static void
settle(void)
{
	for (int i = 0; i < 8; i++)
		while (kernel_step() == 0)
			;
}

/* The client is this machine: what is sent to it leaves by lo0. */
static void
boot(void)
{
	static struct proc owner = { .p_uid = 0, .p_fd = -1 };
	static struct bpf_listener bl = { .bl_capture = see };
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	struct if_addrreq req;

	pk_boot();
	for (unsigned int i = 0; i < nitems(families); i++) {
		memset(&req, 0, sizeof(req));
		strlcpy(req.name, "lo0", sizeof(req.name));
		req.af = families[i];
		req.addr = pk_host(families[i], CLIENT);
		req.plen = families[i] == AF_INET ? 32 : 128;
		req.vltime = req.pltime = UINT32_MAX;
		KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &req, &owner), 0);
	}
	if_setflags(if_unit("lo0"), if_unit("lo0")->if_flags | IFF_UP);
	settle();
	bpf_listen(if_unit("lo0")->if_bpf, &bl);
	KT_EQ(pf_start(), 0);
}

/* The packet comes in, whatever becomes of it. */
static bool
comes(struct mbuf *m)
{
	memset(&out, 0, sizeof(out));
	m = pk_through(m, af, PF_IN);
	settle();
	if (m != NULL)
		m_freem(m);
	return (m != NULL);
}

static struct pk
segment(uint8_t flags)
{
	return ((struct pk){ .af = af, .proto = IPPROTO_TCP, .src = CLIENT,
	    .dst = SERVER, .sport = 4000, .dport = 80, .seq = 1000,
	    .ack = (flags & TH_ACK) != 0 ? 7000 : 0, .flags = flags,
	    .win = 500 });
}

static struct mbuf *
whole(const struct pk *p)
{
	struct mbuf *m = pk_make(p, NULL);

	m->m_pkthdr.csum_flags |= M_TCP_CSUM_IN_OK | M_UDP_CSUM_IN_OK;
	return (m);
}

static void
block(uint32_t flags, uint8_t ttl)
{
	struct pf_ioc_rule c = { .action = PFA_BLOCK, .flags = flags,
		.return_ttl = ttl, .return_icmp_type = 3,
		.return_icmp_code = 13, .return_icmp6_type = 1,
		.return_icmp6_code = 1 };

	pk_rule(PF_RS_FILTER, &c);
}

/* --- resets --- */

KTEST(pf_reply_resets)
{
	static const struct {
		uint8_t flags;
		uint16_t len;
		uint8_t answer; /* its flags; 0: none */
		uint32_t seq, ack;
	} rows[] = {
		{ TH_SYN, 0, TH_RST | TH_ACK, 0, 1001 },
		{ TH_SYN, 5, TH_RST | TH_ACK, 0, 1006 },
		{ TH_SYN | TH_ACK, 0, TH_RST, 7000, 0 },
		{ TH_ACK, 100, TH_RST, 7000, 0 },
		{ TH_FIN | TH_ACK, 0, TH_RST, 7000, 0 },
		{ TH_RST, 0, 0, 0, 0 },
		{ TH_RST | TH_ACK, 0, 0, 0, 0 },
	};
	static const uint32_t kinds[] = { PFR_RETURN, PFR_RETURNRST };
	struct pk p;
	uint8_t *th;

	boot();
	for (unsigned int f = 0; f < 2; f++)
		for (unsigned int i = 0; i < nitems(rows) * 2; i++) {
			af = f == 0 ? AF_INET : AF_INET6;
			block(kinds[i % 2], i % 4 == 0 ? 9 : 0);
			p = segment(rows[i / 2].flags);
			p.len = rows[i / 2].len;
			KT(!comes(whole(&p)));
			KT_EQ(out.n, rows[i / 2].answer != 0);
			if (out.n == 0)
				continue;
			th = out.p + (af == AF_INET ? 20 : 40);
			KT_EQ(out.p[af == AF_INET ? 8 : 7],
			    i % 4 == 0 ? 9 : 64);
			KT_EQ(be16dec(th), 80);
			KT_EQ(be16dec(th + 2), 4000);
			KT_EQ(be32dec(th + 4), rows[i / 2].seq);
			KT_EQ(be32dec(th + 8), rows[i / 2].ack);
			KT_EQ(th[13], rows[i / 2].answer);
		}
}

/* --- errors --- */

static void
error_is(uint8_t type, uint8_t code)
{
	const uint8_t *icmp = out.p + (af == AF_INET ? 20 : 40);

	KT_EQ(out.n, 1);
	KT_EQ(out.p[af == AF_INET ? 9 : 6],
	    af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	KT_EQ(icmp[0], type);
	KT_EQ(icmp[1], code);
}

KTEST(pf_reply_errors)
{
	static const uint32_t kinds[] = { PFR_RETURN, PFR_RETURNICMP };
	struct pk p;

	boot();
	for (unsigned int i = 0; i < 4; i++) {
		af = i < 2 ? AF_INET : AF_INET6;
		block(kinds[i % 2], 0);
		p = segment(0);
		p.proto = IPPROTO_UDP;
		KT(!comes(whole(&p)));
		error_is(af == AF_INET ? 3 : 1, af == AF_INET ? 13 : 1);
		p.proto = 47; /* others too */
		KT(!comes(whole(&p)));
		error_is(af == AF_INET ? 3 : 1, af == AF_INET ? 13 : 1);
		/* TCP is for return-icmp to refuse so; return resets it */
		p = segment(TH_SYN);
		KT(!comes(whole(&p)));
		KT_EQ(out.n, 1);
		KT_EQ(out.p[af == AF_INET ? 9 : 6],
		    kinds[i % 2] == PFR_RETURN ? IPPROTO_TCP :
			af == AF_INET	       ? IPPROTO_ICMP :
						 IPPROTO_ICMPV6);
		/* return-rst has nothing to say about UDP */
		block(PFR_RETURNRST, 0);
		p = segment(0);
		p.proto = IPPROTO_UDP;
		KT(!comes(whole(&p)));
		KT_EQ(out.n, 0);
	}
}

/* --- no answer --- */

static struct ip_addr
address(uint32_t v4, uint8_t first6)
{
	return (af == AF_INET ? ip_addr_v4(htonl(v4)) :
				(struct ip_addr){ .b = { first6, [15] = 1 } });
}

/* With another address at place 0 (source) or 1. */
static struct mbuf *
addressed(const struct pk *p, unsigned int place, struct ip_addr a)
{
	struct mbuf *m = whole(p);
	uint32_t n = af == AF_INET ? 4 : 16;
	struct ip *ip;

	KT_EQ(m_copyback(m, (af == AF_INET ? 12 : 8) + n * place, n, a.b), 0);
	if (af == AF_INET) {
		ip = mtod(m, struct ip *);
		ip->ip_sum = 0;
		ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 20));
	}
	return (m);
}

KTEST(pf_reply_never_to)
{
	static const struct {
		unsigned int place;
		uint32_t v4;
		uint8_t first6; /* 0: IPv4 only */
	} rows[] = {
		{ 1, 0xe0000001U, 0xff }, { 1, 0xffffffffU, 0 },
		{ 0, 0xe0000001U, 0xff }, { 0, 0xffffffffU, 0 },
		{ 0, 0x00000001U, 0 },
	};
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct mbuf *m;
	struct pk p;

	boot();
	for (unsigned int f = 0; f < 2; f++) {
		af = f == 0 ? AF_INET : AF_INET6;
		block(PFR_RETURN, 0);
		for (unsigned int i = 0; i < nitems(protos); i++) {
			p = segment(TH_SYN);
			p.proto = protos[i];
			for (unsigned int r = 0; r < nitems(rows); r++) {
				if (af == AF_INET6 && rows[r].first6 == 0)
					continue;
				KT(!comes(addressed(&p, rows[r].place,
				    address(rows[r].v4, rows[r].first6))));
				KT_EQ(out.n, 0);
			}
			m = whole(&p); /* as a frame for all */
			m->m_flags |= M_BCAST;
			KT(!comes(m));
			KT_EQ(out.n, 0);
			m = whole(&p);
			m->m_flags |= M_MCAST;
			KT(!comes(m));
			KT_EQ(out.n, 0);
			KT(!comes(whole(&p))); /* it would have one */
			KT_EQ(out.n, 1);
		}
		p = segment(TH_SYN); /* its checksum is wrong */
		KT(!comes(pk_make(&p, NULL)));
		KT_EQ(out.n, 0);
		/* ICMP: neither errors nor questions */
		p = segment(0);
		p.proto = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		p.sport = (uint16_t)((af == AF_INET ? 8 : 128) << 8);
		KT(!comes(whole(&p)));
		KT_EQ(out.n, 0);
		p.sport = (uint16_t)((af == AF_INET ? 3 : 1) << 8);
		KT(!comes(whole(&p)));
		KT_EQ(out.n, 0);
	}
}

/* A piece of a datagram, with reassembly off. */
KTEST(pf_reply_never_to_pieces)
{
	struct mbuf *m;
	struct ip *ip;
	struct pk p;

	boot();
	af = AF_INET;
	pf_options.reass = 0;
	pf_options_apply(&pf_options);
	block(PFR_RETURN, 0);
	p = segment(TH_SYN);
	p.len = 8;
	for (unsigned int off = 0; off < 2; off++) {
		m = whole(&p);
		ip = mtod(m, struct ip *);
		ip->ip_off = htons(off == 0 ? IP_MF : 2);
		ip->ip_sum = 0;
		ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, 20));
		KT(!comes(m));
		KT_EQ(out.n, 0);
	}
}

/* --- in connections --- */

static void
open_connection(void)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE };
	struct pk p = segment(TH_SYN);

	pk_states_end();
	pk_rule(PF_RS_FILTER, &c);
	KT(comes(whole(&p)));
	p = (struct pk){ .af = af, .proto = IPPROTO_TCP, .src = SERVER,
		.dst = CLIENT, .sport = 80, .dport = 4000, .seq = 7000,
		.ack = 1001, .flags = TH_SYN | TH_ACK, .win = 500 };
	KT(pk_passes(&p, PF_OUT));
	p = segment(TH_ACK);
	p.seq = 1001;
	p.ack = 7001;
	KT(comes(whole(&p)));
	KT_EQ(out.n, 0);
}

/* RFC 5961 4: a SYN in an open connection is answered by an ACK that tells its
 * sender, if it is the peer, where things stand. */
KTEST(pf_reply_challenges)
{
	const uint8_t *th;
	struct pk p;

	boot();
	for (unsigned int f = 0; f < 2; f++) {
		af = f == 0 ? AF_INET : AF_INET6;
		open_connection();
		block(0, 0); /* only the state lets anything through */
		p = segment(TH_SYN);
		p.seq = 99999;
		KT(!comes(whole(&p)));
		KT_EQ(out.n, 1);
		th = out.p + (af == AF_INET ? 20 : 40);
		KT_EQ(th[13], TH_ACK);
		KT_EQ(be32dec(th + 4), 7001);
		KT_EQ(be32dec(th + 8), 1001);
		KT_EQ(be16dec(th + 14), 500);
		/* a RST that guesses is dropped and gets nothing */
		p = segment(TH_RST);
		p.seq = 1001 + 100;
		KT(!comes(whole(&p)));
		KT_EQ(out.n, 0);
		KT_EQ(pf_nstates, 1);
		p.seq = 1001;
		KT(comes(whole(&p)));
	}
	pk_states_end();
}

/* Without memory there is no answer, and nothing is left of it. */
KTEST_NTH(pf_reply_nth)
{
	struct mbuf *m[2];
	struct pk p;
	long live;

	boot();
	af = AF_INET6;
	block(PFR_RETURN, 0);
	p = segment(TH_SYN);
	KT(!comes(whole(&p))); /* what is kept from the first time on */
	for (unsigned int i = 0; i < 2; i++) {
		p = segment(TH_SYN);
		p.proto = i == 0 ? IPPROTO_TCP : IPPROTO_UDP;
		m[i] = whole(&p);
	}
	live = sim_live();
	sim_fail_nth(n);
	KT(!comes(m[0]));
	KT(out.n == 1 || sim_failed());
	KT(!comes(m[1]));
	KT(out.n == 1 || sim_failed());
	KT(sim_live() <= live + 2);
}
