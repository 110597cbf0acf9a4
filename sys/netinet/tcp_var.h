/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * TCP (RFC 9293): what its rooms share.  See tcp(4).
 *
 *	tcp_usrreq.c	the socket's calls, counters, sysctls
 *	tcp_sockopt.c	the socket's options
 *	tcp_input.c	a packet becomes a segment and finds its connection
 *	tcp_coalesce.c	segments that follow each other become one
 *	tcp_segment.c	the ladder of RFC 9293 3.10.7.4 for a segment
 *	tcp_state.c	the table of states and events
 *	tcp_opt.c	options, in and out
 *	tcp_reass.c	what came out of order
 *	tcp_ack.c	what an acknowledgment means: RTT, loss, recovery
 *	tcp_sack.c	what the peer has beyond what it acknowledged
 *	tcp_cc.c	how much may be under way: NewReno and CUBIC
 *	tcp_output.c	what to send next
 *	tcp_build.c	a segment becomes a packet
 *	tcp_timer.c	what happens when nothing happens
 *	tcp_syncache.c	connections that are not yet
 *	tcp_md5.c	segments that are signed
 *	tcp_subr.c	life, sequence numbers, sizes, errors of ICMP
 *
 * All numbers are in host order; sequence numbers are compared with seq_lt()
 * and its sisters.  Time is an argument: now, microseconds of uptime.  A
 * function that may end the connection says so; after that tp is gone.
 */

#ifndef _NETINET_TCP_VAR_H_
#define _NETINET_TCP_VAR_H_

#include <sys/types.h>
#include <sys/mbuf.h>
#include <sys/queue.h>
#include <sys/timeout.h>
#include <netinet/in_pcb.h>
#include <netinet/tcp.h>

struct socket;
struct tcp_md5_key;
struct tcpcb;

/* --- sequence numbers (RFC 9293 3.4) --- */
static inline bool
seq_lt(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b) < 0);
}
static inline bool
seq_leq(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b) <= 0);
}
static inline uint32_t
seq_max(uint32_t a, uint32_t b)
{
	return (seq_lt(a, b) ? b : a);
}
static inline uint32_t
seq_min(uint32_t a, uint32_t b)
{
	return (seq_lt(a, b) ? a : b);
}

/* --- states and events (tcp_state.c) --- */
enum tcp_state {
	TCPS_CLOSED,
	TCPS_LISTEN,
	TCPS_SYN_SENT,
	TCPS_SYN_RCVD,
	TCPS_ESTABLISHED,
	TCPS_CLOSE_WAIT,
	TCPS_FIN_WAIT_1,
	TCPS_CLOSING,
	TCPS_LAST_ACK,
	TCPS_FIN_WAIT_2,
	TCPS_TIME_WAIT,
	TCPS_NSTATES
};
enum tcp_event {
	TCPE_LISTEN,   /* the program waits for connections */
	TCPE_CONNECT,  /* the program wants one: SYN sent */
	TCPE_ACCEPT,   /* a SYN cache entry becomes a connection */
	TCPE_SYN,      /* the peer's SYN, ours is not acknowledged */
	TCPE_SYNACKED, /* ours is acknowledged and we have the peer's */
	TCPE_CLOSE,    /* no more from the program */
	TCPE_FIN,      /* no more from the peer, all in order */
	TCPE_FINACKED, /* the peer has all that we sent, and the end */
	TCPE_2MSL,     /* long enough quiet */
	TCPE_END,      /* reset, abort, or given up */
	TCPE_NEVENTS
};
/*
 * The state after ev; TCPS_NSTATES: ev cannot happen in that state.  Pure.
 */
enum tcp_state tcp_state_next(enum tcp_state from, enum tcp_event ev);
/* Takes tp there, with what belongs to arriving.  False: it cannot happen. */
bool tcp_state_event(struct tcpcb *tp, enum tcp_event ev, uint64_t now);
const char *tcp_state_name(enum tcp_state s);

/* What is true in a state. */
#define TSF_SYNCED 0x01 /* both SYNs are exchanged */
#define TSF_RECV   0x02 /* the peer may send */
#define TSF_SEND   0x04 /* what the program wrote may leave */
#define TSF_FINQ   0x08 /* our FIN stands behind what the program wrote */
uint32_t tcp_state_flags(enum tcp_state s);

/* --- a segment that was read (tcp_input.c, tcp_opt.c) --- */
struct tcp_sack {
	uint32_t start, end;
};
struct tcp_opts {
	bool has_mss, has_wscale, has_tstamp, sackok;
	uint8_t wscale;
	uint8_t nsacks;
	uint16_t mss;
	uint32_t tsval, tsecr;
	struct tcp_sack sack[TCP_SACKS_MAX];
	bool has_md5;
	uint8_t md5[16]; /* read; written by tcp_emit() */
};
struct tcp_seg {
	uint32_t seq, ack, len; /* len: payload */
	uint32_t win;           /* as on the wire; scaled by tcp_seg_scale() */
	uint16_t urp;
	uint8_t flags; /* TH_* */
	uint8_t hlen;
	bool ce; /* ECN: congestion was experienced */
	bool anew;      /* a SYN instead of one in TIME_WAIT, */
	uint32_t above; /* whose numbers ours shall lie above */
	struct tcp_opts opt;
};
/* Length in sequence space. */
static inline uint32_t
tcp_seg_space(const struct tcp_seg *sg)
{
	return (sg->len + ((sg->flags & TH_SYN) != 0) +
	    ((sg->flags & TH_FIN) != 0));
}
/* Reads options.  False: one is cut short (RFC 9293 3.1); o is what came before. */
bool tcp_opts_read(struct tcp_opts *o, const uint8_t *p, uint32_t len);
/* What to write; bytes written, a multiple of four. */
uint32_t tcp_opts_write(const struct tcp_opts *o, uint8_t out[TCP_OPTIONS_MAX]);

/* --- timers (tcp_timer.c) --- */
enum tcp_timer {
	TCPT_REXMT,   /* no acknowledgment */
	TCPT_PERSIST, /* the window is closed */
	TCPT_KEEP,    /* is the peer still there?  connect took too long */
	TCPT_2MSL,    /* TIME_WAIT, and FIN_WAIT_2 without a program */
	TCPT_DELACK,  /* an acknowledgment that waits for company */
	TCPT_NTIMERS
};
void tcp_timer_init(struct tcpcb *tp);
/* Runs after us microseconds from now; replaces an earlier setting. */
void tcp_timer_set(struct tcpcb *tp, enum tcp_timer t, uint64_t now,
    uint64_t us);
void tcp_timer_clear(struct tcpcb *tp, enum tcp_timer t);
void tcp_timer_clear_all(struct tcpcb *tp);
bool tcp_timer_armed(const struct tcpcb *tp, enum tcp_timer t);
/* RFC 6298 2: a sample of the round trip. */
void tcp_rtt_sample(struct tcpcb *tp, uint64_t rtt_us);
/* The retransmission timeout now, with its backing off. */
uint64_t tcp_rto_us(const struct tcpcb *tp);
/* (Re)starts the timer that guards what is under way, or what cannot leave. */
void tcp_timer_guard(struct tcpcb *tp, uint64_t now);

/* --- congestion control (tcp_cc.c) --- */
struct tcp_cc {
	const char *name;
	void (*init)(struct tcpcb *tp, uint64_t now);
	/* Congestion avoidance: bytes were acknowledged, and cwnd was in use. */
	void (*avoid)(struct tcpcb *tp, uint32_t bytes, uint64_t now);
	/* The window after a loss of this flight. */
	uint32_t (*ssthresh)(struct tcpcb *tp, uint32_t flight, uint64_t now);
};
/* The first slow start (RFC 9406); all 0: it begins. */
struct tcp_hystart {
	uint32_t before_us, now_us; /* least round trip of the round, 0: none */
	uint32_t baseline_us; /* that which began the conservative part */
	uint32_t end;	  /* snd_nxt when the round began */
	uint8_t begun;
	uint8_t samples; /* of the round, as far as they count */
	uint8_t rounds;  /* of the conservative part, 0: not in it */
};
struct tcp_cc_state {
	union {
		struct {
			uint32_t bytes; /* NewReno: acknowledged towards the next segment */
			uint32_t wmax;  /* CUBIC: window before the last loss, bytes */
			uint32_t wlast; /* and the one before that */
			uint32_t west;  /* what Reno would have */
			uint32_t prior; /* cwnd at the last loss */
			uint32_t k_ms;
			uint64_t epoch_us; /* 0: none */
		};
		struct tcp_hystart hs; /* TF_HYSTART */
	};
};
extern const struct tcp_cc tcp_cc_newreno, tcp_cc_cubic;
/* By name, NULL: unknown. */
const struct tcp_cc *tcp_cc_find(const char *name, size_t len);
void tcp_cc_start(struct tcpcb *tp, uint64_t now);
/* A round trip took us. */
void tcp_cc_rtt(struct tcpcb *tp, uint64_t us);
void tcp_cc_acked(struct tcpcb *tp, uint32_t bytes, uint32_t flight,
    uint64_t now);
/* Loss or ECN: ssthresh and cwnd go down. */
void tcp_cc_congested(struct tcpcb *tp, uint64_t now);
/* Retransmission timeout: down to one segment. */
void tcp_cc_timeout(struct tcpcb *tp, uint64_t now);
/* Nothing was sent for idle_us (RFC 5681 4.1). */
void tcp_cc_idle(struct tcpcb *tp, uint64_t idle_us, uint64_t now);
/* Initial window, RFC 6928. */
uint32_t tcp_cc_initial(uint32_t mss);

/* --- the connection --- */
/* A run of bytes that came, or that the peer has. */
struct tcp_range {
	TAILQ_ENTRY(tcp_range) r_entry;
	uint32_t r_start, r_end;
	struct mbuf *r_m; /* reassembly: the bytes */
	bool r_fin;       /* and the end is behind them */
};
TAILQ_HEAD(tcp_ranges, tcp_range);

/* Segments that overtake one before it is taken for lost (RFC 5681's three). */
#define TCP_REORDER_MIN 3
#define TCP_PROMPT 15 /* most of t_prompt */
#define TCP_RTOSHIFT 12 /* of t_rtoshift */
#define TCP_REORDER_MAX 200

/* t_flags */
#define TF_NODELAY   0x000001
#define TF_CORK      0x000002
#define TF_QUICKACK  0x000004
#define TF_ACKNOW    0x000008 /* an acknowledgment is due now */
#define TF_SACK      0x000010 /* agreed on */
#define TF_TSTAMP    0x000020
#define TF_WSCALE    0x000040
#define TF_ECN       0x000080
#define TF_ECN_ECHO  0x000100 /* tell the peer of congestion */
#define TF_ECN_CWR   0x000200 /* tell the peer that we have slowed down */
#define TF_GONE      0x000400 /* the program has closed the socket */
#define TF_RTT       0x000800 /* t_rtt_seq is being timed */
#define TF_RECOVERY  0x001000 /* until snd_una reaches t_recover */
#define TF_LOSS      0x002000 /* the same, after a timeout */
#define TF_TAIL      0x020000 /* REXMT is a tail probe first */
#define TF_TAILED    0x040000 /* one was sent in this flight */
#define TF_TAILAGAIN 0x080000 /* what was sent before, until t_tail_end */
#define TF_NODF      0x004000 /* path MTU discovery did not work: routers may cut */

#define TF_FINRCVD   0x010000
#define TF_HYSTART   0x1000000 /* nothing was lost yet: t_ccs.hs is in use */
#define TF_TIMEDOUT  0x400000 /* and nothing new was acknowledged since */
#define TF_ORPHAN    0x800000 /* counted as such */
#define TF_URGENT    0x100000 /* t_snd_up is ahead of what is acknowledged */
#define TF_URGENT_IN 0x200000 /* t_rcv_up is ahead of what was delivered */

/* Seconds, nearly, of uptime: a time that need not be exact and takes 4 bytes. */
static inline uint32_t
tcp_coarse(uint64_t now)
{
	return ((uint32_t)(now >> 20));
}

/* Microseconds for what is over long before they come round after 71 minutes,
 * or may be taken for younger than it is. */
static inline uint32_t
tcp_short(uint64_t now)
{
	return ((uint32_t)now);
}

/*
 * 464 bytes: 72 of pointers and list heads, 32 of congestion control, 56 and
 * 40 of the timers, 24 of exact times, 216 of 32-bit numbers, 24 of smaller
 * ones.  With its socket (176), inpcb (160) and struct file (104) a connection
 * takes 904 bytes.
 */
struct tcpcb {
	struct inpcb *t_inp;
	uint32_t t_flags; /* TF_* */

	/* sending (RFC 9293 3.3.1): [snd_una, snd_nxt) is under way */
	uint32_t t_iss, t_snd_una, t_snd_nxt;
	uint32_t t_snd_up; /* behind our urgent byte, RFC 6093 */
	uint32_t t_snd_wnd, t_snd_wl1, t_snd_wl2, t_snd_wndmax;
	uint32_t t_at_seq; /* sequence number of t_at_m's first byte */
	struct mbuf *t_at_m; /* a place in so_snd, not to walk from its start */
	enum tcp_state t_state : 8;
	uint8_t t_snd_scale : 4, t_rcv_scale : 4; /* up to 14 */
	uint8_t t_backoff; /* timeouts in a row */
	uint8_t t_rtoshift : 4; /* RTO's doublings, until a round trip is timed */
	uint8_t t_prompt : 4; /* answers until acknowledgments wait for some again */
	uint16_t t_mss;    /* payload of a full segment, options taken off */
	uint16_t t_mss_peer;  /* what the peer takes, without options */
	uint16_t t_mss_user;  /* TCP_MAXSEG, 0: none */
	uint16_t t_mss_probe; /* smaller after silence, 0: none */
	uint32_t t_mss_at;    /* when that or t_mss was asked for, tcp_coarse() */
	uint32_t t_full_at;   /* when full segments last arrived, tcp_coarse() */

	/* receiving */
	uint32_t t_irs, t_rcv_nxt;
	uint32_t t_rcv_adv;  /* right edge that the peer knows */
	uint32_t t_rcv_told; /* last acknowledged */
	uint32_t t_rcv_up;   /* behind the peer's urgent byte, RFC 6093 */
	unsigned int t_nreass;
	uint32_t t_reass_last; /* start of the range that grew last */
	union {
		struct tcp_ranges t_reass; /* while the peer may send */
		TAILQ_ENTRY(tcpcb) t_waiting; /* TIME_WAIT, oldest first */
	};
	struct tcp_sack t_dsack; /* RFC 2883: came twice; start == end: none */

	/* round trips */
	uint32_t t_rtt_seq;
	uint32_t t_rtt_start; /* tcp_short() */
	uint32_t t_srtt_us, t_rttvar_us; /* srtt 0: no sample yet */

	/* timestamps, RFC 7323 */
	uint32_t t_ts_offset, t_ts_recent, t_ts_echoed;
	uint32_t t_ts_recent_age; /* tcp_coarse() */

	/* congestion and loss */
	const struct tcp_cc *t_cc;
	struct tcp_cc_state t_ccs;
	uint32_t t_cwnd, t_ssthresh;
	uint32_t t_recover;  /* snd_nxt when the loss was seen */
	uint32_t t_lost_to;  /* what is not sacked below is lost */
	uint32_t t_rxt_nxt;  /* up to here the lost was sent again */
	uint32_t t_rxt_mark; /* snd_nxt when that began */
	uint32_t t_rxt_at;   /* when the first of it was sent again, tcp_short() */
	uint32_t t_reno_out; /* bytes that left, guessed from duplicates */
	uint8_t t_dupacks;
	uint8_t t_reorder;  /* segments that may come early without a loss */
	uint8_t t_probes;   /* persist probes in a row */
	uint8_t t_kprobes;  /* keepalive probes without an answer */
	uint32_t t_undo_cwnd, t_undo_ssthresh;
	uint32_t t_undo_left; /* segments sent again that may prove needless */
	unsigned int t_nsacked;
	uint32_t t_sacked_bytes;
	struct tcp_ranges t_sacked;
	uint32_t t_sacked_max; /* highest byte sacked */
	uint32_t t_ecn_recover;
	uint32_t t_tail_end; /* snd_nxt when the tail was sent again */

	/* buffers that grow */
	uint32_t t_rcv_meas_start; /* tcp_short() */
	uint32_t t_rcv_meas_seq;
	uint32_t t_rcv_rtt_us;
	uint32_t t_rcv_auto, t_snd_auto; /* sizes we gave; others: the program's */

	/* timers */
	uint64_t t_due[TCPT_NTIMERS]; /* 0: off */
	struct timeout t_timeout;
	uint64_t t_sent_at, t_heard_at;
	uint64_t t_silent_since; /* first timeout of those in a row */
	uint32_t t_challenge_at; /* tcp_short(), 0: none */
	uint32_t t_timeout_ts;   /* our timestamp at that */
	uint32_t t_user_timeout_ms;
	uint16_t t_keepidle_s, t_keepintvl_s;
	uint32_t t_nrexmt; /* segments sent again */
	uint8_t t_keepcnt, t_syncnt;
	int16_t t_softerror; /* told if it ends by a timeout */
	SLIST_HEAD(, tcp_md5_key) t_md5keys;
	const struct tcp_md5_key *t_md5; /* the peer's, NULL: none */
};
_Static_assert(sizeof(struct tcpcb) <= 464, "an idle connection is small");

static inline struct socket *
tcp_so(const struct tcpcb *tp)
{
	return (tp->t_inp->inp_socket);
}
static inline sa_family_t
tcp_af(const struct tcpcb *tp)
{
	return (tp->t_inp->inp_vers == INP_IPV4 ? AF_INET : AF_INET6);
}
/* The sequence number behind all that the program wrote: our FIN's. */
uint32_t tcp_data_end(const struct tcpcb *tp);

/* --- life (tcp_subr.c) --- */
extern struct in_pcb_table tcp_pcbs;
void tcp_subr_init(void); /* at boot */
/* A tcpcb for so, whose in_pcb is made.  0 or ENOBUFS. */
int tcp_attach_pcb(struct socket *so);
/* FIN_WAIT_2 and the program has gone: how long the peer may take to end. */
void tcp_orphan(struct tcpcb *tp, uint64_t now);
/* What the program said of one connection by options, said of tp. */
void tcp_options_copy(struct tcpcb *tp, const struct tcpcb *from);
/*
 * The connection, or the listener, ends at once, and tp begins anew with its
 * options and, as far as bind said them, its address and port.
 */
void tcp_renew(struct tcpcb *tp, uint64_t now);
/*
 * The connection ends at once: error for the program, 0 none.  When the
 * program has gone, tp and its pcb are freed: true.
 */
bool tcp_end(struct tcpcb *tp, int error, uint64_t now);
/* The same, and the peer is told. */
bool tcp_abort(struct tcpcb *tp, int error, uint64_t now);
/*
 * The program has gone and the connection still has something to say: one of
 * the orphans, until it ends or stands in TIME_WAIT.  False: there are too
 * many, and it is none.
 */
bool tcp_orphan_admit(struct tcpcb *tp);
/* Frees tp and its pcb; the socket stays.  Its state is CLOSED. */
void tcp_free(struct tcpcb *tp);
/* RFC 6528: where the sequence numbers of this connection begin. */
uint32_t tcp_isn(const struct in_pcb_key *k, uint64_t now);
/* The same for the clock of timestamps. */
uint32_t tcp_ts_offset(const struct in_pcb_key *k);
uint32_t tcp_ts_now(uint32_t offset, uint64_t now);
/* The four numbers of a connection. */
void tcp_key(const struct tcpcb *tp, struct in_pcb_key *k);
/* The MSS to tell a peer on the way to faddr: of the interface, which scope is
 * for a link-local one. */
uint16_t tcp_mss_offer(sa_family_t af, uint32_t rtable,
    const struct ip_addr *faddr, uint32_t scope);
/* t_mss after something changed it; true if it became smaller. */
bool tcp_mss_update(struct tcpcb *tp);
/* Window scale to offer for a buffer that may grow to the limit. */
uint8_t tcp_wscale_offer(uint64_t hiwat);
/* What both sides agree on by the options of the peer's SYN. */
void tcp_agree(struct tcpcb *tp, const struct tcp_opts *o, uint64_t now);
void tcp_ctlinput(const struct ip_input_ctx *ctx, int err,
    const uint8_t *quoted, uint32_t len, uint32_t mtu);
bool tcp_sent_by_us(const struct ip_input_ctx *ctx, const uint8_t *quoted,
    uint32_t len);
/* TIME_WAIT connections, oldest first; the oldest goes when there are many. */
void tcp_wait_enter(struct tcpcb *tp, uint64_t now);
void tcp_wait_leave(struct tcpcb *tp);

/* --- in --- */
void tcp_input(struct mbuf *m, const struct ip_input_ctx *ctx);
/* Segment sg of m, sound and whole, goes to who waits for it.  Takes m. */
void tcp_input_segment(struct mbuf *m, const struct ip_input_ctx *ctx,
    struct tcp_seg *sg, struct in_pcb_key *k);
/* True: it waits with others of its batch, and m is taken. (tcp_coalesce.c) */
bool tcp_coalesce(struct mbuf *m, const struct ip_input_ctx *ctx,
    const struct tcp_seg *sg, const struct in_pcb_key *k);
void tcp_coalesce_end(void); /* of the batch */
/*
 * A segment for connection tp; m begins with its payload.  Takes m.  tp may
 * be gone afterwards: false.  (tcp_segment.c)
 */
bool tcp_segment(struct tcpcb *tp, struct mbuf *m, struct tcp_seg *sg,
    uint64_t now);
/* In SYN_SENT, RFC 9293 3.10.7.3.  Takes m.  The same result. */
bool tcp_segment_synsent(struct tcpcb *tp, struct mbuf *m, struct tcp_seg *sg,
    uint64_t now);
/* RFC 5961: an acknowledgment to a suspicious segment, at a limited rate. */
void tcp_challenge(struct tcpcb *tp, uint64_t now);
/* Payload and FIN of sg, in the window, go to their place.  Takes m. */
void tcp_reass_add(struct tcpcb *tp, struct mbuf *m, const struct tcp_seg *sg,
    uint64_t now);
void tcp_reass_flush(struct tcpcb *tp);
void tcp_reass_init(void); /* at boot */
/* The blocks to tell the peer, newest first; how many of max. */
unsigned int tcp_reass_sacks(struct tcpcb *tp, struct tcp_sack *out,
    unsigned int max);
/* An acceptable acknowledgment (RFC 9293 3.10.7.4, fifth). False: tp is gone. */
bool tcp_ack(struct tcpcb *tp, const struct tcp_seg *sg, uint64_t now);
/* Takes the window from sg if that is newer than what we know. */
void tcp_window_update(struct tcpcb *tp, const struct tcp_seg *sg);

/* --- the scoreboard (tcp_sack.c) --- */
/* Blocks of a segment: bytes that became known. */
uint32_t tcp_sack_update(struct tcpcb *tp, const struct tcp_seg *sg);
/* RFC 2883: does it say that something came twice? */
bool tcp_sack_twice(const struct tcp_seg *sg);
/* snd_una moved on. */
void tcp_sack_acked(struct tcpcb *tp);
void tcp_sack_flush(struct tcpcb *tp);
void tcp_sack_init(void); /* at boot */
/* Bytes thought to be in the network (RFC 6675 4, pipe). */
uint32_t tcp_pipe(const struct tcpcb *tp);
/* RFC 6675 IsLost(): everything below that is not sacked is lost. */
uint32_t tcp_sack_lost_to(const struct tcpcb *tp);
/* The first run at or above from, below to, that is not sacked. */
bool tcp_sack_hole(const struct tcpcb *tp, uint32_t from, uint32_t to,
    struct tcp_sack *hole);

/* --- out --- */
/* Sends what can be sent, and what acknowledgment is due. */
void tcp_output(struct tcpcb *tp, uint64_t now);
void tcp_send_syn(struct tcpcb *tp, uint64_t now);
/* An acknowledgment with nothing else. */
void tcp_send_ack(struct tcpcb *tp, uint64_t now);
/* One that asks for an answer: below the window. */
void tcp_send_probe(struct tcpcb *tp, uint64_t now);
/* A byte into a window that is closed. */
void tcp_send_persist(struct tcpcb *tp, uint64_t now);
/* RFC 8985 7: the last segment again, or one more, to hear of the others. */
void tcp_send_tail(struct tcpcb *tp, uint64_t now);
void tcp_send_rst(struct tcpcb *tp, uint64_t now);
/* A window of so many bytes, as far as the socket allows (TCP_WINDOW_CLAMP). */
static inline uint64_t
tcp_clamp(const struct inpcb *inp, uint64_t win)
{
	uint32_t most = inp->inp_rare->win_clamp;

	return (most == 0 || win < most ? win : most);
}
/* Room of the receive buffer as a window, never taken back. */
uint32_t tcp_window(const struct tcpcb *tp);
/* May the window be told anew?  The program has read. */
bool tcp_window_worth(const struct tcpcb *tp);

/* A segment to write (tcp_build.c). */
struct tcp_out {
	const struct in_pcb_key *key;
	const struct inpcb *inp; /* for TTL, TOS and the like; NULL: none */
	struct mbuf *payload;    /* taken; NULL: none */
	uint32_t seq, ack, win;  /* win: as on the wire */
	uint32_t scope;          /* interface of a link-local address */
	uint16_t urp;
	uint16_t mss; /* > 0: cut in segments of this size */
	uint8_t flags, ecn;
	bool df;
	const struct tcp_md5_key *md5; /* signed with it; NULL: not */
	struct tcp_opts opts;
};
/* Builds and sends.  0 or errno. */
int tcp_emit(const struct tcp_out *o);
/* The reset that answers a segment for nobody (RFC 9293 3.10.7.1). */
void tcp_reset_reply(const struct in_pcb_key *k, const struct tcp_seg *sg);

/* --- signatures, RFC 2385 (tcp_md5.c) --- */
/* TCP_MD5SIG or (ext) TCP_MD5SIG_EXT: a key, or with length 0 no more.  0 or
 * errno: EINVAL, ENOENT, ENOBUFS. */
int tcp_md5_set(struct tcpcb *tp, bool ext, const void *val, socklen_t len);
/* The key for a peer, or NULL. */
const struct tcp_md5_key *tcp_md5_find(const struct tcpcb *tp, sa_family_t af,
    const struct ip_addr *a);
/* tp has its peer: which key is it? */
void tcp_md5_peer(struct tcpcb *tp);
/* The listener's key for tp's peer.  0 or ENOBUFS. */
int tcp_md5_inherit(struct tcpcb *tp, const struct tcpcb *listener);
void tcp_md5_free(struct tcpcb *tp);
/* Signs segment m, which begins with its header, checksum 0. */
void tcp_md5_sign(const struct tcp_md5_key *key, const struct in_pcb_key *k,
    const struct mbuf *m, uint8_t out[16]);
/* Is the segment at off in m signed as tp wants it? */
bool tcp_md5_good(const struct tcpcb *tp, const struct in_pcb_key *k,
    const struct mbuf *m, uint32_t off, const struct tcp_seg *sg);

/* --- the SYN cache (tcp_syncache.c) --- */
void tcp_syncache_init(void);
/* A SYN for a listener. */
void tcp_syncache_syn(struct inpcb *listener, const struct in_pcb_key *k,
    const struct ip_input_ctx *ctx, const struct tcp_seg *sg, uint64_t now);
/*
 * An ACK for a listener: the connection in SYN_RCVD that it completes.  NULL
 * with *reset: nobody waits for it; NULL without: there is no room now.
 */
struct tcpcb *tcp_syncache_ack(struct inpcb *listener,
    const struct in_pcb_key *k, const struct tcp_seg *sg, bool *reset,
    uint64_t now);
/* A RST for a listener. */
void tcp_syncache_rst(const struct in_pcb_key *k, const struct tcp_seg *sg);
/* An ICMP error about a SYN-ACK: true if one such was sent. */
bool tcp_syncache_error(const struct in_pcb_key *k, uint32_t seq, bool hard);
unsigned int tcp_syncache_count(void);

/* --- the socket's options (tcp_sockopt.c), as in protosw --- */
int tcp_setopt(struct socket *so, int level, int name, const void *val,
    socklen_t len, struct proc *p);
/* Seconds for a number of repetitions, each twice as long as the one before. */
uint32_t tcp_defer_s(uint8_t n);
/* What few listeners say of their connections.  0 or ENOBUFS. */
int tcp_rare_inherit(struct tcpcb *tp, const struct tcpcb *listener);
int tcp_getopt(struct socket *so, int level, int name, void *val,
    socklen_t *len, struct proc *p);

/* --- numbers --- */
enum tcp_counter {
	TCPC_IN,
	TCPC_IN_BYTES,
	TCPC_IN_DUP,
	TCPC_IN_OOO,
	TCPC_COALESCED,
	TCPC_OUT,
	TCPC_OUT_BYTES,
	TCPC_REXMT,
	TCPC_REXMT_BYTES,
	TCPC_CONNATT,
	TCPC_ACCEPTS,
	TCPC_CONNECTS,
	TCPC_CLOSED,
	TCPC_DROPPED,
	TCPC_RST_OUT,
	TCPC_RST_IN,
	TCPC_TIMEOUTS,
	TCPC_TIMEOUTNEEDLESS,
	TCPC_TIMEOUTDROP,
	TCPC_PERSIST,
	TCPC_KEEPPROBE,
	TCPC_KEEPDROP,
	TCPC_RECOVERIES,
	TCPC_TAILPROBE,
	TCPC_HYSTART,
	TCPC_NEEDLESS,
	TCPC_SACKS_IN,
	TCPC_SACKS_OUT,
	TCPC_CHALLENGE,
	TCPC_PAWS,
	TCPC_ECN_CE,
	TCPC_ECN_ECE,
	TCPC_PMTU,
	TCPC_BLACKHOLE,
	TCPC_SC_ADDED,
	TCPC_SC_COMPLETED,
	TCPC_SC_TIMEOUT,
	TCPC_SC_FULL,
	TCPC_SC_DUP,
	TCPC_SC_RESET,
	TCPC_SC_UNREACH,
	TCPC_SC_REXMT,
	TCPC_COOKIE_OUT,
	TCPC_COOKIE_IN,
	TCPC_COOKIE_BAD,
	TCPC_ORPHANS,
	TCPC_LISTENFULL,
	TCPC_NCOUNTERS
};
extern uint64_t tcp_counters[TCPC_NCOUNTERS];
static inline void
tcpstat_inc(enum tcp_counter c)
{
	tcp_counters[c]++;
}
static inline void
tcpstat_add(enum tcp_counter c, uint64_t n)
{
	tcp_counters[c] += n;
}

/* sysctl net.inet.tcp.* */
extern int tcp_keepidle_s, tcp_keepintvl_s, tcp_keepcnt, tcp_syncnt;
extern int tcp_sendspace, tcp_recvspace, tcp_sendmax, tcp_recvmax;
extern int tcp_do_sack, tcp_do_rfc1323, tcp_ecn, tcp_syncookies,
    tcp_syncache_limit;
extern int tcp_rtomin_ms, tcp_delack_ms, tcp_msl_s, tcp_maxwait, tcp_ackpps;
extern int tcp_maxorphans;
extern int tcp_mssdflt, tcp_pmtu_blackhole, tcp_reass_limit;
extern const struct tcp_cc *tcp_congctl;

#endif
