/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The states of a connection (RFC 9293 3.3.2).
 *
 *	              CLOSED -----------------------> LISTEN
 *	  CONNECT /      |  ACCEPT (from the SYN cache)
 *	      SYN_SENT   v
 *	          \--> SYN_RCVD
 *	   SYNACKED \    | SYNACKED
 *	            ESTABLISHED ------ FIN -----> CLOSE_WAIT
 *	           CLOSE |                            | CLOSE
 *	            FIN_WAIT_1 -- FIN --> CLOSING     LAST_ACK
 *	        FINACKED |        FINACKED |          | FINACKED
 *	            FIN_WAIT_2 -- FIN --> TIME_WAIT   CLOSED
 *	                                     | 2MSL
 *	                                   CLOSED
 *
 * END (a reset, an abort, giving up) leads to CLOSED from anywhere.  What the
 * table does not say cannot happen, and the caller is told.  A close in
 * SYN_RCVD waits until the connection stands (RFC 9293 3.10.4).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <netinet/tcp_var.h>

/* clang-format off */
#define NEVER_ TCPS_NSTATES
#define X NEVER_
#define ROW(listen, connect, accept, syn, synacked, close, fin, finacked, msl2, end) \
	{ listen, connect, accept, syn, synacked, close, fin, finacked, msl2, end }
static const uint8_t next[TCPS_NSTATES][TCPE_NEVENTS] = {
	/*			   LISTEN	CONNECT		ACCEPT		SYN		SYNACKED	  CLOSE			FIN		  FINACKED	    2MSL	 END */
	[TCPS_CLOSED]	   = ROW(TCPS_LISTEN, TCPS_SYN_SENT, TCPS_SYN_RCVD, X,		 X,		   TCPS_CLOSED,	   X,		    X,		     X,		  TCPS_CLOSED),
	[TCPS_LISTEN]	   = ROW(TCPS_LISTEN, X,	     X,		    X,		 X,		   TCPS_CLOSED,	   X,		    X,		     X,		  TCPS_CLOSED),
	[TCPS_SYN_SENT]	   = ROW(X,	      X,	     X,		    TCPS_SYN_RCVD, TCPS_ESTABLISHED, TCPS_CLOSED,  X,		    X,		     X,		  TCPS_CLOSED),
	[TCPS_SYN_RCVD]	   = ROW(X,	      X,	     X,		    X,		 TCPS_ESTABLISHED, TCPS_SYN_RCVD,  X,		    X,		     X,		  TCPS_CLOSED),
	[TCPS_ESTABLISHED] = ROW(X,	      X,	     X,		    X,		 X,		   TCPS_FIN_WAIT_1, TCPS_CLOSE_WAIT, X,		     X,		  TCPS_CLOSED),
	[TCPS_CLOSE_WAIT]  = ROW(X,	      X,	     X,		    X,		 X,		   TCPS_LAST_ACK,  X,		    X,		     X,		  TCPS_CLOSED),
	[TCPS_FIN_WAIT_1]  = ROW(X,	      X,	     X,		    X,		 X,		   X,		   TCPS_CLOSING,    TCPS_FIN_WAIT_2, X,		  TCPS_CLOSED),
	[TCPS_CLOSING]	   = ROW(X,	      X,	     X,		    X,		 X,		   X,		   X,		    TCPS_TIME_WAIT,  X,		  TCPS_CLOSED),
	[TCPS_LAST_ACK]	   = ROW(X,	      X,	     X,		    X,		 X,		   X,		   X,		    TCPS_CLOSED,     X,		  TCPS_CLOSED),
	[TCPS_FIN_WAIT_2]  = ROW(X,	      X,	     X,		    X,		 X,		   X,		   TCPS_TIME_WAIT,  X,		     TCPS_CLOSED, TCPS_CLOSED),
	[TCPS_TIME_WAIT]   = ROW(X,	      X,	     X,		    X,		 X,		   X,		   X,		    X,		     TCPS_CLOSED, TCPS_CLOSED),
};
#undef X

static const struct {
	const char *name;
	uint32_t flags;
} rows[TCPS_NSTATES] = {
	[TCPS_CLOSED]	   = { "CLOSED", 0 },
	[TCPS_LISTEN]	   = { "LISTEN", 0 },
	[TCPS_SYN_SENT]	   = { "SYN_SENT", 0 },
	[TCPS_SYN_RCVD]	   = { "SYN_RCVD", 0 },
	[TCPS_ESTABLISHED] = { "ESTABLISHED", TSF_SYNCED | TSF_RECV | TSF_SEND },
	[TCPS_CLOSE_WAIT]  = { "CLOSE_WAIT", TSF_SYNCED | TSF_SEND },
	[TCPS_FIN_WAIT_1]  = { "FIN_WAIT_1", TSF_SYNCED | TSF_RECV | TSF_SEND | TSF_FINQ },
	[TCPS_CLOSING]	   = { "CLOSING", TSF_SYNCED | TSF_SEND | TSF_FINQ },
	[TCPS_LAST_ACK]	   = { "LAST_ACK", TSF_SYNCED | TSF_SEND | TSF_FINQ },
	[TCPS_FIN_WAIT_2]  = { "FIN_WAIT_2", TSF_SYNCED | TSF_RECV },
	[TCPS_TIME_WAIT]   = { "TIME_WAIT", TSF_SYNCED },
};
/* clang-format on */

enum tcp_state
tcp_state_next(enum tcp_state from, enum tcp_event ev)
{
	return (next[from][ev]);
}

const char *
tcp_state_name(enum tcp_state s)
{
	return (rows[s].name);
}

uint32_t
tcp_state_flags(enum tcp_state s)
{
	return (rows[s].flags);
}

/* --- what belongs to arriving --- */

static void
arrive_established(struct tcpcb *tp, uint64_t now)
{
	struct socket *so = tcp_so(tp);

	tcpstat_inc(TCPC_CONNECTS);
	tcp_timer_clear(tp, TCPT_KEEP);
	if ((so->so_options & (1U << SO_KEEPALIVE)) != 0)
		tcp_timer_set(tp, TCPT_KEEP, now,
		    (uint64_t)tp->t_keepidle_s * 1000000);
	if (so->so_head != NULL)
		sonewconn_ready(so);
	else
		soisconnected(so);
	if ((tp->t_flags & TF_GONE) != 0 ||
	    (so->so_state & SS_CANTSEND) != 0) /* closed while it began */
		tcp_state_event(tp, TCPE_CLOSE, now);
}

static void
arrive_fin_wait_2(struct tcpcb *tp, uint64_t now)
{
	if ((tp->t_flags & TF_GONE) != 0)
		tcp_orphan(tp, now);
}

static void
arrive_time_wait(struct tcpcb *tp, uint64_t now)
{
	tcp_timer_clear_all(tp);
	tcp_wait_enter(tp, now);
}

static void
arrive_closed(struct tcpcb *tp, uint64_t now)
{
	tcp_timer_clear_all(tp);
}

static void (*const arrive[TCPS_NSTATES])(struct tcpcb *, uint64_t) = {
	[TCPS_ESTABLISHED] = arrive_established,
	[TCPS_FIN_WAIT_2] = arrive_fin_wait_2,
	[TCPS_TIME_WAIT] = arrive_time_wait,
	[TCPS_CLOSED] = arrive_closed,
};

bool
tcp_state_event(struct tcpcb *tp, enum tcp_event ev, uint64_t now)
{
	enum tcp_state from = tp->t_state, to = tcp_state_next(from, ev);

	if (to == NEVER_)
		return (false);
	if (from == TCPS_TIME_WAIT)
		tcp_wait_leave(tp);
	tp->t_state = to;
	if (ev == TCPE_FIN)
		socantrcvmore(tcp_so(tp));
	if (to != from && arrive[to] != NULL)
		arrive[to](tp, now);
	return (true);
}
