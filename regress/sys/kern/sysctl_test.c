/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* sysctl: types, bounds, who may; the log's ring, counters and drops in it. */

#include <sys/systm.h>
#include <sys/counter.h>
#include <sys/drop.h>
#include <sys/log.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/pool.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <ktest.h>
#include <machine/kernel.h>

static int forwarding = 1, changes;
static int64_t quad = 5;
static char name[8] = "one";

static void
changed(void)
{
	changes++;
}

static int
dump(struct sysctl_req *req)
{
	if (strcmp(req->rest, "none") == 0)
		return (ENOENT);
	if (req->new != NULL)
		return (EINVAL);
	return (sysctl_out(req, req->rest, strlen(req->rest) + 1));
}

static const struct sysctl_row rows[] = {
	{ .name = "test.int",
	    .type = CTL_INT,
	    .flags = CTLF_WR,
	    .var = &forwarding,
	    .min = 0,
	    .max = 2,
	    .changed = changed,
	    .text = "an int" },
	{ .name = "test.quad",
	    .type = CTL_QUAD,
	    .flags = CTLF_WR,
	    .var = &quad,
	    .min = -5,
	    .max = 1LL << 40 },
	{ .name = "test.string",
	    .type = CTL_STRING,
	    .flags = CTLF_WR,
	    .var = name,
	    .max = sizeof(name) },
	{ .name = "test.ro",
	    .type = CTL_INT,
	    .flags = CTLF_RD,
	    .var = &forwarding },
	{ .name = "test.secret",
	    .type = CTL_INT,
	    .flags = CTLF_SECRET,
	    .var = &forwarding },
	{ .name = "test.dump",
	    .type = CTL_OPAQUE,
	    .flags = CTLF_HIDDEN,
	    .handler = dump },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };
static struct proc root = { .p_uid = 0 }, owner = { .p_uid = 1000 },
		   other = { .p_uid = 2000 };

/* The answer in buf, its length in *len. */
static int
ask(struct proc *p, const char *what, const void *new, size_t newlen, void *buf,
    size_t *len)
{
	struct sysctl_req req = { .proc = p, .new = new, .newlen = newlen };
	int error = kern_sysctl(what, &req);

	*len = req.oldlen;
	if (buf != NULL && req.oldlen > 0)
		memcpy(buf, req.old, req.oldlen);
	free(req.old, M_SYSCTL, req.oldcap);
	return (error);
}

static int
set_int(struct proc *p, const char *what, int32_t v)
{
	size_t len;

	return (ask(p, what, &v, sizeof(v), NULL, &len));
}

static void
start(void)
{
	proc_setowner(1000);
	sysctlinit();
	loginit();
	statinit();
	sysctl_register(&table);
}

KTEST(sysctl_int)
{
	int32_t v = 0;
	size_t len;

	start();
	KT_EQ(ask(&other, "test.int", NULL, 0, &v, &len), 0);
	KT(v == 1 && len == 4);
	KT_EQ(set_int(&root, "test.int", 2), 0);
	KT_EQ(set_int(&owner, "test.int", 0), 0);
	KT(forwarding == 0 && changes == 2);
	KT_EQ(set_int(&other, "test.int", 1), EPERM);
	KT_EQ(set_int(&root, "test.int", 3), ERANGE);
	KT_EQ(set_int(&root, "test.int", -1), ERANGE);
	KT_EQ(ask(&root, "test.int", "xx", 2, NULL, &len), EINVAL);
	KT_EQ(set_int(&root, "test.ro", 1), EPERM);
	KT(forwarding == 0 && changes == 2);
	v = 2;
	KT_EQ(ask(&root, "test.int", &v, sizeof(v), &v, &len), 0);
	KT_EQ(v, 0); /* what it was */
	KT_EQ(forwarding, 2);
}

KTEST(sysctl_quad_string_names)
{
	int64_t v = 1LL << 40;
	char buf[64];
	size_t len;

	start();
	KT_EQ(ask(&root, "test.quad", &v, sizeof(v), &v, &len), 0);
	KT(v == 5 && len == 8 && quad == 1LL << 40);
	v = -6;
	KT_EQ(ask(&root, "test.quad", &v, sizeof(v), NULL, &len), ERANGE);
	KT_EQ(ask(&root, "test.string", "seven77", 8, buf, &len), 0);
	KT_STR(buf, "one");
	KT_STR(name, "seven77");
	KT_EQ(ask(&root, "test.string", "eight888", 9, NULL, &len), ERANGE);
	KT_EQ(ask(&root, "test.string", "open", 4, NULL, &len), EINVAL);
	KT_EQ(ask(&root, "test.string", "a\0b", 4, NULL, &len), EINVAL);
	KT_STR(name, "seven77");
	KT_EQ(ask(&root, "test.in", NULL, 0, NULL, &len), ENOENT);
	KT_EQ(ask(&root, "test.int.more", NULL, 0, NULL, &len), ENOENT);
	KT_EQ(ask(&root, "test.integer", NULL, 0, NULL, &len), ENOENT);
	KT_EQ(ask(&other, "test.secret", NULL, 0, NULL, &len), EPERM);
	KT_EQ(ask(&owner, "test.secret", NULL, 0, buf, &len), 0);
}

KTEST(sysctl_handler_gets_the_rest)
{
	char buf[64];
	size_t len;

	start();
	KT_EQ(ask(&other, "test.dump.inet.7", NULL, 0, buf, &len), 0);
	KT_STR(buf, "inet.7");
	KT_EQ(ask(&other, "test.dump", NULL, 0, buf, &len), 0);
	KT_STR(buf, "");
	KT_EQ(ask(&other, "test.dump.none", NULL, 0, buf, &len), ENOENT);
}

KTEST(sysctl_answer_without_memory)
{
	size_t len;
	int32_t v = 0;
	long live;

	start();
	live = sim_live();
	sim_fail_nth(1);
	KT_EQ(ask(&root, "test.int", &v, sizeof(v), NULL, &len), ENOMEM);
	KT_EQ(forwarding, 1); /* nothing was set */
	sim_fail_nth(3);      /* while the answer grows */
	KT_EQ(ask(&root, "net.stats", NULL, 0, NULL, &len), ENOMEM);
	KT(sim_failed());
	KT_EQ(sim_live(), live);
}

KTEST(sysctl_lists_its_names)
{
	static struct sysctl_name n[200];
	bool seen = false;
	size_t len;

	start();
	KT_EQ(ask(&other, "sysctl.names", NULL, 0, n, &len), 0);
	KT_EQ(len % sizeof(n[0]), 0);
	for (size_t i = 0; i < len / sizeof(n[0]); i++)
		if (strcmp(n[i].name, "test.int") == 0) {
			seen = true;
			KT_STR(n[i].text, "an int");
			KT(n[i].type == CTL_INT && n[i].flags == CTLF_WR);
		}
	KT(seen);
}

/* --- what others put there --- */

KTEST(log_ring_keeps_the_last_lines)
{
	static char buf[20000];
	size_t len;

	start();
	log(LOG_INFO, "first %d\n", 1);
	log(LOG_INFO, "second");
	KT_EQ(ask(&other, "kern.msgbuf", NULL, 0, buf, &len), 0);
	KT_STR(buf, "first 1\nsecond\n");
	for (int i = 0; i < 2000; i++)
		log(LOG_DEBUG, "line number %d", i);
	KT_EQ(ask(&other, "kern.msgbuf", NULL, 0, buf, &len), 0);
	KT_EQ(len, 16385);
	KT_EQ(strlen(buf), 16384);
	KT_STR(buf + 16384 - 17, "line number 1999\n");
}

static uint64_t values[2] = { 10, 20 };
static const char *const texts[2] = { "packets seen", "packets sent" };
static struct counter_group group = { .cg_proto = "ip",
	.cg_text = texts,
	.cg_value = values,
	.cg_count = 2 };

KTEST(stats_rows_of_a_protocol_stand_together)
{
	static struct stat_row r[NDROPS + 10];
	size_t len, n, ip = 0;

	start();
	counters_register(&group);
	drop_count(DROP_IP_TTL);
	KT_EQ(ask(&other, "net.stats", NULL, 0, r, &len), 0);
	n = len / sizeof(r[0]);
	KT_EQ(n, NDROPS - 1 + 2);
	KT_STR(r[0].text, "packets seen");
	KT(r[0].value == 10 && r[1].value == 20 && r[0].is_drop == 0);
	while (ip < n && strcmp(r[ip].proto, "ip") == 0)
		ip++;
	for (size_t i = ip; i < n; i++)
		KT(strcmp(r[i].proto, "ip") != 0 && r[i].is_drop == 1);
	KT_EQ(ask(&other, "net.stats.ip", NULL, 0, r, &len), 0);
	KT_EQ(len / sizeof(r[0]), ip);
	for (n = 0;
	     n < ip && strcmp(r[n].text, drop_rows[DROP_IP_TTL].text) != 0;)
		n++;
	KT(n < ip && r[n].value == 1);
}

KTEST(memory_is_shown)
{
	static struct malloc_stat ms[NMALLOC];
	static struct pool_stat ps[20];
	struct mbuf_stat mb;
	struct mbuf *m;
	int64_t v;
	size_t len;

	start();
	memstatinit();
	mbinit(1 << 20);
	KT((m = m_getroom(0, 1500)) != NULL);
	KT_EQ(ask(&other, "kern.mbstat", NULL, 0, &mb, &len), 0);
	KT(len == sizeof(mb) && mb.mbufs == 1 && mb.clusters == 1 &&
	    mb.bytes == 2304);
	KT_EQ(ask(&other, "kern.pools", NULL, 0, ps, &len), 0);
	KT_STR(ps[0].name, "mbuf");
	KT_EQ(ps[0].inuse, 1);
	KT_EQ(ask(&other, "kern.malloc", NULL, 0, ms, &len), 0);
	KT_EQ(len, sizeof(ms));
	KT_STR(ms[M_SYSCTL].name, "sysctl");
	KT_EQ(ms[M_SYSCTL].inuse, 1); /* the answer itself */
	v = 1 << 17;
	KT_EQ(ask(&root, "kern.mbufbytes", &v, sizeof(v), &v, &len), 0);
	KT_EQ(v, 1 << 20);
	v = 5;
	KT_EQ(ask(&root, "kern.mbufbytes", &v, sizeof(v), NULL, &len), ERANGE);
	KT_EQ(ask(&root, "kern.mbufbytes", "x", 1, NULL, &len), EINVAL);
	mbstat_get(&mb);
	KT_EQ(mb.limit, 1 << 17);
	m_freem(m);
}
