/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Control connections, and who serves them.
 *
 * Most calls do not wait for anything.  The network thread serves them when
 * the message comes, like a packet: no other thread has to be woken, no token
 * handed over, and what the call set in motion runs right behind it.
 *
 * A call that may sleep or fetch its caller's memory (syscall_sleeps()) is
 * handed to a worker, a thread that has the connection for itself from then
 * on; it keeps it while more of such calls come at once, and gives it back
 * with the first of the others, or when none comes.  Workers that have
 * nothing to do wait for the next, a few of them.
 *
 * Life of a connection: kernel_client() -> [client_hand() -> worker ->
 * client_back()]* -> client_end().
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/queue.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/uidinfo.h>
#include <kern/syscall_priv.h>
#include <machine/host.h>
#include <machine/kernel.h>

#define WAITING_MAX 4 /* workers without work */
#define SILENT_MAX  16 /* calls without an answer, at once */

/* A thread; its message is that of the call that it was given. */
struct worker {
	LIST_ENTRY(worker) w_entry; /* while it has no work */
	void *w_self;
	struct client *w_client; /* NULL: no work */
	struct sys_req w_req;
	int w_fd;
	uint8_t w_buf[MSG_MAX] __attribute__((aligned(8)));
};

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);
static LIST_HEAD(, worker) waiting = LIST_HEAD_INITIALIZER(waiting);
static int nwaiting;
/* The network thread's message. */
static uint8_t loop_buf[MSG_MAX] __attribute__((aligned(8)));

static int nclients, maxclients = 4096, maxuserclients = 1024;
static uint64_t bootid;
static char helloname[64];

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
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

static void client_event(void *arg, unsigned int events);

void
clientinit(void)
{
	sysctl_register(&table);
	arc4random_buf(&bootid, sizeof(bootid));
}

void
syscall_setname(const char *name)
{
	strlcpy(helloname, name, sizeof(helloname));
}

/* --- beginning and end --- */

static int
hello_send(int fd)
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
	return (host_send(fd, &iov, 1, -1, 0) == sizeof(h) ? 0 : EPIPE);
}

/* Another connection for its user?  0 with the entry in *uip, EMFILE, ENOMEM. */
static int
user_count(uid_t uid, struct uidinfo **uip)
{
	struct uidinfo *ui;

	if (nclients >= maxclients || (ui = ui_get(uid)) == NULL)
		return (ENOMEM);
	if (uid != 0 && ui->ui_clients >= maxuserclients) {
		ui_put(ui);
		return (EMFILE);
	}
	ui->ui_clients++;
	nclients++;
	*uip = ui;
	return (0);
}

static void
user_uncount(struct uidinfo *ui)
{
	nclients--;
	ui->ui_clients--;
	ui_put(ui);
}

static void
client_end(struct client *c)
{
	callwait_end(c);
	LIST_REMOVE(c, c_all);
	host_watch_del(c->c_watch);
	host_close(c->c_fd);
	user_uncount(c->c_ui);
	free(c, M_SYSCALL, sizeof(*c));
}

int
kernel_client(int fd, const struct kernel_cred *cred)
{
	struct client *c;
	int error;

	ASSERT_TOKEN();
	if ((c = malloc(sizeof(*c), M_SYSCALL, M_NOWAIT | M_ZERO)) == NULL) {
		host_close(fd);
		return (ENOMEM);
	}
	c->c_fd = fd;
	c->c_cred = *cred;
	if ((error = user_count(cred->uid, &c->c_ui)) != 0) {
		host_close(fd);
		free(c, M_SYSCALL, sizeof(*c));
		return (error);
	}
	LIST_INSERT_HEAD(&clients, c, c_all);
	if ((error = hello_send(fd)) != 0 ||
	    (error = -host_watch_add(fd, HOST_IN, client_event, c,
		 &c->c_watch)) != 0)
		client_end(c);
	return (error);
}

int
client_fork(struct proc *p, int *fd)
{
	int fds[2], error;

	if (p->p_client->c_fd == -1)
		return (EOPNOTSUPP);
	if ((error = -host_sockpair(HOST_SEQPACKET, fds)) != 0)
		return (error);
	host_bufsize(fds[0], 1 << 20);
	if ((error = kernel_client(fds[0], &p->p_client->c_cred)) != 0)
		host_close(fds[1]);
	else
		*fd = fds[1];
	return (error);
}

/* --- workers --- */

/* The network thread has it again. */
static void
client_back(struct client *c)
{
	if (c->c_dead ||
	    host_watch_add(c->c_fd, HOST_IN, client_event, c, &c->c_watch) != 0)
		client_end(c);
}

/* What a worker was given, and what comes behind it.  With the token. */
static void
worker_serve(struct worker *w)
{
	struct client *c = w->w_client;
	bool sleeps = true;

	host_cpu_leave();
	do {
		if (call_serve(c, w->w_buf, &w->w_req, w->w_fd, false) != 0)
			c->c_dead = true;
		sleeps = syscall_sleeps(w->w_req.no);
	} while (sleeps && !c->c_dead &&
	    request_recv(c, w->w_buf, MSG_MAX, &w->w_req, &w->w_fd,
		HOST_WAIT | HOST_SPIN | HOST_BRIEF) == 0);
	host_cpu_enter();
	w->w_client = NULL;
	client_back(c);
}

static void
worker_main(void *arg)
{
	struct worker *w = arg;

	host_cpu_enter();
	w->w_self = host_self();
	for (;;) {
		worker_serve(w);
		if (nwaiting >= WAITING_MAX)
			break;
		LIST_INSERT_HEAD(&waiting, w, w_entry);
		nwaiting++;
		while (w->w_client == NULL)
			(void)host_sleep(~0ULL);
	}
	free(w, M_SYSCALL, sizeof(*w));
	host_cpu_leave();
}

/* One with nothing to do, or a new one, whose thread is to be started.  NULL. */
static struct worker *
worker_get(bool *new)
{
	struct worker *w;

	if ((*new = LIST_EMPTY(&waiting)))
		return (malloc(sizeof(*w), M_SYSCALL, M_NOWAIT));
	w = LIST_FIRST(&waiting);
	LIST_REMOVE(w, w_entry);
	nwaiting--;
	return (w);
}

/* A worker has c from now on, and the call in loop_buf.  0 or ENOMEM. */
static int
client_hand(struct client *c, const struct sys_req *req, int fd)
{
	struct worker *w;
	bool new;

	if ((w = worker_get(&new)) == NULL)
		return (ENOMEM);
	w->w_client = c;
	w->w_req = *req;
	w->w_fd = fd;
	memcpy(w->w_buf, loop_buf, sizeof(*req) + req->len);
	if (!new) {
		host_wake(w->w_self);
	} else if (host_thread_create(worker_main, w, "worker") != 0) {
		free(w, M_SYSCALL, sizeof(*w));
		return (ENOMEM);
	}
	host_watch_del(c->c_watch);
	c->c_watch = NULL;
	return (0);
}

/* --- the network thread --- */

/* The next message.  0 or errno: EAGAIN when there is no more for now. */
static int
client_serve(struct client *c)
{
	struct sys_req req;
	int fd, error;

	if ((error = request_recv(c, loop_buf, MSG_MAX, &req, &fd, 0)) != 0)
		return (error);
	if (syscall_sleeps(req.no)) {
		if ((error = client_hand(c, &req, fd)) == 0)
			return (EAGAIN);
		host_close(fd);
		return (call_refuse(c, &req, error));
	}
	error = call_serve(c, loop_buf, &req, fd, true);
	return (error == 0 && (req.flags & SYSF_SILENT) == 0 ? EAGAIN : error);
}

/* A message, and what follows those without an answer. */
static void
client_event(void *arg, unsigned int events)
{
	struct client *c = arg;
	int error = 0;

	(void)events;
	for (int n = 0; n < SILENT_MAX && error == 0 && !c->c_dead; n++)
		error = client_serve(c);
	if (error != EAGAIN && (error != 0 || c->c_dead))
		client_end(c);
}
