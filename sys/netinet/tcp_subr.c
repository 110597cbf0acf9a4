/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The life of a connection, and the numbers it begins with.
 *
 * A tcpcb hangs at an in_pcb, which hangs at a socket.  While the program has
 * its descriptor, a connection that ended stays as CLOSED and only its places
 * in the look-up tables go; the rest follows with the socket's detach.  Once
 * the program has gone (TF_GONE) the connection lives on its own until it has
 * said all it had to say, and tcp_end() frees everything.
 *
 * Sequence numbers begin where RFC 6528 says: a clock of 4 us plus a keyed
 * hash of the four numbers.  Timestamps likewise, in milliseconds.
 *
 * How large a segment may be: the least of what the peer takes, the path
 * takes (rt_mtu of a host route, see icmp_pmtu.c), the program asked for, and
 * what got through after silence (tcp_timer.c).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/pool.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>
#include <crypto/siphash.h>

#define HEADERS_INET  40U
#define HEADERS_INET6 60U
#define MSS_LEAST     32U

static struct pool tcp_pool;
static struct siphash_key isn_key, ts_key;
static TAILQ_HEAD(, tcpcb) waits = TAILQ_HEAD_INITIALIZER(waits);
static int nwaits, norphans;

struct in_pcb_table tcp_pcbs;

/* --- numbers to begin with --- */

static uint64_t
key_hash(const struct siphash_key *key, const struct in_pcb_key *k)
{
	uint64_t w[6] = { k->laddr.q[0], k->laddr.q[1], k->faddr.q[0],
		k->faddr.q[1], (uint64_t)k->lport << 16 | k->fport,
		(uint64_t)k->af << 32 | k->rtable };

	return (siphash24_words(key, w, nitems(w)));
}

uint32_t
tcp_isn(const struct in_pcb_key *k, uint64_t now)
{
	return ((uint32_t)(now / 4) + (uint32_t)key_hash(&isn_key, k));
}

uint32_t
tcp_ts_offset(const struct in_pcb_key *k)
{
	return ((uint32_t)key_hash(&ts_key, k));
}

uint32_t
tcp_ts_now(uint32_t offset, uint64_t now)
{
	return ((uint32_t)(now / 1000) + offset);
}

void
tcp_key(const struct tcpcb *tp, struct in_pcb_key *k)
{
	const struct inpcb *inp = tp->t_inp;

	*k = (struct in_pcb_key){ .af = tcp_af(tp),
		.laddr = inp->inp_laddr,
		.faddr = inp->inp_faddr,
		.lport = inp->inp_lport,
		.fport = inp->inp_fport,
		.rtable = inp->inp_rtable };
}

uint32_t
tcp_data_end(const struct tcpcb *tp)
{
	uint32_t una = tp->t_snd_una;

	if (una == tp->t_iss) /* our SYN comes first */
		una++;
	return (una + (uint32_t)tcp_so(tp)->so_snd.sb_cc);
}

/* --- sizes --- */

static uint32_t
headers(sa_family_t af)
{
	return (af == AF_INET ? HEADERS_INET : HEADERS_INET6);
}

static uint32_t
mtu_to_mss(sa_family_t af, uint32_t mtu)
{
	return (MIN(mtu, (uint32_t)IP_MAXPACKET) - MIN(mtu, headers(af)));
}

uint16_t
tcp_mss_offer(sa_family_t af, uint32_t rtable, const struct ip_addr *faddr,
    uint32_t scope)
{
	uint32_t mtu = ip_linkmtu_to(af, rtable, faddr, scope);

	if (mtu == 0)
		mtu = (uint32_t)tcp_mssdflt + headers(af);
	return ((uint16_t)MAX(mtu_to_mss(af, mtu), TCP_MSS_MIN));
}

static uint32_t
mss_path(const struct tcpcb *tp)
{
	const struct inpcb *inp = tp->t_inp;
	uint32_t mtu = ip_pathmtu_to(tcp_af(tp), inp->inp_rtable,
	    &inp->inp_faddr, inp->inp_scope);

	return (mtu == 0 ? (uint32_t)tcp_mssdflt :
			   mtu_to_mss(tcp_af(tp), mtu));
}

bool
tcp_mss_update(struct tcpcb *tp)
{
	uint32_t mss = MIN(mss_path(tp), (uint32_t)tp->t_mss_peer), old;
	uint32_t taken = tp->t_inp->inp_optlen;

	old = tp->t_mss;
	if (tp->t_mss_user != 0)
		mss = MIN(mss, (uint32_t)tp->t_mss_user);
	if (tp->t_mss_probe != 0)
		mss = MIN(mss, (uint32_t)tp->t_mss_probe);
	if ((tp->t_flags & TF_TSTAMP) != 0)
		taken += 12;
	if (tp->t_md5 != NULL)
		taken += 20;
	mss = MAX(mss, MSS_LEAST + taken) - taken;
	tp->t_mss = (uint16_t)mss;
	tp->t_cwnd = MAX(tp->t_cwnd, mss); /* a segment may always leave */
	return (mss < old);
}

uint8_t
tcp_wscale_offer(uint64_t hiwat)
{
	uint64_t most = MAX(hiwat, (uint64_t)tcp_recvmax);
	uint8_t scale = 0;

	while (scale < TCP_WSCALE_MAX && (TCP_WINDOW_MAX << scale) < most)
		scale++;
	return (scale);
}

void
tcp_agree(struct tcpcb *tp, const struct tcp_opts *o, uint64_t now)
{
	bool v4 = tcp_af(tp) == AF_INET;

	if (o->has_mss)
		tp->t_mss_peer = (uint16_t)MAX(o->mss, TCP_MSS_MIN);
	else
		tp->t_mss_peer = v4 ? TCP_MSS_INET : TCP_MSS_INET6;
	if (!o->has_wscale)
		tp->t_flags &= ~(uint32_t)TF_WSCALE;
	if (!o->has_tstamp)
		tp->t_flags &= ~(uint32_t)TF_TSTAMP;
	if (!o->sackok)
		tp->t_flags &= ~(uint32_t)TF_SACK;
	if ((tp->t_flags & TF_WSCALE) != 0)
		tp->t_snd_scale = o->wscale;
	else
		tp->t_rcv_scale = 0;
	if ((tp->t_flags & TF_TSTAMP) != 0) {
		tp->t_ts_recent = o->tsval;
		tp->t_ts_recent_age = tcp_coarse(now);
	}
	tcp_mss_update(tp);
	tp->t_mss_at = tcp_coarse(now);
	tcp_cc_start(tp, now);
}

/* --- life --- */

/* A connection that is none yet; all of tp is zero. */
static void
pcb_begin(struct tcpcb *tp, struct inpcb *inp)
{
	const struct socket *so = inp->inp_socket;

	tp->t_inp = inp;
	inp->inp_ppcb = tp;
	inp->inp_flags |= INP_HIDDEN; /* until it listens */
	TAILQ_INIT(&tp->t_reass);
	TAILQ_INIT(&tp->t_sacked);
	SLIST_INIT(&tp->t_md5keys);
	tp->t_mss = tp->t_mss_peer = TCP_MSS_INET;
	tp->t_reorder = TCP_REORDER_MIN;
	tp->t_keepidle_s = (uint16_t)tcp_keepidle_s;
	tp->t_keepintvl_s = (uint16_t)tcp_keepintvl_s;
	tp->t_keepcnt = (uint8_t)tcp_keepcnt;
	tp->t_snd_auto = so->so_snd.sb_hiwat;
	tp->t_rcv_auto = so->so_rcv.sb_hiwat;
	tp->t_cc = tcp_congctl;
	tcp_timer_init(tp);
}

int
tcp_attach_pcb(struct socket *so)
{
	struct tcpcb *tp;

	if ((tp = pool_get(&tcp_pool, PR_ZERO)) == NULL)
		return (ENOBUFS);
	pcb_begin(tp, so->so_pcb);
	return (0);
}

void
tcp_orphan(struct tcpcb *tp, uint64_t now)
{
	int s = tp->t_inp->inp_rare->linger2_s;

	tcp_timer_set(tp, TCPT_2MSL, now, s < 0 ? 1 : (uint64_t)s * 1000000);
}

void
tcp_options_copy(struct tcpcb *tp, const struct tcpcb *from)
{
	tp->t_rcv_auto = from->t_rcv_auto;
	tp->t_snd_auto = from->t_snd_auto;
	tp->t_flags |= from->t_flags & (TF_NODELAY | TF_CORK | TF_QUICKACK);
	tp->t_mss_user = from->t_mss_user;
	tp->t_keepidle_s = from->t_keepidle_s;
	tp->t_keepintvl_s = from->t_keepintvl_s;
	tp->t_keepcnt = from->t_keepcnt;
	tp->t_user_timeout_ms = from->t_user_timeout_ms;
	tp->t_cc = from->t_cc;
}

/* The peer, if it knows of us, is told that this is no connection any more. */
static void
tell_reset(struct tcpcb *tp, uint64_t now)
{
	if (((tcp_state_flags(tp->t_state) & TSF_SYNCED) != 0 ||
		tp->t_state == TCPS_SYN_RCVD) &&
	    tp->t_state != TCPS_TIME_WAIT)
		tcp_send_rst(tp, now);
}

/* It is CLOSED, and all that was on its way is void. */
static void
conn_void(struct tcpcb *tp, uint64_t now)
{
	struct socket *so = tcp_so(tp);

	if (!tcp_state_event(tp, TCPE_END, now))
		panic("tcp: no end from %s", tcp_state_name(tp->t_state));
	sbdrop(so, so->so_snd.sb_cc);
	tp->t_at_m = NULL;
	tcp_reass_flush(tp);
	tcp_sack_flush(tp);
}

void
tcp_renew(struct tcpcb *tp, uint64_t now)
{
	struct inpcb *inp = tp->t_inp;
	struct tcpcb old;

	tell_reset(tp, now);
	conn_void(tp, now);
	(void)timeout_del(&tp->t_timeout);
	if (!inp->inp_bound) /* it gave its port up when it ended */
		inp->inp_flags &= ~(uint32_t)INP_BOUNDPORT;
	in_pcb_disconnect(inp);
	old = *tp;
	memset(tp, 0, sizeof(*tp));
	pcb_begin(tp, inp);
	tcp_options_copy(tp, &old);
	tp->t_syncnt = old.t_syncnt;
	tp->t_md5keys = old.t_md5keys;
}

bool
tcp_orphan_admit(struct tcpcb *tp)
{
	if (norphans >= tcp_maxorphans)
		return (false);
	norphans++;
	tp->t_flags |= TF_ORPHAN;
	return (true);
}

static void
orphan_end(struct tcpcb *tp)
{
	if ((tp->t_flags & TF_ORPHAN) == 0)
		return;
	norphans--;
	tp->t_flags &= ~(uint32_t)TF_ORPHAN;
}

void
tcp_free(struct tcpcb *tp)
{
	struct inpcb *inp = tp->t_inp;

	KASSERT(tp->t_state == TCPS_CLOSED);
	orphan_end(tp);
	tcp_timer_clear_all(tp);
	(void)timeout_del(&tp->t_timeout);
	tcp_reass_flush(tp);
	tcp_sack_flush(tp);
	tcp_md5_free(tp);
	inp->inp_ppcb = NULL;
	in_pcb_free(inp);
	pool_put(&tcp_pool, tp);
}

bool
tcp_end(struct tcpcb *tp, int error, uint64_t now)
{
	struct socket *so = tcp_so(tp);
	bool was_syn_sent = tp->t_state == TCPS_SYN_SENT;

	tcpstat_inc(error != 0 ? TCPC_DROPPED : TCPC_CLOSED);
	conn_void(tp, now);
	if ((tp->t_flags & TF_GONE) != 0) {
		tcp_free(tp);
		sofree(so);
		return (true);
	}
	if (so->so_head != NULL && (so->so_state & SS_READY) == 0) {
		soclose(so); /* nobody ever saw it */
		return (true);
	}
	if (was_syn_sent)
		in_pcb_disconnect(tp->t_inp); /* may be tried again */
	else
		in_pcb_release(tp->t_inp);
	if (error != 0)
		soseterror(so, error);
	soisdisconnected(so);
	return (false);
}

bool
tcp_abort(struct tcpcb *tp, int error, uint64_t now)
{
	tell_reset(tp, now);
	return (tcp_end(tp, error, now));
}

/* --- TIME_WAIT --- */

void
tcp_wait_enter(struct tcpcb *tp, uint64_t now)
{
	tcp_timer_set(tp, TCPT_2MSL, now, 2000000ULL * (uint64_t)tcp_msl_s);
	orphan_end(tp);
	KASSERT(tp->t_nreass == 0); /* t_waiting has the place of t_reass */
	TAILQ_INSERT_TAIL(&waits, tp, t_waiting);
	if (++nwaits > tcp_maxwait)
		(void)tcp_end(TAILQ_FIRST(&waits), 0, now);
}

void
tcp_wait_leave(struct tcpcb *tp)
{
	TAILQ_REMOVE(&waits, tp, t_waiting);
	TAILQ_INIT(&tp->t_reass);
	nwaits--;
}

/* --- errors of ICMP (RFC 5927, RFC 1191, RFC 8201) --- */

static struct in_pcb_key
quoted_key(const struct ip_input_ctx *ctx, const uint8_t *quoted)
{
	return ((struct in_pcb_key){ .af = ctx->af,
	    .laddr = ctx->src,
	    .faddr = ctx->dst,
	    .lport = be16dec(quoted),
	    .fport = be16dec(quoted + 2),
	    .rtable = ctx->ifp->if_rtable,
	    .ifindex = ctx->ifp->if_index });
}

/* The connection that sent the quoted segment, if that is still under way. */
static struct tcpcb *
quoted_conn(const struct in_pcb_key *k, uint32_t seq)
{
	struct inpcb *inp = in_pcb_lookup_conn(&tcp_pcbs, k);
	struct tcpcb *tp = inp != NULL ? inp->inp_ppcb : NULL;

	if (tp == NULL || tp->t_state == TCPS_CLOSED ||
	    seq_lt(seq, tp->t_snd_una) || seq_lt(tp->t_snd_nxt, seq))
		return (NULL);
	return (tp);
}

/* The path takes less than we thought: what is under way is sent anew. */
static void
path_shrank(struct tcpcb *tp, uint64_t now)
{
	if (!tcp_mss_update(tp) ||
	    (tcp_state_flags(tp->t_state) & TSF_SEND) == 0)
		return;
	tcpstat_inc(TCPC_PMTU);
	tp->t_lost_to = tp->t_snd_nxt;
	tp->t_rxt_nxt = tp->t_snd_una;
	tp->t_flags &= ~(uint32_t)TF_RTT;
	tcp_output(tp, now);
}

void
tcp_ctlinput(const struct ip_input_ctx *ctx, int err, const uint8_t *quoted,
    uint32_t len, uint32_t mtu)
{
	uint64_t now = uptime_us();
	struct in_pcb_key k;
	struct tcpcb *tp;

	if (len < 8)
		return;
	k = quoted_key(ctx, quoted);
	if ((tp = quoted_conn(&k, be32dec(quoted + 4))) == NULL) {
		(void)tcp_syncache_error(&k, be32dec(quoted + 4),
		    err == ECONNREFUSED || err == ENOPROTOOPT);
		return;
	}
	if (err == EMSGSIZE)
		path_shrank(tp, now);
	else if (tp->t_state == TCPS_SYN_SENT)
		(void)tcp_end(tp, err, now);
	else /* RFC 5927 4.1: a connection that stands is not ended by it */
		tp->t_softerror = err;
}

bool
tcp_sent_by_us(const struct ip_input_ctx *ctx, const uint8_t *quoted,
    uint32_t len)
{
	struct in_pcb_key k;

	if (len < 8)
		return (false);
	k = quoted_key(ctx, quoted);
	return (quoted_conn(&k, be32dec(quoted + 4)) != NULL ||
	    tcp_syncache_error(&k, be32dec(quoted + 4), false));
}

void
tcp_subr_init(void)
{
	pool_init(&tcp_pool, sizeof(struct tcpcb), 0, "tcpcb");
	in_pcb_table_init(&tcp_pcbs, "tcp");
	arc4random_buf(&isn_key, sizeof(isn_key));
	arc4random_buf(&ts_key, sizeof(ts_key));
}
