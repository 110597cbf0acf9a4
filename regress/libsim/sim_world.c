/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The world: machines, and the one clock.
 *
 * An instant is over when no machine has anything left to do at it: no
 * descriptor ready, no frame arrived, no task, no timeout due.  Machines take
 * turns in the order of their making.  Then the clock jumps to the next
 * timeout or arrival, whichever machine or wire has it.
 */

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"
#include "sim_host.h"

#define START_NS  1000000000ULL
#define TURNS_MAX 1000000 /* of one instant: it does not end */

struct sim_machine {
	struct sim_machine *next;
	struct sim_state st;
	char name[64];
	uint64_t deadline;
	__typeof__(kernel_boot) *boot;
	__typeof__(kernel_step) *step;
	__typeof__(kernel_shutdown) *shutdown;
	__typeof__(kernel_plug) *plug;
	__typeof__(kernel_syscall) *syscall;
};

static struct sim_machine *machines;
static char world[64];
static uint64_t world_seed;

/* --- turns --- */

/* One turn of m.  Did it do anything? */
static bool
machine_turn(struct sim_machine *m)
{
	struct sim_state *was = sim_at;
	uint64_t before = m->deadline;
	bool any;

	sim_at = &m->st;
	any = sim_watches_run();
	any |= sim_links_run();
	any |= m->st.kicked || before <= sim_now_ns;
	m->st.kicked = false;
	m->deadline = m->step();
	sim_at = was;
	return (any || m->deadline == 0);
}

void
sim_settle(void)
{
	bool any = true;

	for (long turns = 0; any; turns++) {
		if (turns == TURNS_MAX)
			sim_die("the instant %llu ns does not end",
			    (unsigned long long)sim_now_ns);
		any = false;
		for (struct sim_machine *m = machines; m != NULL; m = m->next)
			if (!m->st.exited)
				any |= machine_turn(m);
	}
}

/* The clock jumps to the next event, or to limit.  False: limit was reached. */
static bool
clock_jump(uint64_t limit)
{
	uint64_t next = sim_wires_next();

	for (struct sim_machine *m = machines; m != NULL; m = m->next)
		if (!m->st.exited && m->deadline < next)
			next = m->deadline;
	if (next > limit) {
		sim_now_ns = limit;
		return (false);
	}
	if (next > sim_now_ns)
		sim_now_ns = next;
	sim_wires_arrive();
	return (true);
}

bool
sim_run_until(bool (*fn)(void *arg), void *arg, uint64_t limit_us)
{
	uint64_t limit = sim_now_ns + limit_us * 1000;

	for (;;) {
		sim_settle();
		if (fn != NULL && fn(arg))
			return (true);
		if (!clock_jump(limit))
			break;
	}
	sim_settle();
	return (fn != NULL && fn(arg));
}

void
sim_run(uint64_t us)
{
	sim_run_until(NULL, NULL, us);
}

void
sim_world_sleep(uint64_t deadline)
{
	struct sim_state *me = sim_at;

	while (!me->woken) {
		sim_settle();
		if (me->woken ||
		    !clock_jump(deadline == ~0ULL ? ~0ULL - 1 : deadline))
			break;
	}
	sim_at = me;
}

uint64_t
sim_now(void)
{
	return (sim_now_ns);
}

/* --- machines --- */

/*
 * The loader knows objects by name, and would hand out the last copy again
 * if its descriptor's number came back: each gets a number of its own.
 */
static int
descriptor_unused(int fd)
{
	static int number = 100;
	struct rlimit rl;
	int new;

	if (number == 100 && getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	if ((new = fcntl(fd, F_DUPFD_CLOEXEC, number)) == -1)
		sim_die("%d kernels are too many for this process",
		    number - 100);
	number = new + 1;
	close(fd);
	return (new);
}

/* A copy of bsd.so that shares nothing with the others. */
static void *
kernel_load(const char *name)
{
	char path[PATH_MAX], *slash;
	struct stat sb;
	ssize_t n;
	off_t off = 0;
	void *dl;
	int from, to;

	if ((n = readlink("/proc/self/exe", path, sizeof(path) - 16)) <= 0)
		sim_die("/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	for (int up = 0; up < 2; up++)
		if ((slash = strrchr(path, '/')) != NULL)
			*slash = '\0';
	strcat(path, "/bsd.so");
	if ((from = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(from, &sb) == -1)
		sim_die("%s: %s", path, strerror(errno));
	if ((to = memfd_create(name, MFD_CLOEXEC)) == -1)
		sim_die("memfd: %s", strerror(errno));
	while (off < sb.st_size)
		if (sendfile(to, from, &off, (size_t)(sb.st_size - off)) <= 0)
			sim_die("%s: cannot be copied", path);
	close(from);
	to = descriptor_unused(to);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
	if ((dl = dlopen(path, RTLD_LAZY | RTLD_LOCAL)) == NULL)
		sim_die("%s", dlerror());
	close(to);
	return (dl);
}

static void *
entry(void *dl, const char *name)
{
	void *fn = dlsym(dl, name);

	if (fn == NULL)
		sim_die("bsd.so has no %s", name);
	return (fn);
}

struct sim_machine *
sim_machine_failing(const char *name, long n, int *error)
{
	struct kernel_params params = { .hostname = name };
	struct sim_machine *m, **at = &machines;
	struct sim_state *was = sim_at;
	void *dl = kernel_load(name);

	if ((m = calloc(1, sizeof(*m))) == NULL)
		sim_die("no memory");
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->boot = (__typeof__(m->boot))entry(dl, "kernel_boot");
	m->step = (__typeof__(m->step))entry(dl, "kernel_step");
	m->shutdown = (__typeof__(m->shutdown))entry(dl, "kernel_shutdown");
	m->plug = (__typeof__(m->plug))entry(dl, "kernel_plug");
	m->syscall = (__typeof__(m->syscall))entry(dl, "kernel_syscall");
	for (; *at != NULL; at = &(*at)->next)
		world_seed = world_seed * 0x5851f42d4c957f2dULL + 1;
	m->st = (struct sim_state){ .seed = world_seed | 1,
		.name = m->name,
		.fail_in = n };
	sim_at = &m->st;
	*error = m->boot(&params);
	sim_at = was;
	m->st.fail_in = 0;
	if (*error != 0) {
		free(m);
		return (NULL);
	}
	*at = m;
	return (m);
}

struct sim_machine *
sim_machine(const char *name)
{
	struct sim_machine *m;
	int error;

	if ((m = sim_machine_failing(name, 0, &error)) == NULL)
		sim_die("%s does not boot: %s", name, strerror(error));
	sim_settle();
	return (m);
}

long
sim_syscall(struct sim_machine *m, int no, const unsigned long long arg[6],
    const void *in, size_t inlen, void *out, size_t *outlen, int fd, int *newfd)
{
	struct kernel_cred cred = { 0, 0, 1 };
	struct sim_state *was = sim_at;
	unsigned long room = outlen != NULL ? *outlen : 0;
	int made = -1;
	long value;

	sim_at = &m->st;
	value = m->syscall(&cred, no, arg, in, inlen, out,
	    outlen != NULL ? &room : NULL, fd, &made);
	m->st.kicked = true;
	sim_at = was;
	if (outlen != NULL)
		*outlen = room;
	if (newfd != NULL)
		*newfd = made;
	else
		host_close(made);
	sim_settle();
	return (value);
}

int
sim_plug_why(struct sim_machine *m, const char *ifname, struct sim_wire *w,
    char *why, size_t whylen)
{
	struct sim_state *was = sim_at;
	char spec[128], text[200];
	int error;

	snprintf(spec, sizeof(spec), "sim:%s",
	    (const char *)w); /* a wire begins with its name */
	text[0] = '\0';
	sim_at = &m->st;
	error = m->plug(ifname, spec, text, sizeof(text));
	m->st.kicked = true;
	sim_at = was;
	if (why != NULL)
		snprintf(why, whylen, "%s", text);
	return (error);
}

void
sim_plug(struct sim_machine *m, const char *ifname, struct sim_wire *w)
{
	char why[200];
	int error;

	if ((error = sim_plug_why(m, ifname, w, why, sizeof(why))) != 0)
		sim_die("%s: %s: %s (%s)", m->name, ifname, why,
		    strerror(error));
	sim_settle();
}

void
sim_carrier(struct sim_machine *m, const char *ifname, bool on)
{
	struct sim_state *was = sim_at;

	sim_at = &m->st;
	if (sim_link_carrier(&m->st, ifname, on) != 0)
		sim_die("%s has no link %s", m->name, ifname);
	m->st.kicked = true;
	sim_at = was;
	sim_settle();
}

const struct sim_machine *
sim_machine_of(const struct sim_state *st)
{
	const struct sim_machine *m;

	for (m = machines; m != NULL && &m->st != st; m = m->next)
		;
	return (m);
}

long
sim_machine_live(const struct sim_machine *m)
{
	return (m->st.live);
}

void
sim_machine_fail(struct sim_machine *m, long n)
{
	m->st.fail_in = n;
	m->st.failed = false;
}

bool
sim_machine_failed(const struct sim_machine *m)
{
	return (m->st.failed);
}

/* --- the beginning and the end --- */

/* However the process ends: a world that is still there failed. */
static void
world_left(void)
{
	static bool saved;

	if (world[0] != '\0' && !saved)
		sim_wires_save();
	saved = true; /* an abort may end by exit(), too */
}

static void
world_aborted(int sig)
{
	signal(sig, SIG_DFL);
	world_left();
	raise(sig);
}

/* The sanitizers' end is neither exit nor abort. */
void __sanitizer_set_death_callback(void (*fn)(void))
    __attribute__((__weak__));

static void
world_watch(void)
{
	static bool watched;

	if (watched)
		return;
	watched = true;
	atexit(world_left);
	signal(SIGABRT, world_aborted);
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(world_left);
}

void
sim_new(const char *name, uint64_t seed)
{
	world_watch();
	sim_end(true); /* a test that failed did not come to its end */
	snprintf(world, sizeof(world), "%s", name);
	world_seed = seed * 0x9e3779b97f4a7c15ULL + 1;
	sim_now_ns = START_NS;
	sim_wires_new(world, world_seed);
}

/* The kernels themselves stay loaded: what they hold is theirs to the end. */
void
sim_end(bool failed)
{
	struct sim_state *was = sim_at;
	struct sim_machine *m;

	if (world[0] == '\0')
		return;
	for (m = machines; m != NULL; m = m->next) {
		sim_at = &m->st;
		m->shutdown();
	}
	sim_at = was;
	sim_wires_end(failed || getenv("SIM_PCAP") != NULL);
	while ((m = machines) != NULL) {
		machines = m->next;
		free(m);
	}
	world[0] = '\0';
}
