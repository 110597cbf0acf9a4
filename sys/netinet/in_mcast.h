/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Multicast membership of both families (RFC 3376, RFC 3810).
 *
 *	member	 one socket's wish: a group on an interface, all sources but
 *		 some (exclude) or only some (include)
 *	group	 what an interface has to hear: the sum of its members
 *	querier	 what is known of the routers of an interface and family
 *
 * Sockets ask through options (in_mcast_opt.c); what changes and what routers
 * ask is told by IGMP (igmp.c) and MLD (mld6.c), when by in_mcast_report.c.
 */

#ifndef _NETINET_IN_MCAST_H_
#define _NETINET_IN_MCAST_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>
#include <net/ip_addr.h>

struct ifnet;
struct inpcb;
struct ip_input_ctx;
struct mbuf;

#define IN_MCAST_SOURCES 64   /* of one membership, and told of a group */
#define IN_MCAST_GROUPS  64   /* of one socket */
#define IN_MCAST_ALL     4096 /* groups that sockets of this kernel joined */

struct in_member {
	LIST_ENTRY(in_member) im_ofsocket, im_ofgroup;
	struct inpcb *im_inp;
	struct in_group *im_group;
	bool im_exclude;
	uint32_t im_nsrc;
	struct ip_addr im_src[IN_MCAST_SOURCES];
};
LIST_HEAD(in_member_list, in_member);

struct in_group {
	RB_ENTRY(in_group) ig_entry; /* of all, in order of the next three */
	struct in_member_list ig_members;
	uint32_t ig_ifindex;
	sa_family_t ig_af;
	struct ip_addr ig_addr;
	bool ig_node; /* the node itself listens, without a socket */
	bool ig_up;   /* its link was, when last told */
	/* --- in_mcast_report.c --- */
	TAILQ_ENTRY(in_group) ig_due;
	bool ig_is_due;        /* there is something to be done at some time */
	uint8_t ig_changes;    /* times that the change is still to be told */
	uint64_t ig_change_us; /* when next; 0: not */
	uint64_t ig_answer_us; /* a query is to be answered; 0: none */
	bool ig_reporter;      /* older versions: the last report was ours */
	uint32_t ig_nasked;    /* sources that were asked for; 0: all */
	struct ip_addr *ig_asked; /* room for IN_MCAST_SOURCES; NULL: not yet */
};

/* Does anybody want it? */
static inline bool
in_group_live(const struct in_group *ig)
{
	return (ig->ig_node || !LIST_EMPTY(&ig->ig_members));
}

/* What sockets want of a group, together. */
struct in_filter {
	bool exclude;
	uint32_t n;
	struct ip_addr src[IN_MCAST_SOURCES];
};

void in_mcast_init(void); /* at boot, after ifinit() */

/* --- of sockets.  a: the group; ifp: where --- */
/* All sources (s NULL), or s as well.  0; EADDRINUSE it is so already, EINVAL a
 * membership of the other kind, ENOBUFS limits, memory. */
int in_mcast_join(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, const struct ip_addr *s);
/* No source (s NULL), or s no more.  0; EADDRNOTAVAIL, EINVAL. */
int in_mcast_leave(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, const struct ip_addr *s);
/* All sources but s; s again.  0; EADDRNOTAVAIL, EINVAL, ENOBUFS. */
int in_mcast_block(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, const struct ip_addr *s, bool on);
/* The whole wish: include nothing leaves.  0, ENOBUFS. */
int in_mcast_set(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, bool exclude, const struct ip_addr *s, uint32_t n);
struct in_member *in_mcast_find(const struct inpcb *inp, uint32_t ifindex,
    sa_family_t af, const struct ip_addr *a); /* NULL */
void in_mcast_detach(struct inpcb *inp);      /* all of it */

/* --- of the node itself --- */
/* It listens to a on ifp, or no more; what is so already is not told again.
 * Without memory a group is not told of (and said so in the log). */
void in_mcast_node(const struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, bool on);
/* All groups of ifp are told anew: the last reports may not have counted. */
void in_mcast_again(const struct ifnet *ifp, sa_family_t af);

/* --- of packets --- */
/* Has a socket joined group a on ifp? */
bool in_mcast_joined(const struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a);
/* May a packet to a group go to inp?  By its source and interface; one that
 * joined nothing hears all groups unless IP_MULTICAST_ALL is off. */
bool in_mcast_wanted(const struct inpcb *inp, const struct ip_input_ctx *ctx);

/* --- socket options (in_mcast_opt.c): 0 or errno, as in in_opt.c --- */
struct proc;
int in_mcast_setopt(struct inpcb *inp, int level, int name, const void *val,
    socklen_t len);
/* val holds what was asked, and then the answer, *len bytes of it. */
int in_mcast_getopt(struct inpcb *inp, int level, int name, uint8_t *val,
    socklen_t *len);
bool in_mcast_isopt(int level, int name);

/* --- between the rooms --- */
bool in_mcast_up(const struct ifnet *ifp); /* can a report leave there? */
/* Groups of an interface and family, AF_UNSPEC: of both, one after the other;
 * NULL: no more.  The one before may be freed once its next is known. */
struct in_group *in_group_first(uint32_t ifindex, sa_family_t af);
struct in_group *in_group_next(struct in_group *ig, sa_family_t af);
extern uint32_t in_ngroups; /* all of them */
void in_mcast_filter(const struct in_group *ig, struct in_filter *f);
void in_group_free(struct in_group *ig); /* without members */

/* The members of ig changed: tell it, and forget ig when it has none. */
void in_report_change(struct in_group *ig);
void in_report_init(void);
void in_report_gone(uint32_t ifindex);
void in_report_forget(struct in_group *ig);
/* it is about to be freed */ /* its interface has left */
/* A query came in: for a (zero: all groups), for sources s of it (n 0: all),
 * to be answered within max_us.  old: version of the querier when it is not
 * the newest (IGMP 1, 2; MLD 1), which is remembered for a while; else 0. */
struct in_query {
	struct ip_addr group;
	const struct ip_addr *src;
	uint32_t n;
	uint64_t max_us;
	uint8_t old;
	uint8_t robust;    /* of the newest version: how often a change is told */
	uint64_t every_us; /* ... and the time between queries; 0: not said */
};

/* A time of eight bits, large ones as a float (RFC 3376 4.1.1, 4.1.7). */
static inline uint32_t
in_query_time(uint8_t code)
{
	if (code < 128)
		return (code);
	return (((code & 0xfU) | 0x10U) << ((code >> 4 & 7U) + 3));
}
void in_report_query(const struct ifnet *ifp, sa_family_t af,
    const struct in_query *q);
/* The version that is spoken there now. */
uint8_t in_report_version(uint32_t ifindex, sa_family_t af);
/* Is ig ever told of? */
bool in_report_told(const struct in_group *ig);
/* Another host reported group a: with older versions ours need not. */
void in_report_heard(const struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a);

/* How a family says it. */
enum in_record { IN_IS_IN = 1, IN_IS_EX, IN_TO_IN, IN_TO_EX }; /* on the wire */
struct in_report_family {
	sa_family_t af;
	uint8_t newest; /* version without a querier */
	/* A report of version v; kind: TO_IN without sources is a leave. */
	void (*send)(struct ifnet *ifp, uint8_t v, const struct in_group *ig,
	    enum in_record kind, const struct ip_addr *src, uint32_t n);
	/* Groups that are never told of: those of every host, of the node. */
	bool (*silent)(const struct ip_addr *a);
};
extern const struct in_report_family igmp_family, mld6_family;
void igmp_init(void);

#endif
