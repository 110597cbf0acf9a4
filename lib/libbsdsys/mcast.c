/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * RFC 3678's four functions about the sources of a group.  The C library's own
 * go past the names of this library to the host; these are the socket options
 * MCAST_MSFILTER and IP_MSFILTER, for sockets of the machine and of the host.
 */

#include <netinet/in.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bsdsys.h"
#include "call.h"

#define SOURCES_MAX 4096 /* more than any kernel takes */

static int
group_level(const struct sockaddr *group, socklen_t len)
{
	if (len >= sizeof(struct sockaddr_in) && group->sa_family == AF_INET)
		return (IPPROTO_IP);
	if (len >= sizeof(struct sockaddr_in6) && group->sa_family == AF_INET6)
		return (IPPROTO_IPV6);
	errno = EINVAL;
	return (-1);
}

/* A filter with room for n sources, which the caller frees.  NULL: errno. */
static struct group_filter *
filter_new(uint32_t ifindex, const struct sockaddr *group, socklen_t len, uint32_t n)
{
	struct group_filter *gf;

	if (len > sizeof(gf->gf_group) || n > SOURCES_MAX) {
		errno = len > sizeof(gf->gf_group) ? EINVAL : ENOBUFS;
		return (NULL);
	}
	if ((gf = calloc(1, GROUP_FILTER_SIZE(n) + sizeof(gf->gf_slist[0]))) == NULL)
		return (NULL);
	gf->gf_interface = ifindex;
	memcpy(&gf->gf_group, group, len);
	gf->gf_numsrc = n;
	return (gf);
}

static struct ip_msfilter *
filter4_new(struct in_addr iface, struct in_addr group, uint32_t n)
{
	struct ip_msfilter *mf;

	if (n > SOURCES_MAX) {
		errno = ENOBUFS;
		return (NULL);
	}
	if ((mf = calloc(1, IP_MSFILTER_SIZE(n) + sizeof(mf->imsf_slist[0]))) == NULL)
		return (NULL);
	mf->imsf_multiaddr = group;
	mf->imsf_interface = iface;
	mf->imsf_numsrc = n;
	return (mf);
}

int
setsourcefilter(int fd, uint32_t ifindex, const struct sockaddr *group, socklen_t len, uint32_t mode, uint32_t n,
    const struct sockaddr_storage *src)
{
	int level = group_level(group, len), r;
	struct group_filter *gf;

	if (level == -1 || (gf = filter_new(ifindex, group, len, n)) == NULL)
		return (-1);
	gf->gf_fmode = mode;
	if (n != 0)
		memcpy(gf->gf_slist, src, n * sizeof(*src));
	r = setsockopt(fd, level, MCAST_MSFILTER, gf, (socklen_t)GROUP_FILTER_SIZE(n));
	free(gf);
	return (r);
}

int
getsourcefilter(int fd, uint32_t ifindex, const struct sockaddr *group, socklen_t len, uint32_t *mode, uint32_t *n,
    struct sockaddr_storage *src)
{
	uint32_t room = *n < SOURCES_MAX ? *n : SOURCES_MAX;
	socklen_t size = (socklen_t)GROUP_FILTER_SIZE(room);
	int level = group_level(group, len), r;
	struct group_filter *gf;

	if (level == -1 || (gf = filter_new(ifindex, group, len, room)) == NULL)
		return (-1);
	if ((r = getsockopt(fd, level, MCAST_MSFILTER, gf, &size)) == 0) {
		*mode = gf->gf_fmode;
		*n = gf->gf_numsrc;
		if (room > gf->gf_numsrc)
			room = gf->gf_numsrc;
		if (room != 0)
			memcpy(src, gf->gf_slist, room * sizeof(*src));
	}
	free(gf);
	return (r);
}

int
setipv4sourcefilter(int fd, struct in_addr iface, struct in_addr group, uint32_t mode, uint32_t n, const struct in_addr *src)
{
	struct ip_msfilter *mf = filter4_new(iface, group, n);
	int r;

	if (mf == NULL)
		return (-1);
	mf->imsf_fmode = mode;
	if (n != 0)
		memcpy(mf->imsf_slist, src, n * sizeof(*src));
	r = setsockopt(fd, IPPROTO_IP, IP_MSFILTER, mf, (socklen_t)IP_MSFILTER_SIZE(n));
	free(mf);
	return (r);
}

int
getipv4sourcefilter(int fd, struct in_addr iface, struct in_addr group, uint32_t *mode, uint32_t *n, struct in_addr *src)
{
	uint32_t room = *n < SOURCES_MAX ? *n : SOURCES_MAX;
	struct ip_msfilter *mf = filter4_new(iface, group, room);
	socklen_t size = (socklen_t)IP_MSFILTER_SIZE(room);
	int r;

	if (mf == NULL)
		return (-1);
	if ((r = getsockopt(fd, IPPROTO_IP, IP_MSFILTER, mf, &size)) == 0) {
		*mode = mf->imsf_fmode;
		*n = mf->imsf_numsrc;
		if (room > mf->imsf_numsrc)
			room = mf->imsf_numsrc;
		if (room != 0)
			memcpy(src, mf->imsf_slist, room * sizeof(*src));
	}
	free(mf);
	return (r);
}
