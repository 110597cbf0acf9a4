/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * The kernel has no header of the host's, and its clients have no other: what
 * both use is compared here, each value from its own side.
 */

#include <sys/systm.h>
#include <sys/errno.h>
#include <sys/file_msg.h>
#include <sys/log.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <net/bpf.h>
#include <net/if_ioctl.h>
#include <net/ip_addr.h>
#include <net/pf/pf_ioctl.h>
#include <net/rtmsg.h>
#include <netinet/in.h>
#include <netinet/in_mcast_row.h>
#include <netinet6/nd6_row.h>
#include <abi.h>
#include <ktest.h>

#define V ABI_V
#define S ABI_S
#define O ABI_O
#define M ABI_M
static const struct abi_row rows[] = {
#include <abi_rows.h>
};

KTEST(abi_is_the_same_on_both_sides)
{
	KT_EQ(abi_nhost, nitems(rows));
	for (unsigned int i = 0; i < nitems(rows); i++) {
		KT_STR(rows[i].name, abi_host[i].name);
		kt_equal((int64_t)rows[i].value, (int64_t)abi_host[i].value,
		    __FILE__, __LINE__, rows[i].name);
	}
}
