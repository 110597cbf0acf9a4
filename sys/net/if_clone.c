/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Cloners: interfaces that exist because somebody asked for them.
 *
 * A name is a cloner's name and a number without leading zeros: "vlan7".
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <net/bpf.h>
#include <net/if_var.h>

struct if_clone_list if_cloners = TAILQ_HEAD_INITIALIZER(if_cloners);

void
if_clone_attach(struct if_clone *ifc)
{
	TAILQ_INSERT_TAIL(&if_cloners, ifc, ifc_entry);
}

static void
clone_free(struct ifnet *ifp)
{
	free(ifp->if_softc, M_IFNET, ifp->if_softclen);
}

void *
if_clone_alloc(const struct if_clone *ifc, unsigned int unit,
    unsigned long size, enum if_type type)
{
	char name[IFNAMSIZ];
	struct ifnet *ifp;

	KASSERT(size >= sizeof(*ifp));
	if ((ifp = malloc(size, M_IFNET, M_ZERO)) == NULL)
		return (NULL);
	snprintf(name, sizeof(name), "%s%u", ifc->ifc_name, unit);
	if_init(ifp, name, type);
	ifp->if_softc = ifp;
	ifp->if_softclen = size;
	ifp->if_free = clone_free;
	return (ifp);
}

int
if_clone_finish(struct ifnet *ifp, int error)
{
	if (error == 0 && (error = if_attach(ifp)) == 0)
		return (0);
	bpf_detach(ifp);
	if_put(ifp);
	return (error);
}

/* The cloner of a name, and its number.  NULL: no such cloner, or a bad number. */
static struct if_clone *
clone_find(const char *name, unsigned int *unit)
{
	struct if_clone *ifc;
	size_t len;
	int64_t n;

	TAILQ_FOREACH(ifc, &if_cloners, ifc_entry) {
		len = strlen(ifc->ifc_name);
		if (strncmp(name, ifc->ifc_name, len) != 0 || name[len] < '0' ||
		    name[len] > '9')
			continue;
		if (name[len] == '0' && name[len + 1] != '\0')
			return (NULL);
		if (strtonum(name + len, 0, INT32_MAX, &n) != 0)
			return (NULL);
		*unit = (unsigned int)n;
		return (ifc);
	}
	return (NULL);
}

bool
if_clone_owns(const char *name)
{
	unsigned int unit;

	return (clone_find(name, &unit) != NULL);
}

int
if_clone_create(const char *name)
{
	struct if_clone *ifc;
	unsigned int unit;

	ASSERT_TOKEN();
	if (strnlen(name, IFNAMSIZ) == IFNAMSIZ ||
	    (ifc = clone_find(name, &unit)) == NULL)
		return (EINVAL);
	if (if_unit(name) != NULL)
		return (EEXIST);
	return (ifc->ifc_create(ifc, unit));
}

int
if_clone_destroy(const char *name)
{
	struct if_clone *ifc;
	struct ifnet *ifp;
	unsigned int unit;

	ASSERT_TOKEN();
	if ((ifp = if_unit(name)) == NULL)
		return (ENXIO);
	if ((ifc = clone_find(name, &unit)) == NULL || ifp->if_linkspec != NULL)
		return (EOPNOTSUPP);
	return (ifc->ifc_destroy(ifp));
}
