/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Options of a TCP socket, level IPPROTO_TCP, with Linux's numbers.
 *
 * Most are a number of the tcpcb: a row says what it may be, and has a hook
 * each way.  What is not in the table is refused with ENOPROTOOPT.  Options
 * of the levels below go to in_opt.c.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>

/* --- flags and numbers --- */

static int
flag_get(const struct tcpcb *tp, uint32_t flag)
{
	return ((tp->t_flags & flag) != 0);
}

static void
flag_set(struct tcpcb *tp, uint32_t flag, int on)
{
	if (on)
		tp->t_flags |= flag;
	else
		tp->t_flags &= ~flag;
	tcp_output(tp, uptime_us()); /* what waited may go now */
}

static int
get_nodelay(const struct tcpcb *tp)
{
	return (flag_get(tp, TF_NODELAY));
}

static void
set_nodelay(struct tcpcb *tp, int v)
{
	flag_set(tp, TF_NODELAY, v);
}

static int
get_cork(const struct tcpcb *tp)
{
	return (flag_get(tp, TF_CORK));
}

static void
set_cork(struct tcpcb *tp, int v)
{
	flag_set(tp, TF_CORK, v);
}

static int
get_quickack(const struct tcpcb *tp)
{
	return (flag_get(tp, TF_QUICKACK));
}

static void
set_quickack(struct tcpcb *tp, int v)
{
	if (v && tp->t_rcv_nxt != tp->t_rcv_told)
		tp->t_flags |= TF_ACKNOW;
	flag_set(tp, TF_QUICKACK, v);
}

static int
get_maxseg(const struct tcpcb *tp)
{
	return (tp->t_mss);
}

static void
set_maxseg(struct tcpcb *tp, int v)
{
	tp->t_mss_user = (uint16_t)v;
	if ((tcp_state_flags(tp->t_state) & TSF_SYNCED) != 0)
		tcp_mss_update(tp);
}

static void
keep_restart(struct tcpcb *tp)
{
	if ((tcp_so(tp)->so_options & (1U << SO_KEEPALIVE)) != 0 &&
	    (tcp_state_flags(tp->t_state) & TSF_SYNCED) != 0)
		tcp_timer_set(tp, TCPT_KEEP, uptime_us(), 1);
	else if (tp->t_state != TCPS_SYN_SENT)
		tcp_timer_clear(tp, TCPT_KEEP);
}

static int
get_keepidle(const struct tcpcb *tp)
{
	return ((int)tp->t_keepidle_s);
}

static void
set_keepidle(struct tcpcb *tp, int v)
{
	tp->t_keepidle_s = (uint16_t)v;
	keep_restart(tp);
}

static int
get_keepintvl(const struct tcpcb *tp)
{
	return ((int)tp->t_keepintvl_s);
}

static void
set_keepintvl(struct tcpcb *tp, int v)
{
	tp->t_keepintvl_s = (uint16_t)v;
}

static int
get_keepcnt(const struct tcpcb *tp)
{
	return (tp->t_keepcnt);
}

static void
set_keepcnt(struct tcpcb *tp, int v)
{
	tp->t_keepcnt = (uint8_t)v;
}

static int
get_syncnt(const struct tcpcb *tp)
{
	return (tp->t_syncnt);
}

static void
set_syncnt(struct tcpcb *tp, int v)
{
	tp->t_syncnt = (uint8_t)v;
}

static int
get_usertimeout(const struct tcpcb *tp)
{
	return ((int)tp->t_user_timeout_ms);
}

static void
set_usertimeout(struct tcpcb *tp, int v)
{
	tp->t_user_timeout_ms = (uint32_t)v;
}

static const struct {
	int name, min, max;
	int (*get)(const struct tcpcb *tp);
	void (*set)(struct tcpcb *tp, int v);
} rows[] = {
	/* clang-format off */
	{ TCP_NODELAY,	    INT32_MIN, INT32_MAX, get_nodelay,	   set_nodelay },
	{ TCP_CORK,	    INT32_MIN, INT32_MAX, get_cork,	   set_cork },
	{ TCP_QUICKACK,	    INT32_MIN, INT32_MAX, get_quickack,	   set_quickack },
	{ TCP_MAXSEG,	    0, 65495,		  get_maxseg,	   set_maxseg },
	{ TCP_KEEPIDLE,	    1, 32767,		  get_keepidle,	   set_keepidle },
	{ TCP_KEEPINTVL,    1, 32767,		  get_keepintvl,   set_keepintvl },
	{ TCP_KEEPCNT,	    1, 127,		  get_keepcnt,	   set_keepcnt },
	{ TCP_SYNCNT,	    1, 15,		  get_syncnt,	   set_syncnt },
	{ TCP_USER_TIMEOUT, 0, INT32_MAX,	  get_usertimeout, set_usertimeout },
	/* clang-format on */
};

/* --- what few sockets say: in_pcb_rare --- */

#define LINGER2_MAX   120
#define CLAMP_MIN     1152
#define DEFER_LONGEST 120

uint32_t
tcp_defer_s(uint8_t n)
{
	uint32_t wait = 1, sum = 0;

	for (; n > 0; n--) {
		sum += wait;
		wait = MIN(wait * 2, DEFER_LONGEST);
	}
	return (sum);
}

/* The least number of repetitions that takes so long. */
static uint8_t
defer_count(int s)
{
	uint8_t n = 0;

	while (n < UINT8_MAX && s > 0 && tcp_defer_s(n) < (uint32_t)s)
		n++;
	return (n);
}

static bool
is_rare(int name)
{
	return (name == TCP_LINGER2 || name == TCP_WINDOW_CLAMP ||
	    name == TCP_DEFER_ACCEPT);
}

static int
rare_set(struct tcpcb *tp, int name, int v)
{
	struct in_pcb_rare *r;

	if (name == TCP_WINDOW_CLAMP && v == 0 && tp->t_state != TCPS_CLOSED)
		return (EINVAL);
	if ((r = in_pcb_rare(tp->t_inp)) == NULL)
		return (ENOBUFS);
	if (name == TCP_LINGER2)
		r->linger2_s = (int16_t)(v < 0 ? -1 :
			v == 0		       ? 60 :
						 MIN(v, LINGER2_MAX));
	else if (name == TCP_DEFER_ACCEPT)
		r->defer = defer_count(v);
	else
		r->win_clamp = v == 0 ? 0 : MAX((uint32_t)v, CLAMP_MIN);
	return (0);
}

static int
rare_get(const struct tcpcb *tp, int name)
{
	const struct in_pcb_rare *r = tp->t_inp->inp_rare;

	return (name == TCP_LINGER2	   ? r->linger2_s :
		name == TCP_DEFER_ACCEPT ? (int)tcp_defer_s(r->defer) :
					   (int)r->win_clamp);
}

int
tcp_rare_inherit(struct tcpcb *tp, const struct tcpcb *listener)
{
	const struct in_pcb_rare *from = listener->t_inp->inp_rare;
	struct in_pcb_rare *r;

	if (from->linger2_s == tp->t_inp->inp_rare->linger2_s &&
	    from->win_clamp == 0)
		return (0);
	if ((r = in_pcb_rare(tp->t_inp)) == NULL)
		return (ENOBUFS);
	r->linger2_s = from->linger2_s;
	r->win_clamp = from->win_clamp;
	return (0);
}

/* --- what it is doing --- */

/* The first part of what Linux tells. */
struct tcp_info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, scales,
	    unused;
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd;
	uint32_t advmss, reordering, rcv_rtt, rcv_space, total_retrans;
};
_Static_assert(sizeof(struct tcp_info) == 104, "as programs know it");

static const uint8_t linux_state[TCPS_NSTATES] = {
	[TCPS_CLOSED] = 7,
	[TCPS_LISTEN] = 10,
	[TCPS_SYN_SENT] = 2,
	[TCPS_SYN_RCVD] = 3,
	[TCPS_ESTABLISHED] = 1,
	[TCPS_CLOSE_WAIT] = 8,
	[TCPS_FIN_WAIT_1] = 4,
	[TCPS_CLOSING] = 11,
	[TCPS_LAST_ACK] = 9,
	[TCPS_FIN_WAIT_2] = 5,
	[TCPS_TIME_WAIT] = 6,
};

static uint32_t
since_ms(uint64_t then, uint64_t now)
{
	return (then == 0 ? 0 : (uint32_t)((now - then) / 1000));
}

static void
info_fill(const struct tcpcb *tp, struct tcp_info *ti, uint64_t now)
{
	const struct inpcb *inp = tp->t_inp;
	uint32_t mss = MAX(tp->t_mss, 1);
	sa_family_t af = tcp_af(tp);

	*ti = (struct tcp_info){
		.state = linux_state[tp->t_state],
		.retransmits = tp->t_backoff,
		.probes = tp->t_probes,
		.backoff = tp->t_backoff,
		.scales = (uint8_t)(tp->t_snd_scale | tp->t_rcv_scale << 4),
		.rto = (uint32_t)tcp_rto_us(tp),
		.ato = (uint32_t)tcp_delack_ms * 1000,
		.snd_mss = mss,
		.rcv_mss = mss,
		.unacked = (tp->t_snd_nxt - tp->t_snd_una + mss - 1) / mss,
		.sacked = tp->t_sacked_bytes / mss,
		.lost = (tp->t_lost_to - tp->t_snd_una) / mss,
		.last_data_sent = since_ms(tp->t_sent_at, now),
		.last_data_recv = since_ms(tp->t_heard_at, now),
		.last_ack_recv = since_ms(tp->t_heard_at, now),
		.pmtu = ip_pathmtu_to(af, inp->inp_rtable, &inp->inp_faddr,
		    inp->inp_scope),
		.rtt = tp->t_srtt_us,
		.rttvar = tp->t_rttvar_us,
		.snd_ssthresh = tp->t_ssthresh / mss,
		.snd_cwnd = tp->t_cwnd / mss,
		.advmss = tcp_mss_offer(af, inp->inp_rtable, &inp->inp_faddr,
		    inp->inp_scope),
		.reordering = tp->t_reorder,
		.rcv_rtt = tp->t_srtt_us,
		.rcv_space = (uint32_t)tcp_so(tp)->so_rcv.sb_hiwat,
		.total_retrans = tp->t_nrexmt,
	};
	if (tp->t_mss_user != 0)
		ti->advmss = MIN(ti->advmss, (uint32_t)tp->t_mss_user);
	/* timestamps, SACK, window scale, ECN: as Linux numbers them */
	ti->options = (uint8_t)(flag_get(tp, TF_TSTAMP) |
	    flag_get(tp, TF_SACK) << 1 | flag_get(tp, TF_WSCALE) << 2 |
	    flag_get(tp, TF_ECN) << 3);
}

/* --- the calls --- */

static int
put(void *val, socklen_t *len, const void *p, size_t n)
{
	*len = MIN(*len, (socklen_t)n);
	memcpy(val, p, *len);
	return (0);
}

/* Linux gives the whole of a field of 16 bytes. */
static int
congestion_get(const struct tcpcb *tp, void *val, socklen_t *len)
{
	char name[16] = "";

	strlcpy(name, tp->t_cc->name, sizeof(name));
	return (put(val, len, name, sizeof(name)));
}

static int
congestion_set(struct tcpcb *tp, const void *val, socklen_t len)
{
	const struct tcp_cc *cc = tcp_cc_find(val, len);

	if (len == 0)
		return (EINVAL);
	if (cc == NULL)
		return (ENOENT);
	tp->t_cc = cc;
	cc->init(tp, uptime_us());
	return (0);
}

int
tcp_setopt(struct socket *so, int level, int name, const void *val,
    socklen_t len, struct proc *p)
{
	struct inpcb *inp = so->so_pcb;
	struct tcpcb *tp = inp->inp_ppcb;
	unsigned int i;
	int v;

	if (level == SOL_SOCKET && name == SO_KEEPALIVE) {
		keep_restart(tp); /* the bit is set already */
		return (0);
	}
	if (level != IPPROTO_TCP)
		return (in_opt_set(inp, level, name, val, len, p));
	if (name == TCP_CONGESTION)
		return (congestion_set(tp, val, len));
	if (name == TCP_MD5SIG || name == TCP_MD5SIG_EXT)
		return (tcp_md5_set(tp, name == TCP_MD5SIG_EXT, val, len));
	if (name == TCP_ULP) /* of such a name there is none */
		return (len == 0 ? EINVAL : ENOENT);
	if (len < sizeof(v))
		return (EINVAL);
	if (is_rare(name)) {
		memcpy(&v, val, sizeof(v));
		return (rare_set(tp, name, v));
	}
	for (i = 0; i < nitems(rows) && rows[i].name != name; i++)
		;
	if (i == nitems(rows))
		return (ENOPROTOOPT);
	memcpy(&v, val, sizeof(v));
	if (v < rows[i].min || v > rows[i].max)
		return (EINVAL);
	if (name == TCP_MAXSEG && v != 0 && v < TCP_MSS_MIN)
		return (EINVAL); /* 0: what the path allows */
	rows[i].set(tp, v);
	return (0);
}

int
tcp_getopt(struct socket *so, int level, int name, void *val, socklen_t *len,
    struct proc *p)
{
	struct inpcb *inp = so->so_pcb;
	const struct tcpcb *tp = inp->inp_ppcb;
	struct tcp_info ti;
	unsigned int i;
	int v;

	if (level != IPPROTO_TCP)
		return (in_opt_get(inp, level, name, val, len));
	if (name == TCP_CONGESTION)
		return (congestion_get(tp, val, len));
	if (name == TCP_INFO) {
		info_fill(tp, &ti, uptime_us());
		return (put(val, len, &ti, sizeof(ti)));
	}
	if (name == TCP_ULP) {
		*len = 0;
		return (0);
	}
	if (is_rare(name)) {
		v = rare_get(tp, name);
		return (put(val, len, &v, sizeof(v)));
	}
	for (i = 0; i < nitems(rows) && rows[i].name != name; i++)
		;
	if (i == nitems(rows))
		return (ENOPROTOOPT);
	v = rows[i].get(tp);
	return (put(val, len, &v, sizeof(v)));
}
