/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* tun and tap: calls on /dev/tunN and /dev/tapN.  Shared. */

#ifndef _NET_IF_TUN_H_
#define _NET_IF_TUN_H_

#include <sys/types.h>
#ifdef _KERNEL
#include <sys/ioccom.h>
#else
#include <sys/ioctl.h>
#include <stdint.h>
#endif

/* The longest packet that fits into one message, without the family. */
#define TUN_MTU_MAX 65535

/* The interface behind the descriptor. */
struct tuninfo {
	char name[16]; /* set by the kernel; ignored when it is told */
	uint32_t mtu;
	uint32_t flags; /* IFF_* of <net/if_ioctl.h> */
	uint64_t baudrate; /* bit/s, 0: not known */
};

/* Sets mtu, the flags a program may set, and the rate: all, or none and EINVAL. */
#define TUNSIFINFO _IOW('t', 91, struct tuninfo)
#define TUNGIFINFO _IOR('t', 92, struct tuninfo)

#ifdef _KERNEL
void tuninit(void); /* at boot: cloners and devices */
#endif

#endif
