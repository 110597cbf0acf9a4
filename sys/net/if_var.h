/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Interfaces inside the kernel.
 *
 * Life: if_attach() -> in the list, observers hear of it -> if_detach() ->
 * gone for look-ups -> last if_put() -> freed by the driver's if_free hook.
 * A pointer taken from if_unit() or if_get() is valid until the caller
 * sleeps; who keeps it longer takes a reference.
 */

#ifndef _NET_IF_VAR_H_
#define _NET_IF_VAR_H_

#include <sys/types.h>
#include <sys/mbuf.h>
#include <sys/queue.h>
#include <sys/refcnt.h>
#include <sys/task.h>
#include <net/bpf.h> /* BPF_DIRECTION_* */
#include <net/if_ioctl.h>

struct bpf_if;
struct proc;
struct rtentry;

/* An address.  Those of an interface stand in order of configuration. */
struct ifaddr {
	TAILQ_ENTRY(ifaddr) ifa_entry;
	LIST_ENTRY(ifaddr) ifa_hash; /* by address: "is it mine?" */
	struct ifnet *ifa_ifp;
	struct refcnt ifa_refs;
	sa_family_t ifa_af;
	uint8_t ifa_plen;
	uint32_t ifa_flags; /* IFA_* */
	struct ip_addr ifa_addr;
	struct ip_addr ifa_dst; /* broadcast or peer, zero for none */
	uint64_t ifa_expire_us, ifa_deprecate_us; /* uptime; 0: never (v6) */
	void *ifa_proto; /* netinet6: DAD in progress */
};

struct ifgroup {
	TAILQ_ENTRY(ifgroup) ifg_entry; /* all groups */
	char ifg_name[IFNAMSIZ];
	unsigned int ifg_members;
	void *ifg_pf; /* pf's view of it */
};
struct ifgroup_member {
	TAILQ_ENTRY(ifgroup_member) ifgm_entry; /* of an interface */
	struct ifgroup *ifgm_group;
};
TAILQ_HEAD(ifgroup_list, ifgroup);
extern struct ifgroup_list ifgroups; /* those with members, and "egress" */

/* Output capabilities: who lacks one gets packets finished in software. */
#define IFCAP_CSUM_IPV4 0x01
#define IFCAP_CSUM_L4	0x02 /* TCP and UDP, v4 and v6 */
#define IFCAP_TSO4	0x04
#define IFCAP_TSO6	0x08
#define IFCAP_USO	0x10
#define IFCAP_VLAN_MTU	0x20 /* 4 bytes more than the MTU */

/* Where a packet goes next on its link. */
struct nexthop {
	sa_family_t nh_af;
	struct ip_addr nh_addr; /* gateway, or the destination itself */
};

struct ifnet {
	TAILQ_ENTRY(ifnet) if_list;
	LIST_ENTRY(ifnet) if_byindex;
	char if_xname[IFNAMSIZ];
	char if_drvname[IFNAMSIZ]; /* first group */
	uint32_t if_index; /* never 0, not used again */
	struct refcnt if_refs;
	enum if_type if_type;
	uint32_t if_flags; /* IFF_* */
	uint32_t if_mtu, if_hardmtu; /* hardmtu: largest mtu allowed */
	uint32_t if_caps; /* IFCAP_* */
	enum if_link_state if_link_state;
	uint64_t if_baudrate;
	uint32_t if_priority; /* added to the priority of its routes */
	uint32_t if_rtable;
	uint8_t if_lladdr[6];
	uint8_t if_detaching;
	char if_description[IFDESCRSIZE];
	uint64_t if_lastchange_us; /* wall */
	struct if_counters if_counters;
	TAILQ_HEAD(, ifaddr) if_addrs;
	TAILQ_HEAD(, ifgroup_member) if_groups;
	struct bpf_if *if_bpf; /* NULL: nobody can listen */
	struct mbuf_list if_snd; /* filled by if_enqueue, emptied by if_start */
	uint32_t if_snd_max; /* packets */
	TAILQ_ENTRY(ifnet) if_txlist; /* interfaces with something in if_snd */
	uint8_t if_txlisted;
	unsigned int if_promisc; /* how many want it */
	void *if_softc;
	unsigned long if_softclen; /* of a cloned interface */
	void *if_inet, *if_inet6; /* per-family data of netinet, netinet6 */
	void *if_pf; /* pf's view of it */
	void *if_vlans, *if_bridge, *if_carp;
	unsigned int if_defroutes; /* default routes through it: group egress */
	struct ifgroup_member if_egress; /* its place in that group */
	const char *if_linkspec; /* kind:spec of a plugged link, or NULL */

	/* --- the driver --- */
	/* Packets to the link layer: m is an IP packet, rt the route it takes
	 * (may be NULL).  Takes m.  0 or errno. */
	int (*if_output)(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh, struct rtentry *rt);
	/* A whole frame or packet from below, after bpf and counting.  Takes m. */
	void (*if_input)(struct ifnet *ifp, struct mbuf *m);
	/* Sends what if_snd holds; leaves there what does not go now. */
	void (*if_start)(struct ifnet *ifp);
	int (*if_ioctl)(struct ifnet *ifp, unsigned long cmd, void *data, struct proc *p);
	void (*if_free)(struct ifnet *ifp); /* last reference gone */
};
TAILQ_HEAD(ifnet_list, ifnet);
extern struct ifnet_list ifnet;

/* --- look-ups --- */
struct ifnet *if_unit(const char *name); /* NULL */
struct ifnet *if_get(uint32_t index);
void if_ref(struct ifnet *ifp);
void if_put(struct ifnet *ifp); /* NULL allowed */
/* An address of ours, on any interface (rtable's) or on ifp.  NULL. */
struct ifaddr *ifa_ifwithaddr(sa_family_t af, const struct ip_addr *a, uint32_t rtable);
struct ifaddr *ifa_onif(struct ifnet *ifp, sa_family_t af, const struct ip_addr *a);
/* The best own address on ifp's link to a: longest prefix that holds it.  NULL. */
struct ifaddr *ifa_ifpforaddr(struct ifnet *ifp, sa_family_t af, const struct ip_addr *a);

/* --- life --- */
int ifinit(void); /* at boot, after rtableinit(): cloners, sysctls, lo0.  0 or ENOMEM */
/* Fills in defaults before the driver sets its fields. */
void if_init(struct ifnet *ifp, const char *name, enum if_type type);
/* Visible from now on; driver group and "all" are set.  0, EEXIST, ENOMEM. */
int if_attach(struct ifnet *ifp);
void if_detach(struct ifnet *ifp); /* flushes addresses, routes, queues */
/* Ethernet defaults: output, input, mtu 1500, made-up lladdr when zero. */
int ether_ifattach(struct ifnet *ifp);
void ether_ifdetach(struct ifnet *ifp);

struct if_clone {
	const char *ifc_name; /* "vlan": creates vlan0, vlan1 ... */
	int (*ifc_create)(struct if_clone *ifc, unsigned int unit);
	int (*ifc_destroy)(struct ifnet *ifp);
	TAILQ_ENTRY(if_clone) ifc_entry;
};
TAILQ_HEAD(if_clone_list, if_clone);
extern struct if_clone_list if_cloners;
void if_clone_attach(struct if_clone *ifc);
/*
 * For ifc_create: a softc of size bytes, zeroed, which begins with its struct
 * ifnet, named and with if_softc and if_free set.  NULL: no memory.
 */
void *if_clone_alloc(const struct if_clone *ifc, unsigned int unit,
    unsigned long size, enum if_type type);
/*
 * Its end: attaches ifp if error is 0.  0, or an errno after all of ifp is
 * gone.
 */
int if_clone_finish(struct ifnet *ifp, int error);
int if_clone_create(const char *name); /* EEXIST, EINVAL, ENOMEM */
int if_clone_destroy(const char *name);
bool if_clone_owns(const char *name); /* is it a name that a cloner makes? */

/* --- packets --- */
/* From a driver: counts, bpf, then if_input for each; run to completion. */
void if_input(struct ifnet *ifp, struct mbuf_list *ml);
/* Do others of its batch come behind the packet that is being looked at? */
bool if_input_more(void);
/* Runs at the end of each batch; for a layer above that collects packets. */
extern void (*if_input_done)(void);
/* To a driver's queue: bpf sees it; the queues are started at the end of the
 * batch (if_flush_all) or when 32 wait.  0 or ENOBUFS (m is gone). */
int if_enqueue(struct ifnet *ifp, struct mbuf *m);
/* Starts all queues, and takes in what came back by loopback and pairs.  From
 * kernel_step().  True when more is left than one turn may take. */
bool if_flush_all(void);
/* A frame for ifp that the kernel itself carries (pair, loopback): goes through
 * if_input() in if_flush_all(), not on the caller's stack.  Takes m. */
void if_input_later(struct ifnet *ifp, struct mbuf *m);
/* Drops what waits in if_snd (interface down or gone). */
void if_queue_forget(struct ifnet *ifp);
/* The same promises on the way in as were made on the way out: a checksum that
 * is still open was never on a wire, so it is good. */
void if_csum_trust(struct mbuf *m);
/* Finishes in software what ifp cannot do: checksums, segmentation; the
 * result, one or more frames, is in ml.  Takes m. */
void if_finish_offload(struct ifnet *ifp, struct mbuf *m, struct mbuf_list *ml);
/* What netinet lends to if_finish_offload(); m_data at the IP header. */
struct if_offload {
	/* Cuts a M_GSO packet; checksums of the pieces stay open.  Takes m.  0 or errno. */
	int (*segment)(struct mbuf *m, sa_family_t af, struct mbuf_list *ml);
	/* Computes what the CSUM_OUT flags left open.  0, or errno (*mp freed by the caller). */
	int (*cksum)(struct mbuf **mp, sa_family_t af);
};
void if_offload_register(const struct if_offload *o);
/* The transport header of a frame: what a link needs to know of it. */
struct if_l4 {
	sa_family_t af;
	uint8_t proto;
	uint32_t l3, l4; /* offsets from the start of the frame */
};
/* Finds it in a frame whose IP header is at off l3.  0, or EINVAL (a fragment, a
 * header that is cut off, or no IP). */
int if_l4_find(const struct mbuf *m, uint32_t l3, struct if_l4 *l4);
/* Hands an IP packet to its family: af from AF_INET, AF_INET6. */
void if_input_ip(struct ifnet *ifp, struct mbuf *m, sa_family_t af);
/* Loops a packet back as if received on ifp. */
int if_input_local(struct ifnet *ifp, struct mbuf *m, sa_family_t af);

/* --- change --- */
void if_link_state_change(struct ifnet *ifp, enum if_link_state state);
int if_setflags(struct ifnet *ifp, uint32_t flags); /* IFF_CHANGEABLE part */
int if_setmtu(struct ifnet *ifp, uint64_t mtu); /* EINVAL, or the driver's error */
int if_setlladdr(struct ifnet *ifp, const uint8_t lladdr[6]); /* EINVAL for a group address */
int if_promisc(struct ifnet *ifp, bool on); /* counted */
int if_addgroup(struct ifnet *ifp, const char *group);
int if_delgroup(struct ifnet *ifp, const char *group);
bool if_ingroup(const struct ifnet *ifp, const char *group);
/* A default route through ifp came (1) or went (-1); group "egress" has all
 * interfaces with one.  From the routing table; cannot fail. */
void if_egress_count(struct ifnet *ifp, int delta);

/* --- events: everybody who must know --- */
enum if_event {
	IFE_ARRIVAL, IFE_DEPARTURE, IFE_LINK, IFE_FLAGS, IFE_MTU, IFE_LLADDR,
	IFE_ADDR_ADD, IFE_ADDR_DEL, IFE_ADDR_CHANGE, IFE_GROUP_ADD, IFE_GROUP_DEL
};
struct if_observer {
	/* ifa for address events; group name for group events, else NULL */
	void (*event)(void *arg, enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa, const char *group);
	void *arg;
	TAILQ_ENTRY(if_observer) entry;
};
void if_observe(struct if_observer *ob);
void if_unobserve(struct if_observer *ob);
void if_tell(enum if_event ev, struct ifnet *ifp, struct ifaddr *ifa, const char *group);

/* --- what the families register below them (habit 18) --- */
struct if_family {
	sa_family_t fam_af;
	uint16_t fam_ethertype;
	uint8_t fam_addrlen; /* 4, 16 */
	uint8_t fam_maxplen; /* 32, 128 */
	void (*fam_input)(struct ifnet *ifp, struct mbuf *m);
	/* What fam_input does after the header was judged, and pf was asked.  Takes m. */
	void (*fam_input_judged)(struct ifnet *ifp, struct mbuf *m);
	/*
	 * A packet that only passes (m_data at its header): is its header sound,
	 * by length, version and checksum?  The packet, header contiguous and
	 * cut to the length it says; NULL: it is not, counted and gone.
	 */
	struct mbuf *(*fam_sound)(struct mbuf *m);
	/*
	 * A sound packet that passes, for a link that takes mtu bytes: itself, or
	 * what it may be cut into, at the end of ml.  0 or errno, and *mp is NULL;
	 * EMSGSIZE with *mp still the caller's: it may not be cut.
	 */
	int (*fam_fit)(struct mbuf **mp, uint32_t mtu, struct mbuf_list *ml);
	/*
	 * A sound packet that fam_fit would refuse: the error that tells its
	 * sender so, whole, as from the packet's destination, and *mp is NULL;
	 * NULL with *mp NULL: it may not be told, or there is no memory.  NULL
	 * with *mp as it was: it can be made to fit.
	 */
	struct mbuf *(*fam_toobig)(struct mbuf **mp, uint32_t mtu);
	/*
	 * The link address of nh on ifp: 0 and lladdr is filled; EAGAIN, the
	 * resolver keeps m and sends it later; errno, m is gone.
	 */
	int (*fam_resolve)(struct ifnet *ifp, struct mbuf *m, const struct nexthop *nh, struct rtentry *rt, uint8_t lladdr[6]);
	/* Judges and applies an address; see in_addr.c, in6_addr.c. */
	int (*fam_addr_add)(struct ifnet *ifp, const struct if_addrreq *req, struct proc *p);
	int (*fam_addr_del)(struct ifnet *ifp, const struct if_addrreq *req, struct proc *p);
};
void if_family_register(const struct if_family *fam);
const struct if_family *if_family(sa_family_t af); /* NULL */
/* Other EtherTypes: ARP and the like. */
void ether_input_register(uint16_t ethertype, void (*fn)(struct ifnet *ifp, struct mbuf *m));

/* A frame around m for dst, and if_enqueue().  Takes m.  0 or errno. */
int ether_send(struct ifnet *ifp, struct mbuf *m, const uint8_t dst[6], uint16_t ethertype);
/* The link address of an IP multicast group (RFC 1112 6.4, RFC 2464 7). */
void ether_multicast(sa_family_t af, const struct ip_addr *group, uint8_t lladdr[6]);

/* --- links (if_link.c): interfaces whose frames come from the host --- */
/* Attaches spec (kind:spec) as ifname; why gets a sentence on failure.  0 or errno. */
int if_plug(const char *ifname, const char *spec, char *why, size_t whylen);
int if_unplug(const char *ifname, char *why, size_t whylen);
int if_linkctl(struct if_linkctl *lc);

/* --- programs --- */
/* The SIOC* calls of <net/if_ioctl.h>, on any socket.  0, errno, or ENOTTY for
 * a number that is not ours. */
int if_ioctl_dispatch(unsigned long cmd, void *data, struct proc *p);

/* --- addresses, by the families' fam_addr_* only --- */
struct ifaddr *ifa_create(struct ifnet *ifp, sa_family_t af, const struct ip_addr *a, unsigned int plen);
void ifa_link(struct ifaddr *ifa); /* visible, IFE_ADDR_ADD */
void ifa_unlink(struct ifaddr *ifa); /* IFE_ADDR_DEL, drops the list's reference */
void ifa_ref(struct ifaddr *ifa);
void ifa_put(struct ifaddr *ifa);

/* bpf's tap: cheap when nobody listens. */
void bpf_mtap(struct bpf_if *bp, const struct mbuf *m, int dir);
void bpf_mtap_hdr(struct bpf_if *bp, const void *hdr, uint32_t hdrlen, const struct mbuf *m, int dir);
int bpf_attach(struct ifnet *ifp, uint32_t dlt, uint32_t hdrlen); /* sets if_bpf */
void bpf_detach(struct ifnet *ifp);

#endif
