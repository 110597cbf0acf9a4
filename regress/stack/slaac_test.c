/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Hosts that configure themselves, on the virtual clock.  Routers are made of
 * frames: they answer solicitations as RFC 4861 6.2.6 asks, late and not
 * always, advertise by themselves, answer for their link address while they
 * live, and pass on nothing.  What a host sends to somebody far away shows
 * which of them it uses.
 */

#include <sys/socket.h>
#include <net/if_ioctl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet6/nd6_row.h>

#include "../libsim/sim.h"

#include <cmocka.h>

#define ECHO_REQUEST 128
#define ECHO_REPLY   129
#define RS           133
#define RA           134
#define NS           135
#define NA           136
#define SECOND       1000000ULL
#define TICK         10000ULL
#define AUTOCONF     (IFXF_AUTOCONF6 | IFXF_AUTOCONF6TEMP)

/* --- routers --- */

struct prefix {
	uint8_t net; /* 2001:db8:net::/64 */
	uint32_t vltime, pltime;
};
struct router {
	uint8_t n; /* fe80::n, 2:0:0:0:0:n */
	bool alive;
	uint8_t preference; /* two bits */
	uint16_t lifetime;
	struct prefix prefix[4];
	uint32_t mtu;
	uint64_t every_us; /* between advertisements by itself, 0: none */
	unsigned int loss; /* of its messages, percent */
	/* how it goes */
	uint64_t next_us, answer_us;
	unsigned int used; /* packets that hosts gave it to pass on */
};

static struct sim_wire *lan;
static size_t seen; /* frames looked at */
static uint32_t chance_state;
static bool contested; /* station 9 has every address that is tried */
static unsigned int contests;

static uint32_t
chance(uint32_t below)
{
	chance_state = chance_state * 1664525 + 1013904223;
	return ((chance_state >> 8) % below);
}

static uint64_t
now_us(void)
{
	return (sim_now() / 1000);
}

static void
addr_ll(uint8_t a[16], uint8_t n)
{
	memset(a, 0, 16);
	a[0] = 0xfe;
	a[1] = 0x80;
	a[15] = n;
}

static void
addr_net(uint8_t a[16], uint8_t net)
{
	memset(a, 0, 16);
	memcpy(a, "\x20\x01\x0d\xb8", 4);
	a[5] = net;
}

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* An ICMPv6 message on the wire, with its checksum. */
static void
say(const struct sim_ends *e, uint8_t *body, size_t len)
{
	uint8_t pseudo[40] = { 0 }, frame[1600];
	uint32_t acc = 0;

	body[2] = body[3] = 0;
	memcpy(pseudo, e->src, 16);
	memcpy(pseudo + 16, e->dst, 16);
	pseudo[34] = (uint8_t)(len >> 8);
	pseudo[35] = (uint8_t)len;
	pseudo[39] = 58;
	for (int i = 0; i < 40; i += 2)
		acc += (uint32_t)pseudo[i] << 8 | pseudo[i + 1];
	for (size_t i = 0; i < len; i += 2)
		acc += (uint32_t)body[i] << 8 | body[i + 1];
	while (acc >> 16 != 0)
		acc = (acc >> 16) + (acc & 0xffff);
	acc = ~acc;
	body[2] = (uint8_t)(acc >> 8);
	body[3] = (uint8_t)acc;
	sim_inject(lan, frame, sim_ip6(frame, e, 58, body, len));
}

static struct sim_ends
ends_of(uint8_t n)
{
	struct sim_ends e = { .ttl = 255,
		.smac = { 2, 0, 0, 0, 0, n },
		.dmac = { 0x33, 0x33, 0, 0, 0, 1 } };

	addr_ll(e.src, n);
	e.dst[0] = 0xff;
	e.dst[1] = 2;
	e.dst[15] = 1;
	return (e);
}

static size_t
ra_prefix(uint8_t *o, const struct prefix *p, uint8_t plen)
{
	memset(o, 0, 32);
	o[0] = 3;
	o[1] = 4;
	o[2] = plen;
	o[3] = 0xc0;
	put32(o + 4, p->vltime);
	put32(o + 8, p->pltime);
	addr_net(o + 16, p->net);
	return (32);
}

static void
advertise(const struct router *r)
{
	struct sim_ends e = ends_of(r->n);
	uint8_t body[512] = { RA, [4] = 64, [5] = (uint8_t)(r->preference << 3),
		[6] = (uint8_t)(r->lifetime >> 8), [7] = (uint8_t)r->lifetime,
		[16] = 1, 1, 2, 0, 0, 0, 0, r->n };
	size_t len = 24;

	if (chance(100) < r->loss)
		return;
	for (int i = 0; i < 4; i++)
		if (r->prefix[i].net != 0)
			len += ra_prefix(body + len, &r->prefix[i], 64);
	if (r->mtu != 0) {
		body[len] = 5;
		body[len + 1] = 1;
		put32(body + len + 4, r->mtu);
		len += 8;
	}
	say(&e, body, len);
}

/* Station n has target: the answer to who asked in frame f, or to all. */
static void
claim(uint8_t n, const uint8_t *target, const uint8_t *f, uint8_t flags)
{
	static const uint8_t nobody[16];
	struct sim_ends e = ends_of(n);
	uint8_t body[32] = { NA, [4] = flags, [24] = 2, 1, 2, 0, 0, 0, 0, n };

	memcpy(body + 8, target, 16);
	if (memcmp(f + 14 + 8, nobody, 16) != 0) {
		memcpy(e.dst, f + 14 + 8, 16);
		memcpy(e.dmac, f + 6, 6);
	} else
		body[4] &= (uint8_t)~0x40;
	say(&e, body, sizeof(body));
}

static void
router_hears(struct router *r, const struct sim_frame *f)
{
	const uint8_t *icmp = f->data + 54;
	uint8_t own[16], mac[6] = { 2, 0, 0, 0, 0, r->n };

	addr_ll(own, r->n);
	if (!r->alive || f->from == NULL)
		return;
	if (icmp[0] == RS && r->answer_us == 0 && chance(100) >= r->loss)
		r->answer_us = now_us() + chance(500000);
	else if (icmp[0] == NS && memcmp(icmp + 8, own, 16) == 0)
		claim(r->n, own, f->data, 0xe0);
	else if (icmp[0] == ECHO_REPLY && memcmp(f->data, mac, 6) == 0)
		r->used++;
}

static void
hear(struct router *r, size_t nr)
{
	struct sim_frame f;

	for (; sim_wire_frame(lan, seen, &f); seen++) {
		uint8_t copy[128];

		if (f.len < 62 || f.data[12] != 0x86 || f.data[20] != 58)
			continue;
		memcpy(copy, f.data, f.len < 128 ? f.len : 128);
		f.data = copy; /* answers make more frames */
		for (size_t i = 0; i < nr; i++)
			router_hears(&r[i], &f);
		if (contested && f.from != NULL && copy[54] == NS &&
		    f.len >= 78 && copy[62] == 0x20 && copy[22] == 0) {
			contests++;
			claim(9, copy + 62, copy, 0x20);
		}
	}
}

/* The world goes on, with its routers. */
static void
run(struct router *r, size_t nr, uint64_t us)
{
	for (uint64_t end = now_us() + us; now_us() < end;) {
		sim_run(TICK);
		hear(r, nr);
		for (size_t i = 0; i < nr; i++) {
			if (!r[i].alive)
				continue;
			if (r[i].answer_us != 0 && r[i].answer_us <= now_us()) {
				r[i].answer_us = 0;
				advertise(&r[i]);
			}
			if (r[i].every_us != 0 && r[i].next_us <= now_us()) {
				r[i].next_us = now_us() + r[i].every_us;
				advertise(&r[i]);
			}
		}
	}
}

/* --- hosts --- */

static struct sim_machine *
host(const char *name, uint32_t flags)
{
	struct sim_machine *m = sim_machine(name);
	struct if_req req = { .name = "fxp0" };

	sim_plug(m, "fxp0", lan);
	assert_int_equal(sim_ioctl(m, SIOCGIFFLAGS, &req), 0);
	req.value |= flags | IFF_UP;
	assert_int_equal(sim_ioctl(m, SIOCSIFFLAGS, &req), 0);
	return (m);
}

static void
world(const char *name, uint32_t seed)
{
	sim_new(name, seed);
	lan = sim_wire("lan");
	sim_plug(sim_machine("other"), "fxp0", lan); /* there is a link */
	seen = 0;
	chance_state = seed;
	contested = false;
	contests = 0;
}

/* Addresses of fxp0 in 2001:db8:net::/64 with these flags, and the first. */
static unsigned int
addresses(struct sim_machine *m, uint8_t net, uint32_t mask, uint32_t flags,
    struct if_addrreq *first)
{
	static struct if_addrreq row[256];
	long len = sim_sysctl_raw(m, "net.link.addrs.fxp0", row, sizeof(row));
	uint8_t want[16];
	unsigned int n = 0;

	assert_true(len >= 0);
	addr_net(want, net);
	for (size_t i = 0; i < (size_t)len / sizeof(row[0]); i++)
		if (row[i].af == AF_INET6 &&
		    memcmp(&row[i].addr, want, 8) == 0 &&
		    (row[i].flags & mask) == flags && n++ == 0 && first != NULL)
			*first = row[i];
	return (n);
}

/* The router that has the default route of m, 0 for none. */
static unsigned int
gateway(struct sim_machine *m)
{
	static struct nd6_way_row row[128];
	long len = sim_sysctl_raw(m, "net.inet6.nd6.routers", row, sizeof(row));

	assert_true(len >= 0);
	for (size_t i = 0; i < (size_t)len / sizeof(row[0]); i++)
		if (row[i].plen == 0 && row[i].chosen != 0)
			return (row[i].router.b[15]);
	return (0);
}

/* An echo request from far away, by router n; the answer goes by the default. */
static void
ping(struct sim_machine *m, uint8_t n, uint8_t net)
{
	struct sim_ends e = ends_of(n);
	struct if_addrreq a;
	struct if_row row;
	uint8_t frame[256];

	if (addresses(m, net, IFA_TENTATIVE | IFA_TEMPORARY, 0, &a) == 0)
		return;
	assert_int_equal(sim_ifrow(m, "fxp0", &row), 0);
	memcpy(e.dmac, row.lladdr, 6);
	addr_net(e.src, 0xee);
	e.src[15] = 1;
	memcpy(e.dst, &a.addr, 16);
	e.ttl = 60;
	sim_inject(lan, frame, sim_echo6(frame, &e, 1, 1, 56));
}

/* Messages of a type that m has sent. */
static unsigned int
sent(const struct sim_machine *m, uint8_t type)
{
	struct sim_frame f;
	unsigned int k = 0;

	for (size_t n = 0; sim_wire_frame(lan, n, &f); n++)
		k += f.from == m && f.len >= 62 && f.data[12] == 0x86 &&
		    f.data[20] == 58 && f.data[54] == type;
	return (k);
}

/* --- tests --- */

#define HOSTS 5

/* Every third message is lost, the others come late: all get there. */
static uint64_t
bad_boot(uint32_t seed)
{
	static const char *const names[HOSTS] = { "a", "b", "c", "d", "e" };
	struct router r = { .n = 1,
		.alive = true,
		.lifetime = 1800,
		.loss = 33,
		.prefix = { { 5, 86400, 3600 } } };
	struct sim_machine *m[HOSTS];
	struct if_addrreq a, b;
	uint64_t digest;

	world("slaac-boot", seed);
	for (int i = 0; i < HOSTS; i++)
		m[i] = host(names[i], AUTOCONF);
	sim_wire_set(lan, "jitter", "300ms");
	run(&r, 1, 120 * SECOND);
	sim_wire_set(lan, "jitter", "0");
	for (int i = 0; i < HOSTS; i++) {
		assert_int_equal(gateway(m[i]), 1);
		assert_int_equal(addresses(m[i], 5, IFA_TEMPORARY, 0, &a), 1);
		assert_int_equal(addresses(m[i], 5, IFA_TEMPORARY,
				     IFA_TEMPORARY, &b),
		    1);
		assert_false(ip_addr_eq(&a.addr, &b.addr));
		assert_int_equal(a.flags & (IFA_TENTATIVE | IFA_DUPLICATED), 0);
		assert_in_range(sent(m[i], RS), 1, 6);
	}
	digest = sim_digest();
	sim_end(false);
	return (digest);
}

static void
hosts_boot_with_loss_and_reorder(void **state)
{
	for (uint32_t seed = 1; seed < 6; seed++)
		(void)bad_boot(seed);
}

static void
same_seed_same_bytes(void **state)
{
	assert_true(bad_boot(11) == bad_boot(11));
}

/* Nobody answers for an hour: the host asks ever more seldom, then at last. */
static void
router_comes_an_hour_late(void **state)
{
	struct router r = { .n = 1,
		.lifetime = 1800,
		.prefix = { { 5, 86400, 3600 } } };
	struct sim_machine *m;

	world("slaac-late", 3);
	m = host("a", AUTOCONF);
	run(&r, 1, 10 * SECOND);
	assert_in_range(sent(m, RS), 2, 3);
	for (int i = 0; i < 60; i++) {
		sim_run(60 * SECOND);
		hear(&r, 1);
	}
	assert_in_range(sent(m, RS), 9, 11); /* 4, 8, 16 ... s apart */
	r.alive = true;
	run(&r, 1, 1 * SECOND);
	for (int i = 0; gateway(m) == 0 && i < 90; i++) {
		sim_run(60 * SECOND);
		run(&r, 1, 2 * SECOND);
	}
	assert_int_equal(gateway(m), 1);
	sim_end(false);
}

static void
network_is_renumbered(void **state)
{
	struct router r = { .n = 1,
		.alive = true,
		.lifetime = 1800,
		.every_us = 30 * SECOND,
		.prefix = { { 5, 7200, 3600 } } };
	struct sim_machine *m;
	struct if_addrreq a;

	world("slaac-renumber", 4);
	m = host("a", AUTOCONF);
	run(&r, 1, 20 * SECOND);
	assert_int_equal(addresses(m, 5, IFA_DEPRECATED, 0, NULL), 2);
	/* the new prefix beside the old one, which is not preferred any more */
	r.prefix[1] = (struct prefix){ 6, 7200, 3600 };
	r.prefix[0].pltime = 0;
	r.prefix[0].vltime = 60;
	run(&r, 1, 40 * SECOND);
	assert_int_equal(addresses(m, 5, IFA_DEPRECATED, IFA_DEPRECATED, &a),
	    2);
	assert_true(a.pltime == 0 && a.vltime > 6000); /* two hours */
	assert_int_equal(addresses(m, 6, IFA_DEPRECATED, 0, NULL), 2);
	ping(m, 1, 5); /* who used the old one still can */
	run(&r, 1, SECOND);
	assert_int_equal(r.used, 1);
	r.prefix[0].net = 0;
	for (int i = 0; i < 75; i++) {
		run(&r, 1, SECOND);
		sim_run(100 * SECOND);
		hear(&r, 1);
	}
	assert_int_equal(addresses(m, 5, 0, 0, NULL), 0);
	assert_true(addresses(m, 6, IFA_DEPRECATED, 0, NULL) >= 2);
	sim_end(false);
}

/* The better of two routers dies without a word, and comes back. */
static void
two_routers_fail_over(void **state)
{
	struct router r[2] = {
		{ .n = 1,
		    .alive = true,
		    .lifetime = 9000,
		    .preference = 1,
		    .prefix = { { 5, 86400, 43200 } } },
		{ .n = 2, .alive = true, .lifetime = 9000, .preference = 3 },
	};
	struct sim_machine *m;
	unsigned int before;
	int i;

	world("slaac-failover", 5);
	m = host("a", AUTOCONF);
	run(r, 2, 20 * SECOND);
	assert_int_equal(gateway(m), 1);
	ping(m, 1, 5);
	run(r, 2, SECOND);
	assert_int_equal(r[0].used, 1);
	r[0].alive = false;
	for (i = 0; i < 120 && r[1].used == 0; i++) {
		ping(m, 1, 5);
		run(r, 2, SECOND);
	}
	/* what is left of being reachable, 5 s of doubt, three questions */
	assert_in_range(i, 8, 56);
	assert_int_equal(gateway(m), 2);
	before = r[1].used;
	for (i = 0; i < 10; i++) {
		ping(m, 1, 5);
		run(r, 2, SECOND);
	}
	assert_int_equal(r[1].used, before + 10);
	r[0].alive = true;
	run(r, 2, 70 * SECOND); /* asked within a minute, and better */
	assert_int_equal(gateway(m), 1);
	ping(m, 1, 5);
	before = r[0].used;
	run(r, 2, SECOND);
	assert_int_equal(r[0].used, before + 1);
	/* it says that it stops: at once */
	r[0].lifetime = 0;
	advertise(&r[0]);
	run(r, 2, TICK);
	assert_int_equal(gateway(m), 2);
	sim_end(false);
}

/* Somebody has every address that is tried. */
static void
every_address_is_taken(void **state)
{
	struct router r = { .n = 1,
		.alive = true,
		.lifetime = 1800,
		.prefix = { { 5, 86400, 3600 } } };
	struct sim_machine *m;

	world("slaac-dup", 6);
	contested = true;
	m = host("a", AUTOCONF);
	run(&r, 1, 40 * SECOND);
	/* one made from the link address, three of chance */
	assert_int_equal(contests, 4);
	assert_int_equal(addresses(m, 5, IFA_DUPLICATED, 0, NULL), 0);
	assert_int_equal(addresses(m, 5, IFA_DUPLICATED, IFA_DUPLICATED, NULL),
	    2);
	assert_int_equal(gateway(m), 1); /* it is a network all the same */
	sim_end(false);
}

/* Frames of a router that wishes no good, n-th kind. */
static void
lie(uint8_t n, unsigned int i)
{
	struct sim_ends e = ends_of(n);
	uint8_t body[1400] = { RA, [4] = 1, [6] = 0x23, [7] = 0x28, [16] = 1, 1,
		2, 0, 0, 0, 0, n };
	struct prefix all = { 1, ~0U, ~0U }, zero = { 5, 0, 0 };
	size_t len = 24;

	put32(body + 8, i);                    /* reachable: 0, 1 ms ... */
	put32(body + 12, ~0U);                 /* never ask twice */
	len += ra_prefix(body + len, &all, 0); /* all are neighbours */
	len += ra_prefix(body + len, &zero, 64);
	body[len] = 5;
	body[len + 1] = 1;
	put32(body + len + 4, i % 2 != 0 ? 0x80000000U : 100);
	len += 8;
	for (unsigned int k = 0; k < 30; k++) {
		all.net = (uint8_t)(10 + k);
		len += ra_prefix(body + len, &all, 64);
		body[len - 13] = (uint8_t)i; /* another each time */
		body[len - 12] = (uint8_t)(i >> 8);
	}
	say(&e, body, len);
}

static void
a_router_lies(void **state)
{
	struct router r = { .n = 1,
		.alive = true,
		.lifetime = 9000,
		.every_us = 10 * SECOND,
		.prefix = { { 5, 86400, 3600 } },
		.mtu = 1400 };
	struct sim_machine *m;
	static struct nd6_way_row ways[256];
	static struct nd6_prefix_row prefixes[256];
	static struct nd6_link_row link;
	struct if_addrreq a;
	long n, live = 0;

	world("slaac-liar", 7);
	m = host("a", AUTOCONF);
	run(&r, 1, 20 * SECOND);
	for (unsigned int i = 0; i < 500; i++) {
		lie((uint8_t)(20 + i % 100), i);
		if (i % 20 == 0)
			run(&r, 1, SECOND);
		if (i == 250)
			live = sim_machine_live(m);
	}
	/* bounded, and what was good before is so still */
	assert_in_range(sim_machine_live(m), 0, (uintmax_t)live + 200);
	n = sim_sysctl_raw(m, "net.inet6.nd6.routers", ways, sizeof(ways));
	assert_in_range(n / (long)sizeof(ways[0]), 1, 16);
	n = sim_sysctl_raw(m, "net.inet6.nd6.prefixes", prefixes,
	    sizeof(prefixes));
	assert_in_range(n / (long)sizeof(prefixes[0]), 1, 16);
	assert_int_equal(sim_sysctl_raw(m, "net.inet6.nd6.links", &link,
			     sizeof(link)),
	    sizeof(link));
	assert_int_equal(link.mtu, 1400);
	assert_int_equal(link.hlim, 64);
	assert_int_equal(link.retrans_ms, 1000);
	assert_int_equal(gateway(m), 1);
	run(&r, 1, 11 * SECOND);
	assert_int_equal(addresses(m, 5, IFA_TEMPORARY | IFA_DEPRECATED, 0, &a),
	    1);
	r.used = 0;
	ping(m, 1, 5);
	run(&r, 1, SECOND);
	assert_int_equal(r.used, 1);
	sim_end(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_boot_with_loss_and_reorder),
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(router_comes_an_hour_late),
		cmocka_unit_test(network_is_renumbered),
		cmocka_unit_test(two_routers_fail_over),
		cmocka_unit_test(every_address_is_taken),
		cmocka_unit_test(a_router_lies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
