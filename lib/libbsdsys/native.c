/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The C library's own functions, found behind ours.
 *
 * Some calls are made by number instead, with the mark that lets them pass a
 * supervisor (bsdsys.h): what the library asks of the host's descriptor would be
 * taken for the program's question about the machine's.
 */

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bsdsys.h"
#include "call.h"

struct native native;
static struct native plain; /* without marks */

#define FIND(name)                                                   \
	do {                                                          \
		void *f = dlsym(RTLD_NEXT, #name);                    \
		__builtin_memcpy(&native.name, &f, sizeof(f));        \
		if (f == NULL)                                        \
			abort();                                      \
	} while (0)

static int
getsockopt_tagged(int fd, int level, int name, void *val, socklen_t *len)
{
	return ((int)native.syscall(SYS_getsockopt, fd, level, BSD_TAGGED(name), val, len));
}

static int
shutdown_tagged(int fd, int how)
{
	return ((int)native.syscall(SYS_shutdown, fd, BSD_TAGGED(how)));
}

/* Messages are seen at these numbers only, where no thread can be cancelled then. */
static bool
seen(int fd)
{
	return (fd < BSD_WINDOW_STD || (fd >= BSD_WINDOW && fd < BSD_WINDOW_END));
}

static ssize_t
recv_tagged(int fd, void *buf, size_t len, int flags)
{
	return (seen(fd) ? native.syscall(SYS_recvfrom, fd, buf, len, BSD_TAGGED(flags), NULL, NULL) : plain.recv(fd, buf, len, flags));
}

static ssize_t
recvmsg_tagged(int fd, struct msghdr *msg, int flags)
{
	return (seen(fd) ? native.syscall(SYS_recvmsg, fd, msg, BSD_TAGGED(flags)) : plain.recvmsg(fd, msg, flags));
}

static ssize_t
sendmsg_tagged(int fd, const struct msghdr *msg, int flags)
{
	return (seen(fd) ? native.syscall(SYS_sendmsg, fd, msg, BSD_TAGGED(flags)) : plain.sendmsg(fd, msg, flags));
}

static void
natives_tag(void)
{
	plain = native;
	native.getsockopt = getsockopt_tagged;
	native.shutdown = shutdown_tagged;
	native.recv = recv_tagged;
	native.recvmsg = recvmsg_tagged;
	native.sendmsg = sendmsg_tagged;
}

void
native_init(void)
{
	if (native.getifaddrs != NULL)
		return;
	FIND(socket);
	FIND(bind);
	FIND(listen);
	FIND(shutdown);
	FIND(connect);
	FIND(accept4);
	FIND(getsockname);
	FIND(getpeername);
	FIND(setsockopt);
	FIND(getsockopt);
	FIND(send);
	FIND(sendto);
	FIND(sendmsg);
	FIND(recv);
	FIND(recvfrom);
	FIND(recvmsg);
	FIND(read);
	FIND(readv);
	FIND(write);
	FIND(writev);
	FIND(ioctl);
	FIND(close);
	FIND(dup);
	FIND(dup2);
	FIND(dup3);
	FIND(fcntl);
	FIND(prctl);
	FIND(chroot);
	FIND(setuid);
	FIND(seteuid);
	FIND(setreuid);
	FIND(setresuid);
	FIND(recvmmsg);
	FIND(sendmmsg);
	FIND(fopen);
	FIND(getaddrinfo);
	FIND(getnameinfo);
	FIND(gethostbyname2_r);
	FIND(gethostbyaddr_r);
	FIND(syscall);
	FIND(execve);
	FIND(execvpe);
	FIND(posix_spawn);
	FIND(posix_spawnp);
	FIND(open);
	FIND(openat);
	FIND(if_nametoindex);
	FIND(if_indextoname);
	FIND(if_nameindex);
	natives_tag();
	FIND(getifaddrs); /* the last: all are there */
}
