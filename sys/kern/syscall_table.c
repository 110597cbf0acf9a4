/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The system calls: one row each (habit 10).
 *
 * A call gets its payload in kernel memory and gives its answer in kernel
 * memory; only what stands behind pointers inside an ioctl's argument is
 * fetched by the ioctl itself, with copyin() and copyout().
 */

#include <sys/systm.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/malloc.h>
#include <sys/protosw.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <kern/syscall_priv.h>
#include <machine/host.h>

#define SOCKADDR_MAX 128
#define FORCE_MAX    (1 << 30) /* bytes of a buffer, by privilege */
#define OPTION_MAX   16384 /* a multicast filter of 64 sources has 8336 */
#define INLINE_OLD   (64 * 1024)
#define ALIGN8(n)    (((n) + 7) & ~(uint64_t)7)

static int sockbuf_max = 4 << 20;
static const struct sysctl_row rows[] = {
	{ .name = "kern.sockbuf_max",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &sockbuf_max,
	    .min = 2048,
	    .max = 1 << 30,
	    .text = "largest buffer that SO_RCVBUF and SO_SNDBUF set" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

/* The answer's memory.  0 or ENOMEM. */
static int
out_alloc(struct sysframe *f, uint32_t len)
{
	if (len <= sizeof(f->small)) {
		f->out = (uint8_t *)f->small; /* which is zero */
	} else {
		if ((f->out = malloc(len, M_SYSCALL, M_ZERO)) == NULL)
			return (ENOMEM);
		f->outcap = len;
	}
	f->outlen = len;
	return (0);
}

/* The socket that the call is about.  0 or errno. */
static int
socket_of(const struct sysframe *f, struct socket **sop)
{
	struct file *fp = f->fp;

	if (fp == NULL)
		return (EBADF);
	if (fp->f_device)
		return (ENOTSOCK);
	if (fp->f_ended || fp->f_data == NULL)
		return (ENOTCONN);
	*sop = fp->f_data;
	return (0);
}

/* --- descriptors --- */

static int
sys_open(struct proc *p, struct sysframe *f)
{
	const struct cdev *d;
	struct file *fp;
	int error, flags = (int)f->arg[0];
	unsigned int unit;

	if (f->inlen == 0 || f->in[f->inlen - 1] != '\0')
		return (EINVAL);
	if ((d = cdev_find((const char *)f->in, &unit)) == NULL)
		return (ENOENT);
	if ((error = file_create(FILE_DEVICE, HOST_SEQPACKET,
		 flags & (FREAD | FWRITE), 0, p, &fp, &f->newfd)) != 0)
		return (error);
	fp->f_unit = unit;
	if ((error = d->open(fp, flags, p)) == 0)
		return (0);
	fp->f_ops = NULL; /* nothing was opened: nothing to close */
	file_revoke(fp);
	return (error);
}

static int
sys_socket(struct proc *p, struct sysframe *f)
{
	struct socket *so;
	int error;

	if ((error = socreate((int)f->arg[0], (int)f->arg[1], (int)f->arg[2], p,
		 &so)) != 0)
		return (error);
	if ((error = sofile_attach(so, p, &f->newfd)) != 0)
		soclose(so);
	return (error);
}

/* A sockaddr from the program: long enough to have a family, short enough. */
static int
address_check(const struct sysframe *f)
{
	return (f->inlen < sizeof(sa_family_t) || f->inlen > SOCKADDR_MAX ?
		EINVAL :
		0);
}

static int
sys_bind(struct proc *p, struct sysframe *f)
{
	const struct sockaddr *sa;
	struct socket *so;
	int error;

	if ((error = socket_of(f, &so)) != 0 || (error = address_check(f)) != 0)
		return (error);
	if (so->so_proto->bind == NULL)
		return (EOPNOTSUPP);
	sa = (const struct sockaddr *)(const void *)f->in;
	error = so->so_proto->bind(so, sa, f->inlen, p);
	if (error == EADDRINUSE &&
	    (sa->sa_family == AF_INET || sa->sa_family == AF_INET6) &&
	    soport_sweep(so->so_proto,
		((const struct sockaddr_in *)(const void *)sa)->sin_port))
		error = so->so_proto->bind(so, sa, f->inlen, p);
	return (error);
}

static int
sys_listen(struct proc *p, struct sysframe *f)
{
	struct socket *so;
	int error;

	if ((error = socket_of(f, &so)) != 0)
		return (error);
	return (solisten(so, (int)f->arg[0]));
}

static int
sys_shutdown(struct proc *p, struct sysframe *f)
{
	struct socket *so;
	int error;

	if ((error = socket_of(f, &so)) != 0)
		return (error);
	f->value = so->so_type == SOCK_STREAM &&
	    (so->so_state & SS_LISTEN) == 0;
	return (soshutdown(so, f->arg[0] > 2 ? -1 : (int)f->arg[0]));
}

/*
 * An address of no family: no peer from now on.  A stream that tries to get
 * one stops that; one that has it resets it, and gets a new descriptor, which
 * goes back with the answer; a listener listens no more.
 */
static int
disconnect(struct proc *p, struct sysframe *f, struct socket *so)
{
	if ((so->so_state & SS_CONNECTING) != 0 && so->so_proto->abort != NULL) {
		so->so_proto->abort(so);
		so->so_error = 0;
		return (0);
	}
	if ((so->so_state & (SS_CONNECTED | SS_DISCONNECTED | SS_LISTEN)) == 0)
		return (0);
	if (so->so_proto->disconnect == NULL)
		return (EOPNOTSUPP);
	if ((so->so_state & SS_LISTEN) != 0)
		so_queue_end(so);
	else if (so->so_type == SOCK_STREAM)
		return (sorenew(so, p, &f->newfd));
	return (so->so_proto->disconnect(so));
}

static int
sys_connect(struct proc *p, struct sysframe *f)
{
	const struct sockaddr *sa;
	struct socket *so;
	int error;

	if ((error = socket_of(f, &so)) != 0 || (error = address_check(f)) != 0)
		return (error);
	if (so->so_proto->connect == NULL)
		return (EOPNOTSUPP);
	sa = (const struct sockaddr *)(const void *)f->in;
	if (sa->sa_family == AF_UNSPEC)
		return (disconnect(p, f, so));
	if (so->so_type == SOCK_STREAM) {
		f->value = 1;
		return (soconnect(so, sa, f->inlen, p, f->arg[0] != 0));
	}
	so->so_error = 0;
	return (so->so_proto->connect(so, sa, f->inlen, p));
}

static int
name_get(struct sysframe *f, bool peer)
{
	struct socket *so;
	socklen_t len = SOCKADDR_MAX;
	int error, (*get)(struct socket *, struct sockaddr *, socklen_t *);

	if ((error = socket_of(f, &so)) != 0)
		return (error);
	if (peer && so->so_type == SOCK_STREAM &&
	    (so->so_state & SS_CONNECTED) == 0) {
		f->value = (so->so_state & SS_CONNECTING) != 0;
		return (ENOTCONN);
	}
	get = peer ? so->so_proto->peername : so->so_proto->sockname;
	if (get == NULL)
		return (EOPNOTSUPP);
	if ((error = out_alloc(f, SOCKADDR_MAX)) != 0)
		return (error);
	error = get(so, (struct sockaddr *)(void *)f->out, &len);
	f->outlen = error == 0 ? len : 0;
	return (error);
}

static int
sys_getsockname(struct proc *p, struct sysframe *f)
{
	return (name_get(f, false));
}

static int
sys_getpeername(struct proc *p, struct sysframe *f)
{
	return (name_get(f, true));
}

/* --- options of all sockets --- */

static int
option_int(const struct sysframe *f, int *v)
{
	if (f->inlen < sizeof(*v))
		return (EINVAL);
	memcpy(v, f->in, sizeof(*v));
	return (0);
}

/* A negative size is a very large one: Linux takes the number as unsigned. */
static int
bufsize_set(struct sockbuf *sb, const struct sysframe *f, int most)
{
	int v, error;

	if ((error = option_int(f, &v)) != 0)
		return (error);
	sb->sb_hiwat = (uint32_t)(v < 0 ? most : MAX(2048, MIN(v, most)));
	return (0);
}

static int
sol_socket_set(struct socket *so, int name, struct proc *p,
    const struct sysframe *f)
{
	struct linger l;
	int v = 0, error;

	if (name != SO_BINDTODEVICE && f->inlen < sizeof(v))
		return (EINVAL); /* whatever it is */
	if (name == SO_LINGER) {
		if (f->inlen < sizeof(l))
			return (EINVAL);
		memcpy(&l, f->in, sizeof(l));
		so->so_linger_s = l.l_onoff != 0 ? MAX(l.l_linger, 0) : -1;
		return (0);
	}
	switch (name) {
	case SO_SNDBUF:
		return (bufsize_set(&so->so_snd, f, sockbuf_max));
	case SO_RCVBUF:
		return (bufsize_set(&so->so_rcv, f, sockbuf_max));
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if ((error = suser(p)) != 0)
			return (error);
		return (bufsize_set(
		    name == SO_SNDBUFFORCE ? &so->so_snd : &so->so_rcv, f,
		    FORCE_MAX));
	case SO_DEBUG:
	case SO_REUSEADDR:
	case SO_REUSEPORT:
	case SO_DONTROUTE:
	case SO_BROADCAST:
	case SO_KEEPALIVE:
	case SO_OOBINLINE:
		if ((error = option_int(f, &v)) != 0)
			return (error);
		so->so_options = (so->so_options & ~(1U << name)) |
		    (v != 0 ? 1U << name : 0);
		if (name == SO_OOBINLINE)
			host_urginline(p->p_fd, v != 0);
		if (name == SO_KEEPALIVE && so->so_proto->setopt != NULL)
			(void)so->so_proto->setopt(so, SOL_SOCKET, name, f->in,
			    f->inlen, p); /* a timer may have to start */
		return (0);
	default: /* SO_RTABLE, SO_BINDTODEVICE and the like: the protocol's */
		if (so->so_proto->setopt == NULL)
			return (ENOPROTOOPT);
		return (so->so_proto->setopt(so, SOL_SOCKET, name, f->in,
		    f->inlen, p));
	}
}

static int
sol_socket_get(struct socket *so, int name, struct proc *p, void *val,
    socklen_t *len)
{
	struct linger l = { so->so_linger_s >= 0, MAX(so->so_linger_s, 0) };
	int v;

	switch (name) {
	case SO_LINGER:
		*len = MIN(*len, (socklen_t)sizeof(l));
		memcpy(val, &l, *len);
		return (0);
	case SO_ERROR:
		v = so->so_error;
		so->so_error = 0;
		break;
	case SO_TYPE:
		v = so->so_type;
		break;
	case SO_DOMAIN:
		v = so->so_proto->pr_family;
		break;
	case SO_PROTOCOL:
		v = so->so_protocol;
		break;
	case SO_ACCEPTCONN:
		v = (so->so_state & SS_LISTEN) != 0;
		break;
	case SO_SNDBUF:
		v = (int)so->so_snd.sb_hiwat;
		break;
	case SO_RCVBUF:
		v = (int)so->so_rcv.sb_hiwat;
		break;
	case SO_SENDQ:
		v = (int)MIN(so->so_snd.sb_cc, INT32_MAX);
		break;
	case SO_DEBUG:
	case SO_REUSEADDR:
	case SO_REUSEPORT:
	case SO_DONTROUTE:
	case SO_BROADCAST:
	case SO_KEEPALIVE:
	case SO_OOBINLINE:
		v = (so->so_options & 1U << name) != 0;
		break;
	default:
		if (so->so_proto->getopt == NULL)
			return (ENOPROTOOPT);
		return (
		    so->so_proto->getopt(so, SOL_SOCKET, name, val, len, p));
	}
	*len = MIN(*len, (socklen_t)sizeof(v));
	memcpy(val, &v, *len);
	return (0);
}

static int
sys_setsockopt(struct proc *p, struct sysframe *f)
{
	struct socket *so;
	int error;

	if ((error = socket_of(f, &so)) != 0)
		return (error);
	if (f->inlen > OPTION_MAX)
		return (EINVAL);
	if ((int)f->arg[0] == SOL_SOCKET)
		return (sol_socket_set(so, (int)f->arg[1], p, f));
	if (so->so_proto->setopt == NULL)
		return (ENOPROTOOPT);
	return (so->so_proto->setopt(so, (int)f->arg[0], (int)f->arg[1], f->in,
	    f->inlen, p));
}

/* All that an ended file can still tell is why. */
static int
ended_getsockopt(struct sysframe *f)
{
	int error;

	if ((int)f->arg[0] != SOL_SOCKET || (int)f->arg[1] != SO_ERROR)
		return (ENOTCONN);
	if (f->arg[2] < sizeof(int))
		return (EINVAL);
	if ((error = out_alloc(f, sizeof(int))) != 0)
		return (error);
	memcpy(f->out, &f->fp->f_error, sizeof(int));
	f->fp->f_error = 0;
	return (0);
}

static int
sys_getsockopt(struct proc *p, struct sysframe *f)
{
	struct socket *so;
	socklen_t len;
	int error;

	if (f->fp != NULL && f->fp->f_ended)
		return (ended_getsockopt(f));
	if ((error = socket_of(f, &so)) != 0)
		return (error);
	len = (socklen_t)MIN(f->arg[2], OPTION_MAX);
	if ((error = out_alloc(f, len)) != 0)
		return (error);
	if (f->inlen != 0) /* some ask with a value */
		memcpy(f->out, f->in, MIN(f->inlen, len));
	f->value = so->so_type == SOCK_STREAM && (so->so_state & SS_CONNECTED) != 0;
	if ((int)f->arg[0] == SOL_SOCKET)
		error = sol_socket_get(so, (int)f->arg[1], p, f->out, &len);
	else if (so->so_proto->getopt == NULL)
		error = ENOPROTOOPT;
	else
		error = so->so_proto->getopt(so, (int)f->arg[0], (int)f->arg[1],
		    f->out, &len, p);
	f->outlen = error == 0 ? len : 0;
	return (error);
}

/* --- data --- */

/* Who may send on so, and how much, is looked at before anything is copied. */
static int
send_check(struct socket *so, uint64_t len)
{
	int error;

	if (so->so_proto->send == NULL || so->so_type == SOCK_STREAM)
		return (EOPNOTSUPP);
	if ((so->so_state & SS_CANTSEND) != 0)
		return (EPIPE);
	if (so->so_error != 0) { /* what an ICMP error left behind */
		error = so->so_error;
		so->so_error = 0;
		return (error);
	}
	return (len > so->so_snd.sb_hiwat || len > 65535 + 1024 ? EMSGSIZE : 0);
}

static int
sys_sendmsg(struct proc *p, struct sysframe *f)
{
	uint64_t alen = f->arg[0], clen = f->arg[1], at, len;
	struct socket *so;
	struct mbuf *m;
	uint32_t options;
	int error;

	if ((error = socket_of(f, &so)) != 0)
		return (error);
	if (alen > SOCKADDR_MAX || clen > 4096 ||
	    (alen > 0 && alen < sizeof(sa_family_t)))
		return (EINVAL);
	at = ALIGN8(alen) + ALIGN8(clen);
	if (at > f->inlen)
		return (EINVAL);
	len = f->inlen - at;
	if ((error = send_check(so, len)) != 0)
		return (error);
	if ((m = m_getroom(M_HEADROOM, len)) == NULL)
		return (ENOBUFS);
	memcpy(m->m_data, f->in + at, len);
	m->m_len = m->m_pkthdr.len = (uint32_t)len;
	m->m_pkthdr.rtableid = (uint16_t)so->so_rtable;
	options = so->so_options; /* the flag is the option for one message */
	if ((f->arg[2] & MSG_DONTROUTE) != 0)
		so->so_options |= 1U << SO_DONTROUTE;
	error = so->so_proto->send(so, m,
	    alen > 0 ? (const struct sockaddr *)(const void *)f->in : NULL,
	    (socklen_t)alen, clen > 0 ? f->in + ALIGN8(alen) : NULL, clen, p);
	so->so_options = options;
	f->value = (int64_t)len;
	return (error);
}

static int
sys_ioctl(struct proc *p, struct sysframe *f)
{
	unsigned long cmd = f->arg[0];
	uint32_t len = IOCPARM_LEN(cmd);
	struct file *fp = f->fp;
	int error;

	if (fp == NULL)
		return (EBADF);
	if (fp->f_ended)
		return (fp->f_device ? ENXIO : ENOTCONN);
	if (fp->f_ops == NULL || fp->f_ops->ioctl == NULL)
		return (ENOTTY);
	if (f->inlen != ((cmd & IOC_IN) != 0 ? len : 0))
		return (EINVAL);
	if ((error = out_alloc(f, len)) != 0)
		return (error);
	if ((cmd & IOC_IN) != 0)
		memcpy(f->out, f->in, len);
	error = fp->f_ops->ioctl(fp, cmd, f->out, p);
	/* an error's details (a reason, a line) go back too */
	if ((cmd & IOC_OUT) == 0)
		f->outlen = 0;
	return (error);
}

/* --- sysctl --- */

static int
sys_sysctl(struct proc *p, struct sysframe *f)
{
	uint64_t namelen = f->arg[0], uaddr = f->arg[2], room = f->arg[3];
	struct sysctl_req req;
	int error;

	if (namelen == 0 || namelen > 256 || namelen > f->inlen ||
	    f->in[namelen - 1] != '\0')
		return (EINVAL);
	memset(&req, 0, sizeof(req));
	req.proc = p;
	req.new = f->arg[1] != 0 ? f->in + namelen : NULL;
	req.newlen = f->inlen - namelen;
	error = kern_sysctl((const char *)f->in, &req);
	f->value = (int64_t)req.oldlen;
	if (error == 0 && uaddr != 0 && room < req.oldlen) {
		error = ENOMEM;
	} else if (error == 0 && uaddr != 0 && req.oldlen <= INLINE_OLD) {
		if ((error = out_alloc(f, (uint32_t)req.oldlen)) == 0 &&
		    req.oldlen > 0)
			memcpy(f->out, req.old, req.oldlen);
	} else if (error == 0 && uaddr != 0) {
		error = copyout(req.old, uaddr, req.oldlen);
	}
	free(req.old, M_SYSCTL, req.oldcap);
	return (error);
}

/* --- the kernel itself --- */

static int
sys_newctl(struct proc *p, struct sysframe *f)
{
	return (client_fork(p, &f->newfd));
}

static int
sys_halt(struct proc *p, struct sysframe *f)
{
	int error;

	(void)f;
	if ((error = suser(p)) != 0)
		return (error);
	host_exit(0);
	return (0);
}

static const struct syscall_row {
	const char *name;
	int (*run)(struct proc *p, struct sysframe *f);
	bool sleeps; /* it may copyin(), copyout(), preempt() or sleep */
} calls[NSYS] = {
	[SYS_OPEN] = { "open", sys_open, false },
	[SYS_SOCKET] = { "socket", sys_socket, false },
	[SYS_BIND] = { "bind", sys_bind, false },
	[SYS_LISTEN] = { "listen", sys_listen, false },
	[SYS_CONNECT] = { "connect", sys_connect, false },
	[SYS_GETSOCKNAME] = { "getsockname", sys_getsockname, false },
	[SYS_GETPEERNAME] = { "getpeername", sys_getpeername, false },
	[SYS_SETSOCKOPT] = { "setsockopt", sys_setsockopt, false },
	[SYS_GETSOCKOPT] = { "getsockopt", sys_getsockopt, false },
	[SYS_SENDMSG] = { "sendmsg", sys_sendmsg, false },
	[SYS_IOCTL] = { "ioctl", sys_ioctl, true },
	[SYS_SYSCTL] = { "sysctl", sys_sysctl, true },
	[SYS_NEWCTL] = { "newctl", sys_newctl, false },
	[SYS_HALT] = { "halt", sys_halt, false },
	[SYS_SHUTDOWN] = { "shutdown", sys_shutdown, false },
};

const char *
syscall_name(unsigned int no)
{
	return (no < NSYS ? calls[no].name : NULL);
}

bool
syscall_sleeps(unsigned int no)
{
	return (no < NSYS && calls[no].sleeps);
}

void
syscalltableinit(void)
{
	sysctl_register(&table);
}

/* The file stays while the call runs, though it may sleep in it. */
int
syscall_run(struct proc *p, unsigned int no, struct sysframe *f)
{
	int error;

	ASSERT_TOKEN();
	f->newfd = -1;
	if (no >= NSYS || calls[no].run == NULL)
		return (ENOSYS);
	if ((f->fp = file_offd(p->p_fd)) != NULL) {
		file_hold(f->fp);
		if (!f->fp->f_device && !f->fp->f_ended && f->fp->f_data != NULL)
			soconnect_small(f->fp->f_data, p->p_fd);
	}
	error = calls[no].run(p, f);
	if (f->fp != NULL)
		file_release(f->fp);
	return (error);
}
