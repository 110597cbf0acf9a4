/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * /dev/pf: its calls, one row each.
 *
 *	pf_trans.c		transactions
 *	pf_ioctl_rule.c		rules and anchors
 *	pf_ioctl_state.c	states
 *	pf_table_ioctl.c	tables
 *	here			what `set' sets, status, interfaces
 *
 * Whoever may open the machine may read.  What changes something needs a
 * descriptor that was opened for writing by root, or by who started the kernel.
 * Others do not see sequence numbers and tags of states, nor the keys by which
 * pools choose.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/time.h>
#include <sys/uidinfo.h>
#include <net/pf/pf_if.h>
#include <net/pf/pf_ioc.h>
#include <net/pf/pf_osfp.h>
#include <net/pf/pf_state.h>
#include <net/pf/pf_table.h>

#define BITE        2048 /* table entries copied in at a time */
#define ENTRIES_MAX (16U << 20)
#define LENT_MAX    (16U << 20) /* bytes for one user who may not change anything */
#define SET_ENTRY   160         /* bytes of an entry of a set that is built, about */

/* --- on, off, status --- */

static int
pf_ioc_start(struct pf_file *pf, void *data)
{
	return (pf_start());
}

static int
pf_ioc_stop(struct pf_file *pf, void *data)
{
	return (pf_stop());
}

static int
pf_getstatus(struct pf_file *pf, void *data)
{
	struct pf_status *s = data;

	*s = pf_status;
	s->running = pf_running;
	s->since = uptime_sec() - pf_status.since;
	s->states = pf_nstates;
	s->debug = pf_options.debug;
	s->hostid = pf_options.hostid;
	s->reass = pf_options.reass;
	memcpy(s->ifname, pf_options.ifname, sizeof(s->ifname));
	return (0);
}

static int
pf_clrstatus(struct pf_file *pf, void *data)
{
	struct pfioc_iface *io = data;

	if (strnlen(io->name, sizeof(io->name)) == sizeof(io->name))
		return (EINVAL);
	if (io->name[0] != '\0') {
		pf_kif_clear(io->name);
		return (0);
	}
	memset(pf_status.counters, 0, sizeof(pf_status.counters));
	memset(pf_status.lcounters, 0, sizeof(pf_status.lcounters));
	memset(pf_status.fcounters, 0, sizeof(pf_status.fcounters));
	memset(pf_status.scounters, 0, sizeof(pf_status.scounters));
	memset(pf_status.pcounters, 0, sizeof(pf_status.pcounters));
	memset(pf_status.bcounters, 0, sizeof(pf_status.bcounters));
	pf_status.since = uptime_sec();
	return (0);
}

/* --- what `set' sets: in a transaction, or (ticket 0) now --- */

/* What to change: of the ticket, or *now as a copy of what acts.  NULL: there
 * is no such ticket. */
static struct pf_options *
pf_options_edit(struct pf_file *pf, uint64_t ticket, struct pf_options *now)
{
	if (ticket != 0)
		return (pf_trans_options(pf, ticket));
	*now = pf_options;
	return (now);
}

static int
pf_options_edited(uint64_t ticket, const struct pf_options *now)
{
	int error;

	if (ticket != 0)
		return (0); /* judged and applied at commit */
	if ((error = pf_options_judge(now)) == 0)
		pf_options_apply(now);
	return (error);
}

static int
pf_settimeout(struct pf_file *pf, void *data)
{
	struct pfioc_tm *io = data;
	struct pf_options now, *o;
	uint32_t new = io->seconds;

	if (io->timeout >= PFTM_MAX)
		return (EINVAL);
	if ((o = pf_options_edit(pf, io->ticket, &now)) == NULL)
		return (EBUSY);
	io->seconds = o->timeout[io->timeout];
	o->timeout[io->timeout] = new;
	return (pf_options_edited(io->ticket, o));
}

static int
pf_gettimeout(struct pf_file *pf, void *data)
{
	struct pfioc_tm *io = data;

	if (io->timeout >= PFTM_MAX)
		return (EINVAL);
	io->seconds = pf_options.timeout[io->timeout];
	return (0);
}

static int
pf_setlimit(struct pf_file *pf, void *data)
{
	struct pfioc_limit *io = data;
	struct pf_options now, *o;
	uint32_t new = io->limit;

	if (io->index >= PF_LIMIT_MAX)
		return (EINVAL);
	if ((io->index == PF_LIMIT_ETH_ANCHORS ||
		io->index == PF_LIMIT_PKTDELAY) &&
	    new != pf_options_default.limit[io->index])
		return (EOPNOTSUPP); /* there are none */
	if ((o = pf_options_edit(pf, io->ticket, &now)) == NULL)
		return (EBUSY);
	io->limit = o->limit[io->index];
	o->limit[io->index] = new;
	return (pf_options_edited(io->ticket, o));
}

static int
pf_getlimit(struct pf_file *pf, void *data)
{
	struct pfioc_limit *io = data;

	if (io->index >= PF_LIMIT_MAX)
		return (EINVAL);
	io->limit = pf_options.limit[io->index];
	return (0);
}

static int
pf_setstatusif(struct pf_file *pf, void *data)
{
	struct pfioc_iface *io = data;
	struct pf_options now, *o;

	if (strnlen(io->name, sizeof(io->name)) == sizeof(io->name))
		return (EINVAL);
	if ((o = pf_options_edit(pf, io->ticket, &now)) == NULL)
		return (EBUSY);
	strlcpy(o->ifname, io->name, sizeof(o->ifname));
	return (pf_options_edited(io->ticket, o));
}

static int
pf_setdebug(struct pf_file *pf, void *data)
{
	struct pfioc_value *io = data;
	struct pf_options now, *o;

	if (io->value > PF_DEBUG_LOUD)
		return (EINVAL);
	if ((o = pf_options_edit(pf, io->ticket, &now)) == NULL)
		return (EBUSY);
	o->debug = io->value;
	return (pf_options_edited(io->ticket, o));
}

static int
pf_sethostid(struct pf_file *pf, void *data)
{
	struct pfioc_value *io = data;
	struct pf_options now, *o;

	if (io->value == 0)
		return (EINVAL);
	if ((o = pf_options_edit(pf, io->ticket, &now)) == NULL)
		return (EBUSY);
	o->hostid = io->value;
	return (pf_options_edited(io->ticket, o));
}

static int
pf_setreass(struct pf_file *pf, void *data)
{
	struct pfioc_value *io = data;
	struct pf_options now, *o;

	if ((io->value & ~(uint32_t)(PF_REASS_ON | PF_REASS_NODF)) != 0)
		return (EINVAL);
	if ((o = pf_options_edit(pf, io->ticket, &now)) == NULL)
		return (EBUSY);
	o->reass = io->value;
	return (pf_options_edited(io->ticket, o));
}

/* --- interfaces --- */

static int
pf_ifflag(struct pf_file *pf, struct pfioc_iface *io, bool on)
{
	if (strnlen(io->name, sizeof(io->name)) == sizeof(io->name) ||
	    (io->flags & ~(uint32_t)PFI_SKIP) != 0)
		return (EINVAL);
	if (io->ticket != 0)
		return (pf_trans_skip(pf, io->ticket, io->name, on));
	return (pf_kif_setflag(io->name, io->flags, on));
}

static int
pf_setifflag(struct pf_file *pf, void *data)
{
	return (pf_ifflag(pf, data, true));
}

static int
pf_clrifflag(struct pf_file *pf, void *data)
{
	return (pf_ifflag(pf, data, false));
}

static int
pf_getifaces(struct pf_file *pf, void *data)
{
	struct pfioc_ifaces *io = data;
	struct pf_ioc_kif *rows;
	uint32_t room = io->n, n;
	int error;

	if (strnlen(io->name, sizeof(io->name)) == sizeof(io->name))
		return (EINVAL);
	io->n = n = pf_kif_rows(io->name, NULL, 0);
	if (room < n || n == 0)
		return (0);
	if ((rows = mallocarray(n, sizeof(*rows), M_TEMP, M_ZERO)) == NULL)
		return (ENOMEM);
	pf_kif_rows(io->name, rows, n);
	error = copyout(rows, io->buf_ptr, n * sizeof(*rows));
	free(rows, M_TEMP, n * sizeof(*rows));
	return (error);
}

/* --- tables: definitions belong to transactions, the rest to their room --- */

/* Addresses come in bites, and between them packets have their turn: so the
 * stage is looked for each time. */
static int
pf_inadefine_addrs(struct pf_file *pf, const struct pfioc_table *io,
    struct pf_ioc_taddr *bite)
{
	struct pf_tstage *ts;
	uint32_t n;
	int error = 0;

	for (uint32_t at = 0; at < io->n && error == 0; at += n) {
		n = MIN(io->n - at, BITE);
		error = copyin(io->buf_ptr + (uint64_t)at * sizeof(*bite), bite,
		    n * sizeof(*bite));
		if (error != 0)
			return (error);
		ts = pf_trans_tables(pf, io->ticket, io->table.anchor);
		error = ts == NULL ? EBUSY : pf_tstage_add(ts, bite, n);
	}
	return (error);
}

static int
pf_inadefine(struct pf_file *pf, void *data)
{
	struct pfioc_table *io = data;
	struct pf_ioc_taddr *bite;
	struct pf_tstage *ts;
	int error;

	if (strnlen(io->table.anchor, PF_ANCHOR_PATHSIZE) ==
		PF_ANCHOR_PATHSIZE ||
	    strnlen(io->table.name, PF_TABLE_NAMESIZE) == PF_TABLE_NAMESIZE)
		return (EINVAL);
	if (io->n > ENTRIES_MAX) /* the limit is judged at commit */
		return (EINVAL);
	if ((ts = pf_trans_tables(pf, io->ticket, io->table.anchor)) == NULL)
		return (EBUSY);
	if ((bite = mallocarray(BITE, sizeof(*bite), M_TEMP, 0)) == NULL)
		return (ENOMEM);
	error = pf_tstage_define(ts, io->table.name, io->table.flags,
	    (io->flags & PFRF_LIST) != 0);
	if (error == 0 && (error = pf_inadefine_addrs(pf, io, bite)) != 0 &&
	    (ts = pf_trans_tables(pf, io->ticket, io->table.anchor)) != NULL)
		pf_tstage_undefine(ts, io->table.name);
	free(bite, M_TEMP, BITE * sizeof(*bite));
	return (error);
}

/* --- what there is none of: source nodes, SYN cookies --- */

static int
pf_getsrcnodes(struct pf_file *pf, void *data)
{
	((struct pfioc_srcnodes *)data)->n = 0;
	return (0);
}

static int
pf_clrsrcnodes(struct pf_file *pf, void *data)
{
	return (0);
}

static int
pf_killsrcnodes(struct pf_file *pf, void *data)
{
	((struct pfioc_kill *)data)->killed = 0;
	return (0);
}

static int
pf_getsyncookies(struct pf_file *pf, void *data)
{
	struct pfioc_syncookies *io = data;

	io->mode = PF_SYNCOOKIES_NEVER;
	io->start = io->end = 0;
	return (0);
}

static int
pf_setsyncookies(struct pf_file *pf, void *data)
{
	struct pfioc_syncookies *io = data;

	if (io->mode > PF_SYNCOOKIES_ADAPTIVE)
		return (EINVAL);
	return (io->mode == PF_SYNCOOKIES_NEVER ? 0 : EOPNOTSUPP);
}

/* --- fingerprints --- */

static int
pf_osfpflush(struct pf_file *pf, void *data)
{
	pf_osfps_flush();
	return (0);
}

static int
pf_osfpadd(struct pf_file *pf, void *data)
{
	struct pf_ioc_osfp *io = data;
	struct pf_osfps *l;

	if (io->ticket == 0)
		return (pf_osfps_addnow(io));
	if ((l = pf_trans_osfps(pf, io->ticket)) == NULL)
		return (EBUSY);
	return (pf_osfps_add(l, io));
}

static int
pf_osfpget(struct pf_file *pf, void *data)
{
	return (pf_osfps_get(data) ? 0 : EBUSY);
}

/* --- the calls --- */

/* Who may make a call: everybody, or whose descriptor is open for writing. */
enum pf_right {
	READ, /* everybody; who asks for more than that is asked there */
	WRITE,
	/* of tables: */
	DUMMY, /* READ with PFRF_DUMMY, which changes nothing; or WRITE */
	STATS  /* WRITE with PFRF_CLSTATS, or READ */
};

/*
 * Lock: each runs with the token, which is given away in copyin, copyout and
 * preempt() only; what was looked up before is looked up again after those.
 */
static const struct pf_ioc {
	unsigned long cmd;
	enum pf_right right;
	pf_call *call;
} pf_iocs[] = {
	/* clang-format off */
	{ DIOCGETSTATES,	READ,	pf_getstates },
	{ DIOCGETRULE,		READ,	pf_getrule },
	{ DIOCADDRULE,		WRITE,	pf_addrule },
	{ DIOCADDRULES,		WRITE,	pf_addrules },
	{ DIOCCHANGERULE,	WRITE,	pf_changerule },
	{ DIOCGETSTATUS,	READ,	pf_getstatus },
	{ DIOCNATLOOK,		READ,	pf_natlook },
	{ DIOCSTART,		WRITE,	pf_ioc_start },
	{ DIOCSTOP,		WRITE,	pf_ioc_stop },
	{ DIOCGETRULES,		READ,	pf_getrules },
	{ DIOCCLRSTATES,	WRITE,	pf_clrstates },
	{ DIOCGETSTATE,		READ,	pf_getstate },
	{ DIOCSETSTATUSIF,	WRITE,	pf_setstatusif },
	{ DIOCCLRSTATUS,	WRITE,	pf_clrstatus },
	{ DIOCSETDEBUG,		WRITE,	pf_setdebug },
	{ DIOCSETTIMEOUT,	WRITE,	pf_settimeout },
	{ DIOCGETTIMEOUT,	READ,	pf_gettimeout },
	{ DIOCCLRRULECTRS,	WRITE,	pf_clrrulectrs },
	{ DIOCGETLIMIT,		READ,	pf_getlimit },
	{ DIOCSETLIMIT,		WRITE,	pf_setlimit },
	{ DIOCKILLSTATES,	WRITE,	pf_killstates },
	{ DIOCGETRULESETS,	READ,	pf_getrulesets },
	{ DIOCGETRULESET,	READ,	pf_getruleset },
	{ DIOCRINADEFINE,	WRITE,	pf_inadefine },
	{ DIOCOSFPFLUSH,	WRITE,	pf_osfpflush },
	{ DIOCOSFPADD,		WRITE,	pf_osfpadd },
	{ DIOCOSFPGET,		READ,	pf_osfpget },
	{ DIOCXBEGIN,		WRITE,	pf_xbegin },
	{ DIOCXCOMMIT,		WRITE,	pf_xcommit },
	{ DIOCXROLLBACK,	WRITE,	pf_xrollback },
	{ DIOCGETSRCNODES,	READ,	pf_getsrcnodes },
	{ DIOCCLRSRCNODES,	WRITE,	pf_clrsrcnodes },
	{ DIOCSETHOSTID,	WRITE,	pf_sethostid },
	{ DIOCIGETIFACES,	READ,	pf_getifaces },
	{ DIOCSETIFFLAG,	WRITE,	pf_setifflag },
	{ DIOCCLRIFFLAG,	WRITE,	pf_clrifflag },
	{ DIOCKILLSRCNODES,	WRITE,	pf_killsrcnodes },
	{ DIOCGETSYNCOOKIES,	READ,	pf_getsyncookies },
	{ DIOCSETSYNCOOKIES,	WRITE,	pf_setsyncookies },
	{ DIOCSETREASS,		WRITE,	pf_setreass },
	{ DIOCGETCREATORS,	READ,	pf_getcreators },
	{ DIOCRCLRTABLES,	DUMMY,	pf_rclrtables },
	{ DIOCRADDTABLES,	DUMMY,	pf_raddtables },
	{ DIOCRDELTABLES,	DUMMY,	pf_rdeltables },
	{ DIOCRGETTABLES,	STATS,	pf_rgettables },
	{ DIOCRGETTSTATS,	STATS,	pf_rgettstats },
	{ DIOCRCLRTSTATS,	DUMMY,	pf_rclrtstats },
	{ DIOCRCLRADDRS,	DUMMY,	pf_rclraddrs },
	{ DIOCRADDADDRS,	DUMMY,	pf_raddaddrs },
	{ DIOCRDELADDRS,	DUMMY,	pf_rdeladdrs },
	{ DIOCRSETADDRS,	DUMMY,	pf_rsetaddrs },
	{ DIOCRGETADDRS,	STATS,	pf_rgetaddrs },
	{ DIOCRGETASTATS,	STATS,	pf_rgetastats },
	{ DIOCRCLRASTATS,	DUMMY,	pf_rclrastats },
	{ DIOCRTSTADDRS,	STATS,	pf_rtstaddrs },
	{ DIOCRSETTFLAGS,	DUMMY,	pf_rsettflags },
	/* clang-format on */
};

static bool
pf_of_tables(enum pf_right right)
{
	return (right == DUMMY || right == STATS);
}

static bool
pf_reads_only(enum pf_right right, const void *data)
{
	const struct pfioc_table *io = data;

	switch (right) {
	case DUMMY:
		return ((io->flags & PFRF_DUMMY) != 0);
	case STATS:
		return ((io->flags & PFRF_CLSTATS) == 0);
	case READ:
		return (true);
	case WRITE:
		break;
	}
	return (false);
}

/* How much the kernel holds while it sees to a call about tables, about. */
static uint64_t
pf_table_bytes(unsigned long cmd, const struct pfioc_table *io)
{
	switch (cmd) {
	case DIOCRGETTABLES:
	case DIOCRGETTSTATS:
		return ((uint64_t)MIN(io->n, pf_table_count_all) * sizeof(struct pf_ioc_tstats));
	case DIOCRGETADDRS:
	case DIOCRGETASTATS:
		return ((uint64_t)MIN(io->n, BITE) * sizeof(struct pf_ioc_tastats));
	case DIOCRADDTABLES:
	case DIOCRDELTABLES:
	case DIOCRCLRTSTATS:
	case DIOCRSETTFLAGS:
		return ((uint64_t)io->n * sizeof(struct pf_ioc_table));
	case DIOCRSETADDRS:
		return ((uint64_t)io->n * (sizeof(struct pf_ioc_taddr) + SET_ENTRY));
	}
	return ((uint64_t)io->n * sizeof(struct pf_ioc_taddr));
}

/*
 * A call about tables by somebody who may not change them.  It can last as long
 * as the caller likes, so what all of a user's hold together is bounded.
 */
static int
pf_table_lend(struct pf_file *pf, const struct pf_ioc *ioc, struct pfioc_table *io)
{
	uint64_t bytes = pf_table_bytes(ioc->cmd, io);
	struct uidinfo *ui = ui_get(curproc()->p_uid);
	int error = ENOMEM;

	if (ui == NULL)
		return (ENOMEM);
	if (bytes <= LENT_MAX - ui->ui_lent) {
		ui->ui_lent += bytes;
		error = ioc->call(pf, io);
		ui->ui_lent -= bytes;
	}
	ui_put(ui);
	return (error);
}

static int
pf_ioctl(struct file *fp, unsigned long cmd, void *data, struct proc *p)
{
	struct pf_file *pf = fp->f_data;
	const struct pf_ioc *ioc;

	for (ioc = pf_iocs; ioc < pf_iocs + nitems(pf_iocs); ioc++)
		if (ioc->cmd == cmd)
			break;
	if (ioc == pf_iocs + nitems(pf_iocs))
		return (ENOTTY);
	if (!pf_reads_only(ioc->right, data)) {
		if (!pf->writable)
			return (EACCES);
		if (securelevel_above(2))
			return (EPERM);
	}
	if (pf_of_tables(ioc->right) && !pf_table_named(data))
		return (EINVAL);
	if (pf_of_tables(ioc->right) && !pf->trusted)
		return (pf_table_lend(pf, ioc, data));
	return (ioc->call(pf, data));
}

static void
pf_readable(struct file *fp)
{
	file_want_read(fp, false); /* there is nothing to be written to it */
}

static void
pf_close(struct file *fp)
{
	struct pf_file *pf = fp->f_data;

	pf_trans_close(pf);
	free(pf, M_PF, sizeof(*pf));
}

static const struct fileops pf_ops = {
	.name = "pf",
	.ioctl = pf_ioctl,
	.readable = pf_readable,
	.close = pf_close,
};

static int
pf_open(struct file *fp, int flags, struct proc *p)
{
	struct pf_file *pf;
	int error;

	if ((flags & FWRITE) != 0 && (error = suser(p)) != 0)
		return (error);
	if ((pf = malloc(sizeof(*pf), M_PF, M_ZERO)) == NULL)
		return (ENOMEM);
	TAILQ_INIT(&pf->trans);
	pf->writable = (flags & FWRITE) != 0;
	pf->trusted = suser(p) == 0;
	fp->f_ops = &pf_ops;
	fp->f_data = pf;
	return (0);
}

static struct cdev pf_dev = { .name = "pf", .open = pf_open };

void
pf_ioctl_init(void)
{
	cdev_register(&pf_dev);
}
