/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * IPv6 attaches: its rows in the tables that interfaces, transports and
 * sysctl know it by, its knobs and its counters.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/sysctl.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6.h>
#include <netinet6/nd6_host.h>

int ip6_forwarding, ip6_defhlim = 64, ip6_sendredirects = 1;
int ip6_use_deprecated = 1, ip6_dad_count = 1, ip6_auto_linklocal = 1, ip6_neighborgcthresh = 2048;
int icmp6_rediraccept, icmp6_errppslimit = 100, icmp6_mtudisc_hiwat = 1280;
int icmp6_nd6_delay = 5, icmp6_nd6_umaxtries = 3, icmp6_nd6_mmaxtries = 3;

static void
ip6_forwarding_changed(void)
{
	nd6_host_forwarding();
	in6_forwarding_changed();
}

/* clang-format off */
#define IP6CTL(n, v, lo, hi, t) \
	{ .name = "net.inet6." n, .type = CTL_INT, .flags = CTLF_WR, .var = &(v), .min = lo, .max = hi, .text = t }
static const struct sysctl_row ip6_sysctls[] = {
	{ .name = "net.inet6.ip6.forwarding", .type = CTL_INT, .flags = CTLF_WR, .var = &ip6_forwarding, .min = 0, .max = 1,
	    .changed = ip6_forwarding_changed, .text = "forward packets between interfaces; no autoconf then" },
	IP6CTL("ip6.redirect", ip6_sendredirects, 0, 1, "tell senders of a shorter way"),
	IP6CTL("ip6.hlim", ip6_defhlim, 1, 255, "hop limit of packets made here"),
	IP6CTL("ip6.use_deprecated", ip6_use_deprecated, 0, 1, "deprecated addresses may be sources"),
	IP6CTL("ip6.tempvltime", ip6_tempvltime, 60, 31536000, "seconds a temporary address is valid"),
	IP6CTL("ip6.temppltime", ip6_temppltime, 10, 31536000, "seconds a temporary address is preferred"),
	IP6CTL("ip6.auto_linklocal", ip6_auto_linklocal, 0, 1, "interfaces that come up get a link-local address"),
	IP6CTL("ip6.dad_count", ip6_dad_count, 0, 20, "probes for a new address, 0: none"),
	IP6CTL("ip6.neighborgcthresh", ip6_neighborgcthresh, 16, 65536, "neighbours remembered"),
	IP6CTL("icmp6.rediraccept", icmp6_rediraccept, 0, 1, "follow redirects"),
	IP6CTL("icmp6.errppslimit", icmp6_errppslimit, -1, 1000000, "errors a second, -1: no limit"),
	IP6CTL("icmp6.mtudisc_hiwat", icmp6_mtudisc_hiwat, 0, 1000000, "routes made for path MTUs in ten minutes"),
	IP6CTL("icmp6.nd6_delay", icmp6_nd6_delay, 1, 60, "seconds a stale neighbour is used unchecked"),
	IP6CTL("icmp6.nd6_umaxtries", icmp6_nd6_umaxtries, 1, 20, "unicast questions before a neighbour is given up"),
	IP6CTL("icmp6.nd6_mmaxtries", icmp6_nd6_mmaxtries, 1, 20, "multicast questions before an address is given up"),
};
/* clang-format on */
static struct sysctl_table ip6_sysctl_table = { .rows = ip6_sysctls,
	.nrows = nitems(ip6_sysctls) };

uint64_t ip6_counters[IP6S_NCOUNTERS], icmp6_counters[ICMP6S_NCOUNTERS],
    nd6_counters[ND6S_NCOUNTERS];

static const char *const ip6_counter_text[IP6S_NCOUNTERS] = {
	[IP6S_TOTAL] = "total packets received",
	[IP6S_DELIVERED] = "packets for this host",
	[IP6S_FORWARD] = "packets forwarded",
	[IP6S_FASTFORWARD] = "large packets forwarded whole",
	[IP6S_REDIRECTSENT] = "redirects sent",
	[IP6S_LOCALOUT] = "packets sent from this host",
	[IP6S_FRAGMENTED] = "output datagrams fragmented",
	[IP6S_OFRAGMENTS] = "fragments created",
	[IP6S_FRAGMENTS] = "fragments received",
	[IP6S_REASSEMBLED] = "packets reassembled ok",
	[IP6S_ATOMIC] = "atomic fragments",
	[IP6S_HOPOPTS] = "packets with hop-by-hop options",
	[IP6S_MULTICAST] = "multicasts received",
	[IP6S_NOSOURCE] = "packets for which there was no source address",
};
static const char *const icmp6_counter_text[ICMP6S_NCOUNTERS] = {
	[ICMP6S_IN] = "messages received",
	[ICMP6S_ECHO_IN] = "echo requests received",
	[ICMP6S_ECHOREPLY_OUT] = "echo replies sent",
	[ICMP6S_ERROR_IN] = "errors received",
	[ICMP6S_ERROR_OUT] = "errors sent",
	[ICMP6S_PMTU] = "path MTUs learned",
	[ICMP6S_NS_IN] = "neighbor solicitations received",
	[ICMP6S_NS_OUT] = "neighbor solicitations sent",
	[ICMP6S_NA_IN] = "neighbor advertisements received",
	[ICMP6S_NA_OUT] = "neighbor advertisements sent",
	[ICMP6S_REDIRECT_IN] = "redirects received",
	[ICMP6S_REDIRECT_OUT] = "redirects sent",
	[ICMP6S_RA_IN] = "router advertisements received",
	[ICMP6S_RS_IN] = "router solicitations received",
	[ICMP6S_RS_OUT] = "router solicitations sent",
};
static const char *const nd6_counter_text[ND6S_NCOUNTERS] = {
	[ND6S_NEW] = "neighbors new in the cache",
	[ND6S_RESOLVED] = "neighbors that answered",
	[ND6S_FAILED] = "neighbors that never answered",
	[ND6S_UNREACHABLE] = "neighbors that stopped answering",
	[ND6S_EVICTED] = "neighbors pushed out by a limit",
	[ND6S_REFUSED] = "neighbors for which there was no room",
	[ND6S_LLCHANGE] = "changes of a link address",
	[ND6S_DADTRIED] = "addresses probed for duplicates",
	[ND6S_DADUNIQUE] = "addresses found unique",
	[ND6S_DADDUP] = "addresses found duplicate",
	[ND6S_DADLOOPED] = "own probes that came back",
	[ND6S_PROXIED] = "solicitations answered for others",
	[ND6S_RA_TAKEN] = "router advertisements taken in",
	[ND6S_RTR_NEW] = "routers new",
	[ND6S_RTR_LIMIT] = "routers refused: too many",
	[ND6S_RTR_LOST] = "routers that stopped answering",
	[ND6S_RTR_CHANGED] = "routes given to another router",
	[ND6S_ROUTE_BAD] = "advertised routes refused: cannot be",
	[ND6S_DNS_BAD] = "advertised name servers and domains refused: cannot be",
	[ND6S_ROUTE_LIMIT] = "advertised routes refused: too many",
	[ND6S_NOROUTE] = "advertised routes that could not be made",
	[ND6S_PREFIX_BAD] = "prefixes refused: cannot be on a link",
	[ND6S_PREFIX_LIFE] = "prefixes preferred for longer than valid",
	[ND6S_PREFIX_LEN] = "prefixes for addresses that have not 64 bits",
	[ND6S_PREFIX_LIMIT] = "prefixes refused: too many",
	[ND6S_TWOHOURS] = "valid lifetimes not cut: the two hour rule",
	[ND6S_LINK_BAD] = "hop limits, times and MTUs out of bounds",
	[ND6S_ADDR_MADE] = "stable addresses made",
	[ND6S_TEMP_MADE] = "temporary addresses made",
	[ND6S_ADDR_FAILED] = "addresses that could not be made",
	[ND6S_ADDR_LIMIT] = "addresses not made: too many of a prefix",
	[ND6S_NOMEM] = "routers and prefixes for which there was no memory",
};
static struct counter_group ip6_counter_groups[] = {
	{ .cg_proto = "ip6",
	    .cg_text = ip6_counter_text,
	    .cg_value = ip6_counters,
	    .cg_count = IP6S_NCOUNTERS },
	{ .cg_proto = "icmp6",
	    .cg_text = icmp6_counter_text,
	    .cg_value = icmp6_counters,
	    .cg_count = ICMP6S_NCOUNTERS },
	{ .cg_proto = "nd6",
	    .cg_text = nd6_counter_text,
	    .cg_value = nd6_counters,
	    .cg_count = ND6S_NCOUNTERS },
};

static const struct ip_family inet6_ip_family = {
	.name = "inet6",
	.af = AF_INET6,
	.hdrlen = sizeof(struct ip6_hdr),
	.icmp = IPPROTO_ICMPV6,
	.output = ip6_output,
	.input_judged = ip6_input_judged,
	.error = icmp6_error_kind,
	.source_select = in6_source_select,
	.linkmtu = ip6_linkmtu,
	.defttl = &ip6_defhlim,
	.ttl_by_link = true,
};

static const struct if_family inet6_if_family = {
	.fam_af = AF_INET6,
	.fam_ethertype = ETHERTYPE_IPV6,
	.fam_addrlen = 16,
	.fam_maxplen = 128,
	.fam_input = ip6_input,
	.fam_input_judged = ip6_input_judged,
	.fam_sound = ip6_sound,
	.fam_fit = ip6_fit,
	.fam_toobig = icmp6_toobig,
	.fam_resolve = nd6_resolve,
	.fam_addr_add = in6_addr_add,
	.fam_addr_del = in6_addr_del,
};

void
ip6init(void)
{
	unsigned int i;

	ip_family_register(&inet6_ip_family);
	if_family_register(&inet6_if_family);
	for (i = 0; i < nitems(ip6_counter_groups); i++)
		counters_register(&ip6_counter_groups[i]);
	sysctl_register(&ip6_sysctl_table);
	icmp6_init();
	nd6_init();
	ip6_output_init();
	in6_addr_init();
}
