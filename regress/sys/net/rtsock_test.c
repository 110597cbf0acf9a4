/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Routing messages: whole, cut, damaged; what they do, and the dump of it. */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <net/if_var.h>
#include <net/rtsock.h>
#include <ktest.h>

static void
boot(void)
{
	time_refresh();
	timeout_init(uptime_us());
	mbinit(1UL << 20);
	sysctlinit();
	rtableinit();
	rtsockinit();
	KT_EQ(ifinit(), 0);
}

/* A blackhole for 10.1.0.0/16. */
static struct rt_msg
sample(enum rtm_type type)
{
	struct rt_msg m = { .h = { .rtm_msglen = sizeof(m),
				.rtm_version = RTM_VERSION,
				.rtm_type = (uint8_t)type,
				.rtm_hdrlen = sizeof(m.h) } };

	m.rtm_af = AF_INET;
	m.rtm_plen = 16;
	m.rtm_dst.b[0] = 10;
	m.rtm_dst.b[1] = 1;
	if (type == RTM_ADD)
		m.rtm_flags = RTF_BLACKHOLE | RTF_STATIC;
	return (m);
}

static int
run(const struct rt_msg *m, struct rt_msg *answer)
{
	struct rt_request rq;
	int error = rtm_decode(m, sizeof(*m), &rq);

	return (error != 0 ? error : rtm_commit(&rq, answer));
}

static size_t
dump_rows(const char *name)
{
	struct sysctl_req req = { 0 };
	size_t rows;

	KT_EQ(kern_sysctl(name, &req), 0);
	KT_EQ(req.oldlen % sizeof(struct rt_msg), 0);
	rows = req.oldlen / sizeof(struct rt_msg);
	free(req.old, M_SYSCTL, req.oldcap);
	return (rows);
}

KTEST(rtsock_add_get_change_delete)
{
	struct rt_msg m, a;
	size_t before;

	boot();
	before = dump_rows("net.route.dump.inet");
	m = sample(RTM_ADD);
	KT_EQ(run(&m, &a), 0);
	KT_EQ(a.rtm_priority, RTP_STATIC);
	KT_STR(a.rtm_ifname, "lo0");
	KT_EQ(run(&m, &a), EEXIST);
	KT_EQ(dump_rows("net.route.dump.inet"), before + 1);

	m = sample(RTM_GET); /* a host below it */
	m.rtm_plen = 32;
	m.rtm_dst.b[3] = 7;
	KT_EQ(run(&m, &a), 0);
	KT_EQ(a.rtm_plen, 16);
	KT_EQ(a.rtm_flags & RTF_BLACKHOLE, RTF_BLACKHOLE);

	m = sample(RTM_CHANGE);
	m.rtm_mtu = 1400;
	KT_EQ(run(&m, &a), 0);
	KT_EQ(a.rtm_mtu, 1400);

	m = sample(RTM_DELETE);
	m.rtm_priority = RTP_BGP;
	KT_EQ(run(&m, &a), ESRCH);
	m.rtm_priority = RTP_STATIC;
	KT_EQ(run(&m, &a), 0);
	KT_EQ(run(&m, &a), ESRCH);
	KT_EQ(dump_rows("net.route.dump.inet"), before);
}

KTEST(rtsock_refusals)
{
	struct rt_msg m, a;

	boot();
	m = sample(RTM_ADD);
	m.rtm_flags = RTF_STATIC;
	m.rtm_gwaf = AF_INET;
	m.rtm_gateway = ip_addr_v4(0x01020304);
	KT_EQ(run(&m, &a), ENETUNREACH);
	m = sample(RTM_ADD);
	m.rtm_plen = 33;
	KT_EQ(run(&m, &a), EINVAL);
	m = sample(RTM_ADD);
	m.rtm_flags |= RTF_LOCAL;
	KT_EQ(run(&m, &a), EINVAL);
	m = sample(RTM_ADD);
	m.rtm_flags |= RTF_REJECT;
	KT_EQ(run(&m, &a), EINVAL);
	m = sample(RTM_ADD);
	strlcpy(m.rtm_ifname, "nosuch0", sizeof(m.rtm_ifname));
	KT_EQ(run(&m, &a), ENXIO);
	m = sample(RTM_ADD);
	m.rtm_weight = RT_WEIGHT_MAX + 1;
	KT_EQ(run(&m, &a), EINVAL);
	m = sample(RTM_DELETE);
	m.h.rtm_tableid = 9;
	KT_EQ(run(&m, &a), ESRCH);
}

/* By a gateway, then on the link itself; and never like its neighbour. */
KTEST(rtsock_change_of_the_way)
{
	struct rt_msg m, a;

	boot();
	m = sample(RTM_ADD);
	m.rtm_flags = RTF_STATIC | RTF_MPATH;
	m.rtm_gwaf = AF_INET;
	m.rtm_gateway = ip_addr_v4(0x01020304);
	strlcpy(m.rtm_ifname, "lo0", sizeof(m.rtm_ifname));
	KT_EQ(run(&m, &a), 0);
	KT_EQ(a.rtm_flags & RTF_GATEWAY, RTF_GATEWAY);
	m.rtm_gateway = ip_addr_v4(0x01020305);
	KT_EQ(run(&m, &a), 0);
	m.h.rtm_type = RTM_CHANGE; /* the second is meant */
	m.rtm_flags = 0;
	m.rtm_weight = 7;
	KT_EQ(run(&m, &a), 0);
	KT_EQ(a.rtm_weight, 7);
	KT(ip_addr_eq(&a.rtm_gateway, &m.rtm_gateway));
	m.rtm_weight = 0;
	m.rtm_gwaf = AF_UNSPEC;
	m.rtm_gateway = (struct ip_addr){ .q = { 0, 0 } };
	KT_EQ(run(&m, &a), 0);
	KT_EQ(a.rtm_gwaf, AF_UNSPEC);
	KT_EQ(a.rtm_flags & RTF_GATEWAY, 0);
	m.rtm_fmask = m.rtm_flags = RTF_REJECT;
	KT_EQ(run(&m, &a), 0);
	m.rtm_fmask = m.rtm_flags = RTF_BLACKHOLE;
	KT_EQ(run(&m, &a), EINVAL); /* not both */
	m.rtm_fmask = RTF_MPATH;
	m.rtm_flags = 0;
	KT_EQ(run(&m, &a), EEXIST); /* there is another of its priority */
}

KTEST(rtsock_route_ends_when_it_was_said)
{
	struct rt_msg m, a;

	boot();
	m = sample(RTM_ADD);
	m.rtm_expire_us = time_wall_us;
	KT_EQ(run(&m, &a), EINVAL); /* over already */
	m.rtm_expire_us = time_wall_us + 5000000;
	KT_EQ(run(&m, &a), 0);
	KT_EQ(a.rtm_expire_us, m.rtm_expire_us);
	sim_advance_us(4900000);
	time_refresh();
	timeout_run(uptime_us());
	m = sample(RTM_GET);
	KT_EQ(run(&m, &a), 0);
	sim_advance_us(200000);
	time_refresh();
	timeout_run(uptime_us());
	KT_EQ(run(&m, &a), ESRCH);
}

/* A neighbour by hand needs a link; what can be told from the message alone is
 * refused before anything is looked up. */
KTEST(rtsock_neighbour_refusals)
{
	struct rt_msg good = sample(RTM_ADD), m, a;

	boot();
	good.rtm_flags = RTF_STATIC | RTF_HOST | RTF_LLINFO;
	good.rtm_plen = 32;
	good.rtm_gwaf = AF_LINK;
	good.rtm_lladdr[0] = 2;
	m = good;
	KT_EQ(run(&m, &a), ENETUNREACH);
	m.rtm_plen = 24;
	KT_EQ(run(&m, &a), EINVAL);
	m = good;
	m.rtm_lladdr[0] = 1; /* a group */
	KT_EQ(run(&m, &a), EINVAL);
	m.rtm_lladdr[0] = 0; /* nobody */
	KT_EQ(run(&m, &a), EINVAL);
	m = good;
	m.rtm_flags |= RTF_BLACKHOLE;
	KT_EQ(run(&m, &a), EINVAL);
	m = good;
	m.rtm_gwaf = AF_UNSPEC; /* LLINFO alone is not for programs */
	KT_EQ(run(&m, &a), EINVAL);
	m = good;
	m.h.rtm_type = RTM_DELETE;
	KT_EQ(run(&m, &a), ESRCH);
}

KTEST(rtsock_damage)
{
	struct rt_msg good = sample(RTM_ADD), bad;
	struct rt_request rq;

	boot();
	for (size_t len = 0; len < sizeof(good); len++)
		KT_EQ(rtm_decode(&good, len, &rq), EINVAL);
	for (size_t i = 0; i < sizeof(good); i++)
		for (int v = 1; v < 256; v++) {
			bad = good;
			((uint8_t *)&bad)[i] ^= (uint8_t)v;
			if (rtm_decode(&bad, sizeof(bad), &rq) != 0)
				continue;
			KT(rq.type >= RTM_ADD && rq.type <= RTM_GET);
			KT(rq.want.plen <= 32 || rq.want.af == AF_INET6);
			KT(rq.priority <= RTP_ANY &&
			    rq.want.tableid <= RT_TABLEID_MAX);
			KT(strnlen(rq.want.label_text, 32) < 32);
		}
}
