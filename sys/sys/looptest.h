/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * looptest(4): streams that come back inside the kernel.  Shared with the
 * tests that use them.
 */

#ifndef _SYS_LOOPTEST_H_
#define _SYS_LOOPTEST_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif

struct sockaddr_loop {
	uint16_t sl_family;   /* AF_LOOPTEST */
	uint16_t sl_port;     /* host order; 0: any (connect: of nobody) */
	uint32_t sl_delay_ms; /* connect: so long until the answer */
	uint8_t sl_zero[8];
};

#define SOL_LOOPTEST 0x4c
#define LOOP_RESET   1 /* set: the network resets the connection, at both ends */
#define LOOP_HOLD    2 /* set: int, the network takes nothing (1), or again (0) */
#define LOOP_ERROR   3 /* set: int, an errno that the network reports */
#define LOOP_INFO    4 /* get: struct loop_info */

struct loop_info {
	uint64_t li_snd; /* bytes that wait in the kernel, each way */
	uint64_t li_rcv;
	uint32_t li_queue; /* connections that wait in a listener's backlog */
	uint32_t li_pull;  /* bytes asked of the program at once */
};
_Static_assert(sizeof(struct sockaddr_loop) == 16 &&
	sizeof(struct loop_info) == 24,
    "wire layout");

#endif
