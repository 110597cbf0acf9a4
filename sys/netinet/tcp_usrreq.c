/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The socket's side of TCP: its calls, counters and variables.  Options stand
 * in tcp_sockopt.c.
 *
 * The program's bytes come into so_snd by themselves (see uipc_socket.c); the
 * send hook only says that there are some.  A close without the program does
 * not end a connection: detach leaves it to itself until all is said.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/protosw.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/tcp_var.h>

int tcp_keepidle_s = 7200, tcp_keepintvl_s = 75, tcp_keepcnt = 9;
int tcp_syncnt = 6;
int tcp_sendspace = 65536, tcp_recvspace = 131072;
int tcp_sendmax = 4 << 20, tcp_recvmax = 6 << 20;
int tcp_do_sack = 1, tcp_do_rfc1323 = 1, tcp_ecn = 2, tcp_syncookies = 1;
int tcp_syncache_limit = 8192;
int tcp_rtomin_ms = 200, tcp_delack_ms = 40, tcp_msl_s = 30;
int tcp_maxwait = 16384, tcp_maxorphans = 16384, tcp_ackpps = 100, tcp_mssdflt = 536;
int tcp_pmtu_blackhole = 2, tcp_reass_limit = 512;
const struct tcp_cc *tcp_congctl = &tcp_cc_cubic;

/* --- counters --- */

uint64_t tcp_counters[TCPC_NCOUNTERS];
static const char *const tcp_counter_text[TCPC_NCOUNTERS] = {
	[TCPC_IN] = "segments received",
	[TCPC_IN_BYTES] = "bytes received in window",
	[TCPC_IN_DUP] = "segments received with nothing new",
	[TCPC_IN_OOO] = "segments received out of order",
	[TCPC_COALESCED] = "segments joined with the one before",
	[TCPC_OUT] = "segments sent",
	[TCPC_OUT_BYTES] = "bytes sent",
	[TCPC_REXMT] = "data segments sent again",
	[TCPC_REXMT_BYTES] = "bytes sent again",
	[TCPC_CONNATT] = "connections begun",
	[TCPC_ACCEPTS] = "connections accepted",
	[TCPC_CONNECTS] = "connections established",
	[TCPC_CLOSED] = "connections ended in order",
	[TCPC_DROPPED] = "connections ended by an error",
	[TCPC_RST_OUT] = "resets sent",
	[TCPC_RST_IN] = "resets received for connections",
	[TCPC_TIMEOUTS] = "retransmission timeouts",
	[TCPC_TIMEOUTNEEDLESS] = "timeouts that came too early",
	[TCPC_TIMEOUTDROP] = "connections given up by a timeout",
	[TCPC_PERSIST] = "probes of closed windows",
	[TCPC_KEEPPROBE] = "keepalive probes",
	[TCPC_KEEPDROP] = "connections given up by keepalive",
	[TCPC_RECOVERIES] = "fast recoveries",
	[TCPC_TAILPROBE] = "tail loss probes",
	[TCPC_HYSTART] = "slow starts that ended before a loss",
	[TCPC_NEEDLESS] = "segments sent again needlessly",
	[TCPC_SACKS_IN] = "segments received with SACK blocks",
	[TCPC_SACKS_OUT] = "segments sent with SACK blocks",
	[TCPC_CHALLENGE] = "challenge acknowledgments",
	[TCPC_PAWS] = "segments refused by their timestamp",
	[TCPC_ECN_CE] = "segments marked as congested",
	[TCPC_ECN_ECE] = "windows made smaller by ECN",
	[TCPC_PMTU] = "connections whose path became smaller",
	[TCPC_BLACKHOLE] = "smaller segments tried after silence",
	[TCPC_SC_ADDED] = "SYN cache entries made",
	[TCPC_SC_COMPLETED] = "SYN cache entries completed",
	[TCPC_SC_TIMEOUT] = "SYN cache entries timed out",
	[TCPC_SC_FULL] = "SYNs that found no room in the SYN cache",
	[TCPC_SC_DUP] = "SYNs received twice",
	[TCPC_SC_RESET] = "SYN cache entries reset",
	[TCPC_SC_UNREACH] = "SYN cache entries ended by ICMP",
	[TCPC_SC_REXMT] = "SYN-ACKs sent again",
	[TCPC_COOKIE_OUT] = "SYN cookies sent",
	[TCPC_COOKIE_IN] = "SYN cookies that came back",
	[TCPC_COOKIE_BAD] = "acknowledgments that nobody waited for",
	[TCPC_ORPHANS] = "connections reset as their program had gone and too many such were left",
	[TCPC_LISTENFULL] = "connections that found no room at their listener",
};
static struct counter_group tcp_counter_group = {
	.cg_proto = "tcp",
	.cg_text = tcp_counter_text,
	.cg_value = tcp_counters,
	.cg_count = TCPC_NCOUNTERS,
};

/* --- life --- */

static struct tcpcb *
so_tcp(const struct socket *so)
{
	const struct inpcb *inp = so->so_pcb;

	return (inp->inp_ppcb);
}

static int
tcp_attach(struct socket *so, int proto, struct proc *p)
{
	int error;

	if ((error = soreserve(so, (uint64_t)tcp_sendspace,
		 (uint64_t)tcp_recvspace)) != 0 ||
	    (error = in_pcb_alloc(so, &tcp_pcbs, so->so_proto->pr_family)) != 0)
		return (error);
	in_pcb_setmtudisc(so->so_pcb, IN_PMTU_WANT);
	if ((error = tcp_attach_pcb(so)) != 0)
		in_pcb_free(so->so_pcb);
	return (error);
}

/* Our side has nothing more to say. */
static void
say_end(struct tcpcb *tp, uint64_t now)
{
	if (tp->t_state == TCPS_LISTEN || tp->t_state == TCPS_SYN_SENT ||
	    tp->t_state == TCPS_CLOSED)
		return;
	if (tcp_state_event(tp, TCPE_CLOSE, now))
		tcp_output(tp, now);
}

static void
tcp_detach(struct socket *so)
{
	struct tcpcb *tp = so_tcp(so);
	uint64_t now = uptime_us();
	bool over = (tcp_state_flags(tp->t_state) & TSF_SYNCED) == 0 &&
	    tp->t_state != TCPS_SYN_RCVD;

	if (!over && tp->t_state != TCPS_TIME_WAIT &&
	    !tcp_orphan_admit(tp)) {
		tcpstat_inc(TCPC_ORPHANS);
		tcp_send_rst(tp, now);
		over = true;
	}
	if (over) {
		(void)tcp_state_event(tp, TCPE_END, now);
		tcp_free(tp);
		return;
	}
	tp->t_flags |= TF_GONE;
	say_end(tp, now);
	if (tp->t_state == TCPS_FIN_WAIT_2)
		tcp_orphan(tp, now);
}

static void
tcp_abort_call(struct socket *so)
{
	struct tcpcb *tp = so_tcp(so);

	if (tp->t_state != TCPS_CLOSED)
		(void)tcp_abort(tp, ECONNABORTED, uptime_us());
}

static int
tcp_bind(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	return (in_pcb_bind(so->so_pcb, sa, len, p));
}

static int
tcp_listen(struct socket *so)
{
	struct inpcb *inp = so->so_pcb;
	int error;

	if ((error = in_pcb_bind_any(inp)) != 0)
		return (error);
	if (!tcp_state_event(inp->inp_ppcb, TCPE_LISTEN, uptime_us()))
		return (EINVAL);
	inp->inp_flags &= ~(uint32_t)INP_HIDDEN;
	return (0);
}

/* --- connect --- */

/* May there be a connection to this address? */
static int
peer_judge(struct inpcb *inp, const struct sockaddr *sa, socklen_t len)
{
	struct ip_addr a;
	sa_family_t af;
	uint16_t port;
	uint32_t scope;
	int error;

	if ((error = in_pcb_readaddr(inp, sa, len, &af, &a, &port, &scope)) !=
	    0)
		return (error);
	if (port == 0)
		return (ECONNREFUSED); /* nobody listens there: see in_pcb_bind() */
	if (af == AF_INET ? ntohl(a.v4) >= 0xe0000000U : in6_ismulticast(&a))
		return (ENETUNREACH);
	return (0);
}

static void
begin(struct tcpcb *tp, uint64_t now)
{
	struct in_pcb_key k;

	tcp_key(tp, &k);
	tp->t_flags &= TF_NODELAY | TF_CORK | TF_QUICKACK;
	if (tcp_do_sack != 0)
		tp->t_flags |= TF_SACK;
	if (tcp_do_rfc1323 != 0)
		tp->t_flags |= TF_TSTAMP | TF_WSCALE;
	tp->t_rcv_scale = tcp_wscale_offer(tcp_so(tp)->so_rcv.sb_hiwat);
	tp->t_iss = tp->t_snd_una = tp->t_snd_nxt = tcp_isn(&k, now);
	tp->t_recover = tp->t_lost_to = tp->t_rxt_nxt = tp->t_iss;
	tp->t_rxt_mark = tp->t_ecn_recover = tp->t_iss;
	tp->t_rcv_nxt = tp->t_rcv_adv = tp->t_rcv_told = 0;
	tp->t_ts_offset = tcp_ts_offset(&k);
	tp->t_ts_recent = 0;
	tp->t_backoff = tp->t_rtoshift = tp->t_probes = 0;
	tp->t_srtt_us = 0;
	tcp_md5_peer(tp);
	tcp_cc_start(tp, now);
	tcp_send_syn(tp, now);
	tcp_timer_set(tp, TCPT_REXMT, now, tcp_rto_us(tp));
}

static int
tcp_connect(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	struct inpcb *inp = so->so_pcb;
	struct tcpcb *tp = inp->inp_ppcb;
	uint64_t now = uptime_us();
	int error;

	if (tp->t_state != TCPS_CLOSED)
		return (EISCONN);
	if ((so->so_state & SS_DISCONNECTED) != 0)
		return (EINVAL); /* it had its time */
	if ((error = peer_judge(inp, sa, len)) != 0 ||
	    (error = in_pcb_connect(inp, sa, len, p)) != 0)
		return (error);
	tcpstat_inc(TCPC_CONNATT);
	(void)tcp_state_event(tp, TCPE_CONNECT, now);
	begin(tp, now);
	return (EINPROGRESS);
}

/* connect(2) with no family, RFC 9293 3.10.5. */
static int
tcp_disconnect(struct socket *so)
{
	tcp_renew(so_tcp(so), uptime_us());
	return (0);
}

/* Not before there is a connection, nor when both sides have ended it. */
static int
tcp_peername(struct socket *so, struct sockaddr *sa, socklen_t *len)
{
	enum tcp_state s = so_tcp(so)->t_state;

	if (s == TCPS_SYN_SENT || s == TCPS_TIME_WAIT)
		return (ENOTCONN);
	return (in_pcb_peername(so, sa, len));
}

/* --- bytes --- */

static int
tcp_shutdown(struct socket *so)
{
	say_end(so_tcp(so), uptime_us());
	return (0);
}

static int
tcp_send(struct socket *so, struct mbuf *m, const struct sockaddr *sa,
    socklen_t len, const void *control, size_t controllen, struct proc *p)
{
	KASSERT(m == NULL); /* streams are pulled, see socketvar.h */
	tcp_output(so_tcp(so), uptime_us());
	return (0);
}

static void
tcp_urgent(struct socket *so)
{
	struct tcpcb *tp = so_tcp(so);

	tp->t_snd_up = tcp_data_end(tp);
	tp->t_flags |= TF_URGENT;
}

static void
tcp_rcvd(struct socket *so)
{
	struct tcpcb *tp = so_tcp(so);

	if ((tcp_state_flags(tp->t_state) & TSF_RECV) == 0 ||
	    !tcp_window_worth(tp))
		return;
	tp->t_flags |= TF_ACKNOW;
	tcp_output(tp, uptime_us());
}

static uint32_t
tcp_row_state(const struct inpcb *inp)
{
	const struct tcpcb *tp = inp->inp_ppcb;

	return (tp->t_state);
}

#define TCP_ROW(af)                                                           \
	{                                                                     \
		.pr_name = "tcp", .pr_family = af, .pr_type = SOCK_STREAM,    \
		.pr_protocol = IPPROTO_TCP,                                   \
		.pr_flags = PR_CONNREQUIRED | PR_WANTRCVD,                    \
		.attach = tcp_attach, .detach = tcp_detach, .bind = tcp_bind, \
		.listen = tcp_listen, .connect = tcp_connect,                 \
		.disconnect = tcp_disconnect,                                 \
		.shutdown = tcp_shutdown, .send = tcp_send,                   \
		.urgent = tcp_urgent, .rcvd = tcp_rcvd,                       \
		.abort = tcp_abort_call, .ioctl = in_ioctl,                   \
		.sockname = in_pcb_sockname, .peername = tcp_peername,        \
		.setopt = tcp_setopt, .getopt = tcp_getopt                    \
	}
static struct protosw tcp_rows[] = { TCP_ROW(AF_INET), TCP_ROW(AF_INET6) };

static const struct ip_proto tcp_proto = {
	.name = "tcp",
	.number = IPPROTO_TCP,
	.inet = true,
	.inet6 = true,
	.input = tcp_input,
	.ctlinput = tcp_ctlinput,
	.sent_by_us = tcp_sent_by_us,
};

/* --- variables --- */

static int
congctl_sysctl(struct sysctl_req *req)
{
	const struct tcp_cc *cc;
	int error;

	if ((error = sysctl_out(req, tcp_congctl->name,
		 strlen(tcp_congctl->name) + 1)) != 0 ||
	    req->new == NULL)
		return (error);
	if ((cc = tcp_cc_find(req->new, req->newlen)) == NULL)
		return (EINVAL);
	tcp_congctl = cc;
	return (0);
}

/* clang-format off */
#define TCPCTL(n, v, lo, hi, t) \
	{ .name = "net.inet.tcp." n, .type = CTL_INT, .flags = CTLF_WR, .var = &(v), .min = lo, .max = hi, .text = t }
static const struct sysctl_row tcp_sysctls[] = {
	TCPCTL("sendspace", tcp_sendspace, 4096, 64 << 20, "bytes a new socket may have on their way out"),
	TCPCTL("recvspace", tcp_recvspace, 4096, 64 << 20, "bytes a new socket may have waiting"),
	TCPCTL("sendmax", tcp_sendmax, 4096, 64 << 20, "how far a send buffer grows by itself"),
	TCPCTL("recvmax", tcp_recvmax, 4096, 64 << 20, "how far a receive buffer grows by itself"),
	TCPCTL("sack", tcp_do_sack, 0, 1, "use selective acknowledgments"),
	TCPCTL("rfc1323", tcp_do_rfc1323, 0, 1, "use timestamps and window scaling"),
	TCPCTL("ecn", tcp_ecn, 0, 2, "congestion marks: 0 never, 1 ask for them, 2 when asked"),
	TCPCTL("syncookies", tcp_syncookies, 0, 2, "0 never, 1 when the SYN cache is full, 2 always"),
	TCPCTL("syncachelimit", tcp_syncache_limit, 0, 1 << 20, "entries of the SYN cache"),
	TCPCTL("synretries", tcp_syncnt, 1, 15, "SYNs sent again before connect fails"),
	TCPCTL("keepidle", tcp_keepidle_s, 1, 32767, "seconds of silence before keepalive asks"),
	TCPCTL("keepintvl", tcp_keepintvl_s, 1, 32767, "seconds between its questions"),
	TCPCTL("keepcnt", tcp_keepcnt, 1, 127, "questions without an answer before it gives up"),
	TCPCTL("rtomin", tcp_rtomin_ms, 1, 60000, "milliseconds of the shortest retransmission timeout"),
	TCPCTL("delack", tcp_delack_ms, 1, 500, "milliseconds an acknowledgment may wait"),
	TCPCTL("msl", tcp_msl_s, 1, 240, "seconds a segment may live; TIME_WAIT is twice that"),
	TCPCTL("maxtimewait", tcp_maxwait, 1, 1 << 24, "connections in TIME_WAIT"),
	TCPCTL("maxorphans", tcp_maxorphans, 0, 1 << 24, "connections that go on after their program has closed them"),
	TCPCTL("challengepps", tcp_ackpps, 1, 1 << 20, "challenge acknowledgments a second"),
	TCPCTL("mssdflt", tcp_mssdflt, TCP_MSS_MIN, 65495, "segment size without a route"),
	TCPCTL("pmtublackhole", tcp_pmtu_blackhole, 0, 15, "timeouts before smaller segments are tried; 0 never"),
	TCPCTL("reasslimit", tcp_reass_limit, 1, 65536, "runs of a connection that wait out of order"),
	{ .name = "net.inet.tcp.congctl", .type = CTL_STRING, .flags = CTLF_WR, .handler = congctl_sysctl,
	  .text = "congestion control of new sockets: cubic or newreno" },
};
/* clang-format on */
static struct sysctl_table tcp_sysctl_table = { .rows = tcp_sysctls,
	.nrows = nitems(tcp_sysctls) };

void
tcp_init(void)
{
	tcp_subr_init();
	tcp_reass_init();
	tcp_sack_init();
	tcp_syncache_init();
	tcp_pcbs.state = tcp_row_state;
	if_input_done = tcp_coalesce_end;
	ip_proto_register(&tcp_proto);
	protosw_register(&tcp_rows[0]);
	protosw_register(&tcp_rows[1]);
	counters_register(&tcp_counter_group);
	sysctl_register(&tcp_sysctl_table);
}
