/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Filter programs: what the validator lets through runs to its end, and gives
 * what libpcap's machine gives, however the packet is cut into pieces.
 *
 *	n	instructions, of eight bytes each as in a program
 *	hdr	bytes that stand in front of the mbufs
 *	first	bytes in the first mbuf
 *	rest	the packet
 *
 * Most codes mean nothing, so all but each eighth is bent to one that does.
 */

#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/mbuf.h>
#include <net/bpf.h>
#include <ktest.h>
#include <machine/kernel.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROLOGUE  BPF_MEMWORDS /* libpcap's memory holds anything at first */
#define INSNS_MAX 128

static bool booted;

static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_H | BPF_ABS,
	BPF_LD | BPF_B | BPF_ABS,
	BPF_LD | BPF_W | BPF_IND,
	BPF_LD | BPF_H | BPF_IND,
	BPF_LD | BPF_B | BPF_IND,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_IMM,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_LDX | BPF_B | BPF_MSH,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JSET | BPF_X,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_MOD | BPF_X,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_NEG,
};

static unsigned int
program_read(struct cursor *c, struct bpf_insn *prog)
{
	unsigned int n = PROLOGUE;
	uint8_t count = 0, code, how;

	for (unsigned int i = 0; i < PROLOGUE; i++)
		prog[i] = (struct bpf_insn)BPF_STMT(BPF_ST, i);
	cur_u8(c, &count);
	while (count-- % INSNS_MAX > 0 && c->left >= 8) {
		struct bpf_insn *in = &prog[n++];

		cur_u8(c, &how);
		cur_u8(c, &code);
		cur_u8(c, &in->jt);
		cur_u8(c, &in->jf);
		cur_u32(c, &in->k);
		in->code = how % 8 == 7 ? (uint16_t)(how / 8 << 8 | code) :
					  codes[code % nitems(codes)];
		if (how % 8 < 4)
			in->k &= 0x3f;
	}
	return (n);
}

static struct mbuf *
packet_make(const uint8_t *p, size_t len, unsigned int first)
{
	struct mbuf *m = m_getroom(0, len), *n;

	if (m == NULL)
		return (NULL);
	memcpy(m->m_data, p, len);
	m->m_len = m->m_pkthdr.len = (uint32_t)len;
	if (first < len && (n = m_split(m, first)) != NULL)
		m_cat_pkt(m, n);
	return (m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kernel_params params = { .hostname = "bpf" };
	struct bpf_insn prog[PROLOGUE + INSNS_MAX];
	struct bpf_view v;
	struct cursor c;
	struct mbuf *m;
	unsigned int n;
	uint8_t hdr = 0, first = 0;

	KASSERT(booted || kernel_boot(&params) == 0);
	booted = true;
	cur_init(&c, data, size);
	n = program_read(&c, prog);
	cur_u8(&c, &hdr);
	cur_u8(&c, &first);
	if (!bpf_validate(prog, n))
		return (-1);
	hdr = (uint8_t)MIN(hdr, c.left);
	if ((m = packet_make(c.p + hdr, c.left - hdr, first)) == NULL)
		return (0);
	bpf_view_init(&v, c.p, hdr, m);
	KASSERT(v.len == c.left);
	KASSERT(bpf_filter(prog, &v) ==
	    sim_pcap_filter(prog, c.p, (unsigned int)c.left));
	m_freem(m);
	return (0);
}
