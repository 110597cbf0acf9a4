/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Connections that are not yet: a SYN came, our SYN-ACK went, the ACK has to
 * come (RFC 9293 3.10.7.2; RFC 4987 3.3, 3.6).
 *
 * Until then a connection is one small entry here and nothing else.  Entries
 * stand in a hash, and in one queue for each number of repetitions: in each
 * queue all wait equally long, so the first is due first.
 *
 * When the cache or a bucket is full, or always if net.inet.tcp.syncookies is
 * 2, nothing is kept: what has to be remembered goes into the number we begin
 * with, from which the ACK brings it back.
 *
 *	bits 31-6	keyed hash of the four numbers, their start and the rest
 *	bits 5-3	when: count of 64 s periods
 *	bits 2-0	their MSS, one of eight
 *
 * With timestamps, the six lowest bits of ours say the rest: window scale (15:
 * none), SACK, ECN.  A cookie is good for two periods, and only while cookies
 * are being sent.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/pool.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/time.h>
#include <net/rtable.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>
#include <crypto/siphash.h>

#define BUCKETS        1024
#define BUCKET_MAX     32
#define LEVELS         5
#define FIRST_US       1000000ULL
#define COOKIE_SLOT_US 64000000ULL
#define NO_WSCALE      15

struct syn {
	LIST_ENTRY(syn) s_hash;
	TAILQ_ENTRY(syn) s_queue;
	struct in_pcb_key s_key;
	struct ip_addr s_laddr; /* what its listener is bound to: pf may */
	uint16_t s_lport;	/* have sent it to another than s_key's */
	uint32_t s_iss, s_irs, s_win;
	uint64_t s_sent_at, s_due;
	struct tcp_opts s_opt; /* the peer's */
	uint8_t s_level, s_wscale;
	bool s_ecn;
	bool s_acked; /* and the listener waits for data */
};

static LIST_HEAD(, syn) buckets[BUCKETS];
static uint8_t bucket_len[BUCKETS];
static TAILQ_HEAD(syn_queue, syn) queues[LEVELS];
static struct pool syn_pool;
static struct siphash_key hash_key, cookie_key;
static struct timeout syn_timeout;
static unsigned int syn_count;
static uint64_t cookie_sent_at;

/* --- the hash --- */

static uint64_t
key_hash(const struct siphash_key *sk, const struct in_pcb_key *k, uint64_t a,
    uint64_t b)
{
	uint64_t w[8] = { k->laddr.q[0], k->laddr.q[1], k->faddr.q[0],
		k->faddr.q[1], (uint64_t)k->lport << 16 | k->fport,
		(uint64_t)k->af << 32 | rtable_l2(k->rtable), a, b };

	return (siphash24_words(sk, w, nitems(w)));
}

static uint32_t
bucket_of(const struct in_pcb_key *k)
{
	return ((uint32_t)key_hash(&hash_key, k, 0, 0) % BUCKETS);
}

static struct syn *
syn_find(const struct in_pcb_key *k)
{
	struct syn *s;

	LIST_FOREACH(s, &buckets[bucket_of(k)], s_hash)
		if (s->s_key.lport == k->lport && s->s_key.fport == k->fport &&
		    s->s_key.af == k->af &&
		    rtable_l2(s->s_key.rtable) == rtable_l2(k->rtable) &&
		    ip_addr_eq(&s->s_key.laddr, &k->laddr) &&
		    ip_addr_eq(&s->s_key.faddr, &k->faddr))
			return (s);
	return (NULL);
}

static void
syn_free(struct syn *s)
{
	bucket_len[bucket_of(&s->s_key)]--;
	LIST_REMOVE(s, s_hash);
	TAILQ_REMOVE(&queues[s->s_level], s, s_queue);
	syn_count--;
	pool_put(&syn_pool, s);
}

unsigned int
tcp_syncache_count(void)
{
	return (syn_count);
}

/* --- the answer --- */

static struct tcpcb *
pcb_of(const struct inpcb *listener)
{
	return (listener->inp_ppcb);
}

/* tsbits: the lowest bits of our timestamp, -1: none in particular. */
static void
answer(const struct syn *s, const struct inpcb *listener, int tsbits,
    uint64_t now)
{
	const struct tcpcb *lp = pcb_of(listener);
	const struct in_pcb_key *k = &s->s_key;
	struct tcp_out o = { .key = k,
		.inp = listener,
		.seq = s->s_iss,
		.ack = s->s_irs + 1,
		.win = s->s_win,
		.flags = TH_SYN | TH_ACK,
		.df = true,
		.md5 = tcp_md5_find(lp, k->af, &k->faddr) };
	uint32_t ts;

	if (k->af == AF_INET6 && in6_islinklocal(&k->faddr))
		o.scope = k->ifindex;
	if (s->s_ecn)
		o.flags |= TH_ECE;
	o.opts.has_mss = true;
	o.opts.mss = tcp_mss_offer(k->af, k->rtable, &k->faddr, k->ifindex);
	if (lp->t_mss_user != 0)
		o.opts.mss = MIN(o.opts.mss, lp->t_mss_user);
	o.opts.has_wscale = s->s_opt.has_wscale;
	o.opts.wscale = s->s_wscale;
	o.opts.sackok = s->s_opt.sackok;
	if ((o.opts.has_tstamp = s->s_opt.has_tstamp)) {
		ts = tcp_ts_now(tcp_ts_offset(k), now);
		if (tsbits >= 0)
			ts = ((ts - 63) & ~63U) | (uint32_t)tsbits;
		o.opts.tsval = ts;
		o.opts.tsecr = s->s_opt.tsval;
	}
	(void)tcp_emit(&o);
}

/* What we make of their SYN. */
static void
syn_fill(struct syn *s, const struct inpcb *listener,
    const struct in_pcb_key *k, const struct tcp_seg *sg, uint64_t now)
{
	const struct socket *so = listener->inp_socket;

	s->s_key = *k;
	s->s_laddr = listener->inp_laddr;
	s->s_lport = listener->inp_lport;
	s->s_irs = sg->seq;
	s->s_iss = tcp_isn(k, now);
	if (sg->anew && seq_leq(s->s_iss, sg->above)) /* RFC 9293 3.6.1 */
		s->s_iss = sg->above + TCP_WINDOW_MAX;
	s->s_opt = sg->opt;
	if (tcp_do_rfc1323 == 0)
		s->s_opt.has_tstamp = s->s_opt.has_wscale = false;
	if (tcp_do_sack == 0)
		s->s_opt.sackok = false;
	s->s_wscale = tcp_wscale_offer(so->so_rcv.sb_hiwat);
	s->s_win = (uint32_t)tcp_clamp(listener,
	    MIN(so->so_rcv.sb_hiwat, (uint64_t)TCP_WINDOW_MAX));
	s->s_ecn = tcp_ecn != 0 &&
	    (sg->flags & (TH_ECE | TH_CWR)) == (TH_ECE | TH_CWR);
	s->s_sent_at = now;
}

/* --- cookies --- */

static const uint16_t cookie_mss[8] = { TCP_MSS_MIN, TCP_MSS_INET, 1024,
	TCP_MSS_INET6, 1360, 1440, 1460, 8940 };

static uint32_t
cookie_make(const struct in_pcb_key *k, uint32_t irs, uint64_t slot,
    uint32_t index)
{
	uint32_t low = (uint32_t)(slot & 7) << 3 | index;
	uint64_t mac = key_hash(&cookie_key, k, (uint64_t)irs << 8 | low, slot);

	return ((uint32_t)(mac >> 38) << 6 | low);
}

static uint32_t
cookie_index(const struct tcp_opts *o, sa_family_t af)
{
	uint16_t mss = af == AF_INET ? TCP_MSS_INET : TCP_MSS_INET6;
	uint32_t i = 7;

	if (o->has_mss)
		mss = o->mss;
	while (i > 0 && cookie_mss[i] > mss)
		i--;
	return (i);
}

static void
cookie_send(struct syn *s, const struct inpcb *listener, uint64_t now)
{
	int bits = s->s_opt.has_wscale ? s->s_opt.wscale : NO_WSCALE;

	if (!s->s_opt.has_tstamp) /* there is no place to remember them */
		s->s_opt.has_wscale = s->s_opt.sackok = s->s_ecn = false;
	bits |= (s->s_opt.sackok ? 16 : 0) | (s->s_ecn ? 32 : 0);
	s->s_iss = cookie_make(&s->s_key, s->s_irs, now / COOKIE_SLOT_US,
	    cookie_index(&s->s_opt, s->s_key.af));
	cookie_sent_at = now;
	tcpstat_inc(TCPC_COOKIE_OUT);
	answer(s, listener, bits, now);
}

/* What an ACK brings back, into s; false: it is no cookie of ours. */
static bool
cookie_read(struct syn *s, const struct inpcb *listener,
    const struct in_pcb_key *k, const struct tcp_seg *sg, uint64_t now)
{
	uint32_t iss = sg->ack - 1,
		 age = (uint32_t)(now / COOKIE_SLOT_US) - (iss >> 3);
	uint64_t slot = now / COOKIE_SLOT_US - (age & 7);
	struct tcp_seg syn = { .seq = sg->seq - 1, .flags = TH_SYN };

	if (cookie_sent_at == 0 || now - cookie_sent_at > 2 * COOKIE_SLOT_US ||
	    (age & 7) > 1 || cookie_make(k, syn.seq, slot, iss & 7) != iss)
		return (false);
	syn.opt.has_mss = true;
	syn.opt.mss = cookie_mss[iss & 7];
	if (sg->opt.has_tstamp) {
		syn.opt.has_tstamp = true;
		syn.opt.tsval = sg->opt.tsval;
		syn.opt.wscale = sg->opt.tsecr & 15;
		syn.opt.has_wscale = syn.opt.wscale != NO_WSCALE;
		syn.opt.sackok = (sg->opt.tsecr & 16) != 0;
		if ((sg->opt.tsecr & 32) != 0)
			syn.flags |= TH_ECE | TH_CWR;
	}
	syn_fill(s, listener, k, &syn, now);
	s->s_iss = iss;
	s->s_level = 1; /* the round trip is not known */
	return (true);
}

/* --- time --- */

static void
syn_enqueue(struct syn *s, uint8_t level, uint64_t now)
{
	s->s_level = level;
	s->s_due = now + (FIRST_US << level);
	TAILQ_INSERT_TAIL(&queues[level], s, s_queue);
	if (!timeout_pending(&syn_timeout) || s->s_due < syn_timeout.to_when_us)
		timeout_at_us(&syn_timeout, s->s_due);
}

/*
 * TCP_DEFER_ACCEPT: a bare acknowledgment makes no connection, until the time
 * is over.  Then the answer goes again, and the next one does: at the last
 * level but one at the latest, since there is no other chance.
 */
static bool
defer_over(const struct syn *s, const struct inpcb *listener, uint64_t now)
{
	uint8_t n = listener->inp_rare->defer;

	return (n == 0 || s->s_level >= LEVELS - 1 ||
	    now - s->s_sent_at >= (uint64_t)tcp_defer_s(n) * 1000000);
}

/* The answer again, or it is over. */
static void
syn_late(struct syn *s, uint64_t now)
{
	struct in_pcb_key at = s->s_key;
	uint8_t level = s->s_level;
	struct inpcb *inp;

	at.laddr = s->s_laddr;
	at.lport = s->s_lport;
	inp = in_pcb_lookup(&tcp_pcbs, &at, INPCB_USUAL);
	if (level + 1 >= LEVELS || inp == NULL ||
	    pcb_of(inp)->t_state != TCPS_LISTEN) {
		tcpstat_inc(TCPC_SC_TIMEOUT);
		syn_free(s);
		return;
	}
	TAILQ_REMOVE(&queues[level], s, s_queue);
	syn_enqueue(s, level + 1, now);
	if (s->s_acked && !defer_over(s, inp, now))
		return;
	tcpstat_inc(TCPC_SC_REXMT);
	answer(s, inp, -1, now);
}

static void
syn_run(void *arg)
{
	uint64_t now = uptime_us(), first = 0;
	struct syn *s;
	int i;

	for (i = 0; i < LEVELS; i++) {
		while ((s = TAILQ_FIRST(&queues[i])) != NULL && s->s_due <= now)
			syn_late(s, now);
		if (s != NULL && (first == 0 || s->s_due < first))
			first = s->s_due;
	}
	if (first != 0)
		timeout_at_us(&syn_timeout, first);
}

/* --- what comes --- */

static struct syn *
syn_add(const struct syn *from)
{
	uint32_t b = bucket_of(&from->s_key);
	struct syn *s;

	if (tcp_syncookies == 2 || syn_count >= (unsigned)tcp_syncache_limit ||
	    bucket_len[b] >= BUCKET_MAX ||
	    (s = pool_get(&syn_pool, PR_NOWAIT)) == NULL)
		return (NULL);
	*s = *from;
	LIST_INSERT_HEAD(&buckets[b], s, s_hash);
	bucket_len[b]++;
	syn_count++;
	tcpstat_inc(TCPC_SC_ADDED);
	return (s);
}

void
tcp_syncache_syn(struct inpcb *listener, const struct in_pcb_key *k,
    const struct ip_input_ctx *ctx, const struct tcp_seg *sg, uint64_t now)
{
	struct syn *s = syn_find(k), new = { 0 };

	/*
	 * Our answer was lost, or is late.  A SYN of another number may be
	 * anybody's: it changes nothing (RFC 5961 4.2).  The peer itself, if it
	 * began anew, resets what it does not know, and begins again.
	 */
	if (s != NULL) {
		tcpstat_inc(TCPC_SC_DUP);
		if (s->s_irs == sg->seq)
			s->s_opt.tsval = sg->opt.tsval;
		answer(s, listener, -1, now);
		return;
	}
	syn_fill(&new, listener, k, sg, now);
	if ((s = syn_add(&new)) != NULL) {
		syn_enqueue(s, 0, now);
		answer(s, listener, -1, now);
		return;
	}
	tcpstat_inc(TCPC_SC_FULL);
	if (tcp_syncookies != 0)
		cookie_send(&new, listener, now);
}

void
tcp_syncache_rst(const struct in_pcb_key *k, const struct tcp_seg *sg)
{
	struct syn *s = syn_find(k);

	if (s == NULL || sg->seq != s->s_irs + 1)
		return;
	tcpstat_inc(TCPC_SC_RESET);
	syn_free(s);
}

bool
tcp_syncache_error(const struct in_pcb_key *k, uint32_t seq, bool hard)
{
	struct syn *s = syn_find(k);

	if (s == NULL || s->s_iss != seq)
		return (false);
	if (hard) {
		tcpstat_inc(TCPC_SC_UNREACH);
		syn_free(s);
	}
	return (true);
}

/* --- a connection comes about --- */

static void
inherit(struct tcpcb *tp, const struct tcpcb *lp)
{
	struct socket *so = tcp_so(tp), *head = tcp_so(lp);

	so->so_rcv.sb_hiwat = head->so_rcv.sb_hiwat;
	so->so_snd.sb_hiwat = head->so_snd.sb_hiwat;
	tcp_options_copy(tp, lp);
}

static void
begin(struct tcpcb *tp, const struct syn *s, const struct tcp_seg *sg,
    uint64_t now)
{
	tp->t_iss = tp->t_snd_una = s->s_iss;
	tp->t_snd_nxt = tp->t_recover = s->s_iss + 1;
	tp->t_lost_to = tp->t_rxt_nxt = tp->t_rxt_mark = s->s_iss;
	tp->t_ecn_recover = s->s_iss;
	tp->t_irs = s->s_irs;
	tp->t_rcv_nxt = tp->t_rcv_told = tp->t_rcv_up = s->s_irs + 1;
	tp->t_rcv_adv = tp->t_rcv_nxt + s->s_win;
	tp->t_rcv_meas_seq = tp->t_rcv_nxt;
	tp->t_rcv_meas_start = tcp_short(now);
	tp->t_ts_offset = tcp_ts_offset(&s->s_key);
	tp->t_rcv_scale = s->s_wscale;
	tp->t_flags |= TF_SACK | TF_TSTAMP | TF_WSCALE; /* as far as agreed */
	if (s->s_ecn)
		tp->t_flags |= TF_ECN;
	tcp_agree(tp, &s->s_opt, now);
	tp->t_snd_wnd = tp->t_snd_wndmax = sg->win << tp->t_snd_scale;
	if (s->s_level == 0) {
		tp->t_flags |= TF_RTT;
		tp->t_rtt_seq = s->s_iss;
		tp->t_rtt_start = tcp_short(s->s_sent_at);
	}
}

/* NULL: no room, or no memory. */
static struct tcpcb *
connection(const struct syn *s, struct inpcb *listener,
    const struct tcp_seg *sg, uint64_t now)
{
	struct socket *so = sonewconn(listener->inp_socket);
	struct tcpcb *tp;

	if (so == NULL) {
		tcpstat_inc(TCPC_LISTENFULL);
		return (NULL);
	}
	if (in_pcb_accept(so->so_pcb, listener, &s->s_key) != 0) {
		soclose(so);
		return (NULL);
	}
	tp = pcb_of(so->so_pcb);
	if (tcp_md5_inherit(tp, pcb_of(listener)) != 0 ||
	    tcp_rare_inherit(tp, pcb_of(listener)) != 0) {
		soclose(so);
		return (NULL);
	}
	inherit(tp, pcb_of(listener));
	begin(tp, s, sg, now);
	if (!tcp_state_event(tp, TCPE_ACCEPT, now))
		panic("tcp: accepted in %s", tcp_state_name(tp->t_state));
	tcpstat_inc(TCPC_ACCEPTS);
	return (tp);
}

/* Does the ACK answer what we sent? */
static bool
answers(const struct syn *s, const struct tcp_seg *sg)
{
	return (sg->ack == s->s_iss + 1 && seq_lt(s->s_irs, sg->seq) &&
	    seq_leq(sg->seq, s->s_irs + 1 + s->s_win));
}

struct tcpcb *
tcp_syncache_ack(struct inpcb *listener, const struct in_pcb_key *k,
    const struct tcp_seg *sg, bool *reset, uint64_t now)
{
	struct syn *s = syn_find(k), cookie = { 0 };
	struct tcpcb *tp;

	*reset = false;
	if (s == NULL) {
		if (!cookie_read(&cookie, listener, k, sg, now)) {
			tcpstat_inc(TCPC_COOKIE_BAD);
			*reset = true;
			return (NULL);
		}
		if ((tp = connection(&cookie, listener, sg, now)) != NULL)
			tcpstat_inc(TCPC_COOKIE_IN);
		return (tp);
	}
	if (!answers(s, sg)) {
		*reset = true;
		return (NULL);
	}
	if (tcp_seg_space(sg) == 0 && !defer_over(s, listener, now)) {
		s->s_acked = true;
		return (NULL);
	}
	if ((tp = connection(s, listener, sg, now)) == NULL)
		return (NULL); /* the entry stays: the peer will repeat */
	tcpstat_inc(TCPC_SC_COMPLETED);
	syn_free(s);
	return (tp);
}

void
tcp_syncache_init(void)
{
	int i;

	pool_init(&syn_pool, sizeof(struct syn), 0, "syncache");
	for (i = 0; i < LEVELS; i++)
		TAILQ_INIT(&queues[i]);
	for (i = 0; i < BUCKETS; i++)
		LIST_INIT(&buckets[i]);
	memset(bucket_len, 0, sizeof(bucket_len));
	syn_count = 0;
	arc4random_buf(&hash_key, sizeof(hash_key));
	arc4random_buf(&cookie_key, sizeof(cookie_key));
	timeout_set(&syn_timeout, syn_run, NULL);
}
