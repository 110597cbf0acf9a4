/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Serving a control call: its messages, and its caller's memory.
 *
 * The network thread serves the calls that never wait (syscall_client.c says who
 * serves when).  All others have a thread, which holds the token only while
 * the call itself runs.  During a copyin the token is given away and the
 * thread waits for its client, with a limit of time (kern.clienttimeout); so a
 * client that stalls, or dies, holds up nobody but itself.  What a thread
 * sends to a client is bounded by the same limit; the network thread does not
 * wait at all.  One that does not read is cut off.
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

#define OUT_PIECE 65536

static int client_ms = 10000, spin;
static uint64_t ncalls;

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
	clientinit();
}

/* --- messages --- */

/* Waits as flags say.  0, or EPIPE: it is cut off. */
static int
reply_send(struct client *c, const struct sys_rep *rep, const void *payload,
    int fd, int flags)
{
	struct host_iov iov[2] = { { (void *)(uintptr_t)rep, sizeof(*rep) },
		{ (void *)(uintptr_t)payload, rep->len } };
	long n;

	n = host_send(c->c_fd, iov,
	    rep->len > 0 && rep->kind != SYSR_COPYIN &&
		    rep->kind != SYSR_COPYINSTR ?
		2 :
		1,
	    fd, flags);
	if (n < 0)
		c->c_dead = true;
	return (n < 0 ? EPIPE : 0);
}

int
request_recv(struct client *c, uint8_t *buf, size_t len, struct sys_req *req,
    int *fd, int flags)
{
	struct host_iov iov = { buf, len };
	long n;

	n = host_recv(c->c_fd, &iov, 1, fd, flags);
	if ((n == -EAGAIN && (flags & HOST_WAIT) == 0) ||
	    (n == -ETIMEDOUT && (flags & HOST_BRIEF) != 0))
		return (EAGAIN);
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

	if (c->c_dead ||
	    reply_send(c, &rep, NULL, -1, HOST_WAIT | HOST_LIMIT) != 0 ||
	    request_recv(c, buf, sizeof(req) + max, &req, &fd,
		HOST_WAIT | HOST_SPIN | HOST_LIMIT) != 0)
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

	KASSERT(c->c_watch == NULL); /* the network thread never waits */
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
	KASSERT(c->c_watch == NULL);
	token_away(&p);
	for (done = 0; done < len && error == 0 && !c->c_dead; done += n) {
		struct sys_rep rep = { .kind = SYSR_COPYOUT,
			.seq = c->c_seq,
			.addr = uaddr + done };

		n = MIN(len - done, OUT_PIECE);
		rep.len = (uint32_t)n;
		error = reply_send(c, &rep, (const char *)kaddr + done, -1,
		    HOST_WAIT | HOST_LIMIT);
	}
	token_back(p);
	return (error == 0 && !c->c_dead ? 0 : EFAULT);
}

/* --- answers that come later --- */

bool
callwait_begin(struct callwait *cw, struct proc *p)
{
	struct client *c = p->p_client;

	if (cw->cw_client != NULL || c->c_fd == -1)
		return (false);
	KASSERT(c->c_wait == NULL);
	cw->cw_client = c;
	cw->cw_seq = c->c_seq;
	c->c_wait = cw;
	return (true);
}

void
callwait_end(struct client *c)
{
	if (c->c_wait != NULL)
		c->c_wait->cw_client = NULL;
	c->c_wait = NULL;
}

void
callwait_answer(struct callwait *cw, int error, int64_t value)
{
	struct client *c = cw->cw_client;
	struct sys_rep rep = { .kind = SYSR_REPLY,
		.error = error,
		.seq = cw->cw_seq,
		.value = value };

	if (c == NULL)
		return;
	callwait_end(c);
	(void)reply_send(c, &rep, NULL, -1, 0);
}

/* --- one call --- */

static void
frame_free(struct sysframe *f)
{
	if (f->outcap != 0)
		free(f->out, M_SYSCALL, f->outcap);
}

/* Runs it for p, with the token. */
static int
call_run(struct proc *p, unsigned int no, struct sysframe *f)
{
	int error;

	time_refresh();
	ncalls++;
	proc_switch(p);
	error = syscall_run(p, no, f);
	proc_switch(NULL);
	return (error);
}

static int
call_reply(struct client *c, const struct sys_req *req, struct sysframe *f,
    int result, int flags)
{
	struct sys_rep rep = { .kind = SYSR_REPLY,
		.error = result,
		.seq = req->seq,
		.len = f->outlen,
		.value = f->value };
	int error;

	error = c->c_dead ? EPIPE : reply_send(c, &rep, f->out,
					result == 0 ? f->newfd : -1, flags);
	return (error);
}

int
call_refuse(struct client *c, const struct sys_req *req, int error)
{
	struct sysframe f = { .newfd = -1 };

	return (call_reply(c, req, &f, error, 0));
}

int
call_serve(struct client *c, uint8_t *buf, const struct sys_req *req, int fd,
    bool loop)
{
	struct proc p = { .p_uid = c->c_cred.uid,
		.p_gid = c->c_cred.gid,
		.p_pid = c->c_cred.pid,
		.p_client = c,
		.p_fd = fd };
	struct sysframe f = { .arg = req->arg,
		.in = buf + sizeof(*req),
		.inlen = req->len,
		.newfd = -1 };
	int error;

	c->c_seq = req->seq;
	if (!loop)
		host_cpu_enter();
	callwait_end(c);
	error = call_run(&p, req->no, &f);
	if (!loop && kernel_due())
		host_kick(); /* what the call set in motion runs now */
	if (!loop)
		host_cpu_leave();
	if (error == CALL_LATER)
		error = 0;
	else if ((req->flags & SYSF_SILENT) == 0)
		error = call_reply(c, req, &f, error,
		    loop ? 0 : HOST_WAIT | HOST_LIMIT);
	else
		error = 0;
	host_close(f.newfd);
	host_close(p.p_fd);
	if (!loop && f.outcap != 0)
		host_cpu_enter();
	frame_free(&f);
	if (!loop && f.outcap != 0)
		host_cpu_leave();
	return (error);
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
	frame_free(&f);
	if (newfd != NULL && error == 0)
		*newfd = f.newfd;
	else
		host_close(f.newfd);
	return (error != 0 ? -error : f.value);
}
