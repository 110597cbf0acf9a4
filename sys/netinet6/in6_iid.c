/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interface identifiers: the last 64 bits of an address.
 *
 *	EUI-64		from the link address (RFC 4291 A): the same in all
 *			networks, so whoever knows one address knows all
 *	opaque		looks random, but is always the same for a machine's
 *			interface in one network (RFC 7217)
 *	temporary	random (RFC 8981)
 *
 * Opaque ones need a secret, net.inet6.ip6.soiikey.  It is the machine's:
 * netstart(8) keeps it in etc/soii.key.  While there is none, or where
 * `ifconfig -soii' was said, ids are EUI-64.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/sysctl.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6_host.h>
#include <crypto/digest.h>

static uint8_t in6_soiikey[16];

bool
in6_soii(const struct ifnet *ifp)
{
	static const uint8_t none[sizeof(in6_soiikey)];

	return ((ifp->if_flags & IFXF_INET6_NOSOII) == 0 &&
	    memcmp(in6_soiikey, none, sizeof(none)) != 0);
}

/* RFC 7217 5: F(prefix, interface, counter, key).  The interface is its name:
 * another card, or a link address made up anew, changes nothing. */
static void
iid_opaque(const struct ifnet *ifp, const struct ip_addr *prefix, uint8_t tried,
    uint8_t id[8])
{
	uint8_t out[DIGEST_MAX];
	struct digest_ctx c;

	digest_init(&c, &digest_sha256);
	digest_update(&c, prefix->b, 8);
	digest_update(&c, ifp->if_xname, sizeof(ifp->if_xname));
	digest_update(&c, &tried, 1);
	digest_update(&c, in6_soiikey, sizeof(in6_soiikey));
	digest_final(&c, out);
	memcpy(id, out, 8);
}

static void
iid_eui64(const struct ifnet *ifp, uint8_t id[8])
{
	const uint8_t *l = ifp->if_lladdr;
	const uint8_t eui[8] = { l[0] ^ 2, l[1], l[2], 0xff, 0xfe, l[3], l[4],
		l[5] };

	memcpy(id, eui, sizeof(eui));
}

bool
in6_iid_reserved(const uint8_t id[8])
{
	uint64_t v = be64dec(id);

	/* subnet-router anycast; IANA's own of 02-00-5E; anycast groups */
	return (v == 0 ||
	    (v >= 0x02005efffe000000ULL && v <= 0x02005efffeffffffULL) ||
	    (v >= 0xfdffffffffffff80ULL && v <= 0xfdffffffffffffffULL));
}

/* A reserved one counts as tried, in a range of numbers that duplicates never
 * reach. */
void
in6_iid_stable(const struct ifnet *ifp, const struct ip_addr *prefix,
    unsigned int tried, uint8_t id[8])
{
	unsigned int skip;

	if (!in6_soii(ifp)) {
		iid_eui64(ifp, id);
		return;
	}
	iid_opaque(ifp, prefix, (uint8_t)tried, id);
	for (skip = 16; in6_iid_reserved(id) && skip < 256; skip += 16)
		iid_opaque(ifp, prefix, (uint8_t)(skip + tried), id);
}

void
in6_iid_random(uint8_t id[8])
{
	do
		arc4random_buf(id, 8);
	while (in6_iid_reserved(id));
}

/* Sixteen bytes; none or zeroes: EUI-64 again. */
static int
in6_sysctl_soiikey(struct sysctl_req *req)
{
	if (req->new != NULL) {
		if (req->newlen != 0 && req->newlen != sizeof(in6_soiikey))
			return (EINVAL);
		memset(in6_soiikey, 0, sizeof(in6_soiikey));
		memcpy(in6_soiikey, req->new, req->newlen);
	}
	return (sysctl_out(req, in6_soiikey, sizeof(in6_soiikey)));
}

static const struct sysctl_row in6_iid_sysctls[] = {
	{ .name = "net.inet6.ip6.soiikey",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_WR | CTLF_SECRET,
	    .handler = in6_sysctl_soiikey,
	    .text = "secret of stable interface ids, 16 bytes; zero: EUI-64" },
};
static struct sysctl_table in6_iid_sysctl_table = { .rows = in6_iid_sysctls,
	.nrows = nitems(in6_iid_sysctls) };

void
in6_iid_init(void)
{
	sysctl_register(&in6_iid_sysctl_table);
}
