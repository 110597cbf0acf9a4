/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The parts of the routing socket among themselves, and its start.  See <net/rtmsg.h>. */

#ifndef _NET_RTSOCK_H_
#define _NET_RTSOCK_H_

#include <net/rtable.h>

void rtsockinit(void); /* at boot, before ifinit(), so that lo0 is announced */

/* A request, decoded in full: nothing in it needs to be looked at again. */
struct rt_request {
	enum rtm_type type;
	struct rt_want want; /* label_text points into the message */
	uint8_t priority;    /* delete, change, get: RTP_ANY, or this one */
	uint32_t fmask;
};
/*
 * Judges the len bytes of a request from a program.  0; EINVAL length, version,
 * flags, prefix, strings; EOPNOTSUPP a type or field that is not served; ENXIO
 * no such interface; EADDRNOTAVAIL source address is not ours.
 */
int rtm_decode(const struct rt_msg *msg, size_t len, struct rt_request *rq);
/* Fills in all of a message about rt; h.rtm_errno, rtm_pid and rtm_seq stay 0. */
void rtm_encode(struct rt_msg *msg, enum rtm_type type,
    const struct rtentry *rt);
/*
 * Does what a request says; answer tells of the route.  0; ESRCH no such route or
 * table; EINVAL the kernel's own (local, broadcast, connected); or the error of
 * rtrequest_add() and _change().  Nothing changed on an error, but that RTM_ADD
 * makes the table it names.
 */
int rtm_commit(const struct rt_request *rq, struct rt_msg *answer);

void rtsock_sysctlinit(void); /* net.route.dump[.inet|.inet6[.table]] */

#endif
