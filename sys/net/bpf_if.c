/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The taps of bpf: each interface has one, and who captures stands in its
 * list.  Costs one comparison a packet when nobody does.
 *
 * A capture shows the frame as it is on a wire: a VLAN tag that travels
 * beside the frame is put back, loopback packets get the family in front.
 * Checksums that are still open and packets that stand for many segments are
 * shown as they pass here, unfinished.
 */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <net/bpf_if.h>
#include <net/ethernet.h>
#include <net/if_loop.h>
#include <net/if_var.h>


int
bpf_attach(struct ifnet *ifp, uint32_t dlt, uint32_t hdrlen)
{
	struct bpf_if *bif;

	KASSERT(ifp->if_bpf == NULL);
	if ((bif = malloc(sizeof(*bif), M_BPF, M_ZERO)) == NULL)
		return (ENOMEM);
	bif->bif_ifp = ifp;
	bif->bif_dlt = dlt;
	bif->bif_hdrlen = hdrlen;
	TAILQ_INIT(&bif->bif_listeners);
	ifp->if_bpf = bif;
	return (0);
}

void
bpf_detach(struct ifnet *ifp)
{
	struct bpf_if *bif = ifp->if_bpf;
	struct bpf_listener *bl;

	if (bif == NULL)
		return;
	while ((bl = TAILQ_FIRST(&bif->bif_listeners)) != NULL) {
		TAILQ_REMOVE(&bif->bif_listeners, bl, bl_entry);
		bl->bl_gone(bl);
	}
	ifp->if_bpf = NULL;
	free(bif, M_BPF, sizeof(*bif));
}

void
bpf_listen(struct bpf_if *bif, struct bpf_listener *bl)
{
	TAILQ_INSERT_TAIL(&bif->bif_listeners, bl, bl_entry);
}

void
bpf_unlisten(struct bpf_if *bif, struct bpf_listener *bl)
{
	TAILQ_REMOVE(&bif->bif_listeners, bl, bl_entry);
}

void
bpf_mtap_hdr(struct bpf_if *bif, const void *hdr, uint32_t hdrlen,
    const struct mbuf *m, int dir)
{
	struct bpf_listener *bl;

	if (bif == NULL)
		return;
	TAILQ_FOREACH(bl, &bif->bif_listeners, bl_entry)
		bl->bl_capture(bl, hdr, hdrlen, m, dir);
}

/* With the tag back in its place, from a copy that shares the payload. */
static void
mtap_tagged(struct bpf_if *bif, const struct mbuf *m, int dir)
{
	uint8_t hdr[ETHER_HDR_LEN + ETHER_VLAN_LEN];
	struct mbuf *rest;

	if (m_copydata(m, 0, 12, hdr) != 0 ||
	    m_copydata(m, 12, 2, hdr + 16) != 0)
		return;
	be16enc(hdr + 12, ETHERTYPE_VLAN);
	be16enc(hdr + 14, m->m_pkthdr.ether_vtag);
	if ((rest = m_copym(m, 0, UINT32_MAX)) == NULL)
		return;
	m_adj(rest, ETHER_HDR_LEN);
	bpf_mtap_hdr(bif, hdr, sizeof(hdr), rest, dir);
	m_freem(rest);
}

void
bpf_mtap(struct bpf_if *bif, const struct mbuf *m, int dir)
{
	uint32_t family;

	if (bif == NULL || TAILQ_EMPTY(&bif->bif_listeners))
		return;
	if (bif->bif_dlt == DLT_LOOP) {
		family = loop_bpf_family(m);
		bpf_mtap_hdr(bif, &family, sizeof(family), m, dir);
	} else if (bif->bif_dlt == DLT_EN10MB &&
	    (m->m_flags & M_VLANTAG) != 0) {
		mtap_tagged(bif, m, dir);
	} else {
		bpf_mtap_hdr(bif, NULL, 0, m, dir);
	}
}
