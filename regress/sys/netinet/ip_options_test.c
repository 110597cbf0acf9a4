/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* IPv4 options: what routers write, what is refused and where it points. */

#include "lab4.h"

#define SRC A4(10, 0, 1, 9)
#define DST A4(10, 0, 2, 9)

static const struct opt_row {
	const char *what;
	uint8_t opt[40];
	uint32_t len;
	int place; /* byte of the header a parameter problem names; -1: passes */
} opt_rows[] = {
	/* clang-format off */
	{ "nops and end",	{ 1, 1, 1, 0 }, 4, -1 },
	{ "router alert",	{ 148, 4, 0, 0 }, 4, -1 },
	{ "router alert, length 3", { 148, 3, 0, 0 }, 4, 20 },
	{ "unknown option",	{ 30, 4, 9, 9 }, 4, -1 },
	{ "length 0",		{ 30, 0, 0, 0 }, 4, 20 },
	{ "length 1",		{ 1, 30, 1, 0 }, 4, 21 },
	{ "length beyond the header", { 30, 5, 0, 0 }, 4, 20 },
	{ "type without length", { 1, 1, 1, 30 }, 4, 23 },
	{ "record route",	{ 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, -1 },
	{ "record route, full",	{ 7, 7, 8, 1, 2, 3, 4, 0 }, 8, -1 },
	{ "record route, pointer 3", { 7, 7, 3, 0, 0, 0, 0, 0 }, 8, 20 },
	{ "record route, pointer odd", { 7, 7, 5, 0, 0, 0, 0, 0 }, 8, 20 },
	{ "record route, length 2", { 7, 2, 0, 0 }, 4, 20 },
	{ "timestamp",		{ 68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, -1 },
	{ "timestamp with address", { 68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, -1 },
	{ "timestamp, flag 2",	{ 68, 12, 5, 2, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, 20 },
	{ "timestamp, pointer 4", { 68, 12, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12, 20 },
	{ "timestamp, length 3", { 68, 3, 5, 0 }, 4, 20 },
	/* clang-format on */
};

static struct mbuf *
opt_packet(const uint8_t *opt, uint32_t len, uint32_t dst)
{
	struct pkt p = { .src = SRC,
		.dst = dst,
		.proto = 253,
		.len = 40,
		.opt = opt,
		.optlen = len };

	return (pkt_make(&p));
}

KTEST(ip_options_row_by_row)
{
	const struct opt_row *r;
	struct mbuf *m;
	unsigned int i;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	for (i = 0; i < nitems(opt_rows); i++) {
		r = &opt_rows[i];
		catch_in(0, opt_packet(r->opt, r->len, DST));
		m = catch_out(r->place == -1 ? 1 : 0);
		if (m == NULL)
			KT_STR(r->what, "gave a packet");
		if (r->place == -1)
			KT_EQ(in_cksum_fold(in_cksum_bytes(0, mtod(m, void *),
				  20 + r->len)),
			    0);
		else {
			KT_EQ(mtod(m, uint8_t *)[20], ICMP_PARAMPROB);
			KT_EQ(mtod(m, uint8_t *)[24], r->place);
		}
		m_freem(m);
		KT(catch_out(0) == NULL && catch_out(1) == NULL);
	}
}

KTEST(ip_options_record_route_and_time)
{
	static const uint8_t rr[] = { 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t ts[] = { 68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t full[] = { 68, 8, 9, 0xe0, 1, 2, 3, 4 };
	struct mbuf *m;

	catch_up();
	catch_in(0, opt_packet(rr, sizeof(rr), DST));
	KT((m = catch_out(1)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[22], 8);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 23), 0x0a000201);
	m_freem(m);
	catch_in(0, opt_packet(ts, sizeof(ts), DST));
	KT((m = catch_out(1)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[22], 13);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 24), 0x0a000201);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 28), time_wall_us / 1000 % 86400000);
	m_freem(m);
	/* no room: the overflow counts one, and stays at 15 */
	catch_in(0, opt_packet(full, sizeof(full), DST));
	KT((m = catch_out(1)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[23], 0xf0);
	m_freem(m);
}

KTEST(ip_options_source_route_only_when_allowed)
{
	static const uint8_t lsrr[] = { 131, 7, 4, 10, 0, 2, 9, 0 };
	static const uint8_t ssrr[] = { 137, 7, 4, 192, 0, 2, 7, 0 };
	struct mbuf *m;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	catch_in(0, opt_packet(lsrr, sizeof(lsrr), A4(10, 0, 1, 1)));
	KT_EQ(drop_counts[DROP_IP_SRCROUTE], 1);
	KT((m = catch_out(0)) != NULL);
	KT_EQ(mtod(m, uint8_t *)[21], ICMP_UNREACH_SRCFAIL);
	m_freem(m);
	lab_sysctl("net.inet.ip.sourceroute", 1);
	catch_in(0, opt_packet(lsrr, sizeof(lsrr), A4(10, 0, 1, 1)));
	KT((m = catch_out(1)) != NULL);
	KT_EQ(mtod(m, struct ip *)->ip_dst, DST);
	KT_EQ(mtod(m, uint8_t *)[22], 8);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 23), 0x0a000201);
	m_freem(m);
	/* strict, but the next stop is no neighbour */
	catch_in(0, opt_packet(ssrr, sizeof(ssrr), A4(10, 0, 1, 1)));
	KT_EQ(drop_counts[DROP_IP_SRCROUTE], 2);
	catch_flush();
}

KTEST(ip_options_into_fragments)
{
	static const uint8_t opt[] = { 7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0 };
	struct mbuf_list ml;
	struct mbuf *m;
	struct pkt p = { .src = SRC,
		.dst = DST,
		.proto = 253,
		.len = 1000,
		.opt = opt,
		.optlen = sizeof(opt) };
	uint32_t off = 0, hlen;

	catch_up();
	KT_EQ(ip_fragment(pkt_make(&p), &ml, 300), 0);
	while ((m = ml_dequeue(&ml)) != NULL) {
		m = m_pullup(m, m->m_pkthdr.len);
		hlen = IP_HLEN(mtod(m, struct ip *));
		KT_EQ(hlen, off == 0 ? 32 : 24); /* only the alert is copied */
		if (off != 0)
			KT_EQ(mtod(m, uint8_t *)[20], 148);
		KT_EQ((ntohs(mtod(m, struct ip *)->ip_off) & IP_OFFMASK) * 8,
		    off);
		KT_EQ((ntohs(mtod(m, struct ip *)->ip_off) & IP_MF) != 0,
		    !ml_empty(&ml));
		KT_EQ(in_cksum_fold(in_cksum_bytes(0, mtod(m, void *), hlen)),
		    0);
		KT_EQ(mtod(m, uint8_t *)[hlen], (uint8_t)off);
		off += m->m_pkthdr.len - hlen;
		m_freem(m);
	}
	KT_EQ(off, 1000);
}

/* Every value of every byte of a record route and timestamp, cut short too. */
KTEST(ip_options_every_value)
{
	static const uint8_t good[] = { 7, 7, 4, 0, 0, 0, 0, 68, 8, 5, 0, 0, 0,
		0, 0, 0 };
	uint8_t opt[sizeof(good)];
	unsigned int i, v;
	long live;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	lab_sysctl("net.inet.ip.sourceroute", 1);
	live = sim_live();
	for (i = 0; i < sizeof(good); i++)
		for (v = 0; v < 256; v++) {
			memcpy(opt, good, sizeof(opt));
			opt[i] = (uint8_t)v;
			catch_in(0, opt_packet(opt, sizeof(opt), DST));
			KT_EQ(caught[0].ml_len + caught[1].ml_len, 1);
			catch_flush();
		}
	KT_EQ(sim_live(), live);
}
