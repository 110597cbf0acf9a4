/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * ICMP errors about packets of states: each error of each family, about each
 * protocol, with and without translation, from the host that answers and from
 * a router on the way; and those that must not pass.
 */

#include "pfkit.h"

#include <net/pf/pf_track.h>

#define CLIENT 10
#define ROUTER 420
#define SERVER 350
#define NATTED 201

struct icmp_case {
	uint8_t type, code;
};
static const struct icmp_case errors4[] = { { 3, 0 }, { 3, 1 }, { 3, 2 },
	{ 3, 3 }, { 3, 4 }, { 3, 13 }, { 3, 15 }, { 4, 0 }, { 5, 0 }, { 5, 1 },
	{ 11, 0 }, { 11, 1 }, { 12, 0 }, { 12, 2 } };
static const struct icmp_case errors6[] = { { 1, 0 }, { 1, 1 }, { 1, 3 },
	{ 1, 4 }, { 2, 0 }, { 3, 0 }, { 3, 1 }, { 4, 0 }, { 4, 1 }, { 4, 2 } };
static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 47 };

/* What the client sends first, by protocol. */
static struct pk
first_packet(sa_family_t af, uint8_t proto)
{
	struct pk p = { .af = af,
		.proto = proto,
		.src = CLIENT,
		.dst = SERVER,
		.sport = 4000,
		.dport = 80,
		.seq = 10000,
		.flags = TH_SYN,
		.win = 1000 };

	if (proto == IPPROTO_ICMP) {
		p.proto = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		p.sport = (uint16_t)((af == AF_INET ? 8 : 128) << 8);
		p.dport = 77; /* the id */
	} else if (proto == 47)
		p.sport = p.dport = 0;
	return (p);
}

static void
rules(sa_family_t af, bool nat)
{
	struct pf_ioc_rule c = { .action = nat ? PFA_NAT : PFA_NONAT,
		.af = af };
	struct pf_ioc_rule pass = { .action = PFA_PASS, .keep = PF_KEEPSTATE };

	pk_states_end();
	c.pool[PF_NATPOOL].nents = nat;
	pk_ents[PF_NATPOOL][0] = pk_net(af, NATTED, af == AF_INET ? 32 : 128);
	pk_rule(PF_RS_NAT, &c);
	pk_rule(PF_RS_FILTER, &pass);
}

/* From now on only states let anything through. */
static void
block(void)
{
	pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){ .action = PFA_BLOCK });
}

/* An error from `who' to `to' that quotes n bytes of m. */
static struct mbuf *
error_about(struct mbuf *m, sa_family_t af, struct icmp_case e,
    unsigned int who, unsigned int to, uint32_t n)
{
	struct pk p = { .af = af,
		.proto = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		.src = who,
		.dst = to,
		.sport = (uint16_t)(e.type << 8 | e.code) };
	uint8_t quote[256];

	n = MIN(n, m->m_pkthdr.len);
	KT_EQ(m_copydata(m, 0, n, quote), 0);
	p.len = (uint16_t)n;
	return (pk_make(&p, quote));
}

KTEST(pf_icmp_every_error_of_a_state)
{
	const uint32_t hlens[] = { 20, 40 };
	struct mbuf *out, *in;
	struct pk_ends e, was;
	struct pk p;

	pk_boot();
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(protos) * 4; i++) {
		const struct icmp_case *list = af == AF_INET ? errors4 :
							       errors6;
		unsigned int n = af == AF_INET ? nitems(errors4) :
						 nitems(errors6);
		bool nat = i & 1;
		uint32_t hlen = hlens[af == AF_INET6];

		p = first_packet(af, protos[i / 4]);
		for (unsigned int t = 0; t < n; t++) {
			rules(af, nat);
			out = pk_through(pk_make(&p, NULL), af, PF_OUT);
			KT(out != NULL);
			block();
			was = pk_ends(out, af, 0);
			KT_EQ(was.src, nat ? NATTED : CLIENT);
			in = pk_through(error_about(out, af, list[t],
					    (i & 2) != 0 ? ROUTER : SERVER,
					    nat ? NATTED : CLIENT,
					    hlen + (i & 2 ? 8 : 64)),
			    af, PF_IN);
			KT(in != NULL);
			e = pk_ends(in, af, 0);
			KT_EQ(e.dst, CLIENT);
			KT_EQ(e.src, (i & 2) != 0 ? ROUTER : SERVER);
			e = pk_ends(in, af, hlen + 8);
			KT_EQ(e.src, CLIENT);
			KT_EQ(e.dst, SERVER);
			KT_EQ(e.sport, p.sport);
			if (p.proto == IPPROTO_TCP || p.proto == IPPROTO_UDP)
				KT_EQ(e.dport, p.dport);
			m_freem(in);
			m_freem(out);
		}
	}
}

/* --- every kind of translation, and the sums --- */

enum kind { NAT, RDR, BINAT_OUT, BINAT_IN, NATTO_RDRTO, NKINDS };

/* The rules of a kind: the direction of its first packet. */
static enum pf_dir
translate(sa_family_t af, enum kind k)
{
	const unsigned int bits = af == AF_INET ? 32 : 128;
	struct pf_ioc_rule none = { .action = PFA_NONAT },
			   c = { .af = af },
			   pass = { .action = PFA_PASS, .keep = PF_KEEPSTATE };

	pk_states_end();
	pk_rule(PF_RS_NAT, &none);
	none.action = PFA_NORDR;
	pk_rule(PF_RS_RDR, &none);
	none.action = PFA_NOBINAT;
	none.proto = 99;
	pk_rule(PF_RS_BINAT, &none);
	c.pool[PF_NATPOOL].nents = k != RDR;
	c.pool[PF_RDRPOOL].nents = k == RDR || k == NATTO_RDRTO;
	pk_ents[PF_NATPOOL][0] = pk_net(af, NATTED, bits);
	pk_ents[PF_RDRPOOL][0] = pk_net(af, 77, bits);
	switch (k) {
	case NAT:
		c.action = PFA_NAT;
		pk_rule(PF_RS_NAT, &c);
		break;
	case RDR:
		c.action = PFA_RDR;
		pk_rule(PF_RS_RDR, &c);
		break;
	case BINAT_OUT:
	case BINAT_IN: /* host 77 is NATTED outside */
		c.action = PFA_BINAT;
		c.src.addr = pk_net(af, k == BINAT_IN ? 77 : CLIENT, bits).addr;
		if (k == BINAT_IN)
			pk_ents[PF_NATPOOL][0] = pk_net(af, SERVER, bits);
		pk_rule(PF_RS_BINAT, &c);
		break;
	default:
		pass.af = af;
		pass.flags = PFR_NATTO | PFR_RDRTO;
		pass.pool[PF_NATPOOL].nents = pass.pool[PF_RDRPOOL].nents = 1;
	}
	pk_rule(PF_RS_FILTER, &pass);
	return (k == RDR || k == BINAT_IN ? PF_IN : PF_OUT);
}

/* With all its sums, as it would be on a wire. */
static struct mbuf *
summed(struct mbuf *m, sa_family_t af)
{
	m->m_pkthdr.csum_flags |= M_L4_CSUM_OUT;
	(void)in_cksum_finish(&m, af);
	KT(m != NULL);
	m->m_pkthdr.csum_flags = 0;
	return (m);
}

/* Are the sums of the packet at off of m right? */
static bool
sums_right(const struct mbuf *m, sa_family_t af, uint8_t proto, uint32_t off)
{
	uint32_t hlen = af == AF_INET ? 20 : 40;
	uint8_t b[256];
	struct mbuf *n = m_getroom(M_HEADROOM, 512);
	bool ok;

	KT(n != NULL);
	n->m_len = n->m_pkthdr.len = m->m_pkthdr.len - off;
	KT(n->m_len <= sizeof(b));
	KT_EQ(m_copydata(m, off, n->m_len, b), 0);
	memcpy(mtod(n, void *), b, n->m_len);
	ok = (af == AF_INET6 || in_cksum_fold(in_cksum_bytes(0, b, 20)) == 0) &&
	    (proto == 47 ||
		in_cksum_verify(n, af, proto, hlen, n->m_len - hlen));
	m_freem(n);
	return (ok);
}

KTEST(pf_icmp_errors_of_every_translation)
{
	struct mbuf *sent, *m;
	struct pk_ends was, now, e;
	struct pk p;
	enum pf_dir dir;

	pk_boot();
	PK_BOTH(af)
	for (unsigned int i = 0; i < NKINDS * nitems(protos); i++) {
		uint32_t hlen = af == AF_INET ? 20 : 40;
		uint8_t icmp = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		struct icmp_case t = af == AF_INET ? errors4[3] : errors6[3];

		dir = translate(af, (enum kind)(i / nitems(protos)));
		p = first_packet(af, protos[i % nitems(protos)]);
		p.len = 16;
		sent = summed(pk_make(&p, NULL), af);
		was = pk_ends(sent, af, 0);
		sent = pk_through(sent, af, dir);
		KT(sent != NULL);
		KT(sums_right(sent, af, p.proto, 0));
		now = pk_ends(sent, af, 0);
		KT(was.src != now.src || was.dst != now.dst);
		block();
		/* from where it went to, back where it came from */
		m = error_about(sent, af, t, (unsigned int)now.dst,
		    (unsigned int)now.src, 200);
		m = pk_through(summed(m, af), af, dir == PF_IN ? PF_OUT : PF_IN);
		KT(m != NULL);
		KT_EQ(pk_ends(m, af, 0).src, was.dst);
		KT_EQ(pk_ends(m, af, 0).dst, was.src);
		e = pk_ends(m, af, hlen + 8);
		KT_EQ(e.src, was.src);
		KT_EQ(e.dst, was.dst);
		KT_EQ(e.sport, was.sport);
		if (p.proto == IPPROTO_TCP || p.proto == IPPROTO_UDP)
			KT_EQ(e.dport, was.dport);
		KT(sums_right(m, af, icmp, 0));
		KT(sums_right(m, af, p.proto, hlen + 8));
		m_freem(m);
		m_freem(sent);
	}
}

KTEST(pf_icmp_what_is_no_error_of_a_state)
{
	struct mbuf *out;
	struct pk p;
	struct icmp_case unreach;

	pk_boot();
	PK_BOTH(af)
	{
		uint32_t hlen = af == AF_INET ? 20 : 40;

		unreach = af == AF_INET ? errors4[3] : errors6[3];
		p = first_packet(af, IPPROTO_TCP);
		rules(af, false);
		out = pk_through(pk_make(&p, NULL), af, PF_OUT);
		KT(out != NULL);
		block();
#define TRY(to, n) \
	pk_through(error_about(out, af, unreach, ROUTER, to, n), af, PF_IN)
		KT(TRY(11, hlen + 8) == NULL); /* not to who sent the quoted */
		KT(TRY(CLIENT, hlen + 4) == NULL); /* too short to tell */
		KT(TRY(CLIENT, hlen) == NULL);
		KT(TRY(CLIENT, 10) == NULL);
		/* a number that the client did not send (RFC 5927 4.1) */
		be32enc(mtod(out, uint8_t *) + hlen + 4, 10000 + 500000);
		KT(TRY(CLIENT, hlen + 8) == NULL);
		be32enc(mtod(out, uint8_t *) + hlen + 4, 10000 - 500000);
		KT(TRY(CLIENT, hlen + 8) == NULL);
		be32enc(mtod(out, uint8_t *) + hlen + 4, 10000);
		/* another port: no such state, and the rules block */
		be16enc(mtod(out, uint8_t *) + hlen, 4001);
		KT(TRY(CLIENT, hlen + 8) == NULL);
		be16enc(mtod(out, uint8_t *) + hlen, 4000);
		/* a later fragment has no ports to tell by */
		if (af == AF_INET) {
			be16enc(mtod(out, uint8_t *) + 6, 100);
			KT(TRY(CLIENT, hlen + 8) == NULL);
			be16enc(mtod(out, uint8_t *) + 6, 0);
		}
		out->m_pkthdr.csum_flags = 0;
		struct mbuf *good = TRY(CLIENT, hlen + 8);
		KT(good != NULL); /* the same, untouched, passes */
		m_freem(good);
		m_freem(out);
#undef TRY
	}
}

/* A query's answer comes back to who asked; another id, another type or a
 * question from outside does not. */
/* An error that belongs to no state does not leave with the address that nat
 * hides, as any other packet does not. */
KTEST(pf_icmp_error_of_no_state_is_translated)
{
	struct mbuf *about, *m;
	struct pk p;

	pk_boot();
	PK_BOTH(af)
	for (unsigned int i = 0; i < nitems(protos); i++) {
		rules(af, true);
		p = first_packet(af, protos[i]);
		p.src = SERVER;
		p.dst = CLIENT;
		about = pk_make(&p, NULL);
		m = error_about(about, af, af == AF_INET ? errors4[1] : errors6[1],
		    CLIENT, SERVER, 200);
		m = pk_through(summed(m, af), af, PF_OUT);
		KT(m != NULL);
		KT_EQ(pk_ends(m, af, 0).src, NATTED);
		KT_EQ(pk_ends(m, af, 0).dst, SERVER);
		KT(sums_right(m, af, af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0));
		KT_EQ(pf_nstates, 0);
		m_freem(m);
		m_freem(about);
	}
}

/* Ids that are numbers of types: the key of a question from the other end is
 * that of an answer, and yet it is none. */
KTEST(pf_icmp_ids_like_types)
{
	static const struct {
		sa_family_t af;
		uint8_t ask;
		uint16_t id;
		uint8_t other;
		uint16_t otherid;
		bool passes;
	} rows[] = {
		{ AF_INET, 8, 8, 8, 8, false },
		{ AF_INET, 8, 13, 13, 8, false },
		{ AF_INET, 13, 8, 8, 13, false },
		{ AF_INET, 8, 17, 17, 8, false },
		{ AF_INET, 8, 8, 0, 8, true },
		{ AF_INET, 8, 13, 0, 13, true },
		{ AF_INET, 13, 8, 14, 8, true },
		{ AF_INET6, 128, 128, 128, 128, false },
		{ AF_INET6, 128, 128, 129, 128, true },
		/* found by its answer */
		{ AF_INET, 0, 8, 0, 8, false },
		{ AF_INET, 0, 8, 8, 8, true },
		{ AF_INET6, 129, 5, 128, 5, true },
	};
	struct pk p;

	pk_boot();
	for (unsigned int i = 0; i < nitems(rows); i++) {
		rules(rows[i].af, false);
		p = first_packet(rows[i].af, IPPROTO_ICMP);
		p.sport = (uint16_t)(rows[i].ask << 8);
		p.dport = rows[i].id;
		KT(pk_passes(&p, PF_OUT));
		block();
		KT(pk_passes(&p, PF_OUT));
		p.src = SERVER;
		p.dst = CLIENT;
		p.sport = (uint16_t)(rows[i].other << 8);
		p.dport = rows[i].otherid;
		KT_EQ(pk_passes(&p, PF_IN), rows[i].passes);
	}
}

KTEST(pf_icmp_answers)
{
	struct pk p, back;

	pk_boot();
	PK_BOTH(af)
	{
		rules(af, false);
		p = first_packet(af, IPPROTO_ICMP);
		KT(pk_passes(&p, PF_OUT));
		block();
		back = p;
		back.src = SERVER;
		back.dst = CLIENT;
		back.sport = (uint16_t)((af == AF_INET ? 0 : 129) << 8);
		KT(pk_passes(&back, PF_IN));
		back.dport = 78;
		KT(!pk_passes(&back, PF_IN));
		back.dport = 77;
		back.src = ROUTER;
		KT(!pk_passes(&back, PF_IN));
		back.src = SERVER;
		back.sport = p.sport; /* a question */
		KT(!pk_passes(&back, PF_IN));
		if (af == AF_INET) {
			back.sport = 14 << 8; /* of a question not asked */
			KT(!pk_passes(&back, PF_IN));
		}
	}
}
