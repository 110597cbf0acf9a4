/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A capture: two buffers, one being filled and one waiting for the program.
 *
 *	packet -> filter -> store --full, time-out, immediate--> hold -> push
 *
 * (1) Whatever waits in hold is older than whatever is in store.
 * (2) When store is full and hold still waits, packets are dropped and
 *     counted: the packet's way never waits for a program.
 * (3) A message is no longer than any host's socket takes: a buffer goes in
 *     pieces of whole packets.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/time.h>
#include <net/bpf_desc.h>
#include <net/if_var.h>

#define MSG_ROOM 65536U /* of a message, unless one packet is longer */

/* How much of hold makes the next message. */
static uint32_t
hold_piece(const struct bpf_d *d)
{
	struct bpf_hdr bh;
	uint32_t n = 0, size;

	for (; d->bd_hoff + n < d->bd_hlen; n += size) {
		memcpy(&bh, d->bd_hold + d->bd_hoff + n, sizeof(bh));
		size = BPF_ALIGN((uint32_t)sizeof(bh) + bh.bh_caplen);
		if (n > 0 && n + size > MSG_ROOM)
			break;
	}
	return (n);
}

/* Gives hold to the program as far as it takes it. */
static void
hold_push(struct bpf_d *d)
{
	uint32_t n;

	for (; d->bd_hoff < d->bd_hlen; d->bd_hoff += n) {
		n = hold_piece(d);
		if (d->bd_push(d, d->bd_hold + d->bd_hoff, n) == EAGAIN)
			return;
	}
	d->bd_hlen = d->bd_hoff = 0;
}

void
bpf_d_rotate(struct bpf_d *d)
{
	uint8_t *buf = d->bd_store;

	timeout_del(&d->bd_timer);
	if (d->bd_hlen > 0 || d->bd_slen == 0)
		return;
	d->bd_store = d->bd_hold;
	d->bd_hold = buf;
	d->bd_hlen = d->bd_slen;
	d->bd_slen = 0;
	hold_push(d);
}

static void
rotate_soon(void *arg)
{
	bpf_d_rotate(arg);
}

void
bpf_d_writable(struct bpf_d *d)
{
	hold_push(d);
	if (d->bd_hlen == 0 &&
	    (d->bd_immediate ||
		(d->bd_timeout_us > 0 && !timeout_pending(&d->bd_timer))))
		bpf_d_rotate(d); /* its time came while hold waited */
}

/* --- capture --- */

/* Room for size bytes in store; false when both buffers are full. */
static bool
store_room(struct bpf_d *d, uint32_t size)
{
	if (d->bd_slen + size > d->bd_size)
		bpf_d_rotate(d);
	return (d->bd_slen + size <= d->bd_size);
}

static void
store_add(struct bpf_d *d, const struct bpf_view *v, uint32_t caplen, int dir)
{
	uint32_t size = BPF_ALIGN((uint32_t)sizeof(struct bpf_hdr) + caplen);
	uint64_t stamp = v->m != NULL && v->m->m_pkthdr.stamp_us != 0 ?
	    v->m->m_pkthdr.stamp_us :
	    time_wall_us;
	struct bpf_hdr bh = { .bh_stamp_ns = stamp * 1000,
		.bh_caplen = caplen,
		.bh_datalen = v->len,
		.bh_hdrlen = sizeof(bh),
		.bh_direction = (uint8_t)dir,
		.bh_ifindex = d->bd_bif->bif_ifp->if_index };
	uint8_t *p;

	if (!store_room(d, size)) {
		d->bd_stat.bs_drop++;
		return;
	}
	p = d->bd_store + d->bd_slen;
	memcpy(p, &bh, sizeof(bh));
	bpf_view_copy(v, 0, caplen, p + sizeof(bh));
	memset(p + sizeof(bh) + caplen, 0, size - sizeof(bh) - caplen);
	if (d->bd_slen == 0 && d->bd_timeout_us > 0)
		timeout_add_us(&d->bd_timer, d->bd_timeout_us);
	d->bd_slen += size;
	if (d->bd_immediate)
		task_add(&d->bd_task);
}

static void
capture(struct bpf_listener *bl, const void *hdr, uint32_t hdrlen,
    const struct mbuf *m, int dir)
{
	struct bpf_d *d = containerof(bl, struct bpf_d, bd_listener);
	struct bpf_view v;
	uint32_t keep = UINT32_MAX;

	if ((d->bd_dirfilt & (uint32_t)dir) != 0)
		return;
	d->bd_stat.bs_recv++;
	bpf_view_init(&v, hdr, hdrlen, m);
	if (d->bd_read.insns != NULL &&
	    (keep = bpf_filter(d->bd_read.insns, &v)) == 0)
		return;
	d->bd_stat.bs_capt++;
	keep = MIN(keep, v.len);
	keep = MIN(keep, d->bd_size - (uint32_t)sizeof(struct bpf_hdr) - 8);
	store_add(d, &v, keep, dir);
}

/* --- life --- */

static void
interface_gone(struct bpf_listener *bl)
{
	struct bpf_d *d = containerof(bl, struct bpf_d, bd_listener);

	if (d->bd_promisc)
		if_promisc(d->bd_bif->bif_ifp, false);
	d->bd_promisc = false;
	d->bd_bif = NULL;
	bpf_d_rotate(d);
}

void
bpf_d_init(struct bpf_d *d,
    int (*push)(struct bpf_d *d, const void *buf, uint32_t len), void *arg)
{
	d->bd_listener.bl_capture = capture;
	d->bd_listener.bl_gone = interface_gone;
	d->bd_size = BPF_DEFBUF;
	d->bd_push = push;
	d->bd_arg = arg;
	timeout_set(&d->bd_timer, rotate_soon, d);
	task_set(&d->bd_task, rotate_soon, d);
}

static void
unbind(struct bpf_d *d)
{
	if (d->bd_bif == NULL)
		return;
	bpf_unlisten(d->bd_bif, &d->bd_listener);
	if (d->bd_promisc)
		if_promisc(d->bd_bif->bif_ifp, false);
	d->bd_promisc = false;
	d->bd_bif = NULL;
}

void
bpf_d_fini(struct bpf_d *d)
{
	unbind(d);
	timeout_del(&d->bd_timer);
	task_del(&d->bd_task);
	bpf_d_setfilter(&d->bd_read, NULL, 0);
	bpf_d_setfilter(&d->bd_write, NULL, 0);
	free(d->bd_store, M_BPF, d->bd_size);
	free(d->bd_hold, M_BPF, d->bd_size);
	d->bd_store = d->bd_hold = NULL;
}

static int
buffers_make(struct bpf_d *d)
{
	if (d->bd_store != NULL)
		return (0);
	d->bd_store = malloc(d->bd_size, M_BPF, M_NOWAIT);
	d->bd_hold = malloc(d->bd_size, M_BPF, M_NOWAIT);
	if (d->bd_store != NULL && d->bd_hold != NULL)
		return (0);
	free(d->bd_store, M_BPF, d->bd_size);
	free(d->bd_hold, M_BPF, d->bd_size);
	d->bd_store = d->bd_hold = NULL;
	return (ENOMEM);
}

int
bpf_d_bind(struct bpf_d *d, struct bpf_if *bif)
{
	int error;

	if ((error = buffers_make(d)) != 0)
		return (error);
	unbind(d);
	bpf_d_flush(d);
	d->bd_bif = bif;
	bpf_listen(bif, &d->bd_listener);
	return (0);
}

int
bpf_d_promisc(struct bpf_d *d)
{
	int error;

	if (d->bd_bif == NULL)
		return (EINVAL);
	if (d->bd_promisc)
		return (0);
	if ((error = if_promisc(d->bd_bif->bif_ifp, true)) == 0)
		d->bd_promisc = true;
	return (error);
}

int
bpf_d_setfilter(struct bpf_code *code, const struct bpf_insn *prog,
    unsigned int n)
{
	struct bpf_insn *fresh = NULL;

	if (n > 0) {
		if (!bpf_validate(prog, n))
			return (EINVAL);
		if ((fresh = mallocarray(n, sizeof(*fresh), M_BPF, M_NOWAIT)) ==
		    NULL)
			return (ENOMEM);
		memcpy(fresh, prog, n * sizeof(*fresh));
	}
	free(code->insns, M_BPF, code->n * sizeof(*code->insns));
	code->insns = fresh;
	code->n = n;
	return (0);
}

void
bpf_d_flush(struct bpf_d *d)
{
	timeout_del(&d->bd_timer);
	d->bd_slen = d->bd_hlen = d->bd_hoff = 0;
	memset(&d->bd_stat, 0, sizeof(d->bd_stat));
}
