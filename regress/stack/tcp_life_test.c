/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The life of TCP connections between two kernels, as programs see it: they
 * are refused, reset, kept waiting, kept idle, pushed back, and left behind
 * by programs that die; and nothing of them stays.
 */

#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <net/if_ioctl.h>
#include <net/rtmsg.h>

#include "tcplab.h"

static void
both_families(void (*fn)(void))
{
	lab_af = AF_INET;
	fn();
	lab_af = AF_INET6;
	fn();
}
#define BOTH(id)                          \
	static void id##_once(void);      \
	static void id(void **state)      \
	{                                 \
		(void)state;              \
		both_families(id##_once); \
	}                                 \
	static void id##_once(void)

static int
error_of(struct sim_machine *m, int fd)
{
	return (lab_getopt(m, fd, SOL_SOCKET, SO_ERROR));
}

/* What a read of fd gives: bytes, 0 at the end, -errno; as libbsdsys tells it. */
static long
reads(struct sim_machine *m, int fd)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n == 0)
		return (-error_of(m, fd));
	return (n > 0 ? n : -errno);
}

/* --- beginnings --- */

BOTH(nobody_listens)
{
	int c;

	lab_up("tcp-refused", 1);
	c = lab_sock(left);
	assert_int_equal(lab_connect(left, c, 2, 81), -EINPROGRESS);
	sim_run(100000);
	assert_int_equal(error_of(left, c), ECONNREFUSED);
	close(c);
	sim_end(false);
}

BOTH(nobody_is_there)
{
	int c;

	lab_up("tcp-nobody", 1);
	c = lab_sock(left);
	sim_wire_set(wire, "loss", "100%");
	assert_int_equal(lab_connect(left, c, 2, 81), -EINPROGRESS);
	sim_run(140000000);
	assert_int_equal(error_of(left, c), EHOSTUNREACH);
	close(c);
	sim_end(false);
}

BOTH(both_begin_at_once)
{
	int a, b;

	lab_up("tcp-simultaneous", 1);
	sim_wire_set(wire, "delay", "50ms");
	sim_run(1000000);
	a = lab_sock(left);
	b = lab_sock(right);
	assert_int_equal(lab_bind(left, a, 1, 7001), 0);
	assert_int_equal(lab_bind(right, b, 2, 7002), 0);
	assert_int_equal(lab_connect(left, a, 2, 7002), -EINPROGRESS);
	assert_int_equal(lab_connect(right, b, 1, 7001), -EINPROGRESS);
	sim_run(1000000);
	assert_int_equal(lab_info(left, a).tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(lab_info(right, b).tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(write(a, "ping", 4), 4);
	sim_run(200000);
	assert_int_equal(reads(right, b), 4);
	assert_int_equal(write(b, "pong!", 5), 5);
	sim_run(200000);
	assert_int_equal(reads(left, a), 5);
	close(a);
	close(b);
	sim_end(false);
}

BOTH(a_machine_talks_to_itself)
{
	struct lab_flow f = { .want = 3000000, .shut = true };
	int l, c, s = -1;

	lab_up("tcp-self", 1);
	l = lab_listen(left, 80, 4);
	c = lab_sock(left);
	assert_int_equal(lab_connect(left, c, 1, 80), -EINPROGRESS);
	sim_run(10000);
	assert_true((s = lab_accept(l)) >= 0);
	f.from = c;
	f.to = s;
	assert_true(lab_flows_run(&f, 1, 20));
	close(l);
	close(c);
	close(s);
	sim_end(false);
}

/* --- listeners --- */

BOTH(backlog_holds_and_lets_go)
{
	int l, c[12], s[12], n = 0, open = 0;

	lab_up("tcp-backlog", 1);
	l = lab_listen(right, 80, 3);
	for (int i = 0; i < 12; i++) {
		c[i] = lab_sock(left);
		assert_int_equal(lab_connect(left, c[i], 2, 80), -EINPROGRESS);
		assert_int_equal(write(c[i], "", 0), 0);
		sim_run(10000);
	}
	for (int i = 0; i < 12; i++)
		open += lab_info(left, c[i]).tcpi_state == TCP_ESTABLISHED;
	assert_int_equal(open, 12); /* they think so */
	for (int t = 0; t < 200 && n < 12; t++) {
		while (n < 12 && (s[n] = lab_accept(l)) >= 0)
			n++;
		sim_run(500000);
	}
	assert_int_equal(n, 12); /* and in the end they are right */
	for (int i = 0; i < 12; i++) {
		close(c[i]);
		close(s[i]);
	}
	close(l);
	sim_end(false);
}

BOTH(cookies_when_the_cache_is_full)
{
	struct lab_flow f = { .want = 500000, .shut = true };
	struct tcp_info ti;

	lab_up("tcp-cookies", 1);
	sim_sysctl_set(right, "net.inet.tcp.syncachelimit", 0);
	lab_pair(80, &f.from, &f.to);
	sim_run(100000);
	ti = lab_info(right, f.to);
	assert_int_equal(ti.tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(ti.tcpi_options & 7, 7); /* all was remembered */
	assert_true(lab_flows_run(&f, 1, 20));
	close(f.from);
	close(f.to);
	sim_end(false);
}

BOTH(no_cookies_no_connection)
{
	int l, c;

	lab_up("tcp-nocookies", 1);
	sim_sysctl_set(right, "net.inet.tcp.syncachelimit", 0);
	sim_sysctl_set(right, "net.inet.tcp.syncookies", 0);
	l = lab_listen(right, 80, 3);
	c = lab_sock(left);
	assert_int_equal(lab_connect(left, c, 2, 80), -EINPROGRESS);
	sim_run(10000000);
	assert_int_equal(lab_accept(l), -1);
	assert_int_equal(lab_info(left, c).tcpi_state, TCP_SYN_SENT);
	close(c);
	close(l);
	sim_end(false);
}

/* --- windows --- */

BOTH(a_reader_that_sleeps)
{
	struct lab_flow f = { .want = 3000000, .shut = true, .lazy = 4000 };

	lab_up("tcp-lazy", 1);
	lab_pair(80, &f.from, &f.to);
	assert_true(lab_flows_run(&f, 1, 36000));
	assert_true(f.got == f.want);
	close(f.from);
	close(f.to);
	sim_end(false);
}

BOTH(a_small_buffer_over_a_bad_wire)
{
	struct lab_flow f = { .want = 300000, .shut = true, .lazy = 7 };

	lab_up("tcp-small", 3);
	lab_pair(80, &f.from, &f.to);
	assert_int_equal(lab_setopt(right, f.to, SOL_SOCKET, SO_RCVBUF, 4096),
	    0);
	sim_wire_set(wire, "loss", "10%");
	sim_wire_set(wire, "delay", "1ms");
	assert_true(lab_flows_run(&f, 1, 36000));
	close(f.from);
	close(f.to);
	sim_end(false);
}

BOTH(a_bad_wire_without_sack_and_stamps)
{
	struct lab_flow f = { .want = 2000000, .shut = true };

	lab_up("tcp-plain", 5);
	sim_sysctl_set(left, "net.inet.tcp.sack", 0);
	sim_sysctl_set(left, "net.inet.tcp.rfc1323", 0);
	lab_pair(80, &f.from, &f.to);
	assert_int_equal(lab_info(left, f.from).tcpi_options & 7, 0);
	sim_wire_set(wire, "loss", "5%");
	sim_wire_set(wire, "dup", "2%");
	sim_wire_set(wire, "delay", "3ms");
	assert_true(lab_flows_run(&f, 1, 36000));
	close(f.from);
	close(f.to);
	sim_end(false);
}

/* --- ends --- */

BOTH(reset_by_a_close_with_bytes_unread)
{
	int c, s;

	lab_up("tcp-reset", 1);
	lab_pair(80, &c, &s);
	assert_int_equal(write(c, "unread", 6), 6);
	sim_run(100000);
	close(s);
	sim_run(100000);
	assert_int_equal(reads(left, c), -ECONNRESET);
	close(c);
	sim_end(false);
}

BOTH(reset_by_a_linger_of_nothing)
{
	unsigned long long arg[6] = { SOL_SOCKET, SO_LINGER };
	struct linger l = { 1, 0 };
	int c, s;

	lab_up("tcp-linger", 1);
	lab_pair(80, &c, &s);
	assert_int_equal(sim_syscall(left, SYS_SETSOCKOPT, arg, &l, sizeof(l),
			     NULL, NULL, c, NULL),
	    0);
	close(c);
	sim_run(100000);
	assert_int_equal(reads(right, s), -ECONNRESET);
	close(s);
	sim_end(false);
}

BOTH(a_program_dies_with_much_to_say)
{
	struct lab_flow f = { .want = 400000 };

	lab_up("tcp-dead", 1);
	lab_pair(80, &f.from, &f.to);
	sim_wire_set(wire, "delay", "20ms");
	while (lab_flow_write(&f))
		sim_run(1000);
	close(f.from); /* all that it wrote still goes */
	f.want = f.sent;
	for (int i = 0; i < 2000 && !f.eof; i++) {
		lab_flow_read(&f);
		sim_run(10000);
	}
	assert_true(f.eof && f.got == f.sent && f.got > 100000);
	close(f.to);
	sim_end(false);
}

BOTH(the_other_side_vanishes)
{
	int c, s;

	lab_up("tcp-vanish", 1);
	lab_pair(80, &c, &s);
	sim_wire_set(wire, "loss", "100%");
	assert_int_equal(write(c, "hello?", 6), 6);
	sim_run(100000000);
	assert_int_equal(reads(left, c), -EAGAIN); /* a cable may come back */
	sim_run(1800000000);
	assert_true(reads(left, c) < 0 && reads(left, c) != -EAGAIN);
	close(c);
	close(s);
	sim_end(false);
}

BOTH(a_day_of_silence)
{
	uint64_t frames;
	int c, s;

	lab_up("tcp-day", 1);
	lab_pair(80, &c, &s);
	assert_int_equal(lab_setopt(left, c, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	frames = sim_wire_count(wire);
	sim_run(24ULL * 3600 * 1000000);
	assert_true(sim_wire_count(wire) - frames < 400);
	assert_int_equal(write(c, "still", 5), 5);
	sim_run(100000);
	assert_int_equal(reads(right, s), 5);
	sim_wire_set(wire, "loss", "100%");
	sim_run(3ULL * 3600 * 1000000);
	assert_int_equal(reads(left, c), -ETIMEDOUT);
	close(c);
	close(s);
	sim_end(false);
}

/* --- signatures --- */

/* The key for host; none with an empty one. */
static long
sign(struct sim_machine *m, int fd, int host, const char *key)
{
	unsigned long long arg[6] = { IPPROTO_TCP, TCP_MD5SIG };
	struct tcp_md5sig sig;
	struct sockaddr_storage ss;

	memset(&sig, 0, sizeof(sig));
	lab_addr(&ss, host, 0);
	memcpy(&sig.tcpm_addr, &ss, sizeof(ss));
	sig.tcpm_keylen = (uint16_t)strlen(key);
	memcpy(sig.tcpm_key, key, strlen(key));
	return (sim_syscall(m, SYS_SETSOCKOPT, arg, &sig, sizeof(sig), NULL,
	    NULL, fd, NULL));
}

/* Does a connection come about with these keys? */
static int
signed_connect(int l, const char *mine, const char *theirs, struct lab_flow *f)
{
	int s = -1;

	if (theirs != NULL)
		assert_int_equal(sign(right, l, 1, theirs), 0);
	f->from = lab_sock(left);
	if (mine != NULL)
		assert_int_equal(sign(left, f->from, 2, mine), 0);
	assert_int_equal(lab_connect(left, f->from, 2, 179), -EINPROGRESS);
	for (int i = 0; i < 40 && s == -1; i++) {
		sim_run(100000);
		s = lab_accept(l);
	}
	f->to = s;
	return (s >= 0);
}

BOTH(signed_segments)
{
	struct lab_flow f = { .want = 1000000, .shut = true }, no = { 0 };
	int l;

	lab_up("tcp-md5", 4);
	l = lab_listen(right, 179, 8);
	assert_int_equal(sign(right, l, 1, ""), -ENOENT);
	assert_false(signed_connect(l, "secret", NULL, &no));
	close(no.from);
	assert_true(signed_connect(l, "secret", "secret", &f));
	assert_false(signed_connect(l, "secreT", NULL, &no));
	close(no.from);
	assert_false(signed_connect(l, NULL, NULL, &no));
	close(no.from);
	sim_wire_set(wire, "loss", "2%");
	sim_wire_set(wire, "delay", "2ms");
	assert_true(lab_flows_run(&f, 1, 600));
	close(f.from);
	close(f.to);
	sim_wire_set(wire, "loss", "0");
	assert_int_equal(sign(right, l, 1, ""), 0);
	assert_true(signed_connect(l, NULL, NULL, &no));
	close(no.from);
	close(no.to);
	close(l);
	sim_end(false);
}

/* --- urgent bytes --- */

BOTH(an_urgent_byte_is_seen_as_one)
{
	char buf[64];
	int c, s, at = -1;

	lab_up("tcp-urgent", 1);
	lab_pair(80, &c, &s);
	assert_int_equal(write(c, "abc", 3), 3);
	if (send(c, "xU", 2, MSG_OOB) == -1) { /* a host without such sockets */
		assert_int_equal(errno, EOPNOTSUPP);
		sim_end(false);
		skip();
	}
	assert_int_equal(write(c, "def", 3), 3);
	sim_run(200000);
	assert_int_equal(recv(s, buf, 1, MSG_OOB | MSG_DONTWAIT), 1);
	assert_int_equal(buf[0], 'U');
	assert_int_equal(ioctl(s, SIOCATMARK, &at), 0);
	assert_int_equal(at, 0);
	assert_int_equal(recv(s, buf, sizeof(buf), MSG_DONTWAIT), 4);
	assert_memory_equal(buf, "abcx", 4);
	assert_int_equal(ioctl(s, SIOCATMARK, &at), 0);
	assert_int_equal(at, 1);
	assert_int_equal(recv(s, buf, sizeof(buf), MSG_DONTWAIT), 3);
	assert_memory_equal(buf, "def", 3);
	/* in line, from the other side */
	assert_int_equal(lab_setopt(left, c, SOL_SOCKET, SO_OOBINLINE, 1), 0);
	assert_int_equal(lab_getopt(left, c, SOL_SOCKET, SO_OOBINLINE), 1);
	assert_int_equal(send(s, "12!", 3, MSG_OOB), 3);
	assert_int_equal(send(s, "34", 2, 0), 2);
	sim_run(200000);
	assert_int_equal(recv(c, buf, sizeof(buf), MSG_DONTWAIT), 2);
	assert_int_equal(ioctl(c, SIOCATMARK, &at), 0);
	assert_int_equal(at, 1);
	assert_int_equal(recv(c, buf, sizeof(buf), MSG_DONTWAIT), 3);
	assert_memory_equal(buf, "!34", 3);
	close(c);
	close(s);
	sim_end(false);
}

/* --- paths --- */

static void
set_mtu(struct sim_machine *m, unsigned int mtu)
{
	struct if_req req;

	memset(&req, 0, sizeof(req));
	strcpy(req.name, "fxp0");
	req.value = (int)mtu;
	assert_int_equal(sim_ioctl(m, SIOCSIFMTU, &req), 0);
}

/* A program changes the MTU of the route to the link's prefix. */
static void
set_route_mtu(struct sim_machine *m, unsigned int mtu)
{
	unsigned long long arg[6] = { PF_ROUTE, SOCK_RAW, 0 };
	int fd = -1;
	struct rt_msg msg = { .h = { .rtm_msglen = sizeof(msg),
				  .rtm_version = RTM_VERSION,
				  .rtm_type = RTM_CHANGE,
				  .rtm_hdrlen = sizeof(msg.h) },
		.rtm_af = (uint16_t)lab_af,
		.rtm_plen = lab_af == AF_INET ? 24 : 64,
		.rtm_mtu = mtu };

	msg.rtm_dst.b[0] = lab_af == AF_INET ? 10 : 0xfd;
	assert_true(sim_syscall(m, SYS_SOCKET, arg, NULL, 0, NULL, NULL, -1,
			&fd) >= 0);
	arg[0] = arg[1] = 0;
	assert_true(sim_syscall(m, SYS_SENDMSG, arg, &msg, sizeof(msg), NULL,
			NULL, fd, NULL) >= 0);
	close(fd);
	sim_settle();
}

/* The neighbour was cloned before, and the connection is older, too. */
BOTH(the_mtu_of_the_route_changes_in_the_middle)
{
	unsigned int hdr = lab_af == AF_INET ? 52 : 72; /* with timestamps */
	struct lab_flow f = { .want = 400000 }, g = { .want = 0 };

	lab_up("tcp-route-mtu", 1);
	lab_pair(80, &f.from, &f.to);
	assert_true(lab_flows_run(&f, 1, 60));
	assert_int_equal(lab_info(left, f.from).tcpi_snd_mss, 1500 - hdr);
	set_route_mtu(left, 1300);
	f.want = 800000;
	assert_true(lab_flows_run(&f, 1, 60));
	assert_int_equal(lab_info(left, f.from).tcpi_snd_mss, 1300 - hdr);
	set_route_mtu(left, 1450);
	lab_pair(81, &g.from, &g.to);
	assert_int_equal(lab_info(left, g.from).tcpi_snd_mss, 1450 - hdr);
	close(g.from);
	close(g.to);
	sim_run(630 * 1000000ULL); /* older ones ask again after ten minutes */
	f.want = 1200000;
	assert_true(lab_flows_run(&f, 1, 60));
	assert_int_equal(lab_info(left, f.from).tcpi_snd_mss, 1450 - hdr);
	set_mtu(left, 1290); /* the smaller one counts */
	f.want = 1600000;
	assert_true(lab_flows_run(&f, 1, 60));
	assert_int_equal(lab_info(left, f.from).tcpi_snd_mss, 1290 - hdr);
	close(f.from);
	close(f.to);
	sim_end(false);
}

BOTH(the_mtu_changes_in_the_middle)
{
	struct lab_flow f = { .want = 2000000, .shut = true };

	lab_up("tcp-mtu", 1);
	lab_pair(80, &f.from, &f.to);
	sim_wire_set(wire, "delay", "10ms");
	for (int i = 0; i < 100; i++) {
		lab_flow_write(&f);
		lab_flow_read(&f);
		sim_run(500);
	}
	assert_true(f.got > 0 && f.got < f.want / 2);
	set_mtu(left, 1300);
	assert_true(lab_flows_run(&f, 1, 100));
	assert_true(lab_info(left, f.from).tcpi_snd_mss < 1300);
	close(f.from);
	close(f.to);
	sim_end(false);
}

/* --- many, and nothing left --- */

/* n short connections, ended by either side; then time to forget them. */
static void
burst(int l, int n)
{
	int c, s;

	for (int i = 0; i < n; i++) {
		if (i == n - 2) /* ended files are forgotten by later ones */
			sim_run(70000000);
		c = lab_sock(left);
		assert_int_equal(lab_connect(left, c, 2, 80), -EINPROGRESS);
		sim_run(2000);
		assert_true((s = lab_accept(l)) >= 0);
		assert_int_equal(write(c, "x", 1), 1);
		sim_run(2000);
		if (i % 3 != 0)
			assert_int_equal(reads(right, s), 1);
		close(i % 2 != 0 ? c : s);
		sim_run(1000);
		close(i % 2 != 0 ? s : c);
	}
	sim_run(10000000);
}

BOTH(many_come_and_go_and_nothing_stays)
{
	long live_left, live_right;
	int l;

	lab_up("tcp-many", 1);
	sim_sysctl_set(left, "net.inet.tcp.msl", 1);
	sim_sysctl_set(right, "net.inet.tcp.msl", 1);
	l = lab_listen(right, 80, 8);
	burst(l, 100);
	live_left = sim_machine_live(left);
	live_right = sim_machine_live(right);
	burst(l, 300);
	/* pages of pools may be kept, objects are not */
	assert_true(sim_machine_live(left) <= live_left + 20);
	assert_true(sim_machine_live(right) <= live_right + 20);
	close(l);
	sim_end(false);
}

/* The n-th allocation of one side fails, once at every place. */
static void
without_memory(const char *name, bool server, int places)
{
	struct sim_machine *poor;
	struct lab_flow f;
	int l, n, ok = 0;

	lab_up(name, 1);
	poor = server ? right : left;
	l = lab_listen(right, 80, 8);
	for (n = 1; n < places; n++) {
		memset(&f, 0, sizeof(f));
		f.want = 20000;
		f.shut = true;
		f.from = lab_sock(left);
		sim_machine_fail(poor, n);
		/* a call may fail for it; then the next does not */
		for (int i = 0; i < 3; i++)
			if (lab_connect(left, f.from, 2, 80) == -EINPROGRESS)
				break;
		f.to = -1;
		for (int i = 0; i < 100 && f.to == -1; i++) {
			sim_run(100000);
			f.to = lab_accept(l);
		}
		assert_true(f.to >= 0);
		assert_true(lab_flows_run(&f, 1, 100));
		ok += sim_machine_failed(poor);
		sim_machine_fail(poor, 0);
		close(f.from);
		close(f.to);
		sim_run(1000000);
	}
	assert_true(ok > 0);
	close(l);
	sim_end(false);
}

BOTH(a_server_without_memory)
{
	without_memory("tcp-memory", true, 120);
}

BOTH(a_client_without_memory)
{
	without_memory("tcp-memory-client", false, 120);
}

/* Who never reads stops the other side, and holds no more than its buffers. */
BOTH(a_client_that_never_reads)
{
	struct lab_flow f = { .want = 1ULL << 40 };
	uint64_t before;
	int c, s;

	lab_up("tcp-never", 1);
	lab_pair(80, &c, &s);
	f.from = c;
	f.to = s;
	do { /* until a minute brings nothing more */
		before = f.sent;
		for (int i = 0; i < 600; i++) {
			(void)lab_flow_write(&f);
			sim_run(100000);
		}
	} while (f.sent > before);
	assert_true(f.sent > 200000);
	assert_true(f.sent < 12000000); /* recvmax, sendmax, two pairs */
	sim_run(3600ULL * 1000000); /* the window is asked for, for hours */
	assert_int_equal(reads(left, c), -EAGAIN);
	while (lab_flow_read(&f)) /* and it goes on when there is room */
		sim_run(1000000);
	assert_true(f.got == f.sent);
	close(c);
	close(s);
	sim_end(false);
}

#define T(id) cmocka_unit_test_teardown(id, lab_after)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(nobody_listens),
		T(nobody_is_there),
		T(both_begin_at_once),
		T(a_machine_talks_to_itself),
		T(backlog_holds_and_lets_go),
		T(cookies_when_the_cache_is_full),
		T(no_cookies_no_connection),
		T(a_reader_that_sleeps),
		T(a_small_buffer_over_a_bad_wire),
		T(a_bad_wire_without_sack_and_stamps),
		T(reset_by_a_close_with_bytes_unread),
		T(reset_by_a_linger_of_nothing),
		T(a_program_dies_with_much_to_say),
		T(the_other_side_vanishes),
		T(a_day_of_silence),
		T(signed_segments),
		T(an_urgent_byte_is_seen_as_one),
		T(the_mtu_changes_in_the_middle),
		T(the_mtu_of_the_route_changes_in_the_middle),
		T(many_come_and_go_and_nothing_stays),
		T(a_server_without_memory),
		T(a_client_without_memory),
		T(a_client_that_never_reads),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
