/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Ethernet frames with and without tags, on a link that carries vlans of
 * both types and one inside another.  A step is four bytes and a frame:
 *
 *	how	bit 0 a tag beside the frame, bit 1 to us, bit 2 to all,
 *		bit 3 unfinished checksums, bit 4 on the vlan itself
 *	first	bytes in the first mbuf (0: all)
 *	len	of the frame
 *	tci	low byte of the tag beside the frame
 *
 * Every frame is counted where it came in, whatever becomes of it.
 */

#include <net/if_ioctl.h>
#include "fuzz4.h"

static void
vlan_make(const char *name, const char *parent, uint16_t tag, uint16_t qinq)
{
	static struct proc owner;
	struct vlan_req req = { .tag = tag, .qinq = qinq };

	strlcpy(req.name, name, sizeof(req.name));
	strlcpy(req.parent, parent, sizeof(req.parent));
	KASSERT(if_ioctl_dispatch(SIOCSVLAN, &req, &owner) == 0);
	KASSERT(if_setflags(if_unit(name), IFF_UP) == 0);
}

static void
boot(void)
{
	static const char *const names[] = { "vlan5", "vlan6", "vlan7" };
	struct if_addrreq addr = { .af = AF_INET, .plen = 24 };

	if (fuzz_if != NULL)
		return;
	fuzz_boot();
	vlan_make("vlan5", "pair0", 5, 0);
	vlan_make("vlan6", "pair0", 6, 1);
	vlan_make("vlan7", "vlan6", 7, 0);
	for (unsigned int i = 0; i < nitems(names); i++) {
		addr.addr = ip_addr_v4(0x0a000001U | (5 + i) << 8);
		KASSERT(in_addr_add(if_unit(names[i]), &addr, NULL) == 0);
	}
}

static void
frame(uint8_t how, uint8_t first, uint8_t tci, const uint8_t *p, size_t len)
{
	struct ifnet *ifp = (how & 16) != 0 ? if_unit("vlan6") : fuzz_if;
	struct mbuf_list one = MBUF_LIST_INITIALIZER;
	uint8_t buf[256];
	struct mbuf *m;
	uint64_t before;

	memcpy(buf, p, len);
	if ((how & 2) != 0 && len >= 6)
		memcpy(buf, ifp->if_lladdr, 6);
	if ((how & 4) != 0 && len >= 6)
		memcpy(buf, etherbroadcastaddr, 6);
	if ((m = fuzz_packet(buf, len, first)) == NULL)
		return;
	if ((how & 1) != 0) {
		m->m_flags |= M_VLANTAG;
		m->m_pkthdr.ether_vtag = tci;
	}
	if ((how & 8) != 0)
		m->m_pkthdr.csum_flags = M_UDP_CSUM_OUT | M_TCP_CSUM_OUT;
	before = ifp->if_counters.ipackets;
	ml_enqueue(&one, m);
	if_input(ifp, &one);
	KASSERT(ml_empty(&one) && ifp->if_counters.ipackets == before + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c, body;
	uint8_t how, first, len, tci;

	boot();
	cur_init(&c, data, size);
	while (cur_u8(&c, &how) == 0 && cur_u8(&c, &first) == 0 &&
	    cur_u8(&c, &len) == 0 && cur_u8(&c, &tci) == 0) {
		cur_sub(&c, MIN(len, c.left), &body);
		frame(how, first, tci, body.p, body.left);
		fuzz_run((how & 128) != 0 ? 1000000 : 10);
	}
	fuzz_run(1000);
	return (0);
}
