/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/* libpcap's filter machine, for comparison with the kernel's. */

#include <pcap/pcap.h>

unsigned int sim_pcap_filter(const void *insns, const void *packet,
    unsigned int len);

unsigned int
sim_pcap_filter(const void *insns, const void *packet, unsigned int len)
{
	return (bpf_filter(insns, packet, len, len));
}
