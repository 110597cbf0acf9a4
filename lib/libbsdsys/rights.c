/* Copyright (c) 2026 The Fugu authors */
/* SPDX-License-Identifier: ISC */

/*
 * Giving up rights and sight.
 *
 * A program that changes its root or its user may not reach the machine's
 * folder any more, and a daemon does so before it has made its first control
 * call, or its threads.  So a connection is made before, and kept: call.c
 * gets others from it.
 */

#include <unistd.h>

#include "call.h"

int
chroot(const char *path)
{
	native_init();
	call_keep();
	return (native.chroot(path));
}

int
setuid(uid_t uid)
{
	native_init();
	call_keep();
	return (native.setuid(uid));
}

int
seteuid(uid_t uid)
{
	native_init();
	call_keep();
	return (native.seteuid(uid));
}

int
setreuid(uid_t ruid, uid_t euid)
{
	native_init();
	call_keep();
	return (native.setreuid(ruid, euid));
}

int
setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	native_init();
	call_keep();
	return (native.setresuid(ruid, euid, suid));
}
