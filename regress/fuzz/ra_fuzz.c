/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A host that configures itself, over time: rows of one byte of what, then
 * bytes for it.  Advertisements of four routers, neighbours that answer or
 * not, time from a second to days, the link and flags that come and go,
 * addresses deleted or found to be duplicates.  Whatever happens, what is
 * held stays bounded, and all of it goes with autoconf.
 */

#include <netinet6/nd6_host.h>

#include "fuzz6.h"

static struct ip_addr
ra_router(uint8_t which)
{
	struct ip_addr a = { .b = { 0xfe, 0x80, [15] = 0x10 } };

	a.b[15] |= which & 3;
	return (a);
}

static void
ra_receive(uint8_t which, const uint8_t *body, size_t len)
{
	struct mbuf *m = fuzz_ip6(IPPROTO_ICMPV6, 0, 5, 255, body, len,
	    (which & 4) != 0 ? 48 : 0);
	struct ip_addr src = ra_router(which);

	if (m != NULL)
		memcpy(mtod(m, uint8_t *) + 8, src.b, 16);
	fuzz_receive(m);
}

/* Options as they come, but with the lengths that they should have. */
static void
ra_advert(uint8_t which, struct cursor *c)
{
	static const uint8_t types[] = { 1, 3, 3, 25, 5, 24, 31, 99 };
	uint8_t body[1300] = { ND_ROUTER_ADVERT }, n = 0, type, words;
	size_t len = 16;

	(void)cur_bytes(c, body + 4, MIN(c->left, 12));
	(void)cur_u8(c, &n);
	for (n %= 24; n > 0 && c->left > 1; n--) {
		(void)cur_u8(c, &type);
		words = types[type & 7] == 3 ? 4 :
		    types[type & 7] == 24    ? 1 + (type >> 3 & 3) :
		    types[type & 7] == 25    ? 3 + (type >> 3 & 2) :
		    types[type & 7] == 31    ? 2 + (type >> 3 & 7) :
					       1;
		if (len + words * 8U > sizeof(body))
			break;
		body[len] = types[type & 7];
		body[len + 1] = words;
		(void)cur_bytes(c, body + len + 2,
		    MIN(c->left, words * 8U - 2));
		len += words * 8U;
	}
	ra_receive(which, body, len);
}

static void
ra_raw(uint8_t which, struct cursor *c)
{
	uint8_t body[256] = { ND_ROUTER_ADVERT };
	size_t n = MIN(c->left, 200);

	(void)cur_bytes(c, body + 4, n);
	ra_receive(which, body, 4 + n);
}

static void
ra_answer(uint8_t which)
{
	struct ip_addr a = ra_router(which);
	uint8_t body[32] = { ND_NEIGHBOR_ADVERT, [4] = which & 0xe0, [24] = 2,
		1, 2, 0, 0, 0, 0, which & 3 };

	memcpy(body + 8, a.b, 16);
	ra_receive(which, body, sizeof(body));
}

/* Something happens to the n-th of our addresses. */
static void
ra_address(uint8_t which)
{
	struct if_addrreq req = { .af = AF_INET6,
		.plen = 64,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };
	unsigned int n = which >> 2;
	struct ifaddr *ifa;

	TAILQ_FOREACH(ifa, &fuzz_if->if_addrs, ifa_entry)
		if (ifa->ifa_af == AF_INET6 &&
		    (ifa->ifa_flags & IFA_AUTOCONF) != 0 &&
		    !in6_islinklocal(&ifa->ifa_addr) && n-- == 0)
			break;
	if (ifa == NULL)
		return;
	req.addr = ifa->ifa_addr;
	if ((which & 3) == 0)
		(void)in6_addr_del(fuzz_if, &req, NULL);
	else if ((which & 3) == 1)
		nd6_dad_claimed(ifa, NULL);
	else if ((which & 3) == 2)
		(void)in6_addr_add(fuzz_if, &req, NULL);
}

static void
ra_flags(uint8_t which)
{
	static const uint32_t flag[] = { IFXF_AUTOCONF6, IFXF_AUTOCONF6TEMP,
		IFF_UP, IFXF_INET6_NOSOII };

	switch (which >> 2 & 3) {
	case 0:
		(void)if_setflags(fuzz_if, fuzz_if->if_flags ^ flag[which & 3]);
		break;
	case 1:
		if_link_state_change(fuzz_if,
		    (which & 1) != 0 ? LINK_STATE_DOWN : LINK_STATE_UP);
		break;
	case 2:
		ip6_forwarding = which & 1;
		nd6_host_forwarding();
		break;
	default:
		ip6_temppltime = 10 << (which & 3);
		ip6_tempvltime = 60 << (which >> 4);
		break;
	}
}

/* So many moments of an input: an hour of them says no more. */
#define RA_MOMENTS 100

static void
ra_time(uint8_t how, unsigned int *moments)
{
	static const uint32_t step[] = { 1, 7, 600, 7200 };
	unsigned int i;

	for (i = 0; i <= how >> 4 && *moments < RA_MOMENTS; i++, ++*moments)
		fuzz_run(step[how >> 2 & 3] * 1000000ULL);
}

static void
ra_check(void)
{
	const struct nd6_host *ho = nd6_host(fuzz_if);
	const struct in6_if *i6 = in6_if(fuzz_if);

	KASSERT(i6->i6_mtu == 0 || i6->i6_mtu >= IPV6_MMTU);
	KASSERT(i6->i6_hlim == 0 || i6->i6_hlim >= 32);
	if (ho == NULL)
		return;
	KASSERT(ho->ho_nprefixes <= ND6_PREFIXES_MAX);
	KASSERT(ho->ho_nrtrs <= ND6_RTRS_MAX);
	KASSERT(ho->ho_nways <= ND6_WAYS_MAX);
	KASSERT(ho->ho_nrtrs <= ho->ho_nways);
}

/* Addresses that were made by hand meanwhile, and all that was learned. */
static void
ra_end(void)
{
	struct if_addrreq req = { .af = AF_INET6 };
	struct ifaddr *ifa, *next;

	(void)if_setflags(fuzz_if, IFF_UP);
	KASSERT(nd6_host(fuzz_if) == NULL);
	TAILQ_FOREACH_SAFE(ifa, &fuzz_if->if_addrs, ifa_entry, next) {
		if (ifa->ifa_af != AF_INET6 ||
		    ip_addr_eq(&ifa->ifa_addr, &fuzz_addrs[1]) ||
		    in6_islinklocal(&ifa->ifa_addr))
			continue;
		KASSERT((ifa->ifa_flags & IFA_AUTOCONF) == 0);
		req.addr = ifa->ifa_addr;
		(void)in6_addr_del(fuzz_if, &req, NULL);
	}
	if_link_state_change(fuzz_if, LINK_STATE_UP);
	nd6_ifdown(fuzz_if);
}

static void
ra_begin(void)
{
	ip6_forwarding = 0;
	nd6_host_forwarding();
	ip6_temppltime = 86400;
	ip6_tempvltime = 172800;
	KASSERT(if_setflags(fuzz_if,
		    IFF_UP | IFXF_AUTOCONF6 | IFXF_AUTOCONF6TEMP) == 0);
	fuzz_run(2000000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c;
	uint8_t what, which;
	unsigned int moments = 0;

	fuzz_boot();
	ra_begin();
	cur_init(&c, data, size);
	while (moments < RA_MOMENTS && cur_u8(&c, &what) == 0 &&
	    cur_u8(&c, &which) == 0) {
		switch (what & 7) {
		case 0:
		case 1:
		case 2:
			ra_advert(which, &c);
			break;
		case 3:
			ra_raw(which, &c);
			break;
		case 4:
			ra_answer(which);
			break;
		case 5:
			ra_address(which);
			break;
		case 6:
			ra_flags(which);
			break;
		default:
			ra_time(which, &moments);
			break;
		}
		fuzz_run(1000);
		ra_check();
	}
	ra_end();
	return (0);
}
