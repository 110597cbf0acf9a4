/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* A descriptor that captures: its buffers and filters (bpf_desc.c). */

#ifndef _NET_BPF_DESC_H_
#define _NET_BPF_DESC_H_

#include <sys/task.h>
#include <sys/timeout.h>
#include <net/bpf.h>
#include <net/bpf_if.h>

struct bpf_code {
	struct bpf_insn *insns; /* NULL: none */
	unsigned int n;
};

struct bpf_d {
	struct bpf_listener bd_listener;
	struct bpf_if *bd_bif; /* NULL: no interface */
	uint8_t *bd_store,
	    *bd_hold; /* bd_size bytes each; NULL before bpf_d_bind() */
	uint32_t bd_size;
	uint32_t bd_slen, bd_hlen; /* filled; bd_hlen > 0: waits to be pushed */
	uint32_t bd_hoff; /* of hold: pushed already */
	struct bpf_code bd_read, bd_write;
	struct bpf_stat bd_stat;
	uint64_t bd_timeout_us; /* 0: wait until the buffer is full */
	uint32_t bd_dirfilt;
	bool bd_immediate, bd_promisc, bd_locked, bd_hdrcmplt;
	struct timeout bd_timer;
	struct task bd_task;
	/* Takes the hold buffer: 0, EAGAIN (bpf_d_writable() follows), or an error. */
	int (*bd_push)(struct bpf_d *d, const void *buf, uint32_t len);
	void *bd_arg;
};

/* A descriptor without interface.  d is the caller's, zeroed. */
void bpf_d_init(struct bpf_d *d,
    int (*push)(struct bpf_d *d, const void *buf, uint32_t len), void *arg);
/* Gives back all it holds. */
void bpf_d_fini(struct bpf_d *d);
/* Listens to bif from now on; what was captured before is forgotten.  0 or ENOMEM. */
int bpf_d_bind(struct bpf_d *d, struct bpf_if *bif);
/* Listens with PROMISC.  0, EINVAL without interface, or the driver's error. */
int bpf_d_promisc(struct bpf_d *d);
/* Takes a judged copy of prog[n]; n 0: no filter.  0, EINVAL, ENOMEM; unchanged then. */
int bpf_d_setfilter(struct bpf_code *code, const struct bpf_insn *prog,
    unsigned int n);
void bpf_d_flush(struct bpf_d *d);
/* The program can take a message again. */
void bpf_d_writable(struct bpf_d *d);
/* Shows what is stored to the program although the buffer is not full. */
void bpf_d_rotate(struct bpf_d *d);

void bpfinit(void); /* at boot: the device */

#endif
