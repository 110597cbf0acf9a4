/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * /dev/bpf as a program sees it: opened, asked, read and written through its
 * descriptor.
 */

#include <sys/systm.h>
#include <sys/file.h>
#include <sys/ioccom.h>
#include <sys/mbuf.h>
#include <sys/proc.h>
#include <sys/syscall.h>
#include <net/bpf.h>
#include <net/ethernet.h>
#include <net/if_var.h>
#include <ktest.h>
#include <machine/kernel.h>

bool sim_watches_run(void); /* the host's: what programs sent is taken */

#define OWNER 1000
static const struct kernel_params params = { .hostname = "test",
	.owner_uid = OWNER };
static const struct kernel_cred owner = { .uid = OWNER, .pid = 7 };
static uint8_t inbox[1 << 17];

static const struct bpf_insn all[] = { BPF_STMT(BPF_RET, 0xffff) },
			     ip_only[] = {
				     BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
				     BPF_JUMP(BPF_JMP | BPF_JEQ, 0x800, 0, 1),
				     BPF_STMT(BPF_RET, 0xffff),
				     BPF_STMT(BPF_RET, 0),
			     };

static long
bpf_open_as(const struct kernel_cred *cred, int *fd)
{
	const unsigned long long arg[6] = { FREAD | FWRITE };
	static const char name[] = "bpf";

	return (kernel_syscall(cred, SYS_OPEN, arg, name, sizeof(name), NULL,
	    NULL, -1, fd));
}

static int
ask(int fd, unsigned long cmd, void *data)
{
	const unsigned long long arg[6] = { cmd };
	unsigned long len = IOCPARM_LEN(cmd);
	long v = kernel_syscall(&owner, SYS_IOCTL, arg, data,
	    (cmd & IOC_IN) != 0 ? len : 0, data, &len, fd, NULL);

	return (v < 0 ? (int)-v : 0);
}

static int
ask_int(int fd, unsigned long cmd, unsigned int v)
{
	return (ask(fd, cmd, &v));
}

static int
filter_set(int fd, unsigned long cmd, const struct bpf_insn *prog,
    unsigned int n)
{
	struct bpf_program p = { n, (struct bpf_insn *)(uintptr_t)prog };

	return (ask(fd, cmd, &p));
}

static int
interface_set(int fd, const char *name)
{
	struct bpf_ifreq req = { .bi_name = "" };

	strlcpy(req.bi_name, name, sizeof(req.bi_name));
	return (ask(fd, BIOCSETIF, &req));
}

/* pair1 and pair2 joined and up; a descriptor. */
static int
setup(void)
{
	struct if_req req = { .name = "pair1", .text = "pair2" };
	struct proc p = { .p_uid = OWNER };
	int fd = -1;

	KT_EQ(kernel_boot(&params), 0);
	KT_EQ(if_clone_create("pair1"), 0);
	KT_EQ(if_clone_create("pair2"), 0);
	KT_EQ(if_ioctl_dispatch(SIOCSPAIR, &req, &p), 0);
	KT_EQ(if_setflags(if_unit("pair1"), IFF_UP), 0);
	KT_EQ(if_setflags(if_unit("pair2"), IFF_UP), 0);
	for (int i = 0; i < 40; i++) { /* what comes of that is told */
		sim_advance_us(100000);
		kernel_step();
	}
	KT_EQ(bpf_open_as(&owner, &fd), 0);
	return (fd);
}

/* A frame of len bytes and a type goes by. */
static void
frame_pass(const char *ifname, uint16_t type, uint32_t len)
{
	struct mbuf *m = m_getroom(M_HEADROOM, len);

	KT(m != NULL);
	memset(m->m_data, 0x5a, len);
	m->m_len = m->m_pkthdr.len = len;
	KT_EQ(ether_send(if_unit(ifname), m, etherbroadcastaddr, type), 0);
	kernel_step();
}

/* Bytes of capture in the next message; 0: there is none. */
static long
message_next(int fd)
{
	struct file_msg head;
	struct host_iov iov[2] = { { &head, sizeof(head) },
		{ inbox, sizeof(inbox) } };
	int passed = -1;
	long n = host_recv(fd, iov, 2, &passed, 0);

	if (n == -EAGAIN)
		return (0);
	KT(n >= (long)sizeof(head));
	KT_EQ(head.type, FMSG_DATA);
	return (n - (long)sizeof(head));
}

static const struct bpf_hdr *
packet_at(long off)
{
	return ((const struct bpf_hdr *)(const void *)(inbox + off));
}

KTEST(bpf_is_for_the_owner)
{
	const struct kernel_cred guest = { .uid = 4711 };
	int fd = -1;

	KT_EQ(kernel_boot(&params), 0);
	KT_EQ(bpf_open_as(&guest, &fd), -EPERM);
	KT_EQ(bpf_open_as(&owner, &fd), 0);
	KT_EQ(ask(fd, _IO('B', 99), NULL), ENOTTY);
	host_close(fd);
}

KTEST(bpf_needs_an_interface_first)
{
	struct bpf_ifreq ifr = { .bi_name = "" };
	struct bpf_dltlist list = { .bfl_len = 0 };
	unsigned int v = 0;
	int fd = setup();

	KT_EQ(ask(fd, BIOCGDLT, &v), EINVAL);
	KT_EQ(ask_int(fd, BIOCSDLT, 1), EINVAL);
	KT_EQ(ask(fd, BIOCGDLTLIST, &list), EINVAL);
	KT_EQ(ask(fd, BIOCGETIF, &ifr), EINVAL);
	KT_EQ(ask(fd, BIOCPROMISC, NULL), EINVAL);
	KT_EQ(interface_set(fd, "nosuch0"), ENXIO);
	memset(ifr.bi_name, 'x', sizeof(ifr.bi_name));
	KT_EQ(ask(fd, BIOCSETIF, &ifr), EINVAL);
	KT_EQ(interface_set(fd, "pair1"), 0);
	KT_EQ(ask(fd, BIOCGDLT, &v), 0);
	KT_EQ(v, 1);
	KT_EQ(ask_int(fd, BIOCSDLT, 1), 0);
	KT_EQ(ask_int(fd, BIOCSDLT, 12), EINVAL);
	KT_EQ(ask(fd, BIOCGETIF, &ifr), 0);
	KT_STR(ifr.bi_name, "pair1");
	KT_EQ(ask(fd, BIOCGDLTLIST, &list), 0);
	KT_EQ(list.bfl_len, 1);
	v = 0;
	list.bfl_list = &v;
	list.bfl_len = 0;
	KT_EQ(ask(fd, BIOCGDLTLIST, &list), ENOMEM);
	list.bfl_len = 4;
	KT_EQ(ask(fd, BIOCGDLTLIST, &list), 0);
	KT_EQ(list.bfl_len, 1);
	KT_EQ(v, 1);
	host_close(fd);
}

KTEST(bpf_values_are_kept_and_judged)
{
	struct bpf_timeval tv = { 2, 500000 }, got = { 0, 0 };
	struct bpf_version version = { 0, 0 };
	unsigned int v = 100;
	int fd = setup();

	KT_EQ(ask(fd, BIOCVERSION, &version), 0);
	KT_EQ(version.bv_major, 1);
	KT_EQ(ask(fd, BIOCSBLEN, &v), 0); /* too small, as large as it may be */
	KT_EQ(v, BPF_MINBUF);
	v = 0xffffffff;
	KT_EQ(ask(fd, BIOCSBLEN, &v), 0);
	KT_EQ(v, BPF_MAXBUF);
	v = 5001;
	KT_EQ(ask(fd, BIOCSBLEN, &v), 0);
	KT_EQ(v, 5008);
	KT_EQ(ask(fd, BIOCSRTIMEOUT, &tv), 0);
	KT_EQ(ask(fd, BIOCGRTIMEOUT, &got), 0);
	KT_EQ(got.tv_sec, 2);
	KT_EQ(got.tv_usec, 500000);
	tv.tv_usec = 1000000;
	KT_EQ(ask(fd, BIOCSRTIMEOUT, &tv), EINVAL);
	tv = (struct bpf_timeval){ -1, 0 };
	KT_EQ(ask(fd, BIOCSRTIMEOUT, &tv), EINVAL);
	KT_EQ(ask_int(fd, BIOCSDIRFILT, 4), EINVAL);
	KT_EQ(ask_int(fd, BIOCSDIRFILT, BPF_DIRECTION_OUT), 0);
	KT_EQ(ask(fd, BIOCGDIRFILT, &v), 0);
	KT_EQ(v, BPF_DIRECTION_OUT);
	KT_EQ(ask_int(fd, BIOCSHDRCMPLT, 7), 0);
	KT_EQ(ask(fd, BIOCGHDRCMPLT, &v), 0);
	KT_EQ(v, 1);
	KT_EQ(interface_set(fd, "pair1"), 0);
	KT_EQ(ask(fd, BIOCSBLEN, &v), EINVAL); /* too late */
	KT_EQ(ask(fd, BIOCGBLEN, &v), 0);
	KT_EQ(v, 5008);
	host_close(fd);
}

KTEST(bpf_filter_is_judged_before_it_is_used)
{
	static const struct bpf_insn bad[] = { BPF_STMT(BPF_LD | BPF_IMM, 0) };
	int fd = setup();

	KT_EQ(filter_set(fd, BIOCSETF, bad, 1), EINVAL);
	KT_EQ(filter_set(fd, BIOCSETF, NULL, 1), EFAULT);
	KT_EQ(filter_set(fd, BIOCSETF, all, BPF_MAXINSNS + 1), EINVAL);
	KT_EQ(filter_set(fd, BIOCSETF, ip_only, nitems(ip_only)), 0);
	KT_EQ(filter_set(fd, BIOCSETF, bad, 1), EINVAL); /* the old one stays */
	KT_EQ(ask_int(fd, BIOCIMMEDIATE, 1), 0);
	KT_EQ(interface_set(fd, "pair1"), 0);
	frame_pass("pair1", 0x806, 46);
	KT_EQ(message_next(fd), 0);
	frame_pass("pair1", 0x800, 46);
	KT_EQ(message_next(fd), (long)BPF_ALIGN(sizeof(struct bpf_hdr) + 60));
	KT_EQ(packet_at(0)->bh_datalen, 60);
	KT_EQ(packet_at(0)->bh_direction, BPF_DIRECTION_OUT);
	KT_EQ(packet_at(0)->bh_ifindex, if_unit("pair1")->if_index);
	KT_EQ(filter_set(fd, BIOCSETF, NULL, 0), 0); /* none: all */
	frame_pass("pair1", 0x806, 46);
	KT(message_next(fd) > 0);
	host_close(fd);
}

KTEST(bpf_waits_until_full_or_timeout_or_at_once)
{
	struct bpf_timeval tv = { 1, 0 };
	unsigned int size = BPF_MINBUF;
	int fd = setup();

	KT_EQ(ask(fd, BIOCSBLEN, &size), 0);
	KT_EQ(interface_set(fd, "pair1"), 0);
	for (int i = 0; i < 4; i++) /* 4 * 1040 do not fit */
		frame_pass("pair1", 0x800, 1000);
	KT_EQ(message_next(fd), 3 * (long)BPF_ALIGN(24 + 1014));
	KT_EQ(message_next(fd), 0);
	sim_advance_us(3600000000ULL);
	kernel_step();
	KT_EQ(message_next(fd), 0); /* no time-out was asked for */
	KT_EQ(ask(fd, BIOCSRTIMEOUT, &tv), 0);
	KT_EQ(ask(fd, BIOCFLUSH, NULL), 0);
	frame_pass("pair1", 0x800, 100);
	sim_advance_us(900000);
	kernel_step();
	KT_EQ(message_next(fd), 0);
	sim_advance_us(200000);
	kernel_step();
	KT_EQ(message_next(fd), (long)BPF_ALIGN(24 + 114));
	KT_EQ(ask_int(fd, BIOCIMMEDIATE, 1), 0);
	frame_pass("pair1", 0x800, 100);
	KT_EQ(message_next(fd), (long)BPF_ALIGN(24 + 114));
	host_close(fd);
}

KTEST(bpf_statistics_tell_seen_wanted_and_lost)
{
	struct bpf_stat st;
	unsigned int size = BPF_MINBUF;
	int fd = setup();

	KT_EQ(ask(fd, BIOCSBLEN, &size), 0);
	KT_EQ(filter_set(fd, BIOCSETF, ip_only, nitems(ip_only)), 0);
	KT_EQ(interface_set(fd, "pair2"), 0);
	frame_pass("pair1", 0x806, 46);
	for (int i = 0; i < 3000; i++)
		frame_pass("pair1", 0x800, 1400);
	KT_EQ(ask(fd, BIOCGSTATS, &st), 0);
	KT_EQ(st.bs_recv, 3001);
	KT_EQ(st.bs_capt, 3000);
	KT(st.bs_drop > 0 && st.bs_drop < 3000);
	while (message_next(fd) > 0)
		sim_watches_run(); /* the descriptor has room again */
	KT_EQ(ask(fd, BIOCFLUSH, NULL), 0);
	KT_EQ(ask(fd, BIOCGSTATS, &st), 0);
	KT_EQ(st.bs_recv + st.bs_capt + st.bs_drop, 0);
	host_close(fd);
}

/* --- what a program sends --- */

static void
frame_write(int fd, const uint8_t src[6], uint16_t type, size_t len)
{
	const struct file_msg head = { .type = FMSG_DATA };
	uint8_t frame[2000] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct host_iov iov[2] = { { (void *)(uintptr_t)&head, sizeof(head) },
		{ frame, len } };

	memcpy(frame + 6, src, 6);
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
	KT_EQ(host_send(fd, iov, 2, -1, 0), (long)(sizeof(head) + len));
	sim_watches_run();
	for (int i = 0; i < 3; i++) /* out, in, and what was captured */
		kernel_step();
}

/* Where a captured frame's source stands. */
static const uint8_t *
captured_source(void)
{
	return (inbox + sizeof(struct bpf_hdr) + 6);
}

KTEST(bpf_writes_frames_with_the_right_source)
{
	static const uint8_t src[6] = { 2, 1, 2, 3, 4, 5 };
	int fd = setup(), other = -1;

	KT_EQ(bpf_open_as(&owner, &other), 0);
	KT_EQ(ask_int(other, BIOCIMMEDIATE, 1), 0);
	KT_EQ(interface_set(other, "pair2"), 0);
	frame_write(fd, src, 0x800, 60); /* on no interface */
	KT_EQ(drop_counts[DROP_BPF_WRITE], 1);
	KT_EQ(interface_set(fd, "pair1"), 0);
	frame_write(fd, src, 0x800, 60);
	KT(message_next(other) > 0);
	KT(memcmp(captured_source(), if_unit("pair1")->if_lladdr, 6) == 0);
	KT_EQ(ask_int(fd, BIOCSHDRCMPLT, 1), 0);
	frame_write(fd, src, 0x800, 60);
	KT(message_next(other) > 0);
	KT(memcmp(captured_source(), src, 6) == 0);
	frame_write(fd, src, 0x800, 13);   /* less than a header */
	frame_write(fd, src, 0x800, 1515); /* more than the MTU */
	KT_EQ(drop_counts[DROP_BPF_WRITE], 3);
	frame_write(fd, src, 0x800, 1514);
	KT(message_next(other) > 0);
	host_close(fd);
	host_close(other);
}

KTEST(bpf_cannot_forge_what_pf_logged)
{
	static const uint8_t src[6] = { 2, 1, 2, 3, 4, 5 };
	int fd = setup();

	KT_EQ(if_clone_create("pflog0"), 0);
	KT_EQ(if_setflags(if_unit("pflog0"), IFF_UP), 0);
	KT_EQ(interface_set(fd, "pflog0"), 0);
	KT_EQ(ask_int(fd, BIOCIMMEDIATE, 1), 0);
	frame_write(fd, src, 0x800, 200);
	KT_EQ(drop_counts[DROP_BPF_WRITE], 1);
	KT_EQ(message_next(fd), 0);
	host_close(fd);
}

KTEST(bpf_locked_keeps_its_filters)
{
	static const uint8_t src[6] = { 2, 1, 2, 3, 4, 5 };
	struct bpf_stat st;
	unsigned int v = 8192;
	int fd = setup();

	KT_EQ(interface_set(fd, "pair1"), 0);
	KT_EQ(filter_set(fd, BIOCSETF, ip_only, nitems(ip_only)), 0);
	KT_EQ(filter_set(fd, BIOCSETWF, ip_only, nitems(ip_only)), 0);
	KT_EQ(ask(fd, BIOCLOCK, NULL), 0);
	KT_EQ(filter_set(fd, BIOCSETF, all, 1), EPERM);
	KT_EQ(filter_set(fd, BIOCSETWF, all, 1), EPERM);
	KT_EQ(filter_set(fd, BIOCSETWF, NULL, 0), EPERM);
	KT_EQ(interface_set(fd, "pair2"), EPERM);
	KT_EQ(ask(fd, BIOCPROMISC, NULL), EPERM);
	KT_EQ(ask(fd, BIOCSBLEN, &v), EPERM);
	KT_EQ(ask_int(fd, BIOCSDLT, 1), EPERM);
	KT_EQ(ask_int(fd, BIOCSHDRCMPLT, 1), EPERM);
	KT_EQ(ask_int(fd, BIOCSDIRFILT, 0), EPERM);
	KT_EQ(ask(fd, BIOCLOCK, NULL), 0);
	KT_EQ(ask_int(fd, BIOCIMMEDIATE, 1), 0);
	KT_EQ(ask(fd, BIOCGSTATS, &st), 0);
	KT_EQ(ask(fd, BIOCFLUSH, NULL), 0);
	frame_write(fd, src, 0x806, 60); /* the write filter holds it back */
	KT_EQ(drop_counts[DROP_BPF_WRITE], 1);
	KT_EQ(message_next(fd), 0);
	frame_write(fd, src, 0x800, 60);
	KT_EQ(drop_counts[DROP_BPF_WRITE], 1);
	KT(message_next(fd) > 0);
	host_close(fd);
}

KTEST(bpf_close_ends_promiscuous_mode)
{
	int fd = setup();

	KT_EQ(interface_set(fd, "pair1"), 0);
	KT_EQ(ask(fd, BIOCPROMISC, NULL), 0);
	KT_EQ(ask(fd, BIOCPROMISC, NULL), 0);
	KT((if_unit("pair1")->if_flags & IFF_PROMISC) != 0);
	KT_EQ(interface_set(fd, "pair2"), 0); /* another one: not of this */
	KT((if_unit("pair1")->if_flags & IFF_PROMISC) == 0);
	KT_EQ(ask(fd, BIOCPROMISC, NULL), 0);
	KT((if_unit("pair2")->if_flags & IFF_PROMISC) != 0);
	host_close(fd);
	sim_watches_run();
	kernel_step();
	KT((if_unit("pair2")->if_flags & IFF_PROMISC) == 0);
}

/* --- short memory --- */

/* Open, set up, capture, close; every step works or says ENOMEM. */
static void
life(void)
{
	int fd = -1, error;
	long n = bpf_open_as(&owner, &fd);

	KT(n == 0 || ((n == -ENOMEM || n == -ENFILE) && sim_failed()));
	if (n != 0)
		return;
	error = filter_set(fd, BIOCSETF, ip_only, nitems(ip_only));
	KT(error == 0 || (error == ENOMEM && sim_failed()));
	error = filter_set(fd, BIOCSETWF, ip_only, nitems(ip_only));
	KT(error == 0 || (error == ENOMEM && sim_failed()));
	error = interface_set(fd, "pair1");
	KT(error == 0 || (error == ENOMEM && sim_failed()));
	if (error == 0)
		error = ask(fd, BIOCPROMISC, NULL);
	KT(error == 0 || (error == ENOMEM && sim_failed()));
	host_close(fd);
	sim_watches_run();
	kernel_step();
	KT((if_unit("pair1")->if_flags & IFF_PROMISC) == 0);
}

KTEST_NTH(bpf_short_of_memory)
{
	long live;

	host_close(setup());
	sim_watches_run();
	life(); /* what is made once */
	live = sim_live();
	sim_fail_nth(n);
	life();
	KT_EQ(sim_live(), live);
}
