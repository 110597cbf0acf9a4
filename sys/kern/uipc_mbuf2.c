/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* mbufs: bytes in and out of chains, tags, lists of packets. */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>

uint32_t
m_length(const struct mbuf *m)
{
	uint32_t len = 0;

	for (; m != NULL; m = m->m_next)
		len += m->m_len;
	return (len);
}

struct mbuf *
m_getptr(struct mbuf *m, uint32_t *off)
{
	for (; m != NULL; m = m->m_next) {
		if (*off < m->m_len)
			return (m);
		*off -= m->m_len;
	}
	return (NULL);
}

int
m_apply(const struct mbuf *m, uint32_t off, uint32_t len,
    int (*fn)(void *, const void *, uint32_t), void *arg)
{
	uint32_t take;
	int error;

	for (; m != NULL && off >= m->m_len; m = m->m_next)
		off -= m->m_len;
	for (; len > 0; m = m->m_next, off = 0) {
		if (m == NULL)
			return (EINVAL);
		take = MIN(len, m->m_len - off);
		if (take > 0 && (error = fn(arg, m->m_data + off, take)) != 0)
			return (error);
		len -= take;
	}
	return (0);
}

static int
copy_out(void *arg, const void *p, uint32_t n)
{
	char **dst = arg;

	memcpy(*dst, p, n);
	*dst += n;
	return (0);
}

int
m_copydata(const struct mbuf *m, uint32_t off, uint32_t len, void *dst)
{
	if (__predict_true(m != NULL && off <= m->m_len && len <= m->m_len - off)) {
		memcpy(dst, m->m_data + off, len);
		return (0);
	}
	return (m_apply(m, off, len, copy_out, &dst));
}

const void *
m_peek(const struct mbuf *m, uint32_t off, uint32_t len, void *buf)
{
	if (__predict_true(off + len <= m->m_len && off + len >= off))
		return (m->m_data + off);
	return (m_copydata(m, off, len, buf) == 0 ? buf : NULL);
}

/* Chain m reaches at least len bytes afterwards; new bytes are zero. */
static int
chain_grow(struct mbuf *m, uint32_t len)
{
	uint32_t have = m_length(m), more;
	struct mbuf *last, *n;

	if (have >= len)
		return (0);
	more = len - have;
	for (last = m; last->m_next != NULL;)
		last = last->m_next;
	if (m_trailingspace(last) < more) {
		if ((n = m_get(MT_DATA)) == NULL)
			return (ENOBUFS);
		if (more > MLEN && m_clget(n, more) != 0) {
			m_free(n);
			return (ENOBUFS);
		}
		last->m_next = n;
		last = n;
	}
	memset(last->m_data + last->m_len, 0, more);
	last->m_len += more;
	if ((m->m_flags & M_PKTHDR) != 0)
		m->m_pkthdr.len += more;
	return (0);
}

/* Every mbuf that [off, off+len) touches gets storage of its own.  0 or ENOBUFS. */
static int
chain_unshare(struct mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t end = off + len, at = 0;
	struct mbuf *n;

	for (; m != NULL && at < end; at += m->m_len, m = m->m_next) {
		if (at + m->m_len <= off || m_writable(m))
			continue;
		if ((n = m_get(MT_DATA)) == NULL)
			return (ENOBUFS);
		if (m_clget(n, m->m_len) != 0) {
			m_free(n);
			return (ENOBUFS);
		}
		memcpy(n->m_ext.buf, m->m_data, m->m_len);
		m_ext_swap(m, n); /* n takes the shared one away */
		m->m_data = m->m_ext.buf;
		m_free(n);
	}
	return (0);
}

int
m_copyback(struct mbuf *m, uint32_t off, uint32_t len, const void *src)
{
	const char *from = src;
	uint32_t take;

	if (len == 0)
		return (0);
	if (off + len < off || chain_unshare(m, off, len) != 0 ||
	    chain_grow(m, off + len) != 0)
		return (ENOBUFS);
	for (m = m_getptr(m, &off); len > 0; m = m->m_next, off = 0) {
		take = MIN(len, m->m_len - off);
		memcpy(m->m_data + off, from, take);
		from += take;
		len -= take;
	}
	return (0);
}

/* --- tags --- */

struct m_tag *
m_tag_get(enum m_tag_id id, size_t len)
{
	struct m_tag *t;

	KASSERT(len <= UINT16_MAX);
	if ((t = malloc(sizeof(*t) + len, M_MBUF, M_ZERO)) == NULL)
		return (NULL);
	t->mt_id = (uint16_t)id;
	t->mt_len = (uint16_t)len;
	return (t);
}

void
m_tag_prepend(struct mbuf *m, struct m_tag *t)
{
	KASSERT((m->m_flags & M_PKTHDR) != 0);
	SLIST_INSERT_HEAD(&m->m_pkthdr.tags, t, mt_link);
}

struct m_tag *
m_tag_find(const struct mbuf *m, enum m_tag_id id)
{
	struct m_tag *t;

	SLIST_FOREACH(t, &m->m_pkthdr.tags, mt_link)
		if (t->mt_id == id)
			return (t);
	return (NULL);
}

void
m_tag_delete(struct mbuf *m, struct m_tag *t)
{
	SLIST_REMOVE(&m->m_pkthdr.tags, t, m_tag, mt_link);
	free(t, M_MBUF, sizeof(*t) + t->mt_len);
}

/* --- lists --- */

void
ml_init(struct mbuf_list *ml)
{
	ml->ml_head = ml->ml_tail = NULL;
	ml->ml_len = 0;
}

void
ml_enqueue(struct mbuf_list *ml, struct mbuf *m)
{
	m->m_nextpkt = NULL;
	if (ml->ml_tail == NULL)
		ml->ml_head = m;
	else
		ml->ml_tail->m_nextpkt = m;
	ml->ml_tail = m;
	ml->ml_len++;
}

struct mbuf *
ml_dequeue(struct mbuf_list *ml)
{
	struct mbuf *m = ml->ml_head;

	if (m == NULL)
		return (NULL);
	if ((ml->ml_head = m->m_nextpkt) == NULL)
		ml->ml_tail = NULL;
	m->m_nextpkt = NULL;
	ml->ml_len--;
	return (m);
}

void
ml_enlist(struct mbuf_list *to, struct mbuf_list *from)
{
	if (from->ml_head == NULL)
		return;
	if (to->ml_tail == NULL)
		to->ml_head = from->ml_head;
	else
		to->ml_tail->m_nextpkt = from->ml_head;
	to->ml_tail = from->ml_tail;
	to->ml_len += from->ml_len;
	ml_init(from);
}

unsigned int
ml_purge(struct mbuf_list *ml)
{
	unsigned int n = ml->ml_len;
	struct mbuf *m;

	while ((m = ml_dequeue(ml)) != NULL)
		m_freem(m);
	return (n);
}
