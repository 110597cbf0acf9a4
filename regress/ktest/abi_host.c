/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* The host's side of abi_test.c: the C library's headers where it has them. */

#include <sys/socket.h>
#include <sys/time.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <errno.h>
#include <syslog.h>

#include <net/bpf.h>
#include <net/if_ioctl.h>
#include <net/ip_addr.h>
#include <net/pf/pf_ioctl.h>
#include <net/rtmsg.h>
#include <netinet/in_mcast_row.h>
#include <netinet6/nd6_row.h>

#include "../../sys/sys/file_msg.h"
#include "../../sys/sys/syscall.h"

#include <abi.h>

#define V ABI_V
#define S ABI_S
#define O ABI_O
#define M ABI_M
const struct abi_row abi_host[] = {
#include <abi_rows.h>
};
const unsigned int abi_nhost = sizeof(abi_host) / sizeof(abi_host[0]);
