/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The C library's own functions, found behind ours. */

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "call.h"

struct native native;

#define FIND(name)                                                   \
	do {                                                          \
		void *f = dlsym(RTLD_NEXT, #name);                    \
		__builtin_memcpy(&native.name, &f, sizeof(f));        \
		if (f == NULL)                                        \
			abort();                                      \
	} while (0)

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
	FIND(open);
	FIND(openat);
	FIND(if_nametoindex);
	FIND(if_indextoname);
	FIND(if_nameindex);
	FIND(getifaddrs);
}
