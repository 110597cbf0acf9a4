/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Names of interfaces and groups in pf, `set skip', and (name) addresses. */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/proc.h>
#include <sys/time.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <net/pf/pf_if.h>
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

static struct ip_addr
a4(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	return (ip_addr_v4(htonl(a << 24 | b << 16 | c << 8 | d)));
}

/* 2001:db8:net::host */
static struct ip_addr
a6(uint16_t net, uint16_t host)
{
	struct ip_addr a = { .q = { 0, 0 } };

	a.w[0] = htons(0x2001);
	a.w[1] = htons(0xdb8);
	a.w[2] = htons(net);
	a.w[7] = htons(host);
	return (a);
}

static int
addr(unsigned long cmd, const char *name, sa_family_t af, struct ip_addr a,
    unsigned int plen)
{
	struct if_addrreq req;

	memset(&req, 0, sizeof(req));
	strlcpy(req.name, name, sizeof(req.name));
	req.af = af;
	req.addr = a;
	req.plen = (uint16_t)plen;
	req.vltime = req.pltime = UINT32_MAX;
	return (if_ioctl_dispatch(cmd, &req, &owner));
}

#define ADD4(name, a, plen) \
	KT_EQ(addr(SIOCAIFADDR_FG, (name), AF_INET, (a), (plen)), 0)
#define DEL4(name, a, plen) \
	KT_EQ(addr(SIOCDIFADDR_FG, (name), AF_INET, (a), (plen)), 0)
#define ADD6(name, a, plen) \
	KT_EQ(addr(SIOCAIFADDR_FG, (name), AF_INET6, (a), (plen)), 0)

static bool
hit4(const struct pf_dyn *dyn, struct ip_addr a)
{
	return (pf_dyn_match(dyn, AF_INET, &a));
}

static bool
hit6(const struct pf_dyn *dyn, struct ip_addr a)
{
	return (pf_dyn_match(dyn, AF_INET6, &a));
}

/* Is entry i of dyn a/plen? */
static bool
entry4(const struct pf_dyn *dyn, unsigned int i, struct ip_addr a,
    unsigned int plen)
{
	struct ip_addr got;
	unsigned int len;

	return (pf_dyn_entry(dyn, AF_INET, i, &got, &len) && len == plen &&
	    ip_addr_eq(&got, &a));
}

static unsigned int
kifs(const char *filter)
{
	return (pf_kif_rows(filter, NULL, 0));
}

/* --- names --- */

KTEST(pf_kif_of_each_interface_and_group_from_boot_on)
{
	struct pf_ioc_kif row[8];
	struct pf_kif *kif;

	boot();
	KT((kif = pf_kif_of(if_unit("lo0"))) != NULL);
	KT_STR(kif->kif_name, "lo0");
	KT(kif->kif_ifp == if_unit("lo0") && !kif->kif_isgroup);
	KT_EQ(pf_kif_rows("", row, 8), 3);
	KT_STR(row[0].name, "all");
	KT_STR(row[1].name, "lo");
	KT_STR(row[2].name, "lo0");
	KT(row[0].isgroup && row[1].isgroup && !row[2].isgroup);
	KT_EQ(row[2].tzero, walltime_sec());
	KT_EQ(kifs("lo"), 2);
	KT_EQ(kifs("none"), 0);
	memset(row, 0, sizeof(row));
	KT_EQ(pf_kif_rows("", row, 1), 3);
	KT_STR(row[1].name, "");
}

KTEST(pf_kif_follows_an_interface_that_comes_and_goes)
{
	long live;

	boot();
	live = sim_live();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	KT_STR(pf_kif_of(if_unit("pair3"))->kif_name, "pair3");
	KT_EQ(kifs("pair"), 2);
	KT_EQ(kifs(""), 5);
	KT_EQ(ask(SIOCIFDESTROY, "pair3", ""), 0);
	KT_EQ(kifs(""), 3);
	KT_EQ(sim_live(), live);
}

KTEST(pf_kif_named_by_a_rule_waits_for_its_interface)
{
	struct pf_kif *name, *group;

	boot();
	name = pf_kif_get("pair3", PF_KIF_RULE);
	group = pf_kif_get("pair", PF_KIF_RULE);
	KT(name->kif_ifp == NULL && !group->kif_isgroup);
	KT(!pf_kif_match(group, name));
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	KT(pf_kif_of(if_unit("pair3")) == name);
	KT(name->kif_ifp == if_unit("pair3") && group->kif_isgroup);
	KT(pf_kif_match(group, name) && !pf_kif_match(name, group));
	KT_EQ(ask(SIOCIFDESTROY, "pair3", ""), 0);
	KT(name->kif_ifp == NULL && !group->kif_isgroup);
	KT(!pf_kif_match(group, name) && pf_kif_match(name, name));
	pf_kif_put(name, PF_KIF_RULE);
	pf_kif_put(group, PF_KIF_RULE);
	KT_EQ(kifs(""), 3);
}

KTEST(pf_kif_held_by_a_state_outlives_its_interface)
{
	struct pf_ioc_kif row;
	struct pf_kif *kif;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	kif = pf_kif_of(if_unit("pair3"));
	pf_kif_ref(kif, PF_KIF_STATE);
	kif->kif_packets[1][0][1] = 7;
	KT_EQ(ask(SIOCIFDESTROY, "pair3", ""), 0);
	KT_EQ(pf_kif_rows("pair3", &row, 1), 1);
	KT_EQ(row.states, 1);
	KT_EQ(row.packets[1][0][1], 7);
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	KT(pf_kif_of(if_unit("pair3")) == kif);
	pf_kif_clear("pair");
	KT_EQ(kif->kif_packets[1][0][1], 0);
	pf_kif_put(kif, PF_KIF_STATE);
	KT(pf_kif_of(if_unit("pair3")) == kif);
}

KTEST(pf_kif_matches_groups_as_members_change)
{
	struct pf_kif *dmz, *lo0;

	boot();
	lo0 = pf_kif_of(if_unit("lo0"));
	dmz = pf_kif_get("dmz", PF_KIF_RULE);
	KT(!pf_kif_match(dmz, lo0) && !pf_kif_match(dmz, NULL));
	KT(pf_kif_match(NULL, lo0));
	KT_EQ(ask(SIOCAIFGROUP, "lo0", "dmz"), 0);
	KT(pf_kif_match(dmz, lo0) && pf_kif_has(dmz, if_unit("lo0")));
	KT_EQ(ask(SIOCDIFGROUP, "lo0", "dmz"), 0);
	KT(!pf_kif_match(dmz, lo0));
	pf_kif_put(dmz, PF_KIF_RULE);
	KT_EQ(kifs("dmz"), 0);
}

KTEST(pf_kif_knows_egress_more_than_once)
{
	struct pf_kif *lo0, *egress;

	boot();
	lo0 = pf_kif_of(if_unit("lo0"));
	for (int i = 0; i < 2; i++) {
		if_egress_count(if_unit("lo0"), 1);
		egress = pf_kif_get("egress", PF_KIF_OTHER);
		KT(pf_kif_match(egress, lo0));
		pf_kif_put(egress, PF_KIF_OTHER);
		if_egress_count(if_unit("lo0"), -1);
		KT_EQ(kifs("egress"), 0);
	}
}

/* --- set skip --- */

KTEST(pf_skip_stays_with_the_name)
{
	long live;

	boot();
	live = sim_live();
	KT_EQ(pf_kif_setflag("pair3", PFI_SKIP, true), 0);
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	KT(pf_kif_skipped(pf_kif_of(if_unit("pair3"))));
	KT(!pf_kif_skipped(pf_kif_of(if_unit("lo0"))));
	KT_EQ(ask(SIOCIFDESTROY, "pair3", ""), 0);
	KT_EQ(kifs("pair3"), 1);
	KT_EQ(pf_kif_setflag("pair3", PFI_SKIP, false), 0);
	KT_EQ(kifs("pair3"), 0);
	KT_EQ(pf_kif_setflag("pair3", PFI_SKIP, false), 0);
	KT_EQ(sim_live(), live);
}

KTEST(pf_skip_of_a_group_is_of_its_members)
{
	struct pf_kif *lo0;

	boot();
	lo0 = pf_kif_of(if_unit("lo0"));
	KT_EQ(pf_kif_setflag("dmz", PFI_SKIP, true), 0);
	KT(!pf_kif_skipped(lo0));
	KT_EQ(ask(SIOCAIFGROUP, "lo0", "dmz"), 0);
	KT(pf_kif_skipped(lo0));
	KT_EQ(ask(SIOCDIFGROUP, "lo0", "dmz"), 0);
	KT(!pf_kif_skipped(lo0));
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	KT_EQ(pf_kif_setflag("pair", PFI_SKIP, true), 0);
	KT(pf_kif_skipped(pf_kif_of(if_unit("pair3"))));
	KT_EQ(pf_kif_setflag("lo0", PFI_SKIP, true), 0);
	KT_EQ(pf_kif_setflag("", PFI_SKIP, false), 0);
	KT(!pf_kif_skipped(pf_kif_of(if_unit("pair3"))) &&
	    !pf_kif_skipped(lo0));
	KT_EQ(kifs("dmz"), 0);
	KT_EQ(pf_kif_setflag("", PFI_SKIP, true), 0);
	KT(pf_kif_skipped(pf_kif_of(if_unit("pair3"))) && pf_kif_skipped(lo0));
}

/* --- addresses --- */

KTEST(pf_dyn_follows_addresses)
{
	struct pf_dyn *dyn;

	boot();
	dyn = pf_dyn_get("pair3", AF_UNSPEC, 128, 0);
	KT_EQ(pf_dyn_count(dyn), 0);
	KT(!hit4(dyn, a4(10, 0, 0, 1)));
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	ADD4("pair3", a4(10, 0, 0, 1), 24);
	ADD6("pair3", a6(1, 1), 64);
	KT_EQ(pf_dyn_count(dyn), 2); /* and not fe80:: */
	KT(hit4(dyn, a4(10, 0, 0, 1)) && !hit4(dyn, a4(10, 0, 0, 2)));
	KT(hit6(dyn, a6(1, 1)) && !hit6(dyn, a6(1, 2)));
	KT(!hit6(dyn, a4(10, 0, 0, 1)));
	KT(entry4(dyn, 0, a4(10, 0, 0, 1), 32));
	KT(!entry4(dyn, 1, a4(10, 0, 0, 1), 32));
	DEL4("pair3", a4(10, 0, 0, 1), 24);
	KT(!hit4(dyn, a4(10, 0, 0, 1)) && hit6(dyn, a6(1, 1)));
	KT_EQ(ask(SIOCIFDESTROY, "pair3", ""), 0);
	KT_EQ(pf_dyn_count(dyn), 0);
	pf_dyn_put(dyn);
	KT_EQ(kifs("pair3"), 0);
}

KTEST(pf_dyn_first_configured_is_first)
{
	struct pf_dyn *all, *one;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	all = pf_dyn_get("pair3", AF_INET, 32, 0);
	one = pf_dyn_get("pair3", AF_INET, 32, PF_IF_NOALIAS);
	ADD4("pair3", a4(10, 0, 0, 9), 24);
	ADD4("pair3", a4(10, 0, 0, 1), 24);
	ADD4("pair3", a4(10, 0, 0, 5), 24);
	KT(entry4(all, 0, a4(10, 0, 0, 9), 32));
	KT(entry4(all, 1, a4(10, 0, 0, 1), 32));
	KT(entry4(all, 2, a4(10, 0, 0, 5), 32));
	KT_EQ(pf_dyn_count(one), 1);
	KT(entry4(one, 0, a4(10, 0, 0, 9), 32));
	KT(!hit4(one, a4(10, 0, 0, 1)) && hit4(all, a4(10, 0, 0, 1)));
	DEL4("pair3", a4(10, 0, 0, 9), 24);
	KT(entry4(one, 0, a4(10, 0, 0, 1), 32));
	pf_dyn_put(all);
	pf_dyn_put(one);
}

KTEST(pf_dyn_networks_once_each_and_inner_ones_match)
{
	struct pf_dyn *nets, *cut;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	nets = pf_dyn_get("pair3", AF_INET, 32, PF_IF_NETWORK);
	cut = pf_dyn_get("pair3", AF_INET, 16, 0);
	ADD4("pair3", a4(10, 1, 2, 1), 24);
	ADD4("pair3", a4(10, 1, 2, 2), 24);
	ADD4("pair3", a4(10, 1, 0, 1), 16);
	ADD4("pair3", a4(10, 3, 0, 1), 24);
	KT_EQ(pf_dyn_count(nets), 3);
	KT(entry4(nets, 0, a4(10, 1, 2, 0), 24));
	KT(entry4(nets, 1, a4(10, 1, 0, 0), 16));
	KT(entry4(nets, 2, a4(10, 3, 0, 0), 24));
	KT(hit4(nets, a4(10, 1, 2, 77)) && hit4(nets, a4(10, 1, 255, 255)));
	KT(hit4(nets, a4(10, 3, 0, 255)) && !hit4(nets, a4(10, 3, 1, 0)));
	KT(!hit4(nets, a4(10, 0, 255, 255)) && !hit4(nets, a4(10, 2, 0, 0)));
	KT_EQ(pf_dyn_count(cut), 2);
	KT(hit4(cut, a4(10, 3, 200, 1)) && !hit4(cut, a4(10, 2, 0, 1)));
	pf_dyn_put(nets);
	pf_dyn_put(cut);
}

KTEST(pf_dyn_broadcast_and_peer)
{
	struct pf_dyn *bcast, *peer;
	struct ifaddr *ifa;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	bcast = pf_dyn_get("pair3", AF_UNSPEC, 128, PF_IF_BROADCAST);
	peer = pf_dyn_get("pair3", AF_UNSPEC, 128, PF_IF_PEER);
	ADD4("pair3", a4(10, 0, 0, 1), 24);
	ADD6("pair3", a6(1, 1), 64);
	KT_EQ(pf_dyn_count(bcast), 1);
	KT(entry4(bcast, 0, a4(10, 0, 0, 255), 32));
	KT_EQ(pf_dyn_count(peer), 0);
	DEL4("pair3", a4(10, 0, 0, 1), 24);
	if_unit("pair3")->if_flags ^= IFF_BROADCAST | IFF_POINTOPOINT;
	ifa = ifa_create(if_unit("pair3"), AF_INET,
	    &(struct ip_addr){ .v4 = htonl(0x0a000001) }, 32);
	ifa->ifa_dst = a4(10, 0, 0, 2);
	ifa_link(ifa);
	KT_EQ(pf_dyn_count(bcast), 0);
	KT_EQ(pf_dyn_count(peer), 1);
	KT(hit4(peer, a4(10, 0, 0, 2)) && !hit4(peer, a4(10, 0, 0, 1)));
	pf_dyn_put(bcast);
	pf_dyn_put(peer);
}

KTEST(pf_dyn_of_a_group_has_all_members)
{
	struct pf_dyn *dyn, *self;
	unsigned int before; /* lo0's */

	boot();
	dyn = pf_dyn_get("dmz", AF_INET, 32, PF_IF_NOALIAS);
	self = pf_dyn_get("self", AF_INET, 32, 0);
	before = pf_dyn_count(self);
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "pair3" : "pair4";

		KT_EQ(ask(SIOCIFCREATE, name, ""), 0);
		ADD4(name, a4(10, 0, (unsigned int)i, 1), 24);
		ADD4(name, a4(10, 0, (unsigned int)i, 2), 24);
		KT_EQ(ask(SIOCAIFGROUP, name, "dmz"), 0);
	}
	KT_EQ(pf_dyn_count(dyn), 2);
	KT(entry4(dyn, 0, a4(10, 0, 0, 1), 32));
	KT(entry4(dyn, 1, a4(10, 0, 1, 1), 32));
	KT_EQ(pf_dyn_count(self), before + 4);
	KT(hit4(self, a4(10, 0, 1, 2)));
	KT_EQ(ask(SIOCDIFGROUP, "pair3", "dmz"), 0);
	KT(!hit4(dyn, a4(10, 0, 0, 1)) && hit4(dyn, a4(10, 0, 1, 1)));
	KT_EQ(ask(SIOCIFDESTROY, "pair4", ""), 0);
	KT_EQ(pf_dyn_count(dyn), 0);
	KT_EQ(pf_dyn_count(self), before + 2);
	pf_dyn_put(dyn);
	pf_dyn_put(self);
}

KTEST(pf_dyn_leaves_out_an_address_that_others_have)
{
	struct pf_dyn *dyn;
	struct ip_addr a = a6(1, 1);
	struct ifaddr *ifa;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	dyn = pf_dyn_get("pair3", AF_INET6, 128, 0);
	ADD6("pair3", a, 64);
	KT(hit6(dyn, a));
	ifa = ifa_onif(if_unit("pair3"), AF_INET6, &a);
	ifa->ifa_flags |= IFA_DUPLICATED;
	if_tell(IFE_ADDR_CHANGE, ifa->ifa_ifp, ifa, NULL);
	KT(!hit6(dyn, a));
	pf_dyn_put(dyn);
}

KTEST(pf_dyn_is_shared_by_rules_that_say_the_same)
{
	struct pf_dyn *a, *b, *c;

	boot();
	a = pf_dyn_get("lo0", AF_INET, 32, 0);
	b = pf_dyn_get("lo0", AF_INET, 32, 0);
	c = pf_dyn_get("lo0", AF_INET, 24, 0);
	KT(a == b && a != c);
	KT_EQ(pf_kif_of(if_unit("lo0"))->kif_rules, 3);
	pf_dyn_put(a);
	pf_dyn_put(c);
	ADD4("lo0", a4(127, 0, 0, 1), 8);
	KT(hit4(b, a4(127, 0, 0, 1)));
	pf_dyn_put(b);
	pf_dyn_put(NULL);
	KT_EQ(pf_kif_of(if_unit("lo0"))->kif_rules, 0);
}

/* --- many, and against a plain model --- */

#define MANY 200

static struct ip_addr many[MANY];
static unsigned int many_plen[MANY];
static bool many_on[MANY];

static bool
model_hit(const struct ip_addr *a)
{
	for (int i = 0; i < MANY; i++)
		if (many_on[i] && ip_addr_inprefix(a, &many[i], many_plen[i]))
			return (true);
	return (false);
}

static void
model_compare(const struct pf_dyn *dyn, uint32_t seed)
{
	for (int i = 0; i < 64; i++) {
		struct ip_addr a = a4(10, 0, seed >> 8 & 15, seed & 255);

		KT_EQ(pf_dyn_match(dyn, AF_INET, &a), model_hit(&a));
		seed = seed * 1103515245 + 12345;
	}
}

KTEST(pf_dyn_networks_agree_with_a_plain_model)
{
	struct pf_dyn *dyn;
	uint32_t seed = 20;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	dyn = pf_dyn_get("pair3", AF_INET, 32, PF_IF_NETWORK);
	for (int round = 0; round < 2000; round++) {
		int i = (int)(seed >> 16) % MANY;

		seed = seed * 1103515245 + 12345;
		if (!many_on[i]) {
			many[i] = a4(10, 0, (unsigned int)i & 15,
			    (unsigned int)(i * 37) & 255);
			many_plen[i] = 24 + (seed >> 16) % 9;
		}
		if (addr(many_on[i] ? SIOCDIFADDR_FG : SIOCAIFADDR_FG, "pair3",
			AF_INET, many[i], many_plen[i]) != 0)
			continue; /* a duplicate */
		many_on[i] = !many_on[i];
		model_compare(dyn, seed);
	}
	pf_dyn_put(dyn);
}

/* --- short memory --- */

KTEST(pf_dyn_without_memory_asks_the_interfaces)
{
	struct ip_addr a;
	struct pf_dyn *dyn, *nets;
	struct ifaddr *ifa;
	unsigned int plen;

	boot();
	KT_EQ(ask(SIOCIFCREATE, "pair3", ""), 0);
	dyn = pf_dyn_get("pair3", AF_INET, 32, 0);
	nets = pf_dyn_get("pair3", AF_INET, 32, PF_IF_NETWORK);
	ADD4("pair3", a4(10, 0, 0, 1), 24);
	ADD4("pair3", a4(10, 0, 0, 2), 24);
	for (int i = 1; i <= 2; i++) { /* one set of the two is not made */
		a = a4(10, 0, 0, 1);
		ifa = ifa_onif(if_unit("pair3"), AF_INET, &a);
		sim_fail_nth(i);
		pf_dyn_follow(pf_kif_of(if_unit("pair3")));
		KT(sim_failed());
		sim_fail_nth(0);
		KT_EQ(pf_dyn_count(dyn), 2);
		KT_EQ(pf_dyn_count(nets), 1);
		KT(entry4(dyn, 0, a4(10, 0, 0, 1), 32));
		KT(entry4(dyn, 1, a4(10, 0, 0, 2), 32));
		KT(entry4(nets, 0, a4(10, 0, 0, 0), 24));
		KT(!pf_dyn_entry(nets, AF_INET, 1, &a, &plen));
		KT(hit4(dyn, a4(10, 0, 0, 2)) && !hit4(dyn, a4(10, 0, 0, 3)));
		KT(hit4(nets, a4(10, 0, 0, 3)));
		if_tell(IFE_ADDR_CHANGE, ifa->ifa_ifp, ifa, NULL);
		KT_EQ(pf_dyn_count(dyn), 2);
	}
	pf_dyn_put(dyn);
	pf_dyn_put(nets);
}

KTEST_NTH(pf_dyn_get_with_short_memory)
{
	struct pf_dyn *dyn;
	long live;

	boot();
	live = sim_live();
	sim_fail_nth(n);
	dyn = pf_dyn_get("pair3", AF_UNSPEC, 128, 0);
	KT(dyn != NULL || sim_failed());
	KT(dyn != NULL || sim_live() == live);
	pf_dyn_put(dyn);
	KT_EQ(sim_live(), live);
	KT_EQ(kifs("pair3"), 0);
}

KTEST_NTH(pf_kif_of_an_interface_that_came_with_short_memory)
{
	struct pf_kif *name, *group;

	boot();
	sim_fail_nth(n);
	if (ask(SIOCIFCREATE, "pair3", "") != 0 || !sim_failed()) {
		KT_EQ(kifs(""), sim_failed() ? 3 : 5);
		return;
	}
	group = pf_kif_get("pair", PF_KIF_RULE);
	name = pf_kif_get("pair3", PF_KIF_RULE);
	KT(pf_kif_of(if_unit("pair3")) == name && pf_kif_match(group, name));
	pf_kif_put(name, PF_KIF_RULE);
	pf_kif_put(group, PF_KIF_RULE);
	KT_EQ(ask(SIOCIFDESTROY, "pair3", ""), 0);
	KT_EQ(kifs(""), 3);
}

KTEST_NTH(pf_skip_with_short_memory)
{
	long live;
	int error;

	boot();
	live = sim_live();
	sim_fail_nth(n);
	error = pf_kif_setflag("pair3", PFI_SKIP, true);
	KT_EQ(error, sim_failed() ? ENOMEM : 0);
	KT_EQ(kifs("pair3"), error == 0);
	KT_EQ(pf_kif_setflag("", PFI_SKIP, false), 0);
	KT_EQ(sim_live(), live);
}
