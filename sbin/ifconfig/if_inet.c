/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* Addresses of both families: words, and how they are shown. */

#include <sys/socket.h>
#include <arpa/inet.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ifconfig.h"

static unsigned int
af_bits(int af)
{
	return (af == AF_INET6 ? 128 : 32);
}

/* Text of either family, when none was named; the end if it is none. */
static void
address_read(struct work *w, const char *text, struct ip_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (!w->family_given && !w->addr_set)
		w->af = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(w->af, text, a) != 1)
		fail("%s: bad value: not an address, and no word of ifconfig",
		    text);
}

void
inet_address(struct work *w, const char *text)
{
	char buf[64], *slash;

	if (strlen(text) >= sizeof(buf))
		fail("%s: bad value: not an address, and no word of ifconfig",
		    text);
	memcpy(buf, text, strlen(text) + 1);
	if (w->addr_set) { /* the second one: the other end, or the broadcast address */
		address_read(w, buf, &w->addr.dst);
		return;
	}
	if ((slash = strchr(buf, '/')) != NULL)
		*slash++ = '\0';
	address_read(w, buf, &w->addr.addr);
	w->addr_set = true;
	if (slash == NULL)
		return;
	w->addr.plen = (uint16_t)number("prefix length", slash, 0,
	    af_bits(w->af));
	w->plen_set = true;
}

static void
word_family(struct work *w, const char *arg, uint64_t af)
{
	(void)arg;
	w->af = (int)af;
	w->family_given = true;
}

/* A netmask as 255.255.255.0 or 0xffffff00; its ones must come first. */
static void
word_netmask(struct work *w, const char *arg, uint64_t flag)
{
	struct in_addr in;
	uint32_t mask;

	(void)flag;
	if (strncmp(arg, "0x", 2) == 0)
		mask = (uint32_t)number("netmask", arg, 0, UINT32_MAX);
	else if (inet_pton(AF_INET, arg, &in) == 1)
		mask = ntohl(in.s_addr);
	else
		fail("netmask: %s is no netmask", arg);
	if ((~mask & (~mask + 1)) != 0)
		fail("netmask: %s has a hole", arg);
	w->addr.plen = (uint16_t)__builtin_popcount(mask);
	w->plen_set = true;
}

static void
word_prefixlen(struct work *w, const char *arg, uint64_t flag)
{
	(void)flag;
	w->addr.plen = (uint16_t)number("prefixlen", arg, 0, af_bits(w->af));
	w->plen_set = true;
}

static void
word_broadcast(struct work *w, const char *arg, uint64_t flag)
{
	(void)flag;
	if (inet_pton(w->af, arg, &w->addr.dst) != 1)
		fail("%s is no address", arg);
}

static void
word_alias(struct work *w, const char *arg, uint64_t delete)
{
	(void)arg;
	w->addr_alias = true;
	w->addr_delete = delete != 0;
}

/* Words of IPv6 addresses stand behind inet6. */
static void
only6(const struct work *w, const char *word)
{
	if (w->af != AF_INET6)
		fail("%s: %s: only for inet6 addresses", w->name, word);
}

static void
word_lifetime(struct work *w, const char *arg, uint64_t preferred)
{
	uint32_t *time = preferred != 0 ? &w->addr.pltime : &w->addr.vltime;
	const char *what = preferred != 0 ? "pltime" : "vltime";

	only6(w, what);
	*time = UINT32_MAX;
	if (strcmp(arg, "infty") != 0)
		*time = (uint32_t)number(what, arg, 0, UINT32_MAX - 1);
	if (preferred != 0)
		w->pltime_set = true;
	else
		w->vltime_set = true;
}

static void
word_addrflag(struct work *w, const char *arg, uint64_t flag)
{
	(void)arg;
	only6(w, "anycast");
	if ((flag & FLAG_OFF) != 0)
		w->addr.flags &= ~(uint32_t)flag;
	else
		w->addr.flags |= (uint32_t)flag;
}

static void
word_eui64(struct work *w, const char *arg, uint64_t flag)
{
	(void)arg;
	(void)flag;
	only6(w, "eui64");
	w->eui64 = true;
}

/* Autoconfiguration is the interface's, by its flags. */
static void
word_autoconf(struct work *w, const char *arg, uint64_t flag)
{
	(void)arg;
	if (w->af != AF_INET6)
		fail(
		    "%s: inet autoconf: there is no DHCP client; inet6 autoconf is for IPv6",
		    w->name);
	flags_change(w, flag);
	w->autoconf = (flag & (FLAG_OFF | IFXF_AUTOCONF6)) == IFXF_AUTOCONF6;
}

/* All addresses of the family go. */
static void
word_nofamily(struct work *w, const char *arg, uint64_t af)
{
	char name[64];
	struct if_addrreq *rows;
	size_t len;

	(void)arg;
	if (rehearsal)
		return;
	snprintf(name, sizeof(name), "net.link.addrs.%s", w->name);
	if ((rows = if_read(name, &len)) == NULL)
		fail("%s: no such interface", w->name);
	if (af == AF_INET6)
		flags_change(w,
		    FLAG_OFF | IFXF_AUTOCONF6 | IFXF_AUTOCONF6TEMP);
	for (size_t i = 0; i < len / sizeof(*rows); i++)
		if (rows[i].af == af &&
		    if_call(SIOCDIFADDR_FG, &rows[i]) == -1 &&
		    errno != EADDRNOTAVAIL)
			fail("%s: delete address: %s", w->name,
			    strerror(errno));
	free(rows);
}

#define AUTOCONF (IFXF_AUTOCONF6 | IFXF_AUTOCONF6TEMP)
const struct word inet_words[] = {
	/* clang-format off */
	{ "inet",	0, word_family,	   AF_INET },
	{ "inet6",	0, word_family,	   AF_INET6 },
	{ "-inet",	0, word_nofamily,  AF_INET },
	{ "-inet6",	0, word_nofamily,  AF_INET6 },
	{ "netmask",	1, word_netmask,   0 },
	{ "prefixlen",	1, word_prefixlen, 0 },
	{ "broadcast",	1, word_broadcast, 0 },
	{ "alias",	0, word_alias,	   0 },
	{ "-alias",	0, word_alias,	   1 },
	{ "delete",	0, word_alias,	   1 },
	{ "pltime",	1, word_lifetime,  1 },
	{ "vltime",	1, word_lifetime,  0 },
	{ "anycast",	0, word_addrflag,  IFA_ANYCAST },
	{ "-anycast",	0, word_addrflag,  FLAG_OFF | IFA_ANYCAST },
	{ "eui64",	0, word_eui64,	   0 },
	{ "autoconf",	0, word_autoconf,  AUTOCONF },
	{ "-autoconf",	0, word_autoconf,  FLAG_OFF | AUTOCONF },
	{ "temporary",	0, word_autoconf,  IFXF_AUTOCONF6TEMP },
	{ "-temporary", 0, word_autoconf,  FLAG_OFF | IFXF_AUTOCONF6TEMP },
	{ "soii",	0, word_autoconf,  FLAG_OFF | IFXF_INET6_NOSOII },
	{ "-soii",	0, word_autoconf,  IFXF_INET6_NOSOII },
	{ NULL,		0, NULL,	   0 }
	/* clang-format on */
};

/* --- at the end of the line --- */

static bool
is_linklocal(const struct ip_addr *a)
{
	return (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

/* The prefix length of an IPv4 address without one (RFC 791: its class). */
static uint16_t
class_plen(const struct ip_addr *a)
{
	return (a->b[0] < 128 ? 8 : a->b[0] < 192 ? 16 : 24);
}

/* The first address of a family: the one that is replaced.  False: none. */
static bool
first_address(const struct work *w, struct if_addrreq *first)
{
	char name[64];
	struct if_addrreq *rows;
	bool found = false;
	size_t len;

	snprintf(name, sizeof(name), "net.link.addrs.%s", w->name);
	if ((rows = if_read(name, &len)) == NULL)
		return (false);
	for (size_t i = 0; i < len / sizeof(*rows) && !found; i++)
		if (rows[i].af == w->af && (rows[i].flags & IFA_ALIAS) == 0) {
			*first = rows[i];
			found = true;
		}
	free(rows);
	return (found);
}

static void
address_up(const struct work *w)
{
	struct if_req req;

	memset(&req, 0, sizeof(req));
	memcpy(req.name, w->name, sizeof(req.name));
	if (w->down || if_call(SIOCGIFFLAGS, &req) == -1 ||
	    (req.value & IFF_UP) != 0)
		return;
	req.value |= IFF_UP;
	if (if_call(SIOCSIFFLAGS, &req) == -1)
		fail("%s: up: %s", w->name, strerror(errno));
}

/* The last 64 bits of the interface's link-local address.  False: it has none. */
static bool
linklocal_id(const struct work *w, uint8_t id[8])
{
	char name[64];
	struct if_addrreq *rows;
	bool found = false;
	size_t len;

	snprintf(name, sizeof(name), "net.link.addrs.%s", w->name);
	if ((rows = if_read(name, &len)) == NULL)
		return (false);
	for (size_t i = 0; i < len / sizeof(*rows) && !found; i++)
		if (rows[i].af == AF_INET6 && is_linklocal(&rows[i].addr)) {
			memcpy(id, rows[i].addr.b + 8, 8);
			found = true;
		}
	free(rows);
	return (found);
}

static void
eui64_fill(struct work *w)
{
	static const uint8_t none[8];

	if (memcmp(w->addr.addr.b + 8, none, 8) != 0)
		fail("%s: eui64: the last 64 bits of the address are given",
		    w->name);
	address_up(w); /* a link-local address comes with that */
	if (!linklocal_id(w, w->addr.addr.b + 8))
		fail(
		    "%s: eui64: there is no link-local address to take it from",
		    w->name);
}

/* Words that say something about an address, but there was none. */
static void
address_missing(const struct work *w)
{
	if (w->plen_set || w->addr_alias)
		fail("%s: a netmask or alias without an address", w->name);
	if (w->pltime_set || w->vltime_set || w->eui64 || w->addr.flags != 0)
		fail("%s: pltime, vltime, eui64 or anycast without an address",
		    w->name);
}

static void
lifetimes_finish(struct work *w)
{
	if (!w->vltime_set)
		w->addr.vltime = UINT32_MAX;
	if (!w->pltime_set)
		w->addr.pltime = w->addr.vltime;
	if (w->addr.vltime == 0)
		fail("%s: vltime 0: an address that is not valid; delete it",
		    w->name);
	if (w->addr.pltime > w->addr.vltime)
		fail("%s: pltime is longer than vltime", w->name);
}

void
inet_finish(struct work *w)
{
	struct if_addrreq old;
	bool replace;

	if (w->autoconf)
		address_up(w);
	if (!w->addr_set) {
		if (!w->addr_delete) {
			address_missing(w);
			return;
		}
		if (!rehearsal && !first_address(w, &w->addr))
			fail("%s: no address to delete", w->name);
	}
	lifetimes_finish(w);
	if (rehearsal)
		return;
	if (w->eui64)
		eui64_fill(w);
	memcpy(w->addr.name, w->name, sizeof(w->addr.name));
	w->addr.af = (uint16_t)w->af;
	if (w->addr_delete) {
		if_must(w, SIOCDIFADDR_FG, &w->addr, "delete address");
		return;
	}
	if (!w->plen_set)
		w->addr.plen = w->af == AF_INET6 ? 64 :
						   class_plen(&w->addr.addr);
	replace = w->af == AF_INET && !w->addr_alias &&
	    first_address(w, &old) && !ip_addr_eq(&old.addr, &w->addr.addr);
	if_must(w, SIOCAIFADDR_FG, &w->addr, "add address");
	if (replace)
		if_must(w, SIOCDIFADDR_FG, &old, "delete the old address");
	address_up(w);
}

/* --- shown --- */

static void
show_inet6(const struct if_row *row, const struct if_addrreq *a,
    const char *text)
{
	static const struct {
		uint32_t flag;
		const char *text;
	} words[] = { { IFA_ANYCAST, "anycast" },
		{ IFA_TENTATIVE, "tentative" },
		{ IFA_DUPLICATED, "duplicated" }, { IFA_DETACHED, "detached" },
		{ IFA_DEPRECATED, "deprecated" }, { IFA_AUTOCONF, "autoconf" },
		{ IFA_TEMPORARY, "temporary" } };
	bool linklocal = is_linklocal(&a->addr);
	/* no router told of it, though the kernel made it */
	uint32_t flags = linklocal ? a->flags & ~(uint32_t)IFA_AUTOCONF :
				     a->flags;

	printf("\tinet6 %s%s%s", text, linklocal ? "%" : "",
	    linklocal ? row->name : "");
	printf(" prefixlen %u", a->plen);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((flags & words[i].flag) != 0)
			printf(" %s", words[i].text);
	if (linklocal)
		printf(" scopeid 0x%x", row->index);
	if (a->pltime != UINT32_MAX)
		printf(" pltime %u", a->pltime);
	if (a->vltime != UINT32_MAX)
		printf(" vltime %u", a->vltime);
	putchar('\n');
}

void
inet_show(const struct if_row *row, const struct if_addrreq *a)
{
	char text[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	uint32_t mask = a->plen == 0 ? 0 : ~0U << (32 - a->plen % 33);
	bool peer = (row->flags & IFF_POINTOPOINT) != 0;

	inet_ntop(a->af, &a->addr, text, sizeof(text));
	if (a->af == AF_INET6) {
		show_inet6(row, a, text);
		return;
	}
	inet_ntop(AF_INET, &a->dst, dst, sizeof(dst));
	printf("\tinet %s", text);
	if (peer)
		printf(" --> %s", dst);
	printf(" netmask 0x%08x", mask);
	if (!peer && (row->flags & IFF_BROADCAST) != 0 &&
	    !ip_addr_iszero(&a->dst))
		printf(" broadcast %s", dst);
	putchar('\n');
}
