/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Interfaces: life, groups, cloners, events, pairs, vlans, lo, and short memory. */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <net/ethernet.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <ktest.h>
#include <machine/kernel.h>

static struct proc owner;

static void
boot(void)
{
	static const struct kernel_params params = { .hostname = "test" };

	KT_EQ(kernel_boot(&params), 0);
}

static int
ask(unsigned long cmd, const char *name, const char *text)
{
	struct if_req req;

	memset(&req, 0, sizeof(req));
	strlcpy(req.name, name, sizeof(req.name));
	strlcpy(req.text, text, sizeof(req.text));
	return (if_ioctl_dispatch(cmd, &req, &owner));
}

static int
ask_value(unsigned long cmd, const char *name, uint64_t value)
{
	struct if_req req;

	memset(&req, 0, sizeof(req));
	strlcpy(req.name, name, sizeof(req.name));
	req.value = value;
	return (if_ioctl_dispatch(cmd, &req, &owner));
}

static int
vlan(const char *name, const char *parent, uint16_t tag, uint16_t qinq)
{
	struct vlan_req req;

	memset(&req, 0, sizeof(req));
	strlcpy(req.name, name, sizeof(req.name));
	strlcpy(req.parent, parent, sizeof(req.parent));
	req.tag = tag;
	req.qinq = qinq;
	return (if_ioctl_dispatch(SIOCSVLAN, &req, &owner));
}

KTEST(if_boot_makes_lo0_that_stays)
{
	struct ifnet *ifp;

	boot();
	KT((ifp = if_unit("lo0")) != NULL);
	KT((ifp->if_flags & (IFF_UP | IFF_RUNNING | IFF_LOOPBACK)) ==
	    (IFF_UP | IFF_RUNNING | IFF_LOOPBACK));
	KT(if_get(ifp->if_index) == ifp);
	KT(if_ingroup(ifp, "lo") && if_ingroup(ifp, "all") &&
	    !if_ingroup(ifp, "egress"));
	KT_EQ(ask(SIOCIFDESTROY, "lo0", ""), EPERM);
	KT_EQ(ask(SIOCIFCREATE, "lo0", ""), EEXIST);
}

KTEST(if_clone_names_are_judged)
{
	boot();
	KT_EQ(ask(SIOCIFCREATE, "lo01", ""), EINVAL);
	KT_EQ(ask(SIOCIFCREATE, "lo", ""), EINVAL);
	KT_EQ(ask(SIOCIFCREATE, "lox1", ""), EINVAL);
	KT_EQ(ask(SIOCIFCREATE, "vlan99999999999", ""), EINVAL);
	KT_EQ(ask(SIOCIFCREATE, "", ""), EINVAL);
	KT_EQ(ask(SIOCIFDESTROY, "lo7", ""), ENXIO);
	KT_EQ(ask(SIOCIFCREATE, "lo7", ""), 0);
	KT_EQ(ask(SIOCIFDESTROY, "lo7", ""), 0);
	KT(if_unit("lo7") == NULL);
}

KTEST(if_is_made_on_first_configuration_and_goes_if_that_fails)
{
	boot();
	KT_EQ(ask_value(SIOCSIFMTU, "pair1", 100000), EINVAL);
	KT(if_unit("pair1") == NULL);
	KT_EQ(ask_value(SIOCSIFMTU, "pair1", 9000), 0);
	KT_EQ(if_unit("pair1")->if_mtu, 9000);
	KT_EQ(ask_value(SIOCSIFMTU, "fxp0", 1500), ENXIO);
	KT_EQ(ask_value(SIOCSIFMTU, "pair1", 67), EINVAL);
}

KTEST(if_groups_come_and_go)
{
	boot();
	KT_EQ(ask(SIOCAIFGROUP, "lo0", "dmz"), 0);
	KT_EQ(ask(SIOCAIFGROUP, "lo0", "dmz"), EEXIST);
	KT_EQ(ask(SIOCAIFGROUP, "lo0", "dmz1"), EINVAL);
	KT_EQ(ask(SIOCAIFGROUP, "lo0", "egress"), EINVAL);
	KT_EQ(ask(SIOCDIFGROUP, "lo0", "all"), EPERM);
	KT_EQ(ask(SIOCDIFGROUP, "lo0", "nope"), ENOENT);
	KT_EQ(ask(SIOCDIFGROUP, "lo0", "dmz"), 0);
	if_egress_count(if_unit("lo0"), 1);
	if_egress_count(if_unit("lo0"), 1);
	if_egress_count(if_unit("lo0"), -1);
	KT(if_ingroup(if_unit("lo0"), "egress"));
	KT_EQ(ask(SIOCDIFGROUP, "lo0", "egress"), EPERM);
	if_egress_count(if_unit("lo0"), -1);
	KT(!if_ingroup(if_unit("lo0"), "egress"));
}

static char heard[512];

static void
hear(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa,
    const char *group)
{
	static const char *const names[] = { "arrival", "departure", "link",
		"flags", "mtu", "lladdr", "+addr", "-addr", "~addr", "+group",
		"-group" };
	size_t len = strlen(heard);

	snprintf(heard + len, sizeof(heard) - len, "%s %s%s%s;", ifp->if_xname,
	    names[ev], group != NULL ? " " : "", group != NULL ? group : "");
}

KTEST(if_events_are_told_in_order)
{
	static struct if_observer ob = { .event = hear };

	boot();
	if_observe(&ob);
	KT_EQ(ask(SIOCIFCREATE, "lo1", ""), 0);
	KT_EQ(ask_value(SIOCSIFFLAGS, "lo1", IFF_UP), 0);
	KT_EQ(ask_value(SIOCSIFMTU, "lo1", 1500), 0);
	KT_EQ(ask(SIOCIFDESTROY, "lo1", ""), 0);
	if_unobserve(&ob);
	KT_STR(heard,
	    "lo1 +group lo;lo1 +group all;lo1 arrival;lo1 flags;lo1 mtu;"
	    "lo1 flags;lo1 departure;lo1 -group lo;lo1 -group all;");
}

/* --- frames --- */

#define TYPE_TEST 0x88b5 /* for local experiments, IEEE 802 */
static unsigned int taken;
static char taken_on[IFNAMSIZ];

static void
take(struct ifnet *ifp, struct mbuf *m)
{
	taken++;
	strlcpy(taken_on, ifp->if_xname, sizeof(taken_on));
	KT_EQ(m->m_pkthdr.len, 64);
	m_freem(m);
}

static int
send(const char *name, const uint8_t dst[6])
{
	struct mbuf *m = m_getroom(M_HEADROOM, 64);

	KT(m != NULL);
	m->m_len = m->m_pkthdr.len = 64;
	memset(m->m_data, 0x5a, 64);
	return (ether_send(if_unit(name), m, dst, TYPE_TEST));
}

static void
pairs_up(void)
{
	boot();
	ether_input_register(TYPE_TEST, take);
	KT_EQ(ask(SIOCIFCREATE, "pair2", ""), 0);
	KT_EQ(ask(SIOCSPAIR, "pair1", "pair2"), 0);
	KT_EQ(ask_value(SIOCSIFFLAGS, "pair1", IFF_UP), 0);
	KT_EQ(if_unit("pair1")->if_link_state, LINK_STATE_DOWN);
	KT_EQ(ask_value(SIOCSIFFLAGS, "pair2", IFF_UP), 0);
	KT_EQ(if_unit("pair1")->if_link_state, LINK_STATE_UP);
}

KTEST(if_pair_carries_frames_and_link_state)
{
	uint8_t other[6] = { 2, 9, 9, 9, 9, 9 };

	pairs_up();
	KT_EQ(send("pair1", if_unit("pair2")->if_lladdr), 0);
	KT_EQ(taken, 0);
	KT(!if_flush_all());
	KT_EQ(taken, 1);
	KT_STR(taken_on, "pair2");
	KT_EQ(send("pair2", etherbroadcastaddr), 0);
	if_flush_all();
	KT_EQ(taken, 2);
	KT_EQ(send("pair1", other), 0);
	if_flush_all();
	KT_EQ(taken, 2);
	KT_EQ(drop_counts[DROP_ETHER_NOTMINE], 1);
	KT_EQ(if_unit("pair2")->if_counters.ipackets, 2);
	KT_EQ(ask(SIOCSPAIR, "pair1", ""), 0);
	KT_EQ(if_unit("pair2")->if_link_state, LINK_STATE_DOWN);
	KT_EQ(send("pair1", etherbroadcastaddr), 0);
	if_flush_all();
	KT_EQ(drop_counts[DROP_PAIR_UNPATCHED], 1);
	KT_EQ(ask(SIOCSPAIR, "pair1", "pair1"), EINVAL);
	KT_EQ(ask(SIOCSPAIR, "pair1", "lo0"), EINVAL);
	KT_EQ(ask(SIOCSPAIR, "pair1", "pair9"), ENXIO);
}

KTEST(if_vlan_tags_stack_and_follow_the_parent)
{
	pairs_up();
	KT_EQ(vlan("vlan5", "pair1", 5, 1), 0);
	KT_EQ(vlan("vlan6", "vlan5", 6, 0), 0);
	KT_EQ(vlan("vlan15", "pair2", 5, 1), 0);
	KT_EQ(vlan("vlan16", "vlan15", 6, 0), 0);
	KT_EQ(vlan("vlan7", "pair1", 5, 1), EEXIST);
	KT(if_unit("vlan7") == NULL);
	KT_EQ(vlan("vlan5", "vlan6", 9, 0), EINVAL);
	KT_EQ(vlan("vlan5", "pair1", 4095, 0), EINVAL);
	KT_EQ(vlan("vlan5", "nope0", 5, 0), ENXIO);
	KT_EQ(vlan("vlan5", "lo0", 5, 0), EPROTONOSUPPORT);
	for (int i = 0; i < 4; i++)
		KT_EQ(ask_value(SIOCSIFFLAGS,
			  (const char *const[]){ "vlan5", "vlan6", "vlan15",
			      "vlan16" }[i],
			  IFF_UP),
		    0);
	KT_EQ(if_unit("vlan16")->if_link_state, LINK_STATE_UP);
	KT_EQ(send("vlan6", etherbroadcastaddr), 0);
	if_flush_all();
	KT_EQ(taken, 1);
	KT_STR(taken_on, "vlan16");
	KT_EQ(if_unit("pair2")->if_counters.ibytes, 64 + 14 + 8);
	KT_EQ(ask(SIOCIFDESTROY, "vlan16", ""), 0);
	KT_EQ(send("vlan6", etherbroadcastaddr), 0);
	if_flush_all();
	KT_EQ(drop_counts[DROP_ETHER_NOVLAN], 1);
	KT_EQ(ask(SIOCIFDESTROY, "pair1", ""), 0);
	KT_EQ(if_unit("vlan6")->if_link_state, LINK_STATE_DOWN);
	KT_EQ(send("vlan5", etherbroadcastaddr), 0);
	if_flush_all();
	KT_EQ(drop_counts[DROP_VLAN_NOPARENT], 1);
}

KTEST(if_creation_survives_every_failed_allocation)
{
	static const char *const names[] = { "lo9", "vlan9", "pair9" };
	long live;

	boot();
	live = sim_live();
	for (size_t i = 0; i < nitems(names); i++) {
		for (long n = 1;; n++) {
			int error;

			sim_fail_nth(n);
			error = ask(SIOCIFCREATE, names[i], "");
			sim_fail_nth(0);
			if (error == 0)
				break;
			KT_EQ(error, ENOMEM);
			KT(if_unit(names[i]) == NULL);
			KT_EQ(sim_live(), live);
		}
		KT_EQ(ask(SIOCIFDESTROY, names[i], ""), 0);
		KT_EQ(sim_live(), live);
	}
}

KTEST(if_others_may_look_but_not_change)
{
	struct proc guest = { .p_uid = 12345 };
	struct if_req req = { .name = "lo0" };

	boot();
	KT_EQ(if_ioctl_dispatch(SIOCGIFFLAGS, &req, &guest), 0);
	KT((req.value & IFF_UP) != 0);
	KT_EQ(if_ioctl_dispatch(SIOCSIFFLAGS, &req, &guest), EPERM);
	KT_EQ(if_ioctl_dispatch(0x1234, &req, &guest), ENOTTY);
	memset(req.name, 'x', sizeof(req.name));
	KT_EQ(if_ioctl_dispatch(SIOCGIFFLAGS, &req, &guest), EINVAL);
}

/* --- lo --- */

static int
ask_addr(const char *name, sa_family_t af, const struct ip_addr *a)
{
	struct if_addrreq req = { .af = af,
		.plen = af == AF_INET ? 32 : 128,
		.addr = *a,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };

	strlcpy(req.name, name, sizeof(req.name));
	return (if_ioctl_dispatch(SIOCAIFADDR_FG, &req, &owner));
}

KTEST(lo_others_are_in_the_group_and_in_more)
{
	const struct ip_addr a4 = { .b = { 192, 0, 2, 1 } },
			     a6 = { .b = { 0xfd, [15] = 1 } };
	struct if_grouprow rows[64];
	struct sysctl_req req = { .proc = &owner };
	unsigned int in_lo = 0, in_router = 0;

	boot();
	KT_EQ(ask(SIOCAIFGROUP, "lo1", "router"), 0); /* makes it */
	KT_EQ(ask(SIOCAIFGROUP, "lo2", "router"), 0);
	KT(if_ingroup(if_unit("lo1"), "lo") &&
	    if_ingroup(if_unit("lo1"), "all"));
	KT(!if_ingroup(if_unit("lo0"), "router"));
	KT_EQ(ask_addr("lo1", AF_INET, &a4), 0);
	KT_EQ(ask_addr("lo1", AF_INET6, &a6), 0);
	KT(ifa_onif(if_unit("lo1"), AF_INET6, &a6) != NULL);
	KT_EQ(ask(SIOCDIFGROUP, "lo1", "lo"), EPERM); /* it is one */
	KT_EQ(kern_sysctl("net.link.groups", &req), 0);
	KT(req.oldlen <= sizeof(rows));
	memcpy(rows, req.old, req.oldlen);
	for (size_t i = 0; i < req.oldlen / sizeof(rows[0]); i++) {
		in_lo += strcmp(rows[i].group, "lo") == 0;
		in_router += strcmp(rows[i].group, "router") == 0;
	}
	free(req.old, M_SYSCTL, req.oldcap);
	KT_EQ(in_lo, 3);
	KT_EQ(in_router, 2);
	KT_EQ(ask(SIOCIFDESTROY, "lo1", ""), 0);
	KT_EQ(ask(SIOCDIFGROUP, "lo2", "router"), 0);
	KT_EQ(ask(SIOCDIFGROUP, "lo2", "router"), ENOENT);
	KT(ifa_ifwithaddr(AF_INET, &a4, 0) == NULL);
}

KTEST_NTH(lo_group_short_of_memory)
{
	long live;
	int error;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "lo1", ""), 0);
	KT_EQ(ask(SIOCIFDESTROY, "lo1", ""), 0);
	kernel_step();
	live = sim_live();
	sim_fail_nth(n);
	error = ask(SIOCAIFGROUP, "lo1", "router");
	KT(error == 0 || (error == ENOMEM && sim_failed()));
	KT((error == 0) == (if_unit("lo1") != NULL)); /* it goes again */
	if (error == 0) {
		KT(if_ingroup(if_unit("lo1"), "router"));
		KT_EQ(ask(SIOCIFDESTROY, "lo1", ""), 0);
	}
	kernel_step();
	KT_EQ(sim_live(), live);
}
