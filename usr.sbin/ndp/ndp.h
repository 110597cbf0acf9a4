/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* What the rooms of ndp share. */

#ifndef NDP_H
#define NDP_H

/* What routers have said; each gives the exit status, after a message if it
 * failed. */
int routers_show(void);
int prefixes_show(void);
/* ifname: an interface that listens to routers. */
int link_show(const char *ifname);

#endif
