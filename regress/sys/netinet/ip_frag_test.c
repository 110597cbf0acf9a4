/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Reassembly of both families: every order, overlaps, edges, limits, time,
 * and a long random run against a model that is a plain array of bytes.
 */

#include <sys/systm.h>
#include <sys/drop.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#include <netinet6/ip6.h>
#include <ktest.h>
#include <machine/kernel.h>

static const sa_family_t families[] = { AF_INET, AF_INET6 };

static void
boot(void)
{
	static const struct kernel_params params = { .hostname = "frag" };

	KT_EQ(kernel_boot(&params), 0);
}

/* Byte at of the datagram id's payload. */
static uint8_t
pattern(uint32_t id, uint32_t at)
{
	return ((uint8_t)(at * 7 + (at >> 8) + id * 13));
}

struct piece {
	sa_family_t af;
	uint32_t id, src, off, len;
	bool more;
	uint8_t ecn;
	uint8_t twist; /* added to every byte: another content */
};

static uint32_t
headers(sa_family_t af)
{
	return (af == AF_INET ? 20 : 48);
}

static struct mbuf *
piece_packet(const struct piece *p)
{
	uint32_t hl = headers(p->af), i;
	struct mbuf *m = m_getroom(M_HEADROOM, hl + p->len);
	uint8_t *b;

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = hl + p->len;
	b = mtod(m, uint8_t *);
	memset(b, 0, hl);
	if (p->af == AF_INET) {
		b[0] = 0x45;
		b[1] = p->ecn;
		be16enc(b + 2, (uint16_t)(hl + p->len));
		be16enc(b + 6, (uint16_t)(p->off / 8 | (p->more ? IP_MF : 0)));
		b[8] = 64;
		b[9] = 253;
		be32enc(b + 12, 0x0a000001 + p->src);
		be32enc(b + 16, 0x0a010001);
	} else {
		b[0] = 0x60;
		b[1] = (uint8_t)(p->ecn << 4);
		be16enc(b + 4, (uint16_t)(8 + p->len));
		b[6] = IPPROTO_FRAGMENT;
		b[7] = 64;
		be32enc(b + 8, 0x20010db8);
		be32enc(b + 20, p->src + 1);
		be32enc(b + 24, 0x20010db8);
		b[39] = 9;
		b[40] = 253;
		be16enc(b + 42, (uint16_t)(p->off | p->more));
		be32enc(b + 44, p->id);
	}
	for (i = 0; i < p->len; i++)
		b[hl + i] = (uint8_t)(pattern(p->id, p->off + i) + p->twist);
	return (m);
}

static struct mbuf *
put(const struct piece *p)
{
	struct ip_frag f = { .af = p->af,
		.id = p->id,
		.proto = 253,
		.off = p->off,
		.len = p->len,
		.hdrlen = headers(p->af),
		.more = p->more,
		.tos = p->ecn };

	f.src.l[3] = p->src;
	f.src.b[0] = f.dst.b[0] = 1;
	f.dst.b[1] = 2;
	return (ip_reass(piece_packet(p), &f));
}

/* Is m the whole datagram, with a right header?  Frees it. */
static void
whole(struct mbuf *m, sa_family_t af, uint32_t id, uint32_t len)
{
	uint32_t hl = af == AF_INET ? 20 : 40, i;
	uint8_t h[40], b;

	KT(m != NULL);
	KT_EQ(m->m_pkthdr.len, hl + len);
	KT_EQ(m_length(m), hl + len);
	KT_EQ(m_copydata(m, 0, hl, h), 0);
	if (af == AF_INET) {
		KT_EQ(be16dec(h + 2), hl + len);
		KT_EQ(be16dec(h + 6), 0);
		KT_EQ(in_cksum_fold(in_cksum_bytes(0, h, 20)), 0);
	} else {
		KT_EQ(be16dec(h + 4), len);
		KT_EQ(h[6], 253);
	}
	for (i = 0; i < len; i++) {
		KT_EQ(m_copydata(m, hl + i, 1, &b), 0);
		if (b != pattern(id, i))
			KT_EQ(b, pattern(id, i));
	}
	m_freem(m);
}

/* All orders of five pieces of unequal size. */
KTEST(frag_every_order_of_five_pieces)
{
	static const uint32_t cut[] = { 0, 8, 16, 40, 64, 71 };
	unsigned int f, perm, n, k, j, order[5], rest[5];

	boot();
	for (f = 0; f < nitems(families); f++)
		for (perm = 0; perm < 120; perm++) {
			struct mbuf *m = NULL;

			for (k = 0; k < 5; k++)
				rest[k] = k;
			for (k = 0, n = perm; k < 5; n /= 5 - k, k++) {
				j = n % (5 - k);
				order[k] = rest[j];
				rest[j] = rest[4 - k];
			}
			for (k = 0; k < 5; k++) {
				struct piece p = { .af = families[f],
					.id = perm,
					.off = cut[order[k]],
					.len = cut[order[k] + 1] -
					    cut[order[k]],
					.more = order[k] != 4 };

				KT(m == NULL);
				m = put(&p);
			}
			whole(m, families[f], perm, 71);
			KT_EQ(ip_frag_held(), 0);
		}
}

/* clang-format off */
static const struct bad {
	uint32_t off, len;
	bool more;
	enum drop_reason why;
	const char *what;
} bads[] = {
	{ 0,	 0,   true,  DROP_FRAG_BADLEN, "nothing" },
	{ 8,	 0,   false, DROP_FRAG_BADLEN, "nothing at the end" },
	{ 0,	 9,   true,  DROP_FRAG_BADLEN, "not a multiple of eight" },
	{ 8,	 15,  true,  DROP_FRAG_BADLEN, "not a multiple of eight, in the middle" },
	{ 65528, 8,   false, DROP_FRAG_TOOBIG, "one byte too far" },
	{ 65528, 800, true,  DROP_FRAG_TOOBIG, "much too far" },
};
/* clang-format on */

KTEST(frag_malformed_pieces_are_named)
{
	unsigned int f, i;

	boot();
	for (f = 0; f < nitems(families); f++)
		for (i = 0; i < nitems(bads); i++) {
			uint64_t before = drop_counts[bads[i].why];
			struct piece p = { .af = families[f],
				.id = i,
				.off = bads[i].off,
				.len = bads[i].len,
				.more = bads[i].more };

			KT(put(&p) == NULL);
			KT_EQ(drop_counts[bads[i].why], before + 1);
			KT_EQ(ip_frag_held(), 0);
		}
}

KTEST(frag_largest_packet_passes_and_one_more_byte_does_not)
{
	unsigned int f;

	boot();
	for (f = 0; f < nitems(families); f++) {
		uint32_t max = families[f] == AF_INET ? 65515 : 65535;
		struct piece a = { .af = families[f],
			.len = 32768,
			.more = true };
		struct piece b = { .af = families[f],
			.off = 32768,
			.len = max - 32768 };

		KT(put(&a) == NULL);
		whole(put(&b), families[f], 0, max);
		b.len++;
		KT(put(&a) == NULL);
		KT(put(&b) == NULL);
		ip_frag_flush();
	}
	KT_EQ(drop_counts[DROP_FRAG_TOOBIG], 2);
}

KTEST(frag_exact_copy_is_ignored)
{
	unsigned int f;

	boot();
	for (f = 0; f < nitems(families); f++) {
		struct piece a = { .af = families[f], .len = 16, .more = true };
		struct piece b = { .af = families[f], .off = 16, .len = 5 };
		uint64_t before = drop_counts[DROP_FRAG_DUP];

		KT(put(&a) == NULL);
		KT(put(&a) == NULL);
		KT_EQ(drop_counts[DROP_FRAG_DUP], before + 1);
		whole(put(&b), families[f], 0, 21);
	}
}

/* A copy in place and length but not in content is an overlap. */
KTEST(frag_v6_any_overlap_kills_and_stays_dead)
{
	static const struct {
		uint32_t off, len;
		uint8_t twist;
	} rows[] = { { 16, 16, 1 }, { 8, 16, 0 }, { 24, 16, 0 }, { 8, 40, 0 },
		{ 16, 8, 0 } };
	unsigned int i;

	boot();
	for (i = 0; i < nitems(rows); i++) {
		struct piece mid = { .af = AF_INET6,
			.id = i,
			.off = 16,
			.len = 16,
			.more = true };
		struct piece over = { .af = AF_INET6,
			.id = i,
			.off = rows[i].off,
			.len = rows[i].len,
			.more = true,
			.twist = rows[i].twist };
		struct piece first = { .af = AF_INET6,
			.id = i,
			.len = 16,
			.more = true };
		uint64_t dead = drop_counts[DROP_FRAG_DEAD];

		KT(put(&mid) == NULL);
		KT(put(&over) == NULL);
		KT_EQ(ip_frag_held(), 0);
		KT_EQ(drop_counts[DROP_FRAG_OVERLAP], 2 * (i + 1));
		KT(put(&first) == NULL);
		KT_EQ(drop_counts[DROP_FRAG_DEAD], dead + 1);
	}
}

KTEST(frag_v4_first_bytes_win)
{
	struct piece a = { .af = AF_INET, .off = 8, .len = 8, .more = true };
	struct piece b = { .af = AF_INET, .len = 24, .more = true, .twist = 0 };
	struct piece evil = { .af = AF_INET,
		.off = 8,
		.len = 16,
		.more = true,
		.twist = 9 };
	struct piece covered = { .af = AF_INET,
		.off = 8,
		.len = 8,
		.more = true,
		.twist = 3 };
	struct piece last = { .af = AF_INET, .off = 24, .len = 8 };
	struct piece last2 = { .af = AF_INET, .off = 16, .len = 16 };

	boot();
	KT(put(&a) == NULL);
	KT(put(&covered) == NULL);
	KT_EQ(drop_counts[DROP_FRAG_COVERED], 1);
	KT(put(&b) == NULL);    /* only its first eight bytes count */
	KT(put(&evil) == NULL); /* 16..24 are twisted: they were free */
	KT_EQ(drop_counts[DROP_FRAG_OVERLAP], 0);
	m_freem(put(&last));
	KT_EQ(ip_frag_held(), 0);
	KT(put(&a) == NULL);
	KT(put(&last2) == NULL);
	b.len = 8;
	whole(put(&b), AF_INET, 0, 32);
}

KTEST(frag_two_ends_that_disagree)
{
	unsigned int f;

	boot();
	for (f = 0; f < nitems(families); f++) {
		struct piece end = { .af = families[f], .off = 32, .len = 8 };
		struct piece sooner = { .af = families[f],
			.off = 16,
			.len = 8 };
		struct piece beyond = { .af = families[f],
			.id = 1,
			.off = 64,
			.len = 8,
			.more = true };
		struct piece end1 = { .af = families[f],
			.id = 1,
			.off = 32,
			.len = 8 };
		uint64_t before = drop_counts[DROP_FRAG_OVERLAP];

		KT(put(&end) == NULL);
		KT(put(&sooner) == NULL);
		KT(put(&beyond) == NULL);
		KT(put(&end1) == NULL);
		KT_EQ(drop_counts[DROP_FRAG_OVERLAP], before + 4);
		KT_EQ(ip_frag_held(), 0);
	}
}

KTEST(frag_atomic_is_whole_at_once_and_disturbs_nobody)
{
	struct piece part = { .af = AF_INET6,
		.id = 5,
		.off = 0,
		.len = 16,
		.more = true };
	struct piece atom = { .af = AF_INET6, .id = 5, .len = 13 };
	struct piece rest = { .af = AF_INET6, .id = 5, .off = 16, .len = 3 };

	boot();
	KT(put(&part) == NULL);
	whole(put(&atom), AF_INET6, 5, 13);
	KT_EQ(ip_frag_held(), 1);
	whole(put(&rest), AF_INET6, 5, 19);
}

/* RFC 3168 5.3: codes of two pieces, what the packet shows; -1: dropped. */
KTEST(frag_ecn)
{
	static const int want[4][4] = {
		{ 0, 0, 0, -1 },
		{ 1, 1, 1, 3 },
		{ 2, 2, 2, 3 },
		{ -1, 3, 3, 3 },
	};
	unsigned int f, a, b;

	boot();
	for (f = 0; f < nitems(families); f++)
		for (a = 0; a < 4; a++)
			for (b = 0; b < 4; b++) {
				struct piece pa = { .af = families[f],
					.len = 8,
					.more = true,
					.ecn = (uint8_t)a };
				struct piece pb = { .af = families[f],
					.off = 8,
					.len = 8,
					.ecn = (uint8_t)b };
				struct mbuf *m;
				uint8_t h[2];

				KT(put(&pa) == NULL);
				m = put(&pb);
				KT((m == NULL) == (want[a][b] == -1));
				if (m == NULL)
					continue;
				KT_EQ(m_copydata(m, 0, 2, h), 0);
				KT_EQ(families[f] == AF_INET ? h[1] & 3 :
							       h[1] >> 4 & 3,
				    want[a][b]);
				m_freem(m);
			}
	KT_EQ(ip_frag_held(), 0);
}

static void
later(uint64_t us)
{
	sim_advance_us(us);
	while (kernel_step() == 0)
		;
}

KTEST(frag_time_ends_and_the_sender_hears_of_it_if_the_first_came)
{
	unsigned int f;

	boot();
	for (f = 0; f < nitems(families); f++) {
		struct piece first = { .af = families[f],
			.len = 16,
			.more = true };
		struct piece other = { .af = families[f],
			.id = 2,
			.off = 16,
			.len = 16,
			.more = true };
		uint64_t before = drop_counts[DROP_FRAG_TIMEOUT];

		KT(put(&first) == NULL);
		KT(put(&other) == NULL);
		later(29000000);
		KT_EQ(ip_frag_held(), 2);
		later(32000000);
		KT_EQ(ip_frag_held(), 0);
		KT_EQ(drop_counts[DROP_FRAG_TIMEOUT], before + 2);
	}
}

static void
limit(const char *name, int32_t v)
{
	struct proc p = { 0 };
	struct sysctl_req req = { .proc = &p, .new = &v, .newlen = sizeof(v) };

	KT_EQ(kern_sysctl(name, &req), 0);
	free(req.old, M_SYSCTL, req.oldcap);
}

KTEST(frag_flood_of_one_source_pushes_out_only_itself)
{
	struct piece quiet = { .af = AF_INET6,
		.id = 1,
		.src = 7,
		.len = 16,
		.more = true };
	struct piece rest = { .af = AF_INET6,
		.id = 1,
		.src = 7,
		.off = 16,
		.len = 4 };
	struct piece p = { .af = AF_INET6, .src = 1, .len = 16, .more = true };
	uint32_t i;

	boot();
	limit("net.inet6.ip6.maxfragpackets", 100);
	KT(put(&quiet) == NULL);
	for (i = 0; i < 5000; i++) {
		p.id = 100 + i;
		KT(put(&p) == NULL);
		KT(ip_frag_held() <= 65);
	}
	whole(put(&rest), AF_INET6, 1, 20);
	/* many sources with one each: the oldest goes, nothing grows */
	for (i = 0; i < 5000; i++) {
		p.src = 1000 + i;
		KT(put(&p) == NULL);
		KT(ip_frag_held() <= 100);
	}
}

KTEST(frag_limits_hold_and_zero_means_none)
{
	struct piece p = { .af = AF_INET, .len = 8, .more = true };
	uint32_t i;

	boot();
	limit("net.inet.ip.maxqueue", 50);
	for (i = 0; i < 500; i++) {
		p.id = i;
		p.src = i % 3;
		KT(put(&p) == NULL);
		KT(ip_frag_held() <= 50);
	}
	ip_frag_flush();
	limit("net.inet.ip.maxqueue", 0);
	KT(put(&p) == NULL);
	KT_EQ(drop_counts[DROP_FRAG_LIMIT], 1);
	limit("net.inet.ip.maxqueue", 1000);
	limit("net.inet.ip.maxfragkbytes", 16);
	for (i = 0; i < 100; i++) {
		p.id = i;
		KT(put(&p) == NULL);
		KT(ip_frag_held() <= 16 * 1024 / MSIZE);
	}
	/* more pieces than any packet has */
	ip_frag_flush();
	limit("net.inet.ip.maxfragkbytes", 8192);
	for (i = 0; i < 300; i++) {
		p.off = i * 16;
		p.id = 1;
		KT(put(&p) == NULL);
		KT(ip_frag_held() <= 256);
	}
	KT_EQ(ip_frag_held(), 0);
	KT(drop_counts[DROP_FRAG_PIECES] > 0);
}

KTEST(frag_every_allocation_fails_once)
{
	unsigned int f;
	long n, live;

	boot();
	for (f = 0; f < nitems(families); f++)
		for (n = 1; n < 40; n++) {
			struct piece a = { .af = families[f],
				.id = (uint32_t)n,
				.len = 4096,
				.more = true };
			struct piece b = { .af = families[f],
				.id = (uint32_t)n,
				.off = 4096,
				.len = 4096 };
			struct mbuf *ma = piece_packet(&a),
				    *mb = piece_packet(&b), *m;
			struct ip_frag fa = { .af = a.af,
				.id = a.id,
				.len = 4096,
				.hdrlen = headers(a.af),
				.more = true };
			struct ip_frag fb = { .af = b.af,
				.id = b.id,
				.off = 4096,
				.len = 4096,
				.hdrlen = headers(b.af) };

			live = sim_live();
			sim_fail_nth(n);
			m = ip_reass(ma, &fa);
			KT(m == NULL);
			m = ip_reass(mb, &fb);
			sim_fail_nth(0);
			m_freem(m);
			ip_frag_flush();
			KT_EQ(ip_frag_held(), 0);
			KT(sim_live() <= live);
		}
}

/* --- the model: which bytes are here, which came first --- */

#define MODEL_MAX 512

struct model {
	bool used, dead;
	uint8_t have[MODEL_MAX], byte[MODEL_MAX];
	uint32_t end, top;
};

/* What the datagram is after the piece; true: it is whole. */
static bool
model_put(struct model *d, const struct piece *p, bool kills)
{
	uint32_t i, end = p->off + p->len;
	bool overlap = false, same = true, fresh = false;

	d->used = true;
	if (d->dead)
		return (false);
	if ((d->end != 0 && (p->more ? end > d->end : end != d->end)) ||
	    (!p->more && d->top > end)) {
		d->dead = true;
		return (false);
	}
	for (i = p->off; i < end; i++) {
		overlap |= d->have[i] != 0;
		fresh |= d->have[i] == 0;
		same &= d->have[i] != 0 &&
		    d->byte[i] == (uint8_t)(pattern(p->id, i) + p->twist);
	}
	(void)same;
	if (overlap && kills) {
		d->dead = true;
		return (false);
	}
	for (i = p->off; i < end; i++)
		if (d->have[i] == 0) {
			d->have[i] = 1;
			d->byte[i] = (uint8_t)(pattern(p->id, i) + p->twist);
		}
	if (fresh) {
		d->top = MAX(d->top, end);
		if (!p->more)
			d->end = end;
	}
	for (i = 0; i < d->end && d->have[i] != 0; i++)
		;
	return (d->end != 0 && i == d->end);
}

/*
 * IPv6 without exact copies (the model forgets borders of pieces); in IPv4 a
 * new piece may lie over a hole between two old ones: then what is kept is
 * the part behind the first of them, so the run keeps to pieces that touch
 * at most one old border on each side.
 */
KTEST(frag_v6_random_run_equals_the_model)
{
	struct model d;
	uint32_t round, k, seed = 12345, i;
	unsigned int wholes = 0, deaths = 0;

	boot();
	for (round = 0; round < 3000; round++) {
		uint32_t pieces = 2 + round % 6, order[8];
		struct mbuf *m = NULL;
		bool done = false;

		memset(&d, 0, sizeof(d));
		for (k = 0; k < pieces; k++)
			order[k] = k;
		for (k = pieces - 1; k > 0; k--) {
			seed = seed * 1103515245 + 12345;
			i = seed >> 16 & 0xff;
			i %= k + 1;
			uint32_t t = order[k];
			order[k] = order[i];
			order[i] = t;
		}
		for (k = 0; k < pieces && !done; k++) {
			struct piece p = { .af = AF_INET6,
				.id = round,
				.off = order[k] * 24,
				.len = 24,
				.more = order[k] != pieces - 1 };

			seed = seed * 1103515245 + 12345;
			if ((seed >> 16) % 16 == 0)
				p.len = 32; /* runs into the next */
			else if ((seed >> 16) % 16 == 1 && p.off > 0)
				p.off -= 8; /* or the one before */
			done = model_put(&d, &p, true);
			m = put(&p);
			KT((m != NULL) == done);
		}
		if (m != NULL) {
			for (i = 0; i < d.end; i++) {
				uint8_t b;

				KT_EQ(m_copydata(m, 40 + i, 1, &b), 0);
				KT_EQ(b, d.byte[i]);
			}
			m_freem(m);
			wholes++;
		}
		deaths += d.dead;
		if (round % 200 == 0)
			ip_frag_flush();
	}
	KT(wholes > 1000 && deaths > 500);
}
