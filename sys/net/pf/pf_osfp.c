/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Passive fingerprints: a SYN tells which stack made it by its window, its
 * size, its TTL and the options it carries, in their order.
 *
 * The list is in the order of the file.  A SYN is what the first entry says
 * that it fits, so particular entries stand before general ones; entries that
 * compare the same are further names of the same stack.  They are chained by
 * their options, which a SYN must have exactly: few are looked at.
 *
 * IPv6 has a header 20 bytes longer: sizes are compared as if it were not, the
 * MSS as if it were 20 larger, and DF is not asked for.
 *
 * Life: a list is built aside by a transaction and swapped in (pf_trans.c).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_osfp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define BUCKETS     64
#define TTL_HOPS    40 /* a packet has passed at most so many routers */
#define TCPOPTS_MAX 40
#define V6_MORE     20
#define NONE        0xffffffffU

struct pf_osfp_row {
	struct pf_ioc_osfp io;
	uint32_t next; /* with the same options, NONE */
};

struct pf_osfps {
	uint32_t n, room;
	struct pf_osfp_row *row;
	uint32_t head[BUCKETS], tail[BUCKETS];
};

/* A SYN, as it is compared. */
struct pf_syn {
	uint64_t opts;
	uint32_t psize;
	uint16_t wsize, mss;
	uint8_t nopts, wscale, ttl;
	bool df, v6, ts0;
};

static struct pf_osfps pf_osfps_none = {
	.head = { [0 ... BUCKETS - 1] = NONE },
};
static struct pf_osfps *pf_osfps = &pf_osfps_none;
static uint64_t pf_osfps_generation;

/* --- the list --- */

struct pf_osfps *
pf_osfps_new(void)
{
	struct pf_osfps *l = malloc(sizeof(*l), M_PF, M_ZERO);

	if (l != NULL)
		memset(l->head, 0xff, sizeof(l->head));
	return (l);
}

void
pf_osfps_free(struct pf_osfps *l)
{
	if (l == NULL || l == &pf_osfps_none)
		return;
	free(l->row, M_PF, l->room * sizeof(*l->row));
	free(l, M_PF, sizeof(*l));
}

static bool
pf_osfp_ok(const struct pf_ioc_osfp *io)
{
	if (strnlen(io->class, sizeof(io->class)) == sizeof(io->class) ||
	    strnlen(io->version, sizeof(io->version)) == sizeof(io->version) ||
	    strnlen(io->subtype, sizeof(io->subtype)) == sizeof(io->subtype) ||
	    io->class[0] == '\0' || io->nopts > PF_OSFP_OPTS_MAX ||
	    (io->flags & ~(uint32_t)PF_OSFP_ALL) != 0)
		return (false);
	if ((io->opts >> (PF_OSFP_OPT_BITS * io->nopts)) != 0)
		return (false);
	return (((io->flags & PF_OSFP_WSIZE_MOD) == 0 || io->wsize != 0) &&
	    ((io->flags & PF_OSFP_MSS_MOD) == 0 || io->mss != 0) &&
	    ((io->flags & PF_OSFP_WSCALE_MOD) == 0 || io->wscale != 0));
}

static unsigned int
pf_osfp_bucket(uint64_t opts, uint8_t nopts)
{
	return ((unsigned int)((opts * 0x9e3779b97f4a7c15U) >> 58 ^ nopts) %
	    BUCKETS);
}

/* Room for one more. */
static int
pf_osfps_grow(struct pf_osfps *l)
{
	uint32_t room = l->room == 0 ? 64 : 2 * l->room;
	struct pf_osfp_row *row;

	if (l->n < l->room)
		return (0);
	if (l->n == PF_OSFP_MAX)
		return (E2BIG);
	if ((row = mallocarray(room, sizeof(*row), M_PF, 0)) == NULL)
		return (ENOMEM);
	if (l->n != 0)
		memcpy(row, l->row, l->n * sizeof(*row));
	free(l->row, M_PF, l->room * sizeof(*row));
	l->row = row;
	l->room = room;
	return (0);
}

int
pf_osfps_add(struct pf_osfps *l, const struct pf_ioc_osfp *io)
{
	unsigned int b = pf_osfp_bucket(io->opts, io->nopts);
	struct pf_osfp_row *r;
	int error;

	if (!pf_osfp_ok(io))
		return (EINVAL);
	if ((error = pf_osfps_grow(l)) != 0)
		return (error);
	r = &l->row[l->n];
	r->io = *io;
	r->io.nr = l->n;
	r->io.ticket = 0;
	r->next = NONE;
	if (l->head[b] == NONE)
		l->head[b] = l->n;
	else
		l->row[l->tail[b]].next = l->n;
	l->tail[b] = l->n++;
	return (0);
}

struct pf_osfps *
pf_osfps_publish(struct pf_osfps *l)
{
	struct pf_osfps *old = pf_osfps;

	pf_osfps = l;
	pf_osfps_generation++;
	return (old);
}

uint64_t
pf_osfps_gen(void)
{
	return (pf_osfps_generation);
}

int
pf_osfps_addnow(const struct pf_ioc_osfp *io)
{
	struct pf_osfps *l;
	int error;

	if (pf_osfps != &pf_osfps_none) {
		if ((error = pf_osfps_add(pf_osfps, io)) == 0)
			pf_osfps_generation++;
		return (error);
	}
	if ((l = pf_osfps_new()) == NULL)
		return (ENOMEM);
	if ((error = pf_osfps_add(l, io)) == 0)
		(void)pf_osfps_publish(l);
	else
		pf_osfps_free(l);
	return (error);
}

void
pf_osfps_flush(void)
{
	pf_osfps_free(pf_osfps_publish(&pf_osfps_none));
}

bool
pf_osfps_get(struct pf_ioc_osfp *io)
{
	if (io->nr >= pf_osfps->n)
		return (false);
	*io = pf_osfps->row[io->nr].io;
	return (true);
}

/* --- reading a SYN --- */

static uint8_t
pf_syn_code(uint8_t kind)
{
	switch (kind) {
	case TCPOPT_NOP:
		return (PF_OSFP_OPT_NOP);
	case TCPOPT_MSS:
		return (PF_OSFP_OPT_MSS);
	case TCPOPT_WSCALE:
		return (PF_OSFP_OPT_WSCALE);
	case TCPOPT_SACKOK:
		return (PF_OSFP_OPT_SACK);
	case TCPOPT_TSTAMP:
		return (PF_OSFP_OPT_TS);
	}
	return (PF_OSFP_OPT_OTHER);
}

/* What an option says; its two bytes of kind and length are there. */
static void
pf_syn_value(struct pf_syn *s, const uint8_t *o, uint8_t len)
{
	static const uint8_t zero[4];

	if (o[0] == TCPOPT_MSS && len == 4)
		s->mss = (uint16_t)(o[2] << 8 | o[3]);
	else if (o[0] == TCPOPT_WSCALE && len == 3)
		s->wscale = o[2];
	else if (o[0] == TCPOPT_TSTAMP && len == 10)
		s->ts0 = memcmp(o + 2, zero, 4) == 0;
}

/* False: more options than a fingerprint has, or broken ones. */
static bool
pf_syn_options(struct pf_syn *s, const uint8_t *o, uint32_t n)
{
	uint8_t len;

	for (uint32_t i = 0; i < n && o[i] != TCPOPT_EOL; i += len) {
		len = 1;
		if (o[i] != TCPOPT_NOP &&
		    (i + 1 == n || (len = o[i + 1]) < 2 || i + len > n))
			return (false);
		if (s->nopts == PF_OSFP_OPTS_MAX)
			return (false);
		s->opts |= (uint64_t)pf_syn_code(o[i])
		    << (PF_OSFP_OPT_BITS * s->nopts++);
		pf_syn_value(s, o + i, len);
	}
	return (true);
}

static bool
pf_syn_read(const struct pf_desc *pd, struct pf_syn *s)
{
	const struct tcphdr *th = &pd->hdr.tcp;
	uint32_t n = (th->th_off >> 4) * 4U - (uint32_t)sizeof(*th);
	uint8_t opts[TCPOPTS_MAX];

	memset(s, 0, sizeof(*s));
	s->v6 = pd->af == AF_INET6;
	s->wsize = ntohs(th->th_win);
	s->psize = pd->tot_len - (s->v6 ? V6_MORE : 0);
	s->ttl = pd->ttl;
	if (!s->v6)
		s->df = (ntohs(mtod(pd->m, const struct ip *)->ip_off) &
			    IP_DF) != 0;
	if (n > sizeof(opts) ||
	    m_copydata(pd->m, pd->off + (uint32_t)sizeof(*th), n, opts) != 0)
		return (false);
	if (!pf_syn_options(s, opts, n))
		return (false);
	if (s->v6 && s->mss != 0)
		s->mss = (uint16_t)MIN(s->mss + V6_MORE, 65535);
	return (true);
}

/* --- comparing --- */

static bool
pf_osfp_window(const struct pf_ioc_osfp *f, const struct pf_syn *s)
{
	/* What stands in the packet: the MSS of its own family. */
	uint32_t mss = s->mss - (s->v6 && s->mss != 0 ? V6_MORE : 0);

	if ((f->flags & PF_OSFP_WSIZE_ANY) != 0)
		return (true);
	if ((f->flags & PF_OSFP_WSIZE_MOD) != 0)
		return (s->wsize % f->wsize == 0);
	if ((f->flags & PF_OSFP_WSIZE_MSS) != 0)
		return (mss != 0 && s->wsize == f->wsize * mss);
	if ((f->flags & PF_OSFP_WSIZE_MTU) != 0)
		return (mss != 0 && s->wsize == f->wsize * (s->mss + 40U));
	return (s->wsize == f->wsize);
}

static bool
pf_osfp_fits(const struct pf_ioc_osfp *f, const struct pf_syn *s)
{
	if (f->nopts != s->nopts || f->opts != s->opts)
		return (false);
	if (s->ttl > f->ttl || s->ttl + TTL_HOPS < f->ttl)
		return (false);
	if (!s->v6 && s->df != ((f->flags & PF_OSFP_DF) != 0))
		return (false);
	if ((f->flags & PF_OSFP_PSIZE_ANY) == 0 && f->psize != s->psize)
		return (false);
	if ((f->flags & PF_OSFP_MSS_MOD) != 0 ?
		s->mss % f->mss != 0 :
		(f->flags & PF_OSFP_MSS_ANY) == 0 && f->mss != s->mss)
		return (false);
	if ((f->flags & PF_OSFP_WSCALE_MOD) != 0 ?
		s->wscale % f->wscale != 0 :
		(f->flags & PF_OSFP_WSCALE_ANY) == 0 && f->wscale != s->wscale)
		return (false);
	if ((f->flags & PF_OSFP_TS0) != 0 && !s->ts0)
		return (false);
	return (pf_osfp_window(f, s));
}

/* Do two compare the same, whatever they are called? */
static bool
pf_osfp_same(const struct pf_ioc_osfp *a, const struct pf_ioc_osfp *b)
{
	const uint16_t of = PF_OSFP_ALL & ~PF_OSFP_NAMING;

	return (a->opts == b->opts && a->wsize == b->wsize &&
	    a->psize == b->psize && a->mss == b->mss &&
	    (a->flags & of) == (b->flags & of) && a->ttl == b->ttl &&
	    a->wscale == b->wscale && a->nopts == b->nopts);
}

/* --- names --- */

static char
pf_lower(char c)
{
	return (c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
}

/* What of name follows word and a blank; "" at its end; NULL: another word. */
static const char *
pf_osfp_word(const char *name, const char *word)
{
	for (; *word != '\0'; name++, word++)
		if (pf_lower(*name) != pf_lower(*word))
			return (NULL);
	if (*name == ' ')
		return (name + 1);
	return (*name == '\0' ? name : NULL);
}

static bool
pf_osfp_named(const struct pf_ioc_osfp *f, const char *name)
{
	const char *const words[] = { f->class, f->version, f->subtype };

	for (unsigned int i = 0; i < nitems(words); i++) {
		if (i > 0 && words[i][0] == '\0')
			continue;
		if ((name = pf_osfp_word(name, words[i])) == NULL)
			return (false);
		if (*name == '\0')
			return (true);
	}
	return (false);
}

/* --- asking --- */

/* The first that fits, looked for once a packet: its number, NONE. */
static uint32_t
pf_osfp_find(struct pf_desc *pd)
{
	struct pf_syn s;
	uint32_t i = NONE;

	if (pd->os_looked != 0)
		return (pd->os);
	pd->os_looked = 1;
	if (pf_syn_read(pd, &s))
		for (i = pf_osfps->head[pf_osfp_bucket(s.opts, s.nopts)];
		     i != NONE && !pf_osfp_fits(&pf_osfps->row[i].io, &s);
		     i = pf_osfps->row[i].next)
			continue;
	return (pd->os = i);
}

bool
pf_osfp_match(struct pf_desc *pd, uint32_t os, const char *name)
{
	const struct pf_osfp_row *row = pf_osfps->row;
	uint32_t first, i;

	if (pd->frag != 0 || (pf_tcpflags(pd) & (TH_SYN | TH_ACK)) != TH_SYN)
		return (false);
	first = pf_osfp_find(pd);
	if (os == PF_OS_UNKNOWN)
		return (first == NONE);
	for (i = first; i != NONE; i = row[i].next)
		if (pf_osfp_same(&row[i].io, &row[first].io) &&
		    pf_osfp_named(&row[i].io, name))
			return (true);
	return (false);
}
