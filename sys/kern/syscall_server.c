/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Serving control calls: one thread for each connection.
 *
 * The thread holds the token only while the call itself runs.  During a
 * copyin the token is given away and the thread waits for its client, with a
 * limit of time; so a client that stalls, or dies, holds up nobody but
 * itself.  All sends to a client are bounded by the same limit: one that does
 * not read is cut off.
 */

#include <sys/counter.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/malloc.h>
#include <sys/socket.h>
#include <sys/systm.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <kern/syscall_priv.h>
#include <machine/host.h>
#include <machine/kernel.h>

#define MSG_MAX (sizeof(struct sys_req) + SYS_INLINE_MAX)
#define OUT_PIECE 65536

/* How a call reaches its caller's memory: by messages, or directly. */
struct client {
	int c_fd; /* -1: the caller is in this process (tests) */
	bool c_dead;
	uint32_t c_seq;
	uint8_t *c_buf; /* MSG_MAX, for the call's request */
	struct kernel_cred c_cred;
};

static int nclients, maxclients = 4096;
static uint64_t ncalls, bootid;
static char helloname[64];

static const struct sysctl_row rows[] = {
	{ .name = "kern.nclients", .type = CTL_INT, .flags = CTLF_RD, .var = &nclients, .text = "control connections" },
	{ .name = "kern.maxclients", .type = CTL_INT, .flags = CTLF_RD | CTLF_WR, .var = &maxclients, .min = 1,
	    .max = 65536, .text = "most control connections" },
	{ .name = "kern.syscalls", .type = CTL_QUAD, .flags = CTLF_RD, .var = &ncalls, .text = "system calls served" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

void
syscallinit(void)
{
	sysctl_register(&table);
	arc4random_buf(&bootid, sizeof(bootid));
}

uint64_t
syscall_bootid(void)
{
	return (bootid);
}

uint32_t
syscall_abi(void)
{
	return ((uint32_t)(NSYS * 31 + sizeof(struct file_msg) * 7 + sizeof(struct sys_req) * 5 + sizeof(struct sys_rep) * 3 +
	    sizeof(struct sysctl_name) + sizeof(struct stat_row)));
}

/* --- messages --- */

static int
reply_send(struct client *c, const struct sys_rep *rep, const void *payload, int fd)
{
	struct host_iov iov[2] = { { (void *)(uintptr_t)rep, sizeof(*rep) }, { (void *)(uintptr_t)payload, rep->len } };
	long n;

	n = host_send(c->c_fd, iov, rep->len > 0 && rep->kind != SYSR_COPYIN && rep->kind != SYSR_COPYINSTR ? 2 : 1, fd,
	    HOST_WAIT);
	if (n < 0)
		c->c_dead = true;
	return (n < 0 ? EPIPE : 0);
}

/* The next message into buf[len]; *got bytes behind its head.  0 or errno. */
static int
request_recv(struct client *c, uint8_t *buf, size_t len, struct sys_req *req, int *fd)
{
	struct host_iov iov = { buf, len };
	long n;

	n = host_recv(c->c_fd, &iov, 1, fd, HOST_WAIT | HOST_SPIN);
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

/* Asks the client for bytes at uaddr; the answer's payload goes to dst. */
static int
fetch(struct client *c, enum sysr_kind kind, uint64_t uaddr, void *dst, size_t max, size_t *got)
{
	struct sys_rep rep = { .kind = kind, .seq = c->c_seq, .len = (uint32_t)max, .addr = uaddr };
	struct sys_req req;
	uint8_t *buf;
	int fd = -1, error;

	if ((buf = malloc(sizeof(req) + max, M_SYSCALL, M_NOWAIT)) == NULL)
		return (ENOMEM);
	error = reply_send(c, &rep, NULL, -1);
	if (error == 0)
		error = request_recv(c, buf, sizeof(req) + max, &req, &fd);
	host_close(fd);
	if (error == 0 && (req.no != SYS_COPYDATA || req.arg[0] != 0 || (kind == SYSR_COPYIN && req.len != max)))
		error = EFAULT;
	if (error == 0) {
		memcpy(dst, buf + sizeof(req), req.len);
		*got = req.len;
	}
	free(buf, M_SYSCALL, sizeof(req) + max);
	return (error == 0 ? 0 : EFAULT);
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

int
copyin(uint64_t uaddr, void *kaddr, size_t len)
{
	struct client *c = current_client();
	struct proc *p;
	size_t got, n, done;
	int error = 0;

	if (c->c_fd == -1) {
		if (uaddr == 0)
			return (EFAULT);
		memcpy(kaddr, (const void *)(uintptr_t)uaddr, len);
		return (0);
	}
	token_away(&p);
	for (done = 0; done < len && error == 0; done += n) {
		n = MIN(len - done, OUT_PIECE);
		error = fetch(c, SYSR_COPYIN, uaddr + done, (char *)kaddr + done, n, &got);
	}
	token_back(p);
	return (error);
}

int
copyinstr(uint64_t uaddr, char *kaddr, size_t max)
{
	struct client *c = current_client();
	struct proc *p;
	size_t got = 0;
	int error;

	if (c->c_fd == -1) {
		if (uaddr == 0)
			return (EFAULT);
		return (strlcpy(kaddr, (const char *)(uintptr_t)uaddr, max) >= max ? ENAMETOOLONG : 0);
	}
	token_away(&p);
	error = fetch(c, SYSR_COPYINSTR, uaddr, kaddr, max, &got);
	token_back(p);
	if (error != 0)
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
	for (done = 0; done < len && error == 0; done += n) {
		struct sys_rep rep = { .kind = SYSR_COPYOUT, .seq = c->c_seq, .addr = uaddr + done };

		n = MIN(len - done, OUT_PIECE);
		rep.len = (uint32_t)n;
		error = reply_send(c, &rep, (const char *)kaddr + done, -1);
	}
	token_back(p);
	return (error == 0 ? 0 : EFAULT);
}

/* --- one call, one client --- */

static int
call_serve(struct client *c, struct sys_req *req, int fd)
{
	struct proc p = { .p_uid = c->c_cred.uid, .p_gid = c->c_cred.gid, .p_pid = c->c_cred.pid, .p_client = c, .p_fd = fd };
	struct sysframe f = { .arg = req->arg, .in = c->c_buf + sizeof(*req), .inlen = req->len, .newfd = -1 };
	struct sys_rep rep = { .kind = SYSR_REPLY, .seq = req->seq };
	int error;

	host_cpu_enter();
	time_refresh();
	proc_switch(&p);
	ncalls++;
	rep.error = syscall_run(&p, req->no, &f);
	proc_switch(NULL);
	host_kick(); /* what the call set in motion runs now */
	host_cpu_leave();
	rep.value = f.value;
	rep.len = f.outlen;
	error = reply_send(c, &rep, f.out, rep.error == 0 ? f.newfd : -1);
	host_close(f.newfd);
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
	h.abi = syscall_abi();
	h.bootid = bootid;
	strlcpy(h.name, helloname, sizeof(h.name));
	return (host_send(c->c_fd, &iov, 1, -1, HOST_WAIT) == sizeof(h) ? 0 : EPIPE);
}

void
kernel_serve(int sock, const struct kernel_cred *cred)
{
	struct client c = { .c_fd = sock, .c_cred = *cred };
	struct sys_req req;
	bool room;
	int fd;

	host_cpu_enter();
	room = nclients < maxclients && (c.c_buf = malloc(MSG_MAX, M_SYSCALL, M_NOWAIT)) != NULL;
	nclients += room;
	host_cpu_leave();
	if (room && hello_send(&c) == 0)
		while (!c.c_dead && request_recv(&c, c.c_buf, MSG_MAX, &req, &fd) == 0) {
			c.c_seq = req.seq;
			if (call_serve(&c, &req, fd) != 0)
				c.c_dead = true;
			host_close(fd);
		}
	host_close(sock);
	if (!room)
		return;
	host_cpu_enter();
	nclients--;
	free(c.c_buf, M_SYSCALL, MSG_MAX);
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
kernel_syscall(const struct kernel_cred *cred, int no, const unsigned long long arg[6], const void *in, unsigned long inlen,
    void *out, unsigned long *outlen, int fd, int *newfd)
{
	struct client c = { .c_fd = -1, .c_cred = *cred };
	struct proc p = { .p_uid = cred->uid, .p_gid = cred->gid, .p_pid = cred->pid, .p_client = &c, .p_fd = fd };
	uint64_t args[6];
	struct sysframe f = { .arg = args, .in = in, .inlen = (uint32_t)inlen, .newfd = -1 };
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
