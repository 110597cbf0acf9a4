/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* RFC 6724: one row per rung of the ladder, both ways round. */

#include "lab6.h"

#define A(...)                       \
	{                            \
		.b = { __VA_ARGS__ } \
	}
#define G1  A(0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1)
#define G2  A(0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = 1)
#define GD  A(0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 9)
#define LL1 A(0xfe, 0x80, [15] = 1)
#define LLD A(0xfe, 0x80, [15] = 9)
#define UL1 A(0xfd, 0, 0, 1, [15] = 1)
#define ULD A(0xfd, 0, 0, 2, [15] = 9)
#define S64 A(0x20, 0x02, 0xc0, 0, 2, 1, [15] = 1)
#define MC  A(0xff, 0x05, [15] = 9)

/* clang-format off */
static const struct {
	struct ip_addr a, b, dst; /* a is the better one */
	uint32_t aflags, bflags;
	int aif, bif; /* 0: pair0, which the packet leaves by; 1: pair1 */
	int rule;
	const char *what;
} rows[] = {
	{ GD,  G1,  GD,	 0, 0, 1, 0, 1, "the destination itself, though elsewhere" },
	{ G1,  LL1, GD,	 0, 0, 0, 0, 2, "global to reach global" },
	{ LL1, G1,  LLD, 0, 0, 0, 0, 2, "link-local to reach link-local" },
	{ G1,  LL1, MC,	 0, 0, 0, 0, 2, "a site's group needs more than the link" },
	{ G1,  G2,  GD,	 0, IFA_DEPRECATED, 0, 0, 3, "not the deprecated one" },
	{ G2,  G1,  GD,	 0, IFA_DEPRECATED, 1, 0, 3, "deprecated weighs more than interface" },
	{ G2,  G1,  GD,	 0, 0, 0, 1, 5, "the interface it leaves by" },
	{ UL1, G1,  ULD, 0, 0, 0, 0, 6, "unique local to unique local" },
	{ G1,  UL1, GD,	 0, 0, 0, 0, 6, "global to global" },
	{ G1,  S64, GD,	 0, 0, 0, 0, 6, "6to4 only to 6to4" },
	{ G2,  G1,  GD,	 IFA_TEMPORARY, 0, 0, 0, 7, "temporary before public" },
	{ G1,  G2,  GD,	 0, 0, 0, 0, 8, "more bits in common" },
};
/* clang-format on */

KTEST(in6_source_one_row_per_rule)
{
	struct ifaddr a, b;
	unsigned int i;
	int rule;

	lab_boot();
	for (i = 0; i < nitems(rows); i++) {
		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		a.ifa_addr = rows[i].a;
		b.ifa_addr = rows[i].b;
		a.ifa_plen = b.ifa_plen = 64;
		a.ifa_flags = rows[i].aflags;
		b.ifa_flags = rows[i].bflags;
		a.ifa_ifp = lab_if(rows[i].aif ? "pair1" : "pair0");
		b.ifa_ifp = lab_if(rows[i].bif ? "pair1" : "pair0");
		if (in6_source_compare(&a, &b, &rows[i].dst, lab_if("pair0"),
			NULL, &rule) <= 0)
			KT_STR("the wrong one", rows[i].what);
		KT_EQ(rule, rows[i].rule);
		if (in6_source_compare(&b, &a, &rows[i].dst, lab_if("pair0"),
			NULL, &rule) >= 0)
			KT_STR("the wrong one, turned round", rows[i].what);
		KT_EQ(rule, rows[i].rule);
		KT_EQ(in6_source_compare(&a, &a, &rows[i].dst, lab_if("pair0"),
			  NULL, &rule),
		    0);
	}
}

KTEST(in6_source_prefix_length_bounds_the_common_bits)
{
	struct ifaddr a = { .ifa_addr = G1, .ifa_plen = 48 },
		      b = { .ifa_addr = G1, .ifa_plen = 48 };
	struct ip_addr dst = GD;
	int rule;

	lab_boot();
	b.ifa_addr.b[15] =
	    8; /* shares more of the host part, which does not count */
	KT_EQ(in6_source_compare(&a, &b, &dst, lab_if("pair0"), NULL, &rule),
	    0);
	KT_EQ(rule, 0);
}

KTEST(in6_source_selects_usable_ones_only)
{
	struct ip_addr far = a6(9, 9), ll = LLD;
	struct ifaddr *ifa;

	lab_boot();
	KT(in6_source_select(lab_if("pair0"), &far, NULL) == NULL);
	lab_addr("pair0", a6(1, 1), 64, 0);
	KT(in6_source_select(lab_if("pair0"), &far, NULL) ==
	    NULL); /* tentative */
	lab_run(2500000);
	ifa = in6_source_select(lab_if("pair0"), &far, NULL);
	KT(ifa != NULL && ip_addr_eq(&ifa->ifa_addr, &(struct ip_addr)G1));
	ifa = in6_source_select(lab_if("pair0"), &ll, NULL);
	KT(ifa != NULL && in6_islinklocal(&ifa->ifa_addr) &&
	    ifa->ifa_ifp == lab_if("pair0"));
	ip6_use_deprecated = 0;
	in6_source_select(lab_if("pair0"), &far, NULL)->ifa_flags |=
	    IFA_DEPRECATED;
	ifa = in6_source_select(lab_if("pair0"), &far, NULL);
	KT(ifa == NULL || in6_islinklocal(&ifa->ifa_addr));
}

KTEST(in6_addresses_are_judged)
{
	struct ip_addr any = { .q = { 0, 0 } }, lo = in6addr_loopback,
		       group = MC, mapped = A([10] = 0xff, 0xff, 10, 0, 0, 1);

	lab_boot();
	lab_addr("pair0", any, 64, EINVAL);
	lab_addr("pair0", lo, 128, EINVAL);
	lab_addr("pair0", group, 64, EINVAL);
	lab_addr("pair0", mapped, 96, EINVAL);
	lab_addr("pair0", a6(1, 1), 0, EINVAL);
	lab_addr("pair0", a6(1, 1), 129, EINVAL);
	lab_addr("pair0", a6(1, 1), 64, 0);
	lab_addr("pair0", a6(1, 1), 48, 0); /* another prefix */
	KT_EQ(
	    ifa_onif(lab_if("pair0"), AF_INET6, &(struct ip_addr)G1)->ifa_plen,
	    48);
	lab_if("pair1")->if_rtable = 0;
	lab_addr("pair1", a6(1, 1), 64, EEXIST);
}

KTEST(in6_groups_we_listen_to)
{
	struct ip_addr own = G1, sol = in6_solicited(&own), g;
	struct ifnet *ifp;

	lab_boot();
	ifp = lab_if("pair0");
	KT(!in6_joined(ifp, &sol));
	lab_addr("pair0", own, 64, 0);
	KT(in6_joined(ifp, &sol)); /* tentative too: DAD needs it */
	KT(in6_joined(ifp, &in6addr_allnodes));
	KT(!in6_joined(ifp, &in6addr_allrouters));
	ip6_forwarding = 1;
	KT(in6_joined(ifp, &in6addr_allrouters));
	g = in6addr_allnodes;
	g.b[1] = 0x05;
	KT(!in6_joined(ifp, &g));
	g.b[1] = 0x12; /* transient */
	KT(!in6_joined(ifp, &g));
	g = in6addr_allnodes;
	g.b[9] = 1;
	KT(!in6_joined(ifp, &g));
}
