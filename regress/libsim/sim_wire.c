/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Wires in memory: the link kind "sim".
 *
 * A frame that is sent is recorded, judged by the wire's faults (the same
 * code as in wire(4)), and put on a list ordered by time of arrival and then
 * by order of sending.  When its time comes a copy goes to each other end.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../sys/arch/user/host/wire.h"
#include "sim.h"
#include "sim_host.h"

#define LATENCY_NS 1000 /* no frame arrives at the instant it was sent */
#define QUEUE_MAX  10000
#define BATCH      64

/* A frame under way, or at an end. */
struct sim_pkt {
	struct sim_pkt *next;
	uint64_t due_ns;
	struct sim_wire *wire;
	struct sim_end *from;
	struct hostif_frame meta;
	struct host_iov iov;
	uint8_t data[];
};

struct sim_end {
	struct sim_end *next, *next_of_machine;
	struct sim_wire *wire;
	struct sim_state *st;
	char ifname[64];
	void (*event)(void *arg, enum hostif_event what);
	void *arg;
	bool on, plugged, news;       /* news: carrier may have changed */
	struct sim_pkt *head, **tail; /* arrived */
	struct sim_pkt *lent;         /* given out by rx */
	int queued;
	unsigned long long missed; /* found the queue full */
};

struct record {
	uint64_t when_ns;
	size_t off, len;
	const struct sim_state *from;
};

struct sim_wire {
	char name[64]; /* first: sim_plug_why() */
	struct sim_wire *next;
	struct sim_end *ends;
	struct wire_faults faults;
	bool offload;
	/* all that was sent */
	uint8_t *bytes;
	size_t nbytes, bytes_room;
	struct record *records;
	size_t nrecords, records_room;
};

static struct sim_wire *wires;
static struct sim_pkt *under_way;
static const char *world;
static uint64_t world_seed;

/* --- the record --- */

static void
grow(void *pp, size_t *room, size_t want, size_t size)
{
	void **p = pp;

	if (want <= *room)
		return;
	*room = want * 2;
	if ((*p = realloc(*p, *room * size)) == NULL)
		sim_die("no memory for a capture");
}

static void
frame_record(struct sim_wire *w, const struct sim_pkt *pkt)
{
	grow(&w->bytes, &w->bytes_room, w->nbytes + pkt->meta.len, 1);
	grow(&w->records, &w->records_room, w->nrecords + 1,
	    sizeof(*w->records));
	memcpy(w->bytes + w->nbytes, pkt->data, pkt->meta.len);
	w->records[w->nrecords++] = (struct record){ sim_now_ns, w->nbytes,
		pkt->meta.len, pkt->from != NULL ? pkt->from->st : NULL };
	w->nbytes += pkt->meta.len;
}

size_t
sim_wire_count(const struct sim_wire *w)
{
	return (w->nrecords);
}

bool
sim_wire_frame(const struct sim_wire *w, size_t n, struct sim_frame *f)
{
	const struct record *r = &w->records[n];

	if (n >= w->nrecords)
		return (false);
	*f = (struct sim_frame){ r->when_ns, w->bytes + r->off, r->len,
		r->from == NULL ? NULL : sim_machine_of(r->from) };
	return (true);
}

static uint64_t
digest_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (; len > 0; len--)
		sum = (sum ^ *p++) * 0x100000001b3ULL; /* FNV-1a */
	return (sum);
}

uint64_t
sim_digest(void)
{
	uint64_t sum = 0xcbf29ce484222325ULL;

	for (struct sim_wire *w = wires; w != NULL; w = w->next)
		for (size_t i = 0; i < w->nrecords; i++) {
			sum = digest_add(sum, &w->records[i].when_ns,
			    sizeof(uint64_t));
			sum = digest_add(sum, w->bytes + w->records[i].off,
			    w->records[i].len);
		}
	return (sum);
}

static void
wire_save(const struct sim_wire *w)
{
	uint32_t fh[6] = { 0xa1b23c4dU, 2 | 4 << 16, 0, 0, WIRE_FRAME_MAX, 1 },
		 rh[4];
	const char *dir = getenv("SIM_PCAP"), *o = getenv("O");
	char path[4096];
	FILE *f;

	if (w->nrecords == 0)
		return;
	if (dir != NULL)
		snprintf(path, sizeof(path), "%s/%s.%s.pcap", dir, world,
		    w->name);
	else
		snprintf(path, sizeof(path), "%s%s%s.%s.pcap",
		    o != NULL ? o : "", o != NULL ? "/log/" : "", world,
		    w->name);
	if ((f = fopen(path, "we")) == NULL) {
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
		return;
	}
	fwrite(fh, sizeof(fh), 1, f);
	for (size_t i = 0; i < w->nrecords; i++) {
		const struct record *r = &w->records[i];

		rh[0] = (uint32_t)(r->when_ns / 1000000000ULL);
		rh[1] = (uint32_t)(r->when_ns % 1000000000ULL);
		rh[2] = rh[3] = (uint32_t)r->len;
		fwrite(rh, sizeof(rh), 1, f);
		fwrite(w->bytes + r->off, 1, r->len, f);
	}
	if (fclose(f) == 0)
		fprintf(stderr, "# wire %s: %zu frames in %s\n", w->name,
		    w->nrecords, path);
}

/* --- sending --- */

static struct sim_pkt *
pkt_new(struct sim_wire *w, struct sim_end *from, const struct hostif_frame *f)
{
	struct sim_pkt *pkt;
	size_t off = 0;

	if ((pkt = malloc(sizeof(*pkt) + f->len)) == NULL)
		sim_die("no memory for a frame");
	*pkt = (struct sim_pkt){ .wire = w, .from = from, .meta = *f };
	for (int i = 0; i < f->niov; off += f->iov[i++].len)
		memcpy(pkt->data + off, f->iov[i].base, f->iov[i].len);
	return (pkt);
}

static struct sim_pkt *
pkt_copy(const struct sim_pkt *pkt)
{
	size_t size = sizeof(*pkt) + pkt->meta.len;
	struct sim_pkt *n;

	if ((n = malloc(size)) == NULL)
		sim_die("no memory for a frame");
	memcpy(n, pkt, size);
	return (n);
}

static void
pkt_send(struct sim_pkt *pkt, uint64_t due)
{
	struct sim_pkt **at = &under_way;

	pkt->due_ns = due;
	while (*at != NULL && (*at)->due_ns <= due)
		at = &(*at)->next;
	pkt->next = *at;
	*at = pkt;
}

static void
wire_carry(struct sim_wire *w, struct sim_end *from,
    const struct hostif_frame *f)
{
	struct wire_faults *wf = &w->faults;
	struct sim_pkt *pkt = pkt_new(w, from, f);
	uint64_t due = wire_due(wf, sim_now_ns, f->len) + LATENCY_NS;

	frame_record(w, pkt);
	if (wire_chance(wf, wf->loss)) {
		free(pkt);
		return;
	}
	if (wire_chance(wf, wf->corrupt)) {
		uint64_t bit = wire_random(wf) % (f->len * 8ULL);

		pkt->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	if (wire_chance(wf, wf->reorder))
		due += wf->delay_ns / 2 + 1000000;
	if (wire_chance(wf, wf->dup))
		pkt_send(pkt_copy(pkt), due);
	pkt_send(pkt, due);
}

void
sim_inject(struct sim_wire *w, const void *frame, size_t len)
{
	struct host_iov iov = { (void *)(uintptr_t)frame, len };
	struct hostif_frame f = { .iov = &iov,
		.niov = 1,
		.len = (unsigned int)len };
	struct sim_pkt *pkt = pkt_new(w, NULL, &f);

	frame_record(w, pkt);
	pkt_send(pkt, sim_now_ns);
	sim_wires_arrive();
}

/* --- arriving --- */

uint64_t
sim_wires_next(void)
{
	return (under_way != NULL ? under_way->due_ns : ~0ULL);
}

static void
end_take(struct sim_end *e, const struct sim_pkt *pkt)
{
	struct sim_pkt *n;

	if (!e->plugged || !e->on)
		return;
	if (e->queued >= QUEUE_MAX) {
		e->missed++;
		return;
	}
	n = pkt_copy(pkt);
	n->next = NULL;
	*e->tail = n;
	e->tail = &n->next;
	e->queued++;
}

void
sim_wires_arrive(void)
{
	struct sim_pkt *pkt;

	while ((pkt = under_way) != NULL && pkt->due_ns <= sim_now_ns) {
		under_way = pkt->next;
		for (struct sim_end *e = pkt->wire->ends; e != NULL;
		     e = e->next)
			if (e != pkt->from)
				end_take(e, pkt);
		free(pkt);
	}
}

bool
sim_links_run(void)
{
	struct sim_end *e, *next;
	bool any = false;

	for (e = sim_at->ends; e != NULL; e = next) {
		next = e->next_of_machine;
		if (e->news) {
			e->news = false;
			any = true;
			e->event(e->arg, HOSTIF_LINK);
		}
		if (e->head != NULL && e->on) {
			any = true;
			e->event(e->arg, HOSTIF_RX);
		}
	}
	return (any);
}

/* --- the link kind --- */

static void
lent_free(struct sim_end *e)
{
	struct sim_pkt *pkt;

	while ((pkt = e->lent) != NULL) {
		e->lent = pkt->next;
		free(pkt);
	}
}

static void
queue_free(struct sim_end *e)
{
	struct sim_pkt *pkt;

	lent_free(e);
	while ((pkt = e->head) != NULL) {
		e->head = pkt->next;
		free(pkt);
	}
	e->tail = &e->head;
	e->queued = 0;
}

static void
wire_news(struct sim_wire *w)
{
	for (struct sim_end *e = w->ends; e != NULL; e = e->next)
		e->news = true;
}

static int
end_open(const char *spec, const char *ifname,
    void (*event)(void *, enum hostif_event), void *arg, void **linkp,
    char *why, unsigned long whylen)
{
	struct sim_wire *w;
	struct sim_end *e, **at;

	for (w = wires; w != NULL && strcmp(w->name, spec) != 0; w = w->next)
		;
	if (w == NULL) {
		snprintf(why, whylen, "sim:%s: no such wire", spec);
		return (-ENOENT);
	}
	if (sim_at->fail_in > 0 && --sim_at->fail_in == 0) {
		sim_at->failed = true;
		snprintf(why, whylen, "sim:%s: no memory", spec);
		return (-ENOMEM);
	}
	if ((e = calloc(1, sizeof(*e))) == NULL)
		sim_die("no memory for a link");
	*e = (struct sim_end){ .wire = w,
		.st = sim_at,
		.event = event,
		.arg = arg,
		.plugged = true };
	snprintf(e->ifname, sizeof(e->ifname), "%s", ifname);
	e->tail = &e->head;
	for (at = &w->ends; *at != NULL; at = &(*at)->next)
		;
	*at = e;
	for (at = &sim_at->ends; *at != NULL; at = &(*at)->next_of_machine)
		;
	*at = e;
	wire_news(w);
	*linkp = e;
	return (0);
}

static void
end_close(void *link)
{
	struct sim_end *e = link, **at;

	for (at = &e->wire->ends; *at != e; at = &(*at)->next)
		;
	*at = e->next;
	for (at = &e->st->ends; *at != e; at = &(*at)->next_of_machine)
		;
	*at = e->next_of_machine;
	for (struct sim_pkt *pkt = under_way; pkt != NULL; pkt = pkt->next)
		if (pkt->from == e)
			pkt->from = NULL;
	queue_free(e);
	wire_news(e->wire);
	free(e);
}

static void
end_info(void *link, struct hostif_info *info)
{
	struct sim_end *e = link;
	int others = 0;

	for (struct sim_end *o = e->wire->ends; o != NULL; o = o->next)
		others += o != e && o->plugged;
	info->mtu = 65535 - 14;
	info->caps = e->wire->offload ? HOSTIF_CAP_CSUM | HOSTIF_CAP_TSO4 |
		HOSTIF_CAP_TSO6 | HOSTIF_CAP_USO :
					0;
	info->up = e->plugged && others > 0;
	info->baudrate = e->wire->faults.bandwidth != 0 ?
	    e->wire->faults.bandwidth :
	    1000000000ULL;
}

static int
end_rx(void *link, struct hostif_frame *frames, int n)
{
	struct sim_end *e = link;
	struct sim_pkt *pkt;
	int got = 0;

	lent_free(e);
	while (got < n && got < BATCH && (pkt = e->head) != NULL) {
		if ((e->head = pkt->next) == NULL)
			e->tail = &e->head;
		e->queued--;
		pkt->next = e->lent;
		e->lent = pkt;
		pkt->iov = (struct host_iov){ pkt->data, pkt->meta.len };
		frames[got] = pkt->meta;
		frames[got].iov = &pkt->iov;
		frames[got].niov = 1;
		frames[got++].stamp_ns = host_walltime();
	}
	return (got);
}

static unsigned long long
end_missed(void *link)
{
	const struct sim_end *e = link;

	return (e->missed);
}

static int
end_tx(void *link, const struct hostif_frame *frames, int n)
{
	struct sim_end *e = link;

	for (int i = 0; i < n && e->plugged; i++)
		if (frames[i].len > 0 && frames[i].len <= WIRE_FRAME_MAX)
			wire_carry(e->wire, e, &frames[i]);
	return (n);
}

static void
end_rx_enable(void *link, int on)
{
	struct sim_end *e = link;

	e->on = on != 0;
	if (!e->on)
		queue_free(e);
}

static int
end_ctl(void *link, const char *name, const char *val, char *out,
    unsigned long outlen)
{
	struct sim_end *e = link;

	if (strcmp(name, "promisc") == 0 || strcmp(name, "lladdr") == 0)
		return (0);
	if (strcmp(name, "carrier") != 0)
		return (
		    wire_fault_ctl(&e->wire->faults, name, val, out, outlen));
	if (val[0] != '\0') {
		e->plugged = strcmp(val, "0") != 0;
		wire_news(e->wire);
	}
	snprintf(out, outlen, "%d", e->plugged);
	return (0);
}

static const struct hostif_kind hostif_sim = {
	.kind = "sim",
	.open = end_open,
	.close = end_close,
	.info = end_info,
	.rx = end_rx,
	.missed = end_missed,
	.tx = end_tx,
	.rx_enable = end_rx_enable,
	.ctl = end_ctl,
};

const struct hostif_kind *
hostif_lookup(const char *name, unsigned long len)
{
	return (len == 3 && memcmp(name, "sim", 3) == 0 ? &hostif_sim : NULL);
}

const char *
hostif_kinds(void)
{
	return ("sim");
}

int
sim_link_carrier(struct sim_state *st, const char *ifname, bool on)
{
	for (struct sim_end *e = st->ends; e != NULL; e = e->next_of_machine)
		if (strcmp(e->ifname, ifname) == 0) {
			e->plugged = on;
			wire_news(e->wire);
			return (0);
		}
	return (-ENOENT);
}

/* --- wires --- */

struct sim_wire *
sim_wire(const char *name)
{
	struct sim_wire *w, **at = &wires;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		sim_die("no memory for a wire");
	snprintf(w->name, sizeof(w->name), "%s", name);
	for (; *at != NULL; at = &(*at)->next) {
		if (strcmp((*at)->name, name) == 0)
			sim_die("wire %s is there already", name);
		world_seed = world_seed * 0x5851f42d4c957f2dULL + 1;
	}
	w->faults.seed = world_seed | 1;
	*at = w;
	return (w);
}

void
sim_wire_set(struct sim_wire *w, const char *key, const char *value)
{
	char out[64];

	if (strcmp(key, "offload") == 0) {
		w->offload = strcmp(value, "0") != 0;
		wire_news(w);
	} else if (wire_fault_ctl(&w->faults, key, value, out, sizeof(out)) !=
	    0) {
		sim_die("wire %s cannot be %s %s", w->name, key, value);
	}
}

struct expecting {
	struct sim_wire *w;
	size_t *n;
	struct sim_frame *f;
	bool (*fits)(const struct sim_frame *f, void *arg);
	void *arg;
};

static bool
expect_look(void *arg)
{
	struct expecting *x = arg;

	while (sim_wire_frame(x->w, *x->n, x->f)) {
		++*x->n;
		if (x->fits(x->f, x->arg))
			return (true);
	}
	return (false);
}

bool
sim_expect(struct sim_wire *w, size_t *n, struct sim_frame *f,
    bool (*fits)(const struct sim_frame *, void *), void *arg,
    uint64_t limit_us)
{
	struct expecting x = { w, n, f, fits, arg };

	return (sim_run_until(expect_look, &x, limit_us));
}

void
sim_wires_new(const char *name, uint64_t seed)
{
	world = name;
	world_seed = seed ^ 0x77697265ULL;
}

/* The ends are the kernels' and stay with them, without a wire to speak on. */
void
sim_wires_save(void)
{
	for (const struct sim_wire *w = wires; w != NULL; w = w->next)
		wire_save(w);
}

void
sim_wires_end(bool save)
{
	struct sim_wire *w;
	struct sim_pkt *pkt;
	struct sim_end *e;

	while ((pkt = under_way) != NULL) {
		under_way = pkt->next;
		free(pkt);
	}
	while ((w = wires) != NULL) {
		wires = w->next;
		if (save)
			wire_save(w);
		while ((e = w->ends) != NULL) {
			w->ends = e->next;
			queue_free(e);
			free(e);
		}
		free(w->bytes);
		free(w->records);
		free(w);
	}
}
