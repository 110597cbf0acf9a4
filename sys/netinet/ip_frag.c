/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Fragments become packets again, in both families.
 *
 * Words.  A piece is one fragment that waits; a datagram is the pieces of
 * one packet, in order of offset; a source is an address with datagrams
 * here.  What differs between IPv4 and IPv6 is a row (struct frag_row): how
 * long to wait, how much to hold, what overlapping pieces mean, and how the
 * header of the whole packet is put right.
 *
 * Life of a datagram:
 *
 *	(none) --first piece--> WAITING --last hole filled--> given back
 *	                          |  \--- overlap (v6) -----> DEAD, holds nothing
 *	                          |                            |
 *	                          +--- time is up, or pushed out ---> gone
 *
 * Numbered facts, which frag_check() asserts:
 * (1) Pieces stand in order and do not overlap.
 * (2) d->bytes is the sum of their lengths; d->npieces counts them.
 * (3) A dead datagram has no pieces.
 * (4) No piece reaches beyond d->end once that is known.
 *
 * Overlap.  IPv6: the datagram dies, with all that is still to come (RFC
 * 5722, RFC 8200 4.5).  IPv4: what came first wins at its place; the new
 * piece gives up what is there already and fills the holes (RFC 815).  So no
 * later fragment can change a byte that was accepted.  An exact copy of a
 * piece is dropped in both.
 *
 * Limits are for datagrams, pieces and bytes of memory (what the mbufs
 * occupy, not what they carry).  When one is reached, the source with the
 * most datagrams loses its oldest: a flood from one address pushes out only
 * itself.  Every loop that follows is bounded by a constant below.
 *
 * Time.  All datagrams of a family wait equally long, so the list by age is
 * the list by expiry, and one timeout for each family is enough.
 *
 * Read on: ip_input.c, ip6_fragment.c, which find the fragments.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/queue.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6.h>

#define FRAG_HASHSIZE   512  /* datagrams, and sources; a power of two */
#define FRAG_PIECES_MAX 256  /* of one datagram */
#define FRAG_PERSRC     64   /* datagrams of one source */
#define FRAG_HDR_MAX    1024 /* unfragmentable part that we put right */

struct frag_piece {
	TAILQ_ENTRY(frag_piece) entry;
	struct mbuf *m; /* off 0: with its headers; others: payload alone */
	uint32_t off, len;
	uint32_t cost; /* memory it occupies */
};

struct frag_source {
	LIST_ENTRY(frag_source) hash;
	TAILQ_ENTRY(frag_source) rank;
	TAILQ_HEAD(, frag_dgram) dgrams; /* oldest first */
	struct ip_addr addr;
	unsigned int ndgrams;
};

struct frag_dgram {
	LIST_ENTRY(frag_dgram) hash;
	TAILQ_ENTRY(frag_dgram) age;
	TAILQ_ENTRY(frag_dgram) bysrc;
	TAILQ_HEAD(frag_pieces, frag_piece) pieces;
	struct frag_source *src;
	struct frag_row *row;
	struct ip_addr dst;
	uint64_t expire_us;
	uint32_t id, exit;
	uint32_t bytes, end; /* have; want, 0 while the last is missing */
	uint32_t npieces, largest, hdrlen;
	uint8_t proto, ecn; /* ecn: bit set for each code seen */
	bool dead;
};

LIST_HEAD(frag_dgrams, frag_dgram);
LIST_HEAD(frag_sources, frag_source);
TAILQ_HEAD(frag_rank, frag_source);

/* A family: what differs, what it holds. */
struct frag_row {
	sa_family_t af;
	uint32_t
	    maxhdr; /* part of hdrlen that the packet's length does not count */
	bool proto_in_key, overlap_kills;
	int wait_s;
	int max_dgrams, max_pieces;
	/* Headers of the whole packet; NULL and m is gone when it cannot be. */
	struct mbuf *(*finish)(struct mbuf *m, uint32_t hdrlen, int ecn);
	unsigned int ndgrams, npieces;
	struct timeout expire;
	TAILQ_HEAD(frag_ages, frag_dgram) ages;
	struct frag_dgrams dgrams[FRAG_HASHSIZE];
	struct frag_sources sources[FRAG_HASHSIZE];
	struct frag_rank ranks[FRAG_PERSRC + 1]; /* sources by ndgrams */
};

static struct mbuf *frag_finish4(struct mbuf *m, uint32_t hdrlen, int ecn);
static struct mbuf *frag_finish6(struct mbuf *m, uint32_t hdrlen, int ecn);

static struct frag_row frag_rows[2] = {
	{ .af = AF_INET,
	    .proto_in_key = true,
	    .wait_s = 30,
	    .max_dgrams = 1024,
	    .max_pieces = 8192,
	    .finish = frag_finish4 },
	{ .af = AF_INET6,
	    .overlap_kills = true,
	    .maxhdr = sizeof(struct ip6_hdr) + sizeof(struct ip6_frag),
	    .wait_s = 60,
	    .max_dgrams = 1024,
	    .max_pieces = 8192,
	    .finish = frag_finish6 },
};
static int frag_maxkbytes = 8192; /* of both families */
static uint64_t frag_memory;
static uint64_t frag_key[2];
static struct pool frag_dgram_pool, frag_source_pool, frag_piece_pool;

enum frag_counter {
	FRAGS_RECEIVED,
	FRAGS_REASSEMBLED,
	FRAGS_ATOMIC,
	FRAGS_TIMEOUTS,
	FRAGS_EVICTED,
	FRAGS_NCOUNTERS
};
static uint64_t frag_counters[FRAGS_NCOUNTERS];
static const char *const frag_counter_text[FRAGS_NCOUNTERS] = {
	[FRAGS_RECEIVED] = "fragments received",
	[FRAGS_REASSEMBLED] = "packets reassembled",
	[FRAGS_ATOMIC] = "fragments that were whole packets",
	[FRAGS_TIMEOUTS] = "packets whose time was up",
	[FRAGS_EVICTED] = "packets pushed out by a limit",
};
static struct counter_group frag_counter_group = {
	.cg_proto = "frag",
	.cg_text = frag_counter_text,
	.cg_value = frag_counters,
	.cg_count = FRAGS_NCOUNTERS,
};

static struct frag_row *
frag_row_of(sa_family_t af)
{
	return (&frag_rows[af == AF_INET6]);
}

static uint32_t frag_pf_pieces, frag_pf_wait; /* wait 0: pf does not say */

void
ip_frag_tune(uint32_t pieces, uint32_t seconds)
{
	frag_pf_pieces = pieces != 0 ? pieces : UINT32_MAX;
	frag_pf_wait = seconds;
}

static uint32_t
frag_wait(const struct frag_row *row)
{
	return (frag_pf_wait != 0 ? frag_pf_wait : (uint32_t)row->wait_s);
}

static uint32_t
frag_max(const struct frag_row *row)
{
	return (frag_pf_wait != 0 ? frag_pf_pieces : (uint32_t)row->max_pieces);
}

/* Keyed, so that nobody can aim at one bucket. */
static unsigned int
frag_hash(const struct ip_addr *a, const struct ip_addr *b, uint32_t id)
{
	uint64_t h = frag_key[0] ^ id;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		h = (h ^ a->q[i]) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
		h = (h ^ b->q[i] ^ frag_key[1]) * 0xbf58476d1ce4e5b9ULL;
		h ^= h >> 32;
	}
	return ((unsigned int)h & (FRAG_HASHSIZE - 1));
}

/* What the packet occupies, whatever it carries. */
static uint32_t
frag_cost(const struct mbuf *m)
{
	uint32_t cost = sizeof(struct frag_piece);

	for (; m != NULL; m = m->m_next)
		cost += MSIZE + ((m->m_flags & M_EXT) != 0 ? m->m_ext.size : 0);
	return (cost);
}

static void
frag_check(const struct frag_dgram *d)
{
	const struct frag_piece *p;
	uint32_t at = 0, bytes = 0, n = 0;

	TAILQ_FOREACH(p, &d->pieces, entry) {
		KASSERT(p->off >= at); /* (1) */
		at = p->off + p->len;
		bytes += p->len;
		n++;
	}
	KASSERT(bytes == d->bytes && n == d->npieces); /* (2) */
	KASSERT(!d->dead || n == 0);                   /* (3) */
	KASSERT(d->end == 0 || at <= d->end);          /* (4) */
}

#ifdef DIAGNOSTIC
#define FRAG_CHECK(d) frag_check(d)
#else
#define FRAG_CHECK(d) ((void)frag_check)
#endif

/* --- sources --- */

static struct frag_source *
frag_source_get(struct frag_row *row, const struct ip_addr *addr)
{
	static const struct ip_addr none;
	struct frag_sources *bucket = &row->sources[frag_hash(addr, &none, 0)];
	struct frag_source *s;

	LIST_FOREACH(s, bucket, hash)
		if (ip_addr_eq(&s->addr, addr))
			return (s);
	if ((s = pool_get(&frag_source_pool, PR_ZERO)) == NULL)
		return (NULL);
	s->addr = *addr;
	TAILQ_INIT(&s->dgrams);
	LIST_INSERT_HEAD(bucket, s, hash);
	TAILQ_INSERT_TAIL(&row->ranks[0], s, rank);
	return (s);
}

/* It has one datagram more or less; without any it goes. */
static void
frag_source_count(struct frag_row *row, struct frag_source *s, int more)
{
	TAILQ_REMOVE(&row->ranks[s->ndgrams], s, rank);
	s->ndgrams = (unsigned int)((int)s->ndgrams + more);
	if (s->ndgrams != 0) {
		TAILQ_INSERT_TAIL(&row->ranks[s->ndgrams], s, rank);
		return;
	}
	LIST_REMOVE(s, hash);
	pool_put(&frag_source_pool, s);
}

/* --- pieces --- */

/* Takes the piece out and gives its packet. */
static struct mbuf *
frag_piece_remove(struct frag_dgram *d, struct frag_piece *p)
{
	struct mbuf *m = p->m;

	TAILQ_REMOVE(&d->pieces, p, entry);
	d->npieces--;
	d->bytes -= p->len;
	d->row->npieces--;
	frag_memory -= p->cost;
	pool_put(&frag_piece_pool, p);
	return (m);
}

static void
frag_pieces_drop(struct frag_dgram *d, enum drop_reason why)
{
	struct frag_piece *p;

	while ((p = TAILQ_FIRST(&d->pieces)) != NULL)
		m_drop(frag_piece_remove(d, p), why);
}

/* --- datagrams --- */

static void
frag_dgram_free(struct frag_dgram *d)
{
	struct frag_row *row = d->row;

	KASSERT(d->npieces == 0);
	LIST_REMOVE(d, hash);
	TAILQ_REMOVE(&row->ages, d, age);
	TAILQ_REMOVE(&d->src->dgrams, d, bysrc);
	frag_source_count(row, d->src, -1);
	row->ndgrams--;
	pool_put(&frag_dgram_pool, d);
}

static void
frag_dgram_evict(struct frag_dgram *d)
{
	frag_counters[FRAGS_EVICTED]++;
	frag_pieces_drop(d, DROP_FRAG_EVICTED);
	frag_dgram_free(d);
}

/* Nothing of it will be accepted any more, until its time is up. */
static void
frag_dgram_kill(struct frag_dgram *d, enum drop_reason why)
{
	frag_pieces_drop(d, why);
	d->dead = true;
}

static struct frag_dgram *
frag_dgram_find(struct frag_row *row, const struct ip_frag *f)
{
	struct frag_dgram *d;

	LIST_FOREACH(d, &row->dgrams[frag_hash(&f->src, &f->dst, f->id)], hash)
		if (d->id == f->id && ip_addr_eq(&d->src->addr, &f->src) &&
		    ip_addr_eq(&d->dst, &f->dst) && d->exit == f->exit &&
		    (!row->proto_in_key || d->proto == f->proto))
			return (d);
	return (NULL);
}

static struct frag_dgram *
frag_dgram_new(struct frag_row *row, const struct ip_frag *f)
{
	struct frag_source *s;
	struct frag_dgram *d;

	if ((d = pool_get(&frag_dgram_pool, PR_ZERO)) == NULL)
		return (NULL);
	if ((s = frag_source_get(row, &f->src)) == NULL) {
		pool_put(&frag_dgram_pool, d);
		return (NULL);
	}
	TAILQ_INIT(&d->pieces);
	d->row = row;
	d->src = s;
	d->dst = f->dst;
	d->id = f->id;
	d->proto = f->proto;
	d->exit = f->exit;
	d->expire_us = uptime_us() + (uint64_t)frag_wait(row) * 1000000;
	LIST_INSERT_HEAD(&row->dgrams[frag_hash(&f->src, &f->dst, f->id)], d,
	    hash);
	TAILQ_INSERT_TAIL(&row->ages, d, age);
	TAILQ_INSERT_TAIL(&s->dgrams, d, bysrc);
	frag_source_count(row, s, 1);
	row->ndgrams++;
	if (!timeout_pending(&row->expire))
		timeout_at_us(&row->expire, d->expire_us);
	/* one source's share: its own oldest makes room */
	if (s->ndgrams == FRAG_PERSRC)
		frag_dgram_evict(TAILQ_FIRST(&s->dgrams));
	return (d);
}

/* --- limits --- */

/* The oldest datagram of the source that has most of them. */
static struct frag_dgram *
frag_victim(struct frag_row *row)
{
	struct frag_source *s;
	unsigned int n;

	for (n = FRAG_PERSRC; n > 0; n--)
		if ((s = TAILQ_FIRST(&row->ranks[n])) != NULL)
			return (TAILQ_FIRST(&s->dgrams));
	return (NULL);
}

static bool
frag_over(const struct frag_row *row, uint32_t cost)
{
	return (row->ndgrams >= (unsigned int)row->max_dgrams ||
	    row->npieces >= frag_max(row) ||
	    frag_memory + cost > (uint64_t)frag_maxkbytes * 1024);
}

/* True when a piece that costs so much may be kept. */
static bool
frag_make_room(struct frag_row *row, uint32_t cost)
{
	struct frag_dgram *d;

	while (frag_over(row, cost)) {
		if ((d = frag_victim(row)) == NULL)
			return (false);
		frag_dgram_evict(d);
	}
	return (true);
}

/* --- time --- */

/* RFC 792, RFC 4443 3.3: the sender is told if the first fragment is here. */
static void
frag_dgram_expire(struct frag_dgram *d)
{
	struct frag_piece *p = TAILQ_FIRST(&d->pieces);

	if (p != NULL && p->off == 0) {
		drop_count(DROP_FRAG_TIMEOUT);
		ip_error(frag_piece_remove(d, p), d->row->af, IPE_REASS, 0);
	}
	if (!d->dead)
		frag_counters[FRAGS_TIMEOUTS]++;
	frag_pieces_drop(d, DROP_FRAG_TIMEOUT);
	frag_dgram_free(d);
}

static void
frag_expire(void *arg)
{
	struct frag_row *row = arg;
	struct frag_dgram *d;

	while ((d = TAILQ_FIRST(&row->ages)) != NULL &&
	    d->expire_us <= uptime_us())
		frag_dgram_expire(d);
	if (d != NULL)
		timeout_at_us(&row->expire, d->expire_us);
}

/* --- putting together --- */

/* RFC 3168 5.3: 0 nothing to change, 3 mark; -1 the codes cannot be. */
static int
frag_ecn(uint8_t seen)
{
	if ((seen & 1 << 3) == 0)
		return (0);
	return ((seen & 1 << 0) != 0 ? -1 : 3);
}

static struct mbuf *
frag_finish4(struct mbuf *m, uint32_t hdrlen, int ecn)
{
	struct ip *ip;

	if ((m = m_pullup(m, hdrlen)) == NULL)
		return (NULL);
	ip = mtod(m, struct ip *);
	ip->ip_len = htons(m->m_pkthdr.len);
	ip->ip_off &= htons(IP_DF);
	ip->ip_tos |= (uint8_t)ecn;
	ip->ip_sum = 0;
	ip->ip_sum = in_cksum_fold(in_cksum_bytes(0, ip, hdrlen));
	return (m);
}

/* Where in hdr[len] stands the number that says "a fragment header follows"? */
static uint8_t *
frag_nxt6(uint8_t *hdr, uint32_t len)
{
	uint8_t *nxt = hdr + offsetof(struct ip6_hdr, ip6_nxt);
	uint32_t off = sizeof(struct ip6_hdr);

	while (*nxt != IPPROTO_FRAGMENT) {
		if (off + 2 > len)
			return (NULL);
		nxt = hdr + off;
		off += (hdr[off + 1] + 1U) * 8;
	}
	return (off == len ? nxt : NULL);
}

static struct mbuf *
frag_finish6(struct mbuf *m, uint32_t hdrlen, int ecn)
{
	uint32_t keep = hdrlen - sizeof(struct ip6_frag);
	struct ip6_hdr *ip6;
	uint8_t *nxt;

	if ((m = m_pullup(m, hdrlen)) == NULL)
		return (NULL);
	if ((nxt = frag_nxt6(mtod(m, uint8_t *), keep)) == NULL) {
		m_drop(m, DROP_FRAG_BADHDR);
		return (NULL);
	}
	*nxt = mtod(m, uint8_t *)[keep];
	memmove(mtod(m, uint8_t *) + sizeof(struct ip6_frag),
	    mtod(m, uint8_t *), keep);
	m_adj(m, sizeof(struct ip6_frag));
	ip6 = mtod(m, struct ip6_hdr *);
	ip6->ip6_plen = htons(m->m_pkthdr.len - sizeof(*ip6));
	ip6->ip6_flow |= htonl((uint32_t)ecn << 20);
	return (m);
}

/* All is here: one packet of it, and the datagram is gone. */
static struct mbuf *
frag_join(struct frag_dgram *d)
{
	struct frag_row *row = d->row;
	uint32_t hdrlen = d->hdrlen;
	struct frag_piece *p;
	struct mbuf *m, *n;
	enum drop_reason why = DROP_NONE;
	int ecn = frag_ecn(d->ecn);

	if (ecn == -1)
		why = DROP_FRAG_ECN;
	else if (d->end + hdrlen > row->maxhdr + IP_MAXPACKET)
		why = DROP_FRAG_TOOBIG;
	if (why != DROP_NONE) {
		frag_pieces_drop(d, why);
		frag_dgram_free(d);
		return (NULL);
	}
	m = frag_piece_remove(d, TAILQ_FIRST(&d->pieces));
	while ((p = TAILQ_FIRST(&d->pieces)) != NULL) {
		n = frag_piece_remove(d, p);
		m->m_flags |= n->m_flags & (M_BCAST | M_MCAST);
		m_cat_pkt(m, n);
	}
	frag_dgram_free(d);
	m->m_pkthdr.csum_flags = 0;
	if ((m = row->finish(m, hdrlen, ecn)) != NULL)
		frag_counters[FRAGS_REASSEMBLED]++;
	return (m);
}

/* --- a fragment comes --- */

/* What can be said of a fragment alone. */
static enum drop_reason
frag_judge(const struct frag_row *row, const struct mbuf *m,
    const struct ip_frag *f)
{
	if (f->hdrlen > FRAG_HDR_MAX || f->hdrlen < row->maxhdr ||
	    f->hdrlen + f->len > m->m_pkthdr.len)
		return (DROP_FRAG_BADHDR);
	if (f->len == 0 || (f->more && f->len % 8 != 0))
		return (DROP_FRAG_BADLEN);
	if (f->hdrlen + f->off + f->len > row->maxhdr + IP_MAXPACKET)
		return (DROP_FRAG_TOOBIG);
	return (DROP_NONE);
}

static bool
frag_same_bytes(const struct mbuf *a, uint32_t aoff, const struct mbuf *b,
    uint32_t boff, uint32_t len)
{
	uint8_t x[64], y[64];
	uint32_t n;

	for (; len > 0; len -= n, aoff += n, boff += n) {
		n = MIN(len, sizeof(x));
		if (m_copydata(a, aoff, n, x) != 0 ||
		    m_copydata(b, boff, n, y) != 0 || memcmp(x, y, n) != 0)
			return (false);
	}
	return (true);
}

/* The last piece that begins at or before off; NULL: none does. */
static struct frag_piece *
frag_before(struct frag_dgram *d, uint32_t off)
{
	struct frag_piece *p = TAILQ_LAST(&d->pieces, frag_pieces);

	while (p != NULL && p->off > off)
		p = TAILQ_PREV(p, frag_pieces, entry);
	return (p);
}

static struct frag_piece *
frag_after(struct frag_dgram *d, struct frag_piece *prev)
{
	return (
	    prev != NULL ? TAILQ_NEXT(prev, entry) : TAILQ_FIRST(&d->pieces));
}

/* Does the fragment fit what is known about the end? */
static bool
frag_end_agrees(const struct frag_dgram *d, const struct ip_frag *f)
{
	const struct frag_piece *last = TAILQ_LAST(&d->pieces, frag_pieces);
	uint32_t end = f->off + f->len;

	if (d->end != 0)
		return (f->more ? end <= d->end : end == d->end);
	return (f->more || last == NULL || last->off + last->len <= end);
}

/* A part of a new piece that is kept. */
struct frag_room {
	struct frag_piece *prev;
	uint32_t off, len;
};

/* The first hole of d that the fragment fills at or behind from.  False: none. */
static bool
frag_hole(struct frag_dgram *d, const struct ip_frag *f, uint32_t from,
    struct frag_room *room)
{
	struct frag_piece *prev = frag_before(d, from),
			  *next = frag_after(d, prev);
	uint32_t end = f->off + f->len;

	if (prev != NULL)
		from = MAX(from, prev->off + prev->len);
	for (; next != NULL && next->off <= from; next = frag_after(d, prev)) {
		prev = next;
		from = prev->off + prev->len;
	}
	if (from >= end)
		return (false);
	if (next != NULL)
		end = MIN(end, next->off);
	*room = (struct frag_room){ prev, from, end - from };
	return (true);
}

/*
 * Where does it go first?  DROP_NONE and room filled; DROP_FRAG_DUP and
 * _COVERED concern this fragment, DROP_FRAG_OVERLAP the whole datagram.
 */
static enum drop_reason
frag_place(struct frag_dgram *d, const struct mbuf *m, const struct ip_frag *f,
    struct frag_room *room)
{
	struct frag_piece *prev = frag_before(d, f->off);
	bool any;

	if (!frag_end_agrees(d, f))
		return (DROP_FRAG_OVERLAP);
	if (!f->more) /* even if all that it brings is here already */
		d->end = f->off + f->len;
	if (prev != NULL && prev->off == f->off && prev->len == f->len &&
	    frag_same_bytes(prev->m, prev->off == 0 ? d->hdrlen : 0, m,
		f->hdrlen, f->len))
		return (DROP_FRAG_DUP);
	any = frag_hole(d, f, f->off, room);
	if (d->row->overlap_kills &&
	    (!any || room->off != f->off || room->len != f->len))
		return (DROP_FRAG_OVERLAP);
	return (any ? DROP_NONE : DROP_FRAG_COVERED);
}

/* What m holds for room, cut out of m itself; the first keeps its headers. */
static void
frag_trim(struct mbuf *m, const struct ip_frag *f, const struct frag_room *room)
{
	m_adj(m, (int)(f->hdrlen + f->len) - (int)m->m_pkthdr.len);
	m_adj(m, -(int)(f->off + f->len - room->off - room->len));
	if (room->off != 0)
		m_adj(m, (int)(f->hdrlen + room->off - f->off));
}

/* The same as a copy, so that m may fill other holes too.  NULL: no memory. */
static struct mbuf *
frag_cut(const struct mbuf *m, const struct ip_frag *f,
    const struct frag_room *room)
{
	uint32_t at = f->hdrlen + room->off - f->off, len = room->len;
	struct mbuf *n;

	if (room->off == 0) {
		len += at;
		at = 0;
	}
	if ((n = m_getroom(M_HEADROOM, len)) == NULL)
		return (NULL);
	if (m_dup_pkthdr(n, m) != 0 ||
	    NEVER(m_copydata(m, at, len, n->m_data) != 0)) {
		m_freem(n);
		return (NULL);
	}
	n->m_flags |= m->m_flags & (M_BCAST | M_MCAST);
	n->m_len = n->m_pkthdr.len = len;
	return (n);
}

/* Puts m, which holds what room says, into the datagram.  Takes m if so. */
static enum drop_reason
frag_insert(struct frag_dgram *d, struct mbuf *m, const struct ip_frag *f,
    const struct frag_room *room)
{
	struct frag_piece *p;

	if (d->npieces >= FRAG_PIECES_MAX)
		return (DROP_FRAG_PIECES);
	if ((p = pool_get(&frag_piece_pool, PR_NOWAIT)) == NULL)
		return (DROP_NOBUFS);
	if (room->off == 0)
		d->hdrlen = f->hdrlen;
	*p = (struct frag_piece){ .m = m,
		.off = room->off,
		.len = room->len,
		.cost = frag_cost(m) };
	if (room->prev != NULL)
		TAILQ_INSERT_AFTER(&d->pieces, room->prev, p, entry);
	else
		TAILQ_INSERT_HEAD(&d->pieces, p, entry);
	d->npieces++;
	d->bytes += p->len;
	d->ecn |= (uint8_t)(1 << (f->tos & 3));
	d->largest = MAX(d->largest, f->hdrlen + f->len);
	d->row->npieces++;
	frag_memory += p->cost;
	return (DROP_NONE);
}

/* RFC 6946: complete in itself, and nothing to do with others of its id. */
static struct mbuf *
frag_atomic(struct frag_row *row, struct mbuf *m, const struct ip_frag *f)
{
	frag_counters[FRAGS_ATOMIC]++;
	m_adj(m, (int)(f->hdrlen + f->len) - (int)m->m_pkthdr.len);
	if (f->largest != NULL)
		*f->largest = f->hdrlen + f->len;
	return (row->finish(m, f->hdrlen, 0));
}

/*
 * Adds m to d, which is alive: into all holes that it fills (RFC 815), copies
 * into all but the last.  DROP_NONE: m is kept.
 */
static enum drop_reason
frag_add(struct frag_dgram *d, struct mbuf *m, const struct ip_frag *f)
{
	struct frag_room room, after;
	enum drop_reason why;
	struct mbuf *n;

	if ((why = frag_place(d, m, f, &room)) != DROP_NONE)
		return (why);
	for (; frag_hole(d, f, room.off + room.len, &after); room = after) {
		if ((n = frag_cut(m, f, &room)) == NULL)
			return (DROP_NOBUFS);
		if ((why = frag_insert(d, n, f, &room)) != DROP_NONE) {
			m_freem(n);
			return (why);
		}
	}
	frag_trim(m, f, &room);
	return (frag_insert(d, m, f, &room));
}

struct mbuf *
ip_reass(struct mbuf *m, const struct ip_frag *f)
{
	struct frag_row *row = frag_row_of(f->af);
	struct frag_dgram *d;
	enum drop_reason why;

	frag_counters[FRAGS_RECEIVED]++;
	if ((why = frag_judge(row, m, f)) != DROP_NONE) {
		m_drop(m, why);
		return (NULL);
	}
	if (f->off == 0 && !f->more)
		return (frag_atomic(row, m, f));
	if (!frag_make_room(row, frag_cost(m))) {
		m_drop(m, DROP_FRAG_LIMIT);
		return (NULL);
	}
	if ((d = frag_dgram_find(row, f)) == NULL &&
	    (d = frag_dgram_new(row, f)) == NULL) {
		m_drop(m, DROP_NOBUFS);
		return (NULL);
	}
	why = d->dead ? DROP_FRAG_DEAD : frag_add(d, m, f);
	if (why != DROP_NONE)
		m_drop(m, why);
	if (why == DROP_FRAG_OVERLAP || why == DROP_FRAG_TOOBIG ||
	    why == DROP_FRAG_PIECES)
		frag_dgram_kill(d, why);
	else if (d->npieces == 0 && !d->dead) { /* its first found no memory */
		frag_dgram_free(d);
		return (NULL);
	}
	FRAG_CHECK(d);
	if (d->dead || d->bytes != d->end)
		return (NULL);
	if (f->largest != NULL)
		*f->largest = d->largest;
	return (frag_join(d));
}

/* --- attachment --- */

void
ip_frag_flush(void)
{
	struct frag_dgram *d;
	unsigned int i;

	for (i = 0; i < nitems(frag_rows); i++) {
		while ((d = TAILQ_FIRST(&frag_rows[i].ages)) != NULL) {
			frag_pieces_drop(d, DROP_FRAG_EVICTED);
			frag_dgram_free(d);
		}
		timeout_del(&frag_rows[i].expire);
	}
}

unsigned int
ip_frag_held(void)
{
	return (frag_rows[0].npieces + frag_rows[1].npieces);
}

static const struct sysctl_row frag_sysctls[] = {
	{ "net.inet.ip.maxqueue", CTL_INT, CTLF_WR, &frag_rows[0].max_pieces, 0,
	    1 << 20, NULL, NULL, "fragments held for reassembly" },
	{ "net.inet.ip.maxfragpackets", CTL_INT, CTLF_WR,
	    &frag_rows[0].max_dgrams, 0, 1 << 20, NULL, NULL,
	    "packets held for reassembly" },
	{ "net.inet.ip.fragtimeout", CTL_INT, CTLF_WR, &frag_rows[0].wait_s, 1,
	    120, NULL, NULL, "seconds a packet waits for its fragments" },
	{ "net.inet.ip.maxfragkbytes", CTL_INT, CTLF_WR, &frag_maxkbytes, 0,
	    1 << 20, NULL, NULL,
	    "kilobytes of memory fragments of both families may occupy" },
	{ "net.inet6.ip6.maxfrags", CTL_INT, CTLF_WR, &frag_rows[1].max_pieces,
	    0, 1 << 20, NULL, NULL, "fragments held for reassembly" },
	{ "net.inet6.ip6.maxfragpackets", CTL_INT, CTLF_WR,
	    &frag_rows[1].max_dgrams, 0, 1 << 20, NULL, NULL,
	    "packets held for reassembly" },
};
static struct sysctl_table frag_sysctl_table = {
	.rows = frag_sysctls,
	.nrows = nitems(frag_sysctls),
};

static void
frag_row_init(struct frag_row *row)
{
	unsigned int i;

	timeout_set(&row->expire, frag_expire, row);
	TAILQ_INIT(&row->ages);
	for (i = 0; i <= FRAG_PERSRC; i++)
		TAILQ_INIT(&row->ranks[i]);
}

void
ip_frag_init(void)
{
	arc4random_buf(frag_key, sizeof(frag_key));
	pool_init(&frag_dgram_pool, sizeof(struct frag_dgram), 0, "fragdgram");
	pool_init(&frag_source_pool, sizeof(struct frag_source), 0, "fragsrc");
	pool_init(&frag_piece_pool, sizeof(struct frag_piece), 0, "fragpiece");
	frag_row_init(&frag_rows[0]);
	frag_row_init(&frag_rows[1]);
	counters_register(&frag_counter_group);
	sysctl_register(&frag_sysctl_table);
}
