/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The host layer by itself: what we count on of socket pairs, the token,
 * and wires with several ends in one process.
 */

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../sys/arch/user/host/host.h"
#include "../../sys/arch/user/host/wire.h"

#include <cmocka.h>

const char *host_name = "test";
int host_loglevel = 3;

/* --- descriptors --- */

static int
polled(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	return (poll(&p, 1, 0) > 0 ? p.revents : 0);
}

static void
filler_shuts_and_drain_opens(void **state)
{
	char buf[8] = "";
	int fds[2], size, is;
	socklen_t len = sizeof(is);

	for (int cheap = 0; cheap < 2; cheap++) {
		assert_int_equal(host_sockpair(HOST_STREAM, fds), 0);
		assert_true(polled(fds[1], POLLOUT) & POLLOUT);
		size = cheap ? host_hold(fds[1]) : host_fill(fds[1]);
		assert_true(cheap ? size > 0 : size == 0);
		assert_false(polled(fds[1], POLLOUT) & POLLOUT);
		assert_int_equal(send(fds[1], "x", 1, MSG_DONTWAIT), -1);
		host_drain(fds[0], cheap ? fds[1] : -1, size);
		assert_true(polled(fds[1], POLLOUT) & POLLOUT);
		assert_int_equal(send(fds[1], "mine", 4, 0), 4);
		assert_int_equal(recv(fds[0], buf, sizeof(buf), 0), 4);
		assert_string_equal(buf, "mine");
		getsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &is, &len);
		assert_true(!cheap || is == 2 * size);
		host_close(fds[0]);
		host_close(fds[1]);
	}
}

static void
close_of_either_side_is_seen(void **state)
{
	int fds[2];

	host_sockpair(HOST_SEQPACKET, fds);
	host_close(fds[1]);
	assert_true(polled(fds[0], POLLIN) & POLLHUP);
	host_close(fds[0]);
	host_sockpair(HOST_STREAM, fds);
	assert_int_equal(host_shutdown(fds[1], 1), 0);
	assert_true(polled(fds[0], POLLIN) & POLLIN);
	assert_false(polled(fds[0], POLLIN) & POLLHUP);
	assert_int_equal(send(fds[0], "x", 1, 0), 1); /* the other way stays */
	host_close(fds[0]);
	/* bytes of the program that nobody read: a reset */
	host_close(fds[1]);
}

static void
passing_keeps_the_cookie(void **state)
{
	unsigned long long before, after;
	struct host_iov iov = { &before, sizeof(before) };
	int a[2], b[2], passed;

	host_sockpair(HOST_STREAM, a);
	host_sockpair(HOST_SEQPACKET, b);
	assert_int_equal(host_cookie(a[1], &before), 0);
	assert_int_equal(host_send(b[0], &iov, 1, a[1], 0), sizeof(before));
	host_close(a[1]);
	assert_int_equal(host_recv(b[1], &iov, 1, &passed, 0), sizeof(before));
	assert_int_not_equal(passed, -1);
	assert_int_equal(host_cookie(passed, &after), 0);
	assert_true(before == after);
	assert_int_equal(host_cookie(a[0], &after), 0);
	assert_false(before == after);
	host_close(passed);
	assert_true(polled(a[0], POLLIN) & POLLHUP);
	for (int i = 0; i < 2; i++)
		host_close(i == 0 ? a[0] : b[0]);
	host_close(b[1]);
}

static void
long_message_is_an_error(void **state)
{
	char big[100] = "", small[10];
	struct host_iov out = { big, sizeof(big) },
			in = { small, sizeof(small) };
	int fds[2], passed;

	host_sockpair(HOST_SEQPACKET, fds);
	assert_int_equal(host_recv(fds[0], &in, 1, &passed, 0), -EAGAIN);
	assert_int_equal(host_send(fds[1], &out, 1, -1, 0), sizeof(big));
	assert_int_equal(host_recv(fds[0], &in, 1, &passed, 0), -EMSGSIZE);
	assert_int_equal(host_recv(fds[0], &in, 1, &passed, 0), -EAGAIN);
	host_close(fds[1]);
	assert_int_equal(host_recv(fds[0], &in, 1, &passed, 0), 0);
	host_close(fds[0]);
}

/* --- the token --- */

static unsigned int turns_all, stop;
struct turns {
	unsigned int n, late;
};

/* Waiting costs no time of the processor, whatever the descriptor's mode. */
static void
recv_waits_asleep(void **state)
{
	char byte = 'x';
	struct host_iov iov = { &byte, 1 };
	struct timespec used = { 0, 0 }, then = { 0, 300000000 };
	int fds[2], passed;
	pid_t pid;

	(void)state;
	assert_int_equal(host_sockpair(HOST_SEQPACKET, fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	if ((pid = fork()) == 0) {
		nanosleep(&then, NULL);
		_exit(write(fds[1], &byte, 1) != 1);
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &then);
	assert_int_equal(host_recv(fds[0], &iov, 1, &passed,
			     HOST_WAIT | HOST_SPIN),
	    1);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	assert_true((used.tv_sec - then.tv_sec) * 1000000000 + used.tv_nsec -
		then.tv_nsec <
	    100000000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	host_close(fds[0]);
	host_close(fds[1]);
}

static void
byte_seen(void *arg, unsigned int events)
{
	char c;

	assert_int_equal(read(*(int *)arg, &c, 1), 1);
}

/* The loop spins while answers come at once, and sleeps when none does. */
static void
loop_spins_while_it_pays(void **state)
{
	struct timespec before, after, quiet = { 0, 200000000 };
	struct host_watch *w;
	int fds[2], was = host_spin(-1);
	pid_t pid;

	assert_int_equal(host_spin(100000000), 100000000); /* for ever */
	assert_int_equal(host_spin(-1), 100000000);
	host_sockpair(HOST_SEQPACKET, fds);
	assert_int_equal(host_watch_add(fds[0], HOST_IN, byte_seen, &fds[0], &w),
	    0);
	if ((pid = fork()) == 0) {
		for (int i = 0; i < 2; i++) {
			nanosleep(&quiet, NULL);
			if (write(fds[1], "x", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	host_loop_wait(~0ULL); /* a long sleep */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	host_loop_wait(~0ULL); /* hence another one */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000000000 +
		after.tv_nsec - before.tv_nsec <
	    100000000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	host_watch_del(w);
	host_spin(was);
	host_close(fds[0]);
	host_close(fds[1]);
}

static void
turn_taker(void *arg)
{
	struct turns *t = arg;
	unsigned int asked;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		asked = __atomic_load_n(&turns_all, __ATOMIC_ACQUIRE);
		host_cpu_enter();
		t->late += turns_all - asked > 4;
		turns_all++;
		__atomic_fetch_add(&t->n, 1, __ATOMIC_RELEASE);
		host_cpu_leave();
	}
	__atomic_fetch_add(&stop, 1, __ATOMIC_ACQ_REL);
}

/*
 * Who asks has its turn after those that asked before, four at most here, and
 * one that never waits for anything else cannot keep it out.  The host's
 * scheduler may stop a thread between its look at the number and its asking;
 * that is seldom.
 */
static void
token_is_fair(void **state)
{
	struct turns t[3];
	unsigned long long end;

	stop = 0;
	memset(t, 0, sizeof(t));
	for (int i = 0; i < 3; i++)
		assert_int_equal(host_thread_create(turn_taker, &t[i], "turns"),
		    0);
	for (int i = 0; i < 3; i++)
		while (__atomic_load_n(&t[i].n, __ATOMIC_ACQUIRE) == 0)
			usleep(100);
	for (end = host_clock() + 300000000ULL; host_clock() < end;) {
		host_cpu_enter();
		assert_true(host_cpu_held());
		turns_all++;
		host_cpu_leave();
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&stop, __ATOMIC_ACQUIRE) != 4)
		usleep(100);
	for (int i = 0; i < 3; i++) {
		print_message("# thread %d: %u turns, %u of them late\n", i,
		    t[i].n, t[i].late);
		assert_true(t[i].late <= 2 + t[i].n / 10);
	}
}

/* --- wires --- */

struct end {
	void *link;
	unsigned long frames, bytes;
	unsigned int last, news, order_bad, bits_bad, room;
	bool bits; /* look at them: it takes its time */
};

static char dir[] = "/tmp/fugu-wire.XXXXXX", spec[64];

static int
frame_bits(const struct host_iov *iov)
{
	const unsigned char *p = iov->base;
	int n = 0;

	for (unsigned long i = 0; i < iov->len; i++)
		n += __builtin_popcount(p[i]);
	return (n);
}

static void
end_event(void *arg, enum hostif_event what)
{
	struct end *e = arg;
	struct hostif_frame f[32];
	int n;

	e->news += what == HOSTIF_LINK;
	e->room += what == HOSTIF_TXROOM;
	if (what != HOSTIF_RX)
		return;
	while ((n = hostif_wire.rx(e->link, f, 32)) > 0)
		for (int i = 0; i < n; i++) {
			unsigned int no;

			memcpy(&no, f[i].iov->base, sizeof(no));
			e->bits_bad += e->bits && frame_bits(f[i].iov) !=
			    __builtin_popcount((unsigned int)e->frames);
			e->order_bad += no < e->last;
			e->last = no;
			e->frames++;
			e->bytes += f[i].len;
		}
}

static void
end_come(struct end *e, const char *name)
{
	char why[200];

	memset(e, 0, sizeof(*e));
	assert_int_equal(hostif_wire.open(spec, name, end_event, e, &e->link,
			     why, sizeof(why)),
	    0);
	hostif_wire.rx_enable(e->link, 1);
}

static int
is_up(struct end *e)
{
	struct hostif_info info;

	memset(&info, 0, sizeof(info));
	hostif_wire.info(e->link, &info);
	return (info.up);
}

static void
loop_for(unsigned long long ns)
{
	unsigned long long end = host_clock() + ns;

	do
		host_loop_wait(host_clock() + 1000000);
	while (host_clock() < end);
}

/* Waits until e has heard n frames, and a moment for one too many. */
static void
hears(struct end *e, unsigned long n)
{
	unsigned long long end = host_clock() + 20000000000ULL;

	while (e->frames < n && host_clock() < end)
		host_loop_wait(host_clock() + 1000000);
	loop_for(2000000);
	assert_int_equal(e->frames, n);
}

/* Sends n frames of len bytes, numbered. */
static void
flood(struct end *e, unsigned int n, unsigned int len)
{
	static unsigned char data[32][66000];
	struct hostif_frame f[32];
	struct host_iov iov[32];
	unsigned int sent = 0, no;
	int took;

	while (sent < n) {
		unsigned int batch = n - sent < 32 ? n - sent : 32;

		for (unsigned int i = 0; i < batch; i++) {
			no = sent + i;
			memcpy(data[i], &no, sizeof(no));
			iov[i] = (struct host_iov){ data[i], len };
			f[i] = (struct hostif_frame){ .iov = &iov[i],
				.niov = 1,
				.len = len };
		}
		took = hostif_wire.tx(e->link, f, (int)batch);
		assert_in_range(took, 0, batch);
		sent += (unsigned int)took;
		host_loop_wait(0);
	}
}

static void
wire_loses_nothing(void **state)
{
	struct end a, b;
	unsigned long long start;

	end_come(&a, "a");
	assert_false(is_up(&a));
	end_come(&b, "b");
	loop_for(2000000);
	assert_true(is_up(&a) && is_up(&b));
	start = host_clock();
	flood(&a, 1000000, 64);
	hears(&b, 1000000);
	print_message(
	    "# wire: %.2f million frames of 64 bytes a second, both ends in one thread\n",
	    1e9 / (double)(host_clock() - start - 2000000));
	assert_int_equal(b.order_bad, 0);
	b.frames = b.bytes = b.last = 0;
	flood(&a, 1000, WIRE_FRAME_MAX);
	hears(&b, 1000);
	assert_int_equal(b.bytes, 1000UL * WIRE_FRAME_MAX);
	hostif_wire.close(a.link);
	loop_for(2000000);
	assert_false(is_up(&b));
	hostif_wire.close(b.link);
}

static void
hub_of_five(void **state)
{
	struct end e[5];
	char name[8], out[16];

	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		end_come(&e[i], name);
	}
	loop_for(2000000);
	flood(&e[2], 100, 60);
	loop_for(5000000);
	for (int i = 0; i < 5; i++)
		assert_int_equal(e[i].frames, i == 2 ? 0 : 100);
	assert_int_equal(hostif_wire.ctl(e[0].link, "carrier", "0", out,
			     sizeof(out)),
	    0);
	hostif_wire.close(e[4].link);
	loop_for(2000000);
	e[1].last = e[3].last = 0;
	flood(&e[2], 100, 60);
	loop_for(5000000);
	assert_int_equal(e[0].frames, 100);
	assert_int_equal(e[1].frames, 200);
	assert_int_equal(e[3].frames, 200);
	assert_false(is_up(&e[0]));
	for (int i = 0; i < 4; i++)
		hostif_wire.close(e[i].link);
}

static void
faults_are_what_was_asked(void **state)
{
	struct end a, b;
	char out[32];

	end_come(&a, "a");
	end_come(&b, "b");
	loop_for(2000000);
	assert_int_equal(hostif_wire.ctl(a.link, "seed", "7", out, sizeof(out)),
	    0);
	assert_int_equal(hostif_wire.ctl(a.link, "loss", "20%", out,
			     sizeof(out)),
	    0);
	assert_string_equal(out, "20%");
	flood(&a, 5000, 100);
	loop_for(20000000);
	assert_in_range(b.frames, 3800, 4200);
	hostif_wire.ctl(a.link, "loss", "0", out, sizeof(out));
	hostif_wire.ctl(a.link, "dup", "100", out, sizeof(out));
	b.frames = b.last = 0;
	flood(&a, 100, 100);
	hears(&b, 200);
	hostif_wire.ctl(a.link, "dup", "0", out, sizeof(out));
	hostif_wire.ctl(a.link, "delay", "50ms", out, sizeof(out));
	b.frames = b.last = 0;
	flood(&a, 100, 100);
	loop_for(10000000);
	assert_int_equal(b.frames, 0);
	hears(&b, 100);
	assert_int_equal(hostif_wire.ctl(a.link, "loss", "101", out,
			     sizeof(out)),
	    -EINVAL);
	assert_int_equal(hostif_wire.ctl(a.link, "loss", "1x", out,
			     sizeof(out)),
	    -EINVAL);
	assert_int_equal(hostif_wire.ctl(a.link, "colour", "1", out,
			     sizeof(out)),
	    -EOPNOTSUPP);
	hostif_wire.close(a.link);
	hostif_wire.close(b.link);
}

static int
caps(struct end *e)
{
	struct hostif_info info;

	memset(&info, 0, sizeof(info));
	hostif_wire.info(e->link, &info);
	return ((int)info.caps);
}

static void
set(struct end *e, const char *key, const char *val)
{
	char out[32];

	assert_int_equal(hostif_wire.ctl(e->link, key, val, out, sizeof(out)),
	    0);
}

static void
begin(struct end *e)
{
	e->frames = e->bytes = e->last = e->order_bad = e->bits_bad = 0;
}

static void
faults_of_single_packets(void **state)
{
	unsigned long first;
	struct end a, b;

	end_come(&a, "a");
	end_come(&b, "b");
	loop_for(2000000);
	assert_int_not_equal(caps(&a), 0);
	set(&a, "delay", "1us");
	assert_int_not_equal(caps(&a), 0); /* it says nothing of packets */
	set(&a, "delay", "0");
	a.news = 0;
	set(&a, "corrupt", "100");
	assert_int_equal(caps(&a), 0);
	assert_int_not_equal(a.news, 0);
	begin(&b);
	b.bits = true;
	flood(&a, 500, 100);
	hears(&b, 500);
	assert_int_equal(b.bits_bad, 500); /* in each of them */
	set(&a, "corrupt", "0");
	assert_int_not_equal(caps(&a), 0);
	begin(&b);
	flood(&a, 500, 100);
	hears(&b, 500);
	assert_int_equal(b.bits_bad, 0);
	b.bits = false;
	set(&a, "reorder", "30");
	begin(&b);
	flood(&a, 500, 100);
	hears(&b, 500);
	assert_int_not_equal(b.order_bad, 0);
	set(&a, "reorder", "0");
	set(&a, "jitter", "20ms");
	begin(&b);
	flood(&a, 500, 100);
	hears(&b, 500);
	assert_in_range(b.order_bad, 50, 499);
	set(&a, "jitter", "0");
	/* the same seed loses the same ones */
	set(&a, "loss", "50");
	for (int i = 0; i < 2; i++) {
		set(&a, "seed", "11");
		begin(&b);
		flood(&a, 500, 100);
		loop_for(20000000);
		assert_in_range(b.frames, 150, 350);
		if (i == 0)
			first = b.frames;
	}
	assert_int_equal(b.frames, first);
	hostif_wire.close(a.link);
	hostif_wire.close(b.link);
}

/* A slow wire stops who sends: 100 frames of a millisecond each. */
static void
bandwidth_stops_the_sender(void **state)
{
	unsigned long long start;
	struct end a, b;
	struct hostif_frame f[32];
	struct host_iov iov;
	char data[1250] = "";

	end_come(&a, "a");
	end_come(&b, "b");
	loop_for(2000000);
	set(&a, "bandwidth", "10M");
	begin(&b);
	start = host_clock();
	flood(&a, 100, 1250);
	assert_in_range(host_clock() - start, 70000000, 1ULL << 62);
	assert_int_not_equal(a.room, 0);
	while (b.frames < 100)
		host_loop_wait(host_clock() + 1000000);
	assert_in_range(host_clock() - start, 99000000, 1ULL << 62);
	assert_int_equal(b.order_bad, 0);
	/* none waits here any longer once the pace is another */
	set(&a, "bandwidth", "10K"); /* a second for each */
	iov = (struct host_iov){ data, sizeof(data) };
	for (int i = 0; i < 32; i++)
		f[i] = (struct hostif_frame){ .iov = &iov,
			.niov = 1,
			.len = sizeof(data) };
	assert_int_equal(hostif_wire.tx(a.link, f, 32), 1);
	assert_int_equal(hostif_wire.tx(a.link, f, 32), 0);
	a.room = 0;
	set(&a, "bandwidth", "0");
	assert_int_equal(a.room, 1);
	assert_int_equal(hostif_wire.tx(a.link, f, 32), 32);
	hostif_wire.close(a.link);
	hostif_wire.close(b.link);
}

/* One that is off neither stops who sends nor hears of it later. */
static void
off_hears_nothing_later(void **state)
{
	struct end a, b;

	end_come(&a, "a");
	end_come(&b, "b");
	loop_for(2000000);
	hostif_wire.rx_enable(b.link, 0);
	flood(&a, 200000, 1000); /* more than a socket holds */
	loop_for(2000000);
	hostif_wire.rx_enable(b.link, 1);
	loop_for(5000000);
	assert_int_equal(b.frames, 0);
	flood(&a, 10, 100);
	hears(&b, 10);
	hostif_wire.rx_enable(b.link, 0);
	hostif_wire.close(a.link); /* an end is seen all the same */
	loop_for(5000000);
	assert_false(is_up(&b));
	hostif_wire.close(b.link);
}

/* Who holds the folder's lock holds up nobody but the end that wants to come. */
static void
locked_folder_is_tried_again(void **state)
{
	unsigned long long start = host_clock();
	struct end a, b;
	int fd;

	end_come(&a, "a");
	assert_return_code(fd = open(spec, O_RDONLY | O_DIRECTORY | O_CLOEXEC), errno);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	end_come(&b, "b");
	loop_for(20000000);
	assert_false(is_up(&a) || is_up(&b));
	set(&b, "carrier", "0");
	set(&b, "carrier", "1");
	assert_false(is_up(&b));
	close(fd);
	for (start = host_clock(); !is_up(&b) && host_clock() - start < 10000000000ULL;)
		host_loop_wait(host_clock() + 1000000);
	loop_for(2000000);
	assert_true(is_up(&a) && is_up(&b));
	flood(&a, 10, 100);
	hears(&b, 10);
	hostif_wire.close(a.link);
	hostif_wire.close(b.link);
}

/* The wire's only end's socket, from outside. */
static int
stranger_connect(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%d.a", spec, getpid());
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return (fd);
}

/* Nothing that a stranger sends is read beyond its end. */
static void
hostile_messages_are_counted(void **state)
{
	unsigned int seed = 12345, size = 200000;
	struct wire_hdr *h;
	unsigned char *msg;
	char out[32];
	struct end a;
	int fd;

	end_come(&a, "a");
	fd = stranger_connect();
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	loop_for(2000000);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)rand_r(&seed) %
			(i % 50 == 0 ? 140000 : 300) +
		    1;

		assert_non_null(
		    msg = malloc(len)); /* exactly: a sanitizer sees */
		for (size_t k = 0; k < len && k < 400; k++)
			msg[k] = (unsigned char)rand_r(&seed);
		h = (struct wire_hdr *)(void *)msg;
		if (len >= sizeof(*h) && i % 2 == 0)
			h->len = (unsigned int)rand_r(&seed) % 320;
		if (send(fd, msg, len, MSG_DONTWAIT) == -1)
			assert_true(errno == EAGAIN || errno == EMSGSIZE);
		free(msg);
		host_loop_wait(0);
	}
	loop_for(2000000);
	assert_int_equal(hostif_wire.ctl(a.link, "bad", "", out, sizeof(out)),
	    0);
	assert_true(atoi(out) > 1000);
	assert_true(is_up(&a));
	close(fd);
	loop_for(2000000);
	assert_false(is_up(&a));
	hostif_wire.close(a.link);
}

static int
world_begin(void **state)
{
	assert_int_equal(host_loop_init(), 0);
	assert_non_null(mkdtemp(dir));
	snprintf(spec, sizeof(spec), "%s/w", dir);
	return (0);
}

static int
world_end(void **state)
{
	assert_int_equal(rmdir(spec), 0); /* nobody left a socket */
	return (rmdir(dir));
}

static int
token_take(void **state)
{
	host_cpu_enter();
	return (0);
}

static int
token_give(void **state)
{
	host_cpu_leave();
	return (0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filler_shuts_and_drain_opens),
		cmocka_unit_test(close_of_either_side_is_seen),
		cmocka_unit_test(passing_keeps_the_cookie),
		cmocka_unit_test(long_message_is_an_error),
		cmocka_unit_test(token_is_fair),
		cmocka_unit_test(recv_waits_asleep),
		cmocka_unit_test_setup_teardown(loop_spins_while_it_pays,
		    token_take, token_give),
		cmocka_unit_test_setup_teardown(wire_loses_nothing, token_take,
		    token_give),
		cmocka_unit_test_setup_teardown(hub_of_five, token_take,
		    token_give),
		cmocka_unit_test_setup_teardown(faults_are_what_was_asked,
		    token_take, token_give),
		cmocka_unit_test_setup_teardown(faults_of_single_packets,
		    token_take, token_give),
		cmocka_unit_test_setup_teardown(bandwidth_stops_the_sender,
		    token_take, token_give),
		cmocka_unit_test_setup_teardown(off_hears_nothing_later,
		    token_take, token_give),
		cmocka_unit_test_setup_teardown(locked_folder_is_tried_again,
		    token_take, token_give),
		cmocka_unit_test_setup_teardown(hostile_messages_are_counted,
		    token_take, token_give),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, world_begin, world_end));
}
