/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* virtio-net headers: how Linux says that a frame is not finished. */

#ifndef VNET_H
#define VNET_H

struct hostif_frame;
struct virtio_net_hdr;

/* What vh says of a received frame, into f.  0, or -1 for an unknown kind of segmentation. */
int vnet_read(struct hostif_frame *f, const struct virtio_net_hdr *vh);
/* The header for a frame to be sent. */
void vnet_write(struct virtio_net_hdr *vh, const struct hostif_frame *f);

#endif
