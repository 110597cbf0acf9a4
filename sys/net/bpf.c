/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * /dev/bpf: the calls of bpf(4), one row each, and frames that programs send.
 *
 * A message from the program is a struct file_msg and one frame.  A locked
 * descriptor (BIOCLOCK) may go on as it is and change nothing.
 */

#include <sys/systm.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <net/bpf_desc.h>
#include <net/ethernet.h>
#include <net/if_var.h>


/* --- calls --- */

static int
ioc_gblen(struct bpf_d *d, void *data)
{
	*(unsigned int *)data = d->bd_size;
	return (0);
}

static int
ioc_sblen(struct bpf_d *d, void *data)
{
	unsigned int *size = data;

	if (d->bd_store != NULL)
		return (EINVAL);
	*size = BPF_ALIGN(MIN(MAX(*size, BPF_MINBUF), BPF_MAXBUF));
	d->bd_size = *size;
	return (0);
}

/*
 * A program from user memory, into *code.  copyin() may sleep: nothing is
 * held, and the descriptor may have been locked meanwhile.
 */
static int
filter_in(struct bpf_d *d, struct bpf_code *code, const struct bpf_program *req)
{
	unsigned int n = req->bf_len;
	struct bpf_insn *prog;
	int error;

	if (n == 0)
		return (bpf_d_setfilter(code, NULL, 0));
	if (n > BPF_MAXINSNS)
		return (EINVAL);
	if ((prog = mallocarray(n, sizeof(*prog), M_TEMP, M_NOWAIT)) == NULL)
		return (ENOMEM);
	if ((error = copyin((uint64_t)(uintptr_t)req->bf_insns, prog,
		 n * sizeof(*prog))) == 0)
		error = d->bd_locked ? EPERM : bpf_d_setfilter(code, prog, n);
	free(prog, M_TEMP, n * sizeof(*prog));
	return (error);
}

static int
ioc_setf(struct bpf_d *d, void *data)
{
	int error;

	if ((error = filter_in(d, &d->bd_read, data)) == 0)
		bpf_d_flush(d);
	return (error);
}

static int
ioc_setwf(struct bpf_d *d, void *data)
{
	return (filter_in(d, &d->bd_write, data));
}

static int
ioc_flush(struct bpf_d *d, void *data)
{
	bpf_d_flush(d);
	return (0);
}

static int
ioc_promisc(struct bpf_d *d, void *data)
{
	return (bpf_d_promisc(d));
}

static int
ioc_gdlt(struct bpf_d *d, void *data)
{
	if (d->bd_bif == NULL)
		return (EINVAL);
	*(unsigned int *)data = d->bd_bif->bif_dlt;
	return (0);
}

/* There is one type of header an interface. */
static int
ioc_sdlt(struct bpf_d *d, void *data)
{
	return (
	    d->bd_bif == NULL || d->bd_bif->bif_dlt != *(unsigned int *)data ?
		EINVAL :
		0);
}

static int
ioc_gdltlist(struct bpf_d *d, void *data)
{
	struct bpf_dltlist *list = data;
	uint32_t dlt;

	if (d->bd_bif == NULL)
		return (EINVAL);
	dlt = d->bd_bif->bif_dlt;
	if (list->bfl_list != NULL && list->bfl_len < 1)
		return (ENOMEM);
	list->bfl_len = 1;
	return (list->bfl_list == NULL ?
		0 :
		copyout(&dlt, (uint64_t)(uintptr_t)list->bfl_list,
		    sizeof(dlt)));
}

static int
ioc_getif(struct bpf_d *d, void *data)
{
	struct bpf_ifreq *req = data;

	if (d->bd_bif == NULL)
		return (EINVAL);
	memset(req, 0, sizeof(*req));
	strlcpy(req->bi_name, d->bd_bif->bif_ifp->if_xname,
	    sizeof(req->bi_name));
	return (0);
}

static int
ioc_setif(struct bpf_d *d, void *data)
{
	const struct bpf_ifreq *req = data;
	struct ifnet *ifp;

	if (strnlen(req->bi_name, sizeof(req->bi_name)) == sizeof(req->bi_name))
		return (EINVAL);
	if ((ifp = if_unit(req->bi_name)) == NULL || ifp->if_bpf == NULL)
		return (ENXIO);
	return (bpf_d_bind(d, ifp->if_bpf));
}

static int
ioc_srtimeout(struct bpf_d *d, void *data)
{
	const struct bpf_timeval *tv = data;

	if (tv->tv_sec < 0 || tv->tv_sec > 86400 || tv->tv_usec < 0 ||
	    tv->tv_usec > 999999)
		return (EINVAL);
	d->bd_timeout_us = (uint64_t)tv->tv_sec * 1000000 +
	    (uint64_t)tv->tv_usec;
	return (0);
}

static int
ioc_grtimeout(struct bpf_d *d, void *data)
{
	struct bpf_timeval *tv = data;

	tv->tv_sec = (int64_t)(d->bd_timeout_us / 1000000);
	tv->tv_usec = (int64_t)(d->bd_timeout_us % 1000000);
	return (0);
}

static int
ioc_gstats(struct bpf_d *d, void *data)
{
	memcpy(data, &d->bd_stat, sizeof(d->bd_stat));
	return (0);
}

static int
ioc_immediate(struct bpf_d *d, void *data)
{
	d->bd_immediate = *(unsigned int *)data != 0;
	return (0);
}

static int
ioc_version(struct bpf_d *d, void *data)
{
	struct bpf_version *v = data;

	v->bv_major = BPF_MAJOR_VERSION;
	v->bv_minor = BPF_MINOR_VERSION;
	return (0);
}

static int
ioc_ghdrcmplt(struct bpf_d *d, void *data)
{
	*(unsigned int *)data = d->bd_hdrcmplt;
	return (0);
}

static int
ioc_shdrcmplt(struct bpf_d *d, void *data)
{
	d->bd_hdrcmplt = *(unsigned int *)data != 0;
	return (0);
}

static int
ioc_lock(struct bpf_d *d, void *data)
{
	d->bd_locked = true;
	return (0);
}

static int
ioc_gdirfilt(struct bpf_d *d, void *data)
{
	*(unsigned int *)data = d->bd_dirfilt;
	return (0);
}

static int
ioc_sdirfilt(struct bpf_d *d, void *data)
{
	if ((*(unsigned int *)data &
		~(unsigned int)(BPF_DIRECTION_IN | BPF_DIRECTION_OUT)) != 0)
		return (EINVAL);
	d->bd_dirfilt = *(unsigned int *)data;
	return (0);
}

static const struct bpf_ioc {
	unsigned long cmd;
	bool when_locked;
	int (*run)(struct bpf_d *d, void *data);
} bpf_iocs[] = {
	/* clang-format off */
	{ BIOCGBLEN,	 true,	ioc_gblen },
	{ BIOCSBLEN,	 false,	ioc_sblen },
	{ BIOCSETF,	 false,	ioc_setf },
	{ BIOCSETWF,	 false,	ioc_setwf },
	{ BIOCFLUSH,	 true,	ioc_flush },
	{ BIOCPROMISC,	 false,	ioc_promisc },
	{ BIOCGDLT,	 true,	ioc_gdlt },
	{ BIOCSDLT,	 false,	ioc_sdlt },
	{ BIOCGDLTLIST,	 true,	ioc_gdltlist },
	{ BIOCGETIF,	 true,	ioc_getif },
	{ BIOCSETIF,	 false,	ioc_setif },
	{ BIOCSRTIMEOUT, true,	ioc_srtimeout },
	{ BIOCGRTIMEOUT, true,	ioc_grtimeout },
	{ BIOCGSTATS,	 true,	ioc_gstats },
	{ BIOCIMMEDIATE, true,	ioc_immediate },
	{ BIOCVERSION,	 true,	ioc_version },
	{ BIOCGHDRCMPLT, true,	ioc_ghdrcmplt },
	{ BIOCSHDRCMPLT, false,	ioc_shdrcmplt },
	{ BIOCLOCK,	 true,	ioc_lock },
	{ BIOCGDIRFILT,	 true,	ioc_gdirfilt },
	{ BIOCSDIRFILT,	 false,	ioc_sdirfilt },
	/* clang-format on */
};

static int
bpf_ioctl(struct file *fp, unsigned long cmd, void *data, struct proc *p)
{
	struct bpf_d *d = fp->f_data;

	for (size_t i = 0; i < nitems(bpf_iocs); i++)
		if (bpf_iocs[i].cmd == cmd)
			return (d->bd_locked && !bpf_iocs[i].when_locked ?
				EPERM :
				bpf_iocs[i].run(d, data));
	return (ENOTTY);
}

/* --- frames from the program --- */

/* m is a frame that a program wants to be sent.  A log is not for programs. */
static void
frame_send(struct bpf_d *d, struct mbuf *m)
{
	struct ifnet *ifp = d->bd_bif != NULL ? d->bd_bif->bif_ifp : NULL;
	struct bpf_view v;

	bpf_view_init(&v, NULL, 0, m);
	if (ifp == NULL || ifp->if_type == IFT_PFLOG ||
	    m->m_pkthdr.len < d->bd_bif->bif_hdrlen ||
	    m->m_pkthdr.len > ifp->if_mtu + d->bd_bif->bif_hdrlen ||
	    (d->bd_write.insns != NULL &&
		bpf_filter(d->bd_write.insns, &v) == 0)) {
		m_drop(m, DROP_BPF_WRITE);
		return;
	}
	if (d->bd_bif->bif_dlt == DLT_EN10MB && !d->bd_hdrcmplt)
		memcpy(mtod(m, struct ether_header *)->ether_shost,
		    ifp->if_lladdr, 6);
	if (d->bd_bif->bif_dlt != DLT_EN10MB)
		m_adj(m, (int)d->bd_bif->bif_hdrlen);
	if_enqueue(ifp, m);
}

static void
bpf_readable(struct file *fp)
{
	struct file_msg head;
	struct host_iov iov[2] = { { &head, sizeof(head) } };
	struct mbuf *m;
	long n;
	int passed = -1;

	if ((m = m_getroom(M_HEADROOM, MAXMCLBYTES)) == NULL) {
		drop_count(DROP_NOBUFS);
		file_retry(fp); /* the message stays until then */
		return;
	}
	iov[1] = (struct host_iov){ m->m_data, MAXMCLBYTES };
	n = host_recv(fp->f_k, iov, 2, &passed, 0);
	if (passed != -1)
		host_close(passed);
	if (n == 0)
		file_want_read(fp, false); /* the end */
	if (n <= (long)sizeof(head) || head.type != FMSG_DATA ||
	    head.addrlen != 0 || head.cmsglen != 0) {
		m_freem(m);
		return;
	}
	m->m_len = m->m_pkthdr.len = (uint32_t)((unsigned long)n -
	    sizeof(head));
	frame_send(fp->f_data, m);
}

/* --- the device --- */

static int
bpf_push(struct bpf_d *d, const void *buf, uint32_t len)
{
	const struct file_msg head = { .type = FMSG_DATA };
	union {
		const void *ro;
		void *rw;
	} base = { .ro = buf };
	struct host_iov iov = { base.rw, len };

	return (file_push(d->bd_arg, &head, NULL, NULL, &iov, 1));
}

static void
bpf_writable(struct file *fp)
{
	bpf_d_writable(fp->f_data);
}

static void
bpf_close(struct file *fp)
{
	bpf_d_fini(fp->f_data);
	free(fp->f_data, M_BPF, sizeof(struct bpf_d));
}

static const struct fileops bpf_ops = {
	.name = "bpf",
	.ioctl = bpf_ioctl,
	.readable = bpf_readable,
	.writable = bpf_writable,
	.close = bpf_close,
};

/* Captures show what others send: only for who may change things. */
static int
bpf_open(struct file *fp, int flags, struct proc *p)
{
	struct bpf_d *d;
	int error;

	if ((error = suser(p)) != 0)
		return (error);
	if ((d = malloc(sizeof(*d), M_BPF, M_ZERO)) == NULL)
		return (ENOMEM);
	bpf_d_init(d, bpf_push, fp);
	fp->f_ops = &bpf_ops;
	fp->f_data = d;
	file_want_read(fp, (flags & FWRITE) != 0);
	return (0);
}

static struct cdev bpf_dev = { .name = "bpf", .open = bpf_open };

void
bpfinit(void)
{
	cdev_register(&bpf_dev);
}
