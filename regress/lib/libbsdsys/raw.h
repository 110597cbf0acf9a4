/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* A client that speaks to the kernel without the library, as it should not. */

#ifndef RAW_H
#define RAW_H

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

#include "../../../sys/sys/syscall.h"

/* A connection to the machine in root, its hello not yet read.  -1. */
static inline int
raw_connect(const char *root)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	native_init();
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.80s/dev/kern", root);
	fd = native.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    native.connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return (fd);
	close(fd);
	return (-1);
}

/* The same with its hello read.  -1. */
static inline int
raw_open(const char *root)
{
	struct sys_hello h;
	int fd = raw_connect(root);

	if (fd == -1 ||
	    (native.recv(fd, &h, sizeof(h), 0) == sizeof(h) &&
		h.magic == SYS_MAGIC))
		return (fd);
	close(fd);
	return (-1);
}

/* One message of two parts with descriptor pass (-1 none), not waiting. */
static inline bool
raw_send(int fd, const void *head, size_t headlen, const void *in, size_t len,
    int pass)
{
	struct iovec iov[2] = { { (void *)(uintptr_t)head, headlen },
		{ (void *)(uintptr_t)in, len } };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c = { .align = { .cmsg_len = CMSG_LEN(sizeof(int)),
		    .cmsg_level = SOL_SOCKET,
		    .cmsg_type = SCM_RIGHTS } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len > 0 ? 2 : 1 };

	if (pass != -1) {
		memcpy(CMSG_DATA(&c.align), &pass, sizeof(pass));
		msg.msg_control = c.buf;
		msg.msg_controllen = sizeof(c.buf);
	}
	return (native.sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    (ssize_t)(headlen + len));
}

/* A request with its payload. */
static inline bool
raw_call(int fd, int no, const uint64_t *arg, const void *in, uint32_t len,
    int pass)
{
	struct sys_req req = { .magic = SYS_MAGIC,
		.no = (uint16_t)no,
		.seq = 1,
		.len = len };

	if (arg != NULL)
		memcpy(req.arg, arg, sizeof(req.arg));
	return (raw_send(fd, &req, sizeof(req), in, len, pass));
}

#endif
