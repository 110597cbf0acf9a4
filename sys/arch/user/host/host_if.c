/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The kinds of links, and the virtio-net header that tap and packet share. */

#include <machine/host.h>

#include <errno.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "vnet.h"

static const struct hostif_kind *const kinds[] = { &hostif_wire, &hostif_tap,
	&hostif_packet, &hostif_pcap };

const struct hostif_kind *
hostif_lookup(const char *name, unsigned long len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i]->kind) == len &&
		    memcmp(kinds[i]->kind, name, len) == 0)
			return (kinds[i]);
	return (NULL);
}

const char *
hostif_kinds(void)
{
	return ("wire, tap, packet, pcap");
}

int
host_carrier(bool *plugged, const char *val, char *out, unsigned long outlen)
{
	bool was = *plugged;

	if (val[0] != '\0' && strcmp(val, "0") != 0 && strcmp(val, "1") != 0)
		return (-EINVAL);
	if (val[0] != '\0')
		*plugged = val[0] == '1';
	if (outlen > 0)
		snprintf(out, outlen, "%d", *plugged);
	return (*plugged != was);
}

/* clang-format off */
static const struct { unsigned char virtio; enum hostif_gso gso; } gsos[] = {
	{ VIRTIO_NET_HDR_GSO_NONE,	HOSTIF_GSO_NONE },
	{ VIRTIO_NET_HDR_GSO_TCPV4,	HOSTIF_GSO_TCP4 },
	{ VIRTIO_NET_HDR_GSO_TCPV6,	HOSTIF_GSO_TCP6 },
	{ 5 /* GSO_UDP_L4 */,		HOSTIF_GSO_UDP },
};
/* clang-format on */

int
vnet_read(struct hostif_frame *f, const struct virtio_net_hdr *vh)
{
	unsigned char gso = vh->gso_type &
	    (unsigned char)~VIRTIO_NET_HDR_GSO_ECN;

	if ((vh->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
		f->flags |= HOSTIF_CSUM;
		f->csum_start = vh->csum_start;
		f->csum_offset = vh->csum_offset;
	}
	if ((vh->flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0)
		f->flags |= HOSTIF_CSUMOK;
	for (size_t i = 0; i < sizeof(gsos) / sizeof(gsos[0]); i++)
		if (gsos[i].virtio == gso) {
			f->gso = (unsigned short)gsos[i].gso;
			f->gso_size = vh->gso_size;
			f->gso_hdrlen = vh->hdr_len;
			return (0);
		}
	return (-1);
}

void
vnet_write(struct virtio_net_hdr *vh, const struct hostif_frame *f)
{
	memset(vh, 0, sizeof(*vh));
	if ((f->flags & HOSTIF_CSUM) != 0) {
		vh->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		vh->csum_start = f->csum_start;
		vh->csum_offset = f->csum_offset;
	}
	if (f->gso == HOSTIF_GSO_NONE)
		return;
	for (size_t i = 0; i < sizeof(gsos) / sizeof(gsos[0]); i++)
		if (gsos[i].gso == f->gso)
			vh->gso_type = gsos[i].virtio;
	vh->gso_size = f->gso_size;
	vh->hdr_len = f->gso_hdrlen;
}
