/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The filter machine: every code, what is refused, packets in pieces. */

#include <sys/systm.h>
#include <sys/mbuf.h>
#include <net/bpf.h>
#include <ktest.h>

#define N_RANDOM 20000

static const uint8_t frame[] = { 0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08,
	0x00, 0x46, 0, 0, 28, 0xde, 0xad, 0xbe, 0xef };

static uint32_t
run(const struct bpf_insn *prog, unsigned int n)
{
	struct bpf_view v;

	KT(bpf_validate(prog, n));
	bpf_view_init(&v, frame, sizeof(frame), NULL);
	return (bpf_filter(prog, &v));
}
#define RUN(...)                                      \
	run((const struct bpf_insn[]){ __VA_ARGS__ }, \
	    nitems(((const struct bpf_insn[]){ __VA_ARGS__ })))
#define BAD(...)                                                   \
	KT(!bpf_validate((const struct bpf_insn[]){ __VA_ARGS__ }, \
	    nitems(((const struct bpf_insn[]){ __VA_ARGS__ }))))
#define RETA    BPF_STMT(BPF_RET | BPF_A, 0)
#define LDI(k)  BPF_STMT(BPF_LD | BPF_IMM, k)
#define LDXI(k) BPF_STMT(BPF_LDX | BPF_IMM, k)

KTEST(bpf_filter_loads)
{
	KT_EQ(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 18), RETA), 0xdeadbeef);
	KT_EQ(RUN(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), RETA), 0x0800);
	KT_EQ(RUN(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 21), RETA), 0xef);
	KT_EQ(RUN(LDXI(4), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 14), RETA),
	    0xdead);
	KT_EQ(RUN(BPF_STMT(BPF_LD | BPF_LEN, 0), RETA), sizeof(frame));
	KT_EQ(RUN(BPF_STMT(BPF_LDX | BPF_LEN, 0),
		  BPF_STMT(BPF_MISC | BPF_TXA, 0), RETA),
	    sizeof(frame));
	KT_EQ(RUN(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
		  BPF_STMT(BPF_MISC | BPF_TXA, 0), RETA),
	    24);
	KT_EQ(RUN(LDI(7), BPF_STMT(BPF_ST, 15), LDI(0),
		  BPF_STMT(BPF_LD | BPF_MEM, 15), RETA),
	    7);
	KT_EQ(RUN(LDXI(9), BPF_STMT(BPF_STX, 0), BPF_STMT(BPF_LD | BPF_MEM, 0),
		  RETA),
	    9);
	KT_EQ(RUN(LDI(3), BPF_STMT(BPF_MISC | BPF_TAX, 0), LDI(0),
		  BPF_STMT(BPF_MISC | BPF_TXA, 0), RETA),
	    3);
}

KTEST(bpf_filter_load_past_the_end_keeps_nothing)
{
	KT_EQ(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 19), BPF_STMT(BPF_RET, 1)),
	    0);
	KT_EQ(RUN(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 22), BPF_STMT(BPF_RET, 1)),
	    0);
	KT_EQ(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0xfffffffe),
		  BPF_STMT(BPF_RET, 1)),
	    0);
	KT_EQ(RUN(LDXI(0xffffffff), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 1),
		  BPF_STMT(BPF_RET, 1)),
	    0);
	KT_EQ(RUN(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 22),
		  BPF_STMT(BPF_RET, 1)),
	    0);
}

KTEST(bpf_filter_arithmetic)
{
	static const struct {
		uint16_t op;
		uint32_t a, b, want;
	} rows[] = {
		{ BPF_ADD, 0xffffffff, 2, 1 },
		{ BPF_SUB, 1, 2, 0xffffffff },
		{ BPF_MUL, 7, 6, 42 },
		{ BPF_DIV, 43, 6, 7 },
		{ BPF_MOD, 43, 6, 1 },
		{ BPF_OR, 0xf0, 0x0f, 0xff },
		{ BPF_AND, 0xff, 0x3c, 0x3c },
		{ BPF_XOR, 0xff, 0x0f, 0xf0 },
		{ BPF_LSH, 1, 31, 0x80000000 },
		{ BPF_RSH, 0x80000000, 31, 1 },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		KT_EQ(RUN(LDI(rows[i].a),
			  BPF_STMT(BPF_ALU | rows[i].op | BPF_K, rows[i].b),
			  RETA),
		    rows[i].want);
		KT_EQ(RUN(LDI(rows[i].a), LDXI(rows[i].b),
			  BPF_STMT(BPF_ALU | rows[i].op | BPF_X, 0), RETA),
		    rows[i].want);
	}
	KT_EQ(RUN(LDI(5), BPF_STMT(BPF_ALU | BPF_NEG, 0), RETA), 0xfffffffb);
	KT_EQ(RUN(LDI(1), LDXI(32), BPF_STMT(BPF_ALU | BPF_LSH | BPF_X, 0),
		  RETA),
	    0);
	KT_EQ(RUN(LDI(1), LDXI(0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
		  BPF_STMT(BPF_RET, 1)),
	    0);
	KT_EQ(RUN(LDI(1), LDXI(0), BPF_STMT(BPF_ALU | BPF_MOD | BPF_X, 0),
		  BPF_STMT(BPF_RET, 1)),
	    0);
}

KTEST(bpf_filter_jumps)
{
	static const struct {
		uint16_t op;
		uint32_t a, b;
		bool want;
	} rows[] = {
		{ BPF_JEQ, 5, 5, true },
		{ BPF_JEQ, 5, 6, false },
		{ BPF_JGT, 0x80000000, 1, true },
		{ BPF_JGT, 5, 5, false },
		{ BPF_JGE, 5, 5, true },
		{ BPF_JGE, 4, 5, false },
		{ BPF_JSET, 6, 2, true },
		{ BPF_JSET, 6, 1, false },
	};

	for (size_t i = 0; i < nitems(rows); i++) {
		KT_EQ(RUN(LDI(rows[i].a),
			  BPF_JUMP(BPF_JMP | rows[i].op | BPF_K, rows[i].b, 0,
			      1),
			  BPF_STMT(BPF_RET, 1), BPF_STMT(BPF_RET, 0)),
		    rows[i].want);
		KT_EQ(RUN(LDI(rows[i].a), LDXI(rows[i].b),
			  BPF_JUMP(BPF_JMP | rows[i].op | BPF_X, 0, 0, 1),
			  BPF_STMT(BPF_RET, 1), BPF_STMT(BPF_RET, 0)),
		    rows[i].want);
	}
	KT_EQ(RUN(BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET, 1),
		  BPF_STMT(BPF_RET, 2)),
	    2);
}

KTEST(bpf_validate_refuses)
{
	static const struct bpf_insn none;

	KT(!bpf_validate(&none, 0));
	BAD(LDI(1));
	BAD(BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), BPF_STMT(BPF_RET, 1));
	BAD(BPF_JUMP(BPF_JMP | BPF_JEQ, 0, 1, 0), BPF_STMT(BPF_RET, 1));
	BAD(BPF_JUMP(BPF_JMP | BPF_JEQ, 0, 0, 1), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_ST, 16), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_LD | BPF_MEM, 16), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(0x100 | BPF_LD, 0), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_LD | 0x18 | BPF_ABS, 0), BPF_STMT(BPF_RET, 1));
	BAD(BPF_STMT(BPF_RET | BPF_X, 0));
	BAD(BPF_STMT(BPF_MISC | 0x40, 0), BPF_STMT(BPF_RET, 1));
}

/* A packet in pieces of 5 bytes behind a header gives what one piece gives. */
KTEST(bpf_filter_sees_chains_as_one_piece)
{
	struct mbuf *m = NULL, **end = &m;
	struct bpf_view whole, parts;

	mbinit(1 << 20);

	for (uint32_t off = 4; off < sizeof(frame);
	     off += (*end)->m_len, end = &(*end)->m_next) {
		*end = m == NULL ? m_gethdr(MT_DATA) : m_get(MT_DATA);
		KT(*end != NULL);
		(*end)->m_len = MIN(5, (uint32_t)sizeof(frame) - off);
		memcpy((*end)->m_data, frame + off, (*end)->m_len);
	}
	m->m_pkthdr.len = sizeof(frame) - 4;
	bpf_view_init(&whole, frame, sizeof(frame), NULL);
	bpf_view_init(&parts, frame, 4, m);
	for (uint32_t off = 0; off <= sizeof(frame); off++)
		for (uint16_t size = BPF_W; size <= BPF_B; size += 8) {
			struct bpf_insn prog[] = {
				BPF_STMT(BPF_LD | size | BPF_ABS, off), RETA
			};

			KT_EQ(bpf_filter(prog, &parts),
			    bpf_filter(prog, &whole));
		}
	m_freem(m);
}

/* What the judge lets pass may be run: no access outside, and it ends. */
KTEST(bpf_random_programs_are_refused_or_run)
{
	struct bpf_insn prog[12];
	struct bpf_view v;
	unsigned int good = 0;

	bpf_view_init(&v, frame, sizeof(frame), NULL);
	for (int i = 0; i < N_RANDOM; i++) {
		unsigned int n = 1 + arc4random_uniform(nitems(prog));

		for (unsigned int j = 0; j < n; j++)
			prog[j] = (struct bpf_insn){
				(uint16_t)arc4random_uniform(0xb8),
				(uint8_t)arc4random_uniform(4),
				(uint8_t)arc4random_uniform(4),
				arc4random_uniform(24)
			};
		prog[n - 1] = (struct bpf_insn)RETA;
		if (bpf_validate(prog, n)) {
			good++;
			bpf_filter(prog, &v);
		}
	}
	KT(good > 500);
}
