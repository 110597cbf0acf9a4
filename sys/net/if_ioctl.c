/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What programs ask of interfaces: one row a command, with the right it
 * needs, whether the interface must exist, and who does it.
 *
 * A configuring command for an interface that does not exist yet makes it,
 * if a cloner knows the name; if the command then fails, it goes again.
 */

#include <sys/systm.h>
#include <sys/proc.h>
#include <net/if_bridge.h>
#include <net/if_ioctl.h>
#include <net/if_var.h>
#include <net/rtable.h>

/* --- handlers: ifp exists where the row says so --- */

static int
ioc_create(struct ifnet *ifp, void *data, struct proc *p)
{
	return (if_clone_create(((struct if_req *)data)->name));
}

static int
ioc_destroy(struct ifnet *ifp, void *data, struct proc *p)
{
	return (if_clone_destroy(ifp->if_xname));
}

static int
ioc_setflags(struct ifnet *ifp, void *data, struct proc *p)
{
	uint64_t flags = ((struct if_req *)data)->value;

	if (flags > UINT32_MAX)
		return (EINVAL);
	return (if_setflags(ifp, (uint32_t)flags));
}

static int
ioc_getflags(struct ifnet *ifp, void *data, struct proc *p)
{
	((struct if_req *)data)->value = ifp->if_flags;
	return (0);
}

static int
ioc_setmtu(struct ifnet *ifp, void *data, struct proc *p)
{
	return (if_setmtu(ifp, ((struct if_req *)data)->value));
}

/* A text as a program sent it: ends within its room, printable. */
static bool
text_ok(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return (false);
	return (len < size);
}

static int
ioc_setdescr(struct ifnet *ifp, void *data, struct proc *p)
{
	struct if_req *req = data;

	if (!text_ok(req->text, sizeof(req->text)))
		return (EINVAL);
	strlcpy(ifp->if_description, req->text, sizeof(ifp->if_description));
	return (0);
}

static int
ioc_setlladdr(struct ifnet *ifp, void *data, struct proc *p)
{
	return (if_setlladdr(ifp, ((struct if_req *)data)->lladdr));
}

static int
ioc_setpriority(struct ifnet *ifp, void *data, struct proc *p)
{
	uint64_t prio = ((struct if_req *)data)->value;
	int error;

	if (prio > 15)
		return (EINVAL);
	if (prio == ifp->if_priority)
		return (0);
	if ((error = rt_if_priority(ifp, (uint32_t)prio)) == 0)
		if_tell(IFE_FLAGS, ifp, NULL, NULL); /* which router is best, too */
	return (error);
}

static int
ioc_group(struct ifnet *ifp, struct if_req *req,
    int (*change)(struct ifnet *, const char *))
{
	if (!text_ok(req->text, IFNAMSIZ))
		return (EINVAL);
	return (change(ifp, req->text));
}

static int
ioc_addgroup(struct ifnet *ifp, void *data, struct proc *p)
{
	return (ioc_group(ifp, data, if_addgroup));
}

static int
ioc_delgroup(struct ifnet *ifp, void *data, struct proc *p)
{
	const struct if_req *req = data;

	/* These two say what an interface is; they stay. */
	if (strcmp(req->text, ifp->if_drvname) == 0 ||
	    strcmp(req->text, "all") == 0)
		return (EPERM);
	return (ioc_group(ifp, data, if_delgroup));
}

static int
ioc_addaddr(struct ifnet *ifp, void *data, struct proc *p)
{
	const struct if_addrreq *req = data;
	const struct if_family *fam = if_family(req->af);

	if (fam == NULL || ifp->if_type == IFT_BRIDGE)
		return (EAFNOSUPPORT); /* a bridge has members, no addresses */
	return (req->plen > fam->fam_maxplen ? EINVAL :
					       fam->fam_addr_add(ifp, req, p));
}

static int
ioc_deladdr(struct ifnet *ifp, void *data, struct proc *p)
{
	const struct if_addrreq *req = data;
	const struct if_family *fam = if_family(req->af);

	return (fam == NULL ? EAFNOSUPPORT : fam->fam_addr_del(ifp, req, p));
}

static int
ioc_plug(struct ifnet *ifp, void *data, struct proc *p)
{
	struct if_linkreq *req = data;

	if (!text_ok(req->spec, sizeof(req->spec)))
		return (EINVAL);
	memset(req->why, 0, sizeof(req->why));
	return (if_plug(req->name, req->spec, req->why, sizeof(req->why)));
}

static int
ioc_unplug(struct ifnet *ifp, void *data, struct proc *p)
{
	struct if_linkreq *req = data;

	memset(req->why, 0, sizeof(req->why));
	return (if_unplug(req->name, req->why, sizeof(req->why)));
}

/* Reading a property is everybody's, changing one is not. */
static int
ioc_linkctl(struct ifnet *ifp, void *data, struct proc *p)
{
	struct if_linkctl *lc = data;

	if (!text_ok(lc->key, sizeof(lc->key)) ||
	    !text_ok(lc->value, sizeof(lc->value)))
		return (EINVAL);
	if (lc->value[0] != '\0' && suser(p) != 0)
		return (EPERM);
	return (if_linkctl(lc));
}

/* --- the table --- */

#define ROW_OWNER  1 /* changes something */
#define ROW_EXISTS 2 /* the interface must exist */
#define ROW_MAKES  4 /* or is made first, if a cloner can */

static const struct if_ioc {
	unsigned long cmd;
	int flags;
	int (*run)(struct ifnet *ifp, void *data,
	    struct proc *p); /* NULL: the driver */
} if_iocs[] = {
	/* clang-format off */
	{ SIOCIFCREATE,		ROW_OWNER,				ioc_create },
	{ SIOCIFDESTROY,	ROW_OWNER | ROW_EXISTS,			ioc_destroy },
	{ SIOCSIFFLAGS,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	ioc_setflags },
	{ SIOCGIFFLAGS,		ROW_EXISTS,				ioc_getflags },
	{ SIOCSIFMTU,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	ioc_setmtu },
	{ SIOCSIFDESCR,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	ioc_setdescr },
	{ SIOCSIFLLADDR,	ROW_OWNER | ROW_EXISTS | ROW_MAKES,	ioc_setlladdr },
	{ SIOCSIFPRIORITY,	ROW_OWNER | ROW_EXISTS | ROW_MAKES,	ioc_setpriority },
	{ SIOCAIFGROUP,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	ioc_addgroup },
	{ SIOCDIFGROUP,		ROW_OWNER | ROW_EXISTS,			ioc_delgroup },
	{ SIOCAIFADDR_FG,	ROW_OWNER | ROW_EXISTS | ROW_MAKES,	ioc_addaddr },
	{ SIOCDIFADDR_FG,	ROW_OWNER | ROW_EXISTS,			ioc_deladdr },
	{ SIOCIFPLUG,		ROW_OWNER,				ioc_plug },
	{ SIOCIFUNPLUG,		ROW_OWNER,				ioc_unplug },
	{ SIOCIFLINKCTL,	0,					ioc_linkctl },
	{ SIOCSVLAN,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	NULL },
	{ SIOCGVLAN,		ROW_EXISTS,				NULL },
	{ SIOCBRDGADD,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	NULL },
	{ SIOCBRDGDEL,		ROW_OWNER | ROW_EXISTS,			NULL },
	{ SIOCBRDGADDS,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	NULL },
	{ SIOCBRDGDELS,		ROW_OWNER | ROW_EXISTS,			NULL },
	{ SIOCBRDGGIFFLGS,	ROW_EXISTS,				NULL },
	{ SIOCBRDGSIFFLGS,	ROW_OWNER | ROW_EXISTS,			NULL },
	{ SIOCBRDGSADDR,	ROW_OWNER | ROW_EXISTS,			NULL },
	{ SIOCBRDGDADDR,	ROW_OWNER | ROW_EXISTS,			NULL },
	{ SIOCBRDGFLUSH,	ROW_OWNER | ROW_EXISTS,			NULL },
	{ SIOCBRDGGPARAM,	ROW_EXISTS,				NULL },
	{ SIOCBRDGSMAX,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	NULL },
	{ SIOCBRDGSTO,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	NULL },
	{ SIOCSPAIR,		ROW_OWNER | ROW_EXISTS | ROW_MAKES,	NULL },
	{ SIOCGPAIR,		ROW_EXISTS,				NULL },
	/* clang-format on */
};

static const struct if_ioc *
ioc_find(unsigned long cmd)
{
	for (size_t i = 0; i < nitems(if_iocs); i++)
		if (if_iocs[i].cmd == cmd)
			return (&if_iocs[i]);
	return (NULL);
}

static int
ioc_run(const struct if_ioc *row, struct ifnet *ifp, void *data, struct proc *p)
{
	if (row->run != NULL)
		return (row->run(ifp, data, p));
	return (ifp->if_ioctl != NULL ? ifp->if_ioctl(ifp, row->cmd, data, p) :
					ENOTTY);
}

int
if_ioctl_dispatch(unsigned long cmd, void *data, struct proc *p)
{
	const struct if_ioc *row = ioc_find(cmd);
	const char *name = data; /* all requests begin with it */
	struct ifnet *ifp;
	bool made = false;
	int error;

	ASSERT_TOKEN();
	if (row == NULL)
		return (ENOTTY);
	if ((row->flags & ROW_OWNER) != 0 && (error = suser(p)) != 0)
		return (error);
	if (!text_ok(name, IFNAMSIZ) || name[0] == '\0')
		return (EINVAL);
	ifp = if_unit(name);
	if (ifp == NULL && (row->flags & ROW_MAKES) != 0 &&
	    if_clone_owns(name)) {
		if ((error = if_clone_create(name)) != 0)
			return (error);
		made = true;
		ifp = if_unit(name);
	}
	if (ifp == NULL && (row->flags & ROW_EXISTS) != 0)
		return (ENXIO);
	if ((error = ioc_run(row, ifp, data, p)) != 0 && made)
		if_clone_destroy(name);
	/* A driver that has no such command: the interface is of the wrong kind. */
	return (error == ENOTTY ? EOPNOTSUPP : error);
}
