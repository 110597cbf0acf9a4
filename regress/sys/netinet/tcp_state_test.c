/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Every state by every event: what comes of it and what is answered, in both
 * families (RFC 9293 3.10, RFC 5961).
 */

#include <sys/uidinfo.h>
#include "tcpkit.h"

#include <netinet/in_pcb_row.h>

/* --- the way to a state --- */

static void
in(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	struct kit_seg k = { .flags = flags,
		.seq = seq,
		.ack = ack,
		.len = len,
		.win = 65535 };

	kit_in(&k);
}

static void
shut(struct socket *so)
{
	so->so_state |= SS_CANTSEND;
	so->so_proto->shutdown(so);
}

/* NULL for CLOSED: there is nobody. */
static struct socket *
reach(enum tcp_state s)
{
	struct socket *so;

	kit_port = MY_PORT;
	kit_iss = 77;
	if (s == TCPS_CLOSED)
		return (NULL);
	if (s == TCPS_LISTEN)
		return (kit_listen());
	so = kit_connect();
	if (s == TCPS_SYN_SENT)
		return (so);
	in(s == TCPS_SYN_RCVD ? TH_SYN : TH_SYN | TH_ACK, 0, 1, 0);
	if (s == TCPS_CLOSE_WAIT || s == TCPS_LAST_ACK)
		in(TH_FIN | TH_ACK, 1, 1, 0);
	if (s == TCPS_FIN_WAIT_1 || s == TCPS_FIN_WAIT_2 || s == TCPS_CLOSING ||
	    s == TCPS_LAST_ACK || s == TCPS_TIME_WAIT)
		shut(so);
	if (s == TCPS_CLOSING)
		in(TH_FIN | TH_ACK, 1, 1, 0);
	if (s == TCPS_FIN_WAIT_2 || s == TCPS_TIME_WAIT)
		in(TH_ACK, 1, 2, 0);
	if (s == TCPS_TIME_WAIT)
		in(TH_FIN | TH_ACK, 1, 2, 0);
	KT_STR(tcp_state_name(kit_tp(so)->t_state), tcp_state_name(s));
	return (so);
}

static void
leave(struct socket *so)
{
	if (so == NULL)
		return;
	if (kit_tp(so)->t_state != TCPS_CLOSED)
		so->so_proto->abort(so);
	soclose(so);
}

/* --- what can happen --- */

enum what {
	SYN,       /* a new SYN, in the window where there is one */
	SYN_AGAIN, /* the peer's first one */
	SYNACK,    /* that answers our SYN */
	ACK,       /* of all we sent */
	ACK_NEVER, /* of what we never sent */
	ACK_OLD,   /* far below what is under way */
	RST,       /* exactly where it has to be */
	RST_NEAR,  /* in the window, elsewhere */
	RST_FAR,   /* outside of it */
	DATA,      /* the next bytes */
	DATA_OLD,  /* bytes that came before */
	DATA_FAR,  /* outside of the window */
	FIN,       /* the next in order */
	FIN_AGAIN, /* one that came before */
	NONE,      /* no flag at all */
	SHUT,      /* the program ends its side */
	NOFAMILY,  /* connect(2) with no family: it begins anew */
	CLOSE,     /* the program is gone */
	ABORT,     /* and wants the peer to know */
	NWHAT
};

/* Where the peer's next byte stands, and the end of what we sent. */
static uint32_t
nxt(const struct socket *so)
{
	const struct tcpcb *tp = so != NULL ? kit_tp(so) : NULL;

	if (tp == NULL || tp->t_state < TCPS_SYN_RCVD)
		return (1);
	return (tp->t_rcv_nxt - PEER_ISS);
}

static uint32_t
sent(const struct socket *so)
{
	const struct tcpcb *tp = so != NULL ? kit_tp(so) : NULL;

	if (tp == NULL || tp->t_state < TCPS_SYN_SENT)
		return (1);
	return (tp->t_snd_nxt - kit_iss);
}

static void
happen(struct socket *so, enum what w)
{
	uint32_t n = nxt(so), s = sent(so);

	switch (w) {
	case SYN:
		in(TH_SYN, n + 10, 0, 0);
		break;
	case SYN_AGAIN:
		in(TH_SYN, 0, 0, 0);
		break;
	case SYNACK:
		in(TH_SYN | TH_ACK, 0, 1, 0);
		break;
	case ACK:
		in(TH_ACK, n, s, 0);
		break;
	case ACK_NEVER:
		in(TH_ACK, n, s + 1000, 0);
		break;
	case ACK_OLD:
		in(TH_ACK, n, s - 10000000, 0);
		break;
	case RST:
		in(TH_RST | TH_ACK, n, s, 0);
		break;
	case RST_NEAR:
		in(TH_RST, n + 100, 0, 0);
		break;
	case RST_FAR:
		in(TH_RST, n + 100000000, 0, 0);
		break;
	case DATA:
		in(TH_ACK | TH_PUSH, n, s, 5);
		break;
	case DATA_OLD:
		in(TH_ACK, n - 1, s, 1);
		break;
	case DATA_FAR:
		in(TH_ACK, n + 100000000, s, 5);
		break;
	case FIN:
		in(TH_FIN | TH_ACK, n, s, 0);
		break;
	case FIN_AGAIN:
		in(TH_FIN | TH_ACK, n - 1, s, 0);
		break;
	case NONE:
		in(0, n, 0, 0);
		break;
	case SHUT:
		shut(so);
		break;
	case NOFAMILY:
		if ((so->so_state & SS_LISTEN) != 0)
			so_queue_end(so);
		KT_EQ(so->so_proto->disconnect(so), 0);
		break;
	case CLOSE:
		soclose(so);
		break;
	case ABORT:
		so->so_proto->abort(so);
		soclose(so);
		break;
	case NWHAT:
		break;
	}
}

/*
 * A cell: what was answered (- nothing, A ACK, R RST, S SYN-ACK, F FIN) and
 * the state then; CLOSED also where there is nothing any more.
 */
/* clang-format off */
#define C  TCPS_CLOSED
#define L  TCPS_LISTEN
#define SS TCPS_SYN_SENT
#define SR TCPS_SYN_RCVD
#define E  TCPS_ESTABLISHED
#define CW TCPS_CLOSE_WAIT
#define F1 TCPS_FIN_WAIT_1
#define CL TCPS_CLOSING
#define LA TCPS_LAST_ACK
#define F2 TCPS_FIN_WAIT_2
#define TW TCPS_TIME_WAIT
static const struct {
	const char *answer;
	uint8_t state[NWHAT];
} table[TCPS_NSTATES] = {
	/*	   SYN again S-A  ACK never old RST near far DATA old  far FIN again none SHUT NOFAMILY CLOSE ABORT */
	[C]  = { "RRRRRR" "---" "RRR" "RRR" "----", {
		    C,	C,  C,	 C,  C,	 C,  C,	 C,  C,	 C,  C,	 C,  C,	 C,  C,	 C,  C,  C,  C } },
	[L]  = { "SSRRRR" "---" "RRR" "RR-" "----", {
		    L,	L,  L,	 L,  L,	 L,  L,	 L,  L,	 L,  L,	 L,  L,	 L,  L,	 L,  C,  C,  C } },
	[SS] = { "SSA-RR" "---" "---" "---" "----", {
		    SR, SR, E,	 SS, SS, SS, C,	 SS, SS, SS, SS, SS, SS, SS, SS, SS,  C, C,  C } },
	[SR] = { "AS--RR" "-A-" "-AA" "AA-" "-R-R", {
		    SR, SR, E,	 E,  SR, SR, C,	 SR, SR, E,  SR, SR, CW, SR, SR, SR,  C, SR, C } },
	[E]  = { "AAA-AA" "-A-" "-AA" "AA-" "FRFR", {
		    E,	E,  E,	 E,  E,	 E,  C,	 E,  E,	 E,  E,	 E,  CW, E,  E,	 F1,  C, F1, C } },
	[CW] = { "AAA-AA" "-A-" "-AA" "-A-" "FRFR", {
		    CW, CW, CW,	 CW, CW, CW, C,	 CW, CW, CW, CW, CW, CW, CW, CW, LA,  C, LA, C } },
	[F1] = { "AAA-AA" "-A-" "-AA" "AA-" "-R-R", {
		    F1, F1, F1,	 F2, F1, F1, C,	 F1, F1, F2, F1, F1, TW, F1, F1, F1,  C, F1, C } },
	[CL] = { "AAA-AA" "-A-" "-AA" "-A-" "-R-R", {
		    CL, CL, CL,	 TW, CL, CL, C,	 CL, CL, TW, CL, CL, TW, CL, CL, CL,  C, CL, C } },
	[LA] = { "AAA-AA" "-A-" "-AA" "-A-" "-R-R", {
		    LA, LA, LA,	 C,  LA, LA, C,	 LA, LA, C,  LA, LA, C,	 LA, LA, LA,  C, LA, C } },
	[F2] = { "AAA-AA" "-A-" "-AA" "AA-" "-R-R", {
		    F2, F2, F2,	 F2, F2, F2, C,	 F2, F2, F2, F2, F2, TW, F2, F2, F2,  C, F2, C } },
	[TW] = { "RAA-AA" "---" "-AA" "-A-" "----", {
		    C,	TW, TW,	 TW, TW, TW, TW, TW, TW, TW, TW, TW, TW, TW, TW, TW,  C, TW, C } },
};
/* clang-format on */

static char
answered(void)
{
	char c = '-';
	struct kit_out o;

	while (kit_out(&o)) {
		if ((o.flags & TH_RST) != 0)
			c = 'R';
		else if ((o.flags & TH_SYN) != 0)
			c = 'S';
		else if ((o.flags & TH_FIN) != 0)
			c = 'F';
		else
			c = 'A';
	}
	return (c);
}

static enum tcp_state
state_now(void)
{
	const struct inpcb *inp = TAILQ_FIRST(&tcp_pcbs.all);
	const struct tcpcb *tp = inp != NULL ? inp->inp_ppcb : NULL;

	return (tp != NULL ? tp->t_state : TCPS_CLOSED);
}

static void
cell(enum tcp_state s, enum what w)
{
	struct socket *so = reach(s);
	enum tcp_state then;
	char got, said[64], want[64];

	kit_quiet();
	happen(so, w);
	got = answered();
	then = state_now();
	snprintf(said, sizeof(said), "%s by %d: %c %s", tcp_state_name(s),
	    (int)w, got, tcp_state_name(then));
	snprintf(want, sizeof(want), "%s by %d: %c %s", tcp_state_name(s),
	    (int)w, table[s].answer[w],
	    tcp_state_name((enum tcp_state)table[s].state[w]));
	KT_STR(said, want);
	if (w == NOFAMILY) { /* as a new one: it can listen */
		KT_EQ(so->so_proto->listen(so), 0);
		KT_STR(tcp_state_name(kit_tp(so)->t_state), "LISTEN");
	}
	if (w < CLOSE)
		leave(so);
	kit_run(400000000); /* whatever lingers ends */
	KT_EQ(tcp_pcbs.count, 0);
}

static void
cells(sa_family_t af)
{
	int s, w;

	kit_up(af);
	for (s = 0; s < TCPS_NSTATES; s++)
		for (w = 0; w < NWHAT; w++)
			if (s != TCPS_CLOSED || w < SHUT)
				cell((enum tcp_state)s, (enum what)w);
}

KTEST(tcp_states_by_events_inet)
{
	cells(AF_INET);
}

KTEST(tcp_states_by_events_inet6)
{
	cells(AF_INET6);
}

/* --- the table itself --- */

KTEST(tcp_state_names_as_programs_know_them)
{
	static const char *const names[] = { TCP_STATE_NAMES };
	unsigned int i;

	KT_EQ(nitems(names), TCPS_NSTATES);
	for (i = 0; i < nitems(names); i++)
		KT_STR(tcp_state_name((enum tcp_state)i), names[i]);
}

/* All paths through the table end; nothing but END and 2MSL leaves TIME_WAIT. */
KTEST(tcp_state_table_is_sound)
{
	bool seen[TCPS_NSTATES] = { [TCPS_CLOSED] = true };
	int s, e, round;

	for (round = 0; round < TCPS_NSTATES; round++)
		for (s = 0; s < TCPS_NSTATES; s++)
			for (e = 0; e < TCPE_NEVENTS; e++)
				if (seen[s] &&
				    tcp_state_next((enum tcp_state)s,
					(enum tcp_event)e) != TCPS_NSTATES)
					seen[tcp_state_next((enum tcp_state)s,
					    (enum tcp_event)e)] = true;
	for (s = 0; s < TCPS_NSTATES; s++) {
		KT(seen[s]);
		KT_EQ(tcp_state_next((enum tcp_state)s, TCPE_END), TCPS_CLOSED);
		KT((tcp_state_flags((enum tcp_state)s) & TSF_FINQ) == 0 ||
		    tcp_state_next((enum tcp_state)s, TCPE_FINACKED) !=
			TCPS_NSTATES);
		KT(((tcp_state_flags((enum tcp_state)s) & TSF_RECV) != 0) ==
		    (tcp_state_next((enum tcp_state)s, TCPE_FIN) !=
			TCPS_NSTATES));
	}
	for (e = 0; e < TCPE_NEVENTS; e++)
		if (e != TCPE_END && e != TCPE_2MSL)
			KT_EQ(tcp_state_next(TCPS_TIME_WAIT, (enum tcp_event)e),
			    TCPS_NSTATES);
}
