/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * What one user makes the kernel hold, so that it can be bounded.  A user
 * has an entry as long as he holds anything.
 */

#ifndef _SYS_UIDINFO_H_
#define _SYS_UIDINFO_H_

#include <sys/types.h>
#include <sys/queue.h>

struct uidinfo {
	LIST_ENTRY(uidinfo) ui_hash;
	uid_t ui_uid;
	unsigned int ui_refs;
	int ui_files;      /* descriptors */
	int ui_clients;    /* control connections */
	uint64_t ui_bytes; /* waiting in socket buffers */
	uint64_t ui_lent;  /* bytes for calls of his that may not change anything */
	uint64_t ui_drops; /* messages dropped because of ui_bytes */
};

void uidinit(void); /* at boot */
/* The entry of uid with one reference more, or NULL: no memory. */
struct uidinfo *ui_get(uid_t uid);
struct uidinfo *ui_hold(struct uidinfo *ui);
void ui_put(struct uidinfo *ui); /* NULL is allowed */
/* May len bytes more wait in buffers for ui's sockets?  Counts them if so. */
bool ui_charge(struct uidinfo *ui, uint64_t len);
void ui_uncharge(struct uidinfo *ui, uint64_t len);
/* Bytes that may still wait in buffers for ui's sockets. */
uint64_t ui_room(const struct uidinfo *ui);
/* Is more than half of what may wait there?  Then no buffer should grow. */
bool ui_busy(const struct uidinfo *ui);

#endif
