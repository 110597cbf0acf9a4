/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Which comparisons of a filter look at the family in front of a packet: a byte
 * of a pflog header, the word of a loopback.
 *
 * Jumps go forward only, so one pass in order is enough: family[i] says that
 * on every way to instruction i the accumulator holds the family.
 */

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pflogfilter.h"

#include <net/pf/if_pflog.h>

#define LOOP_INET6 24 /* as in DLT_LOOP */

/* The instruction that loads the family, and what IPv6 is there. */
struct load {
	uint16_t code;
	uint32_t offset, inet6;
};

/* What the accumulator is on the ways to an instruction. */
enum { NO_WAY, FAMILY, OTHER };

static void
join(uint8_t *to, uint8_t from)
{
	*to = *to == NO_WAY || *to == from ? from : OTHER;
}

/* What it is after in, when it was before. */
static uint8_t
after(const struct load *l, const struct bpf_insn *in, uint8_t before)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		return (
		    in->code == l->code && in->k == l->offset ? FAMILY : OTHER);
	case BPF_ALU:
		return (OTHER);
	case BPF_MISC:
		return (BPF_MISCOP(in->code) == BPF_TXA ? OTHER : before);
	default:
		return (before);
	}
}

static void
flow(const struct load *l, const struct bpf_insn *prog, unsigned int n,
    unsigned int i, uint8_t *acc)
{
	uint8_t now = after(l, &prog[i], acc[i]);

	if (BPF_CLASS(prog[i].code) == BPF_RET)
		return;
	if (BPF_CLASS(prog[i].code) != BPF_JMP) {
		if (i + 1 < n)
			join(&acc[i + 1], now);
	} else if (BPF_OP(prog[i].code) == BPF_JA) {
		if (prog[i].k < n - i - 1)
			join(&acc[i + 1 + prog[i].k], now);
	} else {
		if (i + 1U + prog[i].jt < n)
			join(&acc[i + 1 + prog[i].jt], now);
		if (i + 1U + prog[i].jf < n)
			join(&acc[i + 1 + prog[i].jf], now);
	}
}

static unsigned int
mend(const struct load *l, struct bpf_insn *prog, unsigned int n)
{
	uint8_t acc[BPF_MAXINSNS];
	unsigned int mended = 0;

	if (n == 0 || n > BPF_MAXINSNS)
		return (0);
	memset(acc, NO_WAY, n);
	acc[0] = OTHER;
	for (unsigned int i = 0; i < n; i++) {
		flow(l, prog, n, i, acc);
		if (acc[i] == FAMILY &&
		    prog[i].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
		    prog[i].k == AF_INET6) {
			prog[i].k = l->inet6;
			mended++;
		}
	}
	return (mended);
}

unsigned int
pflog_filter_mend(struct bpf_insn *prog, unsigned int n)
{
	static const struct load byte = { BPF_LD | BPF_B | BPF_ABS, 1,
		PFLOG_INET6 };

	return (mend(&byte, prog, n));
}

unsigned int
loop_filter_mend(struct bpf_insn *prog, unsigned int n)
{
	static const struct load word = { BPF_LD | BPF_W | BPF_ABS, 0,
		LOOP_INET6 };

	return (mend(&word, prog, n));
}
