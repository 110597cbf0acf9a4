/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The head of every message on a SEQPACKET end.  Shared with libbsdsys. */

#ifndef _SYS_FILE_MSG_H_
#define _SYS_FILE_MSG_H_

#include <sys/types.h>
#ifndef _KERNEL
#include <stdint.h>
#endif

enum file_msgtype { FMSG_DATA = 1, FMSG_ERROR, FMSG_ACCEPT };
struct file_msg {
	uint16_t type; /* enum file_msgtype */
	uint16_t flags; /* MSG_TRUNC */
	int32_t error; /* FMSG_ERROR */
	uint32_t addrlen; /* sockaddr bytes that follow, padded to 8 */
	uint32_t cmsglen; /* control bytes after it, padded to 8 */
};

/*
 * What comes through a listener with each connection's descriptor: both its
 * names, so that nobody has to ask for them.
 */
#define FMSG_NAME 32
struct file_accept {
	struct file_msg head; /* FMSG_ACCEPT; addrlen is that of peer, cmsglen of local */
	uint64_t peer[FMSG_NAME / 8], local[FMSG_NAME / 8]; /* sockaddrs */
};

#endif
