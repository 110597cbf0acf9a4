/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The scoreboard: what the peer has beyond what it acknowledged (RFC 2018,
 * 6675).
 *
 * t_sacked holds runs in order, apart from each other, all within
 * [snd_una, snd_nxt).  Together with three marks they say what may be done:
 *
 *	snd_una      t_rxt_nxt         t_lost_to            snd_nxt
 *	   | sent again |  to be sent again |  under way       |
 *
 * Sacked runs count in none of them.  Without SACK there are no runs, and
 * t_reno_out guesses from duplicates how much has left the network.
 * Blocks that make no sense, or that would need too many runs, are passed
 * over: they are advice.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/pool.h>
#include <netinet/tcp_var.h>

#define RUNS_MAX 1024

static struct pool run_pool;

void
tcp_sack_init(void)
{
	pool_init(&run_pool, sizeof(struct tcp_range), 0, "tcpsack");
}

/* --- runs --- */

static struct tcp_range *
run_new(uint32_t start, uint32_t end)
{
	struct tcp_range *r;

	if ((r = pool_get(&run_pool, PR_ZERO)) == NULL)
		return (NULL);
	r->r_start = start;
	r->r_end = end;
	return (r);
}

static void
run_free(struct tcpcb *tp, struct tcp_range *r)
{
	TAILQ_REMOVE(&tp->t_sacked, r, r_entry);
	tp->t_sacked_bytes -= r->r_end - r->r_start;
	tp->t_nsacked--;
	pool_put(&run_pool, r);
}

/* r takes in those behind it that it touches. */
static void
run_join(struct tcpcb *tp, struct tcp_range *r)
{
	struct tcp_range *n;

	while ((n = TAILQ_NEXT(r, r_entry)) != NULL &&
	    seq_leq(n->r_start, r->r_end)) {
		if (seq_lt(r->r_end, n->r_end)) {
			tp->t_sacked_bytes += n->r_end - r->r_end;
			r->r_end = n->r_end;
		}
		run_free(tp, n);
	}
}

/* The last run that begins at or before seq; NULL: all are behind. */
static struct tcp_range *
run_before(const struct tcpcb *tp, uint32_t seq)
{
	struct tcp_range *r;

	TAILQ_FOREACH_REVERSE(r, &tp->t_sacked, tcp_ranges, r_entry)
		if (seq_leq(r->r_start, seq))
			return (r);
	return (NULL);
}

static void
run_add(struct tcpcb *tp, uint32_t start, uint32_t end)
{
	struct tcp_range *prev = run_before(tp, start), *r;

	if (prev != NULL && seq_leq(start, prev->r_end)) {
		if (seq_leq(end, prev->r_end))
			return;
		tp->t_sacked_bytes += end - prev->r_end;
		prev->r_end = end;
		run_join(tp, prev);
		return;
	}
	if (tp->t_nsacked >= RUNS_MAX || (r = run_new(start, end)) == NULL)
		return;
	if (prev == NULL)
		TAILQ_INSERT_HEAD(&tp->t_sacked, r, r_entry);
	else
		TAILQ_INSERT_AFTER(&tp->t_sacked, prev, r, r_entry);
	tp->t_nsacked++;
	tp->t_sacked_bytes += end - start;
	run_join(tp, r);
}

void
tcp_sack_flush(struct tcpcb *tp)
{
	struct tcp_range *r;

	while ((r = TAILQ_FIRST(&tp->t_sacked)) != NULL)
		run_free(tp, r);
	KASSERT(tp->t_sacked_bytes == 0 && tp->t_nsacked == 0);
}

/* --- what segments say --- */

uint32_t
tcp_sack_update(struct tcpcb *tp, const struct tcp_seg *sg)
{
	uint32_t before = tp->t_sacked_bytes, una = tp->t_snd_una;
	unsigned int i;

	for (i = 0; i < sg->opt.nsacks; i++) {
		struct tcp_sack s = sg->opt.sack[i];

		if (!seq_lt(s.start, s.end) || seq_lt(tp->t_snd_nxt, s.end) ||
		    !seq_lt(una, s.end))
			continue;
		run_add(tp, seq_max(s.start, una), s.end);
	}
	if (sg->opt.nsacks > 0)
		tcpstat_inc(TCPC_SACKS_IN);
	return (tp->t_sacked_bytes - before);
}

bool
tcp_sack_twice(const struct tcp_seg *sg)
{
	const struct tcp_sack *s = sg->opt.sack;

	if (sg->opt.nsacks == 0 || !seq_lt(s[0].start, s[0].end))
		return (false);
	if (seq_leq(s[0].end, sg->ack))
		return (true);
	return (sg->opt.nsacks > 1 && seq_leq(s[1].start, s[0].start) &&
	    seq_leq(s[0].end, s[1].end));
}

void
tcp_sack_acked(struct tcpcb *tp)
{
	uint32_t una = tp->t_snd_una;
	struct tcp_range *r;

	while ((r = TAILQ_FIRST(&tp->t_sacked)) != NULL &&
	    seq_lt(r->r_start, una)) {
		if (seq_leq(r->r_end, una)) {
			run_free(tp, r);
			continue;
		}
		tp->t_sacked_bytes -= una - r->r_start;
		r->r_start = una;
	}
}

/* --- what it means --- */

/* Bytes of [from, to) that are not sacked. */
static uint32_t
missing(const struct tcpcb *tp, uint32_t from, uint32_t to)
{
	const struct tcp_range *r;
	uint32_t n, a, b;

	if (!seq_lt(from, to))
		return (0);
	n = to - from;
	TAILQ_FOREACH(r, &tp->t_sacked, r_entry) {
		if (seq_leq(to, r->r_start))
			break;
		a = seq_max(r->r_start, from);
		b = seq_min(r->r_end, to);
		if (seq_lt(a, b))
			n -= b - a;
	}
	return (n);
}

uint32_t
tcp_pipe(const struct tcpcb *tp)
{
	uint32_t flight = tp->t_snd_nxt - tp->t_snd_una, out;

	out = (tp->t_flags & TF_SACK) != 0 ? tp->t_sacked_bytes :
					     tp->t_reno_out;
	out += missing(tp, seq_max(tp->t_rxt_nxt, tp->t_snd_una),
	    tp->t_lost_to);
	return (flight - MIN(out, flight));
}

uint32_t
tcp_sack_lost_to(const struct tcpcb *tp)
{
	const struct tcp_range *r;
	uint32_t bytes = 0, n = 0;

	TAILQ_FOREACH_REVERSE(r, &tp->t_sacked, tcp_ranges, r_entry) {
		bytes += r->r_end - r->r_start;
		if (++n >= tp->t_reorder ||
		    bytes > (tp->t_reorder - 1U) * tp->t_mss)
			return (r->r_start);
	}
	return (tp->t_snd_una);
}

bool
tcp_sack_hole(const struct tcpcb *tp, uint32_t from, uint32_t to,
    struct tcp_sack *hole)
{
	const struct tcp_range *r;

	TAILQ_FOREACH(r, &tp->t_sacked, r_entry) {
		if (seq_leq(r->r_end, from))
			continue;
		if (seq_lt(from, r->r_start))
			break;
		from = r->r_end; /* it stands in a run */
	}
	if (!seq_lt(from, to))
		return (false);
	hole->start = from;
	hole->end = to;
	if (r != NULL)
		hole->end = seq_min(to, r->r_start);
	return (true);
}
