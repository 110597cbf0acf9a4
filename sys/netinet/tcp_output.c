/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What to send next.
 *
 * tcp_output() asks next_piece() again and again; its rungs:
 *	1. what was lost, in order, as long as the pipe is below cwnd
 *	2. new bytes, as far as the window, cwnd and Nagle (RFC 9293 3.7.4) and
 *	   the silly window rule (3.8.6.2.1) let them; large runs at once, cut
 *	   into segments where the link begins
 *	3. in bad times, when there is nothing new: what may be lost (RFC 6675
 *	   4, NextSeg rule 3)
 * Our FIN rides on the last byte, or goes alone.  Whatever leaves carries the
 * acknowledgment; if nothing does and one is due, it goes alone.
 *
 * What the layers below refuse counts as sent: it is sent again in time.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>

#define RUN_MAX   61440U /* of payload at once: headers and options fit behind */
#define ECN_ECT0  2
#define BURST_MAX 64

struct piece {
	uint32_t seq, len;
	bool fin, again;
};

/* --- what every segment says --- */

/* The receive buffer as it may be used now. */
static uint64_t
rcv_size(const struct socket *so)
{
	return (so->so_rcv.sb_cc + sbroom(so, &so->so_rcv));
}

uint32_t
tcp_window(const struct tcpcb *tp)
{
	const struct socket *so = tcp_so(tp);
	uint64_t space = sbroom(so, &so->so_rcv), size = rcv_size(so);
	uint32_t told = tp->t_rcv_adv - tp->t_rcv_nxt;

	if (space < MIN(size / 2, (uint64_t)tp->t_mss))
		space = 0; /* RFC 9293 3.8.6.2.2 */
	space = tcp_clamp(tp->t_inp, space);
	if ((int32_t)told > 0)
		space = MAX(space, (uint64_t)told);
	return (
	    (uint32_t)MIN(space, (uint64_t)TCP_WINDOW_MAX << tp->t_rcv_scale));
}

bool
tcp_window_worth(const struct tcpcb *tp)
{
	uint64_t size = rcv_size(tcp_so(tp));
	uint32_t left = tp->t_rcv_adv - tp->t_rcv_nxt,
		 gain = tcp_window(tp) - left;

	return (
	    gain >= size / 2 || (gain >= 2U * tp->t_mss && left <= size / 4));
}

/* The window for the header; rcv_adv is what the peer will know. */
static uint32_t
say_window(struct tcpcb *tp)
{
	uint32_t win = tcp_window(tp), told = tp->t_rcv_adv - tp->t_rcv_nxt,
		 w = win >> tp->t_rcv_scale;

	if ((int32_t)told > 0 && w << tp->t_rcv_scale < told &&
	    w < TCP_WINDOW_MAX)
		w++; /* rounding must not take back (RFC 7323 2.4) */
	tp->t_rcv_adv = seq_max(tp->t_rcv_adv,
	    tp->t_rcv_nxt + (w << tp->t_rcv_scale));
	return (w);
}

static void
say_options(struct tcpcb *tp, struct tcp_opts *o, uint64_t now)
{
	unsigned int max = 4;

	if ((tp->t_flags & TF_TSTAMP) != 0) {
		o->has_tstamp = true;
		o->tsval = tcp_ts_now(tp->t_ts_offset, now);
		o->tsecr = tp->t_ts_recent;
		max = 3;
	}
	if ((tp->t_flags & TF_SACK) != 0 &&
	    (tp->t_nreass != 0 ||
		tp->t_dsack.start != tp->t_dsack.end)) {
		o->nsacks = (uint8_t)tcp_reass_sacks(tp, o->sack, max);
		tcpstat_inc(TCPC_SACKS_OUT);
	}
}

/* Everything that does not depend on the piece.  key lives with the caller. */
static void
say(struct tcpcb *tp, struct tcp_out *o, struct in_pcb_key *key, uint64_t now)
{
	tcp_key(tp, key);
	*o = (struct tcp_out){ .key = key,
		.inp = tp->t_inp,
		.seq = tp->t_snd_nxt,
		.ack = tp->t_rcv_nxt,
		.scope = tp->t_inp->inp_scope,
		.md5 = tp->t_md5,
		.flags = TH_ACK,
		.df = (tp->t_flags & TF_NODF) == 0 };
	o->win = say_window(tp);
	say_options(tp, &o->opts, now);
	if ((tp->t_flags & TF_ECN_ECHO) != 0)
		o->flags |= TH_ECE;
}

/* It leaves, and with it the acknowledgment. */
static int
go(struct tcpcb *tp, const struct tcp_out *o, uint64_t now)
{
	tp->t_flags &= ~(uint32_t)TF_ACKNOW;
	tp->t_rcv_told = tp->t_rcv_nxt;
	tcp_timer_clear(tp, TCPT_DELACK);
	if (o->payload != NULL || (o->flags & (TH_SYN | TH_FIN)) != 0)
		tp->t_sent_at = now;
	return (tcp_emit(o));
}

/* --- segments without payload --- */

void
tcp_send_ack(struct tcpcb *tp, uint64_t now)
{
	struct in_pcb_key key;
	struct tcp_out o;

	say(tp, &o, &key, now);
	(void)go(tp, &o, now);
}

void
tcp_send_probe(struct tcpcb *tp, uint64_t now)
{
	struct in_pcb_key key;
	struct tcp_out o;

	say(tp, &o, &key, now);
	o.seq = tp->t_snd_una - 1;
	(void)go(tp, &o, now);
}

void
tcp_send_rst(struct tcpcb *tp, uint64_t now)
{
	struct in_pcb_key key;
	struct tcp_out o;

	tcp_key(tp, &key);
	o = (struct tcp_out){ .key = &key,
		.inp = tp->t_inp,
		.seq = tp->t_snd_nxt,
		.ack = tp->t_rcv_nxt,
		.scope = tp->t_inp->inp_scope,
		.md5 = tp->t_md5,
		.flags = TH_RST | TH_ACK };
	tcpstat_inc(TCPC_RST_OUT);
	(void)tcp_emit(&o);
}

static void
syn_options(struct tcpcb *tp, struct tcp_opts *o, uint64_t now)
{
	const struct inpcb *inp = tp->t_inp;

	o->has_mss = true;
	o->mss = tcp_mss_offer(tcp_af(tp), inp->inp_rtable, &inp->inp_faddr,
	    inp->inp_scope);
	if (tp->t_mss_user != 0)
		o->mss = MIN(o->mss, tp->t_mss_user);
	o->has_wscale = (tp->t_flags & TF_WSCALE) != 0;
	o->wscale = tp->t_rcv_scale;
	o->sackok = (tp->t_flags & TF_SACK) != 0;
	o->has_tstamp = (tp->t_flags & TF_TSTAMP) != 0;
	o->tsval = tcp_ts_now(tp->t_ts_offset, now);
	o->tsecr = tp->t_ts_recent;
}

void
tcp_send_syn(struct tcpcb *tp, uint64_t now)
{
	bool answer = tp->t_state == TCPS_SYN_RCVD;
	struct socket *so = tcp_so(tp);
	struct in_pcb_key key;
	struct tcp_out o;

	tcp_key(tp, &key);
	o = (struct tcp_out){ .key = &key,
		.inp = tp->t_inp,
		.seq = tp->t_iss,
		.ack = answer ? tp->t_rcv_nxt : 0,
		.scope = tp->t_inp->inp_scope,
		.md5 = tp->t_md5,
		.flags = answer ? TH_SYN | TH_ACK : TH_SYN,
		.df = true };
	o.win = (uint32_t)tcp_clamp(tp->t_inp,
	    MIN(sbspace(&so->so_rcv), (uint64_t)TCP_WINDOW_MAX));
	tp->t_rcv_adv = tp->t_rcv_nxt + o.win;
	syn_options(tp, &o.opts, now);
	if (!answer && tcp_ecn == 1 && tp->t_backoff == 0)
		o.flags |= TH_ECE | TH_CWR; /* RFC 3168 6.1.1 */
	else if (answer && (tp->t_flags & TF_ECN) != 0)
		o.flags |= TH_ECE;
	if (tp->t_backoff == 0) {
		tp->t_flags |= TF_RTT;
		tp->t_rtt_seq = tp->t_iss;
		tp->t_rtt_start = tcp_short(now);
	}
	tp->t_snd_nxt = tp->t_iss + 1;
	(void)go(tp, &o, now);
}

/* --- bytes of the program --- */

/* Sequence number of the first byte in so_snd. */
static uint32_t
snd_first(const struct tcpcb *tp)
{
	return (tp->t_snd_una == tp->t_iss ? tp->t_iss + 1 : tp->t_snd_una);
}

/* The packet of so_snd that holds seq; from the place known last. */
static struct mbuf *
snd_find(struct tcpcb *tp, uint32_t seq)
{
	if (tp->t_at_m == NULL || seq_lt(seq, tp->t_at_seq)) {
		tp->t_at_m = tcp_so(tp)->so_snd.sb_q.ml_head;
		tp->t_at_seq = snd_first(tp);
	}
	while (tp->t_at_m != NULL &&
	    seq - tp->t_at_seq >= tp->t_at_m->m_pkthdr.len) {
		tp->t_at_seq += tp->t_at_m->m_pkthdr.len;
		tp->t_at_m = tp->t_at_m->m_nextpkt;
	}
	return (tp->t_at_m);
}

/* len bytes from seq on, sharing their storage.  NULL: no memory. */
static struct mbuf *
snd_copy(struct tcpcb *tp, uint32_t seq, uint32_t len)
{
	struct mbuf *out, *m, *piece;
	uint32_t off, n;

	if ((out = m_gethdr(MT_DATA)) == NULL)
		return (NULL);
	out->m_len = out->m_pkthdr.len = 0;
	while (len > 0) {
		m = snd_find(tp, seq);
		KASSERT(m != NULL);
		off = seq - tp->t_at_seq;
		n = MIN(len, m->m_pkthdr.len - off);
		if ((piece = m_copym(m, off, n)) == NULL) {
			m_freem(out);
			return (NULL);
		}
		m_cat_pkt(out, piece);
		seq += n;
		len -= n;
	}
	return (out);
}

/* --- the rungs --- */

static bool
fin_sent(const struct tcpcb *tp)
{
	return ((tcp_state_flags(tp->t_state) & TSF_FINQ) != 0 &&
	    seq_lt(tcp_data_end(tp), tp->t_snd_nxt));
}

/* How far the peer's window goes. */
static uint32_t
edge(const struct tcpcb *tp)
{
	return (tp->t_snd_una + tp->t_snd_wnd);
}

/* What was sent before, between from and to, goes again. */
static bool
piece_again(const struct tcpcb *tp, uint32_t to, struct piece *p)
{
	uint32_t from = seq_max(tp->t_rxt_nxt, snd_first(tp)),
		 end = tcp_data_end(tp);
	struct tcp_sack hole;

	if (!tcp_sack_hole(tp, from, to, &hole))
		return (false);
	if (hole.end == tp->t_snd_nxt) /* new bytes may fill the segment */
		hole.end = seq_max(end, hole.end);
	hole.end = seq_min(hole.end, hole.start + tp->t_mss);
	p->again = true;
	p->seq = hole.start;
	p->len = seq_min(hole.end, end) - hole.start;
	if (hole.start == end + 1 || !seq_lt(hole.start, edge(tp)))
		return (false);
	p->len = MIN(p->len, edge(tp) - hole.start);
	p->fin = (tcp_state_flags(tp->t_state) & TSF_FINQ) != 0 &&
	    p->seq + p->len == end;
	return (p->len > 0 || p->fin);
}

/* Do bytes from seq on have an urgent one before them, or among them? */
static bool
is_urgent(const struct tcpcb *tp, uint32_t seq)
{
	return ((tp->t_flags & TF_URGENT) != 0 && seq_lt(seq, tp->t_snd_up));
}

/* May len bytes, which are all there is, leave although they are few? */
static bool
few_may_go(const struct tcpcb *tp, uint32_t len)
{
	if ((tcp_state_flags(tp->t_state) & TSF_FINQ) != 0)
		return (true);
	if (is_urgent(tp, tp->t_snd_nxt))
		return (true);
	if ((tp->t_flags & TF_CORK) != 0)
		return (false);
	return (
	    (tp->t_flags & TF_NODELAY) != 0 || tp->t_snd_una == tp->t_snd_nxt);
}

static bool
piece_new(const struct tcpcb *tp, uint32_t pipe, struct piece *p)
{
	uint32_t end = tcp_data_end(tp), mss = tp->t_mss, avail, len;
	bool finq = (tcp_state_flags(tp->t_state) & TSF_FINQ) != 0;

	if (fin_sent(tp))
		return (false);
	p->seq = tp->t_snd_nxt;
	p->again = false;
	avail = end - tp->t_snd_nxt;
	if (avail == 0) {
		p->len = 0;
		p->fin = finq;
		return (finq);
	}
	if (!seq_lt(p->seq, edge(tp)) || pipe >= tp->t_cwnd)
		return (false);
	len = MIN(avail, MIN(edge(tp) - p->seq, tp->t_cwnd - pipe));
	if (tp->t_md5 != NULL || is_urgent(tp, p->seq))
		len = MIN(len, mss); /* each is signed, or has its own pointer */
	len = MIN(len, RUN_MAX);
	if (len > mss && (len < avail || !few_may_go(tp, len)))
		len -= len % mss;
	p->len = len;
	p->fin = finq && len == avail;
	if (len >= mss || (len == avail && few_may_go(tp, len)))
		return (true);
	return (len >= tp->t_snd_wndmax / 2 && len < avail &&
	    len == edge(tp) - p->seq); /* a peer with a small buffer */
}

static bool
next_piece(const struct tcpcb *tp, uint32_t pipe, struct piece *p)
{
	bool room = pipe + tp->t_mss <= tp->t_cwnd,
	     begins = (tp->t_flags & TF_RECOVERY) != 0 && tp->t_undo_left == 0;
	const struct tcp_range *last;

	/* the first of what is lost goes in any case (RFC 5681 3.2, RFC 6675 5) */
	if ((room || begins) && piece_again(tp, tp->t_lost_to, p))
		return (true);
	if (piece_new(tp, pipe, p))
		return (true);
	last = TAILQ_LAST(&tp->t_sacked, tcp_ranges);
	return (room && last != NULL &&
	    (tp->t_flags & (TF_RECOVERY | TF_LOSS)) != 0 &&
	    piece_again(tp, last->r_start, p));
}

/* --- sending --- */

static void
note_sent(struct tcpcb *tp, const struct piece *p, uint64_t now)
{
	uint32_t end = p->seq + p->len + p->fin;

	if (p->again) {
		tp->t_nrexmt++;
		tp->t_undo_left++;
		tcpstat_inc(TCPC_REXMT);
		tcpstat_add(TCPC_REXMT_BYTES, p->len);
		if (p->seq == tp->t_snd_una)
			tp->t_rxt_at = tcp_short(now);
		tp->t_rxt_nxt = end;
		tp->t_flags &= ~(uint32_t)TF_RTT; /* RFC 6298 3 */
	} else if ((tp->t_flags & (TF_RTT | TF_LOSS)) == 0) {
		tp->t_flags |= TF_RTT;
		tp->t_rtt_seq = p->seq;
		tp->t_rtt_start = tcp_short(now);
	}
	tcpstat_add(TCPC_OUT_BYTES, p->len);
	tp->t_snd_nxt = seq_max(tp->t_snd_nxt, end);
}

/* The link does not take it: with smaller segments, all goes again. */
static void
too_big(struct tcpcb *tp, const struct piece *p)
{
	if (!tcp_mss_update(tp)) {
		tp->t_flags |= TF_NODF; /* then let it be cut */
		return;
	}
	tp->t_lost_to = tp->t_snd_nxt;
	tp->t_rxt_nxt = seq_min(tp->t_rxt_nxt, p->seq);
}

/* Blocks that do not fit behind this payload go alone.  True: they shall. */
static bool
sacks_apart(const struct tcpcb *tp, struct tcp_opts *o, uint32_t len)
{
	if (o->nsacks == 0 || len + 4U + 8U * o->nsacks <= tp->t_mss)
		return (false);
	o->nsacks = 0;
	return (true);
}

/* False: no memory, nothing has changed; or the layers below refused. */
static bool
send_piece(struct tcpcb *tp, const struct piece *p, uint64_t now)
{
	struct in_pcb_key key;
	struct tcp_out o;
	struct mbuf *payload = NULL;
	bool apart;
	int error;

	if (p->len > 0 && (payload = snd_copy(tp, p->seq, p->len)) == NULL)
		return (false);
	say(tp, &o, &key, now);
	apart = p->len > 0 && sacks_apart(tp, &o.opts, p->len);
	o.seq = p->seq;
	o.payload = payload;
	o.mss = tp->t_mss;
	if (p->seq + p->len == tcp_data_end(tp))
		o.flags |= TH_PUSH;
	if (p->fin)
		o.flags |= TH_FIN;
	if (is_urgent(tp, p->seq) && tp->t_snd_up - p->seq <= UINT16_MAX) {
		o.flags |= TH_URG;
		o.urp = (uint16_t)(tp->t_snd_up - p->seq);
	}
	/* RFC 3168 6.1.5, 6.1.6: not what goes again, nor a window probe */
	if ((tp->t_flags & TF_ECN) != 0 && !p->again && p->len > 0 &&
	    tp->t_snd_wnd > 0) {
		o.ecn = ECN_ECT0;
		if ((tp->t_flags & TF_ECN_CWR) != 0)
			o.flags |= TH_CWR;
		tp->t_flags &= ~(uint32_t)TF_ECN_CWR;
	}
	if (tp->t_prompt > 0 && p->len > 0 && !p->again &&
	    now - tp->t_heard_at < (uint64_t)tcp_delack_ms * 1000)
		tp->t_prompt--;
	note_sent(tp, p, now);
	error = go(tp, &o, now);
	if (apart)
		tp->t_flags |= TF_ACKNOW;
	if (error == EMSGSIZE) {
		too_big(tp, p);
		return (true);
	}
	if (error != 0 && error != ENOBUFS)
		tp->t_softerror = error;
	return (error == 0);
}

void
tcp_send_persist(struct tcpcb *tp, uint64_t now)
{
	uint32_t end = tcp_data_end(tp);
	struct piece p = { .seq = snd_first(tp) };

	if (seq_lt(tp->t_snd_nxt, edge(tp)) && tp->t_snd_wnd > 0) {
		p.seq = tp->t_snd_nxt; /* little, but it fits */
		p.len = MIN(MIN(end - p.seq, edge(tp) - p.seq), tp->t_mss);
	} else if (seq_lt(p.seq, end))
		p.len = 1;
	p.fin = (tcp_state_flags(tp->t_state) & TSF_FINQ) != 0 &&
	    p.seq + p.len == end;
	if (!send_piece(tp, &p, now))
		return;
	if (tp->t_snd_wnd == 0) { /* once there is room, all goes again */
		tp->t_lost_to = tp->t_snd_nxt;
		tp->t_rxt_nxt = tp->t_snd_una;
		tp->t_flags &= ~(uint32_t)TF_RTT;
	}
}

void
tcp_send_tail(struct tcpcb *tp, uint64_t now)
{
	uint32_t mark = tp->t_rxt_nxt, end = tcp_data_end(tp), left;
	struct piece p = { .seq = tp->t_snd_nxt };

	left = tp->t_undo_left;
	if (seq_lt(p.seq, end) && seq_lt(p.seq, edge(tp))) {
		p.len = MIN(MIN(end - p.seq, edge(tp) - p.seq), tp->t_mss);
		p.fin = (tcp_state_flags(tp->t_state) & TSF_FINQ) != 0 &&
		    p.seq + p.len == end;
		(void)send_piece(tp, &p, now);
		return;
	}
	p.again = true;
	p.seq = seq_max(snd_first(tp), tp->t_snd_nxt - tp->t_mss);
	p.len = seq_min(tp->t_snd_nxt, end) - p.seq;
	p.fin = fin_sent(tp);
	tp->t_tail_end = tp->t_snd_nxt;
	tp->t_flags |= TF_TAILAGAIN;
	(void)send_piece(tp, &p, now);
	tp->t_rxt_nxt = mark; /* it is no part of a recovery */
	tp->t_undo_left = left;
}

static unsigned int
send_pieces(struct tcpcb *tp, uint64_t now)
{
	uint32_t pipe = tcp_pipe(tp);
	unsigned int n = 0;
	struct piece p;

	while (n < BURST_MAX && next_piece(tp, pipe, &p)) {
		n++;
		if (!send_piece(tp, &p, now))
			break;
		pipe += p.len + p.fin;
	}
	return (n);
}

void
tcp_output(struct tcpcb *tp, uint64_t now)
{
	uint32_t flags = tcp_state_flags(tp->t_state);

	if ((flags & TSF_SYNCED) == 0 && tp->t_state != TCPS_SYN_RCVD)
		return;
	if ((flags & TSF_SEND) != 0) {
		if (tp->t_snd_una == tp->t_snd_nxt && tp->t_sent_at != 0)
			tcp_cc_idle(tp, now - tp->t_sent_at, now);
		(void)send_pieces(tp, now);
		tcp_timer_guard(tp, now);
	}
	if ((tp->t_flags & TF_ACKNOW) != 0)
		tcp_send_ack(tp, now);
}
