/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Users, as far as the kernel counts what they hold.
 *
 * Descriptors and control connections are limited where they are made
 * (kern_file.c, syscall_server.c); bytes in socket buffers here, for all of a
 * user's sockets together: a program that opens many and reads none of them
 * cannot use up the packet memory that all share.
 */

#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/uidinfo.h>

#define HASH 64

static LIST_HEAD(, uidinfo) users[HASH];
static int64_t maxuserbytes = 32 << 20;

static const struct sysctl_row rows[] = {
	{ .name = "kern.maxuserbytes",
	    .type = CTL_QUAD,
	    .flags = CTLF_RD | CTLF_WR,
	    .var = &maxuserbytes,
	    .min = 65536,
	    .max = 1LL << 40,
	    .text = "most bytes that wait in one user's sockets" },
};
static struct sysctl_table table = { .rows = rows, .nrows = nitems(rows) };

void
uidinit(void)
{
	sysctl_register(&table);
}

struct uidinfo *
ui_get(uid_t uid)
{
	struct uidinfo *ui;

	ASSERT_TOKEN();
	LIST_FOREACH(ui, &users[uid % HASH], ui_hash)
		if (ui->ui_uid == uid)
			return (ui_hold(ui));
	if ((ui = malloc(sizeof(*ui), M_FILE, M_ZERO)) == NULL)
		return (NULL);
	ui->ui_uid = uid;
	LIST_INSERT_HEAD(&users[uid % HASH], ui, ui_hash);
	return (ui_hold(ui));
}

struct uidinfo *
ui_hold(struct uidinfo *ui)
{
	ui->ui_refs++;
	return (ui);
}

void
ui_put(struct uidinfo *ui)
{
	if (ui == NULL || --ui->ui_refs > 0)
		return;
	KASSERT(ui->ui_files == 0 && ui->ui_clients == 0 && ui->ui_bytes == 0 &&
	    ui->ui_lent == 0);
	LIST_REMOVE(ui, ui_hash);
	free(ui, M_FILE, sizeof(*ui));
}

uint64_t
ui_room(const struct uidinfo *ui)
{
	uint64_t max = (uint64_t)maxuserbytes;

	return (ui->ui_bytes >= max ? 0 : max - ui->ui_bytes);
}

bool
ui_busy(const struct uidinfo *ui)
{
	return (ui_room(ui) < (uint64_t)maxuserbytes / 2);
}

bool
ui_charge(struct uidinfo *ui, uint64_t len)
{
	if (ui->ui_bytes + len > (uint64_t)maxuserbytes) {
		ui->ui_drops++;
		return (false);
	}
	ui->ui_bytes += len;
	return (true);
}

void
ui_uncharge(struct uidinfo *ui, uint64_t len)
{
	KASSERT(ui->ui_bytes >= len);
	ui->ui_bytes -= len;
}
