/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Timers of a connection, and the round trip they are made from.
 *
 * Five moments stand in t_due[], one timeout watches the earliest.  Moving a
 * moment further away costs a store: the timeout then fires once for nothing
 * and looks again.
 *
 * What guards the connection, tcp_timer_guard():
 *	1. the window is closed and something waits: PERSIST
 *	2. something is under way: REXMT
 *	3. something waits that is too little to be sent: PERSIST
 *	4. nothing
 * RFC 6298 gives REXMT; the least is net.inet.tcp.rtomin, not a second.
 *
 * Silence: after net.inet.tcp.pmtublackhole timeouts in a row, and none of the
 * full segments arrived for ten seconds, smaller ones are tried for a while
 * (RFC 2923 2.1; RFC 4821's search is not done); after fifteen the connection
 * is given up.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/time.h>
#include <netinet/tcp_var.h>

#define RTO_FIRST_US     1000000U /* RFC 6298 2.1 */
#define RTO_UNTIMED_US   3000000U /* RFC 6298 5.7: not even the SYN was timed */
#define RTO_MAX_US       64000000U
#define ACK_DELAY_US     100000U /* how long a peer may wait with one */
#define CLOCK_US         1000U   /* G of RFC 6298 */
#define TAIL_MIN_US      10000U  /* a peer may be busy for a moment */
#define PERSIST_MAX_US   60000000ULL
#define OVERRIDE_MIN_US  100000ULL
#define OVERRIDE_MAX_US  1000000ULL
#define REXMT_MAX        15
#define ORPHAN_MAX       8 /* tries when the program has gone */
#define PERSIST_QUIET_US 900000000ULL
#define FULL_FRESH       tcp_coarse(10000000ULL) /* then it is loss, and no hole */

/* --- the round trip, RFC 6298 2 --- */

void
tcp_rtt_sample(struct tcpcb *tp, uint64_t rtt_us)
{
	uint32_t r = (uint32_t)MIN(MAX(rtt_us, 1ULL), (uint64_t)RTO_MAX_US);
	uint32_t diff;

	if (tp->t_srtt_us == 0) {
		tp->t_srtt_us = r;
		tp->t_rttvar_us = r / 2;
		return;
	}
	diff = r > tp->t_srtt_us ? r - tp->t_srtt_us : tp->t_srtt_us - r;
	tp->t_rttvar_us = tp->t_rttvar_us - tp->t_rttvar_us / 4 + diff / 4;
	tp->t_srtt_us = tp->t_srtt_us - tp->t_srtt_us / 8 + r / 8;
	tp->t_srtt_us = MAX(tp->t_srtt_us, 1U);
}

uint64_t
tcp_rto_us(const struct tcpcb *tp)
{
	bool synced = (tcp_state_flags(tp->t_state) & TSF_SYNCED) != 0;
	uint64_t rto = synced ? RTO_UNTIMED_US : RTO_FIRST_US;

	if (tp->t_srtt_us != 0) {
		rto = tp->t_srtt_us + MAX(CLOCK_US, 4 * tp->t_rttvar_us);
		rto = MAX(rto, (uint64_t)tcp_rtomin_ms * 1000);
	}
	rto <<= MIN(tp->t_rtoshift, TCP_RTOSHIFT);
	return (MIN(rto, (uint64_t)RTO_MAX_US));
}

/* --- the moments --- */

bool
tcp_timer_armed(const struct tcpcb *tp, enum tcp_timer t)
{
	return (tp->t_due[t] != 0);
}

void
tcp_timer_set(struct tcpcb *tp, enum tcp_timer t, uint64_t now, uint64_t us)
{
	uint64_t due = now + MAX(us, 1ULL);

	tp->t_due[t] = due;
	if (!timeout_pending(&tp->t_timeout) || due < tp->t_timeout.to_when_us)
		timeout_at_us(&tp->t_timeout, due);
}

void
tcp_timer_clear(struct tcpcb *tp, enum tcp_timer t)
{
	tp->t_due[t] = 0;
}

void
tcp_timer_clear_all(struct tcpcb *tp)
{
	memset(tp->t_due, 0, sizeof(tp->t_due));
	(void)timeout_del(&tp->t_timeout);
}

/* Does anything of the program wait to leave for the first time? */
static bool
unsent(const struct tcpcb *tp)
{
	if ((tcp_state_flags(tp->t_state) & TSF_SEND) == 0)
		return (false);
	return (seq_lt(tp->t_snd_nxt, tcp_data_end(tp)));
}

/* A closed window is asked about more and more seldom; one that is only small
 * is used soon (RFC 9293 3.8.6.1, 3.8.6.2.1). */
static uint64_t
persist_us(const struct tcpcb *tp)
{
	uint64_t us = tcp_rto_us(tp);

	if (tp->t_snd_wnd > 0)
		return (MIN(MAX(us, OVERRIDE_MIN_US), OVERRIDE_MAX_US));
	return (MIN(us << MIN(tp->t_probes, 12), PERSIST_MAX_US));
}

/*
 * RFC 8985 7.2: before the long timeout, a short one whose probe brings news
 * of what was lost at the end of a flight.  0: not now.
 */
static uint64_t
tail_us(const struct tcpcb *tp)
{
	uint64_t us = 2ULL * tp->t_srtt_us;

	if ((tp->t_flags & (TF_SACK | TF_TAILED | TF_RECOVERY | TF_LOSS)) !=
		TF_SACK ||
	    tp->t_backoff != 0 || tp->t_srtt_us == 0 || tp->t_nsacked != 0)
		return (0);
	if (tp->t_snd_nxt - tp->t_snd_una <= tp->t_mss)
		us += ACK_DELAY_US;
	us = MAX(us, TAIL_MIN_US);
	return (us < tcp_rto_us(tp) ? us : 0);
}

static void
guard_rexmt(struct tcpcb *tp, uint64_t now)
{
	uint64_t us = tail_us(tp);

	if (us != 0)
		tp->t_flags |= TF_TAIL;
	else
		tp->t_flags &= ~(uint32_t)TF_TAIL;
	tcp_timer_set(tp, TCPT_REXMT, now, us != 0 ? us : tcp_rto_us(tp));
}

void
tcp_timer_guard(struct tcpcb *tp, uint64_t now)
{
	bool under_way = tp->t_snd_una != tp->t_snd_nxt, waits = unsent(tp);
	bool closed = tp->t_snd_wnd == 0 &&
	    (tcp_state_flags(tp->t_state) & TSF_SEND) != 0;

	if ((waits && !under_way) || (closed && (waits || under_way))) {
		tcp_timer_clear(tp, TCPT_REXMT);
		if (!tcp_timer_armed(tp, TCPT_PERSIST))
			tcp_timer_set(tp, TCPT_PERSIST, now, persist_us(tp));
		return;
	}
	tcp_timer_clear(tp, TCPT_PERSIST);
	if (!under_way)
		tcp_timer_clear(tp, TCPT_REXMT);
	else if (!tcp_timer_armed(tp, TCPT_REXMT))
		guard_rexmt(tp, now);
}

/* --- what happens then; false: tp is gone --- */

static bool
give_up(struct tcpcb *tp, uint64_t now)
{
	tcpstat_inc(TCPC_TIMEOUTDROP);
	return (!tcp_end(tp, tp->t_softerror != 0 ? tp->t_softerror : ETIMEDOUT,
	    now));
}

/* Full segments vanish: perhaps a router drops them and does not say so. */
static void
black_hole(struct tcpcb *tp, uint64_t now)
{
	static const uint16_t smaller[2][3] = { { 1400, 1200, TCP_MSS_INET },
		{ 1380, TCP_MSS_INET6, TCP_MSS_INET6 } };
	const uint16_t *size = smaller[tcp_af(tp) == AF_INET6];
	unsigned int i;

	if (tcp_pmtu_blackhole == 0 || tp->t_backoff < tcp_pmtu_blackhole ||
	    tp->t_backoff % tcp_pmtu_blackhole != 0 ||
	    tp->t_snd_nxt - tp->t_snd_una < tp->t_mss ||
	    tcp_coarse(now) - tp->t_full_at < FULL_FRESH)
		return;
	for (i = 0; i < 3 && size[i] >= tp->t_mss; i++)
		;
	if (i == 3) {
		if (tcp_af(tp) == AF_INET)
			tp->t_flags |= TF_NODF;
		return;
	}
	tp->t_mss_probe = size[i];
	tp->t_mss_at = tcp_coarse(now);
	tcpstat_inc(TCPC_BLACKHOLE);
	tcp_mss_update(tp);
}

static bool
too_silent(struct tcpcb *tp, uint64_t now)
{
	uint64_t silence = now - tp->t_silent_since;
	unsigned int max = (tp->t_flags & TF_GONE) != 0 ? ORPHAN_MAX :
							  REXMT_MAX;

	if (tp->t_user_timeout_ms != 0)
		return (silence >= (uint64_t)tp->t_user_timeout_ms * 1000);
	return (tp->t_backoff > max);
}

/* Everything under way is taken for lost and sent again, slowly at first. */
static void
rexmt_all(struct tcpcb *tp, uint64_t now)
{
	struct tcp_range *first = TAILQ_FIRST(&tp->t_sacked);

	/* RFC 2018 8: a peer may have thrown away what it had */
	if (tp->t_backoff > 1 ||
	    (first != NULL && first->r_start == tp->t_snd_una))
		tcp_sack_flush(tp);
	if (tp->t_backoff == 1) { /* for when it was too early */
		tp->t_undo_cwnd = tp->t_cwnd;
		tp->t_undo_ssthresh = tp->t_ssthresh;
		tp->t_timeout_ts = tcp_ts_now(tp->t_ts_offset, now);
		tp->t_flags |= TF_TIMEDOUT;
	}
	tcp_cc_timeout(tp, now);
	tp->t_flags &= ~(uint32_t)(TF_RECOVERY | TF_RTT);
	tp->t_flags |= TF_LOSS;
	tp->t_recover = tp->t_lost_to = tp->t_rxt_mark = tp->t_snd_nxt;
	tp->t_rxt_nxt = tp->t_snd_una;
	tp->t_dupacks = 0;
	tp->t_reno_out = 0;
	tcp_output(tp, now);
}

static bool
timer_rexmt(struct tcpcb *tp, uint64_t now)
{
	bool opening = tp->t_state == TCPS_SYN_SENT ||
	    tp->t_state == TCPS_SYN_RCVD;

	if ((tp->t_flags & TF_TAIL) != 0) {
		tp->t_flags = (tp->t_flags & ~(uint32_t)TF_TAIL) | TF_TAILED;
		tcpstat_inc(TCPC_TAILPROBE);
		tcp_send_tail(tp, now);
		tcp_timer_guard(tp, now);
		return (true);
	}
	tcpstat_inc(TCPC_TIMEOUTS);
	if (tp->t_backoff++ == 0)
		tp->t_silent_since = now;
	if (tp->t_rtoshift < TCP_RTOSHIFT)
		tp->t_rtoshift++;
	if (opening ? tp->t_backoff > tp->t_syncnt : too_silent(tp, now))
		return (give_up(tp, now));
	if (opening) {
		tp->t_flags &= ~(uint32_t)TF_RTT;
		tcp_send_syn(tp, now);
		tcp_timer_set(tp, TCPT_REXMT, now, tcp_rto_us(tp));
		return (true);
	}
	black_hole(tp, now);
	rexmt_all(tp, now);
	tcp_timer_guard(tp, now);
	return (true);
}

static bool
timer_persist(struct tcpcb *tp, uint64_t now)
{
	bool orphan = (tp->t_flags & TF_GONE) != 0;

	if (tp->t_snd_wnd > 0) { /* little, but it fits */
		tcp_send_persist(tp, now);
		tcp_timer_guard(tp, now);
		return (true);
	}
	if (tp->t_probes == 0)
		tp->t_silent_since = now;
	if (tp->t_probes < UINT8_MAX)
		tp->t_probes++;
	if (tp->t_user_timeout_ms != 0 && now - tp->t_silent_since >=
		(uint64_t)tp->t_user_timeout_ms * 1000)
		return (give_up(tp, now));
	if ((orphan && tp->t_probes > ORPHAN_MAX) ||
	    (tp->t_probes > REXMT_MAX &&
		now - tp->t_heard_at > PERSIST_QUIET_US))
		return (give_up(tp, now));
	tcpstat_inc(TCPC_PERSIST);
	tcp_send_persist(tp, now);
	tcp_timer_guard(tp, now);
	return (true);
}

static bool
timer_keep(struct tcpcb *tp, uint64_t now)
{
	uint64_t idle = (uint64_t)tp->t_keepidle_s * 1000000,
		 quiet = now - tp->t_heard_at;

	if ((tcp_so(tp)->so_options & (1U << SO_KEEPALIVE)) == 0 ||
	    (tcp_state_flags(tp->t_state) & TSF_SYNCED) == 0)
		return (true);
	if (quiet < idle) {
		tp->t_kprobes = 0;
		tcp_timer_set(tp, TCPT_KEEP, now, idle - quiet);
		return (true);
	}
	if (tcp_timer_armed(tp, TCPT_REXMT) ||
	    tcp_timer_armed(tp, TCPT_PERSIST)) {
		tcp_timer_set(tp, TCPT_KEEP, now, idle);
		return (true);
	}
	if (tp->t_kprobes >= tp->t_keepcnt) {
		tcpstat_inc(TCPC_KEEPDROP);
		return (!tcp_abort(tp,
		    tp->t_softerror != 0 ? tp->t_softerror : ETIMEDOUT, now));
	}
	tp->t_kprobes++;
	tcpstat_inc(TCPC_KEEPPROBE);
	tcp_send_probe(tp, now);
	tcp_timer_set(tp, TCPT_KEEP, now,
	    (uint64_t)tp->t_keepintvl_s * 1000000);
	return (true);
}

static bool
timer_2msl(struct tcpcb *tp, uint64_t now)
{
	if (!tcp_state_event(tp, TCPE_2MSL, now))
		return (true);
	return (!tcp_end(tp, 0, now));
}

static bool
timer_delack(struct tcpcb *tp, uint64_t now)
{
	tp->t_flags |= TF_ACKNOW;
	tp->t_prompt = TCP_PROMPT; /* it waited for company in vain */
	tcp_output(tp, now);
	return (true);
}

static bool (*const handlers[TCPT_NTIMERS])(struct tcpcb *, uint64_t) = {
	[TCPT_REXMT] = timer_rexmt,
	[TCPT_PERSIST] = timer_persist,
	[TCPT_KEEP] = timer_keep,
	[TCPT_2MSL] = timer_2msl,
	[TCPT_DELACK] = timer_delack,
};

static void
timer_run(void *arg)
{
	struct tcpcb *tp = arg;
	uint64_t now = uptime_us(), first = 0;
	int t;

	for (t = 0; t < TCPT_NTIMERS; t++) {
		if (tp->t_due[t] == 0 || tp->t_due[t] > now)
			continue;
		tp->t_due[t] = 0;
		if (!handlers[t](tp, now))
			return;
	}
	for (t = 0; t < TCPT_NTIMERS; t++)
		if (tp->t_due[t] != 0 && (first == 0 || tp->t_due[t] < first))
			first = tp->t_due[t];
	if (first != 0)
		timeout_at_us(&tp->t_timeout, first);
}

void
tcp_timer_init(struct tcpcb *tp)
{
	timeout_set(&tp->t_timeout, timer_run, tp);
	tp->t_syncnt = (uint8_t)tcp_syncnt;
}
