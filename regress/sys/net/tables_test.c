/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Several routing tables of one domain: how they are made, and what they share. */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysctl.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <net/rtable.h>
#include <net/rtsock.h>
#include <netinet/in.h>
#include <ktest.h>
#include <machine/host.h>
#include <machine/kernel.h>

#define OWNER 1000
static const struct kernel_params params = { .hostname = "test",
	.owner_uid = OWNER };
static const struct kernel_cred owner = { .uid = OWNER, .pid = 7 };
static const struct kernel_cred guest = { .uid = 4711, .pid = 8 };
static struct proc owner_proc = { .p_uid = OWNER };
static const sa_family_t families[] = { AF_INET, AF_INET6 };

static struct ip_addr
addr_of(sa_family_t af, uint8_t net, uint8_t host)
{
	struct ip_addr a = { .q = { 0, 0 } };

	if (af == AF_INET)
		return (
		    ip_addr_v4(htonl(0x0a000000U | (uint32_t)net << 8 | host)));
	a.b[0] = 0xfd;
	a.b[7] = net;
	a.b[15] = host;
	return (a);
}

/* pair0 and pair1, with .1 of nets 0 and 1. */
static void
boot(void)
{
	struct if_addrreq addr;
	struct if_req req;

	KT_EQ(kernel_boot(&params), 0);
	for (uint8_t i = 0; i < 2; i++) {
		memset(&req, 0, sizeof(req));
		snprintf(req.name, sizeof(req.name), "pair%u", i);
		snprintf(req.text, sizeof(req.text), "pair%u", i + 100U);
		KT_EQ(if_clone_create(req.text), 0);
		KT_EQ(if_setflags(if_unit(req.text), IFF_UP), 0);
		KT_EQ(if_ioctl_dispatch(SIOCSPAIR, &req, &owner_proc), 0);
		KT_EQ(if_setflags(if_unit(req.name), IFF_UP), 0);
		for (size_t f = 0; f < nitems(families); f++) {
			memset(&addr, 0, sizeof(addr));
			strlcpy(addr.name, req.name, sizeof(addr.name));
			addr.af = families[f];
			addr.plen = addr.af == AF_INET ? 24 : 64;
			addr.addr = addr_of(addr.af, i, 1);
			addr.vltime = addr.pltime = UINT32_MAX;
			KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &addr,
				  &owner_proc),
			    0);
		}
	}
	for (int i = 0; i < 30; i++) { /* DAD */
		sim_advance_us(100000);
		kernel_step();
	}
}

/* The default route of table by .9 of net, as a routing message. */
static int
default_add(sa_family_t af, uint32_t table, uint8_t net)
{
	struct rt_request rq = { .type = RTM_ADD, .priority = RTP_ANY };
	struct rt_msg answer;

	rq.want = (struct rt_want){ .af = af,
		.gwaf = af,
		.tableid = table,
		.flags = RTF_STATIC,
		.gateway = addr_of(af, net, 9) };
	return (rtm_commit(&rq, &answer));
}

KTEST(tables_are_made_by_routes)
{
	boot();
	KT(!rtable_exists(5));
	KT_EQ(default_add(AF_INET, 5, 77), ENETUNREACH);
	KT(!rtable_exists(5)); /* a refusal leaves nothing */
	KT_EQ(default_add(AF_INET, 5, 1), 0);
	KT(rtable_exists(5));
	KT_EQ(rtable_l2(5), 0);
	KT_EQ(rtable_l2(0), 0);
	KT_EQ(rtable_l2(9), 9);
	KT_EQ(default_add(AF_INET, 5, 1), EEXIST);
	KT_EQ(default_add(AF_INET, 256, 1), EINVAL);
	KT_EQ(default_add(AF_INET, 5, 77), ENETUNREACH);
	KT(rtable_exists(5));
	rtable_drop(5);
	KT(rtable_exists(5));               /* it is in use */
	KT_EQ(rtable_add_to(6, 5), EINVAL); /* 5 is no domain */
}

KTEST(tables_share_links_and_addresses)
{
	const struct ip_addr far4 = addr_of(AF_INET, 200, 1),
			     far6 = addr_of(AF_INET6, 200, 1);
	struct rtentry *rt;
	struct ip_addr a;
	int error;

	boot();
	for (size_t f = 0; f < nitems(families); f++) {
		sa_family_t af = families[f];
		const struct ip_addr *far = af == AF_INET ? &far4 : &far6;

		KT_EQ(default_add(af, 0, 0), 0);
		KT_EQ(default_add(af, 1, 1), 0);
		KT((rt = rt_resolve(0, af, far, NULL, &error)) != NULL);
		KT(rt->rt_ifp == if_unit("pair0"));
		KT((rt = rt_resolve(1, af, far, NULL, &error)) != NULL);
		KT(rt->rt_ifp == if_unit("pair1"));
		/* the gateway is a neighbour in the domain's table */
		KT_EQ(rt->rt_gwroute->rt_tableid, 0);
		/* our own address is ours by every table */
		a = addr_of(af, 0, 1);
		KT((rt = rt_resolve(1, af, &a, NULL, &error)) != NULL);
		KT((rt->rt_flags & RTF_LOCAL) != 0);
		KT(ifa_ifwithaddr(af, &a, 1) != NULL);
		KT(ifa_ifwithaddr(af, &a, 9) == NULL);
		/* a link's route is not: its neighbours are beyond the gateway */
		a = addr_of(af, 0, 5);
		KT((rt = rt_resolve(1, af, &a, NULL, &error)) != NULL);
		KT(rt->rt_ifp == if_unit("pair1"));
		KT((rt = rt_resolve(0, af, &a, NULL, &error)) != NULL);
		KT(rt->rt_ifp == if_unit("pair0"));
		KT(rt_resolve(9, af, far, NULL, &error) == NULL);
		KT_EQ(error, ENETUNREACH);
	}
	/* an interface goes: routes of all tables with it */
	KT_EQ(if_clone_destroy("pair1"), 0);
	KT(rt_resolve(1, AF_INET, &far4, NULL, &error) == NULL);
	KT(rt_resolve(0, AF_INET, &far4, NULL, &error) != NULL);
}

/* --- sockets --- */

static int
sock(const struct kernel_cred *cred, sa_family_t af, int type)
{
	const unsigned long long arg[6] = { af, (unsigned int)type };
	int fd = -1;

	KT(kernel_syscall(cred, SYS_SOCKET, arg, NULL, 0, NULL, NULL, -1,
	       &fd) >= 0);
	return (fd);
}

static long
table_set(const struct kernel_cred *cred, int fd, int table)
{
	const unsigned long long arg[6] = { SOL_SOCKET, SO_RTABLE };

	return (kernel_syscall(cred, SYS_SETSOCKOPT, arg, &table, sizeof(table),
	    NULL, NULL, fd, NULL));
}

static int
table_get(int fd)
{
	const unsigned long long arg[6] = { SOL_SOCKET, SO_RTABLE,
		sizeof(int) };
	unsigned long len = sizeof(int);
	int table = -1;

	KT(kernel_syscall(&guest, SYS_GETSOCKOPT, arg, NULL, 0, &table, &len,
	       fd, NULL) >= 0);
	return (table);
}

/* Connects to a far host; which link's address it got. */
static int
connected_from(int fd, sa_family_t af)
{
	const unsigned long long none[6] = { 0 };
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(9) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(9) };
	struct ip_addr far = addr_of(af, 200, 1);
	uint8_t name[64];
	unsigned long len = sizeof(name);
	long error;

	memcpy(&sin.sin_addr, far.b, 4);
	memcpy(&sin6.sin6_addr, far.b, 16);
	error = kernel_syscall(&owner, SYS_CONNECT, none,
	    af == AF_INET ? (const void *)&sin : (const void *)&sin6,
	    af == AF_INET ? sizeof(sin) : sizeof(sin6), NULL, NULL, fd, NULL);
	if (error < 0)
		return ((int)error);
	KT(kernel_syscall(&owner, SYS_GETSOCKNAME, none, NULL, 0, name, &len,
	       fd, NULL) >= 0);
	return (af == AF_INET ? name[6] : name[15]);
}

KTEST(tables_of_sockets)
{
	int fd;

	boot();
	for (size_t f = 0; f < nitems(families); f++) {
		sa_family_t af = families[f];

		KT_EQ(default_add(af, 0, 0), 0);
		fd = sock(&owner, af, SOCK_DGRAM);
		KT_EQ(table_get(fd), 0);
		KT_EQ(table_set(&owner, fd, f == 0 ? 1 : 3),
		    -EINVAL); /* none yet */
		KT_EQ(default_add(af, 1, 1), 0);
		KT_EQ(table_set(&guest, fd, 1), -EPERM);
		KT_EQ(table_set(&owner, fd, 256), -EINVAL);
		KT_EQ(table_set(&owner, fd, -1), -EINVAL);
		KT_EQ(table_set(&owner, fd, 1), 0);
		KT_EQ(table_get(fd), 1);
		KT_EQ(connected_from(fd, af), 1);
		KT_EQ(table_set(&owner, fd, 0), -EINVAL); /* bound by now */
		host_close(fd);
		fd = sock(&owner, af, SOCK_DGRAM);
		KT_EQ(connected_from(fd, af), 0);
		host_close(fd);
	}
	kernel_step();
}

KTEST(tables_are_listed)
{
	struct sysctl_req req = { .proc = &owner_proc };
	struct rt_tablerow row[2];

	boot();
	KT_EQ(default_add(AF_INET6, 7, 1), 0);
	KT_EQ(kern_sysctl("net.route.tables", &req), 0);
	KT_EQ(req.oldlen, sizeof(row));
	memcpy(row, req.old, sizeof(row));
	free(req.old, M_SYSCTL, req.oldcap);
	KT_EQ(row[0].table, 0);
	KT(row[0].prefixes > 3 && row[0].prefixes6 > 3);
	KT_EQ(row[1].table, 7);
	KT_EQ(row[1].domain, 0);
	KT_EQ(row[1].prefixes, 0);
	KT_EQ(row[1].prefixes6, 1);
	memset(&req, 0, sizeof(req));
	req.proc = &owner_proc;
	KT_EQ(kern_sysctl("net.route.dump.inet6.7", &req), 0);
	KT_EQ(req.oldlen, sizeof(struct rt_msg));
	free(req.old, M_SYSCTL, req.oldcap);
	memset(&req, 0, sizeof(req));
	req.proc = &owner_proc;
	KT_EQ(kern_sysctl("net.route.dump.inet.8", &req), ENOENT);
}

KTEST_NTH(tables_short_of_memory)
{
	long live;
	int error;

	boot();
	KT_EQ(default_add(AF_INET, 0, 0), 0);
	live = sim_live();
	sim_fail_nth(n);
	error = default_add(AF_INET, 3, 1);
	KT(error == 0 || (error == ENOMEM && sim_failed()));
	KT((error == 0) == rtable_exists(3));
	if (error == 0) {
		static const struct ip_addr any;

		KT_EQ(rtrequest_delete(
			  rtable_lookup(3, AF_INET, &any, 0, RTP_ANY)),
		    0);
		rtable_drop(3);
	}
	KT(!rtable_exists(3));
	KT_EQ(sim_live(), live);
}
