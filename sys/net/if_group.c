/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Groups of interfaces.
 *
 * Each interface is in the group of its driver's name and in "all"; others
 * are made and left by programs.  "egress" is kept here: the interfaces that
 * have a default route, of either family.  Its membership lies inside struct
 * ifnet, so that a route change cannot fail for lack of memory.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/if_var.h>

struct ifgroup_list ifgroups = TAILQ_HEAD_INITIALIZER(ifgroups);
static struct ifgroup egress = { .ifg_name = "egress" };

static struct ifgroup_member *
group_member(const struct ifnet *ifp, const char *group)
{
	struct ifgroup_member *gm;

	TAILQ_FOREACH(gm, &ifp->if_groups, ifgm_entry)
		if (strcmp(gm->ifgm_group->ifg_name, group) == 0)
			return (gm);
	return (NULL);
}

bool
if_ingroup(const struct ifnet *ifp, const char *group)
{
	return (group_member(ifp, group) != NULL);
}

static struct ifgroup *
group_find(const char *name)
{
	struct ifgroup *g;

	TAILQ_FOREACH(g, &ifgroups, ifg_entry)
		if (strcmp(g->ifg_name, name) == 0)
			return (g);
	return (NULL);
}

/* A group's name ends in no digit: it could be an interface's. */
static bool
group_name_ok(const char *name)
{
	size_t len = strnlen(name, IFNAMSIZ);

	if (len == 0 || len == IFNAMSIZ ||
	    (name[len - 1] >= '0' && name[len - 1] <= '9'))
		return (false);
	for (; *name != '\0'; name++)
		if (*name <= ' ' || *name > '~')
			return (false);
	return (true);
}

static void
member_link(struct ifnet *ifp, struct ifgroup_member *gm, struct ifgroup *g)
{
	gm->ifgm_group = g;
	TAILQ_INSERT_TAIL(&ifp->if_groups, gm, ifgm_entry);
	g->ifg_members++;
	if_tell(IFE_GROUP_ADD, ifp, NULL, g->ifg_name);
}

static void
member_unlink(struct ifnet *ifp, struct ifgroup_member *gm)
{
	struct ifgroup *g = gm->ifgm_group;

	TAILQ_REMOVE(&ifp->if_groups, gm, ifgm_entry);
	g->ifg_members--;
	if_tell(IFE_GROUP_DEL, ifp, NULL, g->ifg_name);
	if (g->ifg_members > 0)
		return;
	TAILQ_REMOVE(&ifgroups, g, ifg_entry);
	if (g != &egress)
		free(g, M_IFNET, sizeof(*g));
}

int
if_addgroup(struct ifnet *ifp, const char *group)
{
	struct ifgroup *g, *fresh = NULL;
	struct ifgroup_member *gm;

	ASSERT_TOKEN();
	if (!group_name_ok(group) || strcmp(group, egress.ifg_name) == 0)
		return (EINVAL);
	if (group_member(ifp, group) != NULL)
		return (EEXIST);
	if ((gm = malloc(sizeof(*gm), M_IFNET, M_ZERO)) == NULL)
		return (ENOMEM);
	if ((g = group_find(group)) == NULL) {
		if ((g = fresh = malloc(sizeof(*g), M_IFNET, M_ZERO)) == NULL) {
			free(gm, M_IFNET, sizeof(*gm));
			return (ENOMEM);
		}
		strlcpy(g->ifg_name, group, sizeof(g->ifg_name));
	}
	if (fresh != NULL)
		TAILQ_INSERT_TAIL(&ifgroups, g, ifg_entry);
	member_link(ifp, gm, g);
	return (0);
}

int
if_delgroup(struct ifnet *ifp, const char *group)
{
	struct ifgroup_member *gm;

	ASSERT_TOKEN();
	if ((gm = group_member(ifp, group)) == NULL)
		return (ENOENT);
	if (gm == &ifp->if_egress)
		return (EPERM);
	member_unlink(ifp, gm);
	free(gm, M_IFNET, sizeof(*gm));
	return (0);
}

void
if_egress_count(struct ifnet *ifp, int delta)
{
	ASSERT_TOKEN();
	KASSERT(delta == 1 || (delta == -1 && ifp->if_defroutes > 0));
	if (delta == 1 && ifp->if_defroutes++ == 0) {
		if (egress.ifg_members == 0)
			TAILQ_INSERT_TAIL(&ifgroups, &egress, ifg_entry);
		member_link(ifp, &ifp->if_egress, &egress);
	}
	if (delta == -1 && --ifp->if_defroutes == 0)
		member_unlink(ifp, &ifp->if_egress);
}
