/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A stream protocol without a network: looptest(4).
 *
 * Two sockets of one kernel are joined, and what one sends the other
 * receives, in order, as far as there is room.  It behaves like TCP at its
 * upper edge (end, reset, window, backlog, connect that takes a while), and
 * on request like a network that holds things up or fails; so it shows every
 * rule that holds between a stream protocol and a descriptor, and is the
 * short example of one.
 *
 * Words: push moves bytes from so_snd to the peer's so_rcv.  fin: our program
 * has ended its side; it is passed on behind the last byte.  gone: our socket
 * has no program any more, and waits only for its bytes to leave.
 *
 * It answers EAFNOSUPPORT unless kern.looptest is set.
 */

#include <sys/systm.h>
#include <sys/looptest.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <sys/timeout.h>

#define EPHEMERAL 32768

struct loop {
	TAILQ_ENTRY(loop) l_entry;
	struct socket *l_so;
	struct loop *l_peer; /* NULL: none, or no more */
	uint16_t l_port, l_peerport;
	bool l_listening, l_fin, l_finsent, l_gone, l_hold;
	bool l_due; /* the answer to connect, which the network holds */
	struct timeout l_connect; /* the answer to connect comes */
};

static TAILQ_HEAD(, loop) loops = TAILQ_HEAD_INITIALIZER(loops);
static int enabled;
static uint16_t next_port = EPHEMERAL;

static const struct sysctl_row rows[] = {
	{ .name = "kern.looptest",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &enabled,
	    .min = 0,
	    .max = 1,
	    .text = "offer the test protocol of looptest(4)" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

static struct loop *
loop_bound(uint16_t port)
{
	struct loop *l;

	TAILQ_FOREACH(l, &loops, l_entry)
		if (l->l_port == port && l->l_peer == NULL && port != 0)
			return (l);
	return (NULL);
}

static uint16_t
port_pick(void)
{
	do
		next_port = next_port == UINT16_MAX ? EPHEMERAL :
						      (uint16_t)(next_port + 1);
	while (loop_bound(next_port) != NULL);
	return (next_port);
}

/* --- bytes --- */

static void
loop_free(struct loop *l)
{
	struct socket *so = l->l_so;

	if (l->l_peer != NULL)
		l->l_peer->l_peer = NULL;
	timeout_del(&l->l_connect);
	TAILQ_REMOVE(&loops, l, l_entry);
	free(l, M_PCB, sizeof(*l));
	so->so_pcb = NULL;
}

/* The connection breaks: both ends see the error, what was under way is lost. */
static void
loop_break(struct loop *l, int error)
{
	struct loop *both[2] = { l, l->l_peer };

	for (int i = 0; i < 2; i++) {
		struct socket *so = both[i] != NULL ? both[i]->l_so : NULL;

		if (so == NULL)
			continue;
		both[i]->l_peer = NULL;
		sbdrop(so, so->so_snd.sb_cc);
		if (both[i]->l_gone) {
			loop_free(both[i]);
			sofree(so);
			continue;
		}
		soseterror(so, error);
		soisdisconnected(so);
	}
}

/* Moves what the peer has room for, and the end behind it. */
static void
loop_push(struct loop *l)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER;
	struct socket *so = l->l_so;
	struct loop *peer = l->l_peer;
	struct mbuf *m;

	if (l->l_hold)
		return;
	if (so->so_snd.sb_cc > 0 && (peer == NULL || peer->l_gone)) {
		loop_break(l,
		    l->l_peer == NULL ?
			EPIPE :
			ECONNRESET); /* nobody is there to read it */
		return;
	}
	if (peer == NULL)
		return;
	/* until nothing moves: what goes straight into the pair tells no rcvd */
	while (sbmove(so, &ml, sbspace(&peer->l_so->so_rcv)) > 0)
		while ((m = ml_dequeue(&ml)) != NULL)
			soreceive_stream(peer->l_so, m);
	if (so->so_snd.sb_cc == 0 && l->l_fin && !l->l_finsent) {
		l->l_finsent = true;
		socantrcvmore(peer->l_so);
	}
	if (!l->l_gone) {
		sosndroom(so);
	} else if (so->so_snd.sb_cc == 0) {
		loop_free(l);
		sofree(so);
	}
}

static int
loop_send(struct socket *so, struct mbuf *m, const struct sockaddr *sa,
    socklen_t len, const void *control, size_t controllen, struct proc *p)
{
	KASSERT(m == NULL); /* streams are pulled, see socketvar.h */
	loop_push(so->so_pcb);
	return (0);
}

static void
loop_rcvd(struct socket *so)
{
	struct loop *l = so->so_pcb;

	if (l->l_peer != NULL)
		loop_push(l->l_peer);
}

static int
loop_shutdown(struct socket *so)
{
	struct loop *l = so->so_pcb;

	l->l_fin = true;
	loop_push(l);
	return (0);
}

static void
loop_abort(struct socket *so)
{
	loop_break(so->so_pcb, ECONNRESET);
}

/* --- connections --- */

/* The answer is here: a listener with room takes it, or nobody does.  0 or errno. */
static int
loop_join(struct loop *l)
{
	struct loop *head = loop_bound(l->l_peerport), *n;
	struct socket *so;

	if (head == NULL || !head->l_listening ||
	    (so = sonewconn(head->l_so)) == NULL)
		return (ECONNREFUSED);
	n = so->so_pcb;
	n->l_port = head->l_port;
	n->l_peerport = l->l_port;
	n->l_peer = l;
	l->l_peer = n;
	soisconnected(l->l_so);
	sonewconn_ready(so);
	return (0);
}

static void
loop_answer(void *arg)
{
	struct loop *l = arg;
	int error;

	l->l_due = l->l_hold;
	if (l->l_due || (error = loop_join(l)) == 0)
		return;
	soseterror(l->l_so, error);
	soisdisconnected(l->l_so);
}

static int
loop_connect(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	const struct sockaddr_loop *sl =
	    (const struct sockaddr_loop *)(const void *)sa;
	struct loop *l = so->so_pcb;

	if (len != sizeof(*sl))
		return (EINVAL);
	if (sa->sa_family != AF_LOOPTEST)
		return (EAFNOSUPPORT);
	if (l->l_listening)
		return (EOPNOTSUPP);
	l->l_peerport = sl->sl_port;
	if (l->l_port == 0)
		l->l_port = port_pick();
	if (sl->sl_delay_ms == 0)
		return (loop_join(l));
	timeout_add_ms(&l->l_connect, sl->sl_delay_ms);
	return (EINPROGRESS);
}

static int
loop_bind(struct socket *so, const struct sockaddr *sa, socklen_t len,
    struct proc *p)
{
	const struct sockaddr_loop *sl =
	    (const struct sockaddr_loop *)(const void *)sa;
	struct loop *l = so->so_pcb;

	if (len != sizeof(*sl))
		return (EINVAL);
	if (sa->sa_family != AF_LOOPTEST)
		return (EAFNOSUPPORT);
	if (l->l_port != 0)
		return (EINVAL);
	if (loop_bound(sl->sl_port) != NULL)
		return (EADDRINUSE);
	l->l_port = sl->sl_port != 0 ? sl->sl_port : port_pick();
	return (0);
}

static int
loop_listen(struct socket *so)
{
	struct loop *l = so->so_pcb;

	if (l->l_port == 0)
		l->l_port = port_pick();
	l->l_listening = true;
	return (0);
}

/* --- life --- */

static int
loop_attach(struct socket *so, int proto, struct proc *p)
{
	struct loop *l;

	if (!enabled)
		return (EAFNOSUPPORT);
	if ((l = malloc(sizeof(*l), M_PCB, M_ZERO)) == NULL)
		return (ENOMEM);
	l->l_so = so;
	timeout_set(&l->l_connect, loop_answer, l);
	TAILQ_INSERT_TAIL(&loops, l, l_entry);
	so->so_pcb = l;
	return (0);
}

static void
loop_detach(struct socket *so)
{
	struct loop *l = so->so_pcb;

	if (l->l_peer != NULL && l->l_peer->l_gone)
		loop_break(l, ECONNRESET); /* nobody is left on either side */
	if (l->l_peer == NULL) {
		loop_free(l);
		return;
	}
	l->l_fin = true;
	l->l_hold = false;
	loop_push(l); /* the peer reads what we wrote, and the end */
	if (so->so_snd.sb_cc > 0)
		l->l_gone = true; /* the rest follows when it has room */
	else if (so->so_pcb != NULL)
		loop_free(l);
}

/* --- names and options --- */

static int
name_put(uint16_t port, struct sockaddr *sa, socklen_t *len)
{
	struct sockaddr_loop sl = { .sl_family = AF_LOOPTEST, .sl_port = port };

	*len = MIN(*len, (socklen_t)sizeof(sl));
	memcpy(sa, &sl, *len);
	return (0);
}

static int
loop_sockname(struct socket *so, struct sockaddr *sa, socklen_t *len)
{
	const struct loop *l = so->so_pcb;

	return (name_put(l->l_port, sa, len));
}

static int
loop_peername(struct socket *so, struct sockaddr *sa, socklen_t *len)
{
	const struct loop *l = so->so_pcb;

	if ((so->so_state & SS_CONNECTED) == 0)
		return (ENOTCONN);
	return (name_put(l->l_peerport, sa, len));
}

static int
loop_setopt(struct socket *so, int level, int name, const void *val,
    socklen_t len, struct proc *p)
{
	struct loop *l = so->so_pcb;
	int v;

	if (level != SOL_LOOPTEST || name < LOOP_RESET || name > LOOP_ERROR)
		return (ENOPROTOOPT);
	if (len < sizeof(v))
		return (EINVAL);
	memcpy(&v, val, sizeof(v));
	switch (name) {
	case LOOP_RESET:
		if (l->l_peer == NULL)
			return (ENOTCONN);
		loop_break(l, ECONNRESET);
		return (0);
	case LOOP_HOLD:
		l->l_hold = v != 0;
		if (!l->l_hold && l->l_due)
			loop_answer(l);
		loop_push(l);
		return (0);
	default: /* LOOP_ERROR */
		if (v < 0 || v > 133)
			return (EINVAL);
		soseterror(so, v);
		return (0);
	}
}

static int
loop_getopt(struct socket *so, int level, int name, void *val, socklen_t *len,
    struct proc *p)
{
	bool listens = (so->so_state & SS_LISTEN) != 0;
	struct loop_info li = { so->so_snd.sb_cc, so->so_rcv.sb_cc,
		listens ? so->so_qlen : 0, listens ? 0 : so->so_pull };

	if (level != SOL_LOOPTEST || name != LOOP_INFO)
		return (ENOPROTOOPT);
	*len = MIN(*len, (socklen_t)sizeof(li));
	memcpy(val, &li, *len);
	return (0);
}

static struct protosw loop_proto = {
	.pr_name = "looptest",
	.pr_family = AF_LOOPTEST,
	.pr_type = SOCK_STREAM,
	.pr_flags = PR_CONNREQUIRED | PR_WANTRCVD,
	.attach = loop_attach,
	.detach = loop_detach,
	.bind = loop_bind,
	.listen = loop_listen,
	.connect = loop_connect,
	.shutdown = loop_shutdown,
	.send = loop_send,
	.rcvd = loop_rcvd,
	.abort = loop_abort,
	.sockname = loop_sockname,
	.peername = loop_peername,
	.setopt = loop_setopt,
	.getopt = loop_getopt,
};

void
looptest_init(void)
{
	sysctl_register(&table);
	protosw_register(&loop_proto);
}
