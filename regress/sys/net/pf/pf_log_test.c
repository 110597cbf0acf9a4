/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* pflog interfaces, and what those who listen there are shown. */

#include <sys/systm.h>
#include <sys/drop.h>
#include <sys/endian.h>
#include <sys/mbuf.h>
#include <sys/file.h>
#include <sys/proc.h>
#include <sys/socketvar.h>
#include <net/bpf_if.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <net/pf/if_pflog.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_log.h>
#include <net/pf/pf_rule.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/ip.h>
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
ask(unsigned long cmd, const char *name)
{
	struct if_req req;

	memset(&req, 0, sizeof(req));
	strlcpy(req.name, name, sizeof(req.name));
	return (if_ioctl_dispatch(cmd, &req, &owner));
}

/* --- one who listens --- */

static struct {
	struct pfloghdr hdr;
	uint8_t packet[256];
	uint32_t len;
	int dir, n;
} seen;

static void
see(struct bpf_listener *bl, const void *hdr, uint32_t hdrlen,
    const struct mbuf *m, int dir)
{
	KT_EQ(hdrlen, sizeof(seen.hdr));
	memcpy(&seen.hdr, hdr, sizeof(seen.hdr));
	seen.len = m->m_pkthdr.len;
	KT_EQ(m_copydata(m, 0, MIN(seen.len, sizeof(seen.packet)), seen.packet),
	    0);
	seen.dir = dir;
	seen.n++;
}

static void
gone(struct bpf_listener *bl)
{
	seen.n = -1;
}

static void
listen_to(uint8_t unit)
{
	static struct bpf_listener bl = { .bl_capture = see, .bl_gone = gone };

	bpf_listen(pflog_unit(unit)->if_bpf, &bl);
}

/* --- a packet and a rule --- */

#define A(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* UDP over IPv4, 10.0.0.1:1000 > 10.0.0.2:53, 4 bytes, no UDP sum. */
static struct mbuf *
query(void)
{
	struct ip ip = { .ip_vhl = 0x45,
		.ip_len = htons(32),
		.ip_ttl = 64,
		.ip_p = IPPROTO_UDP,
		.ip_src = htonl(A(10, 0, 0, 1)),
		.ip_dst = htonl(A(10, 0, 0, 2)) };
	uint16_t udp[6] = { htons(1000), htons(53), htons(12), 0, 1, 2 };
	struct mbuf *m = m_gethdr(MT_DATA);
	uint8_t p[32];

	memcpy(p, &ip, 20);
	memcpy(p + 20, udp, 12);
	KT(m != NULL && m_copyback(m, 0, 32, p) == 0);
	ip.ip_sum = in_cksum_fold(in_cksum_add(0, m, 0, 20));
	memcpy(p, &ip, 20);
	KT_EQ(m_copyback(m, 0, 32, p), 0);
	return (m);
}

static struct pf_ioc_rule ioc;
static struct pf_rule rule = { .ioc = &ioc, .nr = 5, .cuid = 7, .cpid = 9 };

static struct pf_desc
incoming(struct mbuf *m)
{
	struct pf_desc pd;

	KT_EQ(pf_desc_read(&pd, if_unit("lo0"), m, AF_INET, PF_IN), PF_PASS);
	pd.rule = &rule;
	return (pd);
}

/* --- interfaces --- */

KTEST(pflog_units_that_rules_can_name)
{
	boot();
	KT(pflog_unit(0) == NULL);
	KT_EQ(ask(SIOCIFCREATE, "pflog255"), 0);
	KT_EQ(ask(SIOCIFCREATE, "pflog256"), EINVAL);
	KT(pflog_unit(255) == if_unit("pflog255"));
	KT_EQ(pflog_unit(255)->if_type, IFT_PFLOG);
	KT_EQ(pflog_unit(255)->if_bpf->bif_dlt, 117);
	KT(!(pflog_unit(255)->if_flags & IFF_UP));
	KT_EQ(ask(SIOCIFDESTROY, "pflog255"), 0);
	KT(pflog_unit(255) == NULL);
}

KTEST(pflog_is_made_up_when_rules_want_it)
{
	struct ifnet *ifp;

	boot();
	KT_EQ(pf_log_want(2), 0);
	KT((ifp = pflog_unit(2)) != NULL);
	KT((ifp->if_flags & IFF_UP) != 0);
	KT_STR(ifp->if_xname, "pflog2");
	KT_EQ(pf_log_want(2), 0);
	KT(pflog_unit(2) == ifp);
}

KTEST(pflog_carries_nothing)
{
	struct nexthop nh = { .nh_af = AF_INET };
	struct ifnet *ifp;

	boot();
	KT_EQ(pf_log_want(0), 0);
	ifp = pflog_unit(0);
	KT_EQ(ifp->if_output(ifp, query(), &nh, NULL), EOPNOTSUPP);
	KT_EQ(drop_counts[DROP_PFLOG_OUTPUT], 1);
	KT_EQ(ifp->if_counters.oerrors, 1);
	KT_EQ(if_enqueue(ifp, query()), 0);
	while (if_flush_all())
		;
	KT_EQ(drop_counts[DROP_PFLOG_OUTPUT], 2);
}

KTEST(pflog_tells_listeners_that_it_goes)
{
	boot();
	KT_EQ(pf_log_want(0), 0);
	listen_to(0);
	KT_EQ(ask(SIOCIFDESTROY, "pflog0"), 0);
	KT_EQ(seen.n, -1);
}

KTEST_NTH(pflog_want_short_of_memory)
{
	long live;

	boot();
	live = sim_live();
	sim_fail_nth(n);
	if (pf_log_want(0) != 0) {
		KT(sim_failed() && pflog_unit(0) == NULL);
		KT_EQ(sim_live(), live);
	} else
		KT_EQ(ask(SIOCIFDESTROY, "pflog0"), 0);
	KT_EQ(sim_live(), live);
}

/* --- packets --- */

KTEST(pflog_header_bytes)
{
	struct pf_desc pd;
	struct mbuf *m;
	const uint8_t *h = (const uint8_t *)&seen.hdr;

	boot();
	KT_EQ(pf_log_want(0), 0);
	listen_to(0);
	m = query();
	pd = incoming(m);
	rule.action = PFA_MATCH;
	ioc.ridentifier = 0x01020304;
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT_EQ(seen.n, 1);
	KT_EQ(h[0], 69);
	KT_EQ(h[1], 2);
	KT_EQ(h[2], 12);
	KT_EQ(h[3], 0);
	KT(memcmp(h + 4, "lo0\0\0", 5) == 0 && h[20] == 0);
	KT(memcmp(h + 36, "\0\0\0\5\377\377\377\377", 8) == 0);
	KT_EQ(seen.hdr.uid, UINT32_MAX); /* these four as the host has them */
	KT_EQ(seen.hdr.pid, 100000);
	KT(seen.hdr.rule_uid == 7 && seen.hdr.rule_pid == 9);
	KT_EQ(offsetof(struct pfloghdr, rule_uid), 52);
	KT(memcmp(h + 60, "\1\0\2\0\1\2\3\4", 8) == 0);
	KT_EQ(seen.dir, BPF_DIRECTION_IN);
	KT_EQ(seen.len, 32);
	KT_EQ(seen.packet[19], 2);
	KT_EQ(pflog_unit(0)->if_counters.opackets, 1);
	m_freem(m);
}

/* Of the socket at our end, and only when the rule asks. */
KTEST(pflog_owner_of_the_socket)
{
	static struct proc user = { .p_uid = 1001, .p_pid = 77 };
	static struct file file = { .f_uid = 1001 };
	struct sockaddr_in us = { .sin_family = AF_INET,
		.sin_port = htons(53) };
	struct socket *so;
	struct pf_desc pd;
	struct mbuf *m;

	boot();
	KT_EQ(pf_log_want(0), 0);
	listen_to(0);
	KT_EQ(socreate(AF_INET, SOCK_DGRAM, 0, &user, &so), 0);
	so->so_file = &file;
	KT_EQ(in_pcb_bind(so->so_pcb, (struct sockaddr *)&us, sizeof(us),
		  &owner),
	    0);
	for (unsigned int i = 0; i < 2; i++) {
		ioc.log = i == 0 ? PF_LOG_ON : PF_LOG_ON | PF_LOG_USER;
		m = query();
		pd = incoming(m);
		pf_log_packet(&pd, &rule, 0);
		KT_EQ(seen.hdr.uid, i == 0 ? UINT32_MAX : 1001);
		KT_EQ(seen.hdr.pid, i == 0 ? 100000 : 77);
		m_freem(m);
	}
	so->so_file = NULL;
	soclose(so);
	m = query();
	pd = incoming(m);
	pf_log_packet(&pd, &rule, 0);
	KT(seen.hdr.uid == UINT32_MAX && seen.hdr.pid == 100000);
	m_freem(m);
}

KTEST(pflog_only_the_one_named)
{
	struct pf_desc pd;
	struct mbuf *m;

	boot();
	KT_EQ(pf_log_want(0), 0);
	KT_EQ(pf_log_want(1), 0);
	listen_to(1);
	m = query();
	pd = incoming(m);
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT_EQ(seen.n, 0);
	ioc.logif = 1;
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT_EQ(seen.n, 1);
	ioc.logif = 2;
	pf_log_packet(&pd, &rule, rule.ioc->logif); /* there is none */
	KT_EQ(seen.n, 1);
	m_freem(m);
}

KTEST(pflog_rule_in_an_anchor)
{
	struct pf_rule caller = { .nr = 3 };
	struct pf_desc pd;
	struct mbuf *m;

	boot();
	KT_EQ(pf_log_want(0), 0);
	listen_to(0);
	m = query();
	pd = incoming(m);
	pd.anchor_rule = &caller;
	strlcpy(rule.ruleset, "foo/bar", sizeof(rule.ruleset));
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT_STR(seen.hdr.ruleset, "foo/bar");
	KT_EQ(ntohl(seen.hdr.rulenr), 3);
	KT_EQ(ntohl(seen.hdr.subrulenr), 5);
	m_freem(m);
}

KTEST(pflog_pass_that_ended_in_a_drop_is_block)
{
	struct pf_desc pd;
	struct mbuf *m;

	boot();
	KT_EQ(pf_log_want(0), 0);
	listen_to(0);
	m = query();
	pd = incoming(m);
	rule.action = PFA_PASS;
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT_EQ(seen.hdr.action, PFA_PASS);
	pd.reason = PFRES_IPOPTIONS;
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT_EQ(seen.hdr.action, PFA_BLOCK);
	KT_EQ(seen.hdr.reason, 8);
	m_freem(m);
}

KTEST(pflog_filter_rules_show_the_translated_packet)
{
	struct pf_desc pd;
	struct mbuf *m;
	long live;

	boot();
	KT_EQ(pf_log_want(0), 0);
	listen_to(0);
	m = query();
	pd = incoming(m);
	pd.now.addr[PF_DST] = ip_addr_v4(htonl(A(192, 0, 2, 9)));
	pd.now.port[PF_DST] = 5353;
	rule.action = PFA_RDR;
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT(seen.packet[16] == 10 && seen.packet[23] == 53);
	KT_EQ(seen.hdr.rewritten, 0);
	rule.action = PFA_PASS;
	live = sim_live();
	pf_log_packet(&pd, &rule, rule.ioc->logif);
	KT_EQ(sim_live(), live);
	KT(memcmp(seen.packet + 16, "\300\0\2\11", 4) == 0);
	KT(memcmp(seen.packet + 22, "\24\351", 2) == 0);
	KT_EQ(seen.hdr.rewritten, 1);
	KT_EQ(in_cksum_fold(in_cksum_bytes(0, seen.packet, 20)), 0);
	KT_EQ(m_copydata(m, 16, 1, seen.packet), 0);
	KT_EQ(seen.packet[0], 10); /* the packet itself is as it was */
	m_freem(m);
}
