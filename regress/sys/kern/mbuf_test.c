/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * mbufs.  Random operations on a few packets that share storage, each held
 * against a flat array of what it should contain; the same while memory
 * fails; and the single promises of <sys/mbuf.h>.
 */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <ktest.h>

#define SLOTS  6
#define MAXLEN 6000

static struct slot {
	struct mbuf *m;
	uint32_t len;
	uint8_t want[MAXLEN];
} slots[SLOTS];
static bool failing; /* memory may fail */
static unsigned int failures;

static uint32_t
below(uint32_t n)
{
	return (arc4random_uniform(n));
}

static void
slot_check(const struct slot *s)
{
	static uint8_t got[MAXLEN];
	uint32_t total = 0;

	if (s->m == NULL)
		return;
	KT((s->m->m_flags & M_PKTHDR) != 0);
	for (const struct mbuf *m = s->m; m != NULL; m = m->m_next) {
		KT(m == s->m || (m->m_flags & M_PKTHDR) == 0);
		total += m->m_len;
	}
	KT_EQ(total, s->len);
	KT_EQ(s->m->m_pkthdr.len, s->len);
	KT_EQ(m_length(s->m), s->len);
	KT_EQ(m_copydata(s->m, 0, s->len, got), 0);
	KT(memcmp(got, s->want, s->len) == 0);
	KT_EQ(m_copydata(s->m, s->len, 1, got), EINVAL);
}

static void
slot_free(struct slot *s)
{
	m_freem(s->m);
	s->m = NULL;
	s->len = 0;
}

/* The packet did not survive: only for lack of memory. */
static void
slot_lost(struct slot *s)
{
	KT(failing);
	failures++;
	s->m = NULL;
	s->len = 0;
}

static uint32_t statics_out;
static char static_storage[4096];

static void
static_free(char *buf, uint32_t size, void *arg)
{
	KT(arg == &statics_out && buf == static_storage &&
	    size == sizeof(static_storage));
	statics_out--;
}

/* --- a lender --- */

#define LOANS     4
#define LENT_SIZE 2048

static struct lender {
	struct mbuf_loan loan;
	bool out;
	char storage[LENT_SIZE];
} lenders[LOANS];

static void
lent_over(struct mbuf_loan *l)
{
	struct lender *le = (struct lender *)(void *)l;

	KT(le->out);
	le->out = false;
}

/* It wants its storage back, and uses it for something else at once. */
static void
lender_call_in(struct lender *le)
{
	m_loan_end(&le->loan);
	KT(!le->out);
	memset(le->storage, 0x5a, sizeof(le->storage));
}

static struct mbuf *
lender_lend(struct lender *le)
{
	struct mbuf *m;

	lender_call_in(le);
	le->loan.over = lent_over;
	arc4random_buf(le->storage, sizeof(le->storage));
	if ((m = m_lend(&le->loan, le->storage, sizeof(le->storage))) == NULL)
		return (NULL);
	le->out = true;
	m->m_data += below(700);
	m->m_len = below(900);
	return (m);
}

/* A piece of random size, kind and place, its bytes appended to the model. */
static struct mbuf *
piece_make(struct slot *s, bool hdr)
{
	uint32_t room, kind = below(hdr ? 5 : 4), lead;
	struct mbuf *m;

	if (kind == 4)
		m = lender_lend(&lenders[below(LOANS)]);
	else
		m = hdr ? m_gethdr(MT_DATA) : m_get(MT_DATA);
	if (m == NULL)
		return (NULL);
	if (kind == 4) {
		; /* it has its bytes */
	} else if (kind == 3) {
		statics_out++;
		m_extadd(m, static_storage, sizeof(static_storage), static_free,
		    &statics_out, true);
		m->m_data += below(1000);
		m->m_len = below(900);
	} else {
		if (kind == 2 && m_clget(m, 1 + below(3000)) != 0) {
			m_free(m);
			return (NULL);
		}
		room = m_trailingspace(m);
		lead = below(room / 2);
		m->m_data += lead;
		m->m_len = below(MIN(room - lead, 800));
		arc4random_buf(m->m_data, m->m_len);
	}
	memcpy(s->want + s->len, m->m_data, m->m_len);
	s->len += m->m_len;
	return (m);
}

static void
op_make(struct slot *s)
{
	struct mbuf **next = &s->m;

	slot_free(s);
	for (uint32_t n = below(4); s->m == NULL || n > 0; n--) {
		if ((*next = piece_make(s, s->m == NULL)) == NULL) {
			KT(failing);
			failures++;
			slot_free(s);
			return;
		}
		next = &(*next)->m_next;
		if (n == 0)
			break;
	}
	s->m->m_pkthdr.len = s->len;
}

static void
op_prepend(struct slot *s)
{
	uint32_t n = 1 + below(100);

	if (s->len + n > MAXLEN)
		return;
	if ((s->m = m_prepend(s->m, n)) == NULL) {
		slot_lost(s);
		return;
	}
	KT(s->m->m_len >= n && m_writable(s->m));
	memmove(s->want + n, s->want, s->len);
	arc4random_buf(s->want, n);
	memcpy(s->m->m_data, s->want, n);
	s->len += n;
}

static void
op_adj(struct slot *s)
{
	uint32_t n = below(s->len + 1);

	if (below(3) == 0)
		n = below(60);
	if (below(2) == 0) {
		m_adj(s->m, (int)n);
		n = MIN(n, s->len);
		memmove(s->want, s->want + n, s->len - n);
	} else {
		m_adj(s->m, -(int)n);
		n = MIN(n, s->len);
	}
	s->len -= n;
}

static void
op_pullup(struct slot *s)
{
	uint32_t n = below(MIN(s->len, 300) + 1);

	if ((s->m = m_pullup(s->m, n)) == NULL) {
		slot_lost(s);
		return;
	}
	KT(s->m->m_len >= n);
	if (n > 0) {
		KT(m_writable(s->m));
		arc4random_buf(s->want, n);
		memcpy(s->m->m_data, s->want, n);
	}
}

static void
op_split(struct slot *s, struct slot *t)
{
	uint32_t at = below(s->len + 1);

	if (s == t)
		return;
	slot_free(t);
	if ((t->m = m_split(s->m, at)) == NULL) {
		KT(failing);
		failures++;
		return;
	}
	t->len = s->len - at;
	memcpy(t->want, s->want + at, t->len);
	s->len = at;
}

static void
op_cat(struct slot *s, struct slot *t)
{
	if (s == t || t->m == NULL || s->len + t->len > MAXLEN)
		return;
	m_cat_pkt(s->m, t->m);
	memcpy(s->want + s->len, t->want, t->len);
	s->len += t->len;
	t->m = NULL;
	t->len = 0;
}

static void
op_copy(struct slot *s, struct slot *t)
{
	uint32_t len = below(s->len + 1);
	bool deep = below(2) == 0;

	if (s == t)
		return;
	slot_free(t);
	if (deep || below(2) == 0)
		len = s->len;
	t->m = deep ? m_dup_pkt(s->m, below(200)) :
		      m_copym(s->m, 0, len == s->len ? UINT32_MAX : len);
	if (t->m == NULL) {
		KT(failing);
		failures++;
		return;
	}
	if (deep)
		KT(m_writable(t->m));
	t->len = len;
	memcpy(t->want, s->want, len);
}

/* The copy of a middle has no packet header: looked at and freed. */
static void
op_copy_middle(struct slot *s)
{
	static uint8_t got[MAXLEN];
	uint32_t off, len;
	struct mbuf *m;

	if (s->len < 2)
		return;
	off = 1 + below(s->len - 1);
	len = 1 + below(s->len - off);
	if ((m = m_copym(s->m, off, len)) == NULL) {
		KT(failing);
		failures++;
		return;
	}
	KT((m->m_flags & M_PKTHDR) == 0);
	KT_EQ(m_length(m), len);
	KT_EQ(m_copydata(m, 0, len, got), 0);
	KT(memcmp(got, s->want + off, len) == 0);
	m_freem(m);
}

static void
op_copyback(struct slot *s)
{
	static uint8_t bytes[800];
	uint32_t off = below(s->len + 50), len = below(sizeof(bytes));

	if (off + len > MAXLEN)
		return;
	arc4random_buf(bytes, len);
	if (m_copyback(s->m, off, len, bytes) != 0) {
		KT(failing);
		failures++;
		return;
	}
	if (off > s->len && len > 0)
		memset(s->want + s->len, 0, off - s->len);
	if (len > 0) {
		memcpy(s->want + off, bytes, len);
		s->len = MAX(s->len, off + len);
	}
}

static void
op_makewritable(struct slot *s)
{
	if ((s->m = m_makewritable(s->m, UINT32_MAX)) == NULL) {
		slot_lost(s);
		return;
	}
	for (struct mbuf *m = s->m; m != NULL; m = m->m_next)
		KT(m_writable(m));
}

static void
op_peek(struct slot *s)
{
	uint8_t buf[64];
	uint32_t off = below(s->len + 20), len = below(sizeof(buf));
	const void *p = m_peek(s->m, off, len, buf);

	if (off + len > s->len) {
		KT(p == NULL || len == 0);
		return;
	}
	KT(memcmp(p, s->want + off, len) == 0);
}

static void
op_random(void)
{
	struct slot *s = &slots[below(SLOTS)], *t = &slots[below(SLOTS)];

	if (failing)
		sim_fail_nth(below(4) == 0 ? 1 + (long)below(4) : 0);
	if (s->m == NULL || below(12) == 0) {
		op_make(s);
		return;
	}
	switch (below(11)) {
	case 0:
		op_prepend(s);
		break;
	case 10:
		lender_call_in(&lenders[below(LOANS)]);
		break;
	case 1:
		op_adj(s);
		break;
	case 2:
		op_pullup(s);
		break;
	case 3:
		op_split(s, t);
		break;
	case 4:
		op_cat(s, t);
		break;
	case 5:
		op_copy(s, t);
		break;
	case 6:
		op_copy_middle(s);
		break;
	case 7:
		op_copyback(s);
		break;
	case 8:
		op_makewritable(s);
		break;
	default:
		op_peek(s);
		break;
	}
}

static void
random_run(int steps)
{
	struct mbuf_stat st;
	long live;

	mbinit(64UL << 20);
	live = sim_live();
	arc4random_buf(static_storage, sizeof(static_storage));
	for (int i = 0; i < steps; i++) {
		op_random();
		sim_fail_nth(0);
		for (int n = 0; n < SLOTS; n++)
			slot_check(&slots[n]);
	}
	for (int n = 0; n < SLOTS; n++)
		slot_free(&slots[n]);
	mbstat_get(&st);
	KT_EQ(st.bytes, 0);
	KT_EQ(st.mbufs, 0);
	KT_EQ(st.clusters, 0);
	KT_EQ(statics_out, 0);
	for (int n = 0; n < LOANS; n++)
		KT(!lenders[n].out);
	KT(sim_live() == live || sim_live() < 60); /* what pools keep */
}

KTEST(mbuf_random_against_model)
{
	random_run(30000);
	KT_EQ(failures, 0);
}

KTEST(mbuf_random_while_memory_fails)
{
	failing = true;
	random_run(30000);
#ifdef POOL_DEBUG
	KT(failures > 1000);
#endif
}

/* --- single promises --- */

KTEST(mbuf_pullup_of_shared_storage_copies)
{
	struct mbuf *m, *n;

	mbinit(1 << 20);
	m = m_getroom(0, 1000);
	memset(m->m_data, 'a', 1000);
	m->m_len = m->m_pkthdr.len = 1000;
	n = m_copym(m, 0, UINT32_MAX);
	KT(!m_writable(m) && !m_writable(n));
	n = m_pullup(n, 20);
	KT(n != NULL && m_writable(n) && n->m_len >= 20);
	memset(n->m_data, 'b', 20);
	KT_EQ(m->m_data[0], 'a');
	m_freem(n);
	KT(m_writable(m));
	KT(m_pullup(m, 1001) == NULL);
}

/* The end of a loan costs no memory that was not set aside before. */
KTEST(mbuf_loan_ends_without_memory)
{
	struct lender *le = &lenders[0];
	struct mbuf *m, *n;

	mbinit(1 << 20);
	KT((m = lender_lend(le)) != NULL);
	m->m_data = le->storage;
	m->m_len = LENT_SIZE;
	memset(le->storage, 'a', LENT_SIZE);
	KT(m_writable(m));
	KT((n = m_copym(m, 100, 200)) != NULL);
	KT(!m_writable(m));
	sim_fail_nth(1);
	lender_call_in(le);
	sim_fail_nth(0);
	KT_EQ(m->m_data[LENT_SIZE - 1], 'a');
	KT_EQ(n->m_data[199], 'a');
	KT(m->m_data + 100 == n->m_data); /* one copy for both */
	m_freem(m);
	KT(m_writable(n));
	m_freem(n);

	KT((m = lender_lend(le)) != NULL); /* and one that nobody kept */
	m_freem(m);
	KT(!le->out && le->loan.aside == NULL);
	mb_setlimit(MAXMCLBYTES);
	KT(lender_lend(le) == NULL);
	KT(le->loan.aside == NULL);
}

KTEST(mbuf_limit_of_bytes)
{
	struct mbuf *m[100] = { NULL };
	struct mbuf_stat st;
	int n = 0;

	mbinit(40000);
	while (n < 100 && (m[n] = m_getroom(M_HEADROOM, 1500)) != NULL)
		n++;
	KT_EQ(n, 40000 / (2048 + 256));
	mbstat_get(&st);
	KT(st.denied > 0 && st.high >= st.bytes && st.high <= 40000);
	mb_setlimit(80000);
	KT((m[n] = m_getroom(M_HEADROOM, 1500)) != NULL);
	while (n >= 0)
		m_freem(m[n--]);
}

KTEST(mbuf_prepend_counts_the_drop)
{
	struct mbuf *m;

	mbinit(256);
	KT((m = m_gethdr(MT_DATA)) != NULL);
	m->m_len = m->m_pkthdr.len = 4;
	KT(m_prepend(m, 14) == NULL);
	KT_EQ(drop_counts[DROP_NOBUFS], 1);
}

KTEST(mbuf_tags_follow_the_packet)
{
	struct m_tag *t;
	struct mbuf *m, *n;

	mbinit(1 << 20);
	m = m_getroom(0, 100);
	m->m_len = m->m_pkthdr.len = 100;
	for (uint16_t i = 1; i <= 3; i++) {
		KT((t = m_tag_get(i, sizeof(i))) != NULL);
		memcpy(m_tag_data(t), &i, sizeof(i));
		m_tag_prepend(m, t);
	}
	KT((n = m_dup_pkt(m, 0)) != NULL);
	m_tag_delete(m, m_tag_find(m, 2));
	KT(m_tag_find(m, 2) == NULL);
	m = m_prepend(m, 200); /* a new first mbuf */
	KT(m != NULL && m_tag_find(m, 1) != NULL && m_tag_find(m, 3) != NULL);
	t = m_tag_find(n, 2);
	KT(t != NULL && *(uint16_t *)m_tag_data(t) == 2);
	KT_EQ(SLIST_FIRST(&n->m_pkthdr.tags)->mt_id, 3); /* same order */
	m_resethdr(n);
	KT(SLIST_EMPTY(&n->m_pkthdr.tags) && n->m_pkthdr.len == 100);
	m_freem(m);
	m_freem(n);
}

KTEST(mbuf_lists)
{
	struct mbuf_list a = MBUF_LIST_INITIALIZER, b = MBUF_LIST_INITIALIZER;
	struct mbuf *m[4];

	mbinit(1 << 20);
	for (int i = 0; i < 4; i++) {
		m[i] = m_gethdr(MT_DATA);
		ml_enqueue(i < 2 ? &a : &b, m[i]);
	}
	ml_enlist(&a, &b);
	KT(ml_empty(&b) && a.ml_len == 4);
	ml_enlist(&a, &b);
	ml_enlist(&b, &a);
	for (int i = 0; i < 3; i++) {
		struct mbuf *got = ml_dequeue(&b);

		KT(got == m[i] && got->m_nextpkt == NULL);
		m_freem(got);
	}
	KT_EQ(ml_purge(&b), 1);
	KT(ml_dequeue(&b) == NULL && ml_empty(&b));
}
