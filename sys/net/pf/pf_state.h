/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * States: the conversations that rules let through.
 *
 * A key is two ends and a protocol.  By which end comes first the keys of the
 * two directions differ: end 0 is the source of a packet that comes in, and
 * the destination of one that goes out.  So a packet in and the reply to it
 * out have the same key, and one lookup serves both.
 *
 * A state has the key that packets on the wire have and the key that they
 * have towards the stack.  Without translation these are one.  A packet in is
 * looked for among wire keys, a packet out among stack keys.
 *
 * A state of af-to stands between two families.  Packets of both sides come
 * in by it, and each key is one of the wire, for the packets of its family;
 * what it lets through is not judged again on its way out.
 *
 *	create -> linked (hash, ids, wheel) -> unlinked -> freed
 *
 *  (1)	A state is in the hash by each of its keys, in the tree of ids, and in
 *	one slot of the wheel, or in none of them.
 *  (2)	No two states have the same key of the same kind on the same
 *	interface.
 *  (3)	rule->states_cur is the number of states that name the rule.
 */

#ifndef _NET_PF_PF_STATE_H_
#define _NET_PF_PF_STATE_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>
#include <net/pf/pf_desc.h>
#include <net/pf/pf_ioctl.h>

struct pf_kif;
struct pf_rule;

struct pf_peer {
	/* TCP: lowest, highest allowed; SCTP: tags; ICMP: enum pf_role of who began */
	uint32_t seqlo, seqhi;
	uint32_t seqdiff;      /* added by modulate state */
	uint16_t max_win;
	uint8_t wscale; /* PF_WSCALE_KNOWN */
	uint8_t state;  /* PF_TCPS_*, PF_SCTPS_*, or PF_PEER_* */
};

/* A key in the hash.  Addresses follow in as many bytes as the family has. */
struct pf_skey {
	struct pf_skey *next;
	uint32_t hash;
	uint8_t which; /* PF_SK_* */
	uint8_t af, proto;
	uint8_t back; /* from here to the state, in units of 4 bytes */
	uint16_t port[2];
	uint32_t addr[]; /* 2 or 8 words */
};
#define PF_SK_WIRE  1
#define PF_SK_STACK 2

/* States with more than one key, or rare needs. */
struct pf_state_more {
	struct pf_rule *nat_rule;
	struct pf_match_item *matched;
	struct pf_acts acts;
	sa_family_t naf; /* stack side's family */
};

/* The first line is for finding by id and ending; packets read the others. */
struct pf_state {
	RB_ENTRY(pf_state) by_id;
	LIST_ENTRY(pf_state) wheel;
	uint64_t id;
	uint32_t creation; /* uptime seconds */
	uint32_t creatorid;
	struct pf_rule *anchor_rule; /* with anchored */

	struct pf_kif *kif; /* where it was made */
	struct pf_rule *rule;
	struct pf_peer src, dst;       /* who began; who answers */
	uint64_t packets[2], bytes[2]; /* [0] from src, [1] from dst */
	uint32_t last;                 /* uptime seconds */
	uint16_t flags;                /* PFSTATE_* */
	uint16_t tag;
	uint8_t timeout; /* enum pf_timeout */
	uint8_t more;    /* has struct pf_state_more, in units of 8 bytes */
	uint8_t dir;     /* of the first packet */
	uint8_t klass : 3;
	uint8_t bind : 2; /* enum pf_bind */
	uint8_t log : 1;
	uint8_t anchored : 1;
	/* keys, then struct pf_state_more */
};
enum pf_bind { PF_BIND_FLOATING, PF_BIND_IF, PF_BIND_GROUP };

/* states of a TCP peer */
enum pf_tcp {
	PF_TCPS_CLOSED,
	PF_TCPS_LISTEN,
	PF_TCPS_SYN_SENT,
	PF_TCPS_SYN_RECEIVED,
	PF_TCPS_ESTABLISHED,
	PF_TCPS_CLOSE_WAIT,
	PF_TCPS_FIN_WAIT_1,
	PF_TCPS_CLOSING,
	PF_TCPS_LAST_ACK,
	PF_TCPS_FIN_WAIT_2,
	PF_TCPS_TIME_WAIT
};
/* states of an end of an SCTP association */
enum pf_sctp {
	PF_SCTPS_CLOSED,
	PF_SCTPS_COOKIE_WAIT,
	PF_SCTPS_COOKIE_ECHOED,
	PF_SCTPS_ESTABLISHED,
	PF_SCTPS_SHUTDOWN_SENT,
	PF_SCTPS_SHUTDOWN_ACK_SENT,
	PF_SCTPS_ENDED
};
/* UDP and others */
enum pf_other { PF_PEER_NONE, PF_PEER_SINGLE, PF_PEER_MULTIPLE };

int pf_state_init(void); /* at boot.  0 or ENOMEM */

/* The state of pd, into pd->st.  NULL: none. */
void pf_state_find(struct pf_desc *pd);
/* By the ends of a packet that travels in direction dir at kif: for quoted
 * packets, NATLOOK.  NULL. */
struct pf_state *pf_state_lookup(sa_family_t af, uint8_t proto,
    const struct pf_ends *e, enum pf_dir dir, const struct pf_kif *kif);
/* Are there several, bound to different interfaces? */
bool pf_state_several(sa_family_t af, uint8_t proto, const struct pf_ends *e,
    enum pf_dir dir);
/* The hash of a key, and hints that its bucket, then the first state in it,
 * then the second if the first has another hash, will be looked at. */
uint32_t pf_state_hash(sa_family_t af, uint8_t proto, const struct pf_ends *e,
    enum pf_dir dir);
void pf_state_fetch_bucket(uint32_t hash);
void pf_state_fetch(uint32_t hash);
void pf_state_fetch_chain(uint32_t hash);
/* Would a packet out with these ends meet a state already?  (Ports of nat.) */
bool pf_state_taken(sa_family_t af, uint8_t proto, const struct pf_ends *e,
    enum pf_dir dir);
/*
 * A state for pd (was, now, rule, acts); into pd->st.  PF_PASS also when the rule wants
 * none; PF_DROP with reason (memory, limits, a key that is taken).
 */
enum pf_verdict pf_state_create(struct pf_desc *pd);
void pf_state_remove(struct pf_state *st);
struct pf_state *pf_state_byid(uint64_t id, uint32_t creatorid); /* 0: ours */
struct pf_state *pf_state_after(uint64_t id); /* the next one up; NULL */

/* Both keys as ends in the order of a key (see above), and their family; of
 * an af-to state as if the other side were the stack's. */
void pf_state_ends(const struct pf_state *st, unsigned int which,
    sa_family_t *af, struct pf_ends *e);
uint8_t pf_state_proto(const struct pf_state *st);
static inline struct pf_state_more *
pf_state_more(const struct pf_state *st)
{
	return (st->more == 0 ? NULL :
		    (struct pf_state_more *)(uintptr_t)((const char *)st + st->more * 8U));
}
/* Is a packet of that family and direction one of who began? */
bool pf_state_forth(const struct pf_state *st, sa_family_t af,
    enum pf_dir dir);
/* What a packet of st, of family *af, that travels in direction dir is called
 * on the other side of pf; *af becomes the family there. */
void pf_state_otherside(const struct pf_state *st, enum pf_dir dir,
    sa_family_t *af, struct pf_ends *e);
void pf_state_show(const struct pf_state *st, struct pf_ioc_state *out);

/* Seconds until it ends, by its class of timeout, its rule's or the global
 * times, and how many states there are; 0: now. */
uint32_t pf_state_left(const struct pf_state *st);

/* --- tracking: pd->st is the packet's state (pf_track*.c) --- */
/* PF_HELD: the state was of a connection that is over, and is gone. */
enum pf_verdict pf_track(struct pf_desc *pd);
enum pf_verdict pf_track_tcp(struct pf_desc *pd, struct pf_peer *src,
    struct pf_peer *dst);
/* Fills the peers of a new state from the first packet. */
void pf_track_first(struct pf_desc *pd, struct pf_state *st);
/* An ICMP error: finds the state of what it quotes and translates both
 * headers.  PF_PASS with pd->st set, or with NULL when the rules shall decide;
 * PF_DROP. */
enum pf_verdict pf_track_icmp_error(struct pf_desc *pd);

extern uint64_t pf_nstates;
extern uint64_t pf_states_gone; /* that have ended since boot */
extern uint32_t pf_state_limit; /* 0: none */

#endif
