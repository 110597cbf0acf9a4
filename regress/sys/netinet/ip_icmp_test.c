/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* ICMP: messages by type, code and length; errors that must not be; the
 * bucket; path MTU judgement. */

#include "lab4.h"

#define PEER A4(10, 0, 1, 9)
#define ME   A4(10, 0, 1, 1)
#define FAR  A4(192, 0, 2, 7)

/* A message of len bytes: type, code, then word, zeroes; its sum right. */
static struct mbuf *
msg(uint8_t type, uint8_t code, uint32_t len)
{
	uint8_t body[128] = { type, code };
	struct pkt p = { .src = PEER,
		.dst = ME,
		.proto = IPPROTO_ICMP,
		.len = len,
		.body = body };
	uint16_t sum = in_cksum_fold(in_cksum_bytes(0, body, len));

	memcpy(body + 2, &sum, 2);
	return (pkt_make(&p));
}

static const struct msg_row {
	uint8_t type, code;
	uint32_t len;
	enum drop_reason why; /* DROP_NONE: taken */
	int answer;           /* type of the answer, -1 none */
} msg_rows[] = {
	/* clang-format off */
	{ ICMP_ECHO, 0, 8,	DROP_NONE, ICMP_ECHOREPLY },
	{ ICMP_ECHO, 0, 9,	DROP_NONE, ICMP_ECHOREPLY },
	{ ICMP_ECHO, 0, 7,	DROP_ICMP_SHORT, -1 },
	{ ICMP_ECHO, 0, 0,	DROP_ICMP_SHORT, -1 },
	{ ICMP_ECHO, 1, 8,	DROP_ICMP_BADCODE, -1 },
	{ ICMP_ECHOREPLY, 0, 8,	DROP_NONE, -1 },
	{ ICMP_TSTAMP, 0, 20,	DROP_NONE, ICMP_TSTAMPREPLY },
	{ ICMP_TSTAMP, 0, 19,	DROP_ICMP_BADLEN, -1 },
	{ ICMP_MASKREQ, 0, 12,	DROP_ICMP_BCASTECHO, -1 }, /* off by default */
	{ ICMP_MASKREQ, 0, 11,	DROP_ICMP_BADLEN, -1 },
	{ ICMP_UNREACH, 0, 35,	DROP_ICMP_BADLEN, -1 },
	{ ICMP_UNREACH, 16, 64,	DROP_ICMP_BADCODE, -1 },
	{ ICMP_UNREACH, 1, 64,	DROP_ICMP_BADLEN, -1 }, /* quotes no packet */
	{ ICMP_TIMXCEED, 2, 64,	DROP_ICMP_BADCODE, -1 },
	{ ICMP_REDIRECT, 4, 64,	DROP_ICMP_BADCODE, -1 },
	{ ICMP_REDIRECT, 1, 64,	DROP_ICMP_BADLEN, -1 },
	{ ICMP_SOURCEQUENCH, 0, 64, DROP_NONE, -1 },
	{ 1, 0, 8,		DROP_ICMP_BADTYPE, -1 },
	{ 19, 0, 8,		DROP_ICMP_BADTYPE, -1 },
	{ 255, 0, 8,		DROP_ICMP_BADTYPE, -1 },
	/* clang-format on */
};

KTEST(icmp_message_by_message)
{
	const struct msg_row *r;
	struct mbuf *m;
	unsigned int i;
	uint64_t was;

	catch_up();
	for (i = 0; i < nitems(msg_rows); i++) {
		r = &msg_rows[i];
		was = drop_counts[r->why];
		catch_in(0, msg(r->type, r->code, r->len));
		if (drop_counts[r->why] - was != (r->why != DROP_NONE))
			KT_EQ(i, -1);
		m = catch_out(0);
		KT_EQ(m != NULL, r->answer != -1);
		if (m == NULL)
			continue;
		KT_EQ(mtod(m, uint8_t *)[20], r->answer);
		KT_EQ(m->m_pkthdr.len, 20 + r->len);
		KT_EQ(mtod(m, struct ip *)->ip_src, ME);
		KT_EQ(mtod(m, struct ip *)->ip_dst, PEER);
		KT_EQ(in_cksum_fold(
			  in_cksum_bytes(0, mtod(m, uint8_t *) + 20, r->len)),
		    0);
		m_freem(m);
	}
}

KTEST(icmp_bad_sum_is_not_answered)
{
	struct mbuf *m;

	catch_up();
	m = pkt_echo(PEER, ME, 100);
	mtod(m, uint8_t *)[60] ^= 1;
	catch_in(0, m);
	KT_EQ(drop_counts[DROP_ICMP_BADSUM], 1);
	KT(catch_out(0) == NULL);
}

KTEST(icmp_mask_and_time_when_asked)
{
	struct mbuf *m;

	catch_up();
	lab_sysctl("net.inet.icmp.maskrepl", 1);
	catch_in(0, msg(ICMP_MASKREQ, 0, 12));
	KT((m = catch_out(0)) != NULL);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 28), 0xffffff00);
	m_freem(m);
	catch_in(0, msg(ICMP_TSTAMP, 0, 20));
	KT((m = catch_out(0)) != NULL);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 32), time_wall_us / 1000 % 86400000);
	m_freem(m);
	lab_sysctl("net.inet.icmp.tstamprepl", 0);
	catch_in(0, msg(ICMP_TSTAMP, 0, 20));
	KT(catch_out(0) == NULL);
}

KTEST(icmp_answer_carries_only_what_routers_wrote)
{
	static const uint8_t opt[] = { 148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1 };
	uint8_t body[8] = { ICMP_ECHO, 0, 0xf7, 0xff };
	struct pkt p = { .src = PEER,
		.dst = ME,
		.proto = IPPROTO_ICMP,
		.len = 8,
		.body = body,
		.opt = opt,
		.optlen = sizeof(opt) };
	struct mbuf *m;

	catch_up();
	catch_in(0, pkt_make(&p));
	KT((m = catch_out(0)) != NULL);
	KT_EQ(IP_HLEN(mtod(m, struct ip *)), 28);
	KT_EQ(mtod(m, uint8_t *)[20], 7);
	KT_EQ(be32dec(mtod(m, uint8_t *) + 23), 0x0a000101);
	KT_EQ(mtod(m, uint8_t *)[28], ICMP_ECHOREPLY);
	m_freem(m);
}

/* --- errors that must not be --- */

static const struct err_row {
	const char *what;
	uint32_t src, dst;
	uint8_t proto, type; /* type of an ICMP message inside */
	uint16_t off, mflags;
	bool sent;
} err_rows[] = {
	/* clang-format off */
	{ "udp",		  PEER, FAR, IPPROTO_UDP, 0, 0, 0, true },
	{ "first fragment",	  PEER, FAR, IPPROTO_UDP, 0, IP_MF, 0, true },
	{ "later fragment",	  PEER, FAR, IPPROTO_UDP, 0, 5, 0, false },
	{ "about an echo",	  PEER, FAR, IPPROTO_ICMP, ICMP_ECHO, 0, 0, true },
	{ "about an echo reply",  PEER, FAR, IPPROTO_ICMP, ICMP_ECHOREPLY, 0, 0, true },
	{ "about an error",	  PEER, FAR, IPPROTO_ICMP, ICMP_UNREACH, 0, 0, false },
	{ "about a redirect",	  PEER, FAR, IPPROTO_ICMP, ICMP_REDIRECT, 0, 0, false },
	{ "about time exceeded",  PEER, FAR, IPPROTO_ICMP, ICMP_TIMXCEED, 0, 0, false },
	{ "unknown icmp",	  PEER, FAR, IPPROTO_ICMP, 77, 0, 0, false },
	{ "link broadcast",	  PEER, FAR, IPPROTO_UDP, 0, 0, M_BCAST, false },
	{ "link multicast",	  PEER, FAR, IPPROTO_UDP, 0, 0, M_MCAST, false },
	{ "to a group",		  PEER, A4(224, 0, 0, 5), IPPROTO_UDP, 0, 0, 0, false },
	{ "to broadcast",	  PEER, A4(10, 0, 2, 255), IPPROTO_UDP, 0, 0, 0, false },
	{ "to limited broadcast", PEER, 0xffffffff, IPPROTO_UDP, 0, 0, 0, false },
	{ "from nobody",	  0, FAR, IPPROTO_UDP, 0, 0, 0, false },
	{ "from a group",	  A4(224, 0, 0, 5), FAR, IPPROTO_UDP, 0, 0, 0, false },
	{ "from loopback",	  A4(127, 0, 0, 1), FAR, IPPROTO_UDP, 0, 0, 0, false },
	/* clang-format on */
};

KTEST(icmp_errors_only_where_allowed)
{
	unsigned int i;
	struct mbuf *m;
	uint8_t body[16] = { 0 };
	struct pkt p;

	catch_up();
	for (i = 0; i < nitems(err_rows); i++) {
		const struct err_row *r = &err_rows[i];

		body[0] = r->type;
		p = (struct pkt){ .src = r->src,
			.dst = r->dst,
			.proto = r->proto,
			.off = r->off,
			.len = 16,
			.body = body };
		m = pkt_make(&p);
		m->m_flags |= r->mflags;
		icmp_error(m, ICMP_UNREACH, ICMP_UNREACH_HOST, 0);
		(void)if_flush_all();
		if ((caught[0].ml_len == 1) != r->sent)
			KT_STR(r->what, r->sent ? "sent" : "not sent");
		catch_flush();
	}
}

KTEST(icmp_bucket_holds_a_second_of_tokens)
{
	struct icmp_bucket b = { 0, 0 };
	unsigned int i, n = 0;

	for (i = 0; i < 300; i++)
		n += icmp_bucket_take(&b, 5000000, 100);
	KT_EQ(n, 100);
	KT(!icmp_bucket_take(&b, 5009000, 100));
	KT(icmp_bucket_take(&b, 5010000, 100));
	KT(!icmp_bucket_take(&b, 5010000, 100));
	for (i = n = 0; i < 300; i++)
		n += icmp_bucket_take(&b, 99000000, 100);
	KT_EQ(n, 100);
	KT(!icmp_bucket_take(&b, 99000000, 0));
	KT(icmp_bucket_take(&b, 99000000, -1));
}

KTEST(icmp_errors_are_rate_limited)
{
	unsigned int i;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", 10);
	for (i = 0; i < 50; i++)
		catch_in(0, pkt_udp(PEER, ME, 1, 9, 0));
	KT_EQ(caught[0].ml_len, 10);
	KT_EQ(drop_counts[DROP_ICMP_RATELIMIT], 40);
	KT_EQ(drop_counts[DROP_UDP_NOPORT], 50);
	catch_flush();
}

/* --- path MTU --- */

KTEST(icmp_plateaus)
{
	KT_EQ(icmp_pmtu_plateau(65535), 32000);
	KT_EQ(icmp_pmtu_plateau(1500), 1492);
	KT_EQ(icmp_pmtu_plateau(1492), 1006);
	KT_EQ(icmp_pmtu_plateau(508), 296);
	KT_EQ(icmp_pmtu_plateau(296), 296);
	KT_EQ(icmp_pmtu_plateau(0), 296);
}

/* "Need fragment, mtu" about a packet of iplen bytes that src sent to FAR. */
static struct mbuf *
needfrag(uint32_t src, uint32_t iplen, uint32_t mtu)
{
	uint8_t body[36] = { ICMP_UNREACH, ICMP_UNREACH_NEEDFRAG };
	struct pkt p = { .src = A4(10, 0, 2, 9),
		.dst = A4(10, 0, 2, 1),
		.proto = IPPROTO_ICMP,
		.len = sizeof(body),
		.body = body };
	struct pkt in = { .src = src, .dst = FAR, .proto = 253, .len = 8 };
	struct mbuf *inner = pkt_make(&in);
	uint16_t sum;

	mtod(inner, struct ip *)->ip_len = htons(iplen);
	be16enc(body + 6, (uint16_t)mtu);
	memcpy(body + 8, mtod(inner, void *), 28);
	m_freem(inner);
	sum = in_cksum_fold(in_cksum_bytes(0, body, sizeof(body)));
	memcpy(body + 2, &sum, 2);
	return (pkt_make(&p));
}

static const struct pmtu_row {
	const char *what;
	uint32_t src, iplen, mtu;
	uint32_t want; /* MTU of the route afterwards, 0: the interface's */
} pmtu_rows[] = {
	/* clang-format off */
	{ "a packet we never sent",	PEER, 1500, 1400, 0 },
	{ "not smaller than the packet", A4(10, 0, 2, 1), 1400, 1400, 0 },
	{ "larger than the link",	A4(10, 0, 2, 1), 9000, 1600, 0 },
	{ "believed",			A4(10, 0, 2, 1), 1500, 1400, 1400 },
	{ "never up again",		A4(10, 0, 2, 1), 1500, 1450, 1400 },
	{ "an old router",		A4(10, 0, 2, 1), 1400, 0, 1006 },
	{ "smaller than any link",	A4(10, 0, 2, 1), 1000, 68, 296 },
	{ "smaller still",		A4(10, 0, 2, 1), 296, 1, 296 },
	/* clang-format on */
};

KTEST(icmp_path_mtu_judgement)
{
	struct ip_addr far = ip_addr_v4(FAR);
	unsigned int i;

	catch_up();
	for (i = 0; i < nitems(pmtu_rows); i++) {
		catch_in(1,
		    needfrag(pmtu_rows[i].src, pmtu_rows[i].iplen,
			pmtu_rows[i].mtu));
		if (rtable_match(0, AF_INET, &far)->rt_mtu != pmtu_rows[i].want)
			KT_STR(pmtu_rows[i].what, "gave the right MTU");
	}
	lab_sysctl("net.inet.ip.mtudisc", 0);
	catch_in(1, needfrag(A4(10, 0, 2, 1), 290, 100));
	KT_EQ(lab_counter("icmp", "path MTUs learned"), 3);
}

/* Every byte of an error, turned: nothing is believed that was not ours. */
KTEST(icmp_every_byte_damaged)
{
	struct mbuf *m;
	uint16_t sum;
	unsigned int i;
	long live;

	catch_up();
	lab_sysctl("net.inet.icmp.errppslimit", -1);
	lab_sysctl("net.inet.icmp.rediraccept", 1);
	live = sim_live();
	for (i = 0; i < 36; i++) {
		if (i == 2 || i == 3)
			continue;
		m = needfrag(PEER, 1500, 1400);
		mtod(m, uint8_t *)[20 + i] ^= 0xff;
		memset(mtod(m, uint8_t *) + 22, 0, 2);
		sum = in_cksum_fold(
		    in_cksum_bytes(0, mtod(m, uint8_t *) + 20, 36));
		memcpy(mtod(m, uint8_t *) + 22, &sum, 2);
		catch_in(1, m);
		catch_flush();
	}
	KT_EQ(lab_counter("icmp", "path MTUs learned"), 0);
	KT_EQ(sim_live(), live);
}
