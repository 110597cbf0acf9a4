/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Descriptors: the kernel's ends of host socket pairs.
 *
 * A file is found by the cookie of the program's end, which comes along with
 * a control call.  Files are counted for each uid and in all, so that one
 * client cannot use up what all need.
 *
 * Life: file_create() -> the program's end is sent away -> HOST_HUP at k, when
 * the last copy of it is closed, or file_revoke() -> ops->close() -> freed.
 */

#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <sys/proc.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/systm.h>
#include <sys/time.h>

#define HASH	   1024
#define PUSH_PIECES 64

static LIST_HEAD(, file) by_cookie[HASH];
static struct pool file_pool;
static TAILQ_HEAD(, cdev) cdevs = TAILQ_HEAD_INITIALIZER(cdevs);
static TAILQ_HEAD(, file) all_files = TAILQ_HEAD_INITIALIZER(all_files);
static int nfiles, maxfiles = 65536, maxuserfiles = 16384;

static const struct sysctl_row rows[] = {
	{ .name = "kern.nfiles", .type = CTL_INT, .flags = CTLF_RD, .var = &nfiles, .text = "open descriptors" },
	{ .name = "kern.maxfiles", .type = CTL_INT, .flags = CTLF_RD | CTLF_WR, .var = &maxfiles, .min = 16,
	    .max = 1 << 20, .text = "most descriptors of all clients" },
	{ .name = "kern.maxuserfiles", .type = CTL_INT, .flags = CTLF_RD | CTLF_WR, .var = &maxuserfiles, .min = 16,
	    .max = 1 << 20, .text = "most descriptors of one user" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

void
fileinit(void)
{
	pool_init(&file_pool, sizeof(struct file), 0, "file");
	sysctl_register(&table);
}

void
cdev_register(struct cdev *d)
{
	TAILQ_INSERT_TAIL(&cdevs, d, entry);
}

const struct cdev *
cdev_find(const char *name)
{
	const struct cdev *d;

	TAILQ_FOREACH(d, &cdevs, entry)
		if (strcmp(d->name, name) == 0)
			return (d);
	return (NULL);
}

struct file *
file_find(uint64_t cookie)
{
	struct file *fp;

	LIST_FOREACH(fp, &by_cookie[cookie % HASH], f_hash)
		if (fp->f_cookie == cookie)
			return (fp);
	return (NULL);
}

struct file *
file_offd(int fd)
{
	unsigned long long cookie;

	if (fd == -1 || host_cookie(fd, &cookie) != 0)
		return (NULL);
	return (file_find(cookie));
}

static int
user_files(uid_t uid)
{
	struct file *fp;
	int n = 0;

	TAILQ_FOREACH(fp, &all_files, f_owned)
		n += fp->f_uid == uid;
	return (n);
}

/* --- events at k --- */

static void
file_watch(struct file *fp, unsigned int events)
{
	fp->f_events = events;
	host_watch_mod(fp->f_watch, events);
}

void
file_want_read(struct file *fp, bool on)
{
	file_watch(fp, on ? fp->f_events | HOST_IN : fp->f_events & ~(unsigned int)HOST_IN);
}

void
file_want_write(struct file *fp, bool on)
{
	file_watch(fp, on ? fp->f_events | HOST_OUT : fp->f_events & ~(unsigned int)HOST_OUT);
}

static void
file_event(void *arg, unsigned int events)
{
	struct file *fp = arg;
	uint64_t cookie = fp->f_cookie;

	time_refresh();
	if ((events & HOST_OUT) != 0 && fp->f_ops->writable != NULL) {
		file_want_write(fp, false);
		fp->f_ops->writable(fp);
	}
	if (file_find(cookie) != fp)
		return;
	if ((events & HOST_IN) != 0 && fp->f_ops->readable != NULL && (fp->f_events & HOST_IN) != 0)
		fp->f_ops->readable(fp);
	if (file_find(cookie) != fp)
		return;
	/* what was written before the end is read first */
	if ((events & HOST_HUP) != 0 && ((events & HOST_IN) == 0 || fp->f_ops->readable == NULL ||
	    (fp->f_events & HOST_IN) == 0))
		file_revoke(fp);
}

void
file_revoke(struct file *fp)
{
	ASSERT_TOKEN();
	LIST_REMOVE(fp, f_hash);
	TAILQ_REMOVE(&all_files, fp, f_owned);
	nfiles--;
	host_watch_del(fp->f_watch);
	fp->f_watch = NULL;
	if (fp->f_ops != NULL && fp->f_ops->close != NULL)
		fp->f_ops->close(fp);
	host_close(fp->f_k);
	pool_put(&file_pool, fp);
}

int
file_create(enum file_kind kind, enum host_socktype type, int flags, struct proc *p, struct file **fpp, int *cfd)
{
	unsigned long long cookie;
	struct file *fp;
	int fds[2], error;

	ASSERT_TOKEN();
	if (nfiles >= maxfiles)
		return (ENFILE);
	if (p->p_uid != 0 && nfiles >= maxuserfiles && user_files(p->p_uid) >= maxuserfiles)
		return (EMFILE);
	if ((fp = pool_get(&file_pool, PR_ZERO)) == NULL)
		return (ENOMEM);
	if ((error = -host_sockpair(type, fds)) != 0) {
		pool_put(&file_pool, fp);
		return (error);
	}
	fp->f_k = fds[0];
	fp->f_kind = kind;
	fp->f_flags = flags;
	fp->f_uid = p->p_uid;
	fp->f_gid = p->p_gid;
	fp->f_pid = p->p_pid;
	if ((error = -host_cookie(fds[1], &cookie)) == 0)
		error = -host_watch_add(fp->f_k, 0, file_event, fp, &fp->f_watch);
	if (error != 0) {
		host_close(fds[0]);
		host_close(fds[1]);
		pool_put(&file_pool, fp);
		return (error);
	}
	fp->f_cookie = cookie;
	LIST_INSERT_HEAD(&by_cookie[cookie % HASH], fp, f_hash);
	TAILQ_INSERT_TAIL(&all_files, fp, f_owned);
	nfiles++;
	*fpp = fp;
	*cfd = fds[1];
	return (0);
}

/* --- messages to the program --- */

/* Adds a part and its padding to the pieces. */
static int
piece_add(struct host_iov *iov, int n, const void *p, uint32_t len)
{
	static const char zeros[8];
	uint32_t pad = -len & 7;

	if (len == 0)
		return (n);
	iov[n].base = (void *)(uintptr_t)p;
	iov[n++].len = len;
	if (pad > 0) {
		iov[n].base = (void *)(uintptr_t)zeros;
		iov[n++].len = pad;
	}
	return (n);
}

int
file_push(struct file *fp, const struct file_msg *head, const void *addr, const void *control,
    const struct host_iov *iov, int niov)
{
	struct host_iov pieces[PUSH_PIECES];
	int n = 0;
	long sent;

	KASSERT(niov <= PUSH_PIECES - 5);
	pieces[n].base = (void *)(uintptr_t)head;
	pieces[n++].len = sizeof(*head);
	n = piece_add(pieces, n, addr, head->addrlen);
	n = piece_add(pieces, n, control, head->cmsglen);
	for (int i = 0; i < niov; i++)
		pieces[n++] = iov[i];
	sent = host_send(fp->f_k, pieces, n, -1, 0);
	if (sent >= 0)
		return (0);
	if (sent == -EAGAIN || sent == -ENOBUFS) {
		file_want_write(fp, true);
		return (EAGAIN);
	}
	return (EPIPE);
}
