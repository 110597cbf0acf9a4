/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* tun and tap: devices, packets both ways, and short memory. */

#include <sys/systm.h>
#include <sys/endian.h>
#include <sys/file.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/syscall.h>
#include <net/ethernet.h>
#include <net/if_ioctl.h>
#include <net/if_tun.h>
#include <net/if_var.h>
#include <ktest.h>
#include <machine/kernel.h>

bool sim_watches_run(void); /* the host's: what programs sent is taken */

#define OWNER 1000
static const struct kernel_params params = { .hostname = "test",
	.owner_uid = OWNER };
static const struct kernel_cred owner = { .uid = OWNER, .pid = 7 };
static const struct kernel_cred guest = { .uid = 4711, .pid = 8 };
static uint8_t inbox[70000];

static long
dev_open_as(const struct kernel_cred *cred, const char *name, int *fd)
{
	const unsigned long long arg[6] = { FREAD | FWRITE };

	*fd = -1;
	return (kernel_syscall(cred, SYS_OPEN, arg, name, strlen(name) + 1,
	    NULL, NULL, -1, fd));
}

static int
dev_open(const char *name)
{
	int fd;

	KT_EQ(dev_open_as(&owner, name, &fd), 0);
	return (fd);
}

static long
ask(const struct kernel_cred *cred, int fd, unsigned long cmd, void *data)
{
	const unsigned long long arg[6] = { cmd };
	unsigned long len = IOCPARM_LEN(cmd);

	return (kernel_syscall(cred, SYS_IOCTL, arg, data,
	    (cmd & IOC_IN) != 0 ? len : 0, data, &len, fd, NULL));
}

static void
run(void)
{
	while (sim_watches_run())
		;
	kernel_step();
	while (sim_watches_run())
		;
	kernel_step();
}

static void
dev_write(int fd, const void *p, unsigned long len)
{
	struct file_msg head = { .type = FMSG_DATA };
	union {
		const void *ro;
		void *rw;
	} base = { .ro = p };
	struct host_iov iov[2] = { { &head, sizeof(head) }, { base.rw, len } };

	KT_EQ(host_send(fd, iov, 2, -1, 0), (long)(sizeof(head) + len));
	run();
}

/* Bytes of the next packet in inbox; 0: none; -1: the end. */
static long
dev_read(int fd)
{
	struct file_msg head;
	struct host_iov iov[2] = { { &head, sizeof(head) },
		{ inbox, sizeof(inbox) } };
	int passed = -1;
	long n = host_recv(fd, iov, 2, &passed, 0);

	if (n == -EAGAIN)
		return (0);
	if (n <= 0)
		return (-1);
	KT(n > (long)sizeof(head));
	return (n - (long)sizeof(head));
}

static void
address(const char *name, sa_family_t af, const struct ip_addr *a,
    const struct ip_addr *dst, uint16_t plen)
{
	struct if_addrreq req = { .af = af,
		.plen = plen,
		.addr = *a,
		.vltime = UINT32_MAX,
		.pltime = UINT32_MAX };
	struct proc p = { .p_uid = OWNER };

	strlcpy(req.name, name, sizeof(req.name));
	if (dst != NULL)
		req.dst = *dst;
	KT_EQ(if_ioctl_dispatch(SIOCAIFADDR_FG, &req, &p), 0);
	if_setflags(if_unit(name), if_unit(name)->if_flags | IFF_UP);
	run();
}

static const struct ip_addr me4 = { .b = { 10, 9, 0, 1 } },
			    you4 = { .b = { 10, 9, 0, 2 } },
			    me6 = { .b = { 0xfd, 9, [15] = 1 } },
			    you6 = { .b = { 0xfd, 9, [15] = 2 } };

static uint16_t
sum_of(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

/* An echo request from you to me, with its family in front: its length. */
static unsigned long
echo4(uint8_t *p)
{
	static const uint8_t ip[28] = { 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0,
		10, 9, 0, 2, 10, 9, 0, 1, 8, 0, 0, 0, 0, 7, 0, 1 };

	be32enc(p, AF_INET);
	memcpy(p + 4, ip, sizeof(ip));
	be16enc(p + 14, sum_of(p + 4, 20, 0));
	be16enc(p + 26, sum_of(p + 24, 8, 0));
	return (32);
}

static unsigned long
echo6(uint8_t *p)
{
	static const uint8_t ip[8] = { 0x60, 0, 0, 0, 0, 8, 58, 64 };

	memset(p, 0, 52);
	be32enc(p, AF_INET6);
	memcpy(p + 4, ip, sizeof(ip));
	memcpy(p + 12, you6.b, 16);
	memcpy(p + 28, me6.b, 16);
	p[44] = 128;
	p[51] = 1;
	be16enc(p + 46, sum_of(p + 12, 40, 8 + 58)); /* pseudo header and message */
	return (52);
}

KTEST(tun_device_names_are_judged)
{
	static const char *const bad[] = { "tun", "tun01", "tunx", "tun1x",
		"tap99999999999", "tun-1", "tap ", "" };
	int fd;

	KT_EQ(kernel_boot(&params), 0);
	for (size_t i = 0; i < nitems(bad); i++)
		KT_EQ(dev_open_as(&owner, bad[i], &fd), -ENOENT);
	KT_EQ(dev_open_as(&guest, "tun0", &fd), -EPERM);
	KT(if_unit("tun0") == NULL);
}

KTEST(tun_made_by_open_goes_with_the_descriptor)
{
	int fd, second;

	KT_EQ(kernel_boot(&params), 0);
	fd = dev_open("tun3");
	KT(if_unit("tun3") != NULL);
	KT_EQ(if_unit("tun3")->if_link_state, LINK_STATE_UP);
	KT_EQ(dev_open_as(&owner, "tun3", &second), -EBUSY);
	host_close(fd);
	run();
	KT(if_unit("tun3") == NULL);

	KT_EQ(if_clone_create("tap4"), 0);
	KT_EQ(if_unit("tap4")->if_link_state, LINK_STATE_DOWN);
	fd = dev_open("tap4");
	KT_EQ(if_unit("tap4")->if_link_state, LINK_STATE_UP);
	host_close(fd);
	run();
	KT_EQ(if_unit("tap4")->if_link_state, LINK_STATE_DOWN);

	fd = dev_open("tap4");
	KT_EQ(if_clone_destroy("tap4"), 0);
	run();
	KT_EQ(dev_read(fd), -1);
	host_close(fd);
	run();
}

KTEST(tun_carries_both_families)
{
	uint8_t p[64];
	int fd;

	KT_EQ(kernel_boot(&params), 0);
	fd = dev_open("tun0");
	address("tun0", AF_INET, &me4, &you4, 32);
	address("tun0", AF_INET6, &me6, &you6, 128);
	while (dev_read(fd) > 0) /* what a fresh interface says */
		;
	dev_write(fd, p, echo4(p));
	KT_EQ(dev_read(fd), 32);
	KT_EQ(be32dec(inbox), AF_INET);
	KT_EQ(inbox[24], 0); /* echo reply */
	KT(memcmp(inbox + 20, you4.b, 4) == 0);
	KT_EQ(sum_of(inbox + 4, 20, 0), 0);
	KT_EQ(sum_of(inbox + 24, 8, 0), 0); /* finished in software */

	dev_write(fd, p, echo6(p));
	KT_EQ(dev_read(fd), 52);
	KT_EQ(be32dec(inbox), AF_INET6);
	KT_EQ(inbox[44], 129);
	KT(memcmp(inbox + 28, you6.b, 16) == 0);
	KT_EQ(if_unit("tun0")->if_counters.ierrors, 0);
	host_close(fd);
}

KTEST(tun_refuses_what_is_no_packet)
{
	uint8_t p[64];
	int fd;

	KT_EQ(kernel_boot(&params), 0);
	fd = dev_open("tun0");
	address("tun0", AF_INET, &me4, &you4, 32);
	echo4(p);
	dev_write(fd, p, 3);  /* shorter than a family */
	dev_write(fd, p, 4);  /* nothing behind it */
	be32enc(p, AF_INET6); /* not what follows */
	dev_write(fd, p, 32);
	be32enc(p, 77);
	dev_write(fd, p, 32);
	KT_EQ(drop_counts[DROP_TUN_WRITE], 4);
	KT_EQ(if_unit("tun0")->if_counters.ierrors, 4);
	KT_EQ(if_unit("tun0")->if_counters.ipackets, 0);
	host_close(fd);
}

static int
send_out(const char *name, uint32_t len)
{
	static const struct nexthop nh = { .nh_af = AF_INET };
	struct mbuf *m = m_getroom(M_HEADROOM, len);
	struct ifnet *ifp = if_unit(name);

	KT(m != NULL);
	memset(m->m_data, 0x45, len);
	m->m_len = m->m_pkthdr.len = len;
	if (ifp->if_type == IFT_ETHER)
		return (ether_send(ifp, m, etherbroadcastaddr, 0x88b5));
	return (ifp->if_output(ifp, m, &nh, NULL));
}

KTEST(tun_a_program_that_does_not_read_costs_packets_not_memory)
{
	long got = 0;
	int fd, error = 0;

	KT_EQ(kernel_boot(&params), 0);
	KT_EQ(if_clone_create("tun0"), 0);
	if_setflags(if_unit("tun0"), IFF_UP);
	KT_EQ(send_out("tun0", 100), 0);
	run();
	KT_EQ(drop_counts[DROP_TUN_CLOSED], 1);
	fd = dev_open("tun0");
	for (int i = 0; i < 5000 && error == 0; i++) {
		error = send_out("tun0", 1400);
		kernel_step();
	}
	KT_EQ(error, ENOBUFS);
	KT((if_unit("tun0")->if_flags & IFF_OACTIVE) != 0);
	for (long n; (n = dev_read(fd)) > 0; run()) {
		KT_EQ(n, 1404);
		got++;
	}
	KT_EQ(got, if_unit("tun0")->if_counters.opackets - 1);
	KT((if_unit("tun0")->if_flags & IFF_OACTIVE) == 0);
	KT_EQ(send_out("tun0", 1400), 0);
	run();
	KT_EQ(dev_read(fd), 1404);
	host_close(fd);
}

KTEST(tun_down_takes_and_gives_nothing)
{
	uint8_t p[64];
	int fd;

	KT_EQ(kernel_boot(&params), 0);
	fd = dev_open("tun0");
	KT_EQ(send_out("tun0", 100), ENETDOWN);
	dev_write(fd, p, echo4(p));
	KT_EQ(drop_counts[DROP_IF_DOWN], 2);
	KT_EQ(dev_read(fd), 0);
	host_close(fd);
}

static unsigned int taken;

static void
take(struct ifnet *ifp, struct mbuf *m)
{
	taken++;
	KT_EQ(m->m_pkthdr.len, 46);
	m_freem(m);
}

KTEST(tap_carries_frames)
{
	uint8_t frame[60] = { [12] = 0x88, [13] = 0xb5 };
	struct ifnet *ifp;
	int fd;

	KT_EQ(kernel_boot(&params), 0);
	ether_input_register(0x88b5, take);
	fd = dev_open("tap0");
	ifp = if_unit("tap0");
	if_setflags(ifp, ifp->if_flags | IFF_UP);
	run();
	while (dev_read(fd) > 0)
		;
	memcpy(frame, ifp->if_lladdr, 6);
	frame[6] = 2;
	dev_write(fd, frame, sizeof(frame));
	KT_EQ(taken, 1);
	dev_write(fd, frame, 13);
	KT_EQ(drop_counts[DROP_ETHER_SHORT], 1);
	KT_EQ(send_out("tap0", 46), 0);
	run();
	KT_EQ(dev_read(fd), 60);
	KT(memcmp(inbox, etherbroadcastaddr, 6) == 0);
	KT_EQ(ifp->if_hardmtu, 65535 - 14);
	host_close(fd);
}

KTEST(tun_info_is_told_and_judged)
{
	struct tuninfo ti;
	int fd;

	KT_EQ(kernel_boot(&params), 0);
	fd = dev_open("tun5");
	memset(&ti, 0xff, sizeof(ti));
	KT_EQ(ask(&guest, fd, TUNGIFINFO, &ti), 0);
	KT_STR(ti.name, "tun5");
	KT_EQ(ti.mtu, 1500);
	KT((ti.flags & IFF_POINTOPOINT) != 0);
	ti.mtu = 9000;
	ti.flags = IFF_UP;
	ti.baudrate = 1000000;
	KT_EQ(ask(&guest, fd, TUNSIFINFO, &ti), -EPERM);
	KT_EQ(ask(&owner, fd, TUNSIFINFO, &ti), 0);
	KT_EQ(if_unit("tun5")->if_mtu, 9000);
	KT((if_unit("tun5")->if_flags & (IFF_UP | IFF_POINTOPOINT)) ==
	    (IFF_UP | IFF_POINTOPOINT));
	ti.mtu = 67;
	KT_EQ(ask(&owner, fd, TUNSIFINFO, &ti), -EINVAL);
	ti.mtu = 65536;
	KT_EQ(ask(&owner, fd, TUNSIFINFO, &ti), -EINVAL);
	KT_EQ(if_unit("tun5")->if_mtu, 9000);
	KT_EQ(ask(&owner, fd, _IO('t', 1), NULL), -ENOTTY);
	host_close(fd);
}

KTEST_NTH(tun_short_of_memory)
{
	static const char *const names[] = { "tun1", "tap1" };
	uint8_t p[64];
	long live;
	int fd;

	KT_EQ(kernel_boot(&params), 0);
	for (size_t i = 0; i < nitems(names); i++) { /* what is made once */
		host_close(dev_open(names[i]));
		run();
	}
	live = sim_live();
	sim_fail_nth(n);
	for (size_t i = 0; i < nitems(names); i++) {
		long error = dev_open_as(&owner, names[i], &fd);

		KT(error == 0 || (error == -ENOMEM && sim_failed()));
		KT((error == 0) == (if_unit(names[i]) != NULL));
		if (error != 0)
			continue;
		if_setflags(if_unit(names[i]), IFF_UP);
		dev_write(fd, p, echo4(p));
		sim_advance_us(20000);
		run();
		host_close(fd);
		run();
		KT(if_unit(names[i]) == NULL);
	}
	run();
	KT_EQ(sim_live(), live);
}
