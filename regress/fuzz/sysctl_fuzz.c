/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * sysctl by name: the first byte says who asks (even: root) and whether
 * there is a new value (bit 1), then the name up to a NUL, then the value.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <ktest.h>
#include <machine/kernel.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool booted;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kernel_params params = { .hostname = "fuzz",
		.owner_uid = 1000 };
	struct proc p = { .p_uid = 0, .p_fd = -1 };
	struct sysctl_req req = { .proc = &p };
	char name[128] = "";
	size_t len;

	if (!booted && kernel_boot(&params) != 0)
		return (-1);
	booted = true;
	if (size < 2)
		return (-1);
	p.p_uid = (data[0] & 1) != 0 ? 4711 : 0;
	len = strnlen((const char *)data + 1, MIN(size - 1, sizeof(name) - 1));
	memcpy(name, data + 1, len);
	if ((data[0] & 2) != 0 && size > len + 2) {
		req.new = data + len + 2;
		req.newlen = size - len - 2;
	}
	kern_sysctl(name, &req);
	free(req.old, M_SYSCTL, req.oldcap);
	sim_advance_us(1000);
	kernel_step();
	return (0);
}
