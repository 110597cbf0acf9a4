/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * SCTP: associations from INIT to SHUTDOWN COMPLETE, begun anew, found on
 * their way; packets of who does not know the tags; chunks that cannot be.
 */

#include "pfkit.h"

#define CLIENT 10
#define SERVER 350
#define NATTED 201

/* Who sends, what: chunks one behind the other; which tag the packet has. */
enum who { C, S };
struct step {
	enum who who;
	uint8_t chunk[3], n; /* n 0: one */
	uint8_t flags;
	uint32_t tag, init; /* of the packet; in an INIT or INIT ACK */
	bool passes;
	uint8_t src, dst, timeout; /* then, of who began; 0: do not look */
};

#define TC 0x0c0c0c0cU /* the client's tag */
#define TS 0x05050505U
#define T2 0x0d0d0d0dU /* a second one of the client's, of the server's */
#define T3 0x06060606U

static struct mbuf *
packet(sa_family_t af, const struct step *st)
{
	struct pk p = { .af = af, .proto = IPPROTO_SCTP,
		.src = st->who == C ? CLIENT : SERVER,
		.dst = st->who == C ? SERVER : CLIENT };
	uint8_t b[256] = { 0 };
	unsigned int n = st->n == 0 ? 1 : st->n, at = 12;
	uint16_t len;
	struct mbuf *m;

	be16enc(b, st->who == C ? 4000 : 5000);
	be16enc(b + 2, st->who == C ? 5000 : 4000);
	be32enc(b + 4, st->tag);
	for (unsigned int i = 0; i < n; i++) {
		len = st->chunk[i] == 1 || st->chunk[i] == 2 ? 20 : 17;
		b[at] = st->chunk[i];
		b[at + 1] = st->flags;
		be16enc(b + at + 2, len);
		if (len == 20)
			be32enc(b + at + 4, st->init);
		at += (len + 3U) & ~3U;
	}
	p.len = (uint16_t)(at - 8);
	m = pk_make(&p, NULL);
	KT_EQ(m_copyback(m, af == AF_INET ? 20 : 40, at, b), 0);
	return (m);
}

static bool
passes(sa_family_t af, const struct step *st)
{
	struct mbuf *m = pk_through(packet(af, st), af,
	    st->who == C ? PF_OUT : PF_IN);

	if (m != NULL)
		m_freem(m);
	return (m != NULL);
}

static void
play(const struct step *st, unsigned int n)
{
	struct pf_ioc_rule c = { .action = PFA_PASS, .keep = PF_KEEPSTATE,
		.dir = PFD_OUT, .proto = IPPROTO_SCTP };

	pk_boot();
	c.dst.port_op = PF_OP_EQ;
	c.dst.port[0] = c.dst.port[1] = 5000; /* rules compare its ports */
	pk_rule(PF_RS_FILTER, &c);
	PK_BOTH(af) {
		for (unsigned int i = 0; i < n; i++) {
			const struct pf_state *s;

			/* what comes in needs the state */
			if (i == 1)
				pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){
					    .action = PFA_BLOCK });
			if (passes(af, &st[i]) != st[i].passes)
				kt_equal(i, -1, __FILE__, __LINE__, "step");
			if (st[i].timeout == 0)
				continue;
			s = pf_state_after(0);
			KT(s != NULL);
			KT_EQ(s->src.state, st[i].src);
			KT_EQ(s->dst.state, st[i].dst);
			KT_EQ(s->timeout, st[i].timeout);
		}
		pk_states_end();
		pk_rule(PF_RS_FILTER, &c);
	}
}

/* From beginning to end, and strangers in between. */
KTEST(pf_sctp_a_whole_association)
{
	static const struct step steps[] = {
		{ C, { 1 }, 0, 0, 0, TC, true, 1, 0, PFTM_SCTP_FIRST },
		{ S, { 2 }, 0, 0, T3, TS, false, 0, 0, 0 },
		{ S, { 2 }, 0, 0, TC, TS, true, 1, 1, PFTM_SCTP_OPENING },
		{ C, { 10 }, 0, 0, T3, 0, false, 0, 0, 0 },
		{ C, { 10, 0 }, 2, 0, TS, 0, true, 3, 1, PFTM_SCTP_OPENING },
		{ S, { 11, 3 }, 2, 0, TC, 0, true, 3, 3,
		    PFTM_SCTP_ESTABLISHED },
		{ C, { 0 }, 0, 0, TS, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ S, { 0, 3 }, 2, 0, TC, 0, true, 3, 3,
		    PFTM_SCTP_ESTABLISHED },
		{ C, { 4 }, 0, 0, TS, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		/* who does not know the tags */
		{ S, { 6 }, 0, 0, TS, 0, false, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ S, { 6 }, 0, 0, T3, 0, false, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ S, { 14 }, 0, 1, T3, 0, false, 3, 3,
		    PFTM_SCTP_ESTABLISHED },
		{ C, { 7 }, 0, 0, T2, 0, false, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ C, { 0 }, 0, 0, TC, 0, false, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ C, { 7 }, 0, 0, TS, 0, true, 4, 3, PFTM_SCTP_CLOSING },
		{ S, { 8 }, 0, 0, TC, 0, true, 4, 5, PFTM_SCTP_CLOSING },
		{ C, { 14 }, 0, 0, TS, 0, true, 6, 6, PFTM_SCTP_CLOSED },
		/* over: an INIT asks the rules, which block by now */
		{ C, { 1 }, 0, 0, 0, T2, false, 0, 0, 0 },
	};

	play(steps, nitems(steps));
}

/* An ABORT, and one that repeats the tag it was sent (RFC 9260 8.4). */
KTEST(pf_sctp_aborts)
{
	static const struct step plain[] = {
		{ C, { 1 }, 0, 0, 0, TC, true, 1, 0, PFTM_SCTP_FIRST },
		{ S, { 6 }, 0, 0, TC, 0, true, 6, 6, PFTM_SCTP_CLOSED },
	};
	static const struct step reflected[] = {
		{ C, { 0 }, 0, 0, TS, 0, true, 3, 0, PFTM_SCTP_FIRST },
		{ S, { 6 }, 0, 1, TS, 0, true, 6, 6, PFTM_SCTP_CLOSED },
	};

	play(plain, nitems(plain));
	pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){ .action = PFA_PASS,
				  .keep = PF_KEEPSTATE });
	PK_BOTH(af) {
		for (unsigned int i = 0; i < nitems(reflected); i++)
			KT(passes(af, &reflected[i]));
		KT_EQ(pf_state_after(0)->timeout, PFTM_SCTP_CLOSED);
		pk_states_end();
	}
}

/* Found on its way: tags are learned from the first packets. */
KTEST(pf_sctp_found_on_its_way)
{
	static const struct step steps[] = {
		{ C, { 0 }, 0, 0, TS, 0, true, 3, 0, PFTM_SCTP_FIRST },
		{ S, { 3 }, 0, 0, TC, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ C, { 0 }, 0, 0, T3, 0, false, 0, 0, 0 },
		{ S, { 0 }, 0, 0, T2, 0, false, 0, 0, 0 },
		{ S, { 0 }, 0, 0, TC, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
	};

	play(steps, nitems(steps));
}

/* Begun anew over an old one: new tags count once both ends have shown it,
 * and a forged INIT gives nobody a tag that ends the old one. */
KTEST(pf_sctp_begun_anew)
{
	static const struct step steps[] = {
		{ C, { 1 }, 0, 0, 0, TC, true, 0, 0, 0 },
		{ S, { 2 }, 0, 0, TC, TS, true, 0, 0, 0 },
		{ C, { 10 }, 0, 0, TS, 0, true, 0, 0, 0 },
		{ S, { 11 }, 0, 0, TC, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ C, { 1 }, 0, 0, 0, T2, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ S, { 6 }, 0, 0, T2, 0, false, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ S, { 0 }, 0, 0, T2, 0, false, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ C, { 0 }, 0, 0, TS, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ S, { 2 }, 0, 0, T2, T3, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ C, { 10 }, 0, 0, T3, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ S, { 11 }, 0, 0, T2, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
		{ C, { 0 }, 0, 0, TS, 0, false, 0, 0, 0 },
		{ C, { 0 }, 0, 0, T3, 0, true, 3, 3, PFTM_SCTP_ESTABLISHED },
	};

	play(steps, nitems(steps));
}

KTEST(pf_sctp_what_cannot_be)
{
	static const struct step bad[] = {
		{ C, { 1, 0 }, 2, 0, 0, TC, false, 0, 0, 0 }, /* not alone */
		{ C, { 0, 2 }, 2, 0, TS, TC, false, 0, 0, 0 },
		{ C, { 14, 0 }, 2, 0, TS, 0, false, 0, 0, 0 },
		{ C, { 1 }, 0, 0, TS, TC, false, 0, 0, 0 }, /* INIT with tag */
		{ C, { 0 }, 0, 0, 0, 0, false, 0, 0, 0 }, /* others without */
		{ C, { 1 }, 0, 0, 0, 0, false, 0, 0, 0 }, /* asks for tag 0 */
	};
	const struct step good = { C, { 0 }, 0, 0, TS, 0, true, 0, 0, 0 };
	uint8_t len[2];
	struct mbuf *m;

	pk_boot();
	pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){ .action = PFA_PASS });
	PK_BOTH(af) {
		uint32_t at = (af == AF_INET ? 20 : 40) + 12 + 2;

		for (unsigned int i = 0; i < nitems(bad); i++)
			KT(!passes(af, &bad[i]));
		for (uint16_t n = 0; n < 40; n++) { /* a chunk's length */
			m = packet(af, &good);
			be16enc(len, n);
			KT_EQ(m_copyback(m, at, 2, len), 0);
			m = pk_through(m, af, PF_IN);
			/* behind 4 to 20 bytes stand zeros: no chunk head */
			KT_EQ(m != NULL, n > 16 && n <= 20);
			if (m != NULL)
				m_freem(m);
		}
	}
	KT_EQ(pf_status.counters[PFRES_NORM], 2 * nitems(bad));
}

/* nat changes addresses only; an error about it finds its way back. */
KTEST(pf_sctp_nat_and_errors)
{
	const struct step init = { C, { 1 }, 0, 0, 0, TC, true, 0, 0, 0 };
	struct pf_ioc_rule c = { .action = PFA_NAT };
	struct mbuf *m, *in;
	struct pk_ends e;
	struct pk p;
	uint8_t quote[64];

	pk_boot();
	PK_BOTH(af) {
		uint32_t hlen = af == AF_INET ? 20 : 40;

		c.af = af;
		c.pool[PF_NATPOOL].nents = 1;
		pk_ents[PF_NATPOOL][0] = pk_net(af, NATTED,
		    af == AF_INET ? 32 : 128);
		pk_rule(PF_RS_NAT, &c);
		pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){
			    .action = PFA_PASS, .keep = PF_KEEPSTATE });
		m = pk_through(packet(af, &init), af, PF_OUT);
		KT(m != NULL);
		e = pk_ends(m, af, 0);
		KT_EQ(e.src, NATTED);
		KT_EQ(e.sport, 4000);
		p = (struct pk){ .af = af, .src = 420, .dst = NATTED,
			.proto = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
			.sport = (uint16_t)(af == AF_INET ? 3 << 8 | 2 :
							    1 << 8 | 4),
			.len = (uint16_t)(hlen + 8) };
		KT_EQ(m_copydata(m, 0, p.len, quote), 0);
		pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){
			    .action = PFA_BLOCK });
		in = pk_through(pk_make(&p, quote), af, PF_IN);
		KT(in != NULL);
		e = pk_ends(in, af, hlen + 8);
		KT_EQ(e.src, CLIENT);
		KT_EQ(e.dport, 5000);
		m_freem(in);
		m_freem(m);
		pk_states_end();
	}
}

/* An error about a packet of the association is one that quotes its tag. */
KTEST(pf_sctp_forged_errors)
{
	static const struct step steps[] = {
		{ C, { 1 }, 0, 0, 0, TC, true, 0, 0, 0 },
		{ S, { 2 }, 0, 0, TC, TS, true, 0, 0, 0 },
		{ C, { 10 }, 0, 0, TS, 0, true, 0, 0, 0 },
		{ S, { 11 }, 0, 0, TC, 0, true, 0, 0, 0 },
	};
	static const struct {
		uint32_t tag;
		bool good;
	} quoted[] = { { TS, true }, { TC, false }, { T3, false }, { 0, false } };
	const struct step data = { C, { 0 }, 0, 0, TS, 0, true, 0, 0, 0 };
	struct mbuf *m, *in;
	uint8_t quote[64];
	struct pk p;

	pk_boot();
	PK_BOTH(af) {
		uint32_t hlen = af == AF_INET ? 20 : 40;

		pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){
			    .action = PFA_PASS, .keep = PF_KEEPSTATE });
		for (unsigned int i = 0; i < nitems(steps); i++)
			KT(passes(af, &steps[i]));
		pk_rule(PF_RS_FILTER, &(struct pf_ioc_rule){ .action = PFA_BLOCK });
		m = packet(af, &data);
		p = (struct pk){ .af = af, .src = 420, .dst = CLIENT,
			.proto = af == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6,
			.sport = (uint16_t)(af == AF_INET ? 3 << 8 | 2 : 1 << 8 | 4),
			.len = (uint16_t)(hlen + 8) };
		KT_EQ(m_copydata(m, 0, p.len, quote), 0);
		m_freem(m);
		for (unsigned int i = 0; i < nitems(quoted); i++) {
			be32enc(quote + hlen + 4, quoted[i].tag);
			in = pk_through(pk_make(&p, quote), af, PF_IN);
			KT_EQ(in != NULL, quoted[i].good);
			m_freem(in);
		}
		pk_states_end();
	}
}
