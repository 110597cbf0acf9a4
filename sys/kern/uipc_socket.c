/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Sockets.
 *
 * A socket stands between a protocol (so_proto, so_pcb) and a descriptor
 * (so_file); either may go first.  What goes to the program is pushed into
 * its host pair while that has room, and waits in so_rcv after that.  A
 * message waits in the form in which it is sent: its head, address and
 * control data in a first mbuf, the data behind.
 *
 * Streams: bytes of the peer wait for the end of the batch they came in, when
 * the packets that acknowledge them have left (sodue_run()): the peer goes on
 * meanwhile, and what came in pieces reaches the program at once.
 * Bytes from the program are pulled into so_snd as long as there is
 * room, so back-pressure is the host's own; the protocol is told by its send
 * hook (without a packet) and takes them with sbdrop().  An urgent byte is
 * one in the host pair as well, so the program asks the host about it.
 */

#include <sys/systm.h>
#include <sys/file.h>
#include <sys/pool.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <sys/task.h>
#include <sys/timeout.h>
#include <sys/uidinfo.h>

#define RCV_DEFAULT 212992
#define SND_DEFAULT 212992
#define PUSH_IOV    58
#define PULL_BYTES  65536 /* the largest datagram, or of a stream in one buffer */
#define PULL_FIRST  2048
#define PULL_PIECES 4
#define PULL_TURN   (PULL_PIECES * PULL_BYTES) /* before other sockets have theirs */
#define ACCEPT_US   100000
#define JOIN_BYTES  1024 /* fewer are put together */
#define LEAST_BYTES 65536 /* that a stream may hold whatever its user holds */
#define LEAST_TIGHT 4096  /* the same when packet memory is nearly used up */

struct socket_list all_sockets = TAILQ_HEAD_INITIALIZER(all_sockets);
static struct pool so_pool;

static const struct fileops dgram_ops, stream_ops;
static struct timeout accept_again;
static TAILQ_HEAD(, socket) due = TAILQ_HEAD_INITIALIZER(due);
static int (*any_ioctl)(unsigned long cmd, void *data, struct proc *p);
static void queue_push(struct socket *head);
static void accept_retry(void *arg);

void
soioctl_register(int (*fn)(unsigned long cmd, void *data, struct proc *p))
{
	any_ioctl = fn;
}

void
soinit(void)
{
	pool_init(&so_pool, sizeof(struct socket), 0, "socket");
	soconnect_init();
	timeout_set(&accept_again, accept_retry, NULL);
	looptest_init();
}

/* --- life --- */

static struct socket *
so_alloc(const struct protosw *pr, uid_t uid, gid_t gid, pid_t pid)
{
	struct uidinfo *ui;
	struct socket *so;

	if ((ui = ui_get(uid)) == NULL)
		return (NULL);
	if ((so = pool_get(&so_pool, PR_ZERO)) == NULL) {
		ui_put(ui);
		return (NULL);
	}
	so->so_ui = ui;
	so->so_proto = pr;
	so->so_type = (uint8_t)pr->pr_type;
	so->so_linger_s = -1;
	so->so_gid = gid;
	so->so_pid = pid;
	so->so_rcv.sb_hiwat = RCV_DEFAULT;
	so->so_snd.sb_hiwat = SND_DEFAULT;
	so->so_pull = PULL_FIRST;
	TAILQ_INSERT_TAIL(&all_sockets, so, so_all);
	return (so);
}

static void
sb_flush(struct socket *so, struct sockbuf *sb)
{
	ml_purge(&sb->sb_q);
	ui_uncharge(so->so_ui, sb->sb_cc);
	sb->sb_cc = 0;
}

/* For sodue_run(): why is so_pushes or so_isover. */
static void
due_add(struct socket *so, bool *why)
{
	KASSERT(so->so_head == NULL && (so->so_state & SS_LISTEN) == 0);
	if (!so->so_pushes && !so->so_isover)
		TAILQ_INSERT_TAIL(&due, so, so_qentry);
	*why = true;
}

static void
due_del(struct socket *so)
{
	if ((so->so_state & SS_LISTEN) != 0 ||
	    (!so->so_pushes && !so->so_isover))
		return;
	so->so_pushes = so->so_isover = false;
	TAILQ_REMOVE(&due, so, so_qentry);
}

/* Its descriptor ends soon: stream_over(), outside of protocols. */
static void
over_add(struct socket *so)
{
	due_add(so, &so->so_isover);
	host_kick();
}

static void
so_release(struct socket *so)
{
	TAILQ_REMOVE(&all_sockets, so, so_all);
	due_del(so);
	sb_flush(so, &so->so_rcv);
	sb_flush(so, &so->so_snd);
	ui_put(so->so_ui);
	pool_put(&so_pool, so);
}

int
socreate(int family, int type, int protocol, struct proc *p,
    struct socket **sop)
{
	const struct protosw *pr;
	struct socket *so;
	int error;

	if ((pr = protosw_find(family, type, protocol, &error)) == NULL)
		return (error);
	if ((so = so_alloc(pr, p->p_uid, p->p_gid, p->p_pid)) == NULL)
		return (ENOMEM);
	so->so_protocol = (uint16_t)(protocol != 0 ? protocol :
						     pr->pr_protocol);
	if ((error = pr->attach(so, protocol, p)) != 0) {
		so_release(so);
		return (error);
	}
	*sop = so;
	return (0);
}

static void so_end(struct socket *so, bool reset);

void
so_queue_begin(struct socket *so, uint32_t limit)
{
	due_del(so);
	TAILQ_INIT(&so->so_q);
	so->so_qlen = 0;
	so->so_qlimit = limit;
	so->so_qfull = 0;
	so->so_state |= SS_LISTEN;
}

void
so_queue_end(struct socket *so)
{
	struct socket *c;

	while ((c = TAILQ_FIRST(&so->so_q)) != NULL)
		so_end(c, true);
	so->so_state &= (uint16_t)~SS_LISTEN;
	so->so_pull = PULL_FIRST;
	so->so_pushes = so->so_isover = false;
	so->so_pairgrown = so->so_urgent = false;
	so->so_urgat = 0;
}

static void
so_end(struct socket *so, bool reset)
{
	if ((so->so_state & SS_CONNECTING) != 0)
		soconnect_over(so);
	so->so_file = NULL;
	due_del(so);
	if ((so->so_state & SS_LISTEN) != 0)
		so_queue_end(so);
	if (so->so_head != NULL) {
		TAILQ_REMOVE(&so->so_head->so_q, so, so_qentry);
		so->so_head->so_qlen--;
		so->so_head = NULL;
	}
	if (reset && so->so_pcb != NULL && so->so_proto->abort != NULL)
		so->so_proto->abort(so);
	so->so_state |= SS_CANTSEND | SS_CANTRCV;
	sb_flush(so, &so->so_rcv);
	if (so->so_pcb != NULL)
		so->so_proto->detach(so); /* may keep so until sofree() */
	if (so->so_pcb == NULL)
		so_release(so);
}

/*
 * A close is a reset for the peer when the program has left data unread
 * (RFC 2525, 2.17), or asked for it with a linger time of zero.
 */
static bool
close_is_reset(const struct socket *so)
{
	if (so->so_type != SOCK_STREAM ||
	    (so->so_state & (SS_CONNECTED | SS_CONNECTING)) == 0)
		return (false);
	return (so->so_linger_s == 0 || so->so_rcv.sb_cc > 0);
}

void
soclose(struct socket *so)
{
	so_end(so, close_is_reset(so));
}

/* The protocol is done with a socket whose program has gone. */
void
sofree(struct socket *so)
{
	so->so_pcb = NULL;
	if (so->so_file == NULL && so->so_head == NULL)
		so_release(so);
}

int
sofile_attach(struct socket *so, struct proc *p, int *cfd)
{
	bool stream = so->so_type == SOCK_STREAM;
	unsigned int events = 0;
	struct file *fp;
	int error;

	/* a stream without a peer has nothing to read: soisconnected() */
	if (!stream || (so->so_state & SS_CONNECTED) != 0)
		events = HOST_IN | HOST_PRI;
	if ((error = file_create(FILE_SOCKET,
		 stream ? HOST_STREAM : HOST_SEQPACKET, FREAD | FWRITE, events,
		 p, &fp, cfd)) != 0)
		return (error);
	fp->f_ops = stream ? &stream_ops : &dgram_ops;
	fp->f_data = so;
	so->so_file = fp;
	if ((so->so_options & (1U << SO_OOBINLINE)) != 0)
		host_urginline(*cfd, 1);
	return (0);
}

/*
 * What was shut at either end of a pair stays shut, and bytes may be on their
 * way in it: so a stream that begins anew gets another.
 */
int
sorenew(struct socket *so, struct proc *p, int *cfd)
{
	struct file *old = so->so_file;
	int error;

	if ((error = sofile_attach(so, p, cfd)) != 0)
		return (error);
	(void)so->so_proto->disconnect(so);
	due_del(so);
	sb_flush(so, &so->so_rcv);
	sb_flush(so, &so->so_snd);
	so->so_state = 0;
	so->so_error = 0;
	so->so_pull = PULL_FIRST;
	so->so_pairgrown = so->so_urgent = false;
	old->f_ops = NULL;
	old->f_data = NULL;
	file_end(old, 0);
	return (0);
}

static bool
is_on_port(struct socket *so, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	if (so->so_pcb == NULL || so->so_proto->sockname == NULL ||
	    so->so_proto->sockname(so, (struct sockaddr *)(void *)&ss, &len) !=
		0)
		return (false);
	return (((struct sockaddr_in *)(void *)&ss)->sin_port == port);
}

bool
soport_sweep(const struct protosw *pr, uint16_t port)
{
	struct socket *so, *next;
	bool any = false, listens;

	TAILQ_FOREACH_SAFE(so, &all_sockets, so_all, next) {
		if (so->so_file == NULL ||
		    so->so_proto->pr_protocol != pr->pr_protocol ||
		    !is_on_port(so, port))
			continue;
		listens = (so->so_state & SS_LISTEN) != 0;
		if (!file_sweep(so->so_file))
			continue;
		any = true;
		if (listens) /* it took those of its queue with it */
			next = TAILQ_FIRST(&all_sockets);
	}
	return (any);
}

int
soreserve(struct socket *so, uint64_t snd, uint64_t rcv)
{
	if (snd > SB_MAX || rcv > SB_MAX)
		return (ENOBUFS);
	so->so_snd.sb_hiwat = (uint32_t)snd;
	so->so_rcv.sb_hiwat = (uint32_t)rcv;
	return (0);
}

uint64_t
sbspace(const struct sockbuf *sb)
{
	return (sb->sb_cc >= sb->sb_hiwat ? 0 : sb->sb_hiwat - sb->sb_cc);
}

uint64_t
sbroom(const struct socket *so, const struct sockbuf *sb)
{
	uint32_t least = mb_tight() ? LEAST_TIGHT : LEAST_BYTES;

	least -= MIN(least, sb->sb_cc);
	return (MIN(sbspace(sb), MAX(ui_room(so->so_ui), (uint64_t)least)));
}

/* Bytes that wait, counted for the user as well. */
static void
sb_count(struct socket *so, struct sockbuf *sb, uint64_t len)
{
	sb->sb_cc += (uint32_t)len;
	so->so_ui->ui_bytes += len;
}

static void
sb_uncount(struct socket *so, struct sockbuf *sb, uint64_t len)
{
	KASSERT(len <= sb->sb_cc);
	sb->sb_cc -= (uint32_t)len;
	ui_uncharge(so->so_ui, len);
}

/* --- datagrams to the program --- */

/* Sends the message m into the pair.  0, EAGAIN (m stays), EPIPE (m stays). */
static int
message_push(struct file *fp, struct mbuf *m)
{
	struct host_iov iov[PUSH_IOV];
	struct mbuf *n;
	int niov = 0;
	long sent;

	for (n = m; n != NULL; n = n->m_next) {
		if (n->m_len == 0)
			continue;
		if (niov == PUSH_IOV)
			return (EMSGSIZE);
		iov[niov].base = n->m_data;
		iov[niov++].len = n->m_len;
	}
	sent = host_send(fp->f_k, iov, niov, -1, 0);
	if (sent >= 0)
		return (0);
	if (sent != -EAGAIN && sent != -ENOBUFS)
		return (EPIPE);
	file_want_write(fp, true);
	return (EAGAIN);
}

/* Head, address and control data in front of m.  NULL: no memory, m is freed. */
static struct mbuf *
message_make(struct mbuf *m, uint16_t type, int error, const void *addr,
    uint32_t addrlen, const void *control, uint32_t controllen)
{
	struct file_msg head = { .type = type,
		.error = error,
		.addrlen = addrlen,
		.cmsglen = controllen };
	uint32_t alen = (addrlen + 7) & ~7U, clen = (controllen + 7) & ~7U;
	struct mbuf *h;

	if ((h = m_getroom(0, sizeof(head) + alen + clen)) == NULL) {
		m_freem(m);
		return (NULL);
	}
	memset(h->m_data, 0, sizeof(head) + alen + clen);
	memcpy(h->m_data, &head, sizeof(head));
	if (addrlen > 0)
		memcpy(h->m_data + sizeof(head), addr, addrlen);
	if (controllen > 0)
		memcpy(h->m_data + sizeof(head) + alen, control, controllen);
	h->m_len = h->m_pkthdr.len = (uint32_t)sizeof(head) + alen + clen;
	if (m != NULL)
		m_cat_pkt(h, m);
	return (h);
}

static bool
message_deliver(struct socket *so, struct mbuf *m)
{
	uint32_t len = m->m_pkthdr.len;
	struct mbuf *flat;
	int error = EAGAIN;

	if (so->so_file == NULL || (so->so_state & SS_CANTRCV) != 0) {
		m_freem(m);
		return (false);
	}
	if (ml_empty(&so->so_rcv.sb_q) &&
	    (error = message_push(so->so_file, m)) == 0) {
		m_freem(m);
		return (true);
	}
	if (error == EMSGSIZE &&
	    (flat = m_dup_pkt(m, 0)) != NULL) { /* too many pieces */
		m_freem(m);
		m = flat;
		error = message_push(so->so_file, m);
		if (error == 0) {
			m_freem(m);
			return (true);
		}
	}
	if (error != EAGAIN || len > sbspace(&so->so_rcv) ||
	    !ui_charge(so->so_ui, len)) {
		so->so_drops++;
		m_freem(m);
		return (false);
	}
	so->so_rcv.sb_cc += len;
	ml_enqueue(&so->so_rcv.sb_q, m);
	return (true);
}

bool
soreceive_dgram(struct socket *so, struct mbuf *m, const struct sockaddr *from,
    socklen_t fromlen, const void *control, size_t controllen)
{
	if ((m = message_make(m, FMSG_DATA, 0, from, fromlen, control,
		 (uint32_t)controllen)) == NULL) {
		so->so_drops++;
		return (false);
	}
	return (message_deliver(so, m));
}

void
soseterror(struct socket *so, int error)
{
	struct mbuf *m;

	so->so_error = (int16_t)error;
	if (so->so_type == SOCK_STREAM || so->so_file == NULL)
		return;
	if ((m = message_make(NULL, FMSG_ERROR, error, NULL, 0, NULL, 0)) !=
	    NULL)
		message_deliver(so, m);
}

static void
dgram_writable(struct file *fp)
{
	struct socket *so = fp->f_data;
	struct mbuf *m;
	uint32_t len;
	int error;

	while ((m = so->so_rcv.sb_q.ml_head) != NULL) {
		len = m->m_pkthdr.len;
		if ((error = message_push(fp, m)) == EAGAIN)
			return;
		ml_dequeue(&so->so_rcv.sb_q);
		sb_uncount(so, &so->so_rcv, len);
		m_freem(m);
	}
	if (so->so_proto->rcvd != NULL)
		so->so_proto->rcvd(so);
}

/* A program that write()s natively: the data of one datagram to its peer. */
static void
dgram_readable(struct file *fp)
{
	/* in the name of who opened it, not of the kernel */
	struct proc p = { .p_uid = fp->f_uid,
		.p_gid = fp->f_gid,
		.p_pid = fp->f_pid,
		.p_fd = -1 };
	struct socket *so = fp->f_data;
	struct host_iov iov;
	struct mbuf *m;
	int passed;
	long n;

	if ((m = m_getroom(0, PULL_BYTES)) == NULL) {
		file_retry(fp);
		return;
	}
	iov = (struct host_iov){ m->m_data, PULL_BYTES };
	n = host_recv(fp->f_k, &iov, 1, &passed, 0);
	host_close(passed);
	if (n <= 0) {
		m_freem(m);
		if (n == 0 || n == -ECONNRESET)
			file_want_read(fp, false); /* shut: HUP follows */
		return;
	}
	m->m_len = m->m_pkthdr.len = (uint32_t)n;
	if (so->so_proto->send == NULL)
		m_freem(m);
	else
		so->so_proto->send(so, m, NULL, 0, NULL, 0, &p);
}

static int
so_ioctl(struct file *fp, unsigned long cmd, void *data, struct proc *p)
{
	struct socket *so = fp->f_data;
	int error = ENOTTY;

	if (so->so_proto->ioctl != NULL)
		error = so->so_proto->ioctl(so, cmd, data, p);
	if (error == ENOTTY && any_ioctl != NULL)
		error = any_ioctl(cmd, data, p);
	return (error);
}

static void
so_file_close(struct file *fp)
{
	soclose(fp->f_data);
}

static const struct fileops dgram_ops = {
	.name = "datagram",
	.ioctl = so_ioctl,
	.readable = dgram_readable,
	.writable = dgram_writable,
	.close = so_file_close,
};

/* --- streams --- */

/* Frees the first len bytes of a list of chains. */
static void
bytes_drop(struct mbuf_list *ml, uint64_t len)
{
	struct mbuf *m;
	uint32_t n;

	while (len > 0 && (m = ml->ml_head) != NULL) {
		n = m->m_pkthdr.len;
		if (n > len) {
			m_adj(m, (int)len);
			return;
		}
		len -= n;
		m_freem(ml_dequeue(ml));
	}
}

void
sbdrop(struct socket *so, uint64_t len)
{
	sb_uncount(so, &so->so_snd, len);
	bytes_drop(&so->so_snd.sb_q, len);
}

/* The same of what came for the program. */
static void
rcv_drop(struct socket *so, uint64_t len)
{
	sb_uncount(so, &so->so_rcv, len);
	bytes_drop(&so->so_rcv.sb_q, len);
}

uint64_t
sbmove(struct socket *so, struct mbuf_list *ml, uint64_t len)
{
	struct sockbuf *from = &so->so_snd;
	struct mbuf *m, *rest;
	uint64_t done = 0;
	uint32_t n;

	while (done < len && (m = from->sb_q.ml_head) != NULL) {
		n = m->m_pkthdr.len;
		if (n > len - done) {
			if ((rest = m_split(m, (uint32_t)(len - done))) == NULL)
				break;
			rest->m_nextpkt = m->m_nextpkt;
			m->m_nextpkt = rest;
			if (from->sb_q.ml_tail == m)
				from->sb_q.ml_tail = rest;
			from->sb_q.ml_len++;
			n = m->m_pkthdr.len;
		}
		ml_enqueue(ml, ml_dequeue(&from->sb_q));
		done += n;
	}
	sb_uncount(so, from, done);
	return (done);
}

/* The pieces of so_rcv, up to PUSH_IOV of them and max bytes. */
static int
stream_pieces(const struct socket *so, struct host_iov *iov, uint64_t max)
{
	struct mbuf *m, *n;
	int niov = 0;

	for (m = so->so_rcv.sb_q.ml_head; m != NULL; m = m->m_nextpkt)
		for (n = m; n != NULL; n = n->m_next) {
			if (n->m_len == 0)
				continue;
			if (niov == PUSH_IOV || max == 0)
				return (niov);
			iov[niov].base = n->m_data;
			iov[niov].len = MIN(n->m_len, max);
			max -= iov[niov++].len;
		}
	return (niov);
}

/* A piece of so_rcv into the pair; an urgent byte by itself.  As host_send(). */
static long
stream_push(struct socket *so)
{
	struct host_iov iov[PUSH_IOV];
	bool mark = so->so_urgent && so->so_urgat == 0;
	uint64_t max = so->so_urgent ? MAX(so->so_urgat, 1ULL) : UINT64_MAX;
	int niov = stream_pieces(so, iov, max);
	long sent;

	if (niov == 0)
		return (0);
	sent = host_send(so->so_file->f_k, iov, niov, -1,
	    mark ? HOST_URGENT : 0);
	if (sent == -EOPNOTSUPP && mark) { /* the host does not know such */
		so->so_urgent = false;
		return (stream_push(so));
	}
	if (sent <= 0)
		return (sent);
	rcv_drop(so, (uint64_t)sent);
	so->so_urgent = so->so_urgent && !mark;
	so->so_urgat -= MIN((uint64_t)sent, so->so_urgat);
	return (sent);
}

/*
 * so_rcv into the pair, as far as it takes it; the end, if it has come.
 * Bytes that left.
 */
static uint64_t
stream_pump_out(struct socket *so)
{
	struct file *fp = so->so_file;
	uint64_t before = so->so_rcv.sb_cc;
	long sent = 0;

	if (fp == NULL || (so->so_state & SS_LISTEN) != 0)
		return (0);
	while (so->so_rcv.sb_cc > 0 && (sent = stream_push(so)) > 0)
		;
	if (sent == -EPIPE ||
	    sent == -ECONNRESET) /* the program reads no more */
		rcv_drop(so, so->so_rcv.sb_cc);
	if (so->so_rcv.sb_cc > 0) {
		if (!so->so_pairgrown)
			host_bufsize(fp->f_k, PAIR_BYTES);
		so->so_pairgrown = true;
		file_want_write(fp, true);
	} else if ((so->so_state & SS_DISCONNECTED) != 0)
		over_add(so);
	else if ((so->so_state & SS_CANTRCV) != 0)
		file_eof(fp);
	return (before - so->so_rcv.sb_cc);
}

/*
 * Few bytes go behind others that wait, in the same buffer: a peer that sends
 * one at a time must not make each cost a buffer.  False: m is as it was.
 */
static bool
bytes_join(struct mbuf_list *ml, struct mbuf *m)
{
	struct mbuf *tail = ml->ml_tail, *last;
	uint32_t len = m->m_pkthdr.len;

	if (tail == NULL || len > JOIN_BYTES)
		return (false);
	for (last = tail; last->m_next != NULL; last = last->m_next)
		;
	if (!m_writable(last) || m_trailingspace(last) < len)
		return (false);
	(void)m_copydata(m, 0, len, last->m_data + last->m_len);
	last->m_len += len;
	tail->m_pkthdr.len += len;
	m_freem(m);
	return (true);
}

void
soreceive_urgent(struct socket *so, uint32_t off)
{
	so->so_urgent = true;
	so->so_urgat = so->so_rcv.sb_cc + off;
}

void
soreceive_stream(struct socket *so, struct mbuf *m)
{
	if ((so->so_file == NULL && so->so_head == NULL) ||
	    (so->so_state & SS_CANTRCV) != 0) {
		m_freem(m);
		return;
	}
	sb_count(so, &so->so_rcv, m->m_pkthdr.len);
	if (!bytes_join(&so->so_rcv.sb_q, m))
		ml_enqueue(&so->so_rcv.sb_q, m);
	if (so->so_file != NULL && !file_waits_write(so->so_file))
		due_add(so, &so->so_pushes);
}

static void
stream_writable(struct file *fp)
{
	struct socket *so = fp->f_data;

	if ((so->so_state & SS_LISTEN) != 0)
		queue_push(so);
	else if (stream_pump_out(so) > 0 && so->so_proto->rcvd != NULL)
		so->so_proto->rcvd(so);
}

/* Buffers for ask bytes, or as many of them as there is memory for. */
static int
pull_buffers(struct mbuf *m[PULL_PIECES], struct host_iov iov[PULL_PIECES],
    uint64_t ask)
{
	uint64_t piece;
	int n = 0;

	for (; ask > 0 && n < PULL_PIECES; ask -= piece) {
		piece = MIN(ask, (uint64_t)PULL_BYTES);
		if ((m[n] = m_getroom(0, (uint32_t)piece)) == NULL)
			break;
		iov[n] = (struct host_iov){ m[n]->m_data, piece };
		n++;
	}
	return (n);
}

/* Those of them that len bytes are in go to so_snd, the others were not needed. */
static void
pull_take(struct socket *so, struct mbuf *m[], const struct host_iov iov[],
    int n, uint64_t len)
{
	uint64_t piece;

	for (int i = 0; i < n; i++, len -= piece) {
		if ((piece = MIN(len, iov[i].len)) == 0) {
			m_freem(m[i]);
			continue;
		}
		m[i]->m_len = m[i]->m_pkthdr.len = (uint32_t)piece;
		sb_count(so, &so->so_snd, piece);
		if (!bytes_join(&so->so_snd.sb_q, m[i]))
			ml_enqueue(&so->so_snd.sb_q, m[i]);
	}
}

/*
 * Up to room bytes of the program to the end of so_snd.  What host_recv()
 * says, or -ENOMEM.  Small reads get small buffers: the size asked for
 * follows what came last.  An urgent byte comes by itself: the host ends what
 * it gives before one.
 */
static long
stream_pull(struct socket *so, uint64_t room)
{
	uint64_t ask = MIN(room, so->so_pull);
	struct host_iov iov[PULL_PIECES];
	struct mbuf *m[PULL_PIECES];
	bool urgent;
	int pieces;
	long n;

	urgent = so->so_file->f_urgent && host_atmark(so->so_file->f_k);
	if (urgent)
		ask = 1;
	if ((pieces = pull_buffers(m, iov, ask)) == 0)
		return (-ENOMEM);
	n = host_recv(so->so_file->f_k, iov, pieces, NULL, 0);
	pull_take(so, m, iov, pieces, n > 0 ? (uint64_t)n : 0);
	if (n <= 0)
		return (n);
	if ((uint64_t)n == so->so_pull)
		so->so_pull = MIN(so->so_pull * 4, PULL_TURN);
	else if ((uint64_t)n < so->so_pull / 4 && !urgent)
		so->so_pull = MAX(so->so_pull / 4, PULL_FIRST);
	if (urgent && so->so_proto->urgent != NULL)
		so->so_proto->urgent(so);
	return (n);
}

/* shutdown(SHUT_WR), or the last close: the protocol is told once. */
static void
stream_eof(struct socket *so)
{
	if ((so->so_state & SS_CANTSEND) != 0)
		return;
	so->so_state |= SS_CANTSEND;
	if (so->so_proto->shutdown != NULL)
		so->so_proto->shutdown(so);
}

/* All that waits, up to a turn's bytes.  What the last host_recv() said. */
static long
stream_pull_turn(struct socket *so)
{
	uint64_t room = MIN(sbroom(so, &so->so_snd), (uint64_t)PULL_TURN);
	uint64_t before = so->so_snd.sb_cc, ask;
	long n;

	do {
		ask = MIN(room, so->so_pull);
		if ((n = stream_pull(so, room)) > 0)
			room -= (uint64_t)n;
		so->so_file->f_urgent = true; /* one may have come meanwhile */
	} while (n > 0 && (uint64_t)n == ask && room > 0);
	if (so->so_snd.sb_cc > before)
		so->so_proto->send(so, NULL, NULL, 0, NULL, 0, NULL);
	return (n);
}

/* Bytes of the program into so_snd, as long as it has room. */
static void
stream_readable(struct file *fp)
{
	struct socket *so = fp->f_data;
	long n;

	if (sbroom(so, &so->so_snd) == 0 ||
	    (so->so_state & SS_CONNECTED) == 0) {
		file_want_read(fp, false); /* sosndroom() asks again */
		return;
	}
	n = stream_pull_turn(so);
	if (n == 0) {
		file_want_read(fp, false);
		if (so->so_linger_s ==
		    0) /* a close follows, then it is a reset */
			over_add(so);
		else
			stream_eof(so);
	} else if (n ==
	    -ECONNRESET) { /* closed with data unread: HUP follows */
		file_want_read(fp, false);
		so->so_linger_s = 0;
	} else if (n == -ENOMEM) {
		file_retry(fp);
	}
}

/*
 * Nobody has the program's end any more.  What it wrote before is taken in
 * whole, whatever the limits: it is no more than the host's buffer held.
 */
static void
stream_close(struct file *fp)
{
	struct socket *so = fp->f_data;
	uint64_t before = so->so_snd.sb_cc;
	long n = 0;

	if ((so->so_state & (SS_CONNECTED | SS_CANTSEND)) == SS_CONNECTED) {
		while ((n = stream_pull(so, PULL_BYTES)) > 0)
			;
		if (n == -ECONNRESET || n == -ENOMEM)
			so->so_linger_s = 0; /* an end would be a lie */
		if (so->so_snd.sb_cc > before && so->so_linger_s != 0)
			so->so_proto->send(so, NULL, NULL, 0, NULL, 0, NULL);
	}
	if (fp->f_keep && fp->f_error == 0)
		fp->f_error = so->so_error;
	soclose(so);
}

/*
 * The connection is over and all that came was delivered; or it is not, and
 * the program has only ended its side.
 */
static void
stream_over(struct socket *so)
{
	struct file *fp = so->so_file;

	if ((so->so_state & SS_DISCONNECTED) == 0) {
		stream_eof(so);
		return;
	}
	if (fp == NULL || fp->f_dying)
		return;
	if (so->so_error != 0)
		file_end(fp, so->so_error);
	else if (!fp->f_eof)
		file_eof(fp); /* it may still close, or ask for names */
}

bool
sodue_run(void)
{
	struct socket *so;
	bool pushes, isover, any = false;

	while ((so = TAILQ_FIRST(&due)) != NULL) {
		pushes = so->so_pushes;
		isover = so->so_isover;
		due_del(so);
		if (pushes && stream_pump_out(so) > 0 &&
		    so->so_proto->rcvd != NULL)
			so->so_proto->rcvd(so);
		if (isover)
			stream_over(so);
		any = true;
	}
	return (any);
}

static const struct fileops stream_ops = {
	.name = "stream",
	.ioctl = so_ioctl,
	.readable = stream_readable,
	.writable = stream_writable,
	.close = stream_close,
};

void
sosndroom(struct socket *so)
{
	if (so->so_file != NULL && (so->so_state & SS_CANTSEND) == 0)
		file_want_read(so->so_file, true);
}

void
soisconnected(struct socket *so)
{
	so->so_state |= SS_CONNECTED;
	if ((so->so_state & SS_CONNECTING) != 0)
		soconnect_over(so);
	if (so->so_file != NULL)
		file_want_read(so->so_file, true);
}

void
socantrcvmore(struct socket *so)
{
	so->so_state |= SS_CANTRCV;
	if (so->so_type == SOCK_STREAM)
		stream_pump_out(so);
}

void
soisdisconnected(struct socket *so)
{
	so->so_state &= (uint16_t)~SS_CONNECTED;
	if (so->so_type != SOCK_STREAM)
		return;
	if ((so->so_state & SS_CONNECTING) != 0) {
		soconnect_over(so); /* it never was: the program may try again */
		return;
	}
	so->so_state |= SS_DISCONNECTED | SS_CANTRCV | SS_CANTSEND;
	if (so->so_file == NULL)
		return;
	stream_pump_out(so);
	if (so->so_isover && so->so_error != 0)
		return; /* the pair ends with this step */
	file_want_read(so->so_file, false);
	host_shutdown(so->so_file->f_k, 0); /* writes fail from now on */
}

int
soshutdown(struct socket *so, int how)
{
	if (how < 0 || how > 2)
		return (EINVAL);
	if ((so->so_state & SS_LISTEN) != 0 &&
	    how != 1) { /* no more connections */
		so_queue_end(so);
		file_eof(so->so_file);
		return (0);
	}
	if ((so->so_state & SS_CONNECTED) == 0)
		return (ENOTCONN);
	if (so->so_type == SOCK_STREAM)
		return (0);
	if (how != 0)
		so->so_state |= SS_CANTSEND;
	if (how != 1) {
		so->so_state |= SS_CANTRCV;
		sb_flush(so, &so->so_rcv);
		file_eof(so->so_file);
	}
	return (0);
}

/* --- listeners --- */

/*
 * No room in the backlog?  The host tells of room in the pair only when most
 * of it is free again, so it is asked before a connection is turned away.
 */
static bool
queue_full(struct socket *head)
{
	if (head->so_qlen < head->so_qlimit)
		return (false);
	if (head->so_qfull > host_outq(head->so_file->f_k))
		queue_push(head);
	return (head->so_qlen >= head->so_qlimit);
}

struct socket *
sonewconn(struct socket *head)
{
	struct proc p = { .p_uid = head->so_ui->ui_uid,
		.p_gid = head->so_gid,
		.p_pid = head->so_pid,
		.p_fd = -1 };
	struct socket *so;

	if (head->so_file == NULL || (head->so_state & SS_LISTEN) == 0 ||
	    queue_full(head))
		return (NULL);
	if ((so = so_alloc(head->so_proto, head->so_ui->ui_uid, head->so_gid,
		 head->so_pid)) == NULL)
		return (NULL);
	so->so_protocol = head->so_protocol;
	so->so_options = head->so_options;
	so->so_linger_s = head->so_linger_s;
	so->so_rcv.sb_hiwat = head->so_rcv.sb_hiwat;
	so->so_snd.sb_hiwat = head->so_snd.sb_hiwat;
	so->so_rtable = head->so_rtable;
	if (so->so_proto->attach(so, so->so_protocol, &p) != 0) {
		so_release(so);
		return (NULL);
	}
	so->so_head = head;
	TAILQ_INSERT_TAIL(&head->so_q, so, so_qentry);
	head->so_qlen++;
	return (so);
}

/* One of the names of so, as far as it has one.  Its length. */
static uint32_t
conn_name(struct socket *so,
    int (*get)(struct socket *, struct sockaddr *, socklen_t *),
    uint64_t name[FMSG_NAME / 8])
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	if (get == NULL ||
	    get(so, (struct sockaddr *)(void *)&ss, &len) != 0 ||
	    len > FMSG_NAME)
		return (0);
	memcpy(name, &ss, len);
	return (len);
}

/*
 * The new connection's descriptor goes through the listener's pair, behind a
 * record with its names; the program's accept() is a receive.
 */
static int
conn_push(struct socket *head, struct socket *so)
{
	struct proc p = { .p_uid = head->so_ui->ui_uid,
		.p_gid = head->so_gid,
		.p_pid = head->so_pid,
		.p_fd = -1 };
	struct file_accept msg = { .head = { .type = FMSG_ACCEPT } };
	struct host_iov iov = { &msg, sizeof(msg) };
	int cfd, error;
	long sent;

	msg.head.addrlen = conn_name(so, so->so_proto->peername, msg.peer);
	msg.head.cmsglen = conn_name(so, so->so_proto->sockname, msg.local);
	if ((error = sofile_attach(so, &p, &cfd)) != 0)
		return (error);
	host_bufsize(cfd, PAIR_BYTES); /* so that it fills while we empty it */
	sent = host_send(head->so_file->f_k, &iov, 1, cfd, 0);
	host_close(cfd);
	if (sent == sizeof(msg))
		return (0);
	so->so_file->f_data = NULL;
	so->so_file->f_ops = NULL;
	file_revoke(so->so_file);
	so->so_file = NULL;
	return (sent == -EAGAIN ? EAGAIN : ENOBUFS);
}

/*
 * Hands over what is ready, oldest first.  The pair takes only a few (its
 * buffer is as small as it can be, see solisten()): the others wait here,
 * where the backlog counts them.
 */
static void
queue_push(struct socket *head)
{
	struct socket *so, *next;
	int error;

	head->so_qfull = 0;
	TAILQ_FOREACH_SAFE(so, &head->so_q, so_qentry, next) {
		if ((so->so_state & SS_READY) == 0)
			continue;
		if ((error = conn_push(head, so)) == EAGAIN) {
			head->so_qfull = host_outq(head->so_file->f_k);
			file_want_write(head->so_file, true);
			return;
		}
		if (error != 0) { /* no memory, no descriptors: later */
			if (!timeout_pending(&accept_again))
				timeout_add_us(&accept_again, ACCEPT_US);
			return;
		}
		TAILQ_REMOVE(&head->so_q, so, so_qentry);
		head->so_qlen--;
		so->so_head = NULL;
		stream_pump_out(so);
	}
}

static void
accept_retry(void *arg)
{
	struct socket *so;

	(void)arg;
	TAILQ_FOREACH(so, &all_sockets, so_all)
		if ((so->so_state & SS_LISTEN) != 0 && so->so_file != NULL)
			queue_push(so);
}

void
sonewconn_ready(struct socket *so)
{
	so->so_state |= SS_CONNECTED | SS_READY;
	if (so->so_head != NULL && so->so_head->so_file != NULL)
		queue_push(so->so_head);
}

int
solisten(struct socket *so, int backlog)
{
	int error;

	if (so->so_proto->listen == NULL)
		return (EOPNOTSUPP);
	if ((so->so_state & (SS_CONNECTED | SS_CONNECTING | SS_DISCONNECTED)) !=
	    0)
		return (EINVAL);
	if ((so->so_state & SS_LISTEN) == 0) {
		if ((error = so->so_proto->listen(so)) != 0)
			return (error);
		host_bufsize(so->so_file->f_k, 0);
		file_want_read(so->so_file, false);
		so_queue_begin(so, 0);
	}
	so->so_qlimit = (uint32_t)MAX(1,
	    MIN(backlog < 0 ? SOMAXCONN : backlog, SOMAXCONN));
	return (0);
}
