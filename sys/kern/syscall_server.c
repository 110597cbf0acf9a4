/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Serving control calls: one thread for each connection.
 *
 * The thread holds the token only while the call itself runs.  During a
 * copyin the token is given away and the thread waits for its client, with a
 * limit of time (kern.clienttimeout); so a client that stalls, or dies, holds
 * up nobody but itself.  All sends to a client are bounded by the same limit:
 * one that does not read is cut off.
 *
 * A call always comes to its end, whether or not its client is still there:
 * the failed copyin or copyout is its error (EFAULT), and it undoes or keeps
 * what it did by its own rules.
 */

#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/malloc.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/uidinfo.h>
#include <kern/syscall_priv.h>
#include <machine/host.h>
#include <machine/kernel.h>

#define MSG_MAX   (sizeof(struct sys_req) + SYS_INLINE_MAX)
#define OUT_PIECE 65536

/* How a call reaches its caller's memory: by messages, or directly. */
struct client {
	int c_fd; /* -1: the caller is in this process (tests) */
	bool c_dead;
	uint32_t c_seq;
	uint8_t *c_buf; /* MSG_MAX, for the call's request */
	struct kernel_cred c_cred;
	struct uidinfo *c_ui; /* counts the connection */
};

static int nclients, maxclients = 4096, maxuserclients = 1024,
		     client_ms = 10000;
static int spin;
static uint64_t ncalls, bootid;
static char helloname[64];

static void
patience_set(void)
{
	host_patience((unsigned int)client_ms);
}

static void
spin_set(void)
{
	host_spin(spin);
}

static const struct sysctl_row rows[] = {
	{ .name = "kern.nclients",
	    .type = CTL_INT,
	    .flags = CTLF_RD,
	    .var = &nclients,
	    .text = "control connections" },
	{ .name = "kern.maxclients",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &maxclients,
	    .min = 1,
	    .max = 65536,
	    .text = "most control connections" },
	{ .name = "kern.maxuserclients",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &maxuserclients,
	    .min = 1,
	    .max = 65536,
	    .text = "most control connections of one user" },
	{ .name = "kern.clienttimeout",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &client_ms,
	    .min = 10,
	    .max = 3600000,
	    .changed = patience_set,
	    .text = "ms until a client that does not answer is cut off" },
	{ .name = "kern.spin",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &spin,
	    .min = 0,
	    .max = 100000,
	    .changed = spin_set,
	    .text = "tries before the kernel sleeps" },
	{ .name = "kern.syscalls",
	    .type = CTL_QUAD,
	    .flags = CTLF_RD,
	    .var = &ncalls,
	    .text = "system calls served" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

void
syscallinit(void)
{
	procinit();
	sysctl_register(&table);
	syscalltableinit();
	patience_set();
	spin = host_spin(-1);
	arc4random_buf(&bootid, sizeof(bootid));
}

/* --- messages --- */

static int
reply_send(struct client *c, const struct sys_rep *rep, const void *payload,
    int fd)
{
	struct host_iov iov[2] = { { (void *)(uintptr_t)rep, sizeof(*rep) },
		{ (void *)(uintptr_t)payload, rep->len } };
	long n;

	n = host_send(c->c_fd, iov,
	    rep->len > 0 && rep->kind != SYSR_COPYIN &&
		    rep->kind != SYSR_COPYINSTR ?
		2 :
		1,
	    fd, HOST_WAIT | HOST_LIMIT);
	if (n < 0)
		c->c_dead = true;
	return (n < 0 ? EPIPE : 0);
}

/* The next message into buf[len], waiting as flags say.  0 or errno. */
static int
request_recv(struct client *c, uint8_t *buf, size_t len, struct sys_req *req,
    int *fd, int flags)
{
	struct host_iov iov = { buf, len };
	long n;

	n = host_recv(c->c_fd, &iov, 1, fd, HOST_WAIT | HOST_SPIN | flags);
	if (n <= 0) {
		c->c_dead = true;
		return (EPIPE);
	}
	if ((size_t)n < sizeof(*req))
		goto bad;
	memcpy(req, buf, sizeof(*req));
	if (req->magic != SYS_MAGIC || req->len != (size_t)n - sizeof(*req))
		goto bad;
	return (0);
bad:
	host_close(*fd);
	*fd = -1;
	c->c_dead = true;
	return (EINVAL);
}

/* --- the caller's memory --- */

static struct client *
current_client(void)
{
	struct proc *p = curproc();

	KASSERT(p != NULL && p->p_client != NULL);
	return (p->p_client);
}

/*
 * Asks the client for bytes at uaddr; the answer's payload goes to dst.  buf
 * has room for the answer.  Without the token.
 */
static int
fetch(struct client *c, enum sysr_kind kind, uint64_t uaddr, void *dst,
    size_t max, size_t *got, uint8_t *buf)
{
	struct sys_rep rep = { .kind = kind,
		.seq = c->c_seq,
		.len = (uint32_t)max,
		.addr = uaddr };
	struct sys_req req;
	int fd = -1;

	if (c->c_dead || reply_send(c, &rep, NULL, -1) != 0 ||
	    request_recv(c, buf, sizeof(req) + max, &req, &fd, HOST_LIMIT) != 0)
		return (EFAULT);
	host_close(fd);
	if (req.no != SYS_COPYDATA) { /* it does not know what it is doing */
		c->c_dead = true;
		return (EFAULT);
	}
	if (req.arg[0] != 0 || (kind == SYSR_COPYIN && req.len != max))
		return (EFAULT);
	memcpy(dst, buf + sizeof(req), req.len);
	*got = req.len;
	return (0);
}

/* Runs fn without the token, then makes this call the current one again. */
static void
token_away(struct proc **pp)
{
	assertwaitok();
	*pp = proc_switch(NULL);
	host_cpu_leave();
}

static void
token_back(struct proc *p)
{
	host_cpu_enter();
	proc_switch(p);
	time_refresh();
}

/* In pieces, each asked for and answered; the token is away meanwhile. */
static int
pieces_fetch(struct client *c, enum sysr_kind kind, uint64_t uaddr, void *kaddr,
    size_t len, size_t *got)
{
	size_t room = sizeof(struct sys_req) + MIN(len, OUT_PIECE), done, n;
	struct proc *p;
	uint8_t *buf;
	int error = 0;

	if ((buf = malloc(room, M_SYSCALL, M_NOWAIT)) == NULL)
		return (ENOMEM);
	token_away(&p);
	for (done = 0; done < len && error == 0; done += n) {
		n = MIN(len - done, OUT_PIECE);
		error = fetch(c, kind, uaddr + done, (char *)kaddr + done, n,
		    got, buf);
	}
	token_back(p);
	free(buf, M_SYSCALL, room);
	return (error);
}

int
copyin(uint64_t uaddr, void *kaddr, size_t len)
{
	struct client *c = current_client();
	size_t got;

	if (len == 0)
		return (0);
	if (c->c_fd != -1)
		return (pieces_fetch(c, SYSR_COPYIN, uaddr, kaddr, len, &got));
	if (uaddr == 0)
		return (EFAULT);
	memcpy(kaddr, (const void *)(uintptr_t)uaddr, len);
	return (0);
}

int
copyinstr(uint64_t uaddr, char *kaddr, size_t max)
{
	struct client *c = current_client();
	size_t got = 0;
	int error;

	if (c->c_fd == -1) {
		if (uaddr == 0)
			return (EFAULT);
		return (
		    strlcpy(kaddr, (const char *)(uintptr_t)uaddr, max) >= max ?
			ENAMETOOLONG :
			0);
	}
	max = MIN(max, OUT_PIECE); /* one answer holds it */
	if ((error = pieces_fetch(c, SYSR_COPYINSTR, uaddr, kaddr, max,
		 &got)) != 0)
		return (error);
	return (strnlen(kaddr, got) == got ? ENAMETOOLONG : 0);
}

int
copyout(const void *kaddr, uint64_t uaddr, size_t len)
{
	struct client *c = current_client();
	struct proc *p;
	size_t n, done;
	int error = 0;

	if (c->c_fd == -1) {
		if (uaddr == 0)
			return (EFAULT);
		memcpy((void *)(uintptr_t)uaddr, kaddr, len);
		return (0);
	}
	token_away(&p);
	for (done = 0; done < len && error == 0 && !c->c_dead; done += n) {
		struct sys_rep rep = { .kind = SYSR_COPYOUT,
			.seq = c->c_seq,
			.addr = uaddr + done };

		n = MIN(len - done, OUT_PIECE);
		rep.len = (uint32_t)n;
		error = reply_send(c, &rep, (const char *)kaddr + done, -1);
	}
	token_back(p);
	return (error == 0 && !c->c_dead ? 0 : EFAULT);
}

/* --- one call, one client --- */

static int
call_serve(struct client *c, struct sys_req *req, int fd)
{
	struct proc p = { .p_uid = c->c_cred.uid,
		.p_gid = c->c_cred.gid,
		.p_pid = c->c_cred.pid,
		.p_client = c,
		.p_fd = fd };
	struct sysframe f = { .arg = req->arg,
		.in = c->c_buf + sizeof(*req),
		.inlen = req->len,
		.newfd = -1 };
	struct sys_rep rep = { .kind = SYSR_REPLY, .seq = req->seq };
	int error;

	host_cpu_enter();
	time_refresh();
	proc_switch(&p);
	ncalls++;
	rep.error = syscall_run(&p, req->no, &f);
	proc_switch(NULL);
	if (kernel_due())
		host_kick(); /* what the call set in motion runs now */
	host_cpu_leave();
	rep.value = f.value;
	rep.len = f.outlen;
	error = c->c_dead ?
	    EPIPE :
	    reply_send(c, &rep, f.out, rep.error == 0 ? f.newfd : -1);
	host_close(f.newfd);
	if (f.out == NULL)
		return (error);
	host_cpu_enter();
	free(f.out, M_SYSCALL, f.outcap);
	host_cpu_leave();
	return (error);
}

static int
hello_send(struct client *c)
{
	struct sys_hello h;
	struct host_iov iov = { &h, sizeof(h) };

	memset(&h, 0, sizeof(h));
	h.magic = SYS_MAGIC;
	h.version = SYS_VERSION;
	h.abi = SYS_ABI;
	h.max = SYS_INLINE_MAX;
	h.bootid = bootid;
	strlcpy(h.name, helloname, sizeof(h.name));
	return (host_send(c->c_fd, &iov, 1, -1, HOST_WAIT | HOST_LIMIT) ==
		    sizeof(h) ?
		0 :
		EPIPE);
}

/* Another connection for its user?  0, EMFILE, ENOMEM. */
static int
client_start(struct client *c)
{
	struct uidinfo *ui;

	if (nclients >= maxclients || (ui = ui_get(c->c_cred.uid)) == NULL)
		return (ENOMEM);
	if ((c->c_cred.uid != 0 && ui->ui_clients >= maxuserclients) ||
	    (c->c_buf = malloc(MSG_MAX, M_SYSCALL, M_NOWAIT)) == NULL) {
		ui_put(ui);
		return (EMFILE);
	}
	ui->ui_clients++;
	c->c_ui = ui;
	nclients++;
	return (0);
}

static void
client_end(struct client *c)
{
	nclients--;
	c->c_ui->ui_clients--;
	ui_put(c->c_ui);
	free(c->c_buf, M_SYSCALL, MSG_MAX);
}

static void
client_loop(struct client *c)
{
	struct sys_req req;
	int fd;

	while (!c->c_dead &&
	    request_recv(c, c->c_buf, MSG_MAX, &req, &fd, 0) == 0) {
		c->c_seq = req.seq;
		if (call_serve(c, &req, fd) != 0)
			c->c_dead = true;
		host_close(fd);
	}
}

void
kernel_serve(int sock, const struct kernel_cred *cred)
{
	struct client c = { .c_fd = sock, .c_cred = *cred };
	int error;

	host_cpu_enter();
	error = client_start(&c);
	host_cpu_leave();
	if (error == 0 && hello_send(&c) == 0)
		client_loop(&c);
	host_close(sock);
	if (error != 0)
		return;
	host_cpu_enter();
	client_end(&c);
	host_cpu_leave();
}

struct fork_arg {
	int fd;
	struct kernel_cred cred;
};

static void
fork_main(void *arg)
{
	struct fork_arg a = *(struct fork_arg *)arg;

	host_free(arg, sizeof(a));
	kernel_serve(a.fd, &a.cred);
}

int
client_fork(struct proc *p, int *fd)
{
	struct fork_arg *a;
	int fds[2], error;

	if (p->p_client->c_fd == -1)
		return (EOPNOTSUPP);
	if ((a = host_alloc(sizeof(*a), 16)) == NULL)
		return (ENOMEM);
	if ((error = -host_sockpair(HOST_SEQPACKET, fds)) != 0) {
		host_free(a, sizeof(*a));
		return (error);
	}
	a->fd = fds[0];
	a->cred = p->p_client->c_cred;
	host_bufsize(fds[0], 1 << 20);
	if ((error = -host_thread_create(fork_main, a, "client")) != 0) {
		host_close(fds[0]);
		host_close(fds[1]);
		host_free(a, sizeof(*a));
		return (error);
	}
	*fd = fds[1];
	return (0);
}

long
kernel_syscall(const struct kernel_cred *cred, int no,
    const unsigned long long arg[6], const void *in, unsigned long inlen,
    void *out, unsigned long *outlen, int fd, int *newfd)
{
	struct client c = { .c_fd = -1, .c_cred = *cred };
	struct proc p = { .p_uid = cred->uid,
		.p_gid = cred->gid,
		.p_pid = cred->pid,
		.p_client = &c,
		.p_fd = fd };
	uint64_t args[6];
	struct sysframe f = { .arg = args,
		.in = in,
		.inlen = (uint32_t)inlen,
		.newfd = -1 };
	struct proc *was;
	int error;

	for (int i = 0; i < 6; i++)
		args[i] = arg != NULL ? arg[i] : 0;
	time_refresh();
	was = proc_switch(&p);
	error = syscall_run(&p, (unsigned int)no, &f);
	proc_switch(was);
	if (outlen != NULL) {
		*outlen = MIN(*outlen, f.outlen);
		if (*outlen > 0)
			memcpy(out, f.out, *outlen);
	}
	free(f.out, M_SYSCALL, f.outcap);
	if (newfd != NULL && error == 0)
		*newfd = f.newfd;
	else
		host_close(f.newfd);
	return (error != 0 ? -error : f.value);
}

void
syscall_setname(const char *name)
{
	strlcpy(helloname, name, sizeof(helloname));
}
