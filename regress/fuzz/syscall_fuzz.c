/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * System calls of several clients, many in a row, about descriptors that are
 * used natively in between: written, read, shut, closed, one client's all at
 * once as if it was killed.  A step is
 *
 *	what	the call, or what happens at a program's end
 *	slot	low nibble: which descriptor; high: who asks, and a choice
 *	n	how many bytes of the input belong to it
 *	bytes	arguments and payload
 *
 * Whatever was asked, when all ends are closed no descriptor, no connection
 * and no socket stays behind.  Pointers inside ioctls are left out: they
 * would reach this process's own memory.
 */

#include <sys/systm.h>
#include <sys/cursor.h>
#include <sys/file.h>
#include <sys/looptest.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/syscall.h>
#include <sys/sysctl.h>
#include <net/bpf.h>
#include <net/if_ioctl.h>
#include <netinet/in.h>
#include <ktest.h>
#include <machine/host.h>
#include <machine/kernel.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool sim_watches_run(void); /* the host's: what programs did is seen */

#define SLOTS     16
#define STEPS_MAX 64
#define BUFFER    65536

enum native {
	N_WRITE = NSYS,
	N_READ,
	N_CLOSE,
	N_SHUT,
	N_TIME,
	N_KILL, /* all that one client holds is closed at once */
	N_ALL
};

struct step {
	uint8_t what, slot, n;
	uint8_t b[256];
};

static int slots[SLOTS];
static const struct kernel_cred creds[] = { { 0, 0, 1 }, { 1000, 1000, 2 },
	{ 4711, 4711, 3 }, { 4712, 4712, 4 } };
static uint8_t out[BUFFER], old[1 << 20];
static unsigned int sockets_idle;

/* --- what has to hold --- */

static unsigned int
sockets_count(void)
{
	struct socket *so;
	unsigned int n = 0;

	TAILQ_FOREACH(so, &all_sockets, so_all) {
		KASSERT(
		    so->so_rcv.sb_cc == 0 || so->so_rcv.sb_q.ml_head != NULL);
		KASSERT(so->so_head == NULL || so->so_head->so_qlen > 0);
		n++;
	}
	return (n);
}

static int
number_of(const char *name)
{
	struct sysctl_req req = { .proc = NULL };
	int v = -1;

	KASSERT(kern_sysctl(name, &req) == 0 && req.oldlen == sizeof(v));
	memcpy(&v, req.old, sizeof(v));
	free(req.old, M_SYSCTL, req.oldcap);
	return (v);
}

static void
steps_run(int n, uint64_t us)
{
	for (; n > 0; n--) {
		sim_advance_us(us);
		for (int rounds = 0; rounds < 8 && sim_watches_run(); rounds++)
			;
		while (kernel_step() == 0)
			;
	}
}

static void
boot(void)
{
	static const struct kernel_params params = { .hostname = "fuzz" };
	static struct proc owner;
	struct sysctl_req req = { .proc = &owner };
	static const int one = 1;
	static bool booted;

	if (booted)
		return;
	booted = true;
	KASSERT(kernel_boot(&params) == 0);
	req.new = &one;
	req.newlen = sizeof(one);
	KASSERT(kern_sysctl("kern.looptest", &req) == 0);
	free(req.old, M_SYSCTL, req.oldcap);
	sockets_idle = sockets_count();
	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
}

/* --- arguments that make sense often enough --- */

static const uint16_t families[][3] = { { AF_LOOPTEST, SOCK_STREAM, 0 },
	{ AF_INET, SOCK_DGRAM, 0 }, { AF_INET6, SOCK_DGRAM, 0 },
	{ AF_INET, SOCK_RAW, 1 }, { AF_INET6, SOCK_RAW, 58 },
	{ AF_ROUTE_FUGU, SOCK_RAW, 0 }, { AF_INET, SOCK_STREAM, 0 },
	{ AF_INET6, SOCK_STREAM, 0 }, { AF_INET, SOCK_STREAM, 0 } };
static const unsigned long ioctls[] = { SIOCIFCREATE, SIOCIFDESTROY,
	SIOCSIFFLAGS, SIOCGIFFLAGS, SIOCSIFMTU, SIOCAIFADDR_FG, SIOCDIFADDR_FG,
	SIOCIFLINKCTL, SIOCSVLAN, SIOCGVLAN, SIOCSPAIR, SIOCGPAIR, BIOCGBLEN,
	BIOCSBLEN, BIOCFLUSH, BIOCPROMISC, BIOCGDLT, BIOCGETIF, BIOCSETIF,
	BIOCSRTIMEOUT, BIOCGSTATS, BIOCIMMEDIATE, BIOCVERSION, BIOCLOCK };
static const int levels[] = { SOL_SOCKET, SOL_LOOPTEST, IPPROTO_TCP, IPPROTO_IP,
	IPPROTO_IPV6 };
static const char *const names[] = { "lo0", "pair0", "pair1", "vlan0" };

/* An address in place of the bytes.  Its length. */
static uint32_t
address_make(const struct step *s, uint8_t *in)
{
	struct sockaddr_loop sl = { .sl_family = AF_LOOPTEST,
		.sl_port = s->b[1] % 5,
		.sl_delay_ms = s->b[2] % 3 * 10U };
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(s->b[1] % 5),
		.sin_addr = { htonl(0x7f000001) } };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(s->b[1] % 5) };

	sin6.sin6_addr.s6_addr[15] = 1;
	switch (s->b[0] % 4) {
	case 0:
		memcpy(in, &sl, sizeof(sl));
		return (sizeof(sl));
	case 1:
		memcpy(in, &sin, sizeof(sin));
		return (sizeof(sin));
	case 2:
		memcpy(in, &sin6, sizeof(sin6));
		return (sizeof(sin6));
	default:
		memcpy(in, s->b, s->n);
		return (s->n);
	}
}

static uint32_t
ioctl_make(const struct step *s, unsigned long long *arg, uint8_t *in)
{
	unsigned long cmd = ioctls[s->b[0] % nitems(ioctls)];
	uint32_t len = (uint32_t)IOCPARM_LEN(cmd);

	arg[0] = cmd;
	if ((cmd & IOC_IN) == 0)
		return (0);
	memset(in, 0, len);
	if (s->n > 2)
		memcpy(in, s->b + 2, MIN(len, s->n - 2U));
	if (len >= IFNAMSIZ) { /* few names: what is made stays little */
		memset(in, 0, IFNAMSIZ);
		strlcpy((char *)in, names[s->b[1] % nitems(names)], IFNAMSIZ);
	}
	return (s->b[1] == 0xff ? len / 2 : len);
}

static uint32_t
sysctl_make(const struct step *s, unsigned long long *arg, uint8_t *in)
{
	static const char *const known[] = { "kern.nfiles", "net.link.list",
		"net.route.dump.0.2", "net.inet.udp.pcblist", "kern.syscalls",
		"net.link.addrs", "kern.looptest", "" };
	const char *name = known[s->b[0] % nitems(known)];
	size_t len = strlen(name) + 1;

	if (name[0] == '\0') {
		memcpy(in, s->b, s->n);
		arg[0] = s->b[1];
		arg[1] = s->b[2] & 1;
		len = s->n;
	} else {
		memcpy(in, name, len);
		arg[0] = len;
	}
	arg[2] = (s->b[1] & 2) != 0 ? (unsigned long)old : 0;
	arg[3] = (s->b[1] & 4) != 0 ? sizeof(old) : s->b[3];
	return ((uint32_t)len);
}

/* Arguments and payload of the call s->what.  The payload's length. */
static uint32_t
call_make(const struct step *s, unsigned long long *arg, uint8_t *in)
{
	uint32_t len;

	switch (s->what) {
	case SYS_SOCKET:
		for (int i = 0; i < 3; i++)
			arg[i] = s->b[0] < 200 ?
			    families[s->b[0] % nitems(families)][i] :
			    s->b[i + 1];
		return (0);
	case SYS_OPEN:
		arg[0] = s->b[0] % 4;
		memcpy(in, "bpf", 4);
		return (4);
	case SYS_BIND:
	case SYS_CONNECT:
		return (address_make(s, in));
	case SYS_SENDMSG:
		len = (s->b[3] & 1) != 0 ? address_make(s, in) : 0;
		arg[0] = len;
		arg[1] = s->b[4] % 3 == 0 ? s->b[5] : 0;
		len = (len + 7) & ~7U;
		memcpy(in + len, s->b, s->n);
		return (len + s->n);
	case SYS_SETSOCKOPT:
	case SYS_GETSOCKOPT:
		arg[0] = s->b[0] % 8 < nitems(levels) ? levels[s->b[0] % 8] :
							s->b[0];
		arg[1] = s->b[1];
		arg[2] = s->b[2];
		memcpy(in, s->b + 3, MIN(s->n, 64));
		return (s->what == SYS_SETSOCKOPT ? MIN(s->n, 64) : 0);
	case SYS_IOCTL:
		return (ioctl_make(s, arg, in));
	case SYS_SYSCTL:
		return (sysctl_make(s, arg, in));
	default:
		arg[0] = s->b[0] > 250 ? (unsigned long long)-1 : s->b[0] % 9;
		memcpy(in, s->b, s->n);
		return (s->b[1] > 250 ? s->n : 0);
	}
}

/* --- steps --- */

static void
slot_put(int slot, int fd)
{
	if (fd == -1)
		return;
	host_close(slots[slot]);
	slots[slot] = fd;
}

static void
slot_close(int slot)
{
	host_close(slots[slot]);
	slots[slot] = -1;
}

static void
call_step(const struct step *s)
{
	static uint8_t in[8192] __attribute__((__aligned__(8)));
	unsigned long long arg[6] = { 0 };
	unsigned long outlen = sizeof(out);
	/* what only root may do is another fuzzer's, but for interfaces */
	unsigned int who = s->what == SYS_SYSCTL ? 2 + (s->slot >> 6 & 1) :
						   s->slot >> 6;
	int newfd = -1, slot = s->slot & 15;
	long ret;

	if (s->what == SYS_HALT && who < 1)
		return;
	ret = kernel_syscall(&creds[who], s->what, arg, in,
	    call_make(s, arg, in), out, &outlen, slots[slot], &newfd);
	KASSERT(ret >= -133);
	KASSERT(newfd == -1 || ret >= 0);
	slot_put(slot, newfd);
}

static void
native_step(const struct step *s)
{
	int slot = s->slot & 15, fd = slots[slot], passed = -1;
	struct host_iov iov = { out,
		s->n * ((s->slot & 0x80) != 0 ? 256UL : 1UL) };

	switch (s->what) {
	case N_WRITE:
		host_send(fd, &iov, 1, -1, 0);
		break;
	case N_READ:
		iov.len = sizeof(out);
		host_recv(fd, &iov, 1, &passed, 0);
		if (passed != -1)
			slot_put(s->b[0] % SLOTS, passed); /* accepted */
		break;
	case N_CLOSE:
		slot_close(slot);
		break;
	case N_SHUT:
		host_shutdown(fd, s->n % 3);
		break;
	case N_KILL:
		for (int i = s->slot >> 6; i < SLOTS; i += 4)
			slot_close(i);
		break;
	default:
		steps_run(1, s->n * 1000U);
	}
}

static void
interfaces_away(void)
{
	unsigned long outlen = 0;
	unsigned long long arg[6] = { SIOCIFDESTROY };
	int fd = -1;

	arg[0] = AF_INET;
	arg[1] = SOCK_DGRAM;
	KASSERT(kernel_syscall(&creds[0], SYS_SOCKET, arg, NULL, 0, NULL, NULL,
		    -1, &fd) == 0);
	for (size_t i = 1; i < nitems(names); i++) {
		struct if_req req = { .value = 0 };

		strlcpy(req.name, names[i], sizeof(req.name));
		arg[0] = SIOCIFDESTROY;
		(void)kernel_syscall(&creds[0], SYS_IOCTL, arg, &req,
		    sizeof(req), NULL, &outlen, fd, NULL);
	}
	host_close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c;
	struct step s;

	boot();
	cur_init(&c, data, size);
	for (int i = 0; i < STEPS_MAX; i++) {
		memset(&s, 0, sizeof(s));
		if (cur_u8(&c, &s.what) != 0 || cur_u8(&c, &s.slot) != 0 ||
		    cur_u8(&c, &s.n) != 0)
			break;
		s.n = (uint8_t)MIN(s.n, c.left);
		if (cur_bytes(&c, s.b, s.n) != 0)
			break;
		s.what %= N_ALL;
		if (s.what < NSYS)
			call_step(&s);
		else
			native_step(&s);
		steps_run(1, 100);
	}
	interfaces_away();
	for (int i = 0; i < SLOTS; i++)
		slot_close(i);
	steps_run(8, 50000);
	/* connections of TCP end in their own time (RFC 9293, 3.6) */
	for (int i = 0; i < 400 && sockets_count() != sockets_idle; i++)
		steps_run(1, 2500000);
	KASSERT(number_of("kern.nfiles") == 0);
	KASSERT(sockets_count() == sockets_idle);
	return (0);
}
