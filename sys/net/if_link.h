/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Unfinished frames: <machine/host.h> metadata and mbuf flags (if_link_meta.c). */

#ifndef _NET_IF_LINK_H_
#define _NET_IF_LINK_H_

struct hostif_frame;
struct mbuf;

/*
 * Marks m, a frame just received, as f says.  0, or EINVAL when what f says
 * does not fit the frame.
 */
int if_meta_in(struct mbuf *m, const struct hostif_frame *f);
/*
 * Says in f what is unfinished about *mp, a frame to be sent, and puts the
 * pseudo header's sum where the link expects it.  0; errno and *mp is gone.
 */
int if_meta_out(struct mbuf **mp, struct hostif_frame *f);

#endif
