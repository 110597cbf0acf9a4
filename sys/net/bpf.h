/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * bpf(4): captures of what passes an interface.  Shared.
 *
 * Filters are programs for the machine of McCanne and Jacobson (1993), in the
 * encoding that libpcap makes.  A message read from a descriptor holds one or
 * more packets, each a struct bpf_hdr, padded to 8 bytes.
 */

#ifndef _NET_BPF_H_
#define _NET_BPF_H_

#include <sys/types.h>
#ifdef _KERNEL
#include <sys/ioccom.h>
#else
#include <sys/ioctl.h>
#include <stdint.h>
#endif

/* What stands in front of a packet; libpcap's numbers. */
#ifndef DLT_EN10MB
#define DLT_EN10MB 1
#endif
#ifndef DLT_LOOP
#define DLT_LOOP 108 /* a family, BSD's number, network byte order */
#endif

#define BPF_MAXINSNS      4096
#define BPF_MINBUF        4096
#define BPF_MAXBUF        (1U << 20) /* fits a message */
#define BPF_DEFBUF        32768
#define BPF_MEMWORDS      16
#define BPF_ALIGN(n)      (((n) + 7U) & ~7U)
#define BPF_MAJOR_VERSION 1
#define BPF_MINOR_VERSION 1

struct bpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
struct bpf_program {
	unsigned int bf_len;
	struct bpf_insn *bf_insns;
};
struct bpf_stat {
	uint64_t bs_recv; /* packets that were shown to the filter */
	uint64_t bs_drop; /* wanted, and no room was left */
	uint64_t bs_capt; /* wanted */
};
struct bpf_version {
	uint16_t bv_major, bv_minor;
};
struct bpf_timeval {
	int64_t tv_sec, tv_usec;
};
struct bpf_dltlist {
	uint32_t bfl_len; /* in: room, out: how many there are */
	uint32_t bfl_pad;
	uint32_t *bfl_list; /* NULL: only count */
};
struct bpf_ifreq {
	char bi_name[16];
};
#define BPF_DIRECTION_IN  1
#define BPF_DIRECTION_OUT 2
/* In front of each packet. */
struct bpf_hdr {
	uint64_t bh_stamp_ns; /* wall time */
	uint32_t bh_caplen;   /* bytes that follow */
	uint32_t bh_datalen;  /* bytes the packet had */
	uint16_t bh_hdrlen;   /* this structure */
	uint8_t bh_direction; /* BPF_DIRECTION_IN, _OUT */
	uint8_t bh_pad;
	uint32_t bh_ifindex;
};
_Static_assert(sizeof(struct bpf_hdr) == 24, "wire layout");

#define BIOCGBLEN     _IOR('B', 102, unsigned int)
#define BIOCSBLEN     _IOWR('B', 102, unsigned int) /* before BIOCSETIF */
#define BIOCSETF      _IOW('B', 103, struct bpf_program)
#define BIOCFLUSH     _IO('B', 104)
#define BIOCPROMISC   _IO('B', 105)
#define BIOCGDLT      _IOR('B', 106, unsigned int)
#define BIOCGETIF     _IOR('B', 107, struct bpf_ifreq)
#define BIOCSETIF     _IOW('B', 108, struct bpf_ifreq)
#define BIOCSRTIMEOUT _IOW('B', 109, struct bpf_timeval)
#define BIOCGRTIMEOUT _IOR('B', 110, struct bpf_timeval)
#define BIOCGSTATS    _IOR('B', 111, struct bpf_stat)
#define BIOCIMMEDIATE _IOW('B', 112, unsigned int)
#define BIOCVERSION   _IOR('B', 113, struct bpf_version)
#define BIOCGHDRCMPLT _IOR('B', 116, unsigned int)
#define BIOCSHDRCMPLT _IOW('B', 117, unsigned int)
#define BIOCLOCK      _IO('B', 118)
#define BIOCSETWF     _IOW('B', 119, struct bpf_program)
#define BIOCSDLT      _IOW('B', 122, unsigned int)
#define BIOCGDLTLIST  _IOWR('B', 123, struct bpf_dltlist)
#define BIOCGDIRFILT  _IOR('B', 124, unsigned int)
#define BIOCSDIRFILT \
	_IOW('B', 125, unsigned int) /* mask of BPF_DIRECTION_*: not shown */

/* Instructions: class, then size and mode, operation and source, or what is returned. */
#define BPF_CLASS(c)  ((c)&0x07)
#define BPF_LD        0x00
#define BPF_LDX       0x01
#define BPF_ST        0x02
#define BPF_STX       0x03
#define BPF_ALU       0x04
#define BPF_JMP       0x05
#define BPF_RET       0x06
#define BPF_MISC      0x07
#define BPF_SIZE(c)   ((c)&0x18)
#define BPF_W         0x00
#define BPF_H         0x08
#define BPF_B         0x10
#define BPF_MODE(c)   ((c)&0xe0)
#define BPF_IMM       0x00
#define BPF_ABS       0x20
#define BPF_IND       0x40
#define BPF_MEM       0x60
#define BPF_LEN       0x80
#define BPF_MSH       0xa0
#define BPF_OP(c)     ((c)&0xf0)
#define BPF_ADD       0x00
#define BPF_SUB       0x10
#define BPF_MUL       0x20
#define BPF_DIV       0x30
#define BPF_OR        0x40
#define BPF_AND       0x50
#define BPF_LSH       0x60
#define BPF_RSH       0x70
#define BPF_NEG       0x80
#define BPF_MOD       0x90
#define BPF_XOR       0xa0
#define BPF_JA        0x00
#define BPF_JEQ       0x10
#define BPF_JGT       0x20
#define BPF_JGE       0x30
#define BPF_JSET      0x40
#define BPF_SRC(c)    ((c)&0x08)
#define BPF_K         0x00
#define BPF_X         0x08
#define BPF_RVAL(c)   ((c)&0x18)
#define BPF_A         0x10
#define BPF_MISCOP(c) ((c)&0xf8)
#define BPF_TAX       0x00
#define BPF_TXA       0x80
#define BPF_STMT(code, k)                 \
	{                                 \
		(uint16_t)(code), 0, 0, k \
	}
#define BPF_JUMP(code, k, jt, jf)           \
	{                                   \
		(uint16_t)(code), jt, jf, k \
	}

#ifdef _KERNEL
struct mbuf;
/* What a filter looks at: hdr[hdrlen], then the packet m (may be NULL). */
struct bpf_view {
	const uint8_t *hdr;
	uint32_t hdrlen;
	const struct mbuf *m;
	uint32_t len; /* of both */
};
void bpf_view_init(struct bpf_view *v, const void *hdr, uint32_t hdrlen,
    const struct mbuf *m);
/* Copies [off, off+len) of v, which must be there. */
void bpf_view_copy(const struct bpf_view *v, uint32_t off, uint32_t len,
    void *dst);
/*
 * May a program of n instructions run?  Every path ends in a return, no jump
 * or memory word is out of bounds, no constant divides by zero.
 */
bool bpf_validate(const struct bpf_insn *prog, unsigned int n);
/*
 * Runs a validated program: bytes of the packet to keep, 0 for none.  A load
 * past the end, and a division by X when it is 0, end it with 0.
 */
uint32_t bpf_filter(const struct bpf_insn *prog, const struct bpf_view *v);
#endif

#endif
