/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * TCP under pf: every flag at every stage of a connection from either side,
 * the edges of the windows, scaled windows, numbers that wrap, modulation,
 * sloppy states, connections found on their way.  Each for both families.
 */

#include "pfkit.h"

#include <net/pf/pf_track.h>

#define CLIENT 10
#define SERVER 220

static sa_family_t af;
static uint32_t ciss, siss; /* initial sequence numbers */

static void
rules(uint8_t keep, uint32_t stateflags, uint8_t flags, uint8_t mask)
{
	struct pf_ioc_rule c = { .action = PFA_PASS,
		.proto = IPPROTO_TCP,
		.keep = keep,
		.stateflags = stateflags,
		.tcpflags = flags,
		.tcpmask = mask };

	pk_rule(PF_RS_FILTER, &c);
}

/* '>' from the client, in; '<' from the server, out.  Numbers are from each
 * side's initial one. */
static bool
seg(char who, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len,
    uint16_t win, uint8_t wscale)
{
	bool c = who == '>';
	struct pk p = { .af = af,
		.proto = IPPROTO_TCP,
		.src = c ? CLIENT : SERVER,
		.dst = c ? SERVER : CLIENT,
		.sport = c ? 4000 : 80,
		.dport = c ? 80 : 4000,
		.seq = (c ? ciss : siss) + seq,
		.ack = (flags & TH_ACK) != 0 ? (c ? siss : ciss) + ack : 0,
		.len = len,
		.win = win,
		.flags = flags,
		.wscale = wscale };

	return (pk_passes(&p, c ? PF_IN : PF_OUT));
}

/* --- every flag at every stage --- */

enum stage {
	NOTHING,
	SYN,
	SYNACK,
	OPEN,
	FIN,
	FINACK,
	BOTHFIN,
	OVER,
	RESET,
	NSTAGES
};
static const char *const stage_names[NSTAGES] = { "nothing", "syn", "syn+ack",
	"open", "fin", "fin acked", "both fin", "over", "reset" };

/* Window 1000 both; the client's next number is 1 (2 after its FIN), the
 * server's 1 (2). */
static void
reach(enum stage s)
{
	static const struct {
		char who;
		uint8_t flags;
		uint32_t seq, ack;
	} steps[] = {
		{ '>', TH_SYN, 0, 0 },
		{ '<', TH_SYN | TH_ACK, 0, 1 },
		{ '>', TH_ACK, 1, 1 },
		{ '>', TH_FIN | TH_ACK, 1, 1 },
		{ '<', TH_ACK, 1, 2 },
		{ '<', TH_FIN | TH_ACK, 1, 2 },
		{ '>', TH_ACK, 2, 2 },
	};
	unsigned int n = s == RESET ? 3 : (unsigned int)s;

	pk_states_end();
	for (unsigned int i = 0; i < n; i++)
		KT(seg(steps[i].who, steps[i].flags, steps[i].seq, steps[i].ack,
		    0, 1000, 0));
	if (s == RESET)
		KT(seg('<', TH_RST, 1, 0, 0, 0, 0));
}

/* What is left: `-' dropped, `+' passed; then both sides' states, and the
 * letter of the timeout class. */
static void
outcome(bool passed, char out[8])
{
	static const char class[] = { [PFTM_TCP_FIRST] = 'f',
		[PFTM_TCP_OPENING] = 'o',
		[PFTM_TCP_ESTABLISHED] = 'e',
		[PFTM_TCP_CLOSING] = 'c',
		[PFTM_TCP_FINWAIT] = 'w',
		[PFTM_TCP_CLOSED] = 'd' };
	static const char side[] = { [PF_TCPS_CLOSED] = '0',
		[PF_TCPS_SYN_SENT] = 'S',
		[PF_TCPS_ESTABLISHED] = 'E',
		[PF_TCPS_CLOSING] = 'C',
		[PF_TCPS_FIN_WAIT_2] = 'F',
		[PF_TCPS_TIME_WAIT] = 'T' };
	const struct pf_state *st = pf_state_after(0);

	if (st == NULL)
		snprintf(out, 8, "%c", passed ? '+' : '-');
	else
		snprintf(out, 8, "%c%c%c%c", passed ? '+' : '-',
		    side[st->src.state], side[st->dst.state],
		    class[st->timeout]);
}

#define S TH_SYN
#define A TH_ACK
#define F TH_FIN
#define R TH_RST
#define P TH_PUSH
static const uint8_t flag_cases[] = { S, S | A, A, P | A, F | A, R, R | A, F, 0,
	P, S | F, S | R, S | F | A, F | R, F | P | TH_URG };
#define NFLAGS (sizeof(flag_cases) / sizeof(flag_cases[0]))

/* Numbers are the right ones: what the side sends next, what it has heard. */
static const struct {
	enum stage at;
	char who;
	const char *want; /* a word for each flag case */
} flag_rows[] = {
	/* clang-format off */
	/*	       S    SA   A    PA   FA   R    RA   F    0    P    SF   SR   SFA  FR   FPU */
	{ NOTHING,	'>', "+S0f + + + + + + - - - - - - - -" },
	{ NOTHING,	'<', "+S0f + + + + + + - - - - - - - -" },
	{ SYN,	'>', "+S0o +S0o +S0o +S0o +C0o +TTd +TTd -S0f -S0f -S0f -S0f -S0f -S0f -S0f -S0f" },
	{ SYN,	'<', "+SSo +ESo +ESo +ESo +ECc +TTd +TTd -S0f -S0f -S0f -S0f -S0f -S0f -S0f -S0f" },
	{ SYNACK,	'>', "+ESo +EEe +EEe +EEe +CEc +TTd +TTd -ESo -ESo -ESo -ESo -ESo -ESo -ESo -ESo" },
	{ SYNACK,	'<', "+ESo +ESo +ESo +ESo +ECc +TTd +TTd -ESo -ESo -ESo -ESo -ESo -ESo -ESo -ESo" },
	{ OPEN,	'>', "-EEe +EEe +EEe +EEe +CEc +TTd +TTd -EEe -EEe -EEe -EEe -EEe -EEe -EEe -EEe" },
	{ OPEN,	'<', "-EEe +EEe +EEe +EEe +ECc +TTd +TTd -EEe -EEe -EEe -EEe -EEe -EEe -EEe -EEe" },
	{ FIN,	'>', "-CEc +CEc +CEc +CEc +CEc +TTd +TTd -CEc -CEc -CEc -CEc -CEc -CEc -CEc -CEc" },
	{ FIN,	'<', "-CEc +FEc +FEc +FEc +FCw +TTd +TTd -CEc -CEc -CEc -CEc -CEc -CEc -CEc -CEc" },
	{ FINACK,	'>', "-FEc +FEc +FEc +FEc +FEc +TTd +TTd -FEc -FEc -FEc -FEc -FEc -FEc -FEc -FEc" },
	{ FINACK,	'<', "-FEc +FEc +FEc +FEc +FCw +TTd +TTd -FEc -FEc -FEc -FEc -FEc -FEc -FEc -FEc" },
	{ BOTHFIN,	'>', "-FCw +FFd +FFd +FFd +FFd +TTd +TTd -FCw -FCw -FCw -FCw -FCw -FCw -FCw -FCw" },
	{ BOTHFIN,	'<', "-FCw +FCw +FCw +FCw +FCw +TTd +TTd -FCw -FCw -FCw -FCw -FCw -FCw -FCw -FCw" },
	{ OVER,	'>', "+S0f +FFd +FFd +FFd +FFd +TTd +TTd -FFd -FFd -FFd -FFd -FFd -FFd -FFd -FFd" },
	{ OVER,	'<', "+S0f +FFd +FFd +FFd +FFd +TTd +TTd -FFd -FFd -FFd -FFd -FFd -FFd -FFd -FFd" },
	{ RESET,	'>', "+S0f +TTd +TTd +TTd +TTd +TTd +TTd -TTd -TTd -TTd -TTd -TTd -TTd -TTd -TTd" },
	{ RESET,	'<', "+S0f +TTd +TTd +TTd +TTd +TTd +TTd -TTd -TTd -TTd -TTd -TTd -TTd -TTd -TTd" },
	/* clang-format on */
};

static bool
say(enum stage at, char who, uint8_t flags)
{
	bool c = who == '>', syn = (flags & S) != 0;
	uint32_t own = at == NOTHING || (at == SYN && !c) ? 0 : 1;
	uint32_t other = at == NOTHING ? 0 : 1;

	if ((c && at >= FIN && at != RESET) ||
	    (!c && (at == BOTHFIN || at == OVER)))
		own = 2;
	if ((c && (at == BOTHFIN || at == OVER)) ||
	    (!c && at >= FIN && at != RESET))
		other = 2;
	return (seg(who, flags, syn && at <= SYN ? 0 : own, other, 0, 1000, 0));
}

KTEST(pf_tcp_every_flag_at_every_stage)
{
	static char bad[8192];
	char got[8], row[256];

	pk_boot();
	rules(PF_KEEPSTATE, 0, S, S | A);
	PK_BOTH(family)
	{
		af = family;
		for (unsigned int i = 0; i < nitems(flag_rows); i++) {
			row[0] = '\0';
			for (unsigned int f = 0; f < NFLAGS; f++) {
				reach(flag_rows[i].at);
				outcome(say(flag_rows[i].at, flag_rows[i].who,
					    flag_cases[f]),
				    got);
				snprintf(row + strlen(row),
				    sizeof(row) - strlen(row), "%s%s",
				    f == 0 ? "" : " ", got);
			}
			if (strcmp(row, flag_rows[i].want) == 0)
				continue;
			snprintf(bad + strlen(bad), sizeof(bad) - strlen(bad),
			    "\n%s %c %s", stage_names[flag_rows[i].at],
			    flag_rows[i].who, row);
		}
	}
	KT_STR(bad, "");
}

/* --- the edges of the windows --- */

/*
 * A connection with windows of 1000 bytes on both sides (scaled by shift),
 * of which the client's next number is 1 + 5000 and the server's 1 + 7000;
 * each has acknowledged all.  So a side may send up to 1000 (<< shift) from
 * its next number on, and repeat as much.  Numbers are offsets from those.
 */
static void
reach_edges(unsigned int shift)
{
	uint8_t ws = shift != 0 ? (uint8_t)(shift + 1) : 0;

	pk_states_end();
	KT(seg('>', S, 0, 0, 0, 1000, ws));
	KT(seg('<', S | A, 0, 1, 0, 1000, ws));
	KT(seg('>', A, 1, 1, 0, 1000, 0));
	for (uint32_t i = 0; i < 5; i++) {
		KT(seg('>', A, 1 + i * 1000, 1, 1000, 1000, 0));
		KT(seg('<', A, 1, 1 + (i + 1) * 1000, 0, 1000, 0));
	}
	for (uint32_t i = 0; i < 7; i++) {
		KT(seg('<', A, 1 + i * 1000, 5001, 1000, 1000, 0));
		KT(seg('>', A, 5001, 1 + (i + 1) * 1000, 0, 1000, 0));
	}
}

/* Where w is the window, in units of it: seq = w * seqw + seq. */
static const struct edge_row {
	uint8_t flags;
	int8_t seqw;
	int32_t seq;
	uint16_t len;
	int32_t ack;
	bool passes, scaled; /* without scale; with a shift of 3 */
} edge_rows[] = {
	/* clang-format off */
	{ A, 0, 0, 1, 0, true, true },
	{ A, 0, 0, 1000, 0, true, true },	/* all that is allowed */
	{ A, 0, 1, 1000, 0, false, true },	/* a byte beyond */
	{ A, 1, -1000, 1000, 0, true, true },
	{ A, 1, -999, 1000, 0, false, false },
	{ A, 1, 0, 1, 0, false, false },
	{ F | A, 1, -1, 0, 0, true, true },	/* a FIN is a number */
	{ F | A, 1, 0, 0, 0, false, false },
	{ A, -1, 0, 100, 0, true, true },	/* again, a window ago */
	{ A, -1, -1, 100, 0, false, false },
	{ A, -1, -1, 0, 0, true, true },	/* empty: its place is not asked */
	{ A, 100, 0, 0, 0, true, true },
	{ A, 0, 0, 1, -1, true, true },		/* an old acknowledgement */
	{ A, 0, 0, 1, -67035, true, true },
	{ A, 0, 0, 1, -67036, false, true },
	{ A, 0, 0, 1, -536280, false, true },
	{ A, 0, 0, 1, -536281, false, false },
	{ A, 0, 0, 1, 67035, true, true },	/* of what we did not see */
	{ A, 0, 0, 1, 67036, false, false },
	{ A, 0, 0, 1, 0x7fffffff, false, false },
	{ R, 0, 0, 0, 0, true, true },
	{ R, 0, -1, 0, 0, true, true },
	{ R, 0, 1, 0, 0, true, true },
	{ R, 0, 2, 0, 0, false, false },
	{ R, 0, -2, 0, 0, false, false },
	{ R, 0, 500, 0, 0, false, false },	/* in the window is a guess */
	{ R | A, 0, 0, 0, 67036, false, false },
	{ R | A, 0, 2, 0, 0, false, false },
	/* clang-format on */
};

KTEST(pf_tcp_edges_of_windows)
{
	static const uint32_t isses[][2] = { { 100000, 200000 },
		{ 0xfffff000U, 0xffffe000U }, { 0x7ffff000U, 0x7fffe800U },
		{ 0xffffffffU, 0 } };
	const struct edge_row *r;
	unsigned int scale;
	int32_t w;

	pk_boot();
	rules(PF_KEEPSTATE, 0, S, S | A);
	PK_BOTH(family)
	for (unsigned int i = 0; i < nitems(isses) * 4; i++) {
		bool client = i & 1;

		af = family;
		scale = (i & 2) != 0 ? 3 : 0;
		ciss = isses[i / 4][0];
		siss = isses[i / 4][1];
		w = (int32_t)(1000U << scale);
		for (r = edge_rows; r < edge_rows + nitems(edge_rows); r++) {
			uint32_t own = client ? 5001 : 7001,
				 other = client ? 7001 : 5001;

			reach_edges(scale);
			KT_EQ((r - edge_rows) * 2 +
				seg(client ? '>' : '<', r->flags,
				    own + (uint32_t)(r->seqw * w + r->seq),
				    other + (uint32_t)r->ack, r->len, 1000, 0),
			    (r - edge_rows) * 2 +
				(scale != 0 ? r->scaled : r->passes));
		}
	}
}

/* --- scaling is agreed by both, or by none --- */

KTEST(pf_tcp_scale_needs_both)
{
	static const struct {
		uint8_t client, server; /* 1 + shift */
		uint32_t room; /* of a window of 100 that the server offers */
	} rows[] = {
		{ 0, 0, 100 }, { 3, 0, 100 }, { 0, 3, 100 }, { 3, 3, 400 },
		{ 1, 3, 400 }, { 3, 1, 100 }, { 15, 15, 100 << 14 },
		{ 40, 40, 100 << 14 }, /* RFC 7323 2.3: 14 is the most */
	};

	pk_boot();
	rules(PF_KEEPSTATE, 0, S, S | A);
	PK_BOTH(family)
	for (unsigned int i = 0; i < nitems(rows); i++) {
		af = family;
		pk_states_end();
		KT(seg('>', S, 0, 0, 0, 100, rows[i].client));
		KT(seg('<', S | A, 0, 1, 0, 100, rows[i].server));
		KT(seg('>', A, 1, 1, 0, 100, 0));
		KT(seg('<', A, 1, 1, 0, 100, 0));
		KT(!seg('>', A, 1 + rows[i].room, 1, 1, 100, 0));
		KT(seg('>', A, rows[i].room, 1, 1, 100, 0));
	}
}

/* --- the first answer --- */

/*
 * What answers a SYN with numbers that do not fit, a connection of long ago or
 * somebody who guesses, leaves nothing behind: the server's own answer counts.
 */
KTEST(pf_tcp_a_wrong_first_answer)
{
	static const struct {
		uint8_t flags;
		uint32_t seq, ack;
	} wrong[] = {
		{ A, 5000000, 7000000 },     /* has another connection */
		{ S | A, 77000000, 900000 }, /* guesses the number */
		{ R | A, 0, 900000 },
		{ F | A, 5000000, 7000000 },
	};

	pk_boot();
	for (unsigned int keep = PF_KEEPSTATE; keep <= PF_MODULATE; keep++) {
		rules((uint8_t)keep, 0, S, S | A);
		PK_BOTH(family)
		for (unsigned int i = 0; i < nitems(wrong); i++) {
			uint32_t shift;

			af = family;
			pk_states_end();
			KT(seg('>', S, 0, 0, 0, 1000, 3));
			shift = pf_state_after(0)->src.seqdiff;
			KT(!seg('<', wrong[i].flags, wrong[i].seq,
			    wrong[i].ack + shift, 0, 1000, 0));
			KT(seg('>', S, 0, 0, 0, 1000, 3)); /* again */
			KT(seg('<', S | A, 0, 1 + shift, 0, 1000, 3));
			KT(seg('>', A, 1, 1 + pf_state_after(0)->dst.seqdiff,
			    0, 1000, 0));
			KT_EQ(pf_state_after(0)->timeout, PFTM_TCP_ESTABLISHED);
		}
	}
}

/* --- other kinds of state --- */

/* Flags any: a connection that was there before pf; nobody's scale is known,
 * so the largest is taken. */
KTEST(pf_tcp_found_on_its_way)
{
	pk_boot();
	rules(PF_KEEPSTATE, 0, 0, 0);
	PK_BOTH(family)
	{
		af = family;
		pk_states_end();
		KT(seg('>', A, 70000, 90000, 100, 1000, 0));
		KT_EQ(pf_nstates, 1);
		KT(seg('<', A, 90000, 70100, 1400, 1000, 0));
		KT(seg('<', A, 91400, 70100, 1400, 1000, 0));
		KT(seg('>', A, 70100, 92800, 1400, 1000, 0));
		KT(seg('>', F | A, 71500, 92800, 0, 1000, 0));
		KT(seg('<', F | A, 92800, 71501, 0, 1000, 0));
		KT(seg('>', A, 71501, 92801, 0, 1000, 0));
		KT_EQ(pf_nstates, 1);
		KT_EQ(pf_state_after(0)->timeout, PFTM_TCP_CLOSED);
		/* somebody else's numbers */
		KT(!seg('<', A, 92801 + (64U << 20), 71501, 100, 1000, 0));
	}
}

/* Only the answer to a SYN was seen: a scale in it means that both have one. */
KTEST(pf_tcp_found_by_its_synack)
{
	pk_boot();
	rules(PF_KEEPSTATE, 0, 0, 0);
	PK_BOTH(family) {
		af = family;
		pk_states_end();
		KT(seg('<', S | A, 0, 1, 0, 1000, 8));
		KT(seg('>', A, 1, 1, 0, 1000, 0));
		KT(seg('<', A, 1, 1, 1400, 1000, 0));
		KT(seg('<', A, 1401, 1, 1400, 1000, 0));
		KT(seg('>', A, 1, 2801, 1400, 1000, 0));
		pk_states_end();
		KT(seg('<', S | A, 0, 1, 0, 1000, 0)); /* none has */
		KT(seg('>', A, 1, 1, 0, 1000, 0));
		KT(seg('<', A, 1, 1, 1000, 1000, 0));
		KT(!seg('<', A, 1001, 1, 1400, 1000, 0));
	}
}

KTEST(pf_tcp_sloppy_asks_for_flags_only)
{
	pk_boot();
	rules(PF_KEEPSTATE, PFS_SLOPPY, 0, 0);
	PK_BOTH(family)
	{
		af = family;
		pk_states_end();
		/* only the server's half is seen */
		KT(seg('<', S | A, 0, 1, 0, 1000, 0));
		KT(seg('<', A, 500000, 1, 1000, 1000, 0));
		KT(seg('<', A, 7, 900000, 1000, 1000, 0));
		KT_EQ(pf_state_after(0)->timeout, PFTM_TCP_ESTABLISHED);
		KT(seg('<', R, 123456789, 0, 0, 0, 0));
		KT_EQ(pf_state_after(0)->timeout, PFTM_TCP_CLOSED);
	}
}

/* The server sees numbers of the client that are not the client's, the same
 * distance away each time; acknowledgements come back as the client's own. */
KTEST(pf_tcp_modulated_numbers)
{
	const struct pk syn = { .proto = IPPROTO_TCP,
		.src = CLIENT,
		.dst = SERVER,
		.sport = 4000,
		.dport = 80,
		.seq = 0x12345678,
		.win = 1000,
		.flags = S };
	struct pk p;
	uint8_t th[20];
	uint32_t hlen, diff;
	struct mbuf *m;

	pk_boot();
	rules(PF_MODULATE, 0, S, S | A);
	PK_BOTH(family)
	{
		pk_states_end();
		hlen = family == AF_INET ? 20 : 40;
		p = syn;
		p.af = family;
		KT((m = pk_through(pk_make(&p, NULL), family, PF_IN)) != NULL);
		KT_EQ(m_copydata(m, hlen, 20, th), 0);
		diff = be32dec(th + 4) - p.seq;
		KT(diff != 0);
		m_freem(m);
		p = (struct pk){ .af = family,
			.proto = IPPROTO_TCP,
			.src = SERVER,
			.dst = CLIENT,
			.sport = 80,
			.dport = 4000,
			.seq = 777,
			.win = 1000,
			.ack = syn.seq + diff + 1,
			.flags = S | A };
		KT((m = pk_through(pk_make(&p, NULL), family, PF_OUT)) != NULL);
		KT_EQ(m_copydata(m, hlen, 20, th), 0);
		KT_EQ(be32dec(th + 8), syn.seq + 1);
		uint32_t sdiff = be32dec(th + 4) - 777;
		m_freem(m);
		p = syn;
		p.af = family;
		p.flags = A;
		p.seq++;
		p.ack = 778 + sdiff;
		p.len = 10;
		KT((m = pk_through(pk_make(&p, NULL), family, PF_IN)) != NULL);
		KT_EQ(m_copydata(m, hlen, 20, th), 0);
		KT_EQ(be32dec(th + 4), syn.seq + 1 + diff);
		KT_EQ(be32dec(th + 8), 778);
		m_freem(m);
		/* the numbers without the distance are a stranger's */
		p = (struct pk){ .af = family,
			.proto = IPPROTO_TCP,
			.src = SERVER,
			.dst = CLIENT,
			.sport = 80,
			.dport = 4000,
			.seq = 778,
			.win = 1000,
			.ack = syn.seq + 11,
			.flags = A,
			.len = 5 };
		if (diff > 0x100000 && diff < 0xfff00000U)
			KT(!pk_passes(&p, PF_OUT));
	}
}

/* SACK blocks name the client's numbers: they come back as its own, and the
 * checksum stays right. */
KTEST(pf_tcp_modulated_sack)
{
	struct pk p;
	uint8_t th[60], opt[40] = { 0 };
	uint32_t hlen, diff, n, edge;
	struct mbuf *m;

	pk_boot();
	rules(PF_MODULATE, 0, S, S | A);
	PK_BOTH(family)
	for (n = 1; n <= 4; n++) {
		pk_states_end();
		hlen = family == AF_INET ? 20 : 40;
		p = (struct pk){ .af = family, .proto = IPPROTO_TCP,
			.src = CLIENT, .dst = SERVER, .sport = 4000,
			.dport = 80, .seq = 0xfffffff0U, .win = 1000,
			.flags = S };
		KT((m = pk_through(pk_make(&p, NULL), family, PF_IN)) != NULL);
		KT_EQ(m_copydata(m, hlen, 20, th), 0);
		diff = be32dec(th + 4) - p.seq;
		m_freem(m);
		/* two fillers, kind, length, blocks; behind the header */
		opt[0] = opt[1] = 1;
		opt[2] = 5;
		opt[3] = (uint8_t)(2 + 8 * n);
		for (uint32_t i = 0; i < 2 * n; i++)
			be32enc(opt + 4 + 4 * i, p.seq + diff + 10 * i);
		p = (struct pk){ .af = family, .proto = IPPROTO_TCP,
			.src = SERVER, .dst = CLIENT, .sport = 80,
			.dport = 4000, .seq = 777, .win = 1000,
			.ack = p.seq + diff + 1, .flags = S | A,
			.len = (uint16_t)(4 + 8 * n) };
		m = pk_make(&p, opt);
		th[0] = (uint8_t)((20 + 4 + 8 * n) / 4 << 4);
		KT_EQ(m_copyback(m, hlen + 12, 1, th), 0);
		m->m_pkthdr.csum_flags |= M_TCP_CSUM_OUT;
		KT_EQ(in_cksum_finish(&m, family), 0);
		m->m_pkthdr.csum_flags = 0;
		KT((m = pk_through(m, family, PF_OUT)) != NULL);
		KT_EQ(m_copydata(m, hlen, 24 + 8 * n, th), 0);
		KT_EQ(be32dec(th + 8), 0xfffffff1U);
		for (uint32_t i = 0; i < 2 * n; i++) {
			edge = be32dec(th + 24 + 4 * i);
			KT_EQ(edge, 0xfffffff0U + 10 * i);
		}
		KT(in_cksum_verify(m, family, IPPROTO_TCP, hlen, 24 + 8 * n));
		m_freem(m);
	}
}

/* A segment that answers a SYN with a connection of long ago is dropped, and
 * one into the open connection too. */
KTEST(pf_tcp_old_connections)
{
	pk_boot();
	rules(PF_KEEPSTATE, 0, S, S | A);
	PK_BOTH(family)
	{
		af = family;
		pk_states_end();
		KT(seg('>', S, 0, 0, 0, 1000, 0));
		KT(!seg('<', A, 0, 900000, 0, 1000, 0));
		KT(seg('>', S, 0, 0, 0, 1000, 0)); /* it comes again */
		KT(seg('<', S | A, 0, 1, 0, 1000, 0));
		KT(seg('>', A, 1, 1, 0, 1000, 0));
		KT(!seg('<', A, 800000, 1, 10, 1000, 0));
		KT(!seg('>', A, 1, 500000, 10, 1000, 0));
		KT(seg('>', A, 1, 1, 10, 1000, 0));
	}
}
