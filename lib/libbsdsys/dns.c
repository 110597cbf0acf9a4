/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * A stub resolver on the machine's sockets (RFC 1035, 7; RFC 1123, 6.1).
 *
 * One question at a time to each server in turn, by UDP from a port and with
 * a number that nobody can guess, by TCP when the answer was cut.  An answer
 * counts when it has the number and the question that was asked.
 */

#include <sys/random.h>
#include <sys/socket.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <netinet6/nd6_row.h>

#include "bsdsys.h"
#include "call.h"
#include "resolve.h"

#define TYPE_A     1
#define TYPE_CNAME 5
#define TYPE_PTR   12
#define TYPE_AAAA  28
#define ANSWER_MAX 65535
#define NAME_MAX_  256
#define SERVERS    3
#define DOMAINS    6

struct conf {
	struct sockaddr_storage server[SERVERS];
	int nservers, timeout_s, attempts, ndots;
	char domain[DOMAINS][NAME_MAX_];
	int ndomains;
};

struct question {
	uint8_t b[512];
	size_t len;
	int type;
};

struct answer {
	uint8_t b[ANSWER_MAX];
	size_t len;
};

/* --- resolv.conf, and what routers say --- */

static void
server_add(struct conf *c, const char *text)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM }, *ai;

	if (c->nservers == SERVERS || getaddrinfo(text, "53", &hints, &ai) != 0)
		return;
	memcpy(&c->server[c->nservers++], ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
}

static void
option_set(struct conf *c, const char *word)
{
	int v = strchr(word, ':') != NULL ? atoi(strchr(word, ':') + 1) : 0;

	if (strncmp(word, "timeout:", 8) == 0 && v > 0)
		c->timeout_s = v < 30 ? v : 30;
	else if (strncmp(word, "attempts:", 9) == 0 && v > 0)
		c->attempts = v < 5 ? v : 5;
	else if (strncmp(word, "ndots:", 6) == 0 && v >= 0)
		c->ndots = v < 15 ? v : 15;
}

static void
line_read(struct conf *c, char *line)
{
	char *rest = line, *key = strsep(&rest, " \t"), *word;
	bool search = strcmp(key, "search") == 0 || strcmp(key, "domain") == 0;

	if (search)
		c->ndomains = 0; /* the last one counts */
	while (rest != NULL && (word = strsep(&rest, " \t")) != NULL) {
		if (*word == '\0')
			continue;
		if (strcmp(key, "nameserver") == 0)
			server_add(c, word);
		else if (strcmp(key, "options") == 0)
			option_set(c, word);
		else if (search && c->ndomains < DOMAINS && strlen(word) < NAME_MAX_)
			strcpy(c->domain[c->ndomains++], word);
	}
}

static void
file_read(struct conf *c)
{
	char path[4200], line[1024];
	FILE *f;

	if (!machine_file("/etc/resolv.conf", path, sizeof(path)) || (f = native.fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#;\r\n")] = '\0';
		line_read(c, line);
	}
	fclose(f);
}

/* A server that a router told of; of the link, when it is a link-local one. */
static void
server_learned(struct conf *c, const struct nd6_dns_row *row)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&c->server[c->nservers];

	if (c->nservers == SERVERS)
		return;
	memset(sin6, 0, sizeof(*sin6));
	sin6->sin6_family = AF_INET6;
	sin6->sin6_port = htons(53);
	memcpy(&sin6->sin6_addr, row->server.b, sizeof(sin6->sin6_addr));
	if (IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
		sin6->sin6_scope_id = if_nametoindex(row->ifname);
	c->nservers++;
}

/* What routers told of (RFC 8106), where the file says nothing. */
static void
learned_read(struct conf *c)
{
	bool domains = c->ndomains == 0;
	struct nd6_dns_row *row;
	size_t len = 0;

	if (c->nservers != 0 || (row = bsd_sysctl_alloc("net.inet6.nd6.resolvers", &len)) == NULL)
		return;
	for (size_t i = 0; i < len / sizeof(*row); i++)
		if (row[i].domain[0] == '\0')
			server_learned(c, &row[i]);
		else if (domains && c->ndomains < DOMAINS)
			snprintf(c->domain[c->ndomains++], NAME_MAX_, "%.*s", NAME_MAX_ - 1, row[i].domain);
	free(row);
}

static bool
conf_read(struct conf *c)
{
	*c = (struct conf){ .timeout_s = 5, .attempts = 2, .ndots = 1 };
	file_read(c);
	learned_read(c);
	return (c->nservers > 0);
}

/* --- messages --- */

static unsigned int
get16(const uint8_t *p)
{
	return ((unsigned int)p[0] << 8 | p[1]);
}

/* A name from at on, following pointers backwards.  Where it ends, 0 bad. */
static size_t
name_read(const struct answer *a, size_t at, char *name)
{
	size_t end = 0, out = 0, before = at;
	unsigned int len;

	for (;;) {
		if (at >= a->len)
			return (0);
		len = a->b[at++];
		if (len == 0)
			break;
		if ((len & 0xc0) == 0xc0) {
			if (at >= a->len)
				return (0);
			len = (len & 0x3f) << 8 | a->b[at++];
			if (end == 0)
				end = at;
			if (len >= before)
				return (0);
			before = at = len;
			continue;
		}
		if (len > 63 || at + len > a->len || out + len + 2 > NAME_MAX_ || memchr(a->b + at, '\0', len) != NULL)
			return (0);
		memcpy(name + out, a->b + at, len);
		out += len;
		name[out++] = '.';
		at += len;
	}
	name[out > 0 ? out - 1 : 0] = '\0';
	return (end != 0 ? end : at);
}

static bool
question_make(struct question *q, const char *name, int type)
{
	size_t len, at = 12;

	memset(q, 0, sizeof(*q));
	q->type = type;
	if (getrandom(q->b, 2, 0) != 2)
		return (false);
	q->b[2] = 1; /* recursion is wanted */
	q->b[5] = 1; /* one question */
	for (; *name != '\0'; name += name[len] == '.' ? len + 1 : len) {
		len = strcspn(name, ".");
		if (len == 0 || len > 63 || at + len + 6 > 12 + 255)
			return (false);
		q->b[at++] = (uint8_t)len;
		memcpy(q->b + at, name, len);
		at += len;
	}
	q->b[at + 2] = (uint8_t)type;
	q->b[at + 4] = 1;
	q->len = at + 5;
	return (true);
}

/* Is it the answer to what was asked? */
static bool
answer_fits(const struct answer *a, const struct question *q)
{
	if (a->len < q->len || memcmp(a->b, q->b, 2) != 0 || (a->b[2] & 0x80) == 0 || get16(a->b + 4) != 1)
		return (false);
	for (size_t i = 12; i < q->len; i++)
		if ((a->b[i] | 0x20) != (q->b[i] | 0x20))
			return (false);
	return (true);
}

/* The records of the wanted type, along aliases; each(data, len, at, arg). */
static int
answer_walk(const struct answer *a, const struct question *q, struct found *f, void (*each)(const struct answer *a, size_t at, size_t len, void *arg), void *arg)
{
	char want[NAME_MAX_], name[NAME_MAX_];
	unsigned int type, len;
	size_t at = q->len;
	int n = 0;

	if (name_read(a, 12, want) == 0)
		return (0);
	for (unsigned int left = get16(a->b + 6); left > 0; left--) {
		if ((at = name_read(a, at, name)) == 0 || at + 10 > a->len)
			break;
		type = get16(a->b + at);
		len = get16(a->b + at + 8);
		at += 10;
		if (at + len > a->len)
			break;
		if (strcasecmp(name, want) == 0 && type == TYPE_CNAME) {
			if (name_read(a, at, want) == 0)
				break;
		} else if (strcasecmp(name, want) == 0 && type == (unsigned int)q->type) {
			each(a, at, len, arg);
			n++;
		}
		at += len;
	}
	if (f != NULL && n > 0)
		strcpy(f->canon, want);
	return (n);
}

/* --- asking --- */

static socklen_t
server_len(const struct sockaddr_storage *ss)
{
	return (ss->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static bool
ready_by(int fd, short events, int64_t end)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = end - now_ms();

	return (left > 0 && poll(&p, 1, (int)left) == 1);
}

static bool
ask_udp(const struct sockaddr_storage *ss, const struct question *q, struct answer *a, int64_t end)
{
	int fd = socket(ss->ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool fits = false;
	ssize_t n;

	if (fd == -1)
		return (false);
	if (connect(fd, (const struct sockaddr *)ss, server_len(ss)) == 0 && send(fd, q->b, q->len, 0) == (ssize_t)q->len)
		while (!fits && ready_by(fd, POLLIN, end)) {
			if ((n = recv(fd, a->b, sizeof(a->b), 0)) == -1)
				break; /* refused, most likely */
			a->len = (size_t)n;
			fits = answer_fits(a, q);
		}
	close(fd);
	return (fits);
}

static bool
bytes_recv(int fd, uint8_t *buf, size_t len, int64_t end)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		if (!ready_by(fd, POLLIN, end) || (n = recv(fd, buf + got, len - got, 0)) <= 0)
			return (false);
		got += (size_t)n;
	}
	return (true);
}

static bool
ask_tcp(const struct sockaddr_storage *ss, const struct question *q, struct answer *a, int64_t end)
{
	int fd = socket(ss->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uint8_t msg[sizeof(q->b) + 2] = { (uint8_t)(q->len >> 8), (uint8_t)q->len };
	bool good;

	if (fd == -1)
		return (false);
	memcpy(msg + 2, q->b, q->len);
	good = (connect(fd, (const struct sockaddr *)ss, server_len(ss)) == 0 || errno == EINPROGRESS) &&
	    ready_by(fd, POLLOUT, end) && send(fd, msg, q->len + 2, MSG_NOSIGNAL) == (ssize_t)q->len + 2 &&
	    bytes_recv(fd, msg, 2, end);
	if (good) {
		a->len = get16(msg);
		good = bytes_recv(fd, a->b, a->len, end) && answer_fits(a, q);
	}
	close(fd);
	return (good);
}

/* 0 with the answer; EAI_NONAME, EAI_FAIL, EAI_AGAIN. */
static int
ask(const struct conf *c, const struct question *q, struct answer *a)
{
	int error = EAI_AGAIN;
	int64_t end;

	for (int i = 0; i < c->attempts * c->nservers; i++) {
		const struct sockaddr_storage *ss = &c->server[i % c->nservers];

		end = now_ms() + c->timeout_s * 1000;
		if (!ask_udp(ss, q, a, end))
			continue;
		if ((a->b[2] & 2) != 0 && !ask_tcp(ss, q, a, end))
			continue;
		switch (a->b[3] & 15) {
		case 0:
			return (0);
		case 3:
			return (EAI_NONAME);
		default: /* the next server may know better */
			error = EAI_FAIL;
		}
	}
	return (error);
}

/* --- names --- */

static void
address_found(const struct answer *a, size_t at, size_t len, void *arg)
{
	struct found *f = arg;

	if (f->n < FOUND_MAX && (len == 4 || len == 16))
		inet_ntop(len == 4 ? AF_INET : AF_INET6, a->b + at, f->text[f->n++], sizeof(f->text[0]));
}

static int
name_ask(const struct conf *c, const char *name, int af, struct found *f, struct answer *a)
{
	static const struct {
		int af, type;
	} kinds[] = { { AF_INET6, TYPE_AAAA }, { AF_INET, TYPE_A } };
	struct question q;
	int error = EAI_NONAME, one;
	bool there = false;

	for (int i = 0; i < 2; i++) {
		if (af != AF_UNSPEC && af != kinds[i].af)
			continue;
		if (!question_make(&q, name, kinds[i].type))
			return (EAI_NONAME);
		if ((one = ask(c, &q, a)) != 0) {
			error = one;
			continue;
		}
		there = true;
		answer_walk(a, &q, f, address_found, f);
	}
	if (f->n > 0)
		return (0);
	return (there ? EAI_NODATA : error);
}

static int
dots_of(const char *name)
{
	int n = 0;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return (n);
}

/* That a name is there, without such an address, is worth telling. */
static int
name_better(int before, int error)
{
	return (error == EAI_NONAME && before == EAI_NODATA ? before : error);
}

int
dns_lookup(const char *name, int af, struct found *f)
{
	char full[2 * NAME_MAX_];
	struct conf c;
	struct answer *a;
	size_t len = strlen(name);
	bool whole = len > 0 && name[len - 1] == '.';
	int error = EAI_NONAME;

	if (len == 0 || len >= NAME_MAX_ || !conf_read(&c))
		return (EAI_NONAME);
	if ((a = malloc(sizeof(*a))) == NULL)
		return (EAI_MEMORY);
	if (whole || dots_of(name) >= c.ndots)
		error = name_ask(&c, name, af, f, a);
	for (int i = 0; error != 0 && error != EAI_AGAIN && !whole && i < c.ndomains; i++) {
		snprintf(full, sizeof(full), "%s.%s", name, c.domain[i]);
		error = name_better(error, name_ask(&c, full, af, f, a));
	}
	if (error == EAI_NONAME && !whole && dots_of(name) < c.ndots)
		error = name_ask(&c, name, af, f, a);
	free(a);
	return (error);
}

static void
pointer_found(const struct answer *a, size_t at, size_t len, void *arg)
{
	char *name = arg;

	if (name[0] == '\0' && name_read(a, at, name) == 0)
		name[0] = '\0';
}

bool
dns_reverse(int af, const void *addr, char *name, size_t room)
{
	char text[NAME_MAX_] = "", ptr[NAME_MAX_] = "";
	const uint8_t *b = addr;
	struct question q;
	struct answer *a;
	struct conf c;
	size_t at = 0;

	if (!conf_read(&c) || (a = malloc(sizeof(*a))) == NULL)
		return (false);
	if (af == AF_INET)
		snprintf(text, sizeof(text), "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1], b[0]);
	for (int i = 15; af == AF_INET6 && i >= 0; i--)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%x.%x.", b[i] & 15, b[i] >> 4);
	if (af == AF_INET6)
		snprintf(text + at, sizeof(text) - at, "ip6.arpa");
	if (question_make(&q, text, TYPE_PTR) && ask(&c, &q, a) == 0)
		answer_walk(a, &q, NULL, pointer_found, ptr);
	free(a);
	return (ptr[0] != '\0' && (size_t)snprintf(name, room, "%s", ptr) < room);
}
