/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The filter machine: judged once, then run without a check of its own
 * but those that depend on the packet.
 *
 * Jumps only go forward, so a program of n instructions ends after n steps.
 * The validator walks the table of codes below; what is not in it is refused.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <net/bpf.h>

/* --- what is looked at --- */

void
bpf_view_init(struct bpf_view *v, const void *hdr, uint32_t hdrlen,
    const struct mbuf *m)
{
	v->hdr = hdr;
	v->hdrlen = hdrlen;
	v->m = m;
	v->len = hdrlen + (m != NULL ? m->m_pkthdr.len : 0);
}

void
bpf_view_copy(const struct bpf_view *v, uint32_t off, uint32_t len, void *dst)
{
	uint32_t n;

	if (off < v->hdrlen) {
		n = MIN(len, v->hdrlen - off);
		memcpy(dst, v->hdr + off, n);
		off += n;
		len -= n;
		dst = (char *)dst + n;
	}
	if (len > 0 &&
	    NEVER(v->m == NULL ||
		m_copydata(v->m, off - v->hdrlen, len, dst) != 0))
		memset(dst, 0, len);
}

/* size (1, 2, 4) bytes at off in host order.  False: not all there. */
static inline bool
view_load(const struct bpf_view *v, uint64_t off, uint32_t size, uint32_t *val)
{
	uint8_t buf[4];
	const uint8_t *p = buf;

	if (off + size > v->len)
		return (false);
	if (off + size <= v->hdrlen)
		p = v->hdr + off;
	else if (off >= v->hdrlen && v->m != NULL &&
	    off - v->hdrlen + size <= v->m->m_len)
		p = (const uint8_t *)v->m->m_data + (off - v->hdrlen);
	else
		bpf_view_copy(v, (uint32_t)off, size, buf);
	if (size == 4)
		*val = be32dec(p);
	else
		*val = size == 2 ? be16dec(p) : *p;
	return (true);
}

/* --- judging --- */

enum insn_kind { K_BAD, K_PLAIN, K_MEM, K_DIV, K_SHIFT, K_JA, K_COND, K_RET };

static enum insn_kind
kind_load(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		return (K_MEM);
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_B | BPF_MSH:
		return (K_PLAIN);
	default:
		return (K_BAD);
	}
}

static enum insn_kind
kind_alu(uint16_t code)
{
	if (code == (BPF_ALU | BPF_NEG))
		return (K_PLAIN);
	switch (BPF_OP(code)) {
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_OR:
	case BPF_AND:
	case BPF_XOR:
		return (K_PLAIN);
	case BPF_LSH:
	case BPF_RSH:
		return (K_SHIFT);
	case BPF_DIV:
	case BPF_MOD:
		return (K_DIV);
	default:
		return (K_BAD);
	}
}

static enum insn_kind
kind_jump(uint16_t code)
{
	switch (BPF_OP(code)) {
	case BPF_JA:
		return (BPF_SRC(code) == BPF_K ? K_JA : K_BAD);
	case BPF_JEQ:
	case BPF_JGT:
	case BPF_JGE:
	case BPF_JSET:
		return (K_COND);
	default:
		return (K_BAD);
	}
}

static enum insn_kind
insn_kind(uint16_t code)
{
	if (code > 0xff)
		return (K_BAD);
	switch (BPF_CLASS(code)) {
	case BPF_LD:
	case BPF_LDX:
		return (kind_load(code));
	case BPF_ST:
	case BPF_STX:
		return (code == BPF_CLASS(code) ? K_MEM : K_BAD);
	case BPF_ALU:
		return (kind_alu(code));
	case BPF_JMP:
		return (kind_jump(code));
	case BPF_RET:
		return (code == (BPF_RET | BPF_K) || code == (BPF_RET | BPF_A) ?
			K_RET :
			K_BAD);
	default:
		return (code == (BPF_MISC | BPF_TAX) ||
			    code == (BPF_MISC | BPF_TXA) ?
			K_PLAIN :
			K_BAD);
	}
}

/* left: instructions behind this one. */
static bool
insn_ok(const struct bpf_insn *in, unsigned int left)
{
	bool constant = BPF_SRC(in->code) == BPF_K;

	switch (insn_kind(in->code)) {
	case K_PLAIN:
	case K_RET:
		return (true);
	case K_MEM:
		return (in->k < BPF_MEMWORDS);
	case K_DIV:
		return (!constant || in->k != 0);
	case K_SHIFT:
		return (!constant || in->k < 32);
	case K_JA:
		return (in->k < left);
	case K_COND:
		return (in->jt < left && in->jf < left);
	case K_BAD:
		break;
	}
	return (false);
}

bool
bpf_validate(const struct bpf_insn *prog, unsigned int n)
{
	if (n == 0 || n > BPF_MAXINSNS)
		return (false);
	for (unsigned int i = 0; i < n; i++)
		if (!insn_ok(&prog[i], n - i - 1))
			return (false);
	return (BPF_CLASS(prog[n - 1].code) == BPF_RET);
}

/* --- running --- */

struct bpf_regs {
	uint32_t a, x;
	uint32_t mem[BPF_MEMWORDS];
};

static bool
run_load(const struct bpf_insn *in, struct bpf_regs *r,
    const struct bpf_view *v)
{
	uint32_t size = BPF_SIZE(in->code) == BPF_W ? 4 :
	    BPF_SIZE(in->code) == BPF_H             ? 2 :
						      1;

	switch (BPF_MODE(in->code)) {
	case BPF_ABS:
		return (view_load(v, in->k, size, &r->a));
	case BPF_IND:
		return (view_load(v, (uint64_t)r->x + in->k, size, &r->a));
	case BPF_LEN:
		r->a = v->len;
		return (true);
	case BPF_MEM:
		r->a = r->mem[in->k];
		return (true);
	default:
		r->a = in->k;
		return (true);
	}
}

static bool
run_loadx(const struct bpf_insn *in, struct bpf_regs *r,
    const struct bpf_view *v)
{
	switch (BPF_MODE(in->code)) {
	case BPF_MSH: /* length of an IPv4 header */
		if (!view_load(v, in->k, 1, &r->x))
			return (false);
		r->x = (r->x & 0xf) << 2;
		return (true);
	case BPF_LEN:
		r->x = v->len;
		return (true);
	case BPF_MEM:
		r->x = r->mem[in->k];
		return (true);
	default:
		r->x = in->k;
		return (true);
	}
}

static bool
run_alu(const struct bpf_insn *in, struct bpf_regs *r)
{
	uint32_t b = BPF_SRC(in->code) == BPF_X ? r->x : in->k;

	switch (BPF_OP(in->code)) {
	case BPF_ADD:
		r->a += b;
		break;
	case BPF_SUB:
		r->a -= b;
		break;
	case BPF_MUL:
		r->a *= b;
		break;
	case BPF_OR:
		r->a |= b;
		break;
	case BPF_AND:
		r->a &= b;
		break;
	case BPF_XOR:
		r->a ^= b;
		break;
	case BPF_LSH: /* a shift by X that is too far leaves nothing */
		r->a = b < 32 ? r->a << b : 0;
		break;
	case BPF_RSH:
		r->a = b < 32 ? r->a >> b : 0;
		break;
	case BPF_NEG:
		r->a = 0U - r->a;
		break;
	default: /* BPF_DIV, BPF_MOD */
		if (b == 0)
			return (false);
		r->a = BPF_OP(in->code) == BPF_DIV ? r->a / b : r->a % b;
		break;
	}
	return (true);
}

/* How many instructions are passed over. */
static uint32_t
run_jump(const struct bpf_insn *in, const struct bpf_regs *r)
{
	uint32_t b = BPF_SRC(in->code) == BPF_X ? r->x : in->k;
	bool yes;

	switch (BPF_OP(in->code)) {
	case BPF_JA:
		return (in->k);
	case BPF_JEQ:
		yes = r->a == b;
		break;
	case BPF_JGT:
		yes = r->a > b;
		break;
	case BPF_JGE:
		yes = r->a >= b;
		break;
	default:
		yes = (r->a & b) != 0;
		break;
	}
	return (yes ? in->jt : in->jf);
}

uint32_t
bpf_filter(const struct bpf_insn *prog, const struct bpf_view *v)
{
	struct bpf_regs r = { 0 };
	bool ok = true;

	for (const struct bpf_insn *in = prog; ok; in++) {
		switch (BPF_CLASS(in->code)) {
		case BPF_LD:
			ok = run_load(in, &r, v);
			break;
		case BPF_LDX:
			ok = run_loadx(in, &r, v);
			break;
		case BPF_ST:
			r.mem[in->k] = r.a;
			break;
		case BPF_STX:
			r.mem[in->k] = r.x;
			break;
		case BPF_ALU:
			ok = run_alu(in, &r);
			break;
		case BPF_JMP:
			in += run_jump(in, &r);
			break;
		case BPF_RET:
			return (BPF_RVAL(in->code) == BPF_A ? r.a : in->k);
		default:
			if (BPF_MISCOP(in->code) == BPF_TAX)
				r.x = r.a;
			else
				r.a = r.x;
			break;
		}
	}
	return (0);
}
