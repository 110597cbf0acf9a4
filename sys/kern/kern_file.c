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
 * the last copy of it is closed, or file_revoke(), file_end() -> ops->close()
 * -> freed, or after file_end() remembered for a while, then freed.
 * A control call brings a copy of the program's end along, so HOST_HUP cannot
 * come while it runs; the kernel's own ends wait for it (f_calls).
 *
 * One thing the host does not tell: when k was shut for writing and the
 * program shuts its writing side, that looks like a close.  Such a file is
 * treated as ended, not as gone.
 */

#include <sys/systm.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/pool.h>
#include <sys/proc.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/timeout.h>
#include <sys/uidinfo.h>

#define HASH        1024
#define PUSH_PIECES 64
#define ENDED_MAX   1024 /* ended files that are remembered */
#define ENDED_US    60000000ULL
#define RETRY_US    10000

static LIST_HEAD(, file) by_cookie[HASH];
static struct pool file_pool;
static TAILQ_HEAD(, cdev) cdevs = TAILQ_HEAD_INITIALIZER(cdevs);
static TAILQ_HEAD(file_list, file) ended = TAILQ_HEAD_INITIALIZER(ended);
static struct file_list retries = TAILQ_HEAD_INITIALIZER(retries);
static struct timeout retry_timeout; /* for all of them */
static void retry_run(void *arg);
static int nfiles, nended, maxfiles = 65536, maxuserfiles = 16384;

static const struct sysctl_row rows[] = {
	{ .name = "kern.nfiles",
	    .type = CTL_INT,
	    .flags = CTLF_RD,
	    .var = &nfiles,
	    .text = "open descriptors" },
	{ .name = "kern.maxfiles",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &maxfiles,
	    .min = 16,
	    .max = 1 << 20,
	    .text = "most descriptors of all clients" },
	{ .name = "kern.maxuserfiles",
	    .type = CTL_INT,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &maxuserfiles,
	    .min = 16,
	    .max = 1 << 20,
	    .text = "most descriptors of one user" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

void
fileinit(void)
{
	uidinit();
	pool_init(&file_pool, sizeof(struct file), 0, "file");
	timeout_set(&retry_timeout, retry_run, NULL);
	sysctl_register(&table);
}

void
cdev_register(struct cdev *d)
{
	TAILQ_INSERT_TAIL(&cdevs, d, entry);
}

/* Is name that of d, with a good number where it has one? */
static bool
cdev_named(const struct cdev *d, const char *name, unsigned int *unit)
{
	size_t len = strlen(d->name);
	const char *number = name + len;
	int64_t n;

	*unit = 0;
	if (!d->units)
		return (strcmp(d->name, name) == 0);
	if (strncmp(d->name, name, len) != 0 || number[0] < '0' ||
	    number[0] > '9' || (number[0] == '0' && number[1] != '\0') ||
	    strtonum(number, 0, INT32_MAX, &n) != 0)
		return (false);
	*unit = (unsigned int)n;
	return (true);
}

const struct cdev *
cdev_find(const char *name, unsigned int *unit)
{
	const struct cdev *d;

	TAILQ_FOREACH(d, &cdevs, entry)
		if (cdev_named(d, name, unit))
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

/* --- the end --- */

static void
file_free(struct file *fp)
{
	LIST_REMOVE(fp, f_hash);
	pool_put(&file_pool, fp);
}

static void
ended_forget(struct file *fp)
{
	TAILQ_REMOVE(&ended, fp, f_entry);
	nended--;
	file_free(fp);
}

static void
ended_remember(struct file *fp)
{
	struct file *old;
	uint64_t now = uptime_us();

	while ((old = TAILQ_FIRST(&ended)) != NULL &&
	    (nended >= ENDED_MAX || old->f_when + ENDED_US <= now))
		ended_forget(old);
	fp->f_ended = true;
	fp->f_ops = NULL;
	fp->f_data = NULL;
	fp->f_when = now;
	TAILQ_INSERT_TAIL(&ended, fp, f_entry);
	nended++;
}

static void
retry_cancel(struct file *fp)
{
	if (!fp->f_retries)
		return;
	fp->f_retries = false;
	TAILQ_REMOVE(&retries, fp, f_entry);
	if (TAILQ_EMPTY(&retries))
		timeout_del(&retry_timeout);
}

static void
file_finish(struct file *fp)
{
	if (fp->f_ops != NULL && fp->f_ops->close != NULL)
		fp->f_ops->close(fp);
	host_watch_del(fp->f_watch);
	fp->f_watch = NULL;
	retry_cancel(fp);
	host_close(fp->f_k);
	fp->f_k = -1;
	nfiles--;
	fp->f_ui->ui_files--;
	ui_put(fp->f_ui);
	fp->f_ui = NULL;
	if (fp->f_keep)
		ended_remember(fp);
	else
		file_free(fp);
}

void
file_revoke(struct file *fp)
{
	ASSERT_TOKEN();
	KASSERT(!fp->f_ended);
	fp->f_dying = true;
	if (fp->f_calls == 0) {
		file_finish(fp);
		return;
	}
	host_watch_del(fp->f_watch); /* HOST_HUP would come again and again */
	fp->f_watch = NULL;
}

void
file_end(struct file *fp, int error)
{
	fp->f_error = error;
	fp->f_keep = true;
	file_revoke(fp);
}

void
file_hold(struct file *fp)
{
	fp->f_calls++;
}

void
file_release(struct file *fp)
{
	KASSERT(fp->f_calls > 0);
	if (--fp->f_calls == 0 && fp->f_dying && !fp->f_ended)
		file_finish(fp);
}

/* --- events at k --- */

static void
file_watch(struct file *fp, unsigned int events)
{
	fp->f_events = (uint16_t)events;
	if (!fp->f_ended && fp->f_watch != NULL)
		host_watch_mod(fp->f_watch, events);
}

void
file_want_read(struct file *fp, bool on)
{
	if (!on)
		retry_cancel(fp);
	file_watch(fp,
	    on ? fp->f_events | HOST_IN | HOST_PRI :
		 fp->f_events & ~(unsigned int)(HOST_IN | HOST_PRI));
}

void
file_want_write(struct file *fp, bool on)
{
	file_watch(fp,
	    on ? fp->f_events | HOST_OUT :
		 fp->f_events & ~(unsigned int)HOST_OUT);
}

bool
file_waits_write(const struct file *fp)
{
	return ((fp->f_events & HOST_OUT) != 0);
}

static void
retry_run(void *arg)
{
	struct file *fp;

	(void)arg;
	while ((fp = TAILQ_FIRST(&retries)) != NULL) {
		retry_cancel(fp);
		file_want_read(fp, true);
	}
}

void
file_retry(struct file *fp)
{
	file_want_read(fp, false);
	fp->f_retries = true;
	TAILQ_INSERT_TAIL(&retries, fp, f_entry);
	if (!timeout_pending(&retry_timeout))
		timeout_add_us(&retry_timeout, RETRY_US);
}

void
file_eof(struct file *fp)
{
	fp->f_eof = true;
	host_shutdown(fp->f_k, 1);
}

static bool
file_alive(const struct file *fp, uint64_t cookie)
{
	return (file_find(cookie) == fp && !fp->f_dying);
}

static void
file_hup(struct file *fp)
{
	if (fp->f_eof)
		file_end(fp, 0); /* closed, or just shut: who knows */
	else
		file_revoke(fp);
}

static void
file_event(void *arg, unsigned int events)
{
	struct file *fp = arg;
	uint64_t cookie = fp->f_cookie;
	bool reads;

	time_refresh();
	fp->f_urgent = (events & HOST_PRI) != 0;
	if ((events & HOST_OUT) != 0 && (fp->f_events & HOST_OUT) != 0 &&
	    fp->f_ops->writable != NULL) {
		file_want_write(fp, false);
		fp->f_ops->writable(fp);
	}
	if (!file_alive(fp, cookie))
		return;
	/* what was written before the end is read first */
	reads = (events & HOST_IN) != 0 && (fp->f_events & HOST_IN) != 0 &&
	    fp->f_ops->readable != NULL;
	if (reads)
		fp->f_ops->readable(fp);
	if (file_alive(fp, cookie) && (events & HOST_HUP) != 0 &&
	    (!reads || (fp->f_events & HOST_IN) == 0))
		file_hup(fp);
}

bool
file_sweep(struct file *fp)
{
	if (fp->f_dying || fp->f_ended || !host_gone(fp->f_k))
		return (false);
	time_refresh();
	file_hup(fp);
	return (true);
}

/* --- the beginning --- */

/* Another file for the user?  0 with the entry in *uip, or errno. */
static int
user_count(uid_t uid, struct uidinfo **uip)
{
	struct uidinfo *ui;

	if (nfiles >= maxfiles)
		return (ENFILE);
	if ((ui = ui_get(uid)) == NULL)
		return (ENOMEM);
	if (uid != 0 && ui->ui_files >= maxuserfiles) {
		ui_put(ui);
		return (EMFILE);
	}
	nfiles++;
	ui->ui_files++;
	*uip = ui;
	return (0);
}

static void
user_uncount(struct uidinfo *ui)
{
	nfiles--;
	ui->ui_files--;
	ui_put(ui);
}

static void
file_init(struct file *fp, enum file_kind kind, int flags, const struct proc *p)
{
	fp->f_device = kind == FILE_DEVICE;
	fp->f_flags = (uint8_t)flags;
	fp->f_uid = p->p_uid;
	fp->f_gid = p->p_gid;
	fp->f_pid = p->p_pid;
}

/* The pair and its watch.  0 with the program's end, or errno. */
static int
file_pair(struct file *fp, enum host_socktype type, int *cfd)
{
	unsigned long long cookie;
	int fds[2], error;

	if ((error = -host_sockpair(type, fds)) != 0)
		return (error);
	if ((error = -host_cookie(fds[1], &cookie)) == 0)
		error = -host_watch_add(fds[0], fp->f_events, file_event, fp,
		    &fp->f_watch);
	if (error != 0) {
		host_close(fds[0]);
		host_close(fds[1]);
		return (error);
	}
	fp->f_k = fds[0];
	fp->f_cookie = cookie;
	*cfd = fds[1];
	return (0);
}

int
file_create(enum file_kind kind, enum host_socktype type, int flags,
    unsigned int events, struct proc *p, struct file **fpp, int *cfd)
{
	struct uidinfo *ui;
	struct file *fp;
	int error;

	ASSERT_TOKEN();
	if ((error = user_count(p->p_uid, &ui)) != 0)
		return (error);
	if ((fp = pool_get(&file_pool, PR_ZERO)) == NULL) {
		user_uncount(ui);
		return (ENOMEM);
	}
	file_init(fp, kind, flags, p);
	fp->f_events = (uint16_t)events;
	if ((error = file_pair(fp, type, cfd)) != 0) {
		pool_put(&file_pool, fp);
		user_uncount(ui);
		return (error);
	}
	fp->f_ui = ui;
	LIST_INSERT_HEAD(&by_cookie[fp->f_cookie % HASH], fp, f_hash);
	*fpp = fp;
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
file_push(struct file *fp, const struct file_msg *head, const void *addr,
    const void *control, const struct host_iov *iov, int niov)
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
