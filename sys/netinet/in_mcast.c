/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Who listens to which group, where, and to whom in it.
 *
 *  (1)	A group exists while it has members or the node itself listens, or
 *	while its leave is still told.
 *  (2)	A member is in its socket's list and in its group's, or nowhere.
 *  (3)	A member that includes has a source.
 *
 * All sockets of a group together want: if one excludes, all sources but those
 * that every excluding one excludes and no including one includes; else what
 * any of them includes (RFC 3376 3.2).  More sources than a report holds
 * become a wish for all: sockets still get only what each asked for.
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/log.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <net/if_var.h>
#include <netinet/in.h>
#include <netinet/in_mcast.h>
#include <netinet/in_mcast_row.h>
#include <netinet/in_pcb.h>
#include <netinet/ip_var.h>

static RB_HEAD(in_groups, in_group) in_groups = RB_INITIALIZER(in_groups);
uint32_t in_ngroups;
static uint32_t in_njoined; /* of these, by sockets */

bool
in_mcast_up(const struct ifnet *ifp)
{
	return ((ifp->if_flags & IFF_UP) != 0 &&
	    ifp->if_link_state != LINK_STATE_DOWN);
}

/* --- groups --- */

static int
in_group_cmp(const struct in_group *a, const struct in_group *b)
{
	if (a->ig_ifindex != b->ig_ifindex)
		return (a->ig_ifindex < b->ig_ifindex ? -1 : 1);
	if (a->ig_af != b->ig_af)
		return (a->ig_af < b->ig_af ? -1 : 1);
	return (memcmp(&a->ig_addr, &b->ig_addr, sizeof(a->ig_addr)));
}
RB_GENERATE_STATIC(in_groups, in_group, ig_entry, in_group_cmp);

static struct in_group *
in_group_find(uint32_t ifindex, sa_family_t af, const struct ip_addr *a)
{
	struct in_group key;

	key.ig_ifindex = ifindex;
	key.ig_af = af;
	key.ig_addr = *a;
	return (RB_FIND(in_groups, &in_groups, &key));
}

static struct in_group *
in_group_among(struct in_group *ig, uint32_t ifindex, sa_family_t af)
{
	return (ig != NULL && ig->ig_ifindex == ifindex &&
		    (af == AF_UNSPEC || ig->ig_af == af) ?
		ig :
		NULL);
}

struct in_group *
in_group_first(uint32_t ifindex, sa_family_t af)
{
	struct in_group key = { .ig_ifindex = ifindex, .ig_af = af };

	return (
	    in_group_among(RB_NFIND(in_groups, &in_groups, &key), ifindex, af));
}

struct in_group *
in_group_next(struct in_group *ig, sa_family_t af)
{
	return (in_group_among(RB_NEXT(in_groups, &in_groups, ig),
	    ig->ig_ifindex, af));
}

static struct in_group *
in_group_get(const struct ifnet *ifp, sa_family_t af, const struct ip_addr *a)
{
	struct in_group *ig = in_group_find(ifp->if_index, af, a);

	if (ig != NULL)
		return (ig);
	if ((ig = malloc(sizeof(*ig), M_PCB, M_ZERO)) == NULL)
		return (NULL);
	in_ngroups++;
	ig->ig_ifindex = ifp->if_index;
	ig->ig_af = af;
	ig->ig_addr = *a;
	ig->ig_up = in_mcast_up(ifp);
	LIST_INIT(&ig->ig_members);
	RB_INSERT(in_groups, &in_groups, ig);
	return (ig);
}

void
in_group_free(struct in_group *ig)
{
	KASSERT(!in_group_live(ig));
	in_report_forget(ig);
	RB_REMOVE(in_groups, &in_groups, ig);
	in_ngroups--;
	free(ig, M_PCB, sizeof(*ig));
}

/* --- lists of sources --- */

static int
src_index(const struct ip_addr *list, uint32_t n, const struct ip_addr *a)
{
	for (uint32_t i = 0; i < n; i++)
		if (ip_addr_eq(&list[i], a))
			return ((int)i);
	return (-1);
}

static bool
src_add(struct ip_addr *list, uint32_t *n, const struct ip_addr *a)
{
	if (src_index(list, *n, a) >= 0)
		return (true);
	if (*n == IN_MCAST_SOURCES)
		return (false);
	list[(*n)++] = *a;
	return (true);
}

static void
src_del(struct ip_addr *list, uint32_t *n, const struct ip_addr *a)
{
	int i = src_index(list, *n, a);

	if (i >= 0)
		list[i] = list[--*n];
}

/* Does every member that excludes, exclude a, and does none include it? */
static bool
in_all_exclude(const struct in_group *ig, const struct ip_addr *a)
{
	const struct in_member *im;

	LIST_FOREACH(im, &ig->ig_members, im_ofgroup)
		if ((src_index(im->im_src, im->im_nsrc, a) >= 0) !=
		    im->im_exclude)
			return (false);
	return (true);
}

void
in_mcast_filter(const struct in_group *ig, struct in_filter *f)
{
	const struct in_member *im, *ex = NULL;

	f->exclude = ig->ig_node;
	f->n = 0;
	if (ig->ig_node)
		return; /* to everybody in it */
	LIST_FOREACH(im, &ig->ig_members, im_ofgroup)
		if (im->im_exclude)
			ex = im;
	if (ex != NULL) {
		f->exclude = true;
		for (uint32_t i = 0; i < ex->im_nsrc; i++)
			if (in_all_exclude(ig, &ex->im_src[i]))
				(void)src_add(f->src, &f->n, &ex->im_src[i]);
		return;
	}
	LIST_FOREACH(im, &ig->ig_members, im_ofgroup)
		for (uint32_t i = 0; i < im->im_nsrc; i++)
			if (!src_add(f->src, &f->n, &im->im_src[i])) {
				f->exclude = true;
				f->n = 0;
				return;
			}
}

/* --- members --- */

struct in_member *
in_mcast_find(const struct inpcb *inp, uint32_t ifindex, sa_family_t af,
    const struct ip_addr *a)
{
	struct in_member *im;

	LIST_FOREACH(im, &inp->inp_members, im_ofsocket)
		if (im->im_group->ig_ifindex == ifindex &&
		    im->im_group->ig_af == af &&
		    ip_addr_eq(&im->im_group->ig_addr, a))
			return (im);
	return (NULL);
}

static struct in_member *
in_member_new(struct inpcb *inp, const struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a)
{
	const struct in_group *ig = in_group_find(ifp->if_index, af, a);
	bool first = ig == NULL || LIST_EMPTY(&ig->ig_members);
	const struct in_member *one;
	struct in_member *im;
	unsigned int n = 0;

	LIST_FOREACH(one, &inp->inp_members, im_ofsocket)
		n++;
	if (n >= IN_MCAST_GROUPS || (first && in_njoined >= IN_MCAST_ALL) ||
	    (im = malloc(sizeof(*im), M_PCB, M_ZERO)) == NULL)
		return (NULL);
	if ((im->im_group = in_group_get(ifp, af, a)) == NULL) {
		free(im, M_PCB, sizeof(*im));
		return (NULL);
	}
	in_njoined += first;
	im->im_inp = inp;
	LIST_INSERT_HEAD(&inp->inp_members, im, im_ofsocket);
	LIST_INSERT_HEAD(&im->im_group->ig_members, im, im_ofgroup);
	return (im);
}

static void
in_member_free(struct in_member *im)
{
	LIST_REMOVE(im, im_ofsocket);
	LIST_REMOVE(im, im_ofgroup);
	in_njoined -= LIST_EMPTY(&im->im_group->ig_members);
	free(im, M_PCB, sizeof(*im));
}

static void
in_member_end(struct in_member *im)
{
	struct in_group *ig = im->im_group;

	in_member_free(im);
	in_report_change(ig);
}

int
in_mcast_join(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, const struct ip_addr *s)
{
	struct in_member *im = in_mcast_find(inp, ifp->if_index, af, a);

	if (im != NULL && s == NULL)
		return (EADDRINUSE);
	if (im != NULL && im->im_exclude)
		return (EINVAL);
	if (im != NULL && src_index(im->im_src, im->im_nsrc, s) >= 0)
		return (EADDRNOTAVAIL); /* as Linux has it */
	if (im != NULL && im->im_nsrc == IN_MCAST_SOURCES)
		return (ENOBUFS);
	if (im == NULL && (im = in_member_new(inp, ifp, af, a)) == NULL)
		return (ENOBUFS);
	im->im_exclude = s == NULL;
	if (s != NULL)
		(void)src_add(im->im_src, &im->im_nsrc, s);
	in_report_change(im->im_group);
	return (0);
}

int
in_mcast_leave(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, const struct ip_addr *s)
{
	struct in_member *im = in_mcast_find(inp, ifp->if_index, af, a);

	if (im == NULL)
		return (EADDRNOTAVAIL);
	if (s == NULL) {
		in_member_end(im);
		return (0);
	}
	if (im->im_exclude)
		return (EINVAL);
	if (src_index(im->im_src, im->im_nsrc, s) < 0)
		return (EADDRNOTAVAIL);
	src_del(im->im_src, &im->im_nsrc, s);
	if (im->im_nsrc == 0)
		in_member_end(im);
	else
		in_report_change(im->im_group);
	return (0);
}

int
in_mcast_block(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, const struct ip_addr *s, bool on)
{
	struct in_member *im = in_mcast_find(inp, ifp->if_index, af, a);

	if (im == NULL)
		return (EADDRNOTAVAIL);
	if (!im->im_exclude)
		return (EINVAL);
	if ((src_index(im->im_src, im->im_nsrc, s) >= 0) == on)
		return (EADDRNOTAVAIL);
	if (!on)
		src_del(im->im_src, &im->im_nsrc, s);
	else if (!src_add(im->im_src, &im->im_nsrc, s))
		return (ENOBUFS);
	in_report_change(im->im_group);
	return (0);
}

int
in_mcast_set(struct inpcb *inp, struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a, bool exclude, const struct ip_addr *s, uint32_t n)
{
	struct in_member *im = in_mcast_find(inp, ifp->if_index, af, a);

	if (n > IN_MCAST_SOURCES)
		return (ENOBUFS);
	if (!exclude && n == 0) {
		if (im != NULL)
			in_member_end(im);
		return (0);
	}
	if (im == NULL && (im = in_member_new(inp, ifp, af, a)) == NULL)
		return (ENOBUFS);
	im->im_exclude = exclude;
	im->im_nsrc = 0;
	for (uint32_t i = 0; i < n; i++)
		(void)src_add(im->im_src, &im->im_nsrc, &s[i]);
	in_report_change(im->im_group);
	return (0);
}

void
in_mcast_detach(struct inpcb *inp)
{
	struct in_member *im;

	while ((im = LIST_FIRST(&inp->inp_members)) != NULL)
		in_member_end(im);
}

/* --- the node itself --- */

void
in_mcast_node(const struct ifnet *ifp, sa_family_t af, const struct ip_addr *a,
    bool on)
{
	struct in_group *ig = on ? in_group_get(ifp, af, a) :
				   in_group_find(ifp->if_index, af, a);
	char buf[46];

	if (ig == NULL && on)
		log(LOG_WARNING, "%s: no room to tell of group %s",
		    ifp->if_xname, ip_ntop(af, a, buf));
	if (ig == NULL || ig->ig_node == on)
		return;
	ig->ig_node = on;
	in_report_change(ig);
}

void
in_mcast_again(const struct ifnet *ifp, sa_family_t af)
{
	struct in_group *ig = in_group_first(ifp->if_index, af);

	for (; ig != NULL; ig = in_group_next(ig, af))
		if (in_group_live(ig))
			in_report_change(ig);
}

/* --- packets --- */

bool
in_mcast_joined(const struct ifnet *ifp, sa_family_t af,
    const struct ip_addr *a)
{
	const struct in_group *ig = in_group_find(ifp->if_index, af, a);

	return (ig != NULL && in_group_live(ig));
}

bool
in_mcast_wanted(const struct inpcb *inp, const struct ip_input_ctx *ctx)
{
	const struct in_member *im;

	if (!ip_isgroup(ctx->af, &ctx->dst))
		return (true); /* a broadcast */
	im = in_mcast_find(inp, ctx->ifp->if_index, ctx->af, &ctx->dst);
	if (im == NULL)
		return ((inp->inp_flags & INP_NOMCASTALL) == 0);
	return ((src_index(im->im_src, im->im_nsrc, &ctx->src) >= 0) !=
	    im->im_exclude);
}

/* --- interfaces --- */

static void
in_mcast_gone(const struct ifnet *ifp)
{
	struct in_group *ig;
	struct in_member *im;

	while ((ig = in_group_first(ifp->if_index, AF_UNSPEC)) != NULL) {
		while ((im = LIST_FIRST(&ig->ig_members)) != NULL)
			in_member_free(im);
		ig->ig_node = false;
		in_group_free(ig);
	}
	in_report_gone(ifp->if_index);
}

/* A link that came back may have another router at its end. */
static void
in_mcast_link(const struct ifnet *ifp)
{
	struct in_group *ig = in_group_first(ifp->if_index, AF_UNSPEC);
	bool up = in_mcast_up(ifp);

	for (; ig != NULL; ig = in_group_next(ig, AF_UNSPEC)) {
		if (ig->ig_up == up)
			continue;
		ig->ig_up = up;
		if (up && in_group_live(ig))
			in_report_change(ig);
	}
}

static void
in_mcast_event(void *arg, enum if_event ev, struct ifnet *ifp,
    struct ifaddr *ifa, const char *group)
{
	if (ev == IFE_DEPARTURE)
		in_mcast_gone(ifp);
	else if (ev == IFE_LINK || ev == IFE_FLAGS)
		in_mcast_link(ifp);
}

/* --- sysctl net.inet.groups --- */

static int
in_group_out(struct sysctl_req *req, const struct in_group *ig)
{
	const struct ifnet *ifp = if_get(ig->ig_ifindex);
	const struct in_member *im;
	struct in_group_row row;
	struct in_filter f;
	int error;

	if (!in_group_live(ig) || ifp == NULL)
		return (0);
	in_mcast_filter(ig, &f);
	memset(&row, 0, sizeof(row));
	strlcpy(row.ifname, ifp->if_xname, sizeof(row.ifname));
	row.group = ig->ig_addr;
	row.af = ig->ig_af;
	row.exclude = f.exclude;
	row.node = ig->ig_node;
	row.told = in_report_told(ig);
	row.version = in_report_version(ig->ig_ifindex, ig->ig_af);
	LIST_FOREACH(im, &ig->ig_members, im_ofgroup)
		row.sockets++;
	row.nsrc = f.n;
	if ((error = sysctl_out(req, &row, sizeof(row))) == 0 && f.n != 0)
		error = sysctl_out(req, f.src, f.n * sizeof(f.src[0]));
	return (error);
}

static int
in_mcast_sysctl(struct sysctl_req *req)
{
	struct in_group *ig;
	int error;

	if (req->new != NULL)
		return (EPERM);
	RB_FOREACH(ig, in_groups, &in_groups)
		if ((error = in_group_out(req, ig)) != 0)
			return (error);
	return (0);
}

static const struct sysctl_row in_mcast_sysctls[] = {
	{ .name = "net.inet.groups",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_HIDDEN,
	    .handler = in_mcast_sysctl,
	    .text = "groups listened to, struct in_group_row and its sources" },
};
static struct sysctl_table in_mcast_sysctl_table = { .rows = in_mcast_sysctls,
	.nrows = nitems(in_mcast_sysctls) };

void
in_mcast_init(void)
{
	static struct if_observer ob = { .event = in_mcast_event };

	if_observe(&ob);
	sysctl_register(&in_mcast_sysctl_table);
	in_report_init();
	igmp_init();
}
