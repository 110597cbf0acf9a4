/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * pf as programs see it: what goes through /dev/pf.  Shared.
 *
 * Every structure here has the same layout for kernel and programs, only
 * types of fixed width, no hidden padding, and its size asserted below.
 *
 * Bytes:	addresses are bytes in network order (struct ip_addr); ports,
 *		ids and all other numbers are in host order.
 * Families:	AF_UNSPEC, AF_INET, AF_INET6 as the host numbers them.
 * Pointers:	a user address travels as a uint64_t named *_ptr, always with
 *		an element count beside it; never inside an array element.
 * Strings:	NUL terminated inside their array; the kernel refuses one
 *		that is not with EINVAL.
 *
 * Transactions.  A load is one transaction: DIOCXBEGIN opens it and names
 * the elements (a ruleset of one kind, the tables, or the options of an
 * anchor) that it replaces as a whole.  Everything that carries the ticket
 * (DIOCADDRULE, DIOCRINADEFINE, DIOCSETTIMEOUT, DIOCSETLIMIT, ...) is kept
 * aside; DIOCXCOMMIT judges all of it and then publishes it with one
 * pointer, or returns an error and changes nothing.  A ticket belongs to
 * the descriptor that opened it; closing the descriptor rolls it back.
 * When another transaction that shares an element commits first, this one
 * ends with EBUSY.  A ticket of 0 means: act at once, outside of any
 * transaction.
 *
 * Reading a ruleset: DIOCGETRULES gives the number of rules and a ticket
 * (the generation of the ruleset); DIOCGETRULE with an old one is EBUSY.
 */

#ifndef _NET_PF_PF_IOCTL_H_
#define _NET_PF_PF_IOCTL_H_

#include <sys/types.h>
#include <sys/socket.h>
#ifdef _KERNEL
#include <sys/ioccom.h>
#else
#include <sys/ioctl.h>
#include <stdint.h>
#endif
#include <net/ip_addr.h>

#ifndef IFNAMSIZ
#define IFNAMSIZ 16
#endif
#define PF_TABLE_NAMESIZE  32
#define PF_TAG_NAMESIZE    64
#define PF_LABEL_SIZE      64
#define PF_LABELS_MAX      5
#define PF_QNAME_SIZE      64
#define PF_ANCHOR_NAMESIZE 64   /* one component, with its NUL */
#define PF_ANCHOR_PATHSIZE 1024 /* a whole path, with its NUL */
#define PF_ANCHOR_DEPTH    64
#define PF_OSFP_NAMESIZE   32
#define PF_MD5_SIZE        16
#define PF_KEY_SIZE        16
#define PF_REQUEST_MAX     65535       /* elements behind one *_ptr */
#define PF_NR_NONE         0xffffffffU /* rule number of the implicit pass */

/* Actions of rules.  The values go into pflog headers. */
enum pf_action {
	PFA_PASS = 0,
	PFA_BLOCK = 1,
	PFA_SCRUB = 2,
	PFA_NOSCRUB = 3,
	PFA_NAT = 4,
	PFA_NONAT = 5,
	PFA_BINAT = 6,
	PFA_NOBINAT = 7,
	PFA_RDR = 8,
	PFA_NORDR = 9,
	PFA_MATCH = 12
};

/* The rulesets of an anchor, in the order in which they are asked. */
enum pf_rs {
	PF_RS_SCRUB,
	PF_RS_FILTER,
	PF_RS_NAT,
	PF_RS_BINAT,
	PF_RS_RDR,
	PF_RS_MAX
};

enum pf_ioc_dir { PFD_BOTH = 0, PFD_IN = 1, PFD_OUT = 2 };

/* Operators on ports and ids.  a and b stand for the two operands. */
enum pf_op {
	PF_OP_NONE = 0,
	PF_OP_IRG, /* a >< b: a < x < b */
	PF_OP_EQ,
	PF_OP_NE,
	PF_OP_LT,
	PF_OP_LE,
	PF_OP_GT,
	PF_OP_GE,
	PF_OP_XRG, /* a <> b: x < a or x > b */
	PF_OP_RRG  /* a:b: a <= x <= b */
};

enum pf_addr_type {
	PF_ADDR_ANY = 0,
	PF_ADDR_PREFIX, /* addr/plen */
	PF_ADDR_RANGE,  /* addr - end */
	PF_ADDR_NOROUTE,
	PF_ADDR_URPF,
	PF_ADDR_TABLE, /* name */
	PF_ADDR_DYNIF  /* (name): addresses of an interface or group, now */
};

/* iflags of PF_ADDR_DYNIF */
#define PF_IF_NETWORK   0x01 /* :network */
#define PF_IF_BROADCAST 0x02
#define PF_IF_PEER      0x04
#define PF_IF_NOALIAS   0x08 /* :0 */

/*
 * An address in a rule.  plen counts from the left; for PF_ADDR_DYNIF it is
 * applied to each address, 128 (or 32) leaving it alone.  af is the family
 * of addr, AF_UNSPEC for what fits both.
 */
struct pf_ioc_addr {
	uint8_t type; /* enum pf_addr_type */
	uint8_t af;
	uint8_t plen;
	uint8_t neg; /* of a rule side only: ! */
	uint8_t iflags;
	uint8_t pad[3];
	struct ip_addr addr;
	struct ip_addr end;           /* PF_ADDR_RANGE */
	char name[PF_TABLE_NAMESIZE]; /* table, interface or group */
	int32_t count; /* out: entries of table or interface, -1 unknown */
	uint32_t pad2;
};

/* One side of a rule. */
struct pf_ioc_side {
	struct pf_ioc_addr addr;
	uint16_t port[2];
	uint8_t port_op; /* enum pf_op */
	uint8_t pad[3];
};

enum pf_pool_type {
	PF_POOL_NONE = 0, /* one address */
	PF_POOL_BITMASK,
	PF_POOL_RANDOM,
	PF_POOL_SRCHASH,
	PF_POOL_ROUNDROBIN,
	PF_POOL_LEASTSTATES
};
#define PF_POOL_STICKY    0x01
#define PF_POOL_STATIC    0x02 /* static-port */
#define PF_POOL_EIM       0x04 /* endpoint-independent */
#define PF_POOL_V6NEXTHOP 0x08
#define PF_POOL_PORTSTAR  0x10 /* rdr: port N:*, ports shift with the range */

/* How a pool chooses; its addresses are an array of pf_ioc_poolent. */
struct pf_ioc_pool {
	uint64_t ents_ptr; /* struct pf_ioc_poolent[] */
	uint32_t nents;    /* in: room (GETRULE) or given; out: how many */
	uint8_t type;      /* enum pf_pool_type */
	uint8_t flags;     /* PF_POOL_* */
	uint16_t port[2];  /* 0 0: not given (nat: 50001:65535) */
	uint8_t mape_offset, mape_psidlen;
	uint16_t mape_psid;
	uint8_t af; /* family of what it gives (af-to) */
	uint8_t pad[1];
	uint8_t key[PF_KEY_SIZE]; /* source-hash */
};

struct pf_ioc_poolent {
	struct pf_ioc_addr addr;
	char ifname[IFNAMSIZ]; /* route pools */
	uint16_t weight;       /* 0: 1 */
	uint8_t pad[6];
};

/* The pools of a rule. */
enum pf_poolno {
	PF_NATPOOL,   /* nat, binat, nat-to, binat-to; af-to: the source */
	PF_RDRPOOL,   /* rdr, rdr-to; af-to: the destination */
	PF_ROUTEPOOL, /* route-to, reply-to, dup-to */
	PF_NPOOLS
};

enum pf_route { PF_NOROUTE, PF_ROUTETO, PF_DUPTO, PF_REPLYTO };

enum pf_keep { PF_NOSTATE, PF_KEEPSTATE, PF_MODULATE, PF_SYNPROXY };

/* log */
#define PF_LOG_ON      0x01
#define PF_LOG_ALL     0x02
#define PF_LOG_USER    0x04
#define PF_LOG_MATCHES 0x08

/* flags of a rule */
#define PFR_QUICK      0x00000001
#define PFR_IFNOT      0x00000002 /* on ! IF */
#define PFR_RCVIFNOT   0x00000004
#define PFR_TAGGEDNOT  0x00000008 /* ! tagged */
#define PFR_RETURN     0x00000010 /* block return; pass: fail-policy */
#define PFR_RETURNRST  0x00000020
#define PFR_RETURNICMP 0x00000040 /* with neither: drop */
#define PFR_FRAGMENT   0x00000080
#define PFR_ALLOWOPTS  0x00000100
#define PFR_ONCE       0x00000200
#define PFR_NATPASS    0x00000400 /* nat pass, rdr pass, binat pass */
#define PFR_AFTO       0x00000800
#define PFR_BINATTO    0x00001000
#define PFR_TOS        0x00002000 /* tos is matched */
#define PFR_SETTOS     0x00004000
#define PFR_SETPRIO    0x00008000
#define PFR_NODF       0x00010000 /* scrub: the next five */
#define PFR_RANDOMID   0x00020000
#define PFR_REASSTCP   0x00040000
#define PFR_FRAGREASS  0x00080000 /* scrub rules: fragment reassemble */
#define PFR_SCRUB      0x00100000 /* has a scrub(...) */
#define PFR_ANCHOR     0x00200000 /* calls the anchor named by `anchor' */
#define PFR_NATTO      0x00400000 /* words of a filter rule */
#define PFR_RDRTO      0x00800000
#define PFR_RCVANY     0x01000000
#define PFR_IFANY      0x02000000 /* on any: any but loopback */
#define PFR_EXPIRED    0x04000000 /* out: once, used up */

/* stateflags */
#define PFS_NOSYNC        0x0001
#define PFS_SRCTRACK      0x0002 /* source-track */
#define PFS_SRCTRACK_RULE 0x0004 /* ... rule; without: global */
#define PFS_IFBOUND       0x0008
#define PFS_GROUPBOUND    0x0010
#define PFS_FLOATING      0x0020
#define PFS_SLOPPY        0x0040
#define PFS_PFLOW         0x0080
#define PFS_RELATED       0x0100 /* allow-related */
#define PFS_FLUSH         0x0200 /* overload ... flush */
#define PFS_FLUSHGLOBAL   0x0400

/* Timeouts, in the order in which a rule lists its own. */
enum pf_timeout {
	PFTM_TCP_FIRST,
	PFTM_TCP_OPENING,
	PFTM_TCP_ESTABLISHED,
	PFTM_TCP_CLOSING,
	PFTM_TCP_FINWAIT,
	PFTM_TCP_CLOSED,
	PFTM_UDP_FIRST,
	PFTM_UDP_SINGLE,
	PFTM_UDP_MULTIPLE,
	PFTM_ICMP_FIRST,
	PFTM_ICMP_ERROR,
	PFTM_OTHER_FIRST,
	PFTM_OTHER_SINGLE,
	PFTM_OTHER_MULTIPLE,
	PFTM_FRAG,
	PFTM_INTERVAL,
	PFTM_ADAPTIVE_START, /* states, not seconds; so the next */
	PFTM_ADAPTIVE_END,
	PFTM_SRC_NODE,
	PFTM_TCP_TSDIFF,
	PFTM_SCTP_FIRST,
	PFTM_SCTP_OPENING,
	PFTM_SCTP_ESTABLISHED,
	PFTM_SCTP_CLOSING,
	PFTM_SCTP_CLOSED,
	PFTM_MAX
};

enum pf_limit {
	PF_LIMIT_STATES,
	PF_LIMIT_SRC_NODES,
	PF_LIMIT_FRAGS,
	PF_LIMIT_TABLE_ENTRIES,
	PF_LIMIT_ANCHORS,
	PF_LIMIT_ETH_ANCHORS,
	PF_LIMIT_TABLES,
	PF_LIMIT_PKTDELAY,
	PF_LIMIT_MAX
};

enum pf_debug { PF_DEBUG_NONE, PF_DEBUG_URGENT, PF_DEBUG_MISC, PF_DEBUG_LOUD };

enum pf_skip {
	PF_SKIP_IFP,
	PF_SKIP_DIR,
	PF_SKIP_AF,
	PF_SKIP_PROTO,
	PF_SKIP_SRC_ADDR,
	PF_SKIP_DST_ADDR,
	PF_SKIP_SRC_PORT,
	PF_SKIP_DST_PORT,
	PF_SKIP_MAX
};

/* What `os' asks for. */
#define PF_OS_ANY     0U
#define PF_OS_NAMED   1U /* the stack in osname */
#define PF_OS_UNKNOWN 0xffffffffU

enum pf_divert_to {
	PF_DIVERT_NONE,
	PF_DIVERT_SOCKET, /* one bound to address and port (divert-to) */
	PF_DIVERT_PACKET  /* a divert(4) socket (divert-packet) */
};

/*
 * A rule.  Zero everywhere is `pass all' without state.  Members below
 * `out' are filled by the kernel and ignored when a rule is added.
 */
struct pf_ioc_rule {
	struct pf_ioc_side src, dst;
	struct pf_ioc_pool pool[PF_NPOOLS];

	uint32_t flags;      /* PFR_* */
	uint32_t stateflags; /* PFS_* */
	uint8_t action;      /* enum pf_action */
	uint8_t dir;         /* enum pf_ioc_dir */
	uint8_t af;          /* AF_UNSPEC: both */
	uint8_t proto;       /* 0: any */
	uint8_t log;         /* PF_LOG_* */
	uint8_t logif;       /* pflogN */
	uint8_t keep;        /* enum pf_keep */
	uint8_t rt;          /* enum pf_route */

	uint16_t tcpflags, tcpmask; /* 0/0: any */
	uint8_t icmptype;           /* value + 1; 0: any */
	uint8_t icmpcode_set;
	uint8_t icmpcode; /* when icmpcode_set */
	uint8_t tos;      /* PFR_TOS */
	uint8_t prio;     /* value + 1; 0: any */
	uint8_t naf;      /* af-to: the new family */
	uint8_t return_ttl;
	uint8_t return_icmp_type, return_icmp_code; /* v4 */
	uint8_t return_icmp6_type, return_icmp6_code;
	uint8_t min_ttl;
	uint8_t set_tos;     /* PFR_SETTOS; scrub and set ( tos ) */
	uint8_t set_prio[2]; /* PFR_SETPRIO; second for lowdelay, empty acks */
	uint8_t uid_op, gid_op; /* enum pf_op; a value of -1 is `unknown' */
	uint16_t max_mss;
	uint32_t uid[2], gid[2];

	uint32_t probability; /* of 2^32 - 1; 0: always */
	int32_t rtable;       /* -1: leave */
	uint32_t os;          /* PF_OS_* */
	uint32_t ridentifier;
	uint32_t pktrate[2]; /* max-pkt-rate packets/seconds; 0: none */
	uint16_t max_pkt_size;
	uint16_t divert_port; /* PF_DIVERT_* */
	uint16_t dnpipe[2];
	uint8_t dnflags;   /* 1: dnqueue */
	uint8_t divert;    /* enum pf_divert_to */
	uint8_t divert_af; /* of divert_addr; AF_UNSPEC: a loopback address */
	uint8_t pad0;
	struct ip_addr divert_addr;

	uint32_t max_states, max_src_nodes, max_src_states, max_src_conn;
	uint32_t conn_rate[2];      /* connections/seconds; 0: none */
	uint32_t timeout[PFTM_MAX]; /* 0: the global one */
	uint32_t set_delay;         /* milliseconds */

	char ifname[IFNAMSIZ]; /* interface or group; empty: all */
	char rcv_ifname[IFNAMSIZ];
	char label[PF_LABELS_MAX][PF_LABEL_SIZE];
	char tagname[PF_TAG_NAMESIZE];
	char match_tagname[PF_TAG_NAMESIZE];
	char overload[PF_TABLE_NAMESIZE];
	char qname[PF_QNAME_SIZE], pqname[PF_QNAME_SIZE];
	char osname[2 * PF_OSFP_NAMESIZE + PF_OSFP_NAMESIZE];
	char anchor[PF_ANCHOR_PATHSIZE]; /* PFR_ANCHOR: as written */

	/* out */
	uint32_t nr;
	uint32_t cuid; /* who loaded it */
	int32_t cpid;
	uint32_t skip[PF_SKIP_MAX]; /* PF_NR_NONE: end */
	uint32_t pad;
	uint64_t evaluations, packets[2], bytes[2]; /* in, out */
	uint64_t states_cur, states_tot, src_nodes;
	uint64_t last_active; /* seconds since 1970, 0: never */
	uint64_t src_nodes_by[3]; /* of these: limit, nat, route */
};

/* --- transactions ------------------------------------------------------ */

enum pf_elem_type {
	PF_ELEM_RULES,  /* ruleset rs of anchor */
	PF_ELEM_TABLES, /* all tables of anchor */
	PF_ELEM_OPTIONS, /* timeouts, limits, ...: those not set in the
			   transaction go back to their defaults, unless
			   PF_ELEM_MERGE */
	PF_ELEM_OSFPS   /* all fingerprints */
};
#define PF_ELEM_MERGE 0x01

struct pf_ioc_elem {
	uint8_t type; /* enum pf_elem_type */
	uint8_t rs;   /* enum pf_rs */
	uint8_t flags;
	uint8_t pad[5];
	char anchor[PF_ANCHOR_PATHSIZE]; /* empty: the main ruleset */
};

/* DIOCXBEGIN in: elements, out: ticket.  DIOCXCOMMIT, DIOCXROLLBACK in: ticket. */
struct pfioc_trans {
	uint64_t ticket;
	uint64_t elems_ptr; /* struct pf_ioc_elem[] */
	uint32_t nelems;
	uint32_t flags;    /* PF_TRANS_* */
	uint32_t limit;    /* out of a commit with ENOMEM: 1 + enum pf_limit
			    * that it would pass, 0 none */
	uint32_t pad;
};
#define PF_TRANS_KEEPCOUNTERS 0x01 /* commit: same rules keep their counts */

/* --- rules ------------------------------------------------------------- */

/*
 * What DIOCCHANGERULE does to a ruleset at once.  All but the last need the
 * ticket that the last gives; each gives the next one.
 */
enum pf_change {
	PF_CHANGE_ADD_HEAD = 1,
	PF_CHANGE_ADD_TAIL,
	PF_CHANGE_ADD_BEFORE, /* rule nr */
	PF_CHANGE_ADD_AFTER,
	PF_CHANGE_REMOVE,
	PF_CHANGE_GET_TICKET
};

struct pfioc_rule {
	uint64_t ticket;
	char anchor[PF_ANCHOR_PATHSIZE];
	uint8_t rs;    /* enum pf_rs */
	uint8_t clear;  /* GETRULE: zero the counters that were read */
	uint8_t change; /* CHANGERULE: enum pf_change */
	uint8_t pad[1];
	uint32_t nr; /* in: which.  GETRULES, CHANGERULE out: how many */
	struct pf_ioc_rule rule;
};

/*
 * Many rules for one ruleset of a transaction.  n out: how many were added,
 * from the first on; fewer than asked for when the next one cannot be: asked
 * for again, beginning with it, that is the call's error.
 */
struct pfioc_rules {
	uint64_t ticket;
	char anchor[PF_ANCHOR_PATHSIZE];
	uint8_t rs; /* enum pf_rs */
	uint8_t pad[3];
	uint32_t n;         /* at most PF_REQUEST_MAX */
	uint64_t rules_ptr; /* struct pf_ioc_rule[n] */
};

/* Children of an anchor, in the order of their names. */
struct pfioc_ruleset {
	char path[PF_ANCHOR_PATHSIZE];
	char name[PF_ANCHOR_NAMESIZE]; /* GETRULESET out */
	uint32_t nr; /* GETRULESETS out: how many.  GETRULESET in: which */
	uint32_t pad;
};

/* --- options ----------------------------------------------------------- */

struct pfioc_tm {
	uint64_t ticket;  /* SET: 0 at once */
	uint32_t timeout; /* enum pf_timeout */
	uint32_t seconds; /* out of SET: the old one */
};
struct pfioc_limit {
	uint64_t ticket;
	uint32_t index; /* enum pf_limit */
	uint32_t limit; /* 0: unlimited; out of SET: the old one */
};
/* One interface name (or group), for SETSTATUSIF and interface flags. */
struct pfioc_iface {
	uint64_t ticket;
	char name[IFNAMSIZ]; /* empty: none, or all */
	uint32_t flags;      /* PFI_* */
	uint32_t pad;
};
#define PFI_SKIP 0x0100

/* SETDEBUG, SETHOSTID, SETREASS, SETSTATEPOLICY: one number. */
struct pfioc_value {
	uint64_t ticket;
	uint32_t value;
	uint32_t pad;
};
#define PF_REASS_ON   0x01
#define PF_REASS_NODF 0x02

enum pf_syncookies {
	PF_SYNCOOKIES_NEVER,
	PF_SYNCOOKIES_ALWAYS,
	PF_SYNCOOKIES_ADAPTIVE
};
struct pfioc_syncookies {
	uint64_t ticket;
	uint32_t mode;
	uint32_t start, end; /* percent of the states limit */
	uint32_t pad;
};

/* --- status ------------------------------------------------------------ */

/* Why a packet was dropped or a rule logged.  The values go into pflog. */
enum pf_reason {
	PFRES_MATCH,
	PFRES_BADOFF,
	PFRES_FRAG,
	PFRES_SHORT,
	PFRES_NORM,
	PFRES_MEMORY,
	PFRES_TS,
	PFRES_CONGEST,
	PFRES_IPOPTIONS,
	PFRES_PROTCKSUM,
	PFRES_BADSTATE,
	PFRES_STATEINS,
	PFRES_MAXSTATES,
	PFRES_SRCLIMIT,
	PFRES_SYNPROXY,
	PFRES_MAPFAILED,
	PFRES_TRANSLATE,
	PFRES_MAX
};
enum pf_fcounter { PF_FC_SEARCH, PF_FC_INSERT, PF_FC_REMOVAL, PF_FC_MAX };
enum pf_lcounter {
	PF_LC_STATES,
	PF_LC_SRCSTATES,
	PF_LC_SRCNODES,
	PF_LC_SRCCONN,
	PF_LC_SRCCONNRATE,
	PF_LC_OVERLOAD_TABLE,
	PF_LC_OVERLOAD_FLUSH,
	PF_LC_SYNFLOODS,
	PF_LC_SYNCOOKIES_SENT,
	PF_LC_SYNCOOKIES_VALID,
	PF_LC_MATCHES, /* packets that more match rules matched than are kept */
	PF_LC_MAX
};

struct pf_status {
	uint64_t counters[PFRES_MAX];
	uint64_t lcounters[PF_LC_MAX];
	uint64_t fcounters[PF_FC_MAX];
	uint64_t scounters[PF_FC_MAX];
	uint64_t pcounters[2][2]
			  [2];    /* loginterface [v4 v6][in out][pass block] */
	uint64_t bcounters[2][2]; /* loginterface [v4 v6][in out] */
	uint64_t states, src_nodes;
	uint64_t since; /* seconds since it was enabled or disabled */
	uint32_t running;
	uint32_t debug;
	uint32_t hostid;
	uint32_t reass; /* PF_REASS_* */
	uint32_t syncookies_mode, syncookies_active;
	uint32_t syncookies_start, syncookies_end; /* in half-open states */
	uint32_t halfopen;
	uint32_t nostates_pad;
	char ifname[IFNAMSIZ]; /* loginterface */
	uint8_t checksum[PF_MD5_SIZE];
};

/* --- states ------------------------------------------------------------ */

struct pf_ioc_key {
	struct ip_addr addr[2]; /* [1] is ours when out, the peer's side: [0] */
	uint16_t port[2];
	uint8_t af, proto;
	uint8_t pad[2];
};
struct pf_ioc_peer {
	uint32_t seqlo, seqhi, seqdiff;
	uint16_t max_win, mss;
	uint8_t state;  /* per protocol */
	uint8_t wscale; /* with PF_WSCALE_KNOWN */
	uint8_t pad[2];
};
#define PF_WSCALE_KNOWN 0x80
#define PF_KEY_WIRE     0
#define PF_KEY_STACK    1

struct pf_ioc_state {
	uint64_t id;
	struct pf_ioc_key key[2]; /* wire, stack */
	struct pf_ioc_peer src, dst;
	struct ip_addr rt_addr;
	char ifname[IFNAMSIZ]; /* "all": floating */
	char orig_ifname[IFNAMSIZ];
	char rt_ifname[IFNAMSIZ];
	uint64_t packets[2], bytes[2];
	uint32_t creation, expire;            /* seconds: age, seconds left */
	uint32_t rule, anchor_rule, nat_rule; /* PF_NR_NONE: none */
	uint32_t creatorid;
	uint32_t stateflags; /* PFSTATE_* */
	int32_t rtable;
	uint16_t max_mss;
	uint8_t dir, proto, min_ttl, set_tos, log, rt;
	uint8_t src_node_flags, rt_af;
	uint8_t set_prio[2];
	uint32_t pad;
	uint64_t generation; /* of the ruleset that made it */
};
#define PFSTATE_ALLOWOPTS 0x0001
#define PFSTATE_SLOPPY    0x0002
#define PFSTATE_PFLOW     0x0004
#define PFSTATE_NOSYNC    0x0008
#define PFSTATE_ACK       0x0010
#define PFSTATE_NODF      0x0020
#define PFSTATE_SETTOS    0x0040
#define PFSTATE_RANDOMID  0x0080
#define PFSTATE_REASSTCP  0x0100
#define PFSTATE_SETPRIO   0x0200
#define PFSTATE_TRANSPARENT 0x0400 /* back to a socket with a foreign address */
/* src_node_flags: which kinds of source node it has */
#define PFSTATE_SN_LIMIT 0x01
#define PFSTATE_SN_NAT   0x02
#define PFSTATE_SN_ROUTE 0x04

/*
 * Reads up to n states with ids above `after' (0: from the start), in the
 * order of their ids; call again with the last id until n comes back 0.
 * Not a snapshot: states come and go between calls, none is seen twice.
 */
struct pfioc_states {
	uint64_t after;
	uint64_t buf_ptr; /* struct pf_ioc_state[] */
	uint32_t n;       /* in: room; out: filled */
	uint32_t pad;
};
/* GETSTATE: by id and creator. */
struct pfioc_state {
	struct pf_ioc_state state;
};

enum pf_kill_by {
	PF_KILL_ALL,
	PF_KILL_ADDR,
	PF_KILL_LABEL,
	PF_KILL_ID,
	PF_KILL_GATEWAY,
	PF_KILL_KEY,
	PF_KILL_NAT
};
/* CLRSTATES (only ifname is read) and KILLSTATES. */
struct pfioc_kill {
	uint8_t by; /* enum pf_kill_by */
	uint8_t af, proto;
	uint8_t match; /* also the companion state */
	uint32_t creatorid;
	uint64_t id;
	struct pf_ioc_side src, dst; /* PF_KILL_ADDR, _KEY; GATEWAY, NAT: src */
	char label[PF_LABEL_SIZE];
	char ifname[IFNAMSIZ];
	uint32_t killed; /* out */
	uint32_t pad;
};

/* What a connection was before translation: ports and addresses in, out. */
struct pfioc_natlook {
	struct ip_addr saddr, daddr;
	struct ip_addr rsaddr, rdaddr; /* out */
	uint16_t sport, dport;
	uint16_t rsport, rdport; /* out */
	uint8_t af, proto, dir;
	uint8_t pad[5];
};

struct pf_ioc_srcnode {
	struct ip_addr addr, raddr;
	uint64_t packets[2], bytes[2];
	uint32_t states, conn;
	uint32_t rate_count, rate_limit, rate_seconds; /* count: thousandths */
	uint32_t creation, expire; /* age, seconds left (0: has states) */
	uint32_t rule;
	uint8_t af, naf, type; /* PFSTATE_SN_* */
	uint8_t ruletype;      /* enum pf_action */
	uint32_t pad;
};
struct pfioc_srcnodes {
	uint64_t buf_ptr; /* struct pf_ioc_srcnode[] */
	uint32_t n;       /* in: room; out: how many there are */
	uint32_t pad;
};

/* --- tables ------------------------------------------------------------ */

#define PFRT_PERSIST    0x01
#define PFRT_CONST      0x02
#define PFRT_ACTIVE     0x04
#define PFRT_INACTIVE   0x08
#define PFRT_REFERENCED 0x10
#define PFRT_REFDANCHOR 0x20
#define PFRT_COUNTERS   0x40
#define PFRT_USER       (PFRT_PERSIST | PFRT_CONST | PFRT_COUNTERS)

/* flags of requests */
#define PFRF_DUMMY    0x0001 /* say what would happen, do not */
#define PFRF_FEEDBACK 0x0002 /* write pf_ioc_taddr.fback */
#define PFRF_CLSTATS  0x0004 /* clear what was read */
#define PFRF_ADDRSTOO 0x0008 /* RCLRTSTATS: its addresses too */
#define PFRF_REPLACE  0x0010 /* TSTADDRS: answer with the entry that matched */
#define PFRF_ALLRSETS 0x0020 /* tables of all anchors */
#define PFRF_LIST     0x0040 /* RINADEFINE: a list was given, take it */

enum pf_fback {
	PFRFB_NONE,
	PFRFB_MATCH,
	PFRFB_ADDED,
	PFRFB_DELETED,
	PFRFB_CHANGED,
	PFRFB_CLEARED,
	PFRFB_DUPLICATE,
	PFRFB_NOTMATCH,
	PFRFB_CONFLICT,
	PFRFB_NOCOUNT
};

struct pf_ioc_table {
	char anchor[PF_ANCHOR_PATHSIZE];
	char name[PF_TABLE_NAMESIZE];
	uint32_t flags; /* PFRT_* */
	uint32_t fback;
};
/* An entry.  Host bits behind plen must be 0. */
struct pf_ioc_taddr {
	struct ip_addr addr;
	uint8_t af, plen, neg, fback;
	uint8_t pad[4];
};
/* [in out][block pass xpass] */
struct pf_ioc_tastats {
	struct pf_ioc_taddr addr;
	uint64_t packets[2][3], bytes[2][3];
	uint64_t tzero; /* seconds since 1970 */
};
struct pf_ioc_tstats {
	struct pf_ioc_table table;
	uint64_t packets[2][3], bytes[2][3];
	uint64_t match, nomatch;
	uint64_t tzero;
	uint32_t count;
	uint32_t rules, anchors; /* references */
	uint32_t pad;
};

/*
 * All table calls.  buf_ptr is an array of
 *	pf_ioc_table	RADDTABLES RDELTABLES RGETTABLES RCLRTSTATS RSETTFLAGS
 *	pf_ioc_tstats	RGETTSTATS
 *	pf_ioc_taddr	R*ADDRS RCLRASTATS RINADEFINE
 *	pf_ioc_tastats	RGETASTATS
 * n goes in as the number of elements (or the room) and comes out as the
 * number there are; when there is less room than that nothing is written.
 */
struct pfioc_table {
	uint64_t ticket; /* RINADEFINE */
	uint64_t buf_ptr;
	struct pf_ioc_table table; /* filter or subject */
	uint32_t n;
	uint32_t nadd, ndel, nchange; /* out; nadd also: cleared, matched */
	uint32_t flags;               /* PFRF_* */
	uint32_t setflags, clrflags;  /* RSETTFLAGS */
	uint32_t seconds;             /* TEXPIRE: older than */
};

/* --- interfaces as pf counts them -------------------------------------- */

struct pf_ioc_kif {
	char name[IFNAMSIZ];
	uint64_t packets[2][2][2]; /* [v4 v6][in out][pass block] */
	uint64_t bytes[2][2][2];
	uint64_t tzero;         /* seconds since 1970 */
	uint32_t states, rules; /* references */
	uint32_t flags;         /* PFI_* */
	uint32_t isgroup;
};
struct pfioc_ifaces {
	char name[IFNAMSIZ]; /* filter; empty: all */
	uint64_t buf_ptr;    /* struct pf_ioc_kif[] */
	uint32_t n;          /* in: room; out: how many there are */
	uint32_t pad;
};

struct pfioc_creators {
	uint32_t n; /* out */
	uint32_t id[16];
};

/* --- fingerprints ------------------------------------------------------ */

#define PF_OSFP_MAX 16384 /* there may be so many */

/* Options of a SYN, PF_OSFP_OPT_BITS each. */
enum pf_osfp_opt {
	PF_OSFP_OPT_NOP = 1,
	PF_OSFP_OPT_MSS,
	PF_OSFP_OPT_WSCALE,
	PF_OSFP_OPT_SACK,
	PF_OSFP_OPT_TS,
	PF_OSFP_OPT_OTHER = 7 /* of packets only */
};
#define PF_OSFP_OPT_BITS 3
#define PF_OSFP_OPTS_MAX 16

/* flags of a fingerprint; without any the number beside it is exact */
#define PF_OSFP_DF	   0x0001
#define PF_OSFP_WSIZE_ANY  0x0002
#define PF_OSFP_WSIZE_MOD  0x0004 /* a multiple of wsize */
#define PF_OSFP_WSIZE_MSS  0x0008 /* wsize times the MSS */
#define PF_OSFP_WSIZE_MTU  0x0010 /* wsize times the MTU */
#define PF_OSFP_PSIZE_ANY  0x0020
#define PF_OSFP_MSS_ANY	   0x0040
#define PF_OSFP_MSS_MOD	   0x0080
#define PF_OSFP_WSCALE_ANY 0x0100
#define PF_OSFP_WSCALE_MOD 0x0200
#define PF_OSFP_TS0	   0x0400 /* the time stamp is 0 */
#define PF_OSFP_GENERIC	   0x0800 /* is said of many stacks */
#define PF_OSFP_NODETAIL   0x1000 /* the version is not told apart */
#define PF_OSFP_NAMING	   (PF_OSFP_GENERIC | PF_OSFP_NODETAIL)
#define PF_OSFP_ALL	   0x1fff

struct pf_ioc_osfp {
	char class[PF_OSFP_NAMESIZE];
	char version[PF_OSFP_NAMESIZE];
	char subtype[PF_OSFP_NAMESIZE];
	uint64_t ticket; /* OSFPADD: of a transaction with PF_ELEM_OSFPS; 0: now */
	uint64_t opts;   /* enum pf_osfp_opt, first one lowest */
	uint32_t nr;     /* OSFPGET in: which; EBUSY behind the last */
	uint16_t wsize, psize, mss; /* as in IPv4 */
	uint16_t flags;             /* PF_OSFP_* */
	uint8_t ttl;                /* as sent */
	uint8_t wscale, nopts;
	uint8_t pad[1];
};

/* --- the calls --------------------------------------------------------- */

#define DIOCSTART         _IO('D', 1) /* EEXIST: runs already */
#define DIOCSTOP          _IO('D', 2) /* ENOENT: does not run */
#define DIOCADDRULE       _IOWR('D', 4, struct pfioc_rule)
#define DIOCGETRULES      _IOWR('D', 6, struct pfioc_rule)
#define DIOCGETRULE       _IOWR('D', 7, struct pfioc_rule)
#define DIOCCLRSTATES     _IOWR('D', 18, struct pfioc_kill)
#define DIOCGETSTATE      _IOWR('D', 19, struct pfioc_state)
#define DIOCSETSTATUSIF   _IOWR('D', 20, struct pfioc_iface)
#define DIOCGETSTATUS     _IOWR('D', 21, struct pf_status)
#define DIOCCLRSTATUS     _IOWR('D', 22, struct pfioc_iface)
#define DIOCNATLOOK       _IOWR('D', 23, struct pfioc_natlook)
#define DIOCSETDEBUG      _IOWR('D', 24, struct pfioc_value)
#define DIOCGETSTATES     _IOWR('D', 25, struct pfioc_states)
#define DIOCCHANGERULE    _IOWR('D', 26, struct pfioc_rule)
#define DIOCSETTIMEOUT    _IOWR('D', 29, struct pfioc_tm)
#define DIOCGETTIMEOUT    _IOWR('D', 30, struct pfioc_tm)
#define DIOCCLRRULECTRS   _IO('D', 38)
#define DIOCGETLIMIT      _IOWR('D', 39, struct pfioc_limit)
#define DIOCSETLIMIT      _IOWR('D', 40, struct pfioc_limit)
#define DIOCKILLSTATES    _IOWR('D', 41, struct pfioc_kill)
#define DIOCGETRULESETS   _IOWR('D', 58, struct pfioc_ruleset)
#define DIOCGETRULESET    _IOWR('D', 59, struct pfioc_ruleset)
#define DIOCRCLRTABLES    _IOWR('D', 60, struct pfioc_table)
#define DIOCRADDTABLES    _IOWR('D', 61, struct pfioc_table)
#define DIOCRDELTABLES    _IOWR('D', 62, struct pfioc_table)
#define DIOCRGETTABLES    _IOWR('D', 63, struct pfioc_table)
#define DIOCRGETTSTATS    _IOWR('D', 64, struct pfioc_table)
#define DIOCRCLRTSTATS    _IOWR('D', 65, struct pfioc_table)
#define DIOCRCLRADDRS     _IOWR('D', 66, struct pfioc_table)
#define DIOCRADDADDRS     _IOWR('D', 67, struct pfioc_table)
#define DIOCRDELADDRS     _IOWR('D', 68, struct pfioc_table)
#define DIOCRSETADDRS     _IOWR('D', 69, struct pfioc_table)
#define DIOCRGETADDRS     _IOWR('D', 70, struct pfioc_table)
#define DIOCRGETASTATS    _IOWR('D', 71, struct pfioc_table)
#define DIOCRCLRASTATS    _IOWR('D', 72, struct pfioc_table)
#define DIOCRTSTADDRS     _IOWR('D', 73, struct pfioc_table)
#define DIOCRSETTFLAGS    _IOWR('D', 74, struct pfioc_table)
#define DIOCRINADEFINE    _IOWR('D', 77, struct pfioc_table)
#define DIOCOSFPFLUSH     _IO('D', 78)
#define DIOCOSFPADD       _IOWR('D', 79, struct pf_ioc_osfp)
#define DIOCOSFPGET       _IOWR('D', 80, struct pf_ioc_osfp)
#define DIOCXBEGIN        _IOWR('D', 81, struct pfioc_trans)
#define DIOCXCOMMIT       _IOWR('D', 82, struct pfioc_trans)
#define DIOCXROLLBACK     _IOWR('D', 83, struct pfioc_trans)
#define DIOCGETSRCNODES   _IOWR('D', 84, struct pfioc_srcnodes)
#define DIOCCLRSRCNODES   _IO('D', 85)
#define DIOCSETHOSTID     _IOWR('D', 86, struct pfioc_value)
#define DIOCIGETIFACES    _IOWR('D', 87, struct pfioc_ifaces)
#define DIOCSETIFFLAG     _IOWR('D', 89, struct pfioc_iface)
#define DIOCCLRIFFLAG     _IOWR('D', 90, struct pfioc_iface)
#define DIOCKILLSRCNODES  _IOWR('D', 91, struct pfioc_kill)
#define DIOCGETSYNCOOKIES _IOWR('D', 94, struct pfioc_syncookies)
#define DIOCSETSYNCOOKIES _IOWR('D', 95, struct pfioc_syncookies)
#define DIOCSETREASS      _IOWR('D', 102, struct pfioc_value)
#define DIOCGETCREATORS   _IOWR('D', 103, struct pfioc_creators)
#define DIOCADDRULES      _IOWR('D', 104, struct pfioc_rules)

#define PF_ABI(t, size) _Static_assert(sizeof(t) == (size), "size of " #t)
PF_ABI(struct pf_ioc_addr, 80);
PF_ABI(struct pf_ioc_side, 88);
PF_ABI(struct pf_ioc_pool, 40);
PF_ABI(struct pf_ioc_poolent, 104);
PF_ABI(struct pf_ioc_elem, 1032);
PF_ABI(struct pfioc_trans, 32);
PF_ABI(struct pf_ioc_table, 1064);
PF_ABI(struct pf_ioc_taddr, 24);
PF_ABI(struct pf_ioc_rule, 2440);
PF_ABI(struct pfioc_rule, 3480);
PF_ABI(struct pfioc_rules, 1048);
PF_ABI(struct pfioc_ruleset, 1096);
PF_ABI(struct pf_status, 464);
PF_ABI(struct pf_ioc_state, 280);
PF_ABI(struct pfioc_kill, 280);
PF_ABI(struct pfioc_natlook, 80);
PF_ABI(struct pf_ioc_srcnode, 104);
PF_ABI(struct pf_ioc_tastats, 128);
PF_ABI(struct pf_ioc_tstats, 1200);
PF_ABI(struct pfioc_table, 1112);
PF_ABI(struct pf_ioc_kif, 168);
PF_ABI(struct pf_ioc_osfp, 128);

#endif
