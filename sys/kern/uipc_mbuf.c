/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * mbufs: getting, freeing, and the shape of packets.  Bytes and tags are in
 * uipc_mbuf2.c.
 *
 * Storage outside an mbuf has a count of users; the count itself is made
 * when a second user comes, so a packet that is never shared pays nothing
 * for it.  All storage that we allocate is counted against one limit.
 *
 * Storage on loan knows its users, so that it can be taken from under them.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/pool.h>

static struct pool mbpool, refpool;
static const uint32_t clsizes[] = { 2048, 4096, 9216, 16384,
	MAXMCLBYTES + 512 };
static const char *const clnames[] = { "mcl2k", "mcl4k", "mcl9k", "mcl16k",
	"mcl64k" };
static struct pool clpools[nitems(clsizes)];
static struct {
	uint64_t bytes, limit, high, denied, clusters;
} mb;

void
mbinit(uint64_t limit_bytes)
{
	pool_init(&mbpool, sizeof(struct mbuf), 64, "mbuf");
	pool_init(&refpool, sizeof(uint32_t) * 2, 0, "mclref");
	for (size_t i = 0; i < nitems(clpools); i++)
		pool_init(&clpools[i], clsizes[i], 64, clnames[i]);
	mb.limit = limit_bytes;
}

void
mb_setlimit(uint64_t limit_bytes)
{
	mb.limit = limit_bytes;
}

void
mbstat_get(struct mbuf_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->mbufs = mbpool.pr_inuse;
	st->clusters = mb.clusters;
	st->bytes = mb.bytes;
	st->limit = mb.limit;
	st->high = mb.high;
	st->denied = mb.denied;
}

bool
mb_tight(void)
{
	return (mb.bytes > mb.limit - mb.limit / 4);
}

/* An object of pp, counted; NULL when the limit or the host says no. */
static void *
mb_alloc(struct pool *pp)
{
	void *p = NULL;

	if (mb.bytes + pp->pr_size <= mb.limit)
		p = pool_get(pp, PR_NOWAIT);
	if (p == NULL) {
		mb.denied++;
		return (NULL);
	}
	mb.bytes += pp->pr_size;
	mb.high = MAX(mb.high, mb.bytes);
	return (p);
}

static void
mb_free(struct pool *pp, void *p)
{
	mb.bytes -= pp->pr_size;
	pool_put(pp, p);
}

struct mbuf *
m_get(enum mbuf_type type)
{
	struct mbuf *m;

	if ((m = mb_alloc(&mbpool)) == NULL)
		return (NULL);
	memset(&m->m_hdr, 0, sizeof(m->m_hdr));
	m->m_type = (uint16_t)type;
	m->m_data = m->m_dat;
	return (m);
}

struct mbuf *
m_gethdr(enum mbuf_type type)
{
	struct mbuf *m;

	if ((m = m_get(type)) == NULL)
		return (NULL);
	memset(&m->m_pkthdr, 0, sizeof(m->m_pkthdr));
	m->m_flags = M_PKTHDR;
	m->m_data = m->m_pktdat;
	return (m);
}

static void
cluster_free(char *buf, uint32_t size, void *arg)
{
	(void)size;
	mb.clusters--;
	mb_free(arg, buf);
}

void
m_extadd(struct mbuf *m, char *buf, uint32_t size,
    void (*fn)(char *, uint32_t, void *), void *arg, bool readonly)
{
	KASSERT((m->m_flags & (M_EXT | M_PKTHDR)) == M_PKTHDR ||
	    (m->m_flags & M_EXT) == 0);
	m->m_ext = (struct mbuf_ext){ .buf = buf,
		.size = size,
		.free = fn,
		.arg = arg };
	m->m_data = buf;
	m->m_flags |= (uint16_t)(M_EXT | (readonly ? M_EXTRO : 0));
}

int
m_clget(struct mbuf *m, size_t size)
{
	char *buf;

	KASSERT(m->m_len == 0);
	for (size_t i = 0; i < nitems(clpools); i++) {
		if (size > clsizes[i])
			continue;
		if ((buf = mb_alloc(&clpools[i])) == NULL)
			return (ENOBUFS);
		mb.clusters++;
		m_extadd(m, buf, clsizes[i], cluster_free, &clpools[i], false);
		return (0);
	}
	return (ENOBUFS);
}

struct mbuf *
m_getroom(size_t headroom, size_t len)
{
	struct mbuf *m;

	if ((m = m_gethdr(MT_DATA)) == NULL)
		return (NULL);
	if (headroom + len > MHLEN && m_clget(m, headroom + len) != 0) {
		m_free(m);
		return (NULL);
	}
	m->m_data += headroom;
	return (m);
}

/* --- loans --- */

/* Nobody uses it any more. */
static void
loan_free(char *buf, uint32_t size, void *arg)
{
	struct mbuf_loan *l = arg;

	(void)buf;
	(void)size;
	m_freem(l->aside);
	l->aside = NULL;
	l->over(l);
}

static bool
is_lent(const struct mbuf *m)
{
	return ((m->m_flags & M_EXT) != 0 && m->m_ext.free == loan_free);
}

/* Is m a user of what is lent?  Then it is one from now on, or no more. */
static void
loan_join(struct mbuf *m)
{
	struct mbuf_loan *l = m->m_ext.arg;

	if (is_lent(m))
		LIST_INSERT_HEAD(&l->users, m, m_ext.users);
}

static void
loan_leave(struct mbuf *m)
{
	if (is_lent(m))
		LIST_REMOVE(m, m_ext.users);
}

struct mbuf *
m_lend(struct mbuf_loan *l, char *buf, uint32_t size)
{
	struct mbuf *m;

	KASSERT(l->aside == NULL && size <= MAXMCLBYTES);
	if ((l->aside = m_getroom(0, MAXMCLBYTES)) == NULL)
		return (NULL);
	if ((m = m_gethdr(MT_DATA)) == NULL) {
		m_freem(l->aside);
		l->aside = NULL;
		return (NULL);
	}
	m_extadd(m, buf, size, loan_free, l, false);
	loan_join(m);
	m->m_len = m->m_pkthdr.len = size;
	return (m);
}

void
m_loan_end(struct mbuf_loan *l)
{
	struct mbuf *m = LIST_FIRST(&l->users), *aside = l->aside;
	struct mbuf_ext to;
	char *from;

	if (m == NULL)
		return;
	to = aside->m_ext;
	from = m->m_ext.buf;
	memcpy(to.buf, from, m->m_ext.size);
	while ((m = LIST_FIRST(&l->users)) != NULL) {
		LIST_REMOVE(m, m_ext.users);
		m->m_data = to.buf + (m->m_data - from);
		m->m_ext.buf = to.buf;
		m->m_ext.size = to.size;
		m->m_ext.free = to.free;
		m->m_ext.arg = to.arg;
	}
	l->aside = NULL;
	aside->m_flags &= (uint16_t)~M_EXT; /* theirs now */
	m_free(aside);
	l->over(l);
}

/* --- the end of mbufs --- */

static void
ext_free(struct mbuf *m)
{
	struct mbuf_ext *e = &m->m_ext;

	loan_leave(m);
	if (e->refs != NULL && --*e->refs > 0)
		return;
	if (e->refs != NULL)
		pool_put(&refpool, e->refs);
	e->free(e->buf, e->size, e->arg);
}

struct mbuf *
m_free(struct mbuf *m)
{
	struct mbuf *next = m->m_next;
	struct m_tag *t;

	if ((m->m_flags & M_PKTHDR) != 0)
		while ((t = SLIST_FIRST(&m->m_pkthdr.tags)) != NULL)
			m_tag_delete(m, t);
	if ((m->m_flags & M_EXT) != 0)
		ext_free(m);
	mb_free(&mbpool, m);
	return (next);
}

void
m_freem(struct mbuf *m)
{
	while (m != NULL)
		m = m_free(m);
}

void
m_drop(struct mbuf *m, enum drop_reason why)
{
	drop_count(why);
	m_freem(m);
}

bool
m_writable(const struct mbuf *m)
{
	if ((m->m_flags & M_EXT) == 0)
		return (true);
	return ((m->m_flags & M_EXTRO) == 0 &&
	    (m->m_ext.refs == NULL || *m->m_ext.refs == 1));
}

static const char *
storage_start(const struct mbuf *m)
{
	if ((m->m_flags & M_EXT) != 0)
		return (m->m_ext.buf);
	return ((m->m_flags & M_PKTHDR) != 0 ? m->m_pktdat : m->m_dat);
}

static uint32_t
storage_size(const struct mbuf *m)
{
	if ((m->m_flags & M_EXT) != 0)
		return (m->m_ext.size);
	return ((uint32_t)((m->m_flags & M_PKTHDR) != 0 ? MHLEN : MLEN));
}

uint32_t
m_leadingspace(const struct mbuf *m)
{
	return (m_writable(m) ? (uint32_t)(m->m_data - storage_start(m)) : 0);
}

uint32_t
m_trailingspace(const struct mbuf *m)
{
	if (!m_writable(m))
		return (0);
	return ((uint32_t)(storage_start(m) + storage_size(m) -
	    (m->m_data + m->m_len)));
}

/* --- packet header --- */

/* to becomes the head of from's packet: header and tags move. */
static void
pkthdr_move(struct mbuf *to, struct mbuf *from)
{
	to->m_pkthdr = from->m_pkthdr;
	to->m_flags |= from->m_flags & (uint16_t) ~(M_EXT | M_EXTRO);
	to->m_nextpkt = from->m_nextpkt;
	SLIST_INIT(&from->m_pkthdr.tags);
	from->m_nextpkt = NULL;
}

int
m_dup_pkthdr(struct mbuf *to, const struct mbuf *from)
{
	struct m_tag *t, *copy, *last = NULL;

	KASSERT(
	    (to->m_flags & M_PKTHDR) != 0 && SLIST_EMPTY(&to->m_pkthdr.tags));
	to->m_pkthdr = from->m_pkthdr;
	to->m_flags |= from->m_flags & (uint16_t) ~(M_EXT | M_EXTRO);
	SLIST_INIT(&to->m_pkthdr.tags);
	SLIST_FOREACH(t, &from->m_pkthdr.tags, mt_link) {
		if ((copy = m_tag_get(t->mt_id, t->mt_len)) == NULL)
			return (ENOBUFS);
		memcpy(m_tag_data(copy), m_tag_data(t), t->mt_len);
		if (last == NULL)
			SLIST_INSERT_HEAD(&to->m_pkthdr.tags, copy, mt_link);
		else
			SLIST_INSERT_AFTER(last, copy, mt_link);
		last = copy;
	}
	return (0);
}

void
m_resethdr(struct mbuf *m)
{
	uint32_t len = m->m_pkthdr.len, csum = m->m_pkthdr.csum_flags;
	uint16_t mss = m->m_pkthdr.mss;
	struct m_tag *t;

	while ((t = SLIST_FIRST(&m->m_pkthdr.tags)) != NULL)
		m_tag_delete(m, t);
	memset(&m->m_pkthdr, 0, sizeof(m->m_pkthdr));
	m->m_pkthdr.len = len;
	m->m_pkthdr.csum_flags = csum;
	m->m_pkthdr.mss = mss;
	m->m_flags &= M_EXT | M_EXTRO | M_PKTHDR;
}

/* --- shape --- */

/* A fresh first mbuf with len contiguous bytes of room, in front of m's place. */
static struct mbuf *
head_make(struct mbuf *m, uint32_t headroom, uint32_t len)
{
	struct mbuf *n;

	if ((m->m_flags & M_PKTHDR) == 0) {
		if ((n = m_get(m->m_type)) != NULL && headroom + len > MLEN &&
		    m_clget(n, headroom + len) != 0) {
			m_free(n);
			n = NULL;
		}
		if (n != NULL)
			n->m_data += headroom;
		return (n);
	}
	if ((n = m_getroom(headroom, len)) != NULL)
		pkthdr_move(n, m);
	return (n);
}

/* Moves len bytes from the front of chain m to the end of n; what is left of m. */
static struct mbuf *
front_move(struct mbuf *n, struct mbuf *m, uint32_t len)
{
	uint32_t take;

	while (len > 0) {
		take = MIN(len, m->m_len);
		memcpy(n->m_data + n->m_len, m->m_data, take);
		n->m_len += take;
		m->m_data += take;
		m->m_len -= take;
		len -= take;
		if (m->m_len == 0 || len > 0)
			m = m_free(m);
	}
	return (m);
}

struct mbuf *
m_pullup(struct mbuf *m, uint32_t len)
{
	struct mbuf *n;

	if (m->m_len >= len && (len == 0 || m_writable(m)))
		return (m);
	if (m_length(m) < len) {
		m_freem(m);
		return (NULL);
	}
	if (m->m_len > 0 && m->m_len < len &&
	    len - m->m_len <= m_trailingspace(m)) {
		m->m_next = front_move(m, m->m_next, len - m->m_len);
		return (m);
	}
	if ((n = head_make(m, (m->m_flags & M_PKTHDR) != 0 ? 64 : 0, len)) ==
	    NULL) {
		m_drop(m, DROP_NOBUFS);
		return (NULL);
	}
	m->m_flags &= (uint16_t)~M_PKTHDR; /* n has it now */
	n->m_next = front_move(n, m, len);
	return (n);
}

struct mbuf *
m_prepend(struct mbuf *m, uint32_t len)
{
	struct mbuf *n = m;

	if (m_leadingspace(m) < len) {
		if ((n = head_make(m, M_HEADROOM, len)) == NULL) {
			m_drop(m, DROP_NOBUFS);
			return (NULL);
		}
		m->m_flags &= (uint16_t)~M_PKTHDR;
		n->m_next = m;
		n->m_data += len;
	}
	n->m_data -= len;
	n->m_len += len;
	if ((n->m_flags & M_PKTHDR) != 0)
		n->m_pkthdr.len += len;
	return (n);
}

void
m_adj(struct mbuf *m, int cut)
{
	uint32_t len = cut < 0 ? 0U - (uint32_t)cut : (uint32_t)cut,
		 total = m_length(m), keep;
	struct mbuf *n = m;

	len = MIN(len, total);
	if ((m->m_flags & M_PKTHDR) != 0)
		m->m_pkthdr.len = total - len;
	if (cut >= 0) {
		for (; n != NULL && len >= n->m_len; n = n->m_next) {
			len -= n->m_len;
			n->m_data += n->m_len;
			n->m_len = 0;
		}
		if (n != NULL) {
			n->m_data += len;
			n->m_len -= len;
		}
		return;
	}
	for (keep = total - len; n->m_len < keep; n = n->m_next)
		keep -= n->m_len;
	n->m_len = keep;
	m_freem(n->m_next);
	n->m_next = NULL;
}

/* Second user of from's storage.  0 or ENOBUFS. */
static int
ext_share(struct mbuf *to, struct mbuf *from)
{
	if (from->m_ext.refs == NULL) {
		if ((from->m_ext.refs = pool_get(&refpool, PR_NOWAIT)) == NULL)
			return (ENOBUFS);
		*from->m_ext.refs = 1;
	}
	++*from->m_ext.refs;
	to->m_ext = from->m_ext;
	to->m_flags |= from->m_flags & (M_EXT | M_EXTRO);
	loan_join(to);
	return (0);
}

void
m_ext_swap(struct mbuf *a, struct mbuf *b)
{
	const uint16_t kind = M_EXT | M_EXTRO;
	struct mbuf_ext e;
	uint16_t flags;

	KASSERT((a->m_flags & M_EXT) != 0 && (b->m_flags & M_EXT) != 0);
	loan_leave(a);
	loan_leave(b);
	e = a->m_ext;
	a->m_ext = b->m_ext;
	b->m_ext = e;
	flags = (a->m_flags ^ b->m_flags) & kind;
	a->m_flags ^= flags;
	b->m_flags ^= flags;
	loan_join(a);
	loan_join(b);
}

/* A new mbuf for len bytes at m + off: shared storage if it has some, else copied. */
static struct mbuf *
piece_copy(struct mbuf *m, uint32_t off, uint32_t len, bool hdr)
{
	struct mbuf *n;

	if ((n = hdr ? m_gethdr(m->m_type) : m_get(m->m_type)) == NULL)
		return (NULL);
	if ((m->m_flags & M_EXT) != 0) {
		if (ext_share(n, m) != 0)
			goto fail;
		n->m_data = m->m_data + off;
	} else {
		if (len > storage_size(n) && m_clget(n, len) != 0)
			goto fail;
		memcpy(n->m_data, m->m_data + off, len);
	}
	n->m_len = len;
	return (n);
fail:
	m_free(n);
	return (NULL);
}

struct mbuf *
m_copym(const struct mbuf *m0, uint32_t off, uint32_t len)
{
	struct mbuf *m = (struct mbuf *)(uintptr_t)m0, *top = NULL,
		    **next = &top, *n;
	bool hdr = off == 0 && (m0->m_flags & M_PKTHDR) != 0;
	uint32_t take, done = 0;

	for (; m != NULL && off >= m->m_len && (off > 0 || m->m_len == 0) &&
	     m->m_next != NULL;
	     m = m->m_next)
		off -= m->m_len;
	do {
		take = MIN(len, m->m_len - MIN(off, m->m_len));
		if ((n = piece_copy(m, off, take, hdr && top == NULL)) == NULL)
			goto fail;
		*next = n;
		next = &n->m_next;
		done += take;
		len -= len == UINT32_MAX ? 0 : take;
		off = 0;
		m = m->m_next;
	} while (m != NULL && len > 0);
	if (hdr) {
		if (m_dup_pkthdr(top, m0) != 0)
			goto fail;
		top->m_pkthdr.len = done;
	}
	return (top);
fail:
	m_freem(top);
	return (NULL);
}

struct mbuf *
m_split(struct mbuf *m, uint32_t off)
{
	uint32_t total = m_length(m), hdrlen = m->m_pkthdr.len;
	struct mbuf *n, *at;

	if (off > total)
		return (NULL);
	for (at = m; off > at->m_len; at = at->m_next)
		off -= at->m_len;
	if ((n = piece_copy(at, off, at->m_len - off, false)) == NULL)
		return (NULL);
	if ((m->m_flags & M_PKTHDR) != 0) {
		struct mbuf *h = m_gethdr(m->m_type);

		if (h == NULL) {
			m_free(n);
			return (NULL);
		}
		h->m_next = n;
		h->m_pkthdr.ifidx = m->m_pkthdr.ifidx;
		h->m_pkthdr.rtableid = m->m_pkthdr.rtableid;
		n = h;
	}
	at->m_len = off;
	for (struct mbuf *l = n;; l = l->m_next)
		if (l->m_next == NULL) {
			l->m_next = at->m_next;
			break;
		}
	at->m_next = NULL;
	if ((m->m_flags & M_PKTHDR) != 0) {
		m->m_pkthdr.len = m_length(m);
		n->m_pkthdr.len = hdrlen - m->m_pkthdr.len;
	}
	return (n);
}

void
m_cat_pkt(struct mbuf *m, struct mbuf *n)
{
	struct mbuf *last;
	struct m_tag *t;

	if ((m->m_flags & M_PKTHDR) != 0)
		m->m_pkthdr.len += m_length(n);
	if ((n->m_flags & M_PKTHDR) != 0) {
		while ((t = SLIST_FIRST(&n->m_pkthdr.tags)) != NULL)
			m_tag_delete(n, t);
		n->m_flags &= (uint16_t)~M_PKTHDR;
	}
	for (last = m; last->m_next != NULL;)
		last = last->m_next;
	last->m_next = n;
}

struct mbuf *
m_dup_pkt(const struct mbuf *m, size_t headroom)
{
	uint32_t len = m_length(m);
	struct mbuf *n;

	if ((n = m_getroom(headroom, len)) == NULL)
		return (NULL);
	if (m_dup_pkthdr(n, m) != 0) {
		m_freem(n);
		return (NULL);
	}
	m_copydata(m, 0, len, n->m_data);
	n->m_len = n->m_pkthdr.len = len;
	return (n);
}

struct mbuf *
m_makewritable(struct mbuf *m, uint32_t len)
{
	struct mbuf *n;

	if (len != UINT32_MAX)
		return (m_pullup(m, len));
	for (n = m; n != NULL && m_writable(n);)
		n = n->m_next;
	if (n == NULL)
		return (m);
	n = m_dup_pkt(m, M_HEADROOM);
	if (n == NULL)
		m_drop(m, DROP_NOBUFS);
	else
		m_freem(m);
	return (n);
}
