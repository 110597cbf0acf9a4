/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Words of a route command: modifiers, destination, gateway.
 *
 * An IPv4 destination may be cut short: 10.1 is the network 10.1.0.0/16, as
 * many bytes as are written.  A whole address whose host part is zero in its
 * class is a network too, unless -host or a prefix length says otherwise.
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <net/if_ioctl.h>
#include <libbsdsys/bsdsys.h>
#include <libutil/host.h>
#include <libutil/nbrset.h>
#include <libutil/number.h>
#include <libutil/rtshow.h>

#include "route.h"

/* --- modifiers --- */

enum modifier {
	M_INET,
	M_INET6,
	M_HOST,
	M_NET,
	M_LINK,
	M_IFACE,
	M_NOSTATIC,
	M_FLAG,
	M_NOFLAG,
	M_PLAIN, /* is so by itself: by link, by interface */
	/* with an argument */
	M_PREFIXLEN,
	M_NETMASK,
	M_PRIORITY,
	M_MTU,
	M_EXPIRE,
	M_LABEL,
	M_IFP,
	M_IFA,
	M_DST,
	M_GATEWAY,
	M_WEIGHT,
	M_REFUSED,
};

static const struct {
	const char *word;
	enum modifier what;
	uint32_t flag;
} modifiers[] = {
	/* clang-format off */
	{ "inet",	M_INET,	     0 },
	{ "inet6",	M_INET6,     0 },
	{ "host",	M_HOST,	     0 },
	{ "net",	M_NET,	     0 },
	{ "link",	M_LINK,	     0 },
	{ "iface",	M_IFACE,     0 },
	{ "interface",	M_IFACE,     0 },
	{ "nostatic",	M_NOSTATIC,  0 },
	{ "static",	M_FLAG,	     RTF_STATIC },
	{ "reject",	M_FLAG,	     RTF_REJECT },
	{ "noreject",	M_NOFLAG,    RTF_REJECT },
	{ "blackhole",	M_FLAG,	     RTF_BLACKHOLE },
	{ "noblackhole", M_NOFLAG,   RTF_BLACKHOLE },
	{ "mpath",	M_FLAG,	     RTF_MPATH },
	{ "nompath",	M_NOFLAG,    RTF_MPATH },
	{ "proto1",	M_FLAG,	     RTF_PROTO1 },
	{ "proto2",	M_FLAG,	     RTF_PROTO2 },
	{ "proto3",	M_FLAG,	     RTF_PROTO3 },
	{ "llinfo",	M_PLAIN,     0 },
	{ "cloning",	M_PLAIN,     0 },
	{ "prefixlen",	M_PREFIXLEN, 0 },
	{ "netmask",	M_NETMASK,   0 },
	{ "priority",	M_PRIORITY,  0 },
	{ "mtu",	M_MTU,	     0 },
	{ "expire",	M_EXPIRE,    0 },
	{ "label",	M_LABEL,     0 },
	{ "ifp",	M_IFP,	     0 },
	{ "ifa",	M_IFA,	     0 },
	{ "dst",	M_DST,	     0 },
	{ "gateway",	M_GATEWAY,   0 },
	{ "weight",	M_WEIGHT,    0 },
	/* of other systems' routes, or of older ones' */
	{ "bfd",	M_REFUSED,   0 },
	{ "nocloning",	M_REFUSED,   0 },
	{ "genmask",	M_REFUSED,   0 },
	{ "hopcount",	M_REFUSED,   0 },
	{ "jumbo",	M_REFUSED,   0 },
	{ "lock",	M_REFUSED,   0 },
	{ "lockrest",	M_REFUSED,   0 },
	{ "mpls",	M_REFUSED,   0 },
	{ "mplslabel",	M_REFUSED,   0 },
	{ "recvpipe",	M_REFUSED,   0 },
	{ "rtt",	M_REFUSED,   0 },
	{ "rttvar",	M_REFUSED,   0 },
	{ "sendpipe",	M_REFUSED,   0 },
	{ "ssthresh",	M_REFUSED,   0 },
	{ "xresolve",	M_REFUSED,   0 },
	/* clang-format on */
};

static uint8_t
priority_read(const char *text)
{
	for (unsigned int i = 1; i <= RTP_MAX; i++)
		if (strcmp(text, rt_priority_name(i)) == 0)
			return ((uint8_t)i);
	return ((uint8_t)number("priority", text, RTP_MAX));
}

static void
text_copy(const char *what, const char *text, char *to, size_t size)
{
	if (strlen(text) >= size) {
		fprintf(stderr, "route: %s: %s is too long\n", what, text);
		exit(1);
	}
	memcpy(to, text, strlen(text) + 1);
}

static void
word_add(struct request *rq, const char *text, int most)
{
	if (rq->nwords == most)
		usage();
	rq->word[rq->nwords++] = text;
}

static int
ip_read(const char *text, int af, struct ip_addr *a, unsigned int *scope)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (host_resolve("route", text, af, &ss, &len) == -1)
		exit(1);
	memset(a, 0, sizeof(*a));
	*scope = 0;
	if (ss.ss_family == AF_INET) {
		memcpy(a->b, &((struct sockaddr_in *)&ss)->sin_addr, 4);
	} else {
		memcpy(a->b, &((struct sockaddr_in6 *)&ss)->sin6_addr, 16);
		*scope = ((struct sockaddr_in6 *)&ss)->sin6_scope_id;
	}
	return (ss.ss_family);
}

/* Those with an argument. */
static void
argument_take(struct request *rq, enum modifier what, const char *arg, int most)
{
	unsigned int scope;

	switch (what) {
	case M_PREFIXLEN:
		rq->plen = (int)number("prefixlen", arg, 128);
		break;
	case M_NETMASK:
		rq->mask = arg;
		break;
	case M_PRIORITY:
		rq->m.rtm_priority = priority_read(arg);
		break;
	case M_MTU:
		rq->m.rtm_mtu = (uint32_t)number("mtu", arg, 65535);
		break;
	case M_EXPIRE:
		rq->m.rtm_expire_us = ((uint64_t)time(NULL) +
					  number("expire", arg, 1UL << 31)) *
		    1000000;
		break;
	case M_LABEL:
		text_copy("label", arg, rq->m.rtm_label,
		    sizeof(rq->m.rtm_label));
		break;
	case M_IFP:
		text_copy("ifp", arg, rq->m.rtm_ifname,
		    sizeof(rq->m.rtm_ifname));
		break;
	case M_IFA:
		rq->ifa = arg;
		break;
	case M_DST:
		word_add(rq, arg, most);
		break;
	case M_GATEWAY:
		rq->gatewayaf = ip_read(arg, rq->af, &rq->gateway, &scope);
		break;
	case M_WEIGHT:
		rq->m.rtm_weight = (uint32_t)number("weight", arg,
		    RT_WEIGHT_MAX);
		if (rq->m.rtm_weight == 0)
			fail("-weight", "0: a way that nothing takes; delete it");
		break;
	default:
		break;
	}
}

static void
modifier_take(struct request *rq, enum modifier what, uint32_t flag)
{
	switch (what) {
	case M_INET:
		rq->af = AF_INET;
		break;
	case M_INET6:
		rq->af = AF_INET6;
		break;
	case M_HOST:
		rq->host = true;
		break;
	case M_NET:
		rq->net = true;
		break;
	case M_LINK:
		rq->link = true;
		break;
	case M_IFACE:
		rq->iface = true;
		break;
	case M_NOSTATIC:
		rq->nostatic = true;
		rq->m.rtm_fmask |= RTF_STATIC;
		break;
	case M_FLAG:
		rq->m.rtm_flags |= flag;
		rq->m.rtm_fmask |= flag;
		break;
	case M_NOFLAG:
		rq->m.rtm_flags &= ~flag;
		rq->m.rtm_fmask |= flag;
		break;
	default:
		break;
	}
}

void
words_read(struct request *rq, char *argv[], int nwords)
{
	const size_t n = sizeof(modifiers) / sizeof(modifiers[0]);
	enum modifier what;
	size_t i;

	for (; *argv != NULL; argv++) {
		if (**argv != '-') {
			word_add(rq, *argv, nwords);
			continue;
		}
		for (i = 0; i < n && strcmp(modifiers[i].word, *argv + 1) != 0;)
			i++;
		if (i == n) {
			fprintf(stderr, "route: %s: no such modifier\n", *argv);
			exit(2);
		}
		if ((what = modifiers[i].what) == M_REFUSED)
			fail(*argv, "routes of this kernel have no such thing");
		if (what < M_PREFIXLEN) {
			modifier_take(rq, what, modifiers[i].flag);
			continue;
		}
		if (argv[1] == NULL) {
			fprintf(stderr, "route: %s needs an argument\n", *argv);
			exit(2);
		}
		argument_take(rq, what, *++argv, nwords);
	}
}

/* --- destination --- */

static int
mask_length(const char *text)
{
	uint32_t m;
	uint64_t v;
	struct in_addr in;

	if (strncmp(text, "0x", 2) == 0 && strlen(text) <= 10) {
		if (!number_read(text + 2, 16, 0, UINT32_MAX, &v))
			fail(text, "not a netmask");
		m = (uint32_t)v;
	} else if (inet_pton(AF_INET, text, &in) == 1) {
		m = ntohl(in.s_addr);
	} else {
		fail(text, "not a netmask");
	}
	if ((~m & (~m + 1)) != 0)
		fail(text, "a netmask with holes");
	return (__builtin_popcount(m));
}

/* The prefix of a network written without one: its class. */
static int
class_plen(const struct ip_addr *a)
{
	return (a->b[0] < 128 ? 8 : a->b[0] < 192 ? 16 : 24);
}

/* Is there nothing behind the first plen bits (of IPv4)? */
static bool
is_network(const struct ip_addr *a, int plen)
{
	for (int i = plen / 8; i < 4; i++)
		if (a->b[i] != 0)
			return (false);
	return (true);
}

/* "10.1": bytes from the left.  How many there were, 0 if it is none. */
static int
bytes_read(const char *text, struct ip_addr *a)
{
	unsigned long v;
	char *end;
	int n = 0;

	memset(a, 0, sizeof(*a));
	for (;; text = end + 1) {
		if (*text < '0' || *text > '9' || n == 4)
			return (0);
		v = strtoul(text, &end, 10);
		if (v > 255)
			return (0);
		a->b[n++] = (uint8_t)v;
		if (*end == '\0')
			return (n);
		if (*end != '.')
			return (0);
	}
}

/* An IPv4 network or host by its bytes.  False: it is a name, or IPv6. */
static bool
destination4_read(struct request *rq, const char *text)
{
	int n = bytes_read(text, &rq->m.rtm_dst), plen;

	if (n == 0 || rq->af == AF_INET6)
		return (false);
	if (rq->host && n < 4)
		fail(text, "-host, but the address is cut short");
	rq->m.rtm_af = AF_INET;
	plen = class_plen(&rq->m.rtm_dst);
	if (n < 4)
		plen = n * 8;
	else if (rq->net && !is_network(&rq->m.rtm_dst, plen))
		plen = is_network(&rq->m.rtm_dst, 16) ? 16 :
		    is_network(&rq->m.rtm_dst, 24)    ? 24 :
							32;
	else if (!rq->net && !is_network(&rq->m.rtm_dst, plen))
		plen = 32;
	if (rq->plen == -1)
		rq->plen = rq->host ? 32 : plen;
	return (true);
}

static void
default_read(struct request *rq)
{
	struct ip_addr gw;
	unsigned int scope;
	int af = rq->af;

	if (af == AF_UNSPEC)
		af = rq->nwords > 1 && !rq->iface && !rq->link &&
			host_ifindex(rq->word[1]) == 0 ?
		    ip_read(rq->word[1], AF_UNSPEC, &gw, &scope) :
		    AF_INET;
	rq->m.rtm_af = (uint16_t)af;
	rq->plen = 0;
}

void
destination_read(struct request *rq)
{
	const char *mask = rq->nwords > 2 ? rq->word[2] : rq->mask;
	const char *slash = strchr(rq->word[0], '/');
	unsigned int scope;
	char text[256];
	int bits;

	text_copy("destination", rq->word[0], text, sizeof(text));
	if (slash != NULL) {
		text[slash - rq->word[0]] = '\0';
		rq->plen = (int)number("prefix length", slash + 1, 128);
	}
	if (mask != NULL)
		rq->plen = mask_length(mask);
	if (strcmp(text, "default") == 0) {
		default_read(rq);
	} else if (!destination4_read(rq, text)) {
		rq->m.rtm_af = (uint16_t)ip_read(text, rq->af, &rq->m.rtm_dst,
		    &scope);
		rq->m.rtm_ifindex = (uint16_t)scope;
	}
	bits = rq->m.rtm_af == AF_INET ? 32 : 128;
	if (rq->plen == -1)
		rq->plen = bits;
	if (rq->plen > bits)
		fail(rq->word[0], "prefix longer than the address");
	if (rq->host && rq->plen != bits)
		fail(rq->word[0], "-host, but the prefix is a network's");
	rq->ishost = rq->plen == bits && !rq->net;
	rq->m.rtm_plen = (uint8_t)rq->plen;
}

/* --- gateway --- */

/* The interface that has the address. */
static uint16_t
interface_of(const char *text, int af)
{
	struct if_addrreq *rows;
	struct ip_addr a;
	unsigned int scope, index = 0;
	size_t len;

	ip_read(text, af, &a, &scope);
	if ((rows = bsd_sysctl_alloc("net.link.addrs", &len)) == NULL)
		fail(text, "addresses cannot be read");
	for (size_t i = 0; i < len / sizeof(*rows) && index == 0; i++)
		if (rows[i].af == af && ip_addr_eq(&rows[i].addr, &a))
			index = host_ifindex(rows[i].name);
	free(rows);
	if (index == 0)
		fail(text, "not an address of this machine");
	return ((uint16_t)index);
}

/* A gateway's address; with -iface, or by its name, the interface itself. */
void
gateway_read(struct request *rq)
{
	unsigned int scope, index;

	if (rq->ifa != NULL) {
		ip_read(rq->ifa, rq->m.rtm_af, &rq->m.rtm_ifa, &scope);
		rq->m.rtm_ifindex = interface_of(rq->ifa, rq->m.rtm_af);
	}
	if (rq->nwords < 2)
		return;
	if (rq->link) {
		if (nbr_lladdr(rq->word[1], rq->m.rtm_lladdr) == -1)
			fail(rq->word[1], "not a link address");
		rq->m.rtm_gwaf = AF_LINK;
		return;
	}
	if ((index = host_ifindex(rq->word[1])) != 0) {
		rq->m.rtm_ifindex = (uint16_t)index;
		return;
	}
	if (rq->iface) { /* by our own address there */
		ip_read(rq->word[1], rq->m.rtm_af, &rq->m.rtm_ifa, &scope);
		rq->m.rtm_ifindex = interface_of(rq->word[1], rq->m.rtm_af);
		return;
	}
	rq->m.rtm_gwaf = (uint16_t)ip_read(rq->word[1], rq->af,
	    &rq->m.rtm_gateway, &scope);
	rq->m.rtm_flags |= RTF_GATEWAY;
	if (scope != 0)
		rq->m.rtm_ifindex = (uint16_t)scope;
}
