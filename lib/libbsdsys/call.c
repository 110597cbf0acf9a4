/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Control calls.
 *
 * Each thread has a connection of its own, made when it first calls, on a
 * high descriptor that daemons which close all descriptors tend to miss; it
 * is recognised by its cookie before each use and made again when it is gone.
 * The environment is read once, before main(), since programs wipe it.  A
 * connection is never shared: fork() gets the child a new one from the kernel
 * beforehand, so that it works behind chroot() too, and a process that gives
 * up its root or its user keeps one for threads to come (rights.c); exec()
 * starts afresh from BSD_ROOT, or from the connection that BSD_CTLFD names.
 *
 * socket(), sendto() and the like may be called by signal handlers, also in the
 * middle of a call that the same thread makes.  Such a call has a connection
 * and memory of its own, for as long as it runs.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include "bsdsys.h"
#include "call.h"

#define HIGH_FD BSD_WINDOW_END
#define GONE_MS 100
#define FORMER	8
#define PATIENCE_S 2 /* then a tool says what it waits for */
#define SPINS	40
#define SILENT	8 /* that wait to be served: each may hold a descriptor */

static struct {
	char root[4096];
	int ctlfd; /* inherited, -1 */
	int rtable; /* of new sockets */
	pid_t kernel; /* process of the kernel: who made our descriptors */
	pid_t former[FORMER]; /* kernels that have ended, and theirs */
	unsigned int nformer;
	char name[64];
} machine = { .ctlfd = -1 };

struct connection {
	int fd;
	uint64_t cookie;
	uint32_t seq;
	unsigned int silent; /* calls since the last one that was answered */
	bool slow; /* which had a thread of the kernel for itself */
	int luck; /* above 0: answers come while they are looked for */
};
static __thread struct connection conn = { .fd = -1 };
static __thread struct connection forked = { .fd = -1 }; /* for the child */
static struct connection kept = { .fd = -1 }; /* of the process; others come from it */
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t conn_key, rooms_key;
static __thread struct {
	char *p;
	volatile sig_atomic_t taken;
} rooms[NROOMS];
static const size_t room_size[NROOMS] = { SYS_INLINE_MAX, MSG_ROOM };
static __thread bool nested; /* the call is a signal handler's */
static int64_t call_run(struct call *c, char *buf, size_t room);
static bool passive; /* another copy does the work */
static const char *tool; /* its name: it tells its user that it waits */
static bool spins; /* there are processors for both sides */

static uint64_t
cookie_of(int fd)
{
	uint64_t c = 0;
	socklen_t len = sizeof(c);

	return (native.getsockopt(fd, SOL_SOCKET, SO_COOKIE, &c, &len) == 0 ? c : 0);
}

/* --- waiting for the kernel --- */

/* Has a tool's call only had its time to say that it waits?  It goes on. */
static bool
still_waits(bool by_itself)
{
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return (false);
	if (tool != NULL && by_itself)
		fprintf(stderr, "%s: no answer from the kernel of %s yet\n", tool,
		    machine.name[0] != '\0' ? machine.name : machine.root);
	return (true);
}

static void
patience_set(int fd)
{
	const struct timeval tv = { .tv_sec = PATIENCE_S };

	if (tool == NULL)
		return;
	native.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	native.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* --- making connections --- */

static void
conn_set(struct connection *cn, int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (high != -1) {
		close(fd);
		fd = high;
	}
	*cn = (struct connection){ .fd = fd, .cookie = cookie_of(fd) };
	if (cn == &conn)
		pthread_setspecific(conn_key, cn);
}

static int
hello_read(int fd)
{
	struct sys_hello h;
	struct ucred uc;
	socklen_t len = sizeof(uc);
	ssize_t n;

	do
		n = native.recv(fd, &h, sizeof(h), 0);
	while (n == -1 && still_waits(true));
	if (n != sizeof(h) || h.magic != SYS_MAGIC) {
		errno = ECONNREFUSED;
		return (-1);
	}
	if (h.version != SYS_VERSION) {
		fprintf(stderr, "bsdsys: the kernel of %s speaks version %u, this program %d\n", machine.root, h.version, SYS_VERSION);
		errno = EPROTO;
		return (-1);
	}
	if (h.abi != SYS_ABI) {
		fprintf(stderr, "bsdsys: the kernel of %s has layouts %08x, this program %08x: build both from one tree\n", machine.root, h.abi, SYS_ABI);
		errno = EPROTO;
		return (-1);
	}
	if (native.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &len) == 0) {
		if (machine.kernel != 0 && machine.kernel != uc.pid)
			machine.former[machine.nformer++ % FORMER] = machine.kernel;
		machine.kernel = uc.pid;
	}
	memcpy(machine.name, h.name, sizeof(machine.name));
	machine.name[sizeof(machine.name) - 1] = '\0';
	return (0);
}

static int
conn_open(void)
{
	struct sockaddr_un sun;
	char dev[sizeof(machine.root) + 8];
	int dirfd, fd, size = 1 << 20, error;

	if (machine.root[0] == '\0') {
		errno = ENXIO;
		return (-1);
	}
	snprintf(dev, sizeof(dev), "%s/dev", machine.root);
	if ((dirfd = native.open(dev, O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	if ((fd = native.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) == -1) {
		close(dirfd);
		return (-1);
	}
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/kern", dirfd);
	native.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	patience_set(fd);
	do
		error = native.connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	while (error == -1 && still_waits(true));
	if (error == 0)
		error = hello_read(fd);
	close(dirfd);
	if (error == -1) {
		error = errno;
		close(fd);
		errno = error;
		return (-1);
	}
	conn_set(&conn, fd);
	return (0);
}

static bool
conn_alive(const struct connection *cn)
{
	return (cn->fd != -1 && cookie_of(cn->fd) == cn->cookie);
}

/* Another connection from this thread's.  Its descriptor, or -1. */
static int
conn_another(void)
{
	struct call c = { .no = SYS_NEWCTL, .fd = -1 };
	char nothing[64];

	if (!conn_alive(&conn) || call_run(&c, nothing, sizeof(nothing)) == -1 || c.newfd == -1)
		return (-1);
	if (hello_read(c.newfd) == 0)
		return (c.newfd);
	close(c.newfd);
	return (-1);
}

/* The folder is out of reach: from the one that was kept.  0 or -1. */
static int
conn_from_kept(void)
{
	int fd;

	if (!nested)
		pthread_mutex_lock(&kept_lock);
	else if (pthread_mutex_trylock(&kept_lock) != 0)
		return (-1); /* perhaps it is ourselves who have it */
	conn = kept;
	fd = conn_another();
	kept = conn;
	pthread_mutex_unlock(&kept_lock);
	conn.fd = -1;
	if (fd == -1)
		return (-1);
	conn_set(&conn, fd);
	return (0);
}

/* A connection for this thread.  0, or -1 with errno. */
static int
conn_get(void)
{
	int error;

	if (conn_alive(&conn))
		return (0);
	conn.fd = -1; /* somebody closed it: the number may be another's now */
	if (conn_open() == 0)
		return (0);
	error = errno;
	if (kept.fd != -1 && conn_from_kept() == 0)
		return (0);
	errno = error;
	return (-1);
}

void
call_keep(void)
{
	int saved = errno, fd;

	if (!passive && rooms[ROOM_REPLY].taken == 0 && !desc_confined() && call_machine() && conn_get() == 0) {
		pthread_mutex_lock(&kept_lock);
		if (!conn_alive(&kept) && (fd = conn_another()) != -1)
			conn_set(&kept, fd);
		pthread_mutex_unlock(&kept_lock);
	}
	errno = saved;
}

static void
conn_free(void *arg)
{
	struct connection *cn = arg;

	if (conn_alive(cn))
		close(cn->fd);
	cn->fd = -1;
}

/* --- fork --- */

static void
fork_prepare(void)
{
	int saved = errno, fd = -1;
	bool middle = rooms[ROOM_REPLY].taken != 0; /* a signal handler forks */

	forked.fd = -1;
	if (kept.fd != -1 && !middle)
		(void)conn_get(); /* this thread may have none yet */
	if (!middle && (fd = conn_another()) != -1)
		conn_set(&forked, fd);
	pthread_mutex_lock(&kept_lock);
	errno = saved;
}

static void
fork_parent(void)
{
	pthread_mutex_unlock(&kept_lock);
	if (forked.fd != -1)
		close(forked.fd);
	forked.fd = -1;
}

static void
fork_child(void)
{
	int saved = errno;
	bool keeps = conn_alive(&kept);

	pthread_mutex_unlock(&kept_lock);
	if (conn_alive(&conn))
		close(conn.fd);
	if (keeps)
		close(kept.fd); /* the parent's */
	kept.fd = -1;
	conn = forked;
	forked.fd = -1;
	if (keeps)
		call_keep();
	errno = saved;
}

static void
environment_read(void)
{
	const char *root = getenv("BSD_ROOT"), *ctl = getenv("BSD_CTLFD"), *table = getenv("BSD_RTABLE");

	machine.root[0] = '\0';
	if (root != NULL && strlen(root) < sizeof(machine.root))
		strcpy(machine.root, root);
	if (ctl != NULL)
		machine.ctlfd = atoi(ctl);
	machine.rtable = table != NULL ? atoi(table) : 0;
}

/*
 * Preloaded into a program that is linked with the library anyway, this copy
 * only passes calls on: the program's own one is in front of it.
 */
static bool
second_copy(void)
{
	void *first = dlsym(RTLD_DEFAULT, "bsd_machine"), *own;
	const char *(*fn)(void) = bsd_machine;

	memcpy(&own, &fn, sizeof(own));
	return (first != NULL && first != own);
}

/* --- memory --- */

static void
rooms_free(void *arg)
{
	(void)arg;
	for (int i = 0; i < NROOMS; i++) {
		if (rooms[i].p != NULL)
			munmap(rooms[i].p, room_size[i]);
		rooms[i].p = NULL;
	}
}

char *
call_room_take(enum call_room r)
{
	bool ours = rooms[r].taken == 0;
	void *p;

	rooms[r].taken = 1;
	atomic_signal_fence(memory_order_seq_cst);
	if (ours && rooms[r].p != NULL)
		return (rooms[r].p);
	p = mmap(NULL, room_size[r], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ours)
		rooms[r].p = p != MAP_FAILED ? p : NULL;
	if (ours && p == MAP_FAILED)
		rooms[r].taken = 0;
	else if (ours)
		pthread_setspecific(rooms_key, rooms);
	return (p != MAP_FAILED ? p : NULL);
}

void
call_room_give(enum call_room r, char *p)
{
	int saved = errno;

	atomic_signal_fence(memory_order_seq_cst);
	if (p == rooms[r].p)
		rooms[r].taken = 0;
	else
		munmap(p, room_size[r]);
	errno = saved;
}

__attribute__((constructor)) static void
library_init(void)
{
	native_init();
	passive = second_copy();
	if (passive)
		return;
	environment_read();
	spins = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	pthread_key_create(&conn_key, conn_free);
	pthread_key_create(&rooms_key, rooms_free);
	pthread_atfork(fork_prepare, fork_parent, fork_child);
	if (machine.ctlfd > 2 && cookie_of(machine.ctlfd) != 0 && hello_read(machine.ctlfd) == 0)
		conn_set(&conn, machine.ctlfd);
}

/* --- a call --- */

static int
request_send(const struct sys_req *req, const struct iovec *in, int nin, int fd)
{
	struct iovec iov[64] = { { (void *)(uintptr_t)req, sizeof(*req) } };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} pass;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)nin + 1 };
	ssize_t n;

	if (nin > 0)
		memcpy(iov + 1, in, (size_t)nin * sizeof(*in));
	if (fd != -1) {
		memset(&pass, 0, sizeof(pass));
		pass.align.cmsg_len = CMSG_LEN(sizeof(int));
		pass.align.cmsg_level = SOL_SOCKET;
		pass.align.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&pass.align), &fd, sizeof(fd));
		msg.msg_control = pass.buf;
		msg.msg_controllen = sizeof(pass.buf);
	}
	do
		n = native.sendmsg(conn.fd, &msg, MSG_NOSIGNAL);
	while (n == -1 && (errno == EINTR || still_waits(true)));
	return (n == -1 ? -1 : 0);
}

static int
fd_passed(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return (fd);
}

/*
 * To fall asleep and be woken costs more than most answers take.  So they are
 * looked for a few times first, as long as that pays; now and then it is tried
 * again.
 */
static ssize_t
answer_soon(struct msghdr *msg, int flags, const struct call *c)
{
	int tries = !c->waits && spins && (conn.luck > 0 || conn.seq % 16 == 0) ? SPINS : 0;
	ssize_t n;

	for (; tries > 0; tries--)
		if ((n = native.recvmsg(conn.fd, msg, flags | MSG_DONTWAIT)) != -1 || errno != EAGAIN) {
			conn.luck = conn.luck < 4 ? conn.luck + 2 : 4;
			return (n);
		}
	if (conn.luck > 0)
		conn.luck--;
	return (native.recvmsg(conn.fd, msg, flags));
}

static int
reply_recv(const struct call *c, struct sys_rep *rep, void *buf, size_t room, size_t *got, int *fd)
{
	struct iovec iov[2] = { { rep, sizeof(*rep) }, { buf, room } };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} pass;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = pass.buf, .msg_controllen = sizeof(pass.buf) };
	int flags = c->inherits ? 0 : MSG_CMSG_CLOEXEC;
	ssize_t n;

	do { /* until it is ours: the answer to one that was interrupted comes late */
		msg.msg_controllen = sizeof(pass.buf);
		n = answer_soon(&msg, flags, c);
	} while ((n == -1 && ((errno == EINTR && !c->waits) || still_waits(!c->waits))) || (n >= (ssize_t)sizeof(*rep) && rep->seq != conn.seq));
	if (n < (ssize_t)sizeof(*rep)) {
		if (n >= 0)
			errno = ECONNRESET;
		return (-1);
	}
	*got = (size_t)n - sizeof(*rep);
	*fd = fd_passed(&msg);
	if (*fd == -1 && (msg.msg_flags & MSG_CTRUNC) != 0 && rep->error == 0)
		rep->error = EMFILE; /* one came, and there was no number for it */
	return (0);
}

/* The kernel wants bytes of ours.  A bad address is its problem to report. */
static int
copyin_serve(const struct sys_rep *rep)
{
	struct sys_req req = { .magic = SYS_MAGIC, .no = SYS_COPYDATA, .seq = rep->seq };
	struct iovec iov = { (void *)(uintptr_t)rep->addr, rep->len };

	if (rep->kind == SYSR_COPYINSTR)
		iov.iov_len = strnlen((const char *)(uintptr_t)rep->addr, rep->len - 1) + 1;
	req.len = (uint32_t)iov.iov_len;
	if (request_send(&req, &iov, 1, -1) == 0)
		return (0);
	if (errno != EFAULT)
		return (-1);
	req.arg[0] = EFAULT;
	req.len = 0;
	return (request_send(&req, NULL, 0, -1));
}

static size_t
payload_length(const struct call *c)
{
	size_t len = 0;

	for (int i = 0; i < c->nin; i++)
		len += c->in[i].iov_len;
	return (len);
}

int
call_gone(void)
{
	struct timespec pause = { 0, GONE_MS * 1000000L };

	nanosleep(&pause, NULL);
	errno = ENETDOWN;
	return (-1);
}

bool
call_hungup(int fd)
{
	struct pollfd p = { .fd = fd };
	int saved = errno;
	bool hup = poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;

	errno = saved;
	return (hup);
}

/* A broken connection is not used again. */
static int64_t
call_broken(void)
{
	int error = errno;

	close(conn.fd);
	conn.fd = -1;
	errno = error == EPIPE || error == ECONNRESET ? ENETDOWN : error;
	return (-1);
}

/* Nobody answers at the folder.  What programs try in a loop, they try slowly. */
static int64_t
call_unheard(const struct call *c)
{
	if (machine.kernel == 0 || (errno != ECONNREFUSED && errno != ENOENT))
		return (-1);
	if (c->no == SYS_SOCKET || c->no == SYS_CONNECT || c->no == SYS_SENDMSG)
		return (call_gone());
	errno = ENETDOWN;
	return (-1);
}

/* The kernel does not know fd, which is ours: a former one's, or at its end. */
static int
call_stale(int fd)
{
	struct ucred uc = { 0, 0, 0 };
	socklen_t len = sizeof(uc);

	if (!call_hungup(fd) || native.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &len) == -1)
		return (EBADF);
	return (uc.pid == machine.kernel ? ENOTCONN : ENETDOWN);
}

/* buf[room] is for what comes, before it goes to c->out. */
static int64_t
call_run(struct call *c, char *buf, size_t room)
{
	struct sys_req req = { .magic = SYS_MAGIC, .no = (uint16_t)c->no };
	struct sys_rep rep;
	size_t got;
	int fd = -1;

	c->newfd = -1;
	c->outlen = 0;
	if (conn_get() == -1)
		return (call_unheard(c));
	memcpy(req.arg, c->arg, sizeof(req.arg));
	req.seq = ++conn.seq;
	if (payload_length(c) > SYS_INLINE_MAX || c->nin > 60) {
		errno = EMSGSIZE;
		return (-1);
	}
	req.len = (uint32_t)payload_length(c);
	c->silent = c->silent && !conn.slow && conn.silent < SILENT;
	req.flags = c->silent ? SYSF_SILENT : 0;
	conn.silent = c->silent ? conn.silent + 1 : 0;
	conn.slow = c->no == SYS_IOCTL || c->no == SYS_SYSCTL;
	if (request_send(&req, c->in, c->nin, c->fd) == -1)
		return (errno == EFAULT ? -1 : call_broken());
	if (c->silent)
		return (0);
	for (;;) {
		if (reply_recv(c, &rep, buf, room, &got, &fd) == -1)
			return (c->waits && errno == EINTR ? -1 : call_broken());
		if (rep.kind == SYSR_REPLY)
			break;
		if (rep.kind == SYSR_COPYOUT)
			memcpy((void *)(uintptr_t)rep.addr, buf, got);
		else if (copyin_serve(&rep) == -1)
			return (call_broken());
	}
	c->newfd = fd;
	c->outlen = got < c->outroom ? got : c->outroom;
	if (c->outlen > 0)
		memcpy(c->out, buf, c->outlen);
	c->outlen = got;
	if (rep.error != 0) {
		errno = rep.error == EBADF && c->fd != -1 ? call_stale(c->fd) : rep.error;
		c->arg[5] = (uint64_t)rep.value; /* sysctl: the length wanted */
		return (-1);
	}
	return (rep.value);
}

/* In the middle of another call of this thread, whose connection waits. */
static int64_t
call_nested(struct call *c, char *buf)
{
	struct connection was = conn;
	bool deeper = nested;
	int64_t ret;
	int error;

	nested = true;
	conn.fd = -1;
	ret = call_run(c, buf, SYS_INLINE_MAX);
	error = errno;
	conn_free(&conn);
	errno = error;
	conn = was;
	nested = deeper;
	return (ret);
}

int64_t
call_do(struct call *c)
{
	bool free = rooms[ROOM_REPLY].taken == 0;
	char *buf = call_room_take(ROOM_REPLY);
	int64_t ret;

	c->newfd = -1;
	c->outlen = 0;
	if (buf == NULL)
		return (-1);
	ret = free ? call_run(c, buf, SYS_INLINE_MAX) : call_nested(c, buf);
	call_room_give(ROOM_REPLY, buf);
	return (ret);
}

/* --- whose is it --- */

bool
call_machine(void)
{
	int saved = errno;
	bool there = !passive && (machine.root[0] != '\0' || conn.fd != -1);

	if (there && machine.kernel == 0)
		there = conn_get() == 0;
	errno = saved;
	return (there);
}

static bool
kernel_ours(pid_t pid)
{
	if (pid == machine.kernel)
		return (pid != 0);
	for (unsigned int i = 0; i < machine.nformer && i < FORMER; i++)
		if (pid == machine.former[i])
			return (true);
	return (false);
}

/* The kernel made the pair: the peer's credentials say so. */
bool
call_isours(int fd)
{
	struct ucred uc;
	socklen_t len = sizeof(uc);
	int saved = errno;
	bool ours;

	if (passive || fd < 0 || desc_confined() || !call_machine())
		return (false);
	ours = native.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &uc, &len) == 0 && kernel_ours(uc.pid);
	errno = saved;
	return (ours);
}

bool
call_passive(void)
{
	return (passive);
}

const char *
call_root(void)
{
	return (machine.root);
}

int
call_rtable(void)
{
	return (machine.rtable);
}

int
call_type(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	native.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return (type);
}

/* --- bsdsys.h --- */

bool
bsd_isfd(int fd)
{
	return (call_isours(fd));
}

void
bsd_newfd(int fd)
{
	desc_new(fd);
}

const char *
bsd_machine(void)
{
	return (conn_get() == 0 ? machine.name : NULL);
}

void
bsd_tool(const char *prog)
{
	tool = prog;
	if (conn_alive(&conn))
		patience_set(conn.fd);
}

void
bsd_require(const char *prog)
{
	bsd_tool(prog);
	if (bsd_machine() != NULL)
		return;
	if (machine.root[0] == '\0')
		fprintf(stderr, "%s: no machine: BSD_ROOT is not set (see bsdctl exec)\n", prog);
	else
		fprintf(stderr, "%s: %s: no kernel answers there: %s\n", prog, machine.root, strerror(errno));
	exit(1);
}

int
bsd_reopen(void)
{
	conn_free(&conn);
	pthread_mutex_lock(&kept_lock);
	conn_free(&kept);
	pthread_mutex_unlock(&kept_lock);
	machine.kernel = 0;
	machine.name[0] = '\0';
	desc_new_all();
	environment_read();
	return (conn_get());
}

int
bsd_halt(void)
{
	struct call c = { .no = SYS_HALT, .fd = -1 };

	return (call_do(&c) == -1 ? -1 : 0);
}

int
bsd_sysctl(const char *name, void *old, size_t *oldlen, const void *new, size_t newlen)
{
	struct iovec in[2] = { { (void *)(uintptr_t)name, strlen(name) + 1 }, { (void *)(uintptr_t)new, newlen } };
	struct call c = { .no = SYS_SYSCTL, .fd = -1, .in = in, .nin = new != NULL ? 2 : 1, .out = old };
	int64_t len;

	c.arg[0] = in[0].iov_len;
	c.arg[1] = new != NULL;
	c.arg[2] = (uintptr_t)old;
	c.arg[3] = c.outroom = old != NULL && oldlen != NULL ? *oldlen : 0;
	len = call_do(&c);
	if (oldlen != NULL)
		*oldlen = (size_t)(len == -1 ? (int64_t)c.arg[5] : len);
	return (len == -1 ? -1 : 0);
}

void *
bsd_sysctl_alloc(const char *name, size_t *len)
{
	size_t cap = 16384;
	void *buf = NULL, *more;

	for (int tries = 0; tries < 8; tries++) {
		if ((more = realloc(buf, cap + 1)) == NULL)
			break;
		buf = more;
		*len = cap;
		if (bsd_sysctl(name, buf, len, NULL, 0) == 0) {
			((char *)buf)[*len] = '\0';
			return (buf);
		}
		if (errno != ENOMEM)
			break;
		cap = *len + *len / 8 + 4096; /* it may grow meanwhile */
	}
	free(buf);
	return (NULL);
}
