/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Interfaces and variables of a machine, by its system calls. */

#include <sys/socket.h>
#include <net/if_ioctl.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../sys/sys/syscall.h"
#include "sim.h"
#include "sim_host.h"

int
sim_ioctl(struct sim_machine *m, unsigned long cmd, void *data)
{
	static const int families[] = { AF_INET, AF_INET6, PF_ROUTE };
	unsigned long long arg[6] = { 0, SOCK_DGRAM, 0, 0, 0, 0 };
	size_t len = cmd >> 16 & 0x3fff;
	long value = -EAFNOSUPPORT;
	int fd = -1;

	for (size_t i = 0; i < 3 && value < 0; i++) {
		arg[0] = (unsigned long long)families[i];
		arg[1] = families[i] == PF_ROUTE ? SOCK_RAW : SOCK_DGRAM;
		value = sim_syscall(m, SYS_SOCKET, arg, NULL, 0, NULL, NULL, -1,
		    &fd);
	}
	if (value < 0)
		return ((int)-value);
	arg[0] = cmd;
	value = sim_syscall(m, SYS_IOCTL, arg, data, len, data, &len, fd, NULL);
	host_close(fd);
	sim_settle();
	return (value < 0 ? (int)-value : 0);
}

void
sim_up(struct sim_machine *m, const char *ifname, bool up)
{
	struct if_req r;
	int error;

	memset(&r, 0, sizeof(r));
	snprintf(r.name, sizeof(r.name), "%s", ifname);
	if ((error = sim_ioctl(m, SIOCGIFFLAGS, &r)) == 0) {
		r.value = up ? r.value | IFF_UP : r.value & ~(uint64_t)IFF_UP;
		error = sim_ioctl(m, SIOCSIFFLAGS, &r);
	}
	if (error != 0)
		sim_die("%s: flags: %s", ifname, strerror(error));
}

void
sim_address(struct sim_machine *m, const char *ifname, const char *addr)
{
	struct if_addrreq a;
	struct if_req r;
	char text[64], *slash;
	int error;

	memset(&a, 0, sizeof(a));
	memset(&r, 0, sizeof(r));
	snprintf(text, sizeof(text), "%s", addr);
	snprintf(a.name, sizeof(a.name), "%s", ifname);
	snprintf(r.name, sizeof(r.name), "%s", ifname);
	if ((slash = strchr(text, '/')) == NULL)
		sim_die("%s: no prefix length", addr);
	*slash++ = '\0';
	a.af = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	a.plen = (uint16_t)atoi(slash);
	a.vltime = a.pltime = UINT32_MAX;
	if (inet_pton(a.af, text, &a.addr) != 1)
		sim_die("%s: no address", addr);
	if (sim_ioctl(m, SIOCGIFFLAGS, &r) == ENXIO)
		sim_ioctl(m, SIOCIFCREATE, &r);
	if ((error = sim_ioctl(m, SIOCAIFADDR_FG, &a)) != 0)
		sim_die("%s: %s: %s", ifname, addr, strerror(error));
	sim_up(m, ifname, true);
}

/*
 * Payload: name with its NUL, then the new value.  A short old value comes in
 * the answer, a long one by copyout.
 */
static long
sysctl_call(struct sim_machine *m, const char *name, void *old, size_t oldlen,
    const void *new, size_t newlen)
{
	unsigned long long arg[6] = { strlen(name) + 1, new != NULL,
		(uintptr_t)old, oldlen, 0, 0 };
	static _Alignas(8) char out[65536]; /* as much as comes inline */
	_Alignas(8) char in[256];
	size_t outlen = sizeof(out);
	long n;

	if (arg[0] + newlen > sizeof(in))
		sim_die("%s: name too long", name);
	memcpy(in, name, arg[0]);
	if (new != NULL)
		memcpy(in + arg[0], new, newlen);
	n = sim_syscall(m, SYS_SYSCTL, arg, in, arg[0] + newlen, out, &outlen,
	    -1, NULL);
	if (n > 0 && outlen > 0)
		memcpy(old, out, outlen < oldlen ? outlen : oldlen);
	return (n);
}

long
sim_sysctl_raw(struct sim_machine *m, const char *name, void *old, size_t room)
{
	return (sysctl_call(m, name, old, room, NULL, 0));
}

long long
sim_sysctl(struct sim_machine *m, const char *name)
{
	union {
		int narrow;
		long long wide;
	} v = { .wide = 0 };
	long n = sysctl_call(m, name, &v, sizeof(v), NULL, 0);

	if (n != sizeof(v.narrow) && n != sizeof(v.wide))
		sim_die("%s: %s", name,
		    n < 0 ? strerror((int)-n) : "is no number");
	return (n == sizeof(v.narrow) ? v.narrow : v.wide);
}

void
sim_sysctl_set(struct sim_machine *m, const char *name, int value)
{
	long n = sysctl_call(m, name, NULL, 0, &value, sizeof(value));

	if (n < 0)
		sim_die("%s=%d: %s", name, value, strerror((int)-n));
}

int
sim_ifrow(struct sim_machine *m, const char *ifname, struct if_row *row)
{
	char name[64];
	long n;

	snprintf(name, sizeof(name), "net.link.list.%s", ifname);
	n = sysctl_call(m, name, row, sizeof(*row), NULL, 0);
	if (n < 0)
		return ((int)-n);
	return (n == sizeof(*row) ? 0 : ENXIO);
}
