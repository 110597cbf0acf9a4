/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Name servers and search domains that routers tell of (RFC 8106).
 *
 * The kernel asks nobody for names; it remembers, for each interface that
 * listens, what was said and how long it holds, and gives it to programs by
 * net.inet6.nd6.resolvers.  What has expired is gone when somebody looks.
 *
 * A whole option is judged before any of it is taken.  Of domains only what
 * can be a host name comes in: programs write them into files.  There are at
 * most ND6_DNS_MAX servers and as many domains; the one that would end first
 * makes room (RFC 8106 5.3.1).
 */

#include <sys/types.h>
#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <net/if_var.h>
#include <netinet6/ip6_var.h>
#include <netinet6/nd6_host.h>
#include <netinet6/nd6_row.h>

#define DNS_HEAD    8    /* type, length, reserved, lifetime */
#define DNS_OPT_MAX 1024 /* of domains: longer ones are refused */

struct nd6_dns {
	TAILQ_ENTRY(nd6_dns) nn_entry;       /* in order of arrival */
	struct ip_addr nn_router, nn_server; /* server zero: a domain */
	uint64_t nn_until_us;
	char nn_domain[ND6_DOMAIN_MAX];
};

static void
dns_end(struct nd6_host *ho, struct nd6_dns *d)
{
	TAILQ_REMOVE(&ho->ho_dns, d, nn_entry);
	free(d, M_IFADDR, sizeof(*d));
}

void
nd6_dns_flush(struct nd6_host *ho)
{
	struct nd6_dns *d;

	while ((d = TAILQ_FIRST(&ho->ho_dns)) != NULL)
		dns_end(ho, d);
}

/* Servers, or domains: their number, and the one that ends first. */
static unsigned int
dns_count(const struct nd6_host *ho, bool domains, struct nd6_dns **first)
{
	struct nd6_dns *d;
	unsigned int n = 0;

	*first = NULL;
	TAILQ_FOREACH(d, &ho->ho_dns, nn_entry) {
		if ((d->nn_domain[0] != '\0') != domains)
			continue;
		n++;
		if (*first == NULL || d->nn_until_us < (*first)->nn_until_us)
			*first = d;
	}
	return (n);
}

/* A server, or with domain not empty that. */
static void
dns_set(struct nd6_host *ho, const struct ip_addr *router,
    const struct ip_addr *server, const char *domain, uint32_t lifetime,
    uint64_t now)
{
	struct nd6_dns *d, *first;

	TAILQ_FOREACH(d, &ho->ho_dns, nn_entry)
		if (ip_addr_eq(&d->nn_router, router) &&
		    ip_addr_eq(&d->nn_server, server) &&
		    strcmp(d->nn_domain, domain) == 0)
			break;
	if (lifetime == 0) {
		if (d != NULL)
			dns_end(ho, d);
		return;
	}
	if (d == NULL) {
		if (dns_count(ho, domain[0] != '\0', &first) >= ND6_DNS_MAX)
			dns_end(ho, first);
		if ((d = malloc(sizeof(*d), M_IFADDR, M_ZERO)) == NULL) {
			nd6stat_inc(ND6S_NOMEM);
			return;
		}
		d->nn_router = *router;
		d->nn_server = *server;
		strlcpy(d->nn_domain, domain, sizeof(d->nn_domain));
		TAILQ_INSERT_TAIL(&ho->ho_dns, d, nn_entry);
	}
	d->nn_until_us = nd6_until(lifetime, now);
}

/* --- options --- */

/* RFC 8106 5.1: addresses of 16 bytes; one that no server has spoils all. */
static bool
dns_servers_judge(const struct mbuf *m, uint32_t off, uint32_t len)
{
	struct ip_addr a;

	if (len < DNS_HEAD + 16 || (len - DNS_HEAD) % 16 != 0)
		return (false);
	for (uint32_t at = DNS_HEAD; at < len; at += 16)
		if (m_copydata(m, off + at, 16, &a) != 0 ||
		    ip_addr_iszero(&a) || in6_ismulticast(&a) ||
		    in6_isloopback(&a) || in6_isv4mapped(&a))
			return (false);
	return (true);
}

static bool
dns_char(uint8_t c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_');
}

/*
 * The name at *at of b, RFC 1035 3.1 without pointers, as text.  0, or EINVAL;
 * padding behind the last name is an empty one.
 */
static int
dns_name(const uint8_t *b, uint32_t len, uint32_t *at,
    char domain[ND6_DOMAIN_MAX])
{
	uint32_t n = 0, label;

	domain[0] = '\0';
	while (*at < len && (label = b[(*at)++]) != 0) {
		if (label > 63 || label > len - *at ||
		    n + label + 2 > ND6_DOMAIN_MAX)
			return (EINVAL);
		if (n != 0)
			domain[n++] = '.';
		for (; label > 0; label--) {
			if (!dns_char(b[*at]))
				return (EINVAL);
			domain[n++] = (char)b[(*at)++];
		}
		domain[n] = '\0';
	}
	/* the last byte that was read ends it */
	return (*at > 0 && b[*at - 1] == 0 ? 0 : EINVAL);
}

static bool
dns_search_judge(const uint8_t *b, uint32_t len)
{
	char domain[ND6_DOMAIN_MAX];
	uint32_t at = 0;
	unsigned int n = 0;

	while (at < len) {
		if (dns_name(b, len, &at, domain) != 0)
			return (false);
		n += domain[0] != '\0';
	}
	return (n != 0);
}

bool
nd6_dns_servers(struct nd6_host *ho, const struct ip_addr *router,
    const struct mbuf *m, uint32_t off, uint32_t len, uint64_t now)
{
	struct ip_addr server;
	uint8_t life[4];

	if (!dns_servers_judge(m, off, len) ||
	    m_copydata(m, off + 4, sizeof(life), life) != 0)
		return (false);
	for (uint32_t at = DNS_HEAD; at < len; at += 16) {
		(void)m_copydata(m, off + at, 16, &server);
		dns_set(ho, router, &server, "", be32dec(life), now);
	}
	return (true);
}

bool
nd6_dns_search(struct nd6_host *ho, const struct ip_addr *router,
    const struct mbuf *m, uint32_t off, uint32_t len, uint64_t now)
{
	uint8_t b[DNS_OPT_MAX];
	char domain[ND6_DOMAIN_MAX];
	uint32_t at = DNS_HEAD;

	if (len < DNS_HEAD + 8 || len > sizeof(b) ||
	    m_copydata(m, off, len, b) != 0 ||
	    !dns_search_judge(b + DNS_HEAD, len - DNS_HEAD))
		return (false);
	while (at < len && dns_name(b, len, &at, domain) == 0)
		if (domain[0] != '\0')
			dns_set(ho, router, &in6addr_any, domain,
			    be32dec(b + 4), now);
	return (true);
}

/* --- net.inet6.nd6.resolvers --- */

static int
dns_show(struct nd6_host *ho, struct sysctl_req *req)
{
	struct nd6_dns *d, *next;
	struct nd6_dns_row row;
	uint64_t now = uptime_us();
	int error = 0;

	TAILQ_FOREACH_SAFE(d, &ho->ho_dns, nn_entry, next) {
		if (d->nn_until_us <= now) {
			dns_end(ho, d);
			continue;
		}
		memset(&row, 0, sizeof(row));
		row.router = d->nn_router;
		row.server = d->nn_server;
		strlcpy(row.ifname, ho->ho_ifp->if_xname, sizeof(row.ifname));
		strlcpy(row.domain, d->nn_domain, sizeof(row.domain));
		row.expire_s = nd6_left(d->nn_until_us, now);
		if ((error = sysctl_out(req, &row, sizeof(row))) != 0)
			break;
	}
	return (error);
}

int
nd6_dns_sysctl(struct sysctl_req *req)
{
	const struct ifnet *ifp;
	int error = 0;

	TAILQ_FOREACH(ifp, &ifnet, if_list)
		if (error == 0 && nd6_host(ifp) != NULL)
			error = dns_show(nd6_host(ifp), req);
	return (error);
}
