/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * How much may be under way: NewReno (RFC 5681) and CUBIC (RFC 9438).
 *
 * Slow start, the reaction to a timeout and to idleness are the same for
 * both.  The first slow start ends before a queue overflows, where it can be
 * seen to grow (HyStart++, RFC 9406).  They differ in a row of struct tcp_cc:
 * how the window grows when nothing is lost, and how far it falls when
 * something is.
 *
 * CUBIC in whole numbers: windows in bytes, times in milliseconds.
 *	W(t) = C (t - K)^3 + Wmax, C = 0.4 segments / s^3, K = cbrt((Wmax - cwnd) / C)
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <netinet/tcp_var.h>

#define IW_SEGMENTS 10
#define CWND_MAX    (1U << 30)
#define T_MAX_MS    1000000

/* RFC 9406 4.3 */
#define HS_SAMPLES    8
#define HS_MIN_US     4000U
#define HS_MAX_US     16000U
#define HS_DIVISOR    8
#define CSS_DIVISOR   4
#define CSS_ROUNDS    5

uint32_t
tcp_cc_initial(uint32_t mss)
{
	return (MIN(IW_SEGMENTS * mss, MAX(2 * mss, 14600U)));
}

/* --- NewReno --- */

static void
newreno_init(struct tcpcb *tp, uint64_t now)
{
	tp->t_ccs.bytes = 0;
}

/* RFC 3465 2.1: a segment more for each window acknowledged. */
static void
newreno_avoid(struct tcpcb *tp, uint32_t bytes, uint64_t now)
{
	tp->t_ccs.bytes += bytes;
	if (tp->t_ccs.bytes < tp->t_cwnd)
		return;
	tp->t_ccs.bytes -= tp->t_cwnd;
	tp->t_cwnd += tp->t_mss;
}

static uint32_t
newreno_ssthresh(struct tcpcb *tp, uint32_t flight, uint64_t now)
{
	return (flight / 2);
}

const struct tcp_cc tcp_cc_newreno = { "newreno", newreno_init, newreno_avoid,
	newreno_ssthresh };

/* --- CUBIC --- */

/* The cube root, rounded down. */
static uint32_t
cube_root(uint64_t v)
{
	uint64_t r = 0, bit;

	for (bit = 1ULL << 21; bit > 0; bit >>= 1) {
		uint64_t t = r | bit;

		if (t <= 2642245 && t * t * t <= v)
			r = t;
	}
	return ((uint32_t)r);
}

static void
cubic_init(struct tcpcb *tp, uint64_t now)
{
	tp->t_ccs = (struct tcp_cc_state){ 0 };
}

/* A new epoch: from cwnd towards wmax. */
static void
cubic_epoch(struct tcpcb *tp, uint64_t now)
{
	struct tcp_cc_state *c = &tp->t_ccs;
	uint64_t segs;

	c->epoch_us = now;
	c->west = tp->t_cwnd;
	if (tp->t_cwnd >= c->wmax) {
		c->wmax = tp->t_cwnd;
		c->k_ms = 0;
		return;
	}
	segs = (c->wmax - tp->t_cwnd) / tp->t_mss;
	c->k_ms = cube_root(segs * 2500000000ULL); /* / 0.4, s^3 to ms^3 */
}

/* W(t), in bytes. */
static uint64_t
cubic_window(const struct tcpcb *tp, uint64_t t_ms)
{
	const struct tcp_cc_state *c = &tp->t_ccs;
	int64_t d = (int64_t)MIN(t_ms, (uint64_t)T_MAX_MS) - c->k_ms, w;

	/* d^3 is below 10^18; the segments are below 10^9 */
	w = d * d * d / 2500000000LL * tp->t_mss +
	    d * d * d % 2500000000LL * tp->t_mss / 2500000000LL + c->wmax;
	if (w < (int64_t)tp->t_mss)
		return (tp->t_mss);
	return (MIN((uint64_t)w, (uint64_t)CWND_MAX));
}

/* RFC 9438 4.3: as friendly as Reno; alpha is 3 (1 - b) / (1 + b) = 0.53. */
static void
cubic_reno(struct tcpcb *tp, uint32_t bytes)
{
	struct tcp_cc_state *c = &tp->t_ccs;
	uint64_t alpha = c->west < c->prior ? 53 : 100;

	c->west += (uint32_t)(alpha * bytes * tp->t_mss / tp->t_cwnd / 100);
	c->west = MIN(c->west, CWND_MAX);
}

static void
cubic_avoid(struct tcpcb *tp, uint32_t bytes, uint64_t now)
{
	struct tcp_cc_state *c = &tp->t_ccs;
	uint64_t t, target, grow;

	if (c->epoch_us == 0)
		cubic_epoch(tp, now);
	cubic_reno(tp, bytes);
	t = (now - c->epoch_us) / 1000;
	if (cubic_window(tp, t) < c->west) {
		tp->t_cwnd = MAX(tp->t_cwnd, c->west);
		return;
	}
	target = cubic_window(tp, t + tp->t_srtt_us / 1000);
	target = MIN(target, (uint64_t)tp->t_cwnd + tp->t_cwnd / 2);
	if (target <= tp->t_cwnd)
		return;
	grow = (target - tp->t_cwnd) * bytes / tp->t_cwnd;
	tp->t_cwnd += (uint32_t)MIN(grow, (uint64_t)bytes);
}

static uint32_t
cubic_ssthresh(struct tcpcb *tp, uint32_t flight, uint64_t now)
{
	struct tcp_cc_state *c = &tp->t_ccs;
	uint32_t w = tp->t_cwnd;

	c->prior = w;
	c->epoch_us = 0;
	/* fast convergence, RFC 9438 4.7: give room to newcomers */
	c->wmax = w < c->wlast ? (uint32_t)((uint64_t)w * 17 / 20) : w;
	c->wlast = w;
	return ((uint32_t)((uint64_t)MIN(w, MAX(flight, tp->t_mss)) * 7 / 10));
}

const struct tcp_cc tcp_cc_cubic = { "cubic", cubic_init, cubic_avoid,
	cubic_ssthresh };

/* --- by name; the beginning --- */

static const struct tcp_cc *const known[] = { &tcp_cc_cubic, &tcp_cc_newreno };

const struct tcp_cc *
tcp_cc_find(const char *name, size_t len)
{
	unsigned int i;

	len = strnlen(name, len);
	for (i = 0; i < nitems(known); i++)
		if (strlen(known[i]->name) == len &&
		    memcmp(known[i]->name, name, len) == 0)
			return (known[i]);
	if (len == 4 && memcmp(name, "reno", 4) == 0)
		return (&tcp_cc_newreno);
	return (NULL);
}

void
tcp_cc_start(struct tcpcb *tp, uint64_t now)
{
	tp->t_cwnd = tcp_cc_initial(tp->t_mss);
	tp->t_ssthresh = CWND_MAX;
	tp->t_cc->init(tp, now);
	tp->t_ccs.hs = (struct tcp_hystart){ 0 };
	tp->t_flags |= TF_HYSTART;
}

/* --- the first slow start, RFC 9406 --- */

static void
hystart_end(struct tcpcb *tp, uint64_t now)
{
	if ((tp->t_flags & TF_HYSTART) == 0)
		return;
	tp->t_flags &= ~(uint32_t)TF_HYSTART;
	tp->t_cc->init(tp, now);
}

/* Rounds are as long as a flight; after some in the conservative part it is over. */
static void
hystart_round(struct tcpcb *tp, uint64_t now)
{
	struct tcp_hystart *h = &tp->t_ccs.hs;

	if (h->begun && seq_lt(tp->t_snd_una, h->end))
		return;
	h->begun = 1;
	h->end = tp->t_snd_nxt;
	if (h->samples > 1) /* else nothing was under way when it began */
		h->before_us = h->now_us;
	h->now_us = 0;
	h->samples = 0;
	if (h->rounds == 0 || h->rounds++ < CSS_ROUNDS)
		return;
	tcpstat_inc(TCPC_HYSTART);
	tp->t_ssthresh = tp->t_cwnd;
	hystart_end(tp, now);
}

/*
 * Round trips that become longer by an eighth tell of a queue: the window grows
 * by a quarter of what it did.  When they become shorter again, it was noise.
 */
void
tcp_cc_rtt(struct tcpcb *tp, uint64_t us)
{
	struct tcp_hystart *h = &tp->t_ccs.hs;
	uint32_t rtt = (uint32_t)MIN(MAX(us, 1ULL), (uint64_t)UINT32_MAX / 2),
		 more;

	if ((tp->t_flags & TF_HYSTART) == 0)
		return;
	h->now_us = h->now_us == 0 ? rtt : MIN(h->now_us, rtt);
	if (h->samples < HS_SAMPLES && ++h->samples < HS_SAMPLES)
		return;
	more = MAX(HS_MIN_US, MIN(h->before_us / HS_DIVISOR, HS_MAX_US));
	if (h->rounds > 0 && h->now_us < h->baseline_us)
		h->rounds = 0;
	else if (h->rounds == 0 && h->before_us != 0 &&
	    h->now_us >= h->before_us + more) {
		h->baseline_us = h->now_us;
		h->rounds = 1;
	}
}

/* What bytes that were acknowledged add to the window in slow start. */
static uint32_t
slow_start(struct tcpcb *tp, uint32_t bytes, uint64_t now)
{
	if ((tp->t_flags & TF_HYSTART) == 0)
		return (bytes);
	hystart_round(tp, now);
	return ((tp->t_flags & TF_HYSTART) != 0 && tp->t_ccs.hs.rounds > 0 ?
		bytes / CSS_DIVISOR :
		bytes);
}

/* --- for all --- */

void
tcp_cc_acked(struct tcpcb *tp, uint32_t bytes, uint32_t flight, uint64_t now)
{
	uint32_t rest = bytes;

	if ((tp->t_flags & TF_RECOVERY) != 0)
		return;
	if (tp->t_cwnd < tp->t_ssthresh) {
		bytes = slow_start(tp, bytes, now);
		if (flight < tp->t_cwnd / 2)
			return; /* it was not what held us back */
		rest = MIN(bytes, tp->t_ssthresh - tp->t_cwnd);
		tp->t_cwnd += rest;
		rest = bytes - rest;
	} else if (flight + 2U * tp->t_mss < tp->t_cwnd)
		return;
	if (rest > 0) {
		hystart_end(tp, now);
		tp->t_cc->avoid(tp, rest, now);
	}
	tp->t_cwnd = MIN(tp->t_cwnd, CWND_MAX);
}

void
tcp_cc_congested(struct tcpcb *tp, uint64_t now)
{
	uint32_t flight = tp->t_snd_nxt - tp->t_snd_una;

	hystart_end(tp, now);
	tp->t_ssthresh = MAX(tp->t_cc->ssthresh(tp, flight, now),
	    2U * tp->t_mss);
	tp->t_cwnd = tp->t_ssthresh;
}

void
tcp_cc_timeout(struct tcpcb *tp, uint64_t now)
{
	uint32_t flight = tp->t_snd_nxt - tp->t_snd_una;

	hystart_end(tp, now);
	if (tp->t_backoff <= 1) /* the first: later ones find nothing new */
		tp->t_ssthresh = MAX(tp->t_cc->ssthresh(tp, flight, now),
		    2U * tp->t_mss);
	tp->t_cwnd = tp->t_mss;
	tp->t_ccs.wmax = 0; /* CUBIC begins where slow start will end, RFC 9438 4.8 */
}

void
tcp_cc_idle(struct tcpcb *tp, uint64_t idle_us, uint64_t now)
{
	if (idle_us < tcp_rto_us(tp))
		return;
	tp->t_cwnd = MIN(tp->t_cwnd, tcp_cc_initial(tp->t_mss));
	if ((tp->t_flags & TF_HYSTART) == 0)
		tp->t_ccs.epoch_us = 0;
}
