/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * mbufs: packets, and pieces of packets.  See mbuf(9).
 *
 * A packet is a chain (m_next) whose first mbuf has M_PKTHDR and the packet
 * header; packets stand in lists by m_nextpkt.  Data lies inside the mbuf or
 * in external storage, which may be shared by several mbufs (read-only then:
 * m_makewritable()) and is given back through its free function.
 *
 * Checksums.  Input: M_*_CSUM_IN_OK, the sum was verified below us or the
 * frame never was on a wire.  Output: M_TCP_CSUM_OUT or M_UDP_CSUM_OUT, M_ICMP
 * likewise, say that the transport's checksum field is NOT valid and has to
 * be computed in full before the frame leaves for a link that cannot; who
 * changes addresses or ports of such a packet leaves the field alone.
 * M_IPV4_CSUM_OUT says the same of the IPv4 header.
 * Segmentation: M_TCP_TSO, a TCP packet larger than the MTU that stands for
 * segments of ph_mss bytes of payload; M_UDP_GSO likewise for UDP.  Both
 * imply the CSUM_OUT flag.  They may be forwarded as they are to links that
 * can, and are cut in software otherwise (tcp_chop in netinet/ip_segment.c).
 */

#ifndef _SYS_MBUF_H_
#define _SYS_MBUF_H_

#include <sys/memstat.h>
#include <sys/types.h>
#include <sys/cdefs.h>
#include <sys/queue.h>
#include <sys/drop.h>

#define MSIZE	   256
#define MCLBYTES   2048
#define MAXMCLBYTES 65536
#define M_HEADROOM 128 /* in front of a received frame or a packet we make */

struct mbuf;
struct ifnet;

/* A tag: something remembered of a packet.  Payload follows the struct. */
struct m_tag {
	SLIST_ENTRY(m_tag) mt_link;
	uint16_t mt_id; /* enum m_tag_id */
	uint16_t mt_len; /* of the payload */
};
enum m_tag_id { PACKET_TAG_NONE, PACKET_TAG_GIF, PACKET_TAG_REASS, PACKET_TAG_DIVERT, PACKET_TAG_CARP };

/* What pf remembers of a packet between its two visits. */
struct pkthdr_pf {
	uint32_t hash; /* of the state it is expected to be of, 0: unknown */
	uint16_t tag;  /* pf tag id, 0 none */
	uint8_t flags; /* PF_TAG_* of <net/packet_filter.h> */
	uint8_t prio;
};

struct pkthdr {
	uint32_t len; /* of the whole packet */
	uint32_t csum_flags; /* M_*CSUM*, M_TCP_TSO, M_UDP_GSO */
	uint32_t flowid; /* hash of the flow, 0: unknown */
	uint32_t ifidx; /* interface it came in by, 0: made here */
	uint16_t mss; /* ph_mss of M_TCP_TSO and M_UDP_GSO */
	uint16_t ether_vtag; /* with M_VLANTAG */
	uint16_t rtableid;
	uint16_t ifgen;
	uint64_t stamp_us; /* wall time of arrival, 0: unknown */
	SLIST_HEAD(, m_tag) tags;
	struct pkthdr_pf pf;
};
#define ph_mss mss

struct mbuf_ext {
	char *buf;
	uint32_t size;
	uint32_t *refs; /* shared count, or NULL while there is one user */
	void (*free)(char *buf, uint32_t size, void *arg);
	void *arg;
	LIST_ENTRY(mbuf) users; /* of storage that is lent */
};

struct m_hdr {
	struct mbuf *next; /* rest of the packet */
	struct mbuf *nextpkt;
	char *data;
	uint32_t len; /* bytes at data */
	uint16_t type; /* MT_* */
	uint16_t flags; /* M_* */
};

#define MLEN  (MSIZE - sizeof(struct m_hdr))
#define MHLEN (MLEN - sizeof(struct pkthdr))

struct mbuf {
	struct m_hdr m_hdr;
	union {
		struct {
			struct pkthdr pkthdr;
			union {
				struct mbuf_ext ext;
				char databuf[MSIZE - sizeof(struct m_hdr) - sizeof(struct pkthdr)];
			} MH_dat;
		} MH;
		char databuf[MSIZE - sizeof(struct m_hdr)];
	} M_dat;
};
#define m_next	  m_hdr.next
#define m_nextpkt m_hdr.nextpkt
#define m_data	  m_hdr.data
#define m_len	  m_hdr.len
#define m_type	  m_hdr.type
#define m_flags	  m_hdr.flags
#define m_pkthdr  M_dat.MH.pkthdr
#define m_ext	  M_dat.MH.MH_dat.ext
#define m_pktdat  M_dat.MH.MH_dat.databuf
#define m_dat	  M_dat.databuf
_Static_assert(sizeof(struct mbuf) == MSIZE, "an mbuf has its size");

enum mbuf_type { MT_FREE, MT_DATA, MT_HEADER, MT_SONAME, MT_CONTROL, MT_OOBDATA };

/* m_flags */
#define M_EXT	  0x0001
#define M_PKTHDR  0x0002
#define M_EOR	  0x0004
#define M_EXTRO	  0x0008 /* external storage may not be written */
#define M_BCAST	  0x0010 /* came or goes as link-level broadcast */
#define M_MCAST	  0x0020
#define M_LOOP	  0x0040 /* came by way of a loopback interface */
#define M_VLANTAG 0x0080 /* ether_vtag is valid */
#define M_AUTH	  0x0100
#define M_PROTO1  0x0200 /* free for the layer that holds it */
#define M_CONF	  0x0400

/* csum_flags */
#define M_IPV4_CSUM_OUT	   0x0001
#define M_TCP_CSUM_OUT	   0x0002
#define M_UDP_CSUM_OUT	   0x0004
#define M_ICMP_CSUM_OUT	   0x0008
#define M_TCP_TSO	   0x0010
#define M_UDP_GSO	   0x0020
#define M_IPV4_CSUM_IN_OK  0x0100
#define M_TCP_CSUM_IN_OK   0x0200
#define M_UDP_CSUM_IN_OK   0x0400
#define M_ICMP_CSUM_IN_OK  0x0800
#define M_L4_CSUM_OUT	   (M_TCP_CSUM_OUT | M_UDP_CSUM_OUT | M_ICMP_CSUM_OUT)
#define M_GSO		   (M_TCP_TSO | M_UDP_GSO)

#define mtod(m, t) ((t)(void *)((m)->m_data))

/* --- making and freeing; all return NULL when there is no memory, or the
 * limit of packet memory is reached --- */
struct mbuf *m_get(enum mbuf_type type);
struct mbuf *m_gethdr(enum mbuf_type type); /* with an empty packet header */
/* A packet with len bytes of contiguous room behind headroom bytes; m_len 0. */
struct mbuf *m_getroom(size_t headroom, size_t len);
/* Adds a cluster of at least size bytes to an mbuf without data.  0, ENOBUFS. */
int m_clget(struct mbuf *m, size_t size);
/* Storage of the caller's; fn gives it back when the last user is gone. */
void m_extadd(struct mbuf *m, char *buf, uint32_t size,
    void (*fn)(char *, uint32_t, void *), void *arg, bool readonly);
/* Frees one; returns what followed it. */
struct mbuf *m_free(struct mbuf *m);
/* Frees a packet (a chain).  NULL is allowed. */
void m_freem(struct mbuf *m);
/* Counts why, then m_freem().  The only way a packet dies unwanted. */
void m_drop(struct mbuf *m, enum drop_reason why);

/*
 * Storage on loan, for a driver whose buffers are its own.  Whoever still uses
 * it when the lender wants it back gets a copy, in a cluster that was set
 * aside when the loan began: the end of a loan cannot fail.
 */
struct mbuf_loan {
	LIST_HEAD(, mbuf) users;
	struct mbuf *aside; /* holds the cluster; NULL: nobody uses it */
	void (*over)(struct mbuf_loan *l); /* nobody uses it any more */
};
/* A packet whose data is buf[size], size <= MAXMCLBYTES.  NULL: no memory. */
struct mbuf *m_lend(struct mbuf_loan *l, char *buf, uint32_t size);
/* Whoever uses it gets a copy; over is called, unless it was before. */
void m_loan_end(struct mbuf_loan *l);

/* --- shape.  Where the packet is given back through a return value, NULL
 * means no memory and the packet has been freed (counted as DROP_NOBUFS). --- */
/* At least len bytes contiguous and writable at m_data.  NULL also if the packet is shorter. */
struct mbuf *m_pullup(struct mbuf *m, uint32_t len) __must_check;
/* len more bytes in front, contiguous; packet length grows. */
struct mbuf *m_prepend(struct mbuf *m, uint32_t len) __must_check;
/* Cuts len bytes off: > 0 at the front, < 0 at the end.  Never fails. */
void m_adj(struct mbuf *m, int len);
/* Cuts in two at off: m keeps [0, off), the rest is returned, NULL on failure (m unchanged). */
struct mbuf *m_split(struct mbuf *m, uint32_t off);
/* Appends the packet n to the packet m; n is m's afterwards. */
void m_cat_pkt(struct mbuf *m, struct mbuf *n);
/* A copy that shares external storage.  off .. off+len (UINT32_MAX: to the end).
 * NULL on failure. Packet header copied when off is 0. */
struct mbuf *m_copym(const struct mbuf *m, uint32_t off, uint32_t len);
/* A copy that shares nothing, in one piece where it fits, with headroom. */
struct mbuf *m_dup_pkt(const struct mbuf *m, size_t headroom);
/* The same packet with the first len bytes its own and contiguous (UINT32_MAX: all). */
struct mbuf *m_makewritable(struct mbuf *m, uint32_t len) __must_check;
/* Is the storage at m_data this mbuf's alone? */
bool m_writable(const struct mbuf *m);
/* Bytes free before and behind the data of a writable mbuf. */
uint32_t m_leadingspace(const struct mbuf *m);
uint32_t m_trailingspace(const struct mbuf *m);

/* --- bytes --- */
/* Copies [off, off+len) out.  0, or EINVAL when the chain is shorter. */
int m_copydata(const struct mbuf *m, uint32_t off, uint32_t len, void *dst);
/* Overwrites [off, off+len), growing the packet where needed.  0, ENOBUFS (nothing changed). */
int m_copyback(struct mbuf *m, uint32_t off, uint32_t len, const void *src);
/* A pointer to len contiguous bytes at off: into the chain when it can, else
 * copied into buf.  NULL when the packet is shorter.  For reading only. */
const void *m_peek(const struct mbuf *m, uint32_t off, uint32_t len, void *buf);
/* The mbuf that holds byte off; *off becomes the place in it. */
struct mbuf *m_getptr(struct mbuf *m, uint32_t *off);
/* Calls fn over the pieces of [off, off+len) until it returns non-zero. */
int m_apply(const struct mbuf *m, uint32_t off, uint32_t len,
    int (*fn)(void *arg, const void *p, uint32_t n), void *arg);
/* Length by walking the chain. */
uint32_t m_length(const struct mbuf *m);

/* --- packet header and tags --- */
/* Copies header and tags from another packet: 0 or ENOBUFS. */
int m_dup_pkthdr(struct mbuf *to, const struct mbuf *from);
/* Forgets all that a layer remembered (a packet enters a new world: loopback, pair, wire). */
void m_resethdr(struct mbuf *m);
struct m_tag *m_tag_get(enum m_tag_id id, size_t len); /* payload zeroed; NULL */
void m_tag_prepend(struct mbuf *m, struct m_tag *t);
struct m_tag *m_tag_find(const struct mbuf *m, enum m_tag_id id);
void m_tag_delete(struct mbuf *m, struct m_tag *t);
static inline void *
m_tag_data(struct m_tag *t)
{
	return (t + 1);
}

/* --- lists of packets --- */
struct mbuf_list {
	struct mbuf *ml_head, *ml_tail;
	uint32_t ml_len;
};
#define MBUF_LIST_INITIALIZER { NULL, NULL, 0 }
void ml_init(struct mbuf_list *ml);
void ml_enqueue(struct mbuf_list *ml, struct mbuf *m);
struct mbuf *ml_dequeue(struct mbuf_list *ml);
void ml_enlist(struct mbuf_list *to, struct mbuf_list *from); /* from is empty then */
unsigned int ml_purge(struct mbuf_list *ml); /* frees all; how many */
static inline bool
ml_empty(const struct mbuf_list *ml)
{
	return (ml->ml_head == NULL);
}

/* Exchanges the external storage of a, which has some, and b, which has too. */
void m_ext_swap(struct mbuf *a, struct mbuf *b);

void mbstat_get(struct mbuf_stat *st);
void mbinit(uint64_t limit_bytes); /* at boot */
/* What is in use stays; nothing new is given until it is below. */
void mb_setlimit(uint64_t limit_bytes);
/* More than three quarters are in use: what can come again should not stay. */
bool mb_tight(void);

#endif
